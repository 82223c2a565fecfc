package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The paths of the experience API.
const (
	apiExperience = "/api/experience"
	apiVerify     = apiExperience + "/verification/"
)

// caller is a guest in front of a page of somebody else's: a browser whose
// page speaks to the experience API.
type caller struct {
	*guest
	t *testing.T
	s *site
}

// caller sends a fresh browser through an authorization request of the demo
// application, and begins an interaction, unless event is empty.
func (s *site) caller(t *testing.T, event string) *caller {
	t.Helper()
	v := &caller{newGuest(), t, s}
	v.authorize(nil)
	if event != "" {
		v.begin(event)
	}
	return v
}

// authorize has the demo application ask for a sign-in, with parameters that
// are added.
func (v *caller) authorize(more url.Values) {
	v.t.Helper()
	v.must(v.t, v.visit(v.s.url+"/demo-app?"+more.Encode()))
}

func (v *caller) begin(event string) {
	v.t.Helper()
	v.want(http.StatusNoContent, "", "PUT", apiExperience, map[string]any{"interactionEvent": event})
}

// reply is an answer of the API.
type reply struct {
	status  int
	header  http.Header
	body    []byte
	code    string
	data    any
	members map[string]any
}

// text returns a member that is a string, or "".
func (r reply) text(name string) string {
	s, _ := r.members[name].(string)
	return s
}

// call sends a request as the page does; a nil body is none, and a string goes
// as it is.
func (v *caller) call(method, path string, body any) reply {
	v.t.Helper()
	var sent []byte
	switch b := body.(type) {
	case nil:
	case string:
		sent = []byte(b)
	default:
		var err error
		if sent, err = json.Marshal(b); err != nil {
			v.t.Fatal(err)
		}
	}
	req, err := http.NewRequestWithContext(context.Background(), method, v.s.url+path, bytes.NewReader(sent))
	if err != nil {
		v.t.Fatal(err)
	}
	if sent != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Origin", v.s.url)
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	res, err := v.client.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	r := reply{status: res.StatusCode, header: res.Header, body: answer}
	if json.Unmarshal(answer, &r.members) == nil && r.members != nil {
		r.code, r.data = r.text("code"), r.members["data"]
	}
	if r.status >= http.StatusInternalServerError && r.status != http.StatusNotImplemented {
		v.t.Errorf("%s %s %.300s: %d %.300s", method, path, sent, r.status, answer)
	}
	return r
}

// want is call for an answer that must have a status and a code.
func (v *caller) want(status int, code, method, path string, body any) reply {
	v.t.Helper()
	r := v.call(method, path, body)
	if r.status != status || r.code != code {
		v.t.Fatalf("%s %s %v: %d %.600s, want %d %q", method, path, body, r.status, r.body, status, code)
	}
	return r
}

// verify makes a verification and returns its id.
func (v *caller) verify(path string, body any) string {
	v.t.Helper()
	return v.want(http.StatusOK, "", "POST", apiVerify+path, body).text("verificationId")
}

// who is an identifier on the wire.
func who(kind, value string) map[string]string {
	return map[string]string{"type": kind, "value": value}
}

// byPassword proves somebody by a password.
func (v *caller) byPassword(kind, name, password string) string {
	v.t.Helper()
	return v.verify("password", map[string]any{"identifier": who(kind, name), "password": password})
}

// byCode proves an address by a code.
func (v *caller) byCode(l *letterbox, kind, address, event string) string {
	v.t.Helper()
	id := v.verify("verification-code", map[string]any{"identifier": who(kind, address), "interactionEvent": event})
	return v.verify("verification-code/verify", map[string]any{
		"identifier": who(kind, address), "verificationId": id, "code": l.code(v.t, address),
	})
}

// byToken proves an address by a one-time token.
func (v *caller) byToken(token oneTimeToken) string {
	v.t.Helper()
	return v.verify("one-time-token/verify", map[string]any{"identifier": who("email", token.Email), "token": token.Token})
}

// identify says who the guest is by a verification; an empty one is none.
func (v *caller) identify(status int, code, verification string, more ...string) reply {
	v.t.Helper()
	body := map[string]any{}
	if verification != "" {
		body["verificationId"] = verification
	}
	for _, name := range more {
		body[name] = true
	}
	return v.want(status, code, "POST", apiExperience+"/identification", body)
}

// register switches to Register.
func (v *caller) register() {
	v.t.Helper()
	v.want(http.StatusNoContent, "", "PUT", apiExperience+"/interaction-event", map[string]any{"interactionEvent": "Register"})
}

// profile adds something to the account.
func (v *caller) profile(status int, code, kind, name, value string) reply {
	v.t.Helper()
	return v.want(status, code, "POST", apiExperience+"/profile", map[string]any{"type": kind, name: value})
}

// finish submits, and requires that the browser comes back to the application
// with a code and a session. It returns who it is.
func (v *caller) finish() account {
	v.t.Helper()
	r := v.want(http.StatusOK, "", "POST", apiExperience+"/submit", nil)
	to := r.text("redirectTo")
	if !strings.HasPrefix(to, v.s.url+"/oidc/auth/") {
		v.t.Fatalf("submit leads to %q", to)
	}
	v.must(v.t, v.visit(to))
	if v.at.Path != "/demo-app" || v.status != http.StatusOK {
		v.t.Fatal(v.lost("the guest is not back at the application"))
	}
	return v.inside()
}

// userIDLine is what the demo application shows of who is signed in.
var userIDLine = regexp.MustCompile(`User ID\s+(\w+)`)

// inside returns the user whose session the browser has.
func (v *caller) inside() account {
	v.t.Helper()
	match := userIDLine.FindStringSubmatch(text(v.doc))
	if match == nil {
		v.t.Fatal(v.lost("nobody is signed in"))
	}
	var u account
	v.s.api("GET", "/users/"+match[1], nil, http.StatusOK, &u)
	return u
}

// session reports whether the browser has a session.
func (v *caller) session() bool {
	u, err := url.Parse(v.s.url)
	if err != nil {
		v.t.Fatal(err)
	}
	for _, c := range v.client.Jar.Cookies(u) {
		if c.Name == "_session" {
			return true
		}
	}
	return false
}

// sameData compares the data of an error with JSON.
func (r reply) sameData(t *testing.T, want string) {
	t.Helper()
	var wanted any
	if want != "" {
		if err := json.Unmarshal([]byte(want), &wanted); err != nil {
			t.Fatalf("%v in %s", err, want)
		}
	}
	if diff := cmp.Diff(wanted, r.data); diff != "" {
		t.Errorf("the data of %s (-want +got):\n%s", r.code, diff)
	}
}

func contains(text []byte, part string) bool { return bytes.Contains(text, []byte(part)) }
