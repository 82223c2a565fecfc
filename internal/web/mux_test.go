package web

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"guestlist"

	"github.com/google/go-cmp/cmp"
)

func diffSearch(want, got guestlist.Search) string { return cmp.Diff(want, got) }

func TestMux(t *testing.T) {
	m, _ := manners(t)
	m.ErrorPage = func(w http.ResponseWriter, _ *http.Request, v ErrorView) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(v.Status)
	}
	x := NewMux(m, func(r *http.Request) bool { return !strings.HasPrefix(r.URL.Path, "/api/") })
	ok := func(w http.ResponseWriter, _ *http.Request) error { return WriteJSON(w, 200, struct{}{}) }
	x.API("GET /api/users", ok)
	x.API("POST /api/users", ok)
	x.API("GET /api/users/{id}", ok)
	x.Page("GET /sign-in", ok)
	for _, tt := range []struct {
		method, path string
		status       int
		code, allow  string
		page         bool
	}{
		{"GET", "/api/users", 200, "", "", false},
		{"HEAD", "/api/users", 200, "", "", false},
		{"GET", "/api/users/", 200, "", "", false},
		{"GET", "/api/users/1", 200, "", "", false},
		{"GET", "/api/users/1/", 200, "", "", false},
		{"GET", "/api/users/1/x", 404, "request.route_not_found", "", false},
		{"GET", "/api//users", 307, "", "", false},
		{"GET", "/api//nope", 404, "request.route_not_found", "", false},
		{"GET", "/api/nope", 404, "request.route_not_found", "", false},
		{"POST", "/api/nope", 404, "request.route_not_found", "", false},
		{"PUT", "/api/users", 405, "request.method_not_allowed", "GET, HEAD, POST", false},
		{"DELETE", "/api/users/", 404, "request.route_not_found", "", false},
		{"TRACE", "/api/users", 501, "request.method_not_implemented", "GET, HEAD, POST", false},
		{"LINK", "/api/users", 501, "request.method_not_implemented", "GET, HEAD, POST", false},
		{"OPTIONS", "/api/users", 200, "", "GET, HEAD, POST", false},
		{"GET", "/nope", 404, "", "", true},
		{"POST", "/sign-in", 405, "", "GET, HEAD", true},
	} {
		res, got := run(m.Wrap(x), httptest.NewRequest(tt.method, tt.path, nil))
		code, _ := got["code"].(string)
		page := res.Header.Get("Content-Type") == "text/html"
		if res.StatusCode != tt.status || code != tt.code || res.Header.Get("Allow") != tt.allow || page != tt.page && res.StatusCode != 307 {
			t.Errorf("%s %s: %d %q Allow %q page %v", tt.method, tt.path, res.StatusCode, code, res.Header.Get("Allow"), page)
		}
	}
}

func TestPolicy(t *testing.T) {
	p := Policy{}.String()
	for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "form-action 'self'", "frame-ancestors 'self'", "base-uri 'none'"} {
		if !strings.Contains(p+";", want+";") {
			t.Errorf("%q is missing in %s", want, p)
		}
	}
	if p := (Policy{Leaves: true}).String(); strings.Contains(p, "form-action") {
		t.Errorf("a page that leaves: %s", p)
	}
	p = Policy{Scripts: []string{"'nonce-abc'", "x; default-src *"}, Images: []string{"https:"}}.String()
	if !strings.Contains(p, "script-src 'self' 'nonce-abc';") || !strings.Contains(p, "img-src 'self' https:") || strings.Contains(p, "*") {
		t.Errorf("sources: %s", p)
	}
}

func TestCORS(t *testing.T) {
	c := CORS{AllowOrigin: func(_ *http.Request, o string) bool { return o == "https://good.example" }, Methods: "GET,POST", MaxAge: 3600}
	h := c.Wrap(write("text/plain", "x"))
	ask := func(method, origin string) answer {
		r := httptest.NewRequest(method, "/", nil)
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		if method == "OPTIONS" {
			r.Header.Set("Access-Control-Request-Method", "POST")
			r.Header.Set("Access-Control-Request-Headers", "authorization")
		}
		res, _ := run(h, r)
		return res
	}
	for _, tt := range []struct {
		method, origin, allowed, headers string
		status                           int
	}{
		{"GET", "", "", "", 200},
		{"GET", "https://good.example", "https://good.example", "", 200},
		{"GET", "https://evil.example", "", "", 200},
		{"OPTIONS", "https://good.example", "https://good.example", "authorization", 204},
		{"OPTIONS", "https://evil.example", "", "", 204},
	} {
		res := ask(tt.method, tt.origin)
		h := res.Header
		if res.StatusCode != tt.status || h.Get("Access-Control-Allow-Origin") != tt.allowed ||
			h.Get("Access-Control-Allow-Headers") != tt.headers || !strings.Contains(strings.Join(h["Vary"], ","), "Origin") {
			t.Errorf("%s from %q: %d %v", tt.method, tt.origin, res.StatusCode, h)
		}
		if h.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s from %q allows credentials", tt.method, tt.origin)
		}
	}
}

func TestCSRF(t *testing.T) {
	m, _ := manners(t)
	h, err := CSRF{Trusted: []string{"https://custom.example"}, Bypass: []string{"POST /oidc/token"}}.Wrap(m, nil, write("text/plain", "x"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, method, path, origin, site string
		status                           int
	}{
		{"same origin", "POST", "/sign-in", "http://example.com", "same-origin", 200},
		{"no browser", "POST", "/sign-in", "", "", 200},
		{"cross site", "POST", "/sign-in", "https://evil.example", "cross-site", 403},
		{"same site", "POST", "/sign-in", "https://sub.example.com", "same-site", 403},
		{"old browser", "POST", "/sign-in", "https://evil.example", "", 403},
		{"opaque origin", "POST", "/sign-in", "null", "", 403},
		{"reading", "GET", "/sign-in", "https://evil.example", "cross-site", 200},
		{"trusted", "POST", "/sign-in", "https://custom.example", "cross-site", 200},
		{"bypassed", "POST", "/oidc/token", "https://evil.example", "cross-site", 200},
	} {
		r := httptest.NewRequest(tt.method, tt.path, nil)
		if tt.origin != "" {
			r.Header.Set("Origin", tt.origin)
		}
		if tt.site != "" {
			r.Header.Set("Sec-Fetch-Site", tt.site)
		}
		res, got := run(h, r)
		if res.StatusCode != tt.status || tt.status == 403 && got["code"] != "request.cross_origin" {
			t.Errorf("%s: %d %v", tt.name, res.StatusCode, got)
		}
	}
	if _, err := (CSRF{Trusted: []string{"not an origin"}}).Wrap(m, nil, nil); err == nil {
		t.Error("a broken origin was taken")
	}
}

func TestClientIP(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for _, tt := range []struct {
		name, remote string
		forwarded    []string
		want         string
	}{
		{"direct", "203.0.113.5:99", nil, "203.0.113.5"},
		{"direct, forged header", "203.0.113.5:99", []string{"1.2.3.4"}, "203.0.113.5"},
		{"through a proxy", "10.0.0.1:99", []string{"198.51.100.7"}, "198.51.100.7"},
		{"through two", "10.0.0.1:99", []string{"198.51.100.7, 10.0.0.2"}, "198.51.100.7"},
		{"forged left", "10.0.0.1:99", []string{"1.2.3.4, 198.51.100.7"}, "198.51.100.7"},
		{"forged line", "10.0.0.1:99", []string{"1.2.3.4", "198.51.100.7"}, "198.51.100.7"},
		{"all trusted", "10.0.0.1:99", []string{"10.0.0.3"}, "10.0.0.3"},
		{"no header", "10.0.0.1:99", nil, "10.0.0.1"},
		{"garbage", "10.0.0.1:99", []string{"1.2.3.4, unknown"}, "10.0.0.1"},
		{"garbage behind", "10.0.0.1:99", []string{"unknown, 10.0.0.9"}, "10.0.0.9"},
		{"with port", "10.0.0.1:99", []string{"198.51.100.7:1234"}, "198.51.100.7"},
		{"v6 with brackets", "[fd00::1]:99", []string{"[2001:db8::1]:1234"}, "2001:db8::1"},
		{"mapped", "[::ffff:10.0.0.1]:99", []string{"::ffff:198.51.100.7"}, "198.51.100.7"},
		{"too many hops", "10.0.0.1:99", []string{"1.2.3.4" + strings.Repeat(",10.0.0.2", 30)}, "10.0.0.2"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = tt.remote
		r.Header["X-Forwarded-For"] = tt.forwarded
		if got := ClientIP(r, trusted); got != netip.MustParseAddr(tt.want) {
			t.Errorf("%s: %v, want %s", tt.name, got, tt.want)
		}
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = "@"
	if got := ClientIP(r, trusted); got.IsValid() {
		t.Errorf("unix socket: %v", got)
	}
}
