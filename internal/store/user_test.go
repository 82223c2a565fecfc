package store_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
)

func newUser(now guestlist.Time, email, username string) guestlist.User {
	u := guestlist.User{ID: guestlist.UserID(crypt.ShortID()), CreatedAt: now, UpdatedAt: now}
	if email != "" {
		u.PrimaryEmail = &email
	}
	if username != "" {
		u.Username = &username
	}
	return u
}

func TestUserComesBackAsItWasPut(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		ctx := context.Background()
		var id guestlist.UserID
		if err := st.Update(ctx, func(tx *store.Tx) error {
			u := newUser(tx.Now, "Ada@Example.com", "ada")
			u.Profile.GivenName = "Ada"
			u.Identities = map[string]guestlist.Identity{"github": {UserID: "42"}}
			id = u.ID
			return tx.InsertUser(u, &guestlist.PasswordDigest{Digest: "$argon2id$x", Algorithm: "Argon2id"})
		}); err != nil {
			t.Fatal(err)
		}
		if err := st.View(ctx, func(tx *store.Tx) error {
			u, err := tx.UserByIdentifier(guestlist.Identifier{Type: guestlist.IdentifierEmail, Value: "ada@example.COM"})
			if err != nil {
				return err
			}
			if u.ID != id || !u.HasPassword || u.Profile.GivenName != "Ada" || u.Identities["github"].UserID != "42" {
				t.Errorf("got %+v", u)
			}
			p, err := tx.Password(id)
			if err != nil {
				return err
			}
			if p.Digest != "$argon2id$x" {
				t.Errorf("digest %q", p.Digest)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	})
}

func TestOneAddressOneUserWhateverTheLetterCase(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		const rounds, contenders = 10, 8
		for round := range rounds {
			var created atomic.Int32
			var wg sync.WaitGroup
			for c := range contenders {
				wg.Add(1)
				go func() {
					defer wg.Done()
					email := fmt.Sprintf("guest%d@example.com", round)
					if c%2 == 1 {
						email = strings.ToUpper(email)
					}
					err := st.Update(context.Background(), func(tx *store.Tx) error {
						return tx.InsertUser(newUser(tx.Now, email, ""), nil)
					})
					switch guestlist.CodeOf(err) {
					case "user.email_already_in_use":
					case "":
						if err != nil {
							t.Error(err)
						}
						created.Add(1)
					default:
						t.Error(err)
					}
				}()
			}
			wg.Wait()
			if n := created.Load(); n != 1 {
				t.Fatalf("round %d: %d users of one address", round, n)
			}
		}
	})
}
