// Package job works off what was enqueued in other rooms' transactions, and
// does what has to be done every now and then.
//
// It promises that a job is tried at least once whatever dies when, by one
// worker at a time; that one that fails is tried again, later and later, until
// its schedule is used up, and is then kept, visible, as dead; that a slow
// lane holds up no other; and that stopping neither loses nor doubles anything
// that could finish in time. Handlers must come to an end when their context
// does: one that outlives its lease is run a second time elsewhere.
//
// It refuses to know what the jobs do. A kind of job is an entry of a map.
package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"guestlist"
)

// Defaults of a Kind.
const (
	DefaultLease = time.Minute
	DefaultWidth = 4
)

// defaultWaits is the schedule of a Kind that has none.
var defaultWaits = []time.Duration{
	2 * time.Second, 5 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute,
	5 * time.Minute, 15 * time.Minute, time.Hour, 4 * time.Hour, 12 * time.Hour,
}

// jitter is by how much a wait may be shorter or longer, so that what failed
// together does not come back together.
const jitter = 0.1

// Job is one attempt at a job.
type Job struct {
	ID          guestlist.JobID
	Kind        string
	Payload     json.RawMessage
	Attempt     int // this one included
	MaxAttempts int
	EnqueuedAt  guestlist.Time
}

// Last reports whether nothing comes after this attempt, should it fail.
func (j Job) Last() bool { return j.Attempt >= j.MaxAttempts }

// Handler makes an attempt. nil means that the job is done; Cancel, Snooze and
// RetryAfter give other errors a meaning. Its error text is kept and shown to
// administrators, and logged: it must hold no secret.
type Handler func(ctx context.Context, j Job) error

// Kind says how jobs of a kind are run.
type Kind struct {
	Run Handler
	// Lease is how long an attempt belongs to its worker; 0 means
	// DefaultLease. The handler's context ends after 90 % of it.
	Lease time.Duration
	// Width is how many jobs of a lane this process runs at once; 0 means
	// DefaultWidth.
	Width int
	// Batch is how many jobs of a lane are claimed together. Short jobs want
	// many; 0 means Width, so that none waits for its worker.
	Batch int
	// Waits are the times between attempts, the last one repeated; nil means
	// some tries within seconds, then later and later for most of a day.
	Waits []time.Duration
	// GiveUpAfter ends retries by age, whatever attempts are left; 0 means no.
	GiveUpAfter time.Duration
	// Dead, if not nil, writes down elsewhere that a job was given up, and why:
	// also of one that took its process along at every attempt. It may be called
	// more than once. Where it fails the job is not dead yet.
	Dead func(ctx context.Context, j Job, because error) error
}

func (k Kind) lease() time.Duration {
	if k.Lease == 0 {
		return DefaultLease
	}
	return k.Lease
}

// timeout is how long a handler may run from its claim.
func (k Kind) timeout() time.Duration { return k.lease() * 9 / 10 }

func (k Kind) width() int {
	if k.Width == 0 {
		return DefaultWidth
	}
	return k.Width
}

func (k Kind) batch() int { return max(k.Batch, k.width()) }

// wait returns the time after a failed attempt, counted from 1; random is in
// [0, 1).
func (k Kind) wait(attempt int, random float64) time.Duration {
	waits := k.Waits
	if len(waits) == 0 {
		waits = defaultWaits
	}
	wait := waits[min(max(attempt, 1), len(waits))-1]
	return time.Duration(float64(wait) * (1 - jitter + 2*jitter*random))
}

// meaning is an error that says more than that an attempt failed.
type meaning struct {
	err    error
	cancel bool
	snooze bool
	after  time.Duration
}

func (m *meaning) Error() string { return m.err.Error() }
func (m *meaning) Unwrap() error { return m.err }

// Cancel says that no further attempt can succeed: the job is dead at once.
func Cancel(err error) error { return &meaning{err: err, cancel: true} }

// RetryAfter says that the next attempt must not be made before d has passed,
// even where the schedule would.
func RetryAfter(d time.Duration, err error) error { return &meaning{err: err, after: d} }

// errSnoozed is what the row of a job shows that was put off.
var errSnoozed = errors.New("put off")

// Snooze puts the job off for d. The attempt does not count.
func Snooze(d time.Duration) error { return &meaning{err: errSnoozed, snooze: true, after: d} }

// PanicError is the failure of a handler that panicked.
type PanicError struct {
	Value any
	Stack []byte
}

// Error returns the value without the stack.
func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// random is the source of jitter; it protects nothing.
func random() float64 { return rand.Float64() } //nolint:gosec // jitter needs no secrecy
