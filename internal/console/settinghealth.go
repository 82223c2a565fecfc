package console

import (
	"fmt"
	"strconv"
	"strings"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
)

const pathHealth = pathSettings + "/health"

// deadJob is work that was given up.
type deadJob struct {
	ID         guestlist.JobID `json:"id"`
	Kind       string          `json:"kind"`
	Lane       string          `json:"lane"`
	Attempts   int             `json:"attempts"`
	LastError  string          `json:"lastError"`
	FinishedAt guestlist.Time  `json:"finishedAt"`
}

func getHealth(v *visit) error {
	s, err := v.system()
	if err != nil {
		return err
	}
	var dead []deadJob
	paging, err := v.list("/dead-jobs", nil, &dead)
	if err != nil {
		return err
	}
	return v.show(v.settingPage("health", v.healthStats(s), v.storage(s), v.queue(s), v.deadJobs(dead, paging)))
}

// healthStats are the numbers that say whether all is well.
func (v *visit) healthStats(s system) ui.Block {
	waiting, given := 0, 0
	for _, k := range s.Jobs {
		waiting, given = waiting+k.Queued+k.Running, given+k.Dead
	}
	say := func(n int) string {
		if s.JobsCapped {
			return v.T("settings.health.at_least", "n", v.count(n))
		}
		return v.count(n)
	}
	judge := func(n int) (string, ui.Tone) {
		if n > 0 {
			return v.T("settings.health.look"), ui.Warn
		}
		return v.T("settings.health.well"), ui.Good
	}
	deadNote, deadTone := judge(given)
	failedNote, failedTone := judge(s.FailedMessages)
	return ui.Stats{Items: []ui.Stat{
		{Label: v.T("settings.health.waiting"), Value: say(waiting)},
		{Label: v.T("settings.health.dead"), Value: say(given), Note: deadNote, Tone: deadTone, Href: "#dead"},
		{Label: v.T("settings.health.failed_messages"), Value: v.count(s.FailedMessages), Note: failedNote, Tone: failedTone, Href: pathSettings + "/messages?outcome=failed"},
		{Label: v.T("settings.health.size"), Value: v.size(s.SizeBytes)},
	}}
}

// size writes a number of bytes.
func (v *visit) size(n int64) string {
	f, unit := float64(n), 0
	units := []string{"B", "KB", "MB", "GB", "TB"}
	for f >= 1024 && unit < len(units)-1 {
		f, unit = f/1024, unit+1
	}
	if unit == 0 || f >= 100 {
		return fmt.Sprintf("%.0f %s", f, units[unit])
	}
	text := strconv.FormatFloat(f, 'f', 1, 64)
	if v.lang == "de" || v.lang == "fr" || v.lang == "es" {
		text = strings.Replace(text, ".", ",", 1)
	}
	return text + " " + units[unit]
}

func (v *visit) storage(s system) ui.Block {
	engine := "PostgreSQL"
	if s.Engine == engineSQLite {
		engine = "SQLite"
	}
	return ui.Section{Title: v.T("settings.health.storage"), Body: []ui.Block{ui.Facts{Rows: []ui.Fact{
		{Term: v.T("settings.health.engine"), Cell: ui.Text(strings.TrimSpace(engine + " " + s.EngineVersion))},
		{Term: v.T("settings.health.schema"), Cell: ui.Text(strconv.Itoa(s.SchemaVersion))},
	}}}}
}

// jobKinds are the kinds of work that have a name.
var jobKinds = map[string]string{
	guestlist.JobSendMessage: "message", guestlist.JobDeliverHook: "hook", guestlist.JobDeleteUser: "delete",
	guestlist.JobImportUsers: "import", guestlist.JobBackchannelLogout: "logout",
}

func (v *visit) jobKind(kind string) string {
	if name, ok := jobKinds[kind]; ok {
		return v.T("settings.job." + name)
	}
	return kind
}

func (v *visit) queue(s system) ui.Block {
	t := ui.Table{
		ID: "list-queue", Caption: v.T("settings.health.queue"),
		Columns: []ui.Column{
			{Text: v.T("settings.health.kind")}, {Text: v.T("settings.health.queued"), Number: true},
			{Text: v.T("settings.health.running"), Number: true}, {Text: v.T("settings.health.dead"), Number: true},
			{Text: v.T("settings.health.oldest"), Minor: true}, {Text: v.T("settings.health.due")},
		},
		Empty: &ui.Empty{Icon: "good", Title: v.T("settings.health.idle"), Text: v.T("settings.health.idle_text")},
	}
	at := func(ms *int64) ui.Cell {
		if ms == nil {
			return ui.Cell{}
		}
		return ui.At(guestlist.Time(*ms))
	}
	for _, k := range s.Jobs {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{
			ui.Text(v.jobKind(k.Kind)), ui.Text(v.count(k.Queued)), ui.Text(v.count(k.Running)), ui.Text(v.count(k.Dead)), at(k.OldestAt), at(k.DueAt),
		}})
	}
	return ui.Section{Title: v.T("settings.health.queue"), Text: v.T("settings.health.queue_text"), Body: []ui.Block{t}}
}

func (v *visit) deadJobs(jobs []deadJob, paging ui.Paging) ui.Block {
	t := ui.Table{
		ID: "list-dead", Caption: v.T("settings.health.dead_title"), Paging: paging,
		Columns: []ui.Column{
			{Text: v.T("settings.health.kind")}, {Text: v.T("settings.health.why")}, {Text: v.T("settings.health.attempts"), Number: true, Minor: true},
			{Text: v.T("settings.health.given_up")},
		},
		Bulk: []ui.Action{
			{Text: v.T("settings.health.retry"), Href: pathHealth + "/retry"},
			{Text: v.T("settings.health.discard"), Href: pathHealth + "/discard", Danger: true},
		},
		Empty: &ui.Empty{Icon: "good", Title: v.T("settings.health.none_dead"), Text: v.T("settings.health.none_dead_text")},
	}
	for _, j := range jobs {
		_, lane, _ := strings.Cut(j.Lane, "/")
		t.Rows = append(t.Rows, ui.Row{ID: string(j.ID), Cells: []ui.Cell{
			{Text: v.jobKind(j.Kind), Sub: lane}, {Text: j.LastError, Quiet: true}, ui.Text(v.count(j.Attempts)), ui.At(j.FinishedAt),
		}, Actions: []ui.Action{{Text: v.T("settings.health.retry"), Href: pathHealth + "/retry", Post: true, Name: "id", Value: string(j.ID)}}})
	}
	return ui.Section{ID: "dead", Title: v.T("settings.health.dead_title"), Text: v.T("settings.health.dead_text"), Body: []ui.Block{t}}
}

// chosenIDs are the rows that were chosen, no more than a page of them.
func (v *visit) chosenIDs() []string {
	ids := v.form["id"]
	return ids[:min(len(ids), ui.PageSize)]
}

// eachChosen calls a route of each chosen row, and counts those that were there
// still.
func (v *visit) eachChosen(method string, path func(id string) string) (n int, err error) {
	for _, id := range v.chosenIDs() {
		switch err := v.api.Do(v.ctx(), method, path(id), nil, nil); {
		case err == nil:
			n++
		case !isGone(err):
			return n, err
		}
	}
	return n, nil
}

// isGone reports that something is not there, or not any more.
func isGone(err error) bool { return guestlist.KindOf(err) == guestlist.KindNotFound }

func postRetryJobs(v *visit) error {
	if len(v.chosenIDs()) == 0 {
		return v.doneWith(pathHealth+"#dead", ui.Flash{Text: v.T("roles.choose_first"), Tone: ui.Warn})
	}
	n, err := v.eachChosen("POST", func(id string) string { return "/dead-jobs/" + client.Segment(id) + "/retry" })
	if err != nil {
		return err
	}
	return v.done(pathHealth, v.N("settings.health.retried", n))
}

// postDiscardJobs asks first: what is discarded is never done.
func postDiscardJobs(v *visit) error {
	ids := v.chosenIDs()
	if len(ids) == 0 {
		return v.doneWith(pathHealth+"#dead", ui.Flash{Text: v.T("roles.choose_first"), Tone: ui.Warn})
	}
	if v.form.Get("sure") != ui.Yes {
		hidden := []ui.Hidden{{Name: "sure", Value: ui.Yes}}
		for _, id := range ids {
			hidden = append(hidden, ui.Hidden{Name: "id", Value: id})
		}
		return v.show(&ui.Page{
			Name:   "discard-jobs",
			Header: ui.Header{Title: v.N("settings.health.discard_title", len(ids)), Crumbs: v.settingCrumbs("health")},
			Body: []ui.Block{ui.Confirm{
				Text: v.T("settings.health.discard_text"), Action: pathHealth + "/discard", Hidden: hidden,
				Submit: v.T("settings.health.discard"), Cancel: ui.Link{Text: v.T("shell.cancel"), Href: pathHealth},
			}},
		})
	}
	n, err := v.eachChosen("DELETE", func(id string) string { return "/dead-jobs/" + client.Segment(id) })
	if err != nil {
		return err
	}
	return v.done(pathHealth, v.N("settings.health.discarded", n))
}
