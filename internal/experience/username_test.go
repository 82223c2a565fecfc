package experience_test

import (
	"net/url"
	"strings"
	"testing"

	"guestlist"
)

// The policy is told beforehand, and each breach of it stands at the field: on
// the page of a registration, on the page that completes one, and by the API.
func TestUsernamePolicyOnEveryPage(t *testing.T) {
	strict := func(e *guestlist.SignInExperience) {
		e.SignUp = guestlist.SignUpSettings{Identifiers: []guestlist.IdentifierType{guestlist.IdentifierUsername}, Password: true}
		e.UsernamePolicy = guestlist.UsernamePolicy{MinLength: 3, MaxLength: 6, AllowedChars: guestlist.UsernameAllowedChars{Lowercase: true}}
	}
	h := newHouse(t, strict)
	h.user(ada, password)
	register := h.browser()
	page := h.open(register, "/register", nil)
	complete := h.browser()
	h.open(complete, "/sign-in", link(h.token(grace), grace))
	completing := complete.Submit(h.open(complete, "/sign-in", link(h.token(grace), grace)), "form.form", nil)
	at(t, completing, 200, "continue")
	for _, a := range []string{page.One("#f-identifier-hint").Text(), completing.One("#f-identifier-hint").Text()} {
		if a != "Allowed: small letters. 3 to 6 characters." {
			t.Errorf("the hint is %q", a)
		}
	}
	for typed, says := range map[string]string{
		"ab": "too short", "abcdefg": "too long", "Abc": "no capital letters", "abc1": "no digits", "ab_c": "no underscores",
		"1abc": "start with a letter", "a b c": "start with a letter", "": "Fill this in", "äöü": "start with a letter",
	} {
		for path, b := range map[string]func(url.Values) string{
			"/register": func(v url.Values) string {
				a := register.Post(h.srv.URL+"/register", v)
				at(t, a, 422, "register")
				return a.One("#f-identifier-error").Text()
			},
			"/continue/username": func(v url.Values) string {
				a := complete.Post(h.srv.URL+"/continue/username", v)
				at(t, a, 422, "continue")
				return a.One("#f-identifier-error").Text()
			},
		} {
			if got := b(url.Values{"identifier": {typed}}); !strings.Contains(got, says) {
				t.Errorf("%s with %q: %q, want %q in it", path, typed, got, says)
			}
		}
	}
	a := register.Submit(page, "form.form", form{"identifier": "abcdef"})
	at(t, a, 200, "register-password")
	register.Submit(a, "form.form", form{"newPassword": password, "confirmPassword": password})

	// Letter case is ignored: the name is taken however it is written.
	h.settings(func(e *guestlist.SignInExperience) { e.UsernamePolicy.AllowedChars.Uppercase = true })
	b := h.browser()
	a = b.Submit(h.open(b, "/register", nil), "form.form", form{"identifier": "ABCdef"})
	at(t, a, 422, "register")
	if got := a.One("#f-identifier-error").Text(); !strings.Contains(got, "taken") {
		t.Errorf("the same name in capitals: %q", got)
	}
}
