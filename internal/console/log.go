package console

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
)

const pathLogs = Path + "/logs"

func logRoutes() []route {
	return []route{get(pathLogs, getLogs), get(pathLogs+"/{id}", getLog)}
}

// logKinds are the lines of the audit log by how their keys begin.
var logKinds = []struct{ name, prefix string }{
	{"sign_in", "Interaction.SignIn."}, {"register", "Interaction.Register."}, {"forgot", "Interaction.ForgotPassword."},
	{"interaction", "Interaction."}, {"token", "ExchangeTokenBy."}, {"revoke", "RevokeToken"}, {"action", "Action."},
}

// maxLogPage is up to which page lists are turned by number. Behind it they go
// on from the moment that they came to.
const maxLogPage = 10_000 / ui.PageSize

// The results of lines, as on the wire.
const (
	resultSuccess = "Success"
	resultError   = "Error"
)

// logsOf is the address of the lines of a user or an application: name is
// "userId" or "applicationId". It is "" if there is no such page.
func (v *visit) logsOf(name, id string) string {
	if !v.has(pathLogs) {
		return ""
	}
	return pathLogs + "?" + query(name, id).Encode()
}

func getLogs(v *visit) error {
	q, who, err := v.logQuery()
	if err != nil {
		return err
	}
	apps, err := v.someApplications()
	if err != nil {
		return err
	}
	t := v.logTable(apps)
	if len(who) > 1 {
		t.Nothing = v.whichUser(who)
		return v.showLogs(t)
	}
	var logs []guestlist.Log
	answer, err := v.api.List(v.ctx(), "/logs", q, v.page(), ui.PageSize, &logs)
	if err != nil {
		return err
	}
	t.Paging = v.logPaging(answer, logs)
	if len(logs) == 0 && t.Paging.Next != "" {
		t.Nothing = &ui.Empty{
			Icon: "log", Title: v.T("logs.none_yet"), Text: v.T("logs.none_yet_text"),
			Actions: []ui.Action{{Text: v.T("logs.further"), Href: t.Paging.Next}},
		}
	}
	users, err := v.namesOf(logs)
	if err != nil {
		return err
	}
	for _, l := range logs {
		t.Rows = append(t.Rows, v.logRow(l, users, apps))
	}
	return v.showLogs(t)
}

func (v *visit) showLogs(t ui.Table) error {
	return v.show(&ui.Page{
		Name: "logs", Body: []ui.Block{t}, Header: ui.Header{Title: v.T("shell.nav.logs"), Lead: v.T("logs.lead")},
	})
}

// logQuery is the API's query for what is filtered by. If what was typed for
// the user is that of several, they are returned instead.
func (v *visit) logQuery() (url.Values, []guestlist.User, error) {
	q := query("enableCap", "true")
	for _, k := range logKinds {
		if k.name == v.query.Get("kind") {
			q.Set("logKeyPrefix", k.prefix)
		}
	}
	if result := v.query.Get("result"); result == resultSuccess || result == resultError {
		q.Set("result", result)
	}
	if id := v.query.Get("applicationId"); id != "" {
		q.Set("applicationId", id)
	}
	from, okFrom := dayOf(v.query.Get("from"))
	to, okTo := dayOf(v.query.Get("to"))
	if okTo {
		to = to.Add(24*time.Hour - time.Millisecond)
	}
	if until, err := strconv.ParseInt(v.query.Get("until"), 10, 64); err == nil && until >= 0 && (!okTo || until < int64(to)) {
		to, okTo = guestlist.Time(until), true
	}
	if okFrom && okTo && from > to {
		from, okFrom = to, okTo // a moment in which next to nothing was: that is what was asked for
	}
	if okFrom {
		q.Set("start_time", strconv.FormatInt(int64(from), 10))
	}
	if okTo {
		q.Set("end_time", strconv.FormatInt(int64(to), 10))
	}
	typed := strings.TrimSpace(v.query.Get("userId"))
	if typed == "" {
		return q, nil, nil
	}
	users, err := v.usersCalled(typed)
	if len(users) == 1 {
		typed = string(users[0].ID)
	}
	q.Set("userId", typed) // of somebody who is gone, the id is all there is
	return q, users, err
}

// dayOf reads a day as browsers send it; it begins at midnight UTC.
func dayOf(text string) (guestlist.Time, bool) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil || t.Year() < 1970 {
		return 0, false
	}
	return guestlist.TimeOf(t), true
}

// usersCalled finds who is meant: by id, or else by name or address.
func (v *visit) usersCalled(text string) ([]guestlist.User, error) {
	var users []guestlist.User
	_, err := v.api.List(v.ctx(), "/users", query("search.id", text, "mode.id", "exact"), 1, 1, &users)
	if err != nil || len(users) > 0 {
		return users, err
	}
	_, err = v.api.List(v.ctx(), "/users", searching(text), 1, maxFound, &users)
	return users, err
}

// whichUser asks who of several is meant.
func (v *visit) whichUser(users []guestlist.User) *ui.Empty {
	e := &ui.Empty{Icon: "users", Title: v.T("logs.which"), Text: v.T("logs.which_text")}
	for _, u := range users {
		q := url.Values{}
		for _, name := range []string{"kind", "result", "applicationId", "from", "to"} {
			if value := v.query.Get(name); value != "" {
				q.Set(name, value)
			}
		}
		q.Set("userId", string(u.ID))
		e.Actions = append(e.Actions, ui.Action{Text: userName(u), Href: pathLogs + "?" + q.Encode()})
	}
	return e
}

// someApplications are those that can be chosen, by id.
func (v *visit) someApplications() ([]guestlist.Application, error) {
	var apps []guestlist.Application
	_, err := v.api.List(v.ctx(), "/applications", nil, 1, maxChoices, &apps)
	return apps, err
}

func (v *visit) logTable(apps []guestlist.Application) ui.Table {
	kinds := []ui.Option{{Text: v.T("logs.any")}}
	for _, k := range logKinds {
		kinds = append(kinds, ui.Option{Value: k.name, Text: v.T("logs.kind." + k.name)})
	}
	chosen := v.query.Get("applicationId")
	choices := []ui.Option{{Text: v.T("logs.any")}}
	for _, a := range apps {
		choices = append(choices, ui.Option{Value: string(a.ID), Text: a.Name})
	}
	if chosen != "" && !slices.ContainsFunc(choices, func(o ui.Option) bool { return o.Value == chosen }) {
		choices = append(choices, ui.Option{Value: chosen, Text: v.applicationName(guestlist.ApplicationID(chosen), nil)})
	}
	filter := func(name string, f ui.Filter) ui.Filter {
		f.Name, f.Label, f.Value = name, v.T("logs.filter."+name), v.query.Get(name)
		return f
	}
	return ui.Table{
		Caption: v.T("shell.nav.logs"),
		Filters: []ui.Filter{
			filter("kind", ui.Filter{Options: kinds}),
			filter("result", ui.Filter{Options: []ui.Option{
				{Text: v.T("logs.any")}, {Value: resultSuccess, Text: v.T("logs.success")}, {Value: resultError, Text: v.T("logs.error")},
			}}),
			filter("applicationId", ui.Filter{Options: choices}),
			filter("userId", ui.Filter{Type: "search", Hint: v.T("logs.user_hint")}),
			filter("from", ui.Filter{Type: "date"}), filter("to", ui.Filter{Type: "date"}),
		},
		Columns: []ui.Column{
			{Text: v.T("logs.what")}, {Text: v.T("logs.result")}, {Text: v.T("logs.user")}, {Text: v.T("logs.application"), Minor: true},
			{Text: v.T("logs.when")},
		},
		Empty: &ui.Empty{Icon: "log", Title: v.T("logs.empty"), Text: v.T("logs.empty_text")},
	}
}

// namesOf finds what the users of lines are called, in one call.
func (v *visit) namesOf(logs []guestlist.Log) (map[guestlist.UserID]string, error) {
	q := url.Values{"mode.id": {"exact"}}
	names := map[guestlist.UserID]string{}
	for _, l := range logs {
		if id := payloadOf(l).UserID; id != "" && names[id] == "" {
			names[id] = string(id)
			q.Add("search.id", string(id))
		}
	}
	if len(names) == 0 {
		return names, nil
	}
	var users []guestlist.User
	_, err := v.api.List(v.ctx(), "/users", q, 1, max(len(names), 1), &users)
	for _, u := range users {
		names[u.ID] = userName(u)
	}
	return names, err
}

func (v *visit) logKind(key string) string {
	for _, k := range logKinds {
		switch {
		case !strings.HasPrefix(key, k.prefix):
		case k.name == "interaction":
			return v.T("logs.kind.step")
		default:
			return v.T("logs.kind." + k.name)
		}
	}
	return v.T("logs.kind.other")
}

func (v *visit) logResult(p payload) ui.Cell {
	if p.Result == resultError {
		c := ui.State(v.T("logs.error"), ui.Bad)
		c.Sub = p.Error
		return c
	}
	return ui.State(v.T("logs.success"), ui.Good)
}

func (v *visit) applicationName(id guestlist.ApplicationID, apps []guestlist.Application) string {
	if id == guestlist.ConsoleApplication {
		return v.T("ui.nav.label")
	}
	for _, a := range apps {
		if a.ID == id {
			return a.Name
		}
	}
	return string(id)
}

func (v *visit) logRow(l guestlist.Log, users map[guestlist.UserID]string, apps []guestlist.Application) ui.Row {
	p := payloadOf(l)
	row := ui.Row{Href: pathLogs + "/" + client.Segment(l.ID), Cells: []ui.Cell{
		{Text: v.logKind(l.Key), Sub: l.Key}, v.logResult(p), {}, {}, ui.At(l.CreatedAt),
	}}
	if p.UserID != "" {
		row.Cells[2] = ui.Cell{Text: users[p.UserID], Href: v.logsOf("userId", string(p.UserID))}
	}
	if p.ApplicationID != "" {
		row.Cells[3] = ui.Cell{Text: v.applicationName(p.ApplicationID, apps), Href: v.logsOf("applicationId", string(p.ApplicationID))}
	}
	return row
}

// logPaging turns pages by number, and where numbers end, goes on from the
// moment that the list came to.
func (v *visit) logPaging(a client.Answer, logs []guestlist.Log) ui.Paging {
	p := ui.PageOf(v.r.URL, v.page(), ui.PageSize, a.Total, a.Capped)
	switch {
	case a.Capped && v.page() >= maxLogPage && len(logs) > 0:
		p.Next = v.logsUntil(strconv.FormatInt(int64(logs[len(logs)-1].CreatedAt), 10))
	case p.Next == "" && a.Until != 0:
		p.Next = v.logsUntil(strconv.FormatInt(int64(a.Until), 10))
	}
	if v.page() == 1 && v.query.Has("until") {
		p.Prev = v.logsUntil("")
	}
	return p
}

// logsUntil is this list, of lines up to a moment; "" for the newest.
func (v *visit) logsUntil(moment string) string {
	q := url.Values{}
	for name, values := range v.query {
		if name != "page" && name != "until" {
			q[name] = values
		}
	}
	if moment != "" {
		q.Set("until", moment)
	}
	return pathLogs + "?" + q.Encode()
}

func getLog(v *visit) error {
	var l guestlist.Log
	if err := v.api.Do(v.ctx(), "GET", "/logs/"+client.Segment(v.id("id")), nil, &l); err != nil {
		return err
	}
	p := payloadOf(l)
	facts := ui.Facts{Rows: []ui.Fact{
		{Term: v.T("logs.when"), Cell: ui.At(l.CreatedAt)},
		{Term: v.T("logs.key"), Cell: ui.Code(l.Key)},
	}}
	fact := func(key string, c ui.Cell) {
		if !c.IsEmpty() {
			facts.Rows = append(facts.Rows, ui.Fact{Term: v.T("logs." + key), Cell: c})
		}
	}
	fact("code", ui.Cell{Text: p.Error, Code: true})
	fact("reason", ui.Text(p.Reason))
	fact("ip", ui.Code(p.IP))
	fact("user_agent", ui.Text(p.UserAgent))
	state := v.logResult(p)
	return v.show(&ui.Page{
		Name: "log",
		Header: ui.Header{
			Title: v.logKind(l.Key), ID: string(l.ID), Pill: state.Pill,
			Crumbs: []ui.Link{{Text: v.T("shell.nav.logs"), Href: pathLogs}},
		},
		Body: []ui.Block{ui.Columns{
			Main: []ui.Block{ui.Section{Body: []ui.Block{facts}}, ui.Snippet{Title: v.T("logs.payload"), Text: indent(l.Payload)}},
			Side: v.logAbout(p),
		}},
	})
}

// logAbout leads to whoever a line is about, and to the other lines of theirs.
func (v *visit) logAbout(p payload) []ui.Block {
	var side []ui.Block
	names := v.names()
	add := func(title, name, id, place, param string) {
		if id == "" {
			return
		}
		if name == "" {
			name = id
		}
		side = append(side, ui.Section{
			Title: title, Actions: []ui.Action{{Text: v.T("logs.more"), Href: v.logsOf(param, id)}},
			Body: []ui.Block{ui.List{Items: []ui.ListItem{{Cell: ui.Cell{Text: name, Sub: id, Href: v.link(place, id)}}}}},
		})
	}
	add(v.T("logs.user"), names.of(payload{UserID: p.UserID}), string(p.UserID), Path+"/users", "userId")
	app := names.of(payload{ApplicationID: p.ApplicationID})
	if p.ApplicationID == guestlist.ConsoleApplication {
		app = v.applicationName(p.ApplicationID, nil)
	}
	add(v.T("logs.application"), app, string(p.ApplicationID), Path+"/applications", "applicationId")
	return side
}
