package store

import (
	"fmt"
	"strings"

	"guestlist"
)

// The purposes of the secrets in this file.
const (
	hashOneTimeToken = "one-time-token"
	sealOneTimeToken = "one-time-token.copy"
)

const oneTimeTokenColumns = `id, email, sealed, context, status, held_by, held_until, consumed_at, consumed_by, created_at, expires_at` //nolint:gosec // names of columns

func (tx *Tx) scanOneTimeToken(sc scanner) (guestlist.OneTimeToken, error) {
	t := guestlist.OneTimeToken{TenantID: guestlist.TenantID}
	var sealed *string
	var context string
	if err := sc.Scan(&t.ID, &t.Email, &sealed, &context, &t.Status, &t.HeldBy, &t.HeldUntil, &t.ConsumedAt, &t.ConsumedBy,
		&t.CreatedAt, &t.ExpiresAt); err != nil {
		return t, err
	}
	if sealed != nil {
		var err error
		if t.Token, err = tx.s.key.OpenString(sealOneTimeToken, *sealed); err != nil {
			return t, err
		}
	}
	return t, fromJSON(context, &t.Context)
}

// InsertOneTimeToken writes an active token as its keyed hash, and with keep a
// sealed copy that later answers can show.
func (tx *Tx) InsertOneTimeToken(t guestlist.OneTimeToken, keep bool) error {
	context, err := jsonText(t.Context)
	if err != nil {
		return err
	}
	var sealed *string
	if keep {
		copied := tx.s.key.SealString(sealOneTimeToken, t.Token)
		sealed = &copied
	}
	if err := tx.run(`INSERT INTO one_time_tokens (id, email, email_key, hash, sealed, context, status, held_by, held_until,
			consumed_by, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, '', 0, '', $8, $9)`,
		t.ID, t.Email, guestlist.EmailKey(t.Email), tx.s.key.Hash(hashOneTimeToken, t.Token), sealed, context,
		guestlist.OneTimeTokenActive, t.CreatedAt, t.ExpiresAt); err != nil {
		return err
	}
	tx.tally(tallyOneTimeTokens, 1)
	return nil
}

// OneTimeToken returns a token by id; ErrNotFound if unknown.
func (tx *Tx) OneTimeToken(id guestlist.OneTimeTokenID) (guestlist.OneTimeToken, error) {
	return one(tx, tx.scanOneTimeToken, "SELECT "+oneTimeTokenColumns+" FROM one_time_tokens WHERE id = $1", id)
}

// OneTimeTokenByToken finds a token by itself; ErrNotFound if unknown.
func (tx *Tx) OneTimeTokenByToken(token string) (guestlist.OneTimeToken, error) {
	return one(tx, tx.scanOneTimeToken, "SELECT "+oneTimeTokenColumns+" FROM one_time_tokens WHERE hash = $1",
		tx.s.key.Hash(hashOneTimeToken, token))
}

// OneTimeTokenFilter narrows a list; zero members match everything. Status is
// the status as it is shown: an overdue active token counts as expired.
type OneTimeTokenFilter struct {
	Email  string
	Status guestlist.OneTimeTokenStatus
}

// where returns the condition of a filter.
func (f OneTimeTokenFilter) where(now guestlist.Time) (string, []any) {
	var conditions []string
	var args []any
	add := func(format string, values ...any) {
		numbers := make([]any, len(values))
		for i := range values {
			numbers[i] = len(args) + i + 1
		}
		args = append(args, values...)
		conditions = append(conditions, fmt.Sprintf(format, numbers...))
	}
	if f.Email != "" {
		add("email_key = $%d", guestlist.EmailKey(f.Email))
	}
	switch f.Status {
	case "":
	case guestlist.OneTimeTokenActive:
		add("status = $%d AND expires_at > $%d", f.Status, now)
	case guestlist.OneTimeTokenExpired:
		add("(status = $%d OR status = $%d AND expires_at <= $%d)", f.Status, guestlist.OneTimeTokenActive, now)
	default:
		add("status = $%d", f.Status)
	}
	if len(conditions) == 0 {
		return "", nil
	}
	return " WHERE " + strings.Join(conditions, " AND "), args
}

// OneTimeTokens lists the tokens that match, the newest first, with how many
// match in all.
func (tx *Tx) OneTimeTokens(f OneTimeTokenFilter, p Page) ([]guestlist.OneTimeToken, int, error) {
	where, args := f.where(tx.Now)
	limit, limitArgs := p.sql(len(args) + 1)
	list, err := collect(tx, tx.scanOneTimeToken, "SELECT "+oneTimeTokenColumns+" FROM one_time_tokens"+where+
		" ORDER BY created_at DESC, id"+limit, append(args[:len(args):len(args)], limitArgs...)...)
	if err != nil {
		return nil, 0, err
	}
	if p.Limit == 0 {
		return list, len(list), nil
	}
	if where == "" {
		total, err := tx.count(tallyOneTimeTokens)
		return list, total, err
	}
	var total int
	err = tx.row("SELECT COUNT(*) FROM one_time_tokens"+where, args, &total)
	return list, total, err
}

// SetOneTimeTokenStatus puts a token into a state, whatever state it is in,
// and drops a hold on it.
func (tx *Tx) SetOneTimeTokenStatus(id guestlist.OneTimeTokenID, status guestlist.OneTimeTokenStatus) error {
	return changed(tx.exec(`UPDATE one_time_tokens SET status = $2, held_by = '', held_until = 0,
		consumed_at = CASE WHEN $2 = 'consumed' THEN COALESCE(consumed_at, $3) ELSE consumed_at END WHERE id = $1`,
		id, status, tx.Now))
}

// DeleteOneTimeToken removes a token; ErrNotFound if there is none.
func (tx *Tx) DeleteOneTimeToken(id guestlist.OneTimeTokenID) error {
	if err := changed(tx.exec("DELETE FROM one_time_tokens WHERE id = $1", id)); err != nil {
		return err
	}
	tx.tally(tallyOneTimeTokens, -1)
	return nil
}

// HoldOneTimeToken lets an interaction hold an active token until a time,
// whoever held it before, and reports whether it could: the opening that came
// last has it.
func (tx *Tx) HoldOneTimeToken(id guestlist.OneTimeTokenID, by guestlist.InteractionID, until guestlist.Time) (bool, error) {
	n, err := tx.exec(`UPDATE one_time_tokens SET held_by = $2, held_until = $3
		WHERE id = $1 AND status = 'active' AND expires_at > $4`, id, by, until, tx.Now)
	return n == 1, err
}

// ConsumeOneTimeToken consumes an active token and reports whether this call
// was the one that did: state and expiry stand in the condition of the one
// statement, so that of any number of callers exactly one is told yes.
func (tx *Tx) ConsumeOneTimeToken(id guestlist.OneTimeTokenID) (bool, error) {
	n, err := tx.exec(`UPDATE one_time_tokens SET status = 'consumed', consumed_at = $2, held_by = '', held_until = 0
		WHERE id = $1 AND status = 'active' AND expires_at > $2`, id, tx.Now)
	return n == 1, err
}

// RedeemOneTimeToken is ConsumeOneTimeToken for the interaction that holds the
// token, on behalf of the user whom it lets in. A token that lapses while its
// holder fills in a form stays good for the holder until the hold ends.
func (tx *Tx) RedeemOneTimeToken(id guestlist.OneTimeTokenID, by guestlist.InteractionID, user guestlist.UserID) (bool, error) {
	n, err := tx.exec(`UPDATE one_time_tokens SET status = 'consumed', consumed_at = $4, consumed_by = $3, held_by = '', held_until = 0
		WHERE id = $1 AND status = 'active' AND held_by = $2 AND held_until > $4`, id, by, user, tx.Now)
	return n == 1, err
}
