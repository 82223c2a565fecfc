package connector

import (
	"encoding/json"
	"flag"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guestlist"
	"guestlist/internal/connector/connectortest"
)

const (
	acmeTenant  = "11111111-2222-3333-4444-555555555555"
	otherTenant = "99999999-2222-3333-4444-555555555555"
)

func worldOf(t *testing.T) (*connectortest.World, *Set, connectortest.AppleKey) {
	t.Helper()
	key := connectortest.NewAppleKey()
	mail := connectortest.Person{ID: "108", Name: "Grace Hopper", Email: "grace@gmail.com", EmailVerified: true}
	w := &connectortest.World{
		Google: connectortest.NewGoogle(testClient, mail,
			connectortest.Person{ID: "109", Name: "Ada Lovelace", Email: "ada@acme.example", EmailVerified: true, Claims: map[string]any{"hd": "acme.example"}},
			connectortest.Person{ID: "110", Name: "Mary Jackson", Email: "mary@elsewhere.example", EmailVerified: true},
			connectortest.Person{ID: "111", Name: "Not Yet", Email: "new@gmail.com"}),
		GitHub: connectortest.NewGitHub(testClient, connectortest.Person{ID: "583231", Name: "Grace Hopper", Email: "grace@example.com", EmailVerified: true, Avatar: "https://avatars.example/1"},
			connectortest.Person{ID: "2", Name: "Many Addresses", Claims: map[string]any{"emails": []map[string]any{
				{"email": "other@example.com", "primary": false, "verified": true}, {"email": "first@example.com", "primary": true, "verified": true}}}},
			connectortest.Person{ID: "3", Name: "Not Verified", Claims: map[string]any{"emails": []map[string]any{
				{"email": "other@example.com", "primary": false, "verified": true}, {"email": "first@example.com", "primary": true, "verified": false}}}}),
		Apple: connectortest.NewApple(testClient, key, connectortest.Person{ID: "001.abc", Name: "Grace Hopper", Email: "x@privaterelay.appleid.com", EmailVerified: true},
			connectortest.Person{ID: "002.def", Name: "Ada Lovelace", Email: "ada@example.com"}),
		Microsoft: connectortest.NewMicrosoft(testClient,
			connectortest.Person{ID: "aaaaaaaa-0000-4000-8000-000000000001", Name: "Grace Hopper", Email: "grace@acme.example", Claims: map[string]any{"tid": acmeTenant}},
			connectortest.Person{ID: "aaaaaaaa-0000-4000-8000-000000000002", Name: "Owned", Email: "ada@acme.example", Claims: map[string]any{"tid": acmeTenant, "xms_edov": true}},
			connectortest.Person{ID: "aaaaaaaa-0000-4000-8000-000000000003", Name: "Eve", Email: "victim@acme.example", Claims: map[string]any{"tid": otherTenant, "xms_edov": "0"}},
			connectortest.Person{ID: "00000000-0000-0000-66f3-3332eca7ea81", Name: "Private", Email: "p@outlook.com", Claims: map[string]any{"tid": connectortest.MicrosoftPrivate}}),
	}
	srv := httptest.NewServer(w.Handler())
	t.Cleanup(srv.Close)
	return w, &Set{Client: srv.Client(), Endpoint: "https://guestlist.example", Hosts: w.Hosts(srv.URL)}, key
}

func row(factoryID string, config map[string]any) guestlist.Connector {
	b, err := json.Marshal(config)
	if err != nil {
		panic(err)
	}
	return guestlist.Connector{ID: "abc", FactoryID: factoryID, Config: b}
}

// basic is a config of a client and its secret, and more.
func basic(more map[string]any) map[string]any {
	c := map[string]any{"clientId": testClient.ID, "clientSecret": testClient.Secret}
	maps.Copy(c, more)
	return c
}

func social(t *testing.T, s *Set, c guestlist.Connector) Provider {
	t.Helper()
	p, err := s.Social(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestGoogleVouchesForItsOwnMailboxesAndHostedDomainsAlone(t *testing.T) {
	w, s, _ := worldOf(t)
	p := social(t, s, row("google-universal", basic(nil)))
	for person, want := range map[string]bool{"108": true, "109": true, "110": false, "111": false} {
		who, err := visitTo(t, p, as(w.Google, person))
		if err != nil {
			t.Fatal(err)
		}
		if who.Subject != person || who.Issuer != "https://accounts.google.com" || who.Email == "" || who.EmailVerified != want {
			t.Errorf("%s: identity is %+v, want it verified: %v", person, who, want)
		}
	}
}

func TestGitHubSaysInASecondCallWhichAddressIsVerified(t *testing.T) {
	w, s, _ := worldOf(t)
	p := social(t, s, row("github-universal", basic(nil)))
	for person, want := range map[string]struct {
		email    string
		verified bool
	}{"583231": {"grace@example.com", true}, "2": {"first@example.com", true}, "3": {"", false}} {
		who, err := visitTo(t, p, as(w.GitHub, person))
		if err != nil {
			t.Fatal(err)
		}
		if who.Subject != person || who.Email != want.email || who.EmailVerified != want.verified {
			t.Errorf("%s: identity is %+v, want %+v", person, who, want)
		}
	}
	narrow := social(t, s, row("github-universal", basic(map[string]any{"scope": "read:user"})))
	if who, err := visitTo(t, narrow, as(w.GitHub, "583231")); err != nil || who.Email != "" || who.EmailVerified {
		t.Errorf("without the scope for addresses: %+v, %v", who, err)
	}
}

func TestGitHubsErrorsWithStatus200AreErrors(t *testing.T) {
	w, s, _ := worldOf(t)
	p := social(t, s, row("github-universal", basic(nil)))
	_, err := visitTo(t, p, func(location string) (url.Values, error) {
		answer, err := w.GitHub.Answer(location, "583231")
		answer.Set("code", "made-up")
		return answer, err
	})
	wantCode(t, err, "connector.social_auth_code_invalid")
	wrong := social(t, s, row("github-universal", map[string]any{"clientId": testClient.ID, "clientSecret": "wrong"}))
	_, err = visitTo(t, wrong, as(w.GitHub, "583231"))
	wantCode(t, err, "connector.general")
}

func TestApplesNameComesWithTheFirstConsentAlone(t *testing.T) {
	w, s, key := worldOf(t)
	withKey := map[string]any{"clientId": testClient.ID, "teamId": key.TeamID, "keyId": key.KeyID, "privateKey": key.PEM()}
	for name, config := range map[string]map[string]any{"with a key": withKey, "without": {"clientId": testClient.ID}} {
		p := social(t, s, row("apple-universal", config))
		person := map[string]string{"with a key": "001.abc", "without": "002.def"}[name]
		verified := person == "001.abc"
		first, err := visitTo(t, p, as(w.Apple, person))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		again, err := visitTo(t, p, as(w.Apple, person))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if first.Subject != person || first.Name == "" || first.EmailVerified != verified || first.Email == "" {
			t.Errorf("%s: first consent gives %+v", name, first)
		}
		if again.Subject != person || again.Name != "" || again.Email != first.Email {
			t.Errorf("%s: second consent gives %+v", name, again)
		}
	}
}

func TestApplesFormIsNoProofOfAnAddress(t *testing.T) {
	w, s, _ := worldOf(t)
	p := social(t, s, row("apple-universal", map[string]any{"clientId": testClient.ID}))
	who, err := visitTo(t, p, func(location string) (url.Values, error) {
		answer, err := w.Apple.Answer(location, "002.def")
		answer.Set("user", `{"name":{"firstName":"Eve\n\u0000"},"email":"victim@example.com"}`)
		return answer, err
	})
	if err != nil || who.Email != "ada@example.com" || who.EmailVerified || who.Name != "Eve" {
		t.Errorf("identity is %+v, %v", who, err)
	}
}

func TestApplesTokenOfAnotherAttemptIsRefused(t *testing.T) {
	w, s, _ := worldOf(t)
	p := social(t, s, row("apple-universal", map[string]any{"clientId": testClient.ID}))
	location, _, err := p.Begin(t.Context(), Attempt{State: "same", RedirectURI: callback})
	if err != nil {
		t.Fatal(err)
	}
	_, other, err := p.Begin(t.Context(), Attempt{State: "same", RedirectURI: callback})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := w.Apple.Answer(location, "001.abc")
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Finish(t.Context(), other, answer)
	wantCode(t, err, "connector.social_invalid_id_token")
}

func TestMicrosoftsTenantsSpeakForThemselvesAlone(t *testing.T) {
	w, s, _ := worldOf(t)
	const work, foreign, private = "aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000003", "00000000-0000-0000-66f3-3332eca7ea81"
	for _, tt := range []struct {
		tenant, person string
		ok             bool
	}{
		{"common", work, true}, {"common", foreign, true}, {"common", private, true},
		{"organizations", work, true}, {"organizations", private, false},
		{"consumers", private, true}, {"consumers", work, false},
		{acmeTenant, work, true}, {acmeTenant, foreign, false}, {acmeTenant, private, false},
	} {
		p := social(t, s, row("azuread-universal", basic(map[string]any{"cloudInstance": microsoftCloud, "tenantId": tt.tenant})))
		who, err := visitTo(t, p, as(w.Microsoft, tt.person))
		if !tt.ok {
			wantCode(t, err, "connector.social_invalid_id_token")
			continue
		}
		if err != nil || who.Subject == "" || who.EmailVerified {
			t.Errorf("%s at %s: %+v, %v", tt.person, tt.tenant, who, err)
		}
	}
}

func TestMicrosoftsIssuerMustBeThatOfTheTokensTenant(t *testing.T) {
	w, s, _ := worldOf(t)
	p := social(t, s, row("azuread-universal", basic(map[string]any{"cloudInstance": microsoftCloud, "tenantId": "common"})))
	for name, change := range map[string]func(map[string]any){
		"tid of another tenant":  func(c map[string]any) { c["tid"] = otherTenant },
		"no tid":                 func(c map[string]any) { delete(c, "tid") },
		"issuer elsewhere":       func(c map[string]any) { c["iss"] = "https://evil.example/" + acmeTenant + "/v2.0" },
		"issuer is the template": func(c map[string]any) { c["iss"], c["tid"] = microsoftCloud+"/{tenantid}/v2.0", "{tenantid}" },
		"a path for a tenant":    func(c map[string]any) { c["iss"], c["tid"] = microsoftCloud+"/a/b/v2.0", "a/b" },
	} {
		w.Microsoft.Change(func(u *connectortest.Upstream) { u.Faults.Claims = change })
		_, err := visitTo(t, p, as(w.Microsoft, "aaaaaaaa-0000-4000-8000-000000000001"))
		if guestlist.CodeOf(err) != "connector.social_invalid_id_token" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMicrosoftsKeyOfOneTenantDoesNotSignForOthers(t *testing.T) {
	for _, tt := range []struct {
		key, issuer, tenant string
		want                bool
	}{
		{"", "https://a.example", "", true},
		{microsoftCloud + "/{tenantid}/v2.0", microsoftCloud + "/" + acmeTenant + "/v2.0", acmeTenant, true},
		{microsoftCloud + "/" + tenantPrivate + "/v2.0", microsoftCloud + "/" + acmeTenant + "/v2.0", acmeTenant, false},
		{microsoftCloud + "/" + tenantPrivate + "/v2.0", microsoftCloud + "/" + tenantPrivate + "/v2.0", tenantPrivate, true},
	} {
		if got := keyMaySign(tt.key, tt.issuer, tt.tenant); got != tt.want {
			t.Errorf("keyMaySign(%q, %q, %q) is %v", tt.key, tt.issuer, tt.tenant, got)
		}
	}
}

func TestMicrosoftsMailIsVerifiedOnlyForTheOwnerOfItsDomain(t *testing.T) {
	w, s, _ := worldOf(t)
	p := social(t, s, row("azuread-universal", basic(map[string]any{"cloudInstance": microsoftCloud, "tenantId": "common"})))
	for person, want := range map[string]bool{
		"aaaaaaaa-0000-4000-8000-000000000001": false, "aaaaaaaa-0000-4000-8000-000000000002": true, "aaaaaaaa-0000-4000-8000-000000000003": false,
	} {
		who, err := visitTo(t, p, as(w.Microsoft, person))
		if err != nil || who.EmailVerified != want || who.Email == "" {
			t.Errorf("%s: %+v, %v", person, who, err)
		}
	}
}

func TestSpentCodesAreKnownByTheWordsOfEachProvider(t *testing.T) {
	for _, tt := range []struct {
		factory, token string
		status         int
		answer, want   string
	}{
		{"slack-universal", "https://slack.com/api/openid.connect.token", 200, `{"ok":false,"error":"invalid_code"}`, "connector.social_auth_code_invalid"},
		{"slack-universal", "https://slack.com/api/openid.connect.token", 200, `{"ok":false,"error":"bad_client_secret"}`, "connector.general"},
		{"facebook-universal", "https://graph.facebook.com/v24.0/oauth/access_token", 400,
			`{"error":{"message":"This authorization code has been used.","type":"OAuthException","code":100,"error_subcode":36009}}`, "connector.social_auth_code_invalid"},
		{"facebook-universal", "https://graph.facebook.com/v24.0/oauth/access_token", 400,
			`{"error":{"message":"Error validating client secret.","type":"OAuthException","code":1}}`, "connector.general"},
		{"discord-universal", "https://discord.com/api/oauth2/token", 400, `{"error":"invalid_grant","error_description":"Invalid \"code\" in request."}`, "connector.social_auth_code_invalid"},
		{"discord-universal", "https://discord.com/api/oauth2/token", 500, `<html>`, "connector.general"},
		{"discord-universal", "https://discord.com/api/oauth2/token", 400, `<html>`, "connector.invalid_response"},
		{"discord-universal", "https://discord.com/api/oauth2/token", 429, `{"retry_after":5}`, "connector.rate_limit_exceeded"},
	} {
		c := &canned{t: t, status: tt.status, answers: map[string]string{tt.token: tt.answer}, seen: map[string]*http.Request{}, forms: map[string]url.Values{}}
		p := social(t, &Set{Client: &http.Client{Transport: c}}, row(tt.factory, basic(nil)))
		_, err := visitTo(t, p, func(string) (url.Values, error) { return url.Values{"state": {"state-1"}, "code": {"c"}}, nil })
		if guestlist.CodeOf(err) != tt.want {
			t.Errorf("%s, status %d, %s: %v, want %s", tt.factory, tt.status, tt.answer, err, tt.want)
		}
	}
}

func TestARefusedAccessTokenIsSaidToBeSo(t *testing.T) {
	for status, want := range map[int]string{401: "connector.social_invalid_access_token", 403: "connector.general", 404: "connector.general", 429: "connector.rate_limit_exceeded", 502: "connector.general"} {
		c := &canned{t: t, status: status, answers: map[string]string{"https://discord.com/api/users/@me": `{}`}, seen: map[string]*http.Request{}}
		_, err := (&Set{Client: &http.Client{Transport: c}}).getJSON(t.Context(), "https://discord.com/api/users/@me", "at-1", &map[string]any{})
		wantCode(t, err, want)
	}
}

// canned answers every request from a table of URLs, without their queries.
type canned struct {
	t       *testing.T
	status  int // 0 is 200
	answers map[string]string
	seen    map[string]*http.Request
	forms   map[string]url.Values
}

func (c *canned) RoundTrip(r *http.Request) (*http.Response, error) {
	address := r.URL.Scheme + "://" + r.URL.Host + r.URL.Path
	body, ok := c.answers[address]
	if !ok {
		c.t.Errorf("nobody answers at %s", address)
	}
	c.seen[address] = r
	if r.Body != nil {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		if c.forms[address], err = url.ParseQuery(string(b)); err != nil {
			return nil, err
		}
	}
	return &http.Response{StatusCode: max(c.status, 200), Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

func TestProvidersAreUnderstoodAsTheirDocumentsSay(t *testing.T) {
	for _, tt := range []struct {
		factory, token, tokenAnswer, me, meAnswer string
		config                                    map[string]any
		want                                      guestlist.OutsideIdentity
	}{
		{
			factory: "discord-universal", token: "https://discord.com/api/oauth2/token", me: "https://discord.com/api/users/@me",
			meAnswer: `{"id":"80351110224678912","username":"nelly","discriminator":"0","global_name":"Nelly","avatar":"8342729096ea3675442027381ff50dfe","verified":true,"email":"nelly@discord.example"}`,
			want: guestlist.OutsideIdentity{Subject: "80351110224678912", Email: "nelly@discord.example", EmailVerified: true, Name: "Nelly",
				Avatar: "https://cdn.discordapp.com/avatars/80351110224678912/8342729096ea3675442027381ff50dfe.png"},
		},
		{
			factory: "discord-universal", token: "https://discord.com/api/oauth2/token", me: "https://discord.com/api/users/@me",
			meAnswer: `{"id":"80351110224678912","username":"nelly","global_name":null,"avatar":null,"verified":false,"email":"nelly@discord.example"}`,
			want:     guestlist.OutsideIdentity{Subject: "80351110224678912", Email: "nelly@discord.example", Name: "nelly"},
		},
		{
			factory: "facebook-universal", token: "https://graph.facebook.com/v24.0/oauth/access_token", me: "https://graph.facebook.com/v24.0/me",
			meAnswer: `{"id":"10158","name":"Grace Hopper","email":"grace@example.com","picture":{"data":{"height":50,"url":"https://platform-lookaside.example/p.jpg"}}}`,
			want:     guestlist.OutsideIdentity{Subject: "10158", Email: "grace@example.com", Name: "Grace Hopper", Avatar: "https://platform-lookaside.example/p.jpg"},
		},
		{
			factory: "linkedin-universal", token: "https://www.linkedin.com/oauth/v2/accessToken", me: "https://api.linkedin.com/v2/userinfo",
			meAnswer: `{"sub":"782bbtaQ","name":"John Doe","given_name":"John","family_name":"Doe","picture":"https://media.example/1.jpg","locale":{"country":"US","language":"en"},"email":"doe@email.example","email_verified":true}`,
			want:     guestlist.OutsideIdentity{Subject: "782bbtaQ", Email: "doe@email.example", EmailVerified: true, Name: "John Doe", Avatar: "https://media.example/1.jpg"},
		},
		{
			factory: "x-universal", token: "https://api.x.com/2/oauth2/token", me: "https://api.x.com/2/users/me",
			config:   map[string]any{"scope": "tweet.read users.read users.email"},
			meAnswer: `{"data":{"id":"2244994945","name":"X Dev","username":"TwitterDev","profile_image_url":"https://pbs.example/x.jpg","confirmed_email":"dev@example.com"}}`,
			want:     guestlist.OutsideIdentity{Subject: "2244994945", Email: "dev@example.com", EmailVerified: true, Name: "X Dev", Avatar: "https://pbs.example/x.jpg"},
		},
		{
			factory: "oauth2", token: "https://provider.example/token", tokenAnswer: "access_token=at-1&token_type=bearer", me: "https://provider.example/me",
			config: map[string]any{"authorizationEndpoint": "https://provider.example/authorize", "tokenEndpoint": "https://provider.example/token",
				"userInfoEndpoint": "https://provider.example/me", "profileMap": map[string]string{"id": "user.id", "email": "user.mail", "name": "display", "phone": "tel"}},
			meAnswer: `{"user":{"id":9007199254740993,"mail":"g@example.com"},"display":"G","avatar":"javascript:alert(1)","tel":"+49 151 234567"}`,
			want:     guestlist.OutsideIdentity{Subject: "9007199254740993", Email: "g@example.com", EmailVerified: true, Name: "G", Phone: "49151234567"},
		},
		{
			factory: "oauth2", token: "https://provider.example/token", me: "https://provider.example/me",
			config: map[string]any{"authorizationEndpoint": "https://provider.example/authorize", "tokenEndpoint": "https://provider.example/token",
				"userInfoEndpoint": "https://provider.example/me"},
			meAnswer: `{"id":"7","email":"g@example.com","email_verified":"false"}`,
			want:     guestlist.OutsideIdentity{Subject: "7", Email: "g@example.com"},
		},
	} {
		t.Run(tt.factory, func(t *testing.T) {
			if tt.tokenAnswer == "" {
				tt.tokenAnswer = `{"access_token":"at-1","token_type":"bearer","expires_in":3600}`
			}
			c := &canned{t: t, answers: map[string]string{tt.token: tt.tokenAnswer, tt.me: tt.meAnswer}, seen: map[string]*http.Request{}, forms: map[string]url.Values{}}
			p := social(t, &Set{Client: &http.Client{Transport: c}}, row(tt.factory, basic(tt.config)))
			who, err := visitTo(t, p, func(string) (url.Values, error) { return url.Values{"state": {"state-1"}, "code": {"code-1"}}, nil })
			if err != nil {
				t.Fatal(err)
			}
			who.Raw = nil
			if diff := cmp.Diff(tt.want, who); diff != "" {
				t.Errorf("identity (-want +got):\n%s", diff)
			}
			if got := c.seen[tt.me].Header.Get("Authorization"); got != "Bearer at-1" {
				t.Errorf("asked who it is with %q", got)
			}
			form := c.forms[tt.token]
			if form.Get("code") != "code-1" || form.Get("redirect_uri") != callback || form.Get("grant_type") != "authorization_code" {
				t.Errorf("token request is %v", form)
			}
			id, secret, header := c.seen[tt.token].BasicAuth()
			if header != (tt.factory == "x-universal") || header && (id == "" || secret == "") || !header && form.Get("client_secret") != testClient.Secret {
				t.Errorf("the client does not prove itself as the provider wants: %v %v", header, form)
			}
		})
	}
}

func TestFacebookIsShownTheProofOfTheSecret(t *testing.T) {
	c := &canned{t: t, answers: map[string]string{"https://graph.facebook.com/v24.0/oauth/access_token": `{"access_token":"at-1"}`, "https://graph.facebook.com/v24.0/me": `{"id":"1"}`},
		seen: map[string]*http.Request{}, forms: map[string]url.Values{}}
	p := social(t, &Set{Client: &http.Client{Transport: c}}, row("facebook-universal", basic(nil)))
	if _, err := visitTo(t, p, func(string) (url.Values, error) { return url.Values{"state": {"state-1"}, "code": {"c"}}, nil }); err != nil {
		t.Fatal(err)
	}
	if proof := c.seen["https://graph.facebook.com/v24.0/me"].URL.Query().Get("appsecret_proof"); len(proof) != 64 {
		t.Errorf("appsecret_proof is %q", proof)
	}
}

// TestAuthorizationRequestsAreAsRecorded compares what browsers are sent to
// with testdata/requests.txt. -update writes it anew.
func TestAuthorizationRequestsAreAsRecorded(t *testing.T) {
	w, s, key := worldOf(t)
	_ = w
	std := map[string]any{"authorizationEndpoint": "https://provider.example/authorize?tenant=7", "tokenEndpoint": "https://provider.example/token", "userInfoEndpoint": "https://provider.example/me"}
	oidc := maps.Clone(std)
	maps.Copy(oidc, map[string]any{"scope": "profile", "idTokenVerificationConfig": map[string]any{"jwksUri": "https://provider.example/jwks"},
		"authRequestOptionalConfig": map[string]any{"prompt": "login", "maxAge": 300, "display": "touch", "acrValues": "gold"},
		"customConfig":              map[string]string{"audience": "x", "client_id": "evil", "state": "evil", "code_challenge": "evil"}})
	list := []struct {
		name string
		row  guestlist.Connector
	}{
		{"google", row("google-universal", basic(nil))},
		{"google, all options", row("google-universal", basic(map[string]any{"scope": "email\nhttps://example.com/x", "prompts": []string{"consent", "select_account"}, "offlineAccess": true}))},
		{"github", row("github-universal", basic(nil))},
		{"apple", row("apple-universal", map[string]any{"clientId": "client-1"})},
		{"apple, with a key", row("apple-universal", map[string]any{"clientId": "client-1", "teamId": key.TeamID, "keyId": key.KeyID, "privateKey": key.PEM()})},
		{"microsoft", row("azuread-universal", basic(map[string]any{"cloudInstance": microsoftCloud + "/", "tenantId": "common", "prompts": []string{"select_account"}}))},
		{"facebook", row("facebook-universal", basic(map[string]any{"scope": "email,public_profile"}))},
		{"discord", row("discord-universal", basic(nil))},
		{"gitlab", row("gitlab-universal", basic(nil))},
		{"linkedin", row("linkedin-universal", basic(nil))},
		{"slack", row("slack-universal", basic(nil))},
		{"x", row("x-universal", basic(nil))},
		{"oauth2", row("oauth2", basic(std))},
		{"oidc", row("oidc", basic(oidc))},
	}
	var b strings.Builder
	random := regexp.MustCompile(`(code_challenge|nonce)=[^&]+`)
	base, _, _ := strings.Cut(s.Hosts["github.com"], "/github.com")
	for _, tt := range list {
		location, pending, err := social(t, s, tt.row).Begin(t.Context(), Attempt{State: "state-1", RedirectURI: callback, LoginHint: "grace@example.com", UILocales: "fr en"})
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		q, err := url.Parse(location)
		if err != nil {
			t.Fatal(err)
		}
		if q.Query().Has("nonce") != (pending.Nonce != "") || q.Query().Has("code_challenge") != (pending.Verifier != "") || q.Query().Get("nonce") != pending.Nonce {
			t.Errorf("%s: %s does not fit %+v", tt.name, location, pending)
		}
		location = random.ReplaceAllString(strings.ReplaceAll(location, base+"/", "https://"), "$1=*")
		b.WriteString("# " + tt.name + "\n" + strings.ReplaceAll(strings.Replace(location, "?", "\n  ", 1), "&", "\n  ") + "\n\n")
	}
	golden(t, "testdata/requests.txt", b.String())
}

var updateGoldens = flag.Bool("update", false, "write the goldens in testdata anew")

func golden(t *testing.T, name, got string) {
	t.Helper()
	if *updateGoldens {
		if err := os.WriteFile(name, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestEveryFactoryIsFurnished(t *testing.T) {
	want := []string{"google-universal", "github-universal", "apple-universal", "azuread-universal", "facebook-universal", "discord-universal",
		"gitlab-universal", "linkedin-universal", "slack-universal", "x-universal", "oauth2", "oidc"}
	var ids []string
	for _, f := range Factories() {
		ids = append(ids, f.ID)
		for _, lang := range []string{"en", "de", "fr", "es", "ja", "ar"} {
			if f.Name[lang] == "" || f.Description[lang] == "" {
				t.Errorf("%s has no name or description in %s", f.ID, lang)
			}
		}
		if len(f.Logo) < 100 || !strings.HasPrefix(f.Logo, "data:image/svg+xml;base64,") {
			t.Errorf("%s has no logo", f.ID)
		}
		if !strings.Contains(f.Readme, "/callback/") && f.ID != "saml" {
			t.Errorf("the readme of %s does not say where the provider sends guests back to", f.ID)
		}
		if f.Type != guestlist.ConnectorSocial || f.Platform == nil || *f.Platform != "Universal" || len(f.FormItems) == 0 {
			t.Errorf("%s is no social connector: %+v", f.ID, f)
		}
		for _, item := range f.FormItems {
			secret := strings.Contains(strings.ToLower(item.Key), "secret") && item.Type == guestlist.FormText || strings.Contains(strings.ToLower(item.Key), "privatekey")
			if secret != item.IsConfidential {
				t.Errorf("%s: %s is confidential: %v", f.ID, item.Key, item.IsConfidential)
			}
		}
		if got, ok := Factory(f.ID); !ok || got.Target != f.Target {
			t.Errorf("%s is not found by its id", f.ID)
		}
	}
	for _, id := range want {
		if !slices.Contains(ids, id) {
			t.Errorf("%s is missing", id)
		}
	}
	if _, ok := Factory("nope"); ok {
		t.Error("there is a factory called nope")
	}
}

func TestOnlyProvidersThatAssertItVouchByDefault(t *testing.T) {
	for id, want := range map[string]bool{
		"google-universal": true, "apple-universal": true, "github-universal": true, "gitlab-universal": true, "discord-universal": true,
		"linkedin-universal": true, "slack-universal": true,
		"facebook-universal": false, "x-universal": false, "azuread-universal": false, "oauth2": false, "oidc": false, "saml": false, "nope": false,
	} {
		if got := guestlist.MayVouch(VouchedDomains(guestlist.Connector{FactoryID: id}), "grace@example.com"); got != want {
			t.Errorf("%s vouches: %v", id, got)
		}
		for _, domains := range [][]string{{}, {"example.com"}, {"other.example"}, {"*"}} {
			c := guestlist.Connector{FactoryID: id, TrustedEmailDomains: &domains}
			want := slices.Contains(domains, "example.com") || slices.Contains(domains, "*")
			if got := guestlist.MayVouch(VouchedDomains(c), "grace@example.com"); got != want {
				t.Errorf("%s trusted for %v vouches: %v", id, domains, got)
			}
		}
	}
}
