package signin

import "guestlist"

// logEntry is a line of the audit log about an interaction.
func (i *Interaction) logEntry(key string, from Caller) guestlist.LogEntry {
	return guestlist.LogEntry{
		Key: key, UserID: i.UserID, ApplicationID: i.Request.ClientID, IP: from.IP, UserAgent: from.UserAgent,
		Extra: map[string]any{"sessionId": i.jti()},
	}
}

// jti is what the wire calls the id of an interaction in logs and events: not
// the uid, which is a secret, but its keyed hash.
func (i *Interaction) jti() string { return string(i.ID) }
