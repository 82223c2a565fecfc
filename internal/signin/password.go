package signin

import (
	"context"
	"errors"
	"unicode/utf8"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
)

func (VerifyPassword) logKey() string { return "Interaction.{event}.Verification.Password.Submit" }

// prepare compares the password. An unknown name, and a user without a
// password, cost the time of a comparison too.
func (a VerifyPassword) prepare(r *run) error {
	if a.Password == "" {
		return errInvalidInput
	}
	if err := r.strangerPasses(); err != nil {
		return err
	}
	if !a.Identifier.Valid() {
		return errInvalidCredentials // nobody has such a name, and there is nothing to count
	}
	if err := r.d.Store.View(r.ctx, func(tx *store.Tx) error {
		if err := newSentinel(r.exp, a.Identifier, r.from).blocked(tx); err != nil {
			return err
		}
		user, against, err := tx.PasswordOf(a.Identifier)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		r.slow.user, r.slow.against = user, against
		return err
	}); err != nil {
		return err
	}
	return r.compare(a.Password)
}

// compare holds a password against the digest that was read. Without a digest it
// takes as long.
func (r *run) compare(password string) error {
	if r.slow.against == nil {
		return r.d.Hasher.VerifyNothing(r.ctx, password)
	}
	var rehash bool
	var err error
	r.slow.matches, rehash, err = r.d.Hasher.Verify(r.ctx, password, r.slow.against.Digest, r.slow.against.Algorithm)
	if err != nil || !rehash {
		return err
	}
	digest, algorithm, err := r.d.Hasher.Hash(r.ctx, password)
	r.slow.digest = &guestlist.PasswordDigest{Digest: digest, Algorithm: algorithm}
	return err
}

func (a VerifyPassword) apply(tx *store.Tx, r *run) error {
	watch := newSentinel(r.exp, a.Identifier, r.from)
	if refused, err := watch.attempt(tx); err != nil {
		return err
	} else if refused != nil {
		return r.refuse(refused)
	}
	if !r.slow.matches {
		answer, err := watch.failed(tx, r, errInvalidCredentials)
		if err != nil {
			return err
		}
		return r.refuse(answer)
	}
	u, err := tx.User(r.slow.user)
	if err != nil {
		return err
	}
	if err := r.stillMatches(tx, u.ID); err != nil {
		return err
	}
	if err := watch.succeeded(tx); err != nil {
		return err
	}
	switch {
	case u.IsSuspended:
		return r.refuse(errSuspended)
	case guestlist.PasswordHasExpired(u, r.exp.PasswordExpiration, tx.Now):
		return r.refuse(guestlist.Refuse(guestlist.KindUnprocessable, "password.expired"))
	}
	mark, err := r.d.passwordMark(tx, u.ID)
	if err != nil {
		return err
	}
	record := Record{ID: crypt.ID(), Type: RecordPassword, Identifier: a.Identifier, Verified: true, Mark: mark}
	r.i.putRecord(record)
	r.i.Typed, r.step.VerificationID = true, record.ID
	return nil
}

// stillMatches makes sure that the password which was compared is the user's
// password now, and stores the stronger digest that prepare made.
func (r *run) stillMatches(tx *store.Tx, id guestlist.UserID) error {
	now, err := tx.Password(id)
	if err != nil {
		return err
	}
	if now == nil || now.Digest != r.slow.against.Digest {
		return store.ErrStale // changed meanwhile: compare again
	}
	if r.slow.digest == nil {
		return nil
	}
	return tx.RehashPassword(id, *now, *r.slow.digest)
}

// markPassword is the purpose under which the digest of a password is hashed
// into its mark.
const markPassword = "signin.password"

// passwordMark names the password that a user has now. What a password let in
// holds only while it is the user's: a reset has to end the sign-ins that were
// on their way by the old one, too.
func (d *Desk) passwordMark(tx *store.Tx, id guestlist.UserID) (string, error) {
	now, err := tx.Password(id)
	if err != nil {
		return "", err
	}
	if now == nil {
		now = &guestlist.PasswordDigest{}
	}
	return d.Store.Key().Hash(markPassword, now.Digest), nil
}

// stands reports whether the password of a mark is still the user's. Without a
// mark something else was proved, which no password replaces.
func (d *Desk) stands(tx *store.Tx, id guestlist.UserID, mark string) (bool, error) {
	if mark == "" {
		return true, nil
	}
	now, err := d.passwordMark(tx, id)
	return crypt.Equal(now, mark), err
}

// CheckPassword lists why a password is refused for somebody: the policy in
// force and the list of breached passwords.
func (d *Desk) CheckPassword(ctx context.Context, policy guestlist.PasswordPolicy, password string, who guestlist.PasswordSubject) []guestlist.PasswordIssue {
	issues := guestlist.PasswordIssues(policy, password, who)
	if d.Breaches == nil || !policy.Rules().Pwned || utf8.RuneCountInString(password) > crypt.MaxPasswordLength {
		return issues
	}
	pwned, err := d.Breaches.Contains(ctx, password)
	if err != nil {
		d.Log.WarnContext(ctx, "the list of breached passwords could not be asked; the password was accepted without it", "error", err)
	}
	if pwned {
		issues = append(issues, guestlist.PasswordIssue{Code: guestlist.IssuePwned})
	}
	return issues
}

// newPassword checks and hashes a password that the guest chose.
func (r *run) newPassword(password string, who guestlist.PasswordSubject) error {
	if err := guestlist.RejectPassword(r.d.CheckPassword(r.ctx, r.exp.PasswordPolicy, password, who)); err != nil {
		return err
	}
	digest, algorithm, err := r.d.Hasher.Hash(r.ctx, password)
	r.slow.digest = &guestlist.PasswordDigest{Digest: digest, Algorithm: algorithm, Own: true}
	return err
}

// refuseSamePassword refuses a new password that is the old one.
func (r *run) refuseSamePassword(password string) error {
	old := r.slow.against
	if old == nil {
		return nil
	}
	same, _, err := r.d.Hasher.Verify(r.ctx, password, old.Digest, old.Algorithm)
	if err == nil && same {
		err = guestlist.Refuse(guestlist.KindUnprocessable, "user.same_password")
	}
	return err
}
