package notify

import (
	"context"
	"time"

	"guestlist"
	"guestlist/internal/job"
	"guestlist/internal/mail"
	"guestlist/internal/store"
)

// How long a message waits for its turn where a carrier takes only so many a
// second; where it would be longer, it is put off. Somebody waits for a code, and
// nobody for one mail of a campaign.
const (
	paceWait       = 4 * time.Second
	paceWaitOfMany = 500 * time.Millisecond
	// paceSpan is for how long a process reserves its turns at once.
	paceSpan = 500 * time.Millisecond
)

// turns are the moments at which a process may hand messages to a carrier.
type turns struct {
	next, ends guestlist.Time
	rate       float64 // a second, for which they were reserved
}

// keepPace waits until a message may leave. All processes of a database together
// keep to what the carrier takes.
func (n *Notifier) keepPace(ctx context.Context, m guestlist.Message, c *guestlist.Connector) error {
	if c == nil {
		return nil
	}
	rate := mail.Pace(c.Config)
	if rate <= 0 {
		return nil
	}
	most := paceWait
	if m.InvitationID != "" {
		most = paceWaitOfMany
	}
	turn, mine, err := n.turn(ctx, c.ID, rate, most)
	if err != nil {
		return err
	}
	wait := turn.Sub(n.Store.Now())
	if !mine {
		return job.Snooze(wait)
	}
	if wait <= 0 {
		return nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// turn takes the next turn at a carrier, if it comes within most; otherwise it
// says when to ask again.
func (n *Notifier) turn(ctx context.Context, id guestlist.ConnectorID, rate float64, most time.Duration) (at guestlist.Time, mine bool, err error) {
	n.pacing.Lock()
	defer n.pacing.Unlock()
	step := max(time.Millisecond, time.Duration(float64(time.Second)/rate))
	t, now := n.paces[id], n.Store.Now()
	if t.next = max(t.next, now); t.rate != rate || t.next.Add(step) > t.ends {
		span := time.Duration(max(int64(paceSpan/step), 1) * int64(step))
		var from guestlist.Time
		if err := n.Store.Update(ctx, func(tx *store.Tx) error {
			var err error
			from, mine, err = tx.TakeTurns("pace|"+string(id), span, most)
			return err
		}); err != nil || !mine {
			return from, false, err
		}
		t = turns{next: from, ends: from.Add(span), rate: rate}
	}
	if t.next.Sub(now) > most {
		return t.next, false, nil
	}
	at = t.next
	t.next = at.Add(step)
	if n.paces == nil {
		n.paces = map[guestlist.ConnectorID]turns{}
	}
	n.paces[id] = t
	return at, true, nil
}
