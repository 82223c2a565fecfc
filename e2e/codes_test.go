package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// everyCode lists the codes with which the experience API refuses, as its
// tables have them; those of second factors are not among them. The test fails
// when one is not produced.
var everyCode = []string{
	"auth.forbidden",
	"connector.authorization_failed",
	"connector.general",
	"connector.insufficient_request_parameters",
	"connector.invalid_response",
	"connector.not_found",
	"connector.rate_limit_exceeded",
	"connector.social_auth_code_invalid",
	"connector.social_invalid_access_token",
	"connector.social_invalid_id_token",
	"connector.unexpected_type",
	"custom_profile_fields.invalid_value",
	"entity.not_exists_with_id",
	"entity.not_found",
	"guard.invalid_input",
	"one_time_token.email_mismatch",
	"one_time_token.interaction_event_mismatch",
	"one_time_token.token_consumed",
	"one_time_token.token_expired",
	"one_time_token.token_not_found",
	"one_time_token.token_revoked",
	"password.expired",
	"password.rejected",
	"request.message_rate_limited",
	"session.captcha_failed",
	"session.captcha_required",
	"session.connector_validation_session_not_found",
	"session.email_blocklist.email_not_allowed",
	"session.email_blocklist.email_subaddressing_not_allowed",
	"session.identifier_not_found",
	"session.identity_conflict",
	"session.insufficient_info",
	"session.interaction_not_found",
	"session.invalid_connector_id",
	"session.invalid_credentials",
	"session.invalid_interaction_type",
	"session.not_found",
	"session.not_supported_for_forgot_password",
	"session.sso_enabled",
	"session.verification_blocked_too_many_attempts",
	"session.verification_failed",
	"session.verification_session_not_found",
	"user.email_already_in_use",
	"user.email_exists_in_profile",
	"user.identity_already_in_use",
	"user.identity_not_exist",
	"user.missing_profile",
	"user.new_password_required_in_profile",
	"user.password_exists_in_profile",
	"user.phone_already_in_use",
	"user.phone_exists_in_profile",
	"user.same_password",
	"user.sign_in_method_not_enabled",
	"user.social_account_exists_in_profile",
	"user.sso_identity_not_exist",
	"user.suspended",
	"user.user_not_exist",
	"user.username_already_in_use",
	"user.username_exists_in_profile",
	"user.username_lowercase_not_allowed",
	"user.username_numbers_not_allowed",
	"user.username_too_long",
	"user.username_too_short",
	"user.username_underscore_not_allowed",
	"user.username_uppercase_not_allowed",
	"verification_code.code_mismatch",
	"verification_code.email_mismatch",
	"verification_code.exceed_max_try",
	"verification_code.expired",
	"verification_code.not_found",
	"verification_code.phone_mismatch",
}

// everyIssue lists what data of password.rejected can say.
var everyIssue = []string{
	"character_types", "restricted.repetition", "restricted.sequence", "restricted.user_info", "restricted.words", "too_long", "too_short",
	"unsupported_characters",
}

// refusal is one way to be refused.
type refusal struct {
	code    string
	status  int
	data    string // JSON; "" for none
	provoke func(c *codes) reply
}

// codes is where refusals are provoked: an installation with people in it.
type codes struct {
	t       *testing.T
	s       *site
	letters *letterbox

	name, email, phone string // of somebody with the password, who is in

	world                 *world
	mail                  string // a connector that is no provider
	acme, github, company string // connectors; company is an employer's
}

func (c *codes) caller(event string) *caller { return c.s.caller(c.t, event) }

// in is a caller identified by password.
func (c *codes) in() *caller {
	v := c.caller("SignIn")
	v.identify(http.StatusNoContent, "", v.byPassword("username", c.name, password))
	return v
}

// with changes the settings for one refusal.
func (c *codes) with(settings map[string]any) *codes {
	c.s.set(settings)
	return c
}

// TestEveryCode produces every code of the experience API, with its status and
// its data.
func TestEveryCode(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			s := newSite(t, engine, w.env(t)...)
			s.setClock()
			p := s.serve()
			c := &codes{t: t, s: s, world: w}
			produced := map[string]bool{}
			c.provoke(produced, unconnected())
			c.letters = s.connectMessages()
			c.connect()
			c.name, c.email, c.phone = aName(), anybody(), "4479460002"+aDigits(2)
			s.resident(map[string]any{"username": c.name, "primaryEmail": c.email, "primaryPhone": c.phone, "password": password})
			for _, list := range [][]refusal{ofInteractions(), ofCodes(), ofTokens(), ofNames(), ofAccounts(), ofRules(), ofProviders(), ofFaults(), ofQuestions(), ofTime()} {
				c.provoke(produced, list)
			}
			for _, code := range everyCode {
				if !produced[code] {
					t.Errorf("nothing produces %s", code)
				}
			}
			for code := range produced {
				if !slices.Contains(everyCode, code) {
					t.Errorf("%s is not listed", code)
				}
			}
			p.unharmed(t)
		})
	}
}

// connect sets up who else lets people in.
func (c *codes) connect() {
	c.t.Helper()
	c.s.set(openHouse())
	ids := c.world.connect(c.s)
	c.acme, c.github, c.company = ids["acme"], ids["github"], c.world.employ(c.s, "company.example")
	c.s.set(map[string]any{"singleSignOnEnabled": true})
	var all []struct{ ID, Type string }
	c.s.api("GET", "/connectors", nil, http.StatusOK, &all)
	for _, connector := range all {
		if connector.Type == "Email" {
			c.mail = connector.ID
		}
	}
}

func (c *codes) provoke(produced map[string]bool, list []refusal) {
	c.t.Helper()
	for _, r := range list {
		got := r.provoke(c)
		if got.code != r.code || got.status != r.status {
			c.t.Errorf("%d %s, want %d %s", got.status, got.body, r.status, r.code)
		}
		if message := got.text("message"); message == "" || strings.Contains(message, "{{") {
			c.t.Errorf("%s says %q", got.code, message)
		}
		want := strings.NewReplacer("$name", c.name, "$email", c.email, "$phone", c.phone, "$company", c.company, "$logo", companyLogo).Replace(r.data)
		if want != "any" {
			got.sameData(c.t, want)
		}
		produced[r.code] = true
		if c.letters == nil {
			continue
		}
		c.s.set(openHouse())
		c.s.set(map[string]any{"sentinelPolicy": map[string]any{}, "emailBlocklistPolicy": map[string]any{}, "verificationCodePolicy": map[string]any{}})
	}
}

func (v *caller) code(kind, address, event string) reply {
	return v.call("POST", apiVerify+"verification-code", map[string]any{"identifier": who(kind, address), "interactionEvent": event})
}

func (v *caller) typed(kind, address, id, code string) reply {
	return v.call("POST", apiVerify+"verification-code/verify", map[string]any{
		"identifier": who(kind, address), "verificationId": id, "code": code,
	})
}

func (v *caller) password(kind, name, password string) reply {
	return v.call("POST", apiVerify+"password", map[string]any{"identifier": who(kind, name), "password": password})
}

func (v *caller) token(email, token string) reply {
	return v.call("POST", apiVerify+"one-time-token/verify", map[string]any{"identifier": who("email", email), "token": token})
}

func (v *caller) event(event string) reply {
	return v.call("PUT", apiExperience+"/interaction-event", map[string]any{"interactionEvent": event})
}

func (v *caller) add(kind, member, value string) reply {
	return v.call("POST", apiExperience+"/profile", map[string]any{"type": kind, member: value})
}

func (v *caller) is(id string) reply {
	return v.call("POST", apiExperience+"/identification", map[string]any{"verificationId": id})
}

func (v *caller) submit() reply { return v.call("POST", apiExperience+"/submit", nil) }

// unconnected is what is refused where no messages can be sent.
func unconnected() []refusal {
	return []refusal{
		{"connector.not_found", 501, "", func(c *codes) reply { return c.caller("SignIn").code("email", anybody(), "SignIn") }},
		{"connector.not_found", 501, "", func(c *codes) reply { return c.caller("SignIn").code("phone", "447946000001", "SignIn") }},
	}
}

// ofInteractions is what is refused whatever the guest has to show.
func ofInteractions() []refusal {
	return []refusal{
		{"session.not_found", 400, "", func(c *codes) reply {
			v := &caller{newGuest(), c.t, c.s}
			return v.call("PUT", apiExperience, map[string]any{"interactionEvent": "SignIn"})
		}},
		{"session.interaction_not_found", 404, "", func(c *codes) reply { return c.caller("").submit() }},
		{
			"guard.invalid_input", 400, `{"name":"ZodError","issues":[{"code":"invalid_type","expected":"'SignIn' | 'Register' | 'ForgotPassword'",` +
				`"received":"undefined","path":["interactionEvent"],"message":"Required"}]}`,
			func(c *codes) reply { return c.caller("").call("PUT", apiExperience, map[string]any{}) },
		},
		{"guard.invalid_input", 400, "", func(c *codes) reply { return c.caller("SignIn").is("") }},
		{"auth.forbidden", 403, "", func(c *codes) reply { return c.with(closed()).caller("SignIn").event("Register") }},
		{"auth.forbidden", 403, "", func(c *codes) reply { return c.with(closed()).caller("Register").is("") }},
		{"auth.forbidden", 403, "", func(c *codes) reply {
			v := c.with(map[string]any{"signInMode": "Register"}).caller("SignIn")
			return v.is(v.byPassword("username", c.name, password))
		}},
		{"session.not_supported_for_forgot_password", 400, "", func(c *codes) reply { return c.caller("SignIn").event("ForgotPassword") }},
		{"session.not_supported_for_forgot_password", 400, "", func(c *codes) reply { return c.caller("ForgotPassword").event("SignIn") }},
		{"session.not_supported_for_forgot_password", 400, "", func(c *codes) reply {
			return c.caller("ForgotPassword").add("username", "value", aName())
		}},
		{"session.not_supported_for_forgot_password", 422, "", func(c *codes) reply {
			v := c.caller("ForgotPassword")
			return v.is(v.byPassword("username", c.name, password))
		}},
		{"session.invalid_interaction_type", 400, "", func(c *codes) reply {
			return c.in().call("PUT", apiExperience+"/profile/password", map[string]any{"password": newPassword})
		}},
		{"session.identifier_not_found", 404, "", func(c *codes) reply { return c.caller("SignIn").submit() }},
		{"session.identifier_not_found", 404, "", func(c *codes) reply { return c.caller("SignIn").add("username", "value", aName()) }},
		{"session.identifier_not_found", 404, "", func(c *codes) reply {
			return c.caller("ForgotPassword").call("PUT", apiExperience+"/profile/password", map[string]any{"password": newPassword})
		}},
		{"session.verification_session_not_found", 404, "", func(c *codes) reply { return c.caller("SignIn").is(strings.Repeat("a", 21)) }},
		{"session.verification_session_not_found", 404, "", func(c *codes) reply {
			other := c.caller("SignIn").byPassword("username", c.name, password)
			return c.caller("SignIn").is(other)
		}},
		{"session.verification_session_not_found", 404, "", func(c *codes) reply {
			v := c.caller("Register")
			return v.add("phone", "verificationId", v.byCode(c.letters, "email", anybody(), "Register"))
		}},
		{"session.verification_failed", 400, "", func(c *codes) reply {
			v := c.caller("SignIn")
			defer c.letters.code(c.t, c.email) // nobody needs it; none may be on its way when time passes
			return v.is(v.code("email", c.email, "SignIn").text("verificationId"))
		}},
		{"session.verification_failed", 400, "", func(c *codes) reply {
			v, email := c.caller("Register"), anybody()
			defer c.letters.code(c.t, email)
			return v.add("email", "verificationId", v.code("email", email, "Register").text("verificationId"))
		}},
		{"session.identity_conflict", 409, "", func(c *codes) reply {
			v, other := c.in(), c.s.invite(anybody())
			c.s.resident(map[string]any{"primaryEmail": other.Email})
			return v.is(v.byToken(other))
		}},
	}
}

// closed lets nobody register.
func closed() map[string]any { return map[string]any{"signInMode": "SignIn"} }

// ofCodes is what is refused of passwords and codes.
func ofCodes() []refusal {
	return []refusal{
		{"session.invalid_credentials", 422, "", func(c *codes) reply { return c.caller("SignIn").password("username", c.name, "wrong") }},
		{"session.invalid_credentials", 422, "", func(c *codes) reply { return c.caller("SignIn").password("email", anybody(), password) }},
		{"verification_code.not_found", 400, "", func(c *codes) reply {
			v, email := c.caller("SignIn"), anybody()
			c.s.resident(map[string]any{"primaryEmail": email})
			id := v.code("email", email, "SignIn").text("verificationId")
			code := c.letters.code(c.t, email)
			v.typed("email", email, id, code)
			return v.typed("email", email, id, code) // it is used up
		}},
		{"verification_code.code_mismatch", 400, "", func(c *codes) reply {
			v, email := c.caller("SignIn"), anybody()
			id := v.code("email", email, "SignIn").text("verificationId")
			return v.typed("email", email, id, other(c.letters.code(c.t, email)))
		}},
		{"verification_code.code_mismatch", 400, "", func(c *codes) reply { // of a code that was never sent
			v, email := c.caller("ForgotPassword"), anybody()
			return v.typed("email", email, v.code("email", email, "ForgotPassword").text("verificationId"), "000000")
		}},
		{"verification_code.email_mismatch", 400, "", func(c *codes) reply {
			v, email := c.caller("SignIn"), anybody()
			return v.typed("email", anybody(), v.code("email", email, "SignIn").text("verificationId"), c.letters.code(c.t, email))
		}},
		{"verification_code.phone_mismatch", 400, "", func(c *codes) reply {
			v, phone := c.caller("SignIn"), "4479460003"+aDigits(2)
			return v.typed("phone", "447946000099", v.code("phone", phone, "SignIn").text("verificationId"), c.letters.code(c.t, phone))
		}},
		{"verification_code.exceed_max_try", 400, "", func(c *codes) reply {
			v, email := c.with(map[string]any{"verificationCodePolicy": map[string]any{"maxRetryAttempts": 1}}).caller("SignIn"), anybody()
			id := v.code("email", email, "SignIn").text("verificationId")
			code := c.letters.code(c.t, email)
			v.typed("email", email, id, other(code))
			return v.typed("email", email, id, code)
		}},
		{"session.verification_session_not_found", 404, "", func(c *codes) reply {
			v, email := c.caller("SignIn"), anybody()
			v.code("email", email, "SignIn")
			defer c.letters.code(c.t, email)
			return v.typed("email", email, strings.Repeat("b", 21), "123456")
		}},
		{"request.message_rate_limited", 429, "", func(c *codes) reply {
			v, email := c.caller("SignIn"), anybody()
			for range 10 {
				v.want(http.StatusOK, "", "POST", apiVerify+"verification-code", map[string]any{"identifier": who("email", email), "interactionEvent": "SignIn"})
				c.letters.code(c.t, email)
			}
			return v.code("email", email, "SignIn")
		}},
		{"session.verification_blocked_too_many_attempts", 400, "", func(c *codes) reply {
			v, name := c.with(map[string]any{"sentinelPolicy": map[string]any{"maxAttempts": 2, "lockoutDuration": 5}}).caller("SignIn"), aName()
			v.password("username", name, "wrong")
			return v.password("username", name, "wrong")
		}},
		{"user.user_not_exist", 404, "any", func(c *codes) reply {
			v, email := c.caller("SignIn"), anybody()
			r := v.is(v.byCode(c.letters, "email", email, "SignIn"))
			r.sameData(c.t, `{"identifier":"`+email+`"}`)
			return r
		}},
		{"user.sign_in_method_not_enabled", 422, "", func(c *codes) reply {
			v := c.with(map[string]any{"signIn": map[string]any{"methods": []map[string]any{
				{"identifier": "email", "password": true, "verificationCode": false, "isPasswordPrimary": true},
			}}, "signUp": map[string]any{"identifiers": []string{"email"}, "password": true, "verify": true}}).caller("SignIn")
			return v.is(v.byCode(c.letters, "email", c.email, "SignIn"))
		}},
		{"user.suspended", 401, "", func(c *codes) reply {
			name := aName()
			u := c.s.resident(map[string]any{"username": name, "password": password})
			c.s.api("PATCH", "/users/"+u.ID+"/is-suspended", map[string]any{"isSuspended": true}, http.StatusOK, nil)
			return c.caller("SignIn").password("username", name, password)
		}},
	}
}

// other returns a code that is not the given one.
func other(code string) string {
	if code == "000000" {
		return "111111"
	}
	return "000000"
}

// ofTokens is what is refused of one-time tokens.
func ofTokens() []refusal {
	return []refusal{
		{"one_time_token.token_not_found", 404, "", func(c *codes) reply { return c.caller("SignIn").token(anybody(), strings.Repeat("x", 32)) }},
		{"one_time_token.email_mismatch", 400, "", func(c *codes) reply { return c.caller("SignIn").token(anybody(), c.s.invite(anybody()).Token) }},
		{"one_time_token.token_consumed", 400, "", func(c *codes) reply {
			token := c.s.invite(anybody())
			v := c.caller("SignIn")
			id := v.byToken(token)
			v.register()
			v.identify(http.StatusCreated, "", id)
			v.finish()
			return c.caller("SignIn").token(token.Email, token.Token)
		}},
		{"one_time_token.token_revoked", 400, "", func(c *codes) reply {
			token := c.s.invite(anybody())
			c.s.api("PUT", "/one-time-tokens/"+token.ID+"/status", map[string]any{"status": "revoked"}, http.StatusOK, nil)
			return c.caller("SignIn").token(token.Email, token.Token)
		}},
		{"one_time_token.interaction_event_mismatch", 400, "", func(c *codes) reply {
			var token oneTimeToken
			c.s.api("POST", "/one-time-tokens", map[string]any{
				"email": anybody(), "expiresIn": 3600, "context": map[string]any{"interactionEvent": "ForgotPassword"},
			}, http.StatusCreated, &token)
			return c.caller("SignIn").token(token.Email, token.Token)
		}},
	}
}

// ofNames is what is refused of usernames, by every rule for them.
func ofNames() []refusal {
	var list []refusal
	only := func(change map[string]any) map[string]any {
		allowed := map[string]any{"lowercase": true, "uppercase": true, "numbers": true, "underscore": true}
		policy := map[string]any{"caseSensitive": true, "minLength": 3, "maxLength": 8, "allowedChars": allowed}
		for name, value := range change {
			allowed[name] = value
		}
		return map[string]any{"usernamePolicy": policy}
	}
	for _, n := range []struct {
		code, name string
		policy     map[string]any
	}{
		{"too_short", "ab", nil},
		{"too_long", "abcdefghi", nil},
		{"lowercase_not_allowed", "ABc", map[string]any{"lowercase": false}},
		{"uppercase_not_allowed", "abC", map[string]any{"uppercase": false}},
		{"numbers_not_allowed", "abc1", map[string]any{"numbers": false}},
		{"underscore_not_allowed", "abc_", map[string]any{"underscore": false}},
	} {
		list = append(list, refusal{"user.username_" + n.code, 422, "", func(c *codes) reply {
			defer c.s.set(map[string]any{"usernamePolicy": map[string]any{
				"caseSensitive": true, "minLength": 1, "maxLength": 128,
				"allowedChars": map[string]any{"lowercase": true, "uppercase": true, "numbers": true, "underscore": true},
			}})
			return c.with(only(n.policy)).caller("Register").add("username", "value", n.name)
		}})
	}
	return append(list,
		refusal{"user.username_already_in_use", 422, "", func(c *codes) reply { return c.caller("Register").add("username", "value", c.name) }},
		refusal{"user.username_already_in_use", 422, "", func(c *codes) reply {
			return c.caller("Register").call("POST", apiVerify+"new-password-identity",
				map[string]any{"identifier": who("username", c.name), "password": newPassword})
		}},
		refusal{"user.username_exists_in_profile", 422, "", func(c *codes) reply { return c.in().add("username", "value", aName()) }},
	)
}

// ofAccounts is what is refused because of what an account has or lacks.
func ofAccounts() []refusal {
	return []refusal{
		{"user.password_exists_in_profile", 422, "", func(c *codes) reply { return c.in().add("password", "value", newPassword) }},
		{"user.email_exists_in_profile", 422, "", func(c *codes) reply {
			v := c.in()
			return v.add("email", "verificationId", v.byCode(c.letters, "email", anybody(), "Register"))
		}},
		{"user.phone_exists_in_profile", 422, "", func(c *codes) reply {
			v := c.in()
			return v.add("phone", "verificationId", v.byCode(c.letters, "phone", "4479460004"+aDigits(2), "Register"))
		}},
		{"user.email_already_in_use", 422, "", func(c *codes) reply {
			v := c.caller("Register")
			return v.is(v.byCode(c.letters, "email", c.email, "Register"))
		}},
		{"user.phone_already_in_use", 422, "", func(c *codes) reply {
			v := c.caller("Register")
			return v.add("phone", "verificationId", v.byCode(c.letters, "phone", c.phone, "Register"))
		}},
		{"user.missing_profile", 422, `{"missingProfile":["username","emailOrPhone","password"]}`, func(c *codes) reply {
			return c.with(map[string]any{"signUp": map[string]any{
				"identifiers": []string{"username"}, "password": true, "verify": true,
				"secondaryIdentifiers": []map[string]any{{"identifier": "emailOrPhone", "verify": true}},
			}}).caller("Register").call("POST", apiExperience+"/identification", map[string]any{})
		}},
		{"user.missing_profile", 422, `{"missingProfile":["password"]}`, func(c *codes) reply {
			email := anybody()
			c.s.resident(map[string]any{"primaryEmail": email})
			v := c.with(map[string]any{"signUp": map[string]any{"identifiers": []string{"email"}, "password": true, "verify": true}}).caller("SignIn")
			v.identify(http.StatusNoContent, "", v.byCode(c.letters, "email", email, "SignIn"))
			return v.submit()
		}},
		{"user.new_password_required_in_profile", 422, "", func(c *codes) reply { return c.forgot().submit() }},
		{"user.same_password", 422, "", func(c *codes) reply {
			return c.forgot().call("PUT", apiExperience+"/profile/password", map[string]any{"password": password})
		}},
		{"password.rejected", 422, `[{"code":"password_rejected.too_short","interpolation":{"min":8}},{"code":"password_rejected.restricted.sequence"}]`, func(c *codes) reply {
			return c.forgot().call("PUT", apiExperience+"/profile/password", map[string]any{"password": "1234"})
		}},
		{"password.rejected", 422, "any", rejectedForEverything},
	}
}

// forgot is a caller who may choose a new password.
func (c *codes) forgot() *caller {
	email := anybody()
	c.s.resident(map[string]any{"primaryEmail": email, "password": password})
	v := c.caller("ForgotPassword")
	v.identify(http.StatusNoContent, "", v.byCode(c.letters, "email", email, "ForgotPassword"))
	return v
}

// rejectedForEverything tries passwords until every issue was named.
func rejectedForEverything(c *codes) reply {
	c.s.set(map[string]any{"passwordPolicy": map[string]any{
		"length": map[string]any{"min": 8, "max": 40}, "characterTypes": map[string]any{"min": 3},
		"rejects": map[string]any{"pwned": false, "repetitionAndSequence": true, "userInfo": true, "words": []string{"lighthouse"}},
	}})
	defer c.s.set(map[string]any{"passwordPolicy": map[string]any{}})
	v := c.caller("Register")
	v.profile(http.StatusNoContent, "", "username", "value", "marguerite")
	var last reply
	issues := map[string]bool{}
	for _, p := range []string{
		"aB1-", strings.Repeat("aB1-xZ9.", 6), "onlylowerhere", "Marguerite-42", "Lighthouse-42", "Abcdefgh-77", "aaaaaaaa-B1", "Пароль-пароль-1",
	} {
		last = v.want(http.StatusUnprocessableEntity, "password.rejected", "POST", apiExperience+"/profile", map[string]any{"type": "password", "value": p})
		list, _ := last.data.([]any)
		for _, issue := range list {
			members, _ := issue.(map[string]any)
			issues[strings.TrimPrefix(fmt.Sprint(members["code"]), "password_rejected.")] = true
		}
	}
	for _, issue := range everyIssue {
		if !issues[issue] {
			c.t.Errorf("no password is rejected for %s: %v", issue, issues)
		}
	}
	return last
}

// ofRules is what tenants forbid.
func ofRules() []refusal {
	block := func(policy map[string]any) map[string]any { return map[string]any{"emailBlocklistPolicy": policy} }
	return []refusal{
		{"session.email_blocklist.email_not_allowed", 422, "", func(c *codes) reply {
			return c.with(block(map[string]any{"customBlocklist": []string{"@spam.example"}})).caller("Register").code("email", "x@spam.example", "Register")
		}},
		{"session.email_blocklist.email_not_allowed", 422, "", func(c *codes) reply {
			return c.with(block(map[string]any{"blockDisposableAddresses": true})).caller("Register").code("email", "x@mailinator.com", "Register")
		}},
		{"session.email_blocklist.email_subaddressing_not_allowed", 422, "", func(c *codes) reply {
			return c.with(block(map[string]any{"blockSubaddressing": true})).caller("Register").code("email", "x+y@example.com", "Register")
		}},
	}
}

// ofTime is what is refused because time has passed. It comes last: the days
// that pass are nobody's any more.
func ofTime() []refusal {
	return []refusal{
		{"verification_code.expired", 400, "", func(c *codes) reply {
			v, email := c.caller("SignIn"), anybody()
			id := v.code("email", email, "SignIn").text("verificationId")
			code := c.letters.code(c.t, email)
			c.s.pass(c.t, 601*time.Second)
			return v.typed("email", email, id, code)
		}},
		{"one_time_token.token_expired", 400, "", func(c *codes) reply {
			token := c.s.invite(anybody())
			c.s.pass(c.t, time.Hour+time.Second)
			return c.caller("SignIn").token(token.Email, token.Token)
		}},
		{"session.not_found", 400, "", func(c *codes) reply {
			v := c.in()
			c.s.pass(c.t, time.Hour+time.Second)
			return v.submit()
		}},
		{"password.expired", 422, "", func(c *codes) reply {
			c.s.set(map[string]any{"passwordExpiration": map[string]any{"enabled": true, "validPeriodDays": 1}})
			defer c.s.set(map[string]any{"passwordExpiration": map[string]any{"enabled": false}})
			c.s.pass(c.t, 25*time.Hour)
			return c.caller("SignIn").password("username", c.name, password)
		}},
	}
}
