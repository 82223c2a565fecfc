// Package demo is the demo application at /demo-app: the smallest thing that
// a product behind Guestlist can be. It signs people in through the same
// authorization endpoint as any application, as the built-in public client
// "demo-app", and shows who they are.
//
// It promises to work without scripts, to pass every query parameter on to the
// authorization request, as Logto's demo application does, and to verify the
// ID token each time it shows it.
//
// It refuses to know anything of the server but what its discovery document
// says: it is a relying party like others, made of the usual libraries.
package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"guestlist"
	"guestlist/internal/web"
)

// Path is where the application is mounted; its redirect URI as well.
const Path = "/demo-app"

// The cookies of the application. One remembers a sign-in that is under way,
// the other the ID token of who is signed in; neither can be read by scripts.
const (
	cookieRun  = "demo_run"
	cookieUser = "demo_user"
	runTTL     = 15 * time.Minute
)

// maxCookie is the longest cookie value that browsers keep, in bytes.
const maxCookie = 3800

// App is the application. Wire it by struct literal.
type App struct {
	Endpoint string       // of the server, without a trailing slash
	HTTP     *http.Client // reaches the server, in process or not
	Pages    *web.Pages
	Now      func() time.Time

	mu       sync.Mutex
	provider *oidc.Provider
}

// Client is the application's registration: a public client with one redirect
// URI (RFC 6749 §2.1).
func Client(endpoint string) guestlist.Application {
	return guestlist.Application{
		TenantID: guestlist.TenantID, ID: guestlist.DemoApplication, Name: "Demo application", Type: guestlist.ApplicationSPA,
		OIDCClientMetadata: guestlist.OIDCClientMetadata{
			RedirectURIs: []string{endpoint + Path}, PostLogoutRedirectURIs: []string{endpoint + Path},
		},
		CustomClientMetadata: guestlist.CustomClientMetadata{InitiateLoginURI: endpoint + Path},
		CustomData:           guestlist.JSONObject("{}"),
	}
}

// Mount adds the routes.
func (a *App) Mount(mux *web.Mux) {
	mux.Page("GET "+Path, a.home)
	mux.Page("POST "+Path+"/sign-out", a.signOut)
}

// run is a sign-in under way.
type run struct {
	State    string `json:"state"`
	Verifier string `json:"verifier"`
	Nonce    string `json:"nonce"`
}

func (a *App) home(w http.ResponseWriter, r *http.Request) error {
	web.NoStore(w)
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	switch {
	case q.Has("error"):
		if started, ok := startedRun(r); !ok || q.Get("state") != started.State {
			q = url.Values{"error": {notBegunHere}} // anybody could have written the rest
		}
		return a.show(w, r, a.errorPage(q))
	case q.Has("code"):
		return a.callback(w, r, q)
	}
	if claims, ok := a.signedIn(r); ok && !q.Has("one_time_token") {
		return a.show(w, r, a.userPage(claims))
	}
	return a.begin(w, r, q)
}

// notBegunHere is shown in place of an error that belongs to no sign-in of this
// browser: the address of this page must not put a stranger's words on it.
const notBegunHere = "No such sign-in was begun in this browser."

// begin sends the browser to the authorization endpoint, with PKCE (RFC 7636)
// and whatever the caller added.
func (a *App) begin(w http.ResponseWriter, r *http.Request, q url.Values) error {
	client, _, err := a.relyingParty(r.Context())
	if err != nil {
		return err
	}
	started := run{State: oauth2.GenerateVerifier(), Verifier: oauth2.GenerateVerifier(), Nonce: oauth2.GenerateVerifier()}
	text, err := json.Marshal(started)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	a.setCookie(w, cookieRun, url.QueryEscape(string(text)), runTTL)
	options := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(started.Verifier), oidc.Nonce(started.Nonce)}
	for name, values := range q {
		if !reserved[name] && len(values) == 1 {
			options = append(options, oauth2.SetAuthURLParam(name, values[0]))
		}
	}
	http.Redirect(w, r, client.AuthCodeURL(started.State, options...), http.StatusSeeOther)
	return nil
}

// reserved lists the parameters that are the application's own.
var reserved = map[string]bool{
	"client_id": true, "redirect_uri": true, "response_type": true, "response_mode": true, "state": true, "nonce": true,
	"code_challenge": true, "code_challenge_method": true, "iss": true, "session_state": true,
}

// startedRun returns the sign-in that the browser remembers, if it does.
func startedRun(r *http.Request) (run, bool) {
	var started run
	cookie, err := r.Cookie(cookieRun)
	if err != nil {
		return started, false
	}
	text, err := url.QueryUnescape(cookie.Value)
	if err != nil || json.Unmarshal([]byte(text), &started) != nil {
		return started, false
	}
	return started, started.State != ""
}

// callback redeems the code and remembers the ID token.
func (a *App) callback(w http.ResponseWriter, r *http.Request, q url.Values) error {
	started, ok := startedRun(r)
	if !ok || q.Get("state") != started.State {
		http.Redirect(w, r, Path, http.StatusSeeOther)
		return nil
	}
	a.setCookie(w, cookieRun, "", -1)
	client, verifier, err := a.relyingParty(r.Context())
	if err != nil {
		return err
	}
	tokens, err := client.Exchange(a.context(r.Context()), q.Get("code"), oauth2.VerifierOption(started.Verifier))
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) {
		return a.show(w, r, a.errorPage(url.Values{"error": {refused.ErrorCode}, "error_description": {refused.ErrorDescription}}))
	}
	if err != nil {
		return fmt.Errorf("demo: exchange: %w", err)
	}
	raw, _ := tokens.Extra("id_token").(string)
	id, err := verifier.Verify(a.context(r.Context()), raw)
	if err != nil {
		return fmt.Errorf("demo: id token: %w", err)
	}
	if id.Nonce != started.Nonce {
		return guestlist.Refuse(guestlist.KindInvalid, "session.invalid_credentials")
	}
	if len(raw) > maxCookie {
		return guestlist.Refuse(guestlist.KindTooLarge, "request.body_too_large")
	}
	a.setCookie(w, cookieUser, raw, time.Until(id.Expiry))
	http.Redirect(w, r, Path, http.StatusSeeOther)
	return nil
}

// signOut forgets the user here and then at the provider (RP-Initiated
// Logout §2).
func (a *App) signOut(w http.ResponseWriter, r *http.Request) error {
	a.setCookie(w, cookieUser, "", -1)
	q := url.Values{"client_id": {string(guestlist.DemoApplication)}, "post_logout_redirect_uri": {a.Endpoint + Path}}
	http.Redirect(w, r, a.Endpoint+"/oidc/session/end?"+q.Encode(), http.StatusSeeOther)
	return nil
}

// claims are what the page shows of a user.
type claims struct {
	Subject  string  `json:"sub"`
	Name     *string `json:"name"`
	Username *string `json:"username"`
	Email    *string `json:"email"`
}

// signedIn verifies the remembered ID token.
func (a *App) signedIn(r *http.Request) (claims, bool) {
	var c claims
	cookie, err := r.Cookie(cookieUser)
	if err != nil || cookie.Value == "" {
		return c, false
	}
	_, verifier, err := a.relyingParty(r.Context())
	if err != nil {
		return c, false
	}
	id, err := verifier.Verify(a.context(r.Context()), cookie.Value)
	if err != nil || id.Claims(&c) != nil {
		return c, false
	}
	return c, true
}

// relyingParty discovers the provider once.
func (a *App) relyingParty(ctx context.Context) (*oauth2.Config, *oidc.IDTokenVerifier, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.provider == nil {
		// The provider keeps the context for later key fetches, so it must
		// outlive this request.
		provider, err := oidc.NewProvider(a.context(context.WithoutCancel(ctx)), a.Endpoint+"/oidc")
		if err != nil {
			return nil, nil, fmt.Errorf("demo: discovery: %w", err)
		}
		a.provider = provider
	}
	client := &oauth2.Config{
		ClientID: string(guestlist.DemoApplication), Endpoint: a.provider.Endpoint(), RedirectURL: a.Endpoint + Path,
		Scopes: []string{oidc.ScopeOpenID, "profile", "email"},
	}
	client.Endpoint.AuthStyle = oauth2.AuthStyleInParams
	verifier := a.provider.Verifier(&oidc.Config{
		ClientID: client.ClientID, Now: a.Now, SupportedSigningAlgs: []string{"ES384", "ES256", "RS256", "EdDSA"},
	})
	return client, verifier, nil
}

func (a *App) context(ctx context.Context) context.Context { return oidc.ClientContext(ctx, a.HTTP) }

func (a *App) setCookie(w http.ResponseWriter, name, value string, ttl time.Duration) {
	age := int(ttl / time.Second)
	if ttl < 0 {
		age = -1
	}
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // not Secure over plain HTTP: that is localhost, where not every browser keeps Secure cookies
		Name: name, Value: value, Path: Path, MaxAge: age, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: strings.HasPrefix(a.Endpoint, "https:"),
	})
}
