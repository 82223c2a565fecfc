package signin_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/invite"
	"guestlist/internal/signin"
	"guestlist/internal/store"
)

// byToken verifies a token and goes on as the API's clients do: sign in, or
// else register.
func (d *door) byToken(address, token string) (string, error) {
	uid := d.begin(guestlist.EventSignIn)
	if _, err := d.submit(uid, signin.VerifyOneTimeToken{Email: address, Token: token}); err != nil {
		return uid, err
	}
	_, err := d.submit(uid, signin.Identify{Latest: true})
	if guestlist.CodeOf(err) == "user.user_not_exist" {
		if _, err = d.submit(uid, signin.ChangeEvent{Event: guestlist.EventRegister}); err == nil {
			_, err = d.submit(uid, signin.Identify{Latest: true})
		}
	}
	if err == nil {
		_, err = d.submit(uid, signin.Finish{})
	}
	return uid, err
}

// TestInvitedGuestComesIn: the product's main job, at a closed door.
func TestInvitedGuestComesIn(t *testing.T) {
	eachDoor(t, func(d *door) {
		d.mode(guestlist.ModeSignIn)
		token := d.token("Guest@Example.com")
		uid, err := d.byToken("guest@example.COM", token)
		if err != nil {
			d.Fatal(err)
		}
		u := d.find(guestlist.IdentifierEmail, "guest@example.com")
		if u == nil || *u.PrimaryEmail != "Guest@Example.com" || u.EmailVerifiedAt == nil || u.LastSignInAt == nil {
			d.Fatalf("the account is %+v", u)
		}
		if got, want := d.events(), []string{guestlist.EventPostRegister, guestlist.EventUserCreated}; !slices.Equal(got, want) {
			d.Errorf("events %v, want %v", got, want)
		}
		if got := d.tokenStatus(token); got != guestlist.OneTimeTokenConsumed {
			d.Errorf("the token is %s", got)
		}
		res, err := d.desk.Resume(context.Background(), uid, "", here)
		if err != nil || res.Session.UserID != u.ID || res.NewCookie == "" {
			d.Fatalf("Resume: %+v, %v", res, err)
		}
		if s, err := d.desk.Session(context.Background(), res.NewCookie); err != nil || s == nil || s.UserID != u.ID {
			d.Errorf("Session: %+v, %v", s, err)
		}
		if _, err := d.desk.Resume(context.Background(), uid, "", here); guestlist.CodeOf(err) != "session.not_found" {
			d.Errorf("a second Resume: %v", err)
		}
		if _, err := d.byToken("guest@example.com", token); !errors.Is(err, guestlist.ErrTokenConsumed) {
			d.Errorf("the token a second time: %v", err)
		}
		if _, err := d.byToken("guest@example.com", d.token("guest@example.com")); err != nil {
			d.Errorf("an existing user signs in: %v", err)
		}
		if got := d.events(); !slices.Equal(got, []string{guestlist.EventPostSignIn}) {
			d.Errorf("events of a sign-in: %v", got)
		}
	})
}

// TestTokenIsHeldNotSpent: opening, verifying and abandoning give nothing up;
// the latest opening has the token, and the one before is told so.
func TestTokenIsHeldNotSpent(t *testing.T) {
	eachDoor(t, func(d *door) {
		d.mode(guestlist.ModeSignIn)
		token := d.token(invited)
		verify := signin.VerifyOneTimeToken{Email: invited, Token: token}
		first, second := d.begin(guestlist.EventSignIn), d.begin(guestlist.EventSignIn)
		if _, err := d.desk.OpenToken(context.Background(), first, token, invited); err != nil {
			d.Fatal(err)
		}
		d.ok(first, verify)
		d.ok(second, verify)
		d.ok(second, verify) // again in the same interaction
		if got := d.tokenStatus(token); got != guestlist.OneTimeTokenActive {
			d.Fatalf("a held token is shown as %s", got)
		}
		d.ok(first, signin.ChangeEvent{Event: guestlist.EventRegister}, signin.Identify{Latest: true})
		d.refused(first, signin.Finish{}, "one_time_token.opened_elsewhere")
		if d.find(guestlist.IdentifierEmail, invited) != nil {
			d.Fatal("the refused redemption left an account")
		}
		if keys := d.events(); len(keys) != 0 {
			d.Fatalf("the refused redemption left events %v", keys)
		}
		d.clock.Advance(2 * time.Minute)
		d.ok(second, signin.ChangeEvent{Event: guestlist.EventRegister}, signin.Identify{Latest: true}, signin.Finish{})
	})
}

// TestTokenLapses: with its own time before it is verified, with the
// interaction afterwards.
func TestTokenLapses(t *testing.T) {
	eachDoor(t, func(d *door) {
		d.mode(guestlist.ModeSignIn)
		token := d.token(invited)
		uid := d.begin(guestlist.EventSignIn)
		d.ok(uid, signin.VerifyOneTimeToken{Email: invited, Token: token}, signin.ChangeEvent{Event: guestlist.EventRegister}, signin.Identify{Latest: true})
		d.clock.Advance(guestlist.DefaultOneTimeTokenTTL + time.Second)
		late := d.begin(guestlist.EventSignIn)
		d.refused(late, signin.VerifyOneTimeToken{Email: invited, Token: token}, "one_time_token.token_expired")
		d.clock.Advance(signin.InteractionTTL * time.Second)
		d.refused(uid, signin.Finish{}, "session.not_found")
		if d.users() != 0 {
			d.Error("a lapsed interaction made an account")
		}

		slow := d.token(invited)
		uid = d.begin(guestlist.EventSignIn)
		d.ok(uid, signin.VerifyOneTimeToken{Email: invited, Token: slow}, signin.ChangeEvent{Event: guestlist.EventRegister})
		d.clock.Advance(guestlist.DefaultOneTimeTokenTTL + time.Second)
		d.ok(uid, signin.Identify{Latest: true}, signin.Finish{}) // verified in time, then typed slowly
	})
}

// TestTokenTakenBack: what an administrator revokes or a machine consumes is
// not redeemed by whoever holds it.
func TestTokenTakenBack(t *testing.T) {
	eachDoor(t, func(d *door) {
		for code, take := range map[string]func(tx *store.Tx, token string) error{
			"one_time_token.token_revoked": func(tx *store.Tx, token string) error {
				t, err := tx.OneTimeTokenByToken(token)
				if err == nil {
					_, err = invite.SetStatus(tx, t.ID, guestlist.OneTimeTokenRevoked)
				}
				return err
			},
			"one_time_token.token_consumed": func(tx *store.Tx, token string) error {
				_, err := invite.Verify(tx, token, invited)
				return err
			},
			"one_time_token.token_not_found": func(tx *store.Tx, token string) error {
				t, err := tx.OneTimeTokenByToken(token)
				if err == nil {
					err = tx.DeleteOneTimeToken(t.ID)
				}
				return err
			},
		} {
			token := d.token(invited)
			uid := d.begin(guestlist.EventSignIn)
			d.ok(uid, signin.VerifyOneTimeToken{Email: invited, Token: token}, signin.ChangeEvent{Event: guestlist.EventRegister}, signin.Identify{Latest: true})
			d.update(func(tx *store.Tx) error { return take(tx, token) })
			d.refused(uid, signin.Finish{}, code)
		}
		if d.users() != 0 {
			d.Error("an account was made")
		}
	})
}

// TestOneWinner: of many interactions and machines that go for one token at
// once, one gets it, and one account exists.
func TestOneWinner(t *testing.T) {
	rounds, contenders := 6, 64
	if testing.Short() {
		rounds = 1
	}
	eachDoor(t, func(d *door) {
		d.mode(guestlist.ModeSignIn)
		for round := range rounds {
			address := fmt.Sprintf("guest%d@example.com", round)
			token := d.token(address)
			var winners, consumed int
			var mu sync.Mutex
			var wg sync.WaitGroup
			for n := range contenders {
				wg.Go(func() {
					var err error
					if n%4 == 0 {
						err = d.st.Update(context.Background(), func(tx *store.Tx) error {
							_, err := invite.Verify(tx, token, address)
							return err
						})
					} else {
						_, err = d.byToken(address, token)
					}
					mu.Lock()
					defer mu.Unlock()
					switch {
					case err == nil:
						winners++
					case errors.Is(err, guestlist.ErrTokenConsumed):
						consumed++
					case errors.Is(err, invite.ErrOpenedElsewhere), guestlist.CodeOf(err) == "user.email_already_in_use":
					default:
						d.Errorf("round %d: %v", round, err)
					}
				})
			}
			wg.Wait()
			if winners != 1 || consumed == 0 {
				d.Errorf("round %d: %d winners, %d losers, want 1 winner", round, winners, consumed)
			}
		}
		if d.users() > rounds {
			d.Errorf("%d users after %d rounds", d.users(), rounds)
		}
	})
}

// TestRedeemRace: many Finish of many interactions that all hold, or held, the
// token: the narrowest place.
func TestRedeemRace(t *testing.T) {
	eachDoor(t, func(d *door) {
		d.mode(guestlist.ModeSignIn)
		for round := range 5 {
			address := fmt.Sprintf("racer%d@example.com", round)
			token := d.token(address)
			uids := make([]string, 8)
			for n := range uids {
				uids[n] = d.begin(guestlist.EventSignIn)
				d.ok(uids[n], signin.VerifyOneTimeToken{Email: address, Token: token}, signin.ChangeEvent{Event: guestlist.EventRegister}, signin.Identify{Latest: true})
			}
			var wg sync.WaitGroup
			wins := make([]bool, len(uids))
			for n, uid := range uids {
				wg.Go(func() {
					_, err := d.submit(uid, signin.Finish{})
					wins[n] = err == nil
				})
			}
			wg.Wait()
			for n, won := range wins {
				if won != (n == len(uids)-1) {
					d.Errorf("round %d: interaction %d won: %v; the last opening has the token", round, n, won)
				}
			}
		}
	})
}

// TestButtonsAloneDoNotFinish: a scanner that presses every button and types
// nothing gets nowhere, and the guest still comes in.
func TestButtonsAloneDoNotFinish(t *testing.T) {
	eachDoor(t, func(d *door) {
		d.mode(guestlist.ModeSignIn)
		d.person(guestlist.User{PrimaryEmail: text("member@example.com")}, goodPassword)
		for _, address := range []string{invited, "member@example.com"} {
			token := d.token(address)
			press := signin.VerifyOneTimeToken{Email: address, Token: token, Hosted: true}
			scanner := d.begin(guestlist.EventSignIn)
			view, err := d.desk.OpenToken(context.Background(), scanner, token, address)
			if err != nil || !view.NeedsAddress {
				d.Fatalf("OpenToken(%s) = %+v, %v; want an address asked", address, view, err)
			}
			if step := d.ok(scanner, press); step.Page != signin.PageOneTimeToken {
				d.Errorf("after the button comes %+v", step)
			}
			if address == invited {
				d.ok(scanner, signin.ChangeEvent{Event: guestlist.EventRegister})
			}
			d.ok(scanner, signin.Identify{Latest: true})
			d.refused(scanner, signin.Finish{}, "one_time_token.confirmation_required")

			guest := d.begin(guestlist.EventSignIn)
			wrong, right := press, press
			wrong.Typed, right.Typed = "somebody@example.com", "  "+address
			right.Typed = address
			d.refused(guest, wrong, "one_time_token.email_mismatch")
			d.ok(guest, right)
			if address == invited {
				d.ok(guest, signin.ChangeEvent{Event: guestlist.EventRegister})
			}
			d.ok(guest, signin.Identify{Latest: true}, signin.Finish{})
		}
	})
}

func TestConfirmationSetting(t *testing.T) {
	d := liteDoor(t)
	for _, c := range []struct {
		setting  string
		password bool // the sign-up asks for a password
		asks     bool
	}{
		{"", false, true}, {"", true, false}, {guestlist.ConfirmWhenNothingElseIsAsked, false, true},
		{guestlist.ConfirmAlways, true, true}, {guestlist.ConfirmNever, false, false},
	} {
		d.settings(func(e *guestlist.SignInExperience) {
			e.OneTimeTokenConfirmation, e.SignUp.Password = c.setting, c.password
		})
		token := d.token(invited)
		uid := d.begin(guestlist.EventSignIn)
		view, err := d.desk.OpenToken(context.Background(), uid, token, invited)
		if err != nil || view.NeedsAddress != c.asks {
			d.Errorf("%+v: OpenToken = %+v, %v", c, view, err)
		}
		d.ok(uid, signin.VerifyOneTimeToken{Email: invited, Token: token, Hosted: true}, signin.ChangeEvent{Event: guestlist.EventRegister})
		if c.password {
			d.refused(uid, signin.Identify{Latest: true}, "user.missing_profile")
			d.ok(uid, signin.SetPassword{Password: goodPassword})
		}
		d.ok(uid, signin.Identify{Latest: true})
		if c.asks {
			d.refused(uid, signin.Finish{}, "one_time_token.confirmation_required")
		} else {
			d.ok(uid, signin.Finish{})
		}
		d.evict()
	}
}

// TestWrongAddressesAreCounted: the masked address is not to be guessed.
func TestWrongAddressesAreCounted(t *testing.T) {
	d := liteDoor(t)
	token := d.token(invited)
	uid := d.begin(guestlist.EventSignIn)
	for range 10 {
		d.refused(uid, signin.VerifyOneTimeToken{Token: token, Hosted: true, Typed: "guess@example.com"}, "one_time_token.email_mismatch")
	}
	d.refused(uid, signin.VerifyOneTimeToken{Token: token, Hosted: true, Typed: "guess@example.com"}, "session.verification_blocked_too_many_attempts")
	d.refused(uid, signin.VerifyOneTimeToken{Token: token, Hosted: true, Typed: invited}, "session.verification_blocked_too_many_attempts")
	d.clock.Advance(5 * time.Minute)
	elsewhere := signin.Caller{IP: "198.51.100.1"}
	if _, err := d.desk.Submit(context.Background(), uid, signin.VerifyOneTimeToken{Token: token, Hosted: true, Typed: invited}, elsewhere); err != nil {
		d.Errorf("the guest, from elsewhere: %v", err)
	}
}

// TestTokenRefusals: the order and the codes of the contract, and no record
// left by a failure.
func TestTokenRefusals(t *testing.T) {
	d := liteDoor(t)
	token, reset := d.token(invited), d.tokenFor(invited, guestlist.EventForgotPassword)
	uid := d.begin("")
	d.refused(uid, signin.VerifyOneTimeToken{Email: invited, Token: token}, "session.interaction_not_found")
	d.ok(uid, signin.SetEvent{Event: guestlist.EventSignIn})
	d.refused(uid, signin.VerifyOneTimeToken{Email: invited, Token: "unknown"}, "one_time_token.token_not_found")
	d.refused(uid, signin.VerifyOneTimeToken{Email: stranger, Token: token}, "one_time_token.email_mismatch")
	d.refused(uid, signin.VerifyOneTimeToken{Email: invited, Token: reset}, "one_time_token.interaction_event_mismatch")
	d.refused(uid, signin.VerifyOneTimeToken{Email: "nope", Token: token}, "guard.invalid_input")
	d.refused(uid, signin.VerifyOneTimeToken{Email: "", Token: token}, "guard.invalid_input")
	i, err := d.desk.Load(context.Background(), uid)
	if err != nil || len(i.Records) != 0 {
		d.Errorf("failures left %+v, %v", i.Records, err)
	}
	d.ok(uid, signin.VerifyOneTimeToken{Email: invited, Token: token})
	d.refused(uid, signin.VerifyOneTimeToken{Email: invited, Token: "unknown"}, "one_time_token.token_not_found")
	if i, err = d.desk.Load(context.Background(), uid); err != nil || len(i.Records) != 1 {
		d.Errorf("a later failure took the record: %+v, %v", i.Records, err)
	}
	d.refused(uid, signin.Identify{Latest: true}, "user.user_not_exist")
}

// TestResetByLink: a token for ForgotPassword recovers a password and ends
// what the old one let in.
func TestResetByLink(t *testing.T) {
	eachDoor(t, func(d *door) {
		u := d.person(guestlist.User{PrimaryEmail: text("member@example.com")}, goodPassword)
		token := d.tokenFor("member@example.com", guestlist.EventForgotPassword)
		uid := d.begin(guestlist.EventForgotPassword)
		d.ok(uid, signin.VerifyOneTimeToken{Email: "member@example.com", Token: token})
		if step := d.ok(uid, signin.Identify{Latest: true}); step.Page != signin.PageNewPassword {
			d.Errorf("after identification comes %+v", step)
		}
		d.refused(uid, signin.Finish{}, "user.new_password_required_in_profile")
		d.refused(uid, signin.SetNewPassword{Password: goodPassword}, "user.same_password")
		d.refused(uid, signin.SetNewPassword{Password: "short"}, "password.rejected")
		step := d.ok(uid, signin.SetNewPassword{Password: "Another-Pass-77"}, signin.Finish{})
		if !step.Finished || step.RedirectTo != "" {
			d.Errorf("a reset ends with %+v", step)
		}
		if got, want := d.events(), []string{guestlist.EventPostResetPassword, guestlist.EventUserDataUpdated}; !slices.Equal(got, want) {
			d.Errorf("events %v, want %v", got, want)
		}
		d.ok(uid, signin.SetEvent{Event: guestlist.EventSignIn}, signin.VerifyPassword{Identifier: email("member@example.com"), Password: "Another-Pass-77"},
			signin.Identify{Latest: true}, signin.Finish{})
		res, err := d.desk.Resume(context.Background(), uid, "", here)
		if err != nil || res.Session.UserID != u.ID {
			d.Errorf("Resume: %+v, %v", res, err)
		}
	})
}
