package oidc_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// FuzzAuthorize sends anything to the authorization endpoint, as query and as
// form: a browser is only ever led to the registered address or to a page of
// ours, and nobody gets a code.
func FuzzAuthorize(f *testing.F) {
	h := newHouse(f)
	for _, seed := range []string{
		request().Encode(), request("prompt", "none").Encode(), request("redirect_uri", "http://localhost:3999.evil/cb").Encode(),
		request("redirect_uri", callback+"\r\nSet-Cookie: a=b").Encode(), request("state", "\r\nX: y").Encode(),
		request("direct_sign_in", "social:../../x").Encode(), request("first_screen", "//evil.example").Encode(),
		request("response_mode", "form_post", "prompt", "none").Encode(), request("login_hint", "\x00").Encode(),
		"client_id=spa&client_id=spa&redirect_uri=a&redirect_uri=b", "client_id=%zz;&", "client_id=spa&redirect_uri=javascript:alert(1)",
	} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	f.Fuzz(func(t *testing.T, query string, post bool) {
		r := httptest.NewRequest(http.MethodGet, endpoint+"/oidc/auth", nil)
		if post {
			r = httptest.NewRequest(http.MethodPost, endpoint+"/oidc/auth", strings.NewReader(query))
			r.Header.Set("Content-Type", formType)
		} else {
			r.URL.RawQuery = query
		}
		h.t = t
		a := h.do(r)
		if a.Status >= 500 || strings.Contains(a.Header.Get("Location"), "code=") && !strings.HasPrefix(a.Header.Get("Location"), "/") {
			t.Fatalf("%d %s %s", a.Status, a.Header.Get("Location"), a.Body)
		}
		at := a.Header.Get("Location")
		if a.Status != http.StatusSeeOther {
			if at != "" {
				t.Fatalf("%d with the address %s", a.Status, at)
			}
			return
		}
		u, err := url.Parse(at)
		if err != nil || strings.ContainsAny(at, "\r\n\\") || strings.HasPrefix(at, "//") {
			t.Fatalf("redirect to %q", at)
		}
		if !strings.HasPrefix(at, "/") && (u.Host != "localhost:3999" || u.Path != "/cb" || u.User != nil) {
			t.Fatalf("redirect to %q", at)
		}
	})
}

// FuzzCookies sends anything as cookies: at the worst they count as none.
func FuzzCookies(f *testing.F) {
	h := newHouse(f)
	b := h.browser()
	b.session(h.user.ID)
	b.authorize("prompt", "login")
	honest := ""
	for _, c := range b.cookies {
		honest += c.name + "=" + c.value + "; "
	}
	f.Add(honest)
	f.Add("_interaction=%7B%22spa%22%3A%22x%22%7D; _interaction.sig=x; _session=x")
	f.Add(strings.Repeat("_session=a; _session.sig=b; ", 200))
	f.Add("_interaction=" + strings.Repeat("%7B", 2000) + "; =; ;;;_logto={\"a\"")
	uid := b.uid("spa")
	f.Fuzz(func(t *testing.T, cookies string) {
		h.t = t
		for _, path := range []string{"/oidc/auth?" + request("prompt", "none").Encode(), "/oidc/auth?" + request().Encode(),
			"/oidc/auth/" + uid, "/oidc/session/end"} {
			r := httptest.NewRequest(http.MethodGet, endpoint+path, nil)
			r.Header["Cookie"] = []string{cookies}
			a := h.do(r)
			if a.Status >= 500 {
				t.Fatalf("%s: %d %s", path, a.Status, a.Body)
			}
			if strings.Contains(a.Header.Get("Location"), callback+"?code=") {
				t.Fatalf("a code for cookies %q", cookies)
			}
		}
	})
}

// FuzzLogoutForm sends anything as the proof of the sign-out form.
func FuzzLogoutForm(f *testing.F) {
	h := newHouse(f)
	b := h.browser()
	b.session(h.user.ID)
	f.Add("", "yes")
	f.Add("{}", "")
	f.Add(strings.Repeat("A", 64), "yes")
	f.Fuzz(func(t *testing.T, proof, logout string) {
		h.t = t
		if a := b.post("/oidc/session/end/confirm", form("xsrf", proof, "logout", logout)); a.Status != http.StatusBadRequest {
			t.Fatalf("%d %s", a.Status, a.Header.Get("Location"))
		}
	})
}
