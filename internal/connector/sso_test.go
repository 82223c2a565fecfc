package connector_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guestlist"
	"guestlist/internal/connector"
	"guestlist/internal/saml"
)

func TestTheKindsOfEnterpriseProvidersAreThoseOfTheWire(t *testing.T) {
	want := [][3]string{
		{"OIDC", "oidc", "OIDC"}, {"SAML", "saml", "SAML"},
		{"AzureAD", "saml", "Microsoft Entra ID (SAML)"}, {"AzureAdOidc", "oidc", "Microsoft Entra ID (OIDC)"},
		{"GoogleWorkspace", "oidc", "Google Workspace"}, {"Okta", "oidc", "Okta"},
	}
	var got [][3]string
	for _, p := range connector.SSOProviders() {
		got = append(got, [3]string{p.ProviderName, p.ProviderType, p.Name})
		if !strings.HasPrefix(p.Logo, "data:image/svg+xml;base64,") || p.LogoDark == "" || p.Description == "" {
			t.Errorf("%s has no logo or no description", p.ProviderName)
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestEnterpriseConfigsAreCheckedAndFilledIn(t *testing.T) {
	h := newSAMLHouse(t)
	metadata := h.metadata(t)
	oidc := `{"clientId":"foo","clientSecret":"bar","issuer":"https://idp.example/oidc"}`
	filled := `{"issuer":"https://idp.example/oidc","clientId":"foo","clientSecret":"bar","trustUnverifiedEmail":false}`
	quoted := func(s string) string { b, _ := json.Marshal(s); return string(b) }
	cert := quoted(saml.PEM(h.idp.Certificate()))
	for name, tt := range map[string]struct{ provider, config, want, code string }{
		"nothing":                   {"OIDC", ``, `{}`, ""},
		"OIDC":                      {"OIDC", oidc, filled, ""},
		"OIDC at home":              {"OIDC", `{"clientId":"foo","clientSecret":"bar","issuer":"http://localhost:3001/oidc"}`, `{"issuer":"http://localhost:3001/oidc","clientId":"foo","clientSecret":"bar","trustUnverifiedEmail":false}`, ""},
		"unknown members":           {"OIDC", strings.Replace(oidc, "{", `{"spPrivateKey":"x","foo":1,`, 1), filled, ""},
		"scope and trust":           {"Okta", strings.Replace(oidc, "{", `{"scope":"groups","trustUnverifiedEmail":true,`, 1), `{"issuer":"https://idp.example/oidc","clientId":"foo","clientSecret":"bar","scope":"groups","trustUnverifiedEmail":true}`, ""},
		"Google":                    {"GoogleWorkspace", `{"clientId":"foo","clientSecret":"bar","issuer":"https://evil.example","offlineAccess":true}`, `{"clientId":"foo","clientSecret":"bar","trustUnverifiedEmail":false,"offlineAccess":true}`, ""},
		"metadata":                  {"SAML", `{"metadata":` + quoted(metadata) + `}`, `{"metadata":` + quoted(metadata) + `}`, ""},
		"metadata by URL":           {"AzureAD", `{"metadataUrl":"https://idp.example/m"}`, `{"metadataUrl":"https://idp.example/m"}`, ""},
		"single fields":             {"SAML", `{"entityId":"e","signInEndpoint":"https://idp.example/sso","x509Certificate":` + cert + `,"attributeMapping":{"email":"mail"}}`, `{"entityId":"e","signInEndpoint":"https://idp.example/sso","x509Certificate":` + cert + `,"attributeMapping":{"email":"mail"}}`, ""},
		"no provider":               {"Nope", oidc, "", "connector.not_found"},
		"empty OIDC":                {"OIDC", `{}`, "", "connector.invalid_config"},
		"empty SAML":                {"SAML", `{}`, "", "connector.invalid_config"},
		"null":                      {"OIDC", `null`, "", "connector.invalid_config"},
		"a list":                    {"OIDC", `[]`, "", "connector.invalid_config"},
		"a part":                    {"OIDC", `{"clientId":"x"}`, "", "connector.invalid_config"},
		"other members":             {"OIDC", `{"foo":1}`, "", "connector.invalid_config"},
		"wrong type":                {"OIDC", strings.Replace(oidc, `"foo"`, `5`, 1), "", "connector.invalid_config"},
		"trust that is a text":      {"OIDC", strings.Replace(oidc, "{", `{"trustUnverifiedEmail":"yes",`, 1), "", "connector.invalid_config"},
		"issuer that is none":       {"OIDC", strings.Replace(oidc, "https://idp.example/oidc", "nope", 1), "", "connector.invalid_config"},
		"issuer without TLS":        {"OIDC", strings.Replace(oidc, "https:", "http:", 1), "", "connector.invalid_config"},
		"issuer with a query":       {"OIDC", strings.Replace(oidc, "/oidc", "/oidc?a=b", 1), "", "connector.invalid_config"},
		"huge":                      {"OIDC", strings.Replace(oidc, "foo", strings.Repeat("a", 5000), 1), "", "connector.invalid_config"},
		"every tenant, trusted":     {"AzureAdOidc", `{"clientId":"a","clientSecret":"b","issuer":"https://login.microsoftonline.com/organizations/v2.0","trustUnverifiedEmail":true}`, "", "connector.invalid_config"},
		"metadata that are no XML":  {"SAML", `{"metadata":"not xml"}`, "", "connector.invalid_certificate"},
		"metadata without endpoint": {"SAML", `{"metadata":` + quoted(strings.ReplaceAll(metadata, "HTTP-Redirect", "SOAP")) + `}`, "", "connector.invalid_metadata"},
		"bad certificate":           {"SAML", `{"entityId":"x","signInEndpoint":"https://idp.example/sso","x509Certificate":"nope"}`, "", "connector.invalid_certificate"},
		"two of three fields":       {"SAML", `{"entityId":"x","signInEndpoint":"https://idp.example/sso"}`, "", "connector.invalid_config"},
		"metadata of a file":        {"SAML", `{"metadataUrl":"file:///etc/passwd"}`, "", "connector.invalid_config"},
		"SHA-1":                     {"SAML", `{"metadataUrl":"https://idp.example/m","requestSignatureAlgorithm":"http://www.w3.org/2000/09/xmldsig#rsa-sha1"}`, "", "connector.invalid_config"},
		"a mapping of numbers":      {"SAML", `{"metadataUrl":"https://idp.example/m","attributeMapping":{"email":5}}`, "", "connector.invalid_config"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := connector.ValidateSSOConfig(tt.provider, guestlist.JSONObject(tt.config))
			if code := guestlist.CodeOf(err); code != tt.code {
				t.Fatalf("got %v, want %q", err, tt.code)
			}
			if d := cmp.Diff(tt.want, string(got)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestAConnectorThatIsNotSetUpYetIsNotAsked(t *testing.T) {
	set := connector.NewSet(nil, samlHome, nil)
	for _, p := range connector.SSOProviders() {
		for _, config := range []string{``, `{}`, `{"clientId":"x"}`, `{"metadata":5}`} {
			c := guestlist.SSOConnector{ID: "c1", ProviderName: p.ProviderName, Config: guestlist.JSONObject(config)}
			if _, err := set.SSO(c); guestlist.CodeOf(err) != "connector.invalid_config" {
				t.Errorf("%s %s: %v", p.ProviderName, config, err)
			}
		}
	}
	if _, err := set.SSO(guestlist.SSOConnector{ProviderName: "Nope", Config: guestlist.JSONObject(`{"clientId":"a","clientSecret":"b"}`)}); err == nil {
		t.Error("a provider that is not here")
	}
}

// discovery serves the metadata of an OpenID provider that nobody signs in at.
func discovery(t *testing.T) (*httptest.Server, *connector.Set) {
	t.Helper()
	var server *httptest.Server
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/.well-known/openid-configuration" {
			http.NotFound(w, r)
			return
		}
		_, _ = fmt.Fprintf(w, `{"issuer":%[1]q,"authorization_endpoint":"%[1]s/auth","token_endpoint":"%[1]s/token","userinfo_endpoint":"%[1]s/me","jwks_uri":"%[1]s/jwks"}`, server.URL)
	}))
	t.Cleanup(server.Close)
	return server, connector.NewSet(server.Client(), samlHome, nil)
}

func TestEnterpriseConnectorsAreDescribed(t *testing.T) {
	server, set := discovery(t)
	describe := func(t *testing.T, c guestlist.SSOConnector) string {
		t.Helper()
		said, err := set.DescribeSSO(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(said)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	config := `{"clientId":"foo","clientSecret":"bar","issuer":"` + server.URL + `","trustUnverifiedEmail":false,"scope":"email groups"}`
	got := describe(t, guestlist.SSOConnector{ID: "c1", ProviderName: "OIDC", Config: guestlist.JSONObject(config)})
	want := `{"authorizationEndpoint":"U/auth","clientId":"foo","clientSecret":"bar","issuer":"U","jwksUri":"U/jwks","scope":"openid profile email groups","tokenEndpoint":"U/token","trustUnverifiedEmail":false,"userinfoEndpoint":"U/me"}`
	if d := cmp.Diff(strings.ReplaceAll(want, "U/", server.URL+"/"), strings.ReplaceAll(strings.ReplaceAll(got, `"`+server.URL+`"`, `"U"`), "", "")); d != "" {
		t.Error(d)
	}
	if got := describe(t, guestlist.SSOConnector{ID: "c1", ProviderName: "OIDC"}); got != "null" {
		t.Errorf("without a config: %s", got)
	}
	got = describe(t, guestlist.SSOConnector{ID: "c1", ProviderName: "AzureAD"})
	want = `{"defaultAttributeMapping":{"email":"email","id":"nameID","name":"name"},"serviceProvider":{"assertionConsumerServiceUrl":"` + samlHome +
		`/api/authn/single-sign-on/saml/c1","entityId":"` + samlHome + `/enterprise-sso/c1"}}`
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	down := `{"clientId":"foo","clientSecret":"bar","issuer":"` + server.URL + `/nope"}`
	_, err := set.DescribeSSO(t.Context(), guestlist.SSOConnector{ID: "c1", ProviderName: "OIDC", Config: guestlist.JSONObject(down)})
	if guestlist.CodeOf(err) != "connector.invalid_config" || guestlist.KindOf(err) != guestlist.KindInvalid {
		t.Errorf("an issuer that is not there: %v", err)
	}
}

func TestASAMLProviderIsDescribed(t *testing.T) {
	h := newSAMLHouse(t)
	said, err := h.set.DescribeSSO(t.Context(), guestlist.SSOConnector{ID: "c1", ProviderName: "SAML", Config: object(t, map[string]any{"metadataUrl": h.idp.MetadataURL()})})
	if err != nil {
		t.Fatal(err)
	}
	idp := said["identityProvider"].(map[string]any)
	if idp["entityId"] != h.idp.EntityID() || idp["x509Certificate"] != saml.PEM(h.idp.Certificate()) || idp["isCertificateValid"] != true ||
		idp["certificateExpiresAt"] != guestlist.TimeOf(h.idp.Certificate().NotAfter) {
		t.Errorf("got %v", idp)
	}
	if _, err := h.set.SPMetadata(guestlist.SSOConnector{ID: "c1", ProviderName: "OIDC"}); guestlist.KindOf(err) != guestlist.KindNotFound {
		t.Errorf("SAML metadata of an OpenID connector: %v", err)
	}
	text, err := h.set.SPMetadata(guestlist.SSOConnector{ID: "c1", ProviderName: "SAML"})
	if err != nil || !strings.Contains(string(text), samlHome+"/enterprise-sso/c1") {
		t.Errorf("%s, %v", text, err)
	}
}

// The same address may be taken for two kinds of documents.
func TestAnAddressOfTwoKindsOfDocuments(t *testing.T) {
	server, set := discovery(t)
	oidc := guestlist.SSOConnector{ID: "c1", ProviderName: "OIDC", Config: guestlist.JSONObject(`{"clientId":"foo","clientSecret":"bar","issuer":"` + server.URL + `"}`)}
	odd := guestlist.SSOConnector{ID: "c2", ProviderName: "SAML", Config: guestlist.JSONObject(`{"metadataUrl":"` + server.URL + `/.well-known/openid-configuration"}`)}
	for range 2 {
		if _, err := set.DescribeSSO(t.Context(), oidc); err != nil {
			t.Error(err)
		}
		if _, err := set.DescribeSSO(t.Context(), odd); guestlist.CodeOf(err) != "connector.invalid_metadata" {
			t.Error(err)
		}
	}
}

func TestGoogleWorkspaceAsksWhichAccount(t *testing.T) {
	_, set := discovery(t)
	set.Hosts = map[string]string{"accounts.google.com": "http://127.0.0.1:1"}
	c := guestlist.SSOConnector{ID: "c1", ProviderName: "GoogleWorkspace", Domains: []string{"acme.example"}, Config: guestlist.JSONObject(`{"clientId":"foo","clientSecret":"bar"}`)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"issuer":"https://accounts.google.com","authorization_endpoint":"https://accounts.google.com/o/oauth2/v2/auth","token_endpoint":"https://oauth2.googleapis.com/token","jwks_uri":"https://www.googleapis.com/oauth2/v3/certs"}`))
	}))
	t.Cleanup(server.Close)
	set.Hosts["accounts.google.com"] = server.URL
	p, err := set.SSO(c)
	if err != nil {
		t.Fatal(err)
	}
	location, _, err := p.Begin(t.Context(), connector.Attempt{State: "st", RedirectURI: samlHome + "/callback/c1"})
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(location)
	if err != nil || u.Query().Get("prompt") != "select_account" || u.Query().Get("hd") != "acme.example" || u.Query().Get("scope") != "openid profile email" {
		t.Error(location, err)
	}
}
