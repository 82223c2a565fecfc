package experience_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"guestlist/internal/experience"
)

// apiDocument is the OpenAPI document as a client generator reads it.
type apiDocument struct {
	OpenAPI string `json:"openapi"`
	Paths   map[string]map[string]struct {
		OperationID string            `json:"operationId"`
		Summary     string            `json:"summary"`
		Parameters  []json.RawMessage `json:"parameters"`
		RequestBody struct {
			Content map[string]struct{ Schema map[string]any }
		} `json:"requestBody"`
		Responses map[string]struct {
			Description string
			Content     map[string]struct{ Schema map[string]any }
		} `json:"responses"`
	} `json:"paths"`
}

func (h *house) document(t testing.TB) (doc apiDocument) {
	t.Helper()
	a := h.script(t).call("GET", "/api/.well-known/experience.openapi.json", "")
	if err := json.Unmarshal(a.body, &doc); err != nil || a.status != http.StatusOK {
		t.Fatalf("%d %v", a.status, err)
	}
	return doc
}

// path returns the documented path that a request's path is one of, or "".
func (d apiDocument) path(asked string) string {
	asked, _, _ = strings.Cut(asked, "?")
	parts := strings.Split(asked, "/")
	for path := range d.Paths {
		pattern := strings.Split(path, "/")
		if slices.EqualFunc(pattern, parts, func(p, a string) bool { return p == a || strings.HasPrefix(p, "{") }) {
			return path
		}
	}
	return ""
}

// lies returns what the document says of an answer that is not so.
func (d apiDocument) lies(method, path string, a reply) string {
	op, ok := d.Paths[d.path(path)][strings.ToLower(method)]
	if !ok {
		return "the document has no such operation"
	}
	response, ok := op.Responses[strconv.Itoa(a.status)]
	if !ok {
		return fmt.Sprintf("the document has no answer %d (%s)", a.status, a.text("code"))
	}
	if code := a.text("code"); a.status >= 400 && !slices.Contains(strings.Split(response.Description, ", "), code) {
		return fmt.Sprintf("the document does not say that %d may be %s", a.status, code)
	}
	schema := response.Content["application/json"].Schema
	if schema == nil || a.status >= 400 {
		return ""
	}
	var body any
	if err := json.Unmarshal(a.body, &body); err != nil {
		return "the answer is no JSON"
	}
	return unfit(schema, "", body)
}

// unfit says what of a value does not fit a schema, of the words that the
// document uses; "" if it fits.
func unfit(schema map[string]any, at string, value any) string {
	if either, ok := schema["oneOf"].([]any); ok {
		for _, s := range either {
			if unfit(s.(map[string]any), at, value) == "" {
				return ""
			}
		}
		return at + " fits none"
	}
	types, ok := schema["type"].([]any)
	if !ok {
		types = []any{schema["type"]}
	}
	kind := map[bool]any{true: "null"}[value == nil]
	switch v := value.(type) {
	case string:
		kind = "string"
		if n, ok := schema["minLength"].(float64); ok && utf8.RuneCountInString(v) < int(n) {
			return at + " is too short"
		}
		if n, ok := schema["maxLength"].(float64); ok && utf8.RuneCountInString(v) > int(n) {
			return at + " is too long"
		}
		if options, ok := schema["enum"].([]any); ok && !slices.Contains(options, value) {
			return at + " is none of the options"
		}
	case bool:
		kind = "boolean"
	case []any:
		kind = "array"
		for i, item := range v {
			if fault := unfit(schema["items"].(map[string]any), at+"."+strconv.Itoa(i), item); fault != "" {
				return fault
			}
		}
	case map[string]any:
		kind = "object"
		if fault := unfitMembers(schema, at, v); fault != "" {
			return fault
		}
	}
	if !slices.Contains(types, kind) {
		return fmt.Sprintf("%s is %v, not %v", at, kind, types)
	}
	return ""
}

func unfitMembers(schema map[string]any, at string, members map[string]any) string {
	properties, known := schema["properties"].(map[string]any)
	if required, ok := schema["required"].([]any); ok {
		for _, name := range required {
			if _, ok := members[name.(string)]; !ok {
				return fmt.Sprintf("%s.%s is missing", at, name)
			}
		}
	}
	for name, value := range members {
		s, ok := properties[name].(map[string]any)
		switch {
		case ok:
			if fault := unfit(s, at+"."+name, value); fault != "" {
				return fault
			}
		case known:
			return at + "." + name + " is not in the document"
		}
	}
	return ""
}

func TestAPIDocumentHasEveryRoute(t *testing.T) {
	h := newHouse(t, nil)
	doc := h.document(t)
	if doc.OpenAPI != "3.1.0" {
		t.Errorf("openapi %q", doc.OpenAPI)
	}
	ids := map[string]bool{}
	n := 0
	for path, methods := range doc.Paths {
		for method, op := range methods {
			n++
			if !slices.Contains(experience.APIPatterns(), strings.ToUpper(method)+" "+path) {
				t.Errorf("there is no %s %s", method, path)
			}
			if op.Summary == "" || ids[op.OperationID] || op.Responses["default"].Content == nil {
				t.Errorf("%s %s is not described, or not by a name of its own", method, path)
			}
			ids[op.OperationID] = true
			for part := range strings.SplitSeq(path, "/") {
				if name, ok := strings.CutPrefix(part, "{"); ok && !strings.Contains(fmt.Sprintf("%s", op.Parameters), `"`+strings.Trim(name, "}")+`"`) {
					t.Errorf("%s %s does not describe %s", method, path, part)
				}
			}
		}
	}
	if n != len(experience.APIPatterns()) {
		t.Errorf("%d operations for %d routes", n, len(experience.APIPatterns()))
	}
	first := h.script(t).call("GET", "/api/.well-known/experience.openapi.json", "")
	again := h.script(t)
	again.header.Set("If-None-Match", first.header.Get("Etag"))
	if a := again.call("GET", "/api/.well-known/experience.openapi.json", ""); a.status != http.StatusNotModified {
		t.Errorf("unchanged: %d", a.status)
	}
}

// The document asks for what the routes ask for: a body that they take fits,
// and one without a member that they need does not.
func TestAPIDocumentAsksForWhatTheRoutesTake(t *testing.T) {
	doc := newHouse(t, nil).document(t)
	for _, shape := range shapes() {
		schema := doc.Paths[doc.path(shape.path)][strings.ToLower(shape.method)].RequestBody.Content["application/json"].Schema
		if schema == nil {
			t.Errorf("%s %s: no body in the document", shape.method, shape.path)
			continue
		}
		fits := func(body string) string {
			var value any
			if err := json.Unmarshal([]byte(body), &value); err != nil {
				t.Fatal(err)
			}
			return unfit(schema, "", value)
		}
		if fault := fits(shape.body); fault != "" {
			t.Errorf("%s %s %s: %s", shape.method, shape.path, shape.body, fault)
		}
		for _, f := range shape.fields {
			if strings.HasSuffix(f.path, ".0") {
				continue
			}
			if fault := fits(broken(t, shape.body, f.path, "")); (fault == "") != f.optional {
				t.Errorf("%s %s without %s: %q", shape.method, shape.path, f.path, fault)
			}
			if fault := fits(broken(t, shape.body, f.path, "1")); fault == "" {
				t.Errorf("%s %s with a number for %s fits", shape.method, shape.path, f.path)
			}
		}
	}
}
