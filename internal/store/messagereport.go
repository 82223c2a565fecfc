package store

import (
	"errors"

	"guestlist"
)

// MessageReport is what a carrier says became of a message.
type MessageReport struct {
	ID        string // ours, "" if the carrier does not say
	CarrierID string
	Status    MessageStatus // delivered, deferred, bounced or complained
	Dead      bool          // nothing more should be sent to the address
	Detail    string
}

// reportable are the states that a report of a state may follow. They only go
// forward, so that a report that comes late, or again, changes nothing. A
// message that was withheld was never sent, whatever is said of it.
var reportable = map[MessageStatus]string{
	MessageDeferred:   "'queued', 'deferred', 'failed', 'sent'",
	MessageDelivered:  "'queued', 'deferred', 'failed', 'sent'",
	MessageBounced:    "'queued', 'deferred', 'failed', 'sent', 'delivered'",
	MessageComplained: "'queued', 'deferred', 'failed', 'sent', 'delivered', 'bounced'",
}

// ReportMessage writes down what a carrier says, and suppresses the address if
// it is dead. It says whether that was news: reports of unknown messages, and
// those that come late or again, are not. A report proves that the carrier has
// the message, so no attempt at sending it follows.
func (tx *Tx) ReportMessage(r MessageReport) (news bool, err error) {
	before, ok := reportable[r.Status]
	if !ok {
		return false, nil
	}
	r.ID, r.CarrierID = storable(r.ID, maxCarrierID), storable(r.CarrierID, maxCarrierID)
	row, err := tx.reported(r)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	n, err := tx.exec(`UPDATE messages SET status = $2, last_error = $3, updated_at = $4,
			taken_at = CASE WHEN taken_at = 0 THEN $4 ELSE taken_at END
		WHERE id = $1 AND status IN (`+before+")", row.ID, string(r.Status), storable(r.Detail, maxMessageError), tx.Now)
	if err != nil || n == 0 {
		return false, err
	}
	if row.InvitationID != "" {
		if err := tx.deliverInvitation(row.InvitationID, row.ID, r.Status, storable(r.Detail, maxMessageError), 0); err != nil {
			return false, err
		}
	}
	if r.Dead && row.Channel == guestlist.ChannelEmail {
		err = tx.suppress(Suppression{
			Address: guestlist.EmailKey(row.Recipient), Reason: r.Status, Detail: r.Detail, MessageID: row.ID, CreatedAt: tx.Now,
		})
	}
	return true, err
}

// reported finds the message of a report, by our id or the carrier's.
func (tx *Tx) reported(r MessageReport) (MessageRow, error) {
	if r.ID != "" {
		row, err := tx.Message(r.ID)
		if err == nil || !errors.Is(err, ErrNotFound) {
			return row, err
		}
	}
	if r.CarrierID == "" {
		return MessageRow{}, ErrNotFound
	}
	return one(tx, scanMessage, "SELECT "+messageColumns+` FROM messages WHERE carrier_id = $1 AND carrier_id <> ''
		ORDER BY created_at DESC, id LIMIT 1`, r.CarrierID)
}
