package management

import (
	"slices"
	"testing"

	"guestlist"
	"guestlist/internal/store"
)

// TestOwnersAreToldWhatAnAdministratorChanges, at the address that they had.
func TestOwnersAreToldWhatAnAdministratorChanges(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.must(200, "POST", "/api/connectors", httpEmail("https://mail.test/"))
		var used, fresh guestlist.User
		f.must(200, "POST", "/api/users", map[string]any{"primaryEmail": "ada@example.com", "primaryPhone": "4917012345678"}).decode(t, &used)
		f.must(200, "POST", "/api/users", map[string]any{"primaryEmail": "alan@example.com"}).decode(t, &fresh)
		if err := f.st.Update(t.Context(), func(tx *store.Tx) error { return tx.SetLastSignIn(used.ID) }); err != nil {
			t.Fatal(err)
		}
		for _, u := range []guestlist.User{used, fresh} {
			path := "/api/users/" + string(u.ID)
			f.must(200, "PATCH", path, map[string]any{"name": "Somebody", "primaryEmail": *u.PrimaryEmail}) // as it was
			f.must(200, "PATCH", path, map[string]any{"primaryPhone": nil})
			f.must(200, "PATCH", path+"/password", map[string]any{"password": "Let-them-in-4711"})
			f.must(200, "PATCH", path, map[string]any{"primaryEmail": "new-" + *u.PrimaryEmail})
		}
		var told []string
		if err := f.st.View(t.Context(), func(tx *store.Tx) error {
			rows, _, err := tx.Messages(false, store.Page{Limit: 100}, 0)
			for _, m := range rows {
				told = append(told, m.Recipient+" "+string(m.Type))
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		slices.Sort(told)
		if want := []string{"ada@example.com EmailChanged", "ada@example.com PasswordChanged", "ada@example.com PhoneChanged"}; !slices.Equal(told, want) {
			t.Errorf("told %v, want %v", told, want)
		}
	})
}
