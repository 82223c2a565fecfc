package management

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

const postmarkPassword = "correct horse battery"

func postmark(more map[string]any) map[string]any {
	var templates []map[string]string
	for _, usage := range []string{"SignIn", "Register", "ForgotPassword", "Generic"} {
		templates = append(templates, map[string]string{"usageType": usage, "templateAlias": "any"})
	}
	config := map[string]any{"serverToken": "t", "fromEmail": "hello@acme.example", "templates": templates}
	for k, v := range more {
		config[k] = v
	}
	return map[string]any{"connectorId": "postmark-mail", "id": "pm", "config": config}
}

// report posts as a provider does: without a token.
func (f *fixture) report(connector, body, password string) answer {
	f.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, f.srv.URL+"/api/webhooks/messages/"+connector, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "text/plain; charset=UTF-8") // as SNS says of its JSON
	if password != "" {
		req.SetBasicAuth("postmark", password)
	}
	return f.do(req)
}

func (f *fixture) sentMail(id, to string) {
	f.t.Helper()
	m := guestlist.Message{ID: id, Channel: guestlist.ChannelEmail, To: to, Type: guestlist.TemplateSignIn}
	if err := f.st.Update(context.Background(), func(tx *store.Tx) error {
		return tx.PutMessage(m, store.MessageState{Status: store.MessageSent, Attempts: 1, CarrierID: "carrier-" + id})
	}); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) messageStatus(id string) store.MessageStatus {
	f.t.Helper()
	var rows []store.MessageRow
	f.must(200, "GET", "/api/messages?page=1&page_size=20", nil).decode(f.t, &rows)
	for _, row := range rows {
		if row.ID == id {
			return row.Status
		}
	}
	return ""
}

func TestProvidersReportWhatBecameOfMessages(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.must(200, "POST", "/api/connectors", postmark(map[string]any{"webhookPassword": postmarkPassword}))
		f.sentMail("m1", "Ada+x@Guest.example")
		bounce := `{"RecordType": "Bounce", "Type": "HardBounce", "Inactive": true, "Details": "unknown user", "MessageID": "carrier-m1"}`
		for name, c := range map[string]struct {
			connector, password, body string
			status                    int
			code                      string
		}{
			"no password":       {"pm", "", bounce, 401, "connector.report_not_authentic"},
			"another password":  {"pm", postmarkPassword + "x", bounce, 401, "connector.report_not_authentic"},
			"another connector": {"nope", postmarkPassword, bounce, 404, "entity.not_found"},
			"no JSON":           {"pm", postmarkPassword, "nope", 400, "connector.report_invalid"},
			"too much":          {"pm", postmarkPassword, strings.Repeat(" ", web.MaxBody+1), 413, "request.body_too_large"},
		} {
			if a := f.report(c.connector, c.body, c.password); a.status != c.status || a.code() != c.code {
				t.Errorf("%s: %d %s", name, a.status, a.body)
			}
		}
		if got := f.messageStatus("m1"); got != store.MessageSent {
			t.Errorf("refused reports made it %s", got)
		}
		for range 2 {
			if a := f.report("pm", bounce, postmarkPassword); a.status != 200 {
				t.Fatalf("%d %s", a.status, a.body)
			}
		}
		if a := f.report("pm", strings.ReplaceAll(bounce, "carrier-m1", "carrier-of-others"), postmarkPassword); a.status != 200 {
			t.Errorf("a message that is not ours: %d %s", a.status, a.body)
		}
		if got := f.messageStatus("m1"); got != store.MessageBounced {
			t.Errorf("it is %s", got)
		}
		var suppressed []store.Suppression
		a := f.must(200, "GET", "/api/suppressions?page=1&page_size=1", nil)
		a.decode(t, &suppressed)
		if len(suppressed) != 1 || suppressed[0].Address != "ada+x@guest.example" || suppressed[0].Detail != "unknown user" || a.header.Get("Total-Number") != "1" {
			t.Errorf("suppressed: %s, total %s", a.body, a.header.Get("Total-Number"))
		}
		f.must(204, "DELETE", "/api/suppressions/Ada%2Bx@guest.example", nil)
		f.refused(404, "entity.not_found", "DELETE", "/api/suppressions/ada%2Bx@guest.example", nil)
		f.must(200, "PATCH", "/api/connectors/pm", map[string]any{"config": postmark(nil)["config"]})
		if a := f.report("pm", bounce, postmarkPassword); a.status != 404 {
			t.Errorf("a connector that takes no reports: %d %s", a.status, a.body)
		}
	})
}

func TestASignatureOfMailgunIsGoodForOneCall(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		const key = "mailgun-signing-key"
		f.must(200, "POST", "/api/connectors", map[string]any{"connectorId": "mailgun-email", "id": "mg", "config": map[string]any{
			"domain": "mg.acme.example", "apiKey": "k", "from": "hello@acme.example", "deliveries": map[string]any{}, "webhookSigningKey": key,
		}})
		stamp, token := fmt.Sprint(start.Unix()), "token-of-one-call"
		h := hmac.New(sha256.New, []byte(key))
		h.Write([]byte(stamp + token))
		call := func(id string) string {
			var b bytes.Buffer
			fmt.Fprintf(&b, `{"signature": {"timestamp": "%s", "token": "%s", "signature": "%s"},
				"event-data": {"event": "complained", "user-variables": {"guestlist_message": "%s"}}}`, stamp, token, hex.EncodeToString(h.Sum(nil)), id)
			return b.String()
		}
		for _, id := range []string{"m1", "m2"} {
			f.sentMail(id, id+"@guest.example")
			if a := f.report("mg", call(id), ""); a.status != 200 {
				t.Fatalf("%s: %d %s", id, a.status, a.body)
			}
		}
		if first, second := f.messageStatus("m1"), f.messageStatus("m2"); first != store.MessageComplained || second != store.MessageSent {
			t.Errorf("first %s, second %s", first, second)
		}
	})
}
