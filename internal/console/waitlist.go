package console

import (
	"net/url"
	"slices"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
)

func waitlistRoutes() []route {
	return []route{
		get(pathWaitlist, getWaitlist),
		post(pathWaitlist+"/on", postWaitlistOn),
		post(pathWaitlist+"/bulk", postWaitlistBulk),
		get(pathWaitlist+"/promote", getPromote),
		post(pathWaitlist+"/promote", postPromote),
		get(pathWaitlist+"/settings", getWaitlistSettings),
		post(pathWaitlist+"/settings", postWaitlistSettings),
		get(pathWaitlist+"/{id}", getRequest),
		post(pathWaitlist+"/{id}", postRequest),
		post(pathWaitlist+"/{id}/approve", postApproveRequest),
		get(pathWaitlist+"/{id}/reject", getRejectRequest),
		post(pathWaitlist+"/{id}/reject", postRejectRequest),
		get(pathWaitlist+"/{id}/forget", getForgetRequest),
		post(pathWaitlist+"/{id}/forget", postForgetRequest),
	}
}

// publicWaitlist is the page on which people ask to come in.
const publicWaitlist = "/waitlist"

// standing is a request with its place on the list, 0 where it has none.
type standing struct {
	guestlist.RegistrationRequest
	Place int `json:"place"`
}

func requestPath(id guestlist.RequestID) string { return pathWaitlist + "/" + client.Segment(id) }

func requestAPI[ID ~string](id ID) string { return "/registration-requests/" + client.Segment(id) }

// requestName is what somebody who asked is called on a page.
func requestName(r guestlist.RegistrationRequest) string {
	if r.Name != "" {
		return r.Name
	}
	return r.Email
}

// policy is how new people come in, "" where whoever looks may not know.
func (v *visit) policy() (guestlist.RegistrationPolicy, error) {
	if !v.reads() {
		return "", nil
	}
	var exp guestlist.SignInExperience
	err := v.api.Do(v.ctx(), "GET", "/sign-in-exp", nil, &exp)
	return exp.Policy(), err
}

func getWaitlist(v *visit) error {
	policy, err := v.policy()
	if err != nil {
		return err
	}
	status := guestlist.RequestStatus(v.query.Get("status"))
	q := url.Values{}
	for name, value := range map[string]string{"status": string(status), "email": v.query.Get("q")} {
		if value != "" {
			q.Set(name, value)
		}
	}
	var rows []guestlist.RegistrationRequest
	paging, err := v.list("/registration-requests", q, &rows)
	if err != nil {
		return err
	}
	t := v.requestTable(rows, paging)
	t.Search = &ui.Search{Action: pathWaitlist, Value: v.query.Get("q"), Label: v.T("waitlist.search")}
	t.Filters = []ui.Filter{{Name: "status", Label: v.T("waitlist.status"), Value: string(status), Options: v.requestStates()}}
	t.Empty = v.emptyWaitlist(policy)
	ranked := status == "" && v.query.Get("q") == ""
	if ranked {
		for n := range t.Rows {
			t.Rows[n].Cells[1] = ui.Text(v.count(max(1, paging.First) + n))
		}
	}
	if v.invites() && (status == "" || status == guestlist.RequestRequested) {
		t.Bulk = []ui.Action{
			{Text: v.T("waitlist.approve"), Href: pathWaitlist + "/bulk", Name: "do", Value: "approve"},
			{Text: v.T("waitlist.reject"), Href: pathWaitlist + "/bulk", Name: "do", Value: "reject", Danger: true},
		}
	}
	page := &ui.Page{Name: "waitlist", Header: ui.Header{
		Title: v.T("waitlist.title"), Lead: v.T("waitlist.lead"), Actions: v.waitlistActions(ranked && len(rows) > 0),
	}}
	if policy != "" && !policy.TakesRequests() && len(rows) > 0 {
		page.Body = append(page.Body, ui.Notice{
			Tone: ui.Warn, Title: v.T("waitlist.off"), Text: v.T("waitlist.off_text"), Actions: v.waitlistOnActions(),
		})
	}
	page.Body = append(page.Body, t)
	if policy == "" || policy.TakesRequests() {
		page.Body = append(page.Body, ui.Section{Title: v.T("waitlist.link"), Text: v.T("waitlist.link_text"), Body: []ui.Block{
			ui.Snippet{Title: v.T("waitlist.link"), Text: v.d.Endpoint + publicWaitlist},
		}})
	}
	page.Body, err = v.withMailNotice(page.Body...)
	if err != nil {
		return err
	}
	return v.show(page)
}

// waitlistActions are what is done with the list as a whole.
func (v *visit) waitlistActions(some bool) []ui.Action {
	var list []ui.Action
	if v.owns() {
		list = append(list, ui.Action{Text: v.T("waitlist.settings"), Href: pathWaitlist + "/settings"})
	}
	if some && v.invites() {
		list = append(list, ui.Action{Text: v.T("waitlist.promote"), Href: pathWaitlist + "/promote", Primary: true})
	}
	return list
}

// requestTable are people who asked, without a place.
func (v *visit) requestTable(rows []guestlist.RegistrationRequest, paging ui.Paging) ui.Table {
	t := ui.Table{Caption: v.T("waitlist.title"), Paging: paging, Columns: []ui.Column{
		{Text: v.T("waitlist.person")}, {Text: v.T("waitlist.place"), Number: true}, {Text: v.T("waitlist.score"), Number: true},
		{Text: v.T("waitlist.brought"), Number: true}, {Text: v.T("waitlist.status"), Minor: true}, {Text: v.T("waitlist.confirmed"), Minor: true},
	}}
	for _, r := range rows {
		name := ui.Cell{Text: requestName(r)}
		if r.Name != "" {
			name.Sub = r.Email
		}
		row := ui.Row{ID: string(r.ID), Href: requestPath(r.ID), Cells: []ui.Cell{
			name, {}, ui.Text(v.count(r.Score)), ui.Text(v.count(r.Referrals)), {Pill: v.requestStatus(r.Status)}, {},
		}}
		if r.ConfirmedAt != nil {
			row.Cells[5] = ui.At(*r.ConfirmedAt)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// requestTones are what the states of a request mean to whoever looks.
var requestTones = map[guestlist.RequestStatus]ui.Tone{
	guestlist.RequestRequested: ui.Info, guestlist.RequestApproved: ui.Good, guestlist.RequestRejected: ui.Bad,
}

func (v *visit) requestStatus(s guestlist.RequestStatus) *ui.Pill {
	return &ui.Pill{Text: v.T("waitlist.is." + string(s)), Tone: requestTones[s]}
}

func (v *visit) requestStates() []ui.Option {
	list := []ui.Option{{Text: v.T("waitlist.is.requested")}}
	for _, s := range []guestlist.RequestStatus{
		guestlist.RequestApproved, guestlist.RequestRejected, guestlist.RequestUnconfirmed,
	} {
		list = append(list, ui.Option{Value: string(s), Text: v.T("waitlist.is." + string(s))})
	}
	return list
}

// emptyWaitlist says what comes next where nobody waits.
func (v *visit) emptyWaitlist(policy guestlist.RegistrationPolicy) *ui.Empty {
	if policy == "" || policy.TakesRequests() {
		return &ui.Empty{Icon: "waitlist", Title: v.T("waitlist.nobody"), Text: v.T("waitlist.nobody_text")}
	}
	return &ui.Empty{Icon: "waitlist", Title: v.T("waitlist.off"), Text: v.T("waitlist.off_text"), Actions: v.waitlistOnActions()}
}

func (v *visit) waitlistOnActions() []ui.Action {
	list := []ui.Action{{Text: v.T("waitlist.choose"), Href: signInTab().path()}}
	if v.owns() {
		list = slices.Insert(list, 0, ui.Action{Text: v.T("waitlist.turn_on"), Href: pathWaitlist + "/on", Post: true, Primary: true})
	}
	return list
}

// postWaitlistOn lets people ask to come in. One press takes it back.
func postWaitlistOn(v *visit) error {
	var exp guestlist.SignInExperience
	if err := v.api.Do(v.ctx(), "GET", "/sign-in-exp", nil, &exp); err != nil {
		return err
	}
	if err := v.api.SetSignInExperience(v.ctx(), map[string]any{"registrationPolicy": guestlist.PolicyWaitlist}); err != nil {
		return v.refused(pathWaitlist, err)
	}
	return v.doneWith(pathWaitlist, ui.Flash{Text: v.T("waitlist.is_on"), Undo: v.doorBack(exp.Policy())})
}

// postWaitlistBulk decides on those that were chosen, one by one.
func postWaitlistBulk(v *visit) error {
	ids := v.form["id"]
	if len(ids) == 0 {
		return v.doneWith(pathWaitlist, ui.Flash{Text: v.T("waitlist.choose_first"), Tone: ui.Warn})
	}
	verb, said := "approve", "waitlist.approved"
	if v.form.Get("do") == "reject" {
		verb, said = "reject", "waitlist.rejected"
	}
	done := 0
	for _, id := range ids[:min(len(ids), ui.PageSize)] {
		if err := v.api.Do(v.ctx(), "POST", requestAPI(id)+"/"+verb, map[string]any{}, nil); err != nil {
			if done == 0 {
				return v.requestRefused(pathWaitlist, err)
			}
			problem := v.says(err)
			if e, ok := refusalOf(err, codeTaken); ok {
				problem = v.guestProblem(e)
			}
			return v.doneWith(pathWaitlist, ui.Flash{Text: v.N(said, done) + " " + problem, Tone: ui.Warn})
		}
		done++
	}
	return v.done(pathWaitlist, v.N(said, done))
}

// requestRefused leads back to where somebody could not be let in, and says why:
// who has an open invitation is not invited twice.
func (v *visit) requestRefused(back string, err error) error {
	if e, ok := refusalOf(err, codeTaken); ok {
		return v.doneWith(back, ui.Flash{Text: v.guestProblem(e), Tone: ui.Bad})
	}
	return v.refused(back, err)
}

// waitlistSettingsForm says how the list ranks.
func (v *visit) waitlistSettingsForm(s guestlist.WaitlistSettings, tag string) *ui.Form {
	least, most := 0, 1000
	return &ui.Form{
		Action: pathWaitlist + "/settings", Submit: v.T("shell.save"), Tag: tag, Cancel: &ui.Link{Text: v.T("shell.cancel"), Href: pathWaitlist},
		Sections: []ui.FormSection{{Fields: []ui.Field{{
			Kind: ui.KindNumber, Name: "referralPoints", Label: v.T("waitlist.points"), Help: v.T("waitlist.points_help"),
			Value: v.plain(s.ReferralPoints), Least: &least, Most: &most,
		}}}},
	}
}

func (v *visit) waitlistSettingsPage(form *ui.Form) *ui.Page {
	return &ui.Page{Name: "waitlist-settings", Body: []ui.Block{form}, Header: ui.Header{
		Title: v.T("waitlist.settings"), Crumbs: v.waitlistCrumbs(),
	}}
}

func (v *visit) waitlistCrumbs(more ...ui.Link) []ui.Link {
	return append([]ui.Link{{Text: v.T("waitlist.title"), Href: pathWaitlist}}, more...)
}

func getWaitlistSettings(v *visit) error {
	if !v.owns() {
		return v.denied(v.who)
	}
	var s guestlist.WaitlistSettings
	tag, err := v.api.Get(v.ctx(), "/configs/waitlist", &s)
	if err != nil {
		return err
	}
	return v.show(v.waitlistSettingsPage(v.waitlistSettingsForm(s, tag)))
}

func postWaitlistSettings(v *visit) error {
	var s guestlist.WaitlistSettings
	tag, err := v.api.Get(v.ctx(), "/configs/waitlist", &s)
	if err != nil {
		return err
	}
	form := v.waitlistSettingsForm(s, tag)
	points := v.number(form, "referralPoints")
	if err = errMarked; len(form.Problems()) == 0 {
		_, err = v.api.Send(v.ctx(), client.Call{
			Method: "PUT", Path: "/configs/waitlist", In: map[string]any{"referralPoints": points}, Tag: v.form.Get(ui.FieldTag),
		})
	}
	if err != nil {
		return v.again(v.waitlistSettingsPage(form), form, err)
	}
	return v.done(pathWaitlist, v.T("shell.saved"))
}
