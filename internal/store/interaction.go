package store

import (
	"guestlist"
)

// The purposes of the secrets in this file.
const (
	hashInteraction = "interaction.uid"
	sealInteraction = "interaction.state"
)

// Interaction is the row of a run of the sign-in state machine. State is JSON
// of package signin's, sealed at rest since it holds what was typed.
type Interaction struct {
	ID        guestlist.InteractionID
	ClientID  guestlist.ApplicationID
	State     []byte
	Version   int64 // compare and swap
	CreatedAt guestlist.Time
	ExpiresAt guestlist.Time
}

// ErrStale says that a row changed since it was read: somebody else acted on
// the same interaction at the same time.
var ErrStale error = guestlist.Refuse(guestlist.KindConflict, "session.interaction_changed")

// InteractionID returns the id of the interaction that a browser names by uid.
func (s *Store) InteractionID(uid string) guestlist.InteractionID {
	return guestlist.InteractionID(s.key.Hash(hashInteraction, uid))
}

// InsertInteraction creates an interaction at version 1.
func (tx *Tx) InsertInteraction(i Interaction) error {
	return tx.run(`INSERT INTO interactions (id, client_id, sealed, version, created_at, expires_at)
		VALUES ($1, $2, $3, 1, $4, $5)`,
		i.ID, i.ClientID, tx.s.key.SealString(sealInteraction, string(i.State)), i.CreatedAt, i.ExpiresAt)
}

// Interaction returns a live interaction; ErrNotFound if it is unknown or its
// time is up.
func (tx *Tx) Interaction(id guestlist.InteractionID) (Interaction, error) {
	var i Interaction
	var sealed string
	if err := tx.row(`SELECT id, client_id, sealed, version, created_at, expires_at FROM interactions
		WHERE id = $1 AND expires_at > $2`, []any{id, tx.Now},
		&i.ID, &i.ClientID, &sealed, &i.Version, &i.CreatedAt, &i.ExpiresAt); err != nil {
		return i, err
	}
	state, err := tx.s.key.OpenString(sealInteraction, sealed)
	i.State = []byte(state)
	return i, err
}

// LockInteraction makes the transaction the only one that acts on an
// interaction as it was read at version; ErrStale when somebody was faster.
func (tx *Tx) LockInteraction(id guestlist.InteractionID, version int64) error {
	n, err := tx.exec("UPDATE interactions SET version = version + 1 WHERE id = $1 AND version = $2 AND expires_at > $3",
		id, version, tx.Now)
	if err == nil && n == 0 {
		return ErrStale
	}
	return err
}

// UpdateInteraction writes the state of an interaction that this transaction
// has locked.
func (tx *Tx) UpdateInteraction(i Interaction) error {
	return changed(tx.exec("UPDATE interactions SET sealed = $2 WHERE id = $1",
		i.ID, tx.s.key.SealString(sealInteraction, string(i.State))))
}

// DeleteInteraction removes an interaction as it was read and reports whether
// it was there: of several callers one is told so.
func (tx *Tx) DeleteInteraction(id guestlist.InteractionID, version int64) (bool, error) {
	n, err := tx.exec("DELETE FROM interactions WHERE id = $1 AND version = $2 AND expires_at > $3", id, version, tx.Now)
	return n == 1, err
}
