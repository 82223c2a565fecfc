package invite

import (
	"encoding/json"

	"guestlist"
	"guestlist/internal/store"
)

// isoMillis is the format of createdAt in webhook bodies.
const isoMillis = "2006-01-02T15:04:05.000Z"

// Emit tells hooks and the audit log what happened to an invitation: data is the
// invitation as the API shows it, which holds no secret, and more goes beside it.
func Emit(tx *store.Tx, key string, i guestlist.Invitation, more map[string]any) error {
	if err := Tell(tx, key, i, more); err != nil {
		return err
	}
	line := guestlist.LogEntry{Key: key, Extra: map[string]any{"invitationId": i.ID, "campaignId": i.CampaignID}}
	return tx.Log(by(line, i.Inviter))
}

// Tell is Emit for what guests do: who tells knows them, and writes the line of
// the audit log.
func Tell(tx *store.Tx, key string, i guestlist.Invitation, more map[string]any) error {
	m := map[string]any{"event": key, "createdAt": tx.Now.Std().Format(isoMillis), "invitationId": i.ID, "data": i}
	for k, v := range more {
		m[k] = v
	}
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return tx.Emit(guestlist.Event{Key: key, Payload: body})
}

// by makes a line of the audit log that of an inviter.
func by(line guestlist.LogEntry, who guestlist.Inviter) guestlist.LogEntry {
	switch who.Type {
	case guestlist.InviterUser:
		line.UserID = guestlist.UserID(who.ID)
	case guestlist.InviterApplication:
		line.ApplicationID = guestlist.ApplicationID(who.ID)
	case guestlist.InviterSystem:
	}
	return line
}
