package console

import (
	"slices"
	"strconv"
	"strings"

	"guestlist"
	"guestlist/internal/console/ui"
)

// plain writes a number as it is typed.
func (v *visit) plain(n int) string { return strconv.Itoa(n) }

// request reads the request of the path.
func (v *visit) request() (standing, error) {
	var r standing
	return r, v.api.Do(v.ctx(), "GET", requestAPI(v.id("id")), nil, &r)
}

// scoreForm sets by hand where somebody ranks.
func (v *visit) scoreForm(r standing) *ui.Form {
	least, most := -1_000_000, 1_000_000
	return &ui.Form{Action: requestPath(r.ID), Submit: v.T("waitlist.set_score"), Quiet: true, Sections: []ui.FormSection{{Fields: []ui.Field{{
		Kind: ui.KindNumber, Name: "score", Label: v.T("waitlist.score"), Help: v.T("waitlist.score_help"), Value: v.plain(r.Score),
		Least: &least, Most: &most,
	}}}}}
}

// requestFacts are what is known of somebody who asked.
func (v *visit) requestFacts(r standing) ui.Block {
	facts := []ui.Fact{
		{Term: v.T("waitlist.address"), Cell: ui.Cell{Text: r.Email, Code: true, Copy: true}},
		{Term: v.T("waitlist.place"), Cell: ui.Cell{}},
		{Term: v.T("waitlist.score"), Cell: ui.Text(v.count(r.Score))},
		{Term: v.T("waitlist.asked"), Cell: ui.At(r.CreatedAt)},
		{Term: v.T("waitlist.confirmed"), Cell: ui.Cell{}},
	}
	if r.Place > 0 {
		facts[1].Cell = ui.Text(v.count(r.Place))
	}
	if r.ConfirmedAt != nil {
		facts[4].Cell = ui.At(*r.ConfirmedAt)
	}
	if r.ReferrerID != "" {
		name := v.names().look(requestAPI(r.ReferrerID), func(path string) (string, error) {
			var by guestlist.RegistrationRequest
			err := v.api.Do(v.ctx(), "GET", path, nil, &by)
			return requestName(by), err
		})
		by := ui.Cell{Text: name, Href: requestPath(r.ReferrerID)}
		if name == "" { // whoever it was is forgotten
			by = ui.Cell{Text: v.T("waitlist.gone"), Quiet: true}
		}
		facts = append(facts, ui.Fact{Term: v.T("waitlist.by"), Cell: by})
	}
	if r.DecidedAt != nil {
		facts = append(facts, ui.Fact{Term: v.T("waitlist.decided"), Cell: ui.At(*r.DecidedAt)})
	}
	if r.Reason != "" {
		facts = append(facts, ui.Fact{Term: v.T("waitlist.reason"), Cell: ui.Text(r.Reason)})
	}
	if r.InvitationID != "" {
		facts = append(facts, ui.Fact{Term: v.T("waitlist.invitation"), Cell: ui.Cell{
			Text: string(r.InvitationID), Code: true, Href: v.link(pathInvitations, string(r.InvitationID)),
		}})
	}
	return ui.Section{Title: v.T("users.at_a_glance"), Body: []ui.Block{ui.Facts{Rows: facts}}}
}

// requestPage is one who asked: how they stand, and whom they brought. Each of
// those leads on to whom they brought in turn.
func (v *visit) requestPage(r standing, form *ui.Form) (*ui.Page, error) {
	var brought []guestlist.RegistrationRequest
	paging, err := v.list(requestAPI(r.ID)+"/referrals", nil, &brought)
	if err != nil {
		return nil, err
	}
	t := v.requestTable(brought, paging)
	t.Caption = v.T("waitlist.brought_title")
	t.Columns = slices.Delete(t.Columns, 1, 2) // the place, which is that of the list
	for n := range t.Rows {
		t.Rows[n].ID, t.Rows[n].Cells = "", slices.Delete(t.Rows[n].Cells, 1, 2)
	}
	main := []ui.Block{ui.Section{Title: v.T("waitlist.brought_title"), Text: v.T("waitlist.brought_text"), Body: []ui.Block{t}}}
	if len(brought) == 0 {
		main = []ui.Block{ui.Section{Title: v.T("waitlist.brought_title"), Text: v.T("waitlist.brought_none")}}
	}
	main[0] = withLink(v, r, main[0])
	if v.invites() && form != nil {
		main = append([]ui.Block{form}, main...)
	}
	h := ui.Header{
		Title: requestName(r.RegistrationRequest), ID: string(r.ID), Pill: v.requestStatus(r.Status), Crumbs: v.waitlistCrumbs(),
		Actions: v.requestActions(r),
	}
	return &ui.Page{Name: "waitlist-request", Header: h, Body: []ui.Block{ui.Columns{Main: main, Side: []ui.Block{v.requestFacts(r)}}}}, nil
}

// withLink adds the link of somebody's own to the section on whom it brought.
func withLink(v *visit, r standing, b ui.Block) ui.Block {
	s, ok := b.(ui.Section)
	if ok && r.ReferralCode != "" && r.Status == guestlist.RequestRequested {
		s.Body = append(s.Body, ui.Snippet{Title: v.T("waitlist.own_link"), Text: v.d.Endpoint + publicWaitlist + "?" + query("ref", r.ReferralCode).Encode()})
	}
	return s
}

func (v *visit) requestActions(r standing) []ui.Action {
	if !v.invites() {
		return nil
	}
	at := requestPath(r.ID)
	forget := ui.Action{Text: v.T("waitlist.forget"), Href: at + "/forget", Danger: true}
	if r.Status != guestlist.RequestRequested {
		return []ui.Action{forget}
	}
	return []ui.Action{
		{Text: v.T("waitlist.approve"), Href: at + "/approve", Post: true, Primary: true},
		{Text: v.T("waitlist.reject"), Href: at + "/reject"}, forget,
	}
}

func getRequest(v *visit) error {
	r, err := v.request()
	if err != nil {
		return err
	}
	form := v.scoreForm(r)
	if r.DecidedAt != nil {
		form = nil // whoever was decided on ranks no more
	}
	page, err := v.requestPage(r, form)
	if err != nil {
		return err
	}
	return v.show(page)
}

func postRequest(v *visit) error {
	r, err := v.request()
	if err != nil {
		return err
	}
	form := v.scoreForm(r)
	score := v.number(form, "score")
	if err = errMarked; len(form.Problems()) == 0 {
		err = v.api.Do(v.ctx(), "PATCH", requestAPI(r.ID), map[string]any{"score": score}, nil)
	}
	if err != nil {
		page, perr := v.requestPage(r, form)
		if perr != nil {
			return perr
		}
		return v.again(page, form, err)
	}
	return v.done(requestPath(r.ID), v.T("shell.saved"))
}

func postApproveRequest(v *visit) error {
	r, err := v.request()
	if err != nil {
		return err
	}
	if err := v.api.Do(v.ctx(), "POST", requestAPI(r.ID)+"/approve", map[string]any{}, nil); err != nil {
		return v.requestRefused(requestPath(r.ID), err)
	}
	return v.done(requestPath(r.ID), v.T("waitlist.let_in", "name", requestName(r.RegistrationRequest)))
}

func (v *visit) rejectForm(r standing) *ui.Form {
	return &ui.Form{
		Action: requestPath(r.ID) + "/reject", Submit: v.T("waitlist.reject"), Danger: true, Cancel: &ui.Link{Text: v.T("shell.cancel"), Href: requestPath(r.ID)},
		Sections: []ui.FormSection{{Fields: []ui.Field{{
			Kind: ui.KindTextarea, Name: "reason", Label: v.T("waitlist.reason"), Help: v.T("waitlist.reason_help"), Rows: 3,
			Max: guestlist.MaxRequestReason, Optional: true,
		}}}},
	}
}

func (v *visit) rejectPage(r standing, form *ui.Form) *ui.Page {
	name := requestName(r.RegistrationRequest)
	return &ui.Page{Name: "reject-request", Body: []ui.Block{form}, Header: ui.Header{
		Title: v.T("waitlist.reject_title", "name", name), Lead: v.T("waitlist.reject_text"),
		Crumbs: v.waitlistCrumbs(ui.Link{Text: name, Href: requestPath(r.ID)}),
	}}
}

func getRejectRequest(v *visit) error {
	r, err := v.request()
	if err != nil {
		return err
	}
	return v.show(v.rejectPage(r, v.rejectForm(r)))
}

func postRejectRequest(v *visit) error {
	r, err := v.request()
	if err != nil {
		return err
	}
	reason := strings.TrimSpace(v.form.Get("reason"))
	if err := v.api.Do(v.ctx(), "POST", requestAPI(r.ID)+"/reject", map[string]any{"reason": reason}, nil); err != nil {
		form := v.rejectForm(r)
		return v.again(v.rejectPage(r, form), form, err)
	}
	return v.done(requestPath(r.ID), v.N("waitlist.rejected", 1))
}

func getForgetRequest(v *visit) error {
	r, err := v.request()
	if err != nil {
		return err
	}
	name := requestName(r.RegistrationRequest)
	return v.show(&ui.Page{
		Name: "forget-request",
		Header: ui.Header{
			Title: v.T("waitlist.forget_title", "name", name), Crumbs: v.waitlistCrumbs(ui.Link{Text: name, Href: requestPath(r.ID)}),
		},
		Body: []ui.Block{ui.Confirm{
			Text: v.T("waitlist.forget_text"), Action: requestPath(r.ID) + "/forget", Submit: v.T("waitlist.forget"),
			Cancel: ui.Link{Text: v.T("shell.cancel"), Href: requestPath(r.ID)},
		}},
	})
}

func postForgetRequest(v *visit) error {
	r, err := v.request()
	if err != nil {
		return err
	}
	if err := v.api.Do(v.ctx(), "DELETE", requestAPI(r.ID), nil, nil); err != nil {
		return v.refused(requestPath(r.ID), err)
	}
	return v.done(pathWaitlist, v.T("waitlist.forgotten", "name", requestName(r.RegistrationRequest)))
}
