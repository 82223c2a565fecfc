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
	closed := func(a guestlist.Admission) guestlist.Admission { a.Policy = guestlist.PolicyClosed; return a }
	invited := invitedOf(own)
	setup := guestlist.Admission{Event: guestlist.EventRegister, Email: other, Setup: true}
	for _, r := range []row{
		{guestlist.ModeSignIn, reg("", ""), false},
		{guestlist.ModeSignIn, reg(own, ""), false},
		{guestlist.ModeSignIn, reg("guest@example.COM", own), true},
		{guestlist.ModeSignIn, reg(other, own), false},
		{guestlist.ModeSignIn, reg("", own), false},
		{guestlist.ModeSignIn, narrowed, false},
		{guestlist.ModeSignIn, setup, true},
		{guestlist.ModeSignIn, closed(invited), false},
		{guestlist.ModeSignIn, closed(reg(own, own)), false},
		{guestlist.ModeSignIn, closed(setup), true},
		{guestlist.ModeSignIn, closed(in("")), true},
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

// invitedOf asks to register as the recipient of an invitation, who proved it.
func invitedOf(own string) guestlist.Admission {
	return guestlist.Admission{
		Event: guestlist.EventRegister, Email: own, Now: 1, Arrival: guestlist.Arrival{Proved: proved(own)},
		Invitation: &guestlist.Invitation{
			Kind: guestlist.InvitationPersonal, Status: guestlist.InvitationPending, RecipientEmail: own, Seats: 1, ExpiresAt: 2,
			InvitationTerms: guestlist.InvitationTerms{Binding: guestlist.BindExact},
		},
	}
}

// TestAdmitByInvitation: at a closed door an invitation opens to whom it admits,
// and its refusal is the gate's; a door that is shut for good opens to nobody.
func TestAdmitByInvitation(t *testing.T) {
	invited := invitedOf("guest@example.com")
	with := func(change func(*guestlist.Admission)) guestlist.Admission { a := invited; change(&a); return a }
	signsIn := with(func(a *guestlist.Admission) { a.Event = guestlist.EventSignIn })
	for name, c := range map[string]struct {
		mode guestlist.SignInMode
		a    guestlist.Admission
		want error
	}{
		"the recipient": {guestlist.ModeSignIn, invited, nil},
		"too late":      {guestlist.ModeSignIn, with(func(a *guestlist.Admission) { a.Now = 2 }), guestlist.ErrInvitationExpired},
		"somebody else": {guestlist.ModeSignIn, with(func(a *guestlist.Admission) {
			a.Arrival = guestlist.Arrival{Proved: proved("other@example.com")}
		}), guestlist.ErrWrongIdentity},
		"nothing proved":             {guestlist.ModeSignIn, with(func(a *guestlist.Admission) { a.Arrival = guestlist.Arrival{} }), guestlist.ErrInvitationNeedsProof},
		"shut for good":              {guestlist.ModeSignIn, with(func(a *guestlist.Admission) { a.Policy = guestlist.PolicyClosed }), guestlist.ErrDoorClosed},
		"with a waitlist":            {guestlist.ModeSignIn, with(func(a *guestlist.Admission) { a.Policy = guestlist.PolicyWaitlist }), nil},
		"signing in, by invitation":  {guestlist.ModeRegister, signsIn, nil},
		"signing in, the time is up": {guestlist.ModeRegister, with(func(a *guestlist.Admission) { a.Event, a.Now = guestlist.EventSignIn, 2 }), guestlist.ErrDoorClosed},
	} {
		if got := guestlist.Admit(c.mode, c.a); !errors.Is(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
