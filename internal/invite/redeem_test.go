package invite_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/invite"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
	"guestlist/internal/store/storetest/pgcluster"
)

// written writes a shared invitation of so many seats, or a personal one.
func written(tb testing.TB, st *store.Store, seats int) guestlist.Invitation {
	tb.Helper()
	var out guestlist.Invitation
	if err := st.Update(context.Background(), func(tx *store.Tx) error {
		i := guestlist.Invitation{
			ID: guestlist.InvitationID(crypt.OrderedID(tx.Now)), Kind: guestlist.InvitationShared, Seats: seats,
			Inviter: owner.Inviter, CreatedAt: tx.Now, ExpiresAt: tx.Now.Add(time.Hour),
		}
		i.Binding = guestlist.BindExact
		if seats == 1 {
			i.Kind, i.RecipientEmail = guestlist.InvitationPersonal, crypt.ID()+"@example.com"
		}
		err := tx.InsertInvitation(i, "")
		out = i
		out.Generation = 1
		return err
	}); err != nil {
		tb.Fatal(err)
	}
	return out
}

// accept lets somebody new accept an invitation, as a sign-in does.
func accept(ctx context.Context, st *store.Store, i guestlist.Invitation) error {
	address := i.RecipientEmail
	if address == "" {
		address = crypt.ID() + "@example.com"
	}
	return st.Update(ctx, func(tx *store.Tx) error {
		now, err := invite.OpenID(tx, i.ID, i.Generation)
		if err != nil {
			return err
		}
		u := guestlist.User{ID: guestlist.UserID(crypt.ShortID()), CreatedAt: tx.Now, UpdatedAt: tx.Now}
		if i.Kind == guestlist.InvitationShared { // contenders for a personal one have its address alone
			u.PrimaryEmail = &address
		}
		if err := tx.InsertUser(u, nil); err != nil {
			return err
		}
		_, err = invite.Accept(tx, now, invite.Guest{UserID: u.ID, IsNew: true, Arrival: guestlist.Arrival{
			Proved: []guestlist.Identifier{{Type: guestlist.IdentifierEmail, Value: address}},
		}})
		return err
	})
}

// contend lets many accept one invitation at once, and returns how many did. The
// others are told that it is too late.
func contend(t *testing.T, st *store.Store, i guestlist.Invitation, contenders int) int {
	t.Helper()
	var won atomic.Int64
	var all sync.WaitGroup
	start := make(chan struct{})
	for range contenders {
		all.Go(func() {
			<-start
			switch err := accept(context.Background(), st, i); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, guestlist.ErrInvitationAccepted) && !errors.Is(err, guestlist.ErrInvitationExhausted):
				t.Errorf("a loser was told %v", err)
			}
		})
	}
	close(start)
	all.Wait()
	return int(won.Load())
}

// Of 64 who accept a personal invitation at the same moment one does, 200 times
// out of 200; and there is one account more.
func TestOneWinner(t *testing.T) {
	rounds := 200
	if testing.Short() {
		rounds = 20
	}
	guests(t, func(t *testing.T, st *store.Store, _ *storetest.Clock) {
		for round := range rounds {
			i := written(t, st, 1)
			if won := contend(t, st, i, 64); won != 1 {
				t.Fatalf("round %d: %d winners", round, won)
			}
		}
		do(t, st, func(tx *store.Tx) error {
			n, err := tx.CountUsers()
			if n != rounds {
				t.Errorf("%d accounts, want %d", n, rounds)
			}
			return err
		})
	})
}

// A hundred seats admit a hundred of a thousand.
func TestSeatsAreExact(t *testing.T) {
	guests(t, func(t *testing.T, st *store.Store, _ *storetest.Clock) {
		i := written(t, st, 100)
		if won := contend(t, st, i, 1000); won != 100 {
			t.Errorf("%d winners", won)
		}
		do(t, st, func(tx *store.Tx) error {
			now, err := tx.Invitation(i.ID)
			n, cerr := tx.CountUsers()
			if now.Taken != 100 || now.Status != guestlist.InvitationAccepted || n != 100 {
				t.Errorf("%d seats taken, %s, %d accounts", now.Taken, now.Status, n)
			}
			return errors.Join(err, cerr)
		})
	})
}

// Nobody takes two seats.
func TestOneSeatForEachUser(t *testing.T) {
	guests(t, func(t *testing.T, st *store.Store, _ *storetest.Clock) {
		i := written(t, st, 3)
		take := func() (won bool, err error) {
			err = st.Update(context.Background(), func(tx *store.Tx) error {
				won, err = tx.TakeSeat(i.ID, i.Generation, store.Seat{UserID: "one"})
				return err
			})
			return won, err
		}
		if won, err := take(); err != nil || !won {
			t.Fatal(won, err)
		}
		if _, err := take(); guestlist.CodeOf(err) != "entity.unique_integrity_violation" {
			t.Errorf("a second seat: %v", err)
		}
		do(t, st, func(tx *store.Tx) error {
			now, err := tx.Invitation(i.ID)
			if now.Taken != 1 {
				t.Errorf("%d seats are taken", now.Taken)
			}
			return err
		})
	})
}

// A seat is taken only while everything stands in its condition.
func TestSeatsOfWhatIsNotOpen(t *testing.T) {
	guests(t, func(t *testing.T, st *store.Store, clock *storetest.Clock) {
		old, revoked := written(t, st, 1), written(t, st, 1)
		take := func(i guestlist.Invitation, generation int) (won bool) {
			do(t, st, func(tx *store.Tx) (err error) {
				won, err = tx.TakeSeat(i.ID, generation, store.Seat{UserID: guestlist.UserID(crypt.ShortID())})
				return err
			})
			return won
		}
		do(t, st, func(tx *store.Tx) error { _, err := tx.RevokeInvitation(revoked.ID, ""); return err })
		if take(revoked, 1) || take(old, 2) || take(guestlist.Invitation{ID: "none"}, 1) {
			t.Error("a seat was taken")
		}
		clock.Advance(2 * time.Hour)
		if take(old, 1) {
			t.Error("a seat was taken when the time was up")
		}
	})
}

// durable opens a database that answers only once a commit is on its disk.
func durable(b *testing.B, engine string) *store.Store {
	b.Helper()
	o := storetest.Options(b, "sqlite", nil)
	o.Ephemeral, o.MaxConns = false, 32
	if engine == "postgres" {
		cluster, err := pgcluster.Start(b.Context(), "fsync=on", "synchronous_commit=on", "full_page_writes=on")
		if err != nil {
			b.Skip(err)
		}
		b.Cleanup(func() { _ = cluster.Stop() }) // it lies in a directory of its own
		o.Database = cluster.URL
	}
	st, err := store.Open(b.Context(), o)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = st.Close() }) // what it holds is of no use any more
	return st
}

// BenchmarkRedeem accepts invitations, from what is looked at to what is told:
// all but the hash of a password. Every commit reaches the disk.
func BenchmarkRedeem(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgres"} {
		b.Run(engine, func(b *testing.B) {
			st := durable(b, engine)
			if err := st.Update(context.Background(), store.Seed); err != nil {
				b.Fatal(err)
			}
			list := make(chan guestlist.Invitation, b.N)
			const batch = 500
			for done := 0; done < b.N; done += batch {
				if err := st.Update(context.Background(), func(tx *store.Tx) error {
					for n := range min(batch, b.N-done) {
						i := guestlist.Invitation{
							ID: guestlist.InvitationID(crypt.OrderedID(tx.Now)), Kind: guestlist.InvitationPersonal, Seats: 1,
							RecipientEmail: fmt.Sprintf("%d@example.com", done+n), Inviter: owner.Inviter, CreatedAt: tx.Now,
							ExpiresAt: tx.Now.Add(time.Hour),
						}
						i.Binding = guestlist.BindExact
						if err := tx.InsertInvitation(i, ""); err != nil {
							return err
						}
						i.Generation = 1
						list <- i
					}
					return nil
				}); err != nil {
					b.Fatal(err)
				}
			}
			b.SetParallelism(32)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := accept(context.Background(), st, <-list); err != nil {
						b.Error(err)
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "redemptions/s")
		})
	}
}

// TestWhatAHostTookOutIsNotGiven: an acceptance gives what the invitation gives
// when its seat is taken, whatever it gave when the guest's request began.
func TestWhatAHostTookOutIsNotGiven(t *testing.T) {
	guests(t, func(t *testing.T, st *store.Store, _ *storetest.Clock) {
		do(t, st, func(tx *store.Tx) error {
			return tx.InsertRole(guestlist.Role{ID: "gold", Name: "gold", Type: guestlist.RoleUser})
		})
		i := written(t, st, 1)
		change := func(g guestlist.InvitationGrants) (changed guestlist.Invitation) {
			do(t, st, func(tx *store.Tx) (err error) {
				changed, err = owner.ChangeInvitation(tx, i.ID, invite.InvitationChange{Grants: &g})
				return err
			})
			return changed
		}
		seen := change(guestlist.InvitationGrants{RoleIDs: []guestlist.RoleID{"gold"}})
		change(guestlist.InvitationGrants{})
		do(t, st, func(tx *store.Tx) error {
			u := guestlist.User{ID: "guest", CreatedAt: tx.Now, UpdatedAt: tx.Now}
			if err := tx.InsertUser(u, nil); err != nil {
				return err
			}
			proof := guestlist.Arrival{Proved: []guestlist.Identifier{i.Recipient()}}
			got, err := invite.Accept(tx, seen, invite.Guest{UserID: u.ID, IsNew: true, Arrival: proof})
			if err != nil {
				return err
			}
			roles, err := tx.RolesOfUser(u.ID)
			if len(roles) != 0 || len(got.Grants.RoleIDs) != 0 {
				t.Errorf("given %v", roles)
			}
			return err
		})
	})
}
