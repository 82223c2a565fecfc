package store

import (
	"errors"

	"guestlist"
)

// RehashPassword replaces the digest of the same password, if nobody changed
// the password since old was read.
func (tx *Tx) RehashPassword(id guestlist.UserID, old, digest guestlist.PasswordDigest) error {
	now, err := tx.Password(id)
	if err != nil || now == nil || now.Digest != old.Digest {
		return err
	}
	return tx.run("UPDATE users SET password_digest = $2, password_algorithm = $3 WHERE id = $1",
		id, tx.s.key.SealString(sealPassword, digest.Digest), digest.Algorithm)
}

// StripUnproved takes from an account what was put on it before its address
// was proved for the first time, by whoever held it then: sessions, tokens and
// grants, identities and a password that a holder set. What an administrator
// wrote stays: it deserves as much trust as the address itself. It reports
// whether a password went.
func (tx *Tx) StripUnproved(id guestlist.UserID) (passwordGone bool, err error) {
	if err := tx.RevokeUser(id); err != nil {
		return false, err
	}
	for _, table := range []string{"user_identities", "sso_identities"} {
		if err := tx.run("DELETE FROM "+table+" WHERE user_id = $1 AND is_own", id); err != nil {
			return false, err
		}
	}
	n, err := tx.exec(`UPDATE users SET password_digest = NULL, password_algorithm = NULL, password_is_temporary = FALSE,
		password_is_own = FALSE, updated_at = $2 WHERE id = $1 AND password_is_own`, id, tx.Now)
	return n == 1, err
}

// HasOwnPassword reports whether a user's password was set by a holder of the
// account, not by an administrator.
func (tx *Tx) HasOwnPassword(id guestlist.UserID) (bool, error) {
	var own bool
	err := tx.row("SELECT password_is_own FROM users WHERE id = $1", []any{id}, &own)
	return own, err
}

// HasUserWithRole reports whether anybody has a role, by its name.
func (tx *Tx) HasUserWithRole(name string) (bool, error) {
	var one int
	err := tx.row(`SELECT 1 FROM user_roles JOIN roles ON roles.id = user_roles.role_id WHERE roles.name = $1 LIMIT 1`,
		[]any{name}, &one)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}
