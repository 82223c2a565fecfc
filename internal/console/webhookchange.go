package console

import (
	"net/http"
	"net/url"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
)

// isWebAddress reports whether something can be sent to an address.
func isWebAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http")
}

func (v *visit) newWebhookPage(form *ui.Form) *ui.Page {
	return &ui.Page{
		Name: "new-webhook", Body: []ui.Block{form},
		Header: ui.Header{
			Title: v.T("webhooks.new"), Lead: v.T("webhooks.new_lead"), Crumbs: []ui.Link{{Text: v.T("webhooks.title"), Href: pathWebhooks}},
		},
	}
}

// firstEvents are chosen on the page for a new webhook.
var firstEvents = []string{guestlist.EventUserCreated}

func (v *visit) newWebhookForm() *ui.Form {
	return v.webhookForm(webhook{Hook: guestlist.Hook{Events: firstEvents}}, true)
}

func getNewWebhook(v *visit) error { return v.show(v.newWebhookPage(v.newWebhookForm())) }

func postNewWebhook(v *visit) error {
	form := v.newWebhookForm()
	in, ok := v.readWebhook(webhook{}, form)
	if !ok {
		return v.again(v.newWebhookPage(form), form, errMarked)
	}
	var created guestlist.Hook
	if err := v.api.Do(v.ctx(), "POST", "/hooks", in, &created); err != nil {
		return v.again(v.newWebhookPage(form), form, err)
	}
	return v.done(webhookPath(created.ID), v.T("webhooks.created"))
}

// webhookSettings is the page with the form, the key and the test.
func (v *visit) webhookSettings(h webhook, form *ui.Form) *ui.Page {
	key := ui.Section{
		ID: "key", Title: v.T("webhooks.key"), Text: v.T("webhooks.key_text"),
		Body:    []ui.Block{ui.Facts{Rows: []ui.Fact{{Term: v.T("webhooks.key"), Cell: ui.Cell{Text: h.SigningKey, Code: true, Copy: true, Secret: true}}}}},
		Actions: []ui.Action{{Text: v.T("webhooks.rotate"), Href: webhookPath(h.ID) + "/rotate"}},
	}
	options := []ui.Option{}
	for _, e := range h.events() {
		options = append(options, ui.Option{Value: e, Text: e})
	}
	test := &ui.Form{
		ID: "test", Quiet: true, Action: webhookPath(h.ID) + "/test", Submit: v.T("webhooks.test_do"),
		Sections: []ui.FormSection{{Title: v.T("webhooks.test"), Text: v.T("webhooks.test_text"), Fields: []ui.Field{
			{Kind: ui.KindSelect, Name: "event", Label: v.T("webhooks.which"), Options: options},
		}}},
	}
	return v.webhookPage(h, "settings", ui.Columns{Main: []ui.Block{form}, Side: []ui.Block{v.webhookStats(h), key, test}})
}

// webhookStats is how the last day went.
func (v *visit) webhookStats(h webhook) ui.Block {
	href := webhookPath(h.ID) + "/deliveries"
	failed := ui.Stat{Label: v.T("webhooks.failed"), Value: v.count(h.failed()), Note: v.T("webhooks.last_day"), Href: href}
	if h.failed() > 0 {
		failed.Tone = ui.Bad
	}
	return ui.Stats{Items: []ui.Stat{
		{Label: v.T("webhooks.delivered"), Value: v.count(h.Stats.SuccessCount), Note: v.T("webhooks.last_day"), Href: href}, failed,
	}}
}

func getWebhook(v *visit) error {
	h, err := v.webhook()
	if err != nil {
		return err
	}
	return v.show(v.webhookSettings(h, v.webhookForm(h, false)))
}

func postWebhook(v *visit) error {
	h, err := v.webhook()
	if err != nil {
		return err
	}
	form := v.webhookForm(h, false)
	in, ok := v.readWebhook(h, form)
	if !ok {
		return v.again(v.webhookSettings(h, form), form, errMarked)
	}
	_, err = v.api.Send(v.ctx(), client.Call{Method: "PATCH", Path: webhookAPI(h.ID), In: in, Tag: v.form.Get(ui.FieldTag)})
	if err != nil {
		return v.again(v.webhookSettings(h, form), form, err)
	}
	return v.done(webhookPath(h.ID), v.T("shell.saved"))
}

// postWebhookTest sends a made-up event at once and says what came of it.
func postWebhookTest(v *visit) error {
	h, err := v.webhook()
	if err != nil {
		return err
	}
	event := v.form.Get("event")
	err = v.api.Do(v.ctx(), "POST", webhookAPI(h.ID)+"/test", map[string]any{"events": []string{event}, "config": h.Config}, nil)
	if err == nil {
		return v.done(webhookPath(h.ID), v.T("webhooks.test_sent", "event", event))
	}
	switch guestlist.CodeOf(err) {
	case "hook.endpoint_responded_with_error", "hook.send_test_payload_failed", "guard.invalid_input":
	default:
		return err
	}
	page := v.webhookSettings(h, v.webhookForm(h, false))
	page.Body = append([]ui.Block{ui.Notice{Tone: ui.Bad, Title: v.T("webhooks.test_failed"), Text: v.says(err)}}, page.Body...)
	return v.showAs(http.StatusUnprocessableEntity, page)
}

// confirmWebhook asks before what cannot be undone.
func (v *visit) confirmWebhook(what string) error {
	h, err := v.webhook()
	if err != nil {
		return err
	}
	name := v.webhookName(h)
	return v.show(&ui.Page{
		Name: what + "-webhook",
		Header: ui.Header{
			Title:  v.T("webhooks."+what+"_title", "name", name),
			Crumbs: []ui.Link{{Text: v.T("webhooks.title"), Href: pathWebhooks}, {Text: name, Href: webhookPath(h.ID)}},
		},
		Body: []ui.Block{ui.Confirm{
			Text: v.T("webhooks." + what + "_text"), Action: webhookPath(h.ID) + "/" + what, Submit: v.T("webhooks." + what),
			Cancel: ui.Link{Text: v.T("shell.cancel"), Href: webhookPath(h.ID)},
		}},
	})
}

func getRotateWebhook(v *visit) error { return v.confirmWebhook("rotate") }
func getDeleteWebhook(v *visit) error { return v.confirmWebhook("delete") }

func postRotateWebhook(v *visit) error {
	h, err := v.webhook()
	if err != nil {
		return err
	}
	if err := v.api.Do(v.ctx(), "PATCH", webhookAPI(h.ID)+"/signing-key", nil, nil); err != nil {
		return err
	}
	return v.done(webhookPath(h.ID), v.T("webhooks.rotated"))
}

func postDeleteWebhook(v *visit) error {
	h, err := v.webhook()
	if err != nil {
		return err
	}
	if err := v.api.Do(v.ctx(), "DELETE", webhookAPI(h.ID), nil, nil); err != nil {
		return err
	}
	return v.done(pathWebhooks, v.T("webhooks.deleted", "name", v.webhookName(h)))
}
