package store

import (
	"cmp"
	"encoding/json"
	"slices"

	"guestlist"
	"guestlist/internal/crypt"
)

// Emit writes an event in this transaction. Notify turns it into one delivery
// per hook after the commit.
func (tx *Tx) Emit(e guestlist.Event) error {
	tx.hasWork = true
	return tx.run("INSERT INTO events (id, key, payload, created_at) VALUES ($1, $2, $3, $4)",
		crypt.ID(), e.Key, objectText(e.Payload), tx.Now)
}

// EmitAll writes many events at once, as Emit does one.
func (tx *Tx) EmitAll(events []guestlist.Event) error {
	rows := make([][]any, len(events))
	for i, e := range events {
		rows[i] = []any{crypt.ID(), e.Key, objectText(e.Payload), tx.Now}
	}
	tx.hasWork = tx.hasWork || len(events) > 0
	return tx.insertRows("INSERT INTO events (id, key, payload, created_at) VALUES ", "($, $, $, $)", "", nil, rows)
}

// IsWanted reports whether any hook listens to an event now. Whoever has
// thousands to emit may leave them out when nobody does: a hook that is made
// later hears of what happens later.
func (tx *Tx) IsWanted(key string) (bool, error) {
	wanted := false
	err := tx.rows(func(sc scanner) error {
		h := guestlist.Hook{Enabled: true}
		var events string
		if err := sc.Scan(&h.Event, &events); err != nil {
			return err
		}
		err := fromJSON(events, &h.Events)
		wanted = wanted || h.Matches(key)
		return err
	}, "SELECT event, events FROM hooks WHERE enabled")
	return wanted, err
}

// PendingEvent is an emitted event that was not yet turned into deliveries.
type PendingEvent struct {
	ID        string
	Key       string
	Payload   json.RawMessage
	CreatedAt guestlist.Time
}

// TakeEvents removes up to limit of the oldest events and returns them. The
// caller enqueues their deliveries in the same transaction, so that an event
// is either still waiting or has its deliveries.
func (tx *Tx) TakeEvents(limit int) ([]PendingEvent, error) {
	events, err := collect(tx, func(sc scanner) (PendingEvent, error) {
		var e PendingEvent
		var payload string
		err := sc.Scan(&e.ID, &e.Key, &payload, &e.CreatedAt)
		e.Payload = json.RawMessage(payload)
		return e, err
	}, takeEvents(tx.s.dialect), limit)
	slices.SortFunc(events, func(a, b PendingEvent) int {
		return cmp.Or(cmp.Compare(a.CreatedAt, b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	return events, err
}

// takeEvents chooses once: PostgreSQL may run a subquery that locks rows more than
// once, and take more than the limit.
func takeEvents(d dialect) string {
	return `WITH oldest AS MATERIALIZED (SELECT id FROM events ORDER BY created_at, id LIMIT $1` + d.skipLocked + `)
		DELETE FROM events WHERE id IN (SELECT id FROM oldest) RETURNING id, key, payload, created_at`
}

// EventsWait reports whether there are events that were not yet turned into
// deliveries.
func (tx *Tx) EventsWait() (bool, error) {
	var wait bool
	err := tx.row("SELECT EXISTS (SELECT 1 FROM events)", nil, &wait)
	return wait, err
}
