package management

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"guestlist/internal/store/storetest"
)

// fault is a body that breaks one rule of a schema, and the issue to expect.
type fault struct {
	body any
	path string
	code string
}

// sample makes the smallest value that a schema takes.
func sample(s *schema) any {
	switch {
	case len(s.enum) > 0:
		return s.enum[0]
	case s.kind == kindString:
		return sampleText(s)
	case s.kind == kindInteger, s.kind == kindNumber:
		n := 1
		if s.min != nil {
			n = *s.min
		}
		if s.exclusive {
			n++
		}
		return n
	case s.kind == kindBoolean:
		return false
	case s.kind == kindArray:
		list := []any{}
		if s.min != nil {
			for range *s.min {
				list = append(list, sample(s.item))
			}
		}
		return list
	}
	m := map[string]any{}
	for _, f := range s.fields {
		if !f.optional {
			m[f.name] = sample(f.schema)
		}
	}
	return m
}

// sampleText finds a text that a format takes, among those that formats know.
func sampleText(s *schema) string {
	if s.format == "" {
		return "x" + strings.Repeat("x", value(s.min))
	}
	for _, text := range []string{"en", "https://x.test/", "a@x.test", "x.test", "#abcdef", "4912345678", "abc", ""} {
		if formats[s.format].ok(text) {
			return text
		}
	}
	panic("no sample of the format " + s.format)
}

func value(n *int) int {
	if n == nil {
		return 0
	}
	return *n
}

// faults makes bodies of a schema that each break one rule.
func faults(s *schema) []fault {
	var list []fault
	s.breakRules("", func(v any) any { return v }, &list)
	return list
}

// breakRules adds the faults of s; wrap puts a value where s stands in a body.
func (s *schema) breakRules(path string, wrap func(any) any, list *[]fault) {
	add := func(v any, code string) {
		if s.decides {
			code = "invalid_union_discriminator"
		}
		*list = append(*list, fault{wrap(v), path, code})
	}
	if s.kind == kindAny {
		return
	}
	wrong := any(5)
	if s.kind == kindInteger || s.kind == kindNumber {
		wrong = "x"
	}
	if path != "" {
		add(wrong, "invalid_type")
		if !s.nullable {
			add(nil, "invalid_type")
		}
	}
	switch s.kind {
	case kindString:
		if len(s.enum) > 0 {
			add("no such value", "invalid_enum_value")
			return
		}
		add(strings.Repeat("x", s.upper()+1), "too_big")
		if value(s.min) > 0 {
			add("", "too_small")
		}
	case kindInteger, kindNumber:
		add(s.upper()+1, "too_big")
		if s.min != nil {
			add(*s.min-1, "too_small")
		}
		if s.kind == kindInteger {
			add(1.5, "invalid_type")
		}
	case kindArray:
		if value(s.min) > 0 {
			add([]any{}, "too_small")
		}
		s.item.breakRules(join(path, "0"), func(v any) any { return wrap([]any{v}) }, list)
	case kindObject:
		s.breakMembers(path, wrap, list)
	}
}

func (s *schema) breakMembers(path string, wrap func(any) any, list *[]fault) {
	if s.record {
		if s.item.kind != kindAny {
			s.item.breakRules(join(path, "key"), func(v any) any { return wrap(map[string]any{"key": v}) }, list)
		}
		return
	}
	for _, f := range s.fields {
		with := func(v any) any {
			m := sample(s).(map[string]any)
			m[f.name] = v
			return wrap(m)
		}
		f.breakRules(join(path, f.name), with, list)
		if !f.optional {
			m := sample(s).(map[string]any)
			delete(m, f.name)
			code := "invalid_type"
			if f.decides {
				code = "invalid_union_discriminator"
			}
			*list = append(*list, fault{wrap(m), join(path, f.name), code})
		}
	}
}

// TestEveryRuleOfEveryBodyIsHeld makes one wrong body for each rule of each
// route's schema, so that none can be forgotten, and sends it.
func TestEveryRuleOfEveryBodyIsHeld(t *testing.T) {
	f := newFixture(t, storetest.Open(t, "sqlite", nil))
	sent := 0
	for _, rt := range f.api.routes() {
		if rt.input.body < 0 {
			continue
		}
		for _, fault := range faults(rt.input.bodySchema) {
			text, err := json.Marshal(fault.body)
			if err != nil {
				t.Fatal(err)
			}
			if len(text) > 900<<10 {
				continue // refused for its size
			}
			sent++
			a := f.call(rt.method, samplePath(rt), string(text))
			if a.status != 400 || a.code() != "guard.invalid_input" || !lists(a, fault) {
				t.Errorf("%s %s with %.120s: %d %.300s, want %s at %s", rt.method, rt.path, text, a.status, a.body, fault.code, fault.path)
			}
		}
	}
	if sent < 300 {
		t.Errorf("only %d bodies were sent", sent)
	}
}

// lists reports whether an answer has the issue of a fault.
func lists(a answer, f fault) bool {
	var env struct {
		Data struct {
			Issues []struct {
				Code string
				Path []any
			}
		}
	}
	if json.Unmarshal(a.body, &env) != nil {
		return false
	}
	for _, issue := range env.Data.Issues {
		path := ""
		for _, part := range issue.Path {
			path = join(path, fmt.Sprint(part))
		}
		if path == f.path && issue.Code == f.code {
			return true
		}
	}
	return false
}

func TestNamesOfMembersCountToTheLetter(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		// encoding/json would take NAME for name, after the rules of name.
		f.refused(400, "guard.invalid_input", "POST", "/api/roles", `{"NAME":"x","name":"","description":"d"}`)
		f.refused(400, "guard.invalid_input", "POST", "/api/roles", `{"NAME":"x","description":"d"}`)
		role := f.must(200, "POST", "/api/roles", `{"name":"x","description":"d","ISDEFAULT":true,"name":"y"}`)
		if role.field(t, "name") != "y" || strings.Contains(string(role.body), "true") {
			t.Errorf("role %s", role.body)
		}
	})
}
