package oidc_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/store"
)

func TestClientAuthentication(t *testing.T) {
	h := newHouse(t)
	const odd = "p%20w+x:y/z"
	h.update(func(tx *store.Tx) error {
		soon := tx.Now.Add(time.Second)
		for name, value := range map[string]string{"odd": odd, "short": "expires-soon"} {
			s := guestlist.ApplicationSecret{ApplicationID: "machine", Name: name, Value: value, CreatedAt: tx.Now}
			if name == "short" {
				s.ExpiresAt = &soon
			}
			if err := tx.InsertApplicationSecret(s); err != nil {
				return err
			}
		}
		return nil
	})
	ask := func(authorization string, pairs ...string) answer {
		f := form(append([]string{"grant_type", "client_credentials", "resource", indicator}, pairs...)...)
		if authorization == "" {
			return h.post("/token", f)
		}
		return h.post("/token", f, "Authorization", authorization)
	}
	const failed, malformed = "client authentication failed", "invalid authorization header value format"
	for name, test := range map[string]struct {
		authorization string
		pairs         []string
		status        int
		description   string
	}{
		"basic":                       {basic("machine", secret), nil, 200, ""},
		"basic, lower case":           {strings.Replace(basic("machine", secret), "Basic", "basic", 1), nil, 200, ""},
		"basic, another secret, raw":  {basic("machine", odd), nil, 200, ""},
		"basic, encoded":              {basic("machine", url.QueryEscape(odd)), nil, 200, ""},
		"basic, encoded id":           {basic("%6dachine", secret), nil, 200, ""},
		"body":                        {"", []string{"client_id", "machine", "client_secret", secret}, 200, ""},
		"basic and id":                {basic("machine", secret), []string{"client_id", "machine"}, 200, ""},
		"both":                        {basic("machine", secret), []string{"client_id", "machine", "client_secret", secret}, 400, "client authentication must only be provided using one mechanism"},
		"basic and other id":          {basic("machine", secret), []string{"client_id", "spa"}, 400, "client_id mismatch"},
		"wrong, basic":                {basic("machine", "wrong"), nil, 401, failed},
		"wrong, body":                 {"", []string{"client_id", "machine", "client_secret", "wrong"}, 401, failed},
		"secret of another":           {"", []string{"client_id", "machine", "client_secret", ""}, 401, failed},
		"none":                        {"", []string{"client_id", "machine"}, 401, failed},
		"nothing":                     {"", nil, 400, "no client authentication mechanism provided"},
		"no colon":                    {"Basic YWJj", nil, 400, malformed},
		"no base64":                   {"Basic %%%", nil, 400, malformed},
		"bearer":                      {"Bearer abc", nil, 400, malformed},
		"unknown, basic":              {basic("nosuch", "x"), nil, 400, "invalid client nosuch"},
		"unknown, body":               {"", []string{"client_id", "nosuch", "client_secret", "x"}, 400, "invalid client nosuch"},
		"public with a secret":        {"", []string{"client_id", "spa", "client_secret", "x"}, 401, failed},
		"public with basic":           {basic("spa", "x"), nil, 401, failed},
		"public with an empty secret": {basic("spa", ""), nil, 401, failed},
		"assertion":                   {"", []string{"client_id", "machine", "client_assertion", "x.y.z"}, 400, "client authentication by assertion is not supported"},
		"before expiry":               {basic("machine", "expires-soon"), nil, 200, ""},
	} {
		a := ask(test.authorization, test.pairs...)
		if a.Status != test.status || a.text("error_description") != test.description {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
		challenge := a.Header.Get("WWW-Authenticate")
		want := ""
		if a.Status == http.StatusUnauthorized && test.authorization != "" {
			want = `Basic realm="http://localhost:3001/oidc", error="invalid_client", error_description="client authentication failed"`
		}
		if challenge != want {
			t.Errorf("%s: challenge %q", name, challenge)
		}
	}
	h.clock.Advance(time.Second)
	if a := ask(basic("machine", "expires-soon")); a.Status != 400 || a.text("error_description") != "client secret has expired" {
		t.Errorf("expired: %d %s", a.Status, a.Body)
	}
	h.update(func(tx *store.Tx) error { return tx.DeleteApplicationSecret("machine", "odd") })
	if a := ask(basic("machine", odd)); a.Status != http.StatusUnauthorized {
		t.Errorf("deleted: %d %s", a.Status, a.Body)
	}
}

func TestTokenRequestErrors(t *testing.T) {
	h := newHouse(t)
	for name, test := range map[string]struct {
		method, path, contentType, body string
		status                          int
		want                            string // whole body
	}{
		"no grant_type": {"POST", "/token", formType, "client_id=spa", 400,
			`{"code":"oidc.invalid_request","message":"Request is invalid.","error":"invalid_request","error_description":"missing required parameter 'grant_type'"}`},
		"no refresh_token": {"POST", "/token", formType, "client_id=spa&grant_type=refresh_token", 400,
			`{"code":"oidc.invalid_request","message":"Request is invalid.","error":"invalid_request","error_description":"missing required parameter 'refresh_token'"}`},
		"unsupported": {"POST", "/token", formType, "client_id=spa&grant_type=password", 400,
			`{"code":"oidc.unsupported_grant_type","message":"This ` + "`grant_type`" + ` is not supported. Use one that the discovery document lists.","error":"unsupported_grant_type","error_description":"unsupported grant_type requested"}`},
		"twice": {"POST", "/token", formType, "client_id=spa&grant_type=a&grant_type=b", 400,
			`{"code":"oidc.invalid_request","message":"Request is invalid.","error":"invalid_request","error_description":"'grant_type' parameter must not be provided twice"}`},
		"text": {"POST", "/token", "text/plain", "grant_type=refresh_token", 400,
			`{"code":"oidc.invalid_request","message":"Request is invalid.","error":"invalid_request","error_description":"only application/x-www-form-urlencoded content-type bodies are supported on POST /token"}`},
		"empty": {"POST", "/token", "", "", 400,
			`{"code":"oidc.invalid_request","message":"Request is invalid.","error":"invalid_request","error_description":"no client authentication mechanism provided"}`},
		"JSON": {"POST", "/token", "application/json", `{"client_id":"spa","grant_type":"refresh_token","refresh_token":"x"}`, 400,
			`{"code":"oidc.invalid_grant","message":"This grant is no longer valid. Sign in again.","error_uri":"https://openid.sh/debug/invalid_grant","error":"invalid_grant","error_description":"grant request is invalid"}`},
		"JSON with charset": {"POST", "/token", "application/json; charset=utf-8", `{"client_id":"spa"}`, 400,
			`{"code":"oidc.invalid_request","message":"Request is invalid.","error":"invalid_request","error_description":"missing required parameter 'grant_type'"}`},
		"JSON number": {"POST", "/token", "application/json", `{"client_id":1}`, 400,
			`{"code":"oidc.invalid_request","message":"Request is invalid.","error":"invalid_request","error_description":"'client_id' parameter must be a string"}`},
		"JSON null": {"POST", "/token", "application/json", `{"client_id":null}`, 400,
			`{"code":"oidc.invalid_request","message":"Request is invalid.","error":"invalid_request","error_description":"'client_id' parameter must be a string"}`},
		"JSON twice": {"POST", "/token", "application/json", `{"client_id":["a","b"]}`, 400,
			`{"code":"oidc.invalid_request","message":"Request is invalid.","error":"invalid_request","error_description":"'client_id' parameter must not be provided twice"}`},
		"broken JSON": {"POST", "/token", "application/json", `{"a":`, 400,
			`{"code":"oidc.invalid_request","message":"Request is invalid.","error":"invalid_request","error_description":"failed to parse the request body"}`},
		"NUL": {"POST", "/token", formType, "grant_type=refresh_token&client_id=\x00abc", 400,
			`{"code":"oidc.invalid_request","message":"Request is invalid.","error":"invalid_request","error_description":"null bytes are not allowed in the request body, and its text must be UTF-8"}`},
		"escaped NUL": {"POST", "/token", formType, "grant_type=refresh_token&client_id=%00abc", 400,
			`{"code":"oidc.invalid_request","message":"Request is invalid.","error":"invalid_request","error_description":"null bytes are not allowed in the request body, and its text must be UTF-8"}`},
		"parse_error=false": {"POST", "/token?parse_error=false", formType, "client_id=spa&grant_type=refresh_token&refresh_token=x", 400,
			`{"error":"invalid_grant","error_description":"grant request is invalid"}`},
		"GET": {"GET", "/token", "", "", 404,
			`{"code":"oidc.invalid_request","message":"Request is invalid.","error":"invalid_request","error_description":"unrecognized route or not allowed method (GET on /token)"}`},
		"DELETE": {"DELETE", "/token", "", "", 404,
			`{"code":"oidc.invalid_request","message":"Request is invalid.","error":"invalid_request","error_description":"unrecognized route or not allowed method (DELETE on /token)"}`},
		"unknown": {"GET", "/nonexistent", "", "", 404,
			`{"code":"oidc.invalid_request","message":"Request is invalid.","error":"invalid_request","error_description":"unrecognized route or not allowed method (GET on /nonexistent)"}`},
		"the mount point": {"GET", "", "", "", 404,
			`{"code":"oidc.invalid_request","message":"Request is invalid.","error":"invalid_request","error_description":"unrecognized route or not allowed method (GET on /)"}`},
		"POST on the keys": {"POST", "/jwks", formType, "a=b", 404,
			`{"code":"oidc.invalid_request","message":"Request is invalid.","error":"invalid_request","error_description":"unrecognized route or not allowed method (POST on /jwks)"}`},
		"too large": {"POST", "/token", formType, "a=" + strings.Repeat("x", 1<<20), 413,
			`{"code":"oidc.invalid_request","message":"Request is invalid.","error":"invalid_request","error_description":"request body is too large"}`},
	} {
		r := httptest.NewRequest(test.method, endpoint+"/oidc"+test.path, strings.NewReader(test.body))
		if test.contentType != "" {
			r.Header.Set("Content-Type", test.contentType)
		}
		if a := h.do(r); a.Status != test.status || a.Body != test.want {
			t.Errorf("%s: %d\n got %s\nwant %s", name, a.Status, a.Body, test.want)
		}
	}
}

const formType = "application/x-www-form-urlencoded"

func TestMessagesAreTranslated(t *testing.T) {
	h := newHouse(t)
	fr := h.get("/nonexistent", "Accept-Language", "fr")
	if en := h.get("/nonexistent"); fr.text("message") == en.text("message") || fr.text("message") == "" {
		t.Errorf("fr %q, en %q", fr.text("message"), en.text("message"))
	}
}

func TestBuiltInClient(t *testing.T) {
	h := newHouse(t)
	demo := application("demo-app", guestlist.ApplicationSPA)
	if a := h.redeem(demo, h.code(demo, "openid profile")); a.Status != http.StatusOK {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

func TestCORS(t *testing.T) {
	h := newHouse(t)
	const own, evil = "http://localhost:3999", "https://evil.example"
	f := form("grant_type", "refresh_token", "client_id", "spa", "refresh_token", "x")
	for origin, want := range map[string]string{
		own: own, endpoint: endpoint, evil: "", "null": "", "https://localhost:3999": "", "http://localhost:39999": "",
	} {
		a := h.post("/token", f, "Origin", origin)
		if got := a.Header.Get("Access-Control-Allow-Origin"); got != want {
			t.Errorf("%s: allowed %q", origin, got)
		}
		if !strings.Contains(strings.Join(a.Header.Values("Vary"), ","), "Origin") {
			t.Errorf("%s: Vary %q", origin, a.Header.Values("Vary"))
		}
		refused := "origin " + origin + " not allowed for client: spa"
		if got := a.text("error_description"); (got == refused) != (want == "") {
			t.Errorf("%s: %s", origin, a.Body)
		}
	}
	for path, methods := range map[string]string{"/token": "POST", "/me": "GET,POST", "/token/revocation": "POST", "/jwks": "GET",
		"/.well-known/openid-configuration": "GET"} {
		r := httptest.NewRequest(http.MethodOptions, endpoint+"/oidc"+path, nil)
		r.Header.Set("Origin", evil)
		r.Header.Set("Access-Control-Request-Method", "POST")
		r.Header.Set("Access-Control-Request-Headers", "content-type,authorization")
		a := h.do(r)
		if a.Status != http.StatusNoContent || a.Header.Get("Access-Control-Allow-Origin") != evil ||
			a.Header.Get("Access-Control-Allow-Methods") != methods || a.Header.Get("Access-Control-Max-Age") != "3600" ||
			a.Header.Get("Access-Control-Allow-Headers") != "content-type,authorization" {
			t.Errorf("preflight of %s: %d %v", path, a.Status, a.Header)
		}
	}
	token := h.redeem(h.spa, h.code(h.spa, "openid")).text("access_token")
	if a := h.get("/me", "Authorization", "Bearer "+token, "Origin", evil); a.Status != 400 || a.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("userinfo, foreign origin: %d %v", a.Status, a.Header)
	}
	if a := h.get("/me", "Authorization", "Bearer "+token, "Origin", own); a.Status != 200 || a.Header.Get("Access-Control-Allow-Origin") != own {
		t.Errorf("userinfo, own origin: %d %v", a.Status, a.Header)
	}
	if a := h.get("/jwks", "Origin", evil); a.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("keys: %v", a.Header)
	}
}
