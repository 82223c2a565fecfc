package web

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"guestlist"
)

// Handler is an http.Handler that may fail. It has either written a whole
// answer and returns nil, or has written nothing and returns an error.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Manners holds what every door shares. Wire it by struct literal; Log and
// Phrases are required.
type Manners struct {
	Log     *slog.Logger
	Phrases *Phrases

	// Endpoint is the public base URL, e.g. "https://id.example", without a
	// trailing slash. HSTS is sent, and cookies are Secure, if it is https.
	Endpoint string

	// ErrorPage draws the page of a failed request. It sets headers other than
	// the status, which has to be v.Status, and writes the body. Without it
	// pages answer errors in JSON.
	ErrorPage func(w http.ResponseWriter, r *http.Request, v ErrorView)

	// LargeBody reports requests whose body is a stream of any size; all
	// others are cut off at MaxBody. Nil means none.
	LargeBody func(r *http.Request) bool
}

// ErrorView is what an error page may show.
type ErrorView struct {
	Status    int
	Code      string
	Message   string // in the language Lang, complete
	Lang      string // BCP 47
	RequestID string
	Data      any
}

// Envelope is the body of every JSON error:
// {"code":…, "message":…, "data"?:…, "details"?:…}.
type Envelope struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Data    any    `json:"data,omitempty"`
	Details string `json:"details,omitempty"`
}

// codeInternal is the code of failures whose cause nobody outside may see.
const codeInternal = "internal"

// codeCanceled is the code of requests whose caller went away.
const codeCanceled = "request.canceled"

// API adapts h; its errors become JSON envelopes.
func (m *Manners) API(h Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			m.WriteError(w, r, err)
		}
	})
}

// Page adapts h; its errors become error pages.
func (m *Manners) Page(h Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			m.WriteErrorPage(w, r, err)
		}
	})
}

// Describe turns an error into its status and envelope in the language of the
// request, and logs internal failures with their cause. Call it once per error.
func (m *Manners) Describe(r *http.Request, err error) (int, Envelope) {
	return m.describe(r, err, m.Lang(r))
}

func (m *Manners) describe(r *http.Request, err error, lang string) (int, Envelope) {
	status := Status(err)
	var e *guestlist.Error
	if errors.As(err, &e) && e.Code == codeCanceled {
		status = StatusClientClosed // what one page asked of another in process ended with its own caller
	}
	if status == StatusClientClosed && r.Context().Err() == nil {
		status = http.StatusInternalServerError // canceled by ourselves, not by the caller
	}
	if status == StatusClientClosed {
		return status, Envelope{Code: codeCanceled, Message: "The request was canceled."}
	}
	if status == http.StatusInternalServerError || !errors.As(err, &e) {
		id := RequestID(r.Context())
		m.Log.LogAttrs(r.Context(), slog.LevelError, "request failed",
			slog.String("request_id", id), slog.String("method", r.Method),
			slog.String("route", r.Pattern), slog.String("error", err.Error()))
		args := map[string]any{"requestId": id}
		return status, Envelope{Code: codeInternal, Message: m.Phrases.T(lang, "errors."+codeInternal, args)}
	}
	return status, Envelope{Code: e.Code, Message: m.Message(lang, e), Data: e.Data, Details: e.Details}
}

// Message returns the text of e in a language: an explicit e.Message wins,
// then the phrase "errors.<code>", then the code itself.
func (m *Manners) Message(lang string, e *guestlist.Error) string {
	if e.Message != "" {
		return e.Message
	}
	if s := m.Phrases.T(lang, "errors."+e.Code, e.Args); s != "" {
		return s
	}
	return e.Code
}

// Lang returns the language in which errors answer r, from its
// Accept-Language header.
func (m *Manners) Lang(r *http.Request) string {
	return m.Phrases.Match("", r.Header.Get("Accept-Language"), true, Fallback)
}

// WriteError answers r with err as a JSON envelope.
func (m *Manners) WriteError(w http.ResponseWriter, r *http.Request, err error) {
	status, env := m.Describe(r, err)
	w.Header().Set("Cache-Control", "no-store")
	setRetryAfter(w, err)
	if werr := WriteJSON(w, status, env); werr != nil {
		m.Log.LogAttrs(r.Context(), slog.LevelError, "error not rendered", slog.String("error", werr.Error()))
	}
}

// setRetryAfter says in whole seconds when to try again, where that is known
// (RFC 9110 §10.2.3).
func setRetryAfter(w http.ResponseWriter, err error) {
	var e *guestlist.Error
	if errors.As(err, &e) && e.Wait > 0 {
		w.Header().Set("Retry-After", strconv.FormatInt(int64((e.Wait+time.Second-1)/time.Second), 10))
	}
}

// WriteErrorPage answers r with err as a page.
func (m *Manners) WriteErrorPage(w http.ResponseWriter, r *http.Request, err error) {
	if m.ErrorPage == nil {
		m.WriteError(w, r, err)
		return
	}
	lang := m.Phrases.Match(r.URL.Query().Get("ui_locales"), r.Header.Get("Accept-Language"), true, Fallback)
	status, env := m.describe(r, err, lang)
	w.Header().Set("Cache-Control", "no-store")
	setRetryAfter(w, err)
	m.ErrorPage(w, r, ErrorView{
		Status: status, Code: env.Code, Message: env.Message, Lang: lang,
		RequestID: RequestID(r.Context()), Data: env.Data,
	})
}

// WriteJSON answers with v as JSON. It fails, having written nothing, only if
// v cannot be marshalled; a caller who went away is not an error.
func WriteJSON(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	h := w.Header()
	if _, set := h["Content-Type"]; !set {
		h["Content-Type"] = contentTypeJSON
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // the only failure is a closed connection
	return nil
}

// contentTypeJSON is shared so that setting the header does not allocate.
var contentTypeJSON = []string{"application/json; charset=utf-8"}
