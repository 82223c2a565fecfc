package connector

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/oauth2"

	"guestlist"
)

// What goes wrong between us and a provider, in the codes of the wire contract.
var (
	errGeneral       = guestlist.Refuse(guestlist.KindInvalid, "connector.general")
	errNoAnswer      = guestlist.Refuse(guestlist.KindInvalid, "connector.insufficient_request_parameters") // the browser brought no code
	errForeignAnswer = guestlist.Refuse(guestlist.KindInvalid, "connector.invalid_request_parameters")      // the answer is to another attempt
	errResponse      = guestlist.Refuse(guestlist.KindInvalid, "connector.invalid_response")
	errAuthCode      = guestlist.Refuse(guestlist.KindUnauthenticated, "connector.social_auth_code_invalid")
	errAccessToken   = guestlist.Refuse(guestlist.KindUnauthenticated, "connector.social_invalid_access_token")
	errIDToken       = guestlist.Refuse(guestlist.KindUnauthenticated, "connector.social_invalid_id_token")
	errDenied        = guestlist.Refuse(guestlist.KindUnauthenticated, "connector.authorization_failed")
	errRateLimit     = guestlist.Refuse(guestlist.KindTooMany, "connector.rate_limit_exceeded")
)

// maxReason bounds what is kept of a provider's own words, in bytes.
const maxReason = 512

// fail refuses with a code and the exact reason as cause, for the audit. What
// is shown to people is the phrase of the code: the reason may hold words of
// the provider's.
func fail(with *guestlist.Error, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	e := with.Because(&reason{text: tidy(err.Error()), err: err})
	if with == errGeneral {
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
		return fail(errDenied, "the provider answered %s: %s", code, description)
	}
	return fail(errGeneral, "the provider answered %s: %s", code, description)
}

// failedExchange judges why the token endpoint gave no tokens (RFC 6749 §5.2).
func failedExchange(err error) error {
	var retrieve *oauth2.RetrieveError
	if !errors.As(err, &retrieve) {
		var u *url.Error // every failure to get an answer is one
		if errors.As(err, &u) {
			return fail(errGeneral, "token endpoint: %w", u.Err)
		}
		if strings.Contains(err.Error(), "missing access_token") {
			return fail(errAccessToken, "token endpoint: it answered without an access token")
		}
		return fail(errResponse, "token endpoint: %w", err)
	}
	status := 0
	if retrieve.Response != nil {
		status = retrieve.Response.StatusCode
	}
	code, words := retrieve.ErrorCode, retrieve.ErrorDescription
	if code == "" {
		code, words = facebookError(retrieve.Body)
	}
	words = fmt.Sprintf("token endpoint: status %d, %s: %s", status, code, words)
	switch {
	case status == http.StatusTooManyRequests:
		return fail(errRateLimit, "%s", words)
	case spentCodes[code]:
		return fail(errAuthCode, "%s", words)
	case code == "" && status < http.StatusInternalServerError:
		return fail(errResponse, "%s", words)
	}
	return fail(errGeneral, "%s", words)
}

// spentCodes are the errors that say that a code is not good, or no more. The
// first is RFC 6749 §5.2; then GitHub's, Slack's, and the subcodes of Facebook.
var spentCodes = map[string]bool{
	"invalid_grant": true, "bad_verification_code": true, "invalid_code": true, "code_already_used": true, "36007": true, "36009": true,
}

// facebookError reads the shape of errors that Facebook has in place of RFC
// 6749's.
func facebookError(body []byte) (code, words string) {
	var answer struct {
		Error struct {
			Message string `json:"message"`
			Code    int    `json:"code"`
			Subcode int    `json:"error_subcode"`
		} `json:"error"`
	}
	if json.Unmarshal(body, &answer) != nil || answer.Error.Code == 0 {
		return "", ""
	}
	if answer.Error.Subcode != 0 {
		return strconv.Itoa(answer.Error.Subcode), answer.Error.Message
	}
	return strconv.Itoa(answer.Error.Code), answer.Error.Message
}
