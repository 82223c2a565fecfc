package experience_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/experience"
	"guestlist/internal/invite"
	"guestlist/internal/signin"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
	"guestlist/internal/web"
	"guestlist/internal/web/webtest"
)

// house is the door on a real store, with a stand-in for the OpenID provider:
// /begin begins an interaction as an authorization request would, and
// /oidc/auth/{uid} resumes it and says who came in.
type house struct {
	t    testing.TB
	st   *store.Store
	desk *signin.Desk
	srv  *httptest.Server
	cook web.Cookies
	now  time.Time

	manners *web.Manners
	mu      sync.Mutex
	taken   map[string]bool // the patterns of requests
	shared  int             // invitations that have a typable code
}

// The applications: one of ours, and one of somebody else's.
const (
	testApp  = guestlist.ApplicationID("northwind")
	otherApp = guestlist.ApplicationID("partner")
)

// newHouse opens a house on SQLite, for what no engine has a part in.
func newHouse(t *testing.T, change func(*guestlist.SignInExperience)) *house {
	t.Helper()
	return houseOn(t, "sqlite", change)
}

// eachHouse runs a test in a house of its own on every engine.
func eachHouse(t *testing.T, change func(*guestlist.SignInExperience), fn func(*testing.T, *house)) {
	t.Helper()
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) { fn(t, houseOn(t, engine, change)) })
	}
}

// notAPI reports requests whose errors are pages.
func notAPI(r *http.Request) bool { return !strings.HasPrefix(r.URL.Path, "/api/") }

func houseOn(t testing.TB, engine string, change func(*guestlist.SignInExperience)) *house {
	t.Helper()
	h := &house{t: t, taken: map[string]bool{}, now: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)}
	h.st = storetest.Open(t, engine, func() time.Time { return h.now })
	phrases, err := web.Load()
	h.must(err)
	pages, err := web.NewPages(phrases)
	h.must(err)
	manners := &web.Manners{Log: slog.New(slog.DiscardHandler), Phrases: phrases, LargeBody: func(r *http.Request) bool { return experience.TakesFiles(r.URL.Path) }}
	h.manners = manners
	mux := web.NewMux(manners, notAPI)
	handler, err := web.CSRF{Bypass: experience.CrossSite}.Wrap(manners, notAPI, h.noting(mux))
	h.must(err)
	h.srv = httptest.NewServer(manners.Wrap(handler))
	t.Cleanup(h.srv.Close)
	h.desk = &signin.Desk{Store: h.st, Hasher: crypt.NewHasher(), Endpoint: h.srv.URL, Log: manners.Log}
	h.cook = web.Cookies{Keys: func() [][]byte { return [][]byte{[]byte("a key of sufficient length, really")} }}
	door := &experience.Door{Desk: h.desk, Manners: manners, Pages: pages, Cookies: h.cook, Now: func() time.Time { return h.now }}
	manners.ErrorPage = door.ErrorPage
	door.Mount(mux)
	mux.Page("GET /begin", h.begin)
	mux.Page("GET /oidc/auth/{uid}", h.resume)

	h.update(func(tx *store.Tx) error {
		exp := guestlist.DefaultSignInExperience()
		exp.SignIn.Methods = []guestlist.SignInMethod{
			{Identifier: guestlist.IdentifierEmail, Password: true, VerificationCode: true, IsPasswordPrimary: true},
			{Identifier: guestlist.IdentifierUsername, Password: true, IsPasswordPrimary: true},
		}
		exp.SignUp = guestlist.SignUpSettings{Identifiers: []guestlist.IdentifierType{guestlist.IdentifierEmail}, Password: true, Verify: true}
		exp.ForgotPasswordMethods = nil
		if change != nil {
			change(&exp)
		}
		return errors.Join(store.Seed(tx), tx.PutSignInExperience(exp), tx.InsertApplication(guestlist.Application{
			ID: testApp, Name: "Northwind", Type: guestlist.ApplicationTraditional, CreatedAt: tx.Now,
		}), tx.InsertApplication(guestlist.Application{
			ID: otherApp, Name: "Partner", Type: guestlist.ApplicationTraditional, IsThirdParty: true, CreatedAt: tx.Now,
		}))
	})
	return h
}

// noting remembers which routes were taken.
func (h *house) noting(mux http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mux.ServeHTTP(w, r)
		h.mu.Lock()
		h.taken[r.Pattern] = true
		h.mu.Unlock()
	})
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) update(fn func(*store.Tx) error) {
	h.t.Helper()
	h.must(h.st.Update(context.Background(), fn))
}

// begin is the end of an authorization request: the parameters that concern
// the pages, the cookie, and the redirect (wire oidc §5).
func (h *house) begin(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	cookie, _ := h.cook.Get(r, "_session")
	session, err := h.desk.Session(r.Context(), cookie)
	if err != nil {
		return err
	}
	app := testApp
	if id := q.Get("app"); id != "" {
		app = guestlist.ApplicationID(id)
	}
	start := signin.Start{
		Request: guestlist.AuthRequest{
			ClientID: app, RedirectURI: "https://app.example/callback", LoginHint: q.Get("login_hint"),
			UILocales: q.Get("ui_locales"), Scopes: append([]string{"openid", "email"}, q["scope"]...), Resources: q["resource"],
		},
		OneTimeToken: q.Get("one_time_token"), Prompt: signin.PromptLogin, Session: session,
	}
	screen := q.Get("screen")
	if screen == "/consent" || q.Get("prompt") == signin.PromptConsent {
		start.Prompt = signin.PromptConsent
	}
	uid, err := h.desk.Begin(r.Context(), start)
	if err != nil {
		return err
	}
	q.Del("screen")
	q.Set("app_id", string(app))
	others, _ := h.cook.Get(r, "_interaction")
	plain, err := url.QueryUnescape(others)
	if err != nil {
		return err
	}
	h.cook.Set(w, "_interaction", url.QueryEscape(signin.AddUID(plain, app, uid)), web.CookieOptions{})
	http.Redirect(w, r, screen+"?"+q.Encode(), http.StatusSeeOther)
	return nil
}

func (h *house) resume(w http.ResponseWriter, r *http.Request) error {
	cookie, _ := h.cook.Get(r, "_session")
	res, err := h.desk.Resume(r.Context(), r.PathValue("uid"), cookie, signin.Caller{})
	if err != nil {
		return err
	}
	if res.NewCookie != "" {
		h.cook.Set(w, "_session", res.NewCookie, web.CookieOptions{})
	}
	u, err := h.desk.User(r.Context(), res.Session.UserID)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html")
	_, err = io.WriteString(w, "<h1>In as "+name(u)+"</h1>")
	return err
}

func name(u guestlist.User) string {
	for _, s := range []*string{u.PrimaryEmail, u.Username} {
		if s != nil {
			return *s
		}
	}
	return string(u.ID)
}

// browser returns a new browser; open begins an interaction in it.
func (h *house) browser() *webtest.Browser { return webtest.NewBrowser(h.t, h.srv.Client()) }

func (h *house) open(b *webtest.Browser, screen string, params url.Values) *webtest.Answer {
	h.t.Helper()
	q := url.Values{"screen": {screen}}
	for k, v := range params {
		q[k] = v
	}
	return b.Get(h.srv.URL + "/begin?" + q.Encode())
}

// user makes an account; password may be empty.
func (h *house) user(email, password string) guestlist.UserID {
	h.t.Helper()
	var digest *guestlist.PasswordDigest
	if password != "" {
		d, algorithm, err := h.desk.Hasher.Hash(context.Background(), password)
		h.must(err)
		digest = &guestlist.PasswordDigest{Digest: d, Algorithm: algorithm}
	}
	id := guestlist.UserID(crypt.ShortID())
	h.update(func(tx *store.Tx) error {
		return tx.InsertUser(guestlist.User{
			ID: id, PrimaryEmail: &email, CreatedAt: tx.Now, UpdatedAt: tx.Now, EmailVerifiedAt: &tx.Now, HasPassword: digest != nil,
		}, digest)
	})
	return id
}

func (h *house) token(email string) string {
	h.t.Helper()
	var token guestlist.OneTimeToken
	h.update(func(tx *store.Tx) error {
		var err error
		token, err = invite.Issue(tx, invite.Order{Email: email})
		return err
	})
	return token.Token
}

// mailed returns the codes that wait to be sent to an address, oldest first.
func (h *house) mailed(to string) []string {
	h.t.Helper()
	var codes []string
	for _, m := range h.letters(to) {
		if code, ok := m.Payload["code"].(string); ok {
			codes = append(codes, code)
		}
	}
	return codes
}

// letters takes what waits to be sent, and returns what is for an address,
// oldest first.
func (h *house) letters(to string) []guestlist.Message {
	h.t.Helper()
	var letters []guestlist.Message
	h.update(func(tx *store.Tx) error {
		lanes, err := tx.Lanes()
		if err != nil {
			return err
		}
		for _, lane := range lanes {
			jobs, err := tx.ClaimJobs(lane.Name, tx.Now.Add(1000*time.Hour), 100)
			if err != nil {
				return err
			}
			for _, j := range jobs {
				var m guestlist.Message
				if err := json.Unmarshal(j.Payload, &m); err != nil {
					return err
				}
				if m.To == to {
					letters = append(letters, m)
				}
			}
		}
		return nil
	})
	return letters
}

func (h *house) code(to string) string {
	h.t.Helper()
	codes := h.mailed(to)
	if len(codes) != 1 {
		h.t.Fatalf("%d codes for %s, want one", len(codes), to)
	}
	return codes[0]
}

// at fails the test unless the answer is that page.
func at(t *testing.T, a *webtest.Answer, status int, page string) {
	t.Helper()
	if a.Status != status || a.One("body").Attr("data-page") != page {
		t.Fatalf("at %s %d (%v), want page %q with %d:\n%s", a.URL, a.Status, a.History, page, status, a.One("body").Text())
	}
}

// in fails the test unless somebody came in.
func in(t *testing.T, a *webtest.Answer, who string) {
	t.Helper()
	if a.Status != http.StatusOK || a.One("body").Text() != "In as "+who {
		t.Fatalf("at %s %d (%v), want %s to be in:\n%s", a.URL, a.Status, a.History, who, a.One("body").Text())
	}
}
