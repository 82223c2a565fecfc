package token_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
	"guestlist/internal/token"
)

func newClock() *storetest.Clock { return storetest.NewClock(time.UnixMilli(1795219857000)) }

func sign(t *testing.T, m *token.Mint) string {
	t.Helper()
	payload := `{"iss":"` + issuer + `","sub":"somebody","aud":"app"}`
	signed, err := m.Sign(context.Background(), token.SortID, []byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func header(t *testing.T, jwt string) map[string]string {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(jwt, ".")[0])
	if err != nil {
		t.Fatal(err)
	}
	var h map[string]string
	if err := json.Unmarshal(raw, &h); err != nil {
		t.Fatal(err)
	}
	return h
}

// Every algorithm signs, and what it signed stays verifiable after the others
// took over.
func TestAlgorithms(t *testing.T) {
	c := newClock()
	storetest.EachAt(t, c.Now, func(t *testing.T, st *store.Store) {
		ctx := context.Background()
		m := &token.Mint{Store: st, Issuer: issuer}
		if err := m.Start(ctx); err != nil {
			t.Fatal(err)
		}
		signed := []string{sign(t, m)}
		for _, algorithm := range []string{"ES256", "RSA", "EdDSA", "EC"} {
			c.Advance(time.Second)
			if _, err := m.RotateKeys(ctx, store.KeySigning, algorithm, 0); err != nil {
				t.Fatal(err)
			}
			signed = append(signed, sign(t, m))
		}
		var algorithms []string
		for _, jwt := range signed {
			algorithms = append(algorithms, header(t, jwt)["alg"])
			if _, err := m.Verify(ctx, token.SortID, jwt); err != nil {
				t.Errorf("%s: %v", header(t, jwt)["alg"], err)
			}
		}
		if d := cmp.Diff([]string{"ES384", "ES256", "RS256", "EdDSA", "ES384"}, algorithms); d != "" {
			t.Error(d)
		}
		if _, err := m.RotateKeys(ctx, store.KeySigning, "HS256", 0); err == nil {
			t.Error("HS256 was accepted as a signing algorithm")
		}
	})
}

func TestFirstAlgorithm(t *testing.T) {
	st := storetest.Open(t, "sqlite", nil)
	if err := (&token.Mint{Store: st, Issuer: issuer, Algorithm: "HS256"}).Start(context.Background()); err == nil {
		t.Error("HS256 was accepted")
	}
	m := &token.Mint{Store: st, Issuer: issuer, Algorithm: "EdDSA"}
	if err := m.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := header(t, sign(t, m))["alg"]; got != "EdDSA" {
		t.Errorf("alg %s", got)
	}
}

// A rotation with grace publishes the new key first, uses it later, and keeps
// the old one.
func TestRotationWithGrace(t *testing.T) {
	c := newClock()
	storetest.EachAt(t, c.Now, func(t *testing.T, st *store.Store) {
		ctx := context.Background()
		m := &token.Mint{Store: st, Issuer: issuer}
		if err := m.Start(ctx); err != nil {
			t.Fatal(err)
		}
		states := func() string {
			list, err := m.ListKeys(ctx, store.KeySigning)
			if err != nil {
				t.Fatal(err)
			}
			var s []string
			for _, k := range list {
				s = append(s, k.Status)
			}
			return strings.Join(s, " ")
		}
		old := header(t, sign(t, m))["kid"]
		list, err := m.RotateKeys(ctx, store.KeySigning, "EC", time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		if states() != "Next Current" || list[0].EffectiveAt == nil || list[0].SigningAlgorithm != "EC" {
			t.Errorf("after the rotation: %+v", list)
		}
		if _, err := m.RotateKeys(ctx, store.KeySigning, "", time.Hour); err != nil || states() != "Next Current" {
			t.Errorf("a second rotation replaces the key that waits: %s, %v", states(), err)
		}
		list, _ = m.ListKeys(ctx, store.KeySigning)
		for _, k := range list {
			if err := m.DeleteKey(ctx, store.KeySigning, k.ID); !errors.Is(err, token.ErrOnlyPreviousKey) {
				t.Errorf("delete %s: %v", k.Status, err)
			}
		}
		keys, err := m.Keys(ctx)
		if err != nil || strings.Count(string(keys.JWKS), `"kid"`) != 2 {
			t.Errorf("published: %s, %v", keys.JWKS, err)
		}
		c.Advance(time.Hour - time.Millisecond)
		if got := header(t, sign(t, m))["kid"]; got != old {
			t.Error("the new key signs before its time")
		}
		before := sign(t, m)
		c.Advance(time.Millisecond)
		if got := header(t, sign(t, m))["kid"]; got == old || states() != "Current Previous" {
			t.Errorf("the new key does not sign at its time: %s", states())
		}
		if _, err := m.Verify(ctx, token.SortID, before); err != nil {
			t.Errorf("former key: %v", err)
		}
		if err := m.DeleteKey(ctx, store.KeySigning, "nope"); !errors.Is(err, token.ErrKeyNotFound) {
			t.Errorf("unknown: %v", err)
		}
		if err := m.DeleteKey(ctx, store.KeySigning, list[1].ID); err != nil {
			t.Fatal(err)
		}
		if _, err := m.Verify(ctx, token.SortID, before); !errors.Is(err, token.ErrInvalidToken) {
			t.Errorf("a deleted key still verifies: %v", err)
		}
		if err := m.DeleteKey(ctx, store.KeySigning, "nope"); !errors.Is(err, token.ErrKeyRequired) {
			t.Errorf("with one key left: %v", err)
		}
	})
}

func TestCookieKeys(t *testing.T) {
	c := newClock()
	st := storetest.Open(t, "sqlite", c.Now)
	ctx := context.Background()
	m := &token.Mint{Store: st, Issuer: issuer}
	if err := m.Start(ctx); err != nil {
		t.Fatal(err)
	}
	first, err := m.CookieKeys(ctx)
	if err != nil || len(first) != 1 || len(first[0]) != 32 {
		t.Fatalf("first: %d, %v", len(first), err)
	}
	list, err := m.ListKeys(ctx, store.KeyCookie)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(list)
	if err != nil || string(text) != `[{"id":"`+string(list[0].ID)+`","createdAt":1795219857}]` {
		t.Errorf("wire: %s, %v", text, err)
	}
	for range 2 * token.MaxKeys {
		c.Advance(time.Second)
		if list, err = m.RotateKeys(ctx, store.KeyCookie, "", 0); err != nil {
			t.Fatal(err)
		}
	}
	if len(list) != token.MaxKeys {
		t.Errorf("%d keys are kept", len(list))
	}
	if err := m.DeleteKey(ctx, store.KeyCookie, list[0].ID); err != nil {
		t.Errorf("the newest cookie key: %v", err)
	}
}

// forge puts a header before a payload and signs with what is given.
func forge(header, payload string, mac func(input string) []byte) string {
	enc := base64.RawURLEncoding.EncodeToString
	input := enc([]byte(header)) + "." + enc([]byte(payload))
	return input + "." + enc(mac(input))
}

func TestForgedTokens(t *testing.T) {
	st := storetest.Open(t, "sqlite", newClock().Now)
	w := newWorld(t, st, guestlist.ApplicationMachine)
	ctx := context.Background()
	other := &token.Mint{Store: storetest.Open(t, "sqlite", nil), Issuer: issuer}
	if err := other.Start(ctx); err != nil {
		t.Fatal(err)
	}
	keys, err := w.mint.Keys(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var set struct{ Keys []map[string]string }
	if err := json.Unmarshal(keys.JWKS, &set); err != nil {
		t.Fatal(err)
	}
	kid := set.Keys[0]["kid"]
	payload := `{"iss":"` + issuer + `","sub":"` + string(w.app.ID) + `","client_id":"` + string(w.app.ID) +
		`","aud":"https://default.logto.app/api","scope":"all","exp":99999999999}`
	good, err := w.mint.Sign(ctx, token.SortAccess, []byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.mint.VerifyManagement(ctx, good); err != nil {
		t.Fatalf("the token that is good: %v", err)
	}
	signature := good[strings.LastIndexByte(good, '.'):]
	withMAC := func(key []byte) func(string) []byte {
		return func(input string) []byte {
			m := hmac.New(sha256.New, key)
			m.Write([]byte(input))
			return m.Sum(nil)
		}
	}
	signedBy := func(m *token.Mint, sort token.Sort, payload string) string {
		jwt, err := m.Sign(ctx, sort, []byte(payload))
		if err != nil {
			t.Fatal(err)
		}
		return jwt
	}
	none := func(string) []byte { return nil }
	for name, jwt := range map[string]string{
		"alg none":              forge(`{"alg":"none","typ":"at+jwt","kid":"`+kid+`"}`, payload, none),
		"alg NONE":              forge(`{"alg":"NONE","typ":"at+jwt","kid":"`+kid+`"}`, payload, none),
		"no alg":                forge(`{"typ":"at+jwt","kid":"`+kid+`"}`, payload, none),
		"HS256 with the JWKS":   forge(`{"alg":"HS256","typ":"at+jwt","kid":"`+kid+`"}`, payload, withMAC(keys.JWKS)),
		"HS384 with x":          forge(`{"alg":"HS384","typ":"at+jwt","kid":"`+kid+`"}`, payload, withMAC([]byte(set.Keys[0]["x"]))),
		"key in the header":     forge(`{"alg":"ES384","typ":"at+jwt","jwk":{"kty":"EC"}}`, payload, none),
		"other server":          signedBy(other, token.SortAccess, payload),
		"no signature":          good[:strings.LastIndexByte(good, '.')+1],
		"other payload":         forge(`{"alg":"ES384","kid":"`+kid+`","typ":"at+jwt"}`, strings.Replace(payload, "all", "ALL", 1), none) + signature[1:],
		"ID token":              signedBy(w.mint, token.SortID, payload),
		"logout token":          signedBy(w.mint, token.SortLogout, payload),
		"other issuer":          signedBy(w.mint, token.SortAccess, strings.Replace(payload, issuer, "https://evil.example", 1)),
		"other audience":        signedBy(w.mint, token.SortAccess, strings.Replace(payload, "logto", "other", 1)),
		"audience as a list":    signedBy(w.mint, token.SortAccess, strings.Replace(payload, `"https://default.logto.app/api"`, `["https://default.logto.app/api"]`, 1)),
		"expired":               signedBy(w.mint, token.SortAccess, strings.Replace(payload, "99999999999", "1795219857", 1)),
		"no subject":            signedBy(w.mint, token.SortAccess, strings.Replace(payload, `"sub"`, `"bus"`, 1)),
		"no exp":                signedBy(w.mint, token.SortAccess, strings.Replace(payload, `"exp"`, `"pxe"`, 1)),
		"JSON serialization":    `{"payload":"","signatures":[]}`,
		"nothing":               "",
		"huge":                  good + strings.Repeat("A", 1<<20),
		"nobody's access token": "AnHfKPbjkPMrEDejc01jkzVeMWPSer8Bv_wOBf9sLsl",
	} {
		if s, err := w.mint.VerifyManagement(ctx, jwt); guestlist.CodeOf(err) != "auth.unauthorized" {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
}

// The scopes of a management token count as far as the roles still hold them.
func TestManagementScopes(t *testing.T) {
	c := newClock()
	storetest.EachAt(t, c.Now, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st, guestlist.ApplicationMachine)
		ctx := context.Background()
		mint := func() string {
			a, err := w.mint.ClientCredentials(ctx, token.MachineRequest{Application: w.app, Scopes: []string{"all"},
				Resources: []string{guestlist.ManagementAPI}})
			if err != nil {
				t.Fatal(err)
			}
			return a.AccessToken
		}
		if s, err := w.mint.VerifyManagement(ctx, mint()); err != nil || s.Has("all") || s.ClientID != w.app.ID || s.UserID != "" {
			t.Errorf("without role: %+v, %v", s, err)
		}
		var role guestlist.Role
		w.update(func(tx *store.Tx) (err error) {
			if role, err = tx.RoleByName(guestlist.ManagementRoleName); err != nil {
				return err
			}
			return tx.AddApplicationRole(w.app.ID, role.ID)
		})
		jwt := mint()
		if s, err := w.mint.VerifyManagement(ctx, jwt); err != nil || !s.Has("all") || !s.Has("users:read") {
			t.Errorf("with role: %+v, %v", s, err)
		}
		w.update(func(tx *store.Tx) error { return tx.RemoveApplicationRole(w.app.ID, role.ID) })
		if s, err := w.mint.VerifyManagement(ctx, jwt); err != nil || s.Has("all") {
			t.Errorf("after the role was taken away: %+v, %v", s, err)
		}
		c.Advance(time.Hour)
		if _, err := w.mint.VerifyManagement(ctx, jwt); guestlist.CodeOf(err) != "auth.unauthorized" {
			t.Errorf("expired, though remembered: %v", err)
		}
	})
}

// TestManagementIsNotForApplications: an administrator who signs in to some
// application does not hand it the management API.
func TestManagementIsNotForApplications(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st, guestlist.ApplicationSPA)
		w.update(func(tx *store.Tx) error {
			role, err := tx.RoleByName(guestlist.AdminRoleName)
			if err != nil {
				return err
			}
			if _, err := tx.GiveRoles(w.user.ID, role.ID); err != nil {
				return err
			}
			w.grant.ResourceScopes = map[string][]string{guestlist.ManagementAPI: {guestlist.ScopeAll}}
			return tx.UpdateGrant(w.grant)
		})
		a, err := w.mint.RedeemCode(context.Background(), token.CodeRequest{
			Application: w.app, Code: w.code("all", guestlist.ManagementAPI), Verifier: verifier, RedirectURI: callback,
			Resources: []string{guestlist.ManagementAPI},
		})
		if err != nil {
			t.Fatal(err)
		}
		if a.Scope != "" {
			t.Errorf("the application got %q", a.Scope)
		}
		s, err := w.mint.VerifyManagement(context.Background(), a.AccessToken)
		if err != nil || s.UserID != w.user.ID || s.Has(guestlist.ScopeAll) {
			t.Errorf("%+v, %v", s, err)
		}
	})
}
