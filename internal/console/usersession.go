package console

import (
	"encoding/json"
	"strings"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
)

func getUserSessions(v *visit) error {
	u, _, err := v.user()
	if err != nil {
		return err
	}
	var list struct {
		Sessions []struct {
			Payload struct {
				UID            string         `json:"uid"`
				LoginTS        int64          `json:"loginTs"`
				Authorizations map[string]any `json:"authorizations"`
			} `json:"payload"`
			ExpiresAt guestlist.Time `json:"expiresAt"`
			IP        string         `json:"ip"`
			UserAgent string         `json:"userAgent"`
		} `json:"sessions"`
	}
	if err := v.api.Do(v.ctx(), "GET", "/users/"+client.Segment(u.ID)+"/sessions", nil, &list); err != nil {
		return err
	}
	t := ui.Table{
		Caption: v.T("users.tab.sessions"),
		Columns: []ui.Column{
			{Text: v.T("users.browser")}, {Text: v.T("users.address")}, {Text: v.T("users.signed_in")}, {Text: v.T("users.ends"), Minor: true},
		},
		Empty: &ui.Empty{Icon: "door", Title: v.T("users.no_sessions"), Text: v.T("users.no_sessions_text")},
	}
	names := v.names()
	for _, s := range list.Sessions[:min(len(list.Sessions), maxSessionsShown)] {
		device := ui.Cell{Text: deviceOf(s.UserAgent), Sub: names.applications(s.Payload.Authorizations)}
		if device.Text == "" {
			device.Text = v.T("users.unknown_browser")
		}
		t.Rows = append(t.Rows, ui.Row{
			Cells: []ui.Cell{device, {Text: s.IP, Code: true}, ui.At(guestlist.Time(s.Payload.LoginTS * 1000)), ui.At(s.ExpiresAt)},
			Actions: []ui.Action{{
				Text: v.T("users.sign_out"), Href: userPath(u.ID) + "/sessions", Post: true, Name: "session", Value: s.Payload.UID,
			}},
		})
	}
	section := ui.Section{Plain: true, Body: []ui.Block{t}}
	if len(list.Sessions) > 0 {
		section.Title, section.Text = v.T("users.tab.sessions"), v.T("users.sessions_text")
		section.Actions = []ui.Action{{Text: v.T("users.sign_out_all"), Href: userPath(u.ID) + "/sessions", Post: true, Name: "all", Value: ui.Yes}}
	}
	return v.show(v.userPage(u, "sessions", section))
}

// maxSessionsShown is of how many browsers the page tells.
const maxSessionsShown = 100

// applications names where a browser is signed in.
func (n names) applications(authorizations map[string]any) string {
	var list []string
	for id := range authorizations {
		if name := n.of(payload{ApplicationID: guestlist.ApplicationID(id)}); name != "" {
			list = append(list, name)
		}
	}
	return strings.Join(list, ", ")
}

// postUserSessions signs a user out of one browser, or everywhere.
func postUserSessions(v *visit) error {
	path, api := pathUsers+"/"+client.Segment(v.id("id"))+"/sessions", "/users/"+client.Segment(v.id("id"))+"/sessions"
	if v.form.Get("all") == ui.Yes {
		if err := v.api.Do(v.ctx(), "DELETE", api, nil, nil); err != nil {
			return v.refused(path, err)
		}
		return v.done(path, v.T("users.signed_out_all"))
	}
	call := client.Call{Method: "DELETE", Path: api + "/" + client.Segment(v.form.Get("session")), Query: query("revokeGrantsTarget", "all")}
	if _, err := v.api.Send(v.ctx(), call); err != nil {
		return v.refused(path, err)
	}
	return v.done(path, v.T("users.signed_out"))
}

// The names by which browsers and systems are known in a User-Agent, the more
// special ones first.
var (
	browsers = [][2]string{
		{"Edg", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser", "Samsung Internet"}, {"Firefox", "Firefox"}, {"FxiOS", "Firefox"}, {"CriOS", "Chrome"},
		{"Chrome", "Chrome"}, {"Safari", "Safari"}, {"curl", "curl"},
	}
	systems = [][2]string{
		{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Windows", "Windows"}, {"Macintosh", "macOS"}, {"CrOS", "ChromeOS"}, {"Linux", "Linux"},
	}
)

// maxAgent is how much of a User-Agent is shown that nobody knows, in bytes.
const maxAgent = 60

// deviceOf says in short where a session is.
func deviceOf(agent string) string {
	var parts []string
	for _, table := range [][][2]string{browsers, systems} {
		for _, known := range table {
			if strings.Contains(agent, known[0]) {
				parts = append(parts, known[1])
				break
			}
		}
	}
	if len(parts) > 0 {
		return strings.Join(parts, ", ")
	}
	if len(agent) > maxAgent {
		agent = strings.ToValidUTF8(agent[:maxAgent], "") + "…"
	}
	return agent
}

// getUserEvents shows what the audit log has of a user.
func getUserEvents(v *visit) error {
	u, _, err := v.user()
	if err != nil {
		return err
	}
	var logs []guestlist.Log
	paging, err := v.list("/logs", query("userId", string(u.ID), "enableCap", "true"), &logs)
	if err != nil {
		return err
	}
	t := ui.Table{
		Caption: v.T("users.tab.events"), Paging: paging,
		Columns: []ui.Column{{Text: v.T("users.event")}, {Text: v.T("users.outcome")}, {Text: v.T("shell.kind.application")}, {Text: v.T("users.address"), Minor: true}, {Text: v.T("users.when")}},
		Empty:   &ui.Empty{Icon: "log", Title: v.T("users.no_events"), Text: v.T("users.no_events_text")},
	}
	names := v.names()
	for _, line := range logs {
		var p struct {
			payload
			IP string `json:"ip"`
		}
		_ = json.Unmarshal(line.Payload, &p) // what is no object shows nothing
		t.Rows = append(t.Rows, ui.Row{Href: pathLogs + "/" + client.Segment(line.ID), Cells: []ui.Cell{
			{Text: v.logKind(line.Key), Sub: line.Key}, v.logResult(p.payload), ui.Text(names.of(payload{ApplicationID: p.ApplicationID})),
			{Text: p.IP, Code: true}, ui.At(line.CreatedAt),
		}})
	}
	page := v.userPage(u, "events", t)
	if href := v.logsOf("userId", string(u.ID)); href != "" {
		page.Header.Actions = append([]ui.Action{{Text: v.T("overview.events.all"), Href: href}}, page.Header.Actions...)
	}
	return v.show(page)
}
