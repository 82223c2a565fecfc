package mail

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"guestlist"
)

const (
	mailgunAPI          = "https://api.mailgun.net"
	mailgunHosts        = ".mailgun.net" // where an endpoint may lie: they have one per region
	maxMailgunVariables = 100
)

type mailgunConfig struct {
	Domain     string                                     `json:"domain"`
	APIKey     string                                     `json:"apiKey"`
	From       string                                     `json:"from"`
	Endpoint   string                                     `json:"endpoint"`
	Deliveries map[guestlist.TemplateType]mailgunDelivery `json:"deliveries"`
	// WebhookSigningKey verifies Mailgun's reports.
	WebhookSigningKey string `json:"webhookSigningKey"`
}

// mailgunDelivery is what a kind of message is sent as: words here, or a
// template that is kept at Mailgun.
type mailgunDelivery struct {
	HTML      string         `json:"html"`
	Text      string         `json:"text"`
	Template  string         `json:"template"`
	Variables map[string]any `json:"variables"`
	Subject   string         `json:"subject"`
	ReplyTo   string         `json:"replyTo"`
}

func (c mailgunConfig) check(is *issues) {
	is.text("domain", c.Domain, true)
	is.host("domain", c.Domain, false)
	is.text("apiKey", c.APIKey, true)
	is.address("from", c.From, true)
	is.text("endpoint", c.Endpoint, false)
	if c.Endpoint != "" {
		u, err := url.Parse(c.Endpoint)
		if err != nil || u.Scheme != "https" || u.Port() != "" || u.User != nil || strings.Trim(u.Path, "/") != "" ||
			u.RawQuery != "" || !strings.HasSuffix(u.Host, mailgunHosts) {
			is.add("endpoint", "Expected an https URL that ends in %s, such as https://api.eu.mailgun.net", mailgunHosts)
		}
	}
	is.secret("webhookSigningKey", c.WebhookSigningKey)
	if c.Deliveries == nil {
		is.add("deliveries", "Required")
	}
	for _, usage := range slices.Sorted(maps.Keys(c.Deliveries)) {
		d, at := c.Deliveries[usage], "deliveries."+string(usage)
		if !usage.Valid() && usage != "Test" {
			is.usage("deliveries", usage)
			continue
		}
		if (d.HTML == "") == (d.Template == "") {
			is.add(at, "Expected either html or template")
		}
		is.content(at+".html", d.HTML, false)
		is.content(at+".text", d.Text, false)
		is.text(at+".template", d.Template, false)
		is.subject(at+".subject", d.Subject, false)
		is.address(at+".replyTo", d.ReplyTo, false)
		if len(d.Variables) > maxMailgunVariables {
			is.add(at+".variables", "More than %d variables", maxMailgunVariables)
		}
	}
}

// mailgunSender sends e-mail through Mailgun's Messages interface.
type mailgunSender struct {
	config mailgunConfig
	client *http.Client
	base   string // the config's endpoint, mailgunAPI, or a test's server
}

func newMailgunSender(config json.RawMessage, client *http.Client) (*mailgunSender, error) {
	c, err := configOf[mailgunConfig](FactoryMailgun, config)
	s := &mailgunSender{config: c, client: client, base: mailgunAPI}
	if c.Endpoint != "" {
		s.base = strings.TrimRight(c.Endpoint, "/")
	}
	return s, err
}

// Send hands the mail over; the receipt's id is the mail's Message-ID. A
// tenant's own words go before templates at Mailgun. Tracking is off: it would
// lead links, which are keys, through other hands. Mailgun knows no
// idempotency key, so a retry after a lost answer can repeat.
func (s *mailgunSender) Send(ctx context.Context, l Letter) (Receipt, error) {
	secrets := secretsOf(l.Message, s.config.APIKey)
	form, err := s.form(l)
	if err != nil {
		return Receipt{}, err
	}
	path := s.base + "/v3/" + url.PathEscape(s.config.Domain) + "/messages"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, path, strings.NewReader(form.Encode()))
	if err != nil {
		return Receipt{}, failure(err.Error(), secrets, true)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth("api", s.config.APIKey)
	answer, err := do(s.client, req, secrets)
	if err != nil {
		return Receipt{}, err
	}
	var taken struct{ ID, Message string }
	_ = json.Unmarshal(answer, &taken) // unreadable or not, the mail was taken: an error would send it twice
	return Receipt{ID: strings.Trim(taken.ID, "<>"), Detail: tidy(taken.Message, secrets)}, nil
}

func (s *mailgunSender) form(l Letter) (url.Values, error) {
	e, err := envelopeOf(l, s.config.From, "")
	if err != nil {
		return nil, err
	}
	form := url.Values{"from": {spelled(e.from)}, "to": {e.to}, "o:tracking": {"no"}}
	for name, value := range unsubscribeHeaders(l.Message) {
		form.Set("h:"+name, value)
	}
	d, ok := s.config.Deliveries[l.Message.Type]
	if !ok {
		d = s.config.Deliveries[guestlist.TemplateGeneric]
	}
	if d.Template != "" && !l.Words.Own {
		return form, s.fromTemplate(form, d, l.Message)
	}
	form.Set("subject", l.Words.Subject)
	for name, value := range map[string]string{"html": l.Words.HTML, "text": l.Words.Text, "v:" + messageTag: l.Message.ID} {
		if value != "" {
			form.Set(name, value)
		}
	}
	if e.reply != nil {
		form.Set("h:Reply-To", spelled(e.reply))
	}
	return form, nil
}

// fromTemplate names the template at Mailgun and gives it the payload.
func (s *mailgunSender) fromTemplate(form url.Values, d mailgunDelivery, m guestlist.Message) error {
	payload, err := generic(m.Payload)
	if err != nil {
		return failure("the payload is not JSON", nil, true)
	}
	variables := map[string]any{}
	maps.Copy(variables, d.Variables)
	maps.Copy(variables, payload)
	if m.ID != "" {
		variables[messageTag] = m.ID
	}
	b, err := json.Marshal(variables)
	if err != nil {
		return failure("the payload is not JSON", nil, true)
	}
	form.Set("template", d.Template)
	form.Set("h:X-Mailgun-Variables", string(b))
	if d.Subject != "" {
		form.Set("subject", fill(d.Subject, payload, oneLine))
	}
	if reply := firstAddress(fill(d.ReplyTo, payload, oneLine)); reply != nil {
		form.Set("h:Reply-To", spelled(reply))
	}
	return nil
}
