package mail

import (
	"strings"

	"github.com/nyaruka/phonenumbers"

	"guestlist"
)

// maxPhoneText bounds what is looked at as a phone number, in bytes.
const maxPhoneText = 40

// NormalizePhone turns an international phone number, as people write it or as
// the wire has it, into the digits of E.164 without "+": "+44 (0)7700 900123"
// and "4407700900123" are both "447700900123". A trunk prefix after the
// country code goes, except where it belongs to the number, as in Italy.
//
// It returns 422 user.invalid_phone for anything that no network could dial.
func NormalizePhone(s string) (string, error) {
	bad := guestlist.Refuse(guestlist.KindUnprocessable, "user.invalid_phone")
	s = strings.TrimSpace(s)
	if s == "" || len(s) > maxPhoneText {
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
	return strings.TrimPrefix(phonenumbers.Format(n, phonenumbers.E164), "+"), nil
}
