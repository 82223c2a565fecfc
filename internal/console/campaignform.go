package console

import (
	"bufio"
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
)

// campaignMembers are what a column of a campaign may be.
var campaignMembers = []string{
	"email", "name", "phone", "locale", "message", "profile.givenName", "profile.familyName", "roleIds", "organizationIds", "applicationId", "expiresAt",
}

// campaignMember is what a column of users is in a campaign, "" where it is
// nothing.
func campaignMember(member string) string {
	switch member {
	case "primaryEmail":
		return "email"
	case "primaryPhone":
		return "phone"
	case "profile.locale":
		return "locale"
	}
	if slices.Contains(campaignMembers, member) || strings.HasPrefix(member, "customData.") {
		return member
	}
	return ""
}

// guessCampaign says of each column what it is: what was saved, or what its name
// says.
func guessCampaign(c guestlist.Campaign) []string {
	if len(c.Mapping) == len(c.Columns) {
		return c.Mapping
	}
	out := guessColumns(c.Columns)
	for n, member := range out {
		out[n] = campaignMember(member)
		for _, m := range campaignMembers {
			if out[n] == "" && strings.EqualFold(c.Columns[n], m) && !slices.Contains(out, m) {
				out[n] = m
			}
		}
	}
	return out
}

func (v *visit) campaignMemberName(member string) string {
	if strings.HasPrefix(member, "profile.") {
		return v.memberName(member)
	}
	return v.T("campaigns.member." + member)
}

// splitWords takes a text apart at commas and blanks.
func splitWords(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ';' || r == ' ' || r == '،' || r == '、' })
}

func joinDays(days []int) string {
	var words []string
	for _, d := range days {
		words = append(words, strconv.Itoa(d))
	}
	return strings.Join(words, ", ")
}

// localMoment is how a browser writes a moment of its own place.
const localMoment = "2006-01-02T15:04"

func zoneOf(name string) *time.Location {
	if zone, err := time.LoadLocation(name); err == nil && name != "Local" {
		return zone
	}
	return time.UTC
}

func (v *visit) campaignForm(c guestlist.Campaign, mapping []string) (*ui.Form, error) {
	form := &ui.Form{
		Action: campaignPath(c.ID), Submit: v.N("campaigns.start", c.Total),
		Others: []ui.Action{{Text: v.T("campaigns.check"), Name: "do", Value: "check"}},
	}
	columns := ui.FormSection{Title: v.T("user_import.columns"), Text: v.T("user_import.columns_text")}
	for n, column := range c.Columns {
		options := []ui.Option{{Text: v.T("user_import.leave_out")}}
		for _, m := range campaignMembers {
			options = append(options, ui.Option{Value: m, Text: v.campaignMemberName(m)})
		}
		if custom := customMember(column); custom != "" {
			options = append(options, ui.Option{Value: custom, Text: v.T("user_import.custom", "name", strings.TrimPrefix(custom, "customData."))})
		}
		if !slices.ContainsFunc(options, func(o ui.Option) bool { return o.Value == mapping[n] }) {
			options = append(options, ui.Option{Value: mapping[n], Text: mapping[n]})
		}
		label := column
		if label == "" {
			label = v.T("user_import.column", "n", n+1)
		}
		columns.Fields = append(columns.Fields, ui.Field{Kind: ui.KindSelect, Name: columnField(n), Label: label, Value: mapping[n], Options: options})
	}
	language := v.languageField(c.Locale)
	language.Help = v.T("campaigns.language_help")
	terms, err := v.termSections(guestlist.InvitationPersonal, language)
	if err != nil {
		return nil, err
	}
	terms[0].Fields = append([]ui.Field{
		{Name: "name", Label: v.T("campaigns.name"), Help: v.T("campaigns.name_help"), Value: c.Name, Max: maxCampaignName},
	}, terms[0].Fields...)
	form.Sections = slices.Concat([]ui.FormSection{columns}, terms, []ui.FormSection{v.waveSection(c), v.reminderSection(c)})
	fillTerms(form, c.Terms)
	if len(c.Mapping) == len(c.Columns) { // it was saved before: nothing is a choice too
		form.Field("applicationId").Value = string(c.Terms.ApplicationID)
	}
	return form, nil
}

func (v *visit) waveSection(c guestlist.Campaign) ui.FormSection {
	one, most, minutes, zero, lastHour, dayEnd := 1, guestlist.MaxCampaignWave, int(guestlist.MaxCampaignInterval/time.Minute), 0, 23, 24
	w := c.Waves
	how, size, interval, start, zone := promoteAtOnce, "100", "60", "", w.TimeZone
	if w.Size > 0 {
		how, size, interval = promoteInWaves, v.plain(w.Size), v.plain(max(1, w.Interval/60))
	}
	if w.StartAt > 0 {
		start = w.StartAt.Std().In(zoneOf(zone)).Format(localMoment)
	}
	if zone == "" {
		zone = "UTC"
	}
	inWaves := []ui.When{{Field: "how", Value: promoteInWaves, Text: v.T("waitlist.if_waves")}}
	return ui.FormSection{Title: v.T("campaigns.sending_title"), Fields: []ui.Field{
		{Kind: ui.KindRadio, Name: "how", Label: v.T("waitlist.how"), Value: how, Options: []ui.Option{
			{Value: promoteAtOnce, Text: v.T("waitlist.once")}, {Value: promoteInWaves, Text: v.T("waitlist.waves"), Help: v.T("waitlist.waves_help")},
		}},
		{Kind: ui.KindNumber, Name: "size", API: "waves.size", Label: v.T("waitlist.wave"), Value: size, Least: &one, Most: &most, When: inWaves},
		{Kind: ui.KindNumber, Name: "interval", API: "waves.interval", Label: v.T("waitlist.interval"), Suffix: v.T("campaigns.unit_minutes"), Value: interval, Least: &one, Most: &minutes, When: inWaves},
		{Name: "startAt", API: "waves.startAt", Label: v.T("campaigns.start_at"), Help: v.T("campaigns.start_at_help"), Type: "datetime-local", Value: start, Optional: true},
		{Name: "timeZone", API: "waves.timeZone", Label: v.T("campaigns.zone"), Help: v.T("campaigns.zone_help"), Value: zone, Max: 64, Code: true},
		{Kind: ui.KindNumber, Name: "fromHour", API: "waves.fromHour", Label: v.T("campaigns.from_hour"), Help: v.T("campaigns.hours_help"), Value: v.plain(w.FromHour), Least: &zero, Most: &lastHour},
		{Kind: ui.KindNumber, Name: "toHour", API: "waves.toHour", Label: v.T("campaigns.to_hour"), Value: v.plain(w.ToHour), Least: &zero, Most: &dayEnd},
	}}
}

func (v *visit) reminderSection(c guestlist.Campaign) ui.FormSection {
	return ui.FormSection{Title: v.T("campaigns.reminders"), Text: v.T("campaigns.reminders_text"), Folded: true, Fields: []ui.Field{
		{Name: "remindAfter", API: "terms.remindAfterDays", Label: v.T("campaigns.remind_after"), Help: v.T("campaigns.days_help"), Value: joinDays(c.Terms.RemindAfter), Max: 40, Optional: true},
		{Name: "remindBefore", API: "terms.remindBeforeExpiryDays", Label: v.T("campaigns.remind_before"), Help: v.T("campaigns.days_help"), Value: joinDays(c.Terms.RemindBeforeEnd), Max: 40, Optional: true},
		{Kind: ui.KindSelect, Name: "digest", Label: v.T("campaigns.digest"), Help: v.T("campaigns.digest_help"), Value: c.Digest, Options: []ui.Option{
			{Text: v.T("campaigns.digest_none")}, {Value: "daily", Text: v.T("campaigns.digest_daily")}, {Value: "weekly", Text: v.T("campaigns.digest_weekly")},
		}},
	}}
}

// typedCampaign is what was typed, as the API takes it. What cannot be read is
// marked.
func (v *visit) typedCampaign(form *ui.Form, mapping []string) map[string]any {
	terms := v.terms(form)
	for name, member := range map[string]string{"remindAfter": "remindAfterDays", "remindBefore": "remindBeforeExpiryDays"} {
		days, ok := typedDays(v.form.Get(name))
		if !ok {
			form.Mark(form.Field(name).MarkName(), v.T("campaigns.no_days"))
		}
		if len(days) > 0 {
			terms[member] = days
		}
	}
	zone := strings.TrimSpace(v.form.Get("timeZone"))
	waves := map[string]any{"timeZone": zone}
	for _, name := range []string{"fromHour", "toHour"} {
		waves[name] = v.hour(form, name)
	}
	if v.form.Get("how") == promoteInWaves {
		waves["size"], waves["interval"] = v.whole(form, "size"), v.whole(form, "interval")*60
	}
	if text := strings.TrimSpace(v.form.Get("startAt")); text != "" {
		at, err := time.ParseInLocation(localMoment, text[:min(len(text), len(localMoment))], zoneOf(zone))
		if err != nil {
			form.Mark("waves.startAt", v.T("ui.issue.other"))
		}
		waves["startAt"] = guestlist.TimeOf(at)
	}
	return map[string]any{
		"name": strings.TrimSpace(v.form.Get("name")), "terms": terms, "waves": waves, "mapping": mapping,
		"locale": v.form.Get("locale"), "digest": v.form.Get("digest"),
	}
}

// hour reads an hour of the day, 0 where nothing was typed.
func (v *visit) hour(form *ui.Form, name string) int {
	if strings.TrimSpace(v.form.Get(name)) == "" {
		return 0
	}
	return v.whole(form, name)
}

// whole reads a number that is small enough to be calculated with.
func (v *visit) whole(form *ui.Form, name string) int {
	n, err := strconv.Atoi(strings.TrimSpace(v.form.Get(name)))
	if err != nil || n < 0 || n > maxTyped {
		form.Mark(form.Field(name).MarkName(), v.T("ui.issue.number"))
		return 0
	}
	return n
}

// maxTyped keeps what is typed within what can be calculated with.
const maxTyped = 10_000_000

// foreseen is what would become of the rows.
type foreseen struct {
	Counts map[string]int
	Rows   []guestlist.RowReport // that would become no invitation, the first of them
	Read   int
	More   bool // there are rows that nobody looked at
}

const (
	// maxForeseen is how many rows a look ahead judges: more would keep whoever
	// looks waiting. The import judges all.
	maxForeseen = 100_000
	// foreseeFor is how long it may take.
	foreseeFor = 20 * time.Second
)

// foresee asks what would become of the rows of a campaign.
func (v *visit) foresee(c guestlist.Campaign) (*foreseen, error) {
	ctx, cancel := context.WithTimeout(v.ctx(), foreseeFor)
	defer cancel()
	res, err := v.api.Open(ctx, client.Call{Method: "POST", Path: campaignAPI(c.ID) + "/preview"})
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	f := &foreseen{Counts: map[string]int{}}
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line struct {
			guestlist.RowReport
			Done  *bool `json:"done"`
			Total int   `json:"total"`
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return nil, err
		}
		if line.Done != nil {
			f.More = !*line.Done
			return f, nil
		}
		if f.Read == maxForeseen {
			break
		}
		f.Read++
		f.Counts[string(line.Verdict)]++
		if !line.Verdict.Issues() && len(f.Rows) < maxRefusedShown {
			f.Rows = append(f.Rows, line.RowReport)
		}
	}
	f.More = true
	return f, v.ctx().Err()
}

// foreseenSection shows it.
func (v *visit) foreseenSection(f *foreseen) ui.Block {
	s := ui.Section{ID: "foreseen", Title: v.T("campaigns.foreseen"), Text: v.T("campaigns.foreseen_text"), Body: []ui.Block{v.verdictTable(f.Counts)}}
	if f.More {
		s.Text = v.T("campaigns.foreseen_more", "n", v.count(f.Read))
	}
	if len(f.Rows) == 0 {
		return s
	}
	t := ui.Table{ID: "refused", Caption: v.T("campaigns.refused"), Columns: []ui.Column{
		{Text: v.T("invitations.recipient")}, {Text: v.T("user_import.verdict")}, {Text: v.T("user_import.why")},
	}}
	for _, r := range f.Rows {
		name := ui.Cell{Text: r.Recipient, Sub: v.T("user_import.line_n", "n", v.count(r.Line))}
		if name.Text == "" {
			name.Text = "–"
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{name, ui.Text(v.T("campaigns.verdict." + string(r.Verdict))), ui.Text(r.Message)}})
	}
	s.Body = append(s.Body, t)
	return s
}

// showCampaignForm asks what the columns are and when it is sent. refused is why
// it did not start.
func (v *visit) showCampaignForm(c guestlist.Campaign, mapping []string, f *foreseen, refused error) error {
	form, err := v.campaignForm(c, mapping)
	if err != nil {
		return err
	}
	page, err := v.campaignFormPage(c, form)
	if err != nil {
		return err
	}
	if f != nil {
		page.Body = append([]ui.Block{v.foreseenSection(f)}, page.Body...)
	}
	if refused == nil {
		return v.show(page)
	}
	return v.again(page, form, refused, campaignFields...)
}

// campaignFields says which refusal is about which field.
var campaignFields = append([]string{"invitation.invalid_reminders", "terms.remindAfterDays"}, termProblems...)

func (v *visit) campaignFormPage(c guestlist.Campaign, form *ui.Form) (*ui.Page, error) {
	page := &ui.Page{Name: "campaign-setup", Header: ui.Header{
		Title: c.Name, Lead: v.N("campaigns.has_rows", c.Total), Pill: v.campaignState(c.State), Crumbs: v.campaignCrumbs(), Actions: v.campaignActions(c),
	}}
	var err error
	page.Body, err = v.withMailNotice(form)
	return page, err
}

// postCampaign saves what was typed, and looks ahead or starts. It also goes on
// with a campaign whose import failed.
func postCampaign(v *visit) error {
	c, err := v.campaign()
	if err != nil {
		return err
	}
	if c.State != guestlist.CampaignUploaded {
		if err := v.api.Do(v.ctx(), "POST", campaignAPI(c.ID)+"/start", map[string]any{}, nil); err != nil {
			return v.refused(campaignPath(c.ID), err)
		}
		return v.to(campaignPath(c.ID))
	}
	mapping := make([]string, len(c.Columns))
	for n := range mapping {
		mapping[n] = v.form.Get(columnField(n))
	}
	form, err := v.campaignForm(c, mapping)
	if err != nil {
		return err
	}
	change := v.typedCampaign(form, mapping)
	if !slices.Contains(mapping, "email") && !slices.Contains(mapping, "phone") {
		form.Problem = v.T("campaigns.no_recipient")
	}
	if v.markTwice(form, importOrder{Columns: mapping}) || len(form.Problems()) > 0 || form.Problem != "" {
		page, err := v.campaignFormPage(c, form)
		if err != nil {
			return err
		}
		return v.again(page, form, errMarked)
	}
	var saved guestlist.Campaign // and not c: what is not answered is chosen no more
	if err := v.api.Do(v.ctx(), "PATCH", campaignAPI(c.ID), change, &saved); err != nil {
		return v.showCampaignForm(c, mapping, nil, err)
	}
	c = saved
	if v.form.Get("do") == "check" {
		f, err := v.foresee(c)
		if err != nil {
			return v.showCampaignForm(c, mapping, nil, err)
		}
		return v.showCampaignForm(c, mapping, f, nil)
	}
	if err := v.api.Do(v.ctx(), "POST", campaignAPI(c.ID)+"/start", map[string]any{}, nil); err != nil {
		return v.showCampaignForm(c, mapping, nil, err)
	}
	return v.to(campaignPath(c.ID))
}
