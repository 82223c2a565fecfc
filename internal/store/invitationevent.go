package store

import (
	"guestlist"
)

// EmitInvitation emits an event about an invitation. more are members beside
// those that every such event has, such as a reason. All that is told of
// invitations goes through this file.
func (tx *Tx) EmitInvitation(key string, i guestlist.Invitation, more map[string]any) error {
	e, err := tx.invitationEvent(key, i, more)
	if err != nil {
		return err
	}
	return tx.Emit(e)
}

// EmitInvitations is EmitInvitation for what happens to thousands at a time: it
// is left out where nobody listens.
func (tx *Tx) EmitInvitations(key string, list []guestlist.Invitation) error {
	wanted, err := tx.IsWanted(key)
	if err != nil || !wanted {
		return err
	}
	events := make([]guestlist.Event, len(list))
	for at, i := range list {
		if events[at], err = tx.invitationEvent(key, i, nil); err != nil {
			return err
		}
	}
	return tx.EmitAll(events)
}

// EmitInvitationsOf is EmitInvitations for who has not read them: they are read
// if anybody listens.
func (tx *Tx) EmitInvitationsOf(key string, ids []guestlist.InvitationID) error {
	wanted, err := tx.IsWanted(key)
	if err != nil || !wanted {
		return err
	}
	list, err := tx.InvitationsOf(ids)
	if err != nil {
		return err
	}
	return tx.EmitInvitations(key, list)
}

func (tx *Tx) invitationEvent(key string, i guestlist.Invitation, more map[string]any) (guestlist.Event, error) {
	i.Status = i.StatusAt(tx.Now)
	return guestlist.InvitationEvent(key, i, tx.Now, more)
}
