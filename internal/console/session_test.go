package console_test

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/web/webtest"
)

const cookieSession = "console_session"

// TestOnlyAdministratorsComeIn: somebody else is told so and by what name, and
// has no session; signing in as somebody else is offered and works.
func TestOnlyAdministratorsComeIn(t *testing.T) {
	h := newHouse(t)
	if _, err := h.api.CreateUser(context.Background(), client.NewUser{Username: "guest", Password: adminPassword}); err != nil {
		t.Fatal(err)
	}
	b := h.browser()
	a := h.signIn(b, "/console/roles", "guest", adminPassword)
	h.at(a, 403, "denied")
	if !strings.Contains(a.Text(), "guest") {
		t.Errorf("the page does not say who is signed in: %s", a.Text())
	}
	if b.Cookie(h.url+"/console", cookieSession) != "" {
		t.Error("there is a session")
	}
	h.at(b.Get(h.url+"/console"), 403, "denied")
	h.at(b.Post(h.url+"/console/door", values("open", "true")), 401, "expired")
	a = h.signIn(b, a.One("a.button").Attr("href"), adminName, adminPassword)
	h.at(a, 200, "overview")
}

// TestViewersLookAndInvitersComeIn: who may do some of it has a session, and no
// more than that: the API decides, not what a page shows.
func TestViewersLookAndInvitersComeIn(t *testing.T) {
	h := newHouse(t)
	for _, role := range []string{"viewer", "inviter"} {
		u := h.user(map[string]any{"username": role, "password": adminPassword})
		if err := h.api.Do(context.Background(), "PUT", "/users/"+string(u.ID)+"/administrator", map[string]any{"role": role}, nil); err != nil {
			t.Fatal(err)
		}
		b := h.browser()
		a := h.signIn(b, "/console/roles", role, adminPassword)
		if b.Cookie(h.url+"/console", cookieSession) == "" {
			t.Errorf("%s has no session: %s", role, a.Text())
		}
		if role == "viewer" {
			h.at(a, 200, "roles")
		} else {
			h.at(a, 403, "denied")
		}
		h.at(b.Post(h.url+"/console/roles/new", values("name", "x", "description", "x", "type", "User")), 403, "denied")
	}
	var roles []guestlist.Role
	if err := h.api.Do(context.Background(), "GET", "/roles?search=x", nil, &roles); err != nil || len(roles) != 0 {
		t.Errorf("%d roles were made: %v", len(roles), err)
	}
}

// TestWhoIsNoAdministratorAnyMore: rights are looked up with every call.
func TestWhoIsNoAdministratorAnyMore(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	var users []guestlist.User
	if err := h.api.Do(context.Background(), "GET", "/users", nil, &users); err != nil || len(users) != 1 {
		t.Fatalf("%d users, %v", len(users), err)
	}
	h.anotherAdministrator()
	if err := h.api.Do(context.Background(), "PUT", "/users/"+string(users[0].ID)+"/roles", map[string]any{"roleIds": []string{}}, nil); err != nil {
		t.Fatal(err)
	}
	h.at(b.Get(h.url+"/console/roles"), 403, "denied")
	h.at(b.Post(h.url+"/console/roles/new", values("name", "x", "description", "x", "type", "User")), 403, "denied")
}

// TestASuspendedAdministrator is out at once, and not led in circles.
func TestASuspendedAdministrator(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	var users []guestlist.User
	if err := h.api.Do(context.Background(), "GET", "/users", nil, &users); err != nil {
		t.Fatal(err)
	}
	h.anotherAdministrator()
	if err := h.api.Do(context.Background(), "PATCH", "/users/"+string(users[0].ID)+"/is-suspended", map[string]any{"isSuspended": true}, nil); err != nil {
		t.Fatal(err)
	}
	a := b.Get(h.url + "/console")
	if name := a.One("body").Attr("data-page"); name == "overview" {
		t.Errorf("the console is still open")
	}
	h.later(time.Minute)
	if name := b.Get(h.url + "/console").One("body").Attr("data-page"); name != "sign-in" {
		t.Errorf("a minute later the browser is at %s", name)
	}
}

// TestAnAlteredCookieIsNone: no change to it, and no other sealed text of the
// server, is taken.
func TestAnAlteredCookieIsNone(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	good, sig := b.Cookie(h.url+"/console", cookieSession), b.Cookie(h.url+"/console", cookieSession+".sig")
	if good == "" || sig == "" {
		t.Fatal("no session cookie")
	}
	if raw, err := base64.RawURLEncoding.DecodeString(good); err != nil || strings.Contains(string(raw), adminName) || strings.Contains(good, "eyJ") {
		t.Errorf("the cookie can be read: %q", good)
	}
	open := func(value, sig string) string {
		b := h.browser()
		b.SetCookie(h.url, &http.Cookie{Name: cookieSession, Value: value, Path: "/"})
		b.SetCookie(h.url, &http.Cookie{Name: cookieSession + ".sig", Value: sig, Path: "/"})
		return b.Get(h.url + "/console").One("body").Attr("data-page")
	}
	if at := open(good, sig); at != "overview" {
		t.Fatalf("the cookie itself leads to %s", at)
	}
	flipped := []byte(good)
	flipped[len(flipped)/2] ^= 1
	for _, c := range [][2]string{
		{string(flipped), sig}, {good[:len(good)-4], sig}, {good, ""}, {good, "AAAA"}, {"", sig}, {"e30", sig},
		{b.Cookie(h.url+"/console", "console_browser"), b.Cookie(h.url+"/console", "console_browser.sig")},
	} {
		if at := open(c[0], c[1]); at != "sign-in" {
			t.Errorf("an altered cookie leads to %s", at)
		}
	}
}

// TestASignInBelongsToItsBrowser: a callback that another browser began, that
// is altered or too old, signs nobody in.
func TestASignInBelongsToItsBrowser(t *testing.T) {
	h := newHouse(t)
	attacker := h.browser()
	attacker.Stay = []string{h.url + "/console/callback"}
	a := h.signIn(attacker, "/console", adminName, adminPassword)
	callback := a.Header.Get("Location")
	if !strings.Contains(callback, "code=") {
		t.Fatalf("no callback: %d %s", a.Status, callback)
	}
	victim := h.browser()
	h.at(victim.Get(callback), 400, "sign-in-failed")
	victim.Get(h.url + "/console") // has begun one of its own
	h.at(victim.Get(callback), 400, "sign-in-failed")
	if victim.Cookie(h.url+"/console", cookieSession) != "" {
		t.Fatal("the victim is signed in as the attacker")
	}
	u, err := url.Parse(callback)
	if err != nil {
		t.Fatal(err)
	}
	for _, state := range []string{"", "x", u.Query().Get("state") + "A", u.Query().Get("state")[1:]} {
		q := u.Query()
		q.Set("state", state)
		h.at(attacker.Get(h.url+"/console/callback?"+q.Encode()), 400, "sign-in-failed")
	}
	h.later(31 * time.Minute)
	h.at(attacker.Get(callback), 400, "sign-in-failed")
}

// TestNobodyIsLedOut: the way back after signing in stays in the console.
func TestNobodyIsLedOut(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	for _, to := range []string{
		"https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "/console/../../evil", "/console//evil.example/..%2f",
		"javascript:alert(1)", "/oidc/session/end", "/consoles", "/console/sign-in", "/console/sign-in?return=/console", "/console/callback?code=1",
		"/console\r\nSet-Cookie: a=b", "/console/%2e%2e/%2e%2e/x", strings.Repeat("/console/x", 300), "/console@evil.example", "http:/console",
	} {
		a := b.Get(h.url + "/console/sign-in?return=" + url.QueryEscape(to))
		if a.URL.Host != strings.TrimPrefix(h.url, "http://") || !strings.HasPrefix(a.URL.Path+"/", "/console/") {
			t.Errorf("%q leads to %s", to, a.URL)
		}
		for _, hop := range a.History {
			if !strings.HasPrefix(hop, h.url+"/console") && !strings.HasPrefix(hop, h.url+"/oidc/auth") && !strings.HasPrefix(hop, h.url+"/consent") {
				t.Errorf("%q leads over %s", to, hop)
			}
		}
	}
	if a := b.Get(h.url + "/console/sign-in?return=" + url.QueryEscape("/console/roles?q=a b")); a.URL.RequestURI() != "/console/roles?q=a+b" {
		t.Errorf("the way back is %s", a.URL.RequestURI())
	}
}

// TestOtherSitesCannotPost: a form on another site is refused, cookie or not.
func TestOtherSitesCannotPost(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	before := b.Get(h.url + "/console").One(".switch .pill").Text()
	for _, path := range []string{"/console/door", "/console/roles/new", "/console/sign-out", "/console/preferences"} {
		req, err := http.NewRequest(http.MethodPost, h.url+path, strings.NewReader("open=false"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", "https://evil.example")
		req.Header.Set("Sec-Fetch-Site", "cross-site")
		for _, name := range []string{cookieSession, cookieSession + ".sig"} {
			req.AddCookie(&http.Cookie{Name: name, Value: b.Cookie(h.url+"/console", name)})
		}
		res, err := (&http.Client{Timeout: 20 * time.Second}).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
	}
	if after := b.Get(h.url + "/console").One(".switch .pill").Text(); after != before {
		t.Errorf("the door is %s now", after)
	}
}

// TestWhatWasTypedSurvives: a form that is sent after the session ended keeps
// every value, and is saved once its owner signed in beside it.
func TestWhatWasTypedSurvives(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	a := b.Get(h.url + "/console/roles/new")
	elsewhere := b.Cookie(h.url+"/console", cookieSession)
	b.SetCookie(h.url, &http.Cookie{Name: cookieSession, Path: "/", MaxAge: -1})
	description := "Writes <b>\"quoted\"</b> & more\u00a0…"
	a = b.Submit(a, "#form", map[string]string{"name": "editor", "description": description})
	h.at(a, 401, "expired")
	if cc := a.Header.Get("Cache-Control"); cc != "no-store" {
		t.Errorf("the page may be kept: %q", cc)
	}
	if got := a.One("input[name=description]").Attr("value"); got != description {
		t.Errorf("kept %q", got)
	}
	// Not signed in yet, it is kept once more.
	a = b.Submit(a, "#form", nil)
	h.at(a, 401, "expired")
	h.at(b.Follow(a, "Sign in in a new tab"), 200, "signed-in") // the provider remembers
	if b.Cookie(h.url+"/console", cookieSession) == elsewhere {
		t.Error("the session is the one of before")
	}
	a = b.Submit(a, "#form", nil)
	h.at(a, 200, "role-permissions")
	a = b.Get(strings.TrimSuffix(a.URL.String(), "/permissions"))
	if got := a.One("#f-description").Attr("value"); got != description {
		t.Errorf("saved %q", got)
	}
}

// TestASessionRenewsItself without anybody noticing, and ends with the sign-in
// at the provider, at once in the own browser and soon in a stolen copy.
func TestASessionRenewsItself(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	first := b.Cookie(h.url+"/console", cookieSession)
	h.at(b.Get(h.url+"/console/roles"), 200, "roles")
	if b.Cookie(h.url+"/console", cookieSession) != first {
		t.Error("the token was renewed without need")
	}
	h.later(2 * time.Hour) // longer than an access token lives
	a := b.Get(h.url + "/console/roles")
	h.at(a, 200, "roles")
	if len(a.History) != 1 || b.Cookie(h.url+"/console", cookieSession) == first {
		t.Errorf("not renewed in silence: %v", a.History)
	}

	thief := h.browser()
	for _, name := range []string{cookieSession, cookieSession + ".sig"} {
		thief.SetCookie(h.url, &http.Cookie{Name: name, Value: b.Cookie(h.url+"/console", name), Path: "/"})
	}
	h.at(thief.Get(h.url+"/console"), 200, "overview")
	out := b.Submit(b.Get(h.url+"/console"), "[action=/console/sign-out]", nil)
	out = b.Submit(out, "form", nil)
	h.at(out, 200, "signed-out")
	if b.Cookie(h.url+"/console", cookieSession) != "" {
		t.Error("the cookie is still there")
	}
	h.at(b.Get(h.url+"/console"), 200, "sign-in")
	h.later(6 * time.Minute)
	h.at(thief.Get(h.url+"/console"), 200, "sign-in")
	h.at(thief.Post(h.url+"/console/door", values("open", "true")), 401, "expired")
}

// TestScriptsAreToldThatTheSessionEnded rather than led to a page.
func TestScriptsAreToldThatTheSessionEnded(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	if a := b.Get(h.url + "/console/find.json?q=x"); a.Status != http.StatusUnauthorized {
		t.Errorf("find: %d", a.Status)
	}
	b.Header.Set("Guestlist-Fragment", "list")
	if a := b.Get(h.url + "/console/roles"); a.Status != http.StatusUnauthorized {
		t.Errorf("fragment: %d", a.Status)
	}
}

// TestAPersonsTokenIsGoodForTheConsoleAlone: the API takes an administrator's
// token from no other application.
func TestAPersonsTokenIsGoodForTheConsoleAlone(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	b.Stay = []string{h.url + "/demo-app?"}
	a := h.signIn(b, "/demo-app?resource="+url.QueryEscape(guestlist.ManagementAPI)+"&scope=all", adminName, adminPassword)
	if to := a.Header.Get("Location"); strings.Contains(to, "code=") && strings.Contains(to, "scope=all") {
		t.Errorf("the demo application is given %s", to)
	}
}

// TestTwoAdministratorsEditTheSame: the second is shown what the first wrote,
// and overwrites nothing unseen.
func TestTwoAdministratorsEditTheSame(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	a := b.Submit(b.Get(h.url+"/console/roles/new"), "#form", map[string]string{"name": "editor", "description": "First"})
	settings := b.Get(strings.TrimSuffix(a.URL.String(), "/permissions"))
	other, _ := h.admin()
	h.at(other.Submit(other.Get(settings.URL.String()), "#form", map[string]string{"description": "Theirs", "isDefault": "true"}), 200, "role-settings")

	a = b.Submit(settings, "#form", map[string]string{"description": "Mine"})
	h.at(a, 409, "role-settings")
	said := a.One(".conflict").Text()
	for _, words := range []string{"First", "Theirs", "Mine"} {
		if !strings.Contains(said, words) {
			t.Errorf("the page does not say %q: %s", words, said)
		}
	}
	if a.One("#f-description").Attr("value") != "Mine" || !a.One("#f-isDefault").HasAttr("checked") {
		t.Errorf("the form: %s", a.One("#form").HTML())
	}
	a = b.Submit(a, "#form", nil)
	h.at(a, 200, "role-settings")
	if a.One("#f-description").Attr("value") != "Mine" || !a.One("#f-isDefault").HasAttr("checked") {
		t.Errorf("saved: %s", a.One("#form").HTML())
	}
}

// TestDressIsChosen: language and theme stay until they are changed, and one
// that there is not is ignored.
func TestDressIsChosen(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	a := b.Post(h.url+"/console/preferences", values("lang", "ar", "theme", "dark", "return", "/console/roles"))
	h.at(a, 200, "roles")
	check := func(a *webtest.Answer) {
		t.Helper()
		root := a.One("html")
		if root.Attr("lang") != "ar" || root.Attr("dir") != "rtl" || root.Attr("data-theme") != "dark" {
			t.Errorf("the page is %s %s %s", root.Attr("lang"), root.Attr("dir"), root.Attr("data-theme"))
		}
	}
	check(a)
	check(b.Post(h.url+"/console/preferences", values("lang", "xx", "theme", "\" onload=1", "return", "//evil.example")))
}

// TestAnAddressThatIsNone is answered in the console's dress, whoever asks, and
// one with a needless slash is taken.
func TestAnAddressThatIsNone(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	h.at(b.Get(h.url+"/console/nowhere"), 404, "error")
	h.at(h.browser().Get(h.url+"/console/nowhere"), 404, "error")
	h.at(b.Get(h.url+"/console/roles/nobody"), 404, "error")
	h.at(b.Get(h.url+"/console/door"), 405, "error")
	h.at(b.Get(h.url+"/console/roles/"), 200, "roles")
}
