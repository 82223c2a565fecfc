package oidc_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/token"
)

func TestCodeExchange(t *testing.T) {
	h := newHouse(t)
	a := h.redeem(h.spa, h.code(h.spa, "openid offline_access profile email unknown"))
	if a.Status != http.StatusOK || a.text("scope") != "openid offline_access profile email" || a.text("token_type") != "Bearer" ||
		a.JSON["expires_in"] != 3600.0 || len(a.text("access_token")) != 43 || len(a.text("refresh_token")) != 43 {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	if a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("Cache-Control %q", a.Header.Get("Cache-Control"))
	}
	now := float64(h.clock.Now().Unix())
	want := map[string]any{"sub": "alice0000000", "name": "Alice Example", "preferred_username": "alice", "picture": nil,
		"updated_at": now * 1000, "username": "alice", "created_at": now * 1000, "email": "alice@example.com",
		"email_verified": true, "nonce": "nonce-1", "aud": "spa", "exp": now + 3600, "iat": now, "iss": endpoint + "/oidc"}
	if d := cmp.Diff(want, claimsOf(t, a.text("id_token"))); d != "" {
		t.Errorf("ID token:\n%s", d)
	}
}

// A request that is wrong spends nothing; the right one still works after all
// of them, once, and a second time ends everything.
func TestCodeIsSpentByTheRightRequestAlone(t *testing.T) {
	h := newHouse(t)
	code := h.code(h.spa, "openid offline_access")
	base := []string{"grant_type", "authorization_code", "client_id", "spa", "code", code, "redirect_uri", callback, "code_verifier", verifier}
	for name, change := range map[string]struct{ param, value, description string }{
		"wrong verifier":   {"code_verifier", strings.Repeat("x", 50), "grant request is invalid"},
		"no verifier":      {"code_verifier", "", "grant request is invalid"},
		"short verifier":   {"code_verifier", "short", "code_verifier must be a string with a minimum length of 43 characters"},
		"long verifier":    {"code_verifier", strings.Repeat("x", 129), "code_verifier must be a string with a maximum length of 128 characters"},
		"odd verifier":     {"code_verifier", strings.Repeat("!", 43), "code_verifier contains invalid characters"},
		"other redirect":   {"redirect_uri", "http://localhost:3999/other", "grant request is invalid"},
		"other client":     {"client_id", "native", "grant request is invalid"},
		"unknown resource": {"resource", "https://nope.example", "resource indicator is missing, or unknown"},
		"no code":          {"code", "", "missing required parameter 'code'"},
	} {
		f := form(base...)
		f.Set(change.param, change.value)
		if a := h.post("/token", f); a.Status != http.StatusBadRequest || a.text("error_description") != change.description {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	f := form(base...)
	f.Del("redirect_uri") // only one is registered
	a := h.post("/token", f)
	if a.Status != http.StatusOK {
		t.Fatalf("right request: %d %s", a.Status, a.Body)
	}
	if again := h.post("/token", f); again.text("code") != "oidc.invalid_grant" {
		t.Errorf("replay: %d %s", again.Status, again.Body)
	}
	if me := h.get("/me", "Authorization", "Bearer "+a.text("access_token")); me.Status != http.StatusUnauthorized {
		t.Errorf("access token after the replay: %d", me.Status)
	}
	if r := h.refresh(h.spa, a.text("refresh_token")); r.text("error") != "invalid_grant" {
		t.Errorf("refresh token after the replay: %d %s", r.Status, r.Body)
	}
}

func TestCodeExpires(t *testing.T) {
	h := newHouse(t)
	code := h.code(h.spa, "openid")
	h.clock.Advance(token.CodeTTL)
	if a := h.redeem(h.spa, code); a.text("error") != "invalid_grant" {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

// A code without challenge must not be redeemed with a verifier: somebody took
// the challenge out of the request.
func TestVerifierWithoutChallenge(t *testing.T) {
	h := newHouse(t)
	code := h.code(h.web, "openid", func(r *guestlist.AuthRequest) { r.CodeChallenge = "" })
	if a := h.redeem(h.web, code, "client_secret", secret); a.text("error") != "invalid_grant" {
		t.Errorf("with verifier: %d %s", a.Status, a.Body)
	}
	a := h.post("/token", form("grant_type", "authorization_code", "code", code, "redirect_uri", callback), "Authorization", basic("web", secret))
	if a.Status != http.StatusOK {
		t.Errorf("without: %d %s", a.Status, a.Body)
	}
}

func TestResourceTokens(t *testing.T) {
	h := newHouse(t)
	withResource := func(r *guestlist.AuthRequest) { r.Resources = []string{indicator} }
	const asked = "openid offline_access profile notes:write notes:read notes:admin"
	a := h.redeem(h.spa, h.code(h.spa, asked, withResource), "resource", indicator)
	if a.text("scope") != "notes:write notes:read" {
		t.Fatalf("scope keeps the order of the request: %d %s", a.Status, a.Body)
	}
	claims := claimsOf(t, a.text("access_token"))
	if claims["aud"] != indicator || claims["client_id"] != "spa" || claims["sub"] != "alice0000000" || claims["scope"] != "notes:write notes:read" {
		t.Errorf("access token: %v", claims)
	}
	if _, err := h.mint.Verify(context.Background(), token.SortAccess, a.text("access_token")); err != nil {
		t.Errorf("typ at+jwt: %v", err)
	}
	b := h.refresh(h.spa, a.text("refresh_token"))
	if b.text("scope") != "openid offline_access profile" || len(b.text("access_token")) != 43 {
		t.Errorf("refresh without resource: %s", b.Body)
	}
	b = h.refresh(h.spa, b.text("refresh_token"), "resource", indicator, "scope", "notes:read")
	if b.text("scope") != "notes:read" || b.JSON["id_token"] != nil {
		t.Errorf("narrower, and no ID token without openid: %s", b.Body)
	}
	if c := h.refresh(h.spa, b.text("refresh_token"), "resource", guestlist.ManagementAPI); c.text("error") != "invalid_target" {
		t.Errorf("resource that was not granted: %s", c.Body)
	}
	c := h.refresh(h.spa, b.text("refresh_token"), "scope", "notes:admin")
	if c.text("error") != "invalid_scope" || c.text("scope") != "notes:admin" {
		t.Errorf("scope beyond the grant: %s", c.Body)
	}
	// The user loses the role: what was granted counts no more.
	h.update(func(tx *store.Tx) error { return tx.RemoveUserRole(h.user.ID, "people") })
	b = h.refresh(h.spa, b.text("refresh_token"), "resource", indicator)
	if scope, ok := b.JSON["scope"]; b.Status != http.StatusOK || !ok || scope != "" {
		t.Errorf("without role: %d %s", b.Status, b.Body)
	}
}

// Without openid a token for the only resource is a JWT; with it, opaque.
func TestResourceOfTheAuthorizationRequest(t *testing.T) {
	h := newHouse(t)
	withResource := func(r *guestlist.AuthRequest) { r.Resources = []string{indicator} }
	a := h.redeem(h.spa, h.code(h.spa, "notes:read", withResource))
	if !token.IsJWT(a.text("access_token")) || a.JSON["id_token"] != nil {
		t.Errorf("without openid: %s", a.Body)
	}
	a = h.redeem(h.spa, h.code(h.spa, "openid notes:read", withResource))
	if token.IsJWT(a.text("access_token")) || a.text("scope") != "openid" {
		t.Errorf("with openid: %s", a.Body)
	}
}

func TestRefreshRotation(t *testing.T) {
	h := newHouse(t)
	first := h.redeem(h.spa, h.code(h.spa, "openid offline_access profile"))
	second := h.refresh(h.spa, first.text("refresh_token"))
	if second.text("refresh_token") == first.text("refresh_token") || second.text("id_token") == "" {
		t.Fatalf("rotation: %s", second.Body)
	}
	if _, has := claimsOf(t, second.text("id_token"))["at_hash"]; has {
		t.Error("at_hash in an ID token of a refresh")
	}
	h.clock.Advance(token.RefreshGrace - time.Millisecond)
	third := h.refresh(h.spa, first.text("refresh_token"))
	if third.Status != http.StatusOK {
		t.Fatalf("within the grace: %s", third.Body)
	}
	h.clock.Advance(time.Millisecond)
	if a := h.refresh(h.spa, first.text("refresh_token")); a.text("error") != "invalid_grant" {
		t.Errorf("after the grace: %d %s", a.Status, a.Body)
	}
	for name, kept := range map[string]string{"second": second.text("refresh_token"), "third": third.text("refresh_token")} {
		if a := h.refresh(h.spa, kept); a.text("error") != "invalid_grant" {
			t.Errorf("%s after the replay: %d %s", name, a.Status, a.Body)
		}
	}
	if me := h.get("/me", "Authorization", "Bearer "+third.text("access_token")); me.Status != http.StatusUnauthorized {
		t.Errorf("access token after the replay: %d", me.Status)
	}
}

// Somebody else's client id with a spent token must not end the grant.
func TestForeignClientEndsNothing(t *testing.T) {
	h := newHouse(t)
	first := h.redeem(h.spa, h.code(h.spa, "openid offline_access"))
	second := h.refresh(h.spa, first.text("refresh_token"))
	h.clock.Advance(time.Minute)
	if a := h.refresh(h.native, first.text("refresh_token")); a.text("error") != "invalid_grant" {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	if a := h.refresh(h.spa, second.text("refresh_token")); a.Status != http.StatusOK {
		t.Errorf("the owner's token: %d %s", a.Status, a.Body)
	}
}

// The lives of refresh tokens: a SPA's end with the first, a native
// application's slide, a confidential client's rotate late, and some not.
func TestRefreshLives(t *testing.T) {
	const day = 24 * time.Hour
	no := false
	for name, test := range map[string]struct {
		app     func(*house) guestlist.Application
		change  func(*guestlist.Application)
		after   time.Duration
		rotated bool
		ends    time.Duration // after issue of the first; 0: not looked at
	}{
		"spa":                {app: func(h *house) guestlist.Application { return h.spa }, after: 10 * day, rotated: true, ends: 14 * day},
		"native":             {app: func(h *house) guestlist.Application { return h.native }, after: 10 * day, rotated: true, ends: 24 * day},
		"confidential early": {app: func(h *house) guestlist.Application { return h.web }, after: 9 * day, ends: 14 * day},
		"confidential late":  {app: func(h *house) guestlist.Application { return h.web }, after: 10 * day, rotated: true, ends: 24 * day},
		"switched off": {app: func(h *house) guestlist.Application { return h.native }, after: 10 * day, ends: 14 * day,
			change: func(a *guestlist.Application) { a.CustomClientMetadata.RotateRefreshToken = &no }},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			app := test.app(h)
			if test.change != nil {
				test.change(&app)
				h.update(func(tx *store.Tx) error { return tx.UpdateApplication(app) })
			}
			var more []string
			if app.Type.IsConfidential() {
				more = []string{"client_secret", secret}
			}
			first := h.redeem(app, h.code(app, "offline_access"), more...)
			h.clock.Advance(test.after)
			second := h.refresh(app, first.text("refresh_token"), more...)
			if second.Status != http.StatusOK {
				t.Fatalf("%d %s", second.Status, second.Body)
			}
			if got := second.text("refresh_token") != first.text("refresh_token"); got != test.rotated {
				t.Errorf("rotated: %v, want %v", got, test.rotated)
			}
			h.clock.Advance(test.ends - test.after - time.Millisecond)
			third := h.refresh(app, second.text("refresh_token"), more...)
			if third.Status != http.StatusOK {
				t.Errorf("just before its end: %d %s", third.Status, third.Body)
			}
		})
	}
}

func TestSPARefreshTokenEnds(t *testing.T) {
	h := newHouse(t)
	a := h.redeem(h.spa, h.code(h.spa, "offline_access"))
	h.clock.Advance(13 * 24 * time.Hour)
	a = h.refresh(h.spa, a.text("refresh_token"))
	h.clock.Advance(24 * time.Hour)
	if b := h.refresh(h.spa, a.text("refresh_token")); b.text("error") != "invalid_grant" {
		t.Errorf("%d %s", b.Status, b.Body)
	}
}

// A line of refresh tokens ends one year after its first.
func TestRefreshNeverRotatesAfterAYear(t *testing.T) {
	h := newHouse(t)
	a := h.redeem(h.native, h.code(h.native, "offline_access"))
	start := h.clock.Now()
	for h.clock.Now().Sub(start) < token.RefreshMaxAge {
		h.clock.Advance(13 * 24 * time.Hour)
		if a = h.refresh(h.native, a.text("refresh_token")); a.Status != http.StatusOK {
			t.Fatalf("after %s: %s", h.clock.Now().Sub(start), a.Body)
		}
	}
	if b := h.refresh(h.native, a.text("refresh_token")); b.text("refresh_token") != a.text("refresh_token") {
		t.Error("rotated after a year")
	}
}

func TestRefreshTokenIsOffered(t *testing.T) {
	yes := true
	for name, test := range map[string]struct {
		app    string
		scope  string
		always *bool
		want   bool
	}{
		"offline_access":    {"spa", "openid offline_access", nil, true},
		"without":           {"spa", "openid", nil, false},
		"always, web":       {"web", "openid", &yes, true},
		"always, spa":       {"spa", "openid", &yes, true},
		"always, native no": {"native", "openid", &yes, false},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			app := map[string]guestlist.Application{"spa": h.spa, "web": h.web, "native": h.native}[test.app]
			app.CustomClientMetadata.AlwaysIssueRefreshToken = test.always
			h.update(func(tx *store.Tx) error { return tx.UpdateApplication(app) })
			var more []string
			if app.Type.IsConfidential() {
				more = []string{"client_secret", secret}
			}
			a := h.redeem(app, h.code(app, test.scope), more...)
			if got := a.text("refresh_token") != ""; a.Status != http.StatusOK || got != test.want {
				t.Errorf("%d %s", a.Status, a.Body)
			}
		})
	}
}

func TestOrganizationsAreRefused(t *testing.T) {
	h := newHouse(t)
	a := h.redeem(h.spa, h.code(h.spa, "openid offline_access"))
	b := h.refresh(h.spa, a.text("refresh_token"), "organization_id", "org")
	if b.Status != http.StatusForbidden || b.text("error") != "insufficient_scope" || b.text("scope") != "urn:logto:scope:organizations" {
		t.Errorf("without the scope: %d %s", b.Status, b.Body)
	}
	a = h.redeem(h.spa, h.code(h.spa, "openid offline_access urn:logto:scope:organizations"))
	b = h.refresh(h.spa, a.text("refresh_token"), "organization_id", "org")
	if b.Status != http.StatusForbidden || b.text("error_description") != "user is not a member of the organization" {
		t.Errorf("with it: %d %s", b.Status, b.Body)
	}
	if c := h.refresh(h.spa, a.text("refresh_token")); c.Status != http.StatusOK {
		t.Errorf("the token survives: %d %s", c.Status, c.Body)
	}
}

// Suspending and deleting close every way at once.
func TestSuspendedAndDeletedUsers(t *testing.T) {
	for name, end := range map[string]func(*store.Tx, guestlist.User) error{
		"suspended with revocation": func(tx *store.Tx, u guestlist.User) error {
			u.IsSuspended = true
			if err := tx.UpdateUser(u); err != nil {
				return err
			}
			return tx.RevokeUser(u.ID)
		},
		"suspended, rows left": func(tx *store.Tx, u guestlist.User) error { u.IsSuspended = true; return tx.UpdateUser(u) },
		"deleted":              func(tx *store.Tx, u guestlist.User) error { return tx.DeleteUser(u.ID) },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			code := h.code(h.spa, "openid")
			a := h.redeem(h.spa, h.code(h.spa, "openid offline_access"))
			h.update(func(tx *store.Tx) error { return end(tx, h.user) })
			if b := h.refresh(h.spa, a.text("refresh_token")); b.text("error") != "invalid_grant" {
				t.Errorf("refresh: %d %s", b.Status, b.Body)
			}
			if b := h.redeem(h.spa, code); b.text("error") != "invalid_grant" {
				t.Errorf("code: %d %s", b.Status, b.Body)
			}
			if b := h.get("/me", "Authorization", "Bearer "+a.text("access_token")); b.Status != http.StatusUnauthorized {
				t.Errorf("userinfo: %d %s", b.Status, b.Body)
			}
			in := h.post("/token/introspection", form("token", a.text("access_token")), "Authorization", basic("web", secret))
			if in.Body != `{"active":false}` {
				t.Errorf("introspection: %s", in.Body)
			}
		})
	}
}

func TestClientCredentials(t *testing.T) {
	h := newHouse(t)
	ask := func(pairs ...string) answer {
		return h.post("/token", form(append([]string{"grant_type", "client_credentials"}, pairs...)...), "Authorization", basic("machine", secret))
	}
	a := ask("resource", indicator, "scope", "notes:write notes:admin openid notes:read")
	if a.Status != http.StatusOK || a.text("scope") != "notes:write notes:read" || a.JSON["expires_in"] != 3600.0 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	claims := claimsOf(t, a.text("access_token"))
	if claims["sub"] != "machine" || claims["client_id"] != "machine" || claims["aud"] != indicator || claims["jti"] == "" {
		t.Errorf("claims: %v", claims)
	}
	a = ask("resource", indicator)
	if scope, has := a.JSON["scope"]; !has || scope != "" {
		t.Errorf("scope is always there: %s", a.Body)
	}
	if _, has := claimsOf(t, a.text("access_token"))["scope"]; has {
		t.Error("an empty scope claim")
	}
	for name, test := range map[string]struct {
		pairs       []string
		status      int
		description string
	}{
		"no resource":      {nil, 400, "both `resource` and `organization_id` are not provided"},
		"unknown resource": {[]string{"resource", "https://nope.example"}, 400, "resource indicator is missing, or unknown"},
		"two resources": {[]string{"resource", indicator, "resource", guestlist.ManagementAPI}, 400,
			"only a single resource indicator value is supported for this grant type"},
		"organization": {[]string{"organization_id", "org"}, 403, "app has not associated with the organization"},
	} {
		if b := ask(test.pairs...); b.Status != test.status || b.text("error_description") != test.description {
			t.Errorf("%s: %d %s", name, b.Status, b.Body)
		}
	}
	h.update(func(tx *store.Tx) error { return tx.SetDefaultResource("notes", true) })
	if a := ask("scope", "notes:read"); claimsOf(t, a.text("access_token"))["aud"] != indicator {
		t.Errorf("default resource: %s", a.Body)
	}
	for _, app := range []guestlist.Application{h.spa, h.web} {
		a := h.post("/token", form("grant_type", "client_credentials", "resource", indicator, "client_id", string(app.ID), "client_secret", map[bool]string{true: secret}[app.Type.IsConfidential()]))
		if a.text("error_description") != "requested grant type is not allowed for this client" {
			t.Errorf("%s: %d %s", app.ID, a.Status, a.Body)
		}
	}
}

// A change of roles is seen at once, cache or not.
func TestMachineLosesRole(t *testing.T) {
	h := newHouse(t)
	ask := func() string {
		return h.post("/token", form("grant_type", "client_credentials", "resource", indicator, "scope", "notes:read",
			"client_id", "machine", "client_secret", secret)).text("scope")
	}
	if got := ask(); got != "notes:read" {
		t.Fatalf("scope %q", got)
	}
	h.update(func(tx *store.Tx) error { return tx.RemoveApplicationRole("machine", "machines") })
	if got := ask(); got != "" {
		t.Errorf("scope %q after the role was taken away", got)
	}
}
