package console

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
)

// logPrefix is how the API begins the name of a delivery's row, before the
// event's.
const logPrefix = "TriggerHook."

// periods are how far back deliveries are listed; the first is the usual one.
var periods = []struct {
	key string
	of  time.Duration
}{{"day", 24 * time.Hour}, {"week", 7 * 24 * time.Hour}, {"month", 30 * 24 * time.Hour}}

// delivery is an attempt, as its row tells.
type delivery struct {
	guestlist.Log
	event string
	said  struct {
		Result   string `json:"result"`
		Error    string `json:"error"`
		Response *struct {
			StatusCode int             `json:"statusCode"`
			Body       json.RawMessage `json:"body"`
		} `json:"response"`
		Request struct {
			ID   string          `json:"id"`
			Body json.RawMessage `json:"body"`
		} `json:"hookRequest"`
	}
}

func deliveryOf(l guestlist.Log) delivery {
	d := delivery{Log: l, event: strings.TrimPrefix(l.Key, logPrefix)}
	_ = json.Unmarshal(l.Payload, &d.said) // what is no object shows nothing
	return d
}

func (v *visit) deliveryPill(d delivery) *ui.Pill {
	text, tone := v.T("webhooks.result_ok"), ui.Good
	if d.said.Result != "Success" {
		text, tone = v.T("webhooks.result_failed"), ui.Bad
	}
	if d.said.Response != nil {
		text = fmt.Sprintf("%s · %d", text, d.said.Response.StatusCode)
	}
	return &ui.Pill{Text: text, Tone: tone}
}

func getDeliveries(v *visit) error {
	h, err := v.webhook()
	if err != nil {
		return err
	}
	since := v.query.Get("since")
	from := periods[0].of
	filter := ui.Filter{Name: "since", Label: v.T("webhooks.since"), Value: since}
	for i, p := range periods {
		option := ui.Option{Value: p.key, Text: v.T("webhooks.since_" + p.key)}
		if i == 0 {
			option.Value = ""
		}
		if p.key == since {
			from = p.of
		}
		filter.Options = append(filter.Options, option)
	}
	event := v.query.Get("event")
	q := query("start_time", fmt.Sprint(int64(v.now().Add(-from))), "enableCap", "true")
	if event != "" {
		q.Set("logKey", logPrefix+event)
	}
	var logs []guestlist.Log
	paging, err := v.list(webhookAPI(h.ID)+"/recent-logs", q, &logs)
	if err != nil {
		return err
	}
	events := ui.Filter{Name: "event", Label: v.T("webhooks.which"), Value: event, Options: []ui.Option{{Text: v.T("webhooks.any")}}}
	for _, e := range h.events() {
		events.Options = append(events.Options, ui.Option{Value: e, Text: e})
	}
	t := ui.Table{
		Caption: v.T("webhooks.deliveries"), Paging: paging, Filters: []ui.Filter{filter, events},
		Columns: []ui.Column{{Text: v.T("webhooks.which")}, {Text: v.T("webhooks.result")}, {Text: v.T("webhooks.error"), Minor: true}, {Text: v.T("webhooks.at")}},
		Empty:   &ui.Empty{Icon: "hook", Title: v.T("webhooks.no_deliveries"), Text: v.T("webhooks.no_deliveries_text")},
	}
	for _, l := range logs {
		d := deliveryOf(l)
		t.Rows = append(t.Rows, ui.Row{Href: deliveryPath(h.ID, l.ID), Cells: []ui.Cell{
			ui.Text(d.event), {Pill: v.deliveryPill(d)}, {Text: d.said.Error, Quiet: true}, ui.At(l.CreatedAt),
		}, Actions: v.redeliver(h, l.ID)})
	}
	return v.show(v.webhookPage(h, "deliveries", t))
}

func deliveryPath(hook guestlist.HookID, id guestlist.LogID) string {
	return webhookPath(hook) + "/deliveries/" + client.Segment(id)
}

// redeliver is the button that sends the same event again, which a webhook that
// is switched off does not have.
func (v *visit) redeliver(h webhook, id guestlist.LogID) []ui.Action {
	if !h.Enabled {
		return nil
	}
	return []ui.Action{{Text: v.T("webhooks.redeliver"), Href: deliveryPath(h.ID, id), Post: true}}
}

func getDelivery(v *visit) error {
	h, err := v.webhook()
	if err != nil {
		return err
	}
	var l guestlist.Log
	if err := v.api.Do(v.ctx(), "GET", webhookAPI(h.ID)+"/recent-logs/"+client.Segment(v.id("log")), nil, &l); err != nil {
		return err
	}
	d := deliveryOf(l)
	facts := []ui.Fact{
		{Term: v.T("webhooks.at"), Cell: ui.At(l.CreatedAt)}, {Term: v.T("webhooks.result"), Cell: ui.Cell{Pill: v.deliveryPill(d)}},
	}
	if d.said.Error != "" {
		facts = append(facts, ui.Fact{Term: v.T("webhooks.error"), Cell: ui.Text(d.said.Error)})
	}
	facts = append(facts, ui.Fact{Term: v.T("webhooks.url"), Cell: ui.Cell{Text: h.Config.URL, Code: true}})
	if d.said.Request.ID != "" {
		facts = append(facts, ui.Fact{Term: "webhook-id", Cell: ui.Code(d.said.Request.ID)})
	}
	answer := ui.Block(ui.Paragraph{Text: v.T("webhooks.no_answer")})
	if r := d.said.Response; r != nil {
		answer = ui.Snippet{Title: v.T("webhooks.answer"), Text: legible(r.Body)}
	}
	body := []ui.Block{
		ui.Section{Body: []ui.Block{ui.Facts{Rows: facts}}},
		ui.Snippet{Title: v.T("webhooks.request"), Text: legible(d.said.Request.Body)}, answer,
	}
	p := v.webhookPage(h, "delivery", body...)
	p.Header = ui.Header{
		Title: d.event, Pill: v.deliveryPill(d), Actions: v.redeliver(h, l.ID),
		Crumbs: []ui.Link{
			{Text: v.T("webhooks.title"), Href: pathWebhooks}, {Text: v.webhookName(h), Href: webhookPath(h.ID)},
			{Text: v.T("webhooks.deliveries"), Href: webhookPath(h.ID) + "/deliveries"},
		},
	}
	return v.show(p)
}

// legible writes a body for a person: JSON in lines, a text as it is.
func legible(body json.RawMessage) string {
	var text string
	if json.Unmarshal(body, &text) == nil {
		return text
	}
	var b bytes.Buffer
	if json.Indent(&b, body, "", "  ") != nil {
		return string(body)
	}
	return b.String()
}

func postRedeliver(v *visit) error {
	h, err := v.webhook()
	if err != nil {
		return err
	}
	path := webhookPath(h.ID) + "/deliveries"
	err = v.api.Do(v.ctx(), "POST", webhookAPI(h.ID)+"/recent-logs/"+client.Segment(v.id("log"))+"/redeliver", nil, nil)
	if guestlist.CodeOf(err) == "request.invalid_input" {
		return v.doneWith(path, ui.Flash{Text: v.T("webhooks.is_off", "name", v.webhookName(h)), Tone: ui.Warn})
	}
	if err != nil {
		return err
	}
	return v.done(path, v.T("webhooks.redelivered"))
}
