package e2e

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// call is what a script of a page does that the guest has open.
func (g *guest) call(t *testing.T, s *site, method, path, body string, want int) map[string]string {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Origin", s.url)
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	res, err := g.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != want {
		t.Fatalf("%s %s: %d %s (%v), want %d", method, path, res.StatusCode, text, err, want)
	}
	members := map[string]string{}
	var all map[string]any
	if json.Unmarshal(text, &all) == nil {
		for name, value := range all {
			members[name], _ = value.(string)
		}
	}
	return members
}

// TestExperienceAPI: an invited guest, and then a known one, get in without a
// hosted page, by nothing but the experience API between the authorization
// request and the code; and nothing of it gets around a sign-in.
func TestExperienceAPI(t *testing.T) {
	const v = "/api/experience/verification/"
	eachEngine(t, func(t *testing.T, s *site) {
		s.furnish()
		app := s.createApp(t, "Shop", "--type", "spa", "--redirect-uri", shopURL)
		provider, err := oidc.NewProvider(t.Context(), s.url+"/oidc")
		if err != nil {
			t.Fatal(err)
		}
		config := oauth2.Config{ClientID: app.ID, Endpoint: provider.Endpoint(), RedirectURL: shopURL, Scopes: []string{oidc.ScopeOpenID, "email"}}
		verifier := oauth2.GenerateVerifier()
		ask := func(g *guest, more ...oauth2.AuthCodeOption) {
			g.must(t, g.visit(config.AuthCodeURL("state-1", append(more, oauth2.S256ChallengeOption(verifier))...)))
		}
		code := func(g *guest, submitted map[string]string) {
			g.must(t, g.visit(submitted["redirectTo"]))
			g.isAt(t, shopURL)
			if _, err := config.Exchange(t.Context(), g.at.Query().Get("code"), oauth2.VerifierOption(verifier)); err != nil {
				t.Fatal(err)
			}
		}

		invited, g := s.invite(anybody()), newGuest()
		ask(g)
		g.call(t, s, "PUT", "/api/experience", `{"interactionEvent":"SignIn"}`, http.StatusNoContent)
		g.call(t, s, "PUT", "/api/experience/interaction-event", `{"interactionEvent":"Register"}`, http.StatusForbidden)
		token := g.call(t, s, "POST", v+"one-time-token/verify",
			`{"identifier":{"type":"email","value":"`+invited.Email+`"},"token":"`+invited.Token+`"}`, http.StatusOK)
		identify := `{"verificationId":"` + token["verificationId"] + `"}`
		g.call(t, s, "POST", "/api/experience/identification", identify, http.StatusNotFound)
		g.call(t, s, "PUT", "/api/experience/interaction-event", `{"interactionEvent":"Register"}`, http.StatusNoContent)
		g.call(t, s, "POST", "/api/experience/identification", identify, http.StatusUnprocessableEntity)
		g.call(t, s, "POST", "/api/experience/profile", `{"type":"password","value":"`+newPassword+`"}`, http.StatusNoContent)
		g.call(t, s, "POST", "/api/experience/identification", identify, http.StatusCreated)
		if len(s.accounts(invited.Email)) != 0 {
			t.Error("the account is there before the guest is in")
		}
		code(g, g.call(t, s, "POST", "/api/experience/submit", "", http.StatusOK))
		if got := s.status(invited); got != "consumed" || len(s.accounts(invited.Email)) != 1 {
			t.Errorf("the token is %s, accounts %v", got, s.accounts(invited.Email))
		}

		// The session is there, but a sign-in that was asked for is asked for.
		ask(g, oauth2.SetAuthURLParam("prompt", "login"))
		g.call(t, s, "POST", "/api/interaction/consent", `{}`, http.StatusBadRequest)
		g.must(t, g.visit("/consent?app_id="+app.ID))
		g.isAt(t, s.url+"/unknown-session")

		ask(g, oauth2.SetAuthURLParam("prompt", "login"))
		g.call(t, s, "PUT", "/api/experience", `{"interactionEvent":"SignIn"}`, http.StatusNoContent)
		byPassword := g.call(t, s, "POST", v+"password",
			`{"identifier":{"type":"email","value":"`+invited.Email+`"},"password":"`+newPassword+`"}`, http.StatusOK)
		g.call(t, s, "POST", "/api/experience/identification", `{"verificationId":"`+byPassword["verificationId"]+`"}`, http.StatusNoContent)
		code(g, g.call(t, s, "POST", "/api/experience/submit", "", http.StatusOK))
	})
}
