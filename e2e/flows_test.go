package e2e

import (
	"net/http"
	"strings"
	"testing"
)

// openHouse is how guests come in where nothing else is said: by every way, and
// with registration open.
func openHouse() map[string]any {
	method := func(identifier string, code bool) map[string]any {
		return map[string]any{"identifier": identifier, "password": true, "verificationCode": code, "isPasswordPrimary": true}
	}
	return map[string]any{
		"signInMode":            "SignInAndRegister",
		"signIn":                map[string]any{"methods": []any{method("username", false), method("email", true), method("phone", true)}},
		"signUp":                map[string]any{"identifiers": []string{"email"}, "password": false, "verify": true},
		"forgotPasswordMethods": []string{"EmailVerificationCode", "PhoneVerificationCode"},
		"socialSignIn":          map[string]any{},
	}
}

// set changes the sign-in experience.
func (s *site) set(changes map[string]any) {
	s.t.Helper()
	s.api("PATCH", "/sign-in-exp", changes, http.StatusOK, nil)
}

// names of users are told apart by this.
func aName() string { return "u" + strings.ToLower(anybody()[6:18]) }

// TestFlows plays the flows of the experience API from outside, each from the
// authorization request to the application's tokens, and holds them to who is
// in at the end.
func TestFlows(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		letters := s.connectMessages()
		flows := []struct {
			name     string
			settings map[string]any // on top of openHouse
			play     func(t *testing.T, s *site, letters *letterbox)
		}{
			{"a password", nil, flowPassword},
			{"a code", nil, flowCode},
			{"a code, and nobody known", nil, flowCodeRegister},
			{"a username and a password", map[string]any{
				"signUp": map[string]any{"identifiers": []string{"username"}, "password": true, "verify": false},
			}, flowUsername},
			{"a forgotten password", nil, flowForgotten},
			{"a one-time token", map[string]any{"signInMode": "SignIn"}, flowToken},
		}
		for _, f := range flows {
			t.Run(f.name, func(t *testing.T) {
				s.set(openHouse())
				if f.settings != nil {
					s.set(f.settings)
				}
				f.play(t, s, letters)
			})
		}
	})
}

// resident makes an account with a password.
func (s *site) resident(body map[string]any) account {
	s.t.Helper()
	var u account
	s.api("POST", "/users", body, http.StatusOK, &u)
	return u
}

func flowPassword(t *testing.T, s *site, _ *letterbox) {
	name, email := aName(), anybody()
	u := s.resident(map[string]any{"username": name, "primaryEmail": email, "password": password})
	for kind, value := range map[string]string{"username": name, "email": strings.ToUpper(email)} {
		v := s.caller(t, "SignIn")
		v.want(http.StatusUnprocessableEntity, "session.invalid_credentials", "POST", apiVerify+"password",
			map[string]any{"identifier": who(kind, value), "password": "not-" + password})
		v.identify(http.StatusNoContent, "", v.byPassword(kind, value, password))
		if v.session() {
			t.Error("a session before the end")
		}
		if in := v.finish(); in.ID != u.ID {
			t.Errorf("%s came in as %v", value, in)
		}
	}
}

func flowCode(t *testing.T, s *site, letters *letterbox) {
	email := anybody()
	u := s.resident(map[string]any{"primaryEmail": email})
	v := s.caller(t, "SignIn")
	v.identify(http.StatusNoContent, "", v.byCode(letters, "email", email, "SignIn"))
	if in := v.finish(); in.ID != u.ID {
		t.Errorf("came in as %v", in)
	}
}

func flowCodeRegister(t *testing.T, s *site, letters *letterbox) {
	for _, id := range []map[string]string{who("email", anybody()), who("phone", "4479460001"+aDigits(2))} {
		kind, address := id["type"], id["value"]
		if kind == "phone" {
			s.set(map[string]any{"signUp": map[string]any{"identifiers": []string{"phone"}, "password": false, "verify": true}})
		}
		v := s.caller(t, "SignIn")
		proof := v.byCode(letters, kind, address, "SignIn")
		v.identify(http.StatusNotFound, "user.user_not_exist", proof).sameData(t, `{"identifier":"`+address+`"}`)
		v.register()
		v.identify(http.StatusCreated, "", proof)
		in := v.finish()
		if in.PrimaryEmail != address && in.PrimaryPhone != address {
			t.Errorf("%s came in as %v", address, in)
		}
	}
}

func flowUsername(t *testing.T, s *site, _ *letterbox) {
	name := aName()
	v := s.caller(t, "Register")
	v.identify(http.StatusUnprocessableEntity, "user.missing_profile", "").sameData(t, `{"missingProfile":["username","password"]}`)
	v.profile(http.StatusNoContent, "", "username", "value", name)
	v.profile(http.StatusNoContent, "", "password", "value", newPassword)
	v.identify(http.StatusCreated, "", "")
	if in := v.finish(); in.Username != name {
		t.Errorf("came in as %v", in)
	}
	name = aName()
	v = s.caller(t, "Register")
	v.identify(http.StatusCreated, "", v.verify("new-password-identity", map[string]any{"identifier": who("username", name), "password": newPassword}))
	in := v.finish()
	v = s.caller(t, "SignIn")
	v.identify(http.StatusNoContent, "", v.byPassword("username", name, newPassword))
	if again := v.finish(); in.Username != name || again != in {
		t.Errorf("registered as %v, came back as %v", in, again)
	}
}

func flowForgotten(t *testing.T, s *site, letters *letterbox) {
	email := anybody()
	u := s.resident(map[string]any{"primaryEmail": email, "password": password})
	v := s.caller(t, "ForgotPassword")
	v.identify(http.StatusNoContent, "", v.byCode(letters, "email", email, "ForgotPassword"))
	v.want(http.StatusUnprocessableEntity, "user.new_password_required_in_profile", "POST", apiExperience+"/submit", nil)
	v.want(http.StatusNoContent, "", "PUT", apiExperience+"/profile/password", map[string]any{"password": newPassword})
	if r := v.want(http.StatusNoContent, "", "POST", apiExperience+"/submit", nil); len(r.body) > 0 || v.session() {
		t.Errorf("a reset signs nobody in, and leads nowhere: %s, session %v", r.body, v.session())
	}
	v.begin("SignIn")
	v.want(http.StatusUnprocessableEntity, "session.invalid_credentials", "POST", apiVerify+"password",
		map[string]any{"identifier": who("email", email), "password": password})
	v.identify(http.StatusNoContent, "", v.byPassword("email", email, newPassword))
	if in := v.finish(); in.ID != u.ID {
		t.Errorf("came in as %v", in)
	}
}

func flowToken(t *testing.T, s *site, _ *letterbox) {
	known, unknown := s.invite(anybody()), s.invite(anybody())
	u := s.resident(map[string]any{"primaryEmail": known.Email})
	v := s.caller(t, "SignIn")
	v.identify(http.StatusNoContent, "", v.byToken(known))
	if in := v.finish(); in.ID != u.ID {
		t.Errorf("came in as %v", in)
	}
	v = s.caller(t, "SignIn")
	v.want(http.StatusForbidden, "auth.forbidden", "PUT", apiExperience+"/interaction-event", map[string]any{"interactionEvent": "Register"})
	id := v.byToken(unknown)
	v.identify(http.StatusNotFound, "user.user_not_exist", id).sameData(t, `{"identifier":"`+unknown.Email+`"}`)
	v.register()
	v.identify(http.StatusCreated, "", id)
	if in := v.finish(); in.PrimaryEmail != unknown.Email || s.status(unknown) != "consumed" {
		t.Errorf("came in as %v; the token is %s", in, s.status(unknown))
	}
}

// aDigits returns some digits that nobody foresees.
func aDigits(n int) string {
	digits := strings.Map(func(r rune) rune { return '0' + r%10 }, anybody()[6:])
	return digits[:n]
}
