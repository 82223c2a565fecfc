package management

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guestlist"
	"guestlist/internal/saml"
	"guestlist/internal/store"
)

// discovery is an OpenID provider at https://idp.test that answers with its
// metadata, or with what broken says.
func discovery(t *testing.T, f *fixture) (broken *string) {
	t.Helper()
	broken = new(string)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if *broken != "" {
			_, _ = w.Write([]byte(*broken))
			return
		}
		_, _ = w.Write([]byte(`{"issuer":"https://idp.test","authorization_endpoint":"https://idp.test/auth",
			"token_endpoint":"https://idp.test/token","userinfo_endpoint":"https://idp.test/me","jwks_uri":"https://idp.test/jwks",
			"response_types_supported":["code"],"subject_types_supported":["public"],"id_token_signing_alg_values_supported":["RS256"]}`))
	}))
	t.Cleanup(srv.Close)
	f.api.Connectors.Hosts = map[string]string{"idp.test": srv.URL}
	return broken
}

func ssoOIDC(name string, domains ...string) map[string]any {
	body := map[string]any{"providerName": "OIDC", "connectorName": name, "config": map[string]any{
		"clientId": "foo", "clientSecret": "s3cret", "issuer": "https://idp.test",
	}}
	if domains != nil {
		body["domains"] = domains
	}
	return body
}

// shownSSO is what tests look at in an enterprise connector.
type shownSSO struct {
	ID, ProviderName, ConnectorName, Name, ProviderType, ProviderLogo, ProviderLogoDark string
	Config, Branding, ProviderConfig                                                    map[string]any
	Domains                                                                             []string
	SyncProfile                                                                         bool
}

func TestEnterpriseConnectorsAreReadWithTheirKind(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		discovery(t, f)
		var c shownSSO
		f.must(200, "POST", "/api/sso-connectors", ssoOIDC("acme", "acme.example")).decode(t, &c)
		if c.ProviderType != "" || c.Config["clientSecret"] != "s3cret" || c.Config["trustUnverifiedEmail"] != false {
			t.Errorf("created: %+v", c)
		}
		path := "/api/sso-connectors/" + c.ID
		f.must(200, "GET", path, nil).decode(t, &c)
		if c.ProviderType != "oidc" || c.Name == "" || !strings.HasPrefix(c.ProviderLogo, "data:") || c.ProviderLogoDark == "" ||
			c.ProviderConfig["authorizationEndpoint"] != "https://idp.test/auth" {
			t.Errorf("read: %+v", c)
		}
		f.must(200, "PATCH", path, map[string]any{}).decode(t, &c)
		f.refused(400, "connector.invalid_config", "PATCH", path, map[string]any{"config": map[string]any{"scope": "extra"}})
		f.must(200, "PATCH", path, map[string]any{
			"connectorName": "renamed", "domains": []string{}, "branding": map[string]any{"displayName": "X"}, "syncProfile": true,
			"providerName": "SAML",
		})
		var changed shownSSO
		f.must(200, "GET", path, nil).decode(t, &changed)
		if changed.ConnectorName != "renamed" || len(changed.Domains) != 0 || changed.Branding["displayName"] != "X" || !changed.SyncProfile ||
			changed.ProviderName != "OIDC" || changed.Config["clientSecret"] != "s3cret" {
			t.Errorf("changed: %+v", changed)
		}
		f.must(200, "POST", "/api/sso-connectors", map[string]any{"providerName": "SAML", "connectorName": "other"})
		f.refused(409, "single_sign_on.duplicate_connector_name", "PATCH", path, map[string]any{"connectorName": "other"})
		for domain, code := range map[string]string{"gmail.com": "single_sign_on.forbidden_domains", "a.example": "single_sign_on.duplicated_domains"} {
			f.refused(422, code, "PATCH", path, map[string]any{"domains": []string{domain, domain}})
		}
		f.must(200, "PATCH", path, map[string]any{"domains": []string{"BÜCHER.example", "Straße.example"}}).decode(t, &changed)
		if strings.Join(changed.Domains, " ") != "xn--bcher-kva.example xn--strae-oqa.example" {
			t.Errorf("domains that are not ASCII: %q", changed.Domains)
		}
		f.refused(422, "single_sign_on.duplicated_domains", "PATCH", path, map[string]any{"domains": []string{"bücher.example", "xn--bcher-kva.example"}})
		f.refused(400, "guard.invalid_input", "PATCH", path, map[string]any{"domains": []string{"bü cher.example"}})
		f.must(204, "DELETE", path, nil)
		f.refused(404, "entity.not_exists_with_id", "DELETE", path, nil)
	})
}

func TestEnterpriseConnectorsArePaged(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		for i := range 5 {
			f.must(200, "POST", "/api/sso-connectors", map[string]any{"providerName": "OIDC", "connectorName": fmt.Sprint("c", i)})
		}
		names := func(query string) (names string, header http.Header) {
			t.Helper()
			a := f.must(200, "GET", "/api/sso-connectors"+query, nil)
			var rows []shownSSO
			a.decode(t, &rows)
			for _, r := range rows {
				names += r.ConnectorName
			}
			return names, a.header
		}
		if got, h := names(""); got != "c0c1c2c3c4" || h.Get("Total-Number") != "" {
			t.Errorf("all: %q %q", got, h.Get("Total-Number"))
		}
		if got, h := names("?page=2&page_size=2"); got != "c2c3" || h.Get("Total-Number") != "5" || !strings.Contains(h.Get("Link"), `rel="next"`) {
			t.Errorf("second page: %q %q %q", got, h.Get("Total-Number"), h.Get("Link"))
		}
		if got, _ := names("?page=9&page_size=2"); got != "" {
			t.Errorf("past the end: %q", got)
		}
	})
}

func TestProviderThatCannotBeAskedIsRefusedWithoutItsWords(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		broken := discovery(t, f)
		var c shownSSO
		f.must(200, "POST", "/api/sso-connectors", ssoOIDC("good")).decode(t, &c)
		for i, answer := range []string{"inside-of-the-network", `{}`, `{"issuer":"https://evil.test"}`} {
			*broken = answer
			body := ssoOIDC(fmt.Sprint("bad", i))
			// What a provider published is remembered by address.
			issuer := fmt.Sprintf("https://idp.test/%d", i)
			body["config"].(map[string]any)["issuer"] = issuer
			a := f.call("POST", "/api/sso-connectors", body)
			if a.status != 400 || !strings.HasPrefix(a.code(), "connector.invalid_") || strings.Contains(string(a.body), "inside") {
				t.Errorf("%q: %d %s", answer, a.status, a.body)
			}
			f.refused(400, a.code(), "PATCH", "/api/sso-connectors/"+c.ID, map[string]any{"config": body["config"]})
		}
		var after shownSSO
		f.must(200, "GET", "/api/sso-connectors/"+c.ID, nil).decode(t, &after)
		if after.Config["issuer"] != "https://idp.test" {
			t.Errorf("config after refusals: %v", after.Config)
		}
	})
}

func TestProvidersAreThoseOfTheWire(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		var providers []guestlist.SSOProvider
		f.must(200, "GET", "/api/sso-connector-providers", nil).decode(t, &providers)
		got := map[string]string{}
		for _, p := range providers {
			got[p.ProviderName] = p.ProviderType
			if p.Name == "" || p.Description == "" || !strings.HasPrefix(p.Logo, "data:image/") || !strings.HasPrefix(p.LogoDark, "data:image/") {
				t.Errorf("%+v", p)
			}
		}
		want := map[string]string{
			"OIDC": "oidc", "SAML": "saml", "AzureAD": "saml", "AzureAdOidc": "oidc", "GoogleWorkspace": "oidc", "Okta": "oidc",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("providers (-want +got):\n%s", diff)
		}
	})
}

func TestEnterpriseConnectorsAreOfferedWhileSingleSignOnIsOn(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		discovery(t, f)
		var good shownSSO
		body := ssoOIDC("internal name", "acme.example")
		f.must(200, "POST", "/api/sso-connectors", body).decode(t, &good)
		f.must(200, "POST", "/api/sso-connectors", map[string]any{"providerName": "OIDC", "connectorName": "unfinished"})
		offered := func() (list []map[string]any) {
			t.Helper()
			var public struct{ SSOConnectors []map[string]any }
			f.ask("/api/.well-known/sign-in-exp", http.Header{}).decode(t, &public)
			return public.SSOConnectors
		}
		if got := offered(); len(got) != 0 {
			t.Errorf("while it is off: %v", got)
		}
		f.must(200, "PATCH", "/api/sign-in-exp", map[string]any{"singleSignOnEnabled": true})
		got := offered()
		if len(got) != 1 || got[0]["id"] != good.ID || got[0]["connectorName"] != "OIDC" || got[0]["logo"] == "" || got[0]["config"] != nil {
			t.Errorf("while it is on: %v", got)
		}
		f.must(200, "PATCH", "/api/sso-connectors/"+good.ID, map[string]any{"branding": map[string]any{
			"displayName": "Acme", "logo": "https://acme.test/l.svg",
		}})
		want := []map[string]any{{"id": good.ID, "connectorName": "Acme", "logo": "https://acme.test/l.svg"}}
		if diff := cmp.Diff(want, offered()); diff != "" {
			t.Errorf("with branding (-want +got):\n%s", diff)
		}
	})
}

func TestIdentitiesGoWithTheirEnterpriseConnector(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		var c shownSSO
		f.must(200, "POST", "/api/sso-connectors", map[string]any{"providerName": "OIDC", "connectorName": "acme"}).decode(t, &c)
		user := f.must(200, "POST", "/api/users", map[string]any{}).field(t, "id")
		if err := f.st.Update(t.Context(), func(tx *store.Tx) error {
			return tx.LinkSSOIdentity(guestlist.SSOIdentity{
				ID: "identity", UserID: guestlist.UserID(user), SSOConnectorID: c.ID, Issuer: "https://idp.test", IdentityID: "sub",
				Detail: json.RawMessage(`{"id":"sub"}`),
			})
		}); err != nil {
			t.Fatal(err)
		}
		var shown struct {
			SSOIdentities []map[string]any
		}
		f.must(200, "GET", "/api/users/"+user+"?includeSsoIdentities=true", nil).decode(t, &shown)
		if len(shown.SSOIdentities) != 1 || shown.SSOIdentities[0]["tenantId"] != "default" || shown.SSOIdentities[0]["updatedAt"] == nil ||
			shown.SSOIdentities[0]["ssoConnectorId"] != c.ID {
			t.Errorf("identities: %v", shown.SSOIdentities)
		}
		f.must(200, "GET", "/api/users/"+user+"/sso-identities/"+c.ID, nil)
		f.must(204, "DELETE", "/api/sso-connectors/"+c.ID, nil)
		f.refused(404, "user.enterprise_sso_identity_not_exists", "GET", "/api/users/"+user+"/sso-identities/"+c.ID, nil)
	})
}

func TestKeyThatSignsRequestsIsKeptAndShownToNobody(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, certificate, err := saml.NewKey("idp")
		if err != nil {
			t.Fatal(err)
		}
		config := map[string]any{
			"entityId": "https://idp.test/meta", "signInEndpoint": "https://idp.test/sso", "x509Certificate": certificate,
			"signAuthnRequest": true, "spPrivateKey": "mine",
		}
		a := f.must(200, "POST", "/api/sso-connectors", map[string]any{"providerName": "SAML", "connectorName": "acme", "config": config})
		path := "/api/sso-connectors/" + a.field(t, "id")
		key := func() string {
			t.Helper()
			var kept struct {
				Key string `json:"spPrivateKey"`
			}
			if err := f.st.View(t.Context(), func(tx *store.Tx) error {
				row, err := tx.SSOConnector(guestlist.ConnectorID(a.field(t, "id")))
				return errors.Join(err, json.Unmarshal(row.Config, &kept))
			}); err != nil {
				t.Fatal(err)
			}
			return kept.Key
		}
		made := key()
		if !strings.Contains(made, "PRIVATE KEY") {
			t.Fatalf("the key is %.20q", made)
		}
		config["signInEndpoint"] = "https://idp.test/other"
		answers := []answer{
			a, f.must(200, "PATCH", path, map[string]any{"config": config}), f.must(200, "GET", path, nil),
			f.must(200, "GET", "/api/sso-connectors", nil),
		}
		for _, a := range answers {
			if strings.Contains(string(a.body), "spPrivateKey") || strings.Contains(string(a.body), "PRIVATE KEY") {
				t.Errorf("the key is shown: %s", a.body)
			}
		}
		if key() != made {
			t.Error("a change of the config lost the key")
		}
		var c shownSSO
		answers[2].decode(t, &c)
		provider, _ := c.ProviderConfig["serviceProvider"].(map[string]any)
		if provider["assertionConsumerServiceUrl"] != "http://guestlist.test/api/authn/single-sign-on/saml/"+c.ID || c.Config["signInEndpoint"] != "https://idp.test/other" {
			t.Errorf("read: %+v", c)
		}
	})
}
