package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strings"
	"unicode/utf8"

	"guestlist"
)

// MaxBody is the largest request body in bytes, streams excepted.
const MaxBody = 1 << 20

// The refusals of bodies that are no JSON we take.
var (
	errTooLarge    = guestlist.Refuse(guestlist.KindTooLarge, "request.body_too_large")
	errInvalidJSON = guestlist.Refuse(guestlist.KindInvalid, "request.invalid_json")
	errInvalidText = guestlist.Refuse(guestlist.KindInvalid, "request.invalid_text")
	errEncoding    = guestlist.Refuse(guestlist.KindMediaType, "request.unsupported_encoding")
	errUnreadable  = guestlist.Refuse(guestlist.KindInvalid, "request.body_unreadable")
)

// ReadJSON reads the body of r into v, a pointer. An empty body leaves v as it
// is. The body has to be application/json of at most MaxBody bytes, valid
// UTF-8 without NUL characters, and an object (an array if v points to a
// slice); members that v does not have are ignored.
func ReadJSON(w http.ResponseWriter, r *http.Request, v any) error {
	body, err := readBody(w, r)
	if err != nil {
		return err
	}
	if len(body) == 0 {
		return nil
	}
	if !isJSON(r) {
		// The contract parses no other type, and answers as if it saw a string.
		return shapeError('{', '"')
	}
	return Decode(body, v)
}

// readBody reads at most MaxBody bytes.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if ce := r.Header.Get("Content-Encoding"); ce != "" && !strings.EqualFold(ce, "identity") {
		return nil, errEncoding
	}
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	if r.ContentLength > MaxBody {
		return nil, errTooLarge
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, errTooLarge
	case err != nil && r.Context().Err() != nil:
		return nil, r.Context().Err()
	case err != nil:
		return nil, errUnreadable.Because(err)
	}
	return body, nil
}

func isJSON(r *http.Request) bool {
	ct := r.Header.Get("Content-Type")
	if ct == "application/json" {
		return true
	}
	t, _, err := mime.ParseMediaType(ct)
	return t == "application/json" && (err == nil || errors.Is(err, mime.ErrInvalidMediaParameter))
}

// Decode reads one JSON document into v under the rules of ReadJSON.
func Decode(body []byte, v any) error {
	if !utf8.Valid(body) {
		return errInvalidText
	}
	body = bytes.TrimPrefix(body, []byte("\ufeff")) // a byte order mark is harmless and the contract takes it
	if hasNUL(body) {
		return errInvalidText
	}
	if !json.Valid(body) {
		return errInvalidJSON
	}
	want := byte('{')
	if t := reflect.TypeOf(v); t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Slice {
		want = '['
	}
	trimmed := bytes.TrimLeft(body, " \t\r\n")
	if trimmed[0] != want {
		return shapeError(want, trimmed[0])
	}
	err := json.Unmarshal(body, v)
	var mismatch *json.UnmarshalTypeError
	switch {
	case errors.As(err, &mismatch):
		var inv Invalid
		inv.Type(mismatch.Field, jsonKind(mismatch.Type), received(mismatch.Value))
		return inv.Err()
	case err != nil:
		var own *guestlist.Error
		if errors.As(err, &own) {
			return own
		}
		return errInvalidJSON.Because(err)
	}
	return nil
}

// shapeError says what stood where an object or an array should.
func shapeError(want, got byte) error {
	names := map[byte]string{'{': "object", '[': "array", '"': "string", 't': "boolean", 'f': "boolean", 'n': "null"}
	name, ok := names[got]
	if !ok {
		name = "number"
	}
	var inv Invalid
	inv.Type("", names[want], name)
	return inv.Err()
}

// hasNUL finds a NUL character, raw or as the escape \u0000, which no column
// of either database can hold.
func hasNUL(b []byte) bool {
	if bytes.IndexByte(b, 0) >= 0 {
		return true
	}
	for from := 0; ; {
		i := bytes.Index(b[from:], []byte(`\u0000`))
		if i < 0 {
			return false
		}
		i += from
		slashes := 1
		for j := i - 1; j >= 0 && b[j] == '\\'; j-- {
			slashes++
		}
		if slashes%2 == 1 {
			return true
		}
		from = i + 1
	}
}

// jsonKind names a Go type in the words of the wire's issues.
func jsonKind(t reflect.Type) string {
	if t == nil {
		return "object"
	}
	switch t.Kind() {
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "boolean"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64,
		reflect.Float32, reflect.Float64:
		return "number"
	case reflect.Slice, reflect.Array:
		return "array"
	case reflect.Pointer:
		return jsonKind(t.Elem())
	default:
		return "object"
	}
}

// received names what encoding/json found, e.g. "bool" or "number 1.5".
func received(value string) string {
	if value == "bool" {
		return "boolean"
	}
	kind, _, _ := strings.Cut(value, " ")
	return kind
}

// Opt is a member that may be absent, null or a value, which PATCH bodies tell
// apart.
type Opt[T any] struct {
	Set   bool // the member was there
	Null  bool // and it was null
	Value T    // meaningful if Set and not Null
}

// UnmarshalJSON notes that the member is there.
func (o *Opt[T]) UnmarshalJSON(b []byte) error {
	*o = Opt[T]{Set: true}
	if string(b) == "null" {
		o.Null = true
		return nil
	}
	return json.Unmarshal(b, &o.Value)
}

// MarshalJSON writes null or the value; combine with the tag omitzero to leave
// out what is not set.
func (o Opt[T]) MarshalJSON() ([]byte, error) {
	if !o.Set || o.Null {
		return []byte("null"), nil
	}
	return json.Marshal(o.Value)
}

// IsZero reports whether the member was absent.
func (o Opt[T]) IsZero() bool { return !o.Set }

// Pointer returns nil for an absent or null member, else the value.
func (o Opt[T]) Pointer() *T {
	if !o.Set || o.Null {
		return nil
	}
	return &o.Value
}

// Some returns a member that is set to v.
func Some[T any](v T) Opt[T] { return Opt[T]{Set: true, Value: v} }
