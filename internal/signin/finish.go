package signin

import (
	"guestlist"
	"guestlist/internal/invite"
	"guestlist/internal/store"
)

func (Finish) logKey() string { return "Interaction.{event}.Submit" }

func (Finish) prepare(*run) error { return nil }

// apply ends the interaction in one transaction: the gate, the token, the
// account, its roles, the audit line and the events exist together or not at
// all. The account is read to be written: without a lock, a suspension or a
// new password that comes meanwhile would be written over.
func (Finish) apply(tx *store.Tx, r *run) error {
	r.locks, r.acct = true, nil
	if err := r.passesCaptcha(); err != nil {
		return err
	}
	if r.i.UserID == "" || r.i.Event == guestlist.EventRegister && !r.i.New {
		return errNotIdentified // or identified as somebody, then switched to Register
	}
	acct, err := r.account(tx)
	if err != nil {
		return err
	}
	if err := r.mayFinish(tx, acct); err != nil {
		return err
	}
	if ok, err := r.d.stands(tx, r.i.UserID, r.i.Mark); err != nil || !ok {
		return withError(err, errVerificationFailed)
	}
	if err := r.viaStands(tx); err != nil {
		return err
	}
	switch {
	case r.i.Event == guestlist.EventForgotPassword:
		return r.finishReset(tx, acct)
	case r.i.New:
		return r.finishNew(tx, acct)
	}
	return r.finishUser(tx, acct)
}

// mayFinish asks the gate once more, and whether anything is missing.
func (r *run) mayFinish(tx *store.Tx, acct *account) error {
	if acct.user.IsSuspended {
		return errSuspended
	}
	email := r.i.heldEmail()
	if r.i.New {
		email = r.i.Profile.Email
	}
	if err := r.admitAs(r.i.Event, email, r.arriving(acct)); err != nil {
		return err
	}
	if err := r.mayAccept(tx, acct); err != nil {
		return err
	}
	if err := r.stillOffered(); err != nil {
		return err
	}
	if r.i.New {
		if err := r.ssoOnlyBut(r.i.Profile); err != nil {
			return err
		}
	}
	if r.i.Event == guestlist.EventForgotPassword {
		if r.i.Profile.Password == nil {
			return errNeedsNewPassword
		}
	} else if err := r.complete(tx, acct); err != nil {
		return err
	}
	if r.mustConfirm() {
		return errConfirmationMissing
	}
	return nil
}

// complete refuses to end while something is missing. The custom fields
// are asked of new people alone.
func (r *run) complete(tx *store.Tx, acct *account) (err error) {
	missing := r.missing(acct)
	if r.i.New {
		missing, err = r.withExtra(tx, missing)
	}
	if err == nil && len(missing) > 0 {
		err = missingProfile(missing)
	}
	return err
}

// finishNew makes the account.
func (r *run) finishNew(tx *store.Tx, acct *account) error {
	p, app := r.i.Profile, r.i.Request.ClientID
	u := guestlist.User{
		ID: r.i.UserID, Username: optional(p.Username), PrimaryEmail: optional(p.Email), PrimaryPhone: optional(p.Phone),
		Name: optional(p.Name), Avatar: optional(p.Avatar),
		CreatedAt: tx.Now, UpdatedAt: tx.Now, LastSignInAt: &tx.Now, HasPassword: p.Password != nil,
		Identities: map[string]guestlist.Identity{},
	}
	if app != "" {
		u.ApplicationID = &app
	}
	if p.Email != "" {
		u.EmailVerifiedAt = &tx.Now
	}
	if p.Phone != "" {
		u.PhoneVerifiedAt = &tx.Now
	}
	if err := p.writeExtra(&u); err != nil {
		return err
	}
	if _, err := r.fill(&u); err != nil {
		return err
	}
	if err := tx.InsertUser(u, p.Password); err != nil {
		return err
	}
	if err := r.writeLinks(tx, &u); err != nil {
		return err
	}
	if err := tx.GiveDefaultRoles(u.ID); err != nil {
		return err
	}
	if err := tx.SetLastSignIn(u.ID); err != nil {
		return err
	}
	token, err := r.redeem(tx, acct, u)
	if err != nil {
		return err
	}
	if err := r.emitData(tx, guestlist.EventUserCreated, u); err != nil {
		return err
	}
	if err := r.provision(tx, u.ID, token); err != nil {
		return err
	}
	if err := r.emitInteraction(tx, guestlist.EventPostRegister, u); err != nil {
		return err
	}
	return r.done(tx, u, token)
}

// finishUser signs an existing user in, with what was staged.
func (r *run) finishUser(tx *store.Tx, acct *account) error {
	token, err := r.redeem(tx, acct, acct.user)
	if err != nil {
		return err
	}
	u, changed, err := r.writeAccount(tx, acct)
	if err != nil {
		return err
	}
	if err := tx.SetLastSignIn(u.ID); err != nil {
		return err
	}
	u.LastSignInAt = &tx.Now
	if err := r.provision(tx, u.ID, token); err != nil {
		return err
	}
	if changed {
		if err := r.emitData(tx, guestlist.EventUserDataUpdated, u); err != nil {
			return err
		}
	}
	if err := r.emitInteraction(tx, guestlist.EventPostSignIn, u); err != nil {
		return err
	}
	return r.done(tx, u, token)
}

// finishReset writes the new password and ends everything that the old one
// let in. It makes no session: the guest signs in within the same interaction.
func (r *run) finishReset(tx *store.Tx, acct *account) error {
	if _, err := r.redeem(tx, acct, acct.user); err != nil {
		return err
	}
	u, _, err := r.writeAccount(tx, acct)
	if err != nil {
		return err
	}
	if err := tx.RevokeUser(u.ID); err != nil {
		return err
	}
	if err := r.emitData(tx, guestlist.EventUserDataUpdated, u); err != nil {
		return err
	}
	if err := r.emitInteraction(tx, guestlist.EventPostResetPassword, u); err != nil {
		return err
	}
	r.i.reset()
	r.acct = nil
	r.step.Finished = true
	return nil
}

// writeAccount writes what was staged and proved, and reports whether the
// guest's data changed. The first proof of an address strips what was put on
// the account before it.
func (r *run) writeAccount(tx *store.Tx, acct *account) (guestlist.User, bool, error) {
	u, p := acct.user, r.i.Profile
	changed := !p.empty()
	if acct.proves {
		gone, err := tx.StripUnproved(u.ID)
		if err != nil {
			return u, false, err
		}
		changed = changed || gone
		u.HasPassword = u.HasPassword && !gone
		if u.Identities, err = tx.IdentitiesOfUser(u.ID); err != nil {
			return u, false, err
		}
	}
	if err := r.writeLinks(tx, &u); err != nil {
		return u, false, err
	}
	wrote := r.stage(tx, &u) || p.Extra != nil
	if err := p.writeExtra(&u); err != nil {
		return u, false, err
	}
	filled, err := r.fill(&u)
	if err != nil {
		return u, false, err
	}
	wrote, changed = wrote || filled, changed || filled
	if wrote {
		if err := tx.UpdateUser(u); err != nil {
			return u, false, err
		}
	}
	if p.Password != nil {
		if err := tx.SetPassword(u.ID, p.Password); err != nil {
			return u, false, err
		}
		u.HasPassword = true
	}
	if err := r.tellOwner(tx, acct.user, u, p.Password != nil); err != nil {
		return u, false, err
	}
	wrote = wrote || p.Social != nil || p.SSO != nil
	if wrote || p.Password != nil {
		u.UpdatedAt = tx.Now
	}
	return u, changed, nil
}

// stage puts the staged profile and the proofs into u and reports whether
// anything is new.
func (r *run) stage(tx *store.Tx, u *guestlist.User) bool {
	p, wrote := r.i.Profile, false
	write := func(when bool, change func()) {
		if when {
			change()
			wrote = true
		}
	}
	now := tx.Now
	write(p.Username != "", func() { u.Username = &p.Username })
	write(p.Name != "", func() { u.Name = &p.Name })
	write(p.Avatar != "", func() { u.Avatar = &p.Avatar })
	write(u.EmailVerifiedAt == nil && r.provesEmail(*u), func() { u.EmailVerifiedAt = &now })
	write(u.PhoneVerifiedAt == nil && r.provesPhone(*u), func() { u.PhoneVerifiedAt = &now })
	write(p.Email != "", func() { u.PrimaryEmail, u.EmailVerifiedAt = &p.Email, &now })
	write(p.Phone != "", func() { u.PrimaryPhone, u.PhoneVerifiedAt = &p.Phone, &now })
	app := r.i.Request.ClientID
	write(u.ApplicationID == nil && app != "", func() { u.ApplicationID = &app })
	return wrote
}

// redeem takes the seat of the invitation, or consumes the one-time token, that
// brought the guest here, and returns the token's id. A token that is held but
// had no part in it stays as it is.
func (r *run) redeem(tx *store.Tx, acct *account, u guestlist.User) (guestlist.OneTimeTokenID, error) {
	if r.i.Event != guestlist.EventForgotPassword {
		if err := r.accept(tx, acct, u); err != nil {
			return "", err
		}
	}
	record, ok := r.i.heldToken()
	if !ok || record.InvitationID != "" {
		return "", nil
	}
	own := u.PrimaryEmail != nil && guestlist.EmailKey(*u.PrimaryEmail) == guestlist.EmailKey(record.Identifier.Value)
	if r.i.ProvedBy != record.ID && (!r.i.New || !own) {
		return "", nil
	}
	return record.TokenID, invite.Redeem(tx, record.TokenID, r.i.ID, u.ID)
}

// done leaves the result for Resume, and nothing that was typed.
func (r *run) done(tx *store.Tx, u guestlist.User, token guestlist.OneTimeTokenID) error {
	submission, err := marshal(r.i.submission())
	if err != nil {
		return err
	}
	mark := r.i.Mark
	if mark != "" { // the guest may have had to choose another one on the way
		if mark, err = r.d.passwordMark(tx, u.ID); err != nil {
			return err
		}
	}
	r.i.Done = &Result{
		UserID: u.ID, SignedInAt: r.now, OneTimeTokenID: token, InvitationID: r.accepted, LastSubmission: submission,
		IP: r.from.IP, UserAgent: r.from.UserAgent, Mark: mark,
	}
	r.i.Profile = Profile{}
	r.i.Records, r.i.Invite = nil, nil
	r.i.New = false
	return nil
}

// submission is what the sessions routes say of how a guest signed in.
func (i *Interaction) submission() map[string]any {
	public := i.Public()
	return map[string]any{
		"interactionEvent": i.Event, "userId": i.UserID, "verificationRecords": public["verificationRecords"],
		"signInContext": public["signInContext"],
	}
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
