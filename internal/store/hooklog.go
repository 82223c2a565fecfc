package store

import (
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"guestlist"
	"guestlist/internal/crypt"
)

// HookLog is one attempt to deliver to a hook. Its payload is the wire's.
type HookLog struct {
	HookID  guestlist.HookID
	Event   string
	Failed  bool
	Payload json.RawMessage
}

// HookLogKey is what the wire calls the log of an event's delivery.
func HookLogKey(event string) string { return "TriggerHook." + event }

// LogHook writes down an attempt.
func (tx *Tx) LogHook(l HookLog) error {
	if !utf8.Valid(l.Payload) || !json.Valid(l.Payload) {
		return fmt.Errorf("store: log of hook %s: the payload is not JSON", l.HookID)
	}
	return tx.run(`INSERT INTO hook_logs (id, hook_id, key, payload, failed, created_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		crypt.ID(), l.HookID, HookLogKey(l.Event), string(l.Payload), l.Failed, tx.Now)
}

// HookLogFilter says which attempts a list has.
type HookLogFilter struct {
	HookID guestlist.HookID
	Key    string         // "TriggerHook.<Event>", or "" for all
	From   guestlist.Time // inclusive
	To     guestlist.Time // inclusive

	// Most is how far the list is counted, 0 for to its end. With it an event is
	// looked for among the newest LogWindow attempts alone.
	Most int
}

// source is what a list is read from: all between FROM and ORDER BY. An event
// has no index: it is looked for among attempts that have one.
func (f HookLogFilter) source() conditions {
	c := conditions{" WHERE hook_id = $1 AND created_at >= $2 AND created_at <= $3", []any{f.HookID, f.From, f.To}}
	switch {
	case f.Key == "":
		c.text = "hook_logs" + c.text
	case f.Most > 0:
		c.text = "(SELECT id, key, payload, created_at FROM hook_logs" + c.text + newestLines + " LIMIT $4) AS newest WHERE TRUE"
		c.args = append(c.args, LogWindow)
		c.and("key = $%d", f.Key)
	default:
		c.text = "hook_logs" + c.text
		c.and("key = $%d", f.Key)
	}
	return c
}

// HookLogs lists the attempts that pass a filter, the newest first, and says
// how many there are in all, at most one more than the filter's Most.
func (tx *Tx) HookLogs(f HookLogFilter, p Page) ([]guestlist.Log, int, error) {
	src := f.source()
	total, err := tx.countRows(src.text, src.args, limitOf(f.Most, 0))
	if err != nil {
		return nil, 0, err
	}
	limit, page := p.sql(len(src.args) + 1)
	logs, err := collect(tx, scanHookLog, "SELECT id, key, payload, created_at FROM "+src.text+newestLines+limit, with(src.args, page...)...)
	return logs, total, err
}

// HookLog returns one attempt of a hook; ErrNotFound if unknown.
func (tx *Tx) HookLog(hook guestlist.HookID, id guestlist.LogID) (guestlist.Log, error) {
	return one(tx, scanHookLog, "SELECT id, key, payload, created_at FROM hook_logs WHERE id = $1 AND hook_id = $2", id, hook)
}

func scanHookLog(sc scanner) (guestlist.Log, error) {
	var l guestlist.Log
	var payload string
	err := sc.Scan(&l.ID, &l.Key, &payload, &l.CreatedAt)
	l.Payload = json.RawMessage(payload)
	return l, err
}

// HookStats counts a hook's attempts. Its JSON is the wire's executionStats.
type HookStats struct {
	SuccessCount int `json:"successCount"`
	RequestCount int `json:"requestCount"`
}

// HookStats counts the attempts of a hook since a time, of which it looks at the
// newest LogWindow.
func (tx *Tx) HookStats(hook guestlist.HookID, since guestlist.Time) (HookStats, error) {
	var s HookStats
	err := tx.row(hookStats, []any{hook, since, LogWindow}, &s.SuccessCount, &s.RequestCount)
	return s, err
}

const hookStats = `SELECT COALESCE(SUM(CASE WHEN failed THEN 0 ELSE 1 END), 0), COUNT(*) FROM (
	SELECT failed FROM hook_logs WHERE hook_id = $1 AND created_at >= $2 ORDER BY created_at DESC LIMIT $3) AS newest`
