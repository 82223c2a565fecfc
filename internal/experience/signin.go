package experience

import (
	"net/http"

	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/web"
)

// signInTypes are the identifiers that the page takes.
func (v *visit) signInTypes() []guestlist.IdentifierType {
	var types []guestlist.IdentifierType
	for _, m := range v.exp.SignIn.Methods {
		if m.Password || m.VerificationCode {
			types = append(types, m.Identifier)
		}
	}
	return v.allowed(types)
}

// onlyPasswords reports whether every identifier is proved by a password, so
// that one form asks for both.
func (v *visit) onlyPasswords(types []guestlist.IdentifierType) bool {
	for _, t := range types {
		if m, _ := v.exp.SignIn.Method(t); m.VerificationCode {
			return false
		}
	}
	return true
}

// registers reports whether an address that nobody has may become an account.
func (v *visit) registers() bool {
	return v.exp.SignInMode == guestlist.ModeSignInAndRegister && len(v.exp.SignUp.Identifiers) > 0
}

// getSignIn leads to where the guest is right, if that is not here: a link's token
// is never dropped, and where nobody signs in people register.
func getSignIn(v *visit) error {
	switch {
	case v.exp.SignInMode == guestlist.ModeRegister:
		return v.withQuery(signin.PageRegister)
	case v.query.Get("one_time_token") != "":
		return v.withQuery(signin.PageOneTimeToken)
	}
	providers, err := v.providers()
	if err != nil {
		return err
	}
	p := signInPage(v, v.hint(), providers)
	if p.Alert, err = v.notice(); err != nil {
		return err
	}
	return v.show(p)
}

func signInPage(v *visit, who string, providers []web.Provider) *web.Page {
	types := v.signInTypes()
	p := &web.Page{
		Name: "sign-in", Title: v.t("sign_in.title"), Lead: v.toApp("sign_in.lead"),
		Form: &web.Form{Action: v.link(v.r.URL.Path), Providers: providers},
	}
	switch {
	case len(types) == 0: // whoever signs in does so elsewhere
	case v.onlyPasswords(types):
		p.Form.Fields = []web.Field{v.identifierField(types, who, "username"), v.passwordField(who != "")}
		p.Form.Submit = v.t("action.sign_in")
		if v.exp.SingleSignOnEnabled {
			p.Form.Elsewhere = v.t("action.continue")
		}
	default:
		p.Form.Fields = []web.Field{v.identifierField(types, who, "username")}
		p.Form.Fields[0].Focus = true
		p.Form.Submit = v.t("action.continue")
	}
	if v.exp.SingleSignOnEnabled {
		p.Actions = append(p.Actions, web.Action{Text: v.t("sso.use"), Href: v.link(pageSingleSignOn)})
	}
	if v.registers() || v.exp.SignInMode == guestlist.ModeSignInAndRegister && len(providers) > 0 {
		p.Actions = append(p.Actions, web.Action{
			Before: v.t("action.no_account"), Text: v.t("action.create_account"), Href: v.link(signin.PageRegister),
		})
	}
	if v.exp.Policy().TakesRequests() {
		p.Actions = append(p.Actions, web.Action{
			Before: v.t("action.no_account"), Text: v.t("waitlist.action_" + string(v.exp.Policy())), Href: v.link(signin.PageWaitlist),
		})
	}
	v.terms(p, false)
	return p
}

func postSignIn(v *visit) error {
	if v.exp.SignInMode == guestlist.ModeRegister {
		return v.withQuery(signin.PageRegister)
	}
	providers, err := v.providers()
	if err != nil {
		return err
	}
	typed, types := v.typedIdentifier(), v.signInTypes()
	p := signInPage(v, typed, providers)
	switch {
	case v.pressed() != "":
		return v.toProvider(p)
	case len(types) == 0:
		return v.again(p)
	}
	id, problem, ok := v.parseIdentifier(typed, types)
	if !ok {
		wrong(p, fieldIdentifier, v.t(problem))
	}
	if ok = v.agreed(p) && ok; ok {
		if led, err := v.enterprise(p, id); led || err != nil {
			return err
		}
	}
	together := v.onlyPasswords(types)
	if together && v.form.Get(fieldPassword) == "" {
		ok = !wrong(p, fieldPassword, v.t("problem.required")) && ok
	}
	if !ok {
		return v.again(p)
	}
	if together {
		return v.byPassword(p, id)
	}
	m, _ := v.exp.SignIn.Method(id.Type)
	if m.Password && (m.IsPasswordPrimary || !m.VerificationCode) {
		if err := v.leave(note{Who: id}); err != nil {
			return err
		}
		return v.next(pageSignInPassword)
	}
	return v.sendCode(p, guestlist.EventSignIn, id)
}

// byPassword identifies the guest by a password, and goes on.
func (v *visit) byPassword(p *web.Page, id guestlist.Identifier) error {
	_, err := v.submit(
		v.begins(guestlist.EventSignIn),
		signin.VerifyPassword{Identifier: id, Password: v.form.Get(fieldPassword)},
		signin.Identify{Latest: true},
	)
	if err != nil {
		return v.refused(p, err)
	}
	return v.proceed(p)
}

func getSignInPassword(v *visit) error {
	if v.still {
		v.note.Who = v.sampleGuest(v.signInTypes())
	}
	if v.note.Who.Value == "" {
		return v.next(signin.PageSignIn)
	}
	return v.show(signInPasswordPage(v))
}

func signInPasswordPage(v *visit) *web.Page {
	who := v.note.Who
	p := &web.Page{
		Name: "sign-in-password", Title: v.t("sign_in.password_title"), Lead: v.sentence("sign_in.password_lead", "name", name(who)),
		Form: &web.Form{
			Action: v.link(pageSignInPassword), Fields: []web.Field{v.passwordField(true)},
			Submit: v.t("action.sign_in"), Value: "password",
		},
	}
	if m, _ := v.exp.SignIn.Method(who.Type); m.VerificationCode && v.asksCaptcha() { // the code needs the answer too
		p.Form.Second = &web.Choice{Text: v.t("action.use_code"), Value: "code"}
	} else if m.VerificationCode {
		p.Actions = append(p.Actions, web.Action{Text: v.t("action.use_code"), Href: v.link(pageSignInPassword), Post: true, Value: "code"})
	}
	p.Actions = append(p.Actions, v.change(who.Type, signin.PageSignIn))
	return p
}

// change is the way back to naming oneself differently.
func (v *visit) change(t guestlist.IdentifierType, page string) web.Action {
	return web.Action{Text: v.t("action.change_" + string(t)), Href: v.link(page)}
}

func postSignInPassword(v *visit) error {
	who := v.note.Who
	if who.Value == "" {
		return v.next(signin.PageSignIn)
	}
	p := signInPasswordPage(v)
	if v.form.Get("submit") == "code" {
		return v.sendCode(p, guestlist.EventSignIn, who)
	}
	if v.form.Get(fieldPassword) == "" {
		wrong(p, fieldPassword, v.t("problem.required"))
		return v.again(p)
	}
	return v.byPassword(p, who)
}

// proceed goes on as far as the state allows: it says that a new guest is new,
// finishes, or sends the browser to the page that asks for what is missing.
// p is the page to come back to.
func (v *visit) proceed(p *web.Page) error {
	step, err := v.finish()
	if err != nil {
		return v.refused(p, err)
	}
	return v.finished(step)
}

func (v *visit) finish() (signin.Step, error) {
	run, err := v.d.Desk.Load(v.r.Context(), v.uid)
	if err != nil {
		return signin.Step{}, err
	}
	if run.UserID == "" {
		if _, err := v.submit(signin.Identify{VerificationID: proofOf(run)}); err != nil {
			return signin.Step{}, err
		}
	}
	return v.submit(signin.Finish{})
}

// proofOf is the verification that a new account is made from: the one that it
// was begun with, or else that of a link before that of a code.
func proofOf(run *signin.Interaction) string {
	if run.ProvedBy != "" {
		return run.ProvedBy
	}
	id := ""
	for _, r := range run.Records {
		if r.Verified && (id == "" || r.Type == signin.RecordOneTimeToken) {
			id = r.ID
		}
	}
	return id
}

// finished sends the browser on when the interaction is over.
func (v *visit) finished(step signin.Step) error {
	if step.RedirectTo == "" { // a password was recovered: now it is used
		if err := v.leave(note{Say: "sign_in.reset_done"}); err != nil {
			return err
		}
		return v.next(signin.PageSignIn)
	}
	return v.redirect(http.StatusSeeOther, step.RedirectTo)
}
