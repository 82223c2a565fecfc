package store

import (
	"errors"
	"time"

	"guestlist"
)

// deliveries are what the state of a message says of its invitation.
var deliveries = map[MessageStatus]guestlist.InvitationDelivery{
	MessageQueued: guestlist.InvitationQueued, MessageDeferred: guestlist.InvitationDeferred, MessageSent: guestlist.InvitationSent,
	MessageFailed: guestlist.InvitationFailed, MessageWithheld: guestlist.InvitationSuppressed,
	MessageDelivered: guestlist.InvitationDelivered, MessageBounced: guestlist.InvitationBounced,
	MessageComplained: guestlist.InvitationComplained,
}

// deliverInvitation writes onto an invitation what became of its latest mail,
// counts it, and emits it. What is said of an earlier mail is of no interest any
// more: the address got a newer one. first says what is counted: of several
// mails of one invitation the first that is sent, and the first that arrives.
// validFor is how many seconds it is good from its sending; 0 leaves its end.
func (tx *Tx) deliverInvitation(id guestlist.InvitationID, message string, status MessageStatus, detail string, validFor int) error {
	var current string
	if err := tx.row("SELECT message_id FROM invitations WHERE id = $1"+tx.s.dialect.forUpdate, []any{id}, &current); err != nil {
		if errors.Is(err, ErrNotFound) {
			return nil // it was deleted meanwhile
		}
		return err
	}
	if status == MessageQueued { // it is the latest from now on
		return tx.run("UPDATE invitations SET delivery = $2, delivery_error = '', message_id = $3, updated_at = $4 WHERE id = $1",
			id, guestlist.InvitationQueued, message, tx.Now)
	}
	if current != message {
		return nil
	}
	i, err := tx.Invitation(id)
	if err != nil {
		return err
	}
	delivery := deliveries[status]
	if status == MessageWithheld && !isOpen(i) {
		delivery = guestlist.InvitationNone // it was over before its mail left, which is no failure
	}
	if delivery == i.Delivery {
		return nil
	}
	firstSent, firstDelivered := i.SentAt == nil, i.DeliveredAt == nil
	if firstSent && isSettled(delivery) && !isSettled(i.Delivery) && i.Sends <= 1 {
		tx.countInvitation(StageSettled, i.CampaignID, 1)
	}
	if validFor > 0 && (delivery == guestlist.InvitationSent || status == MessageFailed || status == MessageWithheld) {
		i.ExpiresAt = tx.Now.Add(time.Duration(validFor) * time.Second)
	}
	i.Delivery, i.DeliveryError = delivery, detail
	var event string
	switch delivery {
	case guestlist.InvitationSent:
		event = guestlist.EventInvitationSent
		if firstSent {
			i.SentAt = &tx.Now
			tx.countInvitation(StageSent, i.CampaignID, 1)
		}
	case guestlist.InvitationDelivered:
		event = guestlist.EventInvitationDelivered
		if i.DeliveredAt = &tx.Now; firstDelivered {
			tx.countInvitation(StageDelivered, i.CampaignID, 1)
		}
	case guestlist.InvitationFailed, guestlist.InvitationBounced, guestlist.InvitationComplained, guestlist.InvitationSuppressed:
		event = guestlist.EventInvitationDeliveryFailed
		tx.countInvitation(StageFailed, i.CampaignID, 1)
	default: // queued and deferred: it goes on
	}
	if err := tx.run(`UPDATE invitations SET delivery = $2, delivery_error = $3, sent_at = $4, delivered_at = $5, updated_at = $6,
			expires_at = $7
		WHERE id = $1`, id, i.Delivery, i.DeliveryError, i.SentAt, i.DeliveredAt, tx.Now, i.ExpiresAt); err != nil || event == "" {
		return err
	}
	return tx.EmitInvitations(event, []guestlist.Invitation{i}) // as many as there are mails
}

// isOpen reports whether somebody may still accept an invitation, now or later.
func isOpen(i guestlist.Invitation) bool {
	return i.Status == guestlist.InvitationPending || i.Status == guestlist.InvitationScheduled
}

// isSettled reports whether a state of delivery is one after which nothing more
// is tried.
func isSettled(d guestlist.InvitationDelivery) bool {
	return d != guestlist.InvitationQueued && d != guestlist.InvitationDeferred
}
