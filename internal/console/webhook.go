package console

import (
	"slices"
	"strings"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
)

const pathWebhooks = Path + "/webhooks"

func webhookRoutes() []route {
	return []route{
		get(pathWebhooks, getWebhooks),
		get(pathWebhooks+"/new", getNewWebhook),
		post(pathWebhooks+"/new", postNewWebhook),
		get(pathWebhooks+"/{id}", getWebhook),
		post(pathWebhooks+"/{id}", postWebhook),
		post(pathWebhooks+"/{id}/enabled", postWebhookEnabled),
		post(pathWebhooks+"/{id}/test", postWebhookTest),
		get(pathWebhooks+"/{id}/rotate", getRotateWebhook),
		post(pathWebhooks+"/{id}/rotate", postRotateWebhook),
		get(pathWebhooks+"/{id}/delete", getDeleteWebhook),
		post(pathWebhooks+"/{id}/delete", postDeleteWebhook),
		get(pathWebhooks+"/{id}/deliveries", getDeliveries),
		get(pathWebhooks+"/{id}/deliveries/{log}", getDelivery),
		post(pathWebhooks+"/{id}/deliveries/{log}", postRedeliver),
	}
}

// webhook is one with how its deliveries of the last day went.
type webhook struct {
	guestlist.Hook
	Stats struct {
		SuccessCount int `json:"successCount"`
		RequestCount int `json:"requestCount"`
	} `json:"executionStats"`
	tag string
}

func (h webhook) failed() int { return h.Stats.RequestCount - h.Stats.SuccessCount }

// events are those that it wants, however it says so.
func (h webhook) events() []string {
	if len(h.Events) == 0 && h.Event != nil {
		return []string{*h.Event}
	}
	return h.Events
}

func webhookPath(id guestlist.HookID) string { return pathWebhooks + "/" + client.Segment(id) }

func webhookAPI(id guestlist.HookID) string { return "/hooks/" + client.Segment(id) }

func (v *visit) webhook() (webhook, error) {
	var h webhook
	a, err := v.api.Send(v.ctx(), client.Call{
		Path: "/hooks/" + client.Segment(v.id("id")), Query: query("includeExecutionStats", "true"), Out: &h,
	})
	h.tag = a.Tag
	return h, err
}

func (v *visit) webhookName(h webhook) string {
	if h.Name == "" {
		return h.Config.URL
	}
	return h.Name
}

func getWebhooks(v *visit) error {
	var hooks []webhook
	paging, err := v.list("/hooks", query("includeExecutionStats", "true"), &hooks)
	if err != nil {
		return err
	}
	create := ui.Action{Text: v.T("webhooks.new"), Href: pathWebhooks + "/new", Primary: true, Icon: "plus"}
	t := ui.Table{
		Caption: v.T("webhooks.title"), Paging: paging,
		Columns: []ui.Column{
			{Text: v.T("webhooks.name")}, {Text: v.T("webhooks.events"), Number: true, Minor: true}, {Text: v.T("webhooks.delivered"), Number: true},
			{Text: v.T("webhooks.failed"), Number: true}, {Text: v.T("webhooks.state")},
		},
		Empty: &ui.Empty{Icon: "hook", Title: v.T("webhooks.empty"), Text: v.T("webhooks.empty_text"), Actions: []ui.Action{create}},
	}
	for _, h := range hooks {
		failed := ui.Text(v.count(h.failed()))
		if h.failed() > 0 {
			failed = ui.State(v.count(h.failed()), ui.Bad)
		}
		name := ui.Cell{Text: v.webhookName(h), Sub: h.Config.URL}
		if h.Name == "" {
			name.Sub = ""
		}
		t.Rows = append(t.Rows, ui.Row{ID: string(h.ID), Href: webhookPath(h.ID), Cells: []ui.Cell{
			name, ui.Text(v.count(len(h.events()))), ui.Text(v.count(h.Stats.SuccessCount)), failed, {Pill: v.webhookPill(h)},
		}, Actions: []ui.Action{v.turn(h)}})
	}
	return v.show(&ui.Page{
		Name: "webhooks", Body: []ui.Block{t},
		Header: ui.Header{Title: v.T("webhooks.title"), Lead: v.T("webhooks.lead"), Actions: []ui.Action{create}},
	})
}

func (v *visit) webhookPill(h webhook) *ui.Pill {
	switch {
	case !h.Enabled:
		return &ui.Pill{Text: v.T("shell.off")}
	case h.failed() > 0:
		return &ui.Pill{Text: v.T("webhooks.failing"), Tone: ui.Bad}
	}
	return &ui.Pill{Text: v.T("shell.on"), Tone: ui.Good}
}

// turn is the button that switches a webhook over.
func (v *visit) turn(h webhook) ui.Action {
	a := ui.Action{Text: v.T("webhooks.turn_on"), Href: webhookPath(h.ID) + "/enabled", Post: true, Name: "enabled", Value: ui.Yes}
	if h.Enabled {
		a.Text, a.Value = v.T("webhooks.turn_off"), "false"
	}
	return a
}

// postWebhookEnabled switches a webhook over, which one press takes back.
func postWebhookEnabled(v *visit) error {
	h, err := v.webhook()
	if err != nil {
		return err
	}
	on := v.form.Get("enabled") == ui.Yes
	if err := v.api.Do(v.ctx(), "PATCH", webhookAPI(h.ID), map[string]any{"enabled": on}, nil); err != nil {
		return err
	}
	h.Enabled = on
	text := v.T("webhooks.is_off", "name", v.webhookName(h))
	if on {
		text = v.T("webhooks.is_on", "name", v.webhookName(h))
	}
	undo := v.turn(h)
	undo.Text, undo.Hidden, undo.Name, undo.Value = v.T("ui.undo"), []ui.Hidden{{Name: "enabled", Value: undo.Value}}, "", ""
	return v.doneWith(pathWebhooks, ui.Flash{Text: text, Undo: &undo})
}

// webhookPage is one of the pages of a webhook.
func (v *visit) webhookPage(h webhook, tab string, body ...ui.Block) *ui.Page {
	header := ui.Header{
		Title: v.webhookName(h), ID: string(h.ID), Pill: v.webhookPill(h),
		Crumbs:  []ui.Link{{Text: v.T("webhooks.title"), Href: pathWebhooks}},
		Actions: []ui.Action{v.turn(h), {Text: v.T("webhooks.delete"), Href: webhookPath(h.ID) + "/delete", Danger: true}},
		Tabs: []ui.Tab{
			{Text: v.T("webhooks.settings"), Href: webhookPath(h.ID), Current: tab == "settings"},
			{Text: v.T("webhooks.deliveries"), Href: webhookPath(h.ID) + "/deliveries", Current: tab == "deliveries"},
		},
	}
	return &ui.Page{Name: "webhook-" + tab, Header: header, Body: body}
}

// eventGroups are the events by what they are about, given by how they begin.
var eventGroups = []struct {
	key    string
	begins []string
}{
	{"sign_in", []string{"Post"}},
	{"user", []string{"User."}},
	{"role", []string{"Role.", "Scope."}},
	{"organization", []string{"Organization"}},
	{"invitation", []string{"Invitation", "RegistrationRequest."}},
	{"guard", []string{"Identifier.", "Message.", "Grant."}},
}

// eventField offers the events that are sent by now, and those that a webhook
// wants already, group by group.
func (v *visit) eventField(chosen []string) ui.Field {
	f := ui.Field{Kind: ui.KindChecks, Name: "events", Label: v.T("webhooks.events"), Help: v.T("webhooks.events_help"), Values: chosen}
	left := slices.DeleteFunc(slices.Clone(guestlist.HookEvents), func(e string) bool {
		return !guestlist.IsEmitted(e) && !slices.Contains(chosen, e)
	})
	for _, g := range append(eventGroups, struct {
		key    string
		begins []string
	}{"other", []string{""}}) {
		heading := v.T("webhooks.group." + g.key)
		for _, e := range slices.Clone(left) {
			if !slices.ContainsFunc(g.begins, func(b string) bool { return strings.HasPrefix(e, b) }) {
				continue
			}
			f.Options = append(f.Options, ui.Option{Value: e, Text: e, Help: v.eventText(e), Group: heading})
			heading = ""
			left = slices.DeleteFunc(left, func(x string) bool { return x == e })
		}
	}
	return f
}

// eventText says when an event is sent, where that is not plain from its name.
func (v *visit) eventText(event string) string {
	key := "webhooks.event." + strings.ReplaceAll(event, ".", "_")
	if !v.d.set.Phrases.Has(key) {
		return ""
	}
	return v.T(key)
}

// webhookForm is filled from what is stored, but for the values of headers,
// which may be passwords.
func (v *visit) webhookForm(h webhook, isNew bool) *ui.Form {
	headers := ui.Field{
		Kind: ui.KindPairs, Name: "headers", API: "config.headers", Label: v.T("webhooks.headers"), Help: v.T("webhooks.headers_help"), Optional: true,
	}
	for name := range h.Config.Headers {
		headers.Pairs = append(headers.Pairs, ui.Pair{Key: name})
		headers.Placeholder = v.T("webhooks.header_kept")
	}
	slices.SortFunc(headers.Pairs, func(a, b ui.Pair) int { return strings.Compare(a.Key, b.Key) })
	f := &ui.Form{
		Action: webhookPath(h.ID), Submit: v.T("shell.save"), Tag: h.tag,
		Sections: []ui.FormSection{
			{Fields: []ui.Field{
				{Name: "name", Label: v.T("webhooks.name"), Help: v.T("webhooks.name_help"), Value: h.Name, Max: 256, Focus: isNew},
				{Name: "url", API: "config.url", Type: "url", Label: v.T("webhooks.url"), Help: v.T("webhooks.url_help"), Value: h.Config.URL,
					Max: 2048, Placeholder: "https://api.acme.example/guestlist"},
				v.eventField(h.events()),
			}},
			{Title: v.T("webhooks.more"), Folded: true, Fields: []ui.Field{headers}},
		},
	}
	if isNew {
		f.Action, f.Submit = pathWebhooks+"/new", v.T("webhooks.new")
		f.Cancel = &ui.Link{Text: v.T("shell.cancel"), Href: pathWebhooks}
	}
	return f
}

// readWebhook is what a form asks of the API. ok is false if something is
// marked on the form. The value of a header that was left empty stays.
func (v *visit) readWebhook(h webhook, form *ui.Form) (in map[string]any, ok bool) {
	headers := map[string]string{}
	for _, p := range ui.PairsOf(v.form, "headers") {
		if p.Value == "" {
			p.Value = h.Config.Headers[p.Key]
		}
		headers[p.Key] = p.Value
	}
	events, address := ui.ListOf(v.form, "events"), strings.TrimSpace(v.form.Get("url"))
	ok = true
	if !isWebAddress(address) {
		ok = !form.Mark("config.url", v.T("ui.issue.url"))
	}
	if len(events) == 0 {
		ok = !form.Mark("events", v.T("webhooks.events_needed"))
	}
	config := map[string]any{"url": address, "headers": headers}
	if h.Config.Retries != nil {
		config["retries"] = *h.Config.Retries
	}
	in = map[string]any{"name": strings.TrimSpace(v.form.Get("name")), "events": events, "config": config}
	return in, ok
}
