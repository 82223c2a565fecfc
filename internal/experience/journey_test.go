package experience_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/web/webtest"
)

type form = map[string]string

const (
	ada      = "ada@example.com"
	grace    = "grace@example.com"
	password = "correct horse 77"
)

func closed(e *guestlist.SignInExperience) { e.SignInMode = guestlist.ModeSignIn }

func TestSignInWithPassword(t *testing.T) {
	h := newHouse(t, closed)
	h.user(ada, password)
	b := h.browser()
	a := h.open(b, "/sign-in", url.Values{"login_hint": {ada}})
	at(t, a, 200, "sign-in")
	if got := a.One("#f-identifier").Attr("value"); got != ada {
		t.Errorf("login_hint is not prefilled: %q", got)
	}
	a = b.Submit(a, "form.form", form{"identifier": ada})
	at(t, a, 200, "sign-in-password")
	if !strings.Contains(a.One(".lead").Text(), ada) {
		t.Errorf("the page does not say who signs in: %q", a.One(".lead").Text())
	}
	a = b.Submit(a, "form.form", form{"password": "wrong"})
	at(t, a, 422, "sign-in-password")
	if a.One(".alert").Text() == "" || a.One("#f-password").HasAttr("value") {
		t.Errorf("after a wrong password: %s", a.One("main").HTML())
	}
	in(t, b.Submit(a, "form.form", form{"password": password}), ada)
}

func TestSignInOnOnePage(t *testing.T) {
	h := newHouse(t, func(e *guestlist.SignInExperience) {
		for i := range e.SignIn.Methods {
			e.SignIn.Methods[i].VerificationCode = false
		}
	})
	h.user(ada, password)
	b := h.browser()
	a := h.open(b, "/sign-in", nil)
	a = b.Submit(a, "form.form", form{"identifier": " "})
	at(t, a, 422, "sign-in")
	for _, field := range []string{"identifier", "password"} {
		if a.One("#f-"+field).Attr("aria-invalid") != "true" {
			t.Errorf("%s is empty and nobody says so", field)
		}
	}
	a = b.Submit(a, "form.form", form{"identifier": ada, "password": "wrong"})
	at(t, a, 422, "sign-in")
	if a.One("#f-identifier").Attr("value") != ada {
		t.Error("the page forgot what was typed")
	}
	in(t, b.Submit(a, "form.form", form{"identifier": "Ada@Example.com", "password": password}), ada)
}

func TestSignInWithCode(t *testing.T) {
	h := newHouse(t, closed)
	h.user(ada, password)
	b := h.browser()
	a := b.Submit(h.open(b, "/sign-in", nil), "form.form", form{"identifier": ada})
	a = b.Submit(a, ".actions form", nil) // "Get a code instead"
	at(t, a, 200, "verification-code")
	input := a.One("#f-code")
	if input.Attr("autocomplete") != "one-time-code" || input.Attr("inputmode") != "numeric" {
		t.Errorf("code input: %s", input.HTML())
	}
	first := h.code(ada)
	a = b.Submit(a, "form.form", form{"code": "12"})
	at(t, a, 422, "verification-code")
	a = b.Submit(a, ".actions form", nil) // "Send a new code"
	at(t, a, 200, "verification-code")
	if a.One(".alert.good").Text() == "" || a.One("[data-wait]").Attr("data-wait") != "60" {
		t.Errorf("after asking for a new code: %s", a.One("main").HTML())
	}
	again := b.Get(a.URL.String())
	again.None(".alert")
	second := h.code(ada)
	a = b.Submit(a, "form.form", form{"code": first})
	at(t, a, 400, "verification-code")
	if a.One("#f-code").Attr("aria-invalid") != "true" {
		t.Error("an old code is not marked at its field")
	}
	in(t, b.Submit(a, "form.form", form{"code": second[:3] + " " + second[3:]}), ada)
}

// The page of a code says the same for a stranger as for a user, while the
// door is closed.
func TestCodePageIsNoOracle(t *testing.T) {
	h := newHouse(t, func(e *guestlist.SignInExperience) {
		closed(e)
		e.SignIn.Methods[0].Password = false
	})
	h.user(ada, "")
	text := map[string]string{}
	for _, who := range []string{ada, grace} {
		for _, screen := range []string{"/sign-in", "/reset-password"} {
			b := h.browser()
			a := b.Submit(h.open(b, screen, nil), "form.form", form{"identifier": who})
			at(t, a, 200, "verification-code")
			a = b.Submit(a, "form.form", form{"code": "000000"})
			key := screen + strings.ReplaceAll(a.One("main").Text(), who, "…")
			text[key] += who
		}
	}
	for page, who := range text {
		if who != ada+grace {
			t.Errorf("only %s sees %q", who, page)
		}
	}
}

func TestRegisterByEmail(t *testing.T) {
	h := newHouse(t, nil)
	b := h.browser()
	a := h.open(b, "/sign-in", nil)
	a = b.Follow(a, "Create account")
	at(t, a, 200, "register")
	a = b.Submit(a, "form.form", form{"identifier": "grace"})
	at(t, a, 422, "register")
	a = b.Submit(a, "form.form", form{"identifier": grace})
	at(t, a, 200, "verification-code")
	a = b.Submit(a, "form.form", form{"code": h.code(grace)})
	at(t, a, 200, "continue")
	if a.URL.Path != "/continue/password" {
		t.Errorf("at %s", a.URL)
	}
	a = b.Submit(a, "form.form", form{"newPassword": "abc", "confirmPassword": "abd"})
	at(t, a, 422, "continue")
	if !strings.Contains(a.One("#f-confirmPassword-error").Text(), "differ") {
		t.Errorf("two passwords: %s", a.One("main").HTML())
	}
	a = b.Submit(a, "form.form", form{"newPassword": "abc", "confirmPassword": "abc"})
	at(t, a, 422, "continue")
	if !strings.Contains(a.One("#f-newPassword-error").Text(), "at least 8 characters") {
		t.Errorf("a short password: %q", a.One("#f-newPassword-error").Text())
	}
	in(t, b.Submit(a, "form.form", form{"newPassword": password, "confirmPassword": password}), grace)
}

func TestRegisterByUsername(t *testing.T) {
	h := newHouse(t, func(e *guestlist.SignInExperience) {
		e.SignUp = guestlist.SignUpSettings{Identifiers: []guestlist.IdentifierType{guestlist.IdentifierUsername}, Password: true}
	})
	b := h.browser()
	a := b.Submit(h.open(b, "/register", nil), "form.form", form{"identifier": "9 lives"})
	at(t, a, 422, "register")
	a = b.Submit(a, "form.form", form{"identifier": "grace_h"})
	at(t, a, 200, "register-password")
	in(t, b.Submit(a, "form.form", form{"newPassword": password, "confirmPassword": password}), "grace_h")

	b = h.browser()
	a = b.Submit(h.open(b, "/register", nil), "form.form", form{"identifier": "grace_h"})
	at(t, a, 422, "register")
	if !strings.Contains(a.One("#f-identifier-error").Text(), "taken") {
		t.Errorf("a taken name: %s", a.One("main").HTML())
	}
}

// An address that was proved is offered the other thing: only who reads the
// mailbox learns whether there is an account.
func TestProvedAddressIsOfferedTheOtherThing(t *testing.T) {
	h := newHouse(t, func(e *guestlist.SignInExperience) {
		e.SignIn.Methods[0].Password = false
		e.SignUp.Password = false
	})
	h.user(ada, "")
	b := h.browser()
	a := b.Submit(h.open(b, "/register", nil), "form.form", form{"identifier": ada})
	a = b.Submit(a, "form.form", form{"code": h.code(ada)})
	at(t, a, 200, "offer")
	in(t, b.Submit(a, "form.form", nil), ada)

	b = h.browser()
	a = b.Submit(h.open(b, "/sign-in", nil), "form.form", form{"identifier": grace})
	a = b.Submit(a, "form.form", form{"code": h.code(grace)})
	at(t, a, 200, "offer")
	in(t, b.Submit(a, "form.form", nil), grace)
}

func TestResetPassword(t *testing.T) {
	h := newHouse(t, closed)
	h.user(ada, password)
	const fresh = "a wholly new phrase 9"
	b := h.browser()
	a := h.open(b, "/reset-password", url.Values{"login_hint": {ada}})
	at(t, a, 200, "reset-password")
	if a.One("#f-identifier").Attr("value") != ada {
		t.Error("login_hint is not prefilled")
	}
	a = b.Submit(a, "form.form", nil)
	a = b.Submit(a, "form.form", form{"code": h.code(ada)})
	at(t, a, 200, "new-password")
	a = b.Submit(a, "form.form", form{"newPassword": fresh, "confirmPassword": fresh})
	at(t, a, 200, "sign-in")
	if !strings.Contains(a.One(".alert.good").Text(), "saved") {
		t.Errorf("nobody says that it worked: %s", a.One("main").HTML())
	}
	a = b.Submit(a, "form.form", form{"identifier": ada})
	in(t, b.Submit(a, "form.form", form{"password": fresh}), ada)
}

func TestForgotPasswordNeedsProof(t *testing.T) {
	h := newHouse(t, nil)
	b := h.browser()
	h.open(b, "/sign-in", nil)
	for _, method := range []func() *webtest.Answer{
		func() *webtest.Answer { return b.Get(h.srv.URL + "/forgot-password/reset") },
		func() *webtest.Answer {
			return b.Post(h.srv.URL+"/forgot-password/reset", url.Values{"newPassword": {password}, "confirmPassword": {password}})
		},
	} {
		at(t, method(), 200, "reset-password")
	}
}

func TestTemporaryPasswordIsChanged(t *testing.T) {
	h := newHouse(t, closed)
	id := h.user(ada, password)
	h.update(func(tx *store.Tx) error {
		d, err := tx.Password(id)
		if err != nil {
			return err
		}
		d.Temporary = true
		return tx.SetPassword(id, d)
	})
	b := h.browser()
	a := b.Submit(h.open(b, "/sign-in", nil), "form.form", form{"identifier": ada})
	a = b.Submit(a, "form.form", form{"password": password})
	at(t, a, 200, "continue")
	if a.One("h1").Text() != "Choose a new password" {
		t.Errorf("heading = %q", a.One("h1").Text())
	}
	a = b.Submit(a, "form.form", form{"newPassword": password, "confirmPassword": password})
	at(t, a, 422, "continue")
	in(t, b.Submit(a, "form.form", form{"newPassword": "another phrase 5", "confirmPassword": "another phrase 5"}), ada)
}

func TestSuspendedUser(t *testing.T) {
	h := newHouse(t, closed)
	id := h.user(ada, password)
	h.update(func(tx *store.Tx) error {
		u, err := tx.User(id)
		if err != nil {
			return err
		}
		u.IsSuspended = true
		return tx.UpdateUser(u)
	})
	b := h.browser()
	a := b.Submit(h.open(b, "/sign-in", nil), "form.form", form{"identifier": ada})
	at(t, b.Submit(a, "form.form", form{"password": password}), 200, "account-suspended")
}

func TestSetup(t *testing.T) {
	h := newHouse(t, closed)
	token, ok, err := h.desk.IssueSetup(t.Context())
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	b := h.browser()
	at(t, b.Get(h.srv.URL+"/setup?token=wrong"), 404, "setup-error")
	a := b.Get(h.srv.URL + "/setup?token=" + token)
	at(t, a, 200, "setup")
	a = b.Submit(a, "form.form", form{"identifier": "root", "newPassword": "abc", "confirmPassword": "abc"})
	at(t, a, http.StatusUnprocessableEntity, "setup")
	a = b.Submit(a, "form.form", form{"identifier": "root", "newPassword": password, "confirmPassword": password})
	at(t, a, 200, "setup-done")
	at(t, b.Get(h.srv.URL+"/setup?token="+token), 404, "setup-error")
}
