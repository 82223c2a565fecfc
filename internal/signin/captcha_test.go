package signin_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/captcha"
	"guestlist/internal/crypt"
	"guestlist/internal/signin"
	"guestlist/internal/store"
)

const (
	captchaSecret   = "captcha-secret-key"
	rightAnswer     = "a right answer"
	captchaRequired = "session.captcha_required"
	captchaFailed   = "session.captcha_failed"
	captchaDown     = "session.captcha_unavailable"
)

// askCaptcha switches a captcha on, with a provider that knows one right
// answer.
func (d *door) askCaptcha() *httptest.Server {
	d.Helper()
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			d.Error(err)
		}
		w.Header().Set("Content-Type", "application/json")
		if strings.Contains(string(body), "response=a+right+answer") && strings.Contains(string(body), captchaSecret) {
			_, _ = io.WriteString(w, `{"success":true,"error-codes":[]}`)
			return
		}
		_, _ = io.WriteString(w, `{"success":false,"error-codes":["invalid-input-response"]}`)
	}))
	d.Cleanup(provider.Close)
	d.desk.Captcha = &captcha.Verifier{Client: provider.Client(), TurnstileURL: provider.URL}
	d.update(func(tx *store.Tx) error {
		return tx.PutCaptchaProvider(guestlist.CaptchaProvider{
			ID: crypt.ID(), Config: guestlist.CaptchaConfig{Type: guestlist.CaptchaTurnstile, SiteKey: "site", SecretKey: captchaSecret},
			CreatedAt: tx.Now, UpdatedAt: tx.Now,
		})
	})
	d.captcha(true)
	return provider
}

func (d *door) captcha(on bool) {
	d.Helper()
	d.settings(func(e *guestlist.SignInExperience) { e.CaptchaPolicy.Enabled = &on })
}

// attempt begins an interaction with an answer to the captcha.
func (d *door) attempt(event guestlist.InteractionEvent, answer string) string {
	d.Helper()
	uid := d.begin(event)
	d.ok(uid, signin.SetEvent{Event: event, Captcha: answer})
	return uid
}

func TestACaptchaStandsBeforeMessagesAccountsAndTheEnd(t *testing.T) {
	const address = "grace@example.com"
	eachDoor(t, func(d *door) {
		d.settings(func(e *guestlist.SignInExperience) {
			e.SignUp = guestlist.SignUpSettings{Identifiers: []guestlist.IdentifierType{"email"}}
		})
		d.askCaptcha()
		for _, event := range []guestlist.InteractionEvent{guestlist.EventSignIn, guestlist.EventRegister, guestlist.EventForgotPassword} {
			d.refused(d.begin(event), signin.SendCode{Identifier: email(address)}, captchaRequired)
		}
		if code := d.delivered(address); code != "" {
			t.Error("a code was sent")
		}

		uid := d.attempt(guestlist.EventRegister, rightAnswer)
		d.proveByCode(uid, address)
		d.ok(uid, signin.Identify{Latest: true}, signin.Finish{})
		if d.find(guestlist.IdentifierEmail, address) == nil {
			t.Error("who passed has no account")
		}

		// The username is made without a message; the account asks.
		d.settings(func(e *guestlist.SignInExperience) { e.SignUp.Identifiers = []guestlist.IdentifierType{"username"} })
		uid = d.begin(guestlist.EventRegister)
		step := d.ok(uid, signin.NewPasswordIdentity{Username: "machine", Password: goodPassword})
		d.refused(uid, signin.Identify{VerificationID: step.VerificationID}, captchaRequired)
		d.refused(uid, signin.Finish{}, captchaRequired)
		if d.find(guestlist.IdentifierUsername, "machine") != nil {
			t.Error("a machine came in")
		}
	})
}

func TestSigningInEndsWithACaptcha(t *testing.T) {
	eachDoor(t, func(d *door) {
		d.person(guestlist.User{Username: text("ada")}, goodPassword)
		d.askCaptcha()
		d.captcha(false)
		prove := []signin.Action{signin.VerifyPassword{Identifier: username("ada"), Password: goodPassword}, signin.Identify{Latest: true}}
		uid := d.begin(guestlist.EventSignIn)
		d.ok(uid, prove...)
		d.captcha(true) // while the guest is on the way
		d.refused(uid, signin.Finish{}, captchaRequired)

		// Nobody guesses a password without an answer.
		uid = d.begin(guestlist.EventSignIn)
		for _, guess := range []string{goodPassword, "wrong"} {
			d.refused(uid, signin.VerifyPassword{Identifier: username("ada"), Password: guess}, captchaRequired)
		}
		uid = d.attempt(guestlist.EventSignIn, rightAnswer)
		d.ok(uid, append(prove, signin.Finish{})...)
	})
}

// An answer is for one beginning: beginning anew forgets it, and a wrong one
// leaves everything as it was.
func TestAnAnswerToACaptchaIsForOneBeginning(t *testing.T) {
	eachDoor(t, func(d *door) {
		d.askCaptcha()
		uid := d.attempt(guestlist.EventRegister, rightAnswer)
		shown := func(verified, skipped bool) {
			t.Helper()
			i, err := d.desk.Load(t.Context(), uid)
			if err != nil {
				t.Fatal(err)
			}
			got := i.Public()["captcha"].(map[string]bool)
			if got["verified"] != verified || got["skipped"] != skipped {
				t.Errorf("captcha = %v, want verified %v, skipped %v", got, verified, skipped)
			}
		}
		shown(true, false)
		for _, wrong := range []string{"a wrong answer", strings.Repeat("x", captcha.MaxToken+1), "\xff"} {
			d.refused(uid, signin.SetEvent{Event: guestlist.EventSignIn, Captcha: wrong}, captchaFailed)
		}
		shown(true, false)
		d.ok(uid, signin.ChangeEvent{Event: guestlist.EventSignIn})
		shown(true, false) // switching is no new beginning
		d.ok(uid, signin.SetEvent{Event: guestlist.EventRegister})
		shown(false, false)
		d.refused(uid, signin.SendCode{Identifier: email("grace@example.com")}, captchaRequired)
		d.ok(uid, signin.VerifyOneTimeToken{Email: invited, Token: d.token(invited)})
		shown(false, true)
		d.ok(uid, signin.SendCode{Identifier: email("grace@example.com")})

		d.captcha(false)
		d.ok(uid, signin.SetEvent{Event: guestlist.EventRegister, Captcha: "an answer that nobody asked for"})
		shown(false, false)
	})
}

func TestALinkNeedsNoCaptcha(t *testing.T) {
	eachDoor(t, func(d *door) {
		d.settings(func(e *guestlist.SignInExperience) {
			e.SignUp = guestlist.SignUpSettings{Identifiers: []guestlist.IdentifierType{"email"}}
		})
		d.askCaptcha()
		uid := d.begin(guestlist.EventRegister)
		d.ok(uid, signin.VerifyOneTimeToken{Email: invited, Token: d.token(invited)}, signin.Identify{Latest: true}, signin.Finish{})
	})
}

func TestAProviderThatDoesNotAnswerLetsNobodyIn(t *testing.T) {
	eachDoor(t, func(d *door) {
		provider := d.askCaptcha()
		uid := d.begin(guestlist.EventRegister)
		try := signin.SetEvent{Event: guestlist.EventRegister, Captcha: rightAnswer}
		provider.Close()
		d.refused(uid, try, captchaDown)
		if kind := guestlist.KindOf(d.refusal(uid, try, captchaDown)); kind != guestlist.KindUnavailable {
			t.Errorf("kind = %v, want unavailable", kind)
		}
		if reason := d.lastReason(captchaDown); reason == "" || strings.Contains(reason, captchaSecret) || strings.Contains(reason, rightAnswer) {
			t.Errorf("the audit log says %q, want why, and no secret", reason)
		}

		d.clock.Advance(time.Second)
		d.update(func(tx *store.Tx) error { return tx.DeleteCaptchaProvider() })
		d.refused(uid, try, captchaDown)
		if reason := d.lastReason(captchaDown); !strings.Contains(reason, "no captcha provider is set up") {
			t.Errorf("the audit log says %q", reason)
		}
	})
}

// lastReason returns what the audit log says of the last refusal with a code.
func (d *door) lastReason(code string) (reason string) {
	d.Helper()
	d.view(func(tx *store.Tx) error {
		logs, _, err := tx.Logs(store.LogFilter{}, store.Page{Limit: 20}, 1)
		for i := len(logs) - 1; i >= 0; i-- {
			var line struct{ Error, Reason string }
			if err := json.Unmarshal(logs[i].Payload, &line); err != nil {
				return err
			}
			if line.Error == code {
				reason = line.Reason
			}
		}
		return err
	})
	return reason
}
