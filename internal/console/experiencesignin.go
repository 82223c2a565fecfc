package console

import (
	"slices"
	"strings"

	"guestlist"
	"guestlist/internal/console/ui"
)

func signInTab() tab {
	return tab{
		name: "sign-up-and-sign-in", below: "/sign-up-and-sign-in", shows: "sign-in",
		load: func(v *visit, s *settings) error {
			if err := loadWays(v, s); err != nil {
				return err
			}
			return loadWording(v, s)
		},
		form: signInForm, change: signInChange,
		fields: []string{
			"sign_in_experiences.passwordless_requires_verify", "signUp.verify",
			"sign_in_experiences.duplicated_sign_up_identifiers", "signUp.secondaryIdentifiers",
			"sign_in_experiences.missing_sign_up_identifiers", "signUp.identifiers",
			"sign_in_experiences.code_sign_in_must_be_enabled", "signIn.email",
			"sign_in_experiences.at_least_one_authentication_factor", "signIn.email",
			"sign_in_experiences.forgot_password_method_requires_connector", "forgotPasswordMethods",
			"sign_in_experiences.email_verification_code_cannot_be_used_for_sign_in", "signIn.email",
			"sign_in_experiences.phone_verification_code_cannot_be_used_for_sign_in", "signIn.phone",
		},
	}
}

func signInForm(v *visit, s *settings) *ui.Form {
	return &ui.Form{Sections: []ui.FormSection{
		signUpSection(v, s), methodSection(v, s), socialSection(v, s), forgottenSection(v, s), linkSection(v, s), advancedSection(v, s),
	}}
}

// signUpChoices are what new people can be known by, as lists of identifiers.
var signUpChoices = []string{"email", "phone", "username", "email phone", "none"}

func signUpSection(v *visit, s *settings) ui.FormSection {
	up := s.exp.SignUp
	now := joined(up.Identifiers)
	if now == "" {
		now = "none"
	}
	var also []string
	for _, x := range up.SecondaryIdentifiers {
		also = append(also, string(x.Identifier))
	}
	choices := []ui.Option{}
	for _, c := range signUpChoices {
		switch {
		case c == now, c == "username", c == "none", c == "email" && s.sends(guestlist.ConnectorEmail), c == "phone" && s.sends(guestlist.ConnectorSMS),
			c == "email phone" && s.sends(guestlist.ConnectorEmail) && s.sends(guestlist.ConnectorSMS):
			choices = append(choices, ui.Option{Value: c, Text: v.T("experience.signup.by." + strings.ReplaceAll(c, " ", "_"))})
		}
	}
	if !slices.Contains(signUpChoices, now) {
		choices = append(choices, ui.Option{Value: now, Text: now})
	}
	text := v.T("experience.signup.text")
	if !s.sends(guestlist.ConnectorEmail) {
		text += " " + v.T("experience.no_sender.text")
	}
	return ui.FormSection{Title: v.T("experience.signup.title"), Text: text, Fields: []ui.Field{
		{Kind: ui.KindSelect, Name: "signUp.identifiers", Label: v.T("experience.signup.identifiers"), Help: v.T("experience.signup.identifiers_help"),
			Value: now, Options: choices},
		{Kind: ui.KindOrder, Name: "signUp.secondaryIdentifiers", Label: v.T("experience.signup.also"), Help: v.T("experience.signup.also_help"),
			Values: also, Options: v.options("experience.identifier.", "email", "phone", "username", "emailOrPhone")},
		{Kind: ui.KindSwitch, Name: "signUp.password", Label: v.T("experience.signup.password"), Help: v.T("experience.signup.password_help"), On: up.Password},
		{Kind: ui.KindSwitch, Name: "signUp.verify", Label: v.T("experience.signup.verify"), Help: v.T("experience.signup.verify_help"), On: up.Verify},
		{Kind: ui.KindSelect, Name: "agreeToTermsPolicy", Label: v.T("experience.signup.terms"), Help: v.T("experience.signup.terms_help"),
			Value: s.exp.AgreeToTermsPolicy, Options: v.options("experience.terms.", "Automatic", "ManualRegistrationOnly", "Manual")},
	}}
}

func joined(list []guestlist.IdentifierType) string {
	var words []string
	for _, t := range list {
		words = append(words, string(t))
	}
	return strings.Join(words, " ")
}

// signInIdentifiers are what people can sign in by, in the order of the form.
var signInIdentifiers = []guestlist.IdentifierType{guestlist.IdentifierEmail, guestlist.IdentifierPhone, guestlist.IdentifierUsername}

// The ways to prove an identifier, as values of one choice.
const (
	proofOff           = "off"
	proofPassword      = "password"
	proofPasswordFirst = "password_code"
	proofCode          = "code"
	proofCodeFirst     = "code_password"
)

func proofOf(m guestlist.SignInMethod, ok bool) string {
	switch {
	case !ok || !m.Password && !m.VerificationCode:
		return proofOff
	case !m.VerificationCode:
		return proofPassword
	case !m.Password:
		return proofCode
	case m.IsPasswordPrimary:
		return proofPasswordFirst
	}
	return proofCodeFirst
}

func methodSection(v *visit, s *settings) ui.FormSection {
	sec := ui.FormSection{Title: v.T("experience.signin.title"), Text: v.T("experience.signin.text")}
	for _, t := range signInIdentifiers {
		now := proofOf(s.exp.SignIn.Method(t))
		kind := guestlist.ConnectorEmail
		if t == guestlist.IdentifierPhone {
			kind = guestlist.ConnectorSMS
		}
		f := ui.Field{Kind: ui.KindSelect, Name: "signIn." + string(t), Label: v.T("experience.identifier." + string(t)), Value: now}
		if t == guestlist.IdentifierEmail {
			f.API = "signIn"
		}
		for _, p := range []string{proofOff, proofPassword, proofPasswordFirst, proofCode, proofCodeFirst} {
			byCode := p != proofOff && p != proofPassword
			if byCode && (t == guestlist.IdentifierUsername || !s.sends(kind)) && p != now {
				continue
			}
			f.Options = append(f.Options, ui.Option{Value: p, Text: v.T("experience.proof." + p)})
		}
		sec.Fields = append(sec.Fields, f)
	}
	return sec
}

func socialSection(v *visit, s *settings) ui.FormSection {
	sec := ui.FormSection{Title: v.T("experience.social.title"), Text: v.T("experience.social.text")}
	var targets []ui.Option
	for _, w := range s.ways {
		if w.Type == guestlist.ConnectorSocial && !slices.ContainsFunc(targets, func(o ui.Option) bool { return o.Value == w.Target }) {
			targets = append(targets, ui.Option{Value: w.Target, Text: w.Name.In(v.lang)})
		}
	}
	if len(targets) == 0 {
		sec.Text = v.T("experience.social.none")
	} else {
		sec.Fields = []ui.Field{{
			Kind: ui.KindOrder, Name: "socialSignInConnectorTargets", Label: v.T("experience.social.targets"), Help: v.T("experience.social.targets_help"),
			Values: s.exp.SocialSignInConnectorTargets, Options: targets,
		}}
	}
	sec.Fields = append(sec.Fields,
		ui.Field{Kind: ui.KindSwitch, Name: "socialSignIn.automaticAccountLinking", Label: v.T("experience.social.linking"),
			Help: v.T("experience.social.linking_help"), On: orZero(s.exp.SocialSignIn.AutomaticAccountLinking, false)},
		ui.Field{Kind: ui.KindSwitch, Name: "socialSignIn.skipRequiredIdentifiers", Label: v.T("experience.social.skip"),
			Help: v.T("experience.social.skip_help"), On: orZero(s.exp.SocialSignIn.SkipRequiredIdentifiers, false)},
		ui.Field{Kind: ui.KindSwitch, Name: "singleSignOnEnabled", Label: v.T("experience.social.sso"), Help: v.T("experience.social.sso_help"),
			On: s.exp.SingleSignOnEnabled},
	)
	return sec
}

// recoveries are the ways to a new password, with what they need.
var recoveries = []struct {
	method string
	by     guestlist.ConnectorType
}{{"EmailVerificationCode", guestlist.ConnectorEmail}, {"PhoneVerificationCode", guestlist.ConnectorSMS}}

// recovery is what is chosen; absent means whatever can be sent.
func recovery(s *settings) []string {
	if s.exp.ForgotPasswordMethods != nil {
		return *s.exp.ForgotPasswordMethods
	}
	out := []string{}
	for _, r := range recoveries {
		if s.sends(r.by) {
			out = append(out, r.method)
		}
	}
	return out
}

func forgottenSection(v *visit, s *settings) ui.FormSection {
	f := ui.Field{Kind: ui.KindChecks, Name: "forgotPasswordMethods", Label: v.T("experience.forgotten.methods"), Values: recovery(s)}
	for _, r := range recoveries {
		o := ui.Option{Value: r.method, Text: v.T("experience.forgotten." + r.method)}
		if !s.sends(r.by) {
			o.Help = v.T("experience.no_sender." + string(r.by))
		}
		f.Options = append(f.Options, o)
	}
	return ui.FormSection{Title: v.T("experience.forgotten.title"), Text: v.T("experience.forgotten.text"), Fields: []ui.Field{f}}
}

func linkSection(v *visit, s *settings) ui.FormSection {
	now := s.exp.OneTimeTokenConfirmation
	if now == "" {
		now = guestlist.ConfirmWhenNothingElseIsAsked
	}
	return ui.FormSection{Title: v.T("experience.link.title"), Text: v.T("experience.link.text"), Fields: []ui.Field{
		{Kind: ui.KindRadio, Name: "oneTimeTokenConfirmation", Label: v.T("experience.link.confirm"), Value: now, Options: []ui.Option{
			{Value: guestlist.ConfirmWhenNothingElseIsAsked, Text: v.T("experience.link.when"), Help: v.T("experience.link.when_help")},
			{Value: guestlist.ConfirmAlways, Text: v.T("experience.link.always")},
			{Value: guestlist.ConfirmNever, Text: v.T("experience.link.never"), Help: v.T("experience.link.never_help")},
		}},
		{Kind: ui.KindSwitch, Name: "hideOneTimeTokens", Label: v.T("experience.link.hide"), Help: v.T("experience.link.hide_help"), On: s.exp.HideOneTimeTokens},
	}}
}

func advancedSection(v *visit, s *settings) ui.FormSection {
	return ui.FormSection{Title: v.T("experience.advanced.title"), Fields: []ui.Field{
		{Kind: ui.KindSwitch, Name: "registration", API: "signInMode", Label: v.T("experience.advanced.registration"),
			Help: v.T("experience.advanced.registration_help"), On: s.exp.SignInMode != guestlist.ModeSignIn},
		policyField(v, s),
		{Name: "unknownSessionRedirectUrl", Label: v.T("experience.advanced.unknown"), Help: v.T("experience.advanced.unknown_help"),
			Value: orZero(s.exp.UnknownSessionRedirectURL, ""), Type: "url", Max: 2048, Optional: true, Placeholder: "https://"},
	}}
}

// policyField says in full how new people come in. The switch over it says the
// same in short.
func policyField(v *visit, s *settings) ui.Field {
	f := ui.Field{
		Kind: ui.KindRadio, Name: "registrationPolicy", Label: v.T("waitlist.policy_label"), Help: v.T("waitlist.policy_text"), Value: string(s.exp.Policy()),
	}
	for _, p := range guestlist.RegistrationPolicies() {
		f.Options = append(f.Options, ui.Option{
			Value: string(p), Text: v.T("waitlist.policy." + string(p)), Help: v.T("waitlist.policy_help." + string(p)),
		})
	}
	return f
}

// typedDoor adds to a change what became of the door: the policy if another one
// was chosen, and else what the switch says. What neither of them changed is not
// sent.
func (v *visit) typedDoor(exp guestlist.SignInExperience, change map[string]any) {
	was, chosen := exp.Policy(), guestlist.RegistrationPolicy(v.form.Get("registrationPolicy"))
	open, switched := v.on("registration"), v.on("registration") != (was == guestlist.PolicyOpen)
	switch {
	case switched && open:
		change["signInMode"] = guestlist.ModeSignInAndRegister
	case switched && (chosen == guestlist.PolicyOpen || chosen == ""):
		change["signInMode"] = guestlist.ModeSignIn
	case chosen != "" && chosen != was:
		change["registrationPolicy"] = chosen
	}
}

func signInChange(v *visit, s *settings, _ *ui.Form) map[string]any {
	change := map[string]any{
		"signUp": v.typedSignUp(s.exp.SignUp), "signIn": v.typedMethods(s.exp.SignIn),
		"agreeToTermsPolicy": v.form.Get("agreeToTermsPolicy"), "singleSignOnEnabled": v.on("singleSignOnEnabled"),
		"hideOneTimeTokens": v.on("hideOneTimeTokens"), "unknownSessionRedirectUrl": v.word("unknownSessionRedirectUrl"),
		"socialSignIn": guestlist.SocialSignInSettings{
			AutomaticAccountLinking: kept(s.exp.SocialSignIn.AutomaticAccountLinking, v.on("socialSignIn.automaticAccountLinking")),
			SkipRequiredIdentifiers: kept(s.exp.SocialSignIn.SkipRequiredIdentifiers, v.on("socialSignIn.skipRequiredIdentifiers")),
		},
	}
	v.typedDoor(s.exp, change)
	if v.form.Has("socialSignInConnectorTargets.all") {
		change["socialSignInConnectorTargets"] = ui.OrderOf(v.form, "socialSignInConnectorTargets")
	}
	if methods := ui.ListOf(v.form, "forgotPasswordMethods"); !slices.Equal(methods, recovery(s)) {
		change["forgotPasswordMethods"] = methods
	}
	confirm := v.form.Get("oneTimeTokenConfirmation")
	if s.exp.OneTimeTokenConfirmation != "" || confirm != guestlist.ConfirmWhenNothingElseIsAsked {
		change["oneTimeTokenConfirmation"] = confirm
	}
	if !s.exp.HideOneTimeTokens && !v.on("hideOneTimeTokens") {
		delete(change, "hideOneTimeTokens")
	}
	return change
}

// kept is the value of a switch that stays absent until somebody turns it.
func kept(was *bool, now bool) *bool {
	if was == nil && !now {
		return nil
	}
	return &now
}

func (v *visit) typedSignUp(was guestlist.SignUpSettings) guestlist.SignUpSettings {
	up := guestlist.SignUpSettings{Identifiers: []guestlist.IdentifierType{}, Password: v.on("signUp.password"), Verify: v.on("signUp.verify")}
	for id := range strings.FieldsSeq(v.form.Get("signUp.identifiers")) {
		if id != "none" {
			up.Identifiers = append(up.Identifiers, guestlist.IdentifierType(id))
		}
	}
	for _, id := range ui.OrderOf(v.form, "signUp.secondaryIdentifiers") {
		x := guestlist.SignUpIdentifier{Identifier: guestlist.IdentifierType(id)}
		if i := slices.IndexFunc(was.SecondaryIdentifiers, func(y guestlist.SignUpIdentifier) bool { return y.Identifier == x.Identifier }); i >= 0 {
			x.Verify = was.SecondaryIdentifiers[i].Verify
		} else if x.Identifier != guestlist.IdentifierUsername {
			x.Verify = toPtr(true)
		}
		up.SecondaryIdentifiers = append(up.SecondaryIdentifiers, x)
	}
	return up
}

// typedMethods keeps the order that methods have; new ones come last.
func (v *visit) typedMethods(was guestlist.SignInSettings) guestlist.SignInSettings {
	out := guestlist.SignInSettings{Methods: []guestlist.SignInMethod{}}
	order := []guestlist.IdentifierType{}
	for _, m := range was.Methods {
		order = append(order, m.Identifier)
	}
	for _, t := range signInIdentifiers {
		if !slices.Contains(order, t) {
			order = append(order, t)
		}
	}
	for _, t := range order {
		proof := v.form.Get("signIn." + string(t))
		m, ok := was.Method(t)
		if proof == proofOff || proof == "" {
			continue
		}
		if !ok || proof != proofOf(m, ok) {
			m = guestlist.SignInMethod{
				Identifier: t, Password: strings.Contains(proof, proofPassword), VerificationCode: strings.Contains(proof, proofCode),
				IsPasswordPrimary: strings.HasPrefix(proof, proofPassword),
			}
		}
		out.Methods = append(out.Methods, m)
	}
	return out
}
