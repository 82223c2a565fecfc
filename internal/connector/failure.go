package connector

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/oauth2"

	"guestlist"
)

// The codes of what goes wrong between us and a provider. They are the wire
// contract's.
const (
	codeGeneral       = "connector.general"
	codeNoAnswer      = "connector.insufficient_request_parameters" // the browser brought no code
	codeForeignAnswer = "connector.invalid_request_parameters"      // the answer is to another attempt
	codeResponse      = "connector.invalid_response"
	codeAuthCode      = "connector.social_auth_code_invalid"
	codeAccessToken   = "connector.social_invalid_access_token" //nolint:gosec // a code, not a token
	codeIDToken       = "connector.social_invalid_id_token"     //nolint:gosec // a code, not a token
	codeDenied        = "connector.authorization_failed"
	codeRateLimit     = "connector.rate_limit_exceeded"
)

// maxReason bounds what is kept of a provider's own words, in bytes.
const maxReason = 512

// fail refuses with a code and the exact reason as cause, for the audit. What
// is shown to people is the phrase of the code: the reason may hold words of
// the provider's.
func fail(code, format string, args ...any) error {
	kind := guestlist.KindInvalid
	switch code {
	case codeAuthCode, codeAccessToken, codeIDToken, codeDenied:
		kind = guestlist.KindUnauthenticated
	case codeRateLimit:
		kind = guestlist.KindTooMany
	}
	err := fmt.Errorf(format, args...)
	e := guestlist.Refuse(kind, code).Because(&reason{text: tidy(err.Error()), err: err})
	if code == codeGeneral {
		e = e.WithArgs(map[string]any{"errorDescription": "the provider cannot be asked"})
	}
	return e
}

// reason is a cause whose text is fit for a log: short, and on one line.
type reason struct {
	text string
	err  error
}

func (r *reason) Error() string { return r.text }
func (r *reason) Unwrap() error { return r.err }

// tidy makes a text from outside fit to keep: one line, short, valid.
func tidy(s string) string {
	s = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, "?"), unicode.IsControl), " ")
	if len(s) > maxReason {
		s = s[:maxReason]
		for !utf8.ValidString(s) {
			s = s[:len(s)-1]
		}
		s += "…"
	}
	return s
}

// refusals are the error codes that say that the guest said no. The first is
// RFC 6749 §4.1.2.1; the others are Apple's and LinkedIn's.
var refusals = map[string]bool{
	"access_denied": true, "user_cancelled_authorize": true, "user_cancelled_login": true,
}

// failedAnswer judges an error that the browser brought from the authorization
// endpoint (RFC 6749 §4.1.2.1).
func failedAnswer(code, description string) error {
	if refusals[code] {
		return fail(codeDenied, "the provider answered %s: %s", code, description)
	}
	return fail(codeGeneral, "the provider answered %s: %s", code, description)
}

// failedExchange judges why the token endpoint gave no tokens (RFC 6749 §5.2).
func failedExchange(err error) error {
	var retrieve *oauth2.RetrieveError
	if !errors.As(err, &retrieve) {
		if failedTransport(err) {
			return fail(codeGeneral, "token endpoint: %w", err)
		}
		if strings.Contains(err.Error(), "missing access_token") {
			return fail(codeAccessToken, "token endpoint: it answered without an access token")
		}
		return fail(codeResponse, "token endpoint: %w", err)
	}
	status := 0
	if retrieve.Response != nil {
		status = retrieve.Response.StatusCode
	}
	words := fmt.Sprintf("token endpoint: status %d, %s: %s", status, retrieve.ErrorCode, retrieve.ErrorDescription)
	switch {
	case status == 429:
		return fail(codeRateLimit, "%s", words)
	case retrieve.ErrorCode == "invalid_grant", retrieve.ErrorCode == "bad_verification_code": // the latter is GitHub's
		return fail(codeAuthCode, "%s", words)
	case retrieve.ErrorCode == "" && status < 500:
		return fail(codeResponse, "%s", words)
	}
	return fail(codeGeneral, "%s", words)
}
