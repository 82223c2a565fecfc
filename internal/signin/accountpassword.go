package signin

import (
	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
)

// ChangePassword sets or replaces one's own password. Every other session ends,
// with all that it allowed, unless KeepOthers. The session of this browser gets
// a new cookie, so that a stolen copy of the old one is worthless.
type ChangePassword struct {
	Password   string
	KeepOthers bool
}

func (ChangePassword) logKey() string { return "Account.Password.Update" }

func (a ChangePassword) prepare(r *accountRun) error {
	if err := r.needsProof(); err != nil {
		return err
	}
	if a.Password == "" {
		return errInvalidInput
	}
	if err := r.d.Store.View(r.ctx, func(tx *store.Tx) error {
		var err error
		r.slow.against, err = tx.Password(r.user.ID)
		return err
	}); err != nil {
		return err
	}
	if err := r.refuseSamePassword(a.Password); err != nil {
		return err
	}
	return r.newPassword(a.Password, guestlist.SubjectOf(r.user))
}

func (a ChangePassword) apply(tx *store.Tx, r *accountRun) error {
	if err := r.needsProof(); err != nil {
		return err
	}
	if err := tx.SetPassword(r.user.ID, r.slow.digest); err != nil {
		return err
	}
	if !a.KeepOthers {
		if err := r.endOthers(tx); err != nil {
			return err
		}
	}
	now := tx.Now
	r.user.HasPassword, r.user.PasswordIsTemporary, r.user.PasswordIsExpired = true, false, false
	r.user.PasswordChangedAt, r.wrote = &now, true
	r.out.NewCookie = crypt.Opaque()
	return tx.RenewSession(r.session, r.out.NewCookie)
}
