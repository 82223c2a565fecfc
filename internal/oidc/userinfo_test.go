package oidc_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guestlist/internal/store"
	"guestlist/internal/token"
)

const everyScope = "openid offline_access profile email phone address custom_data identities roles " +
	"urn:logto:scope:organizations urn:logto:scope:organization_roles"

func TestUserInfo(t *testing.T) {
	h := newHouse(t)
	a := h.redeem(h.spa, h.code(h.spa, everyScope))
	bearer := "Bearer " + a.text("access_token")
	me := h.get("/me", "Authorization", bearer)
	now := float64(h.clock.Now().UnixMilli())
	want := map[string]any{"sub": "alice0000000", "name": "Alice Example", "preferred_username": "alice", "picture": nil,
		"updated_at": now, "username": "alice", "created_at": now, "email": "alice@example.com", "email_verified": true,
		"phone_number": nil, "phone_number_verified": false, "custom_data": map[string]any{}, "identities": map[string]any{},
		"sso_identities": []any{}, "roles": []any{"people"}, "organizations": []any{}, "organization_data": []any{}, "organization_roles": []any{}}
	if d := cmp.Diff(want, me.JSON); d != "" {
		t.Errorf("claims:\n%s", d)
	}
	tag := me.Header.Get("Etag")
	if again := h.get("/me", "Authorization", bearer, "If-None-Match", tag); tag == "" || again.Status != http.StatusNotModified {
		t.Errorf("ETag %q: %d", tag, again.Status)
	}
	if post := h.post("/me", form(), "Authorization", bearer); post.Status != 200 || post.Header.Get("Etag") != "" || post.Body != me.Body {
		t.Errorf("POST: %d %s", post.Status, post.Body)
	}
	if post := h.post("/me", form("access_token", a.text("access_token"))); post.Status != 200 || post.Body != me.Body {
		t.Errorf("token in the body: %d %s", post.Status, post.Body)
	}
	// Of the extended claims the ID token has those that the setting enables.
	for _, step := range []struct {
		enabled []string
		want    []string
	}{
		{nil, []string{"roles", "organizations", "organization_roles"}},
		{[]string{"custom_data"}, []string{"custom_data"}},
	} {
		if step.enabled != nil {
			h.update(func(tx *store.Tx) error {
				return token.PutIDTokenConfig(tx, token.IDTokenConfig{EnabledExtendedClaims: step.enabled})
			})
		}
		claims := claimsOf(t, h.redeem(h.spa, h.code(h.spa, everyScope)).text("id_token"))
		var got []string
		for _, c := range []string{"custom_data", "identities", "sso_identities", "roles", "organizations", "organization_data", "organization_roles"} {
			if _, ok := claims[c]; ok {
				got = append(got, c)
			}
		}
		if d := cmp.Diff(step.want, got); d != "" {
			t.Errorf("extended claims with %v:\n%s", step.enabled, d)
		}
	}
}

func TestUserInfoErrors(t *testing.T) {
	h := newHouse(t)
	a := h.redeem(h.spa, h.code(h.spa, "openid offline_access"))
	machine := h.post("/token", form("grant_type", "client_credentials", "resource", indicator), "Authorization", basic("machine", secret))
	realm := `Bearer realm="http://localhost:3001/oidc"`
	bad := realm + `, error="invalid_token", error_description="invalid token provided"`
	for name, test := range map[string]struct {
		path, authorization, challenge, description string
		status                                      int
	}{
		"no token":      {"/me", "", realm, "no access token provided", 401},
		"bad token":     {"/me", "Bearer abc", bad, "invalid token provided", 401},
		"ID token":      {"/me", "Bearer " + a.text("id_token"), bad, "invalid token provided", 401},
		"refresh token": {"/me", "Bearer " + a.text("refresh_token"), bad, "invalid token provided", 401},
		"JWT":           {"/me", "Bearer " + machine.text("access_token"), bad, "invalid token provided", 401},
		"other scheme": {"/me", "Basic abc", realm + `, error="invalid_request", error_description="authorization header scheme must be ` + "`Bearer`" + `"`,
			"authorization header scheme must be `Bearer`", 400},
		"query": {"/me?access_token=abc", "", realm + `, error="invalid_request", error_description="access tokens must not be provided via query parameter"`,
			"access tokens must not be provided via query parameter", 400},
	} {
		var headers []string
		if test.authorization != "" {
			headers = []string{"Authorization", test.authorization}
		}
		got := h.get(test.path, headers...)
		if got.Status != test.status || got.text("error_description") != test.description || got.Header.Get("WWW-Authenticate") != test.challenge {
			t.Errorf("%s: %d %s, challenge %q", name, got.Status, got.Body, got.Header.Get("WWW-Authenticate"))
		}
	}
	without := h.redeem(h.spa, h.code(h.spa, "profile"))
	if got := h.get("/me", "Authorization", "Bearer "+without.text("access_token")); got.Status != 403 || got.text("error") != "insufficient_scope" {
		t.Errorf("without openid: %d %s", got.Status, got.Body)
	}
	h.clock.Advance(token.AccessTTL)
	if got := h.get("/me", "Authorization", "Bearer "+a.text("access_token")); got.Status != 401 {
		t.Errorf("expired: %d %s", got.Status, got.Body)
	}
}

func TestIntrospection(t *testing.T) {
	h := newHouse(t)
	a := h.redeem(h.web, h.code(h.web, "openid offline_access profile"), "client_secret", secret)
	mine := h.redeem(h.spa, h.code(h.spa, "openid"))
	now := float64(h.clock.Now().Unix())
	ask := func(asked string) answer {
		return h.post("/token/introspection", form("token", asked), "Authorization", basic("web", secret))
	}
	want := map[string]any{"active": true, "sub": "alice0000000", "client_id": "web", "exp": now + 3600, "iat": now,
		"iss": endpoint + "/oidc", "scope": "openid offline_access profile", "token_type": "Bearer"}
	if d := cmp.Diff(want, ask(a.text("access_token")).JSON); d != "" {
		t.Errorf("access token:\n%s", d)
	}
	delete(want, "token_type")
	want["exp"] = now + 14*86400
	if d := cmp.Diff(want, ask(a.text("refresh_token")).JSON); d != "" {
		t.Errorf("refresh token:\n%s", d)
	}
	if b := ask("nosuchtoken"); b.Body != `{"active":false}` {
		t.Errorf("unknown: %s", b.Body)
	}
	if b := ask(mine.text("access_token")); b.JSON["client_id"] != "spa" {
		t.Errorf("another client's: %s", b.Body)
	}
	if b := ask(a.text("id_token")); b.Status != 400 || b.text("error") != "unsupported_token_type" ||
		b.text("error_description") != "Structured JWT Tokens cannot be introspected via the introspection_endpoint" {
		t.Errorf("JWT: %d %s", b.Status, b.Body)
	}
	if b := ask(""); b.text("error_description") != "missing required parameter 'token'" {
		t.Errorf("no token: %s", b.Body)
	}
	public := func(asked string) string {
		return h.post("/token/introspection", form("token", asked, "client_id", "spa")).Body
	}
	if got := public(a.text("access_token")); got != `{"active":false}` {
		t.Errorf("a public client learns of another's token: %s", got)
	}
	if got := public(mine.text("access_token")); got == `{"active":false}` {
		t.Error("a public client does not learn of its own token")
	}
	if b := h.post("/token/introspection", form("token", "x")); b.text("error_description") != "no client authentication mechanism provided" {
		t.Errorf("without authentication: %s", b.Body)
	}
}

func TestRevocation(t *testing.T) {
	h := newHouse(t)
	alive := func(a answer) bool {
		return h.get("/me", "Authorization", "Bearer "+a.text("access_token")).Status == http.StatusOK
	}
	confidential := func(asked string) answer {
		return h.post("/token/revocation", form("token", asked), "Authorization", basic("web", secret))
	}
	public := func(asked string) answer {
		return h.post("/token/revocation", form("token", asked, "client_id", "spa"))
	}
	mine := h.redeem(h.spa, h.code(h.spa, "openid offline_access"))
	theirs := h.redeem(h.web, h.code(h.web, "openid offline_access"), "client_secret", secret)

	if b := confidential(mine.text("access_token")); b.Status != 400 || b.text("error_description") != "client is not authorized to revoke the presented token" || !alive(mine) {
		t.Errorf("another client's: %d %s", b.Status, b.Body)
	}
	if b := public(theirs.text("access_token")); b.Status != 200 || b.Body != "" || !alive(theirs) {
		t.Errorf("another client's, by a public one: %d %s", b.Status, b.Body)
	}
	// Logto's Go SDK sends a confidential client's id without its secret.
	if b := h.post("/token/revocation", form("token", theirs.text("refresh_token"), "client_id", "web")); b.Status != 401 || !alive(theirs) {
		t.Errorf("without the secret: %d %s", b.Status, b.Body)
	}
	if b := confidential("nosuchtoken"); b.Status != 200 || b.Body != "" {
		t.Errorf("unknown: %d %s", b.Status, b.Body)
	}
	if b := confidential(theirs.text("id_token")); b.text("error_description") != "Structured JWT Tokens cannot be revoked via the revocation_endpoint" {
		t.Errorf("JWT: %d %s", b.Status, b.Body)
	}
	if b := confidential(theirs.text("refresh_token")); b.Status != 200 || alive(theirs) {
		t.Errorf("refresh token: %d %s; the grant ends with it", b.Status, b.Body)
	}
	if b := public(mine.text("access_token")); b.Status != 200 || alive(mine) {
		t.Errorf("access token: %d %s", b.Status, b.Body)
	}
	if b := h.refresh(h.spa, mine.text("refresh_token")); b.text("error") != "invalid_grant" {
		t.Errorf("refresh after revocation: %s", b.Body)
	}
}

func TestDocuments(t *testing.T) {
	h := newHouse(t)
	a := h.get("/.well-known/openid-configuration", "Authorization", basic("web", secret)) // as @logto/node sends it
	if a.text("issuer") != endpoint+"/oidc" || a.text("token_endpoint") != endpoint+"/oidc/token" || a.text("jwks_uri") != endpoint+"/oidc/jwks" {
		t.Errorf("discovery: %d %s", a.Status, a.Body)
	}
	if b := h.get("/.well-known/oauth-authorization-server"); b.Body != a.Body {
		t.Error("the two names give different documents")
	}
	if b := h.get("/.well-known/openid-configuration", "If-None-Match", a.Header.Get("Etag")); b.Status != http.StatusNotModified {
		t.Errorf("ETag: %d", b.Status)
	}
	before := h.get("/jwks")
	h.clock.Advance(time.Second)
	if _, err := h.mint.RotateKeys(context.Background(), store.KeySigning, "ES256", 0); err != nil {
		t.Fatal(err)
	}
	after := h.get("/jwks")
	if len(after.JSON["keys"].([]any)) != 2 || before.Header.Get("Etag") == after.Header.Get("Etag") {
		t.Errorf("keys after a rotation: %s", after.Body)
	}
	for _, k := range after.JSON["keys"].([]any) {
		for name, v := range k.(map[string]any) {
			if _, ok := v.(string); !ok {
				t.Errorf("member %s of a key is no string", name)
			}
			if name == "d" {
				t.Error("a private key is published")
			}
		}
	}
	if got := h.get("/.well-known/openid-configuration").JSON["id_token_signing_alg_values_supported"]; !cmp.Equal(got, []any{"ES256", "ES384"}) {
		t.Errorf("algorithms: %v", got)
	}
}
