package mail

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/mail"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"guestlist"
)

// Limits on a connector's config.
const (
	maxConfig          = 512 << 10 // bytes of JSON
	maxTemplates       = 64
	maxTemplateContent = 128 << 10 // bytes
	maxTemplateSubject = 512       // bytes
	maxConfigText      = 4096      // bytes of any other text
	maxHeaders         = 32        // custom headers
	maxHeaderValue     = 900       // bytes, under the 998 of a line (RFC 5322 §2.1.1)
	maxTimeout         = 600_000   // milliseconds
	maxIssues          = 20        // faults reported at once
)

// required are the usages that a config with templates must cover: without
// them some people could not come in, or back in.
var required = []guestlist.TemplateType{
	guestlist.TemplateRegister, guestlist.TemplateSignIn, guestlist.TemplateForgotPassword, guestlist.TemplateGeneric,
}

type configTemplate struct {
	UsageType   guestlist.TemplateType `json:"usageType"`
	ContentType string                 `json:"contentType"`
	Type        string                 `json:"type"` // what SendGrid's config calls ContentType
	Subject     string                 `json:"subject"`
	Content     string                 `json:"content"`

	text, replyTo string // of Mailgun's deliveries
}

// configTemplates reads the templates of a config, none if it has none.
func configTemplates(config json.RawMessage) []configTemplate {
	var c struct {
		Templates  []configTemplate                           `json:"templates"`
		Deliveries map[guestlist.TemplateType]mailgunDelivery `json:"deliveries"`
	}
	if len(config) == 0 || json.Unmarshal(config, &c) != nil {
		return nil // the config was checked when it was stored; words are found elsewhere
	}
	for usage, d := range c.Deliveries {
		if d.HTML != "" {
			c.Templates = append(c.Templates, configTemplate{
				UsageType: usage, ContentType: textHTML, Subject: d.Subject, Content: d.HTML, text: d.Text, replyTo: d.ReplyTo,
			})
		}
	}
	return c.Templates
}

// Issue is one fault of a config, as the wire shows it.
type Issue struct {
	Code    string   `json:"code"`
	Path    []string `json:"path"`
	Message string   `json:"message"`
}

// issues collects the faults of a config.
type issues []Issue

func (is *issues) add(path, format string, args ...any) {
	if len(*is) < maxIssues {
		*is = append(*is, Issue{Code: "custom", Path: strings.Split(path, "."), Message: fmt.Sprintf(format, args...)})
	}
}

// err returns connector.invalid_config with every fault, nil without one.
func (is issues) err() error {
	if len(is) == 0 {
		return nil
	}
	lines := make([]string, len(is))
	for i, issue := range is {
		lines[i] = strings.Join(issue.Path, ".") + ": " + issue.Message
	}
	e := guestlist.Refuse(guestlist.KindInvalid, "connector.invalid_config").
		With(map[string]any{"name": "ConfigError", "issues": []Issue(is)})
	e.Details = strings.Join(lines, "\n")
	return e
}

// ValidateConfig checks a config against its factory. It returns 422
// connector.not_found_with_connector_id for a factory that is not here, and
// 400 connector.invalid_config, with one line of details per fault, for a
// config that the factory cannot work with.
func ValidateConfig(factoryID string, raw json.RawMessage) error {
	if _, ok := Factory(factoryID); !ok {
		return guestlist.Refuse(guestlist.KindUnprocessable, "connector.not_found_with_connector_id")
	}
	var is issues
	switch factoryID {
	case FactorySMTP:
		checkAs[smtpConfig](&is, raw)
	case FactoryHTTPEmail, FactoryHTTPSMS:
		checkAs[httpConfig](&is, raw)
	case FactorySendGrid:
		checkAs[sendgridConfig](&is, raw)
	case FactoryMailgun:
		checkAs[mailgunConfig](&is, raw)
	case FactorySES:
		checkAs[sesConfig](&is, raw)
	case FactoryPostmark:
		checkAs[postmarkConfig](&is, raw)
	case FactoryResend:
		checkAs[resendConfig](&is, raw)
	case FactoryTwilio:
		checkAs[twilioConfig](&is, raw)
	case FactoryVonage:
		checkAs[vonageConfig](&is, raw)
	}
	checkAs[paceConfig](&is, raw)
	return is.err()
}

// paceConfig is what every config may have: how many messages a second its
// carrier takes.
type paceConfig struct {
	MaxPerSecond *float64 `json:"maxPerSecond"`
}

// maxPace bounds the setting, in messages a second.
const maxPace = 10_000

func (c paceConfig) check(is *issues) {
	if n := c.MaxPerSecond; n != nil && (*n <= 0 || *n > maxPace) {
		is.add("maxPerSecond", "Expected more than 0 and at most %d messages a second", maxPace)
	}
}

// Pace returns how many messages a second the carrier of a config is to be sent
// at most; 0 for no limit.
func Pace(config json.RawMessage) float64 {
	var c paceConfig
	if json.Unmarshal(config, &c) != nil || c.MaxPerSecond == nil {
		return 0
	}
	return *c.MaxPerSecond
}

// checkAs holds a config against its type's rules.
func checkAs[T interface{ check(*issues) }](is *issues, raw json.RawMessage) {
	var c T
	if is.decode(raw, &c) {
		c.check(is)
	}
}

// decode reads raw strictly typed into v; unknown members pass, since Logto's
// console sends some that mean nothing here.
func (is *issues) decode(raw json.RawMessage, v any) bool {
	if len(raw) > maxConfig {
		is.add("config", "Larger than %d bytes", maxConfig)
		return false
	}
	if trimmed := bytes.TrimSpace(raw); len(trimmed) == 0 || trimmed[0] != '{' {
		is.add("config", "Expected an object")
		return false
	}
	err := json.Unmarshal(raw, v)
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong):
		is.add(wrong.Field, "Expected %s, received %s", jsonName(wrong.Type.Kind().String()), wrong.Value)
	case err != nil:
		is.add("config", "Not valid: %v", err)
	}
	return err == nil
}

// jsonName says in JSON's words what a Go kind wants.
func jsonName(kind string) string {
	switch kind {
	case "bool":
		return "boolean"
	case "slice":
		return "array"
	case "struct", "map", "ptr":
		return "object"
	case "string":
		return "string"
	}
	return "number"
}

// text checks a text member.
func (is *issues) text(path, s string, must bool) {
	switch {
	case s == "" && must:
		is.add(path, "Required")
	case len(s) > maxConfigText:
		is.add(path, "Longer than %d bytes", maxConfigText)
	case strings.ContainsFunc(s, isControl):
		is.add(path, "Holds a line break or another control character")
	}
}

// secret checks what proves where reports come from. It may be missing: then
// none are taken.
func (is *issues) secret(path, s string) {
	is.text(path, s, false)
	if s != "" && len(s) < webhookSecretLength {
		is.add(path, "Shorter than %d characters", webhookSecretLength)
	}
}

// address checks a sender's address, with or without a name. Placeholders
// pass, they are filled in later.
func (is *issues) address(path, s string, must bool) {
	is.text(path, s, must)
	if s == "" || placeholder.MatchString(s) {
		return
	}
	if _, err := mail.ParseAddress(s); err != nil {
		is.add(path, `Expected an e-mail address, such as "Acme <hello@acme.example>"`)
	}
}

func (is *issues) endpoint(path, s string, must bool) {
	is.text(path, s, must)
	if s == "" {
		return
	}
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Hostname() == "" {
		is.add(path, "Expected an http or https URL")
	}
}

// The members of templates that say whether they are HTML, as the factories
// have them.
const (
	memberContentType = "contentType"
	memberType        = "type" // SendGrid's
)

// templates checks a config's templates: each, and that those are there
// without which people could not come in. kindMember is the member that says
// what kind of text each is, "" where there is no choice.
func (is *issues) templates(list []configTemplate, withSubject bool, kindMember string) {
	if len(list) > maxTemplates {
		is.add("templates", "More than %d templates", maxTemplates)
		return
	}
	usages := make([]guestlist.TemplateType, len(list))
	for i, t := range list {
		at := func(member string) string { return fmt.Sprintf("templates.%d.%s", i, member) }
		usages[i] = t.UsageType
		is.usage(at("usageType"), t.UsageType)
		is.content(at("content"), t.Content, true)
		kind := t.ContentType
		if kindMember == memberType {
			kind = t.Type
		}
		if kindMember != "" && kind != textHTML && kind != textPlain {
			is.add(at(kindMember), "Expected text/plain or text/html")
		}
		if withSubject {
			is.subject(at("subject"), t.Subject, true)
		}
	}
	is.covered("templates", usages)
}

func (is *issues) usage(path string, usage guestlist.TemplateType) {
	if !usage.Valid() && usage != "Test" { // Test is an old name that configs still carry
		is.add(path, "Expected one of %v", guestlist.TemplateTypes())
	}
}

func (is *issues) content(path, s string, must bool) {
	if s == "" && must {
		is.add(path, "Required")
	}
	if len(s) > maxTemplateContent {
		is.add(path, "Longer than %d bytes", maxTemplateContent)
	}
}

func (is *issues) subject(path, s string, must bool) {
	if len(s) > maxTemplateSubject {
		is.add(path, "Longer than %d bytes", maxTemplateSubject)
	}
	is.text(path, s, must)
}

// covered checks that no required usage is missing.
func (is *issues) covered(path string, usages []guestlist.TemplateType) {
	var missing []string
	for _, want := range required {
		if !slices.Contains(usages, want) {
			missing = append(missing, string(want))
		}
	}
	if len(missing) > 0 {
		is.add(path, "A template is needed for each of: %s", strings.Join(missing, ", "))
	}
}

// host checks a server name or address.
func (is *issues) host(path, s string, must bool) {
	is.text(path, s, must)
	if s == "" {
		return
	}
	if _, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return
	}
	if strings.ContainsAny(s, " /:@[]") {
		is.add(path, "Expected a host name, without scheme and port")
	}
}

func (is *issues) millis(path string, v *float64) {
	if v != nil && (*v < 0 || *v > maxTimeout || *v != float64(int(*v))) {
		is.add(path, "Expected whole milliseconds up to %d", maxTimeout)
	}
}
