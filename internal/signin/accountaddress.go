package signin

import (
	"errors"

	"guestlist"
	"guestlist/internal/store"
)

// SendAddressCode sends a code to an address that somebody wants to have. Until
// it is typed nothing changes. Whether the address is somebody else's shows in
// nothing: only who reads its mail learns that, by typing the code.
type SendAddressCode struct{ Identifier guestlist.Identifier }

// VerifyAddress gives an account the address that a code was sent to, in the
// place of the one of before. Refusals: verification_code.*, and
// user.email_already_in_use or user.phone_already_in_use.
type VerifyAddress struct {
	Identifier guestlist.Identifier
	Code       string
}

func (SendAddressCode) logKey() string { return "Account.Address.Verification.Create" }

func (a SendAddressCode) prepare(r *accountRun) error {
	if err := r.needsProof(); err != nil {
		return err
	}
	id := oneForm(a.Identifier)
	_, channel, ok := codeType(id.Type)
	if !ok || !id.Valid() || r.has(id) {
		return errInvalidInput
	}
	if err := dialable(id); err != nil {
		return err
	}
	if err := r.mayHave(id); err != nil {
		return err
	}
	return r.d.needsConnector(r.ctx, channel)
}

func (a SendAddressCode) apply(tx *store.Tx, r *accountRun) error {
	if err := r.needsProof(); err != nil {
		return err
	}
	id := oneForm(a.Identifier)
	if err := r.mayHave(id); err != nil {
		return err
	}
	return r.sendCode(tx, scopeAddress, id, guestlist.TemplateBindNewIdentifier)
}

// has reports whether an address is the user's already.
func (r *accountRun) has(id guestlist.Identifier) bool {
	value := r.user.PrimaryEmail
	if id.Type == guestlist.IdentifierPhone {
		value = r.user.PrimaryPhone
	}
	return value != nil && guestlist.Identifier{Type: id.Type, Value: *value}.Key() == id.Key()
}

// mayHave refuses an address that the host does not want, and any change where
// an organization looks after the address.
func (r *accountRun) mayHave(id guestlist.Identifier) error {
	if id.Type != guestlist.IdentifierEmail {
		return nil
	}
	if r.user.PrimaryEmail != nil {
		if err := r.ssoOnly(*r.user.PrimaryEmail); err != nil {
			return err
		}
	}
	if err := r.ssoOnly(id.Value); err != nil {
		return err
	}
	return r.refuseAddress(id.Value)
}

func (VerifyAddress) logKey() string { return "Account.Address.Update" }

func (a VerifyAddress) prepare(*accountRun) error {
	if _, _, ok := codeType(a.Identifier.Type); !ok || !a.Identifier.Valid() || a.Code == "" {
		return errInvalidInput
	}
	return nil
}

func (a VerifyAddress) apply(tx *store.Tx, r *accountRun) error {
	id := oneForm(a.Identifier)
	if err := r.mayHave(id); err != nil {
		return err
	}
	if right, err := r.tryCode(tx, scopeAddress, id, a.Code); err != nil || !right {
		return err
	}
	switch holder, err := tx.UserByIdentifier(id); {
	case err == nil && holder.ID != r.user.ID:
		return r.refuse(guestlist.Refuse(guestlist.KindUnprocessable, "user."+string(id.Type)+"_already_in_use"))
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return err
	}
	now := tx.Now
	if id.Type == guestlist.IdentifierPhone {
		r.user.PrimaryPhone, r.user.PhoneVerifiedAt = &id.Value, &now
	} else {
		r.user.PrimaryEmail, r.user.EmailVerifiedAt = &id.Value, &now
	}
	return r.write(tx)
}
