package console

import (
	"encoding/json"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
)

// pathActions is where one watches what is done to many invitations.
const pathActions = Path + "/invitation-actions"

func invitationActionRoutes() []route {
	return []route{
		get(pathActions, getActions),
		get(pathActions+"/{id}", getAction),
		get(pathActions+"/{id}/events", getActionEvents),
		post(pathActions+"/{id}/stop", postStopAction),
	}
}

func actionPath[ID ~string](id ID) string { return pathActions + "/" + client.Segment(id) }

func actionAPI(id string) string { return "/invitations/actions/" + client.Segment(id) }

// action reads the action of the path.
func (v *visit) action() (guestlist.InvitationAction, error) {
	var a guestlist.InvitationAction
	return a, v.api.Do(v.ctx(), "GET", actionAPI(v.id("id")), nil, &a)
}

var actionTones = map[guestlist.InvitationActionState]ui.Tone{
	guestlist.ActionRunning: ui.Info, guestlist.ActionFinished: ui.Good, guestlist.ActionCancelled: ui.Warn, guestlist.ActionFailed: ui.Bad,
}

func (v *visit) actionState(s guestlist.InvitationActionState) *ui.Pill {
	return &ui.Pill{Text: v.T("invitations.actions.is." + string(s)), Tone: actionTones[s]}
}

func (v *visit) actionVerb(verb guestlist.InvitationVerb) string {
	return v.T("invitations.actions.verb." + string(verb))
}

func getActions(v *visit) error {
	var rows []guestlist.InvitationAction
	paging, err := v.list("/invitations/actions", nil, &rows)
	if err != nil {
		return err
	}
	t := ui.Table{
		Caption: v.T("invitations.actions.title"), Paging: paging,
		Columns: []ui.Column{
			{Text: v.T("invitations.actions.what")}, {Text: v.T("invitations.status")}, {Text: v.T("invitations.actions.looked"), Number: true},
			{Text: v.T("invitations.actions.changed"), Number: true}, {Text: v.T("invitations.actions.started"), Minor: true},
		},
		Empty: &ui.Empty{Icon: "invitations", Title: v.T("invitations.actions.empty"), Text: v.T("invitations.actions.empty_text"), Actions: []ui.Action{
			{Text: v.T("invitations.all"), Href: pathInvitations},
		}},
	}
	for _, a := range rows {
		t.Rows = append(t.Rows, ui.Row{Href: actionPath(a.ID), Cells: []ui.Cell{
			ui.Text(v.actionVerb(a.Action)), {Pill: v.actionState(a.State)}, ui.Text(v.count(a.Done)), ui.Text(v.count(a.Changed)), ui.At(a.CreatedAt),
		}})
	}
	return v.show(&ui.Page{Name: "invitation-actions", Body: []ui.Block{t}, Header: ui.Header{
		Title: v.T("invitations.actions.title"), Lead: v.T("invitations.actions.lead"), Crumbs: v.invitationCrumbs(),
	}})
}

func getAction(v *visit) error {
	a, err := v.action()
	if err != nil {
		return err
	}
	p := &ui.Page{Name: "invitation-action", Header: ui.Header{
		Title: v.actionVerb(a.Action), Pill: v.actionState(a.State),
		Crumbs: v.invitationCrumbs(ui.Link{Text: v.T("invitations.actions.title"), Href: pathActions}),
	}}
	var m matching
	if err := json.Unmarshal(a.Filter, &m); err != nil {
		return err
	}
	switch a.State {
	case guestlist.ActionRunning:
		p.Refresh = importRefresh
		done, total, text := v.actionProgress(a)
		p.Header.Lead = v.T("invitations.actions.goes_on")
		p.Body = append(p.Body, ui.Section{Body: []ui.Block{ui.Progress{
			Label: v.T("invitations.actions.progress"), Done: done, Total: total, Text: text, Events: actionPath(a.ID) + "/events",
		}}})
		if v.invites() {
			p.Header.Actions = []ui.Action{{Text: v.T("invitations.actions.stop"), Href: actionPath(a.ID) + "/stop", Post: true, Danger: true}}
		}
	case guestlist.ActionFailed:
		p.Body = append(p.Body, ui.Notice{Tone: ui.Bad, Title: v.T("invitations.actions.is.failed"), Text: v.T("invitations.actions.failed_text")})
	case guestlist.ActionCancelled:
		p.Header.Lead = v.T("invitations.actions.cancelled_text")
	case guestlist.ActionFinished:
		p.Header.Lead = v.N("invitations.actions.finished_text", a.Changed)
	}
	p.Body = append(p.Body, ui.Section{Title: v.T("invitations.actions.figures"), Body: []ui.Block{ui.Facts{Rows: v.actionFacts(a)}}},
		ui.Section{Title: v.T("invitations.match.title"), Body: []ui.Block{ui.Facts{Rows: v.matchingFacts(m)}}})
	if len(m.IDs) == 0 {
		p.Body = append(p.Body, buttons(ui.Action{Text: v.T("invitations.actions.look"), Href: m.at(pathInvitations)}))
	}
	return v.show(p)
}

func (v *visit) actionFacts(a guestlist.InvitationAction) []ui.Fact {
	facts := []ui.Fact{
		{Term: v.T("invitations.actions.looked"), Cell: ui.Text(v.count(a.Done))},
		{Term: v.T("invitations.actions.changed"), Cell: ui.Text(v.count(a.Changed))},
	}
	if left := a.Done - a.Changed; left > 0 {
		facts = append(facts, ui.Fact{Term: v.T("invitations.actions.left"), Cell: ui.Cell{Text: v.count(left), Sub: v.T("invitations.actions.left_text")}})
	}
	facts = append(facts, ui.Fact{Term: v.T("invitations.actions.started"), Cell: ui.At(a.CreatedAt)})
	if a.FinishedAt != nil {
		facts = append(facts, ui.Fact{Term: v.T("invitations.actions.ended"), Cell: ui.At(*a.FinishedAt)})
	}
	if a.ExpiresIn > 0 {
		facts = append(facts, ui.Fact{Term: v.T("invitations.good_for"), Cell: ui.Text(v.N("invitations.days", max(1, a.ExpiresIn/secondsOfDay)))})
	}
	if a.Reason != "" {
		facts = append(facts, ui.Fact{Term: v.T("invitations.wide.reason"), Cell: ui.Text(a.Reason)})
	}
	return facts
}

// actionProgress is how far an action is. Where too many match to be counted,
// only what was done is known.
func (v *visit) actionProgress(a guestlist.InvitationAction) (done, total int, text string) {
	if a.Expected == 0 {
		return 0, 0, v.T("invitations.actions.so_far", "done", v.count(a.Done), "changed", v.count(a.Changed))
	}
	total = max(a.Expected, a.Done)
	return a.Done, total, v.T("invitations.actions.of", "done", v.count(a.Done), "total", v.count(total), "changed", v.count(a.Changed))
}

func getActionEvents(v *visit) error {
	return v.stream(campaignPace, nil, func() (ui.ProgressEvent, error) {
		a, err := v.action()
		if err != nil {
			return ui.ProgressEvent{}, err
		}
		done, total, text := v.actionProgress(a)
		return ui.ProgressEvent{Done: done, Total: total, Text: text, Finished: a.State != guestlist.ActionRunning}, nil
	})
}

func postStopAction(v *visit) error {
	at := actionPath(v.id("id"))
	if err := v.api.Do(v.ctx(), "POST", actionAPI(v.id("id"))+"/cancel", map[string]any{}, nil); err != nil {
		return v.refused(at, err)
	}
	return v.done(at, v.T("invitations.actions.stopped"))
}
