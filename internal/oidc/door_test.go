package oidc_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/oidc"
	"guestlist/internal/signin"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
	"guestlist/internal/token"
	"guestlist/internal/web"
)

const (
	endpoint  = "http://localhost:3001"
	callback  = "http://localhost:3999/cb"
	verifier  = "1FzFdQdT6UyhZpyeVT9n_Kzce93z39-tEix516AYBqc"
	secret    = "hXr0pU3dWmZ8sQ1yTn6kVb4cJf9gLe2a"
	indicator = "https://api.example.com"

	password = "Corr3ct-horse-9"
)

// s256 is the challenge of verifier.
var s256 = token.Challenge(verifier)

var cookieOptions = web.CookieOptions{}

// house is a door over a real store, with one application of each type.
type house struct {
	t       testing.TB
	clock   *storetest.Clock
	st      *store.Store
	mint    *token.Mint
	desk    *signin.Desk
	cookies web.Cookies
	door    *oidc.Door
	audit   *oidc.Audit
	stop    func() // ends the audit writer, which writes what it has
	handler http.Handler

	spa, native, web, machine guestlist.Application
	user                      guestlist.User
}

func newHouse(t testing.TB) *house {
	t.Helper()
	return newHouseOn(t, "sqlite")
}

// onBothEngines runs a test whose point is concurrency.
func onBothEngines(t *testing.T, fn func(*testing.T, *house)) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) { fn(t, newHouseOn(t, engine)) })
	}
}

func newHouseOn(t testing.TB, engine string) *house {
	t.Helper()
	h := &house{t: t, clock: storetest.NewClock(time.UnixMilli(1795219857000))}
	h.st = storetest.Open(t, engine, h.clock.Now)
	h.mint = &token.Mint{Store: h.st, Issuer: endpoint + "/oidc"}
	if err := h.mint.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	phrases, err := web.Load()
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	h.audit = oidc.NewAudit(h.st, log)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); h.audit.Run(ctx) }()
	h.stop = func() { cancel(); <-ended }
	t.Cleanup(h.stop)
	manners := &web.Manners{Log: log, Phrases: phrases, Endpoint: endpoint}
	h.desk = &signin.Desk{Store: h.st, Hasher: crypt.NewHasher(), Endpoint: endpoint, Log: log}
	h.cookies = web.Cookies{Keys: func() [][]byte {
		keys, err := h.mint.CookieKeys(context.Background())
		if err != nil {
			t.Error(err)
		}
		return keys
	}}
	pages, err := web.NewPages(phrases)
	if err != nil {
		t.Fatal(err)
	}
	h.door = &oidc.Door{Draw: func(w http.ResponseWriter, r *http.Request, page func(func(string) string) *web.Page) error {
		lang := manners.Lang(r)
		return pages.Write(w, 0, web.Look{Lang: lang}, page(func(key string) string { return phrases.T(lang, "pages."+key, nil) }))
	},
		Store: h.st, Desk: h.desk, Mint: h.mint, Manners: manners, Cookies: h.cookies, Audit: h.audit, Endpoint: endpoint,
		BuiltIn: map[guestlist.ApplicationID]guestlist.Application{guestlist.DemoApplication: application("demo-app", guestlist.ApplicationSPA)}}
	mux := web.NewMux(manners, nil)
	h.door.Mount(mux)
	h.handler = manners.Wrap(mux)
	h.seed()
	return h
}

// passwordDigest is that of an imported user: quick to make.
func passwordDigest() *guestlist.PasswordDigest {
	sum := sha256.Sum256([]byte(password))
	return &guestlist.PasswordDigest{Digest: hex.EncodeToString(sum[:]), Algorithm: crypt.SHA256}
}

func application(id string, kind guestlist.ApplicationType) guestlist.Application {
	a := guestlist.Application{ID: guestlist.ApplicationID(id), Name: id, Type: kind,
		OIDCClientMetadata: guestlist.OIDCClientMetadata{RedirectURIs: []string{callback}, PostLogoutRedirectURIs: []string{}}}
	if kind == guestlist.ApplicationMachine {
		a.OIDCClientMetadata.RedirectURIs = []string{}
	}
	return a
}

// seed fills the store: clients, a resource with three scopes of which alice
// and the machine hold two, and alice.
func (h *house) seed() {
	h.t.Helper()
	h.spa, h.native = application("spa", guestlist.ApplicationSPA), application("native", guestlist.ApplicationNative)
	h.web, h.machine = application("web", guestlist.ApplicationTraditional), application("machine", guestlist.ApplicationMachine)
	name, username, email := "Alice Example", "alice", "alice@example.com"
	h.user = guestlist.User{ID: "alice0000000", Name: &name, Username: &username, PrimaryEmail: &email}
	h.update(func(tx *store.Tx) error {
		h.user.CreatedAt, h.user.UpdatedAt = tx.Now, tx.Now
		if err := store.Seed(tx); err != nil {
			return err
		}
		if err := tx.InsertUser(h.user, passwordDigest()); err != nil {
			return err
		}
		for _, a := range []guestlist.Application{h.spa, h.native, h.web, h.machine} {
			if err := tx.InsertApplication(a); err != nil {
				return err
			}
			if !a.Type.IsConfidential() {
				continue
			}
			if err := tx.InsertApplicationSecret(guestlist.ApplicationSecret{ApplicationID: a.ID, Name: guestlist.DefaultSecretName,
				Value: secret, CreatedAt: tx.Now}); err != nil {
				return err
			}
		}
		return h.seedResource(tx)
	})
}

func (h *house) seedResource(tx *store.Tx) error {
	r := guestlist.Resource{ID: "notes", Name: "Notes", Indicator: indicator, AccessTokenTTL: 3600}
	if err := tx.InsertResource(r); err != nil {
		return err
	}
	people := guestlist.Role{ID: "people", Name: "people", Type: guestlist.RoleUser}
	machines := guestlist.Role{ID: "machines", Name: "machines", Type: guestlist.RoleMachine}
	for _, role := range []guestlist.Role{people, machines} {
		if err := tx.InsertRole(role); err != nil {
			return err
		}
	}
	for _, name := range []string{"notes:read", "notes:write", "notes:admin"} {
		s := guestlist.Scope{ID: guestlist.ScopeID(name), ResourceID: r.ID, Name: name, CreatedAt: tx.Now}
		if err := tx.InsertScope(s); err != nil {
			return err
		}
		if name == "notes:admin" {
			continue
		}
		for _, role := range []guestlist.Role{people, machines} {
			if err := tx.AddRoleScope(role.ID, s.ID); err != nil {
				return err
			}
		}
	}
	if err := tx.AddUserRole(h.user.ID, people.ID); err != nil {
		return err
	}
	return tx.AddApplicationRole(h.machine.ID, machines.ID)
}

func (h *house) update(fn func(*store.Tx) error) {
	h.t.Helper()
	if err := h.st.Update(context.Background(), fn); err != nil {
		h.t.Fatal(err)
	}
}

// code lets alice sign in to an application and returns the code.
func (h *house) code(a guestlist.Application, scope string, change ...func(*guestlist.AuthRequest)) string {
	h.t.Helper()
	var code string
	h.update(func(tx *store.Tx) error {
		grant := guestlist.Grant{ID: guestlist.GrantID(crypt.ID()), UserID: h.user.ID, ApplicationID: a.ID,
			Scopes: []string{"openid", "offline_access", "profile", "email", "roles", "identities", "custom_data", "phone", "address",
				"urn:logto:scope:organizations", "urn:logto:scope:organization_roles"},
			ResourceScopes: map[string][]string{indicator: {"notes:read", "notes:write"}},
			CreatedAt:      tx.Now, ExpiresAt: tx.Now.Add(14 * 24 * time.Hour)}
		if err := tx.InsertGrant(grant); err != nil {
			return err
		}
		r := guestlist.AuthRequest{ClientID: a.ID, RedirectURI: callback, Scopes: strings.Fields(scope), Nonce: "nonce-1",
			CodeChallenge: token.Challenge(verifier)}
		for _, f := range change {
			f(&r)
		}
		var err error
		code, err = token.IssueCode(tx, grant, r, guestlist.Session{SignedInAt: tx.Now,
			Clients: []guestlist.SessionApplication{{ApplicationID: a.ID, SID: "sid-1"}}})
		return err
	})
	return code
}

// answer is what came back.
type answer struct {
	Status int
	Header http.Header
	Body   string
	JSON   map[string]any
}

func (a answer) text(name string) string { s, _ := a.JSON[name].(string); return s }

func (h *house) do(r *http.Request) answer {
	h.t.Helper()
	rec := httptest.NewRecorder()
	h.handler.ServeHTTP(rec, r)
	a := answer{Status: rec.Code, Header: rec.Header(), Body: rec.Body.String()}
	if strings.HasPrefix(a.Body, "{") {
		if err := json.Unmarshal([]byte(a.Body), &a.JSON); err != nil {
			h.t.Fatalf("body %q: %v", a.Body, err)
		}
	}
	return a
}

func basic(id, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
}

// post sends a form to a path under /oidc; header holds name, value pairs.
func (h *house) post(path string, form url.Values, header ...string) answer {
	h.t.Helper()
	r := httptest.NewRequest(http.MethodPost, endpoint+"/oidc"+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return h.do(r)
}

func (h *house) get(path string, header ...string) answer {
	h.t.Helper()
	r := httptest.NewRequest(http.MethodGet, endpoint+"/oidc"+path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return h.do(r)
}

// form builds a form from name, value pairs.
func form(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v
}

func (h *house) redeem(a guestlist.Application, code string, more ...string) answer {
	h.t.Helper()
	return h.post("/token", form(append([]string{"grant_type", "authorization_code", "client_id", string(a.ID), "code", code,
		"redirect_uri", callback, "code_verifier", verifier}, more...)...))
}

func (h *house) refresh(a guestlist.Application, refreshToken string, more ...string) answer {
	h.t.Helper()
	return h.post("/token", form(append([]string{"grant_type", "refresh_token", "client_id", string(a.ID),
		"refresh_token", refreshToken}, more...)...))
}

// claimsOf reads the payload of a JWT without judging it.
func claimsOf(t testing.TB, jwt string) map[string]any {
	t.Helper()
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		t.Fatalf("no JWT: %q", jwt)
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(raw, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}
