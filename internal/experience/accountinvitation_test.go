package experience_test

import (
	"net/http"
	"testing"

	"guestlist"
	"guestlist/internal/store"
)

// TestOnesOwnInvitations: who has invitations to give gives them on a page of
// their own account, without scripts, no more than they have, and takes them
// back; who has none sees none of it.
func TestOnesOwnInvitations(t *testing.T) {
	eachHouse(t, nil, func(t *testing.T, h *house) {
		id := h.user(ada, password)
		b := h.seated(ada)
		if h.ownPage(b, "").Has(`a[href^="/account/invitations"]`) {
			t.Error("invitations are offered to who has none")
		}
		none := h.ownPage(b, "/invitations")
		at(t, none, http.StatusOK, "account-invitations")
		if none.Has("form.form") {
			t.Error("who has none may give some")
		}
		h.update(func(tx *store.Tx) error {
			role := guestlist.Role{ID: "giver", Name: "giver", Type: guestlist.RoleUser}
			if err := tx.InsertRole(role); err != nil {
				return err
			}
			if err := tx.SetInvitationQuota(role.ID, 1); err != nil {
				return err
			}
			_, err := tx.GiveRoles(id, role.ID)
			return err
		})
		page := b.Follow(h.ownPage(b, ""), "Invitations to give")
		at(t, page, http.StatusOK, "account-invitations")
		wrong := b.Submit(page, "form.form", form{"identifier": "nope", "message": "Come"})
		at(t, wrong, http.StatusUnprocessableEntity, "account-invitations")
		linked := b.Submit(page, "form.form", form{"identifier": grace, "message": "see https://evil.example"})
		at(t, linked, http.StatusUnprocessableEntity, "account-invitations")
		self := b.Submit(page, "form.form", form{"identifier": ada})
		at(t, self, http.StatusUnprocessableEntity, "account-invitations")
		given := b.Submit(page, "form.form", form{"identifier": grace, "name": "<b>Grace</b>", "message": "Come"})
		at(t, given, http.StatusOK, "account-invitations")
		if given.Has("form.form") {
			t.Error("more can be given than there were")
		}
		if again := b.Submit(page, "form.form", form{"identifier": "eve@example.com"}); again.Status != http.StatusUnprocessableEntity {
			t.Errorf("from an old page: %d", again.Status)
		}
		back := b.Submit(given, "li form", nil)
		at(t, back, http.StatusOK, "account-invitations")
		if !back.Has("form.form") {
			t.Error("what was taken back cannot be given again")
		}
	})
}
