package store

import (
	"encoding/json"
	"fmt"

	"guestlist"
	"guestlist/internal/crypt"
)

// MessageStatus is what became of a message.
type MessageStatus string

// The states of a message.
const (
	MessageQueued   MessageStatus = "queued"
	MessageDeferred MessageStatus = "deferred" // an attempt failed, another comes
	MessageSent     MessageStatus = "sent"
	MessageFailed   MessageStatus = "failed"
	MessageWithheld MessageStatus = "withheld" // decided not to send: no account, a closed gate, or a suppressed address

	// What carriers report of messages that they have taken. They report
	// MessageDeferred too, while they try themselves.
	MessageDelivered  MessageStatus = "delivered"
	MessageBounced    MessageStatus = "bounced"
	MessageComplained MessageStatus = "complained" // the recipient called it spam
)

// maxMessageError bounds what is kept of a carrier's answer, in bytes.
const maxMessageError = 1024

// maxCarrierID bounds what is kept of a carrier's id, in bytes.
const maxCarrierID = 256

// QueueMessage writes down a message and the job that sends it. A message with
// the same id is queued once.
func (tx *Tx) QueueMessage(m guestlist.Message) error {
	j, err := messageJob(m)
	if err != nil {
		return err
	}
	if err := tx.PutMessage(m, MessageState{Status: MessageQueued}); err != nil {
		return err
	}
	return tx.Enqueue(j)
}

func messageJob(m guestlist.Message) (guestlist.Job, error) {
	payload, err := json.Marshal(m)
	if err != nil {
		return guestlist.Job{}, fmt.Errorf("store: queue %s: %w", m, err)
	}
	return guestlist.Job{
		Kind: guestlist.JobSendMessage, Lane: messageLane(m.Channel, m.InvitationID != ""), DedupeKey: guestlist.JobSendMessage + ":" + m.ID, Payload: payload,
	}, nil
}

// messageLane names the lane of messages. Those of invitations have one of their
// own: nobody who signs in waits behind a campaign.
func messageLane(channel guestlist.Channel, invitation bool) string {
	if invitation {
		return string(channel) + "/invitations"
	}
	return string(channel)
}

// WithholdMessage does the work of QueueMessage for a message that must not be
// sent, so that its absence does not show in the time of the answer: the job
// is born done, and the sweep takes it. Administrators see that the message was
// withheld.
func (tx *Tx) WithholdMessage(m guestlist.Message) error {
	j, err := messageJob(m)
	if err != nil {
		return err
	}
	if err := tx.PutMessage(m, MessageState{Status: MessageWithheld}); err != nil {
		return err
	}
	tx.hasWork = true
	return tx.run(`INSERT INTO jobs (id, kind, lane, dedupe_key, payload, max_attempts, run_at, created_at,
			state, attempts, lease, last_error, finished_at)
		VALUES ($1, $2, $3, $4, $5, 1, $6, $6, 'done', 0, '', '', $6) ON CONFLICT (dedupe_key) DO NOTHING`,
		crypt.ID(), j.Kind, laneOf(j), j.DedupeKey, tx.s.key.SealString(sealJob, objectText(j.Payload)), tx.Now)
}

// MessageState is how it stands with a message.
type MessageState struct {
	Status    MessageStatus
	Attempts  int
	Error     string // of the last attempt, without secrets
	CarrierID string // of a message that was sent
}

// PutMessage writes down how it stands with a message: recipient and kind,
// never its words or its code. A message that was taken by a carrier stays
// taken: from then on only ReportMessage changes it.
func (tx *Tx) PutMessage(m guestlist.Message, s MessageState) error {
	var taken guestlist.Time
	if s.Status == MessageSent {
		taken = tx.Now
	}
	n, err := tx.exec("INSERT INTO messages ("+messageColumns+") VALUES ("+placeholders(1, 13)+`)
		ON CONFLICT (id) DO UPDATE SET status = excluded.status, attempts = excluded.attempts,
			last_error = excluded.last_error, carrier_id = excluded.carrier_id, taken_at = excluded.taken_at,
			updated_at = excluded.updated_at
		WHERE messages.taken_at = 0 AND excluded.status <> 'queued'`,
		m.ID, string(m.Channel), m.To, string(m.Type), string(s.Status), s.Attempts, storable(s.Error, maxMessageError), m.UserID,
		storable(s.CarrierID, maxCarrierID), taken, tx.Now, tx.Now, m.InvitationID)
	if err != nil || n == 0 || m.InvitationID == "" {
		return err
	}
	return tx.deliverInvitation(m.InvitationID, m.ID, s.Status, storable(s.Error, maxMessageError), m.ValidFor)
}

// MessageRow is a message as administrators see it. Its JSON is the wire
// format of /api/messages.
type MessageRow struct {
	ID        string                 `json:"id"`
	Channel   guestlist.Channel      `json:"channel"`
	Recipient string                 `json:"recipient"`
	Type      guestlist.TemplateType `json:"templateType"`
	Status    MessageStatus          `json:"status"`
	Attempts  int                    `json:"attempts"`
	LastError string                 `json:"lastError"`
	UserID    guestlist.UserID       `json:"userId"`
	CarrierID string                 `json:"carrierId"`
	TakenAt   guestlist.Time         `json:"takenAt"` // by the carrier; 0 before
	CreatedAt guestlist.Time         `json:"createdAt"`
	UpdatedAt guestlist.Time         `json:"updatedAt"`
	// InvitationID is the invitation that it is about; "" for none.
	InvitationID guestlist.InvitationID `json:"invitationId,omitempty"`
}

const messageColumns = `id, channel, recipient, template, status, attempts, last_error, user_id, carrier_id, taken_at, created_at, updated_at, invitation_id`

func scanMessage(sc scanner) (MessageRow, error) {
	var m MessageRow
	err := sc.Scan(&m.ID, &m.Channel, &m.Recipient, &m.Type, &m.Status, &m.Attempts, &m.LastError, &m.UserID,
		&m.CarrierID, &m.TakenAt, &m.CreatedAt, &m.UpdatedAt, &m.InvitationID)
	return m, err
}

// Message returns how it stands with a message; ErrNotFound if unknown.
func (tx *Tx) Message(id string) (MessageRow, error) {
	return one(tx, scanMessage, "SELECT "+messageColumns+" FROM messages WHERE id = $1", id)
}

// InvitationMessages lists the messages of an invitation, the oldest first.
func (tx *Tx) InvitationMessages(id guestlist.InvitationID) ([]MessageRow, error) {
	return collect(tx, scanMessage, "SELECT "+messageColumns+` FROM messages WHERE invitation_id = $1 AND invitation_id <> ''
		ORDER BY created_at, id`, id)
}

// failedMessages has an index of its own. It holds what a host has to look
// after: messages that did not leave, or came back.
const failedMessages = "messages WHERE status IN ('failed', 'bounced', 'complained')"

// Messages lists messages, the newest first, and counts them; with most > 0
// counting stops there, and total is at most most+1. onlyFailed leaves out those
// with which all is well.
func (tx *Tx) Messages(onlyFailed bool, p Page, most int) ([]MessageRow, int, error) {
	from := "messages"
	if onlyFailed {
		from = failedMessages
	}
	limit, args := p.sql(1)
	rows, err := collect(tx, scanMessage, "SELECT "+messageColumns+" FROM "+from+" ORDER BY created_at DESC, id DESC"+limit, args...)
	if err != nil {
		return nil, 0, err
	}
	total, err := tx.countRows(from, nil, limitOf(most, 0))
	return rows, total, err
}

// limitOf is how many rows are counted after some were, if no more than most
// are to be counted and one that says that there are more; 0 counts all.
func limitOf(most, counted int) int {
	if most <= 0 {
		return 0
	}
	return most + 1 - counted
}

// countRows counts rows; with a limit, no more than that. from is all after
// FROM.
func (tx *Tx) countRows(from string, args []any, limit int) (n int, err error) {
	if limit == 0 {
		err = tx.row("SELECT COUNT(*) FROM "+from, args, &n)
		return n, err
	}
	err = tx.row(fmt.Sprintf("SELECT COUNT(*) FROM (SELECT 1 AS one FROM %s LIMIT $%d) AS counted", from, len(args)+1),
		with(args, limit), &n)
	return n, err
}
