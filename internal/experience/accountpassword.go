package experience

import (
	"guestlist/internal/signin"
	"guestlist/internal/web"
)

const fieldOthers = "signOutOthers"

func getAccountPassword(v *visit) error { return v.own(accountPasswordPage(v)) }

func accountPasswordPage(v *visit) *web.Page {
	title := "account.password.set"
	if v.acct.User.HasPassword {
		title = "account.password.change"
	}
	others := "true"
	if v.form != nil {
		others = v.form.Get(fieldOthers)
	}
	return &web.Page{
		Name: "account-password", Badge: web.BadgeKey, Title: v.t(title), Lead: web.Plain(v.t("account.password.lead")),
		Form: &web.Form{
			Action: v.link(pageAccountPassword), Submit: v.t("action.save_password"),
			Fields: append(v.newPasswordFields(), web.Field{
				Name: fieldOthers, Type: "checkbox", Label: v.t("account.password.others"), Hint: v.t("account.password.others_hint"),
				Value: others, Optional: true,
			}),
		},
	}
}

func postAccountPassword(v *visit) error {
	p := accountPasswordPage(v)
	password, ok := v.chosenPassword(p)
	if !ok {
		return v.again(v.withBack(p))
	}
	keep := v.form.Get(fieldOthers) != "true"
	if err := v.changeOwn(signin.ChangePassword{Password: password, KeepOthers: keep}); err != nil {
		return v.turnedDown(p, err)
	}
	if keep {
		return v.done(PathAccount, "account.password.done")
	}
	return v.done(PathAccount, "account.password.done_others")
}
