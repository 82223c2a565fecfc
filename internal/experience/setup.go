package experience

import (
	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/web"
)

const (
	paramSetup = "token"
	houseName  = "Guestlist"
)

// getSetup asks the first administrator for a name and a password.
func getSetup(v *visit) error {
	token := v.query.Get(paramSetup)
	if err := v.d.Desk.OpenSetup(v.r.Context(), token); err != nil {
		return v.setupRefused(err)
	}
	return v.show(setupPage(v, token, ""))
}

func (v *visit) setupRefused(err error) error {
	if guestlist.CodeOf(err) != guestlist.CodeOf(signin.ErrSetup) {
		return err
	}
	return v.showAs(web.Status(err), &web.Page{
		Name: "setup-error", Badge: web.BadgeShut, Title: v.t("token.error_title"), Lead: web.Plain(v.t("setup.error_lead")),
	})
}

// setupTypes are the names that an administrator may choose.
func setupTypes() []guestlist.IdentifierType {
	return []guestlist.IdentifierType{guestlist.IdentifierUsername, guestlist.IdentifierEmail}
}

func setupPage(v *visit, token, who string) *web.Page {
	f := v.identifierField(setupTypes(), who, "username")
	f.Focus = true
	v.look.Product, v.look.Signature = houseName, false
	return &web.Page{
		Name: "setup", Badge: web.BadgeKey, Title: v.t("setup.title"), Lead: web.Plain(v.t("setup.lead")),
		Form: &web.Form{
			Action: pageSetup, Hidden: []web.Hidden{{Name: paramSetup, Value: token}},
			Fields: append([]web.Field{f}, v.newPasswordFields()...), Submit: v.t("setup.submit"),
		},
	}
}

func postSetup(v *visit) error {
	token, typed := v.form.Get(paramSetup), v.typedIdentifier()
	p := setupPage(v, token, typed)
	id, problem, ok := v.parseIdentifier(typed, setupTypes())
	if !ok {
		wrong(p, fieldIdentifier, v.t(problem))
	} else if id.Type == guestlist.IdentifierUsername && !guestlist.IsUsername(id.Value) {
		ok = !wrong(p, fieldIdentifier, v.username())
	}
	password, chosen := v.chosenPassword(p)
	if !ok || !chosen {
		return v.again(p)
	}
	who := signin.Administrator{Password: password}
	if id.Type == guestlist.IdentifierEmail {
		who.Email = id.Value
	} else {
		who.Username = id.Value
	}
	_, err := v.d.Desk.RedeemSetup(v.r.Context(), token, who, v.caller())
	switch {
	case guestlist.CodeOf(err) == guestlist.CodeOf(signin.ErrSetup):
		return v.setupRefused(err)
	case err != nil:
		return v.refused(p, err)
	}
	return v.next(pageSetupDone)
}

// pageConsole is where the administrator goes on.
const pageConsole = "/console"

func getSetupDone(v *visit) error {
	v.look.Product, v.look.Signature = houseName, false
	return v.show(&web.Page{
		Name: "setup-done", Badge: web.BadgeDone, Title: v.t("setup.done_title"), Lead: web.Plain(v.t("setup.done_lead")),
		Actions: []web.Action{{Text: v.t("setup.done_open"), Href: pageConsole, Button: true}},
	})
}
