package signin

import (
	"context"
	"errors"
	"net/url"
	"slices"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/invite"
	"guestlist/internal/store"
)

// Decision is what the guest answers on the consent page.
type Decision string

// The decisions.
const (
	Ask   Decision = ""      // nothing yet: what is to be shown?
	Allow Decision = "allow" //
	Deny  Decision = "deny"  //
)

// ConsentStep is what /consent does next.
type ConsentStep struct {
	// Redirect is where the browser goes: the resume URL when consent is given,
	// refused or not needed, a hosted page (without a slash before it) when a
	// one-time token comes first. Empty: show Page, or TokenError.
	Redirect string
	// TokenError is why the link of the request is not good, to be shown on the
	// error page of one-time tokens.
	TokenError error
	Page       *ConsentPage
}

// ConsentPage is what an application asks for.
type ConsentPage struct {
	Application guestlist.Application
	User        guestlist.User
	Scopes      []string // OIDC scopes that were not granted before, without openid and offline_access
	Resources   []ConsentResource
	RedirectURI string
}

// ConsentResource is an API with the scopes asked of it that were not granted
// before.
type ConsentResource struct {
	Resource guestlist.Resource
	Scopes   []guestlist.Scope
}

// Consent runs the consent step of an interaction for the session of a cookie.
// A one-time token of the request is looked at first, whoever is signed in: a
// link is never ignored because a session exists. First-party applications are
// granted what they ask for without a question; a third-party application gets
// a page, or what the guest decided. Errors: session.not_found without a
// session or an interaction.
func (d *Desk) Consent(ctx context.Context, uid, cookie string, decision Decision, from Caller) (ConsentStep, error) {
	var step ConsentStep
	err := d.Store.Update(ctx, func(tx *store.Tx) error {
		i, err := d.load(tx, uid)
		if err != nil {
			return err
		}
		c := consent{d: d, i: i, from: from, decision: decision}
		step, err = c.run(tx, cookie)
		return err
	})
	return step, err
}

// consent is one look at, or decision of, the consent step.
type consent struct {
	d        *Desk
	i        *Interaction
	from     Caller
	decision Decision
	session  guestlist.Session
	user     guestlist.User
}

func (c *consent) run(tx *store.Tx, cookie string) (ConsentStep, error) {
	if c.i.Done != nil {
		return ConsentStep{Redirect: c.d.resumeURL(c.i)}, nil
	}
	if err := c.enter(tx, cookie); err != nil {
		return ConsentStep{}, err
	}
	if step, stop, err := c.guard(tx); err != nil || stop {
		return step, err
	}
	return c.decide(tx)
}

// enter finds out who consents. An interaction that asks for a sign-in is not
// ended by consent, whoever is signed in: the application wants to see the
// person again (Core §3.1.2.1, prompt=login and max_age).
func (c *consent) enter(tx *store.Tx, cookie string) error {
	session, err := sessionOf(tx, cookie)
	if err != nil {
		return err
	}
	if session == nil || c.i.Prompt != PromptConsent {
		return errNoSession
	}
	c.session = *session
	if c.user, err = tx.User(session.UserID); err != nil {
		return err
	}
	if c.user.IsSuspended {
		return errSuspended
	}
	return nil
}

// application returns whom the consent is for.
func (c *consent) application(tx *store.Tx) (guestlist.Application, error) {
	app, err := tx.Application(c.i.Request.ClientID)
	if errors.Is(err, store.ErrNotFound) { // built in: ours
		return guestlist.Application{ID: c.i.Request.ClientID}, nil
	}
	return app, err
}

// guard looks at the one-time token of the request (wire: consent guard). An
// account without an address is somebody else than whom the link was sent to;
// Logto fails there.
func (c *consent) guard(tx *store.Tx) (step ConsentStep, stop bool, err error) {
	token, hint := c.i.OneTimeToken, c.i.Request.LoginHint
	if token == "" {
		return step, false, nil
	}
	if invite.IsCode(token) {
		return c.guardInvitation(tx)
	}
	t, refusal := invite.Check(tx, token, hint)
	if refusal != nil && guestlist.KindOf(refusal) == guestlist.KindInternal {
		return step, false, refusal
	}
	meant := withDefault(hint, t.Email)
	own := meant != "" && c.user.PrimaryEmail != nil && guestlist.EmailKey(*c.user.PrimaryEmail) == guestlist.EmailKey(meant)
	query := "?login_hint=" + url.QueryEscape(meant) + "&one_time_token=" + url.QueryEscape(token)
	switch {
	case meant != "" && !own && !c.i.Request.HasPrompt(PromptLogin):
		return ConsentStep{Redirect: "switch-account" + query}, true, nil
	case errors.Is(refusal, guestlist.ErrTokenConsumed) && own:
		return step, false, nil // it did its work for this very user
	case refusal != nil:
		return ConsentStep{TokenError: refusal}, true, nil //nolint:nilerr // shown on the page
	}
	return ConsentStep{Redirect: "one-time-token" + query}, true, nil
}

// guardInvitation is guard for an invitation: its page comes next, for whoever is
// signed in, unless they accepted it already; or a page that says that it is for
// somebody else.
func (c *consent) guardInvitation(tx *store.Tx) (step ConsentStep, stop bool, err error) {
	i, refusal := invite.Open(tx, c.i.OneTimeToken)
	if refusal != nil && guestlist.KindOf(refusal) == guestlist.KindInternal {
		return step, false, refusal
	}
	if i.ID != "" {
		if done, err := tx.HasSeat(i.ID, c.user.ID); err != nil || done {
			return step, false, err
		}
	}
	r := &run{i: &Interaction{}, inv: &i}
	if refusal == nil && errors.Is(i.AdmitsAs(r.arrivalOfUser(c.user)), guestlist.ErrWrongIdentity) && !c.i.Request.HasPrompt(PromptLogin) {
		return ConsentStep{Redirect: "switch-account"}, true, nil
	}
	return ConsentStep{Redirect: PageInvitation[1:]}, true, nil
}

// decide grants, refuses or asks.
func (c *consent) decide(tx *store.Tx) (ConsentStep, error) {
	app, err := c.application(tx)
	if err != nil {
		return ConsentStep{}, err
	}
	grant, isNew, err := c.grant(tx)
	if err != nil {
		return ConsentStep{}, err
	}
	page, err := c.missing(tx, app, grant)
	if err != nil {
		return ConsentStep{}, err
	}
	switch {
	case c.decision == Deny:
		return c.finish(tx, &Result{UserID: c.user.ID, Denied: true})
	case app.IsThirdParty && c.decision != Allow:
		return ConsentStep{Page: page}, nil
	}
	c.extend(&grant, page)
	if err := c.extendOrganizations(tx, app, &grant); err != nil {
		return ConsentStep{}, err
	}
	if isNew {
		err = tx.InsertGrant(grant)
	} else {
		err = tx.UpdateGrant(grant)
	}
	if err != nil {
		return ConsentStep{}, err
	}
	return c.finish(tx, &Result{UserID: c.user.ID, GrantID: grant.ID})
}

// grant returns the grant under which the session uses the application, or a
// new one.
func (c *consent) grant(tx *store.Tx) (grant guestlist.Grant, isNew bool, err error) {
	ttl, err := SessionTTL(tx)
	if err != nil {
		return grant, false, err
	}
	expires := tx.Now.Add(ttl)
	for _, client := range c.session.Clients {
		if client.ApplicationID != c.i.Request.ClientID {
			continue
		}
		grant, err = tx.Grant(client.GrantID)
		if err == nil && grant.UserID == c.user.ID && grant.ApplicationID == client.ApplicationID {
			grant.ExpiresAt = max(grant.ExpiresAt, expires)
			return grant, false, nil
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return grant, false, err
		}
	}
	return guestlist.Grant{
		ID: guestlist.GrantID(crypt.ID()), UserID: c.user.ID, ApplicationID: c.i.Request.ClientID, SessionID: c.session.ID,
		ResourceScopes: map[string][]string{}, CreatedAt: tx.Now, ExpiresAt: expires,
	}, true, nil
}

// missing lists what is asked for, may be had, and is not in the grant.
func (c *consent) missing(tx *store.Tx, app guestlist.Application, grant guestlist.Grant) (*ConsentPage, error) {
	request := c.i.Request
	page := &ConsentPage{Application: app, User: c.user, RedirectURI: request.RedirectURI}
	var allowed []string
	if app.IsThirdParty {
		var err error
		if allowed, err = tx.ApplicationUserScopes(app.ID); err != nil {
			return nil, err
		}
		allowed = append(allowed, silentScopes...)
	}
	for _, s := range request.Scopes {
		if slices.Contains(guestlist.UserScopes, s) && !slices.Contains(grant.Scopes, s) &&
			(!app.IsThirdParty || slices.Contains(allowed, s)) && !slices.Contains(silentScopes, s) {
			page.Scopes = append(page.Scopes, s)
		}
	}
	for _, indicator := range request.Resources {
		r, err := c.missingOf(tx, app, grant, indicator)
		if err != nil {
			return nil, err
		}
		if len(r.Scopes) > 0 {
			page.Resources = append(page.Resources, r)
		}
	}
	return page, nil
}

// silentScopes are granted with the rest and not shown.
var silentScopes = []string{"openid", "offline_access"}

// missingOf lists the scopes of one resource that the user has, the
// application may ask for, and the grant lacks.
func (c *consent) missingOf(tx *store.Tx, app guestlist.Application, grant guestlist.Grant, indicator string) (ConsentResource, error) {
	var r ConsentResource
	resource, err := tx.ResourceByIndicator(indicator)
	if errors.Is(err, store.ErrNotFound) {
		return r, nil
	}
	if err != nil {
		return r, err
	}
	r.Resource = resource
	has, err := tx.ScopesOfUserFor(app, c.user.ID, "", resource)
	if err != nil {
		return r, err
	}
	var allowed []guestlist.Scope
	if app.IsThirdParty {
		if allowed, err = tx.ConsentResourceScopes(app.ID, resource.ID); err != nil {
			return r, err
		}
	}
	for _, s := range has {
		may := !app.IsThirdParty || slices.ContainsFunc(allowed, func(a guestlist.Scope) bool { return a.ID == s.ID })
		if may && c.i.Request.HasScope(s.Name) && !slices.Contains(grant.ResourceScopes[indicator], s.Name) {
			r.Scopes = append(r.Scopes, s)
		}
	}
	return r, nil
}

// extend puts what was missing into the grant.
func (c *consent) extend(grant *guestlist.Grant, page *ConsentPage) {
	add := func(list []string, s string) []string {
		if slices.Contains(list, s) {
			return list
		}
		return append(list, s)
	}
	for _, s := range silentScopes {
		if c.i.Request.HasScope(s) {
			grant.Scopes = add(grant.Scopes, s)
		}
	}
	for _, s := range page.Scopes {
		grant.Scopes = add(grant.Scopes, s)
	}
	if grant.ResourceScopes == nil {
		grant.ResourceScopes = map[string][]string{}
	}
	for _, r := range page.Resources {
		for _, s := range r.Scopes {
			grant.ResourceScopes[r.Resource.Indicator] = add(grant.ResourceScopes[r.Resource.Indicator], s.Name)
		}
	}
}

// extendOrganizations puts the scopes of organizations that were asked for into
// the grant, of applications of the house: what they are worth is seen when a
// token within an organization is wanted.
func (c *consent) extendOrganizations(tx *store.Tx, app guestlist.Application, grant *guestlist.Grant) error {
	if app.IsThirdParty || !c.i.Request.HasScope(guestlist.ScopeOrganizations) {
		return nil
	}
	names, err := tx.KnownOrganizationScopes(c.i.Request.Scopes)
	for _, name := range names {
		if have := grant.ResourceScopes[guestlist.OrganizationsResource]; !slices.Contains(have, name) {
			grant.ResourceScopes[guestlist.OrganizationsResource] = append(have, name)
		}
	}
	return err
}

// finish leaves the result for Resume.
func (c *consent) finish(tx *store.Tx, result *Result) (ConsentStep, error) {
	if err := tx.LockInteraction(c.i.ID, c.i.version); err != nil {
		return ConsentStep{}, err
	}
	c.i.Done = result
	row, err := c.i.toRow()
	if err != nil {
		return ConsentStep{}, err
	}
	return ConsentStep{Redirect: c.d.resumeURL(c.i)}, tx.UpdateInteraction(row)
}
