package web

import (
	"encoding/json"
	"strconv"
	"strings"

	"guestlist"
)

// maxIssues is the most issues one refusal lists.
const maxIssues = 50

// Issue is one fault of an input, in the wire's form.
type Issue struct {
	Code       string    `json:"code"`                 // e.g. "invalid_type", "invalid_string", "too_big"
	Expected   string    `json:"expected,omitempty"`   // of invalid_type
	Received   string    `json:"received,omitempty"`   // of invalid_type and invalid_enum_value
	Validation string    `json:"validation,omitempty"` // of invalid_string, e.g. "regex"
	Options    []string  `json:"options,omitempty"`    // of invalid_enum_value
	Minimum    *int      `json:"minimum,omitempty"`    // of too_small
	Maximum    *int      `json:"maximum,omitempty"`    // of too_big
	Type       string    `json:"type,omitempty"`       // of too_small and too_big: string, array or number
	Inclusive  *bool     `json:"inclusive,omitempty"`  // of too_small and too_big
	Exact      *bool     `json:"exact,omitempty"`      // of too_small and too_big
	Path       IssuePath `json:"path"`
	Message    string    `json:"message"`
}

// IssuePath is a dotted path, "" for the whole input. On the wire it is an
// array whose elements are strings, and numbers where they index an array.
type IssuePath string

// MarshalJSON writes the path as an array.
func (p IssuePath) MarshalJSON() ([]byte, error) {
	parts := []any{}
	if p != "" {
		for s := range strings.SplitSeq(string(p), ".") {
			if n, err := strconv.ParseUint(s, 10, 31); err == nil {
				parts = append(parts, n)
			} else {
				parts = append(parts, s)
			}
		}
	}
	return json.Marshal(parts)
}

// Invalid collects the faults of one input. The zero value is ready and means
// a body; set What for "query" or "params".
type Invalid struct {
	What   string
	Issues []Issue
}

// Check adds an issue unless cond holds, and returns cond.
func (v *Invalid) Check(cond bool, path, code, message string) bool {
	if !cond {
		v.Add(Issue{Path: IssuePath(path), Code: code, Message: message})
	}
	return cond
}

// Type adds an issue for a value of the wrong JSON type. The types are JSON's,
// and "undefined" for a member that is missing.
func (v *Invalid) Type(path, expected, received string) {
	message := "Expected " + expected + ", received " + received
	if received == "undefined" {
		message = "Required"
	}
	v.Add(Issue{Path: IssuePath(path), Code: "invalid_type", Expected: expected, Received: received, Message: message})
}

// Add adds an issue; what exceeds maxIssues is dropped.
func (v *Invalid) Add(i Issue) {
	if len(v.Issues) < maxIssues {
		v.Issues = append(v.Issues, i)
	}
}

// Err returns 400 guard.invalid_input listing the issues, or nil if there are
// none.
func (v *Invalid) Err() error {
	if len(v.Issues) == 0 {
		return nil
	}
	var b strings.Builder
	for n, i := range v.Issues {
		if n > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(`Error in key path "` + string(i.Path) + `": (` + i.Code + ") ")
		if i.Code == "invalid_type" {
			b.WriteString("Expected " + i.Expected + " but received " + i.Received + ".")
		} else {
			b.WriteString(i.Message)
		}
	}
	what := v.What
	if what == "" {
		what = "body"
	}
	return &guestlist.Error{
		Kind: guestlist.KindInvalid, Code: "guard.invalid_input", Details: b.String(),
		Data: map[string]any{"issues": v.Issues, "name": "ZodError"},
		Args: map[string]any{"type": what},
	}
}
