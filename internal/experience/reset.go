package experience

import (
	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/web"
)

func getReset(v *visit) error {
	if v.query.Get("one_time_token") != "" {
		return v.withQuery(signin.PageOneTimeToken)
	}
	if len(v.recovery()) == 0 {
		return v.next(signin.PageSignIn) // in a preview too: guests do not see this page
	}
	return v.show(resetPage(v, v.hint()))
}

func resetPage(v *visit, who string) *web.Page {
	f := v.identifierField(v.allowed(v.recovery()), who, "username")
	f.Focus = true
	return &web.Page{
		Name: "reset-password", Title: v.t("reset.title"), Lead: web.Plain(v.t("reset.lead")),
		Form:    &web.Form{Action: v.link(v.r.URL.Path), Fields: []web.Field{f}, Submit: v.t("action.send_code")},
		Actions: []web.Action{{Text: v.t("action.back_to_sign_in"), Href: v.link(signin.PageSignIn)}},
	}
}

func postReset(v *visit) error {
	if len(v.recovery()) == 0 {
		return v.next(signin.PageSignIn)
	}
	typed := v.typedIdentifier()
	p := resetPage(v, typed)
	id, problem, ok := v.parseIdentifier(typed, v.allowed(v.recovery()))
	if !ok {
		wrong(p, fieldIdentifier, v.t(problem))
		return v.again(p)
	}
	return v.sendCode(p, guestlist.EventForgotPassword, id)
}

func getNewPassword(v *visit) error {
	if !v.mayChoose() {
		return v.next(signin.PageForgotPassword)
	}
	return v.show(newPasswordPage(v))
}

// mayChoose reports whether the guest proved who they are.
func (v *visit) mayChoose() bool {
	return v.still || v.run != nil && v.run.Event == guestlist.EventForgotPassword && v.run.UserID != ""
}

func newPasswordPage(v *visit) *web.Page {
	return &web.Page{
		Name: "new-password", Badge: web.BadgeKey, Title: v.t("reset.new_title"), Lead: web.Plain(v.t("reset.new_lead")),
		Form: &web.Form{Action: v.link(signin.PageNewPassword), Fields: v.newPasswordFields(), Submit: v.t("action.save_password")},
	}
}

func postNewPassword(v *visit) error {
	if !v.mayChoose() {
		return v.next(signin.PageForgotPassword)
	}
	p := newPasswordPage(v)
	password, ok := v.chosenPassword(p)
	if !ok {
		return v.again(p)
	}
	step, err := v.submit(signin.SetNewPassword{Password: password}, signin.Finish{})
	if err != nil {
		return v.refused(p, err)
	}
	return v.finished(step)
}
