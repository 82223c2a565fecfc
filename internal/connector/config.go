package connector

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"guestlist"
)

// Limits on a connector's config.
const (
	maxConfig     = 256 << 10 // bytes of JSON
	maxConfigText = 4096      // bytes of a text
	maxConfigLong = 128 << 10 // bytes of a text of several lines: keys, metadata
	maxExtras     = 32        // parameters of an authorization request that a config adds
	maxIssues     = 20        // faults reported at once
)

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
func ValidateConfig(factoryID string, config guestlist.JSONObject) error {
	p, ok := presetOf(factoryID)
	if !ok {
		return guestlist.Refuse(guestlist.KindUnprocessable, "connector.not_found_with_connector_id")
	}
	var is issues
	members, ok := is.object(config)
	if !ok {
		return is.err()
	}
	for _, item := range p.form {
		is.item(item, members)
	}
	if len(is) == 0 && p.check != nil {
		p.check(&is, config)
	}
	return is.err()
}

// object reads the members of a config. Unknown ones pass, since Logto's
// console sends some that mean nothing here.
func (is *issues) object(config guestlist.JSONObject) (map[string]any, bool) {
	if len(config) > maxConfig {
		is.add("config", "Larger than %d bytes", maxConfig)
		return nil, false
	}
	if trimmed := bytes.TrimSpace(config); len(trimmed) == 0 || trimmed[0] != '{' {
		is.add("config", "Expected an object")
		return nil, false
	}
	var members map[string]any
	if err := json.Unmarshal(config, &members); err != nil {
		is.add("config", "Not valid: %v", err)
		return nil, false
	}
	return members, true
}

// decoding reports what keeps a config from being read.
func (is *issues) decoding(err error) {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) && wrong.Field != "" {
		is.add(wrong.Field, "Expected %s, received %s", wrong.Type, wrong.Value)
		return
	}
	is.add("config", "Not valid: %v", err)
}

// item holds a config against one field of its factory's form, which says what
// is needed and of what type it is.
func (is *issues) item(item guestlist.FormItem, members map[string]any) {
	v, given := members[item.Key]
	if !given || v == nil || v == "" {
		if item.Required && shown(item, members) && item.DefaultValue == nil {
			is.add(item.Key, "Required")
		}
		if v != "" || item.Type == guestlist.FormText || item.Type == guestlist.FormMultilineText {
			return
		}
	}
	switch item.Type {
	case guestlist.FormText:
		is.text(item.Key, v, maxConfigText, false)
	case guestlist.FormMultilineText:
		is.text(item.Key, v, maxConfigLong, true)
	case guestlist.FormSwitch:
		if _, ok := v.(bool); !ok {
			is.wrong(item.Key, "boolean", v)
		}
	case guestlist.FormNumber:
		if _, ok := v.(float64); !ok {
			is.wrong(item.Key, "number", v)
		}
	case guestlist.FormSelect:
		is.choice(item.Key, v, item.SelectItems)
	case guestlist.FormMultiSelect:
		list, ok := v.([]any)
		if !ok {
			is.wrong(item.Key, "array", v)
		}
		for i, e := range list {
			is.choice(fmt.Sprintf("%s.%d", item.Key, i), e, item.SelectItems)
		}
	case guestlist.FormJSON:
		if _, ok := v.(map[string]any); !ok {
			is.wrong(item.Key, "object", v)
		}
	}
}

// shown reports whether a form shows an item for a config.
func shown(item guestlist.FormItem, members map[string]any) bool {
	return !slices.ContainsFunc(item.ShowConditions, func(c guestlist.FormShowCondition) bool {
		return members[c.TargetKey] != c.ExpectValue
	})
}

func (is *issues) wrong(path, want string, got any) {
	is.add(path, "Expected %s, received %s", want, jsonType(got))
}

// jsonType says in JSON's words what a decoded value is.
func jsonType(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case float64:
		return "number"
	case string:
		return "string"
	case []any:
		return "array"
	}
	return "object"
}

func (is *issues) text(path string, v any, limit int, lines bool) {
	s, ok := v.(string)
	switch {
	case !ok:
		is.wrong(path, "string", v)
	case len(s) > limit:
		is.add(path, "Longer than %d bytes", limit)
	case strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) && (!lines || r != '\n' && r != '\r' && r != '\t')
	}):
		is.add(path, "Holds a line break or another control character")
	}
}

func (is *issues) choice(path string, v any, choices []guestlist.FormChoice) {
	s, ok := v.(string)
	if !ok {
		is.wrong(path, "string", v)
		return
	}
	if !slices.ContainsFunc(choices, func(c guestlist.FormChoice) bool { return c.Value == s }) {
		values := make([]string, len(choices))
		for i, c := range choices {
			values[i] = c.Value
		}
		is.add(path, "Expected one of %s", strings.Join(values, ", "))
	}
}

// endpoint checks the address of something that codes, tokens and secrets are
// sent to or keys are taken from (RFC 6749 §3.1.2.1, §3.2: TLS is required).
// Without TLS it must be where only this machine or this network reaches.
func (is *issues) endpoint(path, s string, must bool) {
	if s == "" {
		if must {
			is.add(path, "Required")
		}
		return
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Hostname() == "" || u.Opaque != "" || len(s) > maxConfigText || (u.Scheme != "https" && u.Scheme != "http"):
		is.add(path, "Expected an https URL")
	case u.Fragment != "" || u.User != nil: // RFC 6749 §3.1
		is.add(path, "Holds a fragment or a password")
	case u.Scheme == "http" && !closeBy(u.Hostname()):
		is.add(path, "Expected https: over http anybody on the way could sign in as anybody")
	}
}

// nearby are the names that do not resolve on the public internet: RFC 6761,
// RFC 6762, RFC 8375, and .internal, which ICANN has reserved.
var nearby = []string{"localhost", "test", "local", "internal", "home.arpa"}

// closeBy reports whether a host is on this machine or network by its name.
func closeBy(host string) bool {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.IsLoopback() || addr.IsPrivate() || addr.IsLinkLocalUnicast()
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if !strings.Contains(host, ".") {
		return true // a bare name, as of a container
	}
	return slices.ContainsFunc(nearby, func(n string) bool { return strings.HasSuffix(host, "."+n) })
}
