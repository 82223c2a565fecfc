package experience

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"guestlist"
	"guestlist/internal/invite"
	"guestlist/internal/signin"
	"guestlist/internal/web"
)

// Door serves the hosted pages, and the experience API for pages that are not
// ours. Wire it by struct literal; BuiltIn and Trusted
// may be nil.
type Door struct {
	Desk    *signin.Desk
	Manners *web.Manners
	Pages   *web.Pages
	Cookies web.Cookies

	// BuiltIn are the clients that have no row, such as demo-app.
	BuiltIn map[guestlist.ApplicationID]guestlist.Application

	// Trusted are the proxies whose X-Forwarded-For counts.
	Trusted []netip.Prefix

	// Version is the program's, for the API's document.
	Version string

	// SSOMetadata describes us to the provider of an enterprise connector, as
	// SAML metadata; nil where there are none.
	SSOMetadata func(context.Context, guestlist.ConnectorID) ([]byte, error)

	// Now is the clock: nothing but countdowns and what a page says depends on it.
	Now func() time.Time
}

// The pages. Those that the state machine leads to have their names there.
const (
	pageIdentifierSignIn   = "/identifier-sign-in"
	pageIdentifierRegister = "/identifier-register"
	pageSignInPassword     = signin.PageSignIn + "/password"
	pageRegisterPassword   = signin.PageRegister + "/password"
	pageResetPassword      = "/reset-password"
	pageTokenError         = signin.PageOneTimeToken + "/error"
	pageSwitchAccount      = "/switch-account"
	pageSingleSignOn       = "/single-sign-on"
	pageSSOEmail           = pageSingleSignOn + "/email"
	pageSSOConnectors      = pageSingleSignOn + "/connectors"
	pageDirect             = "/direct/"
	pageCallback           = "/callback/"
	pageLink               = "/social/link/"
	pageSocialRegister     = "/social/register/"
	pageConsent            = "/consent"
	pageUnknownSession     = "/unknown-session"
	pageSuspended          = "/account-suspended"
	pageSetup              = "/setup"
	pageSetupDone          = "/setup/done"
	codeStep               = "/verification-code"
)

// step is a page: what it shows, and what its form does.
type step struct {
	path string
	get  func(*visit) error
	post func(*visit) error
}

// steps are the pages that need an interaction.
func steps() []step {
	return []step{
		{signin.PageSignIn, getSignIn, postSignIn},
		{pageIdentifierSignIn, getSignIn, postSignIn},
		{pageSignInPassword, getSignInPassword, postSignInPassword},
		{pageRegisterPassword, getRegisterPassword, postRegisterPassword},
		{pageResetPassword, getReset, postReset},
		{signin.PageForgotPassword, getReset, postReset},
		{signin.PageNewPassword, getNewPassword, postNewPassword},
		{signin.PageSignIn + codeStep, getCode, postCode},
		{signin.PageRegister + codeStep, getCode, postCode},
		{signin.PageForgotPassword + codeStep, getCode, postCode},
		{signin.PageContinue + "verification-code", getCode, postCode},
		{signin.PageExtraProfile, getExtraProfile, postExtraProfile},
		{signin.PageContinue + "{missing}", getContinue, postContinue},
		{signin.PageOneTimeToken, getToken, postToken},
		{pageSwitchAccount, getSwitch, nil},
		{pageSingleSignOn, getSSO, postSSO},
		{pageSSOEmail, getSSO, postSSO},
		{pageSSOConnectors, getSSOChoice, postSSOChoice},
		{pageDirect + "{way...}", getDirect, postDirect},
		{pageLink + "{connector}", getLink, postLink},
		{pageSocialRegister + "{connector}", getSocialRegister, postSocialRegister},
		{pageConsent, getConsent, postConsent},
	}
}

// pageRoute is a route whose errors are pages.
type pageRoute struct {
	pattern string // of ServeMux
	serve   web.Handler
}

// Mount adds every route of the door.
func (d *Door) Mount(mux *web.Mux) {
	for _, rt := range d.pageRoutes() {
		mux.Page(rt.pattern, rt.serve)
	}
	d.mountAPI(mux)
}

// pageRoutes are the routes for people.
func (d *Door) pageRoutes() []pageRoute {
	routes := append(append(d.callbackRoutes(), d.accountRoutes()...),
		pageRoute{"GET /{$}", d.open(getRoot)},
		pageRoute{"GET " + pageUnknownSession, d.open(getUnknownSession)},
		pageRoute{"GET " + pageSuspended, d.open(getSuspended)},
		pageRoute{"GET " + pageTokenError, d.open(getTokenError)},
		pageRoute{"GET " + invite.LinkPath + "{code}" + invite.ReminderPath, d.open(getReminders)},
		pageRoute{"POST " + invite.LinkPath + "{code}" + invite.ReminderPath, d.open(postReminders)},
		pageRoute{"GET " + signin.PageWaitlist, d.open(getWaitlist)},
		pageRoute{"POST " + signin.PageWaitlist, d.open(postWaitlist)},
		pageRoute{"GET " + pageWaitlistSent, d.open(getWaitlistSent)},
		pageRoute{"GET " + signin.PageWaitlistConfirm, d.open(getWaitlistConfirm)},
		pageRoute{"POST " + signin.PageWaitlistConfirm, d.open(postWaitlistConfirm)},
		pageRoute{"GET " + pageSetup, d.open(getSetup)},
		pageRoute{"POST " + pageSetup, d.open(postSetup)},
		pageRoute{"GET " + pageSetupDone, d.open(getSetupDone)},
		pageRoute{"GET /assets/{file}", d.Pages.Asset},
		pageRoute{"GET " + pageSSOMetadata + "{connector}", d.ssoMetadata},
	)
	routes = append(routes, d.invitationRoutes()...)
	for _, s := range append(steps(), invitationSteps()...) {
		routes = append(routes, pageRoute{"GET " + s.path, d.needsInteraction(s.get)})
		if s.post != nil {
			routes = append(routes, pageRoute{"POST " + s.path, d.needsInteraction(s.post)})
		}
	}
	for _, path := range []string{signin.PageRegister, pageIdentifierRegister} {
		routes = append(routes,
			pageRoute{"GET " + path, d.unlessClosed(getRegister)}, pageRoute{"POST " + path, d.needsInteraction(postRegister)})
	}
	return routes
}

// open adapts the handler of a page that anybody may open.
func (d *Door) open(h func(*visit) error) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		v, err := d.visit(w, r)
		if err != nil {
			return err
		}
		return h(v)
	}
}

// needsInteraction is open for pages within an interaction. A browser without
// one is sent away (wire §6.2), but for the preview of a page, which shows it
// and can do nothing.
func (d *Door) needsInteraction(h func(*visit) error) web.Handler {
	return d.open(func(v *visit) error {
		if v.run == nil && !v.still {
			return v.unknownSession()
		}
		return h(v)
	})
}

// unlessClosed shows the first page of a registration. With the door closed it
// leads away, whoever asks and before anything else is looked at.
func (d *Door) unlessClosed(get func(*visit) error) web.Handler {
	within := d.needsInteraction(get)
	return func(w http.ResponseWriter, r *http.Request) error {
		v, err := d.visit(w, r)
		if err != nil {
			return err
		}
		if v.exp.SignInMode == guestlist.ModeSignIn && v.run == nil && !v.still {
			return v.leaveRegistration()
		}
		return within(w, r)
	}
}

// unknownSession sends the browser to where the operator wants it when there
// is nothing to go on with.
func (v *visit) unknownSession() error {
	to := pageUnknownSession
	if u := v.exp.UnknownSessionRedirectURL; u != nil && *u != "" {
		to = *u
	}
	return v.redirect(http.StatusFound, to)
}

// kept are the parameters that go from page to page: they choose the
// interaction and the language. Tokens and hints do not travel on.
func kept() []string { return []string{"app_id", "organization_id", "ui_locales", "identifier"} }

// link returns the address of a page with the parameters that are kept.
func (v *visit) link(path string) string {
	q := v.keptParams()
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// keptParams are the parameters that are kept, as this request has them.
func (v *visit) keptParams() url.Values {
	q := url.Values{}
	names := kept()
	if v.still {
		names = append(names, paramPreview, paramTheme)
	}
	for _, name := range names {
		if value := v.query.Get(name); value != "" {
			q.Set(name, value)
		}
	}
	return q
}

// to redirects to a page of ours.
func (v *visit) to(status int, path string) error {
	return v.redirect(status, v.link(path))
}

// next answers an accepted form.
func (v *visit) next(path string) error { return v.to(http.StatusSeeOther, path) }

// withQuery redirects to a page of ours with the whole query: token and hint
// included (a closed door must not cost the guest their link).
func (v *visit) withQuery(path string) error {
	if v.r.URL.RawQuery != "" {
		path += "?" + v.r.URL.RawQuery
	}
	return v.redirect(http.StatusSeeOther, path)
}
