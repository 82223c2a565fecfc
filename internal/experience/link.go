package experience

import (
	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/web"
)

// The other answer on the page that asks whether to link.
const valueCreate = "create"

// recognisedBy returns the provider of the path and its verified answer; ok is
// false if there is none in the interaction.
func (v *visit) recognisedBy() (face signin.ConnectorFace, record string, ok bool, err error) {
	if v.run == nil {
		return face, "", false, nil
	}
	face, err = v.d.Desk.Face(v.r.Context(), guestlist.ConnectorID(v.r.PathValue("connector")))
	if guestlist.KindOf(err) == guestlist.KindNotFound {
		return face, "", false, nil
	}
	record = v.verified(face.ID)
	return face, record, record != "", err
}

// getLink asks whether the identity that a provider recognised belongs to the
// account that has its address.
func getLink(v *visit) error {
	face, _, ok, err := v.recognisedBy()
	switch {
	case err != nil:
		return err
	case !ok || v.note.Related.Value == "":
		return v.next(signin.PageSignIn)
	}
	return v.show(linkPage(v, face))
}

func linkPage(v *visit, face signin.ConnectorFace) *web.Page {
	provider := v.called(face)
	p := &web.Page{
		Name: "social-link", Badge: web.BadgeKey, Title: v.t("link.title"),
		Lead: v.look.Phrases.Parts(v.look.Lang, "pages.link.lead", map[string]web.Part{
			"name": {Text: name(v.note.Related), Name: true}, "provider": {Text: provider},
		}),
		Form: &web.Form{Action: v.link(pageLink + string(face.ID)), Submit: v.t("link.submit")},
	}
	if v.exp.SignInMode != guestlist.ModeSignIn {
		p.Actions = append(p.Actions, web.Action{
			Text: v.t("link.create"), Href: v.link(pageLink + string(face.ID)), Post: true, Value: valueCreate,
		})
	}
	p.Actions = append(p.Actions, web.Action{Text: v.t("action.back_to_sign_in"), Href: v.link(signin.PageSignIn)})
	return p
}

func postLink(v *visit) error {
	face, record, ok, err := v.recognisedBy()
	switch {
	case err != nil:
		return err
	case !ok || v.note.Related.Value == "":
		return v.next(signin.PageSignIn)
	}
	if v.form.Get("submit") == valueCreate && v.exp.SignInMode != guestlist.ModeSignIn {
		return v.newcomer(face, record)
	}
	if _, err := v.submit(signin.Identify{VerificationID: record, LinkSocial: true}); err != nil {
		return v.turnedAway(face, err)
	}
	return v.arrive(face)
}

// getSocialRegister asks somebody new, whom a provider recognised, to agree to
// the terms before there is an account.
func getSocialRegister(v *visit) error {
	face, record, ok, err := v.recognisedBy()
	switch {
	case err != nil:
		return err
	case !ok:
		return v.next(signin.PageSignIn)
	}
	return v.show(socialRegisterPage(v, face, record))
}

func socialRegisterPage(v *visit, face signin.ConnectorFace, record string) *web.Page {
	told, _ := v.told(record)
	if told == "" {
		told = v.t("provider.yours", "provider", v.called(face))
	}
	p := &web.Page{
		Name: "social-register", Title: v.t("register.unknown_title"), Lead: v.sentence("register.unknown_lead", "name", told),
		Form:    &web.Form{Action: v.link(pageSocialRegister + string(face.ID)), Submit: v.t("action.create_account")},
		Actions: []web.Action{{Text: v.t("action.back_to_sign_in"), Href: v.link(signin.PageSignIn)}},
	}
	v.terms(p, true)
	return p
}

func postSocialRegister(v *visit) error {
	face, record, ok, err := v.recognisedBy()
	switch {
	case err != nil:
		return err
	case !ok:
		return v.next(signin.PageSignIn)
	}
	if p := socialRegisterPage(v, face, record); !v.agreed(p) {
		return v.again(p)
	}
	v.note.Attempt.Agreed = true
	return v.newcomer(face, record)
}
