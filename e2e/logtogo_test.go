package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	logto "github.com/logto-io/go/v2/client"
	"github.com/logto-io/go/v2/core"

	"guestlist"
)

// logtoApp is an application made with Logto's Go SDK, as its guide shows it:
// a landing page, a callback and a way out. One guest uses it.
type logtoApp struct {
	url     string
	config  logto.LogtoConfig
	storage *memory
}

// memory is the SDK's storage.
type memory struct{ items sync.Map }

func (m *memory) GetItem(key string) string {
	v, _ := m.items.Load(key)
	s, _ := v.(string)
	return s
}

func (m *memory) SetItem(key, value string) { m.items.Store(key, value) }

// serveLogtoApp starts the application and registers it with a type.
func serveLogtoApp(t *testing.T, s *site, kind string) *logtoApp {
	t.Helper()
	app := &logtoApp{storage: &memory{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", app.home)
	mux.HandleFunc("GET /sign-in", app.signIn)
	mux.HandleFunc("GET /callback", app.callback)
	mux.HandleFunc("GET /sign-out", app.signOut)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	app.url = server.URL
	c := s.createApp(t, "Shop", "--type", kind, "--redirect-uri", app.url+"/callback", "--post-logout-redirect-uri", app.url+"/")
	app.config = logto.LogtoConfig{
		Endpoint: s.url, AppId: c.ID, AppSecret: c.Secret,
		Scopes: []string{core.UserScopeEmail}, Resources: []string{orders},
	}
	return app
}

func (a *logtoApp) sdk() *logto.LogtoClient {
	config := a.config
	return logto.NewLogtoClient(&config, a.storage)
}

func (a *logtoApp) home(w http.ResponseWriter, _ *http.Request) {
	claims, err := a.sdk().GetIdTokenClaims()
	if err != nil {
		fmt.Fprintln(w, "Nobody is here.")
		return
	}
	fmt.Fprintf(w, "Hello %s.", claims.Email)
}

// signIn is also the landing page of links: a token and an address in the query
// go along.
func (a *logtoApp) signIn(w http.ResponseWriter, r *http.Request) {
	options := &logto.SignInOptions{RedirectUri: a.url + "/callback"}
	if token := r.URL.Query().Get("token"); token != "" {
		options.ExtraParams = map[string]string{"one_time_token": token, "login_hint": r.URL.Query().Get("email")}
	}
	leave(w, r, func() (string, error) { return a.sdk().SignIn(options) })
}

func (a *logtoApp) callback(w http.ResponseWriter, r *http.Request) {
	leave(w, r, func() (string, error) { return a.url + "/", a.sdk().HandleSignInCallback(r) })
}

func (a *logtoApp) signOut(w http.ResponseWriter, r *http.Request) {
	leave(w, r, func() (string, error) { return a.sdk().SignOut(a.url + "/") })
}

// leave sends the guest to where the SDK says.
func leave(w http.ResponseWriter, r *http.Request, where func() (string, error)) {
	target, err := where()
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	http.Redirect(w, r, target, http.StatusFound)
}

// TestLogtoGo drives an application made with Logto's Go SDK, with a secret
// and without.
func TestLogtoGo(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		user := s.furnish()
		for _, kind := range []string{"traditional", "native"} {
			t.Run(kind, func(t *testing.T) {
				app := serveLogtoApp(t, s, kind)
				g := newGuest()
				g.must(t, g.visit(app.url+"/sign-in"))
				g.isAt(t, s.url+"/sign-in")
				g.signIn(t, ada, password)
				g.isAt(t, app.url+"/")
				if !strings.Contains(g.raw, "Hello "+ada) {
					t.Fatal(g.lost("nobody greets Ada"))
				}
				checkLogtoTokens(t, s, app, user, kind == "native")
				checkLogtoSignOut(t, s, app, g, kind == "native")
			})
		}
		t.Run("invited", func(t *testing.T) { checkLogtoInvitation(t, s) })
	})
}

func checkLogtoTokens(t *testing.T, s *site, app *logtoApp, user guestlist.User, rotates bool) {
	t.Helper()
	sdk := app.sdk()
	claims, err := sdk.GetIdTokenClaims()
	if err != nil {
		t.Fatal(err)
	}
	if claims.Sub != string(user.ID) || claims.Aud != app.config.AppId || claims.Iss != s.url+"/oidc" || claims.Email != ada ||
		!claims.EmailVerified || claims.Name != "Ada Lovelace" {
		t.Errorf("claims %+v", claims)
	}
	before := sdk.GetRefreshToken()
	token, err := sdk.GetAccessToken(orders)
	if err != nil {
		t.Fatal(err)
	}
	if after := sdk.GetRefreshToken(); after == "" || (after != before) != rotates {
		t.Errorf("rotated: %v, want %v", after != before, rotates)
	}
	provider, err := oidc.NewProvider(t.Context(), s.url+"/oidc")
	if err != nil {
		t.Fatal(err)
	}
	access, err := provider.Verifier(&oidc.Config{ClientID: orders}).Verify(t.Context(), token.Token)
	if err != nil || access.Subject != string(user.ID) {
		t.Errorf("token for the API: %+v, %v", access, err)
	}
	info, err := sdk.FetchUserInfo()
	if err != nil || info.Sub != string(user.ID) || info.Email != ada || !info.EmailVerified || info.Name != "Ada Lovelace" {
		t.Errorf("userinfo %+v, %v", info, err)
	}
}

func checkLogtoSignOut(t *testing.T, s *site, app *logtoApp, g *guest, public bool) {
	t.Helper()
	refresh := app.sdk().GetRefreshToken()
	g.must(t, g.visit(app.url+"/sign-out"), g.press("Sign out")) // a browser with scripts presses by itself
	g.isAt(t, app.url+"/")
	if !strings.Contains(g.raw, "Nobody is here") {
		t.Error(g.lost("still greeted"))
	}
	g.must(t, g.visit(app.url+"/sign-in"))
	g.isAt(t, s.url+"/sign-in")
	if !public {
		return // the SDK revokes without its secret, which is refused
	}
	_, err := core.FetchTokenByRefreshToken(machine, &core.FetchTokenByRefreshTokenOptions{
		TokenEndpoint: s.url + "/oidc/token", ClientId: app.config.AppId, RefreshToken: refresh,
	})
	if err == nil {
		t.Error("a refresh token survived the sign-out")
	}
}

// checkLogtoInvitation lets a guest in by a link although registration is
// closed.
func checkLogtoInvitation(t *testing.T, s *site) {
	app := serveLogtoApp(t, s, "traditional")
	link := url.Values{"token": {s.invite(grace).Token}, "email": {grace}}
	g := newGuest()
	g.must(t, g.visit(app.url+"/sign-in?"+link.Encode()))
	g.isAt(t, s.url+"/one-time-token")
	g.must(t, g.press("Continue"))
	g.isAt(t, s.url+"/continue/password")
	g.must(t, g.fill("newPassword", newPassword), g.fill("confirmPassword", newPassword), g.press("Save"))
	g.isAt(t, app.url+"/")
	info, err := app.sdk().FetchUserInfo()
	if err != nil || info.Email != grace || !info.EmailVerified {
		t.Errorf("userinfo %+v, %v", info, err)
	}
}
