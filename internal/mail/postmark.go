package mail

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"guestlist"
)

const postmarkAPI = "https://api.postmarkapp.com"

type postmarkConfig struct {
	ServerToken string             `json:"serverToken"`
	FromEmail   string             `json:"fromEmail"`
	Templates   []postmarkTemplate `json:"templates"`
	// WebhookPassword is what Postmark's reports are authenticated with.
	WebhookPassword string `json:"webhookPassword"`
}

type postmarkTemplate struct {
	UsageType     guestlist.TemplateType `json:"usageType"`
	TemplateAlias string                 `json:"templateAlias"`
}

func (c postmarkConfig) check(is *issues) {
	is.text("serverToken", c.ServerToken, true)
	is.address("fromEmail", c.FromEmail, true)
	is.secret("webhookPassword", c.WebhookPassword)
	if len(c.Templates) > maxTemplates {
		is.add("templates", "More than %d templates", maxTemplates)
		return
	}
	usages := make([]guestlist.TemplateType, len(c.Templates))
	for i, t := range c.Templates {
		usages[i] = t.UsageType
		is.usage(fmt.Sprintf("templates.%d.usageType", i), t.UsageType)
		is.text(fmt.Sprintf("templates.%d.templateAlias", i), t.TemplateAlias, true)
	}
	is.covered("templates", usages)
}

// postmarkSender sends e-mail through Postmark, with templates that are kept
// there: the tenant's own do not come into it.
type postmarkSender struct {
	config postmarkConfig
	client *http.Client
	base   string // postmarkAPI, or a test's server
}

func newPostmarkSender(config json.RawMessage, client *http.Client) (*postmarkSender, error) {
	c, err := configOf[postmarkConfig](FactoryPostmark, config)
	return &postmarkSender{config: c, client: client, base: postmarkAPI}, err
}

// alias finds the template for a kind of message, or the one for any.
func (s *postmarkSender) alias(kind guestlist.TemplateType) string {
	for _, want := range []guestlist.TemplateType{kind, guestlist.TemplateGeneric} {
		for _, t := range s.config.Templates {
			if t.UsageType == want {
				return t.TemplateAlias
			}
		}
	}
	return ""
}

type postmarkMail struct {
	From, To, TemplateAlias string
	TemplateModel           map[string]any
	TrackOpens              bool
	TrackLinks              string
	Metadata                map[string]string `json:",omitempty"`
	Headers                 []namedHeader     `json:",omitempty"`
}

// namedHeader is a header as Postmark and SES take it.
type namedHeader struct{ Name, Value string }

// namedHeaders are headers in a steady order.
func namedHeaders(headers map[string]string) []namedHeader {
	var list []namedHeader
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		list = append(list, namedHeader{name, headers[name]})
	}
	return list
}

// Send hands the payload over; the receipt's id is Postmark's MessageID.
// Tracking is off: it would lead links, which are keys, through other hands.
// Postmark knows no idempotency key, so a retry after a lost answer can
// repeat.
func (s *postmarkSender) Send(ctx context.Context, l Letter) (Receipt, error) {
	alias := s.alias(l.Message.Type)
	if alias == "" {
		return Receipt{}, errNoTemplate(l.Message.Type)
	}
	e, err := envelopeOf(Letter{Message: l.Message}, s.config.FromEmail, "") // without words: their sender is not Postmark's
	if err != nil {
		return Receipt{}, err
	}
	m := postmarkMail{
		From: spelled(e.from), To: e.to, TemplateAlias: alias, TemplateModel: l.Message.Payload, TrackLinks: "None",
		Headers: namedHeaders(unsubscribeHeaders(l.Message)),
	}
	if m.TemplateModel == nil {
		m.TemplateModel = map[string]any{}
	}
	if l.Message.ID != "" {
		m.Metadata = map[string]string{messageTag: l.Message.ID}
	}
	secrets := secretsOf(l.Message, s.config.ServerToken)
	req, err := postJSON(ctx, s.base+"/email/withTemplate", m, secrets, func(r *http.Request) {
		r.Header.Set("X-Postmark-Server-Token", s.config.ServerToken)
	})
	if err != nil {
		return Receipt{}, err
	}
	answer, err := do(s.client, req, secrets)
	if err != nil {
		return Receipt{}, err
	}
	var taken struct{ MessageID, Message string }
	_ = json.Unmarshal(answer, &taken) // unreadable or not, the mail was taken: an error would send it twice
	return Receipt{ID: taken.MessageID, Detail: tidy(taken.Message, secrets)}, nil
}
