package guestlist

import (
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestCheckRedirectURI(t *testing.T) {
	good := []string{
		"https://rec.example/cb", "http://rec.example/cb", "http://localhost:3000/cb", "http://127.0.0.1/cb",
		"http://192.168.1.10:8080/cb", "https://[::1]/cb", "https://*.rec.example/cb", "https://rec-*.rec.example/cb",
		"https://rec.example/*/cb", "https://**.rec.example/cb", "https://*.*.rec.example/cb", "com.rec.app://callback",
		"com.rec.app:/callback", "myapp://callback", "myapp:callback", "io.logto://callback", "https://rec.example",
		"https://REC.example/CB", "https://rec.example/cb with space", "https://rec.example/cb?x=1&y=2",
		"exp://192.168.1.5:19000", "https://例え.example/cb", "http://localhost", "HTTPS://rec.example/cb",
	}
	for _, s := range good {
		if err := CheckRedirectURI(s); err != nil {
			t.Errorf("CheckRedirectURI(%q) = %v, want nil", s, err)
		}
	}
	bad := map[string]error{
		"":                                errURILength,
		"nope":                            errURIShape,
		"/cb":                             errURIShape,
		"//rec.example/cb":                errURIShape,
		"rec.example/cb":                  errURIShape,
		"not a url":                       errURIShape,
		"https:rec.example":               errURIShape,
		"https:/rec.example":              errURIShape,
		"https://":                        errURIHost,
		"https:///cb":                     errURIHost,
		"https://rec.example:70000/cb":    errURIHost,
		"https://[::1/cb":                 errURIHost,
		"https://[fe80::1%25eth0]/cb":     errURIHost,
		"https://rec%2eexample/cb":        errURIHost,
		"https://rec.example/%zz":         errURIShape,
		"https://rec.example/a/../b":      errURIDots,
		"https://rec.example/a/%2E%2e/b":  errURIDots,
		"https://rec.example/./b":         errURIDots,
		"https://rec.example/cb#frag":     errURIFragment,
		"https://user:pw@rec.example/cb":  errURICredentials,
		"https://rec.example\\@evil/cb":   errURICharacters,
		"https://rec.example/c\nb":        errURICharacters,
		" https://rec.example/cb":         errURICharacters,
		"javascript:alert(1)":             errURIScheme,
		"data:text/html,x":                errURIScheme,
		"file:///etc/x":                   errURIScheme,
		"intent://x#Intent;end":           errURIFragment,
		"vbscript:x":                      errURIScheme,
		"JavaScript:alert(1)":             errURIShape,
		"*.rec.app://cb":                  errURIShape,
		"myapp://*/cb":                    errURIWildcard,
		"https://*/cb":                    errURIWildcard,
		"https://*.example/cb":            errURIWildcard,
		"https://rec.*.example/cb":        errURIWildcard,
		"https://a.rec.exam*le/cb":        errURIWildcard,
		"http://*.rec.example/cb":         errURIWildcard,
		"https://rec.example/cb?x=*":      errURIWildcard,
		"https://rec.example:*/cb":        errURIWildcard,
		"https://*。rec.example.com/cb":    errURIWildcard,
		strings.Repeat("a", 2050) + "://": errURILength,
	}
	for s, want := range bad {
		if got := CheckRedirectURI(s); got != want { //nolint:errorlint // sentinel values are returned as they are
			t.Errorf("CheckRedirectURI(%q) = %v, want %v", s, got, want)
		}
	}
}

func TestAllowsRedirect(t *testing.T) {
	for _, c := range []struct {
		registered, candidate string
		native                bool
		want                  bool
	}{
		{"https://x.example/cb", "https://x.example/cb", false, true},
		{"https://x.example/cb", "https://x.example:443/cb", false, true},
		{"https://x.example/cb", "HTTPS://X.example/cb", false, true},
		{"https://x.example", "https://x.example/", false, true},
		{"https://x.example/a b", "https://x.example/a%20b", false, true},
		{"https://x.example/cb?a=1", "https://x.example/cb?a=1", false, true},
		{"https://x.example/cb", "https://x.example/cb/", false, false},
		{"https://x.example/cb", "https://x.example/CB", false, false},
		{"https://x.example/cb", "https://x.example/cb?a=1", false, false},
		{"https://x.example/cb", "https://x.example/cb?", false, false},
		{"https://x.example/cb", "http://x.example/cb", false, false},
		{"https://x.example/cb", "https://x.example:444/cb", false, false},
		{"https://x.example/cb", "https://x.example/cb#x", false, false},
		{"https://x.example/cb", "https://x.example/./cb", false, false},
		{"https://x.example/cb", "https://x.example.evil/cb", false, false},
		{"https://x.example/cb", "https://evil@x.example/cb", false, false},
		{"https://x.example/cb", "https://x.example\\@evil/cb", false, false},
		{"https://x.example/cb", "https://x.example/c\tb", false, false},
		{"https://x.example/cb", "//x.example/cb", false, false},
		{"https://*.rec.example/cb", "https://a.rec.example/cb", false, true},
		{"https://*.rec.example/cb", "https://a.b.rec.example/cb", false, false},
		{"https://*.rec.example/cb", "https://rec.example/cb", false, false},
		{"https://*.rec.example/cb", "https://.rec.example/cb", false, false},
		{"https://*.rec.example/cb", "https://*.rec.example/cb", false, false},
		{"https://*.rec.example/cb", "https://a.rec.example:8443/cb", false, false},
		{"https://*.rec.example/cb", "https://evil.com/.rec.example/cb", false, false},
		{"https://*.rec.example/cb", "https://evil。com.rec.example/cb", false, false},
		{"https://pr-*-app.rec.example/cb", "https://pr-12-app.rec.example/cb", false, true},
		{"https://pr-*-app.rec.example/cb", "https://pr--app.rec.example/cb", false, false},
		{"https://*.com/cb", "https://evil.com/cb", false, false}, // saved by somebody else's rules
		{"https://rec.example/cb/*", "https://rec.example/cb/foo", false, true},
		{"https://rec.example/cb/*", "https://rec.example/cb/foo/bar", false, false},
		{"https://rec.example/cb/*", "https://rec.example/cb/", false, false},
		{"https://rec.example/cb/*", "https://rec.example/cb/..", false, false},
		{"https://rec.example/cb/*", "https://rec.example/cb/..%2fadmin", false, false},
		{"http://127.0.0.1/cb", "http://127.0.0.1:5000/cb", true, true},
		{"http://localhost:1/cb", "http://localhost:5000/cb", true, true},
		{"http://[::1]/cb", "http://[0:0:0:0:0:0:0:1]:9/cb", true, true},
		{"http://127.0.0.1/cb", "http://127.0.0.1:5000/cb", false, false},
		{"http://127.0.0.1/cb", "http://localhost:5000/cb", true, false},
		{"https://127.0.0.1/cb", "https://127.0.0.1:5000/cb", true, false},
		{"http://10.0.0.1/cb", "http://10.0.0.1:5000/cb", true, false},
		{"com.rec.app://callback", "com.rec.app://callback", true, true},
		{"com.rec.app://callback", "com.rec.app://callback/", true, false},
		{"com.rec.app://callback", "com.rec.app:callback", true, false},
		{"com.rec.app://callback", "COM.rec.app://callback", true, false},
		{"javascript:alert(1)", "javascript:alert(1)", true, false},
	} {
		app := Application{Type: ApplicationSPA, OIDCClientMetadata: OIDCClientMetadata{
			RedirectURIs: []string{c.registered}, PostLogoutRedirectURIs: []string{c.registered}}}
		if c.native {
			app.Type = ApplicationNative
		}
		if got := app.AllowsRedirect(c.candidate); got != c.want {
			t.Errorf("%q allows %q (native %t): %t, want %t", c.registered, c.candidate, c.native, got, c.want)
		}
		if !c.native && app.AllowsPostLogout(c.candidate) != c.want {
			t.Errorf("post logout: %q allows %q is not %t", c.registered, c.candidate, c.want)
		}
	}
}

func TestPostLogoutCountsLoopbackPorts(t *testing.T) {
	app := Application{Type: ApplicationNative, OIDCClientMetadata: OIDCClientMetadata{
		PostLogoutRedirectURIs: []string{"http://127.0.0.1/out"}}}
	if app.AllowsPostLogout("http://127.0.0.1:9/out") {
		t.Error("a port that was not registered is allowed after logout")
	}
}

func TestAllowsOrigin(t *testing.T) {
	app := Application{
		OIDCClientMetadata:   OIDCClientMetadata{RedirectURIs: []string{"https://app.example/cb", "https://*.rec.example/cb", "com.x://cb"}},
		CustomClientMetadata: CustomClientMetadata{CORSAllowedOrigins: []string{"http://localhost:3000", "https://api.example"}},
	}
	for origin, want := range map[string]bool{
		"https://app.example": true, "https://app.example:443": true, "http://localhost:3000": true,
		"https://api.example": true, "https://a.rec.example": true, "https://rec.example": false,
		"http://app.example": false, "https://app.example:8443": false, "https://app.example.evil": false,
		"null": false, "": false, "com.x://cb": false, "https://app.example/": false, "https://app.example?": false,
		"https://*.rec.example": false, "https://evil@app.example": false,
	} {
		if got := app.AllowsOrigin(origin); got != want {
			t.Errorf("AllowsOrigin(%q) = %t, want %t", origin, got, want)
		}
	}
}

func TestMatchWildcard(t *testing.T) {
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{
		{"*", "a", true}, {"*", "", false}, {"a*", "a", false}, {"a*c", "abc", true}, {"a*c", "ac", false},
		{"**", "a", false}, {"**", "ab", true}, {"*b*", "abc", true}, {"*b*", "ab", false}, {"*ab", "aab", true},
		{"*a*a", "aaa", false}, {"*a*a", "baba", true}, {"x", "x", true}, {"x", "y", false},
	} {
		if got := matchWildcard(c.pattern, c.s); got != c.want {
			t.Errorf("matchWildcard(%q, %q) = %t, want %t", c.pattern, c.s, got, c.want)
		}
	}
}

// FuzzAllowsRedirect holds the rule to what a browser would do with a URI that
// it allows: the host stays where the registered URI says.
func FuzzAllowsRedirect(f *testing.F) {
	for _, s := range []string{
		"https://a.rec.example/cb", "https://a.rec.example:443/cb", "https://evil@a.rec.example/cb", "https://x\\.rec.example/cb",
		"http://127.0.0.1:99/cb", "myapp://cb", "https://a%2erec.example/cb", "https://rec.example/p/x", "https://a.rec.example/cb?*",
	} {
		f.Add(s)
	}
	registered := []string{"https://*.rec.example/cb", "https://rec.example/p/*", "http://127.0.0.1/cb", "myapp://cb"}
	app := Application{Type: ApplicationNative, OIDCClientMetadata: OIDCClientMetadata{RedirectURIs: registered}}
	f.Fuzz(func(t *testing.T, s string) {
		_ = CheckRedirectURI(s) // must not panic
		if !app.AllowsRedirect(s) {
			return
		}
		if s == "myapp://cb" {
			return
		}
		u, err := url.Parse(s)
		if err != nil {
			t.Fatalf("%q is allowed and no URL: %v", s, err)
		}
		host := strings.ToLower(u.Hostname())
		if !strings.HasSuffix(host, ".rec.example") && !slices.Contains([]string{"rec.example", "127.0.0.1"}, host) ||
			u.User != nil || u.Fragment != "" || strings.ContainsAny(s, "\\*#@\n\t") {
			t.Fatalf("%q is allowed", s)
		}
	})
}
