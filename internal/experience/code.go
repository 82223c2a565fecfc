package experience

import (
	"strings"

	"golang.org/x/text/unicode/norm"

	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/web"
)

// codeLength is the number of digits of a verification code.
const codeLength = 6

// sendCode begins anew with an event, sends a code and goes to its page.
func (v *visit) sendCode(p *web.Page, event guestlist.InteractionEvent, id guestlist.Identifier) error {
	if _, err := v.submit(v.begins(event), signin.SendCode{Identifier: id}); err != nil {
		return v.refused(p, err)
	}
	if err := v.leave(note{Who: id, SentAt: guestlist.TimeOf(v.d.Now())}); err != nil {
		return err
	}
	return v.next(map[guestlist.InteractionEvent]string{
		guestlist.EventSignIn: signin.PageSignIn, guestlist.EventRegister: signin.PageRegister,
		guestlist.EventForgotPassword: signin.PageForgotPassword,
	}[event] + codeStep)
}

// flow is the part of the path before the code step: what the code is for.
func (v *visit) flow() string { return strings.TrimSuffix(v.r.URL.Path, codeStep) }

// codeRecord is the address that waits for its code, or that was proved just
// now.
func codeRecord(run *signin.Interaction) (signin.Record, bool) {
	for i := len(run.Records) - 1; i >= 0; i-- {
		if r := run.Records[i]; r.Type == signin.RecordEmailCode || r.Type == signin.RecordPhoneCode {
			return r, true
		}
	}
	return signin.Record{}, false
}

// inFlow reports whether the page of a flow belongs to what the guest is doing.
func (v *visit) inFlow() bool {
	switch v.flow() {
	case signin.PageSignIn:
		return v.run.Event == guestlist.EventSignIn
	case signin.PageRegister:
		return v.run.Event == guestlist.EventRegister
	case signin.PageForgotPassword:
		return v.run.Event == guestlist.EventForgotPassword
	case signin.PageInvitation:
		return v.run.Invite != nil
	}
	return v.run.Event != guestlist.EventForgotPassword
}

func getCode(v *visit) error {
	if v.still {
		return v.show(codePage(v, signin.Record{Identifier: v.sampleGuest(v.codeTypes())}))
	}
	record, ok := v.waiting()
	if !ok {
		return v.back()
	}
	if v.note.Offer != offerNothing {
		return v.show(offerPage(v, record))
	}
	p := codePage(v, record)
	var err error
	if p.Alert, err = v.notice(); err != nil {
		return err
	}
	return v.show(p)
}

// waiting returns the record that this page is about.
func (v *visit) waiting() (signin.Record, bool) {
	if v.run == nil || !v.inFlow() {
		return signin.Record{}, false
	}
	return codeRecord(v.run)
}

// back leads to the beginning of the flow.
func (v *visit) back() error {
	if v.flow() == strings.TrimSuffix(signin.PageContinue, "/") {
		return v.next(signin.PageSignIn)
	}
	return v.next(v.flow())
}

func codePage(v *visit, record signin.Record) *web.Page {
	title, lead := "code.email_title", "code.lead"
	if record.Identifier.Type == guestlist.IdentifierPhone {
		title = "code.phone_title"
	}
	// What is sent when an account must exist is not sent to strangers, and the
	// page must not say which of the two it was (promise 6).
	if v.flow() == signin.PageForgotPassword || v.flow() == signin.PageSignIn && v.exp.SignInMode == guestlist.ModeSignIn {
		lead = "code.maybe"
	}
	to := name(record.Identifier)
	if record.Untold {
		to = signin.Masked(record.Identifier)
	}
	p := &web.Page{
		Name: "verification-code", Badge: web.BadgeMail, Title: v.t(title), Lead: v.sentence(lead, "name", to),
		Form: &web.Form{
			Action: v.link(v.r.URL.Path), Submit: v.t("action.continue"), Value: "verify",
			Fields: []web.Field{{
				Name: fieldCode, Label: v.t("field.code"), Autocomplete: "one-time-code", InputMode: "numeric", Code: true,
				Focus: true, Max: 2 * codeLength, // pasted codes have spaces
			}},
		},
		Actions: []web.Action{{Text: v.t("action.resend"), Href: v.link(v.r.URL.Path), Post: true, Value: "resend", Wait: v.untilResend()}},
	}
	if record.Identifier.Type == guestlist.IdentifierEmail {
		p.Note = web.Plain(v.t("code.missing"))
	}
	if m, ok := v.exp.SignIn.Method(record.Identifier.Type); ok && m.Password && v.flow() == signin.PageSignIn {
		p.Actions = append(p.Actions, web.Action{Text: v.t("action.use_password"), Href: v.link(pageSignInPassword)})
	}
	change := v.flow()
	if !strings.HasPrefix(change, signin.PageSignIn) && change != signin.PageRegister && change != signin.PageForgotPassword &&
		change != signin.PageInvitation {
		change = signin.PageContinue + string(record.Identifier.Type)
	}
	if record.Untold { // it is not the guest's to choose
		p.Actions = append(p.Actions, web.Action{Text: v.t("action.back"), Href: v.link(change)})
		return p
	}
	p.Actions = append(p.Actions, v.change(record.Identifier.Type, change))
	return p
}

func postCode(v *visit) error {
	record, ok := v.waiting()
	if !ok {
		return v.back()
	}
	p := codePage(v, record)
	switch v.form.Get("submit") {
	case "resend":
		return v.resend(p, record)
	case string(offerRegister), string(offerSignIn):
		return v.acceptOffer(p, record)
	}
	code := digits(v.form.Get(fieldCode))
	if len(code) != codeLength {
		wrong(p, fieldCode, v.t("problem.code_shape"))
		return v.again(p)
	}
	if _, err := v.submit(signin.VerifyCode{Identifier: record.Identifier, Code: code}); err != nil {
		return v.refused(p, err)
	}
	return v.proved(p, record)
}

// proved goes on with an address that was just proved.
func (v *visit) proved(p *web.Page, record signin.Record) error {
	if v.flow() == signin.PageInvitation {
		return v.provedInvited(p, record)
	}
	if v.run.UserID != "" || v.flow() == strings.TrimSuffix(signin.PageContinue, "/") {
		if _, err := v.submit(signin.SetAddress{Type: record.Identifier.Type, Latest: true}); err != nil {
			return v.refused(p, err)
		}
		return v.proceed(p)
	}
	_, err := v.submit(signin.Identify{Latest: true})
	switch code := guestlist.CodeOf(err); {
	case code == "user.user_not_exist" && v.flow() == signin.PageSignIn && v.registers():
		return v.offer(offerRegister)
	case strings.HasSuffix(code, "_already_in_use") && v.exp.SignInMode == guestlist.ModeSignInAndRegister:
		return v.offer(offerSignIn)
	case err != nil:
		return v.refused(p, err)
	}
	if v.run.Event == guestlist.EventForgotPassword {
		return v.next(signin.PageNewPassword)
	}
	return v.proceed(p)
}

// resend sends a new code for the same address.
func (v *visit) resend(p *web.Page, record signin.Record) error {
	if _, err := v.submit(signin.SendCode{Identifier: record.Identifier, Untold: record.Untold}); err != nil {
		return v.refused(p, err)
	}
	n := v.note
	n.Say, n.SentAt, n.Offer = "code.sent", guestlist.TimeOf(v.d.Now()), offerNothing
	if err := v.leave(n); err != nil {
		return err
	}
	return v.next(v.r.URL.Path)
}

// offer asks whether to do the other thing with an address that is proved: the
// guest has no account yet, or has one already. Only who reads the mailbox
// learns which.
func (v *visit) offer(o offer) error {
	n := v.note
	n.Offer = o
	if err := v.leave(n); err != nil {
		return err
	}
	return v.next(v.r.URL.Path)
}

func offerPage(v *visit, record signin.Record) *web.Page {
	title, lead, submit := "register.unknown_title", "register.unknown_lead", "action.create_account"
	if v.note.Offer == offerSignIn {
		title, lead, submit = "register.taken_title", "register.taken_lead", "action.sign_in"
	}
	p := &web.Page{
		Name: "offer", Title: v.t(title), Lead: v.sentence(lead, "name", name(record.Identifier)),
		Form:    &web.Form{Action: v.link(v.r.URL.Path), Submit: v.t(submit), Value: string(v.note.Offer)},
		Actions: []web.Action{v.change(record.Identifier.Type, v.flow())},
	}
	v.terms(p, v.note.Offer == offerRegister)
	return p
}

// acceptOffer switches the interaction to the other event, with the same proof.
func (v *visit) acceptOffer(p *web.Page, record signin.Record) error {
	event := guestlist.EventRegister
	if v.note.Offer == offerSignIn {
		event = guestlist.EventSignIn
	}
	if v.note.Offer == offerNothing {
		return v.next(v.r.URL.Path)
	}
	if ask := offerPage(v, record); !v.agreed(ask) {
		return v.again(ask)
	}
	if _, err := v.submit(signin.ChangeEvent{Event: event}, signin.Identify{Latest: true}); err != nil {
		return v.refused(p, err)
	}
	return v.proceed(p)
}

// digits keeps the digits of what was typed or pasted, in any script.
func digits(s string) string {
	if len(s) > 64 {
		return ""
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9':
			return r
		case r >= '٠' && r <= '٩':
			return r - '٠' + '0'
		case r >= '۰' && r <= '۹':
			return r - '۰' + '0'
		}
		return -1
	}, norm.NFKC.String(s))
}
