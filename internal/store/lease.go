package store

import "guestlist"

// TakeLease makes holder the one who does a periodic work until a time, and
// reports whether it is; false means that somebody else does, and for how long
// nobody else should ask.
func (tx *Tx) TakeLease(name, holder string, until guestlist.Time) (bool, error) {
	n, err := tx.exec(`INSERT INTO leases (name, holder, expires_at) VALUES ($1, $2, $3)
		ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
		WHERE leases.expires_at <= $4`, name, holder, until, tx.Now)
	return n == 1, err
}

// LeaseEnds returns when the lease of a periodic work ends; 0 if nobody ever
// had it.
func (tx *Tx) LeaseEnds(name string) (guestlist.Time, error) {
	var at guestlist.Time
	err := tx.row("SELECT COALESCE(MAX(expires_at), 0) FROM leases WHERE name = $1", []any{name}, &at)
	return at, err
}
