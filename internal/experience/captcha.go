package experience

import (
	"net/url"

	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/web"
)

// The pages whose form begins anew, so that the captcha stands there. A link
// and outside providers need none.
var captchaPages = map[string]bool{"sign-in": true, "sign-in-password": true, "register": true, "reset-password": true}

// The inputs in which the providers' scripts leave the answer.
const (
	answerTurnstile = "cf-turnstile-response"
	answerHCaptcha  = "h-captcha-response"
	answerRecaptcha = "g-recaptcha-response"
)

// addCaptcha puts the captcha on a page, if one is asked there.
func (v *visit) addCaptcha(p *web.Page) error {
	if p.Form == nil || len(p.Form.Fields) == 0 || !captchaPages[p.Name] || p.Name == "sign-in" && !v.beginsHere() {
		return nil
	}
	c, asked, err := v.d.Desk.PublicCaptcha(v.r.Context())
	if err != nil || !asked {
		return err
	}
	if c != nil {
		p.Captcha = v.captcha(*c)
	}
	switch {
	case p.Alert != nil:
	case p.Captcha == nil: // nobody can pass; the operator has to mend it
		p.Alert = &web.Alert{Text: v.look.Phrases.T(v.look.Lang, "errors.session.captcha_unavailable", nil)}
	case v.note.Say == sayCaptcha:
		if p.Alert, err = v.notice(); err != nil {
			return err
		}
		p.Alert.Good = false
	}
	return nil
}

// asksCaptcha reports whether guests have to show that they are no machines.
func (v *visit) asksCaptcha() bool {
	on := v.exp.CaptchaPolicy.Enabled
	return on != nil && *on
}

// sayCaptcha is the notice for a guest who comes back for the captcha.
const sayCaptcha = "captcha.again"

// beginsHere reports whether the sign-in page leads straight to a proof, and not
// always to the page of the password, which asks by itself.
func (v *visit) beginsHere() bool {
	types := v.signInTypes()
	if v.onlyPasswords(types) {
		return true
	}
	for _, t := range types {
		if m, _ := v.exp.SignIn.Method(t); m.VerificationCode && (!m.Password || !m.IsPasswordPrimary) {
			return true
		}
	}
	return false
}

// captcha draws the puzzle of a provider, with what its documents ask of a
// content security policy.
func (v *visit) captcha(c guestlist.PublicCaptcha) *web.Captcha {
	w := &web.Captcha{SiteKey: c.SiteKey, Language: v.look.Lang, Label: v.t("captcha.label"), NoScript: v.t("captcha.no_script")}
	if mode := v.look.Theme.Mode(); mode == "light" || mode == "dark" {
		w.Theme = mode
	}
	host := ""
	switch c.Type {
	case guestlist.CaptchaTurnstile:
		host = "challenges.cloudflare.com"
		w.Script, w.Class, w.Global = "https://"+host+"/turnstile/v0/api.js", "cf-turnstile", "turnstile"
		w.Scripts, w.Frames = []string{"https://" + host}, []string{"https://" + host}
	case guestlist.CaptchaHCaptcha:
		host = "hcaptcha.com"
		w.Script, w.Class, w.Global = "https://js.hcaptcha.com/1/api.js?recaptchacompat=off&hl="+url.QueryEscape(v.look.Lang), "h-captcha", "hcaptcha"
		all := []string{"https://hcaptcha.com", "https://*.hcaptcha.com"}
		w.Scripts, w.Frames, w.Styles, w.Connects = all, all, all, all
	case guestlist.CaptchaRecaptchaEnterprise:
		host = recaptcha(w, c, v.look.Lang)
	}
	w.NotLoaded = v.t("captcha.not_loaded", "host", host)
	return w
}

// recaptcha fills in reCAPTCHA Enterprise and returns its host.
func recaptcha(w *web.Captcha, c guestlist.PublicCaptcha, lang string) string {
	host := "www.google.com"
	if c.Domain != "" { // www.recaptcha.net, where the usual one cannot be reached
		host = c.Domain
	}
	q := url.Values{"hl": {lang}}
	if c.Mode == "checkbox" {
		w.Class = "g-recaptcha"
	} else {
		w.Execute = answerRecaptcha
		q.Set("render", c.SiteKey)
	}
	w.Script, w.Global = "https://"+host+"/recaptcha/enterprise.js?"+q.Encode(), "grecaptcha"
	w.Scripts = []string{"https://" + host + "/recaptcha/", "https://www.gstatic.com/recaptcha/"}
	w.Frames = []string{"https://" + host + "/recaptcha/"}
	w.Connects = w.Frames
	return host
}

// begins begins an interaction with the answer to the captcha that the form
// brought, if it did. Of several the filled one counts.
func (v *visit) begins(event guestlist.InteractionEvent) signin.SetEvent {
	begin := signin.SetEvent{Event: event}
	for _, name := range []string{answerTurnstile, answerHCaptcha, answerRecaptcha} {
		if begin.Captcha == "" {
			begin.Captcha = v.form.Get(name)
		}
	}
	return begin
}

// toCaptcha leads to the page that has the captcha, from one that has none.
func (v *visit) toCaptcha() error {
	if err := v.leave(note{Say: sayCaptcha}); err != nil {
		return err
	}
	switch v.run.Event {
	case guestlist.EventRegister:
		return v.next(signin.PageRegister)
	case guestlist.EventForgotPassword:
		return v.next(signin.PageForgotPassword)
	default:
		return v.next(signin.PageSignIn)
	}
}
