package oidc_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/signin"
	"guestlist/internal/store"
)

// shared issues a shared invitation to an application, and returns its code.
func (h *house) shared(app guestlist.ApplicationID) (code string) {
	h.t.Helper()
	h.update(func(tx *store.Tx) error {
		i := guestlist.Invitation{
			ID: guestlist.InvitationID(crypt.OrderedID(tx.Now)), Kind: guestlist.InvitationShared, Seats: 5, Generation: 1,
			Inviter:   guestlist.Inviter{Type: guestlist.InviterSystem, Authority: guestlist.AuthorityHost},
			CreatedAt: tx.Now, ExpiresAt: tx.Now.Add(time.Hour),
		}
		i.Binding, i.Landing, i.ApplicationID = guestlist.BindExact, guestlist.LandingHosted, app
		code = string(tx.InvitationCode(i))
		return tx.InsertInvitation(i, crypt.TypableCode(3, 4))
	})
	return code
}

// TestAPlantedInvitationIsAskedAboutAndLetGo: another site can have a browser open
// a link of its choice. Whoever signs in then is led to the page that says whose
// invitation it is; without a press there nothing comes of it, and after a sign-in
// nobody finds it again. Who is signed in is asked likewise, and what must not be
// seen is left alone.
func TestAPlantedInvitationIsAskedAboutAndLetGo(t *testing.T) {
	h := newHouse(t)
	code := h.shared("spa")
	taken := func(when string) {
		t.Helper()
		h.update(func(tx *store.Tx) error {
			i, err := tx.InvitationByCode(code)
			if err == nil && (i.Taken != 0 || i.StartedAt != nil) {
				t.Errorf("%s: %+v", when, i)
			}
			return err
		})
	}
	b := h.browser()
	b.put("_invitation", code)
	a := b.authorize()
	onPage(t, a, "/invitation?app_id=spa") // which names inviter and product: see package experience
	if strings.Contains(a.Header.Get("Location"), code) || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v", a.Header)
	}
	a = b.get(h.finish(b.uid("spa"), "alice")) // she goes past it, to her own account
	taken("signed in beside it")
	if b.value("_invitation") != "" {
		t.Error("it is still there for whoever signs in next")
	}
	onPage(t, a, "/consent?app_id=spa") // is it hers? see getConsent of package experience
	if err := h.desk.SkipInvitation(t.Context(), b.uid("spa")); err != nil {
		t.Fatal(err)
	}
	if got := back(t, b.get(b.consent("spa", signin.Ask).Redirect)); got.Get("code") == "" {
		t.Errorf("without the invitation: %v", got)
	}
	taken("let go")

	victim := h.browser()
	victim.session(h.user.ID)
	victim.put("_invitation", code)
	if got := back(t, victim.authorize("prompt", "none")); got.Get("error") == "" {
		t.Errorf("prompt=none: %v", got)
	}
	onPage(t, victim.authorize(), "/consent?app_id=spa")
	taken("who is signed in is asked")

	for name, plant := range map[string]string{
		"for another application": h.shared("web"), "no code": "x", "made up": strings.Repeat("a", guestlist.InvitationCodeLength),
	} {
		b := h.browser()
		b.put("_invitation", plant)
		if a := b.authorize(); a.Status != http.StatusSeeOther || a.Header.Get("Location") != "/sign-in?app_id=spa" {
			t.Errorf("%s: %d %s", name, a.Status, a.Header.Get("Location"))
		}
	}
	forged := h.browser()
	forged.cookies["x"] = cookie{"_invitation", code, "/"}
	onPage(t, forged.authorize(), "/sign-in?app_id=spa")
}
