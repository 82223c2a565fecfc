package web

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"
)

const (
	// HeaderRequestID carries the request id in both directions.
	HeaderRequestID = "Guestlist-Request-Id"

	maxRequestID = 64              // characters taken from a caller's id
	slowRequest  = 1 * time.Second // logged as a warning from here on
	hsts         = "max-age=15552000; includeSubDomains"
)

type stateKey struct{}

// state travels in the context of every request.
type state struct {
	id       string
	endpoint string
	after    []func(context.Context)
}

// maxAfter bounds what is done after an answer.
const maxAfter = 10 * time.Second

// After lets something be done when the answer to a request is out, for which
// nobody should have to wait. The server does not end before it is done; the
// caller who goes away does not end it.
func After(ctx context.Context, f func(context.Context)) {
	if s, ok := ctx.Value(stateKey{}).(*state); ok {
		s.after = append(s.after, f)
		return
	}
	f(ctx)
}

// afterwards does what was left for after the answer.
func (s *state) afterwards(w http.ResponseWriter, ctx context.Context) { //nolint:revive // the request's context, which ends too early
	if len(s.after) == 0 {
		return
	}
	_ = http.NewResponseController(w).Flush() // who cannot be sent to is gone
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), maxAfter)
	defer cancel()
	for _, f := range s.after {
		f(ctx)
	}
}

// RequestID returns the id of the request that ctx belongs to, or "".
func RequestID(ctx context.Context) string {
	if s, ok := ctx.Value(stateKey{}).(*state); ok {
		return s.id
	}
	return ""
}

// Wrap puts the manners around a whole server: request id, security headers,
// body limit, compression, access log, and an answer of 500 to a panic. It is
// one wrapper with one response writer because every layer costs every request.
func (m *Manners) Wrap(next http.Handler) http.Handler {
	secure := strings.HasPrefix(m.Endpoint, "https:")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		st := &state{id: requestID(r), endpoint: m.Endpoint}
		h := w.Header()
		h[HeaderRequestID] = []string{st.id}
		setSecurityHeaders(h, secure)

		if r.Body != nil && r.Body != http.NoBody && (m.LargeBody == nil || !m.LargeBody(r)) {
			r.Body = http.MaxBytesReader(w, r.Body, MaxBody)
		}
		rec := &recorder{ResponseWriter: w, gzip: acceptsGzip(r), head: r.Method == http.MethodHead}
		inner := r.WithContext(context.WithValue(r.Context(), stateKey{}, st))
		defer func() {
			m.finish(rec, inner, recover())
			m.access(rec, inner, time.Since(start))
			st.afterwards(w, inner.Context())
		}()
		next.ServeHTTP(rec, inner)
	})
}

// finish ends the answer; p is the value of a panic, if there was one.
func (m *Manners) finish(rec *recorder, r *http.Request, p any) {
	if p == nil {
		rec.close()
		return
	}
	if err, _ := p.(error); errors.Is(err, http.ErrAbortHandler) {
		rec.discard()
		panic(p)
	}
	m.Log.LogAttrs(r.Context(), slog.LevelError, "panic", slog.String("request_id", RequestID(r.Context())),
		slog.String("method", r.Method), slog.String("route", r.Pattern),
		slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
	if !rec.discard() {
		// Part of an answer is out; cutting the connection is the only honest end.
		panic(http.ErrAbortHandler)
	}
	id := RequestID(r.Context())
	h := rec.Header()
	for _, name := range []string{"Content-Encoding", "Content-Length", "Content-Type", "Etag", "Set-Cookie", "Location"} {
		h.Del(name)
	}
	h.Set("Cache-Control", "no-store")
	env := Envelope{Code: codeInternal, Message: m.Phrases.T(m.Lang(r), "errors."+codeInternal, map[string]any{"requestId": id})}
	_ = WriteJSON(rec, http.StatusInternalServerError, env)
	rec.close()
}

// access writes one line per request: path without query, never a header.
func (m *Manners) access(rec *recorder, r *http.Request, took time.Duration) {
	level := slog.LevelDebug
	switch {
	case r.Context().Err() != nil:
	case rec.status >= http.StatusInternalServerError || took >= slowRequest:
		level = slog.LevelWarn
	}
	if !m.Log.Enabled(r.Context(), level) {
		return
	}
	// The route and not the path: paths carry codes and ids of guests.
	m.Log.LogAttrs(r.Context(), level, "request", slog.String("request_id", RequestID(r.Context())),
		slog.String("method", r.Method), slog.String("route", r.Pattern), slog.Int("status", rec.status),
		slog.Int64("bytes", rec.bytes), slog.Int64("took_us", took.Microseconds()))
}

// requestID takes the caller's id if it is harmless, else makes one.
func requestID(r *http.Request) string {
	if v := r.Header[HeaderRequestID]; len(v) == 1 && saneID(v[0]) {
		return v[0]
	}
	var b [12]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func saneID(s string) bool {
	if s == "" || len(s) > maxRequestID {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// The values are shared slices: handlers replace headers, they never write
// into a value.
var (
	valueNosniff    = []string{"nosniff"}
	valueSameOrigin = []string{"SAMEORIGIN"}
	valueReferrer   = []string{"strict-origin-when-cross-origin"}
	valueCORP       = []string{"same-origin"}
	valueHSTS       = []string{hsts}
)

func setSecurityHeaders(h http.Header, secure bool) {
	h["X-Content-Type-Options"] = valueNosniff
	h["X-Frame-Options"] = valueSameOrigin
	h["Referrer-Policy"] = valueReferrer
	h["Cross-Origin-Resource-Policy"] = valueCORP
	if secure {
		h["Strict-Transport-Security"] = valueHSTS
	}
}
