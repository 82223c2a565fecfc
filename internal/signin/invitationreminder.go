package signin

import (
	"context"
	"errors"

	"guestlist"
	"guestlist/internal/invite"
	"guestlist/internal/store"
)

// StopReminders ends the reminders of an invitation, for whoever has a link of
// it: that is all that it does. The answer is the same for every code.
func (d *Desk) StopReminders(ctx context.Context, code string) error {
	return d.Store.Update(ctx, func(tx *store.Tx) error {
		i, err := tx.InvitationByCode(code)
		if errors.Is(err, store.ErrNotFound) || err == nil && i.Own.NoReminders {
			return nil
		}
		if err != nil {
			return err
		}
		if err := tx.StopReminders(i); err != nil {
			return err
		}
		return tx.AddInvitationAct(i.ID, guestlist.InvitationAct{Kind: invite.ActRemindersStopped})
	})
}
