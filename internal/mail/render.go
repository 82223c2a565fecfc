package mail

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"html"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/language"

	"guestlist"
)

const maxPayloadDepth = 8 // levels of a payload that are looked into

// Rendered is a message in words. HTML is "" when the template is plain text
// and for SMS; Text is always there, drawn from the HTML where need be.
type Rendered struct {
	Subject     string `json:"subject"`
	HTML        string `json:"html,omitempty"`
	Text        string `json:"text,omitempty"`
	From        string `json:"from,omitempty"`    // the template's sender, "" for the connector's
	ReplyTo     string `json:"replyTo,omitempty"` // "" for the connector's
	ContentType string `json:"contentType"`       // of the template: "text/html" or "text/plain"

	// Own says that the words are one of the tenant's rows, which go before
	// templates that are kept at the provider.
	Own bool `json:"-"`
}

// Sources is where the words may come from.
type Sources struct {
	Rows     []guestlist.EmailTemplate // the tenant's own templates; more than needed does no harm
	Fallback string                    // language for people whose own has no template
	Config   json.RawMessage           // of the connector; its templates are used if it has any
	Product  string                    // named where the payload has no application
	Color    string                    // of the brand, "#rrggbb"; "" for the house colour
}

// template is what a row and an entry of a connector's config have in common.
type template struct {
	guestlist.EmailTemplateDetails
	text string // beside HTML content, "" to draw it from that
	own  bool   // a row
}

// Render chooses a template and fills it in. The choice: the tenant's row for
// (type, locale), the row for (type, fallback), the row for (Generic,
// fallback), the connector's template for the type, its Generic, and at last
// the built-in words, which exist for every type. A locale with a region
// ("de-AT") is satisfied by its language ("de") where it has no row itself. A
// template that shows a code and no link is none for a message with a link.
//
// Values go in once and are not looked through for placeholders again. They
// are escaped in HTML and kept to one line in headers. A placeholder whose
// first name is not in the payload stays as it is written; one whose later
// name is missing becomes nothing.
func Render(m guestlist.Message, src Sources) (Rendered, error) {
	if !m.Type.Valid() {
		return Rendered{}, &PermanentError{Err: guestlist.Refuse(guestlist.KindInvalid, "connector.template_not_found").
			Because(fmt.Errorf("no template type %q", m.Type))}
	}
	payload, err := generic(m.Payload)
	if err != nil {
		return Rendered{}, &PermanentError{Err: guestlist.Refuse(guestlist.KindInternal, "connector.bad_payload").Because(err)}
	}
	m.Payload = payload
	if t, ok := choose(m, src); ok {
		return titled(t.fill(m), m, src)
	}
	return builtIn(m, src)
}

// titled gives a mail whose template has no subject the built-in one.
func titled(r Rendered, m guestlist.Message, src Sources) (Rendered, error) {
	if r.Subject != "" || m.Channel != guestlist.ChannelEmail {
		return r, nil
	}
	other, err := builtIn(m, src)
	r.Subject = other.Subject
	return r, err
}

// generic turns whatever the payload holds into maps, lists and plain values,
// as they are after a stay in the job queue.
func generic(payload map[string]any) (map[string]any, error) {
	b, err := json.Marshal(payload)
	if err != nil {
		return nil, fmt.Errorf("payload is not JSON: %w", err)
	}
	var out map[string]any
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&out); err != nil {
		return nil, fmt.Errorf("payload is not JSON: %w", err)
	}
	return out, nil
}

func choose(m guestlist.Message, src Sources) (template, bool) {
	if m.Channel == guestlist.ChannelEmail {
		if t, ok := chooseRow(m, src); ok {
			return t, true
		}
	}
	templates := configTemplates(src.Config)
	for _, want := range []guestlist.TemplateType{m.Type, guestlist.TemplateGeneric} {
		for _, t := range templates {
			if t.UsageType == want && !lacksCode(t.Content, m) {
				d := guestlist.EmailTemplateDetails{Subject: t.Subject, Content: t.Content, ReplyTo: t.replyTo,
					ContentType: cmp.Or(t.ContentType, t.Type)}
				if m.Channel == guestlist.ChannelSMS {
					d.ContentType = textPlain
				}
				return template{EmailTemplateDetails: d, text: t.text}, true
			}
		}
	}
	return template{}, false
}

func chooseRow(m guestlist.Message, src Sources) (template, bool) {
	wanted := []struct {
		kind guestlist.TemplateType
		tag  string
	}{
		{m.Type, m.Locale},
		{m.Type, baseOf(m.Locale)},
		{m.Type, src.Fallback},
		{guestlist.TemplateGeneric, src.Fallback},
	}
	for _, w := range wanted {
		for _, row := range src.Rows {
			if w.tag != "" && row.TemplateType == w.kind && strings.EqualFold(row.LanguageTag, w.tag) && !lacksCode(row.Details.Content, m) {
				return template{EmailTemplateDetails: row.Details, own: true}, true
			}
		}
	}
	return template{}, false
}

// lacksCode reports whether a template is about a code where the message
// brings a link in its place: its reader would be left with neither.
func lacksCode(content string, m guestlist.Message) bool {
	_, code := m.Payload["code"]
	_, link := m.Payload["link"]
	return link && !code && asks(content, "code") && !asks(content, "link")
}

// asks reports whether a template has a placeholder.
func asks(content, name string) bool {
	for _, match := range placeholder.FindAllStringSubmatch(content, -1) {
		if match[1] == name {
			return true
		}
	}
	return false
}

// baseOf returns the language of a tag without script and region.
func baseOf(tag string) string {
	t, err := language.Parse(tag)
	if err != nil {
		return ""
	}
	base, _ := t.Base()
	return base.String()
}

func (t template) fill(m guestlist.Message) Rendered {
	r := Rendered{
		Subject:     fill(t.Subject, m.Payload, oneLine),
		From:        fill(t.SendFrom, m.Payload, oneLine),
		ReplyTo:     fill(t.ReplyTo, m.Payload, oneLine),
		ContentType: t.ContentType,
		Own:         t.own,
	}
	if t.ContentType == textPlain {
		r.Text = fill(t.Content, m.Payload, plain)
		return r
	}
	r.ContentType = textHTML
	r.HTML = fill(t.Content, m.Payload, inHTML)
	r.Text = textOf(r.HTML)
	if t.text != "" {
		r.Text = fill(t.text, m.Payload, plain)
	}
	return r
}

const (
	textHTML  = "text/html"
	textPlain = "text/plain"
)

var placeholder = regexp.MustCompile(`\{\{\s*([A-Za-z0-9_.]+)\s*\}\}`)

// fill replaces the placeholders of text in one pass, each value written by
// write.
func fill(text string, payload map[string]any, write func(string) string) string {
	return placeholder.ReplaceAllStringFunc(text, func(match string) string {
		path := strings.Split(placeholder.FindStringSubmatch(match)[1], ".")
		root, ok := payload[path[0]]
		if !ok {
			return match
		}
		return write(format(leaf(root, path[1:])))
	})
}

// leaf walks down v by the names of path, nil where one is missing.
func leaf(v any, path []string) any {
	for _, name := range path {
		switch node := v.(type) {
		case map[string]any:
			v = node[name]
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(node) {
				return nil
			}
			v = node[i]
		default:
			return nil
		}
	}
	return v
}

// format writes a value as text: nothing for nil, JSON for what has members.
func format(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number:
		return v.String()
	}
	b, err := json.Marshal(v)
	if err != nil {
		return "" // cannot be: v came out of JSON
	}
	return string(b)
}

// inHTML writes a value into HTML text or a quoted attribute.
func inHTML(s string) string { return strings.ReplaceAll(html.EscapeString(plain(s)), "`", "&#96;") }

// oneLine writes a value into a header: nothing in it can begin another one.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, ""), isControl), " ")
}

// plain writes a value into text: line breaks may stay, other control
// characters and the ones that turn the reading direction may not, since they
// can make an address look like another.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if isControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
}

func isControl(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' ||
		(r >= '\u202a' && r <= '\u202e') || (r >= '\u2066' && r <= '\u2069')
}
