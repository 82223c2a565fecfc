package guestlist

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// IsEmail reports whether a text has the shape of an address that the contract
// takes (^\S+@\S+\.\S+$), no longer than MaxEmailLength, and nothing in it that
// could end a header or hide from a reader.
func IsEmail(s string) bool {
	if s == "" || len(s) > MaxEmailLength || !utf8.ValidString(s) {
		return false
	}
	if strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsGraphic(r) }) {
		return false
	}
	for at := 1; at < len(s); at++ {
		if s[at] != '@' {
			continue
		}
		domain := s[at+1:]
		if dot := strings.LastIndexByte(domain, '.'); dot > 0 && dot < len(domain)-1 {
			return true
		}
	}
	return false
}

// IsPhone reports whether a text is a phone number as it is stored: digits
// alone, in international form without the plus sign, 3 to 15 of them (E.164
// has 15 at most).
func IsPhone(s string) bool {
	if len(s) < 3 || len(s) > 15 {
		return false
	}
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// Valid reports whether an identifier has the shape of its type. A username is
// only bounded here: old ones may break the rules of today.
func (id Identifier) Valid() bool {
	switch id.Type {
	case IdentifierEmail:
		return IsEmail(id.Value)
	case IdentifierPhone:
		return IsPhone(id.Value)
	case IdentifierUsername:
		return id.Value != "" && len(id.Value) <= MaxUsernameLength && utf8.ValidString(id.Value) && !strings.ContainsRune(id.Value, 0)
	default:
		return false
	}
}

// Key folds an identifier for counters and comparisons: two with the same key
// are the same person's to us.
func (id Identifier) Key() string {
	switch id.Type {
	case IdentifierEmail:
		return string(id.Type) + ":" + EmailKey(id.Value)
	case IdentifierUsername:
		return string(id.Type) + ":" + strings.ToLower(id.Value)
	default:
		return string(id.Type) + ":" + id.Value
	}
}

// Refusal returns why the policy refuses an address for registration, or nil.
// An address or domain on the allow-list passes whatever else is said. The
// refusals are 422. Lists of disposable domains are not built in: the operator
// adds those domains to the block-list.
func (p EmailBlocklistPolicy) Refusal(email string) error {
	key := EmailKey(email)
	if listed(p.CustomAllowlist, key) {
		return nil
	}
	switch {
	case listed(p.CustomBlocklist, key):
		return Refuse(KindUnprocessable, "session.email_blocklist.email_not_allowed").WithArgs(map[string]any{"email": email})
	case p.BlockSubaddressing != nil && *p.BlockSubaddressing && strings.Contains(key[:strings.LastIndexByte(key, '@')+1], "+"):
		return Refuse(KindUnprocessable, "session.email_blocklist.email_subaddressing_not_allowed")
	}
	return nil
}

// listed reports whether a folded address is on a list of addresses and
// @domains.
func listed(list *[]string, key string) bool {
	if list == nil {
		return false
	}
	for _, entry := range *list {
		entry = EmailKey(entry)
		if entry == key || strings.HasPrefix(entry, "@") && strings.HasSuffix(key, entry) {
			return true
		}
	}
	return false
}
