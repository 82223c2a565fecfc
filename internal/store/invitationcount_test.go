package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
)

// importedAs makes a part of the import of a campaign, with ids that say where it
// lies.
func importedAs(tx *store.Tx, campaign guestlist.CampaignID, by string, app guestlist.ApplicationID, ids ...string) error {
	terms, err := tx.PutInvitationTerms(guestlist.InvitationTerms{TTL: 60, ApplicationID: app})
	if err != nil {
		return err
	}
	var batch []*store.ImportedInvitation
	for _, id := range ids {
		batch = append(batch, &store.ImportedInvitation{
			ID: guestlist.InvitationID(id), Terms: terms, Application: app,
			Recipient: guestlist.Identifier{Type: guestlist.IdentifierEmail, Value: "guest" + id + "@example.com"},
		})
	}
	_, err = tx.ImportInvitations(store.Import{
		Campaign: campaign, Inviter: guestlist.Inviter{Type: guestlist.InviterUser, ID: by, Authority: guestlist.AuthorityHost},
		ExpiresAt: tx.Now.Add(time.Hour),
	}, batch)
	return err
}

// walked is a list to its end, in pages of a few.
func walked(tx *store.Tx, f store.InvitationFilter) ([]string, error) {
	var all []string
	for {
		list, next, err := tx.Invitations(f, store.Page{Limit: 7})
		if err != nil {
			return nil, err
		}
		for _, i := range list {
			all = append(all, string(i.ID))
		}
		if next == "" {
			return all, nil
		}
		if f.Before != "" && next >= f.Before {
			return nil, fmt.Errorf("the list goes back from %s to %s", f.Before, next)
		}
		f.Before = next
	}
}

func TestInvitationsOfAnInviterAreFoundInAllTheirCampaigns(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		hers, shops, both := []string{"m"}, []string{}, []string{}
		update(t, st, func(tx *store.Tx) error {
			single := newInvitation(tx.Now, "single@example.com")
			single.ID, single.Inviter = "m", guestlist.Inviter{Type: guestlist.InviterUser, ID: "ada", Authority: guestlist.AuthorityHost}
			if err := tx.InsertInvitation(single, ""); err != nil {
				return err
			}
			for c := range 60 { // one after another, every other one hers, each with one for the shop
				by, campaign := "grace", guestlist.CampaignID(fmt.Sprint("c", c))
				first, second, third := fmt.Sprintf("a%03d1", c), fmt.Sprintf("a%03d2", c), fmt.Sprintf("a%03d3", c)
				if c%2 == 0 {
					by, hers, both = "ada", append(hers, first, second, third), append(both, second)
				}
				shops = append(shops, second)
				if err := importedAs(tx, campaign, by, "", first, third); err != nil {
					return err
				}
				if err := importedAs(tx, campaign, by, "shop", second); err != nil {
					return err
				}
			}
			for n := range 3 { // more than one list looks into, on top of each other
				for c := range 30 {
					id := fmt.Sprintf("z%d%02d", n, c)
					hers = append(hers, id)
					if err := importedAs(tx, guestlist.CampaignID(fmt.Sprint("d", c)), "ada", "", id); err != nil {
						return err
					}
				}
			}
			return nil
		})
		check := func(what string, f store.InvitationFilter, want []string) {
			t.Helper()
			slices.Sort(want)
			slices.Reverse(want)
			view(t, st, func(tx *store.Tx) error {
				got, err := walked(tx, f)
				if diff := cmp.Diff(want, got); diff != "" || err != nil {
					t.Errorf("%s: %v\n%s", what, err, diff)
				}
				return err
			})
		}
		check("of an inviter", store.InvitationFilter{Inviter: "ada"}, hers)
		check("of an application", store.InvitationFilter{Application: "shop"}, shops)
		check("of both", store.InvitationFilter{Application: "shop", Inviter: "ada"}, both)
		check("that were taken back", store.InvitationFilter{Inviter: "ada", Status: guestlist.InvitationRevoked}, nil)
		isLate := func(id string) bool { return id[0] == 'z' }
		update(t, st, func(tx *store.Tx) error { // campaigns whose invitations are gone are in nobody's way
			for _, id := range hers {
				if isLate(id) {
					if err := tx.DeleteInvitation(guestlist.InvitationID(id)); err != nil {
						return err
					}
				}
			}
			return nil
		})
		hers = slices.DeleteFunc(hers, isLate)
		check("that are left", store.InvitationFilter{Inviter: "ada"}, hers)
		view(t, st, func(tx *store.Tx) error {
			first, _, err := tx.Invitations(store.InvitationFilter{Inviter: "ada"}, store.Page{Limit: 7})
			if len(first) != 7 {
				t.Error("the first page has", len(first))
			}
			return err
		})
	})
}

// TestOpenInvitationsAreCountedThroughTheirLife also holds the migrations that
// count what was there before to what is counted as it happens.
func TestOpenInvitationsAreCountedThroughTheirLife(t *testing.T) {
	clock := storetest.NewClock(time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC))
	storetest.EachAt(t, clock.Now, func(t *testing.T, st *store.Store) {
		ada := guestlist.Inviter{Type: guestlist.InviterUser, ID: "ada", Authority: guestlist.AuthorityHost}
		n := 0
		issue := func(tx *store.Tx) guestlist.Invitation {
			n++
			i := newInvitation(tx.Now, fmt.Sprintf("guest%d@example.com", n))
			i.Inviter = ada
			if n == 1 {
				i.Kind, i.RecipientEmail, i.Seats = guestlist.InvitationShared, "", 2
			}
			if err := tx.InsertInvitation(i, ""); err != nil {
				t.Error(err)
			}
			return i
		}
		change := func(what string, open int, do func(tx *store.Tx) (bool, error)) {
			t.Helper()
			update(t, st, func(tx *store.Tx) error {
				done, err := do(tx)
				if !done || err != nil {
					t.Errorf("%s: %v %v", what, done, err)
				}
				return err
			})
			view(t, st, func(tx *store.Tx) error {
				all, hers, err := tx.OpenInvitations(ada)
				if hers != open || all != open+2 {
					t.Errorf("%s: %d of all and %d of hers are open, want %d", what, all, hers, open)
				}
				return err
			})
		}
		var shared, second, third, fourth guestlist.Invitation
		change("issued", 4, func(tx *store.Tx) (bool, error) {
			shared, second, third, fourth = issue(tx), issue(tx), issue(tx), issue(tx)
			return true, importedAs(tx, "c00000000000000000000", "grace", "shop", "a1", "a2")
		})
		seat := func(user guestlist.UserID) func(*store.Tx) (bool, error) {
			return func(tx *store.Tx) (bool, error) { return tx.TakeSeat(shared.ID, 1, store.Seat{UserID: user}) }
		}
		change("a seat of two", 4, seat("u1"))
		change("the last seat", 3, seat("u2"))
		change("declined", 2, func(tx *store.Tx) (bool, error) { return tx.DeclineInvitation(second.ID) })
		change("revoked", 1, func(tx *store.Tx) (bool, error) { return tx.RevokeInvitation(third.ID, "") })
		clock.Advance(time.Hour)
		change("expired", 0, func(tx *store.Tx) (bool, error) { return tx.ExpireInvitation(fourth.ID) })
		rotate := func(tx *store.Tx) (bool, error) {
			return tx.RotateInvitation(fourth.ID, store.Rotation{ExpiresAt: tx.Now.Add(time.Minute)})
		}
		change("opened again", 1, rotate)
		change("opened once more", 1, rotate)
		clock.Advance(time.Minute)
		update(t, st, func(tx *store.Tx) error { return tx.RenewImport() })
		change("swept", 0, func(tx *store.Tx) (bool, error) {
			list, err := tx.ExpireInvitations(10)
			return len(list) == 1, err
		})
		change("revoked after its end", 0, func(tx *store.Tx) (bool, error) { return tx.RevokeInvitation(fourth.ID, "") })
		change("deleted after its end", 0, func(tx *store.Tx) (bool, error) { return true, tx.DeleteInvitation(fourth.ID) })
		change("one more", 1, func(tx *store.Tx) (bool, error) { third = issue(tx); return true, nil })
		change("deleted", 0, func(tx *store.Tx) (bool, error) { return true, tx.DeleteInvitation(third.ID) })
		clock.Advance(24 * time.Hour)
		change("the day after", 1, func(tx *store.Tx) (bool, error) { issue(tx); return true, nil })
		update(t, st, func(tx *store.Tx) error {
			kept, err := tx.Derived(true)
			if err != nil || len(kept) < 8 {
				return fmt.Errorf("only %v: %w", kept, err)
			}
			for _, migration := range []string{"0017_invitation_lots", "0018_invitation_tallies"} {
				if err := tx.Refill(migration); err != nil {
					return err
				}
			}
			filled, err := tx.Derived(false)
			if diff := cmp.Diff(kept, filled); diff != "" {
				t.Error(diff)
			}
			return err
		})
		view(t, st, func(tx *store.Tx) error {
			day := tx.Now.Std().Format(time.DateOnly)
			today, err := tx.InvitationCountsSince(day)
			if diff := cmp.Diff([]store.InvitationCount{{Stage: store.StageIssued, Day: day, N: 1}}, today); diff != "" {
				t.Error(diff)
			}
			return err
		})
	})
}
