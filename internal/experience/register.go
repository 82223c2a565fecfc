package experience

import (
	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/web"
)

// registerTypes are the identifiers that a new account may begin with.
func (v *visit) registerTypes() []guestlist.IdentifierType {
	return v.allowed(v.exp.SignUp.Identifiers)
}

func getRegister(v *visit) error {
	if v.exp.SignInMode == guestlist.ModeSignIn {
		return v.leaveRegistration()
	}
	providers, err := v.providers()
	if err != nil {
		return err
	}
	if len(v.exp.SignUp.Identifiers)+len(providers) == 0 && v.exp.SignInMode != guestlist.ModeRegister {
		return v.withQuery(signin.PageSignIn)
	}
	if v.query.Get("one_time_token") != "" {
		return v.withQuery(signin.PageOneTimeToken)
	}
	p := registerPage(v, v.hint(), providers)
	if p.Alert, err = v.notice(); err != nil {
		return err
	}
	return v.show(p)
}

// leaveRegistration leads away from the pages of registration while the door is
// closed: to the sign-in page with all that was in the query; or, where people may
// ask to come in, to where they do, unless they come with a link that lets them
// in.
func (v *visit) leaveRegistration() error {
	carries := v.query.Get("one_time_token") != "" || v.run != nil && v.run.OneTimeToken != ""
	if v.exp.Policy().TakesRequests() && !carries {
		return v.next(signin.PageWaitlist)
	}
	return v.withQuery(signin.PageSignIn)
}

func registerPage(v *visit, who string, providers []web.Provider) *web.Page {
	types := v.registerTypes()
	p := &web.Page{
		Name: "register", Title: v.t("register.title"), Lead: v.toApp("register.lead"),
		Form: &web.Form{Action: v.link(v.r.URL.Path), Providers: providers},
	}
	if len(types) > 0 {
		f := v.identifierField(types, who, registerAutocomplete(types))
		f.Focus = true
		if len(types) == 1 && types[0] == guestlist.IdentifierUsername {
			f.Hint = v.usernameHint()
		}
		p.Form.Fields, p.Form.Submit = []web.Field{f}, v.t("action.create_account")
	}
	if v.exp.SignInMode == guestlist.ModeSignInAndRegister {
		p.Actions = []web.Action{{Before: v.t("action.have_account"), Text: v.t("action.sign_in"), Href: v.link(signin.PageSignIn)}}
	}
	v.terms(p, true)
	return p
}

func registerAutocomplete(types []guestlist.IdentifierType) string {
	if len(types) == 1 {
		switch types[0] {
		case guestlist.IdentifierEmail:
			return "email"
		case guestlist.IdentifierPhone:
			return "tel"
		default:
		}
	}
	return "username"
}

func postRegister(v *visit) error {
	if v.exp.SignInMode == guestlist.ModeSignIn {
		return v.leaveRegistration()
	}
	providers, err := v.providers()
	if err != nil {
		return err
	}
	typed := v.typedIdentifier()
	p := registerPage(v, typed, providers)
	switch {
	case v.pressed() != "":
		return v.toProvider(p)
	case len(v.registerTypes()) == 0:
		return v.again(p)
	}
	id, problem, ok := v.parseIdentifier(typed, v.registerTypes())
	if ok && id.Type == guestlist.IdentifierUsername && !guestlist.IsUsername(id.Value) {
		ok = !wrong(p, fieldIdentifier, v.username())
	} else if !ok {
		wrong(p, fieldIdentifier, v.t(problem))
	}
	if ok = v.agreed(p) && ok; !ok {
		return v.again(p)
	}
	if led, err := v.enterprise(p, id); led || err != nil {
		return err
	}
	if id.Type != guestlist.IdentifierUsername {
		return v.sendCode(p, guestlist.EventRegister, id)
	}
	if _, err := v.submit(v.begins(guestlist.EventRegister), signin.SetUsername{Username: id.Value}); err != nil {
		return v.refused(p, err)
	}
	if err := v.leave(note{Who: id}); err != nil {
		return err
	}
	if v.exp.SignUp.Password {
		return v.next(pageRegisterPassword)
	}
	return v.proceed(p)
}

// username says what a username may look like.
func (v *visit) username() string {
	return v.look.Phrases.T(v.look.Lang, "errors.user.username_invalid", nil)
}

func getRegisterPassword(v *visit) error {
	if v.run == nil || v.run.Event != guestlist.EventRegister || v.run.Profile.Username == "" {
		return v.next(signin.PageRegister)
	}
	return v.show(registerPasswordPage(v))
}

func registerPasswordPage(v *visit) *web.Page {
	return &web.Page{
		Name: "register-password", Badge: web.BadgeKey, Title: v.t("register.password_title"),
		Lead: v.sentence("register.password_lead", "name", v.run.Profile.Username),
		Form: &web.Form{
			Action: v.link(pageRegisterPassword), Fields: v.newPasswordFields(), Submit: v.t("action.create_account"),
		},
		Actions: []web.Action{v.change(guestlist.IdentifierUsername, signin.PageRegister)},
	}
}

func postRegisterPassword(v *visit) error {
	if v.run == nil || v.run.Event != guestlist.EventRegister || v.run.Profile.Username == "" {
		return v.next(signin.PageRegister)
	}
	p := registerPasswordPage(v)
	password, ok := v.chosenPassword(p)
	if !ok {
		return v.again(p)
	}
	if _, err := v.submit(signin.SetPassword{Password: password}); err != nil {
		return v.refused(p, err)
	}
	return v.proceed(p)
}
