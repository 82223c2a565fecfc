package connector

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"guestlist"
	"guestlist/internal/connector/connectortest"
)

// standard makes the standard OpenID Connect connector of an upstream.
func standard(t *testing.T, s *Set, u *connectortest.Upstream, verification, more map[string]any) Provider {
	t.Helper()
	v := map[string]any{"jwksUri": u.Issuer + "/jwks"}
	maps.Copy(v, verification)
	c := basic(map[string]any{"authorizationEndpoint": u.Issuer + "/authorize", "tokenEndpoint": u.Issuer + "/token", "scope": "profile email", "idTokenVerificationConfig": v})
	maps.Copy(c, more)
	return social(t, s, row("oidc", c))
}

func TestIDTokensAreHeldAgainstTheVerificationConfig(t *testing.T) {
	changed := func(change func(map[string]any)) func(*connectortest.Upstream) {
		return func(u *connectortest.Upstream) { u.Faults.Claims = change }
	}
	for _, tt := range []struct {
		name         string
		verification map[string]any
		more         map[string]any
		provoke      func(*connectortest.Upstream)
		code         string
	}{
		{name: "nothing but keys"},
		{name: "several issuers", verification: map[string]any{"issuer": []string{"https://a.example", "https://b.example"}},
			provoke: func(u *connectortest.Upstream) {
				u.Faults.Claims = func(c map[string]any) { c["iss"] = "https://b.example" }
				u.Faults.Answer = func(v url.Values) { v.Set("iss", "https://b.example") }
			}},
		{name: "another issuer than any of several", verification: map[string]any{"issuer": []string{"https://a.example", "https://b.example"}},
			provoke: func(u *connectortest.Upstream) { u.Faults.Answer = func(v url.Values) { v.Del("iss") } }, code: "connector.social_invalid_id_token"},
		{name: "an answer of another issuer", verification: map[string]any{"issuer": "https://a.example"}, code: "connector.invalid_response"},
		{name: "another audience", verification: map[string]any{"audience": "api"}, code: "connector.social_invalid_id_token"},
		{name: "the audience that is configured", verification: map[string]any{"audience": []string{"api", "x"}}, provoke: changed(func(c map[string]any) { c["aud"] = "api" })},
		{name: "another algorithm", verification: map[string]any{"algorithms": []string{"RS256", "EdDSA"}}, code: "connector.social_invalid_id_token"},
		{name: "the algorithm", verification: map[string]any{"algorithms": []string{"ES256"}}},
		{name: "more tolerance", verification: map[string]any{"clockTolerance": "4 minutes"}, provoke: changed(func(c map[string]any) { c["exp"] = time.Now().Add(-3 * time.Minute).Unix() })},
		{name: "less tolerance", verification: map[string]any{"clockTolerance": 10}, provoke: changed(func(c map[string]any) { c["exp"] = time.Now().Add(-30 * time.Second).Unix() }), code: "connector.social_invalid_id_token"},
		{name: "too old", verification: map[string]any{"maxTokenAge": "5m"}, provoke: changed(func(c map[string]any) { c["iat"] = time.Now().Add(-10 * time.Minute).Unix() }), code: "connector.social_invalid_id_token"},
		{name: "old, but nobody minds", provoke: changed(func(c map[string]any) { c["iat"] = time.Now().Add(-10 * time.Minute).Unix() })},
		{name: "another subject", verification: map[string]any{"subject": "ada"}, code: "connector.social_invalid_id_token"},
		{name: "another type", verification: map[string]any{"typ": "at+jwt"}, code: "connector.social_invalid_id_token"},
		{name: "no time of signing in", more: map[string]any{"authRequestOptionalConfig": map[string]any{"maxAge": 60}}, code: "connector.social_invalid_id_token"},
		{name: "signed in long ago", more: map[string]any{"authRequestOptionalConfig": map[string]any{"maxAge": 60}},
			provoke: changed(func(c map[string]any) { c["auth_time"] = time.Now().Add(-time.Hour).Unix() }), code: "connector.social_invalid_id_token"},
		{name: "signed in just now", more: map[string]any{"authRequestOptionalConfig": map[string]any{"maxAge": 60}}, provoke: changed(func(c map[string]any) { c["auth_time"] = time.Now().Unix() })},
		{name: "a claim in other letters", provoke: changed(func(c map[string]any) { delete(c, "nonce"); c["Nonce"] = "x"; c["SUB"] = "ada" }), code: "connector.social_invalid_id_token"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			u, s := upstream(t)
			if tt.provoke != nil {
				u.Change(tt.provoke)
			}
			who, err := visitTo(t, standard(t, s, u, tt.verification, tt.more), as(u, "grace"))
			if tt.code != "" {
				wantCode(t, err, tt.code)
				return
			}
			if err != nil || who.Subject != "grace" {
				t.Errorf("identity is %+v, %v", who, err)
			}
		})
	}
}

func TestTextsForBooleansAreTakenOnlyIfAllowed(t *testing.T) {
	for _, allowed := range []bool{true, false} {
		u, s := upstream(t)
		u.Change(func(u *connectortest.Upstream) {
			u.Faults.Claims = func(c map[string]any) { c["email_verified"] = "true" }
		})
		who, err := visitTo(t, standard(t, s, u, nil, map[string]any{"acceptStringTypedBooleanClaims": allowed}), as(u, "grace"))
		if err != nil || who.EmailVerified != allowed {
			t.Errorf("allowed %v: %+v, %v", allowed, who, err)
		}
	}
}

func TestTheClientProvesItselfAsConfigured(t *testing.T) {
	for _, method := range []string{methodPost, methodBasic, methodJWT} {
		u, s := upstream(t)
		var form url.Values
		var basicUser, basicSecret string
		u.Change(func(u *connectortest.Upstream) {
			u.Client.Secret = strings.Repeat("long enough for HMAC ", 4)
			u.Faults.Before = func(_ http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path == "/token" {
					if err := r.ParseForm(); err != nil {
						t.Error(err)
					}
					form = r.PostForm
					basicUser, basicSecret, _ = r.BasicAuth()
				}
				return false
			}
		})
		p := standard(t, s, u, nil, map[string]any{"tokenEndpointAuthMethod": method, "clientSecret": u.Client.Secret})
		_, err := visitTo(t, p, as(u, "grace"))
		switch method {
		case methodPost:
			if err != nil || form.Get("client_secret") != u.Client.Secret || basicUser != "" {
				t.Errorf("%s: %v, %v", method, form, err)
			}
		case methodBasic:
			if err != nil || basicUser != testClient.ID || basicSecret != url.QueryEscape(u.Client.Secret) { // RFC 6749 §2.3.1
				t.Errorf("%s: %q %q, %v", method, basicUser, basicSecret, err)
			}
		case methodJWT:
			token, parseErr := jwt.ParseSigned(form.Get("client_assertion"), []jose.SignatureAlgorithm{jose.HS256})
			if parseErr != nil {
				t.Fatal(parseErr)
			}
			var c jwt.Claims
			if err := token.Claims([]byte(u.Client.Secret), &c); err != nil {
				t.Fatal(err)
			}
			if err := c.Validate(jwt.Expected{Issuer: testClient.ID, Subject: testClient.ID, AnyAudience: jwt.Audience{u.Issuer + "/token"}}); err != nil || c.ID == "" || c.Expiry == nil {
				t.Errorf("%s: %+v, %v", method, c, err)
			}
			if form.Has("client_secret") || form.Get("client_assertion_type") != assertionType {
				t.Errorf("%s: %v", method, form)
			}
		}
	}
}

func TestLengthsOfTimeAreRead(t *testing.T) {
	for text, want := range map[string]time.Duration{
		`0`: 0, `90`: 90 * time.Second, `1.5`: 1500 * time.Millisecond, `"90"`: 90 * time.Second, `"5 minutes"`: 5 * time.Minute, `"5m"`: 5 * time.Minute,
		`"1 sec"`: time.Second, `"2hrs"`: 2 * time.Hour, `"1 day"`: 24 * time.Hour, `null`: 0,
		`-1`: -1, `"soon"`: -1, `"-5m"`: -1, `1e300`: -1, `"999999999 days"`: -1, `[]`: -1, `true`: -1, `"5 moments"`: -1,
	} {
		var s span
		err := json.Unmarshal([]byte(text), &s)
		if (err != nil) != (want < 0) || err == nil && time.Duration(s) != want {
			t.Errorf("%s is read as %v, %v", text, time.Duration(s), err)
		}
	}
}

func TestFreshnessIsTheProvidersWordWithinLimits(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		control, expires string
		want             time.Duration
	}{
		{"", "", usualFresh},
		{"public, max-age=7200", "", 2 * time.Hour},
		{"MAX-AGE=\"7200\", must-revalidate", "", 2 * time.Hour},
		{"max-age=7200", "Tue, 24 Nov 2026 12:10:00 GMT", 2 * time.Hour},
		{"", "Tue, 24 Nov 2026 12:10:00 GMT", 10 * time.Minute},
		{"", "Tue, 24 Nov 2020 12:10:00 GMT", minFresh},
		{"", "0", usualFresh},
		{"max-age=0", "", minFresh},
		{"no-store", "", minFresh},
		{"max-age=7200, no-cache", "", minFresh},
		{"max-age=99999999", "", maxFresh},
		{"max-age=99999999999999999999999", "", minFresh},
		{"max-age=-5", "", minFresh},
	} {
		h := http.Header{}
		if tt.control != "" {
			h.Set("Cache-Control", tt.control)
		}
		if tt.expires != "" {
			h.Set("Expires", tt.expires)
		}
		if got := freshness(h, now); got != tt.want {
			t.Errorf("Cache-Control %q, Expires %q: %v, want %v", tt.control, tt.expires, got, tt.want)
		}
	}
}

func TestWhatWasPublishedServesForAWhileWhenTheProviderIsDown(t *testing.T) {
	var hits int
	broken := false
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		hits++
		if broken {
			http.Error(w, "down", http.StatusBadGateway)
			return
		}
		w.Header().Set("Cache-Control", "max-age=600")
		_, _ = w.Write([]byte(`{"keys":[{"kty":"EC","crv":"P-256","kid":"k","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}`))
	}))
	t.Cleanup(srv.Close)
	clock := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	s := &Set{Client: srv.Client(), Now: func() time.Time { return clock }}
	look := func(after time.Duration, want int, ok bool) {
		t.Helper()
		clock = clock.Add(after)
		_, err := s.keys(t.Context(), srv.URL, false)
		if (err == nil) != ok || hits != want {
			t.Errorf("at %v: %v after %d requests, want %d", clock, err, hits, want)
		}
	}
	look(0, 1, true)
	look(9*time.Minute, 1, true) // fresh
	look(2*time.Minute, 2, true) // fetched anew
	broken = true
	look(11*time.Minute, 3, true) // stale, and the provider is down
	look(time.Second, 3, true)    // not asked again at once
	look(failurePause, 4, true)   // but soon
	look(staleGrace, 5, false)    // the end of grace
	look(time.Second, 5, false)   // nor hammered then
	broken = false
	look(failurePause, 6, true)
}

// FuzzAnswer looks for answers of a provider, at any of its endpoints, that end
// in anything but a person or a refusal.
func FuzzAnswer(f *testing.F) {
	u := connectortest.New("", testClient, grace)
	answers := map[string]string{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if body, ok := answers[r.URL.Path]; ok && body != "" {
			_, _ = w.Write([]byte(body))
			return
		}
		u.ServeHTTP(w, r)
	}))
	f.Cleanup(srv.Close)
	u.Issuer = srv.URL
	f.Add(`{"issuer":"x"}`, "", "", "", "code=a&state=state-1")
	f.Add("", `{"access_token":"a","id_token":"eyJhbGciOiJub25lIn0.e30."}`, "", "", "code=a&state=state-1&iss=x")
	f.Add("", "access_token=a&token_type=bearer", "", `{"sub":5}`, "error=access_denied&state=state-1")
	f.Add("", "", `{"keys":[{"kty":"RSA","n":"AA","e":"AQAB"}]}`, `[]`, "code=a&code=b&state=state-1")
	f.Fuzz(func(t *testing.T, metadata, token, keys, me, query string) {
		answers = map[string]string{"/.well-known/openid-configuration": metadata, "/token": token, "/jwks": keys, "/userinfo": me}
		s := &Set{Client: srv.Client()}
		for _, p := range []Provider{discovered(s, u), social(t, s, row("oauth2", basic(map[string]any{
			"authorizationEndpoint": u.Issuer + "/authorize", "tokenEndpoint": u.Issuer + "/token", "userInfoEndpoint": u.Issuer + "/userinfo"})))} {
			_, pending, err := p.Begin(t.Context(), Attempt{State: "state-1", RedirectURI: callback})
			if err == nil {
				brought, parseErr := url.ParseQuery(query)
				if parseErr != nil {
					return
				}
				var who guestlist.OutsideIdentity
				who, err = p.Finish(t.Context(), pending, brought)
				if err == nil && (who.Subject == "" || !json.Valid(who.Raw)) {
					t.Fatalf("nobody came in: %+v", who)
				}
			}
			if err != nil {
				wantCodeOfConnector(t, err)
			}
		}
	})
}

func wantCodeOfConnector(t *testing.T, err error) {
	t.Helper()
	code := guestlist.CodeOf(err)
	wantCode(t, err, code)
	if !strings.HasPrefix(code, "connector.") {
		t.Fatalf("not a refusal of ours: %v", err)
	}
}
