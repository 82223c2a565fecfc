package guestlist_test

import (
	"errors"
	"testing"

	"guestlist"
)

// TestAdmit is the whole rule as a table: nobody but the invited registers at a
// closed door, and only as whom they were invited.
func TestAdmit(t *testing.T) {
	const own, other = "Guest@Example.com", "other@example.com"
	type row struct {
		mode guestlist.SignInMode
		a    guestlist.Admission
		open bool
	}
	reg := func(email, token string) guestlist.Admission {
		return guestlist.Admission{Event: guestlist.EventRegister, Email: email, TokenEmail: token}
	}
	in := func(token string) guestlist.Admission {
		return guestlist.Admission{Event: guestlist.EventSignIn, TokenEmail: token}
	}
	narrowed := reg(own, own)
	narrowed.TokenEvent = guestlist.EventForgotPassword
	setup := guestlist.Admission{Event: guestlist.EventRegister, Email: other, Setup: true}
	for _, r := range []row{
		{guestlist.ModeSignIn, reg("", ""), false},
		{guestlist.ModeSignIn, reg(own, ""), false},
		{guestlist.ModeSignIn, reg("guest@example.COM", own), true},
		{guestlist.ModeSignIn, reg(other, own), false},
		{guestlist.ModeSignIn, reg("", own), false},
		{guestlist.ModeSignIn, narrowed, false},
		{guestlist.ModeSignIn, setup, true},
		{guestlist.ModeSignIn, in(""), true},
		{guestlist.ModeSignIn, in(own), true},
		{guestlist.ModeRegister, reg("", ""), true},
		{guestlist.ModeRegister, reg(other, own), true},
		{guestlist.ModeRegister, in(""), false},
		{guestlist.ModeRegister, in(own), true},
		{guestlist.ModeSignInAndRegister, reg("", ""), true},
		{guestlist.ModeSignInAndRegister, reg(other, own), true},
		{guestlist.ModeSignInAndRegister, in(""), true},
		{guestlist.ModeSignIn, guestlist.Admission{Event: guestlist.EventForgotPassword}, true},
		{guestlist.ModeRegister, guestlist.Admission{Event: guestlist.EventForgotPassword}, true},
		{guestlist.ModeSignInAndRegister, guestlist.Admission{}, false},
		{"", reg(own, own), false},
		{"", in(""), true},
	} {
		err := guestlist.Admit(r.mode, r.a)
		if (err == nil) != r.open {
			t.Errorf("Admit(%s, %+v) = %v, want open %v", r.mode, r.a, err, r.open)
		}
		if err != nil && !errors.Is(err, guestlist.ErrDoorClosed) {
			t.Errorf("Admit(%s, %+v) = %v, want auth.forbidden", r.mode, r.a, err)
		}
	}
}
