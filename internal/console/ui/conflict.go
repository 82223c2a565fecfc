package ui

import (
	"net/url"
	"slices"
	"strings"
)

// Conflict is what two people did to the same thing at the same time.
type Conflict struct {
	Rows []ConflictRow
}

// ConflictRow is a field that somebody else changed. Yours is "" where only
// they did: then theirs is in the form; otherwise yours is.
type ConflictRow struct {
	Label, Was, Theirs, Yours string
	Both                      bool
	Switch                    bool // the values are Yes and ""
}

// Reconcile joins what was typed with what somebody else saved meanwhile. The
// form has to be filled from the thing as it is now, with its tag. A field that
// only one of the two changed takes that change; where both did, the form keeps
// what was typed and the page says what the other wrote. Nothing is lost and
// nothing overwritten: whoever sends the form again has seen both.
func (f *Form) Reconcile(typed url.Values) {
	f.Conflict = &Conflict{}
	f.each(func(x *Field) {
		if x.Locked || x.Kind == KindShow || x.Kind == KindFile {
			return
		}
		if x.Kind == KindSecret {
			x.set(typedOf(x, typed))
			return
		}
		was, now := clean(x, typed[fieldWas+x.Name]), clean(x, x.values())
		yours := clean(x, typedOf(x, typed))
		x.was, x.kept = x.values(), true
		changed, theirs := !slices.Equal(yours, was), !slices.Equal(now, was)
		if changed {
			x.set(yours)
		}
		if !theirs || slices.Equal(now, yours) {
			return
		}
		row := ConflictRow{Label: x.Label, Was: x.say(was), Theirs: x.say(now), Both: changed, Switch: x.Kind == KindSwitch}
		if changed {
			row.Yours = x.say(yours)
		}
		f.Conflict.Rows = append(f.Conflict.Rows, row)
	})
}

// Side writes one side of a conflict.
func (s *sheet) Side(row ConflictRow, value string) string {
	switch {
	case !row.Switch:
		return value
	case value == Yes:
		return s.T("on")
	default:
		return s.T("off")
	}
}

// clean drops what makes no difference: line ends and empty lines of a list.
func clean(x *Field, values []string) []string {
	out := []string{}
	for _, v := range values {
		v = strings.ReplaceAll(v, "\r\n", "\n")
		if x.Kind == KindList || x.Kind == KindChecks {
			if v = strings.TrimSpace(v); v == "" {
				continue
			}
		}
		out = append(out, v)
	}
	return out
}

// say writes values for a person.
func (x *Field) say(values []string) string {
	var out []string
	for _, v := range values {
		for _, o := range x.Options {
			if o.Value == v {
				v = o.Text
			}
		}
		out = append(out, strings.ReplaceAll(v, "\x1f", ": "))
	}
	return strings.Join(out, ", ")
}
