package console

import (
	"guestlist"
	"guestlist/internal/console/ui"
)

// The ways to let the first of the list in.
const (
	promoteAtOnce  = "once"
	promoteInWaves = "waves"
)

func (v *visit) promoteForm() *ui.Form {
	one, most, hours := 1, guestlist.MaxPromotion, 24
	inWaves := []ui.When{{Field: "how", Value: promoteInWaves, Text: v.T("waitlist.if_waves")}}
	return &ui.Form{
		Action: pathWaitlist + "/promote", Submit: v.T("waitlist.promote_do"), Cancel: &ui.Link{Text: v.T("shell.cancel"), Href: pathWaitlist},
		Sections: []ui.FormSection{{Fields: []ui.Field{
			{Kind: ui.KindNumber, Name: "count", Label: v.T("waitlist.number_to_invite"), Value: "10", Least: &one, Most: &most, Focus: true},
			{Kind: ui.KindRadio, Name: "how", Label: v.T("waitlist.how"), Value: promoteAtOnce, Options: []ui.Option{
				{Value: promoteAtOnce, Text: v.T("waitlist.once"), Help: v.T("waitlist.once_help")},
				{Value: promoteInWaves, Text: v.T("waitlist.waves"), Help: v.T("waitlist.waves_help")},
			}},
			{Kind: ui.KindNumber, Name: "wave", Label: v.T("waitlist.wave"), Value: "10", Least: &one, Most: &most, When: inWaves},
			{Kind: ui.KindNumber, Name: "interval", Label: v.T("waitlist.interval"), Suffix: v.T("waitlist.hours"), Value: "1", Least: &one, Most: &hours, When: inWaves},
		}}},
	}
}

func (v *visit) promotePage(form *ui.Form) *ui.Page {
	return &ui.Page{Name: "waitlist-promote", Body: []ui.Block{form}, Header: ui.Header{
		Title: v.T("waitlist.promote"), Lead: v.T("waitlist.promote_text"), Crumbs: v.waitlistCrumbs(),
	}}
}

func getPromote(v *visit) error { return v.show(v.promotePage(v.promoteForm())) }

// postPromote lets the first of the list in, and says who could not be.
func postPromote(v *visit) error {
	form := v.promoteForm()
	in := map[string]any{"count": v.number(form, "count")}
	if v.form.Get("how") == promoteInWaves {
		hours := v.number(form, "interval")
		in["wave"], in["interval"] = v.number(form, "wave"), *hours*3600
	}
	var done struct {
		Approved []guestlist.RegistrationRequest
		Refused  []struct {
			ID          guestlist.RequestID
			Email, Code string
		}
	}
	err := error(errMarked)
	if len(form.Problems()) == 0 {
		err = v.api.Do(v.ctx(), "POST", "/registration-requests/promote", in, &done)
	}
	if err != nil {
		return v.again(v.promotePage(form), form, err)
	}
	said := v.N("waitlist.approved", len(done.Approved))
	if len(done.Refused) == 0 {
		return v.done(pathWaitlist, said)
	}
	if len(done.Approved) == 0 {
		said = v.T("waitlist.left")
	}
	t := ui.Table{Caption: v.T("waitlist.left"), Columns: []ui.Column{{Text: v.T("waitlist.address")}, {Text: v.T("waitlist.why")}}}
	for _, r := range done.Refused {
		t.Rows = append(t.Rows, ui.Row{Href: requestPath(r.ID), Cells: []ui.Cell{
			ui.Text(r.Email), ui.Text(v.guestProblem(guestlist.Refuse(guestlist.KindUnprocessable, r.Code))),
		}})
	}
	return v.show(&ui.Page{Name: "waitlist-promoted", Header: ui.Header{Title: said, Lead: v.T("waitlist.left_text"), Crumbs: v.waitlistCrumbs()},
		Body: []ui.Block{t, buttons(ui.Action{Text: v.T("waitlist.back"), Href: pathWaitlist, Primary: true})}})
}
