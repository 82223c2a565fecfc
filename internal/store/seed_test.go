package store_test

import (
	"errors"
	"strings"
	"testing"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
)

// TestSeedAddsWhatAnEarlierVersionLacked, and touches nothing that is there.
func TestSeedAddsWhatAnEarlierVersionLacked(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		update(t, st, store.Seed)
		// As an earlier version left it, with a scope of the host's own making.
		update(t, st, func(tx *store.Tx) error {
			for _, r := range []guestlist.RoleID{store.InviterRoleID, store.ViewerRoleID} {
				if err := tx.DeleteRole(r); err != nil {
					return err
				}
			}
			scopes, err := tx.ScopesOfResource(store.ManagementResourceID)
			for _, s := range scopes {
				if s.Name != guestlist.ScopeAll && err == nil {
					err = tx.DeleteScope(s.ID)
				}
			}
			words := "ours"
			return errors.Join(err,
				tx.InsertScope(guestlist.Scope{ID: "own", ResourceID: store.ManagementResourceID, Name: guestlist.ScopeRead, Description: &words}),
				tx.RemoveRoleScope(store.ManagementRoleID, store.ManagementScopeID))
		})
		for range 2 {
			update(t, st, store.Seed)
		}
		view(t, st, func(tx *store.Tx) error {
			names := func(list []guestlist.Scope) string {
				var all []string
				for _, s := range list {
					all = append(all, s.Name)
				}
				return strings.Join(all, " ")
			}
			all, err := tx.ScopesOfResource(store.ManagementResourceID)
			if got := names(all); got != "all invitations:read invitations:write read" {
				t.Error(got)
			}
			for role, want := range map[guestlist.RoleID]string{
				store.AdminRoleID: "all", store.InviterRoleID: "invitations:read invitations:write",
				store.ViewerRoleID: "invitations:read read", store.ManagementRoleID: "", // as the host left it
			} {
				scopes, _, err2 := tx.ScopesOfRoleMatching(role, guestlist.Search{}, store.Page{})
				got := strings.Fields(names(scopes))
				for _, name := range strings.Fields(want) {
					if !strings.Contains(" "+strings.Join(got, " ")+" ", " "+name+" ") {
						t.Errorf("%s lacks %s", role, name)
					}
				}
				if len(got) != len(strings.Fields(want)) || err2 != nil {
					t.Errorf("%s has %v: %v", role, got, err2)
				}
			}
			return err
		})
	})
}
