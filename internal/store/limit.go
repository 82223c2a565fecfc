package store

import (
	"errors"

	"guestlist"
)

// hashLimit is the purpose under which the names of counters are hashed: they
// hold addresses of people.
const hashLimit = "limit.name"

// Limit is a counter over a window of time.
type Limit struct {
	Hits         int
	WindowEnds   guestlist.Time
	BlockedUntil guestlist.Time // zero: not blocked
}

// Limit returns a counter as it stands; one whose window is over counts
// nothing.
func (tx *Tx) Limit(name string) (Limit, error) {
	var l Limit
	err := tx.row("SELECT hits, window_ends, blocked_until FROM limits WHERE name = $1",
		[]any{tx.s.key.Hash(hashLimit, name)}, &l.Hits, &l.WindowEnds, &l.BlockedUntil)
	if errors.Is(err, ErrNotFound) {
		return Limit{}, nil
	}
	if l.WindowEnds <= tx.Now {
		l.Hits, l.WindowEnds = 0, 0
	}
	return l, err
}

// Hit counts one in a counter, in a new window of that end if the former is
// over, and returns the counter as it is then. Callers of the same counter
// wait for each other, so that each is told another number, and who came after
// a block sees it.
func (tx *Tx) Hit(name string, windowEnds guestlist.Time) (Limit, error) {
	var l Limit
	err := tx.row(`INSERT INTO limits (name, hits, window_ends, blocked_until) VALUES ($1, 1, $2, 0)
		ON CONFLICT (name) DO UPDATE SET
			hits = CASE WHEN limits.window_ends <= $3 THEN 1 ELSE limits.hits + 1 END,
			window_ends = CASE WHEN limits.window_ends <= $3 THEN excluded.window_ends ELSE limits.window_ends END
		RETURNING hits, window_ends, blocked_until`,
		[]any{tx.s.key.Hash(hashLimit, name), windowEnds, tx.Now}, &l.Hits, &l.WindowEnds, &l.BlockedUntil)
	return l, err
}

// Block blocks a counter until a time, and starts its count anew from there.
func (tx *Tx) Block(name string, until guestlist.Time) error {
	return tx.run(`INSERT INTO limits (name, hits, window_ends, blocked_until) VALUES ($1, 0, $2, $2)
		ON CONFLICT (name) DO UPDATE SET hits = 0, window_ends = excluded.window_ends, blocked_until = excluded.blocked_until`,
		tx.s.key.Hash(hashLimit, name), until)
}

// ClearLimit forgets a counter and its block.
func (tx *Tx) ClearLimit(name string) error {
	return tx.run("DELETE FROM limits WHERE name = $1", tx.s.key.Hash(hashLimit, name))
}
