package console

import (
	"encoding/json"
	"net/url"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
)

// funnel shows how far the invitations of the last days came, and how that went;
// nil if nobody was invited.
func (v *visit) funnel() (ui.Block, error) {
	var days []client.InvitationDay
	if err := v.api.Do(v.ctx(), "GET", "/dashboard/invitations", nil, &days); err != nil {
		return nil, err
	}
	var sum client.InvitationDay
	issued, accepted := ui.Series{Name: v.T("invitations.funnel.issued")}, ui.Series{Name: v.T("invitations.funnel.accepted")}
	over := ui.Chart{Title: v.T("invitations.funnel.over_time")}
	for _, d := range days {
		sum.Add(d)
		over.Labels = append(over.Labels, d.Date)
		issued.Values, accepted.Values = append(issued.Values, float64(d.Issued)), append(accepted.Values, float64(d.Accepted))
	}
	if sum == (client.InvitationDay{}) {
		return nil, nil
	}
	over.Series = []ui.Series{issued, accepted}
	over.Alt = v.T("invitations.funnel.over_alt", "issued", v.count(sum.Issued), "accepted", v.count(sum.Accepted))
	f := ui.Funnel{Title: v.T("invitations.funnel.title"), Head: v.T("invitations.funnel.stage"), Share: v.T("invitations.funnel.share")}
	for _, s := range []struct {
		name  string
		count int
	}{
		{"issued", sum.Issued}, {"sent", sum.Sent}, {"delivered", sum.Delivered}, {"opened", sum.Opened}, {"started", sum.Started},
		{"accepted", sum.Accepted},
	} {
		f.Steps = append(f.Steps, ui.Step{Name: v.T("invitations.funnel." + s.name), Count: s.count})
	}
	f.Alt = v.T("invitations.funnel.alt", "issued", v.count(sum.Issued), "sent", v.count(sum.Sent), "delivered", v.count(sum.Delivered),
		"opened", v.count(sum.Opened), "started", v.count(sum.Started), "accepted", v.count(sum.Accepted))
	s := ui.Section{ID: "funnel", Title: v.T("invitations.title"), Body: []ui.Block{f, over}}
	if v.has(pathInvitations) {
		s.Actions = []ui.Action{{Text: v.T("invitations.all"), Href: pathInvitations}}
	}
	return s, nil
}

// todoInvitations is what needs a hand among the invitations: mails that came
// back, ends that are near, and people who wait.
func (v *visit) todoInvitations() ([]ui.ListItem, error) {
	var items []ui.ListItem
	bounced, ending := matching{}, matching{}
	bounced.Status, bounced.Delivery, ending.EndingWithinDays = guestlist.InvitationPending, guestlist.InvitationBounced, soonDays
	for _, look := range []struct {
		path  string
		query url.Values
		tone  ui.Tone
		key   string
		href  string
	}{
		{"/invitations", bounced.query(v.now()), ui.Bad, "bounced", bounced.at(pathInvitations)},
		{"/invitations", ending.query(v.now()), ui.Warn, "ending", ending.at(pathInvitations)},
		{"/registration-requests", query("status", string(guestlist.RequestRequested)), ui.Info, "requests", pathWaitlist},
	} {
		var none []json.RawMessage
		answer, err := v.api.List(v.ctx(), look.path, look.query, 1, 1, &none)
		if err != nil {
			return nil, err
		}
		if answer.Total > 0 {
			said := "invitations.todo." + look.key
			items = append(items, v.want(look.tone, v.N(said, answer.Total), v.T(said+"_text"), v.T(said+"_do"), look.href)...)
		}
	}
	return items, nil
}

// getInviterOverview is the overview of who invites and sees nothing else.
func getInviterOverview(v *visit) error {
	funnel, err := v.funnel()
	if err != nil {
		return err
	}
	todo, err := v.todoInvitations()
	if err != nil {
		return err
	}
	if funnel == nil {
		funnel = ui.Section{Body: []ui.Block{ui.Empty{
			Icon: "invitations", Title: v.T("invitations.empty"), Text: v.T("invitations.empty_text"), Actions: v.inviteActions(),
		}}}
	}
	return v.show(&ui.Page{Name: "overview", Header: ui.Header{Title: v.T("overview.title")}, Body: []ui.Block{ui.Columns{
		Main: []ui.Block{funnel},
		Side: []ui.Block{ui.Section{
			Title: v.T("overview.todo.title"), Body: []ui.Block{ui.List{Items: todo, Empty: v.T("overview.todo.empty"), Tone: ui.Good}},
		}},
	}}})
}
