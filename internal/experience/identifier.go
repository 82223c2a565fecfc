package experience

import (
	"strings"

	"guestlist"
	"guestlist/internal/web"
)

// allowed keeps of a list the identifier types that the parameter "identifier"
// of the identifier pages names; if none remain, all of them.
func (v *visit) allowed(types []guestlist.IdentifierType) []guestlist.IdentifierType {
	var out []guestlist.IdentifierType
	for _, t := range types {
		for asked := range strings.FieldsSeq(v.query.Get("identifier")) {
			if guestlist.IdentifierType(asked) == t {
				out = append(out, t)
			}
		}
	}
	if len(out) == 0 {
		return types
	}
	return out
}

// identifierField is the input in which a guest names themselves.
func (v *visit) identifierField(types []guestlist.IdentifierType, value, autocomplete string) web.Field {
	labels := make([]string, len(types))
	for i, t := range types {
		labels[i] = v.t("field." + string(t))
	}
	f := web.Field{
		Name: fieldIdentifier, Label: strings.Join(labels, " / "), Value: value, Autocomplete: autocomplete,
		Focus: value == "", Max: guestlist.MaxEmailLength,
	}
	if len(types) == 1 {
		switch types[0] {
		case guestlist.IdentifierEmail:
			f.Type = "email"
		case guestlist.IdentifierPhone:
			f.Type, f.Hint = "tel", v.t("field.phone_hint")
		default:
		}
	}
	return f
}

// parseIdentifier reads what was typed as one of the types; ok is false if it
// can be none of them, and problem says what is wrong.
func parseIdentifier(typed string, types []guestlist.IdentifierType) (id guestlist.Identifier, problem string, ok bool) {
	if typed == "" {
		return id, "problem.required", false
	}
	has := func(t guestlist.IdentifierType) bool {
		for _, x := range types {
			if x == t {
				return true
			}
		}
		return false
	}
	phone := normalPhone(typed)
	switch {
	case has(guestlist.IdentifierEmail) && (strings.Contains(typed, "@") || len(types) == 1):
		id, problem = guestlist.Identifier{Type: guestlist.IdentifierEmail, Value: typed}, "problem.email_shape"
	case has(guestlist.IdentifierPhone) && (guestlist.IsPhone(phone) || !has(guestlist.IdentifierUsername)):
		id, problem = guestlist.Identifier{Type: guestlist.IdentifierPhone, Value: phone}, "problem.phone_shape"
		if has(guestlist.IdentifierEmail) {
			problem = "problem.email_shape"
		}
	default:
		id, problem = guestlist.Identifier{Type: guestlist.IdentifierUsername, Value: typed}, "problem.required"
	}
	return id, problem, id.Valid()
}

// normalPhone writes a phone number as it is stored: digits alone. What has
// anything but digits and the usual separators is returned as it is.
func normalPhone(s string) string {
	s = strings.Map(func(r rune) rune {
		switch r {
		case ' ', '-', '(', ')', '.', '/', '\u00a0', '\u200e', '\u202a', '\u202c':
			return -1
		}
		return r
	}, s)
	if rest, ok := strings.CutPrefix(s, "+"); ok {
		return rest
	}
	if rest, ok := strings.CutPrefix(s, "00"); ok {
		return rest
	}
	return s
}

// name writes an identifier for people.
func name(id guestlist.Identifier) string {
	if id.Type == guestlist.IdentifierPhone {
		return "+" + id.Value
	}
	return id.Value
}
