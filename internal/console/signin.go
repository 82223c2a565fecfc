package console

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"guestlist"
	"guestlist/internal/console/ui"
	"guestlist/internal/web"
)

// The places of signing in and out.
const (
	pathSignIn    = Path + "/sign-in"
	pathCallback  = Path + "/callback"
	pathSignOut   = Path + "/sign-out"
	pathSignedOut = Path + "/signed-out"
	pathSignedIn  = Path + "/signed-in"
)

const (
	// cookieBrowser binds a sign-in to the browser that began it, so that nobody
	// can be signed in as somebody else by a link (RFC 6749 §10.12).
	cookieBrowser = "console_browser"
	purposeRun    = "console.run"
	runTTL        = 30 * time.Minute
	maxReturn     = 2048 // bytes of a way back
	promptLogin   = "login"
)

// run is a sign-in under way. It travels sealed as the state (RFC 6749
// §4.1.1), so that several tabs may sign in at once.
type run struct {
	Browser  string         `json:"b"` // hash of the browser's cookie
	Verifier string         `json:"v"` // of PKCE (RFC 7636)
	Nonce    string         `json:"n"`
	Return   string         `json:"r"`
	Ends     guestlist.Time `json:"e"`
}

func cookieOptions() web.CookieOptions { return web.CookieOptions{} }

// begin sends the browser to the authorization endpoint.
func (d *Door) begin(w http.ResponseWriter, r *http.Request, to string, options ...oauth2.AuthCodeOption) error {
	client, _, err := d.relyingParty(r.Context())
	if err != nil {
		return err
	}
	browser, ok := d.Cookies.Get(r, cookieBrowser)
	if !ok {
		browser = rand.Text()
		d.Cookies.Set(w, cookieBrowser, browser, cookieOptions())
	}
	started := run{
		Browser: hash(browser), Verifier: oauth2.GenerateVerifier(), Nonce: rand.Text(), Return: safeReturn(to),
		Ends: guestlist.TimeOf(d.Now()).Add(runTTL),
	}
	text, err := json.Marshal(started)
	if err != nil {
		return err
	}
	options = append(options, oauth2.S256ChallengeOption(started.Verifier), oidc.Nonce(started.Nonce),
		oauth2.SetAuthURLParam("resource", guestlist.ManagementAPI))
	leadTo(w, client.AuthCodeURL(d.Seal(purposeRun, string(text)), options...))
	return nil
}

// leadTo sends the browser on (RFC 9110 §15.4.4).
func leadTo(w http.ResponseWriter, location string) {
	web.NoStore(w)
	w.Header().Set("Location", location)
	w.WriteHeader(http.StatusSeeOther)
}

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// safeReturn keeps a way back within the console.
func safeReturn(to string) string {
	u, err := url.Parse(to)
	if err != nil || len(to) > maxReturn || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" {
		return Path
	}
	clean := path.Clean(u.Path)
	if clean != Path && !strings.HasPrefix(clean, Path+"/") || strings.ContainsAny(to, "\\\r\n\t\x00") {
		return Path
	}
	switch clean {
	case pathSignIn, pathCallback, pathSignOut, pathSignedOut:
		return Path
	}
	back := url.URL{Path: clean, RawQuery: u.Query().Encode()}
	return back.String()
}

// getSignIn begins a sign-in that somebody asked for.
func getSignIn(v *visit) error {
	if vacant, err := v.vacant(v.ctx()); err != nil || vacant {
		return err
	}
	var options []oauth2.AuthCodeOption
	if v.query.Get("prompt") == promptLogin {
		options = append(options, oauth2.SetAuthURLParam("prompt", promptLogin))
	}
	return v.d.begin(v.w, v.r, v.query.Get("return"), options...)
}

// started returns the sign-in that a callback belongs to, if this browser
// began it.
func (d *Door) started(r *http.Request, state string) (run, bool) {
	var started run
	browser, ok := d.Cookies.Get(r, cookieBrowser)
	text, err := d.Open(purposeRun, state)
	if !ok || err != nil || json.Unmarshal([]byte(text), &started) != nil {
		return started, false
	}
	same := subtle.ConstantTimeCompare([]byte(hash(browser)), []byte(started.Browser)) == 1
	return started, same && guestlist.TimeOf(d.Now()) < started.Ends
}

// getCallback redeems the code.
func getCallback(v *visit) error {
	started, ok := v.d.started(v.r, v.query.Get("state"))
	if !ok || !v.query.Has("code") {
		return v.notBegun()
	}
	s, admin, err := v.d.exchange(v.r.Context(), started, v.query.Get("code"))
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) {
		return v.notBegun()
	}
	if err != nil {
		return err
	}
	if !admin {
		v.d.forget(v.w)
		return v.denied(s)
	}
	if err := v.d.keep(v.w, s); err != nil {
		return err
	}
	return v.to(started.Return)
}

// exchange redeems a code for a session, and says whether its holder may use
// anything of the management API.
func (d *Door) exchange(ctx context.Context, started run, code string) (session, bool, error) {
	var s session
	client, verifier, err := d.relyingParty(ctx)
	if err != nil {
		return s, false, err
	}
	tokens, err := d.redeem(ctx, client, map[string]string{
		"grant_type": "authorization_code", "code": code, "redirect_uri": client.RedirectURL, "code_verifier": started.Verifier,
	})
	if err != nil {
		return s, false, err
	}
	raw, _ := tokens.Extra("id_token").(string)
	id, err := verifier.Verify(d.context(ctx), raw)
	if err != nil {
		return s, false, fmt.Errorf("console: id token: %w", err)
	}
	if id.Nonce != started.Nonce {
		return s, false, guestlist.Refuse(guestlist.KindInvalid, "session.invalid_credentials")
	}
	s.take(tokens, guestlist.TimeOf(d.Now()))
	return s, len(s.Scopes) > 0, s.introduce(id)
}

// redeem asks the token endpoint for a token of the management API.
func (d *Door) redeem(ctx context.Context, client *oauth2.Config, params map[string]string) (*oauth2.Token, error) {
	form := url.Values{"client_id": {client.ClientID}, "resource": {guestlist.ManagementAPI}}
	for name, value := range params {
		form.Set(name, value)
	}
	res, err := d.send(ctx, client.Endpoint.TokenURL, form)
	if err != nil {
		return nil, fmt.Errorf("console: token endpoint: %w", err)
	}
	defer res.Body.Close()
	return readTokens(res)
}

// send posts a form to an endpoint of this server's.
func (d *Door) send(ctx context.Context, endpoint string, form url.Values) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(form.Encode())) //nolint:gosec // the address is our own discovery document's
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return d.HTTP.Do(req) //nolint:gosec // answered in process
}

// pathRevoke is where a refresh token ends (RFC 7009 §2).
const pathRevoke = "/oidc/token/revocation"

// postSignOut forgets the session here, revokes what it held, and then ends it
// at the provider (RP-Initiated Logout §2).
func postSignOut(v *visit) error {
	if s, ok := v.d.kept(v.r); ok && s.Refresh != "" {
		v.d.revoke(v.r, s.Refresh)
	}
	v.d.forget(v.w)
	q := url.Values{
		"client_id": {string(guestlist.ConsoleApplication)}, "post_logout_redirect_uri": {v.d.Endpoint + pathSignedOut},
		"ui_locales": {v.lang},
	}
	return v.to("/oidc/session/end?" + q.Encode())
}

// revoke ends a refresh token. Where that fails the end of the provider's
// session does the same.
func (d *Door) revoke(r *http.Request, token string) {
	form := url.Values{"client_id": {string(guestlist.ConsoleApplication)}, "token": {token}}
	res, err := d.send(r.Context(), d.Endpoint+pathRevoke, form)
	if err == nil {
		err = res.Body.Close()
	}
	if err != nil {
		d.Manners.Describe(r, fmt.Errorf("console: revoke: %w", err))
	}
}

func getSignedOut(v *visit) error {
	return v.show(&ui.Page{
		Name: "signed-out", Bare: true,
		Header: ui.Header{Title: v.T("shell.out.title"), Lead: v.T("shell.out.text")},
		Body:   []ui.Block{ui.Paragraph{Links: []ui.Link{{Text: v.T("shell.out.in"), Href: Path}}}},
	})
}

// notBegun answers a callback that belongs to no sign-in of this browser.
func (v *visit) notBegun() error {
	return v.showAs(http.StatusBadRequest, &ui.Page{
		Name: "sign-in-failed", Bare: true,
		Header: ui.Header{Title: v.T("shell.error.begin"), Lead: v.T("shell.error.begin_text")},
		Body:   []ui.Block{buttons(ui.Action{Text: v.T("shell.error.sign_in"), Href: pathSignIn, Primary: true})},
	})
}

// denied answers whoever may not use the management API.
func (v *visit) denied(s session) error {
	body := []ui.Block{}
	if s.Name != "" {
		body = append(body, ui.Facts{Rows: []ui.Fact{{Term: v.T("shell.denied.who"), Cell: ui.Cell{Text: s.Name, Sub: s.Detail}}}})
	}
	body = append(body, buttons(ui.Action{Text: v.T("shell.denied.other"), Href: pathSignIn + "?prompt=" + promptLogin, Primary: true}))
	p := &ui.Page{
		Name: "denied", Bare: true,
		Header: ui.Header{Title: v.T("shell.denied.title"), Lead: v.T("shell.denied.text")}, Body: body,
	}
	// Who may use a part of the console is led back to that.
	if len(v.who.Scopes) > 0 && !v.owns() {
		p.Bare, p.Header.Title, p.Header.Lead = false, v.T("shell.denied.part"), v.T("shell.denied.part_text")
	}
	return v.showAs(http.StatusForbidden, p)
}

// buttons are actions in the body of a page.
func buttons(actions ...ui.Action) ui.Block { return ui.Section{Plain: true, Actions: actions} }

// signingAlgorithms are those that the server may sign with.
var signingAlgorithms = []string{"ES384", "ES256", "RS256", "EdDSA"}

// relyingParty discovers the provider once.
func (d *Door) relyingParty(ctx context.Context) (*oauth2.Config, *oidc.IDTokenVerifier, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.provider == nil {
		// The provider keeps the context for later key fetches, so it must
		// outlive this request.
		provider, err := oidc.NewProvider(d.context(context.WithoutCancel(ctx)), d.Endpoint+"/oidc")
		if err != nil {
			return nil, nil, fmt.Errorf("console: discovery: %w", err)
		}
		d.provider = provider
	}
	client := &oauth2.Config{
		ClientID: string(guestlist.ConsoleApplication), Endpoint: d.provider.Endpoint(), RedirectURL: d.Endpoint + pathCallback,
		// Who has not all of them gets those that they have.
		Scopes: append([]string{oidc.ScopeOpenID, "profile", "email"}, guestlist.ManagementScopes()...),
	}
	verifier := d.provider.Verifier(&oidc.Config{
		ClientID: client.ClientID, Now: d.Now, SupportedSigningAlgs: signingAlgorithms,
	})
	return client, verifier, nil
}

func (d *Door) context(ctx context.Context) context.Context { return oidc.ClientContext(ctx, d.HTTP) }
