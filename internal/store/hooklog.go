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
}

// HookLogs lists the attempts that pass a filter, the newest first, and says
// how many there are in all.
func (tx *Tx) HookLogs(f HookLogFilter, p Page) ([]guestlist.Log, int, error) {
	where, args := ` FROM hook_logs WHERE hook_id = $1 AND created_at >= $2 AND created_at <= $3`, []any{f.HookID, f.From, f.To}
	if f.Key != "" {
		where, args = where+" AND key = $4", append(args, f.Key)
	}
	var total int
	if err := tx.row("SELECT COUNT(*)"+where, args, &total); err != nil {
		return nil, 0, err
	}
	limit, page := p.sql(len(args) + 1)
	logs, err := collect(tx, scanHookLog, "SELECT id, key, payload, created_at"+where+" ORDER BY created_at DESC, id DESC"+limit, append(args, page...)...)
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

// HookStats counts the attempts of each hook since a time. Hooks without any
// are not in the map.
func (tx *Tx) HookStats(since guestlist.Time) (map[guestlist.HookID]HookStats, error) {
	stats := map[guestlist.HookID]HookStats{}
	err := tx.rows(func(sc scanner) error {
		var id guestlist.HookID
		var s HookStats
		err := sc.Scan(&id, &s.SuccessCount, &s.RequestCount)
		stats[id] = s
		return err
	}, `SELECT hook_id, SUM(CASE WHEN failed THEN 0 ELSE 1 END), COUNT(*) FROM hook_logs
		WHERE created_at >= $1 GROUP BY hook_id`, since)
	return stats, err
}
