package store

import (
	"time"

	"guestlist"
)

// How long rows are kept that nobody needs any more. What people may want to
// look up stays for long, what is only a bearer's secret for as long as a late
// use of it should still be told apart from nonsense.
const (
	KeepLogs         = 365 * 24 * time.Hour
	KeepActiveUsers  = 400 * 24 * time.Hour // a year of the dashboard, and the month before
	KeepMessages     = 90 * 24 * time.Hour
	KeepHookLogs     = 30 * 24 * time.Hour
	KeepJobs         = 7 * 24 * time.Hour // after they ended
	KeepExpired      = 24 * time.Hour     // codes, tokens, sessions, grants after their expiry
	KeepSpentCounter = time.Hour          // of rate limits, after their window
)

// SweepBatch is how many rows of a table one Sweep removes at most, so that no
// transaction holds up others for long.
const SweepBatch = 1000

// stale is a table that is swept: rows with column at or before the cut go.
// Names are constants of this file, never input.
type stale struct {
	table, id, column string
	keep              time.Duration
	tally             string // the count that goes down with the rows, or ""
}

var staleTables = []stale{
	{table: "interactions", id: "id", column: "expires_at"}, // strangers write them, and nobody looks at a dead one
	{table: "drafts", id: "id", column: "expires_at"},
	{table: "user_assets", id: "id", column: "expires_at"}, // nothing came to use them
	{table: "saml_requests", id: "id", column: "expires_at"},
	{table: "saml_assertions", id: "id", column: "expires_at"},
	{table: "verification_codes", id: "id", column: "expires_at", keep: KeepExpired},
	{table: "tokens", id: "hash", column: "expires_at", keep: KeepExpired},
	{table: "sessions", id: "id", column: "expires_at", keep: KeepExpired},
	{table: "grants", id: "id", column: "expires_at", keep: KeepExpired},
	// A block sets the end of its counter's window to its own, so none is lifted here.
	{table: "limits", id: "name", column: "window_ends", keep: KeepSpentCounter},
	{table: "jobs", id: "id", column: "finished_at", keep: KeepJobs},
	{table: "messages", id: "id", column: "created_at", keep: KeepMessages},
	{table: "hook_logs", id: "id", column: "created_at", keep: KeepHookLogs},
	{table: "user_imports", id: "id", column: "expires_at"},         // with their lines and reports
	{table: "registration_requests", id: "id", column: "forget_at"}, // nobody proved the address
	{table: "logs", id: "id", column: "created_at", keep: KeepLogs, tally: tallyLogs},
}

// Sweep removes rows whose time is over, up to SweepBatch per table, and
// reports whether there may be more.
func (tx *Tx) Sweep() (more bool, err error) {
	for _, s := range staleTables {
		n, err := tx.exec("DELETE FROM "+s.table+" WHERE "+s.id+" IN (SELECT "+s.id+" FROM "+s.table+
			" WHERE "+s.column+" <= $1 LIMIT $2)", tx.Now.Add(-s.keep), SweepBatch)
		if err != nil {
			return false, err
		}
		if s.tally != "" {
			tx.tally(s.tally, -n)
		}
		more = more || n == SweepBatch
	}
	day := dayOf(tx.Now.Add(-KeepActiveUsers))
	if err := tx.run("DELETE FROM active_users WHERE day < $1", day); err != nil {
		return false, err
	}
	return more, tx.run("DELETE FROM tallies WHERE name >= $1 AND name < $2", talliesActive, talliesActive+day)
}

// dayOf names a day as active_users does.
func dayOf(t guestlist.Time) string { return t.Std().Format(time.DateOnly) }

// TalliesWait reports whether there are so many deltas beside one of each name
// that adding them up is worth a transaction.
func (tx *Tx) TalliesWait() (bool, error) {
	var n int
	err := tx.row("SELECT COUNT(*) - COUNT(DISTINCT name) FROM tallies", nil, &n)
	return n >= compactFrom, err
}

// compactFrom is from how many deltas on they are added up.
const compactFrom = 64
