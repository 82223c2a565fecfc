package console

import (
	"guestlist"
	"guestlist/internal/console/ui"
)

// messageTones is what the states of messages mean, each of which has a word.
var messageTones = map[string]ui.Tone{
	"queued": ui.Neutral, "deferred": ui.Warn, "sent": ui.Good, "delivered": ui.Good, "failed": ui.Bad, "bounced": ui.Bad,
	"complained": ui.Bad, "withheld": ui.Info,
}

func (v *visit) messageState(status string) ui.Cell {
	tone, known := messageTones[status]
	if !known {
		return ui.Text(status)
	}
	return ui.State(v.T("settings.message."+status), tone)
}

func getMessages(v *visit) error {
	outcome := v.query.Get("outcome")
	q := query("enableCap", "true")
	if outcome == "failed" {
		q.Set("outcome", outcome)
	}
	var messages []struct {
		ID        string           `json:"id"`
		Recipient string           `json:"recipient"`
		Type      string           `json:"templateType"`
		Status    string           `json:"status"`
		LastError string           `json:"lastError"`
		UserID    guestlist.UserID `json:"userId"`
		CreatedAt guestlist.Time   `json:"createdAt"`
	}
	paging, err := v.list("/messages", q, &messages)
	if err != nil {
		return err
	}
	t := ui.Table{
		Caption: v.T("settings.tab.messages"), Paging: paging,
		Filters: []ui.Filter{{Name: "outcome", Label: v.T("settings.message.show"), Value: outcome, Options: []ui.Option{
			{Text: v.T("settings.message.all")}, {Value: "failed", Text: v.T("settings.message.only_failed")},
		}}},
		Columns: []ui.Column{
			{Text: v.T("settings.message.to")}, {Text: v.T("settings.message.state")}, {Text: v.T("settings.message.kind"), Minor: true},
			{Text: v.T("settings.message.when")},
		},
		Empty: &ui.Empty{Icon: "log", Title: v.T("settings.message.empty"), Text: v.T("settings.message.empty_text")},
	}
	for _, m := range messages {
		state := v.messageState(m.Status)
		state.Sub = m.LastError
		to := ui.Cell{Text: m.Recipient}
		if m.UserID != "" {
			to.Href = v.link(Path+"/users", string(m.UserID))
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{to, state, {Text: m.Type, Quiet: true}, ui.At(m.CreatedAt)}})
	}
	page := v.settingPage("messages", t)
	page.Header.Lead = v.T("settings.message.lead")
	page.Header.Actions = []ui.Action{{Text: v.T("connectors.bounced"), Href: pathSuppressions}}
	return v.show(page)
}
