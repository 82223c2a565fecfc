package experience

import (
	"net/http"
	"net/url"

	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/web"
)

// The fields of the page of a link.
const (
	paramToken = "one_time_token"
	paramHint  = "login_hint"
)

// magicLink is the token of a link with the address that came with it.
type magicLink struct {
	token, email string
	known        bool // the interaction has both, so that the page need not carry them
}

// linkOf returns the link that a request is about. The authorization request
// usually brought it; a link that leads to the page itself has it in the query,
// and the page's form in the body.
func (v *visit) linkOf() magicLink {
	from := v.query
	if v.r.Method == http.MethodPost {
		from = v.form
	}
	l := magicLink{token: from.Get(paramToken), email: from.Get(paramHint)}
	if v.run == nil {
		return l
	}
	if l.token == "" || l.token == v.run.OneTimeToken && (l.email == "" || len(l.token) == guestlist.InvitationCodeLength || l.email == v.run.Request.LoginHint) {
		return magicLink{token: v.run.OneTimeToken, email: v.run.Request.LoginHint, known: v.run.OneTimeToken != ""}
	}
	return l
}

// getToken shows whom the guest continues as. It looks at the token and
// neither consumes nor holds it: whoever opens links for others changes
// nothing.
func getToken(v *visit) error {
	if v.query.Get("errorMessage") != "" {
		return v.next(pageTokenError)
	}
	if v.still {
		return v.show(v.sampleToken())
	}
	l := v.linkOf()
	if code, known := v.invited(); code != "" {
		if known {
			return v.next(signin.PageInvitation)
		}
		return v.withQuery(signin.PageInvitation)
	}
	if l.known && v.query.Get(paramToken) != "" {
		return v.next(signin.PageOneTimeToken) // the address bar forgets the token
	}
	view, err := v.d.Desk.OpenToken(v.r.Context(), v.uid, l.token, l.email)
	if err != nil {
		return v.linkRefused(err)
	}
	p, err := v.tokenPage(l, view, "")
	if err != nil {
		return err
	}
	if p.Alert, err = v.notice(); err != nil {
		return err
	}
	return v.show(p)
}

// linkRefused answers for a link that does not serve. Nobody is told more than
// that; whoever issued it sees the reason.
func (v *visit) linkRefused(err error) error {
	switch guestlist.CodeOf(err) {
	case "":
		return err
	case "session.not_found":
		return v.unknownSession()
	}
	return v.next(pageTokenError)
}

func (v *visit) tokenPage(l magicLink, view signin.TokenView, typed string) (*web.Page, error) {
	p := v.tokenForm(l, view, typed)
	return p, v.linkProviders(p, l, view)
}

func (v *visit) tokenForm(l magicLink, view signin.TokenView, typed string) *web.Page {
	p := &web.Page{
		Name: "one-time-token", Badge: web.BadgeTicket, Title: v.t("token.title"), Lead: web.Plain(v.t("token.lead")),
		Form: &web.Form{Action: v.link(signin.PageOneTimeToken), Submit: v.t("action.continue")},
	}
	switch {
	case view.Event == guestlist.EventForgotPassword:
		p.Title, p.Lead, p.Badge = v.t("token.reset_title"), web.Plain(v.t("token.reset_lead")), web.BadgeKey
	case v.look.Product != "":
		p.Title = v.t("token.title_app", "app", v.look.Product)
	}
	who := view.Email
	if view.NeedsAddress {
		who = view.Masked
		p.Form.Fields = []web.Field{{
			Name: fieldIdentifier, Label: v.t("token.confirm"), Hint: v.t("token.confirm_hint"), Type: "email",
			Autocomplete: "email", Value: typed, Focus: true, Max: guestlist.MaxEmailLength,
		}}
	}
	p.Facts = []web.Fact{{Term: v.t("token.for"), Value: who}, {Term: v.t("token.until"), At: view.ExpiresAt}}
	if !l.known {
		p.Form.Hidden = []web.Hidden{{Name: paramToken, Value: l.token}}
		if !view.NeedsAddress {
			p.Form.Hidden = append(p.Form.Hidden, web.Hidden{Name: paramHint, Value: l.email})
		}
	}
	v.terms(p, !view.Known)
	return p
}

// linkProviders adds to the page of a link the providers that may vouch for its
// address: who turns to one of them need not choose a password. An organization
// that signs its people in by itself is the only way on.
func (v *visit) linkProviders(p *web.Page, l magicLink, view signin.TokenView) error {
	if view.Event == guestlist.EventForgotPassword || l.email == "" || v.exp.OneTimeTokenConfirmation == guestlist.ConfirmAlways {
		return nil
	}
	faces, enterprise, err := v.d.Desk.FacesFor(v.r.Context(), view.Email)
	switch {
	case err != nil:
		return err
	case enterprise:
		p.Form.Fields, p.Form.Submit = nil, ""
	case view.Known:
		return nil
	}
	p.Form.Providers = v.buttons(usable(faces))
	return nil
}

// postToken verifies the link, identifies the guest, and goes on. Sign-in comes
// first and registration only when nobody has the address, as on the wire.
func postToken(v *visit) error {
	if code, _ := v.invited(); code != "" {
		return postInvitation(v)
	}
	l := v.linkOf()
	view, err := v.d.Desk.OpenToken(v.r.Context(), v.uid, l.token, l.email)
	if err != nil {
		return v.linkRefused(err)
	}
	typed := v.typedIdentifier()
	p, err := v.tokenPage(l, view, typed)
	if err != nil {
		return err
	}
	verify := signin.VerifyOneTimeToken{Email: l.email, Token: l.token, Hosted: true}
	if v.pressed() != "" {
		return v.toProvider(p, signin.SetEvent{Event: view.Event}, verify)
	}
	ok := true
	if view.NeedsAddress && !guestlist.IsEmail(typed) {
		ok = !wrong(p, fieldIdentifier, v.t("problem.email_shape"))
	}
	if ok = v.agreed(p) && ok; !ok {
		return v.again(p)
	}
	if view.NeedsAddress {
		verify.Typed = typed
	}
	_, err = v.submit(signin.SetEvent{Event: view.Event}, verify)
	if err != nil {
		if view.NeedsAddress && guestlist.CodeOf(err) == guestlist.CodeOf(guestlist.ErrTokenEmailMismatch) {
			wrong(p, fieldIdentifier, v.t("problem.confirm"))
			return v.again(p)
		}
		return v.refused(p, err)
	}
	return v.enter(p, view)
}

// enter identifies the guest by the token that the interaction now holds, and
// goes on.
func (v *visit) enter(p *web.Page, view signin.TokenView) error {
	_, err := v.submit(signin.Identify{Latest: true})
	if guestlist.CodeOf(err) == "user.user_not_exist" && view.Event == guestlist.EventSignIn {
		_, err = v.submit(signin.ChangeEvent{Event: guestlist.EventRegister}, signin.Identify{Latest: true})
	}
	if err == nil && view.Event == guestlist.EventForgotPassword {
		return v.next(signin.PageNewPassword)
	}
	var step signin.Step
	if err == nil {
		step, err = v.finish()
	}
	switch {
	case err == nil:
		return v.finished(step)
	case guestlist.CodeOf(err) == "user.email_already_in_use" && !view.Known:
		// Another tab of this guest was quicker. The link says how it stands.
		return v.next(signin.PageOneTimeToken)
	}
	return v.refused(p, err)
}

func getTokenError(v *visit) error {
	p := &web.Page{
		Name: "one-time-token-error", Badge: web.BadgeShut, Title: v.t("token.error_title"), Lead: web.Plain(v.t("token.error_lead")),
	}
	if v.run != nil && v.exp.SignInMode != guestlist.ModeRegister {
		p.Actions = []web.Action{{Before: v.t("action.have_account"), Text: v.t("action.sign_in"), Href: v.link(signin.PageSignIn)}}
	}
	return v.show(p)
}

// getSwitch asks a guest who is signed in as somebody else than their link is
// for. The token stays untouched; the page of the link comes next.
func getSwitch(v *visit) error {
	l := v.linkOf()
	if code, _ := v.invited(); code != "" && v.run != nil {
		return v.mismatch(code)
	}
	if l.email == "" {
		return v.next(pageTokenError)
	}
	cookie, _ := v.d.Cookies.Get(v.r, cookieSession)
	session, err := v.d.Desk.Session(v.r.Context(), cookie)
	if err != nil {
		return err
	}
	onward := v.link(signin.PageOneTimeToken)
	if !l.known {
		q := url.Values{paramToken: {l.token}, paramHint: {l.email}}
		onward = join(onward, q)
	}
	if session == nil {
		return v.redirect(http.StatusSeeOther, onward)
	}
	u, err := v.d.Desk.User(v.r.Context(), session.UserID)
	if err != nil {
		return v.linkRefused(err)
	}
	return v.show(&web.Page{
		Name: "switch-account", Badge: web.BadgeTicket, Title: v.t("switch.title", "account", account(u)),
		Lead: v.sentence("switch.lead", "name", l.email),
		Actions: []web.Action{
			{Text: v.t("switch.continue", "name", l.email), Href: onward, Button: true},
			{Text: v.t("switch.back"), Href: origin(v.redirectURI())},
		},
	})
}

// account is the name by which people know an account.
func account(u guestlist.User) string {
	for _, s := range []*string{u.PrimaryEmail, u.Username, u.Name} {
		if text(s) != "" {
			return *s
		}
	}
	if text(u.PrimaryPhone) != "" {
		return "+" + *u.PrimaryPhone
	}
	return string(u.ID)
}

func (v *visit) redirectURI() string {
	if v.run == nil {
		return ""
	}
	return v.run.Request.RedirectURI
}

// origin returns the origin of an application's address, or our first page for
// one that has none, such as that of a native application.
func origin(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return "/"
	}
	return u.Scheme + "://" + u.Host
}
