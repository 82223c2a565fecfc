package experience_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/experience"
	"guestlist/internal/store"
)

// TestAPIRoutes: what later versions add does not exist yet, and says so in
// JSON; what exists names its methods.
func TestAPIRoutes(t *testing.T) {
	s := newHouse(t, nil).begun(t, guestlist.EventSignIn)
	for _, later := range []string{
		"POST /api/experience/verification/mfa-verification-code", "POST /api/experience/verification/mfa-verification-code/verify",
		"POST /api/experience/verification/totp/secret", "POST /api/experience/verification/totp/verify",
		"POST /api/experience/verification/backup-code/generate", "POST /api/experience/verification/backup-code/verify",
		"POST /api/experience/verification/web-authn/registration", "POST /api/experience/verification/web-authn/authentication/verify",
		"POST /api/experience/verification/sign-in-passkey/authentication",
		"POST /api/experience/preflight/sign-in-passkey/authentication",
		"POST /api/experience/profile/mfa", "POST /api/experience/profile/mfa/mfa-skipped", "POST /api/experience/profile/mfa/passkey",
		"GET /api/experience/nosuch", "PUT /api/interaction", "POST /api/interaction/submit",
	} {
		method, path, _ := strings.Cut(later, " ")
		s.want(http.StatusNotFound, "request.route_not_found", method, path, "{}")
	}
	a := s.want(http.StatusMethodNotAllowed, "request.method_not_allowed", "DELETE", "/api/experience/submit", "")
	if a.header.Get("Allow") != "POST" {
		t.Errorf("Allow: %q", a.header.Get("Allow"))
	}
}

// TestAPIOrder: who has no interaction is told so before anything else, by
// every route, and whatever is sent.
func TestAPIOrder(t *testing.T) {
	h := newHouse(t, nil)
	forged := h.script(t)
	forged.browser.SetCookie(h.srv.URL, &http.Cookie{Name: "_interaction", Value: url.QueryEscape(`{"_legacy":"` + crypt.Opaque() + `"}`)})
	forged.browser.SetCookie(h.srv.URL, &http.Cookie{Name: "_interaction.sig", Value: strings.Repeat("A", 43)})
	fresh := h.script(t).begin(nil)
	for _, pattern := range experience.APIPatterns() {
		method, path, _ := strings.Cut(pattern, " ")
		if pattern == "POST /api/experience/waitlist" { // for who has not come to a door yet
			continue
		}
		for _, s := range []*script{h.script(t), forged} {
			a := s.want(http.StatusBadRequest, "session.not_found", method, path, `{"interactionEvent":1}`)
			if a.text("error") != "invalid_request" || a.header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s: %s %v", pattern, a.body, a.header)
			}
		}
		switch pattern {
		case "PUT /api/experience", "GET /api/experience/sso-connectors", "GET /api/interaction/consent", "POST /api/interaction/consent":
		default: // before the PUT that begins
			fresh.want(http.StatusNotFound, "session.interaction_not_found", method, path, `{"interactionEvent":1}`)
		}
	}
}

// TestAPICrossOrigin: only pages of our own origin may act with the cookies of
// a browser.
func TestAPICrossOrigin(t *testing.T) {
	h := newHouse(t, nil)
	for _, header := range []http.Header{
		{"Sec-Fetch-Site": {"cross-site"}}, {"Sec-Fetch-Site": {"same-site"}},
		{"Origin": {"https://evil.example"}}, {"Origin": {"null"}},
	} {
		s := h.begun(t, guestlist.EventSignIn)
		s.header = header
		for _, pattern := range experience.APIPatterns() {
			method, path, _ := strings.Cut(pattern, " ")
			if method == http.MethodGet {
				continue // changes nothing, and cannot be read across origins
			}
			s.want(http.StatusForbidden, "request.cross_origin", method, path, "{}")
		}
		a := s.call("GET", "/api/experience/interaction", "")
		if a.header.Get("Access-Control-Allow-Origin") != "" || a.header.Get("Cross-Origin-Resource-Policy") != "same-origin" {
			t.Errorf("%v: %v", header, a.header)
		}
		if a.text("interactionEvent") != "SignIn" {
			t.Errorf("%v changed the interaction: %s", header, a.body)
		}
	}
}

// TestVerificationsStayAtHome: what one interaction verified serves in no
// other, neither its verifications nor its codes.
func TestVerificationsStayAtHome(t *testing.T) {
	eachHouse(t, nil, func(t *testing.T, h *house) {
		h.user("ada@example.com", newPassword)
		mine, theirs := h.begun(t, guestlist.EventSignIn), h.begun(t, guestlist.EventSignIn)
		const ada = `"identifier":{"type":"email","value":"ada@example.com"}`
		verified := mine.byCode("ada@example.com", guestlist.EventSignIn)
		theirs.identify(http.StatusNotFound, "session.verification_session_not_found", verified)
		theirs.want(http.StatusNotFound, "session.identifier_not_found", "POST", "/api/experience/profile", `{"type":"email","verificationId":"`+verified+`"}`)

		sent := mine.verify("verification-code", `{`+ada+`,"interactionEvent":"SignIn"}`)
		code := h.code("ada@example.com")
		theirs.want(http.StatusNotFound, "session.verification_session_not_found", "POST", "/api/experience/verification/verification-code/verify",
			`{`+ada+`,"verificationId":"`+sent+`","code":"`+code+`"}`)
		own := theirs.verify("verification-code", `{`+ada+`,"interactionEvent":"SignIn"}`)
		theirCode := h.code("ada@example.com")
		if code != theirCode {
			theirs.want(http.StatusBadRequest, "verification_code.code_mismatch", "POST", "/api/experience/verification/verification-code/verify",
				`{`+ada+`,"verificationId":"`+own+`","code":"`+code+`"}`)
		}
		mine.verify("verification-code/verify", `{`+ada+`,"verificationId":"`+sent+`","code":"`+code+`"}`)
	})
}

// TestTokenOpenedTwice: of two browsers with one link, the one that opened it
// last gets in, and the other learns why it does not.
func TestTokenOpenedTwice(t *testing.T) {
	h := newHouse(t, func(e *guestlist.SignInExperience) {
		e.SignInMode, e.SignUp = guestlist.ModeSignIn, guestlist.SignUpSettings{Verify: true}
	})
	token := h.token(guestEmail)
	first, second := h.begun(t, register), h.begun(t, register)
	first.identify(http.StatusCreated, "", first.byToken(guestEmail, token))
	second.identify(http.StatusCreated, "", second.byToken(guestEmail, token))
	first.want(http.StatusBadRequest, "one_time_token.opened_elsewhere", "POST", "/api/experience/submit", "")
	in(t, second.finish(), guestEmail)
	if n := h.users(); n != 1 {
		t.Errorf("%d accounts", n)
	}
}

// TestPagesAndAPI: a flow may begin on a page and end by the API, and the other
// way round.
func TestPagesAndAPI(t *testing.T) {
	t.Run("from a page to the API", func(t *testing.T) {
		h := newHouse(t, func(e *guestlist.SignInExperience) {
			e.SignInMode = guestlist.ModeSignIn
			e.SignUp = guestlist.SignUpSettings{Identifiers: []guestlist.IdentifierType{guestlist.IdentifierUsername}, Password: true}
		})
		s := h.script(t)
		a := h.open(s.browser, "/one-time-token", url.Values{"one_time_token": {h.token(guestEmail)}, "login_hint": {guestEmail}})
		a = s.browser.Submit(a, "form", nil)
		at(t, a, http.StatusOK, "continue")
		state := s.call("GET", "/api/experience/interaction", "")
		if state.text("interactionEvent") != "Register" {
			t.Fatalf("the API sees %s", state.body)
		}
		var seen struct {
			Records []struct {
				ID string `json:"id"`
			} `json:"verificationRecords"`
		}
		if err := json.Unmarshal(state.body, &seen); err != nil || len(seen.Records) != 1 {
			t.Fatalf("the API sees %s (%v)", state.body, err)
		}
		s.want(http.StatusNoContent, "", "POST", "/api/experience/profile", `{"type":"username","value":"guest"}`)
		s.want(http.StatusNoContent, "", "POST", "/api/experience/profile", `{"type":"password","value":"`+newPassword+`"}`)
		s.identify(http.StatusCreated, "", seen.Records[0].ID)
		in(t, s.finish(), guestEmail)
	})
	t.Run("from the API to a page", func(t *testing.T) {
		h := newHouse(t, func(e *guestlist.SignInExperience) {
			e.SignInMode = guestlist.ModeSignIn
			e.SignUp = guestlist.SignUpSettings{Identifiers: []guestlist.IdentifierType{guestlist.IdentifierUsername}, Password: true}
		})
		s := h.begun(t, register)
		id := s.byToken(guestEmail, h.token(guestEmail))
		a := s.identify(http.StatusUnprocessableEntity, "user.missing_profile", id)
		if !strings.Contains(string(a.body), `"missingProfile":["username","password"]`) {
			t.Fatalf("missing: %s", a.body)
		}
		page := s.browser.Get(h.srv.URL + "/continue/username")
		at(t, page, http.StatusOK, "continue")
		page = s.browser.Submit(page, "form", map[string]string{"identifier": "guest"})
		page = s.browser.Submit(page, "form", map[string]string{"newPassword": newPassword, "confirmPassword": newPassword})
		in(t, page, guestEmail)
	})
	t.Run("an unconfirmed link is no way around the confirmation", func(t *testing.T) {
		h := newHouse(t, func(e *guestlist.SignInExperience) {
			e.OneTimeTokenConfirmation = guestlist.ConfirmAlways
		})
		h.user(guestEmail, newPassword)
		s := h.script(t)
		token := h.token(guestEmail)
		// The page asks for the address, which whoever presses the button does not give.
		a := h.open(s.browser, "/one-time-token", url.Values{"one_time_token": {token}, "login_hint": {guestEmail}})
		at(t, s.browser.Submit(a, "form", nil), http.StatusUnprocessableEntity, "one-time-token")
		s.want(http.StatusNotFound, "session.interaction_not_found", "POST", "/api/experience/submit", "")
		// A script that knows both needs no button.
		s.want(http.StatusNoContent, "", "PUT", "/api/experience", `{"interactionEvent":"SignIn"}`)
		s.identify(http.StatusNoContent, "", s.byToken(guestEmail, token))
		in(t, s.finish(), guestEmail)
	})
}

// TestThirdPartyConsent: a page of one's own learns who asks for what, and can
// consent to it; nothing that the application may not ask for is among it.
func TestThirdPartyConsent(t *testing.T) {
	eachHouse(t, nil, func(t *testing.T, h *house) {
		ada := h.user("ada@example.com", newPassword)
		h.update(func(tx *store.Tx) error { return errors.Join(letPartnerAsk(tx, ada)...) })
		s := h.begun(t, guestlist.EventSignIn)
		s.identify(http.StatusNoContent, "", s.byCode("ada@example.com", guestlist.EventSignIn))
		in(t, s.finish(), "ada@example.com")
		s.begin(url.Values{
			"app": {string(otherApp)}, "prompt": {"consent"}, "resource": {notesAPI}, "scope": {"profile", "notes:read", "notes:write"},
		})
		s.header.Set("Logto-App-Id", string(otherApp))
		var got map[string]any
		if err := json.Unmarshal(s.want(http.StatusOK, "", "GET", "/api/interaction/consent", "").body, &got); err != nil {
			t.Fatal(err)
		}
		delete(got, "user")
		if diff := cmp.Diff(map[string]any{
			"application": map[string]any{
				"id": "partner", "name": "Partner", "displayName": "Partner Inc.", "termsOfUseUrl": "https://partner.example/terms",
				"branding": map[string]any{"logoUrl": "https://partner.example/logo.png"},
			},
			"organizations": []any{}, "missingOIDCScope": []any{"email"},
			"missingResourceScopes": []any{map[string]any{
				"resource": map[string]any{"id": "notes", "name": "Notes", "indicator": notesAPI},
				"scopes":   []any{map[string]any{"id": "read", "name": "notes:read", "description": nil}},
			}},
			"redirectUri": "https://app.example/callback",
		}, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		a := s.want(http.StatusOK, "", "POST", "/api/interaction/consent", "{}")
		in(t, s.browser.Get(a.text("redirectTo")), "ada@example.com")
	})
}

const notesAPI = "https://notes.example"

// letPartnerAsk sets up an API with two scopes, both of which Ada has and one
// of which the partner may ask for.
func letPartnerAsk(tx *store.Tx, ada guestlist.UserID) []error {
	return []error{
		tx.PutApplicationExperience(otherApp, json.RawMessage(
			`{"displayName":"Partner Inc.","branding":{"logoUrl":"https://partner.example/logo.png"},"termsOfUseUrl":"https://partner.example/terms"}`)),
		tx.InsertResource(guestlist.Resource{ID: "notes", Name: "Notes", Indicator: notesAPI, AccessTokenTTL: 3600}),
		tx.InsertScope(guestlist.Scope{ID: "read", ResourceID: "notes", Name: "notes:read", CreatedAt: tx.Now}),
		tx.InsertScope(guestlist.Scope{ID: "write", ResourceID: "notes", Name: "notes:write", CreatedAt: tx.Now}),
		tx.InsertRole(guestlist.Role{ID: "writer", Name: "writer", Type: guestlist.RoleUser}),
		tx.AddRoleScope("writer", "read"), tx.AddRoleScope("writer", "write"), tx.AddUserRole(ada, "writer"),
		tx.AddApplicationConsent(otherApp, []string{"email"}, []guestlist.ScopeID{"read"}),
	}
}

// TestWhoMayNotConsent: neither the suspended, nor whom the application does not
// want.
func TestWhoMayNotConsent(t *testing.T) {
	h := newHouse(t, nil)
	ada := h.user("ada@example.com", newPassword)
	s := h.begun(t, guestlist.EventSignIn)
	s.identify(http.StatusNoContent, "", s.byCode("ada@example.com", guestlist.EventSignIn))
	in(t, s.finish(), "ada@example.com")
	s.begin(url.Values{"prompt": {"consent"}})
	control := func(on bool) {
		h.update(func(tx *store.Tx) error {
			app, err := tx.Application(testApp)
			if err != nil {
				return err
			}
			app.AccessControlEnabled = on
			return tx.UpdateApplication(app)
		})
	}
	control(true)
	s.want(http.StatusForbidden, "oidc.access_denied", "GET", "/api/interaction/consent", "")
	control(false)
	s.want(http.StatusOK, "", "GET", "/api/interaction/consent", "")
	h.update(func(tx *store.Tx) error {
		u, err := tx.User(ada)
		if err != nil {
			return err
		}
		u.IsSuspended = true
		return tx.UpdateUser(u)
	})
	s.want(http.StatusUnauthorized, "user.suspended", "GET", "/api/interaction/consent", "")
	s.want(http.StatusUnauthorized, "user.suspended", "POST", "/api/interaction/consent", "{}")
}

// TestMessageLanguage: a code is written in the language that the hosted pages
// would speak.
func TestMessageLanguage(t *testing.T) {
	h := newHouse(t, nil)
	for accept, want := range map[string]string{"de-AT, en;q=0.5": "de", "xx": "en", "": "en"} {
		s := h.begun(t, register)
		s.header.Set("Accept-Language", accept)
		s.verify("verification-code", `{"identifier":{"type":"email","value":"ada@example.com"},"interactionEvent":"Register"}`)
		if got := h.locales(); !slices.Equal(got, []string{want}) {
			t.Errorf("Accept-Language %q: messages in %q, want %q", accept, got, want)
		}
	}
}

// locales takes what waits to be sent and returns its languages.
func (h *house) locales() []string {
	h.t.Helper()
	var locales []string
	err := h.st.Update(context.Background(), func(tx *store.Tx) error {
		locales = nil
		jobs, err := tx.ClaimJobs(guestlist.JobSendMessage+"/email", tx.Now.Add(time.Hour), 100)
		if err != nil {
			return err
		}
		for _, j := range jobs {
			var m guestlist.Message
			if err := json.Unmarshal(j.Payload, &m); err != nil {
				return err
			}
			locales = append(locales, m.Locale)
		}
		return nil
	})
	h.must(err)
	return locales
}
