package invite

import (
	"encoding/json"

	"guestlist"
	"guestlist/internal/store"
)

// isoMillis is the format of createdAt in webhook bodies.
const isoMillis = "2006-01-02T15:04:05.000Z"

// Emit tells hooks what happened to an invitation: data is the invitation as the
// API shows it, which holds no secret, and more goes beside it.
func Emit(tx *store.Tx, key string, i guestlist.Invitation, more map[string]any) error {
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
