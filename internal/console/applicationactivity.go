package console

import (
	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
)

// getApplicationActivity shows the lines of the audit log about an application.
func getApplicationActivity(v *visit) error {
	a, _, err := v.application()
	if err != nil {
		return err
	}
	var logs []guestlist.Log
	paging, err := v.list("/logs", query("applicationId", string(a.ID), "enableCap", "true"), &logs)
	if err != nil {
		return err
	}
	t := ui.Table{
		Caption: v.T("applications.tab.activity"), Paging: paging,
		Columns: []ui.Column{{Text: v.T("applications.activity.event")}, {Text: v.T("applications.activity.who"), Minor: true}, {Text: v.T("applications.activity.when")}},
		Empty: &ui.Empty{
			Icon: "log", Title: v.T("applications.activity.empty"), Text: v.T("applications.activity.empty_text"),
			Actions: []ui.Action{{Text: v.T("applications.tab.try"), Href: applicationPath(a.ID) + "/try"}},
		},
	}
	names := v.names()
	for _, line := range logs {
		p := payloadOf(line)
		p.ApplicationID = ""
		event, who := ui.Cell{Text: line.Key, Code: true}, ui.Text(names.of(p))
		if phrase, ok := noteworthy(line); ok {
			event = ui.Cell{Text: v.T("overview.event." + phrase), Sub: line.Key}
		}
		if p.Result == "Error" {
			event.Text = v.T("overview.event.failed", "what", event.Text)
		}
		if p.UserID != "" && who.Text == "" {
			who = ui.Cell{Text: string(p.UserID), Code: true}
		}
		if p.UserID != "" {
			who.Href = v.link(Path+"/users", string(p.UserID))
		}
		row := ui.Row{Cells: []ui.Cell{event, who, ui.At(line.CreatedAt)}}
		if v.has(Path + "/logs/{id}") {
			row.Href = Path + "/logs/" + client.Segment(line.ID)
		}
		t.Rows = append(t.Rows, row)
	}
	page := v.applicationPage(a, "activity", t)
	if v.has(Path + "/logs") {
		page.Header.Actions = []ui.Action{{Text: v.T("overview.events.all"), Href: Path + "/logs?" + query("applicationId", string(a.ID)).Encode()}}
	}
	return v.show(page)
}
