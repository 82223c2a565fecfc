package experience

import (
	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/web"
)

// asked are the pages of what an account may still need.
func (v *visit) asked() (types []guestlist.IdentifierType, ok bool) {
	switch v.r.PathValue("missing") {
	case guestlist.MissingPassword:
		return nil, true
	case string(guestlist.IdentifierUsername):
		return []guestlist.IdentifierType{guestlist.IdentifierUsername}, true
	case string(guestlist.IdentifierEmail):
		return []guestlist.IdentifierType{guestlist.IdentifierEmail}, true
	case string(guestlist.IdentifierPhone):
		return []guestlist.IdentifierType{guestlist.IdentifierPhone}, true
	case guestlist.MissingEmailOrPhone:
		return []guestlist.IdentifierType{guestlist.IdentifierEmail, guestlist.IdentifierPhone}, true
	}
	return nil, false
}

func getContinue(v *visit) error {
	types, ok := v.asked()
	if !ok {
		return errNoPage
	}
	if v.run != nil && !v.underWay() {
		return v.next(signin.PageSignIn)
	}
	return v.show(continuePage(v, types, ""))
}

// underWay reports whether there is an account to complete.
func (v *visit) underWay() bool {
	return v.run.UserID != "" || v.run.Event == guestlist.EventRegister
}

func continuePage(v *visit, types []guestlist.IdentifierType, typed string) *web.Page {
	p := &web.Page{Name: "continue", Form: &web.Form{Action: v.link(v.r.URL.Path), Submit: v.t("action.continue")}}
	switch {
	case types == nil:
		title, lead := "continue.password_title", "continue.password_lead"
		if v.provedByPassword() {
			title, lead = "continue.change_title", "continue.change_lead"
		}
		p.Badge, p.Title, p.Lead = web.BadgeKey, v.t(title), web.Plain(v.t(lead))
		p.Form.Fields, p.Form.Submit = v.newPasswordFields(), v.t("action.save_password")
		return p
	case types[0] == guestlist.IdentifierUsername:
		p.Title, p.Lead = v.t("continue.username_title"), web.Plain(v.t("continue.username_lead"))
	case len(types) == 2:
		p.Title, p.Lead = v.t("continue.either_title"), web.Plain(v.t("continue.lead"))
	default:
		p.Title, p.Lead = v.t("continue."+string(types[0])+"_title"), web.Plain(v.t("continue.lead"))
	}
	f := v.identifierField(types, typed, registerAutocomplete(types))
	f.Focus = true
	if types[0] == guestlist.IdentifierUsername {
		f.Hint = v.usernameHint()
	} else {
		p.Form.Submit = v.t("action.send_code")
	}
	p.Form.Fields = []web.Field{f}
	return p
}

// provedByPassword reports whether the guest came in by a password, so that a
// new one is asked for because that one was temporary.
func (v *visit) provedByPassword() bool {
	if v.run == nil {
		return false
	}
	for _, r := range v.run.Records {
		if r.Type == signin.RecordPassword && r.Verified {
			return true
		}
	}
	return false
}

func postContinue(v *visit) error {
	types, ok := v.asked()
	if !ok {
		return errNoPage
	}
	if !v.underWay() {
		return v.next(signin.PageSignIn)
	}
	if types == nil {
		return v.continuePassword()
	}
	typed := v.typedIdentifier()
	p := continuePage(v, types, typed)
	id, problem, ok := v.parseIdentifier(typed, types)
	if !ok {
		wrong(p, fieldIdentifier, v.t(problem))
		return v.again(p)
	}
	if id.Type == guestlist.IdentifierUsername {
		if !guestlist.IsUsername(id.Value) {
			wrong(p, fieldIdentifier, v.username())
			return v.again(p)
		}
		if _, err := v.submit(signin.SetUsername{Username: id.Value}); err != nil {
			return v.refused(p, err)
		}
		return v.proceed(p)
	}
	if _, err := v.submit(signin.SendCode{Identifier: id}); err != nil {
		return v.refused(p, err)
	}
	if err := v.leave(note{Who: id, SentAt: guestlist.TimeOf(v.d.Now())}); err != nil {
		return err
	}
	return v.next(signin.PageContinue + "verification-code")
}

func (v *visit) continuePassword() error {
	p := continuePage(v, nil, "")
	password, ok := v.chosenPassword(p)
	if !ok {
		return v.again(p)
	}
	if _, err := v.submit(signin.SetPassword{Password: password}); err != nil {
		return v.refused(p, err)
	}
	return v.proceed(p)
}
