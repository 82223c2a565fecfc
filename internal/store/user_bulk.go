package store

import (
	"slices"
	"strings"

	"guestlist"
)

// NewUser is a user to be inserted with others. ID, CreatedAt and UpdatedAt
// are the caller's; social identities are not inserted.
type NewUser struct {
	User     guestlist.User
	Password *guestlist.PasswordDigest // nil: none
}

// Insertion is what became of a NewUser: New when it was inserted now; neither
// New nor Err when a user of that id was there already; else Err says who was
// first, as InsertUser does.
type Insertion struct {
	New bool
	Err error
}

const bulkUser = `($, $, $, $, $, $, $, $, $, $, $, '{}', $, $, $, FALSE, $, FALSE, $, $)`

// InsertUsers inserts many users with few statements, and says of each what
// became of it. A user who cannot be inserted stops none of the others; of two
// in the batch that exclude each other the first wins.
func (tx *Tx) InsertUsers(batch []NewUser) ([]Insertion, error) {
	rows := make([][]any, len(batch))
	for i, n := range batch {
		row, err := tx.bulkRow(n)
		if err != nil {
			return nil, err
		}
		rows[i] = row
	}
	ordered := slices.Clone(rows)
	if !excludeEachOther(rows) {
		// In one order, so that two imports of the same people wait for each
		// other instead of both for ever.
		slices.SortFunc(ordered, func(a, b []any) int { return strings.Compare(lockKey(a), lockKey(b)) })
	}
	inserted := make(map[guestlist.UserID]bool, len(batch))
	if err := tx.insertRows(`INSERT INTO users (id, username, username_key, primary_email, email_key, primary_phone, name,
			name_key, avatar, custom_data, profile, logto_config, password_digest, password_algorithm,
			password_is_temporary, password_is_expired, password_changed_at, is_suspended, created_at, updated_at) VALUES `,
		bulkUser, " ON CONFLICT DO NOTHING RETURNING id", func(sc scanner) error {
			var id guestlist.UserID
			err := sc.Scan(&id)
			inserted[id] = true
			return err
		}, ordered); err != nil {
		return nil, err
	}
	tx.tally(tallyUsers, int64(len(inserted)))
	results := make([]Insertion, len(batch))
	var left []int
	var added []any
	oldest := tx.Now
	for i, n := range batch {
		if results[i].New = inserted[n.User.ID]; results[i].New {
			added, oldest = append(added, n.User.ID), min(oldest, n.User.CreatedAt)
			tx.tallyNew(n.User.CreatedAt, 1)
		} else {
			left = append(left, i)
		}
		delete(inserted, n.User.ID) // a second one of that id in the batch is not new
	}
	if err := tx.noteOld(oldest, added); err != nil {
		return nil, err
	}
	return results, tx.explainInsertions(batch, rows, left, results)
}

// The places of the keys in a bulk row.
const (
	bulkUsernameKey = 2
	bulkEmailKey    = 4
	bulkPhone       = 5
)

func (tx *Tx) bulkRow(n NewUser) ([]any, error) {
	u := n.User
	profile, err := jsonText(u.Profile)
	if err != nil {
		return nil, err
	}
	usernameKey, err := tx.usernameKey(u.Username)
	if err != nil {
		return nil, err
	}
	var digest, algorithm *string
	var temporary bool
	var changed *guestlist.Time
	if n.Password != nil {
		sealed := tx.s.key.SealString(sealPassword, n.Password.Digest)
		digest, algorithm, temporary, changed = &sealed, &n.Password.Algorithm, n.Password.Temporary, &tx.Now
	}
	return []any{
		u.ID, u.Username, usernameKey, u.PrimaryEmail, emailKey(u.PrimaryEmail), u.PrimaryPhone, u.Name,
		foldKey(u.Name), u.Avatar, objectText(u.CustomData), profile, digest, algorithm,
		temporary, changed, u.CreatedAt, u.UpdatedAt,
	}, nil
}

// excludeEachOther reports whether two rows of a batch have a key in common.
func excludeEachOther(rows [][]any) bool {
	for _, at := range []int{0, bulkUsernameKey, bulkEmailKey, bulkPhone} {
		seen := make(map[string]bool, len(rows))
		for _, row := range rows {
			if v := keyText(row[at]); v != "" && seen[v] {
				return true
			} else if v != "" {
				seen[v] = true
			}
		}
	}
	return false
}

// lockKey orders rows by the keys that they lock.
func lockKey(row []any) string {
	return keyText(row[bulkEmailKey]) + " " + keyText(row[bulkUsernameKey]) + " " + keyText(row[bulkPhone])
}

// keyText returns a key of a row; "" for none.
func keyText(v any) string {
	switch v := v.(type) {
	case guestlist.UserID:
		return string(v)
	case *string:
		if v != nil {
			return *v
		}
	}
	return ""
}

// explainInsertions says why some of a batch were not inserted.
func (tx *Tx) explainInsertions(batch []NewUser, rows [][]any, left []int, results []Insertion) error {
	if len(left) == 0 {
		return nil
	}
	ids, err := tx.taken("id", 0, rows, left)
	if err != nil {
		return err
	}
	usernames, err := tx.taken("username_key", bulkUsernameKey, rows, left)
	if err != nil {
		return err
	}
	emails, err := tx.taken("email_key", bulkEmailKey, rows, left)
	if err != nil {
		return err
	}
	phones, err := tx.taken("primary_phone", bulkPhone, rows, left)
	if err != nil {
		return err
	}
	for _, i := range left {
		switch row := rows[i]; {
		case ids[string(batch[i].User.ID)]:
		case usernames[keyText(row[bulkUsernameKey])]:
			results[i].Err = duplicates["users_username_key"]
		case emails[keyText(row[bulkEmailKey])]:
			results[i].Err = duplicates["users_email_key"]
		case phones[keyText(row[bulkPhone])]:
			results[i].Err = duplicates["users_primary_phone"]
		default: // whoever was in the way is gone again
			results[i].Err = guestlist.Refuse(guestlist.KindUnprocessable, "entity.unique_integrity_violation")
		}
	}
	return nil
}

// taken returns which values of a column, at a place of the rows, users have.
func (tx *Tx) taken(column string, at int, rows [][]any, left []int) (map[string]bool, error) {
	var values []any
	for _, i := range left {
		if v := keyText(rows[i][at]); v != "" {
			values = append(values, v)
		}
	}
	found := map[string]bool{}
	return found, tx.rowsIn(func(sc scanner) error {
		var v string
		err := sc.Scan(&v)
		found[v] = true
		return err
	}, "SELECT "+column+" FROM users WHERE "+column+" IN", values)
}
