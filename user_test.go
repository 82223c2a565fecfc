package guestlist

import "testing"

// TestEmailKey: letter case does not matter, and no letter passes for another.
func TestEmailKey(t *testing.T) {
	for typed, key := range map[string]string{
		" Mike@Site.Example ":      "mike@site.example",
		"MÜLLER@example.com":       "müller@example.com",
		"mi\u212ae@site.example":   "mi\u212ae@site.example",   // the Kelvin sign is no k
		"mike@s\u0130te.example":   "mike@s\u0130te.example",   // a domain of its own: xn--site-...
		"m\u0131ke@site.example":   "m\u0131ke@site.example",   // a dotless i
		"ma\u017f\u017f@a.example": "ma\u017f\u017f@a.example", // long s
	} {
		if got := EmailKey(typed); got != key {
			t.Errorf("EmailKey(%q) = %q, want %q", typed, got, key)
		}
	}
}
