package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"guestlist"

	"github.com/google/go-cmp/cmp"
)

// manners returns Manners whose log lines land in the buffer.
func manners(t testing.TB) (*Manners, *bytes.Buffer) {
	t.Helper()
	log := &bytes.Buffer{}
	return &Manners{
		Log:      slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Phrases:  mustLoad(t),
		Endpoint: "https://id.example",
	}, log
}

// answer is what a handler answered, read to its end.
type answer struct {
	StatusCode int
	Header     http.Header
	Body       []byte
}

// run answers a request and reads the answer's JSON into a map, if it is JSON.
func run(h http.Handler, r *http.Request) (answer, map[string]any) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	res := w.Result()
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body) // a recorder's body is in memory
	var v map[string]any
	_ = json.Unmarshal(body, &v)
	return answer{res.StatusCode, res.Header, body}, v
}

func fails(err error) Handler {
	return func(http.ResponseWriter, *http.Request) error { return err }
}

func TestAPIErrors(t *testing.T) {
	m, _ := manners(t)
	refuse := guestlist.Refuse
	tests := []struct {
		err    error
		lang   string
		status int
		want   map[string]any
	}{
		{refuse(guestlist.KindNotFound, "entity.not_found"), "de", 404, map[string]any{
			"code": "entity.not_found", "message": "Diese Ressource wurde nicht gefunden. Prüfen Sie die ID."}},
		{refuse(guestlist.KindInvalid, "one_time_token.token_consumed"), "", 400, map[string]any{
			"code": "one_time_token.token_consumed", "message": "The token has been consumed."}},
		{refuse(guestlist.KindUnprocessable, "x.y").Saying("No %s.", "way").With([]int{1}), "de", 422, map[string]any{
			"code": "x.y", "message": "No way.", "data": []any{1.0}}},
		{refuse(guestlist.KindForbidden, "no.phrase"), "", 403, map[string]any{"code": "no.phrase", "message": "no.phrase"}},
		{fmt.Errorf("wrapped: %w", refuse(guestlist.KindTooMany, "user.user_not_exist").WithArgs(map[string]any{"identifier": "ann"})), "", 429,
			map[string]any{"code": "user.user_not_exist", "message": "User with ann does not exist."}},
		{refuse(guestlist.KindUnauthenticated, "e").Because(errors.New("pq: secret")), "", 401, map[string]any{"code": "e", "message": "e"}},
	}
	for _, tt := range tests {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept-Language", tt.lang)
		res, got := run(m.API(fails(tt.err)), r)
		if res.StatusCode != tt.status {
			t.Errorf("%v: status %d, want %d", tt.err, res.StatusCode, tt.status)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%v (-want +got):\n%s", tt.err, diff)
		}
	}
}

func TestEveryKindHasAStatus(t *testing.T) {
	want := map[guestlist.Kind]int{
		guestlist.KindInternal: 500, guestlist.KindInvalid: 400, guestlist.KindUnprocessable: 422,
		guestlist.KindUnauthenticated: 401, guestlist.KindForbidden: 403, guestlist.KindNotFound: 404,
		guestlist.KindMethod: 405, guestlist.KindConflict: 409, guestlist.KindGone: 410,
		guestlist.KindTooLarge: 413, guestlist.KindMediaType: 415, guestlist.KindTooMany: 429,
		guestlist.KindNotImplemented: 501, guestlist.KindUnavailable: 503, 99: 500, -1: 500,
	}
	for kind, status := range want {
		if got := Status(guestlist.Refuse(kind, "x")); got != status {
			t.Errorf("kind %d = %d, want %d", kind, got, status)
		}
	}
}

func TestInternalErrorsDoNotLeak(t *testing.T) {
	m, log := manners(t)
	for _, err := range []error{
		errors.New("password=hunter2 at db7"),
		&guestlist.Error{Kind: guestlist.KindInternal, Code: "store.broken", Message: "hunter2", Err: errors.New("hunter2")},
	} {
		log.Reset()
		r := httptest.NewRequest("GET", "/?token=hunter3", nil)
		r.Header.Set(HeaderRequestID, "req-1")
		res, got := run(m.Wrap(m.API(fails(err))), r)
		if res.StatusCode != 500 || got["code"] != "internal" || !strings.Contains(fmt.Sprint(got["message"]), "req-1") {
			t.Errorf("answer %d %v", res.StatusCode, got)
		}
		if strings.Contains(fmt.Sprint(got), "hunter") {
			t.Errorf("cause leaked: %v", got)
		}
		if n := strings.Count(log.String(), "hunter2"); n < 1 || strings.Count(log.String(), `"level":"ERROR"`) != 1 {
			t.Errorf("cause is to be logged once:\n%s", log)
		}
		if strings.Contains(log.String(), "hunter3") {
			t.Errorf("query in the log:\n%s", log)
		}
	}
}

func TestCanceledByCallerIsNoFailure(t *testing.T) {
	m, log := manners(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := httptest.NewRequest("GET", "/", nil).WithContext(ctx)
	// A page hears of it from the API, which it asks in process.
	asked := guestlist.Refuse(guestlist.KindInternal, codeCanceled)
	for _, err := range []error{fmt.Errorf("query: %w", context.Canceled), fmt.Errorf("console: %w", asked)} {
		res, _ := run(m.Wrap(m.API(fails(err))), r)
		if res.StatusCode != StatusClientClosed {
			t.Errorf("status %d", res.StatusCode)
		}
	}
	if s := log.String(); strings.Contains(s, "ERROR") || strings.Contains(s, "WARN") {
		t.Errorf("logged as failure:\n%s", s)
	}

	// The same error while the caller still waits is ours.
	for _, err := range []error{context.Canceled, asked} {
		res, _ := run(m.Wrap(m.API(fails(err))), httptest.NewRequest("GET", "/", nil))
		if res.StatusCode != 500 {
			t.Errorf("status %d, want 500", res.StatusCode)
		}
	}
}

func TestPanics(t *testing.T) {
	m, log := manners(t)
	h := m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Set-Cookie", "session=half-made")
		w.WriteHeader(201)
		_, _ = w.Write([]byte("part"))
		panic("boom")
	}))
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Accept-Encoding", "gzip")
	w := httptest.NewRecorder()
	w.Header().Set("Content-Type", "text/html") // held back, since it may be compressed
	h.ServeHTTP(w, r)
	if w.Code != 500 || strings.Contains(w.Body.String(), "part") || w.Header().Get("Set-Cookie") != "" {
		t.Errorf("answer %d %q %v", w.Code, w.Body, w.Header())
	}
	if !strings.Contains(log.String(), "boom") || !strings.Contains(log.String(), "handler_test.go") {
		t.Errorf("no stack in the log:\n%s", log)
	}

	defer func() {
		if err, _ := recover().(error); !errors.Is(err, http.ErrAbortHandler) {
			t.Errorf("after part of an answer: %v, want ErrAbortHandler", err)
		}
	}()
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
}

func TestErrorPage(t *testing.T) {
	m, _ := manners(t)
	var seen ErrorView
	m.ErrorPage = func(w http.ResponseWriter, _ *http.Request, v ErrorView) {
		seen = v
		PageHeaders(w, Policy{})
		w.WriteHeader(v.Status)
	}
	r := httptest.NewRequest("GET", "/sign-in?ui_locales=fr", nil)
	r.Header.Set("Accept-Language", "de")
	r.Header.Set(HeaderRequestID, "req-2")
	res, _ := run(m.Wrap(m.Page(fails(guestlist.Refuse(guestlist.KindGone, "one_time_token.token_expired")))), r)
	want := ErrorView{Status: 410, Code: "one_time_token.token_expired", Lang: "fr",
		Message: "Le jeton a expiré. Demandez un nouveau lien.", RequestID: "req-2"}
	if diff := cmp.Diff(want, seen); diff != "" || res.StatusCode != 410 {
		t.Errorf("status %d (-want +got):\n%s", res.StatusCode, diff)
	}
}
