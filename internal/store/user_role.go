package store

import (
	"errors"

	"guestlist"
)

// insertUserRole writes when the user came beside each role, so that who has a
// role is listed as users are.
const insertUserRole = "INSERT INTO user_roles (user_id, role_id, user_created_at) VALUES ($1, $2, (SELECT created_at FROM users WHERE id = $1))"

// GiveRoles gives a user roles and returns those that the user lacked, in the
// order given. An unknown user or role gives ErrForeignKey.
func (tx *Tx) GiveRoles(user guestlist.UserID, roles ...guestlist.RoleID) ([]guestlist.RoleID, error) {
	added := []guestlist.RoleID{}
	for _, role := range roles {
		n, err := tx.exec(insertUserRole+" ON CONFLICT (user_id, role_id) DO NOTHING", user, role)
		if err != nil {
			return nil, err
		}
		tx.tallyRole(role, n)
		if n > 0 {
			added = append(added, role)
		}
	}
	return added, nil
}

// SetRoles makes the roles of a user exactly these.
func (tx *Tx) SetRoles(user guestlist.UserID, roles ...guestlist.RoleID) error {
	if err := tx.dropRoles(user); err != nil {
		return err
	}
	_, err := tx.GiveRoles(user, roles...)
	return err
}

// dropRoles takes all roles from a user.
func (tx *Tx) dropRoles(user guestlist.UserID) error {
	return tx.rows(func(sc scanner) error {
		var role guestlist.RoleID
		err := sc.Scan(&role)
		tx.tallyRole(role, -1)
		return err
	}, "DELETE FROM user_roles WHERE user_id = $1 RETURNING role_id", user)
}

// GiveDefaultRoles gives new users the roles that every new user has.
func (tx *Tx) GiveDefaultRoles(users ...guestlist.UserID) error {
	roles, err := tx.DefaultRoles(guestlist.RoleUser)
	if err != nil {
		return err
	}
	var rows [][]any
	for _, user := range users {
		for _, role := range roles {
			rows = append(rows, []any{user, role.ID, user})
			tx.tallyRole(role.ID, 1)
		}
	}
	return tx.insertRows("INSERT INTO user_roles (user_id, role_id, user_created_at) VALUES ",
		"($, $, (SELECT created_at FROM users WHERE id = $))", "", nil, rows)
}

// HasUser reports whether a user exists.
func (tx *Tx) HasUser(id guestlist.UserID) (bool, error) {
	var one int
	err := tx.row("SELECT 1 FROM users WHERE id = $1", []any{id}, &one)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// KnownUsers returns which of these users exist.
func (tx *Tx) KnownUsers(ids []guestlist.UserID) (map[guestlist.UserID]bool, error) {
	values := make([]any, len(ids))
	for i, id := range ids {
		values[i] = id
	}
	known := map[guestlist.UserID]bool{}
	return known, tx.rowsIn(func(sc scanner) error {
		var id guestlist.UserID
		err := sc.Scan(&id)
		known[id] = true
		return err
	}, "SELECT id FROM users WHERE id IN", values)
}
