package experience_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/store"
)

// TestAPIChaos: with the door closed no order of calls, in two interactions at
// once that try each other's verifications, makes an account or signs anybody
// in but whose password, mail or account at a provider the caller has; whatever
// the caller claims there of addresses.
func TestAPIChaos(t *testing.T) {
	const runs, steps = 20, 90
	h := newHouse(t, func(e *guestlist.SignInExperience) {
		e.SignInMode, e.SignUp = guestlist.ModeSignIn, guestlist.SignUpSettings{Verify: true}
	})
	o := surrounded(h)
	own := h.user("ada@example.com", newPassword)
	victim := h.user("victim@example.com", "Vq8-zTr4-Lm2")
	o.linked(github, "other@example.com", person("other@example.com"))
	accounts, entered, recognised := h.users(), 0, 0
	for seed := range uint64(runs) {
		r := rand.New(rand.NewPCG(seed, 1)) // seeded: a failure has to be repeatable
		c := &chaos{t: t, r: r, o: o, own: own, browsers: [2]*script{h.begun(t, guestlist.EventSignIn), h.script(t).begin(nil)}}
		for range steps {
			if c.step() {
				entered++
			}
		}
		if t.Failed() {
			t.Fatalf("seed %d: %s", seed, strings.Join(c.done, "\n"))
		}
		recognised += c.recognised
		// Counters run out, interactions do not matter any more.
		h.now = h.now.Add(2 * time.Hour)
	}
	if n := h.users(); n != accounts {
		t.Errorf("%d accounts, want %d", n, accounts)
	}
	h.update(func(tx *store.Tx) error {
		identities, err := tx.IdentitiesOfUser(victim)
		employed, ssoErr := tx.SSOIdentitiesOfUser(victim)
		if len(identities) > 0 || len(employed) > 0 {
			t.Errorf("the victim was given %v and %v", identities, employed)
		}
		return errors.Join(err, ssoErr)
	})
	t.Logf("%d times in, %d times recognised", entered, recognised)
	if entered == 0 || recognised == 0 {
		t.Error("nobody ever came in, or was recognised by a provider: the chaos tries nothing")
	}
}

// chaos is one run: what was done, and what the answers gave away.
type chaos struct {
	t        *testing.T
	r        *rand.Rand
	o        *outside
	own      guestlist.UserID
	browsers [2]*script
	attempts []attempted // at providers, of both interactions
	ids      []string    // of verifications, of both interactions
	code     string      // the last that came to the caller's own address
	then     string      // the path of what a guest would do next
	done     []string

	recognised int // times that a provider's answer was believed
}

// attempted is an attempt to be recognised: its path, but for the last step, and
// its verification.
type attempted struct{ path, id string }

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
	if at, begins := strings.CutSuffix(path, "/authorization-uri"); begins && a.status == http.StatusOK {
		c.attempts = append(c.attempts, attempted{at, a.text("verificationId")})
	}
	switch c.then = ""; {
	case a.status == http.StatusOK && strings.Contains(path, "/verification/") && !strings.HasSuffix(path, "/authorization-uri"):
		c.then = "/api/experience/identification"
	case a.status == http.StatusNoContent && path == "/api/experience/identification":
		c.then = "/api/experience/submit"
	}
	if strings.HasSuffix(path, "/verify") && strings.Contains(body, "connectorData") && a.status == http.StatusOK {
		c.recognised++
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

func (c *chaos) last() string {
	if len(c.ids) == 0 {
		return anID
	}
	return c.ids[len(c.ids)-1]
}

func (c *chaos) id() string {
	if len(c.ids) == 0 || c.r.IntN(3) > 0 {
		return c.last()
	}
	return c.ids[c.r.IntN(len(c.ids))]
}

// claims are what the caller says at providers: of themselves, and of others
// whose addresses nobody verified, or nobody's word counts for.
func (c *chaos) claims(id guestlist.ConnectorID) guestlist.OutsideIdentity {
	if id != github && c.r.IntN(2) == 0 { // nobody takes their word for it
		return person("victim@example.com")
	}
	switch c.r.IntN(4) {
	case 0, 1:
		return person("ada@example.com")
	case 2:
		return guestlist.OutsideIdentity{Subject: "liar", Email: "victim@example.com"}
	}
	return person("new@corp.example")
}

// outside makes a call about providers up.
func (c *chaos) outside(id string) (method, path, body string) {
	const v = "/api/experience/verification/"
	at := c.any("social/github", "social/github", "social/gossip", "social/gossip", "sso/corp", "sso/corp", "social/nosuch", "sso/github")
	switch c.r.IntN(6) {
	case 0, 1:
		return "POST", v + at + "/authorization-uri", `{"state":"` + c.any("x", "x", "x", "y") + `","redirectUri":"https://pages.example/back"}`
	case 2, 3, 4:
		if len(c.attempts) > 0 && c.r.IntN(5) > 0 {
			last := c.attempts[len(c.attempts)-1]
			at, id = strings.TrimPrefix(last.path, v), `"verificationId":"`+last.id+`"`
		}
		_, name, _ := strings.Cut(at, "/")
		code := "made-up"
		if p := c.o.at[guestlist.ConnectorID(name)]; p != nil {
			p.expects(c.claims(guestlist.ConnectorID(name)))
			code = p.code()
		}
		return "POST", v + at + "/verify", `{"connectorData":{"code":"` + code + `","state":"` + c.any("x", "x", "x", "y") + `"},` + id + `}`
	default:
		return "POST", "/api/experience/profile", `{"type":"social",` + id + `}`
	}
}

// pick makes a call up. Passwords are rare: each costs a digest.
func (c *chaos) pick() (method, path, body string) {
	const v = "/api/experience/verification/"
	event := `"interactionEvent":"` + c.any("SignIn", "SignIn", "SignIn", "Register", "ForgotPassword") + `"`
	who := `"identifier":{"type":"email","value":"` +
		c.any("ada@example.com", "ada@example.com", "ada@example.com", "victim@example.com", "new@example.com") + `"}`
	id := `"verificationId":"` + c.id() + `"`
	if c.then != "" && c.r.IntN(2) == 0 { // a little sense makes the rest go deeper
		return "POST", c.then, `{"verificationId":"` + c.last() + `"` + c.any("", `,"linkSocialIdentity":true`) + `}`
	}
	switch c.r.IntN(40) {
	case 0:
		return "PUT", "/api/experience", `{` + event + `}`
	case 1:
		return "PUT", "/api/experience/interaction-event", `{` + event + `}`
	case 2, 3, 4, 5, 6:
		return "POST", "/api/experience/identification", `{` + id + c.any("", `,"linkSocialIdentity":true`) + `}`
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
	case 19:
		return "POST", "/api/experience/profile", `{"type":"extraProfile","values":{"company":"x"}}`
	case 20:
		return "PUT", "/api/experience/profile/password", `{"password":"` + c.any(newPassword, "An0ther-pass-word") + `"}`
	default:
		return c.outside(id)
	}
}
