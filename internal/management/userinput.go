package management

import (
	"context"
	"encoding/json"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/phone"
	"guestlist/internal/web"
)

// newUser is the body of POST /api/users, and a line of an import.
type newUser struct {
	PrimaryPhone        *string              `json:"primaryPhone,omitempty" check:"format=digits"`
	PrimaryEmail        *string              `json:"primaryEmail,omitempty" check:"format=address"`
	Username            *string              `json:"username,omitempty" check:"format=username"`
	Password            *string              `json:"password,omitempty" check:"min=1"`
	PasswordIsTemporary bool                 `json:"passwordIsTemporary,omitempty"`
	PasswordDigest      *string              `json:"passwordDigest,omitempty" check:"max=256"`
	PasswordAlgorithm   *string              `json:"passwordAlgorithm,omitempty" check:"enum=Argon2i|Argon2id|Argon2d|SHA1|SHA256|MD5|Bcrypt|Legacy"`
	Name                *string              `json:"name,omitempty"`
	Avatar              web.Opt[string]      `json:"avatar,omitzero" check:"format=url,orEmpty"`
	CustomData          guestlist.JSONObject `json:"customData,omitempty"`
	Profile             *guestlist.Profile   `json:"profile,omitempty"`
}

// user makes the user that a body describes, without id and times. A password
// in clear is returned to be hashed, a digest as it will be stored. Addresses
// are not verified: nobody has proved them yet.
func (n newUser) user() (u guestlist.User, plain string, digest *guestlist.PasswordDigest, err error) {
	u = guestlist.User{
		Username: n.Username, PrimaryEmail: n.PrimaryEmail, PrimaryPhone: n.PrimaryPhone, Name: orNull(n.Name),
		Avatar: orNull(n.Avatar.Pointer()), CustomData: n.CustomData, Identities: map[string]guestlist.Identity{},
	}
	if u.CustomData == nil {
		u.CustomData = object("{}")
	}
	if n.Profile != nil {
		u.Profile = *n.Profile
	}
	if plain, digest, err = n.password(); err != nil {
		return u, "", nil, err
	}
	if u.PrimaryPhone, err = normalPhone(u.PrimaryPhone); err != nil {
		return u, "", nil, err
	}
	return u, plain, digest, u.Refusal()
}

// password returns the password in clear or its digest, whichever was given.
func (n newUser) password() (plain string, digest *guestlist.PasswordDigest, err error) {
	switch {
	case n.Password != nil && n.PasswordDigest != nil:
		return "", nil, guestlist.Refuse(guestlist.KindInvalid, "user.password_and_digest")
	case n.Password != nil:
		return *n.Password, nil, nil
	case n.PasswordDigest == nil:
		return "", nil, nil
	}
	algorithm := ""
	set(&algorithm, n.PasswordAlgorithm)
	if err := crypt.ValidateDigest(*n.PasswordDigest, algorithm); err != nil {
		return "", nil, err
	}
	return "", &guestlist.PasswordDigest{Digest: *n.PasswordDigest, Algorithm: algorithm, Temporary: n.PasswordIsTemporary}, nil
}

// digestOf hashes a password. It waits for its turn.
func (a *API) digestOf(ctx context.Context, plain string, temporary bool) (*guestlist.PasswordDigest, error) {
	digest, algorithm, err := a.Desk.Hasher.Hash(ctx, plain)
	if err != nil {
		return nil, err
	}
	return &guestlist.PasswordDigest{Digest: digest, Algorithm: algorithm, Temporary: temporary}, nil
}

// userChange is the body of PATCH /api/users/{userId}. Null and "" clear.
type userChange struct {
	Username     web.Opt[string]      `json:"username,omitzero" check:"format=username,orEmpty"`
	PrimaryEmail web.Opt[string]      `json:"primaryEmail,omitzero" check:"format=address,orEmpty"`
	PrimaryPhone web.Opt[string]      `json:"primaryPhone,omitzero" check:"format=digits,orEmpty"`
	Name         web.Opt[string]      `json:"name,omitzero"`
	Avatar       web.Opt[string]      `json:"avatar,omitzero" check:"format=url,orEmpty"`
	CustomData   guestlist.JSONObject `json:"customData,omitempty"`
	Profile      *guestlist.Profile   `json:"profile,omitempty"`
}

// apply changes a user. An address that is another one now has to be proved
// again.
func (ch userChange) apply(u *guestlist.User) error {
	changed := ch.CustomData != nil || ch.Profile != nil
	for _, f := range []struct {
		to    **string
		given web.Opt[string]
	}{
		{&u.Username, ch.Username}, {&u.Name, ch.Name}, {&u.Avatar, ch.Avatar},
	} {
		if f.given.Set {
			changed, *f.to = true, orNull(f.given.Pointer())
		}
	}
	if ch.PrimaryEmail.Set {
		email := orNull(ch.PrimaryEmail.Pointer())
		if email == nil || u.PrimaryEmail == nil || guestlist.EmailKey(*email) != guestlist.EmailKey(*u.PrimaryEmail) {
			u.EmailVerifiedAt = nil
		}
		changed, u.PrimaryEmail = true, email
	}
	if ch.PrimaryPhone.Set {
		number, err := normalPhone(orNull(ch.PrimaryPhone.Pointer()))
		if err != nil {
			return err
		}
		if number == nil || u.PrimaryPhone == nil || *number != *u.PrimaryPhone {
			u.PhoneVerifiedAt = nil
		}
		changed, u.PrimaryPhone = true, number
	}
	if ch.CustomData != nil {
		u.CustomData = ch.CustomData
	}
	if ch.Profile != nil {
		u.Profile = *ch.Profile
	}
	if !changed {
		return errNothingToChange
	}
	return u.Refusal()
}

// orNull turns "" into null.
func orNull(s *string) *string {
	if s == nil || *s == "" {
		return nil
	}
	return s
}

func normalPhone(number *string) (*string, error) {
	if number == nil {
		return nil, nil
	}
	digits, err := phone.Normalize(*number)
	return &digits, err
}

// mergeProfile writes the members of change over those of p; an address is
// replaced as a whole.
func mergeProfile(p guestlist.Profile, change object) (guestlist.Profile, error) {
	before, err := json.Marshal(p)
	if err != nil {
		return p, err
	}
	merged, err := guestlist.MergeObjects(before, change)
	if err != nil {
		return p, err
	}
	var after guestlist.Profile
	err = json.Unmarshal(merged, &after)
	return after, err
}
