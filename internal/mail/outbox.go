package mail

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// OutboxSize is how many letters an Outbox keeps; the oldest go first.
const OutboxSize = 200

// Outbox is the carrier of the dev mode and of tests: it keeps letters in
// memory and shows them. Its zero value is ready, for concurrent use. Letters
// carry codes and links, so it must never run where strangers can read it.
type Outbox struct {
	// Now is when what is posted to the mailbox came; nil leaves the time out.
	Now func() time.Time

	mu      sync.Mutex
	kept    []Kept // oldest first
	last    int
	changed chan struct{} // closed when a letter comes in; nil while nobody waits
}

// Kept is a letter in an Outbox. Seq counts from 1.
type Kept struct {
	Seq    int
	Letter Letter

	waited bool
}

// Send implements Sender. It never fails. A letter whose message id is there
// already is a repetition and changes nothing.
func (o *Outbox) Send(_ context.Context, l Letter) (Receipt, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, k := range o.kept {
		if l.Message.ID != "" && k.Letter.Message.ID == l.Message.ID {
			return Receipt{ID: fmt.Sprint(k.Seq), Detail: "was there already"}, nil
		}
	}
	o.last++
	o.kept = append(o.kept, Kept{Seq: o.last, Letter: l})
	if extra := len(o.kept) - OutboxSize; extra > 0 {
		o.kept = slices.Delete(o.kept, 0, extra)
	}
	if o.changed != nil {
		close(o.changed)
		o.changed = nil
	}
	return Receipt{ID: fmt.Sprint(o.last)}, nil
}

// Letters returns what is kept for a recipient, newest first; for "" all.
func (o *Outbox) Letters(to string) []Kept {
	o.mu.Lock()
	defer o.mu.Unlock()
	var list []Kept
	for _, k := range slices.Backward(o.kept) {
		if to == "" || strings.EqualFold(k.Letter.Message.To, to) {
			list = append(list, k)
		}
	}
	return list
}

// Letter returns the letter with a number.
func (o *Outbox) Letter(seq int) (Kept, bool) {
	for _, k := range o.Letters("") {
		if k.Seq == seq {
			return k, true
		}
	}
	return Kept{}, false
}

// Wait returns the oldest letter to a recipient that Wait has not returned
// before, as soon as there is one, or the error of ctx.
func (o *Outbox) Wait(ctx context.Context, to string) (Letter, error) {
	for {
		l, changed, ok := o.take(to)
		if ok {
			return l, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return Letter{}, fmt.Errorf("no letter to %s: %w", to, ctx.Err())
		}
	}
}

func (o *Outbox) take(to string) (Letter, <-chan struct{}, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := range o.kept {
		if k := &o.kept[i]; !k.waited && strings.EqualFold(k.Letter.Message.To, to) {
			k.waited = true
			return k.Letter, nil, true
		}
	}
	return Letter{}, o.changes(), false
}

// changes returns a channel that is closed when the next letter comes in. The
// caller holds o.mu.
func (o *Outbox) changes() <-chan struct{} {
	if o.changed == nil {
		o.changed = make(chan struct{})
	}
	return o.changed
}

// after waits until there is a letter to a recipient with a number above seq,
// and returns what is there then, newest first.
func (o *Outbox) after(ctx context.Context, to string, seq int) []Kept {
	for {
		o.mu.Lock()
		changed := o.changes()
		o.mu.Unlock()
		list := slices.DeleteFunc(o.Letters(to), func(k Kept) bool { return k.Seq <= seq })
		if len(list) > 0 {
			return list
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return list
		}
	}
}
