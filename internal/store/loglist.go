package store

import (
	"encoding/json"
	"fmt"

	"guestlist"
)

// LogFilter says which lines of the audit log are wanted. The zero value means
// all.
type LogFilter struct {
	UserID        guestlist.UserID
	ApplicationID guestlist.ApplicationID
	Key           string          // exact
	Start, End    *guestlist.Time // inclusive
}

func (f LogFilter) isEmpty() bool { return f == LogFilter{} }

// where writes a filter as what stands between FROM and ORDER BY.
func (f LogFilter) where() (string, []any) {
	where, args := "logs WHERE TRUE", []any{}
	and := func(condition string, arg any) {
		args = append(args, arg)
		where += fmt.Sprintf(" AND "+condition, len(args))
	}
	if f.UserID != "" {
		and("user_id = $%d", f.UserID)
	}
	if f.ApplicationID != "" {
		and("application_id = $%d", f.ApplicationID)
	}
	if f.Key != "" {
		and("key = $%d", f.Key)
	}
	if f.Start != nil {
		and("created_at >= $%d", *f.Start)
	}
	if f.End != nil {
		and("created_at <= $%d", *f.End)
	}
	return where, args
}

const logColumns = "id, key, payload, created_at"

// Logs returns lines of the audit log, the newest first, and how many there
// are in all. With most > 0 counting stops there, and total is at most most+1.
// Without a filter the count costs the same however long the log is.
func (tx *Tx) Logs(f LogFilter, p Page, most int) (logs []guestlist.Log, total int, err error) {
	where, args := f.where()
	limit, more := p.sql(len(args) + 1)
	logs, err = collect(tx, scanLog, "SELECT "+logColumns+" FROM "+where+" ORDER BY created_at DESC, id DESC"+limit,
		append(args[:len(args):len(args)], more...)...)
	if err != nil {
		return nil, 0, err
	}
	switch {
	case f.isEmpty():
		total, err = tx.count(tallyLogs)
	case most > 0:
		args = append(args, most+1)
		err = tx.row(fmt.Sprintf("SELECT COUNT(*) FROM (SELECT 1 AS one FROM %s LIMIT $%d) AS counted", where, len(args)),
			args, &total)
	default:
		err = tx.row("SELECT COUNT(*) FROM "+where, args, &total)
	}
	return logs, total, err
}

// LogByID returns a line of the audit log; ErrNotFound if unknown.
func (tx *Tx) LogByID(id guestlist.LogID) (guestlist.Log, error) {
	return one(tx, scanLog, "SELECT "+logColumns+" FROM logs WHERE id = $1", id)
}

func scanLog(sc scanner) (guestlist.Log, error) {
	l := guestlist.Log{TenantID: guestlist.TenantID}
	var payload string
	err := sc.Scan(&l.ID, &l.Key, &payload, &l.CreatedAt)
	l.Payload = json.RawMessage(payload)
	return l, err
}
