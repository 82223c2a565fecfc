package experience

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"guestlist"
	"guestlist/internal/invite"
	"guestlist/internal/signin"
	"guestlist/internal/web"
)

// openLink is the link of an invitation. It only looks: whoever opens links for
// others, and however often, changes nothing that counts. A browser takes the
// code along in a cookie and leaves this address at once.
func (d *Door) openLink(w http.ResponseWriter, r *http.Request) error {
	v := &visit{d: d, w: w, r: r}
	if err := v.read(func() error { return nil }); err != nil {
		return err
	}
	v.hide()
	code := r.PathValue("code")
	i, here, err := d.Desk.OpenInvitation(r.Context(), code, v.sessionCookie())
	switch {
	case here: // the link once more, by who is in
		return v.leadOn(i, "")
	case err != nil:
		return v.notServing(code, err)
	case r.Method == http.MethodHead:
		w.WriteHeader(http.StatusOK)
		return nil
	}
	web.After(r.Context(), func(ctx context.Context) {
		if err := d.Desk.MarkOpened(ctx, i); err != nil {
			d.Manners.Log.WarnContext(ctx, "a visit of an invitation was not counted", "error", err)
		}
	})
	return v.leadOn(i, code)
}

// hide keeps an address that holds a secret out of caches, of the Referer and
// of search engines.
func (v *visit) hide() {
	web.NoStore(v.w)
	v.w.Header().Set("Referrer-Policy", "no-referrer")
	v.w.Header().Set("X-Robots-Tag", "noindex")
}

// leadOn leads a guest to where an invitation leads: the landing page of its
// application, as long as that stands by the address, that application's entry
// for a sign-in that somebody else begins (OpenID Connect Core §4), or a sign-in
// of ours. Without a code the guest has accepted it before.
func (v *visit) leadOn(i guestlist.Invitation, code string) error {
	app, err := v.application(i.ApplicationID)
	if err != nil {
		return err
	}
	if i.Landing == guestlist.LandingApplication && app.AllowsLanding(i.LandingURL) {
		if code == "" {
			return v.redirect(http.StatusSeeOther, i.LandingURL)
		}
		return v.redirect(http.StatusSeeOther, invite.Link(v.d.Desk.Endpoint, i, guestlist.InvitationSecret(code)))
	}
	if code != "" {
		v.d.Cookies.Set(v.w, cookieInvitation, code, web.CookieOptions{MaxAge: invitationLife})
	}
	if to := v.initiate(app, i); to != "" {
		return v.redirect(http.StatusSeeOther, to)
	}
	v.query = url.Values{}
	return v.beginSignIn(pageInvitationDone, false)
}

// initiate is the address at an application with which it begins a sign-in, ""
// if it has none.
func (v *visit) initiate(app guestlist.Application, i guestlist.Invitation) string {
	entry := app.CustomClientMetadata.InitiateLoginURI
	if entry == "" {
		return ""
	}
	q := url.Values{"iss": {v.d.Desk.Endpoint + "/oidc"}}
	if i.RecipientEmail != "" && !i.Copied { // who else has the link may not learn whose it is
		q.Set("login_hint", i.RecipientEmail)
	}
	if app.AllowsLanding(i.LandingURL) {
		q.Set("target_link_uri", i.LandingURL)
	}
	return withQuery(entry, q)
}

// withQuery adds parameters to an address of an application's, which may have a
// query and a fragment of its own.
func withQuery(address string, q url.Values) string {
	u, err := url.Parse(address)
	if err != nil || len(q) == 0 {
		return address
	}
	all := u.Query()
	for name, values := range q {
		all[name] = values
	}
	u.RawQuery = all.Encode()
	return u.String()
}

// notServing answers for a link that lets nobody in. Who has the link of an
// invitation whose time is up may ask for another one; nobody is told more.
func (v *visit) notServing(code string, err error) error {
	switch {
	case guestlist.CodeOf(err) == "session.not_found":
		return v.unknownSession()
	case guestlist.KindOf(err) == guestlist.KindInternal:
		return err
	case guestlist.CodeOf(err) == guestlist.CodeOf(guestlist.ErrInvitationExpired):
		v.d.Cookies.Set(v.w, cookieInvitation, code, web.CookieOptions{MaxAge: invitationLife})
		return v.next(pageInvitationExpired)
	case strings.HasPrefix(v.r.URL.Path, pathInvitation):
		return v.invalid(http.StatusNotFound)
	}
	return v.next(pageInvitationInvalid)
}

// invalid is the same page whatever is wrong with a link.
func (v *visit) invalid(status int) error {
	p := &web.Page{
		Name: "invitation-invalid", Badge: web.BadgeShut, Title: v.t("invitation.invalid_title"), Lead: web.Plain(v.t("invitation.invalid_lead")),
		Note: web.Plain(v.t("invitation.invalid_note")),
	}
	switch {
	case v.run != nil && v.run.Prompt == signin.PromptConsent && v.run.OneTimeToken != "":
		p.Actions = []web.Action{{Text: v.t("invitation.skip"), Href: v.link(signin.PageInvitation), Post: true, Value: valueSkip}}
	case v.exp.SignInMode != guestlist.ModeRegister:
		p.Actions = []web.Action{{Before: v.t("action.have_account"), Text: v.t("action.sign_in"), Href: PathAccount}}
	}
	return v.showAs(status, p)
}

func getExpired(v *visit) error {
	v.hide()
	p := &web.Page{
		Name: "invitation-expired", Badge: web.BadgeShut, Title: v.t("invitation.expired_title"), Lead: web.Plain(v.t("invitation.expired_lead")),
		Actions: []web.Action{{Text: v.t("invitation.fresh"), Href: v.link(pageInvitationExpired), Post: true, Button: true}},
	}
	if v.query.Has(paramSent) {
		p.Badge, p.Title, p.Lead = web.BadgeMail, v.t("code.email_title"), web.Plain(v.t("invitation.fresh_lead"))
		p.Actions, p.Note = nil, web.Plain(v.t("code.missing"))
	}
	return v.show(p)
}

// paramSent says that a fresh link was asked for.
const paramSent = "sent"

// postExpired asks for a fresh link, to the mailbox that had the old one. The
// answer is the same whatever comes of it.
func postExpired(v *visit) error {
	if code, ok := v.d.Cookies.Get(v.r, cookieInvitation); ok {
		if err := v.d.Desk.AskForFreshLink(v.r.Context(), code, v.caller()); err != nil {
			return err
		}
	}
	return v.redirect(http.StatusSeeOther, v.withParam(pageInvitationExpired, paramSent, "1"))
}

func getTypedCode(v *visit) error { return v.show(v.typedCodePage()) }

func (v *visit) typedCodePage() *web.Page {
	return &web.Page{
		Name: "invitation-code", Badge: web.BadgeTicket, Title: v.t("invitation.code_title"), Lead: web.Plain(v.t("invitation.code_lead")),
		Form: &web.Form{
			Action: v.link(pageInvitationCode), Submit: v.t("action.continue"),
			Fields: []web.Field{{
				Name: fieldCode, Label: v.t("invitation.code_field"), Autocomplete: "off", Focus: true, Code: true,
				Value: v.form.Get(fieldCode), Max: guestlist.MaxTypedInvitationCode,
			}},
		},
	}
}

// postTypedCode takes the code of a shared invitation that somebody typed.
func postTypedCode(v *visit) error {
	p := v.typedCodePage()
	code, i, err := v.d.Desk.TypedInvitation(v.r.Context(), v.form.Get(fieldCode), v.caller())
	switch guestlist.KindOf(err) {
	case guestlist.KindTooMany:
		return v.refused(p, err)
	case guestlist.KindInternal:
		if err != nil {
			return err
		}
		v.hide()
		return v.leadOn(i, code)
	default:
		wrong(p, fieldCode, v.t("invitation.code_wrong"))
		return v.again(p)
	}
}

// getDone tells who has just accepted an invitation that they are in, and leads
// to what it is for.
func getDone(v *visit) error {
	joined, err := v.d.Desk.Joined(v.r.Context(), v.sessionCookie())
	if err != nil {
		return err
	}
	if joined == nil {
		return v.redirect(http.StatusSeeOther, PathAccount)
	}
	app, err := v.application(joined.Invitation.ApplicationID)
	if err != nil {
		return err
	}
	p := &web.Page{
		Name: "invitation-done", Badge: web.BadgeDone, Title: v.t("invitation.done_title"),
		Lead:    v.sentence("invitation.done_lead", "name", account(joined.User)),
		Actions: []web.Action{{Text: v.t("invitation.to_account"), Href: PathAccount, Button: true}},
	}
	if app.Name != "" {
		v.look.Product = app.Name
		p.Lead = v.sentence("invitation.done_lead_app", "app", app.Name)
	}
	if to := v.homeOf(app, joined.Invitation); to != "" {
		p.Actions[0].Button = false
		p.Actions = append([]web.Action{{
			Text: v.t("invitation.to_app", "app", app.Name), Href: to, Button: true,
		}}, p.Actions...)
	}
	return v.show(p)
}

// homeOf is where an application is, as far as it said so.
func (v *visit) homeOf(app guestlist.Application, i guestlist.Invitation) string {
	if to := v.initiate(app, i); to != "" {
		return to
	}
	if app.AllowsLanding(i.LandingURL) {
		return i.LandingURL
	}
	for _, uri := range app.OIDCClientMetadata.RedirectURIs {
		if home := origin(uri); home != "/" && !strings.Contains(home, "*") {
			return home
		}
	}
	return ""
}

// withParam is the address of a page with one more parameter.
func (v *visit) withParam(path, name, value string) string {
	return join(v.link(path), url.Values{name: {value}})
}

// asParam is the address of a page that is asked for as whom again.
func (v *visit) asParam(path string) string {
	if as := v.query.Get(paramAs); as != "" {
		return v.withParam(path, paramAs, as)
	}
	return v.link(path)
}
