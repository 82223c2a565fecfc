package mail

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

const (
	vonageAPI     = "https://rest.nexmo.com"
	maxVonageText = 1600 // characters of a message body
)

type vonageConfig struct {
	APIKey    string           `json:"apiKey"`
	APISecret string           `json:"apiSecret"`
	BrandName string           `json:"brandName"`
	Templates []configTemplate `json:"templates"`
}

func (c vonageConfig) check(is *issues) {
	is.text("apiKey", c.APIKey, true)
	is.text("apiSecret", c.APISecret, true)
	is.text("brandName", c.BrandName, true)
	is.templates(c.Templates, false, "")
}

// vonageSender sends SMS through Vonage's SMS interface.
type vonageSender struct {
	config vonageConfig
	client *http.Client
	base   string // vonageAPI, or a test's server
}

func newVonageSender(config json.RawMessage, client *http.Client) (*vonageSender, error) {
	c, err := configOf[vonageConfig](FactoryVonage, config)
	return &vonageSender{config: c, client: client, base: vonageAPI}, err
}

// vonageAnswer has a part for each message that a long text became.
type vonageAnswer struct {
	Messages []struct {
		ID     string `json:"message-id"`
		Status string `json:"status"`
		Error  string `json:"error-text"`
	} `json:"messages"`
}

// The states of Vonage that another attempt may mend: throttled, a fault of
// theirs, a quota that is used up for now.
var vonageLater = map[string]bool{"1": true, "5": true, "9": true}

// Send hands the message over; the receipt's id is that of its first part.
// Vonage refuses with 200 and a status in the answer. It knows no idempotency
// key, so a retry after a lost answer can repeat.
func (s *vonageSender) Send(ctx context.Context, l Letter) (Receipt, error) {
	secrets := secretsOf(l.Message, s.config.APISecret)
	text := clip(l.Words.Text, maxVonageText)
	form := url.Values{
		"api_key": {s.config.APIKey}, "api_secret": {s.config.APISecret},
		"from": {s.config.BrandName}, "to": {strings.TrimPrefix(l.Message.To, "+")}, "text": {text},
	}
	if !isGSM(text) {
		form.Set("type", "unicode")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.base+"/sms/json", strings.NewReader(form.Encode()))
	if err != nil {
		return Receipt{}, failure(err.Error(), secrets, true)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := do(s.client, req, secrets)
	if err != nil {
		return Receipt{}, err
	}
	var a vonageAnswer
	if json.Unmarshal(answer, &a) != nil || len(a.Messages) == 0 {
		return Receipt{}, nil //nolint:nilerr // where the receipt is unreadable an error could send it twice
	}
	// Once the first part is on its way, a retry would repeat it: what became of
	// the rest goes into the receipt.
	if first := a.Messages[0]; first.Status != "0" {
		return Receipt{}, failure("status "+first.Status+" "+first.Error, secrets, !vonageLater[first.Status])
	}
	receipt := Receipt{ID: a.Messages[0].ID}
	for _, part := range a.Messages[1:] {
		if part.Status != "0" {
			receipt.Detail = tidy("a part was refused: status "+part.Status+" "+part.Error, secrets)
		}
	}
	return receipt, nil
}

// gsmAlphabet is the default alphabet of GSM 03.38 and its extension, letters
// and digits of ASCII left out.
const gsmAlphabet = " !\"#$%&'()*+,-./:;<=>?@£¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà^{}\\[~]|€\n\r"

// isGSM reports whether a text needs no characters beyond the default
// alphabet; with others the message must be sent as Unicode, or it arrives
// with question marks.
func isGSM(s string) bool {
	for _, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		if !letter && !strings.ContainsRune(gsmAlphabet, r) {
			return false
		}
	}
	return true
}
