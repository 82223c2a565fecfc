package store

import (
	"strconv"
	"time"

	"guestlist"
)

// dayFormat is the form of active_users.day.
const dayFormat = time.DateOnly

// NewUsersByDay returns how many of today's users came on each day from first
// to last, both included; days without any are absent. Days are UTC, as
// 2006-01-02. It takes the same time however many came.
func (tx *Tx) NewUsersByDay(first, last time.Time) (map[string]int, error) {
	number := func(t time.Time) string { return strconv.FormatInt(t.UnixMilli()/dayMillis, 10) }
	counts, err := tx.countsBetween(talliesNew, number(first), number(last))
	if err != nil {
		return nil, err
	}
	days := make(map[string]int, len(counts))
	for text, n := range counts {
		day, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, err
		}
		days[time.UnixMilli(day*dayMillis).UTC().Format(dayFormat)] = n
	}
	return days, nil
}

// ActiveUsersByDay returns how many users were active on each day from first
// to last, both included; days without any are absent. Days are UTC, as
// 2006-01-02. It takes the same time however many were.
func (tx *Tx) ActiveUsersByDay(first, last time.Time) (map[string]int, error) {
	return tx.countsBetween(talliesActive, first.Format(dayFormat), last.Format(dayFormat))
}

// CountActiveUsers returns how many different users were active from first to
// last, both days included. It reads a row for each user and day.
func (tx *Tx) CountActiveUsers(first, last time.Time) (int, error) {
	var n int
	err := tx.row("SELECT COUNT(DISTINCT user_id) FROM active_users WHERE day >= $1 AND day <= $2",
		[]any{first.Format(dayFormat), last.Format(dayFormat)}, &n)
	return n, err
}

// Figure fills v with what was counted last under a name, and returns when that
// was; ErrNotFound if never.
func (tx *Tx) Figure(name string, v any) (guestlist.Time, error) {
	var text string
	var at guestlist.Time
	if err := tx.row("SELECT value, counted_at FROM figures WHERE name = $1", []any{name}, &text, &at); err != nil {
		return 0, err
	}
	return at, fromJSON(text, v)
}

// PutFigure keeps what was counted at a time.
func (tx *Tx) PutFigure(name string, v any, at guestlist.Time) error {
	text, err := jsonText(v)
	if err != nil {
		return err
	}
	return tx.run(`INSERT INTO figures (name, value, counted_at) VALUES ($1, $2, $3)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value, counted_at = excluded.counted_at`, name, text, at)
}
