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

	"guestlist/internal/connector/connectortest"
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
func newCustomSite(t testing.TB, engine string, env ...string) (s *site, origin string) {
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
	s = newSite(t, engine, append(env, "GUESTLIST_ENDPOINT="+origin)...)
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
	readme, err := os.ReadFile(filepath.Join(customPage, "README.md"))
	if err != nil || !contains(readme, customPolicy) {
		t.Errorf("the README has another policy than is tested: %v", err)
	}
	w := newWorld(t)
	s, origin := newCustomSite(t, "sqlite", w.env(t)...)
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
	t.Run("an outside provider", func(t *testing.T) { customPageOutside(t, w, s, origin) })
	t.Run("without a sign-in", func(t *testing.T) {
		b := newTab(t)
		b.Open(origin + "/one-time-token?one_time_token=x&login_hint=a@example.com")
		b.WaitText("Come in as a@example.com")
		b.Click("Come in")
		b.WaitText("Please go back to the application and start again.")
	})
}

// customPageOutside lets guests in by a provider: one who is new, one whose
// address is known, one who says no first, and at the closed door nobody new.
func customPageOutside(t *testing.T, w *world, s *site, origin string) {
	ids := w.connect(s)
	company := w.employ(s, "company.example")
	w.acme.Change(func(u *connectortest.Upstream) {
		u.Client.Redirects = []string{origin + "/callback/" + ids["acme"], origin + "/callback/" + company}
	})
	toAcme := func(b *tab, email string) {
		w.person("acme", email, true)
		b.Open(origin + "/demo-app")
		b.WaitText("Continue with Acme")
		b.Click("Continue with Acme")
		b.WaitText("Who are you?")
	}
	s.set(openHouse())
	t.Run("new", func(t *testing.T) {
		b, email := newTab(t), anybody()
		toAcme(b, email)
		b.Click("Cancel")
		b.WaitText("You did not sign in at the other provider.")
		b.Screenshot("custom-refused")
		toAcme(b, email)
		b.Click(email)
		b.WaitText("You are new here")
		if at := b.Address(); at != origin+"/sign-in" {
			t.Errorf("the answer stays in the address: %s", at)
		}
		b.Click("Create an account")
		in := b.isIn(s)
		if in.PrimaryEmail != email || len(s.identities(in.ID)) != 1 {
			t.Errorf("registered as %v with %v", in, s.identities(in.ID))
		}
		again := newTab(t)
		toAcme(again, email)
		again.Click(email)
		if back := again.isIn(s); back.ID != in.ID {
			t.Errorf("came back as %v", back)
		}
	})
	s.set(map[string]any{"signInMode": "SignIn", "singleSignOnEnabled": true})
	t.Run("known", func(t *testing.T) {
		b, email := newTab(t), anybody()
		u := s.resident(map[string]any{"primaryEmail": email})
		toAcme(b, email)
		b.Click(email)
		b.WaitText("We know you")
		b.Screenshot("custom-link")
		b.Click("Connect my account")
		if in := b.isIn(s); in.ID != u.ID || len(s.identities(u.ID)) != 1 {
			t.Errorf("came in as %v with %v", in, s.identities(in.ID))
		}
	})
	t.Run("unknown at the closed door", func(t *testing.T) {
		b, email := newTab(t), anybody()
		toAcme(b, email)
		b.Click(email)
		b.WaitText("No account is linked to this social account yet.")
		b.WaitText("Continue with Acme")
		if len(s.accounts(email)) != 0 {
			t.Error("there is an account")
		}
	})
	t.Run("an answer for another tab", func(t *testing.T) {
		b, other, email := newTab(t), newTab(t), anybody()
		toAcme(b, email)
		answer, err := w.acme.Answer(b.Address(), w.person("acme", email, true))
		if err != nil {
			t.Fatal(err)
		}
		toAcme(other, email)
		other.Open(origin + "/callback/" + ids["acme"] + "?" + answer.Encode())
		other.WaitText("That answer does not belong to a sign-in of this tab.")
	})
	t.Run("an employee", func(t *testing.T) {
		b, email := newTab(t), atCompany()
		u := s.resident(map[string]any{"primaryEmail": email})
		w.worker(email, true)
		b.Open(origin + "/demo-app")
		b.WaitText("Take your seat")
		b.Fill("identifier", email)
		b.Click("Continue")
		b.WaitText("Who are you?")
		b.Click(email)
		if in := b.isIn(s); in.ID != u.ID || len(s.employed(u.ID)) != 1 {
			t.Errorf("came in as %v, employed as %v", in, s.employed(in.ID))
		}
	})
}
