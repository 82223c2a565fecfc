package management

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
	"guestlist/internal/web"
)

// The tokens that the fixture's Verify knows.
const (
	goodToken    = "token-of-a-machine"
	unscoped     = "token-without-scope"
	foreignToken = "token-for-another-audience"
)

// fixture is the door over a real store, asked through HTTP.
type fixture struct {
	t   testing.TB
	api *API
	st  *store.Store
	srv *httptest.Server
}

// fixedNow is the instant at which tests happen.
var fixedNow = time.Date(2026, 11, 21, 9, 30, 0, 0, time.UTC)

// each runs fn over an empty, seeded store on every engine.
func each(t *testing.T, fn func(t *testing.T, f *fixture)) {
	storetest.EachAt(t, func() time.Time { return fixedNow }, func(t *testing.T, st *store.Store) {
		fn(t, newFixture(t, st))
	})
}

func newFixture(t testing.TB, st *store.Store) *fixture {
	t.Helper()
	if err := st.Update(context.Background(), store.Seed); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: slog.LevelError}))
	phrases, err := web.Load()
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, st: st}
	f.api = &API{
		Store: st, Log: log, Endpoint: "http://guestlist.test", Version: "test",
		Verify: func(_ context.Context, bearer string) (Subject, error) {
			switch bearer {
			case goodToken:
				return Subject{ClientID: "machine", Scopes: []string{guestlist.ScopeAll}}, nil
			case unscoped:
				return Subject{ClientID: "machine"}, nil
			}
			return Subject{}, guestlist.Refuse(guestlist.KindUnauthenticated, "auth.unauthorized")
		},
	}
	manners := &web.Manners{Log: log, Phrases: phrases, Endpoint: f.api.Endpoint}
	mux := web.NewMux(manners, nil)
	f.api.Mount(mux)
	f.srv = httptest.NewServer(manners.Wrap(mux))
	t.Cleanup(f.srv.Close)
	return f
}

// testWriter shows what the server logs as a failure.
type testWriter struct{ t testing.TB }

func (w testWriter) Write(b []byte) (int, error) {
	w.t.Log(strings.TrimSpace(string(b)))
	return len(b), nil
}

// answer is what the door said.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// code returns the code of an error, or "".
func (a answer) code() string {
	var env struct{ Code string }
	_ = json.Unmarshal(a.body, &env) // no JSON, no code
	return env.Code
}

// decode fills v from the body.
func (a answer) decode(t testing.TB, v any) {
	t.Helper()
	if err := json.Unmarshal(a.body, v); err != nil {
		t.Fatalf("answer %d %s: %v", a.status, a.body, err)
	}
}

// call asks as a machine with every right. A string body is sent as it is,
// anything else as JSON; nil sends none.
func (f *fixture) call(method, path string, body any) answer {
	f.t.Helper()
	return f.send(method, path, body, "Bearer "+goodToken)
}

func (f *fixture) send(method, path string, body any, authorization string) answer {
	f.t.Helper()
	var reader io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		reader = strings.NewReader(b)
	default:
		text, err := json.Marshal(b)
		if err != nil {
			f.t.Fatal(err)
		}
		reader = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(context.Background(), method, f.srv.URL+path, reader)
	if err != nil {
		f.t.Fatal(err)
	}
	if reader != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	res, err := f.srv.Client().Do(req)
	if err != nil {
		f.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	return answer{status: res.StatusCode, header: res.Header, body: text}
}

// must asks and fails the test unless the status is as expected.
func (f *fixture) must(status int, method, path string, body any) answer {
	f.t.Helper()
	a := f.call(method, path, body)
	if a.status != status {
		f.t.Fatalf("%s %s: %d %s, want %d", method, path, a.status, a.body, status)
	}
	return a
}

// refused asks and expects a status and a code.
func (f *fixture) refused(status int, code, method, path string, body any) {
	f.t.Helper()
	a := f.call(method, path, body)
	if a.status != status || a.code() != code {
		f.t.Errorf("%s %s %v: %d %s, want %d %s", method, path, body, a.status, a.body, status, code)
	}
}

// field returns a string member of an object answer.
func (a answer) field(t testing.TB, name string) string {
	t.Helper()
	var m map[string]any
	a.decode(t, &m)
	s, ok := m[name].(string)
	if !ok {
		t.Fatalf("no string %q in %s", name, a.body)
	}
	return s
}
