package e2e

import (
	"testing"
)

const (
	ownPassword    = "Sesame-opens-4711"
	ownNewPassword = "Cardamom-closes-0815"
)

// ownSite serves a site with somebody in it.
func ownSite(t *testing.T, engine string) *site {
	t.Helper()
	s := newSite(t, engine)
	s.serve()
	s.administer()
	s.api("POST", "/users", map[string]any{"username": "ada", "name": "Ada Lovelace", "password": ownPassword}, 200, nil)
	return s
}

// TestAccount: whoever opens the pages of their own account is led to sign in
// and back; they change their profile and their password, which signs out
// another browser, and sign out.
func TestAccount(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			s := ownSite(t, engine)
			other := newGuest()
			other.must(t, other.visit(s.url+"/account/sessions"))
			other.signInOwn(t, ownPassword)
			other.isAt(t, s.url+"/account/sessions")

			b := newTab(t)
			b.Open(s.url + "/account")
			b.identify("ada", ownPassword)
			b.IsAt(s.url + "/account")
			b.WaitText("You are signed in as ada.")
			b.Press("Profile")
			b.Fill("profile.name", "Countess of Lovelace")
			b.Press("Save")
			b.WaitText("Your changes are saved.")
			b.WaitText("Countess of Lovelace")
			b.Press("Where you are signed in")
			b.WaitText("This device")
			b.Press("Back to your account")
			b.Press("Password")
			b.Fill("newPassword", ownNewPassword)
			b.Fill("confirmPassword", ownNewPassword)
			b.Press("Save password")
			b.WaitText("signed out everywhere else")
			other.must(t, other.visit(s.url+"/account"))
			if other.at.Path == "/account" {
				t.Error("the other browser is still in")
			}
			b.Press("Sign out")
			b.WaitText("You are signed out")
			b.Open(s.url + "/account")
			b.WaitText("Sign in")
		})
	}
}

// TestAccountWithoutScripts is the same as a person without scripts does it.
func TestAccountWithoutScripts(t *testing.T) {
	s := ownSite(t, engines[0])
	g := newGuest()
	g.must(t, g.visit(s.url+"/account/password"))
	g.signInOwn(t, ownPassword)
	g.isAt(t, s.url+"/account/password")
	g.must(t, g.fill("newPassword", ownNewPassword), g.fill("confirmPassword", ownNewPassword), g.press("Save password"))
	g.isAt(t, s.url+"/account")
	g.must(t, g.follow("Profile"), g.fill("username", "ada_l"), g.press("Save"))
	g.isAt(t, s.url+"/account")
	g.must(t, g.follow("Where you are"), g.follow("Back to your account"), g.press("Sign out"), g.press("Sign"))
	g.must(t, g.visit(s.url+"/account"))
	if g.at.Path == "/account" {
		t.Error("still signed in")
	}
}

// signInOwn signs in on the pages to which an account's own pages lead.
func (g *guest) signInOwn(t *testing.T, password string) {
	t.Helper()
	g.must(t, g.fill("identifier", "ada"))
	if g.fill("password", password) != nil {
		g.must(t, g.press("Continue"), g.fill("password", password))
	}
	g.must(t, g.press("Sign in"))
}
