package mail

import (
	"context"
	"encoding/json"
	"net/http"
)

const resendAPI = "https://api.resend.com"

type resendConfig struct {
	APIKey    string           `json:"apiKey"`
	FromEmail string           `json:"fromEmail"`
	ReplyTo   string           `json:"replyTo"`
	Templates []configTemplate `json:"templates"`
	// WebhookSecret verifies Resend's reports: "whsec_" and base64.
	WebhookSecret string `json:"webhookSecret"`
}

func (c resendConfig) check(is *issues) {
	is.text("apiKey", c.APIKey, true)
	is.address("fromEmail", c.FromEmail, true)
	is.address("replyTo", c.ReplyTo, false)
	is.templates(c.Templates, true, memberContentType)
	is.secret("webhookSecret", c.WebhookSecret)
	if key, err := resendKey(c.WebhookSecret); c.WebhookSecret != "" && (err != nil || len(key) < webhookSecretLength) {
		is.add("webhookSecret", "Expected the signing secret that Resend shows for the webhook, whsec_…")
	}
}

// resendSender sends e-mail through Resend.
type resendSender struct {
	config resendConfig
	client *http.Client
	base   string // resendAPI, or a test's server
}

func newResendSender(config json.RawMessage, client *http.Client) (*resendSender, error) {
	c, err := configOf[resendConfig](FactoryResend, config)
	return &resendSender{config: c, client: client, base: resendAPI}, err
}

type resendTag struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type resendMail struct {
	From    string      `json:"from"`
	To      []string    `json:"to"`
	Subject string      `json:"subject"`
	HTML    string      `json:"html,omitempty"`
	Text    string      `json:"text,omitempty"`
	ReplyTo string      `json:"reply_to,omitempty"`
	Tags    []resendTag `json:"tags,omitempty"`

	Headers map[string]string `json:"headers,omitempty"`
}

// Send hands the mail over; the receipt's id is Resend's. A repetition within
// a day carries the same Idempotency-Key and is not sent twice.
func (s *resendSender) Send(ctx context.Context, l Letter) (Receipt, error) {
	e, err := envelopeOf(l, s.config.FromEmail, s.config.ReplyTo)
	if err != nil {
		return Receipt{}, err
	}
	m := resendMail{From: spelled(e.from), To: []string{e.to}, Subject: l.Words.Subject, HTML: l.Words.HTML, Text: l.Words.Text}
	m.Headers = unsubscribeHeaders(l.Message)
	if e.reply != nil {
		m.ReplyTo = spelled(e.reply)
	}
	if l.Message.ID != "" {
		m.Tags = []resendTag{{messageTag, l.Message.ID}}
	}
	secrets := secretsOf(l.Message, s.config.APIKey)
	req, err := postJSON(ctx, s.base+"/emails", m, secrets, func(r *http.Request) {
		r.Header.Set("Authorization", "Bearer "+s.config.APIKey)
		if l.Message.ID != "" {
			r.Header.Set("Idempotency-Key", l.Message.ID)
		}
	})
	if err != nil {
		return Receipt{}, err
	}
	answer, err := do(s.client, req, secrets)
	if err != nil {
		return Receipt{}, err
	}
	var taken struct{ ID string }
	_ = json.Unmarshal(answer, &taken) // unreadable or not, the mail was taken: an error would send it twice
	return Receipt{ID: taken.ID}, nil
}
