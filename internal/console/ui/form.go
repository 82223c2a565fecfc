package ui

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Form is a form of one or more sections with one primary button. Hand it to a
// page by pointer: what was typed and what was wrong is written into it.
type Form struct {
	ID       string // of the element; "form" if empty
	Action   string // path
	Hidden   []Hidden
	Sections []FormSection
	Submit   string
	Cancel   *Link
	Others   []Action // further buttons, sent with Name and Value; Href is ignored
	Problem  string   // what is wrong with the whole of it
	Upload   bool     // has files: the body is multipart/form-data
	Danger   bool
	Quiet    bool // its button is not the page's primary one

	// Tag is the version of what the form was filled from. With it the form
	// notices that somebody else saved in the meantime; see Reconcile.
	Tag      string
	Conflict *Conflict
}

// FormSection is a group of fields that belong together.
type FormSection struct {
	Title  string
	Text   string
	Fields []Field
	Folded bool // closed at first, e.g. for what few need
}

// Kind is the kind of a field.
type Kind string

// The kinds of fields.
const (
	KindText     Kind = "" // one line; Type says more
	KindTextarea Kind = "textarea"
	KindNumber   Kind = "number"
	KindSelect   Kind = "select"
	KindRadio    Kind = "radio"
	KindChecks   Kind = "checks" // several of Options
	KindSwitch   Kind = "switch" // arrives as "true" or not at all
	KindColor    Kind = "color"  // #rrggbb
	KindList     Kind = "list"   // several lines, each a value; without scripts there are spare ones
	KindPairs    Kind = "pairs"  // names with values; arrive as <name>.key and <name>.value
	KindJSON     Kind = "json"
	KindSecret   Kind = "secret" // to be typed: it never comes back to the page by itself
	KindFile     Kind = "file"
	KindOrder    Kind = "order" // some of Options, in an order; read it with OrderOf
	KindShow     Kind = "show"  // not to be changed: a value to be read or copied
)

// Field is one labelled input.
type Field struct {
	Kind    Kind
	Name    string
	Label   string
	Help    string
	Error   string
	Value   string
	Values  []string // of list and checks
	Pairs   []Pair   // of pairs
	Options []Option // of select, radio, checks
	Partial bool     // of select and checks: there are more options than these, see Offered
	On      bool     // of switch

	Type         string // of text: "email", "url", "search"…; "text" if empty
	Autocomplete string // token of HTML §4.10.18.7; "off" if empty
	Placeholder  string
	Prefix       string
	Suffix       string // e.g. a unit
	Rows         int    // of textarea and json; a secret with rows has lines
	Max          int    // longest value in characters, 0: no limit
	Least, Most  *int   // of number
	Accept       string // of file
	Upload       string // of text: name of a file input beside it, for who has no address to write
	Optional     bool   // says so beside the label
	Code         bool   // set like code, from left to right
	Focus        bool
	Locked       bool  // cannot be changed here; it is not sent
	Note         *Pill // a judgement on the value
	Contrast     *Contrast

	// When are the conditions under which the field matters. With scripts it is
	// there only while all of them hold.
	When []When

	// API is how the API names the field in its refusals, e.g.
	// "oidcClientMetadata.redirectUris"; Name if empty.
	API        string
	ItemErrors map[int]string // of list, by index

	// Check is a path that judges a value of a list while it is typed: it is
	// asked with the query "value" and answers {"problem": "…"}, empty if all is
	// well.
	Check string

	was  []string // what stood here when the form was first shown
	kept bool     // was is set
}

// Contrast judges a colour on the grounds that it stands on, as text.
type Contrast struct {
	Ratio     string // of the value, e.g. "4.6"
	Enough    bool
	Good, Bad string // what is said of it
	Grounds   string // colours, separated by spaces
	Least     string // the ratio that is enough
}

// When says that a field matters only while another one, given by its name, has
// a value. Text says so to those without scripts.
type When struct {
	Field, Value, Text string
	Off                bool // does not hold at first; the form sets it
}

// Pair is a name with a value.
type Pair struct{ Key, Value string }

// The names of the inputs by which a form remembers what it was filled from.
const (
	FieldTag = "_tag"
	fieldWas = "_was."
)

// Yes is what a switch sends.
const Yes = "true"

// Field returns a field by its name, or nil.
func (f *Form) Field(name string) *Field {
	for i := range f.Sections {
		for j := range f.Sections[i].Fields {
			if f.Sections[i].Fields[j].Name == name {
				return &f.Sections[i].Fields[j]
			}
		}
	}
	return nil
}

// each calls visit with every field.
func (f *Form) each(visit func(*Field)) {
	for i := range f.Sections {
		for j := range f.Sections[i].Fields {
			visit(&f.Sections[i].Fields[j])
		}
	}
}

// Fill writes what was typed into the fields, and keeps the version that it
// was typed for.
func (f *Form) Fill(typed url.Values) {
	if typed.Has(FieldTag) {
		f.Tag = typed.Get(FieldTag)
	}
	f.each(func(x *Field) {
		if x.Locked || x.Kind == KindShow || x.Kind == KindFile {
			return
		}
		if was, ok := typed[fieldWas+x.Name]; ok {
			x.was, x.kept = was, true
		} else {
			x.was, x.kept = []string{}, true
		}
		x.set(typedOf(x, typed))
	})
}

// typedOf returns what was typed into a field.
func typedOf(x *Field, typed url.Values) []string {
	switch x.Kind {
	case KindPairs:
	case KindOrder:
		return OrderOf(typed, x.Name)
	default:
		return typed[x.Name]
	}
	var out []string
	keys, values := typed[x.Name+".key"], typed[x.Name+".value"]
	for i, k := range keys {
		if i < len(values) && (k != "" || values[i] != "") {
			out = append(out, k+"\x1f"+values[i])
		}
	}
	return out
}

// set writes values into a field as its kind wants them.
func (x *Field) set(values []string) {
	one := ""
	if len(values) > 0 {
		one = values[0]
	}
	switch x.Kind {
	case KindSwitch:
		x.On = one == Yes
	case KindList, KindChecks, KindOrder:
		x.Values = nil
		for _, v := range values {
			if v = strings.TrimSpace(v); v != "" {
				x.Values = append(x.Values, v)
			}
		}
	case KindPairs:
		x.Pairs = nil
		for _, v := range values {
			key, value, _ := strings.Cut(v, "\x1f")
			x.Pairs = append(x.Pairs, Pair{key, value})
		}
	default:
		x.Value = one
	}
}

// values returns what a field holds, as it would be typed.
func (x *Field) values() []string {
	switch x.Kind {
	case KindSwitch:
		if x.On {
			return []string{Yes}
		}
		return nil
	case KindList, KindChecks, KindOrder:
		return x.Values
	case KindPairs:
		var out []string
		for _, p := range x.Pairs {
			out = append(out, p.Key+"\x1f"+p.Value)
		}
		return out
	case KindSecret, KindFile, KindShow:
		return nil
	default:
		return []string{x.Value}
	}
}

// Was is what the field held when the form was first shown, for the hidden
// inputs beside it.
func (x Field) Was() []Hidden {
	values := x.values()
	if x.kept {
		values = x.was
	}
	if x.Kind == KindSecret || x.Kind == KindFile || x.Kind == KindShow || x.Locked {
		return nil
	}
	var out []Hidden
	for _, v := range values {
		out = append(out, Hidden{fieldWas + x.Name, v})
	}
	return out
}

// ListOf returns the values typed into a field of the kinds list and checks:
// trimmed, without the empty ones.
func ListOf(typed url.Values, name string) []string {
	out := []string{}
	for _, v := range typed[name] {
		if v = strings.TrimSpace(v); v != "" {
			out = append(out, v)
		}
	}
	return out
}

// OrderOf returns the values chosen in a field of the kind order, in the order
// that was given to them.
func OrderOf(typed url.Values, name string) []string {
	places := map[string]int{}
	all, numbers := typed[name+".all"], typed[name+".place"]
	for i, v := range all {
		places[v] = i
		if i < len(numbers) {
			if n, err := strconv.Atoi(strings.TrimSpace(numbers[i])); err == nil {
				places[v] = n
			}
		}
	}
	out := ListOf(typed, name)
	slices.SortStableFunc(out, func(a, b string) int { return places[a] - places[b] })
	return out
}

// OrderLine is a line of a field of the kind order.
type OrderLine struct {
	Option
	Place  int
	Chosen bool
}

// Ordered are the lines of a field of the kind order: what is chosen, in its
// order, and then the rest.
func (x Field) Ordered() []OrderLine {
	var out []OrderLine
	add := func(o Option, chosen bool) { out = append(out, OrderLine{o, len(out) + 1, chosen}) }
	for _, v := range x.Values {
		if i := slices.IndexFunc(x.Options, func(o Option) bool { return o.Value == v }); i >= 0 {
			add(x.Options[i], true)
		}
	}
	for _, o := range x.Options {
		if !slices.Contains(x.Values, o.Value) {
			add(o, false)
		}
	}
	return out
}

// PairsOf returns what was typed into a field of the kind pairs, without the
// pairs that have no name.
func PairsOf(typed url.Values, name string) []Pair {
	out := []Pair{}
	keys, values := typed[name+".key"], typed[name+".value"]
	for i, k := range keys {
		if k = strings.TrimSpace(k); k != "" && i < len(values) {
			out = append(out, Pair{k, strings.TrimSpace(values[i])})
		}
	}
	return out
}

// Mark says what is wrong with a field, given by its name, or by the API's
// dotted path to it or to a part of it. It reports whether there is one.
func (f *Form) Mark(path, text string) bool {
	done := false
	f.each(func(x *Field) {
		rest, ok := strings.CutPrefix(path, x.MarkName())
		if done || !ok || rest != "" && rest[0] != '.' || x.Kind == KindShow {
			return
		}
		done = true
		if i, err := strconv.Atoi(strings.TrimPrefix(rest, ".")); err == nil && x.Kind == KindList {
			if x.ItemErrors == nil {
				x.ItemErrors = map[int]string{}
			}
			x.ItemErrors[i] = text
			return
		}
		if x.Error == "" {
			x.Error = text
		}
	})
	return done
}

// section is a section with whether its fields remember what they held.
type section struct {
	FormSection
	Tagged bool
}

// Parts are the sections as they are drawn.
func (f *Form) Parts() []section {
	f.each(func(x *Field) {
		for i, w := range x.When {
			on := f.Field(w.Field)
			x.When[i].Off = on != nil && strings.Join(on.values(), "\x1f") != w.Value
		}
	})
	out := make([]section, len(f.Sections))
	for i, s := range f.Sections {
		out[i] = section{s, f.Tag != ""}
	}
	return out
}

// Element is the id of the form's element.
func (f *Form) Element() string {
	if f.ID == "" {
		return "form"
	}
	return f.ID
}

// Problem is a line of the summary of what is wrong.
type Problem struct{ ID, Label, Text string }

// Problems lists the errors of the fields.
func (f *Form) Problems() []Problem {
	var out []Problem
	f.each(func(x *Field) {
		if x.Error != "" {
			out = append(out, Problem{x.ID(), x.Label, x.Error})
		}
		for i := range x.Values {
			if text := x.ItemErrors[i]; text != "" {
				out = append(out, Problem{x.ItemID(i), x.Label, text})
			}
		}
	})
	return out
}

// HasProblem reports whether anything is wrong, so that folded sections open.
func (s FormSection) HasProblem() bool {
	return slices.ContainsFunc(s.Fields, func(x Field) bool { return x.Error != "" || len(x.ItemErrors) > 0 })
}

// ID returns the element's id.
func (x Field) ID() string { return "f-" + x.Name }

// ItemID returns the id of the i-th line of a list.
func (x Field) ItemID(i int) string {
	if i == 0 {
		return x.ID()
	}
	return x.ID() + "-" + strconv.Itoa(i)
}

// DescribedBy lists the ids of help and error.
func (x Field) DescribedBy() string {
	var ids []string
	if x.Error != "" {
		ids = append(ids, x.ID()+"-error")
	}
	if x.Help != "" {
		ids = append(ids, x.ID()+"-help")
	}
	return strings.Join(ids, " ")
}

// Has reports whether a value is chosen.
func (x Field) Has(value string) bool { return slices.Contains(x.Values, value) }

// Offered are the options that are drawn: what is chosen among them in any case,
// by its value where it has no name here, lest it be lost when the form is sent.
func (x Field) Offered() []Option {
	if !x.Partial {
		return x.Options
	}
	chosen := x.Values
	if x.Kind == KindSelect && x.Value != "" {
		chosen = []string{x.Value}
	}
	options := slices.Clone(x.Options)
	for _, value := range chosen {
		if !slices.ContainsFunc(options, func(o Option) bool { return o.Value == value }) {
			options = append(options, Option{Value: value, Text: value})
		}
	}
	return options
}

// spareLines is how many empty lines a list has for those without scripts.
const spareLines = 2

// Lines are the lines of a list: its values and spare ones.
func (x Field) Lines() []string {
	return append(slices.Clone(x.Values), make([]string, spareLines)...)
}

// PairLines are the lines of pairs.
func (x Field) PairLines() []Pair {
	return append(slices.Clone(x.Pairs), make([]Pair, spareLines)...)
}

// MarkName is the name by which Mark finds the field.
func (x Field) MarkName() string {
	if x.API != "" {
		return x.API
	}
	return x.Name
}
