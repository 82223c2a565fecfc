package signin_test

import (
	"context"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/store"
)

// FuzzInteraction sends any action in any state. Whatever the order: nothing
// panics, nothing is our own fault, nobody becomes a user at a closed door but
// whom the token was sent to, and nobody signs in without a proof.
func FuzzInteraction(f *testing.F) {
	f.Add([]byte{0, 0, 5, 13, 8, 14})   // the invited guest comes in
	f.Add([]byte{0, 30, 2, 3, 8, 14})   // a stranger at a closed door
	f.Add([]byte{1, 0, 2, 4, 8, 14})    // a member by code
	f.Add([]byte{1, 30, 47, 49, 8, 14}) // a newcomer at an open door
	f.Add([]byte{0, 0, 5, 13, 8, 47, 49, 41, 8, 14, 14})
	f.Add([]byte{3, 0, 20, 40, 60, 2, 22, 4, 8, 10, 11, 41, 12, 13, 14, 200, 233})
	d := liteDoor(f)
	f.Fuzz(func(t *testing.T, script []byte) {
		if len(script) < 2 || len(script) > 24 {
			t.Skip()
		}
		fz := newFuzzed(t, d, script[0])
		for _, b := range script[1:] {
			fz.act(b)
		}
		fz.check()
	})
}

// fuzzed is an interaction under any actions, with what is known of it.
type fuzzed struct {
	*door
	uid    string
	token  string
	closed bool
	proved bool // a right password, code or token was shown
}

// newFuzzed begins anew on a store that earlier scripts used.
func newFuzzed(t *testing.T, base *door, setting byte) *fuzzed {
	again := *base
	again.TB = t
	d := &again
	d.evict()
	if d.find(guestlist.IdentifierUsername, "alice") == nil {
		d.person(guestlist.User{Username: text("alice"), PrimaryEmail: text("alice@example.com")}, "")
	}
	fz := &fuzzed{door: d, closed: setting&1 == 0}
	d.settings(func(e *guestlist.SignInExperience) {
		e.SignInMode, e.SignUp = guestlist.ModeSignInAndRegister, guestlist.SignUpSettings{Verify: true}
		if fz.closed {
			e.SignInMode = guestlist.ModeSignIn
		}
		e.SignUp.Password = setting&2 != 0
		if setting&4 != 0 {
			e.SignUp.Identifiers = []guestlist.IdentifierType{guestlist.IdentifierUsername}
		}
		if setting&8 != 0 {
			e.SignInMode, fz.closed = guestlist.ModeRegister, false
		}
	})
	fz.token = d.token(invited)
	fz.uid = d.begin("")
	return fz
}

// action chooses one of everything that can be done.
func (fz *fuzzed) action(b byte) signin.Action {
	events := []guestlist.InteractionEvent{guestlist.EventSignIn, guestlist.EventRegister, guestlist.EventForgotPassword, ""}
	people := []guestlist.Identifier{email("alice@example.com"), email(invited), email(stranger), username("alice"), phone("14155550100"), {}}
	event, who := events[int(b/20)%len(events)], people[int(b/20)%len(people)]
	switch b % 15 {
	case 0:
		return signin.SetEvent{Event: event}
	case 1:
		return signin.ChangeEvent{Event: event}
	case 2:
		return signin.SendCode{Identifier: who}
	case 3:
		return signin.VerifyCode{Identifier: who, Code: "000000"}
	case 4:
		code := fz.delivered(who.Value)
		return signin.VerifyCode{Identifier: who, Code: code}
	case 5:
		return signin.VerifyOneTimeToken{Email: invited, Token: fz.token, Hosted: b >= 128}
	case 6:
		return signin.VerifyOneTimeToken{Email: who.Value, Token: fz.token}
	case 7:
		return signin.VerifyOneTimeToken{Token: fz.token, Hosted: true, Typed: who.Value}
	case 8, 9:
		return signin.Identify{Latest: b < 128}
	case 10:
		return signin.SetUsername{Username: "newcomer"}
	case 11:
		return signin.SetAddress{Type: who.Type, Latest: true}
	case 12:
		return signin.VerifyPassword{Identifier: who, Password: ""}
	case 13:
		return signin.ChangeEvent{Event: guestlist.EventRegister}
	}
	return signin.Finish{}
}

func (fz *fuzzed) act(b byte) {
	a := fz.action(b)
	step, err := fz.desk.Submit(context.Background(), fz.uid, a, here)
	if err != nil {
		if guestlist.CodeOf(err) == "" {
			fz.Fatalf("%T%+v: an internal failure: %v", a, a, err)
		}
		return
	}
	switch a.(type) {
	case signin.VerifyCode, signin.VerifyOneTimeToken:
		fz.proved = true
	}
	if step.Finished && len(step.Missing) > 0 {
		fz.Fatalf("%T%+v finished with %v missing", a, a, step.Missing)
	}
	fz.clock.Advance(time.Second)
}

// check looks at what came of it.
func (fz *fuzzed) check() {
	i, err := fz.desk.Load(context.Background(), fz.uid)
	if err != nil {
		fz.Fatal(err)
	}
	if i.Done != nil && !fz.proved {
		fz.Errorf("signed in without a proof: %+v", i.Done)
	}
	made := fz.users() - 1
	if made > 1 || made > 0 && i.Done == nil {
		fz.Errorf("%d accounts were made, finished %v", made, i.Done != nil)
	}
	if !fz.closed || made == 0 {
		return
	}
	u := fz.find(guestlist.IdentifierEmail, invited)
	if u == nil {
		fz.Fatal("somebody who was not invited came in by a closed door")
	}
	fz.view(func(tx *store.Tx) error {
		t, err := tx.OneTimeTokenByToken(fz.token)
		if t.Status != guestlist.OneTimeTokenConsumed || t.ConsumedBy != u.ID {
			fz.Errorf("the token is %s by %q", t.Status, t.ConsumedBy)
		}
		return err
	})
}
