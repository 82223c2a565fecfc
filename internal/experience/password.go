package experience

import (
	"guestlist"
	"guestlist/internal/web"
)

// passwordField is the input of a password that the guest has.
func (v *visit) passwordField(focus bool) web.Field {
	f := web.Field{
		Name: fieldPassword, Type: "password", Label: v.t("field.password"), Autocomplete: "current-password",
		Focus: focus, Max: guestlist.DefaultPasswordMaxLength,
	}
	if len(v.recovery()) > 0 {
		f.Link = &web.Link{Text: v.t("action.forgot_password"), Href: v.link("/forgot-password")}
	}
	return f
}

// newPasswordFields are the inputs of a password that the guest chooses.
func (v *visit) newPasswordFields() []web.Field {
	return []web.Field{
		{
			Name: fieldNew, Type: "password", Label: v.t("field.new_password"), Autocomplete: "new-password",
			Focus: true, Rules: v.passwordRules(), Max: guestlist.DefaultPasswordMaxLength,
		},
		{
			Name: fieldConfirm, Type: "password", Label: v.t("field.confirm_password"), Autocomplete: "new-password",
			Max: guestlist.DefaultPasswordMaxLength,
		},
	}
}

// passwordRules writes the policy for people, before they fall over it.
func (v *visit) passwordRules() []string {
	r := v.exp.PasswordPolicy.Rules()
	rules := []string{v.t("rule.length", "min", r.MinLength)}
	if r.CharacterTypes > 1 {
		rules = append(rules, v.t("rule.types", "min", r.CharacterTypes))
	}
	if r.RepetitionAndSequence || r.UserInfo || r.Pwned || len(r.Words) > 0 {
		rules = append(rules, v.t("rule.easy"))
	}
	return rules
}

// chosenPassword reads the two inputs and marks what is wrong with them.
func (v *visit) chosenPassword(p *web.Page) (password string, ok bool) {
	password = v.form.Get(fieldNew)
	switch {
	case password == "":
		wrong(p, fieldNew, v.t("problem.required"))
	case v.form.Get(fieldConfirm) != password:
		wrong(p, fieldConfirm, v.t("problem.mismatch"))
	default:
		return password, true
	}
	return "", false
}

// recovery lists the identifiers by which a password can be recovered.
func (v *visit) recovery() []guestlist.IdentifierType {
	var types []guestlist.IdentifierType
	for _, m := range []struct {
		t       guestlist.IdentifierType
		method  string
		channel guestlist.Channel
	}{
		{guestlist.IdentifierEmail, "EmailVerificationCode", guestlist.ChannelEmail},
		{guestlist.IdentifierPhone, "PhoneVerificationCode", guestlist.ChannelSMS},
	} {
		if v.recoversBy(m.method) && v.canSend(m.channel) {
			types = append(types, m.t)
		}
	}
	return types
}

func (v *visit) recoversBy(method string) bool {
	methods := v.exp.ForgotPasswordMethods
	if methods == nil {
		return true
	}
	for _, m := range *methods {
		if m == method {
			return true
		}
	}
	return false
}

// canSend reports whether a channel has a sender. A look-up that fails counts
// as no: the page then offers one way less.
func (v *visit) canSend(c guestlist.Channel) bool {
	if v.d.Desk.HasConnector == nil {
		return true
	}
	ok, err := v.d.Desk.HasConnector(v.r.Context(), c)
	return err == nil && ok
}
