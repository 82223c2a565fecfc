package console

import (
	"encoding/json"
	"fmt"
	"net/url"
	"time"

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
		over.Labels = append(over.Labels, v.day(d.Date))
		issued.Values, accepted.Values = append(issued.Values, float64(d.Issued)), append(accepted.Values, float64(d.Accepted))
	}
	if sum == (client.InvitationDay{}) {
		return nil, nil
	}
	over.Series = []ui.Series{issued, accepted}
	over.Alt = v.T("invitations.funnel.over_alt", "issued", v.count(sum.Issued), "accepted", v.count(sum.Accepted))
	f := v.funnelOf(v.T("invitations.funnel.title"), sum)
	s := ui.Section{Title: v.T("invitations.title"), Body: []ui.Block{f, over}}
	if v.has(pathInvitations) {
		s.Actions = []ui.Action{{Text: v.T("invitations.all"), Href: pathInvitations}}
	}
	return ui.Live{ID: "funnel", Events: pathFunnel, Body: []ui.Block{s}}, nil
}

// funnelOf draws how far invitations came. Where no carrier reports what arrived,
// as a mail server reports nothing, nothing is said about that.
func (v *visit) funnelOf(title string, n client.InvitationDay) ui.Funnel {
	f := ui.Funnel{Title: title, Head: v.T("invitations.funnel.stage"), Share: v.T("invitations.funnel.share")}
	steps := []struct {
		name  string
		count int
	}{{"issued", n.Issued}, {"sent", n.Sent}, {"delivered", n.Delivered}, {"opened", n.Opened}, {"started", n.Started}, {"accepted", n.Accepted}}
	var said []string
	for _, s := range steps {
		if s.name == "delivered" && s.count == 0 {
			continue
		}
		step := ui.Step{Name: v.T("invitations.funnel." + s.name), Count: s.count}
		f.Steps = append(f.Steps, step)
		said = append(said, step.Name+": "+v.count(step.Count))
	}
	f.Alt = v.enumerated(said)
	return f
}

// pathFunnel tells when the funnel of the overview changed.
const pathFunnel = Path + "/funnel/events"

// funnelPace is how often it is looked at for whoever watches it.
const funnelPace = 2 * time.Second

func getFunnelEvents(v *visit) error {
	return v.stream(funnelPace, nil, func() (ui.ProgressEvent, error) {
		var days []client.InvitationDay
		if err := v.api.Do(v.ctx(), "GET", "/dashboard/invitations", nil, &days); err != nil {
			return ui.ProgressEvent{}, err
		}
		var sum client.InvitationDay
		for _, d := range days {
			sum.Add(d)
		}
		return ui.ProgressEvent{State: fmt.Sprint(sum)}, nil
	})
}

// todoInvitations is what needs a hand among the invitations: mails that came
// back or were refused, ends that are near, and people who wait.
func (v *visit) todoInvitations() ([]ui.ListItem, error) {
	var items []ui.ListItem
	bounced, failed, ending := matching{}, matching{}, matching{}
	bounced.Status, bounced.Delivery, ending.EndingWithinDays = guestlist.InvitationPending, guestlist.InvitationBounced, soonDays
	failed.Status, failed.Delivery = guestlist.InvitationPending, guestlist.InvitationFailed
	for _, look := range []struct {
		path  string
		query url.Values
		tone  ui.Tone
		key   string
		href  string
	}{
		{"/invitations", bounced.query(v.now()), ui.Bad, "bounced", bounced.at(pathInvitations)},
		{"/invitations", failed.query(v.now()), ui.Bad, "failed", failed.at(pathInvitations)},
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
