package experience_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"guestlist"
)

// TestAPIChaos: with the door closed no order of calls, in two interactions at
// once that try each other's verifications, makes an account or signs anybody
// in but whose password or mail the caller has.
func TestAPIChaos(t *testing.T) {
	const runs, steps = 20, 60
	h := newHouse(t, func(e *guestlist.SignInExperience) {
		e.SignInMode, e.SignUp = guestlist.ModeSignIn, guestlist.SignUpSettings{Verify: true}
	})
	own := h.user("ada@example.com", newPassword)
	h.user("victim@example.com", "Vq8-zTr4-Lm2")
	accounts, entered := h.users(), 0
	for seed := range uint64(runs) {
		r := rand.New(rand.NewPCG(seed, 1)) // seeded: a failure has to be repeatable
		c := &chaos{t: t, r: r, own: own, browsers: [2]*script{h.begun(t, guestlist.EventSignIn), h.script(t).begin(nil)}}
		for range steps {
			if c.step() {
				entered++
			}
		}
		if t.Failed() {
			t.Fatalf("seed %d: %s", seed, strings.Join(c.done, "\n"))
		}
		// Counters run out, interactions do not matter any more.
		h.now = h.now.Add(2 * time.Hour)
	}
	if n := h.users(); n != accounts {
		t.Errorf("%d accounts, want %d", n, accounts)
	}
	t.Logf("%d times in", entered)
	if entered == 0 {
		t.Error("nobody ever came in: the chaos tries nothing")
	}
}

// chaos is one run: what was done, and what the answers gave away.
type chaos struct {
	t        *testing.T
	r        *rand.Rand
	own      guestlist.UserID
	browsers [2]*script
	ids      []string // of verifications, of both interactions
	code     string   // the last that came to the caller's own address
	done     []string
}

// step makes a random call and reports whether it ended in a session.
func (c *chaos) step() bool {
	s := c.browsers[c.r.IntN(6)/5] // mostly one of them
	method, path, body := c.pick()
	a := s.call(method, path, body)
	c.done = append(c.done, fmt.Sprintf("%s %s %s -> %d %s", method, path, body, a.status, a.body))
	if a.status >= http.StatusInternalServerError {
		c.t.Errorf("%s %s: %d", method, path, a.status)
	}
	if id := a.text("verificationId"); id != "" {
		c.ids = append(c.ids, id)
	}
	if sent := s.h.mailed("ada@example.com"); len(sent) > 0 {
		c.code = sent[len(sent)-1]
	}
	if who := s.call("GET", "/api/experience/interaction", "").text("userId"); who != "" && who != string(c.own) {
		c.t.Errorf("the caller became %s", who)
	}
	to := a.text("redirectTo")
	if to == "" {
		return false
	}
	if text := s.browser.Get(to).One("body").Text(); text != "In as ada@example.com" {
		c.t.Errorf("the caller came in: %s", text)
	}
	s.begin(nil).want(http.StatusNoContent, "", "PUT", "/api/experience", `{"interactionEvent":"SignIn"}`)
	return true
}

func (c *chaos) any(list ...string) string { return list[c.r.IntN(len(list))] }

func (c *chaos) id() string {
	if len(c.ids) == 0 {
		return anID
	}
	if c.r.IntN(3) > 0 {
		return c.ids[len(c.ids)-1]
	}
	return c.ids[c.r.IntN(len(c.ids))]
}

// pick makes a call up. Passwords are rare: each costs a digest.
func (c *chaos) pick() (method, path, body string) {
	const v = "/api/experience/verification/"
	event := `"interactionEvent":"` + c.any("SignIn", "SignIn", "SignIn", "Register", "ForgotPassword") + `"`
	who := `"identifier":{"type":"email","value":"` +
		c.any("ada@example.com", "ada@example.com", "ada@example.com", "victim@example.com", "new@example.com") + `"}`
	id := `"verificationId":"` + c.id() + `"`
	switch c.r.IntN(20) {
	case 0:
		return "PUT", "/api/experience", `{` + event + `}`
	case 1:
		return "PUT", "/api/experience/interaction-event", `{` + event + `}`
	case 2, 3, 4, 5, 6:
		return "POST", "/api/experience/identification", `{` + id + `}`
	case 7:
		return "POST", "/api/experience/identification", `{}`
	case 8, 9:
		return "POST", "/api/experience/submit", ""
	case 10, 11:
		return "POST", v + "verification-code", `{` + who + `,` + event + `}`
	case 12, 13, 14:
		return "POST", v + "verification-code/verify", `{` + who + `,` + id + `,"code":"` + c.any("000000", c.code, c.code) + `"}`
	case 15:
		return "POST", v + "password", `{` + who + `,"password":"` + newPassword + `"}`
	case 16:
		return "POST", v + "new-password-identity", `{"identifier":{"type":"username","value":"eve"},"password":"` + newPassword + `"}`
	case 17:
		return "POST", "/api/experience/profile", `{"type":"email",` + id + `}`
	case 18:
		return "POST", "/api/experience/profile", c.any(`{"type":"username","value":"eve"}`, `{"type":"password","value":"`+newPassword+`"}`)
	default:
		return "PUT", "/api/experience/profile/password", `{"password":"` + c.any(newPassword, "An0ther-pass-word") + `"}`
	}
}
