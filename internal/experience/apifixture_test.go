package experience_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
	"guestlist/internal/web/webtest"
)

// script is a page of somebody else's in a browser: it calls the API with the
// browser's cookies.
type script struct {
	t       testing.TB
	h       *house
	browser *webtest.Browser
	header  http.Header // goes with every call, e.g. Logto-App-Id
}

// reply is what the API answered.
type reply struct {
	status int
	header http.Header
	body   []byte
}

func (h *house) script(t testing.TB) *script {
	return &script{t: t, h: h, browser: h.browser(), header: http.Header{}}
}

// begin sends the browser through an authorization request; "app" and what
// /begin knows may be given.
func (s *script) begin(params url.Values) *script {
	s.t.Helper()
	s.h.open(s.browser, "/sign-in", params)
	return s
}

// begun is a script in an interaction that began with an event.
func (h *house) begun(t testing.TB, event guestlist.InteractionEvent) *script {
	t.Helper()
	s := h.script(t).begin(nil)
	s.want(http.StatusNoContent, "", "PUT", "/api/experience", `{"interactionEvent":"`+string(event)+`"}`)
	return s
}

// call sends a request; an empty body is none.
func (s *script) call(method, path, body string) reply {
	s.t.Helper()
	return s.send(method, path, "application/json", body)
}

func (s *script) send(method, path, contentType, body string) reply {
	s.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, s.h.srv.URL+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if body == "" {
		req.Body = http.NoBody
	} else {
		req.Header.Set("Content-Type", contentType)
	}
	for name, values := range s.header {
		req.Header[name] = values
	}
	req.Header["Cookie"] = s.cookies()
	res, err := s.h.srv.Client().Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return reply{res.StatusCode, res.Header, answer}
}

// cookies are those of the browser that the API reads, a line each.
func (s *script) cookies() []string {
	var lines []string
	for _, name := range []string{"_interaction", "_interaction.sig", "_session", "_session.sig"} {
		if v := s.browser.Cookie(s.h.srv.URL, name); v != "" {
			lines = append(lines, name+"="+v)
		}
	}
	return lines
}

// want is call for an answer that must have a status and a code.
func (s *script) want(status int, code, method, path, body string) reply {
	s.t.Helper()
	a := s.call(method, path, body)
	if a.status != status || a.text("code") != code {
		s.t.Fatalf("%s %s %s: %d %s, want %d %q", method, path, short(body), a.status, short(string(a.body)), status, code)
	}
	return a
}

// verify sends what makes a verification, and returns its id.
func (s *script) verify(path, body string) string {
	s.t.Helper()
	return s.want(http.StatusOK, "", "POST", "/api/experience/verification/"+path, body).text("verificationId")
}

// byCode proves an address by a code and returns the verification.
func (s *script) byCode(address string, event guestlist.InteractionEvent) string {
	s.t.Helper()
	who := `"identifier":{"type":"email","value":"` + address + `"}`
	id := s.verify("verification-code", `{`+who+`,"interactionEvent":"`+string(event)+`"}`)
	return s.verify("verification-code/verify", `{`+who+`,"verificationId":"`+id+`","code":"`+s.h.code(address)+`"}`)
}

// byToken proves an address by a one-time token and returns the verification.
func (s *script) byToken(address, token string) string {
	s.t.Helper()
	return s.verify("one-time-token/verify", `{"identifier":{"type":"email","value":"`+address+`"},"token":"`+token+`"}`)
}

// identify sends a verification as who the guest is.
func (s *script) identify(status int, code, id string) reply {
	s.t.Helper()
	return s.want(status, code, "POST", "/api/experience/identification", `{"verificationId":"`+id+`"}`)
}

// finish submits and opens what the answer leads to.
func (s *script) finish() *webtest.Answer {
	s.t.Helper()
	a := s.want(http.StatusOK, "", "POST", "/api/experience/submit", "")
	return s.browser.Get(a.text("redirectTo"))
}

// text returns a member of an answer that is a string, or "".
func (a reply) text(name string) string {
	var m map[string]any
	if json.Unmarshal(a.body, &m) != nil {
		return ""
	}
	s, _ := m[name].(string)
	return s
}

// pretty is the body as a golden has it.
func (a reply) pretty() string {
	var b bytes.Buffer
	if json.Indent(&b, a.body, "", "  ") != nil {
		return string(a.body)
	}
	return b.String()
}

func short(s string) string { return s[:min(len(s), 300)] }

// person makes an account; absent members are empty.
func (h *house) person(t testing.TB, u guestlist.User, password string) guestlist.UserID {
	t.Helper()
	var digest *guestlist.PasswordDigest
	if password != "" {
		d, algorithm, err := h.desk.Hasher.Hash(context.Background(), password)
		h.must(err)
		digest = &guestlist.PasswordDigest{Digest: d, Algorithm: algorithm}
	}
	h.update(func(tx *store.Tx) error {
		u.ID, u.CreatedAt, u.UpdatedAt, u.HasPassword = guestlist.UserID(crypt.ShortID()), tx.Now, tx.Now, digest != nil
		if u.PrimaryEmail != nil {
			u.EmailVerifiedAt = &tx.Now
		}
		return tx.InsertUser(u, digest)
	})
	return u.ID
}

// settings changes the sign-in experience.
func (h *house) settings(change func(*guestlist.SignInExperience)) {
	h.t.Helper()
	h.update(func(tx *store.Tx) error {
		exp, err := tx.SignInExperience()
		if err != nil {
			return err
		}
		change(&exp)
		return tx.PutSignInExperience(exp)
	})
}

// users counts the accounts.
func (h *house) users() (n int) {
	h.t.Helper()
	h.update(func(tx *store.Tx) (err error) {
		n, err = tx.CountUsers()
		return err
	})
	return n
}
