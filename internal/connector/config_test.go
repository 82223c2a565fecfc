package connector

import (
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"

	"guestlist"
	"guestlist/internal/connector/connectortest"
)

func standardConfig(more map[string]any) map[string]any {
	c := basic(map[string]any{"authorizationEndpoint": "https://provider.example/authorize", "tokenEndpoint": "https://provider.example/token",
		"userInfoEndpoint": "https://provider.example/me"})
	maps.Copy(c, more)
	return c
}

func oidcConfig(more map[string]any) map[string]any {
	c := standardConfig(map[string]any{"scope": "openid", "idTokenVerificationConfig": map[string]any{"jwksUri": "https://provider.example/jwks"}})
	maps.Copy(c, more)
	return c
}

func TestConfigsAreHeldAgainstTheirFactory(t *testing.T) {
	key := connectortest.NewAppleKey()
	for _, tt := range []struct {
		name, factory string
		config        map[string]any
		want          string // the path and the beginning of the message of the first fault; "" for none
	}{
		{"complete", "google-universal", basic(map[string]any{"prompts": []string{"consent"}, "offlineAccess": true, "oneTap": map[string]any{"isEnabled": true}, "unknown": 1}), ""},
		{"no secret", "google-universal", map[string]any{"clientId": "x"}, "clientSecret: Required"},
		{"empty secret", "google-universal", map[string]any{"clientId": "x", "clientSecret": ""}, "clientSecret: Required"},
		{"null secret", "google-universal", map[string]any{"clientId": "x", "clientSecret": nil}, "clientSecret: Required"},
		{"number for a text", "github-universal", map[string]any{"clientId": 5, "clientSecret": "x"}, "clientId: Expected string, received number"},
		{"text for a list", "google-universal", basic(map[string]any{"prompts": "consent"}), "prompts: Expected array, received string"},
		{"unknown prompt", "google-universal", basic(map[string]any{"prompts": []string{"login"}}), "prompts.0: Expected one of none, consent, select_account"},
		{"number in a list", "google-universal", basic(map[string]any{"prompts": []any{1}}), "prompts.0: Expected string"},
		{"text for a switch", "google-universal", basic(map[string]any{"offlineAccess": "yes"}), "offlineAccess: Expected boolean"},
		{"list for an object", "google-universal", basic(map[string]any{"oneTap": []any{}}), "oneTap: Expected object, received array"},
		{"line break in a secret", "google-universal", map[string]any{"clientId": "x", "clientSecret": "a\nb"}, "clientSecret: Holds a line break"},
		{"line break in scopes", "google-universal", basic(map[string]any{"scope": "openid\nemail"}), ""},
		{"endless text", "google-universal", map[string]any{"clientId": strings.Repeat("x", maxConfigText+1), "clientSecret": "x"}, "clientId: Longer than"},
		{"endless config", "google-universal", basic(map[string]any{"x": strings.Repeat("x", maxConfig)}), "config: Larger than"},

		{"apple as Logto has it", "apple-universal", map[string]any{"clientId": "com.acme"}, ""},
		{"apple with a key", "apple-universal", map[string]any{"clientId": "com.acme", "teamId": "T", "keyId": "K", "privateKey": key.PEM()}, ""},
		{"apple with a key in one line", "apple-universal", map[string]any{"clientId": "com.acme", "teamId": "T", "keyId": "K", "privateKey": strings.ReplaceAll(key.PEM(), "\n", `\n`)}, ""},
		{"apple with half a key", "apple-universal", map[string]any{"clientId": "com.acme", "privateKey": key.PEM()}, "teamId: Team, key ID and private key go together"},
		{"apple with no key in it", "apple-universal", map[string]any{"clientId": "com.acme", "teamId": "T", "keyId": "K", "privateKey": "secret"}, "privateKey: Expected the .p8 file"},

		{"microsoft", "azuread-universal", basic(map[string]any{"cloudInstance": microsoftCloud, "tenantId": "common"}), ""},
		{"microsoft without a tenant", "azuread-universal", basic(map[string]any{"cloudInstance": microsoftCloud}), "tenantId: Required"},
		{"microsoft with a path for a tenant", "azuread-universal", basic(map[string]any{"cloudInstance": microsoftCloud, "tenantId": "a/../b"}), "tenantId: Expected"},
		{"microsoft with a cloud in clear", "azuread-universal", basic(map[string]any{"cloudInstance": "http://login.example.com", "tenantId": "common"}), "cloudInstance: Expected https"},

		{"oauth2", "oauth2", standardConfig(nil), ""},
		{"oauth2, all", "oauth2", standardConfig(map[string]any{"scope": "a b", "tokenEndpointResponseType": "json", "tokenEndpointAuthMethod": "client_secret_jwt",
			"clientSecretJwtSigningAlgorithm": "HS512", "profileMap": map[string]string{"id": "sub"}, "customConfig": map[string]string{"foo": "bar"}}), ""},
		{"oauth2 on this machine", "oauth2", standardConfig(map[string]any{"tokenEndpoint": "http://localhost:3001/token"}), ""},
		{"oauth2 in the network", "oauth2", standardConfig(map[string]any{"tokenEndpoint": "http://10.0.0.7/token", "userInfoEndpoint": "http://keycloak:8080/me"}), ""},
		{"oauth2 in clear", "oauth2", standardConfig(map[string]any{"tokenEndpoint": "http://provider.example/token"}), "tokenEndpoint: Expected https"},
		{"oauth2 in clear by address", "oauth2", standardConfig(map[string]any{"tokenEndpoint": "http://8.8.8.8/token"}), "tokenEndpoint: Expected https"},
		{"oauth2 with a script", "oauth2", standardConfig(map[string]any{"authorizationEndpoint": "javascript:alert(1)"}), "authorizationEndpoint: Expected an https URL"},
		{"oauth2 with a password in a URL", "oauth2", standardConfig(map[string]any{"authorizationEndpoint": "https://a:b@provider.example/"}), "authorizationEndpoint: Holds"},
		{"oauth2 without user info", "oauth2", func() map[string]any { c := standardConfig(nil); delete(c, "userInfoEndpoint"); return c }(), "userInfoEndpoint: Required"},
		{"oauth2 with an unknown method", "oauth2", standardConfig(map[string]any{"tokenEndpointAuthMethod": "none"}), "tokenEndpointAuthMethod: Expected one of"},
		{"oauth2 with a number in the map", "oauth2", standardConfig(map[string]any{"profileMap": map[string]any{"id": 5}}), "profileMap.id: Expected string, received number"},
		{"oauth2 with a number to add", "oauth2", standardConfig(map[string]any{"customConfig": map[string]any{"a": 5}}), "customConfig"},

		{"oidc", "oidc", oidcConfig(nil), ""},
		{"oidc, all", "oidc", oidcConfig(map[string]any{
			"idTokenVerificationConfig": map[string]any{"jwksUri": "https://provider.example/jwks", "issuer": []string{"https://a.example"}, "audience": "x", "algorithms": []string{"RS256"},
				"clockTolerance": "2 minutes", "maxTokenAge": 600},
			"authRequestOptionalConfig": map[string]any{"responseMode": "form_post", "maxAge": "300"}, "acceptStringTypedBooleanClaims": true, "trustUnverifiedEmail": true}), ""},
		{"oidc without a scope", "oidc", func() map[string]any { c := oidcConfig(nil); delete(c, "scope"); return c }(), "scope: Required"},
		{"oidc without keys", "oidc", oidcConfig(map[string]any{"idTokenVerificationConfig": map[string]any{}}), "idTokenVerificationConfig.jwksUri: Required"},
		{"oidc signed with a secret", "oidc", oidcConfig(map[string]any{"idTokenVerificationConfig": map[string]any{"jwksUri": "https://provider.example/jwks", "algorithms": []string{"HS256"}}}), "idTokenVerificationConfig.algorithms"},
		{"oidc not signed", "oidc", oidcConfig(map[string]any{"idTokenVerificationConfig": map[string]any{"jwksUri": "https://provider.example/jwks", "algorithms": []string{"none"}}}), "idTokenVerificationConfig.algorithms"},
		{"oidc without a clock", "oidc", oidcConfig(map[string]any{"idTokenVerificationConfig": map[string]any{"jwksUri": "https://provider.example/jwks", "clockTolerance": "1 day"}}), "idTokenVerificationConfig.clockTolerance"},
		{"oidc answering in a fragment", "oidc", oidcConfig(map[string]any{"authRequestOptionalConfig": map[string]any{"responseMode": "fragment"}}), "authRequestOptionalConfig.responseMode"},
	} {
		b, err := json.Marshal(tt.config)
		if err != nil {
			t.Fatal(err)
		}
		err = ValidateConfig(tt.factory, b)
		if tt.want == "" {
			if err != nil {
				t.Errorf("%s: %v: %s", tt.name, err, details(err))
			}
			continue
		}
		if guestlist.CodeOf(err) != "connector.invalid_config" || guestlist.KindOf(err) != guestlist.KindInvalid || !strings.HasPrefix(details(err), tt.want) {
			t.Errorf("%s: %v: %q, want %q", tt.name, err, details(err), tt.want)
		}
		if _, err := NewSet(nil, "", nil).Social(guestlist.Connector{FactoryID: tt.factory, Config: b}); guestlist.CodeOf(err) != "connector.invalid_config" {
			t.Errorf("%s: a provider is made of it: %v", tt.name, err)
		}
	}
}

func details(err error) string {
	var e *guestlist.Error
	if errors.As(err, &e) {
		return e.Details
	}
	return ""
}

func TestWhatIsNoObjectIsNoConfig(t *testing.T) {
	for _, config := range []string{"", "null", "[]", `"x"`, "5", "{", `{"clientId":"a"}{`, "\xff"} {
		if err := ValidateConfig("google-universal", guestlist.JSONObject(config)); guestlist.CodeOf(err) != "connector.invalid_config" {
			t.Errorf("%q: %v", config, err)
		}
	}
	if err := ValidateConfig("nope", guestlist.JSONObject("{}")); guestlist.CodeOf(err) != "connector.not_found_with_connector_id" || guestlist.KindOf(err) != guestlist.KindUnprocessable {
		t.Errorf("unknown factory: %v", err)
	}
}

func TestConfigTemplatesAreAStart(t *testing.T) {
	for _, f := range Factories() {
		var c map[string]any
		if err := json.Unmarshal([]byte(f.ConfigTemplate), &c); err != nil || len(c) == 0 {
			t.Errorf("%s: %q: %v", f.ID, f.ConfigTemplate, err)
		}
		for _, item := range f.FormItems {
			if _, ok := c[item.Key]; item.Required && len(item.ShowConditions) == 0 && !ok {
				t.Errorf("%s: the template lacks %s", f.ID, item.Key)
			}
		}
	}
}

// FuzzConfig looks for configs that break what reads them: whatever passes
// ValidateConfig makes a provider, and no URL but an http one.
func FuzzConfig(f *testing.F) {
	for _, factory := range Factories() {
		f.Add(factory.ID, factory.ConfigTemplate)
	}
	f.Add("oidc", mustMarshal(oidcConfig(map[string]any{"authRequestOptionalConfig": map[string]any{"maxAge": "9 d"}})))
	f.Add("apple-universal", `{"clientId":"a","teamId":"b","keyId":"c","privateKey":"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----"}`)
	f.Fuzz(func(t *testing.T, factory, config string) {
		if factory == "saml" {
			return // has a fuzz test of its own
		}
		err := ValidateConfig(factory, guestlist.JSONObject(config))
		if err != nil {
			if guestlist.KindOf(err) == guestlist.KindInternal {
				t.Fatalf("not a refusal: %v", err)
			}
			return
		}
		p, err := (&Set{}).Social(guestlist.Connector{FactoryID: factory, Config: guestlist.JSONObject(config)})
		if err != nil {
			t.Fatalf("a config that passed makes no provider: %v", err)
		}
		if fl, ok := p.(*flow); ok && !fl.discover {
			location, _, err := p.Begin(t.Context(), Attempt{State: "s", RedirectURI: callback})
			if err != nil {
				t.Fatalf("a config that passed makes no request: %v", err)
			}
			if !strings.HasPrefix(strings.ToLower(location), "http") || !strings.Contains(location, "state=s") {
				t.Fatalf("the browser would be sent to %q", location)
			}
		}
	})
}

func mustMarshal(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}
