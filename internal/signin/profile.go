package signin

import (
	"errors"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
)

const logProfileUpdate = "Interaction.{event}.Profile.Update"

// mayStage refuses to stage a profile where that has no sense: while a
// password is recovered, before an existing user is identified, and for a
// registration that the gate would not permit.
func (r *run) mayStage() error {
	switch r.i.Event {
	case guestlist.EventForgotPassword:
		return errNotForReset
	case guestlist.EventSignIn:
		if r.i.UserID == "" {
			return errNotIdentified
		}
		return nil
	default:
		return r.admit(guestlist.EventRegister, withDefault(r.i.Profile.Email, r.i.heldEmail()))
	}
}

func (SetUsername) logKey() string { return logProfileUpdate }

func (a SetUsername) prepare(r *run) error {
	if err := r.mayStage(); err != nil {
		return err
	}
	return goodUsername(r.exp, a.Username)
}

func goodUsername(exp guestlist.SignInExperience, username string) error {
	if !guestlist.IsUsername(username) {
		return errInvalidInput
	}
	return exp.UsernamePolicy.Refusal(username)
}

func (a SetUsername) apply(tx *store.Tx, r *run) error {
	if err := r.mayStage(); err != nil {
		return err
	}
	acct, err := r.account(tx)
	if err != nil {
		return err
	}
	if acct.user.Username != nil {
		return existsInProfile(guestlist.IdentifierUsername)
	}
	if err := free(tx, Profile{Username: a.Username}); err != nil {
		return err
	}
	r.i.Profile.Username, r.i.Typed = a.Username, true
	return nil
}

func existsInProfile(t guestlist.IdentifierType) error {
	return guestlist.Refuse(guestlist.KindUnprocessable, "user."+string(t)+"_exists_in_profile")
}

func (SetPassword) logKey() string { return logProfileUpdate }

func (a SetPassword) prepare(r *run) error {
	if a.Password == "" {
		return errInvalidInput
	}
	if err := r.mayStage(); err != nil {
		return err
	}
	return r.prepareNewPassword(a.Password)
}

// prepareNewPassword checks a password against the policy, what is known of
// the person and the password of before, and hashes it.
func (r *run) prepareNewPassword(password string) error {
	var who guestlist.PasswordSubject
	if err := r.d.Store.View(r.ctx, func(tx *store.Tx) error {
		acct, err := r.account(tx)
		if err != nil {
			return err
		}
		who = guestlist.SubjectOf(acct.user)
		if acct.exists {
			r.slow.against, err = tx.Password(acct.user.ID)
		}
		return err
	}); err != nil {
		return err
	}
	p := r.i.Profile
	for _, staged := range []struct {
		to   *string
		from string
	}{{&who.Username, p.Username}, {&who.Email, p.Email}, {&who.Email, r.i.heldEmail()}, {&who.Phone, p.Phone}} {
		if *staged.to == "" {
			*staged.to = staged.from
		}
	}
	if err := r.refuseSamePassword(password); err != nil {
		return err
	}
	return r.newPassword(password, who)
}

func (a SetPassword) apply(tx *store.Tx, r *run) error {
	if err := r.mayStage(); err != nil {
		return err
	}
	acct, err := r.account(tx)
	if err != nil {
		return err
	}
	if acct.user.HasPassword && !acct.strips && !acct.mustChangePassword() {
		return guestlist.Refuse(guestlist.KindUnprocessable, "user.password_exists_in_profile")
	}
	r.i.Profile.Password, r.i.Typed = r.slow.digest, true
	return nil
}

func (SetAddress) logKey() string { return logProfileUpdate }

func (a SetAddress) prepare(r *run) error {
	if _, _, ok := codeType(a.Type); !ok {
		return errInvalidInput
	}
	return r.mayStage()
}

func (a SetAddress) apply(tx *store.Tx, r *run) error {
	if err := r.mayStage(); err != nil {
		return err
	}
	recordType, _, _ := codeType(a.Type)
	record, ok := r.i.ofType(recordType)
	switch {
	case !ok || !a.Latest && record.ID != a.VerificationID:
		return errNoVerification
	case !record.Verified:
		return errVerificationFailed
	}
	acct, err := r.account(tx)
	if err != nil {
		return err
	}
	staged := r.i.Profile
	if err := staged.take(record); err != nil {
		return err
	}
	if a.Type == guestlist.IdentifierEmail {
		if err := r.ssoOnly(record.Identifier.Value); err != nil {
			return err
		}
		if acct.user.PrimaryEmail != nil {
			return existsInProfile(a.Type)
		}
		if err := r.refuseAddress(record.Identifier.Value); err != nil {
			return err
		}
	} else if acct.user.PrimaryPhone != nil {
		return existsInProfile(a.Type)
	}
	if r.i.Event == guestlist.EventRegister {
		if err := r.admit(guestlist.EventRegister, withDefault(staged.Email, r.i.heldEmail())); err != nil {
			return err
		}
	}
	if err := free(tx, Profile{Email: staged.Email, Phone: staged.Phone}); err != nil {
		return err
	}
	r.i.Profile = staged
	return nil
}

func withDefault(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func (SetNewPassword) logKey() string { return logProfileUpdate }

func (a SetNewPassword) prepare(r *run) error {
	switch {
	case r.i.Event != guestlist.EventForgotPassword:
		return errInvalidType
	case r.i.UserID == "":
		return errNotIdentified
	case a.Password == "":
		return errInvalidInput
	}
	return r.prepareNewPassword(a.Password)
}

func (SetNewPassword) apply(_ *store.Tx, r *run) error { //nolint:unparam // the signature is Action's
	r.i.Profile.Password, r.i.Typed = r.slow.digest, true
	return nil
}

func (NewPasswordIdentity) logKey() string {
	return "Interaction.{event}.Verification.NewPasswordIdentity.Submit"
}

// prepare refuses when nobody may register, before it says whether a name is
// taken: a closed door tells nothing of who is inside.
func (a NewPasswordIdentity) prepare(r *run) error {
	if a.Password == "" {
		return errInvalidInput
	}
	if err := r.admit(guestlist.EventRegister, r.i.heldEmail()); err != nil {
		return err
	}
	if err := goodUsername(r.exp, a.Username); err != nil {
		return err
	}
	if err := r.d.Store.View(r.ctx, func(tx *store.Tx) error { return free(tx, Profile{Username: a.Username}) }); err != nil {
		return err
	}
	return r.newPassword(a.Password, guestlist.PasswordSubject{Username: a.Username})
}

func (a NewPasswordIdentity) apply(_ *store.Tx, r *run) error {
	if r.slow.digest == nil {
		return errors.New("signin: a password identity without a digest")
	}
	record := Record{
		ID: crypt.ID(), Type: RecordNewPasswordIdentity, Verified: true, Digest: r.slow.digest,
		Identifier: guestlist.Identifier{Type: guestlist.IdentifierUsername, Value: a.Username},
	}
	r.i.putRecord(record)
	r.i.Typed, r.step.VerificationID = true, record.ID
	return nil
}
