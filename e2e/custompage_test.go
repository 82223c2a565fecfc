package e2e

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// customPage is where the example of a sign-in page is, seen from here.
var customPage = filepath.Join("..", "examples", "sign-in-page")

// customPolicy is the policy that the page is written for; its README has the same.
const customPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: https:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// isCustomPath reports whether the page is shown at a path, by GET.
func isCustomPath(path string) bool {
	return path == "/sign-in" || path == "/register" || path == "/one-time-token" || strings.HasPrefix(path, "/callback/")
}

// newCustomSite prepares an installation whose guests see a sign-in page of
// somebody else's: one origin, where a proxy serves the page's files and leaves
// everything else to Guestlist. It returns what guests open.
func newCustomSite(t testing.TB, engine string) (s *site, origin string) {
	t.Helper()
	var behind *httputil.ReverseProxy
	proxy := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asset, isAsset := strings.CutPrefix(r.URL.Path, "/sign-in-page/")
		switch get := r.Method == http.MethodGet; {
		case get && isCustomPath(r.URL.Path):
			asset = "index.html"
		case !get || !isAsset:
			behind.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Security-Policy", customPolicy)
		w.Header().Set("Cache-Control", "no-cache")
		http.ServeFileFS(w, r, os.DirFS(customPage), asset)
	}))
	origin = "http://" + proxy.Listener.Addr().String()
	s = newSite(t, engine, "GUESTLIST_ENDPOINT="+origin)
	to, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	behind = &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Host = r.In.Host
	}}
	proxy.Start()
	t.Cleanup(proxy.Close)
	return s, origin
}

// TestCustomPage signs guests in by the example of a sign-in page, with nothing
// but the experience API between the authorization request and the code.
func TestCustomPage(t *testing.T) {
	t.Parallel()
	s, origin := newCustomSite(t, "sqlite")
	s.serve()
	letters := s.connectMessages()
	demo := origin + "/demo-app"
	s.api("POST", "/users", map[string]any{"primaryEmail": ada, "username": "ada", "password": password}, 200, nil)

	// One after the other: they change whether the door is open.
	s.closeDoor(true, map[string]any{
		"signIn": map[string]any{"methods": []map[string]any{
			{"identifier": "username", "password": true, "verificationCode": false, "isPasswordPrimary": true},
			{"identifier": "email", "password": true, "verificationCode": true, "isPasswordPrimary": false},
		}},
	})
	t.Run("a password", func(t *testing.T) {
		b := newTab(t)
		b.Open(demo)
		b.WaitText("Take your seat")
		b.Screenshot("custom-start")
		b.Fill("identifier", "ada")
		b.Click("Continue")
		b.WaitText("Welcome back")
		b.Fill("password", "wrong")
		b.Click("Sign in")
		b.WaitText("The account or password is not right.")
		b.Screenshot("custom-wrong")
		b.Fill("password", password)
		b.Click("Sign in")
		b.WaitAt(demo)
	})
	t.Run("a code", func(t *testing.T) {
		b := newTab(t)
		b.Open(demo)
		b.WaitText("Take your seat")
		b.Fill("identifier", ada)
		b.Click("Continue")
		b.WaitText("Check your messages")
		b.Screenshot("custom-code")
		b.Fill("code", "000000")
		b.Click("Continue")
		b.WaitText("This code is not right.")
		b.Fill("code", letters.code(t, ada))
		b.Click("Continue")
		b.WaitAt(demo)
	})
	t.Run("an invitation", func(t *testing.T) {
		b, token := newTab(t), s.invite(anybody())
		q := url.Values{"one_time_token": {token.Token}, "login_hint": {token.Email}}
		b.Open(demo + "?" + q.Encode())
		b.WaitText("Come in as " + token.Email)
		b.Screenshot("custom-invited")
		b.Click("Come in")
		b.WaitText("Choose a password")
		b.Fill("password", "short")
		b.Click("Save")
		b.WaitText("Use at least 8 characters.")
		b.Screenshot("custom-password")
		b.Fill("password", newPassword)
		b.Click("Save")
		b.WaitAt(demo)
		if got := s.status(token); got != "consumed" || len(s.accounts(token.Email)) != 1 {
			t.Errorf("the token is %s, accounts %v", got, s.accounts(token.Email))
		}
	})
	t.Run("a stranger at the closed door", func(t *testing.T) {
		b, who := newTab(t), anybody()
		b.Open(demo)
		b.WaitText("Take your seat")
		b.Fill("identifier", who)
		b.Click("Continue")
		b.WaitText("Check your messages") // and nothing comes
		b.Click("Use your password instead")
		b.WaitText("Welcome back")
		b.Fill("password", password)
		b.Click("Sign in")
		b.WaitText("The account or password is not right.")
		if len(s.accounts(who)) != 0 {
			t.Error("the stranger has an account")
		}
	})
	s.api("PATCH", "/sign-in-exp", map[string]any{"signInMode": "SignInAndRegister"}, 200, nil)
	t.Run("a stranger at the open door", func(t *testing.T) {
		b, who := newTab(t), anybody()
		b.Open(demo)
		b.WaitText("Take your seat")
		b.Fill("identifier", who)
		b.Click("Continue")
		b.WaitText("Check your messages")
		b.Fill("code", letters.code(t, who))
		b.Click("Continue")
		b.WaitText("You are new here")
		b.Click("Create an account")
		b.WaitText("Choose a password")
		b.Fill("password", newPassword)
		b.Click("Save")
		b.WaitAt(demo)
		if len(s.accounts(who)) != 1 {
			t.Errorf("%d accounts", len(s.accounts(who)))
		}
	})
	t.Run("without a sign-in", func(t *testing.T) {
		b := newTab(t)
		b.Open(origin + "/one-time-token?one_time_token=x&login_hint=a@example.com")
		b.WaitText("Come in as a@example.com")
		b.Click("Come in")
		b.WaitText("Please go back to the application and start again.")
	})
}
