package guestlist

import "encoding/json"

// Log is one line of the audit log in its wire form.
type Log struct {
	TenantID  string          `json:"tenantId,omitempty"`
	ID        LogID           `json:"id"`
	Key       string          `json:"key"` // e.g. "ExchangeTokenBy.ClientCredentials"
	Payload   json.RawMessage `json:"payload"`
	CreatedAt Time            `json:"createdAt"`
}

// LogEntry is what a room hands to the audit log. The columns by which logs
// are found stand beside the payload; the store adds key, result and ids to
// it. A payload never holds a secret.
type LogEntry struct {
	Key           string
	Failed        bool // result "Error" instead of "Success"
	Error         string
	UserID        UserID
	ApplicationID ApplicationID
	HookID        HookID
	IP            string
	UserAgent     string
	Extra         map[string]any // further members of the payload
}
