package signin_test

import (
	"errors"
	"fmt"
	"testing"

	"guestlist"
	"guestlist/internal/signin"
)

const limited = "request.message_rate_limited"

// Whatever a message is for and however it is asked for, it counts for its
// recipient; and whatever way it takes, for the network that asked.
func TestMessageLimitsHoldOnEveryChannelAndPath(t *testing.T) {
	eachDoor(t, func(d *door) {
		for _, to := range []guestlist.Identifier{email("grace@example.com"), phone("14155550100")} {
			send := []func() error{
				func() error {
					_, err := d.submit(d.begin(guestlist.EventSignIn), signin.SendCode{Identifier: to})
					return err
				},
				func() error {
					_, err := d.submit(d.begin(guestlist.EventRegister), signin.SendCode{Identifier: to})
					return err
				},
				func() error {
					_, err := d.submit(d.begin(guestlist.EventForgotPassword), signin.SendCode{Identifier: to})
					return err
				},
				func() error { return d.desk.SendGenericCode(d.Context(), to, signin.Caller{}) },
			}
			for n := range 12 {
				if err := send[n%len(send)](); (n < 10) != (err == nil) || n >= 10 && guestlist.CodeOf(err) != limited {
					t.Errorf("%s, message %d: %v", to.Type, n+1, err)
				}
			}
		}
		uid := d.begin(guestlist.EventRegister)
		var refused error
		sent := 0
		for ; sent < 200 && refused == nil; sent++ {
			to := email(fmt.Sprintf("n%d@example.com", sent))
			if sent%2 == 1 {
				to = phone(fmt.Sprintf("1415555%04d", sent))
			}
			_, refused = d.submit(uid, signin.SendCode{Identifier: to})
		}
		if guestlist.CodeOf(refused) != limited {
			t.Errorf("one network sent %d messages over both channels: %v", sent, refused)
		}
	})
}

// Passwords and codes are one pool: whoever guesses both does not get twice as
// many tries, and a number that is written otherwise is the same number.
func TestFailuresOfOneIdentifierAreOnePool(t *testing.T) {
	const locked = "session.verification_blocked_too_many_attempts"
	eachDoor(t, func(d *door) {
		most := 4
		d.settings(func(e *guestlist.SignInExperience) { e.SentinelPolicy.MaxAttempts = &most })
		number, address := "447700900123", "ada@example.com"
		d.person(guestlist.User{PrimaryPhone: &number, PrimaryEmail: &address, Username: text("ada")}, goodPassword)
		for name, tries := range map[string][]signin.Action{
			"phone": {
				signin.VerifyPassword{Identifier: phone("4407700900123"), Password: "wrong"},
				signin.VerifyCode{Identifier: phone("447700900123"), Code: "000000"},
				signin.VerifyPassword{Identifier: phone("447700900123"), Password: "wrong"},
				signin.VerifyCode{Identifier: phone("4407700900123"), Code: "000000"},
			},
			"email": {
				signin.VerifyPassword{Identifier: email("ADA@example.com"), Password: "wrong"},
				signin.VerifyCode{Identifier: email("ada@example.com"), Code: "000000"},
				signin.VerifyCode{Identifier: email("ada@example.com"), Code: "000000"},
				signin.VerifyPassword{Identifier: email("ada@EXAMPLE.com"), Password: "wrong"},
			},
		} {
			uid := d.begin(guestlist.EventSignIn)
			to := map[string]guestlist.Identifier{"phone": phone(number), "email": email(address)}[name]
			d.ok(uid, signin.SendCode{Identifier: to})
			var last error
			for n, try := range tries {
				_, last = d.submit(uid, try)
				if last == nil || (n < most-1) == errors.Is(last, guestlist.Refuse(guestlist.KindInvalid, locked)) {
					t.Errorf("%s, try %d: %v", name, n+1, last)
				}
			}
			d.refused(uid, signin.VerifyPassword{Identifier: to, Password: goodPassword}, locked)
			d.refused(uid, signin.VerifyCode{Identifier: to, Code: d.delivered(to.Value)}, locked)
		}
		uid := d.begin(guestlist.EventSignIn) // the username is another door handle
		d.ok(uid, signin.VerifyPassword{Identifier: username("ada"), Password: goodPassword}, signin.Identify{Latest: true}, signin.Finish{})
	})
}
