package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"guestlist/internal/connector/connectortest"
)

// workplace is an enterprise provider that browsers sign in at.
type workplace struct {
	name, issuer, domain string
	// worker makes somebody with a verified address, and returns what the
	// employer knows them by, and what they do when they have come there.
	worker func(t *testing.T, email string) (subject string, signIn func(b *tab))
}

// hire lets installations know an employer.
func hire(name, provider, domain string, config map[string]any, sites ...*site) (ids []string) {
	for _, s := range sites {
		var made struct{ ID string }
		s.api("POST", "/sso-connectors", map[string]any{
			"providerName": provider, "connectorName": name, "domains": []string{domain}, "config": config,
		}, http.StatusOK, &made)
		s.set(map[string]any{"singleSignOnEnabled": true})
		ids = append(ids, made.ID)
	}
	return ids
}

// workersOfSAML is how many people the SAML provider has. They are there from
// the beginning, since it is not changed while it is in use.
const workersOfSAML = 16

// newSAMLEmployer starts a SAML identity provider that a library of others'
// makes.
func newSAMLEmployer(t *testing.T, sites ...*site) workplace {
	t.Helper()
	const domain = "saml.example"
	idp := connectortest.NewSAML()
	idp.People = nil
	for i := range workersOfSAML {
		idp.People = append(idp.People, connectortest.SAMLPerson{
			NameID: fmt.Sprintf("worker-%d", i), Email: fmt.Sprintf("worker-%d@%s", i, domain), Name: fmt.Sprintf("Worker %d", i),
		})
	}
	server := httptest.NewServer(idp)
	t.Cleanup(server.Close)
	idp.SetBase(server.URL)
	metadata, err := idp.Metadata()
	if err != nil {
		t.Fatal(err)
	}
	hire("Saml Works", "SAML", domain, map[string]any{"metadata": string(metadata)}, sites...)
	var mu sync.Mutex
	hired := 0
	return workplace{"SAML", idp.EntityID(), domain, func(t *testing.T, _ string) (string, func(*tab)) {
		mu.Lock()
		defer mu.Unlock()
		if hired == workersOfSAML {
			t.Fatal("everybody works already")
		}
		p := idp.People[hired]
		hired++
		return p.NameID, func(b *tab) {
			b.WaitText("Who are you?")
			b.Click(p.Email)
		}
	}}
}

// workplace makes the sibling an employer, whose provider is Guestlist itself.
func (p *sibling) workplace(t *testing.T, sites ...*site) workplace {
	t.Helper()
	const domain = "sibling.example"
	for _, s := range sites {
		app := p.createApp(t, "Workplace", "--type", "traditional", "--redirect-uri", s.url+"/callback/unknown")
		ids := hire("Sibling Works", "OIDC", domain, map[string]any{"clientId": app.ID, "clientSecret": app.Secret, "issuer": p.origin + "/oidc"}, s)
		p.api("PATCH", "/applications/"+app.ID, map[string]any{"oidcClientMetadata": map[string]any{
			"redirectUris": []string{s.callback(ids[0])}, "postLogoutRedirectUris": []string{},
		}}, http.StatusOK, nil)
	}
	return workplace{"OIDC", p.origin + "/oidc", domain, func(_ *testing.T, email string) (string, func(*tab)) {
		return p.member(email)
	}}
}

// begin leads a browser from the application to the employer, by an address.
func (e workplace) begin(b *tab, s *site, email string) {
	b.t.Helper()
	b.Open(s.url + "/demo-app")
	b.Fill("identifier", email)
	b.Click("Continue")
}

// somebody makes a worker and returns their address.
func (e workplace) somebody(t *testing.T) (email, subject string, signIn func(*tab)) {
	t.Helper()
	email = strings.Replace(anybody(), "guests.example", e.domain, 1)
	subject, signIn = e.worker(t, email)
	if strings.HasPrefix(subject, "worker-") {
		email = subject + "@" + e.domain
	}
	return email, subject, signIn
}

func (e workplace) letsIn(t *testing.T, s *site, isKnown bool) {
	b := newTab(t)
	email, subject, signIn := e.somebody(t)
	var known account
	if isKnown {
		known = s.resident(map[string]any{"primaryEmail": email, "password": password})
	}
	e.begin(b, s, email)
	signIn(b)
	in := b.isIn(s)
	if isKnown && in.ID != known.ID || in.PrimaryEmail != email || s.employed(in.ID)[e.issuer] != subject || s.sessions(in.ID) != 1 {
		t.Errorf("came in as %v, employed as %v, with %d sessions; want %v", in, s.employed(in.ID), s.sessions(in.ID), known)
	}
	event := "Register"
	if isKnown {
		event = "SignIn"
	}
	s.audited(t, in.ID, "Interaction."+event+".Submit")
	again := newTab(t)
	e.begin(again, s, email)
	signIn(again)
	if back := again.isIn(s); back.ID != in.ID {
		t.Errorf("came back as %v", back)
	}
}

func (e workplace) isTurnedAway(t *testing.T, s *site) {
	b := newTab(t)
	email, _, signIn := e.somebody(t)
	e.begin(b, s, email)
	signIn(b)
	b.WaitText("There is no account for " + email + " yet.")
	b.IsAt(s.url + "/sign-in")
	if len(s.accounts(email)) != 0 {
		t.Errorf("%v came to be", s.accounts(email))
	}
	if len(s.refusals(t, "user.sso_identity_not_exist")) == 0 {
		t.Error("the audit log says nothing of it")
	}
}
