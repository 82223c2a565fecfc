package console_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/server"
	"guestlist/internal/web/webtest"
)

// The administrator of these tests.
const (
	adminName     = "hostess"
	adminPassword = "Let-them-in-4711"
)

// house is a whole server with a first administrator.
type house struct {
	t      *testing.T
	url    string
	api    *client.Client
	server *server.Server
	data   string       // the directory of the database
	shift  atomic.Int64 // how far the clock is ahead, in milliseconds
}

// newHouse starts a server on a database of its own, and has its setup link
// used.
func newHouse(t *testing.T) *house {
	t.Helper()
	h := startHouse(t, server.Options{Data: t.TempDir()})
	h.setUp()
	return h
}

// startHouse starts a server on the database that the options name.
func startHouse(t *testing.T, o server.Options) *house {
	t.Helper()
	h := &house{t: t, data: o.Data}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o.Listener, o.Version, o.AllowedNetworks = listener, "test", []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	o.Log = slog.New(slog.NewTextHandler(logs{t}, &slog.HandlerOptions{Level: slog.LevelWarn}))
	o.Now = h.now
	s, err := server.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	h.url, h.api, h.server = s.Endpoint(), s.Client(), s
	return h
}

// setUp makes the first administrator, by the setup link.
func (h *house) setUp() {
	h.t.Helper()
	link, err := h.server.SetupLink(context.Background())
	if err != nil || link == "" {
		h.t.Fatalf("setup link %q: %v", link, err)
	}
	b := h.browser()
	a := b.Submit(b.Get(link), "form", map[string]string{"identifier": adminName, "newPassword": adminPassword, "confirmPassword": adminPassword})
	if a.One("body").Attr("data-page") != "setup-done" {
		h.t.Fatalf("setting up: %s", a.Source)
	}
}

// logs hands the server's log to the test.
type logs struct{ t *testing.T }

func (l logs) Write(p []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}

var _ io.Writer = logs{}

// later moves the server's clock.
func (h *house) later(d time.Duration) { h.shift.Add(d.Milliseconds()) }

// now is the server's time.
func (h *house) now() time.Time {
	return time.Now().Add(time.Duration(h.shift.Load()) * time.Millisecond)
}

func (h *house) browser() *webtest.Browser {
	h.t.Helper()
	return webtest.NewBrowser(h.t, &http.Client{Timeout: 20 * time.Second})
}

// signIn opens a page of the console as somebody who has to sign in first.
func (h *house) signIn(b *webtest.Browser, path, name, password string) *webtest.Answer {
	h.t.Helper()
	a := b.Get(h.url + path)
	for range 4 {
		switch page := a.One("body").Attr("data-page"); page {
		case "sign-in", "identifier-sign-in":
			values := map[string]string{"identifier": name}
			if a.Has("[name=password]") {
				values["password"] = password
			}
			a = b.Submit(a, "form.form", values)
		case "sign-in-password", "password":
			a = b.Submit(a, "form.form", map[string]string{"password": password})
		default:
			return a
		}
	}
	return a
}

// admin returns a browser that is signed in, and the overview.
func (h *house) admin() (*webtest.Browser, *webtest.Answer) {
	h.t.Helper()
	b := h.browser()
	a := h.signIn(b, "/console", adminName, adminPassword)
	if a.One("body").Attr("data-page") != "overview" {
		h.t.Fatalf("signing in led to %s: %s", a.URL, a.Source)
	}
	return b, a
}

// anotherAdministrator makes one, so that the first can go.
func (h *house) anotherAdministrator() {
	h.t.Helper()
	u := h.user(map[string]any{"username": "cohost", "password": adminPassword})
	if err := h.api.Do(context.Background(), "PUT", "/users/"+string(u.ID)+"/administrator", map[string]any{"isAdministrator": true}, nil); err != nil {
		h.t.Fatal(err)
	}
}

// user makes a user.
func (h *house) user(body map[string]any) guestlist.User {
	h.t.Helper()
	var u guestlist.User
	if err := h.api.Do(context.Background(), "POST", "/users", body, &u); err != nil {
		h.t.Fatal(err)
	}
	return u
}

// at fails the test unless a page of a name was answered with a status.
func (h *house) at(a *webtest.Answer, status int, page string) {
	h.t.Helper()
	if got := a.One("body").Attr("data-page"); a.Status != status || got != page {
		h.t.Fatalf("%s: %d %q, want %d %q: %s", a.URL, a.Status, got, status, page, a.Source)
	}
}

func values(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v
}
