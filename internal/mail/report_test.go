package mail

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guestlist"
)

// reporting is a connector that is set up for reports, and its provider.
type reporting struct {
	factory string
	config  json.RawMessage
	call    func(body string) Call // signed as the provider does
	reader  *Reporter
}

func (r reporting) read(t *testing.T, c Call) (Reports, error) {
	t.Helper()
	if r.reader == nil {
		r.reader = &Reporter{Client: openClient()}
	}
	return r.reader.Read(context.Background(), r.factory, r.config, c)
}

func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

func sendgridReporting(t *testing.T) reporting {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return reporting{
		factory: FactorySendGrid,
		config:  changed(t, FactorySendGrid, map[string]any{"webhookPublicKey": base64.StdEncoding.EncodeToString(der)}),
		call: func(body string) Call {
			sum := sha256.Sum256([]byte("1795253400" + body))
			sig, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
			if err != nil {
				t.Fatal(err)
			}
			return Call{At: testTime, Body: []byte(body), Header: header(sendgridTimestamp, "1795253400",
				sendgridSignature, base64.StdEncoding.EncodeToString(sig))}
		},
	}
}

const mailgunSigningKey = "mailgun-signing-key"

// mailgunSigned puts the signature of a time around an event.
func mailgunSigned(event string, at time.Time) string {
	stamp, token := fmt.Sprint(at.Unix()), "50-characters-of-token"
	h := hmac.New(sha256.New, []byte(mailgunSigningKey))
	_, _ = io.WriteString(h, stamp+token)
	return fmt.Sprintf(`{"signature": {"timestamp": "%s", "token": "%s", "signature": "%s"}, "event-data": %s}`,
		stamp, token, hex.EncodeToString(h.Sum(nil)), event)
}

func mailgunReporting(t *testing.T) reporting {
	t.Helper()
	return reporting{
		factory: FactoryMailgun, config: changed(t, FactoryMailgun, map[string]any{"webhookSigningKey": mailgunSigningKey}),
		call: func(body string) Call { return Call{At: testTime, Body: []byte(mailgunSigned(body, testTime))} },
	}
}

func postmarkReporting(t *testing.T) reporting {
	t.Helper()
	return reporting{
		factory: FactoryPostmark, config: changed(t, FactoryPostmark, map[string]any{"webhookPassword": "correct horse battery"}),
		call: func(body string) Call {
			r := &http.Request{Header: http.Header{}}
			r.SetBasicAuth("anybody", "correct horse battery")
			return Call{At: testTime, Body: []byte(body), Header: r.Header}
		},
	}
}

const resendSigningKey = "0123456789abcdef01234567"

func resendReporting(t *testing.T) reporting {
	t.Helper()
	return reporting{
		factory: FactoryResend,
		config:  changed(t, FactoryResend, map[string]any{"webhookSecret": "whsec_" + base64.StdEncoding.EncodeToString([]byte(resendSigningKey))}),
		call:    func(body string) Call { return resendCallAt(body, testTime, resendSigningKey) },
	}
}

func resendCallAt(body string, at time.Time, key string) Call {
	stamp := fmt.Sprint(at.Unix())
	h := hmac.New(sha256.New, []byte(key))
	_, _ = io.WriteString(h, "msg_2."+stamp+"."+body)
	return Call{At: testTime, Body: []byte(body), Header: header("svix-id", "msg_2", "svix-timestamp", stamp,
		"svix-signature", "v1,AAAA v1,"+base64.StdEncoding.EncodeToString(h.Sum(nil)))}
}

const (
	testTopic  = "arn:aws:sns:eu-central-1:123456789012:mail"
	testSNS    = "https://sns.eu-central-1.amazonaws.com"
	testSNSPEM = testSNS + "/SimpleNotificationService-0123456789abcdef.pem"
)

// sns is Amazon SNS: a client that reaches nothing else, and a key.
type sns struct {
	t       *testing.T
	key     *rsa.PrivateKey
	asked   []string
	answers map[string]string // by URL; others are 404
}

func newSNS(t *testing.T) *sns {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sns.amazonaws.com"},
		NotBefore: testTime.Add(-time.Hour), NotAfter: testTime.Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return &sns{t: t, key: key, answers: map[string]string{
		testSNSPEM: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
	}}
}

// RoundTrip answers as SNS does.
func (s *sns) RoundTrip(r *http.Request) (*http.Response, error) {
	s.asked = append(s.asked, r.URL.String())
	answer, ok := s.answers[r.URL.String()]
	status := http.StatusOK
	if !ok {
		status = http.StatusNotFound
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(answer)), Request: r}, nil
}

// sign fills in what SNS adds to a message, and signs it.
func (s *sns) sign(e map[string]string) Call {
	s.t.Helper()
	for k, v := range map[string]string{"Type": "Notification", "MessageId": "m-1", "TopicArn": testTopic, "Timestamp": "2026-11-21T09:30:00.000Z",
		"SignatureVersion": "2", "SigningCertURL": testSNSPEM} {
		if _, ok := e[k]; !ok {
			e[k] = v
		}
	}
	var text strings.Builder
	for _, name := range []string{"Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"} {
		if v, ok := e[name]; ok {
			text.WriteString(name + "\n" + v + "\n")
		}
	}
	sum := sha256.Sum256([]byte(text.String()))
	sig, err := rsa.SignPKCS1v15(rand.Reader, s.key, crypto.SHA256, sum[:])
	if err != nil {
		s.t.Fatal(err)
	}
	e["Signature"] = base64.StdEncoding.EncodeToString(sig)
	body, _ := json.Marshal(e)
	return Call{At: testTime, Body: body}
}

func sesReporting(t *testing.T, s *sns) reporting {
	t.Helper()
	return reporting{
		factory: FactorySES, config: changed(t, FactorySES, map[string]any{"snsTopicArn": testTopic}),
		reader: &Reporter{Client: &http.Client{Transport: s}},
		call:   func(body string) Call { return s.sign(map[string]string{"Message": body}) },
	}
}

func TestReportsOfProviders(t *testing.T) {
	for _, provider := range []struct {
		reporting
		events map[string]Report
	}{
		{sendgridReporting(t), map[string]Report{
			`[{"event": "delivered", "guestlist_message": "m1", "sg_message_id": "sg-7.recvd-1"}]`:                   {"m1", "sg-7", Delivered, false, ""},
			`[{"event": "deferred", "response": "try later", "guestlist_message": "m1"}]`:                            {"m1", "", Deferred, false, "try later"},
			`[{"event": "bounce", "type": "bounce", "reason": "550 unknown", "guestlist_message": "m1"}]`:            {"m1", "", Bounced, true, "550 unknown"},
			`[{"event": "bounce", "type": "blocked", "reason": "listed", "guestlist_message": "m1"}]`:                {"m1", "", Bounced, false, "listed"},
			`[{"event": "dropped", "reason": "Bounced Address", "guestlist_message": "m1"}]`:                         {"m1", "", Bounced, true, "Bounced Address"},
			`[{"event": "dropped", "reason": "Spam Reporting Address", "guestlist_message": "m1"}]`:                  {"m1", "", Complained, true, "Spam Reporting Address"},
			`[{"event": "spamreport", "sg_message_id": "sg-7.x"}]`:                                                   {"", "sg-7", Complained, true, ""},
			`[{"event": "open", "guestlist_message": "m1"}, {"event": "delivered"}, {"event": "processed", "x": 1}]`: {},
		}},
		{mailgunReporting(t), map[string]Report{
			`{"event": "delivered", "user-variables": {"guestlist_message": "m1"}, "message": {"headers": {"message-id": "1@mg"}}, "delivery-status": {"message": "OK"}}`:                       {"m1", "1@mg", Delivered, false, ""},
			`{"event": "failed", "severity": "temporary", "user-variables": {"guestlist_message": "m1"}, "delivery-status": {"message": "busy"}}`:                                               {"m1", "", Deferred, false, "busy"},
			`{"event": "failed", "severity": "permanent", "reason": "bounce", "user-variables": {"guestlist_message": "m1"}, "delivery-status": {"message": "no", "description": "such user"}}`: {"m1", "", Bounced, true, "no such user"},
			`{"event": "failed", "severity": "permanent", "reason": "espblock", "user-variables": {"guestlist_message": "m1"}}`:                                                                 {"m1", "", Bounced, false, ""},
			`{"event": "failed", "severity": "permanent", "reason": "suppress-complaint", "user-variables": {"guestlist_message": "m1"}}`:                                                       {"m1", "", Complained, true, ""},
			`{"event": "complained", "message": {"headers": {"message-id": "1@mg"}}, "user-variables": {"guestlist_message": 5}}`:                                                               {"", "1@mg", Complained, true, ""},
			`{"event": "opened", "user-variables": {"guestlist_message": "m1"}}`:                                                                                                                {},
		}},
		{postmarkReporting(t), map[string]Report{
			`{"RecordType": "Delivery", "MessageID": "pm-9", "Metadata": {"guestlist_message": "m1"}, "Details": "ok"}`:            {"m1", "pm-9", Delivered, false, ""},
			`{"RecordType": "Bounce", "Type": "Transient", "MessageID": "pm-9", "Details": "busy"}`:                                {"", "pm-9", Deferred, false, "busy"},
			`{"RecordType": "Bounce", "Type": "HardBounce", "MessageID": "pm-9", "Inactive": true, "Description": "unknown user"}`: {"", "pm-9", Bounced, true, "unknown user"},
			`{"RecordType": "Bounce", "Type": "SoftBounce", "MessageID": "pm-9", "Details": "full"}`:                               {"", "pm-9", Bounced, false, "full"},
			`{"RecordType": "Bounce", "Type": "AutoResponder", "MessageID": "pm-9"}`:                                               {},
			`{"RecordType": "SpamComplaint", "MessageID": "pm-9"}`:                                                                 {"", "pm-9", Complained, true, ""},
		}},
		{resendReporting(t), map[string]Report{
			`{"type": "email.delivered", "data": {"email_id": "re-3", "tags": {"guestlist_message": "m1"}}}`:                                       {"m1", "re-3", Delivered, false, ""},
			`{"type": "email.delivered", "data": {"email_id": "re-3", "tags": [{"name": "guestlist_message", "value": "m1"}]}}`:                    {"m1", "re-3", Delivered, false, ""},
			`{"type": "email.delivery_delayed", "data": {"email_id": "re-3"}}`:                                                                     {"", "re-3", Deferred, false, ""},
			`{"type": "email.bounced", "data": {"email_id": "re-3", "bounce": {"type": "Permanent", "subType": "General", "message": "unknown"}}}`: {"", "re-3", Bounced, true, "unknown"},
			`{"type": "email.bounced", "data": {"email_id": "re-3", "bounce": {"type": "Transient", "message": "full"}}}`:                          {"", "re-3", Bounced, false, "full"},
			`{"type": "email.suppressed", "data": {"email_id": "re-3"}}`:                                                                           {"", "re-3", Bounced, true, ""},
			`{"type": "email.complained", "data": {"email_id": "re-3"}}`:                                                                           {"", "re-3", Complained, true, ""},
			`{"type": "email.opened", "data": {"email_id": "re-3"}}`:                                                                               {},
		}},
		{sesReporting(t, newSNS(t)), map[string]Report{
			`{"eventType": "Delivery", "mail": {"messageId": "0100-ses", "tags": {"guestlist_message": ["m1"], "ses:caller": ["x"]}}}`:                                                                                             {"m1", "0100-ses", Delivered, false, ""},
			`{"notificationType": "Delivery", "mail": {"messageId": "0100-ses"}}`:                                                                                                                                                  {"", "0100-ses", Delivered, false, ""},
			`{"eventType": "DeliveryDelay", "mail": {"messageId": "0100-ses"}, "deliveryDelay": {"delayType": "MailboxFull"}}`:                                                                                                     {"", "0100-ses", Deferred, false, "MailboxFull"},
			`{"eventType": "Bounce", "mail": {"messageId": "0100-ses"}, "bounce": {"bounceType": "Permanent", "bounceSubType": "General", "bouncedRecipients": [{"emailAddress": "a@b.example", "diagnosticCode": "smtp; 550"}]}}`: {"", "0100-ses", Bounced, true, "smtp; 550"},
			`{"eventType": "Bounce", "mail": {"messageId": "0100-ses"}, "bounce": {"bounceType": "Transient", "bounceSubType": "MailboxFull"}}`:                                                                                    {"", "0100-ses", Bounced, false, "Transient MailboxFull"},
			`{"eventType": "Complaint", "mail": {"messageId": "0100-ses"}, "complaint": {"complaintFeedbackType": "abuse"}}`:                                                                                                       {"", "0100-ses", Complained, true, "abuse"},
			`{"eventType": "Complaint", "mail": {"messageId": "0100-ses"}, "complaint": {"complaintFeedbackType": "not-spam"}}`:                                                                                                    {},
			`{"eventType": "Reject", "mail": {"messageId": "0100-ses"}, "reject": {"reason": "Bad content"}}`:                                                                                                                      {"", "0100-ses", Bounced, false, "Bad content"},
			`Successfully validated SNS topic for Amazon SES event publishing.`:                                                                                                                                                    {},
		}},
	} {
		for event, want := range provider.events {
			got, err := provider.read(t, provider.call(event))
			var list []Report
			if want != (Report{}) {
				list = []Report{want}
			}
			if diff := cmp.Diff(list, append([]Report(nil), got.List...)); err != nil || diff != "" {
				t.Errorf("%s, %s: %v\n%s", provider.factory, event, err, diff)
			}
			if (got.Once != "") != (provider.factory == FactoryMailgun) {
				t.Errorf("%s: once %q", provider.factory, got.Once)
			}
		}
	}
}

func TestReportsThatProveNothing(t *testing.T) {
	amazon := newSNS(t)
	body := map[string]string{
		FactorySendGrid: `[{"event": "bounce", "guestlist_message": "m1"}]`,
		FactoryMailgun:  `{"event": "complained", "user-variables": {"guestlist_message": "m1"}}`,
		FactoryPostmark: `{"RecordType": "SpamComplaint", "MessageID": "pm-9"}`,
		FactoryResend:   `{"type": "email.complained", "data": {"email_id": "re-3"}}`,
		FactorySES:      `{"eventType": "Bounce", "mail": {"messageId": "0100-ses"}}`,
	}
	for _, r := range []reporting{sendgridReporting(t), mailgunReporting(t), postmarkReporting(t), resendReporting(t), sesReporting(t, amazon)} {
		good := r.call(body[r.factory])
		refused := func(name string, c Call) {
			t.Helper()
			if got, err := r.read(t, c); guestlist.CodeOf(err) != "connector.report_not_authentic" || len(got.List) != 0 {
				t.Errorf("%s, %s: %v, %+v", r.factory, name, err, got)
			}
		}
		refused("unsigned", Call{At: testTime, Body: []byte(body[r.factory]), Header: http.Header{}})
		refused("empty", Call{At: testTime, Body: []byte("{}"), Header: http.Header{}})
		if r.factory != FactoryPostmark && r.factory != FactoryMailgun { // which do not sign the body
			changed := good
			changed.Body = []byte(strings.Replace(string(good.Body), "e", "E", 1))
			if r.factory == FactorySES {
				changed.Body = []byte(strings.Replace(string(good.Body), "0100-ses", "0200-ses", 1))
			}
			refused("changed", changed)
		}
		if !CanReport(r.factory, r.config) {
			t.Errorf("%s is not set up", r.factory)
		}
		r.config = changed(t, r.factory, nil)
		if CanReport(r.factory, r.config) {
			t.Errorf("%s is set up without a secret", r.factory)
		}
		refused("not set up", good)
	}
	for _, f := range []string{FactorySMTP, FactoryHTTPEmail, FactoryTwilio, "nope"} {
		if CanReport(f, json.RawMessage(`{"webhookSecret": "x", "webhookPassword": "x"}`)) {
			t.Errorf("%s takes reports", f)
		}
	}
}

func TestReportsOutOfTimeOrUnderOtherKeys(t *testing.T) {
	resend, mailgun, postmark := resendReporting(t), mailgunReporting(t), postmarkReporting(t)
	event := `{"event": "complained", "user-variables": {"guestlist_message": "m1"}}`
	wrong := &http.Request{Header: http.Header{}}
	wrong.SetBasicAuth("anybody", "correct horse batterz")
	for name, c := range map[string]struct {
		r    reporting
		call Call
	}{
		"resend, old":        {resend, resendCallAt("{}", testTime.Add(-6*time.Minute), resendSigningKey)},
		"resend, to come":    {resend, resendCallAt("{}", testTime.Add(6*time.Minute), resendSigningKey)},
		"resend, other key":  {resend, resendCallAt("{}", testTime, "another")},
		"mailgun, old":       {mailgun, Call{At: testTime, Body: []byte(mailgunSigned(event, testTime.Add(-13*time.Hour)))}},
		"mailgun, to come":   {mailgun, Call{At: testTime, Body: []byte(mailgunSigned(event, testTime.Add(13*time.Hour)))}},
		"postmark, password": {postmark, Call{At: testTime, Body: []byte("{}"), Header: wrong.Header}},
	} {
		if _, err := c.r.read(t, c.call); guestlist.CodeOf(err) != "connector.report_not_authentic" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got, err := mailgun.read(t, Call{At: testTime, Body: []byte(mailgunSigned(event, testTime.Add(-8*time.Hour)))}); err != nil || len(got.List) != 1 {
		t.Errorf("a call that Mailgun repeats: %v", err)
	}
}

func TestReportsThatCannotBeRead(t *testing.T) {
	for _, r := range []reporting{sendgridReporting(t), postmarkReporting(t), resendReporting(t)} {
		for _, body := range []string{"", "nope", `"x"`, "5"} {
			if _, err := r.read(t, r.call(body)); guestlist.CodeOf(err) != "connector.report_invalid" {
				t.Errorf("%s, %q: %v", r.factory, body, err)
			}
		}
	}
	many := "[" + strings.TrimSuffix(strings.Repeat("{},", maxReports+1), ",") + "]"
	if r := sendgridReporting(t); guestlist.CodeOf(func() error { _, err := r.read(t, r.call(many)); return err }()) != "connector.report_invalid" {
		t.Error("too many events are taken")
	}
}

func TestSNSIsBelievedForItsTopicOnly(t *testing.T) {
	amazon := newSNS(t)
	r := sesReporting(t, amazon)
	event := `{"eventType": "Bounce", "mail": {"messageId": "0100-ses"}}`
	for name, e := range map[string]map[string]string{
		"another's topic":           {"TopicArn": "arn:aws:sns:eu-central-1:999999999999:mail"},
		"signed with SHA-1":         {"SignatureVersion": "1"},
		"certificate elsewhere":     {"SigningCertURL": "https://evil.test/SimpleNotificationService-0123456789abcdef.pem"},
		"certificate in the clear":  {"SigningCertURL": strings.Replace(testSNSPEM, "https:", "http:", 1)},
		"certificate at a port":     {"SigningCertURL": strings.Replace(testSNSPEM, ".com/", ".com:8443/", 1)},
		"certificate behind a user": {"SigningCertURL": strings.Replace(testSNSPEM, "//", "//sns@", 1)},
		"certificate by a suffix":   {"SigningCertURL": strings.Replace(testSNSPEM, ".com/", ".com.evil.test/", 1)},
		"certificate of a region":   {"SigningCertURL": strings.Replace(testSNSPEM, "eu-central-1", "us-east-1", 1)},
		"certificate with a query":  {"SigningCertURL": testSNSPEM + "?x"},
		"certificate of a bucket":   {"SigningCertURL": testSNS + "/bucket/key.pem"},
	} {
		e["Message"] = event
		if _, err := r.read(t, amazon.sign(e)); guestlist.CodeOf(err) != "connector.report_not_authentic" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(amazon.asked) != 0 {
		t.Errorf("requests were made: %v", amazon.asked)
	}
	if _, err := r.read(t, amazon.sign(map[string]string{"Message": event, "SigningCertURL": testSNS + "/SimpleNotificationService-gone.pem"})); guestlist.KindOf(err) != guestlist.KindUnavailable {
		t.Errorf("a certificate that is not there: %v", err)
	}
	amazon.asked = nil
	for range 3 {
		if got, err := r.read(t, amazon.sign(map[string]string{"Message": event, "Subject": "Amazon SES"})); err != nil || len(got.List) != 1 {
			t.Errorf("%v, %+v", err, got)
		}
	}
	if diff := cmp.Diff([]string{testSNSPEM}, amazon.asked); diff != "" {
		t.Errorf("the certificate is kept: %s", diff)
	}
	late := amazon.sign(map[string]string{"Message": event})
	late.At = testTime.Add(2 * time.Hour)
	if _, err := r.read(t, late); guestlist.CodeOf(err) != "connector.report_not_authentic" {
		t.Errorf("a certificate that has ended: %v", err)
	}
}

func TestSNSSubscriptionsAreConfirmed(t *testing.T) {
	amazon := newSNS(t)
	r := sesReporting(t, amazon)
	confirm := testSNS + "/?Action=ConfirmSubscription&TopicArn=" + testTopic + "&Token=t1"
	amazon.answers[confirm] = "<ConfirmSubscriptionResponse/>"
	offer := func(url string) Call {
		return amazon.sign(map[string]string{"Type": "SubscriptionConfirmation", "Message": "You have chosen", "Token": "t1", "SubscribeURL": url})
	}
	if got, err := r.read(t, offer(confirm)); err != nil || len(got.List) != 0 {
		t.Errorf("%v, %+v", err, got)
	}
	if diff := cmp.Diff([]string{testSNSPEM, confirm}, amazon.asked); diff != "" {
		t.Error(diff)
	}
	for _, url := range []string{"https://evil.test/?Action=ConfirmSubscription", testSNS + "/?Action=DeleteTopic", "http://169.254.169.254/?Action=ConfirmSubscription", ""} {
		if _, err := r.read(t, offer(url)); guestlist.CodeOf(err) != "connector.report_not_authentic" {
			t.Errorf("%q: %v", url, err)
		}
	}
	if len(amazon.asked) != 2 {
		t.Errorf("requests were made: %v", amazon.asked)
	}
	if _, err := r.read(t, offer(confirm+"2")); guestlist.KindOf(err) != guestlist.KindUnavailable {
		t.Errorf("a confirmation that fails: %v", err)
	}
}
