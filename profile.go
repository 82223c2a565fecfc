package guestlist

// What MissingProfile may name, in the wire's words; the identifier types
// beside them name themselves.
const (
	MissingPassword     = "password"
	MissingEmailOrPhone = "emailOrPhone"
	MissingExtraProfile = "extraProfile" // answers to the custom profile fields
)

// ProfileFacts says what an account has or will have when the interaction
// finishes.
type ProfileFacts struct {
	Username, Email, Phone, Password bool
}

// MissingProfile lists what the sign-up settings ask of an account and what it
// lacks, in the wire's order: primary identifier, secondary ones, password.
func MissingProfile(s SignUpSettings, have ProfileFacts) []string {
	var missing []string
	ask := func(what string) {
		for _, m := range missing {
			if m == what {
				return
			}
		}
		if !have.has(what) {
			missing = append(missing, what)
		}
	}
	if primary := primaryIdentifier(s.Identifiers); primary != "" {
		ask(primary)
	}
	for _, second := range s.SecondaryIdentifiers {
		ask(string(second.Identifier))
	}
	if s.Password {
		ask(MissingPassword)
	}
	return missing
}

// primaryIdentifier is the identifier that a new account must have: with a
// username among several, the username.
func primaryIdentifier(list []IdentifierType) string {
	has := map[IdentifierType]bool{}
	for _, t := range list {
		has[t] = true
	}
	switch {
	case has[IdentifierUsername]:
		return string(IdentifierUsername)
	case has[IdentifierEmail] && has[IdentifierPhone]:
		return MissingEmailOrPhone
	case has[IdentifierEmail]:
		return string(IdentifierEmail)
	case has[IdentifierPhone]:
		return string(IdentifierPhone)
	}
	return ""
}

func (f ProfileFacts) has(what string) bool {
	switch what {
	case string(IdentifierUsername):
		return f.Username
	case string(IdentifierEmail):
		return f.Email
	case string(IdentifierPhone):
		return f.Phone
	case MissingEmailOrPhone:
		return f.Email || f.Phone
	case MissingPassword:
		return f.Password
	}
	return true
}
