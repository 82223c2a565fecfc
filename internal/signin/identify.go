package signin

import (
	"errors"
	"slices"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
)

func (Identify) logKey() string { return "Interaction.{event}.Identifier.Submit" }

func (Identify) prepare(*run) error { return nil }

func (a Identify) apply(tx *store.Tx, r *run) error {
	record, given, err := a.find(r.i)
	if err != nil {
		return err
	}
	if r.i.Event == guestlist.EventRegister {
		return r.identifyNew(tx, record, given)
	}
	if !given {
		return errInvalidInput
	}
	return r.identifyUser(tx, record, a.LinkSocial)
}

// find returns the record that the action means, if it means any.
func (a Identify) find(i *Interaction) (record Record, given bool, err error) {
	if a.Latest && len(i.Records) > 0 {
		return i.Records[len(i.Records)-1], true, nil
	}
	if a.VerificationID == "" {
		return Record{}, false, nil
	}
	record, ok := i.record(a.VerificationID)
	if !ok {
		return Record{}, false, errNoVerification
	}
	return record, true, nil
}

// identifyUser says which existing user the guest is.
func (r *run) identifyUser(tx *store.Tx, record Record, join bool) error {
	if err := r.mayIdentifyBy(record); err != nil {
		return err
	}
	if !record.Verified || record.Type == RecordNewPasswordIdentity {
		return errVerificationFailed
	}
	u, staged, err := r.whose(tx, record, join)
	if err != nil {
		return err
	}
	switch {
	case u.IsSuspended:
		return errSuspended
	case record.InvitationID != "" && provedBefore(u, record.Identifier):
		return guestlist.ErrInvitationNeedsProof
	case r.i.UserID != "" && r.i.UserID != u.ID:
		return errIdentityConflict
	}
	if ok, err := r.d.stands(tx, u.ID, record.Mark); err != nil || !ok {
		return withError(err, errVerificationFailed)
	}
	r.i.UserID, r.i.New, r.i.ProvedBy, r.i.Mark, r.acct = u.ID, false, record.ID, record.Mark, nil
	r.i.Profile.add(staged)
	r.i.Via, err = r.via(record)
	return err
}

// whose finds the user of a verified record, and what it adds to the account.
func (r *run) whose(tx *store.Tx, record Record, join bool) (guestlist.User, Profile, error) {
	if record.Outside != nil {
		return r.identifyOutside(tx, record, join)
	}
	u, err := tx.UserByIdentifier(record.Identifier)
	if errors.Is(err, store.ErrNotFound) {
		identifier := map[string]any{"identifier": record.Identifier.Value}
		return u, Profile{}, errUserNotExist.With(identifier).WithArgs(identifier)
	}
	if err == nil && record.Type == RecordOneTimeToken && r.i.Event == guestlist.EventSignIn {
		err = r.ssoOnly(record.Identifier.Value)
	}
	return u, Profile{}, err
}

// withError returns err, or the refusal if there is none.
func withError(err, refusal error) error {
	if err != nil {
		return err
	}
	return refusal
}

// mayIdentifyBy asks the gate and the settings whether this kind of proof
// serves. A one-time token serves for whatever it was issued for; whoever
// issued it decided so.
func (r *run) mayIdentifyBy(record Record) error {
	if err := r.admit(r.i.Event, r.i.heldEmail()); err != nil {
		return err
	}
	if record.Type == RecordOneTimeToken {
		if record.InvitationID != "" && r.i.Event == guestlist.EventForgotPassword {
			return guestlist.ErrTokenEventMismatch
		}
		if only := record.TokenContext.InteractionEvent; only != "" && only != r.i.Event {
			return guestlist.ErrTokenEventMismatch
		}
		return nil
	}
	if r.i.Event == guestlist.EventForgotPassword {
		return r.mayRecoverBy(record)
	}
	if record.Outside != nil {
		return r.mayComeBy(record)
	}
	method, enabled := r.exp.SignIn.Method(record.Identifier.Type)
	switch record.Type {
	case RecordPassword:
		enabled = enabled && method.Password
	case RecordEmailCode, RecordPhoneCode:
		enabled = enabled && method.VerificationCode || r.isRecipient(record.Identifier)
	default:
		enabled = false
	}
	if !enabled {
		return errMethodNotEnabled
	}
	if record.Identifier.Type == guestlist.IdentifierEmail {
		return r.ssoOnly(record.Identifier.Value)
	}
	return nil
}

// mayComeBy permits outside providers that the settings offer; with a social
// one not those whose employer wants them to come in another way.
func (r *run) mayComeBy(record Record) error {
	if err := r.dir.mayUse(r.exp, record.way(), record.Outside.ConnectorID); err != nil {
		return err
	}
	if id := record.Outside.Identity; record.Type == RecordSocial && id != nil && id.EmailVerified {
		return r.ssoOnly(id.Email)
	}
	return nil
}

// mayRecoverBy permits codes, where the settings do.
func (r *run) mayRecoverBy(record Record) error {
	if record.Type != RecordEmailCode && record.Type != RecordPhoneCode {
		return errResetMethod
	}
	if methods := r.exp.ForgotPasswordMethods; methods != nil && !slices.Contains(*methods, string(record.Type)) {
		return errResetMethod
	}
	return nil
}

// identifyNew says that the guest is new. The account is made by Finish; what
// is staged so far stays when something is missing.
func (r *run) identifyNew(tx *store.Tx, record Record, given bool) error {
	if r.i.UserID != "" && !r.i.New {
		return errIdentityConflict // identified as somebody, then switched to Register
	}
	profile := r.i.Profile
	if given {
		if err := r.take(tx, &profile, record); err != nil {
			return err
		}
	}
	if given {
		r.lendAddress(&profile, record)
	}
	as := r.arrivalOf(profile)
	if err := r.admitAs(guestlist.EventRegister, profile.Email, as); err != nil {
		return err
	}
	if r.i.Invite != nil && r.inv != nil { // an open door would ask at the end alone
		if err := r.inv.Admits(as, r.now); err != nil {
			return err
		}
	}
	if err := r.ssoOnlyBut(profile); err != nil {
		return err
	}
	if err := r.passesCaptcha(); err != nil {
		return err
	}
	if given && profile.Email != "" {
		if err := r.refuseAddress(profile.Email); err != nil {
			return err
		}
	}
	if err := free(tx, profile); err != nil {
		return err
	}
	r.i.Profile = profile
	if given {
		r.i.ProvedBy = record.ID
		var err error
		if r.i.Via, err = r.via(record); err != nil {
			return err
		}
	}
	missing := r.missing(&account{isNew: true})
	if len(missing) == 0 && !profile.returns() {
		missing = []string{guestlist.MissingPassword}
	}
	missing, err := r.withExtra(tx, missing)
	switch {
	case err != nil:
		return err
	case len(missing) > 0:
		return r.keep(missingProfile(missing))
	case len(profile.identifiers()) == 0 && profile.Social == nil && profile.SSO == nil:
		return errNotIdentified // the settings ask for nothing, but nobody is nobody
	}
	if !r.i.New {
		r.i.UserID, r.i.New = guestlist.UserID(crypt.ShortID()), true
	}
	r.step.Registered = true
	return nil
}

// take adds what a verified record gives to the profile of a new account.
func (r *run) take(tx *store.Tx, p *Profile, record Record) error {
	if record.Outside != nil {
		return r.takeOutside(tx, p, record)
	}
	return p.take(record)
}

// take adds what a verified record proves to the profile.
func (p *Profile) take(record Record) error {
	if !record.Verified {
		return errVerificationFailed
	}
	switch record.Type {
	case RecordEmailCode, RecordOneTimeToken, RecordPhoneCode:
		if record.Identifier.Type == guestlist.IdentifierPhone {
			p.Phone = record.Identifier.Value
		} else {
			p.Email = record.Identifier.Value
		}
	case RecordNewPasswordIdentity:
		p.Username, p.Password = record.Identifier.Value, record.Digest
	default:
		return errVerificationFailed
	}
	return nil
}

// lendAddress gives a new account that is made of an outside identity the address
// that the link of the invitation proves, where the provider proves none.
func (r *run) lendAddress(p *Profile, record Record) {
	token, ok := r.i.heldToken()
	if ok && token.InvitationID != "" && record.Outside != nil && p.Email == "" && p.Phone == "" {
		_ = p.take(token) // it is verified
	}
}

// returns reports whether an account of this profile could ever be entered
// again: by a password, by a code to a proved address, or by an outside
// provider.
func (p Profile) returns() bool {
	return p.Password != nil || p.Email != "" || p.Phone != "" || p.Social != nil || p.SSO != nil
}

// add takes over what is set in another profile.
func (p *Profile) add(more Profile) {
	p.Name, p.Avatar = withDefault(more.Name, p.Name), withDefault(more.Avatar, p.Avatar)
	if more.Social != nil {
		p.Social = more.Social
	}
	if more.SSO != nil {
		p.SSO = more.SSO
	}
}

// identifiers lists what a profile would take from others.
func (p Profile) identifiers() []guestlist.Identifier {
	var list []guestlist.Identifier
	for _, id := range []guestlist.Identifier{
		{Type: guestlist.IdentifierUsername, Value: p.Username},
		{Type: guestlist.IdentifierEmail, Value: p.Email},
		{Type: guestlist.IdentifierPhone, Value: p.Phone},
	} {
		if id.Value != "" {
			list = append(list, id)
		}
	}
	return list
}

// free refuses a profile with an identifier or identity of somebody's. The
// unique indexes decide in the end; this says it in time.
func free(tx *store.Tx, p Profile) error {
	for _, id := range p.identifiers() {
		taken, err := tx.IsTaken(id)
		if err != nil {
			return err
		}
		if taken {
			return guestlist.Refuse(guestlist.KindUnprocessable, "user."+string(id.Type)+"_already_in_use")
		}
	}
	return freeLinks(tx, p)
}

func missingProfile(missing []string) error {
	return errMissingProfile.With(map[string]any{"missingProfile": missing})
}
