package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

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

// HitAll is Hit for many counters at once, each by a number of its own. It counts
// in new windows of a length where the former are over.
func (tx *Tx) HitAll(counts map[string]int, window time.Duration) (map[string]Limit, error) {
	names := make(map[string]string, len(counts)) // by their hashes
	rows := make([][]any, 0, len(counts))
	for name, n := range counts {
		hash := tx.s.key.Hash(hashLimit, name)
		names[hash] = name
		rows = append(rows, []any{hash, n, tx.Now.Add(window)})
	}
	// In one order, so that two of them wait for each other and not both for ever.
	slices.SortFunc(rows, func(a, b []any) int { return strings.Compare(a[0].(string), b[0].(string)) })
	over := fmt.Sprintf("limits.window_ends <= excluded.window_ends - %d", window.Milliseconds())
	found := make(map[string]Limit, len(counts))
	return found, tx.insertRows("INSERT INTO limits (name, hits, window_ends, blocked_until) VALUES ", "($, $, $, 0)",
		` ON CONFLICT (name) DO UPDATE SET
			hits = CASE WHEN `+over+` THEN excluded.hits ELSE limits.hits + excluded.hits END,
			window_ends = CASE WHEN `+over+` THEN excluded.window_ends ELSE limits.window_ends END
		RETURNING name, hits, window_ends, blocked_until`,
		func(sc scanner) error {
			var hash string
			var l Limit
			err := sc.Scan(&hash, &l.Hits, &l.WindowEnds, &l.BlockedUntil)
			found[names[hash]] = l
			return err
		}, rows)
}

// TakeTurns reserves a span of time for one of many who use something that must
// not be used too often, in whatever process: it begins when what the others
// reserved is over. If that is later than most from now nothing is reserved, and
// from says when the next span could begin.
func (tx *Tx) TakeTurns(name string, span, most time.Duration) (from guestlist.Time, ok bool, err error) {
	hash := tx.s.key.Hash(hashLimit, name)
	var ends guestlist.Time
	err = tx.row(`INSERT INTO limits (name, hits, window_ends, blocked_until) VALUES ($1, 0, $2, 0)
		ON CONFLICT (name) DO UPDATE SET
			window_ends = CASE WHEN limits.window_ends <= $3 THEN excluded.window_ends ELSE limits.window_ends + $4 END
			WHERE limits.window_ends <= $5
		RETURNING window_ends`,
		[]any{hash, tx.Now.Add(span), tx.Now, span.Milliseconds(), tx.Now.Add(most)}, &ends)
	if errors.Is(err, ErrNotFound) {
		l, err := tx.Limit(name)
		return l.WindowEnds, false, err
	}
	return ends.Add(-span), err == nil, err
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
