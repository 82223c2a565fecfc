package e2e

import (
	"net/http"
	"testing"

	"guestlist/internal/connector/connectortest"
)

// identities returns the social identities of a user, by target.
func (s *site) identities(id string) map[string]string {
	s.t.Helper()
	var u struct {
		Identities map[string]struct{ UserID string }
	}
	s.api("GET", "/users/"+id, nil, http.StatusOK, &u)
	list := map[string]string{}
	for target, i := range u.Identities {
		list[target] = i.UserID
	}
	return list
}

// employed returns the enterprise identities of a user: issuers and subjects.
func (s *site) employed(id string) map[string]string {
	s.t.Helper()
	var all struct {
		SSOIdentities []struct {
			SSOIdentity struct{ Issuer, IdentityID string }
		} `json:"ssoIdentities"`
	}
	s.api("GET", "/users/"+id+"/all-identities", nil, http.StatusOK, &all)
	list := map[string]string{}
	for _, i := range all.SSOIdentities {
		list[i.SSOIdentity.Issuer] = i.SSOIdentity.IdentityID
	}
	return list
}

// TestSocialFlows plays the flows by outside providers, each provider in turn:
// a new guest registers and comes back, a related account is linked, and at a
// closed door nobody new comes in.
func TestSocialFlows(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			s := newSite(t, engine, w.env(t)...)
			p := s.serve()
			s.connectMessages()
			s.set(openHouse())
			ids := w.connect(s)
			for _, target := range targets {
				t.Run(target, func(t *testing.T) {
					s.set(openHouse())
					flowSocialRegister(t, s, w, target, ids[target])
					s.set(closed())
					flowSocialLink(t, s, w, target, ids[target])
					flowSocialClosed(t, s, w, target, ids[target])
				})
			}
			p.unharmed(t)
		})
	}
}

func flowSocialRegister(t *testing.T, s *site, w *world, target, connector string) {
	email := anybody()
	person := w.person(target, email, true)
	v := s.caller(t, "SignIn")
	id := v.recognised(w, "social", target, connector, person)
	v.identify(http.StatusNotFound, "user.identity_not_exist", id).sameData(t, `{}`)
	v.register()
	v.identify(http.StatusCreated, "", id)
	if len(s.accounts(email)) != 0 {
		t.Error("the account is there before the guest is in")
	}
	in := v.finish()
	if in.PrimaryEmail != email || s.identities(in.ID)[target] != person {
		t.Errorf("registered as %v, with identities %v, want %s", in, s.identities(in.ID), person)
	}
	v = s.caller(t, "SignIn")
	v.identify(http.StatusNoContent, "", v.recognised(w, "social", target, connector, person))
	if again := v.finish(); again.ID != in.ID {
		t.Errorf("came back as %v", again)
	}
}

func flowSocialLink(t *testing.T, s *site, w *world, target, connector string) {
	email := anybody()
	u := s.resident(map[string]any{"primaryEmail": email})
	person := w.person(target, email, true)
	v := s.caller(t, "SignIn")
	id := v.recognised(w, "social", target, connector, person)
	v.identify(http.StatusNotFound, "user.identity_not_exist", id).sameData(t, `{"relatedUser":{"type":"email","value":"`+email+`"}}`)
	v.identify(http.StatusNoContent, "", id, "linkSocialIdentity")
	if len(s.identities(u.ID)) != 0 {
		t.Error("linked before the end")
	}
	if in := v.finish(); in.ID != u.ID || s.identities(u.ID)[target] != person {
		t.Errorf("came in as %v with %v", in, s.identities(in.ID))
	}
	v = s.caller(t, "SignIn")
	v.identify(http.StatusNoContent, "", v.recognised(w, "social", target, connector, person))
	if again := v.finish(); again.ID != u.ID {
		t.Errorf("came back as %v", again)
	}
}

func flowSocialClosed(t *testing.T, s *site, w *world, target, connector string) {
	stranger, claimed := anybody(), anybody()
	u := s.resident(map[string]any{"primaryEmail": claimed})
	for _, person := range []string{w.person(target, stranger, true), w.person(target, claimed, false)} {
		v := s.caller(t, "SignIn")
		id := v.recognised(w, "social", target, connector, person)
		v.identify(http.StatusNotFound, "user.identity_not_exist", id).sameData(t, `{}`)
		v.identify(http.StatusNotFound, "user.identity_not_exist", id, "linkSocialIdentity")
		v.want(http.StatusForbidden, "auth.forbidden", "PUT", apiExperience+"/interaction-event", map[string]any{"interactionEvent": "Register"})
		v.want(http.StatusNotFound, "session.identifier_not_found", "POST", apiExperience+"/submit", nil)
		if v.session() {
			t.Error("a session")
		}
	}
	if len(s.accounts(stranger)) != 0 || len(s.identities(u.ID)) != 0 {
		t.Errorf("accounts %v, identities %v", s.accounts(stranger), s.identities(u.ID))
	}
}

// TestSSOFlows plays the flows by an employer's provider: it is found by the
// typed address, makes an account of its own accord where the door is open,
// links by the address of its domain, and leaves the door closed to others.
func TestSSOFlows(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			s := newSite(t, engine, w.env(t)...)
			p := s.serve()
			letters := s.connectMessages()
			s.set(openHouse())
			id := w.employ(s, "company.example")
			s.set(map[string]any{"singleSignOnEnabled": true})
			flowSSORegister(t, s, w, id)
			s.set(closed())
			flowSSOLink(t, s, w, id)
			flowSSOClosed(t, s, w, id)
			flowSSOOnly(t, s, letters, id)
			p.unharmed(t)
		})
	}
}

const companyLogo = "https://company.example/logo.svg"

// employ sets Acme up as the provider of a company with a domain.
func (w *world) employ(s *site, domain string) (id string) {
	s.t.Helper()
	var made struct{ ID string }
	s.api("POST", "/sso-connectors", map[string]any{
		"providerName": "OIDC", "connectorName": "company " + domain, "domains": []string{domain},
		"branding": map[string]any{"logo": companyLogo, "darkLogo": companyLogo},
		"config":   map[string]any{"clientId": outsideClient.ID, "clientSecret": outsideClient.Secret, "issuer": w.acme.Issuer},
	}, http.StatusOK, &made)
	w.acme.Change(func(u *connectortest.Upstream) { u.Client.Redirects = append(u.Client.Redirects, s.callback(made.ID)) })
	return made.ID
}

// worker is somebody of the company.
func (w *world) worker(email string, verified bool) string { return w.person("acme", email, verified) }

func atCompany() string { return anybody()[:32] + "@company.example" }

func flowSSORegister(t *testing.T, s *site, w *world, connector string) {
	email := atCompany()
	person := w.worker(email, true)
	v := s.caller(t, "")
	found := v.want(http.StatusOK, "", "GET", apiExperience+"/sso-connectors?email="+email, nil)
	if string(found.body) != `{"connectorIds":["`+connector+`"]}` {
		t.Errorf("%s is employed at %s", email, found.body)
	}
	v.begin("SignIn")
	id := v.recognised(w, "sso", "acme", connector, person)
	v.identify(http.StatusNotFound, "user.sso_identity_not_exist", id)
	v.register()
	v.identify(http.StatusCreated, "", id)
	in := v.finish()
	if in.PrimaryEmail != email || s.employed(in.ID)[w.acme.Issuer] != person {
		t.Errorf("registered as %v, employed as %v", in, s.employed(in.ID))
	}
	v = s.caller(t, "SignIn")
	v.identify(http.StatusNoContent, "", v.recognised(w, "sso", "acme", connector, person))
	if again := v.finish(); again.ID != in.ID {
		t.Errorf("came back as %v", again)
	}
}

func flowSSOLink(t *testing.T, s *site, w *world, connector string) {
	email := atCompany()
	u := s.resident(map[string]any{"primaryEmail": email})
	person := w.worker(email, true)
	v := s.caller(t, "SignIn")
	v.identify(http.StatusNoContent, "", v.recognised(w, "sso", "acme", connector, person))
	if in := v.finish(); in.ID != u.ID || s.employed(u.ID)[w.acme.Issuer] != person {
		t.Errorf("came in as %v, employed as %v", in, s.employed(u.ID))
	}
}

func flowSSOClosed(t *testing.T, s *site, w *world, connector string) {
	claimed, elsewhere := atCompany(), anybody()
	s.resident(map[string]any{"primaryEmail": claimed})
	s.resident(map[string]any{"primaryEmail": elsewhere})
	for name, person := range map[string]string{
		"a stranger": w.worker(atCompany(), true), "an address that is not verified": w.worker(claimed, false),
		"an address of another domain": w.worker(elsewhere, true),
	} {
		v := s.caller(t, "SignIn")
		id := v.recognised(w, "sso", "acme", connector, person)
		if r := v.is(id); r.status != http.StatusNotFound || r.code != "user.sso_identity_not_exist" {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
		v.want(http.StatusForbidden, "auth.forbidden", "PUT", apiExperience+"/interaction-event", map[string]any{"interactionEvent": "Register"})
		if v.submit().status != http.StatusNotFound || v.session() {
			t.Errorf("%s has a session", name)
		}
	}
}

// flowSSOOnly: whose employer has a provider comes in by nothing else.
func flowSSOOnly(t *testing.T, s *site, letters *letterbox, connector string) {
	email := atCompany()
	s.resident(map[string]any{"primaryEmail": email, "password": password})
	token := s.invite(email)
	v := s.caller(t, "SignIn")
	for name, id := range map[string]string{
		"a password": v.byPassword("email", email, password), "a code": v.byCode(letters, "email", email, "SignIn"), "a token": v.byToken(token),
	} {
		r := v.is(id)
		if r.status != http.StatusUnprocessableEntity || r.code != "session.sso_enabled" {
			t.Errorf("by %s: %d %s", name, r.status, r.body)
		}
		data, _ := r.data.(map[string]any)
		list, _ := data["ssoConnectors"].([]any)
		if len(list) != 1 || list[0].(map[string]any)["id"] != connector {
			t.Errorf("by %s: %v", name, r.data)
		}
		for _, secret := range []string{outsideClient.Secret, "config"} {
			if contains(r.body, secret) {
				t.Errorf("the answer tells %s: %s", secret, r.body)
			}
		}
	}
	if s.status(token) != "active" {
		t.Errorf("the token is %s", s.status(token))
	}
}
