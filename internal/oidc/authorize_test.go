package oidc_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guestlist"
	"guestlist/internal/store"
)

const issuer = endpoint + "/oidc"

// TestAuthorizeErrorsInJSON: nothing is redirected before the client and its
// address are known to be right.
func TestAuthorizeErrorsInJSON(t *testing.T) {
	h := newHouse(t)
	for _, c := range []struct {
		name  string
		query url.Values
		want  map[string]any
	}{
		{"unknown client", request("client_id", "nosuch"), map[string]any{
			"code": "oidc.invalid_client", "error": "invalid_client", "error_description": "invalid client nosuch"}},
		{"no client", request("client_id", "-"), map[string]any{
			"code": "oidc.invalid_request", "error": "invalid_request", "error_description": "missing required parameter 'client_id'"}},
		{"unregistered address", request("redirect_uri", "http://localhost:3999/other"), badRedirect},
		{"another port", request("redirect_uri", "http://localhost:4000/cb"), badRedirect},
		{"fragment", request("redirect_uri", callback+"#x"), badRedirect},
		{"credentials", request("redirect_uri", "http://a@localhost:3999/cb"), badRedirect},
		{"script", request("redirect_uri", "javascript:alert(1)"), badRedirect},
		{"machine", request("client_id", "machine"), badRedirect},
		{"id of another kind", request("client_id", "alice0000000"), map[string]any{
			"code": "oidc.invalid_client", "error": "invalid_client", "error_description": "invalid client alice0000000"}},
		{"client twice", twice("client_id", "spa"), map[string]any{"code": "oidc.invalid_request", "error": "invalid_request",
			"error_description": "'client_id' parameter must not be provided twice"}},
		{"address twice", twice("redirect_uri", callback), map[string]any{"code": "oidc.invalid_request", "error": "invalid_request",
			"error_description": "'redirect_uri' parameter must not be provided twice"}},
		{"pushed by nobody", request("request_uri", "urn:ietf:params:oauth:request_uri:x"), map[string]any{
			"code": "oidc.invalid_request_uri", "error": "invalid_request_uri",
			"error_description": "request_uri is invalid, expired, or was already used"}},
	} {
		a := h.browser().get("/oidc/auth?" + c.query.Encode())
		want := map[string]any{"state": "state-1", "iss": issuer}
		for k, v := range c.want {
			want[k] = v
		}
		delete(a.JSON, "message")
		if diff := cmp.Diff(want, a.JSON); diff != "" || a.Status != http.StatusBadRequest || a.Header.Get("Location") != "" {
			t.Errorf("%s: %d (-want +got):\n%s", c.name, a.Status, diff)
		}
	}
}

var badRedirect = map[string]any{"code": "oidc.invalid_redirect_uri", "error": "invalid_redirect_uri",
	"error_description": "redirect_uri did not match any of the client's registered redirect_uris"}

func twice(name, value string) url.Values {
	v := request()
	v.Add(name, value)
	return v
}

// TestAuthorizeErrorsRedirected has the recorded errors of a real Logto.
func TestAuthorizeErrorsRedirected(t *testing.T) {
	h := newHouse(t)
	for _, c := range []struct {
		query    url.Values
		fragment bool
		want     string // error: description
	}{
		{request("code_challenge", "-", "code_challenge_method", "-"), false, "invalid_request: Authorization Server policy requires PKCE to be used for this request"},
		{request("code_challenge_method", "plain"), false, "invalid_request: not supported value of code_challenge_method"},
		{request("code_challenge_method", "-"), false, "invalid_request: code_challenge_method must be provided"},
		{request("code_challenge", "-"), false, "invalid_request: code_challenge must be provided with code_challenge_method"},
		{request("code_challenge", "abc"), false, "invalid_request: code_challenge must be a string with a minimum length of 43 characters"},
		{request("code_challenge", strings.Repeat("a", 129)), false, "invalid_request: code_challenge must be a string with a maximum length of 128 characters"},
		{request("code_challenge", strings.Repeat("=", 43)), false, "invalid_request: code_challenge contains invalid characters"},
		{request("response_type", "-"), false, "invalid_request: missing required parameter 'response_type'"},
		{request("response_type", "token"), true, "unsupported_response_type: unsupported response_type requested"},
		{request("response_type", "code id_token"), true, "invalid_request: requested response_type is not allowed for this client"},
		{request("response_type", "none"), false, "invalid_request: requested response_type is not allowed for this client"},
		{request("prompt", "nope"), false, "invalid_request: unsupported prompt value requested"},
		{request("prompt", "none login"), false, "invalid_request: prompt none must only be used alone"},
		{request("prompt", "none"), false, "login_required: End-User authentication is required"},
		{request("prompt", "none", "response_mode", "fragment"), true, "login_required: End-User authentication is required"},
		{request("scope", "-"), false, "invalid_request: openid scope must be requested when using the nonce parameter"},
		{request("scope", "profile"), false, "invalid_request: openid scope must be requested when using the nonce parameter"},
		{request("response_mode", "nope"), false, "unsupported_response_mode: unsupported response_mode requested"},
		{request("max_age", "-1"), false, "invalid_request: invalid max_age parameter value"},
		{request("max_age", "x"), false, "invalid_request: invalid max_age parameter value"},
		{request("max_age", "99999999999999999999"), false, "invalid_request: invalid max_age parameter value"},
		{request("resource", "https://nope.example"), false, "invalid_target: resource indicator is missing, or unknown"},
		{request("resource", "not a uri"), false, "invalid_target: resource indicator must be an absolute URI"},
		{request("resource", indicator+"#x"), false, "invalid_target: resource indicator must not contain a fragment component"},
		{request("resource", indicator+",https://nope.example"), false, "invalid_target: resource indicator is missing, or unknown"},
		{request("request", "abc"), false, "request_not_supported: "},
		{request("request_uri", "https://x.example/r"), false, "request_uri_not_supported: "},
		{request("id_token_hint", "abc"), false, "invalid_request: could not validate id_token_hint"},
		{request("scope", "openid "+strings.Repeat("a", 9000)), false, "invalid_request: 'scope' parameter is too long"},
		{twice("scope", "openid"), false, "invalid_request: 'scope' parameter must not be provided twice"},
		{twice("foo", "bar"), false, ""},
	} {
		if c.want == "" {
			continue
		}
		a := h.browser().get("/oidc/auth?" + c.query.Encode())
		u := location(t, a)
		if (u.Fragment != "") != c.fragment {
			t.Errorf("%s: answered at %s", c.want, u)
		}
		got := back(t, a)
		if s := got.Get("error") + ": " + got.Get("error_description"); s != c.want || got.Get("iss") != issuer || got.Get("state") != "state-1" {
			t.Errorf("%v, want %s with iss and state", got, c.want)
		}
		if len(a.Header["Set-Cookie"]) > 0 {
			t.Errorf("%s: an interaction was begun", c.want)
		}
	}
}

// TestAuthorizeErrorOrder pins the address of an error byte by byte.
func TestAuthorizeErrorOrder(t *testing.T) {
	h := newHouse(t)
	a := h.browser().authorize("prompt", "none")
	want := callback + "?error=login_required&error_description=End-User+authentication+is+required&state=state-1&iss=http%3A%2F%2Flocalhost%3A3001%2Foidc"
	if got := a.Header.Get("Location"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for name, v := range map[string]url.Values{"state twice": twice("state", "b"), "no state": request("state", "-", "prompt", "none"),
		"empty state": request("state", "", "prompt", "none")} {
		if got := back(t, h.browser().get("/oidc/auth?"+v.Encode())); got.Has("state") || got.Get("error") == "" {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestFirstScreen: where an interaction begins, with the cookie for its pages.
func TestFirstScreen(t *testing.T) {
	h := newHouse(t)
	const app = "app_id=spa"
	for _, c := range []struct{ query, want, cookie string }{
		{"", "/sign-in?" + app, ""},
		{"first_screen=sign_in", "/sign-in?" + app, ""},
		{"first_screen=signIn", "/sign-in?" + app, ""},
		{"first_screen=register", "/register?" + app, ""},
		{"first_screen=reset_password", "/reset-password?" + app, ""},
		{"first_screen=identifier%3Asign_in", "/identifier-sign-in?" + app, ""},
		{"first_screen=identifier%3Aregister", "/identifier-register?" + app, ""},
		{"first_screen=single_sign_on", "/single-sign-on?" + app, ""},
		{"first_screen=nope&login_hint=a%40example.com", "/sign-in?" + app, ""},
		{"interaction_mode=signIn", "/sign-in?" + app, ""},
		{"interaction_mode=signUp", "/register?" + app, ""},
		{"interaction_mode=nope&login_hint=a%40example.com&ui_locales=fr", "/sign-in?" + app, ""},
		{"first_screen=sign_in&interaction_mode=signUp", "/sign-in?" + app, ""},
		{"first_screen=identifier%3Asign_in&identifier=email+phone", "/identifier-sign-in?" + app + "&identifier=email+phone", ""},
		{"first_screen=identifier%3Aregister&identifiers=email+nope", "/identifier-register?" + app + "&identifier=email+nope", ""},
		{"login_hint=a+b%2Bc%40example.com", "/sign-in?" + app + "&login_hint=a+b%2Bc%40example.com", ""},
		{"ui_locales=fr-CA+fr+en", "/sign-in?" + app + "&ui_locales=fr-CA+fr+en", `{"appId":"spa","uiLocales":"fr-CA%20fr%20en"}`},
		{"organization_id=org1", "/sign-in?" + app + "&organization_id=org1", `{"appId":"spa","organizationId":"org1"}`},
		{"organization_id=org1&ui_locales=fr&one_time_token=tok&login_hint=a%40example.com&identifier=email&first_screen=register",
			"/register?" + app + "&organization_id=org1&ui_locales=fr&one_time_token=tok&login_hint=a%40example.com&identifier=email",
			`{"appId":"spa","organizationId":"org1","uiLocales":"fr"}`},
		{"one_time_token=tok", "/sign-in?" + app + "&one_time_token=tok", ""},
		{"direct_sign_in=social%3Amock-social", "/direct/social/mock-social?" + app + "&fallback=sign-in", ""},
		{"direct_sign_in=sso%3Aconnector-id-1", "/direct/sso/connector-id-1?" + app + "&fallback=sign-in", ""},
		{"direct_sign_in=social%3Agithub&first_screen=register", "/direct/social/github?" + app + "&fallback=register", ""},
		{"direct_sign_in=foo%3Abar", "/direct/foo/bar?" + app + "&fallback=sign-in", ""},
		{"direct_sign_in=social", "/direct/social?" + app + "&fallback=sign-in", ""},
		{"direct_sign_in=social%3A..", "/sign-in?" + app, ""},
		{"direct_sign_in=social%3A..%2F..%2Fapi%3Fx", "/direct/social/..%2F..%2Fapi%3Fx?" + app + "&fallback=sign-in", ""},
		{"direct_sign_in=social%3Agithub&login_hint=a%40example.com&organization_id=org1",
			"/direct/social/github?" + app + "&organization_id=org1&login_hint=a%40example.com&fallback=sign-in", `{"appId":"spa","organizationId":"org1"}`},
		{"google_one_tap_credential=credential-value", "/direct/social/google?" + app + "&fallback=sign-in", ""},
		{"foo=bar&claims=%7B%7D", "/sign-in?" + app, ""},
		{"scope=openid+nosuch", "/sign-in?" + app, ""},
		{"prompt=", "/sign-in?" + app, ""},
		{"prompt=login", "/sign-in?" + app, ""},
		{"prompt=consent+login", "/sign-in?" + app, ""},
		{"redirect_uri=", "/sign-in?" + app, ""},
	} {
		extra, err := url.ParseQuery(c.query)
		if err != nil {
			t.Fatal(err)
		}
		v := request()
		for name, list := range extra {
			v[name] = list
		}
		b := h.browser()
		onPage(t, b.get("/oidc/auth?"+v.Encode()), c.want)
		want := c.cookie
		if want == "" {
			want = `{"appId":"spa"}`
		}
		if got := b.value("_logto"); got != want {
			t.Errorf("%s: _logto=%s, want %s", c.query, got, want)
		}
	}
}

func TestInteractionCookies(t *testing.T) {
	h := newHouse(t)
	a := h.browser().authorize()
	uid := ""
	for _, line := range a.Header["Set-Cookie"] {
		name, rest, _ := strings.Cut(line, "=")
		value, attributes, _ := strings.Cut(rest, ";")
		want := "; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax"
		switch strings.TrimSuffix(name, ".sig") {
		case "_logto":
			want = "; Path=/; SameSite=Lax"
		case "_interaction_resume":
			if uid == "" {
				uid = value
			}
			want = "; Path=/oidc/auth/" + uid + "; Max-Age=3600; HttpOnly; SameSite=Lax"
		}
		if ";"+attributes != want {
			t.Errorf("%s has attributes %q, want %q", name, ";"+attributes, want)
		}
	}
	if len(a.Header["Set-Cookie"]) != 6 || uid == "" {
		t.Errorf("cookies: %v", a.Header["Set-Cookie"])
	}
}

// TestAuthorizeByPost: a form or JSON works as a query does.
func TestAuthorizeByPost(t *testing.T) {
	h := newHouse(t)
	onPage(t, h.browser().post("/oidc/auth", request()), "/sign-in?app_id=spa")

	json := func(body string) answer {
		r := httptest.NewRequest(http.MethodPost, endpoint+"/oidc/auth", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		return h.do(r)
	}
	onPage(t, json(`{"client_id":"spa","response_type":"code","code_challenge":"`+s256+`","code_challenge_method":"S256","resource":["`+indicator+`"]}`),
		"/sign-in?app_id=spa")
	for _, body := range []string{`{"client_id":["spa","spa"]}`, `{"client_id":7}`, `{"client_id":"a\u0000"}`, `[]`, `{`, "\xff"} {
		if a := json(body); a.Status != http.StatusBadRequest || a.text("error") != "invalid_request" || a.text("iss") != issuer {
			t.Errorf("%s: %d %s", body, a.Status, a.Body)
		}
	}
	if a := json(`{"state":"` + strings.Repeat("a", 1<<20) + `"}`); a.Status != http.StatusRequestEntityTooLarge {
		t.Errorf("oversized body: %d", a.Status)
	}
	for _, query := range []string{"client_id=%00", "client_id=%ff", "client_id=%zz"} {
		if a := h.browser().get("/oidc/auth?" + query); a.Status != http.StatusBadRequest || a.text("error") != "invalid_request" {
			t.Errorf("%s: %d %s", query, a.Status, a.Body)
		}
	}
}

// TestAuthorizeRawQuery: Logto's Go SDK does not escape what it sends.
func TestAuthorizeRawQuery(t *testing.T) {
	h := newHouse(t)
	a := h.browser().get("/oidc/auth?client_id=spa&redirect_uri=" + callback + "&response_type=code&scope=openid%20urn:logto:scope:organizations&prompt=consent" +
		"&resource=" + indicator + "&resource=urn:logto:resource:organizations&state=x&code_challenge=" + s256 + "&code_challenge_method=S256")
	onPage(t, a, "/sign-in?app_id=spa")
}

// TestSafeMethods: HEAD begins nothing, other methods are no endpoints.
func TestSafeMethods(t *testing.T) {
	h := newHouse(t)
	for _, method := range []string{http.MethodHead, http.MethodPut, http.MethodDelete} {
		a := h.do(httptest.NewRequest(method, endpoint+"/oidc/auth?"+request().Encode(), nil))
		if a.Status != http.StatusNotFound || len(a.Header["Set-Cookie"]) > 0 {
			t.Errorf("%s: %d", method, a.Status)
		}
	}
	a := h.do(httptest.NewRequest(http.MethodPut, endpoint+"/oidc/auth", nil))
	if a.text("error_description") != "unrecognized route or not allowed method (PUT on /auth)" {
		t.Errorf("PUT: %s", a.Body)
	}
}

// TestThirdPartyScopes: what an application of somebody else's was not given
// cannot be asked for.
func TestThirdPartyScopes(t *testing.T) {
	h := newHouse(t)
	partner := application("partner", guestlist.ApplicationTraditional)
	partner.IsThirdParty = true
	h.update(func(tx *store.Tx) error { return tx.InsertApplication(partner) })
	got := back(t, h.browser().authorize("client_id", "partner", "scope", "openid phone"))
	if got.Get("error") != "invalid_scope" || got.Get("scope") != "phone" || got.Get("error_description") != "requested scope is not allowed" {
		t.Errorf("scope that was not given: %v", got)
	}
	onPage(t, h.browser().authorize("client_id", "partner", "scope", "openid offline_access"), "/sign-in?app_id=partner")
}
