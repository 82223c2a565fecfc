package oidc

import (
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"guestlist"
	"guestlist/internal/web"
)

// paramResource is the only parameter that may occur more than once (RFC 8707
// §2).
const paramResource = "resource"

// readForm reads the parameters of a POST: a form, or a JSON object that is
// taken for one, as in the contract. A parameter given twice is refused (RFC
// 6749 §3.2), and so is what is no text.
func readForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	form, err := readParams(w, r)
	if err != nil {
		return nil, formError(r, err)
	}
	for name, values := range form {
		if len(values) > 1 && name != paramResource {
			return nil, invalidRequest("'%s' parameter must not be provided twice", excerpt(name))
		}
	}
	return form, nil
}

func readParams(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/json" {
		return web.ReadForm(w, r)
	}
	var members map[string]json.RawMessage
	if err := web.ReadJSON(w, r, &members); err != nil {
		return nil, err
	}
	form := make(url.Values, len(members))
	for name, text := range members {
		var one string
		var many []string
		if json.Unmarshal(text, &one) == nil && string(text) != "null" {
			form[name] = []string{one}
		} else if json.Unmarshal(text, &many) == nil && many != nil {
			form[name] = many
		} else {
			return nil, invalidRequest("'%s' parameter must be a string", excerpt(name))
		}
	}
	return form, nil
}

// formError says in OAuth's words why a body cannot be read.
func formError(r *http.Request, err error) error {
	var own *Error
	if errors.As(err, &own) {
		return own
	}
	switch guestlist.CodeOf(err) {
	case "request.form_expected":
		return invalidRequest("only application/x-www-form-urlencoded content-type bodies are supported on %s %s",
			r.Method, strings.TrimPrefix(r.URL.Path, pathBase))
	case "request.invalid_text":
		return invalidRequest("null bytes are not allowed in the request body, and its text must be UTF-8")
	case "request.body_too_large":
		return newError(guestlist.KindTooLarge, "invalid_request", "request body is too large")
	}
	if guestlist.KindOf(err) == guestlist.KindInternal {
		return err
	}
	return invalidRequest("failed to parse the request body").because(err)
}

// because returns a copy of e that keeps its cause.
func (e *Error) because(err error) *Error { c := *e; c.Err = err; return &c }

// required returns a parameter that has to be there.
func required(form url.Values, name string) (string, error) {
	if v := form.Get(name); v != "" {
		return v, nil
	}
	return "", invalidRequest("missing required parameter '%s'", name)
}
