package management

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"guestlist"
	"guestlist/internal/token"
	"guestlist/internal/web"
)

// The limits of what has none of its own.
const (
	maxText    = 4096      // characters of a string
	maxItems   = 10000     // elements of an array, members of a record
	maxInteger = 1<<53 - 1 // what every JSON reader can hold
)

// The kinds of schema, in the words of the wire's issues.
const (
	kindString  = "string"
	kindNumber  = "number"
	kindInteger = "integer"
	kindBoolean = "boolean"
	kindArray   = "array"
	kindObject  = "object"
	kindAny     = "any"
)

// schema is what a JSON value has to look like. It is made from a Go type, and
// both the check of requests and the OpenAPI document are made from it, so that
// the document cannot say anything else than the code.
type schema struct {
	kind      string
	optional  bool // may be absent
	nullable  bool
	fields    []schemaField // of an object with known members
	item      *schema       // of an array or a record
	record    bool          // an object with any members, all like item
	min, max  *int          // length of strings and arrays, value of numbers
	exclusive bool          // min itself is not allowed
	unique    bool
	enum      []string
	decides   bool   // of an object: which other members mean something; alone reported where it is wrong
	format    string // a key of formats
	orEmpty   bool   // "" is allowed whatever format and enum say
}

type schemaField struct {
	name string
	*schema
}

// requestOf makes the schema of what is sent to us: pointers and what is tagged
// omitempty may be absent but not null, Opt may be both.
func requestOf(t reflect.Type) *schema { return schemaMaker{}.of(t) }

// answerOf makes the schema of what we send: pointers are null when there is
// nothing, unless they are tagged omitempty.
func answerOf(t reflect.Type) *schema { return schemaMaker{answer: true}.of(t) }

// schemaMaker makes schemas of types. The tag check adds rules: min, max, over (exclusive minimum), enum=a|b or enum=@list, format,
// decides, unique, orEmpty, null, required, any; with the prefix "each." they hold for every element.
type schemaMaker struct{ answer bool }

func (m schemaMaker) of(t reflect.Type) *schema {
	if t == reflect.TypeFor[guestlist.JSONObject]() {
		return &schema{kind: kindObject, record: true, item: &schema{kind: kindAny, nullable: true}}
	}
	if isOpt(t) {
		value, _ := t.FieldByName("Value")
		s := *m.of(value.Type)
		s.optional, s.nullable = true, true
		return &s
	}
	if l, ok := reflect.Zero(t).Interface().(interface{ rowType() reflect.Type }); ok {
		return &schema{kind: kindArray, item: m.of(l.rowType())}
	}
	switch t.Kind() {
	case reflect.Pointer:
		s := *m.of(t.Elem())
		s.optional, s.nullable = !m.answer, m.answer
		return &s
	case reflect.String:
		return &schema{kind: kindString}
	case reflect.Bool:
		return &schema{kind: kindBoolean}
	case reflect.Int, reflect.Int64, reflect.Int32:
		return &schema{kind: kindInteger}
	case reflect.Float64:
		return &schema{kind: kindNumber}
	case reflect.Slice:
		return &schema{kind: kindArray, item: m.of(t.Elem())}
	case reflect.Map:
		return &schema{kind: kindObject, record: true, item: m.of(t.Elem())}
	case reflect.Struct:
		return &schema{kind: kindObject, fields: m.fields(t)}
	case reflect.Interface:
		return &schema{kind: kindAny, nullable: true}
	default:
		panic(fmt.Sprintf("management: no schema for %v", t))
	}
}

// isOpt recognises web.Opt, whatever it holds.
func isOpt(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && strings.HasPrefix(t.Name(), "Opt[") &&
		t.PkgPath() == reflect.TypeFor[web.Invalid]().PkgPath()
}

func (m schemaMaker) fields(t reflect.Type) []schemaField {
	var list []schemaField
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("json")
		name, options, _ := strings.Cut(tag, ",")
		if f.Anonymous && name == "" {
			list = append(list, m.fields(deref(f.Type))...)
			continue
		}
		if !f.IsExported() || name == "-" || name == "" {
			continue
		}
		s := m.of(f.Type)
		if strings.Contains(options, "omit") {
			s.optional, s.nullable = true, s.nullable && !m.answer
		}
		s.apply(f.Tag.Get("check"))
		list = append(list, schemaField{name, s})
	}
	return list
}

func deref(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

// enums are lists that are too long for a tag.
var enums = map[string]func() []string{
	"hookEvents":     func() []string { return guestlist.HookEvents },
	"templates":      templateTypes,
	"extendedClaims": func() []string { return token.ExtendedClaims },
}

// limits are the numbers that rules name because they are written elsewhere.
var limits = map[string]int{
	"period": int(guestlist.MaxPeriod / time.Second),
	"days":   guestlist.MaxPeriodDays,
}

// apply adds the rules of a check tag. A rule that it does not know is a fault
// of the program.
func (s *schema) apply(rules string) {
	if rules == "" {
		return
	}
	for rule := range strings.SplitSeq(rules, ",") {
		if rest, ok := strings.CutPrefix(rule, "each."); ok {
			s.item.apply(rest)
			continue
		}
		name, value, _ := strings.Cut(rule, "=")
		switch name {
		case "min":
			s.min = number(value)
		case "max":
			s.max = number(value)
		case "over":
			s.min, s.exclusive = number(value), true
		case "enum":
			if list, ok := strings.CutPrefix(value, "@"); ok {
				s.enum = enums[list]()
			} else {
				s.enum = strings.Split(value, "|")
			}
		case "format":
			if _, ok := formats[value]; !ok {
				panic("management: no format " + value)
			}
			s.format = value
		case "decides":
			s.decides = true
		case "unique":
			s.unique = true
		case "orEmpty":
			s.orEmpty = true
		case "null":
			s.nullable = true
		case "required":
			s.optional = false
		case "any":
			s.kind = kindAny
		default:
			panic("management: no rule " + rule)
		}
	}
}

// number reads a number, or the name of a limit behind an @.
func number(s string) *int {
	if name, ok := strings.CutPrefix(s, "@"); ok {
		n, ok := limits[name]
		if !ok {
			panic("management: no limit " + name)
		}
		return &n
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		panic("management: no number " + s)
	}
	return &n
}

// upper returns the largest length or value that s allows.
func (s *schema) upper() int {
	switch {
	case s.max != nil:
		return *s.max
	case s.kind == kindString:
		return maxText
	case s.kind == kindInteger, s.kind == kindNumber:
		return maxInteger
	default:
		return maxItems
	}
}

// expected names what s wants, for an issue.
func (s *schema) expected() string {
	if len(s.enum) > 0 {
		return quoted(s.enum)
	}
	if s.kind == kindInteger {
		return kindNumber // that it has to be whole is another issue
	}
	return s.kind
}

func quoted(options []string) string { return "'" + strings.Join(options, "' | '") + "'" }
