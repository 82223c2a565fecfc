package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"guestlist"
	"guestlist/internal/store"
)

// eventBatch is how many events are turned into deliveries in one transaction.
const eventBatch = 200

// delivery is the payload of a job: one event for one hook.
type delivery struct {
	EventID string           `json:"eventId"`
	Event   string           `json:"event"`
	HookID  guestlist.HookID `json:"hookId"`
	Payload json.RawMessage  `json:"payload"` // of the event

	// Sent is the whole body of an earlier delivery that is asked for again, and
	// SentID its id. They take the place of the payload.
	Sent   json.RawMessage `json:"sent,omitempty"`
	SentID string          `json:"sentId,omitempty"`
}

// id is what receivers recognise a repetition by.
func (d delivery) id() string {
	if d.SentID != "" {
		return d.SentID
	}
	return "msg_" + d.EventID + "_" + string(d.HookID)
}

// body returns the bytes to send: the event's payload with the hook's id as
// its last member, as on the wire.
func (d delivery) body() ([]byte, error) {
	if len(d.Sent) > 0 {
		return d.Sent, nil
	}
	id, err := json.Marshal(d.HookID)
	if err != nil {
		return nil, err
	}
	object := bytes.TrimSpace(d.Payload)
	if !json.Valid(object) || object[0] != '{' {
		return nil, fmt.Errorf("the payload of event %s is not a JSON object", d.EventID)
	}
	var b bytes.Buffer
	b.Write(bytes.TrimRight(object[:len(object)-1], " \t\r\n"))
	if b.Len() > 1 {
		b.WriteByte(',')
	}
	fmt.Fprintf(&b, `"hookId":%s}`, id)
	return b.Bytes(), nil
}

// Dispatch turns the events that wait into deliveries: for each one job per
// hook that wants it. It is the Feed of the runner. Several processes may do
// it at once; each takes events of its own.
func (n *Notifier) Dispatch(ctx context.Context) error {
	for {
		var wait bool
		err := n.Store.View(ctx, func(tx *store.Tx) error {
			var err error
			wait, err = tx.EventsWait()
			return err
		})
		if err != nil || !wait {
			return err
		}
		var taken int
		err = n.Store.Update(ctx, func(tx *store.Tx) error {
			var err error
			taken, err = dispatch(tx)
			return err
		})
		// None taken means that others have them; theirs is the rest.
		if err != nil || taken == 0 {
			return err
		}
	}
}

func dispatch(tx *store.Tx) (int, error) {
	events, err := tx.TakeEvents(eventBatch)
	if err != nil || len(events) == 0 {
		return 0, err
	}
	hooks, err := tx.Hooks(store.Page{})
	if err != nil {
		return 0, err
	}
	var jobs []guestlist.Job
	for _, e := range events {
		for _, h := range hooks {
			if !h.Matches(e.Key) {
				continue
			}
			payload, err := json.Marshal(delivery{EventID: e.ID, Event: e.Key, HookID: h.ID, Payload: e.Payload})
			if err != nil {
				return 0, fmt.Errorf("notify: event %s: %w", e.ID, err)
			}
			jobs = append(jobs, guestlist.Job{
				Kind: guestlist.JobDeliverHook, Lane: string(h.ID), Payload: payload,
				DedupeKey:   guestlist.JobDeliverHook + ":" + e.ID + ":" + string(h.ID),
				MaxAttempts: len(hookWaits) + 1,
			})
		}
	}
	return len(events), tx.Enqueue(jobs...)
}

// Redelivery is the job that delivers anew what an attempt, given by its row,
// was to deliver: the same bytes, under the same id by which the receiver may
// know them, and with as many attempts as the first time.
func Redelivery(hook guestlist.HookID, l guestlist.Log) (guestlist.Job, error) {
	var a attemptLog
	if err := json.Unmarshal(l.Payload, &a); err != nil {
		return guestlist.Job{}, fmt.Errorf("notify: log %s: %w", l.ID, err)
	}
	if len(a.HookRequest.Body) == 0 {
		return guestlist.Job{}, fmt.Errorf("notify: log %s holds no request", l.ID)
	}
	event := strings.TrimPrefix(l.Key, store.HookLogKey(""))
	d := delivery{EventID: string(l.ID), Event: event, HookID: hook, Sent: a.HookRequest.Body, SentID: a.HookRequest.ID}
	payload, err := json.Marshal(d)
	return guestlist.Job{
		Kind: guestlist.JobDeliverHook, Lane: string(hook), Payload: payload, MaxAttempts: len(hookWaits) + 1,
	}, err
}
