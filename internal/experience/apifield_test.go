package experience_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"guestlist"
	"guestlist/internal/experience"
)

const invalidInput = "guard.invalid_input"

// field is a member of a body; what is said of one that is much too long is
// invalidInput unless long says something else.
type field struct {
	path     string
	kind     string // of JSON; "" means string
	optional bool
	long     string
}

// shaped is a route with a body that is in shape, and all its members.
type shaped struct {
	method, path string
	event        guestlist.InteractionEvent
	body         string
	fields       []field
}

const (
	anID     = "aaaaaaaaaaaaaaaaaaaaa"
	anEmail  = `{"type":"email","value":"ada@example.com"}`
	aName    = `{"type":"username","value":"zoe"}`
	register = guestlist.EventRegister
)

// shapes has every route that takes a body.
func shapes() []shaped {
	const v = "/api/experience/verification/"
	return []shaped{
		{"PUT", "/api/experience", register, `{"interactionEvent":"SignIn","captchaToken":"x"}`, []field{
			{path: "interactionEvent"}, {path: "captchaToken", optional: true},
		}},
		{"PUT", "/api/experience/interaction-event", register, `{"interactionEvent":"SignIn"}`, []field{{path: "interactionEvent"}}},
		{"POST", "/api/experience/identification", register, `{"verificationId":"` + anID + `","linkSocialIdentity":true}`, []field{
			{path: "verificationId", optional: true}, {path: "linkSocialIdentity", kind: "boolean", optional: true},
		}},
		{"POST", "/api/experience/submit", register, `{}`, nil},
		{"POST", v + "password", register, `{"identifier":` + aName + `,"password":"x"}`, []field{
			{path: "identifier", kind: "object"}, {path: "identifier.type"},
			{path: "identifier.value", long: "session.invalid_credentials"}, {path: "password", long: "session.invalid_credentials"},
		}},
		{"POST", v + "verification-code", register, `{"identifier":` + anEmail + `,"interactionEvent":"SignIn"}`, []field{
			{path: "identifier", kind: "object"}, {path: "identifier.type"}, {path: "identifier.value"}, {path: "interactionEvent"},
		}},
		{
			"POST", v + "verification-code/verify", register,
			`{"identifier":` + anEmail + `,"verificationId":"` + anID + `","code":"123456"}`, []field{
				{path: "identifier", kind: "object"}, {path: "identifier.type"}, {path: "identifier.value"},
				{path: "verificationId"}, {path: "code"},
			},
		},
		{"POST", v + "new-password-identity", register, `{"identifier":` + aName + `,"password":"Vq8-zTr4-Lm2"}`, []field{
			{path: "identifier", kind: "object"}, {path: "identifier.type"},
			{path: "identifier.value", long: "user.username_too_long"}, {path: "password", long: "password.rejected"},
		}},
		{"POST", v + "one-time-token/verify", register, `{"identifier":` + anEmail + `,"token":"x"}`, []field{
			{path: "identifier", kind: "object"}, {path: "identifier.type"}, {path: "identifier.value"}, {path: "token"},
		}},
		{"POST", "/api/experience/profile", register, `{"type":"username","value":"zoe"}`, []field{
			{path: "type"}, {path: "value", long: "user.username_too_long"},
		}},
		{"POST", "/api/experience/profile", register, `{"type":"password","value":"Vq8-zTr4-Lm2"}`, []field{
			{path: "type"}, {path: "value", long: "password.rejected"},
		}},
		{"POST", "/api/experience/profile", register, `{"type":"email","verificationId":"` + anID + `"}`, []field{
			{path: "type"}, {path: "verificationId"},
		}},
		{"POST", "/api/experience/profile", register, `{"type":"extraProfile","values":{}}`, []field{
			{path: "type"}, {path: "values", kind: "object"},
		}},
		{"POST", "/api/experience/profile", register, `{"type":"phone","verificationId":"` + anID + `"}`, []field{
			{path: "type"}, {path: "verificationId"},
		}},
		{"POST", "/api/experience/profile", register, `{"type":"social","verificationId":"` + anID + `"}`, []field{
			{path: "type"}, {path: "verificationId"},
		}},
		{"POST", v + "social/{connectorId}/authorization-uri", register, `{"state":"x","redirectUri":"https://x.example/"}`, []field{
			{path: "state"}, {path: "redirectUri"},
		}},
		{"POST", v + "social/{connectorId}/verify", register, `{"connectorData":{"code":"x"},"verificationId":"` + anID + `"}`, []field{
			{path: "connectorData", kind: "object"}, {path: "verificationId", optional: true},
		}},
		{"POST", v + "sso/{connectorId}/authorization-uri", register, `{"state":"x","redirectUri":"https://x.example/"}`, []field{
			{path: "state"}, {path: "redirectUri"},
		}},
		{"POST", v + "sso/{connectorId}/verify", register, `{"connectorData":{"code":"x"},"verificationId":"` + anID + `"}`, []field{
			{path: "connectorData", kind: "object"}, {path: "verificationId"},
		}},
		{"PUT", "/api/experience/profile/password", guestlist.EventForgotPassword, `{"password":"Vq8-zTr4-Lm2"}`, []field{
			{path: "password", long: "session.identifier_not_found"},
		}},
		{"POST", "/api/experience/invitation", register, `{"code":"x","email":"ada@example.com","termsAgreed":true}`, []field{
			{path: "code", optional: true}, {path: "email", optional: true}, {path: "termsAgreed", kind: "boolean", optional: true},
		}},
		{"POST", "/api/experience/invitation/confirmation", register, `{"address":"ada@example.com"}`, []field{{path: "address"}}},
		{"POST", "/api/experience/invitation/decline", register, `{"code":"x","email":"ada@example.com"}`, []field{
			{path: "code", optional: true}, {path: "email"},
		}},
		{"POST", "/api/experience/waitlist", register, `{"email":"ada@example.com","name":"x","locale":"en","applicationId":"x","referralCode":"x"}`, []field{
			{path: "email"}, {path: "name", optional: true}, {path: "locale", optional: true}, {path: "applicationId", optional: true},
			{path: "referralCode", optional: true},
		}},
		{"POST", "/api/interaction/consent", register, `{"organizationIds":["x"]}`, []field{
			{path: "organizationIds", kind: "array", optional: true}, {path: "organizationIds.0"},
		}},
	}
}

// TestShapesHaveEveryRoute: a route that is new has to be thought of above.
func TestShapesHaveEveryRoute(t *testing.T) {
	for _, pattern := range experience.APIPatterns() {
		method, path, _ := strings.Cut(pattern, " ")
		if pattern == "POST "+apiAvatar { // a form: see TestAvatarIsUploadedWhileRegistering
			continue
		}
		if method != http.MethodGet && !slices.ContainsFunc(shapes(), func(s shaped) bool { return s.method == method && s.path == path }) {
			t.Errorf("%s: no test of its fields", pattern)
		}
	}
}

// TestAPIFields breaks every member of every body in every way: the answer says
// which and how, and nothing has happened.
func TestAPIFields(t *testing.T) {
	h := newHouse(t, nil)
	values := []struct{ kind, json string }{
		{"null", `null`},
		{"number", `1`},
		{"number", `1e999`},
		{"boolean", `true`},
		{"array", `["x"]`},
		{"object", `{"x":1}`},
		{"string", `""`},
		{"string", `"nope"`},
	}
	for _, shape := range shapes() {
		s := h.begun(t, shape.event)
		before := s.state()
		for _, f := range shape.fields {
			kind := f.kind
			if kind == "" {
				kind = "string"
			}
			for _, v := range values {
				if v.kind == kind && !refusedText(f.path, v.json) {
					continue
				}
				s.refusedField(shape, f, v.json)
			}
			if !f.optional && f.path != "organizationIds.0" {
				s.refusedField(shape, f, "")
			}
			if kind == "string" {
				s.tooLong(shape, f)
			}
		}
		if after := s.state(); after != before {
			t.Errorf("%s %s: a refusal changed\n%s\nto\n%s", shape.method, shape.path, before, after)
		}
	}
	if n := h.users(); n != 0 {
		t.Errorf("%d accounts came to be", n)
	}
}

// refusedText reports whether a text is no value of a member, whatever else
// there is.
func refusedText(path, text string) bool {
	switch path {
	case "interactionEvent", "identifier.type", "type":
		return true
	case "code", "token", "password", "organizationIds.0":
		return text == `""`
	}
	return false
}

// state is the interaction as its owner sees it.
func (s *script) state() string { return string(s.call("GET", "/api/experience/interaction", "").body) }

// refusedField sends a body with one member changed, or left out for "".
func (s *script) refusedField(shape shaped, f field, value string) {
	s.t.Helper()
	body := broken(s.t, shape.body, f.path, value)
	a := s.call(shape.method, shape.path, body)
	if a.status != http.StatusBadRequest || a.text("code") != invalidInput {
		s.t.Errorf("%s %s %s: %d %s", shape.method, shape.path, short(body), a.status, a.body)
		return
	}
	if !strings.Contains(a.text("details"), `"`+f.path) {
		s.t.Errorf("%s %s %s: %s, want an issue at %s", shape.method, shape.path, short(body), a.text("details"), f.path)
	}
}

func (s *script) tooLong(shape shaped, f field) {
	s.t.Helper()
	want := f.long
	if want == "" {
		want = invalidInput
	}
	a := s.call(shape.method, shape.path, broken(s.t, shape.body, f.path, `"`+strings.Repeat("a", 5000)+`"`))
	if a.text("code") != want || len(a.body) > 2000 {
		s.t.Errorf("%s %s with a long %s: %d %s, want %s and little more", shape.method, shape.path, f.path, a.status, short(string(a.body)), want)
	}
}

// broken changes one member of a JSON object, or leaves it out for "".
func broken(t testing.TB, body, path, value string) string {
	t.Helper()
	if list, index, ok := strings.Cut(path, "."); ok && index == "0" {
		return `{"` + list + `":[` + value + `]}`
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(body), &members); err != nil {
		t.Fatal(err)
	}
	name, rest, inner := strings.Cut(path, ".")
	if inner {
		value = broken(t, string(members[name]), rest, value)
	}
	if value == "" {
		delete(members, name)
	} else {
		members[name] = json.RawMessage("0")
	}
	text, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	if value == "" {
		return string(text)
	}
	return strings.Replace(string(text), `"`+name+`":0`, `"`+name+`":`+value, 1)
}

// TestAPIBodies sends what is no JSON object of ours to every route.
func TestAPIBodies(t *testing.T) {
	h := newHouse(t, nil)
	for _, shape := range shapes() {
		s := h.begun(t, shape.event)
		before := s.state()
		for _, c := range []struct {
			contentType, body string
			status            int
			code              string
		}{
			{"application/json", `[]`, 400, invalidInput},
			{"application/json", `"x"`, 400, invalidInput},
			{"application/json", `1`, 400, invalidInput},
			{"application/json", `null`, 400, invalidInput},
			{"application/json", `{"interactionEvent":`, 400, "request.invalid_json"},
			{"application/json", `{"interactionEvent":"SignIn"} {}`, 400, "request.invalid_json"},
			{"application/json", "{\"interactionEvent\":\"Sign\xffIn\"}", 400, "request.invalid_text"},
			{"application/json", `{"x":"a\u0000b"}`, 400, "request.invalid_text"},
			{"application/json", `{"x":"` + strings.Repeat("a", 1<<20) + `"}`, 413, "request.body_too_large"},
			{"text/plain", shape.body, 400, invalidInput},
			{"application/x-www-form-urlencoded", "interactionEvent=SignIn", 400, invalidInput},
			{"multipart/form-data; boundary=x", "--x--", 400, invalidInput},
			{"", shape.body, 400, invalidInput},
		} {
			a := s.send(shape.method, shape.path, c.contentType, c.body)
			if a.status != c.status || a.text("code") != c.code {
				t.Errorf("%s %s %s %s: %d %s, want %d %s", shape.method, shape.path, c.contentType, short(c.body), a.status, short(string(a.body)), c.status, c.code)
			}
		}
		if after := s.state(); after != before {
			t.Errorf("%s %s: a refusal changed\n%s\nto\n%s", shape.method, shape.path, before, after)
		}
	}
}

// TestSSOConnectors: there are none, whoever asks, but the address has to be one.
func TestSSOConnectors(t *testing.T) {
	s := newHouse(t, nil).script(t)
	s.begin(nil)
	if a := s.want(http.StatusOK, "", "GET", "/api/experience/sso-connectors?email=Ada%40Example.com", ""); string(a.body) != `{"connectorIds":[]}` {
		t.Errorf("got %s", a.body)
	}
	for _, query := range []string{"", "?email=", "?email=nope", "?email=a@b.c&email=d@e.f", "?email=" + strings.Repeat("a", 5000) + "@example.com"} {
		s.want(http.StatusBadRequest, invalidInput, "GET", "/api/experience/sso-connectors"+query, "")
	}
	s.want(http.StatusBadRequest, "request.invalid_text", "GET", "/api/experience/sso-connectors?email=a%00@example.com", "")
	s.want(http.StatusBadRequest, "request.invalid_parameters", "GET", "/api/experience/sso-connectors?email=%zz", "")
}
