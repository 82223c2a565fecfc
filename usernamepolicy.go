package guestlist

// IsUsername reports whether a text has the shape of a username: a letter or
// underscore, then letters, digits and underscores, ASCII all (wire:
// ^[A-Z_a-z]\w*$).
func IsUsername(s string) bool {
	for i, c := range []byte(s) {
		switch {
		case c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z':
		case '0' <= c && c <= '9' && i > 0:
		default:
			return false
		}
	}
	return s != ""
}

// Refusal returns why the policy refuses a username that has the right shape,
// or nil. All refusals are 422.
func (p UsernamePolicy) Refusal(username string) error {
	var lower, upper, digits, underscores bool
	for _, c := range []byte(username) {
		switch {
		case 'a' <= c && c <= 'z':
			lower = true
		case 'A' <= c && c <= 'Z':
			upper = true
		case '0' <= c && c <= '9':
			digits = true
		case c == '_':
			underscores = true
		}
	}
	code := ""
	switch {
	case len(username) < p.MinLength:
		code = "user.username_too_short"
	case len(username) > min(p.MaxLength, MaxUsernameLength):
		code = "user.username_too_long"
	case lower && !p.AllowedChars.Lowercase:
		code = "user.username_lowercase_not_allowed"
	case upper && !p.AllowedChars.Uppercase:
		code = "user.username_uppercase_not_allowed"
	case digits && !p.AllowedChars.Numbers:
		code = "user.username_numbers_not_allowed"
	case underscores && !p.AllowedChars.Underscore:
		code = "user.username_underscore_not_allowed"
	default:
		return nil
	}
	return Refuse(KindUnprocessable, code)
}
