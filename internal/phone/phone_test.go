package phone

import (
	"strings"
	"testing"

	"guestlist"
)

func TestOneFormForEachNumber(t *testing.T) {
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
		got, err := Normalize(in)
		if err != nil || got != want {
			t.Errorf("Normalize(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{
		"", " ", "123", "+44", "0", "07700900123", "nope", "44770090012a", "44+7700900123",
		"447700900123;ext=5", "4477009001234567890", "999999999999", "４４７７００９００１２３", "447700900123\x00",
	} {
		got, err := Normalize(in)
		if guestlist.CodeOf(err) != "user.invalid_phone" || guestlist.KindOf(err) != guestlist.KindUnprocessable {
			t.Errorf("Normalize(%q) = %q, %v; want 422 user.invalid_phone", in, got, err)
		}
	}
}

func TestNumbersAreReadAsTheyAreTyped(t *testing.T) {
	for _, c := range []struct{ typed, region, want string }{
		{"07700 900123", "GB", "447700900123"},
		{"+44 7700 900123", "DE", "447700900123"},
		{"0044 7700 900123", "US", "447700900123"},
		{"447700900123", "GB", "447700900123"},
		{"4407700900123", "", "447700900123"},
		{"030 123456", "DE", "4930123456"},
		{"(0170) 1234567", "DE", "491701234567"},
		{"491701234567", "DE", "491701234567"},
		{"06 12 34 56 78", "FR", "33612345678"},
		{"06-1234-5678", "IT", "390612345678"},
		{"090-1234-5678", "JP", "819012345678"},
		{"０９０-１２３４-５６７８", "JP", "819012345678"},
		{"٠٥٠ ١٢٣ ٤٥٦٧", "SA", "966501234567"},
		{"\u200e+49 170 1234567\u200e", "", "491701234567"},
		{"650-253-0000", "US", "16502530000"},
		{"1 650 253 0000", "US", "16502530000"},
		{"447700900123", "US", "447700900123"}, // no number of the region: an international one
		{"170\u20131234567", "DE", "491701234567"},
		{"07700 900123", "", ""},
		{"07700 900123", "XX", ""},
		{"12345", "DE", ""},
		{"110", "DE", ""},
		{"1-800-FLOWERS", "US", ""},
		{"650 253 0000 ext. 5", "US", ""},
		{"tel:+16502530000", "US", ""},
		{"+", "US", ""}, {"", "US", ""}, {strings.Repeat("1", 100), "US", ""}, {"650 253 0000; drop", "US", ""},
	} {
		got, err := Read(c.typed, c.region)
		if c.want == "" && guestlist.CodeOf(err) != "user.invalid_phone" || c.want != "" && (err != nil || got != c.want) {
			t.Errorf("Read(%q, %q) = %q, %v; want %q", c.typed, c.region, got, err, c.want)
		}
	}
}

func TestRegions(t *testing.T) {
	for region, want := range map[string]bool{"DE": true, "US": true, "de": false, "": false, "XX": false, "001": false, "DEU": false} {
		if got := IsRegion(region); got != want {
			t.Errorf("IsRegion(%q) = %v", region, got)
		}
	}
}
