package store

import (
	"errors"

	"guestlist"
)

// lockAdministrators is what whoever takes an administrator away locks, so that
// two who go at once do not each count the other.
const lockAdministrators = "administrators"

// PlanDeletion suspends a user and notes when the user goes. A plan that there
// is already gets the new time.
func (tx *Tx) PlanDeletion(id guestlist.UserID, due guestlist.Time) error {
	return changed(tx.exec(`UPDATE users SET
			was_suspended = CASE WHEN deletion_due_at IS NULL THEN is_suspended ELSE was_suspended END,
			deletion_due_at = $2, is_suspended = TRUE, updated_at = $3 WHERE id = $1`, id, due, tx.Now))
}

// DropDeletion takes a plan back: the user is suspended only if that was so
// before. Without a plan it does nothing.
func (tx *Tx) DropDeletion(id guestlist.UserID) error {
	return tx.run(`UPDATE users SET is_suspended = was_suspended, deletion_due_at = NULL, was_suspended = FALSE, updated_at = $2
		WHERE id = $1 AND deletion_due_at IS NOT NULL`, id, tx.Now)
}

// IsAdministrator reports whether a user has the role that opens the console.
func (tx *Tx) IsAdministrator(id guestlist.UserID) (bool, error) {
	var one int
	err := tx.row(`SELECT 1 FROM user_roles JOIN roles ON roles.id = user_roles.role_id
		WHERE user_roles.user_id = $1 AND roles.name = $2`, []any{id, guestlist.AdminRoleName}, &one)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// KeepAdministrator refuses to lose a user who is the last administrator who
// can come in. It is asked in the transaction that takes the user, the role or
// the way in away; others who ask it wait for that to end.
func (tx *Tx) KeepAdministrator(id guestlist.UserID) error {
	is, err := tx.IsAdministrator(id)
	if err != nil || !is {
		return err
	}
	if err := tx.LockName(lockAdministrators); err != nil {
		return err
	}
	var one int
	err = tx.row(`SELECT 1 FROM user_roles JOIN roles ON roles.id = user_roles.role_id JOIN users ON users.id = user_roles.user_id
		WHERE roles.name = $1 AND user_roles.user_id <> $2 AND NOT users.is_suspended LIMIT 1`,
		[]any{guestlist.AdminRoleName, id}, &one)
	if errors.Is(err, ErrNotFound) {
		return guestlist.ErrLastAdministrator
	}
	return err
}
