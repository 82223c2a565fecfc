package console_test

import (
	"context"
	"testing"

	"guestlist"
)

// TestOwnersSayWhatHoldsForAllInvitations, and nobody else does.
func TestOwnersSayWhatHoldsForAllInvitations(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	rules := func() (s guestlist.InvitationSettings) {
		t.Helper()
		if err := h.api.Do(context.Background(), "GET", "/configs/invitations", nil, &s); err != nil {
			t.Fatal(err)
		}
		return s
	}
	if err := h.api.Do(context.Background(), "PATCH", "/configs/invitations", map[string]any{"expiresIn": 90_000}, nil); err != nil {
		t.Fatal(err)
	}
	page := b.Follow(b.Get(h.url+"/console/invitations"), "Rules for invitations")
	h.at(page, 200, "invitation-rules")
	inspect(t, "rules", page)
	wrong := b.Submit(page, "#form", map[string]string{"expiresIn": "40", "maxExpiresIn": "30"})
	if h.at(wrong, 422, "invitation-rules"); !wrong.Has("#f-expiresIn-error") {
		t.Errorf("longer than the longest: %s", wrong.One("#form").HTML())
	}
	h.at(b.Submit(page, "#form", map[string]string{"maxOpen": "-1"}), 422, "invitation-rules")
	h.at(b.Submit(page, "#form", map[string]string{"maxExpiresIn": "30", "maxOpen": "500", "maxOpenPerInviter": "20"}), 200, "invitations")
	want := guestlist.InvitationSettings{ExpiresIn: 90_000, MaxExpiresIn: 30 * 86_400, MaxOpen: 500, MaxOpenPerInviter: 20}
	if got := rules(); got != want {
		t.Errorf("the rules are %+v, want %+v", got, want)
	}
	for _, role := range []string{"inviter", "viewer"} {
		other, list := h.as(role, "/console/invitations")
		if list.Has(`a[href="/console/invitations/rules"]`) {
			t.Errorf("a page that is closed to an %s is offered", role)
		}
		if a := other.Get(h.url + "/console/invitations/rules"); a.Status != 403 {
			t.Errorf("%s: %d", role, a.Status)
		}
		if a := other.Post(h.url+"/console/invitations/rules", values("expiresIn", "1", "maxExpiresIn", "1", "maxOpen", "1", "maxOpenPerInviter", "1")); a.Status != 403 {
			t.Errorf("%s posts: %d", role, a.Status)
		}
	}
	if rules() != want {
		t.Error("others changed the rules")
	}
}
