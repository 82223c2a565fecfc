package mail

import (
	"testing"

	"guestlist"
)

func TestNormalizePhone(t *testing.T) {
	for in, want := range map[string]string{
		"447700900123":       "447700900123",
		"4407700900123":      "447700900123",
		"+44 (0)7700 900123": "447700900123",
		"0044 7700-900123":   "447700900123",
		"+1 500 555 0005":    "15005550005",
		"390612345678":       "390612345678", // an Italian zero belongs to the number
		"4917012345678":      "4917012345678",
		"49017012345678":     "4917012345678",
		"8613800138000":      "8613800138000",
	} {
		got, err := NormalizePhone(in)
		if err != nil || got != want {
			t.Errorf("NormalizePhone(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{
		"", " ", "123", "+44", "0", "07700900123", "nope", "44770090012a", "44+7700900123",
		"447700900123;ext=5", "4477009001234567890", "999999999999", "４４７７００９００１２３", "447700900123\x00",
	} {
		got, err := NormalizePhone(in)
		if guestlist.CodeOf(err) != "user.invalid_phone" || guestlist.KindOf(err) != guestlist.KindUnprocessable {
			t.Errorf("NormalizePhone(%q) = %q, %v; want 422 user.invalid_phone", in, got, err)
		}
	}
}
