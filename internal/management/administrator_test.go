package management

import (
	"context"
	"net/http"
	"slices"
	"testing"

	"guestlist"
	"guestlist/internal/store"
)

// TestAdministratorsAreOneOfThree: each role takes the place of the others, and
// the last owner stays.
func TestAdministratorsAreOneOfThree(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		first, second := f.addUser(map[string]any{"username": "first"}), f.addUser(map[string]any{"username": "second"})
		path := func(id guestlist.UserID) string { return "/api/users/" + string(id) + "/administrator" }
		is := func(id guestlist.UserID, want administrator, roles ...guestlist.RoleID) {
			t.Helper()
			var got administrator
			f.must(200, "GET", path(id), nil).decode(t, &got)
			if got != want {
				t.Errorf("%+v, want %+v", got, want)
			}
			if err := f.st.View(context.Background(), func(tx *store.Tx) error {
				held, err := tx.RolesOfUser(id)
				var ids []guestlist.RoleID
				for _, r := range held {
					ids = append(ids, r.ID)
				}
				if !slices.Equal(ids, roles) {
					t.Errorf("roles %v, want %v", ids, roles)
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		is(first, administrator{Role: roleNone})
		f.must(200, "PUT", path(first), map[string]any{"isAdministrator": true})
		is(first, administrator{IsAdministrator: true, Role: roleOwner}, store.AdminRoleID)
		f.must(200, "PUT", path(second), map[string]any{"role": "inviter"})
		is(second, administrator{Role: roleInviter}, store.InviterRoleID)
		for _, body := range []map[string]any{{"isAdministrator": false}, {"role": "viewer"}, {"role": "none"}} {
			f.refused(http.StatusUnprocessableEntity, "user.last_administrator", "PUT", path(first), body)
		}
		f.must(200, "PUT", path(second), map[string]any{"role": "owner"})
		is(second, administrator{IsAdministrator: true, Role: roleOwner}, store.AdminRoleID)
		f.must(200, "PUT", path(first), map[string]any{"role": "viewer", "isAdministrator": true})
		is(first, administrator{Role: roleViewer}, store.ViewerRoleID)
		f.must(200, "PUT", path(first), map[string]any{"isAdministrator": false})
		is(first, administrator{Role: roleNone})
		f.refused(http.StatusUnprocessableEntity, "entity.invalid_input", "PUT", path(first), map[string]any{})
		f.refused(http.StatusBadRequest, "guard.invalid_input", "PUT", path(first), map[string]any{"role": "king"})
	})
}
