package oidc_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/invite"
	"guestlist/internal/signin"
	"guestlist/internal/store"
)

// bob joins alice.
func (h *house) bob() guestlist.User {
	h.t.Helper()
	name, email := "bob", "bob@example.com"
	u := guestlist.User{ID: "bob000000000", Username: &name, PrimaryEmail: &email}
	h.update(func(tx *store.Tx) error { return tx.InsertUser(u, passwordDigest()) })
	return u
}

// TestCodeFlow walks from nothing to tokens, and checks the cookies on the way.
func TestCodeFlow(t *testing.T) { onBothEngines(t, testCodeFlow) }

func testCodeFlow(t *testing.T, h *house) {
	b := h.browser()
	onPage(t, b.authorize(), "/sign-in?app_id=spa")
	first := b.uid("spa")
	resume := h.finish(first, "alice")
	if resume != endpoint+"/oidc/auth/"+first {
		t.Fatalf("the interaction ends at %s", resume)
	}

	a := b.get(resume)
	onPage(t, a, "/consent?app_id=spa")
	// Clients exist that keep nothing but what this answer sets.
	names := map[string]bool{}
	for _, line := range a.Header["Set-Cookie"] {
		name, _, _ := strings.Cut(line, "=")
		names[name] = true
	}
	for _, name := range []string{"_session", "_session.sig", "_interaction", "_interaction.sig", "_interaction_resume", "_logto"} {
		if !names[name] {
			t.Errorf("cookie %s is not set when consent is due: %v", name, a.Header["Set-Cookie"])
		}
	}
	if b.uid("spa") == first {
		t.Error("consent goes on in the interaction of the sign-in")
	}

	got := back(t, b.get(b.consent("spa", signin.Ask).Redirect))
	if got.Get("state") != "state-1" || got.Get("iss") != issuer || got.Get("code") == "" {
		t.Fatalf("the application gets %v", got)
	}
	tokens := h.redeem(h.spa, got.Get("code"))
	if tokens.text("scope") != "openid offline_access profile email" || tokens.text("refresh_token") == "" {
		t.Errorf("tokens: %d %s", tokens.Status, tokens.Body)
	}
	if claims := claimsOf(t, tokens.text("id_token")); claims["sub"] != "alice0000000" || claims["nonce"] != "nonce-1" {
		t.Errorf("ID token: %v", claims)
	}
	h.view(func(tx *store.Tx) error {
		u, err := tx.User(h.user.ID)
		if err == nil && (u.ApplicationID == nil || *u.ApplicationID != "spa") {
			t.Errorf("applicationId is %v", u.ApplicationID)
		}
		return err
	})
}

func (h *house) view(fn func(*store.Tx) error) {
	h.t.Helper()
	if err := h.st.View(context.Background(), fn); err != nil {
		h.t.Fatal(err)
	}
}

// TestTwoApplicationsInOneBrowser: interleaved sign-ins both complete.
func TestTwoApplicationsInOneBrowser(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	onPage(t, b.authorize(), "/sign-in?app_id=spa")
	onPage(t, b.authorize("client_id", "native", "state", "other"), "/sign-in?app_id=native")
	one, two := b.uid("spa"), b.uid("native")
	if one == two {
		t.Fatal("both applications have one interaction")
	}
	toOne, toTwo := h.finish(one, "alice"), h.finish(two, "alice")
	onPage(t, b.get(toOne), "/consent?app_id=spa")
	onPage(t, b.get(toTwo), "/consent?app_id=native")
	for app, state := range map[string]string{"spa": "state-1", "native": "other"} {
		if got := back(t, b.get(b.consent(app, signin.Ask).Redirect)); got.Get("state") != state || got.Get("code") == "" {
			t.Errorf("%s gets %v", app, got)
		}
	}
}

// TestSessionDecides is the table of what a request with a session needs.
func TestSessionDecides(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	tokens := h.redeem(h.spa, b.signIn("alice").Get("code"))
	hint := tokens.text("id_token")
	h.bob()
	other := h.redeem(h.spa, h.browser().signIn("bob").Get("code")).text("id_token")
	foreign := h.redeem(h.native, h.browser().signIn("alice", "client_id", "native").Get("code")).text("id_token")
	h.clock.Advance(2 * time.Second)

	for _, c := range []struct {
		name  string
		pairs []string
		want  string // a page, "code", or an error with its description
	}{
		{"no prompt", []string{"prompt", "-"}, "code"},
		{"none", []string{"prompt", "none"}, "code"},
		{"less", []string{"prompt", "none", "scope", "openid"}, "code"},
		{"more", []string{"prompt", "none", "scope", "openid phone"}, "consent_required: requested scopes not granted"},
		{"more, asking", []string{"prompt", "-", "scope", "openid phone"}, "/consent?app_id=spa"},
		{"scopes of a resource", []string{"prompt", "none", "scope", "openid notes:read", "resource", indicator}, "consent_required: requested scopes not granted"},
		{"scopes nobody gave", []string{"prompt", "none", "scope", "openid notes:admin", "resource", indicator}, "code"},
		{"another application", []string{"prompt", "none", "client_id", "native"}, "consent_required: requested scopes not granted"},
		{"consent", nil, "/consent?app_id=spa"},
		{"login", []string{"prompt", "login"}, "/sign-in?app_id=spa"},
		{"login consent", []string{"prompt", "login consent"}, "/sign-in?app_id=spa"},
		{"fresh enough", []string{"prompt", "-", "max_age", "3600"}, "code"},
		{"too old", []string{"prompt", "-", "max_age", "1"}, "/sign-in?app_id=spa"},
		{"any is too old", []string{"prompt", "-", "max_age", "0"}, "/sign-in?app_id=spa"},
		{"too old, silent", []string{"prompt", "none", "max_age", "1"}, "login_required: End-User authentication could not be obtained"},
		{"hint", []string{"prompt", "none", "id_token_hint", hint}, "code"},
		{"hint at somebody else", []string{"prompt", "none", "id_token_hint", other}, "login_required: id_token_hint and authenticated subject do not match"},
		{"hint at somebody else, asking", []string{"prompt", "-", "id_token_hint", other}, "/sign-in?app_id=spa"},
		{"hint of another application", []string{"prompt", "none", "id_token_hint", foreign}, "invalid_request: could not validate id_token_hint"},
		{"altered hint", []string{"prompt", "none", "id_token_hint", hint[:len(hint)-8] + "AAAAAAAA"}, "invalid_request: could not validate id_token_hint"},
		{"access token as hint", []string{"prompt", "none", "id_token_hint", tokens.text("access_token")}, "invalid_request: could not validate id_token_hint"},
		{"link", []string{"prompt", "-", "one_time_token", "t", "login_hint", "alice@example.com"}, "/consent?app_id=spa"},
		{"link, silent", []string{"prompt", "none", "one_time_token", "t"}, "interaction_required: the one-time token has to be confirmed"},
		{"link and login", []string{"prompt", "login", "one_time_token", "t"}, "/sign-in?app_id=spa&one_time_token=t"},
	} {
		a := b.authorize(c.pairs...)
		if strings.HasPrefix(c.want, "/") {
			if got := location(t, a).String(); got != c.want {
				t.Errorf("%s: redirect to %s, want %s", c.name, got, c.want)
			}
			continue
		}
		got := back(t, a)
		switch {
		case c.want == "code" && got.Get("code") == "":
			t.Errorf("%s: %v, want a code", c.name, got)
		case c.want != "code" && got.Get("error")+": "+got.Get("error_description") != c.want:
			t.Errorf("%s: %v, want %s", c.name, got, c.want)
		}
	}

	h.clock.Advance(2 * time.Hour) // the hint has expired, which does not matter
	if got := back(t, b.authorize("prompt", "none", "id_token_hint", hint)); got.Get("code") == "" {
		t.Errorf("expired hint: %v", got)
	}
	h.clock.Advance(15 * 24 * time.Hour) // and now the session
	if got := back(t, b.authorize("prompt", "none")); got.Get("error") != "login_required" {
		t.Errorf("expired session: %v", got)
	}
}

// TestOfflineAccessIsAskedFor: it counts only where the user is asked (Core §11).
func TestOfflineAccessIsAskedFor(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	h.redeem(h.spa, b.signIn("alice").Get("code"))
	tokens := h.redeem(h.spa, back(t, b.authorize("prompt", "none")).Get("code"))
	if tokens.text("scope") != "openid profile email" || tokens.text("refresh_token") != "" {
		t.Errorf("without prompt=consent: %s", tokens.Body)
	}
}

// TestSignInAgain: the same user's session goes on under a new cookie, and with
// its grants.
func TestSignInAgain(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	b.signIn("alice")
	before := b.value("_session")
	onPage(t, b.authorize("prompt", "login", "max_age", "0"), "/sign-in?app_id=spa")
	h.clock.Advance(time.Second)
	got := back(t, b.get(h.finish(b.uid("spa"), "alice")))
	tokens := h.redeem(h.spa, got.Get("code"))
	if claims := claimsOf(t, tokens.text("id_token")); claims["auth_time"] != float64(h.clock.Now().Unix()) {
		t.Errorf("auth_time is %v, want %d", claims["auth_time"], h.clock.Now().Unix())
	}
	if b.value("_session") == before {
		t.Error("the cookie from before the sign-in is still good")
	}
	stale := h.browser()
	stale.put("_session", before)
	if got := back(t, stale.authorize("prompt", "none")); got.Get("error") != "login_required" {
		t.Errorf("the former cookie: %v", got)
	}
}

// TestAnotherUserSignsIn: the session of the first one ends with what it
// allowed, in one step.
func TestAnotherUserSignsIn(t *testing.T) {
	h := newHouse(t)
	bob := h.bob()
	b := h.browser()
	tokens := h.redeem(h.web, b.signIn("alice", "client_id", "web", "scope", "openid profile").Get("code"), "client_secret", secret)
	former := b.value("_session")

	onPage(t, b.authorize("client_id", "web", "prompt", "login"), "/sign-in?app_id=web")
	onPage(t, b.get(h.finish(b.uid("web"), "bob")), "/consent?app_id=web")
	got := back(t, b.get(b.consent("web", signin.Ask).Redirect))
	mine := h.redeem(h.web, got.Get("code"), "client_secret", secret)
	if claims := claimsOf(t, mine.text("id_token")); claims["sub"] != string(bob.ID) {
		t.Errorf("the tokens are %v's", claims["sub"])
	}
	stale := h.browser()
	stale.put("_session", former)
	if got := back(t, stale.authorize("client_id", "web", "prompt", "none")); got.Get("error") != "login_required" {
		t.Errorf("the replaced session: %v", got)
	}
	if a := h.get("/me", "Authorization", "Bearer "+tokens.text("access_token")); a.Status != http.StatusUnauthorized {
		t.Errorf("a token of the replaced session: %d", a.Status)
	}
}

// TestHintedUserMustSignIn: whoever signs in as somebody else goes back with an
// error, not round in circles.
func TestHintedUserMustSignIn(t *testing.T) {
	h := newHouse(t)
	h.bob()
	hint := h.redeem(h.spa, h.browser().signIn("alice").Get("code")).text("id_token")
	b := h.browser()
	onPage(t, b.authorize("id_token_hint", hint), "/sign-in?app_id=spa")
	got := back(t, b.get(h.finish(b.uid("spa"), "bob")))
	if got.Get("error") != "login_required" {
		t.Errorf("%v", got)
	}
}

// TestResumeBelongsToItsBrowser: no link continues somebody else's interaction.
func TestResumeBelongsToItsBrowser(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	onPage(t, b.authorize(), "/sign-in?app_id=spa")
	uid := b.uid("spa")
	resume := h.finish(uid, "alice")

	lost := func(name string, a answer) {
		t.Helper()
		if a.Status != http.StatusBadRequest || a.text("code") != "session.not_found" || a.text("error") != "invalid_request" ||
			a.text("error_description") != "authorization request has expired" || a.text("iss") != issuer || len(a.Header["Set-Cookie"]) > 0 {
			t.Errorf("%s: %d %s %v", name, a.Status, a.Body, a.Header["Set-Cookie"])
		}
	}
	lost("no cookie", h.browser().get(resume))
	lost("unknown", b.get("/oidc/auth/nosuchinteraction"))

	victim := h.browser()
	onPage(t, victim.authorize(), "/sign-in?app_id=spa")
	lost("another browser's", victim.get(resume))
	victim.cookies["x"] = cookie{"_interaction_resume", uid, "/oidc/auth/" + uid}
	lost("unsigned cookie", victim.get(resume))
	victim.cookies["y"] = cookie{"_interaction_resume.sig", victim.value("_interaction_resume.sig"), "/oidc/auth/" + uid}
	lost("cookie with another's signature", victim.get(resume))
	for _, name := range []string{"_interaction_resume", "_interaction_resume.sig"} {
		victim.cookies[name] = cookie{name, b.value(name), "/oidc/auth/" + uid}
	}
	delete(victim.cookies, "x")
	delete(victim.cookies, "y")
	lost("a planted cookie with its own signature", victim.get(resume))
	if a := b.send(httptest.NewRequest(http.MethodHead, resume, nil)); a.Status != http.StatusNotFound {
		t.Errorf("HEAD: %d", a.Status)
	}

	kept := map[string]cookie{}
	for k, c := range b.cookies {
		kept[k] = c
	}
	onPage(t, b.get(resume), "/consent?app_id=spa") // nothing of that spent it
	b.cookies = kept
	lost("again", b.get(resume))
}

func TestInteractionExpires(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	onPage(t, b.authorize(), "/sign-in?app_id=spa")
	resume := h.finish(b.uid("spa"), "alice")
	h.clock.Advance(signin.InteractionTTL*time.Second + time.Second)
	if a := b.get(resume); a.text("code") != "session.not_found" {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

// TestResumeTooEarly: who comes back before the end is led on, and signed in as
// nobody.
func TestResumeTooEarly(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	onPage(t, b.authorize(), "/sign-in?app_id=spa")
	onPage(t, b.get("/oidc/auth/"+b.uid("spa")), "/sign-in?app_id=spa")
	if b.value("_session") != "" {
		t.Error("a session was made")
	}
}

// TestResumeAtOnce: of many parallel resumes one gets on.
func TestResumeAtOnce(t *testing.T) { onBothEngines(t, testResumeAtOnce) }

func testResumeAtOnce(t *testing.T, h *house) {
	b := h.browser()
	b.session(h.user.ID)
	onPage(t, b.authorize(), "/consent?app_id=spa")
	resume := b.consent("spa", signin.Ask).Redirect
	const callers = 16
	codes := make([]string, callers)
	var wg sync.WaitGroup
	for i := range callers {
		r := httptest.NewRequest(http.MethodGet, resume, nil)
		for _, c := range b.cookies {
			r.Header.Add("Cookie", c.name+"="+c.value)
		}
		wg.Go(func() {
			if u, err := url.Parse(h.do(r).Header.Get("Location")); err == nil {
				codes[i] = u.Query().Get("code")
			}
		})
	}
	wg.Wait()
	got := 0
	for _, code := range codes {
		if code != "" {
			got++
		}
	}
	if got != 1 {
		t.Errorf("%d codes for one interaction, want 1", got)
	}
}

// TestClientChangesMeanwhile: an address that is no longer registered gets
// nothing.
func TestClientChangesMeanwhile(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	onPage(t, b.authorize(), "/sign-in?app_id=spa")
	resume := h.finish(b.uid("spa"), "alice")
	h.spa.OIDCClientMetadata.RedirectURIs = []string{"https://new.example/cb"}
	h.update(func(tx *store.Tx) error { return tx.UpdateApplication(h.spa) })
	if a := b.get(resume); a.Status != http.StatusBadRequest || a.text("error") != "invalid_redirect_uri" {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

func TestSuspendedMeanwhile(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	onPage(t, b.authorize(), "/sign-in?app_id=spa")
	resume := h.finish(b.uid("spa"), "alice")
	h.user.IsSuspended = true
	h.update(func(tx *store.Tx) error { return tx.UpdateUser(h.user) })
	onPage(t, b.get(resume), "/account-suspended")
	if b.value("_session") != "" {
		t.Error("a session was made")
	}
}

// TestGrantIsNotAnothers: consent that one user gave does not serve the next.
func TestGrantIsNotAnothers(t *testing.T) {
	h := newHouse(t)
	bob := h.bob()
	b := h.browser()
	b.session(h.user.ID)
	onPage(t, b.authorize(), "/consent?app_id=spa")
	resume := b.consent("spa", signin.Ask).Redirect
	b.session(bob.ID) // meanwhile, in another tab
	if a := b.get(resume); a.text("code") != "session.not_found" {
		t.Errorf("%d %s %s", a.Status, a.Body, a.Header.Get("Location"))
	}
}

// TestThirdPartyConsent: the guest decides, and may refuse.
func TestThirdPartyConsent(t *testing.T) {
	h := newHouse(t)
	partner := application("partner", guestlist.ApplicationTraditional)
	partner.IsThirdParty = true
	h.update(func(tx *store.Tx) error { return tx.InsertApplication(partner) })
	b := h.browser()
	b.session(h.user.ID)
	ask := []string{"client_id", "partner", "scope", "openid offline_access notes:read", "resource", indicator}

	onPage(t, b.authorize(ask...), "/consent?app_id=partner")
	if step := b.consent("partner", signin.Ask); step.Page == nil {
		t.Fatalf("nobody is asked: %+v", step)
	}
	got := back(t, b.get(b.consent("partner", signin.Deny).Redirect))
	if got.Get("error") != "access_denied" || got.Get("state") != "state-1" {
		t.Errorf("refused: %v", got)
	}

	onPage(t, b.authorize(ask...), "/consent?app_id=partner")
	if got := back(t, b.get(b.consent("partner", signin.Allow).Redirect)); got.Get("code") == "" {
		t.Errorf("allowed: %v", got)
	}
	// Its resource scopes were not given to it: that is no reason to ask again.
	if got := back(t, b.authorize(append(ask, "prompt", "none")...)); got.Get("code") == "" {
		t.Errorf("asked again: %v", got)
	}
}

// TestResourcesOfARequest: several, repeated or with commas; and a role that
// comes later is asked for.
func TestResourcesOfARequest(t *testing.T) {
	h := newHouse(t)
	h.update(func(tx *store.Tx) error {
		return tx.InsertResource(guestlist.Resource{ID: "second", Name: "Second", Indicator: "https://second.example", AccessTokenTTL: 60})
	})
	b := h.browser()
	got := b.signIn("alice", "scope", "openid offline_access notes:read notes:admin", "resource", indicator+",https://second.example")
	tokens := h.redeem(h.spa, got.Get("code"), "resource", indicator)
	if tokens.text("scope") != "notes:read" {
		t.Errorf("scope %q", tokens.text("scope"))
	}
	if a := h.refresh(h.spa, tokens.text("refresh_token"), "resource", "https://second.example"); a.Status != http.StatusOK {
		t.Errorf("the second resource: %s", a.Body)
	}
	silent := []string{"prompt", "none", "scope", "openid notes:read notes:admin", "resource", indicator}
	if got := back(t, b.authorize(silent...)); got.Get("code") == "" {
		t.Errorf("granted before: %v", got)
	}
	h.update(func(tx *store.Tx) error { return tx.AddRoleScope("people", "notes:admin") })
	if got := back(t, b.authorize(silent...)); got.Get("error") != "consent_required" {
		t.Errorf("a scope that came later: %v", got)
	}
}

// TestResponseModes: query, fragment and a form.
func TestResponseModes(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	b.signIn("alice")
	if u := location(t, b.authorize("prompt", "none", "response_mode", "fragment")); !strings.HasPrefix(u.Fragment, "code=") || u.RawQuery != "" {
		t.Errorf("fragment: %s", u)
	}
	a := b.authorize("prompt", "none", "response_mode", "form_post", "state", `"><script>alert(1)</script>`)
	for _, want := range []string{`<form method="post" action="` + callback + `">`, `name="code" value="`, `name="iss" value="` + issuer + `"`,
		"<title>Submitting Callback</title>", `value="&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"`, `<button type="submit">`} {
		if !strings.Contains(a.Body, want) {
			t.Errorf("the form lacks %s:\n%s", want, a.Body)
		}
	}
	if policy := a.Header.Get("Content-Security-Policy"); a.Status != http.StatusOK || !strings.Contains(policy, "'unsafe-hashes' 'sha256-") ||
		strings.Contains(policy, "form-action") || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v", a.Status, a.Header)
	}
	a = b.authorize("prompt", "none", "response_mode", "form_post", "scope", "openid phone")
	if a.Status != http.StatusBadRequest || !strings.Contains(a.Body, `name="error" value="consent_required"`) {
		t.Errorf("error: %d %s", a.Status, a.Body)
	}
}

// TestRedirectURIs: a query stays, an own scheme works, and one address need
// not be named.
func TestRedirectURIs(t *testing.T) {
	h := newHouse(t)
	app := application("phone", guestlist.ApplicationNative)
	app.OIDCClientMetadata.RedirectURIs = []string{"io.logto://callback", "http://127.0.0.1/cb?a=1"}
	h.update(func(tx *store.Tx) error { return tx.InsertApplication(app) })
	b := h.browser()
	for uri, want := range map[string]string{
		"io.logto://callback":          "io.logto://callback?error=login_required&",
		"http://127.0.0.1:5050/cb?a=1": "http://127.0.0.1:5050/cb?a=1&error=login_required&",
	} {
		if got := b.authorize("client_id", "phone", "prompt", "none", "redirect_uri", uri).Header.Get("Location"); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s", uri, got)
		}
	}
	if a := b.authorize("client_id", "phone", "redirect_uri", "-"); a.text("error_description") != "missing required parameter 'redirect_uri'" {
		t.Errorf("two addresses, none named: %d %s", a.Status, a.Body)
	}
	b.session(h.user.ID)
	onPage(t, b.authorize("redirect_uri", "-"), "/consent?app_id=spa")
	if got := back(t, b.get(b.consent("spa", signin.Ask).Redirect)); got.Get("code") == "" {
		t.Errorf("one address, none named: %v", got)
	}
}

// TestManyApplications: the interaction cookie stays within what browsers keep.
func TestManyApplications(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	for i := range 30 {
		id := "app" + strings.Repeat("x", i)
		h.update(func(tx *store.Tx) error { return tx.InsertApplication(application(id, guestlist.ApplicationSPA)) })
		onPage(t, b.authorize("client_id", id), "/sign-in?app_id="+id)
		if b.uid(id) != b.uid("_none") {
			t.Fatalf("the interaction of %s is not the latest", id)
		}
	}
	if n := len(b.value("_interaction")); n > 3500 {
		t.Errorf("%d bytes", n)
	}
}

// TestLinkWithSession: a link is looked at whoever is signed in, with a grant
// and without any prompt.
func TestLinkWithSession(t *testing.T) {
	h := newHouse(t)
	h.update(func(tx *store.Tx) error { // her address was proved before: nothing is stripped from the account
		h.user.EmailVerifiedAt = &tx.Now
		return tx.UpdateUser(h.user)
	})
	b := h.browser()
	b.signIn("alice")
	issue := func(email string) guestlist.OneTimeToken {
		t.Helper()
		var token guestlist.OneTimeToken
		h.update(func(tx *store.Tx) (err error) {
			token, err = invite.Issue(tx, invite.Order{Email: email})
			return err
		})
		return token
	}
	link := func(token guestlist.OneTimeToken) answer {
		return b.authorize("prompt", "-", "one_time_token", token.Token, "login_hint", token.Email)
	}

	other := issue("carol@example.com")
	onPage(t, link(other), "/consent?app_id=spa")
	if got, want := b.consent("spa", signin.Ask).Redirect, "switch-account?login_hint=carol%40example.com&one_time_token="+other.Token; got != want {
		t.Errorf("somebody else's link leads to %s, want %s", got, want)
	}

	own := issue("alice@example.com")
	onPage(t, link(own), "/consent?app_id=spa")
	if got, want := b.consent("spa", signin.Ask).Redirect, "one-time-token?login_hint=alice%40example.com&one_time_token="+own.Token; got != want {
		t.Errorf("her own link leads to %s, want %s", got, want)
	}
	step, err := h.desk.SubmitAll(context.Background(), b.uid("spa"), signin.Caller{}, signin.SetEvent{Event: guestlist.EventSignIn},
		signin.VerifyOneTimeToken{Email: own.Email, Token: own.Token}, signin.Identify{Latest: true}, signin.Finish{})
	if err != nil {
		t.Fatal(err)
	}
	if got := back(t, b.get(step.RedirectTo)); got.Get("code") == "" {
		t.Errorf("after the link: %v", got)
	}
	onPage(t, link(own), "/consent?app_id=spa") // used up by her: no reason to stop
	if got := back(t, b.get(b.consent("spa", signin.Ask).Redirect)); got.Get("code") == "" {
		t.Errorf("the same link again: %v", got)
	}
}
