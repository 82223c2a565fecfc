package token_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
	"guestlist/internal/token"
)

// world is a store with a user who allowed things to an application.
type world struct {
	t     testing.TB
	st    *store.Store
	mint  *token.Mint
	app   guestlist.Application
	user  guestlist.User
	grant guestlist.Grant
}

const (
	issuer   = "http://localhost:3001/oidc"
	callback = "http://localhost:3999/cb"
	verifier = "1FzFdQdT6UyhZpyeVT9n_Kzce93z39-tEix516AYBqc"
)

func newWorld(t testing.TB, st *store.Store, kind guestlist.ApplicationType) *world {
	t.Helper()
	w := &world{t: t, st: st, mint: &token.Mint{Store: st, Issuer: issuer}}
	if err := w.mint.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	w.app = guestlist.Application{ID: guestlist.ApplicationID(crypt.ID()), Name: "app", Type: kind,
		OIDCClientMetadata: guestlist.OIDCClientMetadata{RedirectURIs: []string{callback}, PostLogoutRedirectURIs: []string{}}}
	name, email := "Alice Example", "alice@example.com"
	w.user = guestlist.User{ID: guestlist.UserID(crypt.ShortID()), Name: &name, PrimaryEmail: &email}
	w.update(func(tx *store.Tx) error {
		w.app.CreatedAt, w.user.CreatedAt, w.user.UpdatedAt = tx.Now, tx.Now, tx.Now
		if err := tx.InsertApplication(w.app); err != nil {
			return err
		}
		if err := tx.InsertUser(w.user, nil); err != nil {
			return err
		}
		return store.Seed(tx)
	})
	w.newGrant()
	return w
}

func (w *world) newGrant() {
	w.t.Helper()
	w.update(func(tx *store.Tx) error {
		w.grant = guestlist.Grant{ID: guestlist.GrantID(crypt.ID()), UserID: w.user.ID, ApplicationID: w.app.ID,
			Scopes: []string{"openid", "offline_access", "profile", "email"}, CreatedAt: tx.Now, ExpiresAt: tx.Now.Add(14 * 24 * time.Hour)}
		return tx.InsertGrant(w.grant)
	})
}

func (w *world) update(fn func(*store.Tx) error) {
	w.t.Helper()
	if err := w.st.Update(context.Background(), fn); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) code(scopes string, resources ...string) string {
	w.t.Helper()
	var code string
	w.update(func(tx *store.Tx) (err error) {
		code, err = token.IssueCode(tx, w.grant, guestlist.AuthRequest{ClientID: w.app.ID, RedirectURI: callback,
			Scopes: strings.Fields(scopes), Resources: resources, Nonce: "nonce-1",
			CodeChallenge: token.Challenge(verifier)}, guestlist.Session{SignedInAt: tx.Now})
		return err
	})
	return code
}

func (w *world) redeem(code string) (token.Answer, error) {
	return w.mint.RedeemCode(context.Background(), token.CodeRequest{Application: w.app, Code: code, Verifier: verifier, RedirectURI: callback})
}

func (w *world) refresh(refreshToken string) (token.Answer, error) {
	return w.mint.Refresh(context.Background(), token.RefreshRequest{Application: w.app, RefreshToken: refreshToken})
}

func TestExchange(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st, guestlist.ApplicationSPA)
		a, err := w.redeem(w.code("openid offline_access profile phone"))
		if err != nil {
			t.Fatal(err)
		}
		if a.Scope != "openid offline_access profile" || a.RefreshToken == "" || len(a.AccessToken) != crypt.OpaqueLength {
			t.Errorf("answer: %+v", a)
		}
		claims, err := w.mint.Verify(context.Background(), token.SortID, a.IDToken)
		if err != nil || claims.Audience != string(w.app.ID) || claims.Nonce != "nonce-1" || claims.Subject != string(w.user.ID) {
			t.Errorf("ID token: %+v, %v", claims, err)
		}
		b, err := w.refresh(a.RefreshToken)
		if err != nil || b.RefreshToken == a.RefreshToken || b.IDToken == "" {
			t.Fatalf("refresh: %+v, %v", b, err)
		}
		info, err := w.mint.UserInfo(context.Background(), b.AccessToken)
		if err != nil || !strings.Contains(string(info.Claims), `"name":"Alice Example"`) {
			t.Errorf("userinfo: %s, %v", info.Claims, err)
		}
	})
}
