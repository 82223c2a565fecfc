package guestlist_test

import (
	"strings"
	"testing"

	"guestlist"
)

const (
	notAllowed    = "session.email_blocklist.email_not_allowed"
	noSubaddress  = "session.email_blocklist.email_subaddressing_not_allowed"
	unusable      = "session.email_blocklist.invalid_email"
	throwsAway    = "throwaway.example"
	longestDomain = 253
)

func TestEmailBlocklist(t *testing.T) {
	p := guestlist.EmailBlocklistPolicy{
		BlockSubaddressing: pointer(true), BlockDisposableAddresses: pointer(true),
		CustomBlocklist: &[]string{
			"@bad.example", "one@good.example", "*@star.example", "*.deep.example", "*@*.deeper.example", "@BÜCHER.example", "sub@plus.example",
		},
		CustomAllowlist: &[]string{"ok@bad.example", "*.fine.throwaway.example", "ok+tag@bad.example"},
	}
	known := guestlist.MailDomains{
		Disposable: map[string]bool{throwsAway: true},
		ASCII: func(s string) (string, bool) { // what package signin does with tables
			return strings.NewReplacer("bücher", "xn--bcher-kva", "ｂad", "bad").Replace(s), len(s) <= longestDomain
		},
	}
	for email, code := range map[string]string{
		"x@bad.example": notAllowed, "X@BAD.example": notAllowed, "x@bad.example.": notAllowed, "x@ｂad.example": notAllowed,
		"ok@bad.example": "", "OK@Bad.Example": "", "ok+tag@bad.example": "", "ok+other@bad.example": notAllowed,
		"one@good.example": notAllowed, "ONE@good.example": notAllowed, "two@good.example": "", "one+x@good.example": notAllowed,
		"a+b@good.example": noSubaddress, "+@good.example": noSubaddress, "a@b+c.example": "",
		"x@notbad.example": "", "x@sub.bad.example": "", "x@bad.example.org": "",
		"x@star.example": notAllowed, "x@sub.star.example": "",
		"x@deep.example": "", "x@a.deep.example": notAllowed, "x@a.b.deep.example": notAllowed, "x@notdeep.example": "",
		"x@a.deeper.example": notAllowed, "x@deeper.example": "",
		"x@bücher.example": notAllowed, "x@xn--bcher-kva.example": notAllowed,
		"x@throwaway.example": notAllowed, "x@mx.throwaway.example": notAllowed, "x@notthrowaway.example": "",
		"x@throwaway.example.org": "", "x@a.fine.throwaway.example": "",
		"no address": unusable, "@bad.example": unusable, "x@": unusable, "x@.": unusable,
		"x@" + strings.Repeat("a", longestDomain+1): unusable,
		`"a@bad.example"@good.example`:              "",
	} {
		if got := guestlist.CodeOf(p.Refusal(email, known)); got != code {
			t.Errorf("Refusal(%q) = %q, want %q", email, got, code)
		}
	}
}

func TestABlocklistThatIsNotSetRefusesNobody(t *testing.T) {
	known := guestlist.MailDomains{Disposable: map[string]bool{throwsAway: true}}
	for _, p := range []guestlist.EmailBlocklistPolicy{
		{},
		{BlockDisposableAddresses: pointer(false), BlockSubaddressing: pointer(false), CustomBlocklist: &[]string{}},
		{CustomAllowlist: &[]string{"@good.example"}},
	} {
		for _, email := range []string{"x@throwaway.example", "a+b@good.example", "x@other.example"} {
			if err := p.Refusal(email, known); err != nil {
				t.Errorf("Refusal(%q) of an empty policy = %v, want nil", email, err)
			}
		}
	}
}

func TestEntriesOfTheBlocklist(t *testing.T) {
	for entry, want := range map[string]bool{
		"a@b.example": true, "@b.example": true, "*@b.example": true, "*.b.example": true, "*@*.b.example": true, "@*.b.example": true,
		"a+b@c.example": true, "@bücher.example": true, "@localhost": true,
		"": false, "*": false, "@": false, "*@": false, "b.example": false, "*@*": false, "*.*": false, "*b.example": false,
		"a*@b.example": false, "@b.*": false, "@*b.example": false, " @b.example": false, "@b.example ": false, "@b .example": false,
		"A <a@b.example>": false, "a@b@c.example": false, "*.": false, "a@b.example, c@d.example": false,
	} {
		if got := guestlist.IsEmailPattern(entry); got != want {
			t.Errorf("IsEmailPattern(%q) = %v, want %v", entry, got, want)
		}
	}
}
