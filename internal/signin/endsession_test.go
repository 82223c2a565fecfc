package signin_test

import (
	"context"
	"errors"
	"testing"

	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
)

// TestEndSession: what was asked for with offline_access outlives the session,
// everything else ends with it, and ending twice is no error.
func TestEndSession(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		ctx := context.Background()
		desk := &signin.Desk{Store: st}
		clients := []guestlist.SessionApplication{
			{ApplicationID: "a", GrantID: "ga", SID: "sa"},
			{ApplicationID: "b", GrantID: "gb", SID: "sb", PersistsLogout: true},
		}
		must(t, st.Update(ctx, func(tx *store.Tx) error {
			later := tx.Now.Add(signin.InteractionTTL * 1e9)
			err := tx.InsertUser(guestlist.User{ID: "u", CreatedAt: tx.Now, UpdatedAt: tx.Now}, nil)
			for _, id := range []guestlist.GrantID{"ga", "gb"} {
				err = errors.Join(err, tx.InsertGrant(guestlist.Grant{ID: id, UserID: "u", SessionID: "s", CreatedAt: tx.Now, ExpiresAt: later}))
			}
			return errors.Join(err, tx.InsertSession(guestlist.Session{
				ID: "s", UserID: "u", SignedInAt: tx.Now, CreatedAt: tx.Now, ExpiresAt: later, Clients: clients}, "cookie"))
		}))

		ended, err := desk.EndSession(ctx, "s")
		must(t, err)
		if len(ended) != 2 {
			t.Errorf("ended %d applications, want 2", len(ended))
		}
		if s, err := desk.Session(ctx, "cookie"); s != nil || err != nil {
			t.Errorf("session after its end: %v, %v", s, err)
		}
		must(t, st.View(ctx, func(tx *store.Tx) error {
			if _, err := tx.Grant("ga"); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("grant without offline_access: %v, want not found", err)
			}
			_, err := tx.Grant("gb")
			return err
		}))
		if ended, err = desk.EndSession(ctx, "s"); err != nil || len(ended) != 0 {
			t.Errorf("ending twice: %v, %v", ended, err)
		}
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
