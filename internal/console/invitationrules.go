package console

import (
	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
)

// pathRules is where owners say what holds for all invitations.
const pathRules = pathInvitations + "/rules"

// maxOpen is the largest limit of open invitations that the API takes.
const maxOpen = 1_000_000_000

// invitationRulesForm says for how long invitations are good, and how many may
// be open at once.
func (v *visit) invitationRulesForm(s guestlist.InvitationSettings, tag string) *ui.Form {
	one, none, longest, most := 1, 0, maxDaysTyped, maxOpen
	days := func(name, label string, seconds int) ui.Field {
		return ui.Field{
			Kind: ui.KindNumber, Name: name, Label: label, Suffix: v.T("invitations.unit_days"), Value: v.plain(max(1, seconds/secondsOfDay)),
			Least: &one, Most: &longest,
		}
	}
	count := func(name, label string, n int) ui.Field {
		return ui.Field{Kind: ui.KindNumber, Name: name, Label: label, Help: v.T("invitations.rules.help"), Value: v.plain(n), Least: &none, Most: &most}
	}
	return &ui.Form{
		Action: pathRules, Submit: v.T("shell.save"), Tag: tag, Cancel: &ui.Link{Text: v.T("shell.cancel"), Href: pathInvitations},
		Sections: []ui.FormSection{{Fields: []ui.Field{
			days("expiresIn", v.T("invitations.rules.good"), s.ExpiresIn),
			days("maxExpiresIn", v.T("invitations.rules.longest"), s.MaxExpiresIn),
			count("maxOpen", v.T("invitations.rules.open"), s.MaxOpen),
			count("maxOpenPerInviter", v.T("invitations.rules.each"), s.MaxOpenPerInviter),
		}}},
	}
}

func (v *visit) invitationRulesPage(form *ui.Form) *ui.Page {
	return &ui.Page{Name: "invitation-rules", Body: []ui.Block{form}, Header: ui.Header{
		Title: v.T("invitations.rules.title"), Crumbs: v.invitationCrumbs(),
	}}
}

// invitationRules reads the rules, and the form in which they are changed.
func (v *visit) invitationRules() (s guestlist.InvitationSettings, form *ui.Form, err error) {
	tag, err := v.api.Get(v.ctx(), "/configs/invitations", &s)
	return s, v.invitationRulesForm(s, tag), err
}

func getInvitationRules(v *visit) error {
	if !v.owns() {
		return v.denied(v.who)
	}
	_, form, err := v.invitationRules()
	if err != nil {
		return err
	}
	return v.show(v.invitationRulesPage(form))
}

func postInvitationRules(v *visit) error {
	rules, form, err := v.invitationRules()
	if err != nil {
		return err
	}
	days, longest := v.number(form, "expiresIn"), v.number(form, "maxExpiresIn")
	in := map[string]any{"maxOpen": v.number(form, "maxOpen"), "maxOpenPerInviter": v.number(form, "maxOpenPerInviter")}
	if len(form.Problems()) == 0 && *days > *longest {
		form.Mark("expiresIn", v.T("invitations.rules.order"))
	}
	// What the form shows in whole days stays as it is unless somebody changes it.
	if *days != max(1, rules.ExpiresIn/secondsOfDay) {
		in["expiresIn"] = *days * secondsOfDay
	}
	if *longest != max(1, rules.MaxExpiresIn/secondsOfDay) {
		in["maxExpiresIn"] = *longest * secondsOfDay
	}
	if err = errMarked; len(form.Problems()) == 0 {
		_, err = v.api.Send(v.ctx(), client.Call{Method: "PATCH", Path: "/configs/invitations", Tag: v.form.Get(ui.FieldTag), In: in})
	}
	if err != nil {
		return v.again(v.invitationRulesPage(form), form, err)
	}
	return v.done(pathInvitations, v.T("shell.saved"))
}
