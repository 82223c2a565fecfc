package signin_test

import (
	"testing"

	"guestlist"
	"guestlist/internal/signin"
)

// However a number is written, it is the same person's: who has an account is
// found by it, and neither the limits nor the lock-out begin anew.
func TestANumberIsOneNumberHoweverItIsWritten(t *testing.T) {
	eachDoor(t, func(d *door) {
		number := "447700900123"
		d.person(guestlist.User{PrimaryPhone: &number}, goodPassword)
		for _, written := range []string{"447700900123", "4407700900123"} {
			uid := d.begin(guestlist.EventSignIn)
			d.ok(uid, signin.VerifyPassword{Identifier: phone(written), Password: goodPassword}, signin.Identify{Latest: true}, signin.Finish{})

			uid = d.begin(guestlist.EventSignIn)
			d.ok(uid, signin.SendCode{Identifier: phone(written)})
			step := d.ok(uid, signin.VerifyCode{Identifier: phone("4407700900123"), Code: d.delivered(number)})
			d.ok(uid, signin.Identify{VerificationID: step.VerificationID}, signin.Finish{})
		}
		uid := d.begin(guestlist.EventRegister)
		for i := 3; i <= 10; i++ {
			d.ok(uid, signin.SendCode{Identifier: phone([]string{"447700900123", "4407700900123"}[i%2])})
		}
		d.refused(uid, signin.SendCode{Identifier: phone("4407700900123")}, "request.message_rate_limited")
		d.refused(uid, signin.SendCode{Identifier: phone("447700900123")}, "request.message_rate_limited")
	})
}

func TestWhatNobodyCouldDialIsSentNothing(t *testing.T) {
	d := liteDoor(t)
	uid := d.begin(guestlist.EventRegister)
	for number, code := range map[string]string{
		"123": "user.invalid_phone", "999999999999": "user.invalid_phone", "07700900123": "user.invalid_phone",
		"": "guard.invalid_input", "4477009001234567890": "guard.invalid_input",
	} {
		d.refused(uid, signin.SendCode{Identifier: phone(number)}, code)
	}
	d.refused(uid, signin.VerifyPassword{Identifier: phone("123"), Password: goodPassword}, "session.invalid_credentials")
}
