package experience

import (
	"errors"
	"net/http"
	"slices"

	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/web"
)

// getAccountProof asks somebody who is signed in for a while to show that it is
// still them.
func getAccountProof(v *visit) error {
	if v.acct.Proved {
		return v.next(destination(v.query.Get(paramTo)))
	}
	return v.own(accountProofPage(v))
}

func accountProofPage(v *visit) *web.Page {
	to := destination(v.query.Get(paramTo))
	here := v.onTheWay(pageAccountProof, to)
	p := &web.Page{Name: "account-verify", Badge: web.BadgeKey, Title: v.t("account.verify.title"), Lead: web.Plain(v.t("account.verify.lead"))}
	if v.acct.User.HasPassword {
		p.Form = &web.Form{Action: here, Submit: v.t("action.continue"), Value: "password", Fields: []web.Field{{
			Name: fieldPassword, Type: "password", Label: v.t("field.password"), Autocomplete: "current-password", Focus: true,
			Max: guestlist.DefaultPasswordMaxLength,
		}}}
	}
	for _, t := range v.acct.Codes {
		p.Actions = append(p.Actions, web.Action{
			Text: v.t("account.verify.send", "name", leftToRight(name(v.ownAddress(t)))), Href: here, Post: true, Value: string(t), Button: p.Form == nil,
		})
	}
	p.Actions = append(p.Actions, web.Action{
		Text: v.t("account.verify.again"), Href: v.onTheWay(pageAccountSignIn, to), Button: p.Form == nil && len(v.acct.Codes) == 0,
	})
	return p
}

// ownAddress is the address of a type that the account has.
func (v *visit) ownAddress(t guestlist.IdentifierType) guestlist.Identifier {
	value := v.acct.User.PrimaryEmail
	if t == guestlist.IdentifierPhone {
		value = v.acct.User.PrimaryPhone
	}
	return guestlist.Identifier{Type: t, Value: text(value)}
}

func postAccountProof(v *visit) error {
	to := destination(v.query.Get(paramTo))
	p := accountProofPage(v)
	if t := guestlist.IdentifierType(v.form.Get("submit")); slices.Contains(v.acct.Codes, t) {
		return v.sendProof(p, t, "")
	}
	password := v.form.Get(fieldPassword)
	if password == "" {
		if !wrong(p, fieldPassword, v.t("problem.required")) {
			return v.toProof(to)
		}
		return v.again(v.withBack(p))
	}
	err := v.changeOwn(signin.ProvePassword{Password: password})
	switch {
	case err == nil:
		return v.next(to)
	case guestlist.CodeOf(err) == "session.invalid_credentials":
		wrong(p, fieldPassword, v.t("account.verify.wrong"))
		return v.again(v.withBack(p))
	}
	return v.turnedDown(p, err)
}

// sendProof sends a code to an address of the account and goes to where it is
// typed.
func (v *visit) sendProof(p *web.Page, t guestlist.IdentifierType, say string) error {
	if err := v.changeOwn(signin.SendProof{Type: t}); err != nil {
		return v.turnedDown(p, err)
	}
	if err := v.leave(note{Who: v.ownAddress(t), SentAt: guestlist.TimeOf(v.d.Now()), Say: say}); err != nil {
		return err
	}
	return v.redirect(http.StatusSeeOther, v.onTheWay(pageAccountProof+codeStep, destination(v.query.Get(paramTo))))
}

// ownCodePage is where a code is typed that proves an address.
func (v *visit) ownCodePage(page string, id guestlist.Identifier, here string) *web.Page {
	title := "code.email_title"
	if id.Type == guestlist.IdentifierPhone {
		title = "code.phone_title"
	}
	p := &web.Page{
		Name: page, Badge: web.BadgeMail, Title: v.t(title), Lead: v.sentence("code.lead", "name", name(id)),
		Form: &web.Form{
			Action: here, Submit: v.t("action.continue"), Value: "verify",
			Fields: []web.Field{{
				Name: fieldCode, Label: v.t("field.code"), Autocomplete: "one-time-code", InputMode: "numeric", Code: true,
				Focus: true, Max: 2 * codeLength, // pasted codes have spaces
			}},
		},
		Actions: []web.Action{{Text: v.t("action.resend"), Href: here, Post: true, Value: "resend", Wait: v.untilResend()}},
	}
	if id.Type == guestlist.IdentifierEmail {
		p.Note = web.Plain(v.t("code.missing"))
	}
	return p
}

// waitsForProof is the address to which the code was sent.
func (v *visit) waitsForProof() (guestlist.IdentifierType, bool) {
	t := v.note.Who.Type
	return t, slices.Contains(v.acct.Codes, t) && v.note.Who == v.ownAddress(t)
}

func getAccountProofCode(v *visit) error {
	to := destination(v.query.Get(paramTo))
	t, ok := v.waitsForProof()
	switch {
	case v.acct.Proved:
		return v.next(to)
	case !ok:
		return v.toProof(to)
	}
	return v.own(v.ownCodePage("account-verify-code", v.ownAddress(t), v.onTheWay(pageAccountProof+codeStep, to)))
}

func postAccountProofCode(v *visit) error {
	to := destination(v.query.Get(paramTo))
	t, ok := v.waitsForProof()
	if !ok {
		return v.toProof(to)
	}
	p := v.ownCodePage("account-verify-code", v.ownAddress(t), v.onTheWay(pageAccountProof+codeStep, to))
	if v.form.Get("submit") == "resend" {
		return v.sendProof(p, t, "code.sent")
	}
	code := digits(v.form.Get(fieldCode))
	if len(code) != codeLength {
		wrong(p, fieldCode, v.t("problem.code_shape"))
		return v.again(v.withBack(p))
	}
	if err := v.changeOwn(signin.ProveCode{Type: t, Code: code}); err != nil {
		return v.turnedDown(p, err)
	}
	return errors.Join(v.leave(note{}), v.next(to))
}
