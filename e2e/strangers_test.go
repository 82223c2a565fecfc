package e2e

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"guestlist"
)

// The people and things of these tests.
const (
	ada         = "ada@example.com"
	grace       = "grace@example.com"
	password    = "open-sesame-42"
	newPassword = "A-door-with-7-hinges"
	orders      = "https://shop.example/orders" // an API of ours
	shopURL     = "https://shop.example/callback"
	shopGone    = "https://shop.example/bye"
)

// eachEngine runs a test with a server on each database, at the same time.
func eachEngine(t *testing.T, test func(t *testing.T, s *site)) {
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			test(t, serveSite(t, engine))
		})
	}
}

// serveSite starts a server, whose log is shown if the test fails.
func serveSite(t *testing.T, engine string) *site {
	t.Helper()
	s := newSite(t, engine)
	p := s.serve()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the server's log:\n%s", p.out)
		}
	})
	return s
}

// credentials are what "guestlist app create --json" prints.
type credentials struct{ ID, Secret string }

// createApp creates an application from the command line.
func (s *site) createApp(t *testing.T, name string, flags ...string) credentials {
	t.Helper()
	out, errs, status := s.run(append([]string{"app", "create", name, "--json"}, flags...)...)
	var c credentials
	if err := json.Unmarshal([]byte(out), &c); err != nil || status != 0 || c.ID == "" {
		t.Fatalf("app create: status %d, %v\n%s%s", status, err, out, errs)
	}
	return c
}

// createMachine creates an application that may use the management API.
func (s *site) createMachine(t *testing.T) credentials {
	t.Helper()
	return s.createApp(t, "Automation", "--type", "machine-to-machine", "--management")
}

// furnish closes the door, puts Ada behind it, and adds an API. Guests sign in
// by e-mail and password on one page. Mail, which e-mail needs, goes nowhere.
func (s *site) furnish() guestlist.User {
	s.t.Helper()
	s.api("POST", "/connectors", map[string]any{
		"connectorId": "http-email", "config": map[string]any{"endpoint": s.url + "/nobody-reads-this"},
	}, http.StatusOK, nil)
	s.closeDoor(true, map[string]any{"signIn": map[string]any{"methods": []map[string]any{
		{"identifier": "email", "password": true, "verificationCode": false, "isPasswordPrimary": true},
	}}})
	s.api("POST", "/resources", map[string]any{"name": "Orders", "indicator": orders}, http.StatusCreated, nil)
	var user guestlist.User
	s.api("POST", "/users", map[string]any{"primaryEmail": ada, "name": "Ada Lovelace", "password": password}, http.StatusOK, &user)
	return user
}

// signIn walks a guest who stands at the sign-in page through it.
func (g *guest) signIn(t *testing.T, email, password string) {
	t.Helper()
	g.must(t, g.fill("identifier", email), g.fill("password", password), g.press("Sign in"))
}

// must fails the test at the first error.
func (g *guest) must(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// isAt fails the test unless the guest is at an address, whatever its query.
func (g *guest) isAt(t *testing.T, address string) {
	t.Helper()
	at := *g.at
	at.RawQuery, at.Fragment = "", ""
	if got := at.String(); got != address {
		t.Fatal(g.lost("the guest should be at %s and is", address))
	}
}

// TestGoOIDC signs in with the libraries that most Go programs use.
func TestGoOIDC(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		user := s.furnish()
		app := s.createApp(t, "Shop", "--type", "spa", "--redirect-uri", shopURL, "--post-logout-redirect-uri", shopGone)
		provider, err := oidc.NewProvider(t.Context(), s.url+"/oidc")
		if err != nil {
			t.Fatal(err)
		}
		config := oauth2.Config{
			ClientID: app.ID, Endpoint: provider.Endpoint(), RedirectURL: shopURL,
			Scopes: []string{oidc.ScopeOpenID, oidc.ScopeOfflineAccess, "profile", "email"},
		}
		g := newGuest()
		verifier := oauth2.GenerateVerifier()
		g.must(t, g.visit(config.AuthCodeURL("state-1", oidc.Nonce("nonce-1"), oauth2.S256ChallengeOption(verifier),
			oauth2.SetAuthURLParam("resource", orders), oauth2.SetAuthURLParam("prompt", "consent"))))
		g.signIn(t, ada, password)
		g.isAt(t, shopURL)
		answer := g.at.Query()
		if answer.Get("state") != "state-1" || answer.Get("iss") != s.url+"/oidc" {
			t.Fatalf("callback %s", g.at)
		}
		token, err := config.Exchange(t.Context(), answer.Get("code"), oauth2.VerifierOption(verifier))
		if err != nil {
			t.Fatal(err)
		}
		checkIDToken(t, provider, config.ClientID, token, user)
		checkUserInfo(t, provider, token, user)
		refreshed := checkRefresh(t, &config, token)
		checkResourceToken(t, provider, &config, refreshed, user)
		checkEndSession(t, provider, g, token)
	})
}

// checkIDToken verifies the ID token as RFC-minded clients do.
func checkIDToken(t *testing.T, provider *oidc.Provider, clientID string, token *oauth2.Token, user guestlist.User) {
	t.Helper()
	raw, _ := token.Extra("id_token").(string)
	id, err := provider.Verifier(&oidc.Config{ClientID: clientID}).Verify(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	var claims struct {
		Name          string `json:"name"`
		Email         string `json:"email"`
		EmailVerified bool   `json:"email_verified"`
	}
	if err := id.Claims(&claims); err != nil {
		t.Fatal(err)
	}
	if id.Subject != string(user.ID) || id.Nonce != "nonce-1" || claims.Email != ada || !claims.EmailVerified || claims.Name != "Ada Lovelace" {
		t.Errorf("ID token %+v, claims %+v", id, claims)
	}
}

func checkUserInfo(t *testing.T, provider *oidc.Provider, token *oauth2.Token, user guestlist.User) {
	t.Helper()
	info, err := provider.UserInfo(t.Context(), oauth2.StaticTokenSource(token))
	if err != nil {
		t.Fatal(err)
	}
	if info.Subject != string(user.ID) || info.Email != ada || !info.EmailVerified {
		t.Errorf("userinfo %+v", info)
	}
}

// checkRefresh refreshes and expects another refresh token: those of public
// clients rotate every time.
func checkRefresh(t *testing.T, config *oauth2.Config, token *oauth2.Token) *oauth2.Token {
	t.Helper()
	old := *token
	old.Expiry = time.Now().Add(-time.Minute) // so that the library asks for a new one
	refreshed, err := config.TokenSource(t.Context(), &old).Token()
	if err != nil {
		t.Fatal(err)
	}
	if refreshed.RefreshToken == "" || refreshed.RefreshToken == token.RefreshToken || refreshed.AccessToken == token.AccessToken {
		t.Errorf("refreshing did not rotate: %+v", refreshed)
	}
	return refreshed
}

// checkResourceToken gets a token for an API and verifies it as the API does.
func checkResourceToken(t *testing.T, provider *oidc.Provider, config *oauth2.Config, token *oauth2.Token, user guestlist.User) {
	t.Helper()
	// The library has no option for a parameter of the refresh; RFC 8707 § 2.2
	// is a plain form.
	var answer struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int    `json:"expires_in"`
	}
	res, err := machine.PostForm(config.Endpoint.TokenURL, url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {token.RefreshToken}, "client_id": {config.ClientID}, "resource": {orders},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || answer.AccessToken == "" {
		t.Fatalf("no token for the API (%d): %v", res.StatusCode, err)
	}
	access, err := provider.Verifier(&oidc.Config{ClientID: orders}).Verify(t.Context(), answer.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	if access.Subject != string(user.ID) || answer.ExpiresIn <= 0 {
		t.Errorf("token for the API: %+v", access)
	}
}

// checkEndSession signs out with the ID token as a hint, which must also end
// the session: the next sign-in asks again.
func checkEndSession(t *testing.T, provider *oidc.Provider, g *guest, token *oauth2.Token) {
	t.Helper()
	var endpoints struct {
		EndSession string `json:"end_session_endpoint"`
	}
	if err := provider.Claims(&endpoints); err != nil {
		t.Fatal(err)
	}
	raw, _ := token.Extra("id_token").(string)
	query := url.Values{"id_token_hint": {raw}, "post_logout_redirect_uri": {shopGone}, "state": {"bye-1"}}
	g.must(t, g.visit(endpoints.EndSession+"?"+query.Encode()), g.press("Sign out")) // a browser with scripts presses by itself
	g.isAt(t, shopGone)
	if g.at.Query().Get("state") != "bye-1" {
		t.Errorf("state is lost: %s", g.at)
	}
	g.at = nil
	idToken, err := provider.Verifier(&oidc.Config{SkipClientIDCheck: true}).Verify(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	again := oauth2.Config{ClientID: idToken.Audience[0], Endpoint: provider.Endpoint(), RedirectURL: shopURL, Scopes: []string{"openid"}}
	g.must(t, g.visit(again.AuthCodeURL("state-2", oauth2.S256ChallengeOption(oauth2.GenerateVerifier()))))
	if !strings.HasSuffix(g.at.Path, "/sign-in") {
		t.Error(g.lost("signed out, the guest should be asked again and is"))
	}
}

// TestManagementToken gets tokens for the management API in the two ways that
// clients authenticate, by library, and as the documented curl does.
func TestManagementToken(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		app := s.createMachine(t)
		for name, style := range map[string]oauth2.AuthStyle{"header": oauth2.AuthStyleInHeader, "body": oauth2.AuthStyleInParams} {
			t.Run(name, func(t *testing.T) {
				config := clientcredentials.Config{
					ClientID: app.ID, ClientSecret: app.Secret, TokenURL: s.url + "/oidc/token", Scopes: []string{"all"},
					EndpointParams: url.Values{"resource": {guestlist.ManagementAPI}}, AuthStyle: style,
				}
				token, err := config.Token(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				mayManage(t, s, token.AccessToken)
			})
		}
		t.Run("curl", func(t *testing.T) { mayManage(t, s, s.curlToken(t, app)) })
	})
}

// curlToken asks as "curl -u ID:SECRET -d grant_type=... -d resource=... -d
// scope=all" does: no escaping, one content type, Accept of anything.
func (s *site) curlToken(t *testing.T, app credentials) string {
	t.Helper()
	body := "grant_type=client_credentials&resource=" + guestlist.ManagementAPI + "&scope=all"
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/oidc/token", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth(app.ID, app.Secret)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "*/*")
	res, err := machine.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var answer struct {
		AccessToken string `json:"access_token"`
		TokenType   string `json:"token_type"`
		ExpiresIn   int    `json:"expires_in"`
		Scope       string `json:"scope"`
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK || answer.TokenType != "Bearer" || answer.ExpiresIn != 3600 || answer.Scope != "all" {
		t.Errorf("%d %+v", res.StatusCode, answer)
	}
	return answer.AccessToken
}

// mayManage lists the users with a token.
func mayManage(t *testing.T, s *site, token string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/api/users", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := machine.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("the management API answered %d", res.StatusCode)
	}
}
