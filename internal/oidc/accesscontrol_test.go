package oidc_test

import (
	"testing"

	"guestlist"
	"guestlist/internal/store"
)

// TestAccessControl: an application whose access is controlled takes whom a
// rule names, and its tokens end for whoever is named no more.
func TestAccessControl(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		bob := h.bob()
		control := func(rules string) {
			h.update(func(tx *store.Tx) error {
				app, err := tx.Application("spa")
				if err != nil {
					return err
				}
				app.AccessControlEnabled = true
				if err := tx.UpdateApplication(app); err != nil {
					return err
				}
				return tx.PutApplicationAccessControl(app.ID, []byte(rules))
			})
		}
		control(`{"userIds":["` + string(bob.ID) + `"]}`)
		if got := h.browser().signIn("alice"); got.Get("error") != "access_denied" || got.Get("code") != "" {
			t.Fatalf("alice is not named and gets %v", got)
		}
		b := h.browser()
		got := b.signIn("bob", "prompt", "consent", "scope", "openid offline_access")
		if got.Get("code") == "" {
			t.Fatalf("bob is named and gets %v", got)
		}
		app := guestlist.Application{ID: "spa", Type: guestlist.ApplicationSPA}
		tokens := h.refresh(app, h.redeem(app, got.Get("code")).text("refresh_token"))
		if tokens.Status != 200 {
			t.Fatalf("refresh: %d %v", tokens.Status, tokens.JSON)
		}
		control(`{"userIds":[]}`)
		if a := h.refresh(app, tokens.text("refresh_token")); a.text("error") != "invalid_grant" {
			t.Fatalf("bob is named no more and gets %d %v", a.Status, a.JSON)
		}
	})
}
