package web

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"guestlist"

	"github.com/google/go-cmp/cmp"
)

func discardLog() *slog.Logger { return slog.New(slog.DiscardHandler) }

type input struct {
	Name   string          `json:"name"`
	Nested struct{ A int } `json:"nested"`
	Opt    Opt[string]     `json:"opt"`
	List   []string        `json:"list"`
}

func post(contentType, body string) *http.Request {
	r := httptest.NewRequest("POST", "/", strings.NewReader(body))
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return r
}

func TestReadJSON(t *testing.T) {
	const js = "application/json"
	tests := []struct {
		name, contentType, body string
		kind                    guestlist.Kind
		code, details           string
	}{
		{"plain", js, `{"name":"a"}`, 0, "", ""},
		{"with charset", "application/json; charset=utf-8", `{"name":"a"}`, 0, "", ""},
		{"upper case type", "Application/JSON", `{"name":"a"}`, 0, "", ""},
		{"odd parameter", "application/json; charset", `{"name":"a"}`, 0, "", ""},
		{"empty", js, ``, 0, "", ""},
		{"empty without type", "", ``, 0, "", ""},
		{"byte order mark", js, "\ufeff{\"name\":\"a\"}", 0, "", ""},
		{"unknown member", js, `{"x":1}`, 0, "", ""},
		{"escaped backslash before u0000", js, `{"name":"\\u0000"}`, 0, "", ""},
		{"cut short", js, `{"name":`, guestlist.KindInvalid, "request.invalid_json", ""},
		{"two documents", js, `{} {}`, guestlist.KindInvalid, "request.invalid_json", ""},
		{"blank", js, "  ", guestlist.KindInvalid, "request.invalid_json", ""},
		{"deep", js, strings.Repeat("[", 20000), guestlist.KindInvalid, "request.invalid_json", ""},
		{"latin1", js, "{\"name\":\"\xe9\"}", guestlist.KindInvalid, "request.invalid_text", ""},
		{"raw nul", js, "{\"name\":\"\x00\"}", guestlist.KindInvalid, "request.invalid_text", ""},
		{"escaped nul", js, `{"name":"\u0000"}`, guestlist.KindInvalid, "request.invalid_text", ""},
		{"escaped nul after backslash", js, `{"name":"\\\u0000"}`, guestlist.KindInvalid, "request.invalid_text", ""},
		{"array", js, `[1]`, guestlist.KindInvalid, "guard.invalid_input", `Error in key path "": (invalid_type) Expected object but received array.`},
		{"string", js, `"x"`, guestlist.KindInvalid, "guard.invalid_input", `Error in key path "": (invalid_type) Expected object but received string.`},
		{"null", js, `null`, guestlist.KindInvalid, "guard.invalid_input", `Error in key path "": (invalid_type) Expected object but received null.`},
		{"number", js, `5`, guestlist.KindInvalid, "guard.invalid_input", `Error in key path "": (invalid_type) Expected object but received number.`},
		{"wrong type", js, `{"name":5}`, guestlist.KindInvalid, "guard.invalid_input", `Error in key path "name": (invalid_type) Expected string but received number.`},
		{"wrong nested type", js, `{"nested":{"A":true}}`, guestlist.KindInvalid, "guard.invalid_input", `Error in key path "nested.A": (invalid_type) Expected number but received boolean.`},
		{"wrong optional type", js, `{"opt":{}}`, guestlist.KindInvalid, "guard.invalid_input", `Error in key path "opt": (invalid_type) Expected string but received object.`},
		{"fraction for a whole number", js, `{"nested":{"A":1.5}}`, guestlist.KindInvalid, "guard.invalid_input", `Error in key path "nested.A": (invalid_type) Expected number but received number.`},
		{"text", "text/plain", `{"name":"a"}`, guestlist.KindInvalid, "guard.invalid_input", `Error in key path "": (invalid_type) Expected object but received string.`},
		{"suffix type", "application/vnd.x+json", `{"name":"a"}`, guestlist.KindInvalid, "guard.invalid_input", `Error in key path "": (invalid_type) Expected object but received string.`},
		{"form", "application/x-www-form-urlencoded", `name=a`, guestlist.KindInvalid, "guard.invalid_input", `Error in key path "": (invalid_type) Expected object but received string.`},
		{"too large", js, `{"name":"` + strings.Repeat("a", MaxBody) + `"}`, guestlist.KindTooLarge, "request.body_too_large", ""},
	}
	for _, tt := range tests {
		var v input
		err := ReadJSON(httptest.NewRecorder(), post(tt.contentType, tt.body), &v)
		if tt.code == "" {
			if err != nil {
				t.Errorf("%s: %v", tt.name, err)
			}
			continue
		}
		var e *guestlist.Error
		if !errors.As(err, &e) || e.Kind != tt.kind || e.Code != tt.code || e.Details != tt.details {
			t.Errorf("%s: got %+v, want %s %q", tt.name, err, tt.code, tt.details)
		}
	}
}

func TestReadJSONLimits(t *testing.T) {
	// Chunked, so that no Content-Length gives it away.
	r := post("application/json", "")
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(`{"name":"`+strings.Repeat("a", MaxBody)+`"}`)), -1
	if err := ReadJSON(httptest.NewRecorder(), r, &input{}); guestlist.CodeOf(err) != "request.body_too_large" {
		t.Errorf("chunked: %v", err)
	}
	r = post("application/json", "x")
	r.Header.Set("Content-Encoding", "br")
	if err := ReadJSON(httptest.NewRecorder(), r, &input{}); Status(err) != 415 {
		t.Errorf("brotli: %v", err)
	}
	var list []int
	if err := ReadJSON(httptest.NewRecorder(), post("application/json", "[1,2]"), &list); err != nil || len(list) != 2 {
		t.Errorf("array: %v %v", list, err)
	}
}

func TestOpt(t *testing.T) {
	for in, want := range map[string]Opt[string]{
		`{}`:           {},
		`{"opt":null}`: {Set: true, Null: true},
		`{"opt":"x"}`:  Some("x"),
		`{"opt":""}`:   Some(""),
	} {
		var v input
		if err := Decode([]byte(in), &v); err != nil || v.Opt != want {
			t.Errorf("%s: %+v %v", in, v.Opt, err)
		}
	}
	out, err := json.Marshal(struct {
		A, B, C Opt[int] `json:",omitzero"`
	}{A: Some(1), B: Opt[int]{Set: true, Null: true}})
	if err != nil || string(out) != `{"A":1,"B":null}` {
		t.Errorf("%s %v", out, err)
	}
	if p := Some(3).Pointer(); p == nil || *p != 3 {
		t.Errorf("Pointer: %v", p)
	}
	if p := (Opt[int]{Set: true, Null: true}).Pointer(); p != nil {
		t.Errorf("Pointer of null: %v", *p)
	}
}

func TestInvalid(t *testing.T) {
	m, _ := manners(t)
	var v Invalid
	if v.Err() != nil {
		t.Fatal("no issues, but an error")
	}
	v.Check(true, "fine", "x", "x")
	v.Add(Issue{Path: "primaryEmail", Code: "invalid_string", Validation: "regex", Message: "Invalid"})
	v.Type("a.0.b", "string", "undefined")
	_, got := run(m.API(fails(v.Err())), httptest.NewRequest("POST", "/", nil))
	want := map[string]any{
		"code": "guard.invalid_input", "message": "The request body is invalid.",
		"details": "Error in key path \"primaryEmail\": (invalid_string) Invalid\nError in key path \"a.0.b\": (invalid_type) Expected string but received undefined.",
		"data": map[string]any{"name": "ZodError", "issues": []any{
			map[string]any{"code": "invalid_string", "validation": "regex", "message": "Invalid", "path": []any{"primaryEmail"}},
			map[string]any{"code": "invalid_type", "expected": "string", "received": "undefined", "message": "Required", "path": []any{"a", 0.0, "b"}},
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for range 1000 {
		v.Check(false, "x", "y", "z")
	}
	if len(v.Issues) != maxIssues {
		t.Errorf("%d issues", len(v.Issues))
	}
}

func TestReadForm(t *testing.T) {
	const form = "application/x-www-form-urlencoded"
	for _, tt := range []struct{ name, contentType, body, code string }{
		{"plain", form, "a=1&b=%C3%A9", ""},
		{"charset", form + "; charset=utf-8", "a=1", ""},
		{"empty", "", "", ""},
		{"json", "application/json", "{}", "request.form_expected"},
		{"no type", "", "a=1", "request.form_expected"},
		{"raw nul", form, "a=\x00", "request.invalid_text"},
		{"encoded nul", form, "a=%00", "request.invalid_text"},
		{"encoded nul in the name", form, "a%00=1", "request.invalid_text"},
		{"latin1", form, "a=%E9", "request.invalid_text"},
		{"broken escape", form, "a=%zz", "request.invalid_parameters"},
		{"semicolon", form, "a=1;b=2", "request.invalid_parameters"},
		{"too many", form, strings.Repeat("a&", maxParams), "request.body_too_large"},
		{"too large", form, "a=" + strings.Repeat("a", MaxBody), "request.body_too_large"},
	} {
		v, err := ReadForm(httptest.NewRecorder(), post(tt.contentType, tt.body))
		if guestlist.CodeOf(err) != tt.code || (err == nil) != (tt.code == "") {
			t.Errorf("%s: %v %v, want %q", tt.name, v, err, tt.code)
		}
		if err == nil && v == nil {
			t.Errorf("%s: nil values", tt.name)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{`{"name":"a","opt":null}`, `[]`, `"x"`, "{\"name\":\"\\u0000\"}", "\ufeff{}", `{"nested":{"A":1}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var v input
		if err := Decode(b, &v); err != nil {
			if Status(err) != 400 {
				t.Errorf("%q: status %d", b, Status(err))
			}
			return
		}
		if !cleanText(v.Name) || !cleanText(v.Opt.Value) {
			t.Errorf("%q let through %q %q", b, v.Name, v.Opt.Value)
		}
	})
}

func FuzzParams(f *testing.F) {
	for _, s := range []string{"a=1&b=2", "a=%00", "%", "a=%E9", "search.x=1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		values, err := ParseParams(s)
		if err != nil {
			return
		}
		for name, list := range values {
			for _, v := range append(list, name) {
				if !cleanText(v) {
					t.Errorf("%q let through %q", s, v)
				}
			}
		}
	})
}
