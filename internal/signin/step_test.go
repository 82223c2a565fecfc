package signin_test

import (
	"strings"
	"testing"

	"guestlist"
	"guestlist/internal/signin"
)

// TestNext: the pages that facts call for.
func TestNext(t *testing.T) {
	in, reg, reset := guestlist.EventSignIn, guestlist.EventRegister, guestlist.EventForgotPassword
	for _, c := range []struct {
		f    signin.Facts
		want string
	}{
		{signin.Facts{Event: in}, "/sign-in"},
		{signin.Facts{Event: reg}, "/register"},
		{signin.Facts{Event: in, CodeSent: true}, "/sign-in/verification-code"},
		{signin.Facts{Event: reg, CodeSent: true}, "/register/verification-code"},
		{signin.Facts{Event: in, Identified: true, Missing: []string{"password"}}, "/continue/password"},
		{signin.Facts{Event: in, Identified: true, Missing: []string{"email"}, CodeSent: true}, "/continue/verification-code"},
		{signin.Facts{Event: reg, StagedAnonymous: true, Missing: []string{"password"}}, "/register/password"},
		{signin.Facts{Event: reg, StagedAnonymous: true, Missing: []string{"email"}}, "/continue/email"},
		{signin.Facts{Event: in, HoldsToken: true}, "/one-time-token"},
		{signin.Facts{Event: reg, HoldsToken: true, Missing: []string{"username"}}, "/continue/username"},
		{signin.Facts{Event: in, Identified: true, HoldsToken: true, MustConfirm: true}, "/one-time-token"},
		{signin.Facts{Event: reset}, "/forgot-password"},
		{signin.Facts{Event: reset, CodeSent: true}, "/forgot-password/verification-code"},
		{signin.Facts{Event: reset, Identified: true}, "/forgot-password/reset"},
		{signin.Facts{Event: reset, Identified: true, HasNewPassword: true}, "/forgot-password"},
		{signin.Facts{Finished: true}, ""},
	} {
		if got := signin.Next(c.f); got.Page != c.want {
			t.Errorf("Next(%+v) = %q, want %q", c.f, got.Page, c.want)
		}
	}
}

// TestNextProperties: over every combination of facts, only Finished finishes,
// a page is always named, and an identified guest who lacks something is never
// sent to a page that does not ask for it.
func TestNextProperties(t *testing.T) {
	events := []guestlist.InteractionEvent{"", guestlist.EventSignIn, guestlist.EventRegister, guestlist.EventForgotPassword}
	for bits := range 1 << 7 {
		for _, event := range events {
			for _, missing := range [][]string{nil, {"password"}, {"username", "email"}} {
				bit := func(n int) bool { return bits&(1<<n) != 0 }
				f := signin.Facts{
					Event: event, Missing: missing, Identified: bit(0), Finished: bit(1), HasNewPassword: bit(2), CodeSent: bit(3),
					MustConfirm: bit(4), HoldsToken: bit(5), StagedAnonymous: bit(6),
				}
				s := signin.Next(f)
				if s.Finished != f.Finished || (s.Page == "") != f.Finished || s.Page != "" && !strings.HasPrefix(s.Page, "/") {
					t.Fatalf("Next(%+v) = %+v", f, s)
				}
				asks := f.Identified && len(missing) > 0 && !f.Finished && !f.MustConfirm && event != guestlist.EventForgotPassword
				if asks && !strings.HasPrefix(s.Page, "/continue/") {
					t.Fatalf("Next(%+v) = %+v, want a continue page", f, s)
				}
			}
		}
	}
}

func TestPickUID(t *testing.T) {
	cookie := signin.AddUID(signin.AddUID("", "a", "uid-a"), "b", "uid-b")
	for app, want := range map[guestlist.ApplicationID]string{"a": "uid-a", "b": "uid-b", "": "uid-b", "other": "uid-b", "_legacy": "uid-b"} {
		if got := signin.PickUID(cookie, app); got != want {
			t.Errorf("PickUID(%q) = %q, want %q", app, got, want)
		}
	}
	for _, bad := range []string{"", "x", "[]", `{"a":1}`, "null"} {
		if got := signin.PickUID(bad, "a"); got != "" {
			t.Errorf("PickUID of %q gives %q", bad, got)
		}
		if got := signin.PickUID(signin.AddUID(bad, "a", "u"), "a"); got != "u" {
			t.Errorf("AddUID to %q loses the new uid", bad)
		}
	}
	if !signin.HasUID(cookie, "uid-a") || !signin.HasUID(cookie, "uid-b") || signin.HasUID(cookie, "uid-c") || signin.HasUID(cookie, "") {
		t.Errorf("HasUID of %s", cookie)
	}
	if again := signin.AddUID(cookie, "a", "uid-c"); !signin.HasUID(again, "uid-a") || !signin.HasUID(again, "uid-c") {
		t.Errorf("a second tab costs the first its interaction: %s", again)
	}
	if signin.PickUID(cookie, "_recent") != "uid-b" {
		t.Error("the list of the latest passes for an application")
	}
	full := ""
	for _, app := range strings.Split("abcdefghijklmnopqrstuvwxyz", "") {
		full = signin.AddUID(full, guestlist.ApplicationID(app), strings.Repeat("u", 43))
	}
	if len(full) > 1000 {
		t.Errorf("the cookie grew to %d bytes", len(full))
	}
}

func FuzzPickUID(f *testing.F) {
	f.Add(`{"a":"u","_legacy":"u"}`, "a")
	f.Add(`{"a":`, "")
	f.Fuzz(func(t *testing.T, cookie, app string) {
		signin.PickUID(cookie, guestlist.ApplicationID(app))
		if got := signin.PickUID(signin.AddUID(cookie, guestlist.ApplicationID(app), "u"), guestlist.ApplicationID(app)); got != "u" {
			t.Errorf("a uid that was put for %q is read as %q", app, got)
		}
	})
}
