package store

import (
	"time"

	"guestlist"
)

// CountNewUsers returns how many of today's users came from one instant up to,
// not including, another.
func (tx *Tx) CountNewUsers(from, to guestlist.Time) (int, error) {
	var n int
	err := tx.row("SELECT COUNT(*) FROM users WHERE created_at >= $1 AND created_at < $2", []any{from, to}, &n)
	return n, err
}

// dayFormat is the form of active_users.day.
const dayFormat = time.DateOnly

// ActiveUsersByDay returns how many users were active on each day from first
// to last, both included; days without any are absent. Days are UTC, as
// 2006-01-02.
func (tx *Tx) ActiveUsersByDay(first, last time.Time) (map[string]int, error) {
	days := map[string]int{}
	return days, tx.rows(func(sc scanner) error {
		var day string
		var n int
		err := sc.Scan(&day, &n)
		days[day] = n
		return err
	}, "SELECT day, COUNT(*) FROM active_users WHERE day >= $1 AND day <= $2 GROUP BY day",
		first.Format(dayFormat), last.Format(dayFormat))
}

// CountActiveUsers returns how many different users were active from first to
// last, both days included.
func (tx *Tx) CountActiveUsers(first, last time.Time) (int, error) {
	var n int
	err := tx.row("SELECT COUNT(DISTINCT user_id) FROM active_users WHERE day >= $1 AND day <= $2",
		[]any{first.Format(dayFormat), last.Format(dayFormat)}, &n)
	return n, err
}

// NewUsersByDay returns how many of today's users came on each day from one
// instant on; days without any are absent. Days are UTC, as 2006-01-02.
func (tx *Tx) NewUsersByDay(from guestlist.Time) (map[string]int, error) {
	const day = 24 * time.Hour
	days := map[string]int{}
	return days, tx.rows(func(sc scanner) error {
		var number int64
		var n int
		err := sc.Scan(&number, &n)
		days[time.UnixMilli(number*day.Milliseconds()).UTC().Format(dayFormat)] = n
		return err
	}, "SELECT created_at / 86400000, COUNT(*) FROM users WHERE created_at >= $1 GROUP BY created_at / 86400000", from)
}
