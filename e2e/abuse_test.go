package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// route is one operation that the server offers.
type route struct{ method, path string }

// pages are the hosted pages; those in forms take a POST as well.
var (
	pages = []string{
		"/", "/sign-in", "/identifier-sign-in", "/sign-in/password", "/register", "/identifier-register", "/register/password",
		"/reset-password", "/forgot-password", "/forgot-password/reset", "/sign-in/verification-code", "/register/verification-code",
		"/forgot-password/verification-code", "/continue/verification-code", "/continue/password", "/continue/username",
		"/continue/email", "/continue/phone", "/continue/emailOrPhone", "/one-time-token", "/one-time-token/error", "/switch-account",
		"/consent", "/unknown-session", "/account-suspended", "/setup", "/setup/done", "/demo-app", "/demo-app/sign-out",
		"/account", "/account/profile", "/account/details", "/account/email", "/account/email/verification-code", "/account/phone",
		"/account/phone/verification-code", "/account/password", "/account/identities", "/account/sessions", "/account/verify",
		"/account/verify/verification-code", "/account/sign-in", "/account/callback",
		"/console", "/console/roles", "/console/roles/new", "/console/sign-in", "/console/callback", "/console/signed-out", "/console/find.json",
	}
	forms = []string{
		"/sign-in", "/identifier-sign-in", "/sign-in/password", "/register", "/identifier-register", "/register/password",
		"/reset-password", "/forgot-password", "/forgot-password/reset", "/sign-in/verification-code", "/register/verification-code",
		"/forgot-password/verification-code", "/continue/verification-code", "/continue/password", "/continue/username",
		"/continue/email", "/continue/phone", "/continue/emailOrPhone", "/one-time-token", "/consent", "/setup", "/demo-app/sign-out",
		"/account/profile", "/account/details", "/account/email", "/account/email/verification-code", "/account/phone",
		"/account/phone/verification-code", "/account/password", "/account/identities", "/account/sessions", "/account/verify",
		"/account/verify/verification-code", "/account/sign-out",
		"/console/door", "/console/preferences", "/console/sign-out", "/console/roles/new",
	}
	oidcRoutes = []route{
		{"GET", "/oidc/.well-known/openid-configuration"}, {"GET", "/oidc/.well-known/oauth-authorization-server"}, {"GET", "/oidc/jwks"},
		{"POST", "/oidc/token"}, {"POST", "/oidc/token/introspection"}, {"POST", "/oidc/token/revocation"}, {"GET", "/oidc/me"},
		{"POST", "/oidc/me"}, {"GET", "/oidc/auth"}, {"POST", "/oidc/auth"}, {"GET", "/oidc/auth/anything"}, {"POST", "/oidc/request"},
		{"GET", "/oidc/session/end"}, {"POST", "/oidc/session/end"}, {"POST", "/oidc/session/end/confirm"}, {"GET", "/oidc/session/end/success"},
	}
)

// managed lists the operations of the management API, as its own document does.
func (s *site) managed(t *testing.T) (list []route) {
	t.Helper()
	var document struct {
		Paths map[string]map[string]json.RawMessage
	}
	s.api("GET", "/swagger.json", nil, 200, &document)
	for path, methods := range document.Paths {
		for method := range methods {
			// What is for users themselves takes no token of a machine.
			if isMethod(method) && !strings.HasPrefix(path, "/api/my-account/") {
				list = append(list, route{strings.ToUpper(method), path})
			}
		}
	}
	slices.SortFunc(list, func(a, b route) int { return strings.Compare(a.path+a.method, b.path+b.method) })
	if len(list) < 100 {
		t.Fatalf("the document lists %d operations only", len(list))
	}
	return list
}

func isMethod(s string) bool {
	return slices.Contains([]string{"get", "post", "put", "patch", "delete"}, s)
}

// stock makes one of everything, so that there is something to break, and
// returns the ids by the first part of their paths.
func (s *site) stock(t *testing.T) map[string]string {
	t.Helper()
	ids := map[string]string{}
	for _, thing := range []struct {
		path string
		body map[string]any
		want int
	}{
		{"users", map[string]any{"primaryEmail": "ada@guests.example", "username": "ada", "password": knownPassword}, 200},
		{"applications", map[string]any{"name": "Shop", "type": "Traditional"}, 200},
		{"roles", map[string]any{"name": "reader", "description": "reads", "type": "User"}, 200},
		{"resources", map[string]any{"name": "Books", "indicator": "https://books.example"}, 201},
		{"hooks", map[string]any{"name": "ring", "events": []string{"User.Created"}, "config": map[string]any{"url": "https://hook.example/"}}, 201},
		{"one-time-tokens", map[string]any{"email": "grace@guests.example", "expiresIn": 3600}, 201},
	} {
		var made struct{ ID string }
		s.api("POST", "/"+thing.path, thing.body, thing.want, &made)
		ids[thing.path] = made.ID
	}
	s.connectMail()
	return ids
}

// state is everything that the management API shows of the installation, but
// for what only tells that somebody asked.
func (s *site) state(t *testing.T) map[string]string {
	t.Helper()
	state := map[string]string{}
	for _, path := range []string{
		"/users", "/applications", "/roles", "/resources", "/hooks", "/connectors", "/one-time-tokens", "/email-templates",
		"/custom-phrases", "/sign-in-exp", "/configs/oidc/private-keys", "/configs/oidc/session",
	} {
		req := s.request(http.MethodGet, "/api"+path, nil)
		req.Header.Set("Authorization", "Bearer "+s.token)
		status, body := s.send(req)
		if status != http.StatusOK {
			t.Fatalf("%s: %d %s", path, status, body)
		}
		state[path] = string(body)
	}
	return state
}

// sameState fails the test where the installation is no longer what it was.
func (s *site) sameState(t *testing.T, before map[string]string) {
	t.Helper()
	for path, now := range s.state(t) {
		if now != before[path] {
			t.Errorf("%s changed from\n%s\nto\n%s", path, before[path], now)
		}
	}
}

// hostileBody is a body that no route takes.
type hostileBody struct {
	name, contentType string
	text              string
	encoding          string
	want              int // 0: any refusal
}

func hostileBodies() []hostileBody {
	const asJSON = "application/json"
	return []hostileBody{
		{name: "over 1 MiB", contentType: asJSON, text: `{"name":"` + strings.Repeat("a", 1<<20) + `"}`, want: http.StatusRequestEntityTooLarge},
		{name: "escaped NUL", contentType: asJSON, text: `{"name":"a\u0000b","email":"a\u0000@guests.example"}`},
		{name: "raw NUL", contentType: asJSON, text: "{\"name\":\"a\x00b\"}"},
		{name: "NUL alone", contentType: asJSON, text: "\x00"},
		{name: "no UTF-8", contentType: asJSON, text: "{\"name\":\"\xff\xfe\"}"},
		{name: "half a surrogate in a key", contentType: asJSON, text: "{\"na\xed\xa0\x80me\":1}"},
		{name: "very deep", contentType: asJSON, text: strings.Repeat("[", 100000)},
		{name: "very deep inside", contentType: asJSON, text: `{"a":` + strings.Repeat(`{"a":`, 20000) + `1` + strings.Repeat("}", 20001)},
		{name: "cut off", contentType: asJSON, text: `{"name":"a`},
		{name: "two documents", contentType: asJSON, text: `{"name":"a"}{"name":"b"}`},
		{name: "an array", contentType: asJSON, text: `[]`},
		{name: "a string", contentType: asJSON, text: `"name"`},
		{name: "a form", contentType: "application/x-www-form-urlencoded", text: "name=a&email=a%40guests.example"},
		{name: "plain text", contentType: "text/plain", text: `{"name":"a"}`},
		{name: "XML", contentType: "application/xml", text: `<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>`},
		{name: "many parts", contentType: "multipart/form-data; boundary=x", text: "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--x--\r\n"},
		{name: "a type that is none", contentType: ";;;/", text: `{"name":"a"}`},
		{name: "compressed", contentType: asJSON, text: "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", encoding: "gzip"},
	}
}

var pathParameter = regexp.MustCompile(`\{[^}]+\}`)

// fill puts ids into a path: that of something that is there, unless it would
// be deleted, and then that of nothing.
func (r route) fill(ids map[string]string) string {
	parts := strings.Split(strings.TrimPrefix(r.path, "/api/"), "/")
	path := strings.NewReplacer("{languageTag}", "en", "{keyType}", "private-keys").Replace(r.path)
	if id := ids[parts[0]]; id != "" && r.method != http.MethodDelete {
		path = strings.Replace(path, "{id}", id, 1)
		path = regexp.MustCompile(`^/api/`+parts[0]+`/\{[^}]+\}`).ReplaceAllString(path, "/api/"+parts[0]+"/"+id)
	}
	return pathParameter.ReplaceAllString(path, "nothing000000000000000")
}

// streams are the routes that take something else than a JSON object.
var streams = []string{"/api/users/bulk", "/api/user-imports", "/api/user-assets", "/api/invitations/batch"}

// TestHostileBodies sends every body that is out of shape to every route that
// reads one. Each is refused with a status and code of the contract, and
// nothing changes.
func TestHostileBodies(t *testing.T) {
	t.Parallel()
	s := newSite(t, "sqlite")
	p := s.serve()
	s.administer()
	ids := s.stock(t)
	before := s.state(t)
	routes := s.managed(t)
	for _, f := range forms {
		routes = append(routes, route{"POST", f})
	}
	for _, r := range append(routes, oidcRoutes...) {
		if r.method == http.MethodGet || r.method == http.MethodDelete || slices.Contains(streams, r.path) {
			continue
		}
		for _, b := range hostileBodies() {
			if !strings.HasPrefix(r.path, "/api/") && b.name == "a form" {
				continue // that is what they take
			}
			if r.path == "/api/custom-profile-fields/batch" && b.name == "an array" {
				continue // it takes one, and an empty one makes nothing
			}
			s.refuses(t, r, r.fill(ids), b)
		}
	}
	s.sameState(t, before)
	p.unharmed(t)
}

func (s *site) refuses(t *testing.T, r route, path string, b hostileBody) {
	t.Helper()
	req := s.request(r.method, path, strings.NewReader(b.text))
	req.Header.Set("Content-Type", b.contentType)
	if b.encoding != "" {
		req.Header.Set("Content-Encoding", b.encoding)
	}
	api := strings.HasPrefix(r.path, "/api/")
	if api {
		req.Header.Set("Authorization", "Bearer "+s.token)
	}
	status, body := s.send(req)
	what := fmt.Sprintf("%s %s with %s", r.method, r.path, b.name)
	switch {
	case status >= 500 && status != http.StatusNotImplemented:
		t.Errorf("%s: %d %s", what, status, body)
	case b.want != 0 && status != b.want && r.path != "/demo-app/sign-out": // which reads none
		t.Errorf("%s: %d, want %d: %.200s", what, status, b.want, body)
	case status < 400 && (api || strings.HasPrefix(r.path, "/oidc/")):
		t.Errorf("%s: %d %.200s", what, status, body)
	}
	if api && status >= 400 {
		var envelope struct{ Code, Message string }
		if err := json.Unmarshal(body, &envelope); err != nil || envelope.Code == "" || envelope.Message == "" {
			t.Errorf("%s: no error of the contract: %d %.200s", what, status, body)
		}
	}
	if leak := leaks(body); leak != "" {
		t.Errorf("%s: the answer tells %q: %.300s", what, leak, body)
	}
}

// leaks returns what of an answer tells strangers how the server is made.
func leaks(body []byte) string {
	for _, tell := range []string{"goroutine ", ".go:", "SQLSTATE", "SQL logic", "sqlite", "pgconn", "pgx:", "pgx/", "UNIQUE constraint", "runtime error"} {
		if bytes.Contains(body, []byte(tell)) {
			return tell
		}
	}
	return ""
}

// unharmed requires that the server is well, and that nothing happened inside
// that it complains about.
func (p *running) unharmed(t *testing.T) {
	t.Helper()
	log := p.out.String()
	for line := range strings.Lines(log) {
		if strings.Contains(line, `"level":"ERROR"`) || strings.Contains(line, "panic") {
			t.Errorf("the server complains: %s", line)
		}
	}
	if status := p.terminate(); status != 0 {
		t.Errorf("the server ended with status %d:\n%s", status, log)
	}
}
