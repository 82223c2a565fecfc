package guestlist

import "unicode/utf8"

// ErrValueTooLong says that a value is longer than its column.
var ErrValueTooLong = Refuse(KindUnprocessable, "entity.value_too_long")

// Refusal returns why nobody may have these details, whoever asks, or nil: a
// value is longer than its limit, in characters. The shape of each value is
// the business of the door that took it.
func (u User) Refusal() error {
	for _, v := range []struct {
		value *string
		most  int
	}{
		{u.Username, MaxUsernameLength},
		{u.PrimaryEmail, MaxEmailLength},
		{u.PrimaryPhone, MaxPhoneLength},
		{u.Name, MaxNameLength},
		{u.Avatar, MaxAvatarLength},
	} {
		if v.value != nil && utf8.RuneCountInString(*v.value) > v.most {
			return ErrValueTooLong
		}
	}
	return nil
}
