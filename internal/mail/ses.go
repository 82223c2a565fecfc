package mail

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
)

type sesConfig struct {
	AccessKeyID               string           `json:"accessKeyId"`
	AccessKeySecret           string           `json:"accessKeySecret"`
	Region                    string           `json:"region"`
	EmailAddress              string           `json:"emailAddress"`
	EmailAddressARN           string           `json:"emailAddressIdentityArn"`
	FeedbackForwardingAddress string           `json:"feedbackForwardingEmailAddress"`
	FeedbackForwardingARN     string           `json:"feedbackForwardingEmailAddressIdentityArn"`
	ConfigurationSetName      string           `json:"configurationSetName"`
	Templates                 []configTemplate `json:"templates"`
	// SNSTopicARN is the only topic whose reports are believed.
	SNSTopicARN string `json:"snsTopicArn"`
}

// awsRegion is what a region is called, e.g. eu-central-1. It becomes part of
// a host name, so nothing else may stand in it.
var awsRegion = regexp.MustCompile(`^[a-z]{2}(-[a-z]+){1,3}-[0-9]{1,2}$`)

// awsDomain is where a region's services live.
func awsDomain(region string) string {
	if strings.HasPrefix(region, "cn-") {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}

func (c sesConfig) check(is *issues) {
	is.text("accessKeyId", c.AccessKeyID, true)
	is.text("accessKeySecret", c.AccessKeySecret, true)
	is.text("region", c.Region, true)
	if c.Region != "" && !awsRegion.MatchString(c.Region) {
		is.add("region", "Expected the name of a region, such as eu-central-1")
	}
	is.address("emailAddress", c.EmailAddress, false)
	is.text("emailAddressIdentityArn", c.EmailAddressARN, false)
	is.address("feedbackForwardingEmailAddress", c.FeedbackForwardingAddress, false)
	is.text("feedbackForwardingEmailAddressIdentityArn", c.FeedbackForwardingARN, false)
	is.text("configurationSetName", c.ConfigurationSetName, false)
	is.templates(c.Templates, true, "")
	is.text("snsTopicArn", c.SNSTopicARN, false)
	if c.SNSTopicARN != "" && snsHost(c.SNSTopicARN) == "" {
		is.add("snsTopicArn", "Expected the ARN of a topic, such as arn:aws:sns:eu-central-1:123456789012:mail")
	}
}

// sesSender sends e-mail through SendEmail of Amazon SES, API v2.
type sesSender struct {
	config sesConfig
	client *http.Client
	base   string // of the region, or a test's server
}

func newSESSender(config json.RawMessage, client *http.Client) (*sesSender, error) {
	c, err := configOf[sesConfig](FactorySES, config)
	return &sesSender{config: c, client: client, base: "https://email." + c.Region + "." + awsDomain(c.Region)}, err
}

type sesText struct{ Data, Charset string }

func sesTextOf(s string) *sesText {
	if s == "" {
		return nil
	}
	return &sesText{Data: s, Charset: "UTF-8"}
}

type sesTag struct{ Name, Value string }

type sesMail struct {
	FromEmailAddress                          string   `json:",omitempty"`
	FromEmailAddressIdentityArn               string   `json:",omitempty"`
	FeedbackForwardingEmailAddress            string   `json:",omitempty"`
	FeedbackForwardingEmailAddressIdentityArn string   `json:",omitempty"`
	ConfigurationSetName                      string   `json:",omitempty"`
	ReplyToAddresses                          []string `json:",omitempty"`
	EmailTags                                 []sesTag `json:",omitempty"`
	Destination                               struct{ ToAddresses []string }
	Content                                   struct {
		Simple struct {
			Subject *sesText
			Body    struct {
				HTML *sesText `json:"Html,omitempty"`
				Text *sesText `json:",omitempty"`
			}
			Headers []namedHeader `json:",omitempty"`
		}
	}
}

func (s *sesSender) mail(l Letter) (sesMail, error) {
	c := s.config
	m := sesMail{
		FromEmailAddressIdentityArn: c.EmailAddressARN, ConfigurationSetName: c.ConfigurationSetName,
		FeedbackForwardingEmailAddress: c.FeedbackForwardingAddress, FeedbackForwardingEmailAddressIdentityArn: c.FeedbackForwardingARN,
	}
	e, err := envelopeOf(l, c.EmailAddress, "")
	if err != nil {
		return m, err
	}
	if e.from != nil { // without, the identity's own is meant
		m.FromEmailAddress = e.from.String() // SES wants names encoded, RFC 2047
	}
	if e.reply != nil {
		m.ReplyToAddresses = []string{e.reply.String()}
	}
	if l.Message.ID != "" {
		m.EmailTags = []sesTag{{messageTag, l.Message.ID}}
	}
	m.Destination.ToAddresses = []string{e.to}
	m.Content.Simple.Subject = &sesText{Data: l.Words.Subject, Charset: "UTF-8"}
	m.Content.Simple.Body.HTML = sesTextOf(l.Words.HTML)
	m.Content.Simple.Body.Text = sesTextOf(l.Words.Text)
	m.Content.Simple.Headers = namedHeaders(unsubscribeHeaders(l.Message))
	return m, nil
}

// Send hands the mail over; the receipt's id is SES's message id. SES knows no
// idempotency key, so a retry after a lost answer can repeat.
func (s *sesSender) Send(ctx context.Context, l Letter) (Receipt, error) {
	m, err := s.mail(l)
	if err != nil {
		return Receipt{}, err
	}
	body, err := json.Marshal(m)
	if err != nil {
		return Receipt{}, failure("the words are not JSON", nil, true)
	}
	secrets := secretsOf(l.Message, s.config.AccessKeySecret)
	key := awsKey{ID: s.config.AccessKeyID, Secret: s.config.AccessKeySecret, Region: s.config.Region, Service: "ses"}
	req, err := postJSON(ctx, s.base+"/v2/email/outbound-emails", json.RawMessage(body), secrets, func(r *http.Request) {
		key.sign(r, body, l.At)
	})
	if err != nil {
		return Receipt{}, err
	}
	answer, err := do(s.client, req, secrets)
	if err != nil {
		return Receipt{}, err
	}
	var taken struct{ MessageID string }
	_ = json.Unmarshal(answer, &taken) // unreadable or not, the mail was taken: an error would send it twice
	return Receipt{ID: taken.MessageID}, nil
}
