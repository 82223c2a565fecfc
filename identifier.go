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
