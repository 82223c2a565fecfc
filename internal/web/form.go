package web

import (
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"guestlist"
)

// maxParams is the most parameters a form or query may have.
const maxParams = 256

var (
	errNotForm   = guestlist.Refuse(guestlist.KindInvalid, "request.form_expected")
	errBadParams = guestlist.Refuse(guestlist.KindInvalid, "request.invalid_parameters")
)

// ReadForm reads a body of application/x-www-form-urlencoded of at most
// MaxBody bytes and 256 parameters. Invalid UTF-8, NUL (raw or as %00) and
// broken percent-encoding are refused. An empty body is an empty form whatever
// its type. The query is not part of it.
func ReadForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	body, err := readBody(w, r)
	if err != nil || len(body) == 0 {
		return url.Values{}, err
	}
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/x-www-form-urlencoded" {
		return nil, errNotForm
	}
	return ParseParams(string(body))
}

// Query reads the query of r under the rules of ReadForm.
func Query(r *http.Request) (url.Values, error) { return ParseParams(r.URL.RawQuery) }

// ParseParams reads URL-encoded parameters under the rules of ReadForm.
func ParseParams(s string) (url.Values, error) {
	if len(s) > MaxBody || strings.Count(s, "&") >= maxParams {
		return nil, errTooLarge
	}
	values, err := url.ParseQuery(s)
	if err != nil {
		return nil, errBadParams
	}
	for name, list := range values {
		if !cleanText(name) {
			return nil, errInvalidText
		}
		for _, v := range list {
			if !cleanText(v) {
				return nil, errInvalidText
			}
		}
	}
	return values, nil
}

// cleanText reports whether s is valid UTF-8 without NUL.
func cleanText(s string) bool {
	return strings.IndexByte(s, 0) < 0 && utf8.ValidString(s)
}
