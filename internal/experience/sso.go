package experience

import (
	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/web"
)

// getSSO asks for the address by which an organization is found. Where single
// sign-on is off the sign-in page is shown instead (wire §6.1).
func getSSO(v *visit) error {
	if !v.exp.SingleSignOnEnabled {
		return v.withQuery(signin.PageSignIn)
	}
	p := ssoPage(v, v.hint())
	var err error
	if p.Alert, err = v.notice(); err != nil {
		return err
	}
	return v.show(p)
}

func ssoPage(v *visit, who string) *web.Page {
	f := v.identifierField([]guestlist.IdentifierType{guestlist.IdentifierEmail}, who, "email")
	f.Focus = true
	p := &web.Page{
		Name: "single-sign-on", Title: v.t("sso.title"), Lead: web.Plain(v.t("sso.lead")),
		Form:    &web.Form{Action: v.link(v.r.URL.Path), Fields: []web.Field{f}, Submit: v.t("action.continue"), Stays: true},
		Actions: []web.Action{{Text: v.t("action.back_to_sign_in"), Href: v.link(signin.PageSignIn)}},
	}
	v.terms(p, false)
	return p
}

func postSSO(v *visit) error {
	if !v.exp.SingleSignOnEnabled {
		return v.withQuery(signin.PageSignIn)
	}
	typed := v.typedIdentifier()
	p := ssoPage(v, typed)
	id, problem, ok := v.parseIdentifier(typed, []guestlist.IdentifierType{guestlist.IdentifierEmail})
	if !ok {
		wrong(p, fieldIdentifier, v.t(problem))
	}
	if ok = v.agreed(p) && ok; !ok {
		return v.again(p)
	}
	if led, err := v.enterprise(p, id); led || err != nil {
		return err
	}
	wrong(p, fieldIdentifier, v.t("sso.none"))
	return v.again(p)
}

// enterprise leads a guest to where the organization of their address signs
// people in, and reports whether there is such a place. Nobody is asked for a
// password on the way.
func (v *visit) enterprise(p *web.Page, id guestlist.Identifier) (led bool, err error) {
	if id.Type != guestlist.IdentifierEmail {
		return false, nil
	}
	faces, err := v.d.Desk.SSOFaces(v.r.Context(), id.Value)
	switch {
	case err != nil || len(faces) == 0:
		return false, err
	case len(faces) == 1:
		v.note.Who = id
		return true, v.begin(p, faces[0])
	}
	if err := v.leave(note{Who: id}); err != nil {
		return false, err
	}
	return true, v.next(pageSSOConnectors)
}

// toOrganization leads whoever proved an address in a way that its organization
// does not allow to the one that it does.
func (v *visit) toOrganization() error {
	return v.reload(func() error {
		n := v.note
		n.Who = guestlist.Identifier{Type: guestlist.IdentifierEmail, Value: v.provedEmail()}
		if err := v.leave(n); err != nil {
			return err
		}
		return v.next(pageSSOConnectors)
	})
}

// provedEmail is the address that was proved last in the interaction.
func (v *visit) provedEmail() string {
	for i := len(v.run.Records) - 1; i >= 0; i-- {
		r := v.run.Records[i]
		switch {
		case !r.Verified:
		case r.Outside != nil && r.Outside.Identity != nil && r.Outside.Identity.Email != "":
			return r.Outside.Identity.Email
		case r.Identifier.Type == guestlist.IdentifierEmail:
			return r.Identifier.Value
		}
	}
	return v.note.Who.Value
}

// choices are the enterprise providers of the address that the guest named.
func (v *visit) choices() ([]signin.ConnectorFace, error) {
	if v.note.Who.Type != guestlist.IdentifierEmail {
		return nil, nil
	}
	return v.d.Desk.SSOFaces(v.r.Context(), v.note.Who.Value)
}

func getSSOChoice(v *visit) error {
	faces, err := v.choices()
	switch {
	case err != nil:
		return err
	case len(faces) == 0:
		return v.next(pageSingleSignOn)
	}
	p := ssoChoicePage(v, faces)
	if p.Alert, err = v.notice(); err != nil {
		return err
	}
	return v.show(p)
}

func ssoChoicePage(v *visit, faces []signin.ConnectorFace) *web.Page {
	p := &web.Page{
		Name: "single-sign-on-connectors", Title: v.t("sso.choose_title"),
		Lead:    v.sentence("sso.choose_lead", "name", name(v.note.Who)),
		Form:    &web.Form{Action: v.link(pageSSOConnectors), Providers: v.buttons(faces), Stays: true},
		Actions: []web.Action{v.change(guestlist.IdentifierEmail, signin.PageSignIn)},
	}
	v.terms(p, false)
	return p
}

func postSSOChoice(v *visit) error {
	faces, err := v.choices()
	switch {
	case err != nil:
		return err
	case len(faces) == 0 || v.pressed() == "":
		return v.next(pageSSOConnectors)
	}
	return v.toProvider(ssoChoicePage(v, faces))
}
