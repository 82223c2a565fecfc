package invite

import (
	"strings"
	"testing"

	"guestlist"
)

func TestAddressesAreKeptInOneForm(t *testing.T) {
	for given, want := range map[string]string{
		"grace@example.com":                       "grace@example.com",
		"  Grace.H+x@Example.COM ":                "Grace.H+x@example.com",
		"grace@bücher.example":                    "grace@xn--bcher-kva.example",
		"grace@BÜCHER.example":                    "grace@xn--bcher-kva.example",
		"grace@bu\u0308cher.example":              "grace@xn--bcher-kva.example",
		"grace@XN--BCHER-KVA.example":             "grace@xn--bcher-kva.example",
		"gräce@example.com":                       "gräce@example.com",
		"a@b@example.com":                         "a@b@example.com",
		"":                                        "",
		"grace":                                   "",
		"@example.com":                            "",
		"grace@":                                  "",
		"grace@example":                           "",
		"grace@xn--a.example":                     "",
		"grace@example.com\nBcc: x@y":             "",
		"grace @example.com":                      "",
		"grace\u200b@example.com":                 "",
		strings.Repeat("a", 400) + "@example.com": "",
	} {
		got, err := CheckEmail(given)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v; want %q", given, got, err, want)
		}
	}
}

func TestWordsOfInvitersHoldNoLinks(t *testing.T) {
	for text, want := range map[string]bool{
		"":                                  true,
		"Come and see.\nYours,\tBob":        true,
		"At 18.30, in room 2.04, v1.2.3":    true,
		"Wait...what? e.g. this, i.e. that": true,
		"Ça va? 来てください。 مرحبا":    true,
		"👩\u200d🚀 flies":          true,
		"https://evil.example/x":  false,
		"HTTPS:// evil":           false,
		"www.evil":                false,
		"see evil.com for more":   false,
		"see evil.com.":           false,
		"see (evil.co.uk)":        false,
		"see ＥＶＩＬ．ＣＯＭ":            false,
		"see bücher.de":           false,
		"see пример.рф":           false,
		"write to grace@evil.com": false,
		"mailto:grace":            false,
		"turned \u202eround":      false,
		"hidden\u200bword":        false,
		"bell \x07":               false,
		"line\r\nfeed":            false,
		"a line\u2028separator":   false,
		strings.Repeat("a", 1001): false,
	} {
		if got := CheckText(text, guestlist.MaxInvitationMessage, true); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
	if CheckText("two\nlines", 100, false) {
		t.Error("a name has one line")
	}
}

func FuzzWordsOfInviters(f *testing.F) {
	f.Add("see evil.com")
	f.Add("a.b-c..d")
	f.Fuzz(func(t *testing.T, text string) {
		if CheckText(text, 1000, true) && strings.Contains(strings.ToLower(text), "://") {
			t.Errorf("%q", text)
		}
	})
}

func TestLinkLeadsWhereTheInvitationLands(t *testing.T) {
	const code = guestlist.InvitationSecret("c0de")
	own := guestlist.Invitation{RecipientEmail: "grace+x@example.com"}
	own.Landing, own.LandingURL = guestlist.LandingApplication, "https://shop.example/welcome?from=mail&email=other"
	for _, c := range []struct {
		i    guestlist.Invitation
		want string
	}{
		{guestlist.Invitation{}, "https://id.example/i/c0de"},
		{own, "https://shop.example/welcome?email=grace%2Bx%40example.com&from=mail&one_time_token=c0de"},
	} {
		if got := Link("https://id.example", c.i, code); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}
