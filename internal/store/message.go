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
	MessageWithheld MessageStatus = "withheld" // decided not to send: no account, or a closed gate
)

// maxMessageError bounds what is kept of a carrier's answer, in bytes.
const maxMessageError = 1024

// QueueMessage writes down a message and the job that sends it. A message with
// the same id is queued once.
func (tx *Tx) QueueMessage(m guestlist.Message) error {
	j, err := messageJob(m)
	if err != nil {
		return err
	}
	if err := tx.PutMessage(m, MessageQueued, 0, ""); err != nil {
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
		Kind: guestlist.JobSendMessage, Lane: string(m.Channel), DedupeKey: guestlist.JobSendMessage + ":" + m.ID, Payload: payload,
	}, nil
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
	if err := tx.PutMessage(m, MessageWithheld, 0, ""); err != nil {
		return err
	}
	tx.hasWork = true
	return tx.run(`INSERT INTO jobs (id, kind, lane, dedupe_key, payload, max_attempts, run_at, created_at,
			state, attempts, lease, last_error, finished_at)
		VALUES ($1, $2, $3, $4, $5, 1, $6, $6, 'done', 0, '', '', $6)`,
		crypt.ID(), j.Kind, laneOf(j), j.DedupeKey, tx.s.key.SealString(sealJob, objectText(j.Payload)), tx.Now)
}

// PutMessage writes down how it stands with a message: recipient and kind,
// never its words or its code. A message that was sent stays sent. cause is
// the last attempt's error, without secrets.
func (tx *Tx) PutMessage(m guestlist.Message, status MessageStatus, attempts int, cause string) error {
	return tx.run(`INSERT INTO messages (id, channel, recipient, template, status, attempts, last_error, user_id, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
		ON CONFLICT (id) DO UPDATE SET status = excluded.status, attempts = excluded.attempts,
			last_error = excluded.last_error, updated_at = excluded.updated_at
		WHERE messages.status <> 'sent' AND excluded.status <> 'queued'`,
		m.ID, string(m.Channel), m.To, string(m.Type), string(status), attempts, storable(cause, maxMessageError), m.UserID, tx.Now)
}

// MessageRow is a message as administrators see it.
type MessageRow struct {
	ID        string
	Channel   guestlist.Channel
	Recipient string
	Type      guestlist.TemplateType
	Status    MessageStatus
	Attempts  int
	LastError string
	UserID    guestlist.UserID
	CreatedAt guestlist.Time
	UpdatedAt guestlist.Time
}

const messageColumns = `id, channel, recipient, template, status, attempts, last_error, user_id, created_at, updated_at`

func scanMessage(sc scanner) (MessageRow, error) {
	var m MessageRow
	err := sc.Scan(&m.ID, &m.Channel, &m.Recipient, &m.Type, &m.Status, &m.Attempts, &m.LastError, &m.UserID, &m.CreatedAt, &m.UpdatedAt)
	return m, err
}

// Message returns how it stands with a message; ErrNotFound if unknown.
func (tx *Tx) Message(id string) (MessageRow, error) {
	return one(tx, scanMessage, "SELECT "+messageColumns+" FROM messages WHERE id = $1", id)
}

// Messages lists messages, the newest first.
func (tx *Tx) Messages(p Page) ([]MessageRow, error) {
	limit, args := p.sql(1)
	return collect(tx, scanMessage, "SELECT "+messageColumns+" FROM messages ORDER BY created_at DESC, id"+limit, args...)
}
