package signin_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/store"
)

const blocked = "session.verification_blocked_too_many_attempts"

func (d *door) from(ip, uid string, a signin.Action) error {
	_, err := d.desk.Submit(context.Background(), uid, a, signin.Caller{IP: ip})
	return err
}

func (d *door) attempts(n int) {
	d.settings(func(e *guestlist.SignInExperience) { e.SentinelPolicy.MaxAttempts = &n })
}

// TestLockOut: on the wire it is Logto's: the last failure answers blocked,
// the right password too, and other identifiers are counted apart.
func TestLockOut(t *testing.T) {
	eachDoor(t, func(d *door) {
		d.attempts(3)
		d.person(guestlist.User{Username: text("alice"), PrimaryEmail: text("alice@example.com")}, goodPassword)
		uid := d.begin(guestlist.EventSignIn)
		wrong := signin.VerifyPassword{Identifier: username("alice"), Password: "wrong"}
		right := signin.VerifyPassword{Identifier: username("alice"), Password: goodPassword}
		d.refused(uid, wrong, "session.invalid_credentials")
		d.refused(uid, wrong, "session.invalid_credentials")
		d.refused(uid, wrong, blocked)
		d.refused(uid, right, blocked)
		d.ok(uid, signin.VerifyPassword{Identifier: email("alice@example.com"), Password: goodPassword})
		if got := d.events(); len(got) != 1 || got[0] != guestlist.EventIdentifierLockout {
			d.Errorf("events %v, want one lock-out", got)
		}
		d.clock.Advance(59 * time.Minute)
		uid = d.begin(guestlist.EventSignIn)
		d.refused(uid, right, blocked)
		d.clock.Advance(2 * time.Minute)
		d.ok(uid, right)
		for range 2 { // a success begins the count anew
			d.refused(uid, wrong, "session.invalid_credentials")
		}
		d.ok(uid, right)
		d.refused(uid, wrong, "session.invalid_credentials")
	})
}

// TestLockOutIsNoWeapon: who is locked out is the one who guessed, from their
// network, and not the guest.
func TestLockOutIsNoWeapon(t *testing.T) {
	eachDoor(t, func(d *door) {
		d.attempts(2)
		d.mode(guestlist.ModeSignIn)
		d.person(guestlist.User{PrimaryEmail: text("alice@example.com")}, goodPassword)
		wrong := signin.VerifyPassword{Identifier: email("alice@example.com"), Password: "wrong"}
		right := signin.VerifyPassword{Identifier: email("ALICE@example.com"), Password: goodPassword}
		uid := d.begin(guestlist.EventSignIn)
		for range 4 {
			if err := d.from("198.51.100.66", uid, wrong); err == nil {
				d.Fatal("a wrong password passed")
			}
		}
		if err := d.from("198.51.100.99", uid, right); guestlist.CodeOf(err) != blocked {
			d.Errorf("another address of the attacker's network: %v", err)
		}
		if err := d.from("203.0.113.5", uid, right); err != nil {
			d.Errorf("the guest: %v", err)
		}
		// From very many networks the identifier itself is blocked, but not
		// where its owner has signed in before.
		for n := range 30 {
			if err := d.from(fmt.Sprintf("10.0.%d.1", n), uid, wrong); err == nil {
				d.Fatal("a wrong password passed")
			}
		}
		if err := d.from("192.0.2.1", uid, right); guestlist.CodeOf(err) != blocked {
			d.Errorf("a new network during an attack: %v", err)
		}
		if err := d.from("203.0.113.250", uid, right); err != nil {
			d.Errorf("the guest at home during an attack: %v", err)
		}
		// A one-time token is unguessable and knows no lock-out.
		if err := d.from("198.51.100.66", uid, signin.VerifyOneTimeToken{Email: "alice@example.com", Token: d.token("alice@example.com")}); err != nil {
			d.Errorf("a one-time token from a blocked network: %v", err)
		}
	})
}

// TestBlockedCallerBurnsNothing: a right code sent by a blocked caller is as
// good afterwards as it was.
func TestBlockedCallerBurnsNothing(t *testing.T) {
	eachDoor(t, func(d *door) {
		d.attempts(3)
		d.person(guestlist.User{PrimaryEmail: text("alice@example.com")}, "")
		uid := d.begin(guestlist.EventSignIn)
		alice := email("alice@example.com")
		d.ok(uid, signin.SendCode{Identifier: alice})
		code := d.delivered(alice.Value)
		for n := range 3 {
			want := "verification_code.code_mismatch"
			if n == 2 {
				want = blocked
			}
			d.refused(uid, signin.VerifyCode{Identifier: alice, Code: wrongCode(code)}, want)
		}
		for range 20 {
			d.refused(uid, signin.VerifyCode{Identifier: alice, Code: code}, blocked)
		}
		if err := d.from("198.51.100.1", uid, signin.VerifyCode{Identifier: alice, Code: code}); err != nil {
			d.Errorf("the right code after the block: %v", err)
		}
	})
}

func wrongCode(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}

// TestManyGuessesAtOnce: however many guesses are in flight, no more than the
// permitted number learns anything.
func TestManyGuessesAtOnce(t *testing.T) {
	eachDoor(t, func(d *door) {
		d.attempts(5)
		d.person(guestlist.User{Username: text("alice")}, goodPassword)
		var mu sync.Mutex
		told := 0
		var wg sync.WaitGroup
		for range 24 {
			uid := d.begin(guestlist.EventSignIn)
			wg.Go(func() {
				_, err := d.submit(uid, signin.VerifyPassword{Identifier: username("alice"), Password: "wrong"})
				mu.Lock()
				defer mu.Unlock()
				if guestlist.CodeOf(err) != blocked {
					told++
				}
			})
		}
		wg.Wait()
		if told != 4 {
			d.Errorf("%d of 24 guesses were judged, want 4 (the fifth answers blocked)", told)
		}
	})
}

func TestCodes(t *testing.T) {
	eachDoor(t, func(d *door) {
		alice := email("alice@example.com")
		d.person(guestlist.User{PrimaryEmail: text(alice.Value)}, "")
		uid := d.begin(guestlist.EventSignIn)
		first := d.ok(uid, signin.SendCode{Identifier: alice, Event: guestlist.EventSignIn})
		if first.Page != "/sign-in/verification-code" {
			d.Errorf("after sending comes %+v", first)
		}
		old := d.delivered(alice.Value)
		d.refused(uid, signin.VerifyCode{Identifier: alice, VerificationID: first.VerificationID, Code: wrongCode(old)}, "verification_code.code_mismatch")
		d.refused(uid, signin.VerifyCode{Identifier: alice, VerificationID: first.VerificationID, Code: "12"}, "verification_code.code_mismatch")
		d.refused(uid, signin.VerifyCode{Identifier: email("other@example.com"), VerificationID: first.VerificationID, Code: old}, "verification_code.email_mismatch")
		d.refused(uid, signin.VerifyCode{Identifier: alice, VerificationID: "nosuchverification0000", Code: old}, "session.verification_session_not_found")
		d.refused(uid, signin.Identify{VerificationID: first.VerificationID}, "session.verification_failed")

		second := d.ok(uid, signin.SendCode{Identifier: alice, Event: guestlist.EventSignIn})
		d.refused(uid, signin.VerifyCode{Identifier: alice, VerificationID: first.VerificationID, Code: old}, "session.verification_session_not_found")
		code := d.delivered(alice.Value)
		d.ok(uid, signin.VerifyCode{Identifier: alice, VerificationID: second.VerificationID, Code: code})
		d.refused(uid, signin.VerifyCode{Identifier: alice, VerificationID: second.VerificationID, Code: code}, "verification_code.not_found")
		d.ok(uid, signin.Identify{VerificationID: second.VerificationID}, signin.Finish{})

		uid = d.begin(guestlist.EventSignIn)
		d.ok(uid, signin.SendCode{Identifier: alice})
		code = d.delivered(alice.Value)
		for range guestlist.DefaultCodeMaxTries {
			d.refused(uid, signin.VerifyCode{Identifier: alice, Code: wrongCode(code)}, "verification_code.code_mismatch")
		}
		d.refused(uid, signin.VerifyCode{Identifier: alice, Code: code}, "verification_code.exceed_max_try")

		d.ok(uid, signin.SendCode{Identifier: alice})
		code = d.delivered(alice.Value)
		d.clock.Advance(guestlist.DefaultCodeTTLSeconds*time.Second + time.Second)
		d.refused(uid, signin.VerifyCode{Identifier: alice, Code: code}, "verification_code.expired")

		other := d.begin(guestlist.EventSignIn)
		d.ok(uid, signin.SendCode{Identifier: alice})
		d.refused(other, signin.VerifyCode{Identifier: alice, Code: d.delivered(alice.Value)}, "session.verification_session_not_found")
	})
}

// TestOneCodeOneWinner: a code that is typed many times at once serves once.
func TestOneCodeOneWinner(t *testing.T) {
	eachDoor(t, func(d *door) {
		to := email("alice@example.com")
		if err := d.desk.SendGenericCode(context.Background(), to, signin.Caller{}); err != nil {
			d.Fatal(err)
		}
		code := d.delivered(to.Value)
		var mu sync.Mutex
		var wg sync.WaitGroup
		wins := 0
		for range 16 {
			wg.Go(func() {
				if d.desk.VerifyGenericCode(context.Background(), to, code) == nil {
					mu.Lock()
					wins++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if wins != 1 {
			d.Errorf("%d winners, want 1", wins)
		}
		if err := d.desk.VerifyGenericCode(context.Background(), to, code); guestlist.CodeOf(err) != "verification_code.not_found" {
			d.Errorf("the same code again: %v", err)
		}
	})
}

func TestMessageLimits(t *testing.T) {
	eachDoor(t, func(d *door) {
		uid := d.begin(guestlist.EventSignIn)
		for n := range 12 {
			_, err := d.submit(uid, signin.SendCode{Identifier: email("Alice@example.com")})
			if (n < 10) != (err == nil) || n >= 10 && guestlist.CodeOf(err) != "request.message_rate_limited" {
				d.Fatalf("message %d: %v", n+1, err)
			}
		}
		if got := d.events(); len(got) != 1 || got[0] != guestlist.EventMessageRateLimited {
			d.Errorf("events %v, want one", got)
		}
		d.clock.Advance(10*time.Minute + time.Second)
		d.ok(uid, signin.SendCode{Identifier: email("alice@example.com")})
		var refused error
		for n := 0; n < 200 && refused == nil; n++ {
			_, refused = d.submit(uid, signin.SendCode{Identifier: email(fmt.Sprintf("n%d@example.com", n))})
		}
		if guestlist.CodeOf(refused) != "request.message_rate_limited" {
			d.Errorf("one network sent 200 messages: %v", refused)
		}
	})
}

// TestNoOracle: to a stranger, an account that exists looks like one that does
// not, in what is answered, what is written and how long it takes.
func TestNoOracle(t *testing.T) {
	d := liteDoor(t)
	d.mode(guestlist.ModeSignIn)
	d.person(guestlist.User{PrimaryEmail: text("known@example.com"), Username: text("known")}, goodPassword)
	d.person(guestlist.User{PrimaryEmail: text("bare@example.com"), Username: text("bare")}, "")
	d.person(guestlist.User{PrimaryEmail: text("out@example.com"), Username: text("out"), IsSuspended: true}, goodPassword)
	least := map[string]time.Duration{}
	for range 4 {
		for _, name := range []string{"known", "bare", "out", "unknown"} {
			uid := d.begin(guestlist.EventSignIn)
			began := time.Now()
			err := d.refusal(uid, signin.VerifyPassword{Identifier: username(name), Password: "wrong-password"}, "session.invalid_credentials")
			if took := time.Since(began); least[name] == 0 || took < least[name] {
				least[name] = took
			}
			if strings.Contains(err.Error(), name) {
				t.Errorf("the refusal of %s names it: %v", name, err)
			}
		}
	}
	for name, took := range least {
		if took < least["known"]/3 || took > least["known"]*3 {
			t.Errorf("%s took %v where a known name took %v", name, took, least["known"])
		}
	}
	for _, event := range []guestlist.InteractionEvent{guestlist.EventSignIn, guestlist.EventForgotPassword} {
		for _, address := range []string{"known@example.com", "unknown@example.com"} {
			uid := d.begin(event)
			before := d.jobs()
			step := d.ok(uid, signin.SendCode{Identifier: email(address), Event: event})
			if len(step.VerificationID) != guestlist.IDLength || d.jobs() != before+1 {
				t.Errorf("%s %s: answered %+v and wrote %d jobs", event, address, step, d.jobs()-before)
			}
			if sent := d.delivered(address) != ""; sent != (address == "known@example.com") {
				t.Errorf("%s %s: delivered %v", event, address, sent)
			}
			d.refused(uid, signin.VerifyCode{Identifier: email(address), Code: "1234567"}, "verification_code.code_mismatch")
		}
	}
	uid := d.begin(guestlist.EventRegister)
	for _, name := range []string{"known", "unknown"} {
		d.refused(uid, signin.SetUsername{Username: name}, "auth.forbidden")
		d.refused(uid, signin.NewPasswordIdentity{Username: name, Password: goodPassword}, "auth.forbidden")
	}
}

// jobs counts every job, the decoys included.
func (d *door) jobs() (total int) {
	d.Helper()
	d.view(func(tx *store.Tx) error {
		counts, err := tx.CountJobs()
		for _, n := range counts {
			total += n
		}
		return err
	})
	return total
}
