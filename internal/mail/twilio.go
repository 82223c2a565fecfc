package mail

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

const (
	twilioAPI     = "https://api.twilio.com"
	maxTwilioText = 1600 // characters of a message body, Twilio's own limit
)

type twilioConfig struct {
	AccountSID              string           `json:"accountSID"`
	AuthToken               string           `json:"authToken"`
	FromMessagingServiceSID string           `json:"fromMessagingServiceSID"`
	Templates               []configTemplate `json:"templates"`
	DisableRiskCheck        bool             `json:"disableRiskCheck"`
}

func (c twilioConfig) check(is *issues) {
	is.text("accountSID", c.AccountSID, true)
	is.text("authToken", c.AuthToken, true)
	is.text("fromMessagingServiceSID", c.FromMessagingServiceSID, true)
	is.templates(c.Templates, false, "")
}

// twilioSender sends SMS through Twilio's Messages resource.
type twilioSender struct {
	config twilioConfig
	client *http.Client
	base   string // twilioAPI, or a test's server
}

func newTwilioSender(config json.RawMessage, client *http.Client) (*twilioSender, error) {
	s := &twilioSender{client: client, base: twilioAPI}
	if err := json.Unmarshal(config, &s.config); err != nil {
		return nil, fmt.Errorf("twilio sender: %w", err)
	}
	return s, nil
}

// Send creates the message at Twilio; the receipt's id is the message SID.
// Twilio knows no idempotency key, so a retry after a lost answer can repeat.
func (s *twilioSender) Send(ctx context.Context, l Letter) (Receipt, error) {
	secrets := secretsOf(l.Message, s.config.AuthToken)
	form := url.Values{
		"To":                  {"+" + strings.TrimPrefix(l.Message.To, "+")},
		"MessagingServiceSid": {s.config.FromMessagingServiceSID},
		"Body":                {clip(l.Words.Text, maxTwilioText)},
	}
	if s.config.DisableRiskCheck {
		form.Set("RiskCheck", "disable")
	}
	path := s.base + "/2010-04-01/Accounts/" + url.PathEscape(s.config.AccountSID) + "/Messages.json"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, path, strings.NewReader(form.Encode()))
	if err != nil {
		return Receipt{}, failure(err.Error(), secrets, true)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(s.config.AccountSID, s.config.AuthToken)
	answer, err := do(s.client, req, secrets)
	if err != nil {
		return Receipt{}, err
	}
	var created struct {
		SID    string `json:"sid"`
		Status string `json:"status"`
	}
	// Where the receipt is unreadable the message was taken over all the same:
	// an error would send it twice.
	_ = json.Unmarshal(answer, &created)
	return Receipt{ID: created.SID, Detail: created.Status}, nil
}

// clip shortens s to n characters.
func clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}
