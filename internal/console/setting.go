package console

import (
	"strconv"

	"guestlist/client"
	"guestlist/internal/console/ui"
)

const pathSettings = Path + "/settings"

func settingRoutes() []route {
	return []route{
		get(pathSettings, getSettings),
		post(pathSettings, postSessionLife),
		post(pathSettings+"/backup", postBackup),
		get(pathSettings+"/keys", getKeys),
		get(pathSettings+"/keys/rotate", getRotateKey),
		post(pathSettings+"/keys/rotate", postRotateKey),
		get(pathSettings+"/keys/{kind}/{id}/delete", getDeleteKey),
		post(pathSettings+"/keys/{kind}/{id}/delete", postDeleteKey),
		get(pathSettings+"/health", getHealth),
		post(pathSettings+"/health/retry", postRetryJobs),
		post(pathSettings+"/health/discard", postDiscardJobs),
		get(pathSettings+"/messages", getMessages),
	}
}

// settingTabs are the pages of the settings, by what is behind their path.
var settingTabs = []struct{ name, path string }{
	{"general", ""}, {"keys", "/keys"}, {"health", "/health"}, {"messages", "/messages"},
}

// settingPage is one of the pages of the settings.
func (v *visit) settingPage(tab string, body ...ui.Block) *ui.Page {
	h := ui.Header{Title: v.T("shell.nav.settings")}
	for _, t := range settingTabs {
		h.Tabs = append(h.Tabs, ui.Tab{Text: v.T("settings.tab." + t.name), Href: pathSettings + t.path, Current: t.name == tab})
	}
	return &ui.Page{Name: "settings-" + tab, Header: h, Body: body}
}

// settingCrumbs lead back from a page behind one of the settings.
func (v *visit) settingCrumbs(tab string) []ui.Link {
	crumbs := []ui.Link{{Text: v.T("shell.nav.settings"), Href: pathSettings}}
	for _, t := range settingTabs {
		if t.name == tab {
			crumbs = append(crumbs, ui.Link{Text: v.T("settings.tab." + tab), Href: pathSettings + t.path})
		}
	}
	return crumbs
}

// engine names of /api/system.
const engineSQLite = "sqlite"

// queuedKind is work of one kind, as /api/system counts it.
type queuedKind struct {
	Kind     string `json:"kind"`
	Queued   int    `json:"queued"`
	Running  int    `json:"running"`
	Dead     int    `json:"dead"`
	OldestAt *int64 `json:"oldestAt"` // milliseconds since 1970
	DueAt    *int64 `json:"dueAt"`
}

// system is what /api/system says.
type system struct {
	Version        string       `json:"version"`
	Engine         string       `json:"engine"`
	EngineVersion  string       `json:"engineVersion"`
	SchemaVersion  int          `json:"schemaVersion"`
	SizeBytes      int64        `json:"sizeBytes"`
	Jobs           []queuedKind `json:"jobs"`
	JobsCapped     bool         `json:"jobsCapped"`
	FailedMessages int          `json:"failedMessages"`
}

func (v *visit) system() (system, error) {
	var s system
	err := v.api.Do(v.ctx(), "GET", "/system", nil, &s)
	return s, err
}

// general draws the first page of the settings around the form of sessions.
func (v *visit) general(form *ui.Form) (*ui.Page, error) {
	s, err := v.system()
	if err != nil {
		return nil, err
	}
	return v.settingPage("general", form, v.backup(s), v.about(s)), nil
}

func getSettings(v *visit) error {
	form, err := v.sessionForm()
	if err != nil {
		return err
	}
	page, err := v.general(form)
	if err != nil {
		return err
	}
	return v.show(page)
}

// backup offers a copy of the database, or says how one is made.
func (v *visit) backup(s system) ui.Block {
	section := ui.Section{ID: "backup", Title: v.T("settings.backup"), Text: v.T("settings.backup_text")}
	if s.Engine != engineSQLite {
		section.Text = v.T("settings.backup_postgres")
		section.Body = []ui.Block{ui.Snippet{Text: `pg_dump --format=custom --file=guestlist.dump "$GUESTLIST_DATABASE"`}}
		return section
	}
	section.Actions = []ui.Action{{Text: v.T("settings.backup_do"), Href: pathSettings + "/backup", Post: true, Stays: true}}
	section.Body = []ui.Block{ui.Notice{Tone: ui.Info, Title: v.T("settings.backup_key"), Text: v.T("settings.backup_key_text")}}
	return section
}

// about says which program this is, and where one reads about it.
func (v *visit) about(s system) ui.Block {
	return ui.Section{ID: "about", Title: v.T("settings.about"), Body: []ui.Block{
		ui.Facts{Rows: []ui.Fact{
			{Term: v.T("settings.version"), Cell: ui.Code(s.Version)},
			{Term: v.T("settings.issuer"), Cell: ui.Code(v.d.Endpoint + "/oidc")},
			{Term: v.T("settings.discovery"), Cell: ui.Cell{Text: "/oidc/.well-known/openid-configuration", Code: true, Href: "/oidc/.well-known/openid-configuration", Away: true}},
			{Term: v.T("settings.api"), Cell: ui.Cell{Text: "/api/swagger.json", Code: true, Href: "/api/swagger.json", Away: true}},
			{Term: v.T("settings.metrics"), Cell: ui.Cell{Text: "/metrics", Code: true, Href: "/metrics", Away: true}},
		}},
	}}
}

// The units in which the life of a session is written, in seconds, the longest
// first.
var sessionUnits = []struct {
	name    string
	seconds int
}{{"days", 24 * 60 * 60}, {"hours", 60 * 60}, {"minutes", 60}, {"seconds", 1}}

// maxSessionSeconds is the API's limit, a year.
const maxSessionSeconds = 365 * 24 * 60 * 60

type sessionLife struct {
	TTL int `json:"ttl"` // seconds
}

func (v *visit) sessionForm() (*ui.Form, error) {
	var life sessionLife
	tag, err := v.api.Get(v.ctx(), "/configs/oidc/session", &life)
	if err != nil {
		return nil, err
	}
	least, most := 1, maxSessionSeconds
	n := ui.Field{
		Kind: ui.KindNumber, Name: "life", API: "ttl", Label: v.T("settings.session_life"), Help: v.T("settings.session_life_help"),
		Least: &least, Most: &most,
	}
	unit := ui.Field{Kind: ui.KindSelect, Name: "unit", Label: v.T("settings.session_unit")}
	for _, u := range sessionUnits {
		if unit.Value == "" && life.TTL%u.seconds == 0 {
			unit.Value, n.Value = u.name, strconv.Itoa(life.TTL/u.seconds)
		}
		unit.Options = append(unit.Options, ui.Option{Value: u.name, Text: v.T("settings.unit." + u.name)})
	}
	return &ui.Form{
		Action: pathSettings, Submit: v.T("shell.save"), Tag: tag,
		Sections: []ui.FormSection{{Title: v.T("settings.sessions"), Text: v.T("settings.sessions_text"), Fields: []ui.Field{n, unit}}},
	}, nil
}

// postSessionLife changes how long sessions live. One press brings the former
// length back.
func postSessionLife(v *visit) error {
	form, err := v.sessionForm()
	if err != nil {
		return err
	}
	page, err := v.general(form)
	if err != nil {
		return err
	}
	seconds := 0
	for _, u := range sessionUnits {
		if u.name == v.form.Get("unit") {
			seconds = u.seconds
		}
	}
	n, err := strconv.Atoi(v.form.Get("life"))
	switch {
	case seconds == 0:
		form.Mark("unit", v.T("ui.issue.other"))
		return v.again(page, form, errMarked)
	case err != nil || n < 1:
		form.Mark("ttl", v.T("ui.issue.number"))
		return v.again(page, form, errMarked)
	case n > maxSessionSeconds/seconds:
		form.Mark("ttl", v.T("ui.issue.too_big", "n", v.count(maxSessionSeconds/seconds)))
		return v.again(page, form, errMarked)
	}
	before := form.Field("life").Value
	beforeUnit := form.Field("unit").Value
	if _, err := v.api.Send(v.ctx(), client.Call{
		Method: "PATCH", Path: "/configs/oidc/session", In: sessionLife{n * seconds}, Tag: v.form.Get(ui.FieldTag),
	}); err != nil {
		return v.again(page, form, err)
	}
	return v.doneWith(pathSettings, ui.Flash{Text: v.T("shell.saved"), Undo: &ui.Action{
		Text: v.T("ui.undo"), Href: pathSettings, Post: true,
		Hidden: []ui.Hidden{{Name: "life", Value: before}, {Name: "unit", Value: beforeUnit}},
	}})
}

// postBackup hands on a copy of the database. It is no link: another site must
// not be able to have one made.
func postBackup(v *visit) error {
	s, err := v.system()
	if err != nil {
		return err
	}
	if s.Engine != engineSQLite {
		return v.to(pathSettings + "#backup")
	}
	return v.download(client.Call{Path: "/backup"})
}
