package signin_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"guestlist"
	"guestlist/internal/signin"
)

func TestTheListOfDisposableDomains(t *testing.T) {
	list, err := signin.OpenDisposableList("")
	if err != nil {
		t.Fatal(err)
	}
	for _, domain := range []string{"mailinator.com", "yopmail.com", "guerrillamail.com", "10minutemail.com", "trashmail.com"} {
		if !list[domain] {
			t.Errorf("%s is not on the built-in list", domain)
		}
	}
	for _, domain := range []string{"gmail.com", "outlook.com", "yahoo.com", "icloud.com", "proton.me", "gmx.de", "example.com", "mail.com"} {
		if list[domain] {
			t.Errorf("%s is on the built-in list", domain)
		}
	}
}

func TestTheOperatorsOwnListOfDisposableDomains(t *testing.T) {
	for name, c := range map[string]struct {
		text       string
		has, lacks []string
		fails      string
	}{
		"adds":          {text: "# ours\nAdded.Example # why\n\n  other.example  \r\n", has: []string{"added.example", "other.example", "mailinator.com"}},
		"takes off":     {text: "!mailinator.com\n! yopmail.com\n", lacks: []string{"mailinator.com", "yopmail.com"}, has: []string{"trashmail.com"}},
		"unicode":       {text: "bücher.example\nＦULL.example\n", has: []string{"xn--bcher-kva.example", "full.example"}},
		"an address":    {text: "ok.example\nsomebody@bad.example\n", fails: "line 2"},
		"a single word": {text: "localhost\n", fails: "line 1"},
		"two words":     {text: "a.example b.example\n", fails: "line 1"},
		"a wildcard":    {text: "!\n", fails: "line 1"},
		"a long line":   {text: strings.Repeat("a", 5000) + ".example\n", fails: "too long"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "domains.txt")
			if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			list, err := signin.OpenDisposableList(file)
			if c.fails != "" {
				if err == nil || !strings.Contains(err.Error(), c.fails) || !strings.Contains(err.Error(), file) {
					t.Errorf("error = %v, want one with %q and the name of the file", err, c.fails)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, domain := range c.has {
				if !list[domain] {
					t.Errorf("%s is not on the list", domain)
				}
			}
			for _, domain := range c.lacks {
				if list[domain] {
					t.Errorf("%s is on the list", domain)
				}
			}
		})
	}
	if _, err := signin.OpenDisposableList(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a list that is not there was opened")
	}
}

// A domain may be written in letters of other widths and scripts, which mail
// servers take for the same one.
func TestABlockedDomainIsBlockedHoweverItIsWritten(t *testing.T) {
	const refused = "session.email_blocklist.email_not_allowed"
	eachDoor(t, func(d *door) {
		yes := true
		d.desk.Disposable = map[string]bool{"throwaway.example": true}
		d.settings(func(e *guestlist.SignInExperience) {
			e.EmailBlocklistPolicy = guestlist.EmailBlocklistPolicy{
				BlockDisposableAddresses: &yes, CustomBlocklist: &[]string{"@bücher.example"},
			}
		})
		for _, address := range []string{
			"x@throwaway.example", "x@ThrowAway.Example", "x@ｔhrowaway.example", "x@mx。throwaway.example", "x@mx.throwaway.example",
			"x@bücher.example", "x@BÜCHER.example", "x@bu\u0308cher.example", "x@xn--bcher-kva.example", "x@XN--BCHER-KVA.example",
		} {
			uid := d.begin(guestlist.EventRegister)
			d.refused(uid, signin.SendCode{Identifier: email(address)}, refused)
			if code := d.delivered(address); code != "" {
				t.Errorf("%s was sent a code", address)
			}
		}
		d.ok(d.begin(guestlist.EventRegister), signin.SendCode{Identifier: email("x@bucher.example")})
	})
}

// Each way to an account with a new address asks the list.
func TestEveryWayToANewAddressAsksTheBlocklist(t *testing.T) {
	const address, refused = "grace@throwaway.example", "session.email_blocklist.email_not_allowed"
	eachDoor(t, func(d *door) {
		yes := true
		d.desk.Disposable = map[string]bool{"throwaway.example": true}
		block := func(on bool) {
			d.settings(func(e *guestlist.SignInExperience) { e.EmailBlocklistPolicy.BlockDisposableAddresses = &on })
		}
		block(yes)

		byToken := d.begin(guestlist.EventRegister)
		step := d.ok(byToken, signin.VerifyOneTimeToken{Email: address, Token: d.token(address)})
		d.refused(byToken, signin.Identify{VerificationID: step.VerificationID}, refused)

		block(false) // a code that is on its way when the list is switched on
		byCode := d.begin(guestlist.EventRegister)
		d.proveByCode(byCode, address)
		block(yes)
		d.refused(byCode, signin.Identify{Latest: true}, refused)
		d.refused(byCode, signin.SetAddress{Type: guestlist.IdentifierEmail, Latest: true}, refused)
		if n := d.users(); n != 0 {
			t.Errorf("%d users came in", n)
		}
	})
}
