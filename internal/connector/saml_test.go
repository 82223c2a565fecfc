package connector_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guestlist"
	"guestlist/internal/connector"
	"guestlist/internal/connector/connectortest"
	"guestlist/internal/saml"
)

const (
	samlHome = "https://login.guestlist.example"
	graceID  = "grace-1906"
)

// samlHouse is a SAML provider, and us.
type samlHouse struct {
	idp *connectortest.SAML
	set *connector.Set
	now time.Time
	// fetched counts how often the metadata were asked for.
	fetched atomic.Int32
}

func newSAMLHouse(t *testing.T) *samlHouse {
	t.Helper()
	h := &samlHouse{idp: connectortest.NewSAML(), now: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == connectortest.SAMLMetadataPath {
			h.fetched.Add(1)
		}
		h.idp.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	h.idp.SetBase(server.URL)
	h.idp.Now = func() time.Time { return h.now }
	h.set = connector.NewSet(server.Client(), samlHome, func() time.Time { return h.now })
	return h
}

func (h *samlHouse) metadata(t *testing.T) string {
	t.Helper()
	text, err := h.idp.Metadata()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func object(t *testing.T, v any) guestlist.JSONObject {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// enterprise returns the Poster of an enterprise connector with that config.
func (h *samlHouse) enterprise(t *testing.T, config any) connector.Poster {
	t.Helper()
	valid, err := connector.ValidateSSOConfig(connector.SSOSAML, object(t, config))
	if err != nil {
		t.Fatal(err, config)
	}
	p, err := h.set.SSO(guestlist.SSOConnector{ID: "c1", ProviderName: connector.SSOSAML, Config: valid})
	if err != nil {
		t.Fatal(err)
	}
	return p.(connector.Poster)
}

func (h *samlHouse) social(t *testing.T, config any) connector.Poster {
	t.Helper()
	if err := connector.ValidateConfig("saml", object(t, config)); err != nil {
		t.Fatal(err)
	}
	p, err := h.set.Social(guestlist.Connector{ID: "c2", FactoryID: "saml", Config: object(t, config)})
	if err != nil {
		t.Fatal(err)
	}
	return p.(connector.Poster)
}

// visit goes to the provider and brings its answer.
func (h *samlHouse) visit(t *testing.T, p connector.Poster, person string) (connector.Pending, url.Values) {
	t.Helper()
	const acs = samlHome + "/api/authn/single-sign-on/saml/c1"
	location, pending, err := p.Begin(t.Context(), connector.Attempt{State: "st", RedirectURI: samlHome + "/callback/c1", ACS: acs})
	if err != nil {
		t.Fatal(err)
	}
	if pending.State != "st" || pending.ACS != acs || pending.RequestID == "" || len(pending.Relay) < 20 || pending.Relay == pending.State {
		t.Errorf("pending %+v", pending)
	}
	to, form, err := h.idp.Answer(location, person)
	if err != nil {
		t.Fatal(err)
	}
	if to != acs {
		t.Errorf("the answer is posted to %s", to)
	}
	return pending, form
}

func TestGuestsComeInBySAML(t *testing.T) {
	h := newSAMLHouse(t)
	opens := rsaKey(t)
	want := guestlist.OutsideIdentity{
		Issuer: h.idp.EntityID(), Subject: graceID, Email: "grace@acme.example", EmailVerified: true, Name: "Grace Hopper",
		Raw: guestlist.JSONObject(`{"email":"grace@acme.example","name":"Grace Hopper","nameID":"grace-1906"}`),
	}
	pemOf := saml.PEM(h.idp.Certificate())
	for name, tt := range map[string]struct {
		poster  func(t *testing.T) connector.Poster
		prepare func()
	}{
		"enterprise, metadata by URL": {poster: func(t *testing.T) connector.Poster {
			return h.enterprise(t, map[string]any{"metadataUrl": h.idp.MetadataURL()})
		}},
		"enterprise, metadata": {poster: func(t *testing.T) connector.Poster {
			return h.enterprise(t, map[string]any{"metadata": h.metadata(t)})
		}},
		"enterprise, single fields": {poster: func(t *testing.T) connector.Poster {
			return h.enterprise(t, map[string]any{
				"entityId": h.idp.EntityID(), "signInEndpoint": strings.TrimSuffix(h.idp.EntityID(), connectortest.SAMLMetadataPath) + connectortest.SAMLSignInPath,
				"x509Certificate": pemOf, "attributeMapping": map[string]any{"email": "email"},
			})
		}},
		"assertion signed": {
			poster:  func(t *testing.T) connector.Poster { return h.enterprise(t, map[string]any{"metadata": h.metadata(t)}) },
			prepare: func() { h.idp.Signs = connectortest.SignsAssertion },
		},
		"response signed": {
			poster:  func(t *testing.T) connector.Poster { return h.enterprise(t, map[string]any{"metadata": h.metadata(t)}) },
			prepare: func() { h.idp.Signs = connectortest.SignsResponse },
		},
		"social": {poster: func(t *testing.T) connector.Poster {
			return h.social(t, map[string]any{"entityID": "urn:us", "idpMetadataXml": h.metadata(t), "x509Certificate": pemOf,
				"assertionConsumerServiceUrl": samlHome + "/api/authn/saml/c2", "profileMap": map[string]any{"id": "id", "email": "email", "name": "name"}})
		}},
		"social, encrypted": {
			poster: func(t *testing.T) connector.Poster {
				return h.social(t, map[string]any{"entityID": "urn:us", "idpMetadataXml": h.metadata(t),
					"encryptAssertion": true, "encPrivateKey": pemKey(t, opens)})
			},
			prepare: func() { h.idp.Encrypt = certificateOf(t, opens) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			h.idp.Signs, h.idp.Encrypt = connectortest.SignsBoth, nil
			if tt.prepare != nil {
				tt.prepare()
			}
			p := tt.poster(t)
			pending, form := h.visit(t, p, graceID)
			a, err := p.Accept(pending, form)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, a.Identity); d != "" {
				t.Error(d)
			}
			if a.ID == "" || a.Until <= guestlist.TimeOf(h.now) || a.Until > guestlist.TimeOf(h.now.Add(time.Hour)) {
				t.Errorf("id %q until %v", a.ID, a.Until.Std())
			}
		})
	}
}

func TestWhateverASAMLProviderDoesWrongHasItsCode(t *testing.T) {
	for _, fault := range connectortest.AllSAMLFaults() {
		t.Run(fault.Name, func(t *testing.T) {
			h := newSAMLHouse(t)
			p := h.enterprise(t, map[string]any{"metadata": h.metadata(t)})
			fault.Provoke(h.idp)
			pending, form := h.visit(t, p, graceID)
			a, err := p.Accept(pending, form)
			if guestlist.CodeOf(err) != fault.Code {
				t.Errorf("got %v, %v, want %s", a, err, fault.Code)
			}
			if cause := errors.Unwrap(err); err != nil && (cause == nil || cause.Error() == "") {
				t.Error("there is no reason for the audit")
			}
		})
	}
}

func TestAGuestWhoSaysNoAtASAMLProvider(t *testing.T) {
	h := newSAMLHouse(t)
	p := h.enterprise(t, map[string]any{"metadata": h.metadata(t)})
	pending, form := h.visit(t, p, "")
	if _, err := p.Accept(pending, form); guestlist.CodeOf(err) != "connector.authorization_failed" || guestlist.KindOf(err) != guestlist.KindUnauthenticated {
		t.Error(err)
	}
}

// An answer is good for one attempt, at one connector, and nowhere else.
func TestASAMLAnswerFitsItsAttemptAlone(t *testing.T) {
	h := newSAMLHouse(t)
	p := h.enterprise(t, map[string]any{"metadata": h.metadata(t)})
	first, form := h.visit(t, p, graceID)
	second, _ := h.visit(t, p, graceID)
	mixed := second
	mixed.Relay = first.Relay // as if an attacker could choose the relay state
	for name, pending := range map[string]connector.Pending{"another attempt": second, "another request": mixed, "no attempt": {}} {
		if _, err := p.Accept(pending, form); err == nil {
			t.Error(name, "took the answer")
		}
	}
	elsewhere := first
	elsewhere.ACS = samlHome + "/api/authn/single-sign-on/saml/c2"
	if _, err := p.Accept(elsewhere, form); err == nil {
		t.Error("another address took the answer")
	}
	other, err := h.set.SSO(guestlist.SSOConnector{ID: "c2", ProviderName: connector.SSOAzureAD, Config: object(t, map[string]any{"metadata": h.metadata(t)})})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.(connector.Poster).Accept(first, form); err == nil {
		t.Error("another connector took the answer")
	}
	if _, err := p.Finish(t.Context(), first, form); guestlist.CodeOf(err) != "connector.insufficient_request_parameters" {
		t.Errorf("the redirect URI took the answer: %v", err)
	}
	if _, err := p.Accept(first, form); err != nil {
		t.Errorf("the right attempt did not take it: %v", err)
	}
}

func TestMetadataByURLAreKeptAndKeysMayChange(t *testing.T) {
	h := newSAMLHouse(t)
	p := h.enterprise(t, map[string]any{"metadataUrl": h.idp.MetadataURL()})
	if n := h.fetched.Load(); n != 0 {
		t.Errorf("asked %d times before anybody came", n)
	}
	for range 3 {
		pending, form := h.visit(t, p, graceID)
		if _, err := p.Accept(pending, form); err != nil {
			t.Fatal(err)
		}
	}
	if n := h.fetched.Load(); n != 1 {
		t.Errorf("asked %d times within the hour that the provider allows", n)
	}
	h.idp.Rotate()
	pending, form := h.visit(t, p, graceID)
	if _, err := p.Accept(pending, form); err != nil {
		t.Errorf("after the key changed: %v", err)
	}
	h.idp.Faults.Stranger = true // anybody can post what does not verify
	for range 5 {
		pending, form := h.visit(t, p, graceID)
		if _, err := p.Accept(pending, form); guestlist.CodeOf(err) != "connector.invalid_response" {
			t.Error(err)
		}
	}
	if n := h.fetched.Load(); n != 2 {
		t.Errorf("asked %d times: strangers can make us ask", n)
	}
}

func TestMetadataThatCannotBeHadAreRefused(t *testing.T) {
	for name, serve := range map[string]http.HandlerFunc{
		"down": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
		"page": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<!doctype html><p>Hello")) },
		"huge": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 3<<20)) },
		"redirects": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://169.254.169.254/", http.StatusFound)
		},
		"no key": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="x"><IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example/sso"/></IDPSSODescriptor></EntityDescriptor>`))
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newSAMLHouse(t)
			h.idp.Faults.Metadata = serve
			p := h.enterprise(t, map[string]any{"metadataUrl": h.idp.MetadataURL()})
			_, _, err := p.Begin(t.Context(), connector.Attempt{State: "st", ACS: samlHome + "/acs"})
			if code := guestlist.CodeOf(err); code != "connector.general" && code != "connector.invalid_metadata" {
				t.Errorf("got %v", err)
			}
			_, err = h.set.DescribeSSO(t.Context(), guestlist.SSOConnector{ID: "c1", ProviderName: connector.SSOSAML,
				Config: object(t, map[string]any{"metadataUrl": h.idp.MetadataURL()})})
			if guestlist.CodeOf(err) != "connector.invalid_metadata" || guestlist.KindOf(err) != guestlist.KindInvalid {
				t.Errorf("describing: %v", err)
			}
		})
	}
}

func TestSignedSAMLRequests(t *testing.T) {
	h := newSAMLHouse(t)
	h.idp.WantSigned = true
	config, err := connector.ValidateSSOConfig(connector.SSOSAML, object(t, map[string]any{"metadata": h.metadata(t), "signAuthnRequest": true}))
	if err != nil {
		t.Fatal(err)
	}
	c := guestlist.SSOConnector{ID: "c1", ProviderName: connector.SSOSAML, Config: config}
	published, err := h.set.SPMetadata(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.idp.Register(published); err != nil {
		t.Fatal(err)
	}
	p, err := h.set.SSO(c)
	if err != nil {
		t.Fatal(err)
	}
	pending, form := h.visit(t, p.(connector.Poster), graceID) // the provider verifies the request
	if _, err := p.(connector.Poster).Accept(pending, form); err != nil {
		t.Error(err)
	}

	shown := connector.ShownSSOConfig(config)
	if strings.Contains(string(shown), "PRIVATE") || strings.Contains(string(shown), "CERTIFICATE-----") || !strings.Contains(string(shown), "signAuthnRequest") {
		t.Errorf("shown: %s", shown)
	}
	// Somebody changes what is shown, and sends it back.
	given := object(t, map[string]any{"metadata": h.metadata(t), "signAuthnRequest": true, "spPrivateKey": "mine"})
	again, err := connector.ValidateSSOConfig(connector.SSOSAML, connector.KeepSSOKey(config, given))
	if err != nil {
		t.Fatal(err)
	}
	c.Config = again
	if now, err := h.set.SPMetadata(c); err != nil || string(now) != string(published) {
		t.Errorf("the key did not stay: %s, %v", now, err)
	}
}

func TestSocialSAMLSignsWithTheKeyOfItsConfig(t *testing.T) {
	h := newSAMLHouse(t)
	p := h.social(t, map[string]any{"entityID": "urn:us", "idpMetadataXml": h.metadata(t), "signAuthnRequest": true,
		"requestSignatureAlgorithm": saml.RSASHA512, "privateKey": pemKey(t, rsaKey(t)), "nameIDFormat": saml.NameIDPersistent})
	location, _, err := p.Begin(t.Context(), connector.Attempt{State: "st", ACS: samlHome + "/acs"})
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(location)
	if err != nil || u.Query().Get("SigAlg") != saml.RSASHA512 || u.Query().Get("Signature") == "" {
		t.Error(location, err)
	}
}

func TestSAMLConfigsThatCannotWorkAreRefused(t *testing.T) {
	h := newSAMLHouse(t)
	good := map[string]any{"entityID": "urn:us", "idpMetadataXml": h.metadata(t)}
	for name, change := range map[string]map[string]any{
		"no entity":                  {"entityID": nil},
		"no metadata":                {"idpMetadataXml": ""},
		"metadata of nothing":        {"idpMetadataXml": "<x/>"},
		"broken certificate":         {"x509Certificate": "nope"},
		"SHA-1":                      {"requestSignatureAlgorithm": "http://www.w3.org/2000/09/xmldsig#rsa-sha1"},
		"signing without a key":      {"signAuthnRequest": true},
		"signing with no key":        {"signAuthnRequest": true, "privateKey": "nope"},
		"opening without a key":      {"encryptAssertion": true},
		"opening with no key":        {"encryptAssertion": true, "encPrivateKey": "nope"},
		"names for one session":      {"nameIDFormat": saml.NameIDTransient},
		"a sign-in page in a script": {"signInEndpoint": "javascript:alert(1)"},
		"a sign-in page without TLS": {"signInEndpoint": "http://idp.example/sso"},
		"a map that is none":         {"profileMap": "id"},
	} {
		config := map[string]any{}
		for k, v := range good {
			config[k] = v
		}
		for k, v := range change {
			config[k] = v
		}
		if err := connector.ValidateConfig("saml", object(t, config)); guestlist.CodeOf(err) != "connector.invalid_config" {
			t.Errorf("%s: %v", name, err)
		}
	}
	good["nameIDFormat"], good["profileMap"] = saml.NameIDTransient, map[string]any{"id": "uid"}
	if err := connector.ValidateConfig("saml", object(t, good)); err != nil {
		t.Errorf("transient names beside an id: %v", err)
	}
}

// People are read from the attributes that a config names, or else from the
// usual ones.
func TestSAMLAttributesAreMapped(t *testing.T) {
	h := newSAMLHouse(t)
	for name, tt := range map[string]struct {
		mapping      map[string]any
		format       string
		person       connectortest.SAMLPerson
		wantID, mail string
	}{
		"nothing mapped":        {nil, "", h.idp.People[0], graceID, "grace@acme.example"},
		"default mapping":       {map[string]any{"id": "nameID", "email": "email", "name": "name"}, "", h.idp.People[0], graceID, "grace@acme.example"},
		"id is an attribute":    {map[string]any{"id": "email"}, "", h.idp.People[0], "grace@acme.example", "grace@acme.example"},
		"session name, with id": {map[string]any{"id": "email"}, saml.NameIDTransient, h.idp.People[0], "grace@acme.example", "grace@acme.example"},
		"mapped to nothing":     {map[string]any{"email": "no-such"}, "", h.idp.People[0], graceID, ""},
		"address as name":       {nil, saml.NameIDEmail, connectortest.SAMLPerson{NameID: "ada@acme.example"}, "ada@acme.example", "ada@acme.example"},
		"no address":            {nil, "", connectortest.SAMLPerson{NameID: "x", Email: "no address"}, "x", ""},
	} {
		t.Run(name, func(t *testing.T) {
			h.idp.NameIDFormat, h.idp.People = tt.format, []connectortest.SAMLPerson{tt.person}
			p := h.enterprise(t, map[string]any{"metadata": h.metadata(t), "attributeMapping": tt.mapping})
			pending, form := h.visit(t, p, tt.person.NameID)
			a, err := p.Accept(pending, form)
			if err != nil {
				t.Fatal(err)
			}
			if a.Identity.Subject != tt.wantID || a.Identity.Email != tt.mail || a.Identity.EmailVerified != (tt.mail != "") {
				t.Errorf("got %+v", a.Identity)
			}
		})
	}
}

func rsaKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func pemKey(t *testing.T, key *rsa.PrivateKey) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func certificateOf(t *testing.T, key *rsa.PrivateKey) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "us"}, NotAfter: time.Date(2120, 1, 1, 0, 0, 0, 0, time.UTC)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}
