package experience_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"

	"guestlist"
	"guestlist/internal/invite"
	"guestlist/internal/store"
	"guestlist/internal/web/webtest"
)

func link(token, email string) url.Values {
	return url.Values{"one_time_token": {token}, "login_hint": {email}}
}

// The product's main job: somebody who was sent a link comes in though the
// door is closed.
func TestLinkLetsANewGuestIn(t *testing.T) {
	h := newHouse(t, closed)
	token := h.token(grace)
	b := h.browser()
	a := h.open(b, "/sign-in", link(token, grace))
	at(t, a, 200, "one-time-token")
	if strings.Contains(a.URL.String(), token) || strings.Contains(a.Source, token) {
		t.Error("the token is still in the address or on the page")
	}
	if a.Header.Get("Referrer-Policy") != "no-referrer" || a.Header.Get("Cache-Control") != "no-store" || a.Header.Get("X-Robots-Tag") != "noindex" {
		t.Errorf("headers: %v", a.Header)
	}
	if !strings.Contains(a.One("h1").Text(), "Northwind") || !strings.Contains(a.One(".facts").Text(), grace) || !a.Has(".facts time") {
		t.Errorf("the page does not say where, as whom and until when: %s", a.One("main").Text())
	}
	a = b.Submit(a, "form.form", nil)
	at(t, a, 200, "continue")
	in(t, b.Submit(a, "form.form", form{"newPassword": password, "confirmPassword": password}), grace)

	again := h.browser()
	at(t, h.open(again, "/sign-in", link(token, grace)), 200, "one-time-token-error")
}

func TestLinkOfAnExistingUserAsksForTheAddress(t *testing.T) {
	h := newHouse(t, closed)
	h.user(ada, password)
	token := h.token(ada)
	b := h.browser()
	a := h.open(b, "/sign-in", link(token, ada))
	at(t, a, 200, "one-time-token")
	if strings.Contains(a.Source, ada) || !strings.Contains(a.One(".facts").Text(), "a•••@e•••.com") {
		t.Errorf("the address is to be typed, and shown masked: %s", a.One("main").HTML())
	}
	a = b.Submit(a, "form.form", nil)
	at(t, a, 422, "one-time-token")
	a = b.Submit(a, "form.form", form{"identifier": grace})
	at(t, a, 422, "one-time-token")
	if !strings.Contains(a.One("#f-identifier-error").Text(), "not the address") {
		t.Errorf("a wrong address: %s", a.One("main").HTML())
	}
	in(t, b.Submit(a, "form.form", form{"identifier": "ADA@example.com"}), ada)
}

// A scanner that opens everything and submits every form without typing gets
// nothing, and the guest gets in afterwards.
func TestScannerGetsNothingAndTakesNothing(t *testing.T) {
	for _, known := range []bool{false, true} {
		h := newHouse(t, closed)
		if known {
			h.user(ada, password)
		}
		token := h.token(ada)
		scanner := h.browser()
		for range 2 {
			a := h.open(scanner, "/sign-in", link(token, ada))
			for range 4 { // press the button of whatever page comes
				forms := a.All("form.form")
				if len(forms) == 0 {
					break
				}
				a = scanner.Submit(a, "form.form", nil)
			}
			if strings.HasPrefix(a.One("body").Text(), "In as") || scanner.Cookie(h.srv.URL, "_session") != "" {
				t.Fatalf("known=%v: the scanner got in", known)
			}
		}
		b := h.browser()
		a := h.open(b, "/sign-in", link(token, ada))
		at(t, a, 200, "one-time-token")
		if known {
			in(t, b.Submit(a, "form.form", form{"identifier": ada}), ada)
			continue
		}
		a = b.Submit(a, "form.form", nil)
		in(t, b.Submit(a, "form.form", form{"newPassword": password, "confirmPassword": password}), ada)
	}
}

// Opening the page neither consumes nor holds the token.
func TestOpeningALinkChangesNothing(t *testing.T) {
	h := newHouse(t, closed)
	token := h.token(grace)
	read := func() guestlist.OneTimeToken {
		var found guestlist.OneTimeToken
		h.must(h.st.View(context.Background(), func(tx *store.Tx) error {
			var err error
			found, err = tx.OneTimeTokenByToken(token)
			return err
		}))
		return found
	}
	before := read()
	b := h.browser()
	h.open(b, "/sign-in", link(token, grace))
	h.open(b, "/register", link(token, grace))
	b.Get(h.srv.URL + "/one-time-token?app_id=northwind")
	if after := read(); after.Status != before.Status || after.HeldBy != before.HeldBy || after.HeldUntil != before.HeldUntil {
		t.Errorf("opened: %+v, before: %+v", after, before)
	}
}

// A link that leads to the page itself carries its token in the form.
func TestLinkOpenedAtThePageItself(t *testing.T) {
	h := newHouse(t, closed)
	token := h.token(grace)
	b := h.browser()
	h.open(b, "/sign-in", nil)
	a := b.Get(h.srv.URL + "/one-time-token?" + link(token, grace).Encode())
	at(t, a, 200, "one-time-token")
	a = b.Submit(a, "form.form", nil)
	at(t, a, 200, "continue")
	if strings.Contains(a.URL.String(), token) {
		t.Error("the token went on in the address")
	}
	in(t, b.Submit(a, "form.form", form{"newPassword": password, "confirmPassword": password}), grace)
}

func TestLinkForResettingAPassword(t *testing.T) {
	h := newHouse(t, closed)
	h.user(ada, password)
	var token guestlist.OneTimeToken
	h.update(func(tx *store.Tx) error {
		var err error
		token, err = invite.Issue(tx, invite.Order{Email: ada, Context: guestlist.OneTimeTokenContext{InteractionEvent: guestlist.EventForgotPassword}})
		return err
	})
	const fresh = "a wholly new phrase 9"
	b := h.browser()
	a := h.open(b, "/reset-password", link(token.Token, ada))
	at(t, a, 200, "one-time-token")
	if a.One("h1").Text() != "Choose a new password" || a.Has("#f-identifier") {
		t.Errorf("the page of a reset link: %s", a.One("main").Text())
	}
	a = b.Submit(a, "form.form", nil)
	at(t, a, 200, "new-password")
	a = b.Submit(a, "form.form", form{"newPassword": fresh, "confirmPassword": fresh})
	at(t, a, 200, "sign-in")
	a = b.Submit(a, "form.form", form{"identifier": ada})
	in(t, b.Submit(a, "form.form", form{"password": fresh}), ada)
}

func TestBadLinks(t *testing.T) {
	h := newHouse(t, closed)
	token := h.token(grace)
	for name, params := range map[string]url.Values{
		"unknown token":  link("nonsense", grace),
		"other address":  link(token, ada),
		"raw error text": {"errorMessage": {"<b>Call +1 555 to win</b>"}},
	} {
		b := h.browser()
		a := h.open(b, "/one-time-token", params)
		at(t, a, 200, "one-time-token-error")
		if a.One("h1").Text() != "Invalid link" || strings.Contains(a.Source, "+1 555") {
			t.Errorf("%s: %s", name, a.One("main").Text())
		}
	}
}

// signedIn returns a browser in which ada is signed in.
func signedIn(t *testing.T, h *house) *webtest.Browser {
	b := h.browser()
	a := b.Submit(h.open(b, "/sign-in", nil), "form.form", form{"identifier": ada})
	in(t, b.Submit(a, "form.form", form{"password": password}), ada)
	return b
}

func TestLinkForSomebodyElseAsksToSwitch(t *testing.T) {
	h := newHouse(t, closed)
	h.user(ada, password)
	token := h.token(grace)
	b := signedIn(t, h)
	a := h.open(b, "/consent", link(token, grace))
	at(t, a, 200, "switch-account")
	if a.One("h1").Text() != "You are currently signed in as "+ada {
		t.Errorf("heading = %q", a.One("h1").Text())
	}
	if back := a.All(".actions a")[1]; back.Attr("href") != "https://app.example" || back.Text() != "Back to current account" {
		t.Errorf("way back: %s", back.HTML())
	}
	a = b.Follow(a, "Continue as "+grace)
	at(t, a, 200, "one-time-token")
	a = b.Submit(a, "form.form", nil)
	at(t, a, 200, "continue")
	in(t, b.Submit(a, "form.form", form{"newPassword": password, "confirmPassword": password}), grace)
}

func TestConsentOfOurOwnApplicationIsSilent(t *testing.T) {
	h := newHouse(t, closed)
	h.user(ada, password)
	b := signedIn(t, h)
	in(t, h.open(b, "/consent", nil), ada)
}

func TestConsentOfAThirdPartyIsAsked(t *testing.T) {
	h := newHouse(t, closed)
	h.user(ada, password)
	b := signedIn(t, h)
	thirdParty(h)
	a := h.open(b, "/consent", nil)
	at(t, a, 200, "consent")
	if !strings.Contains(a.One("main").Text(), ada) || !a.Has("button[value=deny]") {
		t.Errorf("consent page: %s", a.One("main").Text())
	}
	if got := a.One(".grants").Text(); got != "Your email" {
		t.Errorf("it asks for %q", got)
	}
	in(t, b.Submit(a, "form.form", form{"submit": "allow"}), ada)
}

// thirdParty makes the application somebody else's. Whether it is ours is fixed
// when an application is made.
func thirdParty(h *house) {
	h.update(func(tx *store.Tx) error {
		app, err := tx.Application(testApp)
		if err != nil {
			return err
		}
		app.IsThirdParty = true
		return errors.Join(tx.DeleteApplication(testApp), tx.InsertApplication(app), tx.AddApplicationConsent(testApp, []string{"email"}, nil))
	})
}
