package console

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
)

func campaignRoutes() []route {
	return []route{
		get(pathCampaigns, getCampaigns),
		post(pathCampaigns, postCampaigns),
		get(pathCampaigns+"/new", getNewCampaign),
		get(pathCampaigns+"/{id}", getCampaign),
		post(pathCampaigns+"/{id}", postCampaign),
		get(pathCampaigns+"/{id}/events", getCampaignEvents),
		get(pathCampaigns+"/{id}/rows", getCampaignRows),
		get(pathCampaigns+"/{id}/report", getCampaignReport),
		post(pathCampaigns+"/{id}/pause", postCampaignPause),
		post(pathCampaigns+"/{id}/resume", postCampaignResume),
		get(pathCampaigns+"/{id}/cancel", getCancelCampaign),
		post(pathCampaigns+"/{id}/cancel", postCancelCampaign),
		get(pathCampaigns+"/{id}/delete", getDeleteCampaign),
		post(pathCampaigns+"/{id}/delete", postDeleteCampaign),
	}
}

// maxCampaignUpload bounds the form with a file, in bytes. The API bounds the
// file.
const maxCampaignUpload = 4<<30 + 1<<20

func campaignPath(id guestlist.CampaignID) string { return pathCampaigns + "/" + client.Segment(id) }

func campaignAPI[ID ~string](id ID) string { return "/invitation-campaigns/" + client.Segment(id) }

func (v *visit) campaignCrumbs(more ...ui.Link) []ui.Link {
	return append([]ui.Link{{Text: v.T("campaigns.title"), Href: pathCampaigns}}, more...)
}

// campaign reads the campaign of the path.
func (v *visit) campaign() (guestlist.Campaign, error) {
	var c guestlist.Campaign
	return c, v.api.Do(v.ctx(), "GET", campaignAPI(v.id("id")), nil, &c)
}

// campaignTones are what the states of a campaign mean to whoever looks.
var campaignTones = map[guestlist.CampaignState]ui.Tone{
	guestlist.CampaignUploaded: ui.Warn, guestlist.CampaignImporting: ui.Info, guestlist.CampaignSending: ui.Info,
	guestlist.CampaignPaused: ui.Warn, guestlist.CampaignFinished: ui.Good, guestlist.CampaignFailed: ui.Bad,
}

func (v *visit) campaignState(s guestlist.CampaignState) *ui.Pill {
	return &ui.Pill{Text: v.T("campaigns.is." + string(s)), Tone: campaignTones[s]}
}

func getCampaigns(v *visit) error {
	var rows []guestlist.Campaign
	paging, err := v.list("/invitation-campaigns", nil, &rows)
	if err != nil {
		return err
	}
	var actions []ui.Action
	if v.invites() {
		actions = []ui.Action{{Text: v.T("campaigns.new"), Href: pathCampaigns + "/new", Primary: true, Icon: "plus"}}
	}
	t := ui.Table{
		Caption: v.T("campaigns.title"), Paging: paging,
		Columns: []ui.Column{
			{Text: v.T("campaigns.name")}, {Text: v.T("campaigns.state")}, {Text: v.T("campaigns.rows"), Number: true},
			{Text: v.T("campaigns.invited"), Number: true}, {Text: v.T("campaigns.next"), Minor: true}, {Text: v.T("campaigns.made"), Minor: true},
		},
		Empty: &ui.Empty{Icon: "campaign", Title: v.T("campaigns.empty"), Text: v.T("campaigns.empty_text"), Actions: actions},
	}
	for _, c := range rows {
		row := ui.Row{Href: campaignPath(c.ID), Cells: []ui.Cell{
			ui.Text(c.Name), {Pill: v.campaignState(c.State)}, ui.Text(v.count(c.Total)), ui.Text(v.count(issuedOf(c))), {}, ui.At(c.CreatedAt),
		}}
		if c.NextWaveAt != nil {
			row.Cells[4] = ui.At(*c.NextWaveAt)
		}
		t.Rows = append(t.Rows, row)
	}
	page := &ui.Page{Name: "campaigns", Header: ui.Header{Title: v.T("campaigns.title"), Lead: v.T("campaigns.lead"), Actions: actions}}
	if page.Body, err = v.withMailNotice(t); err != nil {
		return err
	}
	return v.show(page)
}

// issuedOf is how many rows of a campaign became invitations.
func issuedOf(c guestlist.Campaign) int {
	n := 0
	for _, verdict := range guestlist.RowVerdicts() {
		if verdict.Issues() {
			n += c.Verdicts[string(verdict)]
		}
	}
	return n
}

func (v *visit) campaignUploadForm() *ui.Form {
	return &ui.Form{
		Action: pathCampaigns, Submit: v.T("user_import.upload"), Upload: true, Cancel: &ui.Link{Text: v.T("shell.cancel"), Href: pathCampaigns},
		Sections: []ui.FormSection{{Text: v.T("user_import.upload_text"), Fields: []ui.Field{{
			Kind: ui.KindFile, Name: "file", Label: v.T("user_import.file"), Help: v.T("campaigns.file_help"), Accept: ".csv,text/csv",
		}}}},
	}
}

// campaignExample is a file as it can be uploaded.
const campaignExample = "email,name,language\nada@example.com,Ada Lovelace,en\ngrace@example.com,Grace Hopper,de\n"

func (v *visit) newCampaignPage(form *ui.Form) *ui.Page {
	return &ui.Page{
		Name: "new-campaign", Header: ui.Header{Title: v.T("campaigns.new"), Lead: v.T("campaigns.new_lead"), Crumbs: v.campaignCrumbs()},
		Body: []ui.Block{ui.Columns{Main: []ui.Block{form}, Side: []ui.Block{ui.Snippet{Title: v.T("user_import.example"), Text: campaignExample}}}},
	}
}

func getNewCampaign(v *visit) error { return v.show(v.newCampaignPage(v.campaignUploadForm())) }

// postCampaigns keeps a file. What it means, and when it is sent, is asked next.
func postCampaigns(v *visit) error {
	form := v.campaignUploadForm()
	page := v.newCampaignPage(form)
	if !v.isUpload() {
		return errNoPage
	}
	name, content, err := v.file("file", maxCampaignUpload)
	if err != nil {
		if errors.Is(err, io.EOF) {
			form.Mark("file", v.T("user_import.choose"))
			err = errMarked
		}
		return v.again(page, form, err, "request.body_unreadable", "file", "request.body_too_large", "file")
	}
	if letters := []rune(name); len(letters) > maxCampaignName {
		name = string(letters[:maxCampaignName])
	}
	var c guestlist.Campaign
	if _, err := v.api.Send(v.ctx(), client.Call{
		Method: "POST", Path: "/invitations/batch", Query: query("name", name, "start", "false"), Body: content, ContentType: "text/csv", Out: &c,
	}); err != nil {
		var e *guestlist.Error
		if errors.As(err, &e) && isRefusal(e) {
			form.Mark("file", v.says(e))
			err = errMarked
		}
		return v.again(page, form, err)
	}
	return v.to(campaignPath(c.ID))
}

// maxCampaignName is the longest name of a campaign, in characters.
const maxCampaignName = 128

func getCampaign(v *visit) error {
	c, err := v.campaign()
	if err != nil {
		return err
	}
	if c.State == guestlist.CampaignUploaded && v.invites() {
		return v.showCampaignForm(c, guessCampaign(c), nil, nil)
	}
	p, err := v.campaignPage(c)
	if err != nil {
		return err
	}
	return v.show(p)
}

// campaignPage is a campaign that was started, or whose rows are missing.
func (v *visit) campaignPage(c guestlist.Campaign) (*ui.Page, error) {
	p := &ui.Page{Name: "campaign", Header: ui.Header{
		Title: c.Name, ID: string(c.ID), Pill: v.campaignState(c.State), Crumbs: v.campaignCrumbs(), Actions: v.campaignActions(c),
	}}
	switch c.State {
	case guestlist.CampaignDraft, guestlist.CampaignUploading, guestlist.CampaignUploaded:
		p.Header.Lead = v.T("campaigns.waits")
		return p, nil
	case guestlist.CampaignFailed:
		n := ui.Notice{Tone: ui.Bad, Title: v.T("campaigns.is.failed"), Text: v.T("user_import.failed_text")}
		if v.invites() {
			n.Actions = []ui.Action{{Text: v.T("user_import.go_on"), Href: campaignPath(c.ID), Post: true}}
		}
		p.Body = append(p.Body, n)
	default:
	}
	r, err := v.campaignReport(c.ID)
	if err != nil {
		return nil, err
	}
	figures := ui.Live{ID: "figures", Body: v.campaignFigures(c, r)}
	if events := campaignPath(c.ID) + "/events"; c.State == guestlist.CampaignImporting || c.State == guestlist.CampaignSending {
		p.Refresh = importRefresh
		done, total, text := v.campaignProgress(c, r)
		p.Body = append(p.Body, ui.Section{Body: []ui.Block{ui.Progress{
			Label: v.T("user_import.progress"), Done: done, Total: total, Text: text, Events: events, Renews: figures.ID,
		}}})
	} else { // what was sent is opened and accepted later
		figures.Events = events
	}
	p.Body = append(p.Body, figures, v.campaignTerms(c))
	return p, nil
}

func (v *visit) campaignReport(id guestlist.CampaignID) (guestlist.CampaignReport, error) {
	var r guestlist.CampaignReport
	return r, v.api.Do(v.ctx(), "GET", campaignAPI(id)+"/report", nil, &r)
}

// campaignTerms are what its invitations give and say.
func (v *visit) campaignTerms(c guestlist.Campaign) ui.Block {
	facts := append(v.grantFacts(c.Terms), ui.Fact{Term: v.T("invitations.good_for"), Cell: ui.Text(v.N("invitations.days", max(1, c.Terms.TTL/secondsOfDay)))})
	facts = append(facts, v.askFacts(c.Terms, c.Locale)...)
	if c.Digest != "" {
		facts = append(facts, ui.Fact{Term: v.T("campaigns.digest"), Cell: ui.Text(v.T("campaigns.digest_" + c.Digest))})
	}
	return ui.Section{Title: v.T("invitations.terms"), Body: []ui.Block{ui.Facts{Rows: facts}}}
}

func (v *visit) campaignActions(c guestlist.Campaign) []ui.Action {
	if !v.invites() {
		return nil
	}
	at := campaignPath(c.ID)
	pause := ui.Action{Text: v.T("campaigns.pause"), Href: at + "/pause", Post: true}
	resume := ui.Action{Text: v.T("campaigns.resume"), Href: at + "/resume", Post: true, Primary: true}
	cancel := ui.Action{Text: v.T("campaigns.cancel"), Href: at + "/cancel", Danger: true}
	switch c.State {
	case guestlist.CampaignImporting, guestlist.CampaignSending:
		return []ui.Action{pause, cancel}
	case guestlist.CampaignPaused:
		return []ui.Action{resume, cancel}
	case guestlist.CampaignFailed:
		return []ui.Action{cancel}
	default:
		return []ui.Action{{Text: v.T("campaigns.delete"), Href: at + "/delete", Danger: true}}
	}
}

// campaignProgress is how far a campaign is: first its rows are read, then its
// mails go out.
func (v *visit) campaignProgress(c guestlist.Campaign, r guestlist.CampaignReport) (done, total int, text string) {
	if c.State == guestlist.CampaignImporting {
		return c.Done, c.Total, v.T("campaigns.reading", "done", v.count(c.Done), "total", v.count(c.Total))
	}
	sent := max(0, issuedOf(c)-r.Queued)
	return sent, issuedOf(c), v.T("campaigns.sending", "done", v.count(sent), "total", v.count(issuedOf(c)), "accepted", v.count(r.Accepted))
}

// campaignPace is how often a campaign is looked at for whoever watches it.
const campaignPace = time.Second

func getCampaignEvents(v *visit) error {
	first, err := v.campaign()
	if err != nil {
		return err
	}
	return v.stream(campaignPace, nil, func() (ui.ProgressEvent, error) {
		c, err := v.campaign()
		if err != nil && guestlist.KindOf(err) == guestlist.KindNotFound {
			return ui.ProgressEvent{Finished: true, Href: pathCampaigns}, nil
		}
		if err != nil {
			return ui.ProgressEvent{}, err
		}
		r, err := v.campaignReport(c.ID)
		if err != nil {
			return ui.ProgressEvent{}, err
		}
		done, total, text := v.campaignProgress(c, r)
		r.MedianToAccept = nil // changes with Accepted
		return ui.ProgressEvent{Done: done, Total: total, Text: text, State: fmt.Sprint(r, c.WavesSent), Finished: c.State != first.State}, nil
	})
}

func getCampaignRows(v *visit) error {
	q := query()
	if only := v.query.Get("verdict"); only != "" {
		q.Set("verdict", only)
	}
	return v.download(client.Call{Path: campaignAPI(v.id("id")) + "/rows.csv", Query: q})
}

func getCampaignReport(v *visit) error {
	return v.download(client.Call{Path: campaignAPI(v.id("id")) + "/report.csv"})
}

// campaignVerb does something with a campaign, and says that it did. Where the
// opposite exists, one press takes it back.
func (v *visit) campaignVerb(verb, back string) error {
	at := pathCampaigns + "/" + client.Segment(v.id("id"))
	if err := v.api.Do(v.ctx(), "POST", campaignAPI(v.id("id"))+"/"+verb, map[string]any{}, nil); err != nil {
		return v.refused(at, err)
	}
	return v.doneWith(at, ui.Flash{Text: v.T("campaigns.now." + verb), Undo: &ui.Action{Text: v.T("ui.undo"), Href: at + "/" + back, Post: true}})
}

func postCampaignPause(v *visit) error { return v.campaignVerb("pause", "resume") }

func postCampaignResume(v *visit) error { return v.campaignVerb("resume", "pause") }

func (v *visit) cancelCampaignForm(c guestlist.Campaign) *ui.Form {
	return &ui.Form{
		Action: campaignPath(c.ID) + "/cancel", Submit: v.T("campaigns.cancel"), Danger: true, Cancel: &ui.Link{Text: v.T("campaigns.keep"), Href: campaignPath(c.ID)},
		Sections: []ui.FormSection{{Fields: []ui.Field{
			{Kind: ui.KindSwitch, Name: "revoke", Label: v.T("campaigns.revoke"), Help: v.T("campaigns.revoke_help")},
		}}},
	}
}

func getCancelCampaign(v *visit) error {
	c, err := v.campaign()
	if err != nil {
		return err
	}
	return v.show(&ui.Page{Name: "cancel-campaign", Body: []ui.Block{v.cancelCampaignForm(c)}, Header: ui.Header{
		Title: v.T("campaigns.cancel_title", "name", c.Name), Lead: v.T("campaigns.cancel_text"),
		Crumbs: v.campaignCrumbs(ui.Link{Text: c.Name, Href: campaignPath(c.ID)}),
	}})
}

func postCancelCampaign(v *visit) error {
	at := pathCampaigns + "/" + client.Segment(v.id("id"))
	if err := v.api.Do(v.ctx(), "POST", campaignAPI(v.id("id"))+"/cancel", map[string]any{"revoke": v.on("revoke")}, nil); err != nil {
		return v.refused(at, err)
	}
	return v.done(at, v.T("campaigns.now.cancel"))
}

func getDeleteCampaign(v *visit) error {
	c, err := v.campaign()
	if err != nil {
		return err
	}
	return v.show(&ui.Page{
		Name: "delete-campaign",
		Header: ui.Header{
			Title: v.T("campaigns.delete_title", "name", c.Name), Crumbs: v.campaignCrumbs(ui.Link{Text: c.Name, Href: campaignPath(c.ID)}),
		},
		Body: []ui.Block{ui.Confirm{
			Text: v.T("campaigns.delete_text"), Action: campaignPath(c.ID) + "/delete", Submit: v.T("campaigns.delete"),
			Cancel: ui.Link{Text: v.T("shell.cancel"), Href: campaignPath(c.ID)},
		}},
	})
}

func postDeleteCampaign(v *visit) error {
	if err := v.api.Do(v.ctx(), "DELETE", campaignAPI(v.id("id")), nil, nil); err != nil {
		return v.refused(pathCampaigns+"/"+client.Segment(v.id("id")), err)
	}
	return v.done(pathCampaigns, v.T("campaigns.now.delete"))
}

// campaignFigures are the numbers of a campaign, its waves, and its rows.
func (v *visit) campaignFigures(c guestlist.Campaign, r guestlist.CampaignReport) []ui.Block {
	f := v.funnelOf(v.T("campaigns.funnel"), client.InvitationDay{
		Issued: r.Imported, Sent: r.Sent, Delivered: r.Delivered, Opened: r.Opened, Started: r.Started, Accepted: r.Accepted,
	})
	stats := ui.Stats{}
	for _, x := range []struct {
		key string
		n   int
	}{{"queued", r.Queued}, {"bounced", r.Bounced}, {"declined", r.Declined}, {"expired", r.Expired}, {"revoked", r.Revoked}} {
		stats.Items = append(stats.Items, ui.Stat{Label: v.T("campaigns.count." + x.key), Value: v.count(x.n)})
	}
	if r.MedianToAccept != nil {
		stats.Items = append(stats.Items, ui.Stat{Label: v.T("campaigns.count.median"), Value: v.lasted(*r.MedianToAccept)})
	}
	report := ui.Section{Title: v.T("campaigns.report"), Body: []ui.Block{f, stats}, Actions: []ui.Action{
		{Text: v.T("campaigns.download"), Href: campaignPath(c.ID) + "/report"},
		{Text: v.T("campaigns.download_rows"), Href: campaignPath(c.ID) + "/rows"},
	}}
	body := []ui.Block{report}
	if line := v.campaignTimeline(c); line != nil {
		body = append(body, ui.Section{Body: []ui.Block{*line}})
	}
	if c.Done > 0 {
		t := v.verdictTable(c.Verdicts)
		for n, verdict := range verdictsOf(c.Verdicts) {
			t.Rows[n].Actions = []ui.Action{{Text: v.T("campaigns.download_these"), Href: campaignPath(c.ID) + "/rows?" + query("verdict", string(verdict)).Encode()}}
		}
		body = append(body, ui.Section{Title: v.T("campaigns.verdicts"), Body: []ui.Block{t}})
	}
	return body
}

// lasted writes how many seconds something took, to the whole unit that tells
// enough.
func (v *visit) lasted(seconds int) string {
	const minute, hour = 60, 60 * 60
	switch {
	case seconds <= 2*hour-minute:
		return v.N("campaigns.minutes", (seconds+minute-1)/minute)
	case seconds <= 2*secondsOfDay-hour:
		return v.N("campaigns.hours", (seconds+hour/2)/hour)
	default:
		return v.N("invitations.days", (seconds+secondsOfDay/2)/secondsOfDay)
	}
}

// verdictsOf are the verdicts that there are.
func verdictsOf(counts map[string]int) []guestlist.RowVerdict {
	var list []guestlist.RowVerdict
	for _, verdict := range guestlist.RowVerdicts() {
		if counts[string(verdict)] > 0 {
			list = append(list, verdict)
		}
	}
	return list
}

func (v *visit) verdictTable(counts map[string]int) ui.Table {
	t := ui.Table{ID: "verdicts", Caption: v.T("campaigns.verdicts"), Columns: []ui.Column{{Text: v.T("user_import.verdict")}, {Text: v.T("campaigns.rows"), Number: true}}}
	for _, verdict := range verdictsOf(counts) {
		tone := ui.Warn
		switch {
		case verdict.Issues():
			tone = ui.Good
		case verdict == guestlist.RowInvalid:
			tone = ui.Bad
		}
		cell := ui.State(v.T("campaigns.verdict."+string(verdict)), tone)
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{cell, ui.Text(v.count(counts[string(verdict)]))}})
	}
	return t
}

// maxWavesDrawn is how many waves the time line has; the last mark stands for the
// rest.
const maxWavesDrawn = 60

// campaignTimeline draws the waves of a campaign: those that were sent, and those
// to come. When an earlier one left is known of the first alone, so that the
// others are drawn between it and the latest.
func (v *visit) campaignTimeline(c guestlist.Campaign) *ui.Timeline {
	size, people := c.Waves.Size, issuedOf(c)
	if size == 0 || size > people {
		size = people
	}
	if people == 0 || c.StartedAt == nil && c.NextWaveAt == nil {
		return nil
	}
	count := (people + size - 1) / size
	line := &ui.Timeline{
		Title: v.T("campaigns.waves"), Now: v.now(), NowText: v.T("campaigns.now_mark"), Wave: v.T("campaigns.wave"), People: v.T("campaigns.people"),
		When: v.T("campaigns.when"),
	}
	interval := time.Duration(c.Waves.Interval) * time.Second
	latest := v.now()
	switch {
	case c.NextWaveAt != nil:
		latest = c.NextWaveAt.Add(-interval)
	case c.FinishedAt != nil:
		latest = *c.FinishedAt
	}
	for n := range min(count, maxWavesDrawn) {
		w := ui.WaveMark{Name: v.T("campaigns.wave_n", "n", v.count(n+1)), Count: min(size, people-n*size), Sent: n < c.WavesSent, Exact: true}
		switch {
		case n >= c.WavesSent && c.NextWaveAt != nil:
			w.At = c.NextWaveAt.Add(time.Duration(n-c.WavesSent) * interval)
			w.Exact = n == c.WavesSent
		case n >= c.WavesSent || c.StartedAt == nil:
			continue // nothing says when
		case n > 0:
			w.At, w.Exact = c.StartedAt.Add(latest.Sub(*c.StartedAt)*time.Duration(n)/time.Duration(max(1, c.WavesSent-1))), false
		default:
			w.At = *c.StartedAt
		}
		line.Marks = append(line.Marks, w)
	}
	line.Alt = v.T("campaigns.waves_alt", "sent", v.count(c.WavesSent), "n", v.count(count), "people", v.count(people))
	return line
}

// typedDays reads numbers of days with commas between them.
func typedDays(text string) ([]int, bool) {
	var days []int
	for _, word := range splitWords(text) {
		n, err := strconv.Atoi(word)
		if err != nil || n < 1 {
			return nil, false
		}
		days = append(days, n)
	}
	return days, true
}
