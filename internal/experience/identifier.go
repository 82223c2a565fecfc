package experience

import (
	"strings"

	"guestlist"
	"guestlist/internal/phone"
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
func (v *visit) parseIdentifier(typed string, types []guestlist.IdentifierType) (id guestlist.Identifier, problem string, ok bool) {
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
	number, err := phone.Read(typed, v.phoneRegion()) // "" if it is none
	switch {
	case has(guestlist.IdentifierEmail) && (strings.Contains(typed, "@") || len(types) == 1):
		id, problem = guestlist.Identifier{Type: guestlist.IdentifierEmail, Value: typed}, "problem.email_shape"
	case has(guestlist.IdentifierPhone) && (err == nil || typed[0] == '+' || !has(guestlist.IdentifierUsername)):
		id, problem = guestlist.Identifier{Type: guestlist.IdentifierPhone, Value: number}, "problem.phone_shape"
		if has(guestlist.IdentifierEmail) {
			problem = "problem.email_shape"
		}
	default:
		id, problem = guestlist.Identifier{Type: guestlist.IdentifierUsername, Value: typed}, "problem.required"
	}
	return id, problem, id.Valid()
}

// phoneRegion is where a guest dials from who types no country code: as the
// host says, or as the guest's languages say by their region (de-AT).
func (v *visit) phoneRegion() string {
	if v.exp.PhoneRegion != "" {
		return v.exp.PhoneRegion
	}
	for _, locales := range []string{v.query.Get("ui_locales"), v.r.Header.Get("Accept-Language")} {
		for tag := range strings.FieldsFuncSeq(locales, func(r rune) bool { return r == ' ' || r == ',' }) {
			tag, _, _ = strings.Cut(tag, ";")
			for _, part := range strings.FieldsFunc(tag, func(r rune) bool { return r == '-' || r == '_' })[1:] {
				if region := strings.ToUpper(part); phone.IsRegion(region) {
					return region
				}
			}
		}
	}
	return homes[v.look.Lang]
}

// homes are the regions of languages that are spoken in one above all.
var homes = map[string]string{"de": "DE", "fr": "FR", "ja": "JP"}

// name writes an identifier for people.
func name(id guestlist.Identifier) string {
	if id.Type == guestlist.IdentifierPhone {
		return "+" + id.Value
	}
	return id.Value
}
