package e2e

import (
	"net/http"
	"strings"
	"sync"
	"testing"
)

// upstream is a provider that browsers sign in at: how it is called on the
// pages, and what somebody does there.
type upstream struct {
	name   string // on the button
	target string
	// person makes somebody with a verified address, and returns what the
	// provider knows them by, and what they do when they have come to it.
	person func(t *testing.T, email string) (subject string, signIn func(b *tab))
}

// brands are the upstreams of the world.
func (w *world) brands() []upstream {
	var list []upstream
	names := map[string]string{"google": "Google", "github": "GitHub", "apple": "Apple", "azuread": "Microsoft", "acme": "Acme"}
	for _, target := range targets {
		name := names[target]
		list = append(list, upstream{name, target, func(_ *testing.T, email string) (string, func(*tab)) {
			person := w.person(target, email, true)
			return person, func(b *tab) {
				b.WaitText("Who are you?")
				b.Click(email)
			}
		}})
	}
	return list
}

// sibling is another installation of Guestlist, on another site, which lets
// people in to ours as OpenID Connect has it.
type sibling struct {
	*site
	origin string
}

func newSibling(t *testing.T) *sibling {
	t.Helper()
	s := newSite(t, "sqlite")
	origin := strings.Replace(s.url, "localhost", "127.0.0.1", 1)
	s.env = append(s.env, "GUESTLIST_ENDPOINT="+origin)
	s.serve()
	s.connectMail()
	s.closeDoor(true, nil)
	return &sibling{s, origin}
}

// upstream makes the sibling a provider of installations.
func (p *sibling) upstream(t *testing.T, downs ...*site) upstream {
	t.Helper()
	for _, down := range downs {
		const id = "siblingsocial"
		app := p.createApp(t, "Ours", "--type", "traditional", "--redirect-uri", down.callback(id))
		down.api("POST", "/connectors", map[string]any{
			"id": id, "connectorId": "oidc", "trustedEmailDomains": []string{"*"},
			"metadata": map[string]any{"target": "sibling", "name": map[string]any{"en": "Sibling"}},
			"config": map[string]any{
				"clientId": app.ID, "clientSecret": app.Secret, "scope": "openid profile email",
				"authorizationEndpoint": p.origin + "/oidc/auth", "tokenEndpoint": p.origin + "/oidc/token",
				"idTokenVerificationConfig": map[string]any{"jwksUri": p.origin + "/oidc/jwks", "issuer": p.origin + "/oidc"},
			},
		}, http.StatusOK, nil)
		down.set(map[string]any{"socialSignInConnectorTargets": append([]string{"sibling"}, targets...)})
	}
	return upstream{"Sibling", "sibling", func(_ *testing.T, email string) (string, func(*tab)) { return p.member(email) }}
}

// member makes somebody with an account at the sibling.
func (p *sibling) member(email string) (subject string, signIn func(*tab)) {
	u := p.resident(map[string]any{"primaryEmail": email, "password": password, "name": "Someone Else"})
	return u.ID, func(b *tab) {
		b.WaitAt(p.origin + "/sign-in")
		b.Fill("identifier", email)
		b.Press("Continue")
		b.Fill("password", password)
		b.Click("Sign in")
	}
}

// TestProviders signs in through every provider in a browser, on the hosted
// pages: with the door open and closed, with and without an account that has
// the address, and once more.
func TestProviders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var open, shut *site
	var both sync.WaitGroup
	for _, s := range []**site{&open, &shut} {
		*s = newSite(t, "sqlite", w.env(t)...)
		both.Go(func() { (*s).serve() })
	}
	both.Wait()
	for _, s := range []*site{open, shut} {
		s.connectMessages()
		s.set(openHouse())
		w.connect(s)
	}
	shut.set(closed())
	p := newSibling(t)
	all := append(w.brands(), p.upstream(t, open, shut))
	for _, e := range []workplace{newSAMLEmployer(t, open, shut), p.workplace(t, open, shut)} {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			t.Run("door open, nobody known", func(t *testing.T) { e.letsIn(t, open, false) })
			t.Run("door open, address known", func(t *testing.T) { e.letsIn(t, open, true) })
			t.Run("door closed, nobody known", func(t *testing.T) { e.isTurnedAway(t, shut) })
			t.Run("door closed, address known", func(t *testing.T) { e.letsIn(t, shut, true) })
		})
	}
	for _, u := range all {
		t.Run(u.name, func(t *testing.T) {
			t.Parallel()
			t.Run("door open, nobody known", func(t *testing.T) { u.registers(t, open) })
			t.Run("door open, address known", func(t *testing.T) { u.links(t, open, true) })
			t.Run("door closed, nobody known", func(t *testing.T) { u.isTurnedAway(t, shut) })
			t.Run("door closed, address known", func(t *testing.T) { u.links(t, shut, false) })
		})
	}
}

// begin leads a browser from the application to the provider.
func (u upstream) begin(b *tab, s *site) {
	b.t.Helper()
	b.Open(s.url + "/demo-app")
	b.WaitText(u.name)
	b.Click(u.name)
}

// isIn waits until the application knows who is in, and returns the account.
func (b *tab) isIn(s *site) account {
	b.t.Helper()
	b.WaitText("You are in")
	match := userIDLine.FindStringSubmatch(b.Text())
	if match == nil {
		b.t.Fatal(b.where())
	}
	var in account
	s.api("GET", "/users/"+match[1], nil, http.StatusOK, &in)
	return in
}

func (u upstream) registers(t *testing.T, s *site) {
	b, email := newTab(t), anybody()
	subject, signIn := u.person(t, email)
	u.begin(b, s)
	signIn(b)
	in := b.isIn(s)
	if in.PrimaryEmail != email || s.identities(in.ID)[u.target] != subject || s.sessions(in.ID) != 1 {
		t.Errorf("registered as %v, with %v and %d sessions", in, s.identities(in.ID), s.sessions(in.ID))
	}
	s.audited(t, in.ID, "Interaction.Register.Submit")
	again := newTab(t)
	u.begin(again, s)
	signIn(again)
	if back := again.isIn(s); back.ID != in.ID || s.sessions(in.ID) != 2 {
		t.Errorf("came back as %v, with %d sessions", back, s.sessions(in.ID))
	}
}

func (u upstream) links(t *testing.T, s *site, isOpen bool) {
	b, email := newTab(t), anybody()
	known := s.resident(map[string]any{"primaryEmail": email})
	subject, signIn := u.person(t, email)
	u.begin(b, s)
	signIn(b)
	b.WaitText("Is this your account?")
	if text := b.Text(); !strings.Contains(text, email) || strings.Contains(text, "Create new one instead") != isOpen {
		t.Errorf("the page says %s", text)
	}
	if len(s.identities(known.ID)) != 0 || s.sessions(known.ID) != 0 {
		t.Error("linked without having been asked")
	}
	b.Click("Link and sign in")
	if in := b.isIn(s); in.ID != known.ID || s.identities(in.ID)[u.target] != subject || s.sessions(in.ID) != 1 {
		t.Errorf("came in as %v, with %v and %d sessions", in, s.identities(in.ID), s.sessions(in.ID))
	}
	s.audited(t, known.ID, "Interaction.SignIn.Submit")
}

func (u upstream) isTurnedAway(t *testing.T, s *site) {
	b, email := newTab(t), anybody()
	_, signIn := u.person(t, email)
	u.begin(b, s)
	signIn(b)
	b.WaitText("There is no account for " + email + " yet.")
	b.IsAt(s.url + "/sign-in")
	b.WaitText(u.name) // a way on
	if len(s.accounts(email)) != 0 {
		t.Errorf("%v came to be", s.accounts(email))
	}
	if line := s.refusals(t, "user.identity_not_exist"); len(line) == 0 {
		t.Error("the audit log says nothing of it")
	}
}

// sessions counts the browsers in which a user is signed in.
func (s *site) sessions(id string) int {
	s.t.Helper()
	var list struct{ Sessions []struct{} }
	s.api("GET", "/users/"+id+"/sessions", nil, http.StatusOK, &list)
	return len(list.Sessions)
}

// logLine is a line of the audit log.
type logLine struct {
	Key     string
	Payload struct{ Result, Error, Reason, UserID string }
}

// logs returns lines of the audit log, the latest first.
func (s *site) logs(query string) []logLine {
	s.t.Helper()
	var list []logLine
	s.api("GET", "/logs?page_size=100&"+query, nil, http.StatusOK, &list)
	return list
}

// audited requires that the audit log has a success of somebody's.
func (s *site) audited(t *testing.T, user, key string) {
	t.Helper()
	for _, l := range s.logs("userId=" + user + "&logKey=" + key) {
		if l.Payload.Result == "Success" {
			return
		}
	}
	t.Errorf("the audit log has no %s of %s", key, user)
}

// refusals returns the lines of the audit log with an error code.
func (s *site) refusals(t *testing.T, code string) (list []logLine) {
	t.Helper()
	for _, l := range s.logs("") {
		if l.Payload.Result == "Error" && l.Payload.Error == code {
			list = append(list, l)
		}
	}
	return list
}
