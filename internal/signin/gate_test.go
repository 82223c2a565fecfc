package signin_test

import (
	"fmt"
	"testing"

	"guestlist"
	"guestlist/internal/signin"
)

// way is a path by which somebody tries to become a user: its steps are made
// one after another, so that a code can be read when it was sent.
type way struct {
	name string
	// address is the primary e-mail address that the account would have.
	address string
	steps   func(d *door, token string) []func() signin.Action
}

const (
	invited  = "invited@example.com"
	stranger = "stranger@example.com"
)

func action(a signin.Action) func() signin.Action { return func() signin.Action { return a } }

// verifyCode reads the code that was delivered; where none was, it guesses.
func verifyCode(d *door, to guestlist.Identifier) func() signin.Action {
	return func() signin.Action {
		code := d.delivered(to.Value)
		if code == "" {
			code = "000000"
		}
		return signin.VerifyCode{Identifier: to, Code: code}
	}
}

// ways lists every path that could create a user at the public door.
func ways() []way {
	register := action(signin.SetEvent{Event: guestlist.EventRegister})
	identify := action(signin.Identify{Latest: true})
	byCode := func(to guestlist.Identifier) func(d *door, token string) []func() signin.Action {
		return func(d *door, _ string) []func() signin.Action {
			return []func() signin.Action{action(signin.SendCode{Identifier: to, Event: guestlist.EventRegister}), verifyCode(d, to), identify}
		}
	}
	return []way{
		{"username and password", "", func(*door, string) []func() signin.Action {
			return []func() signin.Action{action(signin.SetUsername{Username: "newcomer"}), action(signin.SetPassword{Password: goodPassword}), action(signin.Identify{})}
		}},
		{"new password identity", "", func(*door, string) []func() signin.Action {
			return []func() signin.Action{action(signin.NewPasswordIdentity{Username: "newcomer", Password: goodPassword}), identify}
		}},
		{"code to the invited address", invited, byCode(email(invited))},
		{"code to another address", stranger, byCode(email(stranger))},
		{"code to a phone", "", byCode(phone("14155550100"))},
		{"address through the profile", stranger, func(d *door, _ string) []func() signin.Action {
			return []func() signin.Action{
				action(signin.SendCode{Identifier: email(stranger)}), verifyCode(d, email(stranger)),
				action(signin.SetAddress{Type: guestlist.IdentifierEmail, Latest: true}), action(signin.Identify{}),
			}
		}},
		{"sign-in that turns into registration", stranger, func(d *door, _ string) []func() signin.Action {
			return []func() signin.Action{
				action(signin.SendCode{Identifier: email(stranger), Event: guestlist.EventRegister}), verifyCode(d, email(stranger)),
				action(signin.ChangeEvent{Event: guestlist.EventSignIn}), action(signin.ChangeEvent{Event: guestlist.EventRegister}), identify,
			}
		}},
		{"new start", stranger, func(d *door, _ string) []func() signin.Action {
			return append([]func() signin.Action{register}, byCode(email(stranger))(d, "")...)
		}},
		{"one-time token", invited, func(*door, string) []func() signin.Action { return []func() signin.Action{identify} }},
	}
}

// walk goes a way and reports the first refusal. closeAt is the number of the
// step before which the door takes the mode; before it everything is open.
func walk(d *door, w way, mode guestlist.SignInMode, holds bool, closeAt int) (refusal error) {
	d.Helper()
	d.mode(guestlist.ModeSignInAndRegister)
	uid := d.begin(guestlist.EventRegister)
	var steps []func() signin.Action
	if holds {
		steps = append(steps, action(signin.VerifyOneTimeToken{Email: invited, Token: d.token(invited)}))
	}
	steps = append(append(steps, w.steps(d, "")...), action(signin.Finish{}))
	for n, step := range steps {
		if n == closeAt {
			d.mode(mode)
		}
		if _, err := d.submit(uid, step()); err != nil {
			return err
		}
	}
	return nil
}

// TestGateMatrix: every path x every mode x with and without a token x the
// door changing its mode before any step. Nobody but the invited gets in by a
// closed door, and nobody at all as anybody else.
func TestGateMatrix(t *testing.T) {
	for _, w := range ways() {
		for _, mode := range []guestlist.SignInMode{guestlist.ModeSignIn, guestlist.ModeRegister, guestlist.ModeSignInAndRegister} {
			for _, holds := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%s/token %v", w.name, mode, holds), func(t *testing.T) {
					d := liteDoor(t)
					steps := len(w.steps(d, "")) + 1
					if holds {
						steps++
					}
					for closeAt := range steps {
						tryGate(d, w, mode, holds, closeAt)
					}
				})
			}
		}
	}
}

func tryGate(d *door, w way, mode guestlist.SignInMode, holds bool, closeAt int) {
	d.Helper()
	before := d.users()
	err := walk(d, w, mode, holds, closeAt)
	made := d.users() - before
	tokenAlone := w.name == "one-time token"
	open := mode != guestlist.ModeSignIn || holds && w.address == invited
	switch {
	case tokenAlone && !holds: // nothing proves anything
		if err == nil || made != 0 {
			d.Errorf("mode from step %d: without a token got in: %v", closeAt, err)
		}
	case open && (mode == guestlist.ModeSignInAndRegister || mode == guestlist.ModeSignIn || w.name != "sign-in that turns into registration"):
		if err != nil || made != 1 {
			d.Errorf("mode from step %d: got %v and %d users, want in", closeAt, err, made)
		}
	case !open:
		if err == nil || made != 0 {
			d.Errorf("mode from step %d: got in by a closed door", closeAt)
		}
		if code := guestlist.CodeOf(err); code != "auth.forbidden" && code != "verification_code.code_mismatch" {
			d.Errorf("mode from step %d: refused with %v, want auth.forbidden", closeAt, err)
		}
	}
	d.evict()
}

// TestNoCodeForStrangersAtAClosedDoor: registration codes are not sent, and the
// answer does not show it.
func TestNoCodeForStrangersAtAClosedDoor(t *testing.T) {
	eachDoor(t, func(d *door) {
		d.mode(guestlist.ModeSignIn)
		uid := d.begin(guestlist.EventRegister)
		step := d.ok(uid, signin.SendCode{Identifier: email(stranger), Event: guestlist.EventRegister})
		if step.VerificationID == "" {
			d.Error("no verification id: the answer tells that nothing was sent")
		}
		if code := d.delivered(stranger); code != "" {
			d.Errorf("a registration code was sent though the door is closed")
		}
		d.refused(uid, signin.VerifyCode{Identifier: email(stranger), Code: "123456"}, "verification_code.code_mismatch")
		d.ok(uid, signin.VerifyOneTimeToken{Email: invited, Token: d.token(invited)})
		d.ok(uid, signin.SendCode{Identifier: email(stranger), Event: guestlist.EventRegister})
		if code := d.delivered(stranger); code != "" {
			d.Errorf("a token for one address opened the mail to another")
		}
	})
}
