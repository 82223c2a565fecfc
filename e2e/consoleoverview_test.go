package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// journeyOverview closes and opens the door, and mends what needs a hand, thing
// by thing.
func journeyOverview(d *desk, b *tab) {
	d.console(b, "")
	hasWords(b.t, b.Inside(".stats"), "Users1", "Active today1")
	b.Press("Hide these steps")
	hasWords(b.t, b.Text(), "Recent events", "Signed in", "E-mail cannot be sent", "No application yet")
	stranger := newTab(b.t)
	offers := func() bool {
		stranger.Open(d.url + "/demo-app")
		return strings.Contains(stranger.Text(), "Create account")
	}
	if !offers() {
		b.t.Error("the door is open and the sign-in page does not say so")
	}
	b.Press("Close the door")
	b.WaitText("The door is closed: only people whom you let in get an account.")
	if offers() {
		b.t.Error("the door is closed and the sign-in page offers to register")
	}
	b.Press("Undo")
	b.WaitText("The door is open: anybody can make an account.")
	if !offers() {
		b.t.Error("the door was opened again")
	}

	b.Press("Add an application")
	b.IsAt(d.url + "/console/applications")
	b.Press("Create application")
	b.Fill("name", "The first")
	b.Press("Create application")
	d.console(b, "")
	if strings.Contains(b.Text(), "No application yet") {
		b.t.Error("there is an application, and it still needs a hand")
	}
	deafHook(d, b)
	refusedMail(d, b)
}

// deafHook has a webhook fail, and mends its address.
func deafHook(d *desk, b *tab) {
	deaf := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }))
	b.t.Cleanup(deaf.Close)
	var hook made
	d.api("POST", "/hooks", map[string]any{"name": "Deaf ear", "events": []string{"User.Created"}, "config": map[string]any{"url": deaf.URL}}, 201, &hook)
	d.user("told_of", nil)
	failing := func() bool {
		d.console(b, "")
		return strings.Contains(b.Text(), "Deaf ear: ") && strings.Contains(b.Text(), "failed today") // once, or again by now
	}
	eventually(b.t, "the overview tells of the failed delivery", failing)
	good := newEar(b.t)
	b.Press("Look at deliveries")
	b.IsAt(d.url + "/console/webhooks/" + hook.ID)
	b.Fill("url", good.url)
	b.Press("Save changes")
	b.WaitText("Saved.")
	b.Press("Deliveries")
	b.Press("Redeliver")
	select {
	case h := <-good.arrived:
		hasWords(b.t, string(h.body), "told_of")
	case <-soon():
		b.t.Error("what failed was not delivered again")
	}
	d.api("DELETE", "/hooks/"+hook.ID, nil, 204, nil)
}

// refusedMail has the mail server refuse a letter for good, and another come
// back; work that was given up is discarded, and the address gets mail again.
func refusedMail(d *desk, b *tab) {
	refuses := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	b.t.Cleanup(refuses.Close)
	d.api("POST", "/connectors", map[string]any{"connectorId": "http-email", "config": map[string]any{"endpoint": refuses.URL}}, 200, nil)
	createUser(b, "bounce@gone.example", "link")
	b.WaitText("A link to set a password is on its way to bounce@gone.example.")
	eventually(b.t, "the overview tells of work that was given up", func() bool {
		d.console(b, "")
		return strings.Contains(b.Text(), "Work that was given up: 1")
	})
	if strings.Contains(b.Text(), "E-mail cannot be sent") {
		b.t.Error("there is a connector, and e-mail still needs a hand")
	}
	b.Press("Look at it")
	b.IsAt(d.url + "/console/settings/health")
	b.until("a dead job is there", "() => document.querySelector('#dead tbody input[name=id]')")
	says(b, "choose it", "() => { document.querySelector('#dead tbody input[name=id]').click(); return true }")
	b.Press("Discard")
	b.WaitText("Discard this work?")
	b.Press("Discard")
	b.WaitText("It is discarded.")

	d.bounce(b.t, "bounce@gone.example")
	d.console(b, "")
	hasWords(b.t, b.Text(), "E-mail came back", "Nothing more is sent to 1 address because")
	b.Press("Look at the addresses")
	b.WaitText("bounce@gone.example")
	b.Press("Send again")
	b.WaitText("bounce@gone.example gets mail again.")
	d.console(b, "")
	if text := b.Inside(".columns > :last-child"); !strings.Contains(text, "All is well.") {
		b.t.Errorf("all is mended, and the overview says %s", text)
	}
	d.console(b, "/connectors")
	var connectors []made
	d.api("GET", "/connectors", nil, 200, &connectors)
	for _, c := range connectors {
		d.api("DELETE", "/connectors/"+c.ID, nil, 204, nil)
	}
}

// bounce has a carrier report that a letter came back.
func (d *desk) bounce(t *testing.T, to string) {
	t.Helper()
	var messages []struct{ ID, Recipient string }
	d.api("GET", "/messages?page=1&page_size=20", nil, 200, &messages)
	if len(messages) == 0 || messages[0].Recipient != to {
		t.Fatalf("the messages are %+v", messages)
	}
	var postmark made
	d.api("POST", "/connectors", map[string]any{"connectorId": "postmark-mail", "config": map[string]any{
		"serverToken": "0123456789", "fromEmail": "door@shop.example", "webhookPassword": guestPassword,
		"templates": []map[string]any{{"usageType": "Generic", "templateAlias": "a"}, {"usageType": "SignIn", "templateAlias": "a"}, {"usageType": "Register", "templateAlias": "a"}, {"usageType": "ForgotPassword", "templateAlias": "a"}},
	}}, 200, &postmark)
	body := fmt.Sprintf(`{"RecordType":"Bounce","Type":"HardBounce","MessageID":"pm-1","Inactive":true,"Description":"no such mailbox","Metadata":{"guestlist_message":%q}}`, messages[0].ID)
	req := d.request(http.MethodPost, "/api/webhooks/messages/"+postmark.ID, strings.NewReader(body))
	req.SetBasicAuth("postmark", guestPassword)
	req.Header.Set("Content-Type", "application/json")
	if status, answer := d.send(req); status >= 300 {
		t.Fatalf("the report is answered %d %s", status, answer)
	}
}
