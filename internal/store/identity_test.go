package store_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
)

// A social identity belongs to one user, whoever wrote it and with or without
// its issuer; under another issuer the same subject is somebody else.
func TestIdentityBelongsToOneUser(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		ctx := context.Background()
		var ada, bob guestlist.User
		do := func(fn func(*store.Tx) error) string { return guestlist.CodeOf(st.Update(ctx, fn)) }
		do(func(tx *store.Tx) error {
			ada, bob = newUser(tx.Now, "", "ada"), newUser(tx.Now, "", "bob")
			if err := tx.InsertUser(ada, nil); err != nil {
				return err
			}
			return tx.InsertUser(bob, nil)
		})
		for _, step := range []struct {
			what            string
			to              guestlist.User
			issuer, subject string
			own             bool
			code            string
		}{
			{"a holder links", ada, "https://i.example", "1", true, ""},
			{"somebody else links the same", bob, "https://i.example", "1", true, "user.identity_already_in_use"},
			{"an administrator writes it without issuer", bob, "", "1", false, "user.identity_already_in_use"},
			{"the subject of another issuer", bob, "https://j.example", "1", true, ""},
			{"an administrator replaces one", bob, "", "2", false, ""},
			{"a holder links what was written", ada, "https://i.example", "2", true, "user.identity_already_in_use"},
			{"the holder links again", ada, "https://i.example", "1", true, ""},
		} {
			if code := do(func(tx *store.Tx) error {
				put := tx.PutIdentity
				if step.own {
					put = tx.LinkIdentity
				}
				return put(step.to.ID, "google", step.issuer, guestlist.Identity{UserID: step.subject})
			}); code != step.code {
				t.Errorf("%s: %q, want %q", step.what, code, step.code)
			}
		}
		holder := func(issuer, subject string) guestlist.UserID {
			var id guestlist.UserID
			do(func(tx *store.Tx) error {
				u, err := tx.UserByIdentity("google", issuer, subject)
				id = u.ID
				return err
			})
			return id
		}
		if holder("https://i.example", "1") != ada.ID || holder("https://j.example", "1") != "" || holder("https://x.example", "2") != bob.ID {
			t.Error("an identity is not found, or by the wrong issuer")
		}
		do(func(tx *store.Tx) error { return tx.PinIdentity(bob.ID, "google", "https://x.example", "2") })
		if holder("https://x.example", "2") != bob.ID || holder("https://i.example", "2") != "" {
			t.Error("a pinned identity is not its issuer's")
		}
		// The first proof takes what the holder linked, and leaves what the administrator wrote.
		do(func(tx *store.Tx) error {
			_, err := tx.StripUnproved(ada.ID)
			return err
		})
		do(func(tx *store.Tx) error {
			_, err := tx.StripUnproved(bob.ID)
			return err
		})
		if holder("https://i.example", "1") != "" || holder("https://x.example", "2") != bob.ID {
			t.Error("the first proof took the wrong one")
		}
	})
}

// Neither identities nor answers of SAML providers are looked for one by one.
func TestOutsideIdentitiesAreFoundByIndex(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		if err := st.Update(context.Background(), func(tx *store.Tx) error {
			for n := range 2000 {
				u := newUser(tx.Now, "", "")
				u.Identities = map[string]guestlist.Identity{"github": {UserID: strconv.Itoa(n)}}
				if err := tx.InsertUser(u, nil); err != nil {
					return err
				}
				if err := tx.InsertSAMLRequest(store.SAMLRequest{Relay: strconv.Itoa(n), Pending: []byte("{}"), ExpiresAt: tx.Now.Add(time.Hour)}); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if err := st.View(context.Background(), func(tx *store.Tx) error {
			plans, err := tx.PlansOfOutside()
			if strings.Contains(plans, "SCAN") || strings.Contains(plans, "Seq Scan") {
				t.Errorf("rows are read one by one:\n%s", plans)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	})
}

// Attempts whose time is over are swept, and the assertions that they brought.
func TestSweepOfSAML(t *testing.T) {
	c := storetest.NewClock(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC))
	storetest.EachAt(t, c.Now, func(t *testing.T, st *store.Store) {
		again := func(handle string) error {
			return st.Update(context.Background(), func(tx *store.Tx) error {
				r := store.SAMLRequest{Relay: "relay", ConnectorID: "c", Pending: []byte("{}"), ExpiresAt: tx.Now.Add(time.Minute)}
				if err := tx.InsertSAMLRequest(r); err != nil {
					return err
				}
				return tx.AnswerSAMLRequest(r, handle, []byte("{}"), "assertion", tx.Now.Add(time.Hour))
			})
		}
		sweep := func() {
			if err := st.Update(context.Background(), func(tx *store.Tx) error { _, err := tx.Sweep(); return err }); err != nil {
				t.Fatal(err)
			}
		}
		if err := again("one"); err != nil {
			t.Fatal(err)
		}
		sweep()
		if err := again("two"); err == nil {
			t.Error("an attempt was swept before its time")
		}
		c.Advance(time.Minute)
		sweep()
		if err := again("three"); !errors.Is(err, store.ErrReplayed) {
			t.Errorf("the assertion was swept before its time: %v", err)
		}
		c.Advance(time.Hour)
		sweep()
		if err := again("four"); err != nil {
			t.Errorf("after its time: %v", err)
		}
	})
}
