package store

import (
	"encoding/json"
	"fmt"

	"guestlist"
	"guestlist/internal/crypt"
)

// Log writes lines of the audit log in this transaction.
func (tx *Tx) Log(entries ...guestlist.LogEntry) error {
	rows := make([][]any, len(entries))
	for i, e := range entries {
		payload, err := logPayload(e)
		if err != nil {
			return err
		}
		rows[i] = []any{crypt.ID(), e.Key, payload, e.UserID, e.ApplicationID, tx.Now, e.Failed}
	}
	tx.tally(tallyLogs, int64(len(entries)))
	return tx.insertRows("INSERT INTO logs (id, key, payload, user_id, application_id, created_at, failed) VALUES ",
		"($, $, $, $, $, $, $)", "", nil, rows)
}

// logPayload builds the wire's payload of an entry.
func logPayload(e guestlist.LogEntry) (string, error) {
	m := make(map[string]any, len(e.Extra)+8)
	for k, v := range e.Extra {
		m[k] = v
	}
	m["key"] = e.Key
	m["result"] = "Success"
	if e.Failed {
		m["result"] = "Error"
	}
	for k, v := range map[string]string{
		"error": e.Error, "ip": e.IP, "userAgent": e.UserAgent, "userId": string(e.UserID),
		"applicationId": string(e.ApplicationID), "hookId": string(e.HookID),
	} {
		if v != "" {
			m[k] = v
		}
	}
	b, err := json.Marshal(m)
	if err != nil {
		return "", fmt.Errorf("store: log %s: %w", e.Key, err)
	}
	return string(b), nil
}
