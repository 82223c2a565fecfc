package oidc_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/signin"
	"guestlist/internal/store"
)

// browser keeps cookies as browsers do, raw JSON values included.
type browser struct {
	h       *house
	cookies map[string]cookie // by name and path
}

type cookie struct{ name, value, path string }

func (h *house) browser() *browser { return &browser{h: h, cookies: map[string]cookie{}} }

// keep takes the cookies of an answer.
func (b *browser) keep(header http.Header) {
	for _, line := range header["Set-Cookie"] {
		pair, rest, _ := strings.Cut(line, ";")
		name, value, _ := strings.Cut(pair, "=")
		path := regexp.MustCompile(`Path=([^;]+)`).FindStringSubmatch(rest)[1]
		if strings.Contains(rest, "Max-Age=0") {
			delete(b.cookies, name+path)
			continue
		}
		b.cookies[name+path] = cookie{name, value, path}
	}
}

// value returns a cookie's value, "" if there is none.
func (b *browser) value(name string) string {
	for _, c := range b.cookies {
		if c.name == name {
			return c.value
		}
	}
	return ""
}

func (b *browser) send(r *http.Request) answer {
	b.h.t.Helper()
	for _, c := range b.cookies {
		if r.URL.Path == c.path || strings.HasPrefix(r.URL.Path, strings.TrimSuffix(c.path, "/")+"/") {
			r.Header.Add("Cookie", c.name+"="+c.value)
		}
	}
	a := b.h.do(r)
	b.keep(a.Header)
	return a
}

// get visits an address: absolute, or a path of the server.
func (b *browser) get(address string) answer {
	b.h.t.Helper()
	return b.send(httptest.NewRequest(http.MethodGet, absolute(address), nil))
}

func (b *browser) post(address string, form url.Values) answer {
	b.h.t.Helper()
	r := httptest.NewRequest(http.MethodPost, absolute(address), strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", formType)
	return b.send(r)
}

func absolute(address string) string {
	if strings.HasPrefix(address, "/") {
		return endpoint + address
	}
	return address
}

// request is an authorization request of the SPA as Logto's SDKs send it,
// changed by name, value pairs; the value "-" takes a parameter away.
func request(pairs ...string) url.Values {
	v := form("client_id", "spa", "redirect_uri", callback, "response_type", "code", "scope", "openid offline_access profile email",
		"prompt", "consent", "state", "state-1", "nonce", "nonce-1", "code_challenge", s256, "code_challenge_method", "S256")
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == "-" {
			v.Del(pairs[i])
		} else {
			v.Set(pairs[i], pairs[i+1])
		}
	}
	return v
}

func (b *browser) authorize(pairs ...string) answer {
	b.h.t.Helper()
	return b.get("/oidc/auth?" + request(pairs...).Encode())
}

// location takes the address of a redirect apart.
func location(t testing.TB, a answer) *url.URL {
	t.Helper()
	if a.Status != http.StatusSeeOther {
		t.Fatalf("no redirect: %d %s", a.Status, a.Body)
	}
	u, err := url.Parse(a.Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// back expects a redirect to the application and returns its parameters.
func back(t testing.TB, a answer) url.Values {
	t.Helper()
	u := location(t, a)
	if !strings.HasPrefix(u.String(), callback) {
		t.Fatalf("redirect to %s, want the application", u)
	}
	if u.Fragment != "" {
		v, err := url.ParseQuery(u.Fragment)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	return u.Query()
}

// onPage expects a redirect to a hosted page.
func onPage(t testing.TB, a answer, want string) {
	t.Helper()
	if got := location(t, a).String(); got != want {
		t.Fatalf("redirect to %s, want %s", got, want)
	}
}

// uid returns the interaction that the browser has for an application.
func (b *browser) uid(app string) string {
	b.h.t.Helper()
	plain, err := url.QueryUnescape(b.value("_interaction"))
	if err != nil {
		b.h.t.Fatal(err)
	}
	uid := signin.PickUID(plain, guestlist.ApplicationID(app))
	if uid == "" {
		b.h.t.Fatalf("no interaction for %s in %s", app, plain)
	}
	return uid
}

// finish signs the guest of an interaction in by password, as the hosted pages
// and /api/experience do, and returns where the browser goes then.
func (h *house) finish(uid, username string) string {
	h.t.Helper()
	id := guestlist.Identifier{Type: guestlist.IdentifierUsername, Value: username}
	step, err := h.desk.SubmitAll(context.Background(), uid, signin.Caller{IP: "127.0.0.1"},
		signin.SetEvent{Event: guestlist.EventSignIn}, signin.VerifyPassword{Identifier: id, Password: password},
		signin.Identify{Latest: true}, signin.Finish{})
	if err != nil {
		h.t.Fatal(err)
	}
	return step.RedirectTo
}

// consent gives or refuses consent in the browser's interaction.
func (b *browser) consent(app string, decision signin.Decision) signin.ConsentStep {
	b.h.t.Helper()
	step, err := b.h.desk.Consent(context.Background(), b.uid(app), b.value("_session"), decision, signin.Caller{})
	if err != nil {
		b.h.t.Fatal(err)
	}
	return step
}

// signIn signs a person in to an application from nothing, and returns the
// parameters that the application gets.
func (b *browser) signIn(username string, pairs ...string) url.Values {
	b.h.t.Helper()
	v := request(pairs...)
	app := v.Get("client_id")
	a := b.get("/oidc/auth?" + v.Encode())
	if location(b.h.t, a).Path != "/sign-in" {
		b.h.t.Fatalf("redirect to %s, want the sign-in page", a.Header.Get("Location"))
	}
	a = b.get(b.h.finish(b.uid(app), username))
	if location(b.h.t, a).Path == "/consent" {
		a = b.get(b.consent(app, signin.Ask).Redirect)
	}
	return back(b.h.t, a)
}

// session puts a session without sign-in into the browser.
func (b *browser) session(user guestlist.UserID) guestlist.Session {
	b.h.t.Helper()
	value := crypt.Opaque()
	var s guestlist.Session
	b.h.update(func(tx *store.Tx) error {
		s = guestlist.Session{ID: guestlist.SessionID(crypt.ID()), UserID: user, SignedInAt: tx.Now, CreatedAt: tx.Now,
			ExpiresAt: tx.Now.Add(14 * 24 * time.Hour)}
		return tx.InsertSession(s, value)
	})
	b.put("_session", value)
	return s
}

// put sets a signed cookie.
func (b *browser) put(name, value string) {
	rec := httptest.NewRecorder()
	b.h.cookies.Set(rec, name, value, cookieOptions)
	b.keep(rec.Header())
}
