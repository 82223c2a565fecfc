package experience

import (
	"strings"

	"guestlist"
)

// usernameHint says what a username may look like, before somebody falls over
// it.
func (v *visit) usernameHint() string {
	p := v.exp.UsernamePolicy
	if p == guestlist.DefaultSignInExperience().UsernamePolicy {
		return v.t("field.username_hint")
	}
	var kinds []string
	for _, k := range []struct {
		name    string
		allowed bool
	}{
		{"lowercase", p.AllowedChars.Lowercase}, {"uppercase", p.AllowedChars.Uppercase},
		{"numbers", p.AllowedChars.Numbers}, {"underscore", p.AllowedChars.Underscore},
	} {
		if k.allowed {
			kinds = append(kinds, v.t("field.kind."+k.name))
		}
	}
	separator := ", "
	switch v.look.Lang {
	case "ja":
		separator = "、"
	case "ar":
		separator = "، "
	}
	return v.t("field.username_rules", "kinds", strings.Join(kinds, separator), "min", p.MinLength, "max", p.MaxLength)
}
