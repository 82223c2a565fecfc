package signin

import (
	"guestlist"
	"guestlist/internal/phone"
)

// inOneForm brings the phone number of an action into the form in which numbers
// are kept, whatever door it came through. What is no number stays as it is: it
// belongs to nobody, and nothing is sent there.
func inOneForm(a Action) Action {
	switch a := a.(type) {
	case SendCode:
		a.Identifier = oneForm(a.Identifier)
		return a
	case VerifyCode:
		a.Identifier = oneForm(a.Identifier)
		return a
	case VerifyPassword:
		a.Identifier = oneForm(a.Identifier)
		return a
	default:
		return a
	}
}

func oneForm(id guestlist.Identifier) guestlist.Identifier {
	if id.Type == guestlist.IdentifierPhone {
		if number, err := phone.Normalize(id.Value); err == nil {
			id.Value = number
		}
	}
	return id
}

// dialable refuses a phone number that no network could dial: 422
// user.invalid_phone.
func dialable(id guestlist.Identifier) error {
	if id.Type != guestlist.IdentifierPhone {
		return nil
	}
	_, err := phone.Normalize(id.Value)
	return err
}
