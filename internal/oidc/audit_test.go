package oidc_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guestlist"
	"guestlist/internal/store"
)

// The audit log tells every exchange of a client, and none of its secrets.
func TestAudit(t *testing.T) {
	h := newHouse(t)
	code := h.code(h.spa, "openid offline_access")
	a := h.redeem(h.spa, code)
	h.refresh(h.spa, "no-such-refresh-token")
	h.post("/token", form("grant_type", "client_credentials", "resource", indicator, "client_id", "machine", "client_secret", secret))
	h.post("/token", form("grant_type", "client_credentials", "client_id", "machine", "client_secret", "wrong-secret"))
	h.post("/token", form("grant_type", "client_credentials", "client_id", "nosuch", "client_secret", "x"))
	h.post("/token/revocation", form("token", a.text("access_token"), "client_id", "spa"))
	h.stop()

	payloads := map[string]string{}
	var keys []string
	if err := h.st.View(context.Background(), func(tx *store.Tx) error {
		logs, _, err := tx.Logs(store.LogFilter{}, store.Page{}, 100)
		for _, l := range logs {
			keys = append(keys, l.Key)
			payloads[l.Key] += string(l.Payload)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	slices.Sort(keys)
	want := []string{"ExchangeTokenBy.AuthorizationCode", "ExchangeTokenBy.ClientCredentials", "ExchangeTokenBy.ClientCredentials",
		"ExchangeTokenBy.RefreshToken", "RevokeToken"}
	if d := cmp.Diff(want, keys); d != "" {
		t.Errorf("keys:\n%s", d)
	}
	for key, payload := range payloads {
		for name, s := range map[string]string{"code": code, "access token": a.text("access_token"), "secret": secret,
			"wrong secret": "wrong-secret", "refresh token": "no-such-refresh-token", "verifier": verifier} {
			if strings.Contains(payload, s) {
				t.Errorf("%s holds the %s: %s", key, name, payload)
			}
		}
	}
	for key, part := range map[string]string{
		"ExchangeTokenBy.ClientCredentials": `{"applicationId":"machine","applicationSecret":{"name":"Default secret"},"ip":"192.0.2.1",` +
			`"key":"ExchangeTokenBy.ClientCredentials","params":{"client_id":"machine","client_secret":"******",` +
			`"grant_type":"client_credentials","resource":"https://api.example.com"},"result":"Success","tokenTypes":["AccessToken"]}`,
		"ExchangeTokenBy.RefreshToken":      `"error":"oidc.invalid_grant: grant request is invalid"`,
		"ExchangeTokenBy.AuthorizationCode": `"tokenTypes":["AccessToken","RefreshToken","IdToken"],"userId":"alice0000000"`,
		"RevokeToken":                       `"token":"******"`,
	} {
		if !strings.Contains(payloads[key], part) {
			t.Errorf("%s: %s\nlacks %s", key, payloads[key], part)
		}
	}
	// Once the writer has ended, what must be logged is not served.
	b := h.post("/token", form("grant_type", "client_credentials", "resource", indicator, "client_id", "machine", "client_secret", secret))
	if b.Status != http.StatusServiceUnavailable || b.text("error") != "temporarily_unavailable" {
		t.Errorf("after the end of the writer: %d %s", b.Status, b.Body)
	}
}

// A public client cannot do without a challenge, whoever issued its code.
func TestPublicClientsNeedPKCE(t *testing.T) {
	h := newHouse(t)
	code := h.code(h.spa, "openid", func(r *guestlist.AuthRequest) { r.CodeChallenge = "" })
	a := h.post("/token", form("grant_type", "authorization_code", "client_id", "spa", "code", code, "redirect_uri", callback))
	if a.text("error") != "invalid_grant" {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}
