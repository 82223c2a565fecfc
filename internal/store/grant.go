package store

import "guestlist"

// RevokeUser ends everything that lets a user in: sessions, codes, tokens and
// grants.
func (tx *Tx) RevokeUser(id guestlist.UserID) error {
	if err := tx.run("DELETE FROM sessions WHERE user_id = $1", id); err != nil {
		return err
	}
	if err := tx.run("DELETE FROM tokens WHERE user_id = $1", id); err != nil {
		return err
	}
	return tx.run("UPDATE grants SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL", id, tx.Now)
}
