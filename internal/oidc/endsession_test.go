package oidc_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"guestlist/internal/store"
)

const home = "http://localhost:3999/"

// xsrf returns the proof in a sign-out page.
func xsrf(t *testing.T, a answer) string {
	t.Helper()
	m := regexp.MustCompile(`name="xsrf" value="([^"]+)"`).FindStringSubmatch(a.Body)
	if a.Status != http.StatusOK || m == nil {
		t.Fatalf("no sign-out form: %d %s", a.Status, a.Body)
	}
	return m[1]
}

func (h *house) allowHome() {
	h.spa.OIDCClientMetadata.PostLogoutRedirectURIs = []string{home, "io.logto://out"}
	h.update(func(tx *store.Tx) error { return tx.UpdateApplication(h.spa) })
}

func TestEndSessionPage(t *testing.T) {
	h := newHouse(t)
	h.allowHome()
	b := h.browser()
	tokens := h.redeem(h.spa, b.signIn("alice").Get("code"))
	for _, query := range []string{"", "client_id=spa&post_logout_redirect_uri=" + url.QueryEscape(home) + "&state=s9",
		"id_token_hint=" + tokens.text("id_token"), "post_logout_redirect_uri=https%3A%2F%2Fevil.example"} {
		a := b.get("/oidc/session/end?" + query)
		for _, want := range []string{`<title>Sign Out</title>`, `onload="document.getElementById('op.logoutForm').submit();"`, `name="logout"`,
			`id="op.logoutForm"`, `action="` + endpoint + `/oidc/session/end/confirm"`, `<button type="submit">`} {
			if !strings.Contains(a.Body, want) {
				t.Errorf("%s: the page lacks %s:\n%s", query, want, a.Body)
			}
		}
		if a.Status != http.StatusOK || a.Header.Get("Etag") == "" || !strings.Contains(a.Header.Get("Content-Security-Policy"), "'unsafe-hashes'") {
			t.Errorf("%s: %d %v", query, a.Status, a.Header)
		}
	}
	if got := back(t, b.authorize("prompt", "none")); got.Get("code") == "" {
		t.Errorf("looking at the page ended the session: %v", got)
	}
	if a := h.browser().get("/oidc/session/end"); a.Status != http.StatusOK || !strings.Contains(a.Body, "<title>Submitting Callback</title>") {
		t.Errorf("without a session: %d %s", a.Status, a.Body)
	}
}

func TestEndSessionErrors(t *testing.T) {
	h := newHouse(t)
	h.allowHome()
	h.bob()
	b := h.browser()
	hint := h.redeem(h.spa, b.signIn("alice").Get("code")).text("id_token")
	other := h.redeem(h.spa, h.browser().signIn("bob").Get("code")).text("id_token")
	for query, want := range map[string]string{
		"client_id=spa&post_logout_redirect_uri=http%3A%2F%2Flocalhost%3A3999%2Fother": "invalid_request: post_logout_redirect_uri not registered",
		"client_id=nosuch&post_logout_redirect_uri=" + url.QueryEscape(home):           "invalid_client: invalid client nosuch",
		"id_token_hint=abc":                   "invalid_request: could not decode id_token_hint",
		"id_token_hint=a.b.c":                 "invalid_request: could not validate id_token_hint",
		"client_id=web&id_token_hint=" + hint: "invalid_request: client_id does not match the provided id_token_hint",
		"id_token_hint=" + other:              "invalid_request: id_token_hint and authenticated subject do not match",
		"client_id=spa&client_id=spa":         "invalid_request: 'client_id' parameter must not be provided twice",
	} {
		a := b.get("/oidc/session/end?" + query)
		if got := a.text("error") + ": " + a.text("error_description"); a.Status != http.StatusBadRequest || got != want {
			t.Errorf("%s: %d %s", query, a.Status, a.Body)
		}
	}
	if a := b.get("/oidc/session/end/confirm"); a.Status != http.StatusNotFound {
		t.Errorf("confirming by GET: %d", a.Status)
	}
	page := b.get("/oidc/session/end?client_id=spa")
	stranger := h.browser()
	stranger.session("bob000000000")
	for name, form := range map[string]url.Values{
		"no proof":      form("logout", "yes"),
		"wrong proof":   form("logout", "yes", "xsrf", "wrong"),
		"another's":     form("logout", "yes", "xsrf", xsrf(t, stranger.get("/oidc/session/end"))),
		"of no session": form("logout", "yes", "xsrf", xsrf(t, h.browser().get("/oidc/session/end"))),
		"twice":         {"logout": {"yes"}, "xsrf": {xsrf(t, page), "x"}},
	} {
		if a := b.post("/oidc/session/end/confirm", form); a.Status != http.StatusBadRequest || a.text("error") != "invalid_request" {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	if got := back(t, b.authorize("prompt", "none")); got.Get("code") == "" {
		t.Errorf("a forged form ended the session: %v", got)
	}
	h.clock.Advance(2 * time.Hour)
	if a := b.post("/oidc/session/end/confirm", form("logout", "yes", "xsrf", xsrf(t, page))); a.Status != http.StatusBadRequest {
		t.Errorf("an old form: %d %s", a.Status, a.Body)
	}
}

// TestSignOut: the session ends with what was not asked for with
// offline_access.
func TestSignOut(t *testing.T) {
	h := newHouse(t)
	h.allowHome()
	b := h.browser()
	kept := h.redeem(h.spa, b.signIn("alice").Get("code"))
	onPage(t, b.authorize("client_id", "web", "scope", "openid"), "/consent?app_id=web")
	lost := h.redeem(h.web, back(t, b.get(b.consent("web", "").Redirect)).Get("code"), "client_secret", secret)

	a := b.post("/oidc/session/end", form("client_id", "spa", "post_logout_redirect_uri", home, "state", "s9"))
	a = b.post("/oidc/session/end/confirm", form("xsrf", xsrf(t, a), "logout", "yes"))
	onPage(t, a, home+"?state=s9")
	if b.value("_session") != "" {
		t.Error("the cookie is still there")
	}
	if got := back(t, b.authorize("prompt", "none")); got.Get("error") != "login_required" {
		t.Errorf("afterwards: %v", got)
	}
	if a := h.refresh(h.spa, kept.text("refresh_token")); a.Status != http.StatusOK {
		t.Errorf("offline_access: %d %s", a.Status, a.Body)
	}
	if a := h.get("/me", "Authorization", "Bearer "+lost.text("access_token")); a.Status != http.StatusUnauthorized {
		t.Errorf("a token without offline_access: %d", a.Status)
	}

	a = b.get("/oidc/session/end?client_id=spa&state=x&post_logout_redirect_uri=io.logto%3A%2F%2Fout") // nobody is signed in
	onPage(t, b.post("/oidc/session/end/confirm", form("xsrf", xsrf(t, a), "logout", "yes")), "io.logto://out?state=x")
	a = b.get("/oidc/session/end")
	onPage(t, b.post("/oidc/session/end/confirm", form("xsrf", xsrf(t, a), "logout", "yes")), endpoint+"/oidc/session/end/success")
	if a := b.get("/oidc/session/end/success"); a.Status != http.StatusOK || !strings.Contains(a.Body, "You are signed out") {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	r := httptest.NewRequest(http.MethodGet, endpoint+"/oidc/session/end/success", nil)
	r.Header.Set("Accept-Language", "de")
	if a := h.do(r); !strings.Contains(a.Body, `lang="de"`) {
		t.Errorf("in German: %s", a.Body)
	}
}

// TestStaySignedIn: without logout=yes the session stays, and that
// application's grant goes.
func TestStaySignedIn(t *testing.T) {
	h := newHouse(t)
	h.allowHome()
	b := h.browser()
	b.signIn("alice", "scope", "openid")
	a := b.get("/oidc/session/end?client_id=spa&post_logout_redirect_uri=" + url.QueryEscape(home))
	onPage(t, b.post("/oidc/session/end/confirm", form("xsrf", xsrf(t, a))), home)
	got := back(t, b.authorize("prompt", "none", "scope", "openid"))
	if got.Get("error") != "consent_required" || got.Get("error_description") != "requested scopes not granted" {
		t.Errorf("%v", got)
	}
}

// TestPolicyAllowsThePage: what submits the form and what dresses it are named
// in the policy by their hashes, byte by byte.
func TestPolicyAllowsThePage(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	b.signIn("alice")
	for name, a := range map[string]answer{
		"sign out": b.get("/oidc/session/end"), "nobody": h.browser().get("/oidc/session/end"),
		"form post": b.authorize("prompt", "none", "response_mode", "form_post"),
	} {
		for _, part := range []string{`<style>([^<]*)</style>`, ` onload="([^"]*)"`} {
			m := regexp.MustCompile(part).FindStringSubmatch(a.Body)
			if m == nil {
				t.Fatalf("%s: no %s in %s", name, part, a.Body)
			}
			sum := sha256.Sum256([]byte(m[1]))
			if want := "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(a.Header.Get("Content-Security-Policy"), want) {
				t.Errorf("%s: the policy does not allow %q", name, m[1])
			}
		}
	}
}
