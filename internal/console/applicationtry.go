package console

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
)

const (
	// pathTried is where a sign-in that was tried comes back to. An application
	// takes part once it lists the address among its redirect URIs: nobody is
	// signed in to it here who could not be there.
	pathTried  = Path + "/try"
	purposeTry = "console.try"
	// tryScopes is what is asked for unless somebody says otherwise.
	tryScopes = "openid profile email offline_access"
)

// trial is a sign-in that is tried, under way. It travels as run does.
type trial struct {
	run
	Application guestlist.ApplicationID `json:"i"`
	Resource    string                  `json:"o,omitempty"` // indicator of the API that the access token is for
}

func (d *Door) tryURI() string { return d.Endpoint + pathTried }

// getTry offers to try an application.
func getTry(v *visit) error {
	a, _, err := v.application()
	if err != nil {
		return err
	}
	form, err := v.tryForm(a)
	if err != nil {
		return err
	}
	return v.show(v.tryPage(a, form))
}

func (v *visit) tryPage(a application, form *ui.Form) *ui.Page {
	lead, body := v.T("applications.try.lead"), []ui.Block{form}
	switch {
	case a.Type == guestlist.ApplicationMachine:
		lead = v.T("applications.try.machine_lead")
	case !slices.Contains(a.OIDCClientMetadata.RedirectURIs, v.d.tryURI()):
		body = []ui.Block{ui.Empty{
			Icon: "door", Title: v.T("applications.try.not_yet"), Text: v.T("applications.try.not_yet_text", "uri", v.d.tryURI()),
			Actions: []ui.Action{v.redirectAction(a, v.T("applications.try.allow"), "add", v.d.tryURI(), "try")},
		}}
	default:
		body = append(body, ui.Notice{
			Title: v.T("applications.try.allowed"), Text: v.T("applications.try.allowed_text", "uri", v.d.tryURI()), Tone: ui.Info,
			Actions: []ui.Action{v.redirectAction(a, v.T("applications.try.forbid"), "remove", v.d.tryURI(), "try")},
		})
	}
	page := v.applicationPage(a, "try", body...)
	page.Header.Lead = lead
	return page
}

func (v *visit) tryForm(a application) (*ui.Form, error) {
	var resources []guestlist.Resource
	if _, err := v.api.List(v.ctx(), "/resources", nil, 1, maxChoices, &resources); err != nil {
		return nil, err
	}
	machine := a.Type == guestlist.ApplicationMachine
	api := ui.Field{Kind: ui.KindSelect, Name: "resource", Label: v.T("applications.try.resource"), Help: v.T("applications.try.resource_help")}
	if !machine {
		api.Options = []ui.Option{{Text: v.T("applications.try.no_resource")}}
	}
	for _, r := range resources {
		if machine || r.Indicator != guestlist.ManagementAPI {
			api.Options = append(api.Options, ui.Option{Value: r.Indicator, Text: r.Name + " – " + r.Indicator})
		}
	}
	scopes := ui.Field{Name: "scope", Label: v.T("applications.try.scopes"), Help: v.T("applications.try.scopes_help"), Code: true, Value: tryScopes, Max: 1024}
	form := &ui.Form{Action: applicationPath(a.ID) + "/try", Submit: v.T("applications.try.do")}
	if machine {
		scopes.Value, form.Submit = guestlist.ScopeAll, v.T("applications.try.machine_do")
		form.Sections = []ui.FormSection{{Fields: []ui.Field{api, scopes}}}
		return form, nil
	}
	form.Sections = []ui.FormSection{{Fields: []ui.Field{
		{Kind: ui.KindRadio, Name: "prompt", Label: v.T("applications.try.who"), Options: []ui.Option{
			{Text: v.T("applications.try.me"), Help: v.T("applications.try.me_help")},
			{Value: promptLogin, Text: v.T("applications.try.other"), Help: v.T("applications.try.other_help")},
		}},
		scopes, api,
	}}}
	return form, nil
}

// postTry begins a sign-in as the application does, or fetches the token of a
// machine.
func postTry(v *visit) error {
	a, _, err := v.application()
	if err != nil {
		return err
	}
	if a.Type == guestlist.ApplicationMachine {
		return v.tryMachine(a)
	}
	if !a.AllowsRedirect(v.d.tryURI()) {
		return v.doneWith(applicationPath(a.ID)+"/try", ui.Flash{Text: v.T("applications.try.not_yet"), Tone: ui.Warn})
	}
	config, _, err := v.d.relyingParty(v.ctx())
	if err != nil {
		return err
	}
	browser, ok := v.d.Cookies.Get(v.r, cookieBrowser)
	if !ok {
		browser = rand.Text()
		v.d.Cookies.Set(v.w, cookieBrowser, browser, cookieOptions())
	}
	begun := trial{run: run{
		Browser: hash(browser), Verifier: oauth2.GenerateVerifier(), Nonce: rand.Text(), Ends: v.now().Add(runTTL),
	}, Application: a.ID, Resource: v.form.Get("resource")}
	state, err := json.Marshal(begun)
	if err != nil {
		return err
	}
	options := []oauth2.AuthCodeOption{
		oauth2.S256ChallengeOption(begun.Verifier), oidc.Nonce(begun.Nonce), oauth2.SetAuthURLParam("ui_locales", v.lang),
	}
	scopes := strings.Fields(v.form.Get("scope"))
	if !slices.Contains(scopes, oidc.ScopeOpenID) {
		scopes = append([]string{oidc.ScopeOpenID}, scopes...)
	}
	for _, name := range []string{"prompt", "resource", "one_time_token", "login_hint"} {
		if value := v.form.Get(name); value != "" {
			options = append(options, oauth2.SetAuthURLParam(name, value))
		}
	}
	if v.form.Get("prompt") == "" && slices.Contains(scopes, oidc.ScopeOfflineAccess) {
		options = append(options, oauth2.SetAuthURLParam("prompt", "consent"))
	}
	as := oauth2.Config{ClientID: string(a.ID), Endpoint: config.Endpoint, RedirectURL: v.d.tryURI(), Scopes: scopes}
	return v.to(as.AuthCodeURL(v.d.Seal(purposeTry, string(state)), options...))
}

// tried returns the trial that a callback belongs to, if this browser began
// it.
func (d *Door) tried(r *http.Request, state string) (trial, bool) {
	var t trial
	browser, ok := d.Cookies.Get(r, cookieBrowser)
	text, err := d.Open(purposeTry, state)
	if !ok || err != nil || json.Unmarshal([]byte(text), &t) != nil {
		return t, false
	}
	return t, hash(browser) == t.Browser && guestlist.TimeOf(d.Now()) < t.Ends
}

// getTried shows what came of a trial. The tokens are shown taken apart; none
// is kept, and the one that lives longest is given back at once.
func getTried(v *visit) error {
	t, ok := v.d.tried(v.r, v.query.Get("state"))
	if !ok {
		return v.showAs(http.StatusBadRequest, &ui.Page{
			Name: "application-tried", Header: ui.Header{Title: v.T("applications.try.lost"), Lead: v.T("applications.try.lost_text")},
			Body: []ui.Block{buttons(ui.Action{Text: v.T("applications.title"), Href: pathApplications})},
		})
	}
	var a application
	if err := v.api.Do(v.ctx(), "GET", "/applications/"+client.Segment(t.Application), nil, &a); err != nil {
		return err
	}
	if v.query.Has("error") {
		return v.show(v.triedPage(a, v.T("applications.try.refused"), ui.Notice{
			Title: v.query.Get("error"), Text: v.query.Get("error_description"), Tone: ui.Bad,
		}))
	}
	got, err := v.ask(a, map[string]string{
		"grant_type": "authorization_code", "code": v.query.Get("code"), "redirect_uri": v.d.tryURI(), "code_verifier": t.Verifier,
		"resource": t.Resource, // asked for here too: a code without it gives a token for the userinfo endpoint (RFC 8707 §2.2)
	})
	if err != nil {
		return err
	}
	if got.Error != "" {
		return v.show(v.triedPage(a, v.T("applications.try.refused"), ui.Notice{Title: got.Error, Text: got.Description, Tone: ui.Bad}))
	}
	if err := v.verify(a, got.IDToken, t.Nonce); err != nil {
		return err
	}
	body, err := v.tokenBlocks(got)
	if err != nil {
		return err
	}
	if got.Refresh != "" {
		v.giveBack(a, got.Refresh)
	}
	return v.show(v.triedPage(a, v.T("applications.try.worked"), body...))
}

// tryMachine gets a machine a token.
func (v *visit) tryMachine(a application) error {
	got, err := v.ask(a, map[string]string{
		"grant_type": "client_credentials", "resource": v.form.Get("resource"), "scope": v.form.Get("scope"),
	})
	if err != nil {
		return err
	}
	if got.Error != "" {
		form, err := v.tryForm(a)
		if err != nil {
			return err
		}
		form.Fill(v.form)
		form.Problem = strings.TrimSpace(got.Error + ": " + got.Description)
		return v.showAs(http.StatusUnprocessableEntity, v.tryPage(a, form))
	}
	body, err := v.tokenBlocks(got)
	if err != nil {
		return err
	}
	return v.show(v.triedPage(a, v.T("applications.try.machine_worked"), body...))
}

func (v *visit) triedPage(a application, title string, body ...ui.Block) *ui.Page {
	again := ui.Action{Text: v.T("applications.try.again"), Href: applicationPath(a.ID) + "/try"}
	page := v.applicationSubpage(a, "try", "application-tried", title, body...)
	page.Header.Actions = []ui.Action{again}
	return page
}

// verify holds an ID token to what the application would hold it to.
func (v *visit) verify(a application, raw, nonce string) error {
	if _, _, err := v.d.relyingParty(v.ctx()); err != nil {
		return err
	}
	verifier := v.d.provider.Verifier(&oidc.Config{
		ClientID: string(a.ID), Now: v.d.Now, SupportedSigningAlgs: signingAlgorithms,
	})
	id, err := verifier.Verify(v.d.context(v.ctx()), raw)
	if err != nil {
		return err
	}
	if id.Nonce != nonce {
		return guestlist.Refuse(guestlist.KindInvalid, "session.invalid_credentials")
	}
	return nil
}

// giveBack ends a refresh token (RFC 7009). Where that fails it ends with the
// session.
func (v *visit) giveBack(a application, refresh string) {
	if err := v.post(context.WithoutCancel(v.ctx()), a, pathRevoke, map[string]string{"token": refresh}, nil); err != nil {
		v.d.Manners.Describe(v.r, err) // logged
	}
}
