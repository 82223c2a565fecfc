package experience

import (
	"strings"

	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/web"
)

// addressType is the kind of address that a page is about.
func (v *visit) addressType() guestlist.IdentifierType {
	if strings.HasPrefix(v.r.URL.Path, pageAccountPhone) {
		return guestlist.IdentifierPhone
	}
	return guestlist.IdentifierEmail
}

// addressPath is the page about a kind of address.
func addressPath(t guestlist.IdentifierType) string { return PathAccount + "/" + string(t) }

// managedPage reports whether this page only says who looks after the address.
func (v *visit) managedPage() bool { return v.acct.Managed && v.r.URL.Path == pageAccountEmail }

func getAccountAddress(v *visit) error { return v.own(v.addressPage("")) }

func (v *visit) addressPage(typed string) *web.Page {
	t := v.addressType()
	key, now := "account."+string(t)+".", v.ownAddress(t)
	p := &web.Page{Name: "account-" + string(t), Title: v.t(key + "title")}
	if now.Value != "" {
		p.Facts = []web.Fact{{Term: v.t("account.now"), Value: leftToRight(name(now))}}
	}
	channel := guestlist.ChannelEmail
	if t == guestlist.IdentifierPhone {
		channel = guestlist.ChannelSMS
	}
	switch {
	case v.managedPage():
		p.Lead = web.Plain(v.t("account.email.managed"))
		return p
	case !v.canSend(channel):
		p.Lead = web.Plain(v.t("account.no_sender"))
		return p
	}
	p.Lead = web.Plain(v.t("account.address_lead"))
	f := v.identifierField([]guestlist.IdentifierType{t}, typed, map[guestlist.IdentifierType]string{
		guestlist.IdentifierEmail: "email", guestlist.IdentifierPhone: "tel",
	}[t])
	f.Label, f.Focus = v.t(key+"new"), true
	p.Form = &web.Form{Action: v.link(v.r.URL.Path), Fields: []web.Field{f}, Submit: v.t("action.send_code")}
	return p
}

func postAccountAddress(v *visit) error {
	t, typed := v.addressType(), v.typedIdentifier()
	p := v.addressPage(typed)
	if p.Form == nil {
		return v.next(addressPath(t))
	}
	id, problem, ok := v.parseIdentifier(typed, []guestlist.IdentifierType{t})
	if ok && id.Key() == v.ownAddress(t).Key() {
		problem, ok = "account.address_same", false
	}
	if !ok {
		wrong(p, fieldIdentifier, v.t(problem))
		return v.again(v.withBack(p))
	}
	return v.sendAddressCode(p, id, "")
}

// sendAddressCode sends a code to a new address and goes to where it is typed.
func (v *visit) sendAddressCode(p *web.Page, id guestlist.Identifier, say string) error {
	if err := v.changeOwn(signin.SendAddressCode{Identifier: id}); err != nil {
		if guestlist.CodeOf(err) == guestlist.CodeOf(signin.ErrProofRequired) {
			return v.toProof(addressPath(id.Type))
		}
		return v.turnedDown(p, err)
	}
	if err := v.leave(note{Who: id, SentAt: guestlist.TimeOf(v.d.Now()), Say: say}); err != nil {
		return err
	}
	return v.next(addressPath(id.Type) + codeStep)
}

func (v *visit) addressCodePage() (*web.Page, bool) {
	t, id := v.addressType(), v.note.Who
	if id.Type != t || !id.Valid() || id.Key() == v.ownAddress(t).Key() {
		return nil, false
	}
	p := v.ownCodePage("account-"+string(t)+"-code", id, v.link(v.r.URL.Path))
	p.Actions = append(p.Actions, v.changeAddress(t))
	return p, true
}

func (v *visit) changeAddress(t guestlist.IdentifierType) web.Action {
	return web.Action{Text: v.t("action.change_" + string(t)), Href: v.link(addressPath(t))}
}

func getAccountCode(v *visit) error {
	p, ok := v.addressCodePage()
	if !ok {
		return v.next(addressPath(v.addressType()))
	}
	return v.own(p)
}

func postAccountCode(v *visit) error {
	p, ok := v.addressCodePage()
	if !ok {
		return v.next(addressPath(v.addressType()))
	}
	id := v.note.Who
	if v.form.Get("submit") == "resend" {
		return v.sendAddressCode(p, id, "code.sent")
	}
	code := digits(v.form.Get(fieldCode))
	if len(code) != codeLength {
		wrong(p, fieldCode, v.t("problem.code_shape"))
		return v.again(v.withBack(p))
	}
	err := v.changeOwn(signin.VerifyAddress{Identifier: id, Code: code})
	switch {
	case err == nil:
		return v.done(PathAccount, "account."+string(id.Type)+".done", "name", leftToRight(name(id)))
	case strings.HasSuffix(guestlist.CodeOf(err), "_already_in_use"):
		return v.say(addressPath(id.Type), "account.address_taken", "name", leftToRight(name(id)))
	}
	return v.turnedDown(p, err)
}
