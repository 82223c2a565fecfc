package experience_test

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/invite"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

// When two sorts of requests count as different in time: if the answers to the
// one come later than those to the other by so much of the time in which an
// answer can be had, and by so much of what pairs of answers differ by anyhow,
// in so many trials, of which each takes in the samples of those before. A hash
// of a password or a mail that only one sort causes is beyond it. A machine that
// does something else meanwhile holds up both.
const (
	leastShift   = 0.07
	shiftOfShort = 0.15 // where an answer is had so soon that less is nothing
	leastEffect  = 0.3  // or this over the root of the number of pairs, if they are few:
	chanceEffect = 5    // almost thrice what chance makes of it
	timingTrials = 3
)

// sort is a kind of request, of which an attacker must not find out by the time
// of the answer which it is. ask makes the nth.
type sort struct {
	name string
	ask  func(n int) *http.Request
}

// alike fails the test if the answers to one sort of request differ from those
// to the first, in what they say or in how long they take: by least of that time.
func (h *house) alike(t *testing.T, rounds int, least float64, sorts ...sort) {
	t.Helper()
	asked, networks := 0, 0
	var verdict string
	took := make([][]float64, len(sorts))
	for range timingTrials {
		for range rounds {
			said := make([]string, len(sorts))
			for _, at := range rand.Perm(len(sorts)) { // in no rhythm, which that of the garbage collector could meet
				r := sorts[at].ask(asked)
				r.RemoteAddr = fmt.Sprintf("10.%d.%d.7:4000", networks>>8, networks&0xff) // each from a network of their own
				networks++
				w := httptest.NewRecorder()
				began := time.Now()
				h.srv.Config.Handler.ServeHTTP(w, r)
				took[at] = append(took[at], float64(time.Since(began)))
				said[at] = fmt.Sprint(w.Code, " ", w.Header().Get("Location"), " ", len(w.Header()["Set-Cookie"]), " ", bareBody(w))
			}
			for at := range sorts {
				if said[at] != said[0] {
					t.Fatalf("%s is answered\n%s\nand %s\n%s", sorts[at].name, said[at], sorts[0].name, said[0])
				}
			}
			asked++
		}
		if verdict = apart(sorts, took, least); verdict == "" {
			return
		}
		t.Log(verdict)
	}
	t.Error(verdict)
}

// apart names the sorts whose times differ from those of the first, "" for none.
func apart(sorts []sort, took [][]float64, least float64) string {
	quick, verdict := slices.Sorted(slices.Values(took[0]))[len(took[0])/10], ""
	for at := 1; at < len(sorts); at++ {
		differences := make([]float64, len(took[at]))
		for round := range differences {
			differences[round] = took[at][round] - took[0][round]
		}
		shift := median(differences)
		spreads := make([]float64, len(differences))
		for round, d := range differences {
			spreads[round] = math.Abs(d - shift)
		}
		effect := shift / cmp.Or(median(spreads), 1)
		if math.Abs(shift) > least*quick && math.Abs(effect) > max(leastEffect, chanceEffect/math.Sqrt(float64(len(differences)))) {
			verdict += fmt.Sprintf("%s takes %v longer than %s, which takes %v at best (%.2f of what pairs differ by). ",
				sorts[at].name, time.Duration(shift), sorts[0].name, time.Duration(quick), effect)
		}
	}
	return verdict
}

func median(of []float64) float64 {
	sorted := slices.Sorted(slices.Values(of))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

var madeAnew = regexp.MustCompile(`nonce="[^"]*"`)

// bareBody is what an answer says, without what is drawn anew for each.
func bareBody(w *httptest.ResponseRecorder) string {
	return madeAnew.ReplaceAllString(w.Body.String(), "")
}

// cookiesOf begins an interaction and returns the cookies of its browser.
func (h *house) cookiesOf(params url.Values) string {
	h.t.Helper()
	w := httptest.NewRecorder()
	h.srv.Config.Handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, h.srv.URL+"/begin?"+params.Encode(), nil))
	var pairs []string
	for _, c := range w.Result().Cookies() {
		pairs = append(pairs, c.Name+"="+c.Value)
	}
	return strings.Join(pairs, "; ")
}

func (h *house) post(path, contentType, cookies, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, h.srv.URL+path, strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if cookies != "" {
		r.Header.Set("Cookie", cookies)
	}
	return r
}

// people makes many accounts of each of some sorts, with one password.
func (h *house) people(n int, names ...string) {
	h.t.Helper()
	digest, algorithm, err := h.desk.Hasher.Hash(h.t.Context(), password)
	h.must(err)
	h.update(func(tx *store.Tx) error {
		for i := range n * len(names) {
			email := addressOf(names[i%len(names)], i/len(names))
			if err := tx.InsertUser(guestlist.User{
				ID: guestlist.UserID(crypt.ShortID()), PrimaryEmail: &email, CreatedAt: tx.Now, UpdatedAt: tx.Now, EmailVerifiedAt: &tx.Now, HasPassword: true,
			}, &guestlist.PasswordDigest{Digest: digest, Algorithm: algorithm}); err != nil {
				return err
			}
		}
		return nil
	})
}

// addressOf is the nth address of a sort; all are of one length.
func addressOf(name string, n int) string { return fmt.Sprintf("guest-%.4s-%04d@example.com", name, n) }

const jsonType, formType = "application/json", "application/x-www-form-urlencoded"

// The time of an answer tells no more than the answer does: neither who has an
// account, nor who waits for one, nor whether an invitation was there.
func TestTimeTellsNothing(t *testing.T) {
	const rounds = 150
	terms := func(e *guestlist.SignInExperience) {
		waitlisted(e)
		url := "https://app.example/terms"
		e.TermsOfUseURL, e.AgreeToTermsPolicy = &url, "ManualRegistrationOnly"
	}
	eachHouse(t, terms, func(t *testing.T, h *house) {
		h.people(timingTrials*rounds, "home", "memb")
		t.Run("waitlist", func(t *testing.T) { h.waitlistTells(t, rounds) })
		t.Run("forgotten password", func(t *testing.T) { h.resetTells(t, rounds) })
		t.Run("password", func(t *testing.T) { h.passwordTells(t, 20) })
		t.Run("links", func(t *testing.T) { h.linksTell(t, rounds) })
		t.Run("fresh link", func(t *testing.T) { h.freshLinkTells(t, rounds) })
		t.Run("entry", func(t *testing.T) { h.entryTells(t, rounds) })
	})
}

func (h *house) waitlistTells(t *testing.T, rounds int) {
	h.update(func(tx *store.Tx) error {
		for n := range timingTrials * rounds {
			if _, _, err := invite.Ask(tx, invite.Asking{Kind: guestlist.RequestWaitlist, Email: addressOf("wait", n)}); err != nil {
				return err
			}
		}
		return nil
	})
	asks := func(name string) sort {
		return sort{name, func(n int) *http.Request {
			return h.post("/api/experience/waitlist", jsonType, "", `{"email":"`+addressOf(name, n)+`"}`)
		}}
	}
	h.alike(t, rounds, shiftOfShort, asks("none"), asks("home"), asks("wait"))
}

func (h *house) resetTells(t *testing.T, rounds int) {
	cookies := h.cookiesOf(url.Values{"screen": {"/forgot-password"}})
	asks := func(name string) sort {
		return sort{name, func(n int) *http.Request {
			return h.post("/forgot-password?app_id="+string(testApp), formType, cookies, url.Values{"identifier": {addressOf(name, n)}}.Encode())
		}}
	}
	h.alike(t, rounds, leastShift, asks("none"), asks("home"))
}

func (h *house) passwordTells(t *testing.T, rounds int) {
	cookies := h.cookiesOf(url.Values{"screen": {"/sign-in"}})
	w := httptest.NewRecorder()
	begin := h.post("/api/experience", jsonType, cookies, `{"interactionEvent":"SignIn"}`)
	begin.Method = http.MethodPut
	h.srv.Config.Handler.ServeHTTP(w, begin)
	asks := func(name string) sort {
		return sort{name, func(n int) *http.Request {
			return h.post("/api/experience/verification/password", jsonType, cookies,
				`{"identifier":{"type":"email","value":"`+addressOf(name, n)+`"},"password":"not that one 77"}`)
		}}
	}
	h.alike(t, rounds, leastShift, asks("none"), asks("home"))
}

// linksTell compares what is no link at all with an altered one. Of one that
// served once the answer says the same, but its holder knows that it was one.
func (h *house) linksTell(t *testing.T, rounds int) {
	open := h.issue(to(addressOf("open", 0)))
	opens := func(name string, code func() string) sort {
		return sort{name, func(int) *http.Request { return httptest.NewRequest(http.MethodGet, h.srv.URL+"/i/"+code(), nil) }}
	}
	h.alike(t, rounds, shiftOfShort,
		opens("unknown", func() string { return crypt.ID() + crypt.Opaque() }),
		opens("wrong", func() string { return string(open.ID) + crypt.Opaque() }),
		opens("malformed", func() string { return crypt.ID() }),
	)
}

// freshLinkTells compares guests with and without an account, and both with who
// gets no fresh link: of an invitation that others were shown, or that was taken
// back since. That a link is one whose time is up, its own page says.
func (h *house) freshLinkTells(t *testing.T, rounds int) {
	asks := func(name string) sort {
		return sort{name, func(n int) *http.Request {
			i := h.issue(to(addressOf(name, n)), func(i *guestlist.Invitation) {
				i.ExpiresAt, i.Copied = guestlist.TimeOf(h.now.Add(-time.Hour)), name == "show"
			})
			h.update(func(tx *store.Tx) error { // in each sort: what was written just now is read faster
				id := i.ID
				if name != "back" {
					id = "nobody's"
				}
				_, err := tx.RevokeInvitation(id, "")
				return err
			})
			r := h.post("/invitation/expired", formType, "", "")
			w := httptest.NewRecorder()
			h.cook.Set(w, "_invitation", i.code, web.CookieOptions{})
			for _, c := range w.Result().Cookies() {
				r.AddCookie(c)
			}
			return r
		}}
	}
	h.alike(t, rounds, leastShift, asks("late"), asks("home"), asks("show"), asks("back"))
}

// entryTells compares who has an account with who has none, before whoever holds
// a link that others may have: they are shown the same, and a code is on its way.
func (h *house) entryTells(t *testing.T, rounds int) {
	cookies := map[string]string{} // by recipient
	asks := func(method string) func(name string) sort {
		return func(name string) sort {
			return sort{name, func(n int) *http.Request {
				to := addressOf(name, n)
				if cookies[to] == "" {
					i := h.issue(func(i *guestlist.Invitation) { i.RecipientEmail, i.Copied = to, true })
					cookies[to] = h.cookiesOf(url.Values{"screen": {"/sign-in"}, "one_time_token": {i.code}})
				}
				r := h.post("/invitation?app_id="+string(testApp), formType, cookies[to], url.Values{"submit": {"code"}, "terms": {"on"}}.Encode())
				r.Method = method
				return r
			}}
		}
	}
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		h.alike(t, rounds, leastShift, asks(method)("newc"), asks(method)("memb"))
	}
}
