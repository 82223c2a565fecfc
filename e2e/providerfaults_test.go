package e2e

import (
	"net/http"
	"strings"
	"testing"

	"guestlist/internal/connector/connectortest"
)

// What the sign-in page says when it did not work out with a provider.
const (
	saysRefused = "Acme did not let you through, or you stopped there. Try again, or choose another way."
	saysFailed  = "Acme cannot be reached, or gave an answer that we cannot use. Try again in a moment, or choose another way."
	saysOver    = "That attempt is over. Start again here."
)

// whys are parts of what the audit log says of some faults. Of the others it
// says something.
var whys = map[string]string{
	"guest refuses": "access_denied", "/token down": "503", "/token huge": "larger than", "wrong issuer": "https://evil.example",
	"/token redirects to a private address": "169.254.169.254", "algorithm none": "none", "answer of another issuer": "https://evil.example",
	"wrong audience": "another-client", "answer without a code": "no code", "answer with two codes": "more than once",
	"signed by a stranger": "no key", "wrong nonce": "nonce",
}

// TestProviderFaults lets a provider do everything wrong that it can, and its
// guests too. Each ends on a page that tells what to do next, in a line of the
// audit log that says exactly why, and in nothing else.
func TestProviderFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := newSite(t, "sqlite", w.env(t)...)
	p := s.serve()
	s.connectMessages()
	s.set(openHouse())
	w.connect(s)
	w.throughAcme(t, s, anybody(), func() {}) // from now on its keys are known
	for _, fault := range connectortest.AllFaults() {
		switch {
		case strings.Contains(fault.Name, "slow"), strings.Contains(fault.Name, "metadata"), strings.Contains(fault.Name, "openid-configuration"),
			strings.Contains(fault.Name, "keys"), strings.Contains(fault.Name, "jwks"), strings.Contains(fault.Name, "promised"):
			continue // takes long; is not asked for
		}
		t.Run(fault.Name, func(t *testing.T) {
			defer w.acme.Change(func(u *connectortest.Upstream) { u.Faults = connectortest.Faults{} })
			email := anybody()
			g := w.throughAcme(t, s, email, func() { w.acme.Change(fault.Provoke) })
			says, code := saysFailed, fault.Code
			switch fault.Name {
			case "guest refuses":
				says = saysRefused
			case "answer to another attempt", "answer without a state":
				says, code = saysOver, "session.verification_session_not_found"
			}
			g.isTurnedAway(t, s, says, email)
			line := s.logs("logKey=Interaction.SignIn.Verification.Social.Submit")[0]
			if line.Key != "Interaction.SignIn.Verification.Social.Submit" || line.Payload.Error != code || line.Payload.Reason == "" ||
				!strings.Contains(line.Payload.Reason, whys[fault.Name]) {
				t.Errorf("the audit log says %+v, want %s, because of %q", line, code, whys[fault.Name])
			}
			// The next attempt works.
			w.acme.Change(func(u *connectortest.Upstream) { u.Faults = connectortest.Faults{} })
			person := w.person("acme", email, true)
			g.must(t, g.press("Acme"), g.follow("Continue"), g.pressValue(person))
			if g.at.Path != "/demo-app" || len(s.accounts(email)) != 1 {
				t.Error(g.lost("the guest is not in"))
			}
		})
	}
	p.unharmed(t)
}

// throughAcme walks a browser without scripts from the application to Acme,
// where somebody with an address signs in after something has happened, and
// back.
func (w *world) throughAcme(t *testing.T, s *site, email string, happens func()) *guest {
	t.Helper()
	g, person := newGuest(), w.person("acme", email, true)
	g.must(t, g.visit(s.url+"/demo-app"), g.press("Acme"), g.follow("Continue"))
	happens()
	g.must(t, g.pressValue(person))
	return g
}

// isTurnedAway requires that a guest is at the sign-in page, with a way on, and
// that nothing came of it.
func (g *guest) isTurnedAway(t *testing.T, s *site, says, email string) {
	t.Helper()
	if g.at.Path != "/sign-in" || g.status >= http.StatusInternalServerError || !strings.Contains(text(g.doc), says) {
		t.Error(g.lost("want the sign-in page, which says %q", says))
	}
	if strings.Contains(g.at.String(), "code=") {
		t.Errorf("a code stays in the address: %s", g.at)
	}
	for _, c := range g.client.Jar.Cookies(g.at) {
		if c.Name == "_session" {
			t.Error("there is a session")
		}
	}
	if n := len(s.accounts(email)); n != 0 {
		t.Errorf("%d accounts", n)
	}
}

// pressValue presses the button with a value.
func (g *guest) pressValue(value string) error {
	for _, form := range all(g.doc, "form") {
		for _, b := range all(form, "button") {
			if attr(b, "value") == value {
				return g.submit(form, b)
			}
		}
	}
	return g.lost("no button for %q", value)
}

// TestProviderTrouble is about browsers: a guest says no and changes their mind,
// a provider is down and comes back, and answers come twice, or to another
// browser than the one that asked.
func TestProviderTrouble(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := newSite(t, "sqlite", w.env(t)...)
	p := s.serve()
	s.connectMessages()
	s.set(openHouse())
	ids := w.connect(s)
	acme := w.brands()[0]
	for _, u := range w.brands() {
		if u.target == "acme" {
			acme = u
		}
	}
	t.Run("no, and then yes", func(t *testing.T) {
		b, email := newTab(t), anybody()
		_, signIn := acme.person(t, email)
		acme.begin(b, s)
		b.WaitText("Who are you?")
		b.Click("Cancel")
		b.WaitText(saysRefused)
		b.IsAt(s.url + "/sign-in")
		b.Screenshot("provider-refused")
		b.Click("Acme")
		signIn(b)
		b.isIn(s)
	})
	t.Run("down, and then up", func(t *testing.T) {
		b, email := newTab(t), anybody()
		_, signIn := acme.person(t, email)
		acme.begin(b, s)
		b.WaitText("Who are you?")
		w.acme.Change(func(u *connectortest.Upstream) {
			u.Faults.Before = func(rw http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path != "/token" {
					return false
				}
				http.Error(rw, "down", http.StatusServiceUnavailable)
				return true
			}
		})
		signIn(b)
		b.WaitText(saysFailed)
		w.acme.Change(func(u *connectortest.Upstream) { u.Faults = connectortest.Faults{} })
		b.Click("Acme")
		signIn(b)
		b.isIn(s)
	})
	t.Run("twice, and to another browser", func(t *testing.T) {
		mine, theirs, nobodys := newTab(t), newTab(t), newTab(t)
		email := anybody()
		person, _ := acme.person(t, email)
		acme.begin(mine, s)
		mine.WaitText("Who are you?")
		answer, err := w.acme.Answer(mine.Address(), person)
		if err != nil {
			t.Fatal(err)
		}
		callback := s.callback(ids["acme"]) + "?" + answer.Encode()

		acme.begin(theirs, s)
		theirs.WaitText("Who are you?")
		theirs.Open(callback)
		theirs.WaitText(saysOver)
		nobodys.Open(callback)
		nobodys.IsAt(s.url + "/unknown-session")
		nobodys.Screenshot("provider-nobodys")
		if len(s.accounts(email)) != 0 {
			t.Error("another browser's answer made an account")
		}

		mine.Open(callback)
		in := mine.isIn(s)
		mine.Open(callback)
		if s.sessions(in.ID) != 1 || len(s.accounts(email)) != 1 {
			t.Errorf("%d sessions, %d accounts", s.sessions(in.ID), len(s.accounts(email)))
		}
		mine.Open(s.url + "/demo-app")
		mine.isIn(s)
	})
	p.unharmed(t)
}
