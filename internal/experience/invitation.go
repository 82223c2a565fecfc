package experience

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"guestlist"
	"guestlist/internal/invite"
	"guestlist/internal/signin"
	"guestlist/internal/web"
)

// cookieInvitation carries the code of an invitation from the page of its link
// to the next authorization request; package oidc takes it up there.
const cookieInvitation = "_invitation"

// invitationLife is how long a browser carries it.
const invitationLife = time.Hour

// The pages of invitations. Nothing that can be pressed on them without typing
// something accepts one, declines one, or lets anybody in.
const (
	pathInvitation         = invite.LinkPath
	pageInvitationCode     = signin.PageInvitation + "/code"    // to be typed, of a shared one
	pageInvitationConfirm  = signin.PageInvitation + "/confirm" // as somebody else than the recipient
	pageInvitationOther    = signin.PageInvitation + "/other"   // it is for somebody else
	pageInvitationDecline  = signin.PageInvitation + "/decline"
	pageInvitationDeclined = signin.PageInvitation + "/declined"
	pageInvitationExpired  = signin.PageInvitation + "/expired"
	pageInvitationInvalid  = signin.PageInvitation + "/invalid"
	pageInvitationDone     = signin.PageInvitation + "/done"
)

// What the buttons of these pages mean.
const (
	valueAccept = "accept"
	valueSkip   = "skip"
	valueCode   = "code"
	paramAs     = "as"
	asOther     = "other"
)

func invitationSteps() []step {
	return []step{
		{signin.PageInvitation, getInvitation, postInvitation},
		{signin.PageInvitation + codeStep, getCode, postCode},
		{pageInvitationConfirm, getConfirm, postConfirm},
		{pageInvitationOther, getOther, postOther},
		{pageInvitationDecline, getDecline, postDecline},
	}
}

func (d *Door) invitationRoutes() []pageRoute {
	return []pageRoute{
		{"GET " + pathInvitation + "{code}", d.openLink},
		{"GET " + pageInvitationCode, d.open(getTypedCode)},
		{"POST " + pageInvitationCode, d.open(postTypedCode)},
		{"GET " + pageInvitationExpired, d.open(getExpired)},
		{"POST " + pageInvitationExpired, d.open(postExpired)},
		{"GET " + pageInvitationInvalid, d.open(func(v *visit) error { return v.invalid(http.StatusOK) })},
		{"GET " + pageInvitationDeclined, d.open(getDeclined)},
		{"GET " + pageInvitationDone, d.open(getDone)},
	}
}

// invited returns the code of the invitation that this interaction is about, or
// "": the authorization request brought it, or else the page's own query or form.
func (v *visit) invited() (code string, known bool) {
	l := v.linkOf()
	if len(l.token) != guestlist.InvitationCodeLength {
		return "", false
	}
	return l.token, l.known
}

// getInvitation shows who invites whom to what, and how to accept. It changes
// nothing.
func getInvitation(v *visit) error {
	if v.still {
		return v.show(v.sampleInvitation())
	}
	code, known := v.invited()
	if known && v.query.Get(paramToken) != "" {
		return v.next(signin.PageInvitation) // the address bar forgets the code
	}
	p, _, err := v.invitation(code)
	if err != nil {
		return v.notServing(code, err)
	}
	if p.Alert, err = v.notice(); err != nil {
		return err
	}
	return v.show(p)
}

// invitation returns the page of an invitation, and what it was drawn from.
func (v *visit) invitation(code string) (*web.Page, signin.InvitationView, error) {
	view, err := v.d.Desk.ViewInvitation(v.r.Context(), v.uid, code, v.sessionCookie())
	if err != nil {
		return nil, view, err
	}
	if v.run.Prompt != signin.PromptConsent || v.query.Get(paramAs) != "" {
		view.Account = nil
	}
	if view.ApplicationID != "" && v.app.ID == guestlist.AccountApplication {
		app, err := v.d.Desk.Application(v.r.Context(), view.ApplicationID)
		if err == nil {
			v.look.Product = app.Name
		} else if guestlist.KindOf(err) == guestlist.KindInternal {
			return nil, view, err
		}
	}
	p := v.invitationPage(code, view)
	return p, view, v.invitationProviders(p, view)
}

func (v *visit) invitationPage(code string, view signin.InvitationView) *web.Page {
	p := &web.Page{
		Name: "invitation", Badge: web.BadgeTicket, Title: v.invitationTitle(view.Inviter), Words: view.Message,
		Form: &web.Form{Action: v.asParam(signin.PageInvitation), Submit: v.t("invitation.accept"), Value: valueAccept},
	}
	if _, known := v.invited(); !known {
		p.Form.Hidden = []web.Hidden{{Name: paramToken, Value: code}}
	}
	v.askProof(p, view)
	if view.AsksTerms {
		v.exp.AgreeToTermsPolicy = termsManual
	}
	p.Facts = append(p.Facts, web.Fact{Term: v.t("token.until"), At: view.ExpiresAt})
	v.terms(p, view.Account == nil && !view.Known)
	v.besides(p, view)
	return p
}

// invitationTitle says who invites to what, as far as either is known.
func (v *visit) invitationTitle(inviter string) string {
	product := v.look.Product
	if v.app.ID == guestlist.AccountApplication && product == v.t("account.title") {
		product = "" // an account alone
	}
	switch {
	case inviter != "" && product != "":
		return v.t("invitation.title_by_app", "name", inviter, "app", product)
	case inviter != "":
		return v.t("invitation.title_by", "name", inviter)
	case product != "":
		return v.t("invitation.title_app", "app", product)
	}
	return v.t("invitation.title")
}

// askProof asks for what shows that the invitation is the guest's to accept.
func (v *visit) askProof(p *web.Page, view signin.InvitationView) {
	as := func(value string) { p.Facts = append(p.Facts, web.Fact{Term: v.t("token.for"), Value: value}) }
	field := func(label, hint string) web.Field {
		return web.Field{
			Name: fieldIdentifier, Label: label, Hint: hint, Type: "email", Autocomplete: "email", Focus: true,
			Value: v.typedIdentifier(), Max: guestlist.MaxEmailLength,
		}
	}
	switch {
	case view.Account != nil:
		as(account(*view.Account))
		p.Lead = web.Plain(v.t("invitation.lead"))
		if view.ConfirmAs != "" {
			p.Lead = v.sentence("invitation.confirm_lead", "name", view.Masked)
			p.Form.Hidden = append(p.Form.Hidden, web.Hidden{Name: paramAs, Value: view.ConfirmAs})
			p.Form.Submit = v.t("invitation.accept_as", "name", view.ConfirmAs)
		}
	case view.Proof == signin.ProofConnector:
		p.Lead, p.Form.Submit = web.Plain(v.t("invitation.lead_connector")), ""
	case view.Proof == signin.ProofAddress || v.query.Get(paramAs) == asOther && view.Others:
		p.Lead = web.Plain(v.t("invitation.lead_address"))
		if len(view.Domains) > 0 {
			p.Lead = v.sentence("invitation.lead_domains", "domains", strings.Join(view.Domains, ", "))
		}
		p.Form.Fields = []web.Field{field(v.t("token.confirm"), "")}
		p.Form.Submit, p.Form.Value = v.t("action.send_code"), valueCode
	case view.Proof == signin.ProofCode:
		as(view.Masked)
		p.Lead = web.Plain(v.t("invitation.lead_code"))
		p.Form.Submit, p.Form.Value = v.t("invitation.send_code"), valueCode
	case view.NeedsAddress:
		as(view.Masked)
		p.Lead = web.Plain(v.t("invitation.lead"))
		f := field(v.t("token.confirm"), v.t("invitation.address_hint"))
		if view.To.Type == guestlist.IdentifierPhone {
			f.Type, f.Autocomplete, f.Label, f.Hint = "tel", "tel", v.t("field.phone"), v.t("invitation.number_hint")
		}
		p.Form.Fields = []web.Field{f}
	default:
		as(name(view.To))
		p.Lead = web.Plain(v.t("invitation.lead"))
	}
}

// besides adds the other ways on.
func (v *visit) besides(p *web.Page, view signin.InvitationView) {
	switch {
	case view.Account != nil:
		p.Actions = append(p.Actions, web.Action{Text: v.t("invitation.skip"), Href: v.link(signin.PageInvitation), Post: true, Value: valueSkip})
	case view.Others && v.query.Get(paramAs) != asOther:
		p.Actions = append(p.Actions, web.Action{
			Text: v.t("invitation.other_address"), Href: v.withParam(signin.PageInvitation, paramAs, asOther),
		})
	case view.Others:
		p.Actions = append(p.Actions, web.Action{Text: v.t("action.back"), Href: v.link(signin.PageInvitation)})
	case view.Kind == guestlist.InvitationShared && v.exp.SignInMode != guestlist.ModeRegister:
		p.Actions = append(p.Actions, web.Action{
			Before: v.t("action.have_account"), Text: v.t("action.sign_in"), Href: v.link(pageIdentifierSignIn),
		})
	}
	if view.Kind == guestlist.InvitationPersonal {
		p.Actions = append(p.Actions, web.Action{Text: v.t("invitation.decline"), Href: v.link(pageInvitationDecline)})
	}
}

// invitationProviders adds the outside providers by which the invitation may be
// accepted.
func (v *visit) invitationProviders(p *web.Page, view signin.InvitationView) error {
	if view.Account != nil || view.Proof != signin.ProofConnector && v.exp.OneTimeTokenConfirmation == guestlist.ConfirmAlways {
		return nil
	}
	var faces []signin.ConnectorFace
	var err error
	switch {
	case view.Proof == signin.ProofConnector:
		faces, err = v.connectorsOf(view.Connectors)
	case view.To.Type == guestlist.IdentifierEmail && !view.Others:
		var enterprise bool
		if faces, enterprise, err = v.d.Desk.FacesFor(v.r.Context(), view.To.Value); enterprise {
			p.Form.Fields, p.Form.Submit = nil, "" // its organization signs it in, in no other way
		} else if err == nil {
			faces, err = v.socialFaces()
		}
	default:
		faces, err = v.socialFaces()
	}
	p.Form.Providers = v.buttons(usable(faces))
	return err
}

// connectorsOf are the providers that an invitation names: social ones by their
// target, enterprise ones by their id; all social ones if it names none.
func (v *visit) connectorsOf(names []string) ([]signin.ConnectorFace, error) {
	social, err := v.socialFaces()
	if err != nil || len(names) == 0 {
		return social, err
	}
	faces := slices.DeleteFunc(social, func(f signin.ConnectorFace) bool { return !slices.Contains(names, f.Target) })
	for _, name := range names {
		f, err := v.d.Desk.Face(v.r.Context(), guestlist.ConnectorID(name))
		switch {
		case err == nil && f.Way == guestlist.WaySSO:
			faces = append(faces, f)
		case err != nil && guestlist.KindOf(err) != guestlist.KindNotFound:
			return nil, err
		}
	}
	return faces, nil
}

// postInvitation accepts, or goes on with what shows that the guest may.
func postInvitation(v *visit) error {
	if v.form.Get("submit") == valueSkip {
		return v.skip()
	}
	code, _ := v.invited()
	agrees := v.form.Get(fieldTerms) != "" || v.termsKey() == ""
	p, view, err := v.invitation(code)
	if err != nil {
		return v.notServing(code, err)
	}
	hold := signin.VerifyOneTimeToken{Token: code, Hosted: true, Agreed: agrees}
	if v.pressed() != "" {
		return v.toProvider(p, signin.SetEvent{Event: guestlist.EventSignIn}, hold)
	}
	if !v.agreed(p) {
		return v.again(p)
	}
	switch {
	case view.Account != nil:
		return v.acceptSignedIn(p, agrees)
	case p.Form.Submit == "":
		return v.again(p)
	case p.Form.Value == valueCode:
		return v.proveAddress(p, view, hold)
	}
	return v.acceptByLink(p, view, hold)
}

// acceptSignedIn accepts for who is signed in, by the button alone: the session
// is theirs.
func (v *visit) acceptSignedIn(p *web.Page, agrees bool) error {
	answer := signin.Answer{As: v.form.Get(paramAs), Agreed: agrees}
	err := v.d.Desk.AcceptInvitation(v.r.Context(), v.uid, v.sessionCookie(), answer, v.caller())
	if err != nil {
		return v.refused(p, err)
	}
	v.d.Cookies.Clear(v.w, cookieInvitation, "")
	return v.next(pageConsent)
}

// acceptByLink accepts by the link, which only the recipient's mailbox had.
func (v *visit) acceptByLink(p *web.Page, view signin.InvitationView, hold signin.VerifyOneTimeToken) error {
	if view.NeedsAddress {
		if hold.Typed = v.typedIdentifier(); hold.Typed == "" {
			wrong(p, fieldIdentifier, v.t("problem.required"))
			return v.again(p)
		}
		if view.To.Type == guestlist.IdentifierPhone {
			if id, _, ok := v.parseIdentifier(hold.Typed, []guestlist.IdentifierType{guestlist.IdentifierPhone}); ok {
				hold.Typed = id.Value
			}
		}
	}
	if _, err := v.submit(signin.SetEvent{Event: guestlist.EventSignIn}, hold); err != nil {
		if guestlist.CodeOf(err) == guestlist.CodeOf(guestlist.ErrTokenEmailMismatch) {
			wrong(p, fieldIdentifier, v.t(notYours(view)))
			return v.again(p)
		}
		return v.refused(p, err)
	}
	return v.comeIn(p, "")
}

// proveAddress sends a code: to the recipient, or to the address that the guest
// typed.
func (v *visit) proveAddress(p *web.Page, view signin.InvitationView, hold signin.VerifyOneTimeToken) error {
	to, n := view.To, note{SentAt: guestlist.TimeOf(v.d.Now()), Attempt: v.note.Attempt}
	if len(p.Form.Fields) > 0 {
		id, problem, ok := v.parseIdentifier(v.typedIdentifier(), []guestlist.IdentifierType{guestlist.IdentifierEmail})
		if !ok {
			wrong(p, fieldIdentifier, v.t(problem))
			return v.again(p)
		}
		if !guestlist.InDomains(id.Value, view.Domains) { // a code would not be sent there
			wrong(p, fieldIdentifier, v.t("invitation.wrong_domain", "domains", strings.Join(view.Domains, ", ")))
			return v.again(p)
		}
		to, n.Who = id, id
	}
	if r, ok := codeRecord(v.run); ok && v.run.Invite != nil && r.Identifier == to && !r.Verified && v.note.Who == n.Who && v.untilResend() > 0 {
		return v.next(signin.PageInvitation + codeStep) // it was sent a moment ago
	}
	actions := []signin.Action{v.begins(guestlist.EventSignIn), hold}
	if v.run.Invite != nil && v.outsider() != "" { // a provider's word was not enough, and is kept
		actions = nil
	}
	if _, err := v.submit(append(actions, signin.SendCode{Identifier: to, Untold: n.Who.Value == ""})...); err != nil {
		return v.refused(p, err)
	}
	if err := v.leave(n); err != nil {
		return err
	}
	return v.next(signin.PageInvitation + codeStep)
}

// outsider is the verified record of an outside provider, or "".
func (v *visit) outsider() string {
	for _, r := range v.run.Records {
		if r.Verified && r.Outside != nil {
			return r.ID
		}
	}
	return ""
}

// comeIn identifies the guest by a record ("" for the latest): as who has the
// address, or as somebody new; and goes on.
func (v *visit) comeIn(p *web.Page, record string) error {
	identify := signin.Identify{VerificationID: record, Latest: record == ""}
	_, err := v.submit(identify)
	switch guestlist.CodeOf(err) {
	case "user.user_not_exist", "user.identity_not_exist", "user.sso_identity_not_exist":
		_, err = v.submit(signin.ChangeEvent{Event: guestlist.EventRegister}, identify)
	}
	var step signin.Step
	if err == nil {
		step, err = v.finish()
	}
	switch {
	case err == nil:
		return v.finished(step)
	case guestlist.CodeOf(err) == "user.email_already_in_use":
		// Another tab of this guest was quicker. The link says how it stands.
		return v.next(signin.PageInvitation)
	}
	return v.refused(p, err)
}

// provedInvited goes on with an address that was proved by a code. Where an
// outside provider recognised the guest before, the account is linked with it.
func (v *visit) provedInvited(p *web.Page, record signin.Record) error {
	outside := v.outsider()
	if v.run.Event == guestlist.EventRegister {
		if _, err := v.submit(signin.ChangeEvent{Event: guestlist.EventSignIn}); err != nil {
			return v.refused(p, err)
		}
	}
	_, err := v.submit(signin.Identify{Latest: true})
	switch {
	case guestlist.CodeOf(err) == "user.user_not_exist" && outside != "":
		_, err = v.submit(signin.ChangeEvent{Event: guestlist.EventRegister},
			signin.SetAddress{Type: record.Identifier.Type, Latest: true}, signin.Identify{VerificationID: outside})
	case guestlist.CodeOf(err) == "user.user_not_exist":
		_, err = v.submit(signin.ChangeEvent{Event: guestlist.EventRegister}, signin.Identify{Latest: true})
	case err == nil && outside != "":
		_, err = v.submit(signin.SetIdentity{VerificationID: outside})
	}
	if err != nil {
		return v.refused(p, err)
	}
	return v.proceed(p)
}

// notAccepted answers when an invitation was not accepted: with the page that
// asks for what is missing, or that says that it does not serve.
func (v *visit) notAccepted(p *web.Page, err error) error {
	switch guestlist.CodeOf(err) {
	case guestlist.CodeOf(guestlist.ErrInvitationNeedsProof), guestlist.CodeOf(signin.ErrInvitationTerms):
		return v.next(signin.PageInvitation)
	case guestlist.CodeOf(guestlist.ErrInvitationConfirm):
		return v.next(pageInvitationConfirm)
	case guestlist.CodeOf(guestlist.ErrWrongIdentity):
		return v.next(pageInvitationOther)
	case guestlist.CodeOf(guestlist.ErrInvitationExpired):
		code, _ := v.invited()
		return v.notServing(code, err)
	}
	if guestlist.KindOf(err) == guestlist.KindTooMany {
		p.Alert = &web.Alert{Text: v.d.Manners.Message(v.look.Lang, asError(err))}
		return v.showAs(http.StatusTooManyRequests, p)
	}
	return v.next(pageInvitationInvalid)
}

// asError is the error of the house in a chain.
func asError(err error) *guestlist.Error {
	var e *guestlist.Error
	errors.As(err, &e)
	return e
}

// skip goes on without the invitation.
func (v *visit) skip() error {
	v.d.Cookies.Clear(v.w, cookieInvitation, "")
	if err := v.d.Desk.SkipInvitation(v.r.Context(), v.uid); err != nil {
		return v.refused(&web.Page{}, err)
	}
	switch {
	case v.run.Prompt == signin.PromptConsent:
		return v.next(pageConsent)
	case v.run.UserID != "" && !v.run.New:
		return v.proceed(&web.Page{})
	}
	return v.next(signin.PageSignIn)
}
