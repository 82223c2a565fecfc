package oidc

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"guestlist"
	"guestlist/internal/web"
)

// Error is a refusal in OAuth's form (RFC 6749 §4.1.2.1 and §5.2). Without a
// Target it is answered in JSON; with one the browser takes it there.
type Error struct {
	Kind        guestlist.Kind // decides the status of the JSON answer
	Name        string         // the member error, e.g. "invalid_grant"
	Description string         // the member error_description, English, for developers
	Scope       string         // the member scope, of invalid_scope and insufficient_scope
	Challenge   string         // "Basic" or "Bearer" adds WWW-Authenticate (RFC 9110 §11.6.1)
	Bare        bool           // the challenge does not name the error (RFC 6750 §3, no token given)
	Keep        bool           // without Cache-Control, as the contract has it for unknown routes

	// Target is the validated redirect URI of the request. Only errors found
	// after the client and its redirect URI were matched have one.
	Target *Target

	// Code replaces "oidc.<Name>" as the member code, where the contract has a
	// code of its own.
	Code string

	// Issuer and State are members of the JSON answer at the authorization
	// endpoint (RFC 9207 §2).
	Issuer, State string

	// Err is the cause; of server_error it is logged.
	Err error
}

// Error returns the name, description and cause, for logs.
func (e *Error) Error() string {
	s := e.Name + ": " + e.Description
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// To returns a copy of e that sends the browser to t.
func (e *Error) To(t Target) *Error { c := *e; c.Target = &t; return &c }

// newError makes an Error that is answered in JSON.
func newError(kind guestlist.Kind, name, format string, args ...any) *Error {
	return &Error{Kind: kind, Name: name, Description: fmt.Sprintf(format, args...)}
}

// invalidRequest is the commonest error: a parameter out of shape.
func invalidRequest(format string, args ...any) *Error {
	return newError(guestlist.KindInvalid, "invalid_request", format, args...)
}

// codePrefix turns OAuth's error names into codes of the wire.
const codePrefix = "oidc."

// asError turns what a handler returned into an Error. Refusals of other rooms
// keep their kind; what is no refusal is server_error and keeps its cause for
// the log.
func asError(err error) *Error {
	var own *Error
	if errors.As(err, &own) {
		return own
	}
	var e *guestlist.Error
	if !errors.As(err, &e) || e.Kind == guestlist.KindInternal {
		return &Error{Kind: guestlist.KindInternal, Name: "server_error", Err: err}
	}
	name, isOAuth := strings.CutPrefix(e.Code, codePrefix)
	if !isOAuth {
		return &Error{Kind: e.Kind, Name: "invalid_request", Description: e.Code, Err: err}
	}
	scope, _ := e.Data.(string)
	out := &Error{Kind: e.Kind, Name: name, Description: e.Message, Scope: scope}
	if out.Description == "" {
		out.Description = strings.ReplaceAll(name, "_", " ")
	}
	return out
}

// errorBody is the JSON of an Error, in the contract's order.
type errorBody struct {
	Code        string `json:"code,omitempty"`
	Message     string `json:"message,omitempty"`
	URI         string `json:"error_uri,omitempty"`
	Name        string `json:"error"`
	Description string `json:"error_description,omitempty"`
	Scope       string `json:"scope,omitempty"`
	State       string `json:"state,omitempty"`
	Issuer      string `json:"iss,omitempty"`
}

// invalidGrantURI is the member error_uri of invalid_grant, as the contract
// has it.
const invalidGrantURI = "https://openid.sh/debug/invalid_grant"

// writeError answers with an error: by redirect if it has a target, else in
// JSON.
func (d *Door) writeError(w http.ResponseWriter, r *http.Request, err error) {
	e := asError(err)
	status, envelope := d.Manners.Describe(r, e.refusal())
	if e.Kind == guestlist.KindInternal {
		e.Description = envelope.Message // names the request id, not the cause
	}
	if e.Target != nil {
		d.respond(w, r, *e.Target, e.params())
		return
	}
	body := errorBody{Name: e.Name, Description: e.Description, Scope: e.Scope, State: e.State, Issuer: e.Issuer}
	// parse_error=false is the contract's switch for the bare OAuth form.
	if q := r.URL.RawQuery; q == "" || r.URL.Query().Get("parse_error") != "false" {
		body.Code, body.Message = e.code(), envelope.Message
		if e.Name == "invalid_grant" {
			body.URI = invalidGrantURI
		}
	}
	if e.Challenge != "" {
		w.Header().Set("WWW-Authenticate", e.challenge(d.issuer()))
	}
	if !e.Keep {
		w.Header().Set("Cache-Control", "no-store")
	}
	text, err := json.Marshal(body)
	if err != nil {
		text = []byte(`{"error":"server_error"}`)
	}
	w.Header()["Content-Type"] = contentTypeJSON
	w.WriteHeader(status)
	_, _ = w.Write(text) // the only failure is a closed connection
}

var contentTypeJSON = []string{"application/json; charset=utf-8"}

// refusal is the guestlist.Error whose phrase is the member message. An
// internal failure stays what it was, so that it is logged with its cause.
func (e *Error) refusal() error {
	if e.Kind == guestlist.KindInternal {
		if e.Err != nil {
			return e.Err
		}
		return e
	}
	return guestlist.Refuse(e.Kind, e.code()).WithArgs(map[string]any{
		"scope": e.Scope, "error_description": e.Description,
	})
}

// code is the member code.
func (e *Error) code() string {
	if e.Code != "" {
		return e.Code
	}
	return codePrefix + e.Name
}

// params are what a redirected error carries.
func (e *Error) params() [][2]string {
	params := [][2]string{{"error", e.Name}}
	if e.Description != "" {
		params = append(params, [2]string{"error_description", e.Description})
	}
	if e.Scope != "" {
		params = append(params, [2]string{"scope", e.Scope})
	}
	return params
}

// challenge is the value of WWW-Authenticate (RFC 6750 §3).
func (e *Error) challenge(realm string) string {
	s := e.Challenge + ` realm="` + realm + `"`
	if e.Bare {
		return s
	}
	s += `, error="` + e.Name + `", error_description="` + quotable(e.Description) + `"`
	if e.Scope != "" {
		s += `, scope="` + quotable(e.Scope) + `"`
	}
	return s
}

// quotable replaces what a quoted-string may not hold; descriptions repeat
// origins that a stranger sent.
func quotable(s string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return '?'
		}
		return c
	}, s)
}

// maxExcerpt is how much of a stranger's text an error repeats, in bytes.
const maxExcerpt = 200

// excerpt shortens what an error repeats.
func excerpt(s string) string {
	if len(s) <= maxExcerpt {
		return s
	}
	return strings.ToValidUTF8(s[:maxExcerpt], "") + "…"
}

// issuer is the iss of everything that this door issues.
func (d *Door) issuer() string { return d.Endpoint + pathBase }

// noStore marks an answer that nobody may keep (RFC 6749 §5.1).
func noStore(w http.ResponseWriter) { web.NoStore(w) }
