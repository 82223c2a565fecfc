package mail

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guestlist"
)

// changed returns a valid config of a factory with some members changed, nil
// meaning removed.
func changed(t *testing.T, factoryID string, more map[string]any) json.RawMessage {
	t.Helper()
	var config map[string]any
	f, _ := Factory(factoryID)
	if err := json.Unmarshal([]byte(f.ConfigTemplate), &config); err != nil {
		t.Fatal(err)
	}
	for k, v := range more {
		if v == nil {
			delete(config, k)
			continue
		}
		config[k] = v
	}
	b, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestFactories(t *testing.T) {
	type identity struct {
		ID, Target string
		Type       guestlist.ConnectorType
	}
	want := []identity{
		{"simple-mail-transfer-protocol", "smtp", "Email"}, {"http-email", "http-email", "Email"},
		{"sendgrid-email-service", "sendgrid-mail", "Email"}, {"mailgun-email", "mailgun-email", "Email"},
		{"aws-ses-mail", "aws-ses", "Email"}, {"postmark-mail", "postmark-mail", "Email"}, {"resend-email", "resend-email", "Email"},
		{"http-sms", "http-sms", "Sms"}, {"twilio-short-message-service", "twilio-sms", "Sms"}, {"vonage-sms", "vonage-sms", "Sms"},
	}
	var got []identity
	for _, f := range Factories() {
		got = append(got, identity{f.ID, f.Target, f.Type})
		for _, lang := range Languages() {
			if f.Name[lang] == "" || f.Description[lang] == "" {
				t.Errorf("%s has no name or description in %s", f.ID, lang)
			}
		}
		svg, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(f.Logo, "data:image/svg+xml;base64,"))
		if err != nil || !strings.HasPrefix(string(svg), "<svg ") {
			t.Errorf("%s: logo %v", f.ID, err)
		}
		if !strings.HasPrefix(f.Readme, "# ") {
			t.Errorf("%s has no readme", f.ID)
		}
		if err := ValidateConfig(f.ID, json.RawMessage(f.ConfigTemplate)); err != nil {
			var e *guestlist.Error
			errors.As(err, &e)
			t.Errorf("%s: its own template is not valid: %s", f.ID, e.Details)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, ok := Factory("nope"); ok {
		t.Error("there is a factory that is none")
	}
}

func TestFactoriesOnTheWire(t *testing.T) {
	f, _ := Factory(FactoryHTTPEmail)
	b, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]any{"id": "http-email", "type": "Email", "target": "http-email", "isDemo": false, "platform": nil, "logoDark": nil} {
		if v, ok := got[key]; !ok || v != want {
			t.Errorf("%s is %v, want %v", key, v, want)
		}
	}
	first := map[string]any{"type": "Text", "key": "endpoint", "label": "Endpoint", "placeholder": "https://acme.example/send-mail", "required": true}
	if diff := cmp.Diff(first, got["formItems"].([]any)[0]); diff != "" {
		t.Error(diff)
	}
}

func TestValidateConfig(t *testing.T) {
	templates := defaultTemplates(true, memberContentType)
	long := strings.Repeat("x", maxConfigText+1)
	for _, c := range []struct {
		name, factory string
		more          map[string]any
		path          string // of the fault, "" for a valid config
	}{
		{"smtp", FactorySMTP, nil, ""},
		{"no login", FactorySMTP, map[string]any{"auth": map[string]any{}}, ""},
		{"members of Logto's that mean nothing here", FactorySMTP, map[string]any{"logger": true, "debug": false, "dnsTimeout": 30000, "extra": "x"}, ""},
		{"no host", FactorySMTP, map[string]any{"host": nil}, "host"},
		{"a URL as host", FactorySMTP, map[string]any{"host": "smtp://acme.example:25"}, "host"},
		{"an IPv6 host", FactorySMTP, map[string]any{"host": "::1"}, ""},
		{"port as text", FactorySMTP, map[string]any{"port": "25"}, "port"},
		{"port out of range", FactorySMTP, map[string]any{"port": 65536}, "port"},
		{"port with a fraction", FactorySMTP, map[string]any{"port": 25.5}, "port"},
		{"no auth", FactorySMTP, map[string]any{"auth": nil}, "auth"},
		{"auth with an unknown member", FactorySMTP, map[string]any{"auth": map[string]any{"user": "a", "pass": "b", "password": "c"}}, "auth"},
		{"auth without password", FactorySMTP, map[string]any{"auth": map[string]any{"user": "a"}}, "auth"},
		{"auth of unknown type", FactorySMTP, map[string]any{"auth": map[string]any{"type": "ntlm", "user": "a", "pass": "b"}}, "auth.type"},
		{"oauth without anything", FactorySMTP, map[string]any{"auth": map[string]any{"type": "oauth2", "user": "a"}}, "auth"},
		{"oauth with a bad key", FactorySMTP, map[string]any{"auth": map[string]any{"type": "oauth2", "user": "a", "serviceClient": "s", "privateKey": "k"}}, "auth"},
		{"oauth refresh without client", FactorySMTP, map[string]any{"auth": map[string]any{"user": "a", "refreshToken": "s"}}, "auth.clientId"},
		{"oauth at a file", FactorySMTP, map[string]any{"auth": map[string]any{"user": "a", "accessToken": "s", "accessUrl": "file:///etc/passwd"}}, "auth.accessUrl"},
		{"no sender", FactorySMTP, map[string]any{"fromEmail": nil}, "fromEmail"},
		{"a sender that is none", FactorySMTP, map[string]any{"fromEmail": "nope"}, "fromEmail"},
		{"a sender with a line break", FactorySMTP, map[string]any{"fromEmail": "a@acme.example\r\nBcc: b@acme.example"}, "fromEmail"},
		{"two replies", FactorySMTP, map[string]any{"replyTo": "a@acme.example, b@acme.example"}, "replyTo"},
		{"no templates", FactorySMTP, map[string]any{"templates": nil}, "templates"},
		{"some templates", FactorySMTP, map[string]any{"templates": templates[:2]}, "templates"},
		{"a template of unknown usage", FactorySMTP, map[string]any{"templates": append(templates[:9:9], map[string]string{"usageType": "Nope", "contentType": "text/plain", "subject": "s", "content": "c"})}, "templates.9.usageType"},
		{"a template of unknown content type", FactorySMTP, map[string]any{"templates": append(templates[:9:9], map[string]string{"usageType": "Generic", "contentType": "text/x", "subject": "s", "content": "c"})}, "templates.9.contentType"},
		{"a template without content", FactorySMTP, map[string]any{"templates": append(templates[:9:9], map[string]string{"usageType": "Generic", "contentType": "text/html", "subject": "s"})}, "templates.9.content"},
		{"templates as text", FactorySMTP, map[string]any{"templates": "x"}, "templates"},
		{"TLS both ignored and required", FactorySMTP, map[string]any{"ignoreTLS": true, "requireTLS": true}, "ignoreTLS"},
		{"TLS that nobody should speak", FactorySMTP, map[string]any{"tls": map[string]any{"minVersion": "SSLv3"}}, "tls"},
		{"a certificate that is none", FactorySMTP, map[string]any{"tls": map[string]any{"ca": "nope"}}, "tls"},
		{"secure as text", FactorySMTP, map[string]any{"secure": "yes"}, "secure"},
		{"a negative timeout", FactorySMTP, map[string]any{"socketTimeout": -1}, "socketTimeout"},
		{"an endless timeout", FactorySMTP, map[string]any{"greetingTimeout": 1e12}, "greetingTimeout"},
		{"a local address that is none", FactorySMTP, map[string]any{"localAddress": "eth0"}, "localAddress"},
		{"a header with a line break", FactorySMTP, map[string]any{"customHeaders": map[string]any{"X-A": "1\r\nBcc: x@acme.example"}}, "customHeaders"},
		{"a header name with a line break", FactorySMTP, map[string]any{"customHeaders": map[string]any{"X-A\r\nBcc": "x"}}, "customHeaders"},
		{"a second From", FactorySMTP, map[string]any{"customHeaders": map[string]any{"fRoM": "x@acme.example"}}, "customHeaders"},
		{"a second content type", FactorySMTP, map[string]any{"customHeaders": map[string]any{"content-type": "text/x"}}, "customHeaders"},
		{"http", FactoryHTTPEmail, nil, ""},
		{"http without endpoint", FactoryHTTPEmail, map[string]any{"endpoint": nil}, "endpoint"},
		{"http to a file", FactoryHTTPSMS, map[string]any{"endpoint": "file:///etc/passwd"}, "endpoint"},
		{"http to nowhere", FactoryHTTPSMS, map[string]any{"endpoint": "https://"}, "endpoint"},
		{"http with a number", FactoryHTTPSMS, map[string]any{"endpoint": 5}, "endpoint"},
		{"http with a line break", FactoryHTTPEmail, map[string]any{"authorization": "Bearer x\r\nHost: y"}, "authorization"},
		{"http with too much", FactoryHTTPEmail, map[string]any{"authorization": long}, "authorization"},
		{"twilio", FactoryTwilio, nil, ""},
		{"twilio without token", FactoryTwilio, map[string]any{"authToken": nil}, "authToken"},
		{"twilio without templates", FactoryTwilio, map[string]any{"templates": []any{}}, "templates"},
		{"twilio without messaging service", FactoryTwilio, map[string]any{"fromMessagingServiceSID": ""}, "fromMessagingServiceSID"},
		{"sendgrid without key", FactorySendGrid, map[string]any{"apiKey": nil}, "apiKey"},
		{"sendgrid from nobody", FactorySendGrid, map[string]any{"fromEmail": "nope"}, "fromEmail"},
		{"sendgrid with the member of others", FactorySendGrid, map[string]any{"templates": defaultTemplates(true, memberContentType)}, "templates.0.type"},
		{"sendgrid without templates", FactorySendGrid, map[string]any{"templates": nil}, "templates"},
		{"mailgun without domain", FactoryMailgun, map[string]any{"domain": nil}, "domain"},
		{"mailgun with a path as domain", FactoryMailgun, map[string]any{"domain": "a/../b"}, "domain"},
		{"mailgun in the EU", FactoryMailgun, map[string]any{"endpoint": "https://api.eu.mailgun.net/"}, ""},
		{"mailgun elsewhere", FactoryMailgun, map[string]any{"endpoint": "https://api.mailgun.net.evil.test"}, "endpoint"},
		{"mailgun beside the host", FactoryMailgun, map[string]any{"endpoint": "https://evil.test/.mailgun.net"}, "endpoint"},
		{"mailgun behind a user", FactoryMailgun, map[string]any{"endpoint": "https://a@b.mailgun.net"}, "endpoint"},
		{"mailgun in the clear", FactoryMailgun, map[string]any{"endpoint": "http://api.mailgun.net"}, "endpoint"},
		{"mailgun without deliveries", FactoryMailgun, map[string]any{"deliveries": nil}, "deliveries"},
		{"mailgun with no delivery", FactoryMailgun, map[string]any{"deliveries": map[string]any{}}, ""},
		{"mailgun with both", FactoryMailgun, map[string]any{"deliveries": map[string]any{"Generic": map[string]any{"html": "x", "template": "y"}}}, "deliveries.Generic"},
		{"mailgun of unknown usage", FactoryMailgun, map[string]any{"deliveries": map[string]any{"Nope": map[string]any{"html": "x"}}}, "deliveries"},
		{"ses without secret", FactorySES, map[string]any{"accessKeySecret": nil}, "accessKeySecret"},
		{"ses in a region that leads elsewhere", FactorySES, map[string]any{"region": "x.evil.test/"}, "region"},
		{"ses in no region", FactorySES, map[string]any{"region": "frankfurt"}, "region"},
		{"ses in China", FactorySES, map[string]any{"region": "cn-north-1"}, ""},
		{"ses in a cloud of a state", FactorySES, map[string]any{"region": "us-gov-west-1"}, ""},
		{"ses from an identity", FactorySES, map[string]any{"emailAddress": nil, "emailAddressIdentityArn": "arn:aws:ses:eu-central-1:1:identity/acme.example"}, ""},
		{"postmark without token", FactoryPostmark, map[string]any{"serverToken": nil}, "serverToken"},
		{"postmark without an alias", FactoryPostmark, map[string]any{"templates": []any{map[string]any{"usageType": "Generic"}}}, "templates.0.templateAlias"},
		{"postmark without some templates", FactoryPostmark, map[string]any{"templates": []any{map[string]any{"usageType": "Generic", "templateAlias": "g"}}}, "templates"},
		{"resend without key", FactoryResend, map[string]any{"apiKey": nil}, "apiKey"},
		{"resend to nobody", FactoryResend, map[string]any{"replyTo": "nope"}, "replyTo"},
		{"sendgrid with a key that is none", FactorySendGrid, map[string]any{"webhookPublicKey": "bm9wZQ=="}, "webhookPublicKey"},
		{"mailgun with a short signing key", FactoryMailgun, map[string]any{"webhookSigningKey": "short"}, "webhookSigningKey"},
		{"ses with a topic", FactorySES, map[string]any{"snsTopicArn": testTopic}, ""},
		{"ses with a topic elsewhere", FactorySES, map[string]any{"snsTopicArn": "arn:aws:sns:x.evil.test/:123456789012:mail"}, "snsTopicArn"},
		{"ses with a topic in no region", FactorySES, map[string]any{"snsTopicArn": "arn:aws:sns:frankfurt:123456789012:mail"}, "snsTopicArn"},
		{"postmark with a short password", FactoryPostmark, map[string]any{"webhookPassword": "short"}, "webhookPassword"},
		{"resend with a secret that is none", FactoryResend, map[string]any{"webhookSecret": "whsec_not base64 at all"}, "webhookSecret"},
		{"vonage without secret", FactoryVonage, map[string]any{"apiSecret": nil}, "apiSecret"},
		{"vonage without sender", FactoryVonage, map[string]any{"brandName": ""}, "brandName"},
	} {
		err := ValidateConfig(c.factory, changed(t, c.factory, c.more))
		if c.path == "" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		var e *guestlist.Error
		if !errors.As(err, &e) || e.Code != "connector.invalid_config" || e.Kind != guestlist.KindInvalid || !strings.HasPrefix(e.Details, c.path+": ") {
			t.Errorf("%s: %v, details %q, want a fault at %s", c.name, err, detailsOf(e), c.path)
		}
	}
}

func detailsOf(e *guestlist.Error) string {
	if e == nil {
		return ""
	}
	return e.Details
}

func TestConfigsThatAreNoObjects(t *testing.T) {
	for _, raw := range []string{"", "null", "5", `"x"`, "[]", "{", "{}", `{"host":`, strings.Repeat(" ", maxConfig) + "{}"} {
		for _, f := range Factories() {
			if err := ValidateConfig(f.ID, json.RawMessage(raw)); guestlist.CodeOf(err) != "connector.invalid_config" {
				t.Errorf("%s, %.20q: %v", f.ID, raw, err)
			}
		}
	}
	if err := ValidateConfig("nope", json.RawMessage("{}")); guestlist.KindOf(err) != guestlist.KindUnprocessable {
		t.Errorf("an unknown factory: %v", err)
	}
	if _, err := NewSender(FactorySMTP, json.RawMessage("{}"), openClient()); guestlist.CodeOf(err) != "connector.invalid_config" {
		t.Errorf("a sender without a config: %v", err)
	}
}

func TestAFaultNeverRepeatsAPassword(t *testing.T) {
	err := ValidateConfig(FactorySMTP, changed(t, FactorySMTP, map[string]any{"auth": map[string]any{"user": 5, "pass": "correct horse"}}))
	b, _ := json.Marshal(err)
	if err == nil || strings.Contains(err.Error()+string(b), "horse") {
		t.Errorf("%v %s", err, b)
	}
}

func FuzzValidateConfig(f *testing.F) {
	for _, factory := range Factories() {
		f.Add(factory.ID, factory.ConfigTemplate)
	}
	f.Fuzz(func(t *testing.T, id, config string) {
		err := ValidateConfig(id, json.RawMessage(config))
		sender, made := NewSender(id, json.RawMessage(config), openClient())
		if (err == nil) != (made == nil) || (made == nil) != (sender != nil) {
			t.Errorf("a config that is %v makes %v, %v", err, sender, made)
		}
	})
}
