package mail

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"sort"
	"strings"
	"unicode/utf8"

	"guestlist"
)

const (
	maxDetail       = 1024 // bytes of a carrier's answer that are kept
	minSecretLength = 4    // shorter values are not searched for in answers
	hidden          = "[hidden]"
)

// failure makes the error of a failed sending. detail is what the carrier
// said; secrets are blotted out of it.
func failure(detail string, secrets []string, permanent bool) error {
	return failureCode(guestlist.KindInvalid, "connector.general", detail, secrets, permanent)
}

func failureCode(kind guestlist.Kind, code, detail string, secrets []string, permanent bool) error {
	detail = tidy(detail, secrets)
	e := guestlist.Refuse(kind, code).With(map[string]any{"message": detail}).
		WithArgs(map[string]any{"errorDescription": detail}).Because(errors.New(detail))
	if permanent {
		return &PermanentError{Err: e}
	}
	return e
}

// httpFailure judges an answer that is not 2xx. 408, 425 and 429 ask to try
// again (RFC 9110 §15.5.9, RFC 8470 §5.2, RFC 6585 §4); the other 4xx and any
// redirect will not get better by themselves; 5xx may.
func httpFailure(status int, detail string, secrets []string) error {
	detail = strings.TrimSpace(http.StatusText(status) + " " + detail)
	switch status {
	case http.StatusTooManyRequests:
		return failureCode(guestlist.KindTooMany, "connector.rate_limit_exceeded", detail, secrets, false)
	case http.StatusRequestTimeout, http.StatusTooEarly:
		return failure(detail, secrets, false)
	default:
		return failure(detail, secrets, status < 500)
	}
}

// connectFailure judges an error that came before any answer. A blocked
// address stays blocked until somebody changes a setting.
func connectFailure(err error, secrets []string) error {
	var blocked *BlockedAddressError
	if errors.As(err, &blocked) {
		e := guestlist.Refuse(guestlist.KindInvalid, "connector.general").
			With(map[string]any{"message": blocked.Error()}).
			WithArgs(map[string]any{"errorDescription": blocked.Error()}).Because(blocked)
		e.Hint = "Use a public address, or allow this network for outgoing requests."
		return &PermanentError{Err: e}
	}
	return failure(err.Error(), secrets, false)
}

// tidy makes a carrier's answer fit to keep: one line, short, valid text,
// without the secrets.
func tidy(s string, secrets []string) string {
	for _, secret := range secrets {
		s = strings.ReplaceAll(s, secret, hidden)
	}
	s = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, "?"), isControl), " ")
	if len(s) > maxDetail {
		s = s[:maxDetail]
		for !utf8.ValidString(s) {
			s = s[:len(s)-1]
		}
		s += "…"
	}
	return s
}

// secretsOf lists every text of a message's payload, and extra ones, longest
// first so that a secret that holds another goes whole.
func secretsOf(m guestlist.Message, extra ...string) []string {
	list := extra
	for _, key := range []string{"code", "link", "token"} {
		list = texts(list, m.Payload[key], 0)
	}
	var kept []string
	for _, s := range list {
		if len(s) >= minSecretLength {
			kept = append(kept, s, url.QueryEscape(s), inJSON(s))
		}
	}
	sort.Slice(kept, func(i, j int) bool { return len(kept[i]) > len(kept[j]) })
	return kept
}

// inJSON writes s as an answer that quotes our request would.
func inJSON(s string) string {
	b, _ := json.Marshal(s) // a string always marshals
	return strings.Trim(string(b), `"`)
}

func texts(list []string, v any, depth int) []string {
	if depth > maxPayloadDepth {
		return list
	}
	switch v := v.(type) {
	case string:
		list = append(list, v)
	case map[string]any:
		for _, e := range v {
			list = texts(list, e, depth+1)
		}
	case []any:
		for _, e := range v {
			list = texts(list, e, depth+1)
		}
	}
	return list
}
