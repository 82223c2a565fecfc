package experience_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/experience"
	"guestlist/internal/signin"
	"guestlist/internal/store"
	"guestlist/internal/web"
	"guestlist/internal/web/webtest"
)

// seated signs somebody in and returns their browser. A day has passed since,
// so that nothing counts as proved.
func (h *house) seated(email string) *webtest.Browser {
	h.t.Helper()
	b := h.fresh(email)
	h.now = h.now.Add(24 * time.Hour)
	return b
}

// fresh is seated right after the sign-in.
func (h *house) fresh(email string) *webtest.Browser {
	h.t.Helper()
	b := h.browser()
	b.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	uid, err := h.desk.Begin(context.Background(), signin.Start{
		Request: guestlist.AuthRequest{ClientID: testApp, RedirectURI: "https://app.example/callback"}, Prompt: signin.PromptLogin,
	})
	h.must(err)
	from := signin.Caller{IP: "203.0.113.9", UserAgent: b.Header.Get("User-Agent")}
	_, err = h.desk.SubmitAll(context.Background(), uid, from, signin.SetEvent{Event: guestlist.EventSignIn},
		signin.VerifyPassword{Identifier: guestlist.Identifier{Type: guestlist.IdentifierEmail, Value: email}, Password: password},
		signin.Identify{Latest: true}, signin.Finish{})
	h.must(err)
	res, err := h.desk.Resume(context.Background(), uid, "", from)
	h.must(err)
	h.wear(b, res.NewCookie)
	b.Stay = []string{h.srv.URL + "/oidc/auth?", h.srv.URL + "/oidc/session/end"}
	return b
}

// wear puts a session into a browser.
func (h *house) wear(b *webtest.Browser, cookie string) {
	rec := httptest.NewRecorder()
	h.cook.Set(rec, "_session", cookie, web.CookieOptions{})
	for _, c := range rec.Result().Cookies() {
		b.SetCookie(h.srv.URL, c)
	}
}

func (h *house) ownPage(b *webtest.Browser, page string) *webtest.Answer {
	return b.Get(h.srv.URL + "/account" + page)
}

func (h *house) whoIs(email string) *guestlist.User {
	h.t.Helper()
	var found *guestlist.User
	h.update(func(tx *store.Tx) error {
		u, err := tx.UserByIdentifier(guestlist.Identifier{Type: guestlist.IdentifierEmail, Value: email})
		if err == nil {
			found = &u
		}
		return nil
	})
	return found
}

// prove types the password where it is asked for.
func (h *house) prove(b *webtest.Browser, a *webtest.Answer) *webtest.Answer {
	h.t.Helper()
	h.t.Log(a.URL)
	return b.Submit(a, "form.form", form{"password": password})
}

func says(t *testing.T, a *webtest.Answer, text string) {
	t.Helper()
	if !strings.Contains(a.One("main").Text(), text) {
		t.Fatalf("%s does not say %q:\n%s", a.URL, text, a.One("main").Text())
	}
}

func TestAccountPagesWantASession(t *testing.T) {
	h := newHouse(t, nil)
	h.user(ada, password)
	n := 0
	for _, pattern := range experience.PagePatterns() {
		method, path, _ := strings.Cut(pattern, " ")
		if !strings.HasPrefix(path, "/account") || path == "/account-suspended" || path == "/account/callback" {
			continue
		}
		n++
		b := h.browser()
		b.Stay = []string{h.srv.URL + "/oidc/auth?"}
		a := b.Get(h.srv.URL + path)
		if method == http.MethodPost {
			a = b.Post(h.srv.URL+path, url.Values{"newPassword": {newPassword}, "confirmPassword": {newPassword}})
		}
		to, err := url.Parse(a.Header.Get("Location"))
		if err != nil || a.Status != http.StatusSeeOther || to.Path != "/oidc/auth" {
			t.Fatalf("%s: %d to %s", pattern, a.Status, to)
		}
		q := to.Query()
		if q.Get("client_id") != "account-center" || q.Get("redirect_uri") != h.srv.URL+"/account/callback" || len(q.Get("code_challenge")) < 43 {
			t.Errorf("%s: %s", pattern, to)
		}
		if back := q.Get("state"); !strings.HasPrefix(back, "/account") {
			t.Errorf("%s leads back to %q", pattern, back)
		}
	}
	if n < 20 || h.users() != 1 {
		t.Errorf("%d routes, %d users", n, h.users())
	}
}

func TestAccountCallbackLeadsToPagesOfOursAlone(t *testing.T) {
	h := newHouse(t, nil)
	b := h.browser()
	b.Stay = []string{h.srv.URL, "http"}
	for state, want := range map[string]string{
		"/account/sessions": "/account/sessions", "": "/account", "https://evil.example": "/account", "//evil.example": "/account",
		"/account/sign-out": "/account", "/account/../sign-in": "/account",
	} {
		a := b.Get(h.srv.URL + "/account/callback?" + url.Values{"code": {"x"}, "state": {state}}.Encode())
		if got := a.Header.Get("Location"); got != want || a.Header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%q: to %q", state, got)
		}
	}
	at(t, h.ownPage(h.browser(), "/callback?error=access_denied&error_description=%3Cb%3E"), 400, "account-sign-in-failed")
}

func TestAccountOverviewShowsWhoOneIs(t *testing.T) {
	h := newHouse(t, nil)
	h.user(ada, password)
	b := h.seated(ada)
	a := h.ownPage(b, "")
	at(t, a, 200, "account")
	says(t, a, ada)
	for _, row := range a.All(".rows a") {
		if got := b.Get(h.srv.URL + row.Attr("href")); got.Status != 200 {
			t.Errorf("%s: %d", row.Attr("href"), got.Status)
		}
	}
	if out := b.Submit(a, ".actions form", nil); !strings.Contains(out.Header.Get("Location"), "/oidc/session/end?") {
		t.Errorf("signing out leads to %q", out.Header.Get("Location"))
	}
}

func TestAccountOfSomebodySuspendedIsShut(t *testing.T) {
	h := newHouse(t, nil)
	id := h.user(ada, password)
	b := h.seated(ada)
	h.update(func(tx *store.Tx) error {
		u, err := tx.User(id)
		h.must(err)
		u.IsSuspended = true
		return tx.UpdateUser(u)
	})
	for _, page := range []string{"", "/password", "/sessions"} {
		at(t, h.ownPage(b, page), 200, "account-suspended")
	}
}

func TestPasswordIsChangedAfterAProof(t *testing.T) {
	eachHouse(t, nil, func(t *testing.T, h *house) {
		h.user(ada, password)
		other := h.seated(ada)
		b := h.seated(ada)
		before := b.Cookie(h.srv.URL, "_session")
		a := h.ownPage(b, "/password")
		at(t, a, 200, "account-verify")
		wrong := b.Submit(a, "form.form", form{"password": "not it"})
		at(t, wrong, 422, "account-verify")
		says(t, wrong, "This is not your password.")
		a = h.prove(b, a)
		at(t, a, 200, "account-password")
		at(t, b.Submit(a, "form.form", form{"newPassword": "12345", "confirmPassword": "12345"}), 422, "account-password")
		at(t, b.Submit(a, "form.form", form{"newPassword": password, "confirmPassword": password}), 422, "account-password")
		a = b.Submit(a, "form.form", form{"newPassword": newPassword, "confirmPassword": newPassword})
		at(t, a, 200, "account")
		says(t, a, "signed out everywhere else")
		if b.Cookie(h.srv.URL, "_session") == before {
			t.Error("the session kept its cookie")
		}
		stolen := h.browser()
		stolen.Stay = b.Stay
		h.wear(stolen, before)
		for who, br := range map[string]*webtest.Browser{"another browser": other, "a stolen cookie": stolen} {
			if got := h.ownPage(br, ""); got.Status != http.StatusSeeOther {
				t.Errorf("%s is still in: %d", who, got.Status)
			}
		}
		uid, err := h.desk.Begin(t.Context(), signin.Start{Prompt: signin.PromptLogin})
		h.must(err)
		_, err = h.desk.SubmitAll(t.Context(), uid, signin.Caller{}, signin.SetEvent{Event: guestlist.EventSignIn}, signin.VerifyPassword{
			Identifier: guestlist.Identifier{Type: guestlist.IdentifierEmail, Value: ada}, Password: newPassword,
		})
		h.must(err)
	})
}

func TestAProofEndsAfterAWhile(t *testing.T) {
	h := newHouse(t, nil)
	h.user(ada, password)
	b := h.fresh(ada)
	a := h.ownPage(b, "/password")
	at(t, a, 200, "account-password")
	h.now = h.now.Add(signin.ProofTTL)
	at(t, b.Submit(a, "form.form", form{"newPassword": newPassword, "confirmPassword": newPassword}), 200, "account-verify")
	a = h.prove(b, h.ownPage(b, "/email"))
	at(t, a, 200, "account-email")
	h.now = h.now.Add(signin.ProofTTL)
	at(t, b.Submit(a, "form.form", form{"identifier": "new@example.com"}), 200, "account-verify")
}

func TestAProofByACode(t *testing.T) {
	h := newHouse(t, nil)
	h.user(ada, password)
	b := h.seated(ada)
	a := h.ownPage(b, "/password")
	a = b.Submit(a, ".actions form", form{"submit": "email"})
	at(t, a, 200, "account-verify-code")
	at(t, b.Submit(a, "form.form", form{"code": "12"}), 422, "account-verify-code")
	at(t, b.Submit(a, "form.form", form{"code": "000000"}), 400, "account-verify-code")
	a = b.Submit(a, "form.form", form{"code": h.code(ada)})
	at(t, a, 200, "account-password")
}

// Guessing the password here counts as guessing it at the sign-in page.
func TestAccountSharesTheLockOut(t *testing.T) {
	most := 3
	h := newHouse(t, func(e *guestlist.SignInExperience) { e.SentinelPolicy.MaxAttempts = &most })
	h.user(ada, password)
	b := h.seated(ada)
	a := h.ownPage(b, "/password")
	for range most {
		b.Submit(a, "form.form", form{"password": "not it"})
	}
	locked := h.prove(b, a)
	at(t, locked, 400, "account-verify")
	elsewhere := h.browser()
	p := elsewhere.Submit(h.open(elsewhere, "/sign-in", nil), "form.form", form{"identifier": ada})
	if p = elsewhere.Submit(p, "form.form", form{"password": password}); p.Status == 200 {
		t.Errorf("the sign-in page still lets in: %s", p.One("body").Text())
	}
}

func TestEmailChangesOnlyWhenItIsProved(t *testing.T) {
	eachHouse(t, nil, func(t *testing.T, h *house) {
		h.user(ada, password)
		h.user(grace, password)
		b := h.fresh(ada)
		a := h.ownPage(b, "/email")
		at(t, a, 200, "account-email")
		at(t, b.Submit(a, "form.form", form{"identifier": ada}), 422, "account-email")
		at(t, b.Submit(a, "form.form", form{"identifier": "nonsense"}), 422, "account-email")
		taken := b.Submit(a, "form.form", form{"identifier": grace})
		takenText := strings.ReplaceAll(taken.One("main").Text(), grace, "X")
		tried := b.Submit(taken, "form.form", form{"code": h.code(grace)})
		at(t, tried, 200, "account-email")
		says(t, tried, "belongs to another account here")
		free := b.Submit(a, "form.form", form{"identifier": "new@example.com"})
		at(t, free, 200, "account-email-code")
		if got := strings.ReplaceAll(free.One("main").Text(), "new@example.com", "X"); got != takenText {
			t.Errorf("an address that is taken looks different:\n%s\n%s", takenText, got)
		}
		if h.whoIs(ada) == nil {
			t.Fatal("the address changed before it was proved")
		}
		at(t, b.Submit(free, "form.form", form{"code": "000000"}), 400, "account-email-code")
		done := b.Submit(free, "form.form", form{"code": h.code("new@example.com")})
		at(t, done, 200, "account")
		says(t, done, "new@example.com\u2069 is your email now.")
		if u := h.whoIs("new@example.com"); u == nil || u.EmailVerifiedAt == nil || h.whoIs(ada) != nil {
			t.Error("the address did not change")
		}
		at(t, h.ownPage(b, "/email/verification-code"), 200, "account-email")
	})
}

func TestAnOrganizationsAddressIsNotChangedHere(t *testing.T) {
	o := newOutside(t, nil)
	o.user(worker, password)
	o.user(ada, password)
	b := o.seatedByCookie(worker)
	a := o.ownPage(b, "/email")
	at(t, a, 200, "account-email")
	if a.Has("form.form") {
		t.Error("the page has a form")
	}
	b = o.fresh(ada)
	refused := b.Submit(o.ownPage(b, "/email"), "form.form", form{"identifier": "x@corp.example"})
	at(t, refused, 422, "account-email")
}

// seatedByCookie signs somebody in whose address cannot sign in by a password.
func (h *house) seatedByCookie(email string) *webtest.Browser {
	h.t.Helper()
	b := h.browser()
	h.update(func(tx *store.Tx) error {
		u, err := tx.UserByIdentifier(guestlist.Identifier{Type: guestlist.IdentifierEmail, Value: email})
		h.must(err)
		return tx.InsertSession(guestlist.Session{
			ID: guestlist.SessionID("session-of-" + email), UserID: u.ID, CreatedAt: tx.Now, SignedInAt: tx.Now, ExpiresAt: tx.Now.Add(240 * time.Hour),
		}, "cookie-of-"+email)
	})
	h.wear(b, "cookie-of-"+email)
	b.Stay = []string{h.srv.URL + "/oidc/auth?"}
	return b
}

func TestProfileIsWrittenAndEmptied(t *testing.T) {
	eachHouse(t, nil, func(t *testing.T, h *house) {
		h.user(ada, password)
		h.ask(someFields()...)
		b := h.seated(ada)
		a := h.ownPage(b, "/profile")
		at(t, a, 200, "account-profile")
		bad := b.Submit(a, "form.form", form{"profile.avatar": "javascript:alert(1)", "username": "no spaces"})
		at(t, bad, 422, "account-profile")
		fill := form{
			"username": "ada_l", "profile.name": "Ada <b>", "profile.avatar": "https://pics.example/a.png", "profile.company": "Engines", "profile.givenName": "Ada", "profile.guests": "2", "profile.birthdate": "1815-12-10", "profile.address.country": "GB",
		}
		a = b.Submit(a, "form.form", fill)
		at(t, a, 200, "account")
		says(t, a, "Your changes are saved.")
		u := h.whoIs(ada)
		if u.Name == nil || *u.Name != "Ada <b>" || *u.Username != "ada_l" || !strings.Contains(string(u.CustomData), "Engines") {
			t.Errorf("%+v %s", u, u.CustomData)
		}
		a = h.ownPage(b, "/profile")
		if a.One("[name=profile.name]").Attr("value") != "Ada <b>" || a.One("[name=profile.company]").Attr("value") != "Engines" {
			t.Error("the page forgot what was written")
		}
		a = b.Submit(a, "form.form", form{"profile.name": ""})
		at(t, a, 200, "account")
		if u := h.whoIs(ada); u.Name != nil || u.Avatar == nil {
			t.Errorf("emptied: %v %v", u.Name, u.Avatar)
		}
		a = b.Submit(h.ownPage(b, "/details"), "form.form", form{"profile.nickname": "Countess", "profile.locale": "en-GB"})
		at(t, a, 200, "account")
		u = h.whoIs(ada)
		if u.Profile.Nickname != "Countess" || u.Profile.Birthdate != "1815-12-10" || u.Profile.Address == nil || u.Profile.Address.Country != "GB" ||
			u.Profile.GivenName != "Ada" {
			t.Errorf("%+v", u.Profile)
		}
		a = h.ownPage(b, "/profile")
		if a.One("[name=profile.birthdate]").Attr("value") != "1815-12-10" || a.One("[name=profile.address.country]").Attr("value") != "GB" {
			t.Error("the page forgot the details")
		}
	})
}

func TestSessionsAreSignedOutOneByOneAndAll(t *testing.T) {
	eachHouse(t, nil, func(t *testing.T, h *house) {
		h.user(ada, password)
		h.user(grace, password)
		stranger := h.seated(grace)
		first, second := h.seated(ada), h.seated(ada)
		b := h.seated(ada)
		a := h.ownPage(b, "/sessions")
		at(t, a, 200, "account-sessions")
		if n := len(a.All(".rows li")); n != 3 {
			t.Fatalf("%d sessions", n)
		}
		says(t, a, "Firefox on Linux This device")
		theirs := h.ownPage(stranger, "/sessions").One("body")
		if theirs.Has(".rows form") {
			t.Error("somebody alone has a session to end")
		}
		newest := a.All(".rows [name=session]")[0].Attr("value")
		a = b.Post(h.srv.URL+"/account/sessions", url.Values{"session": {newest}})
		says(t, a, "You are signed out there.")
		if got := h.ownPage(second, ""); got.Status != http.StatusSeeOther {
			t.Errorf("the session is still live: %d", got.Status)
		}
		at(t, h.ownPage(first, ""), 200, "account")
		a = b.Submit(a, "form.form", nil)
		says(t, a, "You are signed out everywhere else.")
		if got := h.ownPage(first, ""); got.Status != http.StatusSeeOther {
			t.Errorf("the session is still live: %d", got.Status)
		}
		at(t, h.ownPage(b, ""), 200, "account")
		at(t, h.ownPage(stranger, ""), 200, "account")
	})
}

func TestNobodyEndsSessionsOfOthers(t *testing.T) {
	h := newHouse(t, nil)
	h.user(ada, password)
	h.user(grace, password)
	h.seatedByCookie(grace)
	b := h.seated(ada)
	b.Post(h.srv.URL+"/account/sessions", url.Values{"session": {"session-of-" + grace}})
	if s, err := h.desk.Session(t.Context(), "cookie-of-"+grace); err != nil || s == nil {
		t.Errorf("the session is gone: %v", err)
	}
}

func TestIdentitiesAreConnectedAndDisconnected(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			o := surrounded(houseOn(t, engine, nil))
			o.user(ada, password)
			o.linked(github, grace, person(grace))
			b := o.seated(ada)
			a := o.ownPage(b, "/identities")
			at(t, a, 200, "account-identities")
			o.at[github].expects(person("ada@private.example"))
			a = o.prove(b, b.Submit(a, "form.form", form{"submit": "github"}))
			at(t, a, 200, "account-identities")
			a = o.press(b, a, github)
			at(t, a, 200, "account-identities")
			says(t, a, "GitHub is connected.")
			says(t, a, "ada@private.example")
			if u := o.whoIs(ada); u.Identities["github"].UserID != person("ada@private.example").Subject {
				t.Errorf("%+v", u.Identities)
			}
			a = b.Submit(a, ".rows form", nil)
			says(t, a, "GitHub is no longer connected.")
			o.at[github].expects(person(grace))
			a = o.press(b, a, github)
			says(t, a, "belongs to another account here")
			o.at[github].refuses = true
			a = o.press(b, a, github)
			says(t, a, "did not let you through")
			if len(o.whoIs(ada).Identities) != 0 {
				t.Error("something was connected")
			}
		})
	}
}

func TestTheLastWayInStays(t *testing.T) {
	o := newOutside(t, func(e *guestlist.SignInExperience) { e.SignIn.Methods[0].VerificationCode = false })
	o.linked(github, ada, person(ada))
	b := o.seatedByCookie(ada)
	a := o.ownPage(b, "/identities")
	says(t, a, "This is your only way to sign in.")
	if a.Has(".rows form") {
		t.Error("the page offers to disconnect it")
	}
	at(t, b.Post(o.srv.URL+"/account/identities", url.Values{"target": {"github"}}), 422, "account-identities")
	if len(o.whoIs(ada).Identities) != 1 {
		t.Error("it is gone")
	}
}

// An attempt that somebody else began connects nothing to whoever is led back
// with its answer.
func TestNobodyIsConnectedByTheAttemptOfAnother(t *testing.T) {
	o := newOutside(t, nil)
	o.user(ada, password)
	o.user(grace, password)
	thief := o.fresh(grace)
	o.at[github].expects(person("grace@private.example"))
	thief.Stay = append(thief.Stay, o.srv.URL+"/callback/")
	answer := o.press(thief, o.ownPage(thief, "/identities"), github).Header.Get("Location")
	victim := o.fresh(ada)
	victim.Get(answer)
	// and even with the thief's interaction planted in the browser
	for _, name := range []string{"_interaction", "_interaction.sig"} {
		victim.SetCookie(o.srv.URL, &http.Cookie{Name: name, Value: thief.Cookie(o.srv.URL, name)})
	}
	says(t, victim.Get(answer), "That attempt is over.")
	if u := o.whoIs(ada); len(u.Identities) != 0 {
		t.Errorf("connected: %+v", u.Identities)
	}
}

func TestAccountFormsOfOtherSitesAreRefused(t *testing.T) {
	h := newHouse(t, nil)
	h.user(ada, password)
	b := h.fresh(ada)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.srv.URL+"/account/sessions", strings.NewReader("submit=others"))
	h.must(err)
	for name, value := range map[string]string{
		"Content-Type": "application/x-www-form-urlencoded", "Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site",
		"Cookie": "_session=" + b.Cookie(h.srv.URL, "_session") + "; _session.sig=" + b.Cookie(h.srv.URL, "_session.sig"),
	} {
		req.Header.Set(name, value)
	}
	res, err := h.srv.Client().Do(req)
	h.must(err)
	defer res.Body.Close()
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("%d", res.StatusCode)
	}
}
