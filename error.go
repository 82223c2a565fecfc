package guestlist

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what sort of failure an Error is. The set is closed; only package
// web translates it to an HTTP status.
type Kind int

// The kinds of failure.
const (
	KindInternal        Kind = iota // a fault of ours; its cause is never shown
	KindInvalid                     // the request is out of shape
	KindUnprocessable               // well-formed, but refused by a rule or the state of things
	KindUnauthenticated             // who are you?
	KindForbidden                   // known, but not allowed
	KindNotFound                    // no such thing
	KindMethod                      // the thing does not offer this method
	KindConflict                    // somebody else was first, or two facts exclude each other
	KindGone                        // it was there once
	KindTooLarge                    // over a size limit
	KindMediaType                   // content type not accepted
	KindTooMany                     // over a rate limit
	KindNotImplemented              // needs something that is not set up, e.g. a connector
	KindUnavailable                 // try again later
	KindStale                       // it changed since it was read (RFC 9110 §13.1.1)
)

// Error is the one error type that crosses rooms. Code is the stable dotted
// code of the wire contract, e.g. "user.email_already_in_use"; Message is
// English text for people and may be empty, in which case the catalogue's
// phrase for Code is shown in the reader's language; Data goes to the wire as
// the member "data"; Details as "details"; Hint tells an operator what to do
// next; Wait is after how long it may be tried again, 0 if that is not known;
// Err is the cause, for the log alone.
type Error struct {
	Kind    Kind
	Code    string
	Message string
	Data    any
	Details string
	Hint    string
	Args    map[string]any // values for the placeholders of the phrase of Code
	Wait    time.Duration
	Err     error
}

// Error returns the code, message and cause, for logs.
func (e *Error) Error() string {
	s := e.Code
	if e.Message != "" {
		s += ": " + e.Message
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is an *Error with the same code, so that
// errors.Is(err, guestlist.Refuse(kind, code)) compares by code alone.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// With returns a copy of e carrying data for the wire.
func (e *Error) With(data any) *Error { c := *e; c.Data = data; return &c }

// WithArgs returns a copy of e carrying values for its phrase's placeholders.
func (e *Error) WithArgs(args map[string]any) *Error { c := *e; c.Args = args; return &c }

// Until returns a copy of e that says after how long it may be tried again.
func (e *Error) Until(wait time.Duration) *Error { c := *e; c.Wait = wait; return &c }

// Because returns a copy of e that keeps err as its cause, for the log.
func (e *Error) Because(err error) *Error { c := *e; c.Err = err; return &c }

// Saying returns a copy of e with an English message in place of the phrase.
func (e *Error) Saying(format string, args ...any) *Error {
	c := *e
	c.Message = fmt.Sprintf(format, args...)
	return &c
}

// Refuse makes an Error of a kind and code. Doors and rules say why with it.
func Refuse(kind Kind, code string) *Error { return &Error{Kind: kind, Code: code} }

// CodeOf returns the code of the first *Error in err's chain, or "" if there
// is none, which means an internal failure.
func CodeOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// KindOf returns the kind of the first *Error in err's chain; any other error
// is KindInternal.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return KindInternal
}
