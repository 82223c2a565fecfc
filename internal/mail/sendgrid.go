package mail

import (
	"context"
	"encoding/json"
	"net/http"
	"net/mail"
)

const sendgridAPI = "https://api.sendgrid.com"

type sendgridConfig struct {
	APIKey    string           `json:"apiKey"`
	FromEmail string           `json:"fromEmail"`
	FromName  string           `json:"fromName"`
	Templates []configTemplate `json:"templates"`
	// WebhookPublicKey verifies SendGrid's reports: base64 of DER.
	WebhookPublicKey string `json:"webhookPublicKey"`
}

func (c sendgridConfig) check(is *issues) {
	is.text("apiKey", c.APIKey, true)
	is.address("fromEmail", c.FromEmail, true)
	is.text("fromName", c.FromName, false)
	is.templates(c.Templates, true, memberType)
	is.text("webhookPublicKey", c.WebhookPublicKey, false)
	if _, err := sendgridKey(c.WebhookPublicKey); err != nil && c.WebhookPublicKey != "" {
		is.add("webhookPublicKey", "Expected the verification key that SendGrid shows for its signed event webhook")
	}
}

// sendgridSender sends e-mail through SendGrid's Mail Send interface, v3.
type sendgridSender struct {
	config sendgridConfig
	client *http.Client
	base   string // sendgridAPI, or a test's server
}

func newSendGridSender(config json.RawMessage, client *http.Client) (*sendgridSender, error) {
	c, err := configOf[sendgridConfig](FactorySendGrid, config)
	return &sendgridSender{config: c, client: client, base: sendgridAPI}, err
}

type sendgridAddress struct {
	Email string `json:"email"`
	Name  string `json:"name,omitempty"`
}

func sendgridAddressOf(a *mail.Address) *sendgridAddress {
	if a == nil {
		return nil
	}
	return &sendgridAddress{Email: a.Address, Name: a.Name}
}

type sendgridContent struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

type sendgridSwitch struct {
	Enable     bool  `json:"enable"`
	EnableText *bool `json:"enable_text,omitempty"`
}

type sendgridMail struct {
	Personalizations []sendgridTo              `json:"personalizations"`
	From             *sendgridAddress          `json:"from"`
	ReplyTo          *sendgridAddress          `json:"reply_to,omitempty"`
	Subject          string                    `json:"subject"`
	Content          []sendgridContent         `json:"content"`
	Tracking         map[string]sendgridSwitch `json:"tracking_settings"`
	Headers          map[string]string         `json:"headers,omitempty"`
}

type sendgridTo struct {
	To   []sendgridAddress `json:"to"`
	Args map[string]string `json:"custom_args,omitempty"`
}

// Send hands the mail over; the receipt's id is SendGrid's X-Message-Id.
// Tracking is off: it would lead links, which are keys, through other hands.
// SendGrid knows no idempotency key, so a retry after a lost answer can
// repeat.
func (s *sendgridSender) Send(ctx context.Context, l Letter) (Receipt, error) {
	e, err := envelopeOf(l, s.config.FromEmail, "")
	if err != nil {
		return Receipt{}, err
	}
	if e.from.Name == "" {
		e.from.Name = fill(s.config.FromName, l.Message.Payload, oneLine)
	}
	off := false
	m := sendgridMail{
		Personalizations: []sendgridTo{{To: []sendgridAddress{{Email: e.to}}}},
		Headers:          unsubscribeHeaders(l.Message),
		From:             sendgridAddressOf(e.from), ReplyTo: sendgridAddressOf(e.reply), Subject: l.Words.Subject,
		Tracking: map[string]sendgridSwitch{"click_tracking": {EnableText: &off}, "open_tracking": {}},
	}
	if l.Message.ID != "" {
		m.Personalizations[0].Args = map[string]string{messageTag: l.Message.ID}
	}
	if l.Words.Text != "" { // the plain part has to come first, and empty ones are refused
		m.Content = append(m.Content, sendgridContent{textPlain, l.Words.Text})
	}
	if l.Words.HTML != "" {
		m.Content = append(m.Content, sendgridContent{textHTML, l.Words.HTML})
	}
	secrets := secretsOf(l.Message, s.config.APIKey)
	req, err := postJSON(ctx, s.base+"/v3/mail/send", m, secrets, func(r *http.Request) {
		r.Header.Set("Authorization", "Bearer "+s.config.APIKey)
	})
	if err != nil {
		return Receipt{}, err
	}
	header, _, err := exchange(s.client, req, secrets)
	if err != nil {
		return Receipt{}, err
	}
	return Receipt{ID: header.Get("X-Message-Id")}, nil
}
