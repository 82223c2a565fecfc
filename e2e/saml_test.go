package e2e

import (
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"guestlist/internal/connector/connectortest"
)

// employer is an enterprise with a SAML provider. It is at another site than
// ours, as employers are: a browser brings no cookies when it posts for it.
type employer struct {
	*connectortest.SAML
	id string // of the connector
}

// employ sets up an employer whose connector signs requests, and whose provider
// has read our metadata and takes no others.
func (s *site) employ(t *testing.T, domain string) *employer {
	t.Helper()
	e := &employer{SAML: connectortest.NewSAML()}
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	e.SetBase(server.URL) // 127.0.0.1, and we are localhost
	e.WantSigned = true
	e.People = []connectortest.SAMLPerson{
		{NameID: "grace-1906", Email: "grace@" + domain, Name: "Grace Hopper"},
		{NameID: "ada-1815", Email: "ada@" + domain, Name: "Ada Lovelace"},
		{NameID: "eve-1", Email: "eve@elsewhere.example", Name: "Eve"},
	}
	metadata, err := e.Metadata()
	if err != nil {
		t.Fatal(err)
	}
	var made struct {
		ID     string
		Config map[string]any
	}
	s.api("POST", "/sso-connectors", map[string]any{
		"providerName": "SAML", "connectorName": domain, "domains": []string{domain},
		"config": map[string]any{"metadata": string(metadata), "signAuthnRequest": true},
	}, http.StatusOK, &made)
	for name := range made.Config {
		if strings.HasPrefix(name, "sp") {
			t.Errorf("the API shows %s", name)
		}
	}
	e.id = made.ID
	published := s.published(t, e.id)
	if err := e.Register(published); err != nil {
		t.Fatal(err)
	}
	s.set(map[string]any{"singleSignOnEnabled": true})
	return e
}

// published returns what we say of ourselves to the provider of a connector,
// where its name leads.
func (s *site) published(t *testing.T, id string) []byte {
	t.Helper()
	req := s.request("GET", "/enterprise-sso/"+id, nil)
	status, text := s.send(req)
	var entity struct {
		ID string `xml:"entityID,attr"`
	}
	if err := xml.Unmarshal(text, &entity); status != http.StatusOK || err != nil || entity.ID != s.url+"/enterprise-sso/"+id {
		t.Fatalf("status %d, %v: %s", status, err, text)
	}
	return text
}

// TestEmployersProvider lets somebody in by the SAML provider of an employer,
// with nothing mocked on either side.
func TestEmployersProvider(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		s.connectMessages()
		s.set(openHouse())
		e := s.employ(t, "acme.example")
		direct := s.url + "/demo-app?direct_sign_in=sso:" + e.id

		g := newGuest()
		g.must(t, g.visit(direct), g.press("Continue with"), g.follow("Continue"), g.press("Grace"), g.press("Continue"))
		g.isAt(t, s.url+"/demo-app")
		list := s.accounts("grace@acme.example")
		if len(list) != 1 {
			t.Fatalf("%d accounts", len(list))
		}

		t.Run("coming back", func(t *testing.T) {
			g := newGuest()
			g.must(t, g.visit(direct), g.press("Continue with"), g.follow("Continue"), g.press("Grace"), g.press("Continue"))
			g.isAt(t, s.url+"/demo-app")
			if again := s.accounts("grace@acme.example"); len(again) != 1 || again[0].ID != list[0].ID {
				t.Errorf("came in as %v", again)
			}
		})
		t.Run("saying no", func(t *testing.T) {
			g := newGuest()
			g.must(t, g.visit(direct), g.press("Continue with"), g.follow("Continue"), g.press("Cancel"), g.press("Continue"))
			if strings.HasPrefix(g.at.String(), s.url+"/demo-app") || g.status >= 500 {
				t.Error(g.lost("in, or at a fault"))
			}
		})
		t.Run("an address that the employer does not vouch for", func(t *testing.T) {
			s.resident(map[string]any{"primaryEmail": "eve@elsewhere.example"})
			g := newGuest()
			g.must(t, g.visit(direct), g.press("Continue with"), g.follow("Continue"), g.press("Eve"), g.press("Continue"))
			for _, u := range s.accounts("eve@elsewhere.example") {
				var all struct{ SSOIdentities []any }
				s.api("GET", "/users/"+u.ID+"?includeSsoIdentities=true", nil, http.StatusOK, &all)
				if len(all.SSOIdentities) > 0 {
					t.Error("somebody's account was linked to whoever claims their address")
				}
			}
		})
		t.Run("the door is closed", func(t *testing.T) {
			s.set(map[string]any{"signInMode": "SignIn"})
			g := newGuest()
			g.must(t, g.visit(direct), g.press("Continue with"), g.follow("Continue"), g.press("Ada"), g.press("Continue"))
			if n := len(s.accounts("ada@acme.example")); n != 0 || strings.HasPrefix(g.at.String(), s.url+"/demo-app") {
				t.Error(g.lost("%d accounts", n))
			}
			g = newGuest()
			g.must(t, g.visit(direct), g.press("Continue with"), g.follow("Continue"), g.press("Grace"), g.press("Continue"))
			g.isAt(t, s.url+"/demo-app")
		})
		t.Run("replayed", func(t *testing.T) { replayed(t, s, e, direct) })
		t.Run("forged", func(t *testing.T) { forged(t, s, e, direct) })
	})
}

// replayed posts one answer twice, from the browser that it was for and from
// another.
func replayed(t *testing.T, s *site, e *employer, direct string) {
	g := newGuest()
	g.must(t, g.visit(direct), g.press("Continue with"), g.follow("Continue"))
	acs, form, err := e.Answer(g.at.String(), "grace-1906")
	if err != nil {
		t.Fatal(err)
	}
	thief := newGuest()
	thief.must(t, thief.do(http.MethodPost, acs, form))
	if strings.HasPrefix(thief.at.String(), s.url+"/demo-app") {
		t.Fatal("another browser came in with the answer")
	}
	g.must(t, g.do(http.MethodPost, acs, form))
	if strings.HasPrefix(g.at.String(), s.url+"/demo-app") {
		t.Error("the answer was taken twice")
	}
	if g.status >= http.StatusInternalServerError || thief.status >= http.StatusInternalServerError {
		t.Errorf("a fault of ours: %d, %d", g.status, thief.status)
	}
}

// forged brings answers that go wrong on their way, all with a browser that
// really asked.
func forged(t *testing.T, s *site, e *employer, direct string) {
	for _, fault := range connectortest.AllSAMLFaults() {
		before := e.Faults
		format, signs := e.NameIDFormat, e.Signs
		fault.Provoke(e.SAML)
		g := newGuest()
		g.must(t, g.visit(direct), g.press("Continue with"), g.follow("Continue"))
		acs, form, err := e.Answer(g.at.String(), "grace-1906")
		e.Faults, e.NameIDFormat, e.Signs = before, format, signs
		if err != nil {
			t.Fatal(fault.Name, err)
		}
		g.must(t, g.do(http.MethodPost, acs, form))
		if strings.HasPrefix(g.at.String(), s.url+"/demo-app") {
			t.Errorf("%s: came in", fault.Name)
		}
		if g.status >= http.StatusInternalServerError {
			t.Errorf("%s: %d at %s", fault.Name, g.status, g.at)
		}
	}
}

// TestEmployersProviderInABrowser does the same in Chromium, which keeps our
// cookies from what the provider's site makes it post.
func TestEmployersProviderInABrowser(t *testing.T) {
	b := newTab(t)
	s := serveSite(t, "sqlite")
	s.connectMessages()
	s.set(openHouse())
	e := s.employ(t, "acme.example")
	b.Open(s.url + "/demo-app?" + url.Values{"direct_sign_in": {"sso:" + e.id}}.Encode())
	b.WaitText("Who are you?")
	b.Click("Grace")
	b.WaitAt(s.url + "/demo-app")
	if n := len(s.accounts("grace@acme.example")); n != 1 {
		t.Errorf("%d accounts", n)
	}
}
