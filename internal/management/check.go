package management

import (
	"encoding/json"
	"fmt"
	"math"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"guestlist"
	"guestlist/internal/web"
)

// format is a rule about the text of a string, and how the wire names its
// violation.
type format struct {
	code, validation, message string
	ok                        func(string) bool
}

// formats are the rules that check tags can name.
var formats = map[string]format{
	"url":   {"invalid_string", "url", "Invalid url", isWebURL},
	"email": {"invalid_string", "email", "Invalid email", isEmail},
	"color": {"invalid_string", "regex", "Invalid", hexColor.MatchString},

	"address":  {"invalid_string", "regex", "Invalid", isAddress},
	"username": {"invalid_string", "regex", "Invalid", guestlist.IsUsername},
	"digits":   {"invalid_string", "regex", "Invalid", isDigits},
	"date":     {"invalid_string", "regex", "Invalid", isDate},

	"redirect":  {"custom", "", "Invalid input", func(s string) bool { return guestlist.CheckRedirectURI(s) == nil }},
	"header":    {"custom", "", "Invalid header value", isHeaderValue},
	"id":        {"invalid_string", "regex", "Invalid", isID},
	"picture":   {"invalid_string", "url", "Invalid url", isPicture},
	"domain":    {"invalid_string", "regex", "Invalid", isDomain},
	"language":  {"custom", "", "Invalid input", isLanguage},
	"phone":     {"invalid_string", "regex", "Invalid", isPhone},
	"indicator": {"custom", "", "Invalid input", isIndicator},
}

var hexColor = regexp.MustCompile(`^#[\da-fA-F]{3}([\da-fA-F]{3})?$`)

// isWebURL accepts what a browser may be sent to or may load. Other schemes,
// javascript: above all, would run with our pages' rights.
func isWebURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && !strings.ContainsAny(s, "\r\n\t <>\"")
}

// isAddress takes what the contract calls an e-mail address. One that is too
// long is refused as such elsewhere.
func isAddress(s string) bool {
	return guestlist.IsEmail(s) || len(s) > guestlist.MaxEmailLength && address.MatchString(s)
}

var address = regexp.MustCompile(`^\S+@\S+\.\S+$`)

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// isDate takes the days of the calendar, as 2006-01-02.
func isDate(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}

// isPicture takes where a picture is, or a picture itself.
func isPicture(s string) bool { return isWebURL(s) || pictureData.MatchString(s) }

var pictureData = regexp.MustCompile(`^data:image/(png|jpeg|gif|webp|svg\+xml);base64,[A-Za-z0-9+/]+={0,2}$`)

// isPhone accepts international digits, as the wire has them.
func isPhone(s string) bool {
	if len(s) < 3 || len(s) > 20 {
		return false
	}
	for _, c := range s {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// isID accepts what can stand in a path as it is.
func isID(s string) bool {
	for _, c := range s {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && c != '-' && c != '_' {
			return false
		}
	}
	return s != ""
}

// isDomain takes a host name of at least two labels (RFC 1123 §2.1), in ASCII
// as mail and DNS have it.
func isDomain(s string) bool { return len(s) <= maxDomain && domainName.MatchString(s) }

// maxDomain is the longest host name, in characters (RFC 1035 §2.3.4).
const maxDomain = 253

var domainName = regexp.MustCompile(`^([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$`)

func isEmail(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s && strings.Contains(s[strings.LastIndexByte(s, '@'):], ".")
}

// checker holds a decoded request against a schema.
type checker struct{ web.Invalid }

// check returns a copy of v that holds what the schema knows and nothing else,
// and notes an issue for whatever does not fit. present is false for a member
// that is absent.
func (c *checker) check(s *schema, path string, v any, present bool) (clean any, keep bool) {
	switch {
	case !present:
		if !s.optional {
			c.Type(path, s.expected(), "undefined")
		}
		return nil, false
	case v == nil && s.nullable:
		return nil, true
	case s.kind == kindAny:
		return v, true
	}
	got := jsonType(v)
	want := s.kind
	if want == kindInteger {
		want = kindNumber
	}
	if got != want {
		c.Type(path, s.expected(), got)
		return nil, false
	}
	switch s.kind {
	case kindString:
		c.text(s, path, v.(string))
	case kindNumber, kindInteger:
		return c.number(s, path, v.(json.Number)), true
	case kindArray:
		return c.array(s, path, v.([]any)), true
	case kindObject:
		return c.object(s, path, v.(map[string]any)), true
	}
	return v, true
}

func (c *checker) text(s *schema, path, v string) {
	if len(s.enum) > 0 {
		if slices.Contains(s.enum, v) || v == "" && s.orEmpty {
			return
		}
		c.Add(web.Issue{
			Code: "invalid_enum_value", Received: clip(v), Options: s.enum, Path: web.IssuePath(path),
			Message: "Invalid enum value. Expected " + quoted(s.enum) + ", received '" + clip(v) + "'",
		})
		return
	}
	if v == "" && s.orEmpty {
		return
	}
	n := utf8.RuneCountInString(v)
	fits := c.size(s, path, "string", "String", "character(s)", n)
	f, ok := formats[s.format]
	if ok && f.code == "custom" && !fits {
		return // the wire's own rules are not asked about what has the wrong size
	}
	if ok && !f.ok(v) {
		c.Add(web.Issue{Code: f.code, Validation: f.validation, Message: f.message, Path: web.IssuePath(path)})
	}
}

// size notes a string or an array that is too short or too long, and reports
// whether it is neither.
func (c *checker) size(s *schema, path, kind, name, unit string, n int) bool {
	yes, no := true, false
	issue := web.Issue{Type: kind, Inclusive: &yes, Exact: &no, Path: web.IssuePath(path)}
	switch most := s.upper(); {
	case s.min != nil && n < *s.min:
		issue.Code, issue.Minimum = "too_small", s.min
		issue.Message = fmt.Sprintf("%s must contain at least %d %s", name, *s.min, unit)
	case n > most:
		issue.Code, issue.Maximum = "too_big", &most
		issue.Message = fmt.Sprintf("%s must contain at most %d %s", name, most, unit)
	default:
		return true
	}
	c.Add(issue)
	return false
}

// number returns v, without the fraction that an integer may be written with.
func (c *checker) number(s *schema, path string, v json.Number) json.Number {
	f, err := v.Float64()
	if err != nil {
		c.Type(path, kindNumber, "infinity")
		return v
	}
	if s.kind == kindInteger && math.Abs(f) <= maxInteger {
		if f != math.Trunc(f) {
			c.Type(path, kindInteger, "float")
			return v
		}
		v = json.Number(strconv.FormatInt(int64(f), 10))
	}
	least, exclusive := -maxInteger, s.exclusive
	if s.min != nil {
		least = *s.min
	}
	most, no := s.upper(), false
	issue := web.Issue{Type: "number", Exact: &no, Path: web.IssuePath(path)}
	switch {
	case f < float64(least) || exclusive && f == float64(least):
		inclusive := !exclusive
		issue.Code, issue.Minimum, issue.Inclusive = "too_small", &least, &inclusive
		issue.Message = fmt.Sprintf("Number must be greater than or equal to %d", least)
		if exclusive {
			issue.Message = fmt.Sprintf("Number must be greater than %d", least)
		}
	case f > float64(most):
		yes := true
		issue.Code, issue.Maximum, issue.Inclusive = "too_big", &most, &yes
		issue.Message = fmt.Sprintf("Number must be less than or equal to %d", most)
	default:
		return v
	}
	c.Add(issue)
	return v
}

func (c *checker) array(s *schema, path string, list []any) []any {
	c.size(s, path, "array", "Array", "element(s)", len(list))
	if len(list) > s.upper() {
		return nil
	}
	clean := make([]any, 0, len(list))
	seen := map[any]bool{}
	for i, v := range list {
		at := join(path, strconv.Itoa(i))
		item, _ := c.check(s.item, at, v, true)
		if text, ok := v.(string); ok && s.unique {
			c.Check(!seen[text], path, "custom", "Values must be unique")
			seen[text] = true
		}
		clean = append(clean, item)
	}
	return clean
}

func (c *checker) object(s *schema, path string, m map[string]any) map[string]any {
	clean := make(map[string]any, len(m))
	if s.record {
		c.Check(len(m) <= s.upper(), path, "too_big", "Too many members")
		for name, v := range m {
			if item, keep := c.check(s.item, join(path, name), v, true); keep {
				clean[name] = item
			}
		}
		return clean
	}
	for _, f := range s.fields {
		if f.decides && !c.decides(f.schema, join(path, f.name), m[f.name]) {
			return clean
		}
	}
	for _, f := range s.fields {
		v, present := m[f.name]
		if item, keep := c.check(f.schema, join(path, f.name), v, present); keep {
			clean[f.name] = item
		}
	}
	return clean
}

// decides reports whether a member that says what the others mean is one of
// its options. Where it is not, nothing else can be said.
func (c *checker) decides(s *schema, path string, v any) bool {
	text, ok := v.(string)
	if ok && slices.Contains(s.enum, text) {
		return true
	}
	c.Add(web.Issue{
		Code: "invalid_union_discriminator", Options: s.enum, Path: web.IssuePath(path),
		Message: "Invalid discriminator value. Expected " + quoted(s.enum),
	})
	return false
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// jsonType names the type of a decoded value.
func jsonType(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case string:
		return kindString
	case bool:
		return kindBoolean
	case json.Number:
		return kindNumber
	case []any:
		return kindArray
	default:
		return kindObject
	}
}

// clip keeps what an answer repeats of the caller's input short.
func clip(s string) string {
	const most = 100
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
