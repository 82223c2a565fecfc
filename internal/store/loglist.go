package store

import (
	"encoding/json"
	"fmt"
	"strings"

	"guestlist"
)

// LogFilter says which lines of the audit log are wanted. The zero value means
// all.
type LogFilter struct {
	UserID        guestlist.UserID
	ApplicationID guestlist.ApplicationID
	Key           string          // exact
	Start, End    *guestlist.Time // inclusive

	// Prefix is that of the keys, and Failed how the lines ended. No index has
	// these beside the others: with them no more than LogWindow lines are looked
	// through, see Logs.
	Prefix string
	Failed *bool
}

// LogWindow is how many lines are looked through for those that no index
// finds, the newest first.
const LogWindow = 10_000

func (f LogFilter) isEmpty() bool { return f == LogFilter{} }

// conditions are the parts of a WHERE clause with their arguments.
type conditions struct {
	text string
	args []any
}

// and adds a condition in which %d stands for the number of its argument.
func (c *conditions) and(condition string, arg any) {
	c.args = append(c.args, arg)
	c.text += fmt.Sprintf(" AND "+condition, len(c.args))
}

// found are the conditions for which there are indexes.
func (f LogFilter) found() conditions {
	c := conditions{text: " WHERE TRUE"}
	if f.UserID != "" {
		c.and("user_id = $%d", f.UserID)
	}
	if f.ApplicationID != "" {
		c.and("application_id = $%d", f.ApplicationID)
	}
	if f.Key != "" {
		c.and("key = $%d", f.Key)
	}
	if f.Failed != nil && *f.Failed {
		c.text += " AND failed"
	}
	f.within(&c)
	return c
}

func (f LogFilter) within(c *conditions) {
	if f.Start != nil {
		c.and("created_at >= $%d", *f.Start)
	}
	if f.End != nil {
		c.and("created_at <= $%d", *f.End)
	}
}

const (
	logColumns  = "id, key, payload, created_at"
	newestLines = " ORDER BY created_at DESC, id DESC"
)

// logSource is what a list is read from: all between FROM and ORDER BY.
type logSource struct {
	conditions
	// window reads the oldest line that was looked at, if there may be more
	// behind it.
	window string
}

// source decides how lines are found. What has an index, and no more than one
// of those, is found by it. Where something has none, it is looked for among
// the newest LogWindow lines of what the first index gives: a user's, the
// failures, an application's, or all.
func (f LogFilter) source() logSource {
	all := f.found()
	if f.Prefix == "" && f.Failed == nil {
		return logSource{conditions: conditions{"logs" + all.text, all.args}}
	}
	first, rest := f, conditions{text: " WHERE TRUE"}
	first.Prefix = ""
	if f.UserID != "" && first.isFailed() {
		first.Failed = nil
	}
	if f.ApplicationID != "" && (f.UserID != "" || first.isFailed()) {
		first.ApplicationID = ""
	}
	if f.Key != "" && (f.UserID != "" || first.ApplicationID != "" || first.isFailed()) {
		first.Key = ""
	}
	c := first.found()
	c.args = append(c.args, LogWindow)
	rest.args = c.args
	window := fmt.Sprintf("(SELECT "+logColumns+", application_id, failed FROM logs%s"+newestLines+" LIMIT $%d) AS newest", c.text, len(c.args))
	if f.ApplicationID != "" && first.ApplicationID == "" {
		rest.and("application_id = $%d", f.ApplicationID)
	}
	if f.Key != "" && first.Key == "" {
		rest.and("key = $%d", f.Key)
	}
	if f.Failed != nil {
		rest.and("failed = $%d", *f.Failed)
	}
	if f.Prefix != "" {
		rest.and("substr(key, 1, length(CAST($%[1]d AS TEXT))) = $%[1]d", f.Prefix)
	}
	return logSource{
		conditions: conditions{window + rest.text, rest.args},
		window:     fmt.Sprintf("SELECT created_at FROM logs%s"+newestLines+" LIMIT 1 OFFSET $%d", c.text, len(c.args)),
	}
}

func (f LogFilter) isFailed() bool { return f.Failed != nil && *f.Failed }

// Logs returns lines of the audit log, the newest first, and how many there
// are in all. With most > 0 counting stops there, and total is at most most+1.
// Without a filter the count costs the same however long the log is.
func (tx *Tx) Logs(f LogFilter, p Page, most int) (logs []guestlist.Log, total int, err error) {
	if f.isOfKeys() {
		return tx.logsOfKeys(f, p, most)
	}
	src := f.source()
	limit, more := p.sql(len(src.args) + 1)
	logs, err = collect(tx, scanLog, "SELECT "+logColumns+" FROM "+src.text+newestLines+limit, with(src.args, more...)...)
	if err != nil {
		return nil, 0, err
	}
	if f.isEmpty() {
		total, err = tx.count(tallyLogs)
	} else {
		total, err = tx.countRows(src.text, src.args, limitOf(most, 0))
	}
	return logs, total, err
}

// isOfKeys reports whether nothing but keys and time is asked for: then each
// key's own index finds all there is.
func (f LogFilter) isOfKeys() bool {
	return f.Prefix != "" && f == LogFilter{Prefix: f.Prefix, Start: f.Start, End: f.End}
}

// LogsUntil returns the moment of the newest line that Logs does not look at,
// nil if it looks at all.
func (tx *Tx) LogsUntil(f LogFilter) (*guestlist.Time, error) {
	src := f.source()
	if src.window == "" || f.isOfKeys() {
		return nil, nil
	}
	list, err := collect(tx, scanTime, src.window, src.args[:strings.Count(src.window, "$")]...)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
}

// with appends to a copy.
func with(args []any, more ...any) []any { return append(args[:len(args):len(args)], more...) }

func scanTime(sc scanner) (guestlist.Time, error) {
	var at guestlist.Time
	err := sc.Scan(&at)
	return at, err
}

// logKeys lists the keys that occur, by steps from one to the next in their
// index. Rooms have a fixed set of them.
func (tx *Tx) logKeys() ([]string, error) {
	return collect(tx, func(sc scanner) (string, error) {
		var key string
		err := sc.Scan(&key)
		return key, err
	}, `WITH RECURSIVE keys (key) AS (
			SELECT MIN(key) FROM logs
			UNION ALL
			SELECT (SELECT MIN(l.key) FROM logs l WHERE l.key > keys.key) FROM keys WHERE keys.key IS NOT NULL)
		SELECT key FROM keys WHERE key IS NOT NULL`)
}

// logsOfKeys finds the lines whose keys begin alike: the newest of each key,
// and of these the newest.
func (tx *Tx) logsOfKeys(f LogFilter, p Page, most int) (logs []guestlist.Log, total int, err error) {
	keys, err := tx.logKeys()
	if err != nil {
		return nil, 0, err
	}
	var parts []string
	var all conditions
	for _, key := range keys {
		if !strings.HasPrefix(key, f.Prefix) {
			continue
		}
		if most <= 0 || total <= most {
			of := f
			of.Prefix, of.Key = "", key
			src := of.source()
			n, err := tx.countRows(src.text, src.args, limitOf(most, total))
			if err != nil {
				return nil, 0, err
			}
			total += n
		}
		all.text = "logs WHERE TRUE"
		all.and("key = $%d", key)
		f.within(&all)
		limit := ""
		if p.Limit > 0 {
			all.args = append(all.args, p.Limit+p.Offset)
			limit = fmt.Sprintf(" LIMIT $%d", len(all.args))
		}
		parts = append(parts, fmt.Sprintf("SELECT * FROM (SELECT "+logColumns+" FROM %s"+newestLines+"%s) AS k%d", all.text, limit, len(parts)))
	}
	if len(parts) == 0 {
		return []guestlist.Log{}, 0, nil
	}
	limit, more := p.sql(len(all.args) + 1)
	logs, err = collect(tx, scanLog, "SELECT "+logColumns+" FROM ("+strings.Join(parts, " UNION ALL ")+") AS found"+newestLines+limit,
		with(all.args, more...)...)
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
