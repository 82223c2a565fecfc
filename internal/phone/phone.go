// Package phone knows which telephone numbers are the same.
//
// It promises one form for each number that could be dialled: the digits of
// E.164 without "+". Every door brings numbers into it before they are compared,
// kept or dialled, so that nobody has two accounts by writing a zero more, and no
// code goes to a number that does not exist.
//
// It refuses to know whether a number is in use, and whose it is.
package phone

import (
	"strings"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/unicode/norm"

	"guestlist"
)

// maxText bounds what is looked at as a phone number, in bytes.
const maxText = 64

// Normalize turns an international phone number, as people write it or as the
// wire has it, into the one form: "+44 (0)7700 900123" and "4407700900123" are
// both "447700900123". A trunk prefix after the country code goes, except where
// it belongs to the number, as in Italy.
//
// It returns 422 user.invalid_phone for anything that no network could dial.
func Normalize(s string) (string, error) {
	bad := guestlist.Refuse(guestlist.KindUnprocessable, "user.invalid_phone")
	s = strings.TrimSpace(s)
	if s == "" || len(s) > maxText {
		return "", bad
	}
	for i, r := range s {
		if !strings.ContainsRune("0123456789 -.()/", r) && (r != '+' || i > 0) {
			return "", bad
		}
	}
	s = strings.TrimPrefix(strings.TrimPrefix(s, "+"), "00")
	n, err := phonenumbers.Parse("+"+s, "")
	if err != nil || !phonenumbers.IsPossibleNumber(n) {
		return "", bad
	}
	return form(n), nil
}

func form(n *phonenumbers.PhoneNumber) string {
	return strings.TrimPrefix(phonenumbers.Format(n, phonenumbers.E164), "+")
}

// Read turns what somebody typed into the one form. What has no "+" and is a
// number of the region (ISO 3166-1, e.g. "DE"; or empty) is taken for that one;
// everything else is international. Digits of other scripts and marks that
// copying leaves behind are no obstacle. The error is that of Normalize.
func Read(typed, region string) (string, error) {
	s := typed
	if len(s) <= maxText {
		s = strings.TrimSpace(strings.Map(plain, norm.NFKC.String(s)))
	}
	if region == "" || strings.HasPrefix(s, "+") || strings.HasPrefix(s, "00") || len(s) > maxText || !looksDialled(s) {
		return Normalize(s)
	}
	if n, ok := ofRegion(s, region); ok {
		return form(n), nil
	}
	return Normalize(s)
}

// ofRegion reads a number without "+" as one of the region. Digits that begin
// with the region's own country code and make a real number are that one: they
// might be a number of the region too, and then the other is meant more often.
// After a zero nothing international can follow.
func ofRegion(s, region string) (*phonenumbers.PhoneNumber, bool) {
	whole, err := phonenumbers.Parse("+"+s, "")
	if err == nil && phonenumbers.IsValidNumberForRegion(whole, region) {
		return whole, true
	}
	n, err := phonenumbers.Parse(s, region)
	return n, err == nil && (phonenumbers.IsValidNumber(n) || s[0] == '0' && phonenumbers.IsPossibleNumber(n))
}

// plain writes digits of other scripts as ours, and drops marks of the writing
// direction.
func plain(r rune) rune {
	switch {
	case r >= '٠' && r <= '٩':
		return r - '٠' + '0'
	case r >= '۰' && r <= '۹':
		return r - '۰' + '0'
	case r == '\u200e', r == '\u200f', r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069':
		return -1
	case r >= '\u2010' && r <= '\u2015', r == '\u2212':
		return '-'
	}
	return r
}

// looksDialled keeps words, extensions and parameters from the parser, which
// would look for a number within them.
func looksDialled(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !strings.ContainsRune("0123456789 -.()/", r) })
}

// IsRegion reports whether a text is a region whose numbers are known.
func IsRegion(s string) bool { return phonenumbers.GetSupportedRegions()[s] }
