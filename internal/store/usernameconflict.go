package store

import "guestlist"

// UsernameConflict is a username that several people have in different letter
// case.
type UsernameConflict struct {
	UsernameLower string             `json:"usernameLower"`
	UserIDs       []guestlist.UserID `json:"userIds"`
}

// UsernameConflicts returns up to limit usernames that would clash without
// regard to letter case, in their order, and how many there are in all.
// Usernames are ASCII by the contract's pattern.
func (tx *Tx) UsernameConflicts(limit int) ([]UsernameConflict, int, error) {
	const clashing = `SELECT lower(username) AS folded FROM users WHERE username IS NOT NULL
		GROUP BY lower(username) HAVING COUNT(*) > 1`
	var total int
	if err := tx.row("SELECT COUNT(*) FROM ("+clashing+") AS clashing", nil, &total); err != nil || total == 0 {
		return []UsernameConflict{}, 0, err
	}
	list, err := collect(tx, func(sc scanner) (UsernameConflict, error) {
		c := UsernameConflict{UserIDs: []guestlist.UserID{}}
		return c, sc.Scan(&c.UsernameLower)
	}, clashing+" ORDER BY folded LIMIT $1", limit)
	if err != nil {
		return nil, 0, err
	}
	for i := range list {
		if list[i].UserIDs, err = collect(tx, func(sc scanner) (guestlist.UserID, error) {
			var id guestlist.UserID
			return id, sc.Scan(&id)
		}, "SELECT id FROM users WHERE lower(username) = $1 ORDER BY created_at, id LIMIT $2", list[i].UsernameLower, maxConflictUsers); err != nil {
			return nil, 0, err
		}
	}
	return list, total, nil
}

// maxConflictUsers is how many users of a clash are named.
const maxConflictUsers = 20
