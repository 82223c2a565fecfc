package mail

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guestlist"
)

// provider is a provider's interface as its documents describe it: it takes
// one request and answers.
type provider struct {
	t      *testing.T
	status int
	header map[string]string
	answer string

	path string
	head http.Header
	body string
	asks int
}

func (p *provider) start() string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		p.path, p.head, p.body, p.asks = r.Method+" "+r.URL.Path, r.Header, string(b), p.asks+1
		for k, v := range p.header {
			w.Header().Set(k, v)
		}
		w.WriteHeader(p.status)
		_, _ = io.WriteString(w, p.answer)
	}))
	p.t.Cleanup(s.Close)
	return s.URL
}

// senderAt makes the sender of a factory whose interface is at base.
func senderAt(t *testing.T, factoryID string, config json.RawMessage, base string) Sender {
	t.Helper()
	sender, err := NewSender(factoryID, config, openClient())
	if err != nil {
		t.Fatal(err)
	}
	switch s := sender.(type) {
	case *sendgridSender:
		s.base = base
	case *mailgunSender:
		s.base = base
	case *sesSender:
		s.base = base
	case *postmarkSender:
		s.base = base
	case *resendSender:
		s.base = base
	case *vonageSender:
		s.base = base
	default:
		t.Fatalf("%s: %T has no base", factoryID, sender)
	}
	return sender
}

// via sends a letter, by default one with a code, through a provider.
func (p *provider) via(factoryID string, more map[string]any, change func(*Letter)) (Receipt, error) {
	p.t.Helper()
	config := changed(p.t, factoryID, more)
	to, channel := "guest@acme.example", guestlist.ChannelEmail
	if f, _ := Factory(factoryID); f.Type == guestlist.ConnectorSMS {
		to, channel = "447700900123", guestlist.ChannelSMS
	}
	m := guestlist.Message{ID: "msg_1", Channel: channel, To: to, Type: "SignIn", Locale: "en", Payload: map[string]any{"code": "493817"}}
	words, err := Render(m, Sources{Config: config})
	if err != nil {
		p.t.Fatal(err)
	}
	l := Letter{Message: m, Words: words, At: testTime}
	if change != nil {
		change(&l)
	}
	if p.status == 0 {
		p.status = http.StatusOK
	}
	return senderAt(p.t, factoryID, config, p.start()).Send(context.Background(), l)
}

// sameJSON compares a body with what it should be.
func sameJSON(t *testing.T, got, want string) {
	t.Helper()
	var g, w any
	if err := json.Unmarshal([]byte(got), &g); err != nil {
		t.Fatalf("%v: %s", err, got)
	}
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(w, g); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
}

func sameForm(t *testing.T, got string, want url.Values) {
	t.Helper()
	form, err := url.ParseQuery(got)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, form); diff != "" {
		t.Errorf("form (-want +got):\n%s", diff)
	}
}

func (p *provider) sent(receipt Receipt, err error, want Receipt, path string) {
	p.t.Helper()
	if err != nil || receipt != want || p.path != path || p.asks != 1 {
		p.t.Fatalf("receipt %+v, want %+v; %d requests, %s, want %s; %v", receipt, want, p.asks, p.path, path, err)
	}
}

const codeWords = "493817 is your code to sign in. It works for 10 minutes."

func TestSendGrid(t *testing.T) {
	p := &provider{t: t, status: 202, header: map[string]string{"X-Message-Id": "sg-7"}}
	receipt, err := p.via(FactorySendGrid, map[string]any{"apiKey": "SG.key", "fromName": "Acme"}, nil)
	p.sent(receipt, err, Receipt{ID: "sg-7"}, "POST /v3/mail/send")
	if got := p.head.Get("Authorization"); got != "Bearer SG.key" {
		t.Errorf("authorization %q", got)
	}
	sameJSON(t, p.body, `{
		"personalizations": [{"to": [{"email": "guest@acme.example"}], "custom_args": {"guestlist_message": "msg_1"}}],
		"from": {"email": "hello@acme.example", "name": "Acme"}, "subject": "Your sign-in code",
		"content": [{"type": "text/plain", "value": "`+codeWords+`"}],
		"tracking_settings": {"click_tracking": {"enable": false, "enable_text": false}, "open_tracking": {"enable": false}}}`)
}

func TestSendGridTakesATemplatesSender(t *testing.T) {
	p := &provider{t: t, status: 202}
	_, err := p.via(FactorySendGrid, nil, func(l *Letter) {
		l.Words = Rendered{Subject: "Hi", HTML: "<p>Hi</p>", Text: "Hi", From: `Acme, <evil@x.test> <doors@acme.example>`, ReplyTo: "Help <help@acme.example>"}
	})
	if err != nil {
		t.Fatal(err)
	}
	var got sendgridMail
	if err := json.Unmarshal([]byte(p.body), &got); err != nil {
		t.Fatal(err)
	}
	if got.From.Email != "doors@acme.example" || got.From.Name != "Acme, <evil@x.test>" || got.ReplyTo.Email != "help@acme.example" {
		t.Errorf("from %+v, reply %+v", got.From, got.ReplyTo)
	}
	if diff := cmp.Diff([]sendgridContent{{textPlain, "Hi"}, {textHTML, "<p>Hi</p>"}}, got.Content); diff != "" {
		t.Error(diff)
	}
}

func TestMailgun(t *testing.T) {
	p := &provider{t: t, answer: `{"id": "<20261121.1@mg.acme.example>", "message": "Queued. Thank you."}`}
	receipt, err := p.via(FactoryMailgun, map[string]any{"apiKey": "mg-key"}, nil)
	p.sent(receipt, err, Receipt{ID: "20261121.1@mg.acme.example", Detail: "Queued. Thank you."}, "POST /v3/mg.acme.example/messages")
	r := &http.Request{Header: p.head}
	if user, key, _ := r.BasicAuth(); user != "api" || key != "mg-key" {
		t.Errorf("authorization %s:%s", user, key)
	}
	sameForm(t, p.body, url.Values{
		"from": {`"Acme" <hello@mg.acme.example>`}, "to": {"guest@acme.example"}, "subject": {"Your sign-in code"}, "o:tracking": {"no"},
		"html": {"<p>" + codeWords + "</p>"}, "text": {codeWords}, "v:guestlist_message": {"msg_1"},
	})
}

func TestMailgunWithItsOwnTemplates(t *testing.T) {
	deliveries := map[string]any{"deliveries": map[string]any{
		"Generic": map[string]any{"template": "any", "variables": map[string]any{"brand": "Acme", "code": "none"}, "subject": "Code {{code}}", "replyTo": "help@acme.example"},
		"SignIn":  map[string]any{"html": "<b>{{code}}</b>", "text": "plain {{code}}"},
	}}
	p := &provider{t: t}
	if _, err := p.via(FactoryMailgun, deliveries, func(l *Letter) { l.Message.Type = guestlist.TemplateRegister }); err != nil {
		t.Fatal(err)
	}
	form, _ := url.ParseQuery(p.body)
	sameJSON(t, form.Get("h:X-Mailgun-Variables"), `{"brand": "Acme", "code": "493817", "guestlist_message": "msg_1"}`)
	form.Del("h:X-Mailgun-Variables")
	sameForm(t, form.Encode(), url.Values{"from": {`"Acme" <hello@mg.acme.example>`}, "to": {"guest@acme.example"}, "o:tracking": {"no"},
		"template": {"any"}, "subject": {"Code 493817"}, "h:Reply-To": {"help@acme.example"}})

	p = &provider{t: t}
	if _, err := p.via(FactoryMailgun, deliveries, nil); err != nil {
		t.Fatal(err)
	}
	form, _ = url.ParseQuery(p.body)
	if form.Get("html") != "<b>493817</b>" || form.Get("text") != "plain 493817" || form.Get("template") != "" || form.Get("subject") == "" {
		t.Errorf("a delivery with words: %v", form)
	}

	p = &provider{t: t}
	if _, err := p.via(FactoryMailgun, deliveries, func(l *Letter) {
		l.Message.Type = guestlist.TemplateRegister
		words, err := Render(l.Message, Sources{Fallback: "en", Rows: []guestlist.EmailTemplate{{LanguageTag: "en", TemplateType: "Register",
			Details: guestlist.EmailTemplateDetails{Subject: "Ours", Content: "our words"}}}})
		if err != nil {
			t.Fatal(err)
		}
		l.Words = words
	}); err != nil {
		t.Fatal(err)
	}
	form, _ = url.ParseQuery(p.body)
	if form.Get("subject") != "Ours" || form.Get("html") != "our words" || form.Get("template") != "" {
		t.Errorf("a tenant's own template goes first: %v", form)
	}
}

func TestSES(t *testing.T) {
	p := &provider{t: t, answer: `{"MessageId": "0100-ses"}`}
	receipt, err := p.via(FactorySES, map[string]any{"accessKeyId": "AKIA1", "emailAddress": "Türsteher <hello@acme.example>",
		"configurationSetName": "doors", "feedbackForwardingEmailAddress": "bounces@acme.example"}, nil)
	p.sent(receipt, err, Receipt{ID: "0100-ses"}, "POST /v2/email/outbound-emails")
	auth := p.head.Get("Authorization")
	if !strings.HasPrefix(auth, "AWS4-HMAC-SHA256 Credential=AKIA1/20261121/eu-central-1/ses/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=") {
		t.Errorf("authorization %q", auth)
	}
	sameJSON(t, p.body, `{
		"FromEmailAddress": "=?utf-8?q?T=C3=BCrsteher?= <hello@acme.example>", "ConfigurationSetName": "doors",
		"FeedbackForwardingEmailAddress": "bounces@acme.example", "EmailTags": [{"Name": "guestlist_message", "Value": "msg_1"}],
		"Destination": {"ToAddresses": ["guest@acme.example"]},
		"Content": {"Simple": {"Subject": {"Data": "Your sign-in code", "Charset": "UTF-8"},
			"Body": {"Html": {"Data": "`+codeWords+`", "Charset": "UTF-8"}, "Text": {"Data": "`+codeWords+`", "Charset": "UTF-8"}}}}}`)
	for region, want := range map[string]string{
		"eu-central-1": "https://email.eu-central-1.amazonaws.com", "cn-north-1": "https://email.cn-north-1.amazonaws.com.cn",
	} {
		if s, err := newSESSender(changed(t, FactorySES, map[string]any{"region": region}), openClient()); err != nil || s.base != want {
			t.Errorf("%s: %s, %v", region, s.base, err)
		}
	}
}

// The example that AWS's documentation of Signature Version 4 works out.
func TestSignatureOfAWS(t *testing.T) {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "https://iam.amazonaws.com/?Version=2010-05-08&Action=ListUsers", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	key := awsKey{ID: "AKIDEXAMPLE", Secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", Region: "us-east-1", Service: "iam"}
	key.sign(req, nil, time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC))
	want := "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, " +
		"SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
	if got := req.Header.Get("Authorization"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestPostmark(t *testing.T) {
	p := &provider{t: t, answer: `{"ErrorCode": 0, "Message": "OK", "MessageID": "pm-9", "To": "guest@acme.example"}`}
	receipt, err := p.via(FactoryPostmark, map[string]any{"serverToken": "pm-token"}, nil)
	p.sent(receipt, err, Receipt{ID: "pm-9", Detail: "OK"}, "POST /email/withTemplate")
	if got := p.head.Get("X-Postmark-Server-Token"); got != "pm-token" {
		t.Errorf("token %q", got)
	}
	sameJSON(t, p.body, `{"From": "\"Acme\" <hello@acme.example>", "To": "guest@acme.example", "TemplateAlias": "sign-in",
		"TemplateModel": {"code": "493817"}, "TrackOpens": false, "TrackLinks": "None", "Metadata": {"guestlist_message": "msg_1"}}`)
	p = &provider{t: t}
	if _, err := p.via(FactoryPostmark, nil, func(l *Letter) { l.Message.Type = guestlist.TemplateBindMfa }); err != nil || !strings.Contains(p.body, `"generic"`) {
		t.Errorf("a kind without a template: %v %s", err, p.body)
	}
}

func TestResend(t *testing.T) {
	p := &provider{t: t, answer: `{"id": "re-3"}`}
	receipt, err := p.via(FactoryResend, map[string]any{"apiKey": "re_key", "replyTo": "help@acme.example"}, nil)
	p.sent(receipt, err, Receipt{ID: "re-3"}, "POST /emails")
	if p.head.Get("Authorization") != "Bearer re_key" || p.head.Get("Idempotency-Key") != "msg_1" {
		t.Errorf("headers %v", p.head)
	}
	sameJSON(t, p.body, `{"from": "\"Acme\" <hello@acme.example>", "to": ["guest@acme.example"], "subject": "Your sign-in code",
		"text": "`+codeWords+`", "reply_to": "help@acme.example", "tags": [{"name": "guestlist_message", "value": "msg_1"}]}`)
}

func TestVonage(t *testing.T) {
	p := &provider{t: t, answer: `{"message-count": "1", "messages": [{"to": "447700900123", "message-id": "vo-1", "status": "0"}]}`}
	receipt, err := p.via(FactoryVonage, map[string]any{"apiKey": "vk", "apiSecret": "vs-secret"}, nil)
	p.sent(receipt, err, Receipt{ID: "vo-1"}, "POST /sms/json")
	sameForm(t, p.body, url.Values{"api_key": {"vk"}, "api_secret": {"vs-secret"}, "from": {"Acme"}, "to": {"447700900123"}, "text": {codeWords}})
	p = &provider{t: t, answer: `{"messages": [{"message-id": "a", "status": "0"}, {"status": "5", "error-text": "lost 493817"}]}`}
	receipt, err = p.via(FactoryVonage, nil, func(l *Letter) { l.Words.Text = "コード 493817" })
	if err != nil || receipt.ID != "a" || !strings.Contains(receipt.Detail, "a part was refused: status 5 lost [hidden]") || !strings.Contains(p.body, "type=unicode") {
		t.Errorf("%+v, %v, %s", receipt, err, p.body)
	}
	for status, permanent := range map[string]bool{"1": false, "5": false, "9": false, "4": true, "6": true, "7": true} {
		p := &provider{t: t, answer: `{"messages": [{"status": "` + status + `", "error-text": "no: 493817"}]}`}
		if _, err := p.via(FactoryVonage, nil, nil); err == nil || IsPermanent(err) != permanent || strings.Contains(err.Error(), "493817") {
			t.Errorf("status %s: %v", status, err)
		}
	}
}

func TestProvidersThatRefuse(t *testing.T) {
	keys := map[string]string{FactorySendGrid: "apiKey", FactoryMailgun: "apiKey", FactorySES: "accessKeySecret", FactoryPostmark: "serverToken",
		FactoryResend: "apiKey", FactoryVonage: "apiSecret"}
	for factoryID, key := range keys {
		for status, permanent := range map[int]bool{400: true, 401: true, 403: true, 422: true, 302: true, 429: false, 500: false, 503: false} {
			p := &provider{t: t, status: status, header: map[string]string{"Location": "/elsewhere"}, answer: `{"message": "no: 493817, s3cret-key"}`}
			_, err := p.via(factoryID, map[string]any{key: "s3cret-key"}, nil)
			if err == nil || IsPermanent(err) != permanent || p.asks != 1 {
				t.Errorf("%s, %d: permanent %v, want %v, %d requests: %v", factoryID, status, IsPermanent(err), permanent, p.asks, err)
			}
			if b, _ := json.Marshal(err); strings.Contains(err.Error()+string(b), "493817") || strings.Contains(err.Error()+string(b), "s3cret") {
				t.Errorf("%s, %d: a secret is in the error: %v", factoryID, status, err)
			}
		}
		p := &provider{t: t, answer: `<html>`}
		if _, err := p.via(factoryID, nil, nil); err != nil {
			t.Errorf("%s: a taken message with an unreadable receipt would be sent twice: %v", factoryID, err)
		}
	}
}

func TestProvidersTakeOneRecipient(t *testing.T) {
	for _, factoryID := range []string{FactorySendGrid, FactoryMailgun, FactorySES, FactoryPostmark, FactoryResend} {
		for _, to := range []string{"a@acme.example, b@acme.example", "Guest <a@acme.example>", "nobody", ""} {
			p := &provider{t: t}
			if _, err := p.via(factoryID, nil, func(l *Letter) { l.Message.To = to }); !IsPermanent(err) || p.asks != 0 {
				t.Errorf("%s to %q: %v", factoryID, to, err)
			}
		}
	}
}
