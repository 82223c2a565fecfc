package connector

import (
	"encoding/json"
	"maps"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"guestlist"
)

// maxRaw bounds what is kept of a provider's own words, in bytes of JSON.
const maxRaw = 32 << 10

// at looks a member up: by its whole name, or else along the dots of it.
func at(o map[string]any, name string) any {
	if v, ok := o[name]; ok {
		return v
	}
	head, rest, dotted := strings.Cut(name, ".")
	if !dotted {
		return nil
	}
	inner, _ := o[head].(map[string]any)
	return at(inner, rest)
}

// text returns a member as text: a text or a number, "" for all else.
func text(o map[string]any, name string) string {
	switch v := at(o, name).(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

// truth reports whether a member is true. orText takes "true" for true, as
// Apple and some others write it.
func truth(o map[string]any, name string, orText bool) bool {
	switch v := at(o, name).(type) {
	case bool:
		return v
	case string:
		return orText && (v == "true" || v == "1")
	case json.Number:
		return orText && v == "1"
	}
	return false
}

// first returns the first text that is not empty.
func first(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}

// tokens are members that are no description of a person.
var tokens = []string{"access_token", "refresh_token", paramIDToken, paramNonce, "at_hash", "c_hash", "code"}

// rawOf keeps what a provider said, without tokens.
func rawOf(o map[string]any) guestlist.JSONObject {
	kept := maps.Clone(o)
	maps.DeleteFunc(kept, func(name string, _ any) bool { return slices.Contains(tokens, name) })
	b, err := json.Marshal(kept)
	if err != nil || len(b) > maxRaw || kept == nil {
		return guestlist.JSONObject("{}")
	}
	return b
}

// plausible makes what a provider said of a person fit to be kept. Without a
// subject there is nobody; anything else that is out of shape is left away.
func plausible(who guestlist.OutsideIdentity) (guestlist.OutsideIdentity, error) {
	if who.Subject == "" || len(who.Subject) > maxSubject || strings.ContainsFunc(who.Subject, unicode.IsControl) {
		return guestlist.OutsideIdentity{}, fail(errResponse, "the provider gives no usable id of the person")
	}
	if who.Email = strings.TrimSpace(who.Email); !isEmail(who.Email) {
		who.Email = ""
	}
	who.EmailVerified = who.EmailVerified && who.Email != ""
	// Without a plus sign there is no telling whose number it is.
	international := strings.HasPrefix(who.Phone, "+")
	who.Phone = digits(who.Phone)
	who.PhoneVerified = who.PhoneVerified && who.Phone != "" && international
	who.Name = clip(who.Name, guestlist.MaxNameLength)
	if u, err := url.Parse(who.Avatar); err != nil || u.Scheme != "https" || u.Host == "" || len(who.Avatar) > guestlist.MaxAvatarLength {
		who.Avatar = ""
	}
	if len(who.Raw) == 0 {
		who.Raw = guestlist.JSONObject("{}")
	}
	return who, nil
}

// isEmail reports whether s is one bare address.
func isEmail(s string) bool {
	if len(s) > guestlist.MaxEmailLength || strings.ContainsAny(s, "<>\"() ") {
		return false
	}
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s
}

// The lengths of a telephone number with its country, in digits (E.164 §6.2).
const (
	minPhone = 8
	maxPhone = 15
)

// digits is a telephone number in the digits of E.164, or "" for what cannot be
// one.
func digits(s string) string {
	var b strings.Builder
	for _, r := range strings.TrimPrefix(s, "+") {
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case strings.ContainsRune(" -().", r):
		default:
			return ""
		}
	}
	if n := b.String(); len(n) >= minPhone && len(n) <= maxPhone && n[0] != '0' {
		return n
	}
	return ""
}

// clip makes a name one line of at most so many characters, without those that
// would turn the words of a page round.
func clip(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }), " ")
	if runes := []rune(s); len(runes) > limit {
		s = string(runes[:limit])
	}
	return s
}
