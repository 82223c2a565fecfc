package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"guestlist"
	"guestlist/internal/job"
	"guestlist/internal/store"
)

// logWithin is how long an attempt may take to be written down, even while
// the process stops.
const logWithin = time.Second

// deliver makes one attempt to deliver an event to a hook.
func (n *Notifier) deliver(ctx context.Context, j job.Job) error {
	var d delivery
	if err := json.Unmarshal(j.Payload, &d); err != nil {
		return job.Cancel(fmt.Errorf("its payload is not a delivery: %w", err))
	}
	var hook guestlist.Hook
	now := n.Store.Now()
	err := n.Store.View(ctx, func(tx *store.Tx) error {
		var err error
		hook, err = tx.Hook(d.HookID)
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil // whoever deleted it wants nothing delivered: no work for a host to look at
	case err != nil:
		return fmt.Errorf("notify: hook %s: %w", d.HookID, err)
	case !hook.Enabled:
		return job.Cancel(errors.New("the hook was disabled"))
	}
	body, err := d.body()
	if err != nil {
		return job.Cancel(err)
	}
	a, failure := n.do(ctx, post{config: hook.Config, key: hook.SigningKey, id: d.id(), at: now, body: body})
	if err := n.logAttempt(ctx, d, body, a, failure); err != nil {
		return err
	}
	return verdict(a, failure)
}

// verdict decides what an attempt means for the next.
func verdict(a answer, failure error) error {
	switch {
	case failure != nil && isFinal(failure):
		return job.Cancel(failure)
	case failure != nil:
		return failure
	case a.ok():
		return nil
	case a.status == http.StatusRequestTimeout, a.status == http.StatusTooManyRequests, a.status >= 500:
		return job.RetryAfter(a.retryAfter, a.err())
	}
	return job.Cancel(a.err())
}

// attemptLog is the payload of an attempt's row, as the wire shows it.
type attemptLog struct {
	Key         string           `json:"key"`
	Result      string           `json:"result"`
	Error       string           `json:"error,omitempty"`
	HookID      guestlist.HookID `json:"hookId"`
	Response    *attemptResponse `json:"response,omitempty"`
	HookRequest attemptRequest   `json:"hookRequest"`
}

type attemptResponse struct {
	StatusCode int             `json:"statusCode"`
	Body       json.RawMessage `json:"body"`
}

type attemptRequest struct {
	ID   string          `json:"id,omitempty"` // ours: the header webhook-id
	Body json.RawMessage `json:"body"`
}

func (n *Notifier) logAttempt(ctx context.Context, d delivery, body []byte, a answer, failure error) error {
	l := attemptLog{Key: store.HookLogKey(d.Event), Result: "Success", HookID: d.HookID, HookRequest: attemptRequest{ID: d.id(), Body: body}}
	switch {
	case failure != nil:
		l.Result, l.Error = "Error", failure.Error()
	default:
		l.Response = &attemptResponse{StatusCode: a.status, Body: jsonOrText(a.body)}
		if !a.ok() {
			l.Result, l.Error = "Error", a.err().Error()
		}
	}
	payload, err := json.Marshal(l)
	if err != nil {
		return job.Cancel(fmt.Errorf("notify: log of hook %s: %w", d.HookID, err))
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), logWithin)
	defer cancel()
	err = n.Store.Update(ctx, func(tx *store.Tx) error {
		return tx.LogHook(store.HookLog{HookID: d.HookID, Event: d.Event, Failed: l.Result != "Success", Payload: payload})
	})
	if err != nil {
		return fmt.Errorf("notify: log of hook %s: %w", d.HookID, err)
	}
	return nil
}
