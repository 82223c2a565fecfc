package invite

import (
	"guestlist"
	"guestlist/internal/store"
)

// Emit tells hooks and the audit log what happened to an invitation. Whoever
// writes the line of the audit log themselves, since they know who did it, emits
// by store.Tx.EmitInvitation.
func Emit(tx *store.Tx, key string, i guestlist.Invitation) error {
	if err := tx.EmitInvitation(key, i, nil); err != nil {
		return err
	}
	line := guestlist.LogEntry{Key: key, Extra: map[string]any{"invitationId": i.ID, "campaignId": i.CampaignID}}
	return tx.Log(by(line, i.Inviter))
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
