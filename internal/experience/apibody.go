package experience

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"guestlist"
	"guestlist/internal/web"
)

// How long texts of a request may be, in characters. Passwords have no limit
// here but that of the body: how long is too long is for the policy to say.
const (
	maxID      = 128  // of a verification
	maxToken   = 256  // of a magic link
	maxCode    = 64   // of a verification
	maxCaptcha = 4096 // answers of the providers have up to 2 KiB
	maxEcho    = 100  // of what an error repeats of the request
	maxList    = 100  // elements of an array
	unlimited  = web.MaxBody
)

// members are those of a JSON object of a request. Reading one notes what is
// wrong with it among the issues; what was not read is ignored, as on the wire.
type members struct {
	issues *web.Invalid
	path   string // of the object, with a dot at its end
	values map[string]any
}

// body reads the body of a request: a JSON object, or nothing.
func (c *call) body() (members, error) {
	m := members{issues: &web.Invalid{}}
	var object rawObject
	if err := web.ReadJSON(c.w, c.r, &object); err != nil || object.text == nil {
		return m, err
	}
	decoder := json.NewDecoder(bytes.NewReader(object.text))
	decoder.UseNumber() // a number may be wrong, but none is too large to be read
	return m, decoder.Decode(&m.values)
}

// rawObject takes a JSON object's text as it came.
type rawObject struct{ text []byte }

// UnmarshalJSON keeps the text.
func (o *rawObject) UnmarshalJSON(b []byte) error {
	o.text = bytes.Clone(b)
	return nil
}

// err returns what was wrong so far: 400 guard.invalid_input.
func (m members) err() error { return m.issues.Err() }

// jsonType names the type of a decoded value, or its absence.
func (m members) jsonType(name string) string {
	v, ok := m.values[name]
	switch v.(type) {
	case nil:
		if ok {
			return "null"
		}
		return "undefined"
	case string:
		return "string"
	case bool:
		return "boolean"
	case json.Number:
		return "number"
	case []any:
		return "array"
	default:
		return "object"
	}
}

// text reads a string of min to most characters.
func (m members) text(name string, least, most int) string {
	s, ok := m.values[name].(string)
	if !ok {
		m.issues.Type(m.path+name, "string", m.jsonType(name))
		return ""
	}
	m.size(name, s, least, most)
	return s
}

// optional is text for a member that may be absent.
func (m members) optional(name string, least, most int) string {
	if _, ok := m.values[name]; !ok {
		return ""
	}
	return m.text(name, least, most)
}

func (m members) size(name, s string, least, most int) {
	n := utf8.RuneCountInString(s)
	yes, no := true, false
	issue := web.Issue{Type: "string", Inclusive: &yes, Exact: &no, Path: web.IssuePath(m.path + name)}
	switch {
	case n < least:
		issue.Code, issue.Minimum = "too_small", &least
		issue.Message = fmt.Sprintf("String must contain at least %d character(s)", least)
	case n > most:
		issue.Code, issue.Maximum = "too_big", &most
		issue.Message = fmt.Sprintf("String must contain at most %d character(s)", most)
	default:
		return
	}
	m.issues.Add(issue)
}

// shaped reads a string that has to please ok.
func (m members) shaped(name string, ok func(string) bool) string {
	s, isText := m.values[name].(string)
	if !isText {
		m.issues.Type(m.path+name, "string", m.jsonType(name))
		return ""
	}
	if !ok(s) {
		m.issues.Add(web.Issue{Code: "invalid_string", Validation: "regex", Message: "Invalid", Path: web.IssuePath(m.path + name)})
	}
	return s
}

// isTrue reads a boolean that may be absent.
func (m members) isTrue(name string) bool {
	v, given := m.values[name]
	b, ok := v.(bool)
	if given && !ok {
		m.issues.Type(m.path+name, "boolean", m.jsonType(name))
	}
	return b
}

// choice reads a string that has to be one of some.
func (m members) choice(name string, options ...string) string {
	s, ok := m.values[name].(string)
	if !ok {
		m.issues.Type(m.path+name, quoted(options), m.jsonType(name))
		return ""
	}
	for _, o := range options {
		if s == o {
			return s
		}
	}
	m.issues.Add(web.Issue{
		Code: "invalid_enum_value", Received: echo(s), Options: options, Path: web.IssuePath(m.path + name),
		Message: "Invalid enum value. Expected " + quoted(options) + ", received '" + echo(s) + "'",
	})
	return ""
}

// kind reads the member that says which of several shapes an object has.
func (m members) kind(name string, options ...string) string {
	s, _ := m.values[name].(string)
	for _, o := range options {
		if s == o {
			return s
		}
	}
	m.issues.Add(web.Issue{
		Code: "invalid_union_discriminator", Options: options, Path: web.IssuePath(m.path + name),
		Message: "Invalid discriminator value. Expected " + quoted(options),
	})
	return ""
}

// literal reads a string that can have one value.
func (m members) literal(name, want string) {
	if s, ok := m.values[name].(string); !ok || s != want {
		m.issues.Add(web.Issue{
			Code: "invalid_literal", Expected: want, Received: echo(s), Path: web.IssuePath(m.path + name),
			Message: `Invalid literal value, expected "` + want + `"`,
		})
	}
}

// object reads an object. ok is false when there is none.
func (m members) object(name string) (inner members, ok bool) {
	values, ok := m.values[name].(map[string]any)
	if !ok {
		m.issues.Type(m.path+name, "object", m.jsonType(name))
	}
	return members{issues: m.issues, path: m.path + name + ".", values: values}, ok
}

// texts reads an array of strings that may be absent.
func (m members) texts(name string, most int) []string {
	v, given := m.values[name]
	if !given {
		return nil
	}
	list, ok := v.([]any)
	if !ok {
		m.issues.Type(m.path+name, "array", m.jsonType(name))
		return nil
	}
	if !m.issues.Check(len(list) <= maxList, m.path+name, "too_big", fmt.Sprintf("Array must contain at most %d element(s)", maxList)) {
		return nil
	}
	var texts []string
	for i := range list {
		at := fmt.Sprint(i)
		item := members{issues: m.issues, path: m.path + name + ".", values: map[string]any{at: list[i]}}
		texts = append(texts, item.text(at, 1, most))
	}
	return texts
}

// address reads the member "identifier": an e-mail address or phone number that
// a code can be sent to.
func (m members) address() guestlist.Identifier {
	id, ok := m.object("identifier")
	if !ok {
		return guestlist.Identifier{}
	}
	a := guestlist.Identifier{Type: guestlist.IdentifierType(id.kind("type", string(guestlist.IdentifierEmail), string(guestlist.IdentifierPhone)))}
	switch a.Type {
	case guestlist.IdentifierEmail:
		a.Value = id.shaped("value", guestlist.IsEmail)
	case guestlist.IdentifierPhone:
		a.Value = id.shaped("value", guestlist.IsPhone)
	default: // refused as that
	}
	return a
}

// named reads the member "identifier" where its type is known beforehand.
func (m members) named(t guestlist.IdentifierType, ok func(string) bool) string {
	id, is := m.object("identifier")
	if !is {
		return ""
	}
	id.literal("type", string(t))
	return id.shaped("value", ok)
}

// event reads the member "interactionEvent".
func (m members) event() guestlist.InteractionEvent {
	return guestlist.InteractionEvent(m.choice("interactionEvent",
		string(guestlist.EventSignIn), string(guestlist.EventRegister), string(guestlist.EventForgotPassword)))
}

func quoted(options []string) string { return "'" + strings.Join(options, "' | '") + "'" }

// echo is what an error repeats of the request.
func echo(s string) string {
	if r := []rune(s); len(r) > maxEcho {
		return string(r[:maxEcho]) + "…"
	}
	return s
}
