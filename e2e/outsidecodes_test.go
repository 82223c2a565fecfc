package e2e

import (
	"net/http"
	"net/url"
	"strings"

	"guestlist/internal/connector/connectortest"
)

// ofProviders is what is refused of outside providers. c.world is there, and
// its connectors.
func ofProviders() []refusal {
	uri := func(c *codes, way, connector, state, redirect string) reply {
		return c.caller("SignIn").call("POST", apiVerify+way+"/"+connector+"/authorization-uri", map[string]any{"state": state, "redirectUri": redirect})
	}
	return []refusal{
		{"entity.not_found", 404, "", func(c *codes) reply { return uri(c, "social", "nobody", "s", c.s.url+"/callback/nobody") }},
		{"entity.not_exists_with_id", 404, "any", func(c *codes) reply { return uri(c, "sso", "nobody", "s", c.s.url+"/callback/nobody") }},
		{"connector.unexpected_type", 400, "any", func(c *codes) reply { return uri(c, "social", c.mail, "s", c.s.url+"/callback/x") }},
		{"session.insufficient_info", 400, "", func(c *codes) reply { return uri(c, "social", c.acme, "", c.s.callback(c.acme)) }},
		{"session.insufficient_info", 400, "", func(c *codes) reply { return uri(c, "social", c.acme, "s", "") }},
		{"session.invalid_connector_id", 422, "any", func(c *codes) reply {
			v := c.caller("SignIn")
			a := v.try("social", c.acme)
			a.connector = "nobody"
			return v.answer(a, c.consent(a))
		}},
		{"session.verification_session_not_found", 404, "", func(c *codes) reply {
			v := c.caller("SignIn")
			a := v.try("social", c.acme)
			a.id = strings.Repeat("c", 21)
			return v.answer(a, c.consent(a))
		}},
		{"session.verification_session_not_found", 404, "", func(c *codes) reply { // swapped browsers
			a := c.caller("SignIn").try("social", c.acme)
			v := c.caller("SignIn")
			v.try("social", c.acme)
			return v.answer(a, c.consent(a))
		}},
		{"session.verification_session_not_found", 404, "", func(c *codes) reply { // another connector's attempt
			v := c.caller("SignIn")
			a := v.try("social", c.acme)
			answer := c.consent(a)
			a.connector = c.github
			return v.answer(a, answer)
		}},
		{"session.verification_session_not_found", 404, "", func(c *codes) reply { // replayed
			v := c.caller("SignIn")
			a := v.try("social", c.acme)
			answer := c.consent(a)
			if r := v.answer(a, answer); r.status != http.StatusOK {
				return r
			}
			return v.answer(a, answer)
		}},
		{"session.connector_validation_session_not_found", 400, "", func(c *codes) reply {
			v := c.caller("SignIn")
			a := v.try("social", c.acme)
			answer := c.consent(a)
			answer.Set("state", "another")
			return v.answer(a, answer)
		}},
		{"session.verification_failed", 400, "", func(c *codes) reply {
			v := c.caller("SignIn")
			return v.is(v.try("social", c.acme).id)
		}},
		{"user.sign_in_method_not_enabled", 422, "", func(c *codes) reply {
			defer c.s.set(map[string]any{"socialSignInConnectorTargets": targets})
			c.s.set(map[string]any{"socialSignInConnectorTargets": []string{"google"}})
			return uri(c, "social", c.acme, "s", c.s.callback(c.acme))
		}},
		{"user.sign_in_method_not_enabled", 422, "", func(c *codes) reply {
			defer c.s.set(map[string]any{"singleSignOnEnabled": true})
			c.s.set(map[string]any{"singleSignOnEnabled": false})
			return uri(c, "sso", c.company, "s", c.s.callback(c.company))
		}},
		{"user.identity_not_exist", 404, `{}`, func(c *codes) reply {
			v := c.caller("SignIn")
			return v.is(v.recognised(c.world, "social", "acme", c.acme, c.world.person("acme", anybody(), true)))
		}},
		{"user.identity_not_exist", 404, `{"relatedUser":{"type":"email","value":"$email"}}`, func(c *codes) reply {
			v := c.caller("SignIn")
			return v.is(v.recognised(c.world, "social", "acme", c.acme, c.world.person("acme", c.email, true)))
		}},
		{"user.sso_identity_not_exist", 404, "", func(c *codes) reply {
			v := c.caller("SignIn")
			return v.is(v.recognised(c.world, "sso", "acme", c.company, c.world.worker(atCompany(), true)))
		}},
		{"session.sso_enabled", 422, `{"ssoConnectors":[{"id":"$company","connectorName":"company company.example","logo":"$logo","darkLogo":"$logo"}]}`, func(c *codes) reply {
			v := c.caller("SignIn")
			return v.is(v.recognised(c.world, "social", "acme", c.acme, c.world.person("acme", atCompany(), true)))
		}},
		{"user.identity_already_in_use", 422, "", func(c *codes) reply {
			person := c.world.person("acme", anybody(), true)
			v := c.caller("Register")
			v.identify(http.StatusCreated, "", v.recognised(c.world, "social", "acme", c.acme, person))
			v.finish()
			v = c.in()
			return v.add("social", "verificationId", v.recognised(c.world, "social", "acme", c.acme, person))
		}},
		{"user.social_account_exists_in_profile", 422, "", func(c *codes) reply {
			email := anybody()
			v := c.caller("Register")
			v.identify(http.StatusCreated, "", v.recognised(c.world, "social", "acme", c.acme, c.world.person("acme", email, true)))
			v.finish()
			v = c.caller("SignIn")
			id := v.recognised(c.world, "social", "acme", c.acme, c.world.person("acme", email, true))
			return v.call("POST", apiExperience+"/identification", map[string]any{"verificationId": id, "linkSocialIdentity": true})
		}},
	}
}

// ofQuestions is what is refused of a captcha's answers, and of answers to the
// host's own questions.
func ofQuestions() []refusal {
	captcha := func(c *codes) func() {
		c.s.api("PUT", "/captcha-provider", map[string]any{"config": map[string]any{"type": "Turnstile", "siteKey": "site", "secretKey": "secret"}}, http.StatusOK, nil)
		c.s.set(map[string]any{"captchaPolicy": map[string]any{"enabled": true}})
		return func() { c.s.set(map[string]any{"captchaPolicy": map[string]any{"enabled": false}}) }
	}
	question := func(c *codes) func() {
		c.s.api("POST", "/custom-profile-fields", map[string]any{
			"name": "company", "type": "Text", "label": "Company", "required": true, "config": map[string]any{"maxLength": 10},
		}, http.StatusCreated, nil)
		c.s.set(map[string]any{"signUpProfileFields": []map[string]any{{"name": "company"}}})
		return func() {
			c.s.set(map[string]any{"signUpProfileFields": nil})
			c.s.api("DELETE", "/custom-profile-fields/company", nil, http.StatusNoContent, nil)
		}
	}
	return []refusal{
		{"session.captcha_failed", 422, "", func(c *codes) reply {
			defer captcha(c)()
			return c.caller("").call("PUT", apiExperience, map[string]any{"interactionEvent": "SignIn", "captchaToken": "wrong"})
		}},
		{"session.captcha_required", 422, "", func(c *codes) reply {
			defer captcha(c)()
			return c.caller("SignIn").code("email", anybody(), "SignIn")
		}},
		{"session.captcha_required", 422, "", func(c *codes) reply {
			v := c.in()
			defer captcha(c)()
			return v.submit()
		}},
		{"user.missing_profile", 422, `{"missingProfile":["extraProfile"]}`, func(c *codes) reply {
			defer question(c)()
			v := c.caller("Register")
			return v.is(v.byCode(c.letters, "email", anybody(), "Register"))
		}},
		{"custom_profile_fields.invalid_value", 400, "any", func(c *codes) reply {
			defer question(c)()
			v := c.caller("Register")
			r := v.call("POST", apiExperience+"/profile", map[string]any{
				"type": "extraProfile", "values": map[string]any{"company": "The Analytical Engine Company"},
			})
			if !contains(r.body, `"company"`) {
				c.t.Errorf("which field is wrong? %s", r.body)
			}
			return r
		}},
	}
}

// consent lets somebody sign in at Acme.
func (c *codes) consent(a attempt) url.Values {
	c.t.Helper()
	answer, err := c.world.acme.Answer(a.location, c.world.person("acme", anybody(), true))
	if err != nil {
		c.t.Fatal(err)
	}
	return answer
}

// ofFaults is what is refused because of what a provider does, or its guest. The
// page has compared the state already, so one without it is taken.
func ofFaults() []refusal {
	status := map[string]int{
		"connector.authorization_failed": 401, "connector.social_auth_code_invalid": 401, "connector.social_invalid_access_token": 401,
		"connector.social_invalid_id_token": 401, "connector.rate_limit_exceeded": 429,
	}
	var list []refusal
	for _, fault := range connectortest.AllFaults() {
		switch {
		case strings.Contains(fault.Name, "slow"), fault.Name == "answer without a state", fault.Name == "answer with two codes":
			continue // takes long; nothing is wrong with it; cannot be said in JSON
		case strings.Contains(fault.Name, "metadata"), strings.Contains(fault.Name, "openid-configuration"), strings.Contains(fault.Name, "keys"),
			strings.Contains(fault.Name, "jwks"):
			continue // known from before
		case fault.Name == "answer to another attempt":
			fault.Code = "session.connector_validation_session_not_found"
		}
		want := status[fault.Code]
		if want == 0 {
			want = http.StatusBadRequest
		}
		list = append(list, refusal{fault.Code, want, "any", func(c *codes) reply { return c.faulty(fault) }})
	}
	return list
}

// faulty tries to be recognised by a provider that goes wrong.
func (c *codes) faulty(fault connectortest.Fault) reply {
	c.t.Helper()
	v, person := c.caller("SignIn"), c.world.worker(atCompany(), true)
	a := v.try("sso", c.company)
	c.world.acme.Change(fault.Provoke)
	defer c.world.acme.Change(func(u *connectortest.Upstream) { u.Faults = connectortest.Faults{} })
	answer, err := c.world.acme.Answer(a.location, person)
	if err != nil {
		c.t.Fatal(err)
	}
	r := v.answer(a, answer)
	if r.code != fault.Code {
		c.t.Errorf("%s: %d %s", fault.Name, r.status, r.body)
	}
	if v.session() || v.submit().status != http.StatusNotFound {
		c.t.Errorf("%s: somebody is identified", fault.Name)
	}
	return r
}
