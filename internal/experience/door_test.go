package experience_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/web/webtest"
)

func TestClosedDoor(t *testing.T) {
	h := newHouse(t, closed)
	b := webtest.NewBrowser(t, h.srv.Client(), h.srv.URL+"/sign-in")
	for _, path := range []string{"/register", "/identifier-register"} {
		query := url.Values{"app_id": {"northwind"}, "login_hint": {grace}, "one_time_token": {"t0ken"}, "ui_locales": {"de"}}
		a := h.open(b, path, query)
		to, err := url.Parse(a.Header.Get("Location"))
		if err != nil {
			t.Fatal(err)
		}
		if a.Status != http.StatusSeeOther || to.Path != "/sign-in" || to.Query().Encode() != query.Encode() {
			t.Errorf("GET %s: %d %s, want 303 to /sign-in with the whole query", path, a.Status, to)
		}
		a = b.Post(h.srv.URL+path+"?app_id=northwind", url.Values{"identifier": {grace}})
		if a.Status != http.StatusSeeOther || !strings.HasPrefix(a.Header.Get("Location"), "/sign-in") {
			t.Errorf("POST %s: %d %s", path, a.Status, a.Header.Get("Location"))
		}
	}
	stranger := webtest.NewBrowser(t, h.srv.Client(), h.srv.URL+"/sign-in")
	if a := stranger.Get(h.srv.URL + "/register?one_time_token=t0ken"); a.Status != http.StatusSeeOther ||
		a.Header.Get("Location") != "/sign-in?one_time_token=t0ken" {
		t.Errorf("a stranger at /register: %d %s", a.Status, a.Header.Get("Location"))
	}
	if codes := h.mailed(grace); len(codes) != 0 {
		t.Error("a closed door sent a registration code")
	}
	a := h.open(h.browser(), "/sign-in", nil)
	if strings.Contains(a.One("body").Text(), "Create account") {
		t.Error("a closed door offers an account")
	}
}

func TestRegisterOnlyMode(t *testing.T) {
	h := newHouse(t, func(e *guestlist.SignInExperience) { e.SignInMode = guestlist.ModeRegister })
	a := h.open(h.browser(), "/sign-in", url.Values{"login_hint": {grace}})
	at(t, a, 200, "register")
	if a.One("#f-identifier").Attr("value") != grace || strings.Contains(a.One("main").Text(), "Already have an account?") {
		t.Errorf("register page: %s", a.One("main").HTML())
	}
}

func TestPagesWithoutAnInteraction(t *testing.T) {
	h := newHouse(t, nil)
	for _, path := range []string{
		"/sign-in", "/sign-in/password", "/register", "/consent", "/forgot-password", "/sign-in/verification-code",
		"/one-time-token?one_time_token=x", "/continue/password",
		"/single-sign-on", "/single-sign-on/email", "/single-sign-on/connectors", "/direct/social/github", "/social/link/github",
		"/social/register/github", "/callback/github?code=x&state=y", "/callback/social/github?code=x&state=y", "/switch-account", "/reset-password", "/identifier-sign-in",
	} {
		b := webtest.NewBrowser(t, h.srv.Client(), h.srv.URL+"/unknown-session")
		a := b.Get(h.srv.URL + path)
		if a.Status != http.StatusFound || a.Header.Get("Location") != "/unknown-session" {
			t.Errorf("%s: %d %s, want 302 to /unknown-session", path, a.Status, a.Header.Get("Location"))
		}
	}
	at(t, h.browser().Get(h.srv.URL+"/"), 200, "vacant") // nobody administers it yet
	at(t, h.browser().Get(h.srv.URL+"/unknown-session"), 200, "unknown-session")
	at(t, h.browser().Get(h.srv.URL+"/sign-in?preview=1"), 200, "sign-in")
	at(t, h.browser().Get(h.srv.URL+"/nothing-here"), 404, "error")

	home := "https://tenant.example/start"
	h.update(func(tx *store.Tx) error {
		exp, err := tx.SignInExperience()
		if err != nil {
			return err
		}
		exp.UnknownSessionRedirectURL = &home
		return tx.PutSignInExperience(exp)
	})
	b := webtest.NewBrowser(t, h.srv.Client(), home)
	if a := b.Get(h.srv.URL + "/sign-in"); a.Header.Get("Location") != home {
		t.Errorf("went to %q, want the operator's page", a.Header.Get("Location"))
	}
}

func TestCookiesOfOthersOpenNothing(t *testing.T) {
	h := newHouse(t, nil)
	b := h.browser()
	h.open(b, "/sign-in", nil)
	value := b.Cookie(h.srv.URL, "_interaction")
	other := webtest.NewBrowser(t, h.srv.Client(), h.srv.URL+"/unknown-session")
	other.SetCookie(h.srv.URL, &http.Cookie{Name: "_interaction", Value: value}) // without its signature
	if a := other.Get(h.srv.URL + "/sign-in"); a.Status != http.StatusFound {
		t.Errorf("an unsigned cookie opened an interaction: %d", a.Status)
	}
}

func TestFormsFromOtherSitesAreRefused(t *testing.T) {
	h := newHouse(t, nil)
	b := h.browser()
	h.open(b, "/sign-in", nil)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.srv.URL+"/sign-in", strings.NewReader("identifier=a"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	res, err := h.srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("a form of another site: %d, want 403", res.StatusCode)
	}
}

func TestLanguage(t *testing.T) {
	h := newHouse(t, nil)
	for _, c := range []struct{ locales, accept, want, dir string }{
		{"", "", "en", "ltr"}, {"", "de-AT,de;q=0.9", "de", "ltr"}, {"ar", "de", "ar", "rtl"}, {"xx ja", "fr", "ja", "ltr"},
	} {
		b := h.browser()
		if c.accept != "" {
			b.Header.Set("Accept-Language", c.accept)
		}
		params := url.Values{}
		if c.locales != "" {
			params.Set("ui_locales", c.locales)
		}
		a := h.open(b, "/sign-in", params)
		html := a.One("html")
		if html.Attr("lang") != c.want || html.Attr("dir") != c.dir || a.Header.Get("Content-Language") != c.want {
			t.Errorf("ui_locales=%q Accept-Language=%q: lang=%q dir=%q, want %s", c.locales, c.accept, html.Attr("lang"), html.Attr("dir"), c.want)
		}
	}
}

func TestTermsAreAsked(t *testing.T) {
	terms := "https://tenant.example/terms"
	for policy, ticks := range map[string][]string{
		"Automatic": nil, "ManualRegistrationOnly": {"/register"}, "Manual": {"/sign-in", "/register"},
	} {
		h := newHouse(t, func(e *guestlist.SignInExperience) { e.TermsOfUseURL, e.AgreeToTermsPolicy = &terms, policy })
		for _, screen := range []string{"/sign-in", "/register"} {
			b := h.browser()
			a := h.open(b, screen, nil)
			asked := a.Has("#f-terms")
			if asked != slices.Contains(ticks, screen) {
				t.Errorf("%s, %s: asked = %v", policy, screen, asked)
			}
			if links := a.All("a[href=" + terms + "]"); len(links) != 1 {
				t.Errorf("%s, %s: %d links to the terms, want one", policy, screen, len(links))
			}
			if !asked {
				continue
			}
			a = b.Submit(a, "form.form", form{"identifier": grace})
			if a.Status != 422 || a.One("#f-terms").Attr("aria-invalid") != "true" {
				t.Errorf("%s, %s: went on without consent: %d", policy, screen, a.Status)
			}
			if a = b.Submit(a, "form.form", form{"identifier": grace, "terms": "true"}); a.Status != 200 {
				t.Errorf("%s, %s: consent does not go on: %d", policy, screen, a.Status)
			}
		}
	}
}

func TestIdentifierPages(t *testing.T) {
	h := newHouse(t, nil)
	for asked, label := range map[string]string{
		"": "Email / Username", "username": "Username", "email": "Email", "phone": "Email / Username", "email username": "Email / Username",
	} {
		a := h.open(h.browser(), "/identifier-sign-in", url.Values{"identifier": {asked}})
		if got := a.One("label[for=f-identifier]").Text(); got != label {
			t.Errorf("identifier=%q: label %q, want %q", asked, got, label)
		}
	}
}

func TestBrokenInputIsRefused(t *testing.T) {
	h := newHouse(t, nil)
	b := h.browser()
	h.open(b, "/sign-in", nil)
	for _, path := range []string{"/sign-in?app_id=%ff", "/sign-in?app_id=%00", "/sign-in?x=%zz"} {
		if a := b.Get(h.srv.URL + path); a.Status != http.StatusBadRequest {
			t.Errorf("GET %s: %d, want 400", path, a.Status)
		}
	}
	a := b.Post(h.srv.URL+"/sign-in", url.Values{"identifier": {strings.Repeat("a", 5000)}})
	if a.Status < 400 || a.Status > 499 {
		t.Errorf("an overlong identifier: %d", a.Status)
	}
}
