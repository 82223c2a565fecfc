// Package notify tells the world outside what happened here: it turns events
// into deliveries to webhooks, and sends the messages that guests wait for.
//
// It promises that an event becomes one delivery per hook that wants it, in
// the transaction that takes it from the outbox; that a delivery has the same
// bytes and the same id at every attempt, for as long as it takes or for a
// day; that every attempt and every message leaves a row that says how it
// went; and that no such row, no error and no log line holds a code, a header
// of a hook or a signing key. A code that has expired is not sent any more.
//
// It refuses to know what the events mean and when they happen, what a queue
// is made of, and how a carrier is spoken to.
package notify

import (
	"net/http"
	"sync"
	"time"

	"guestlist"
	"guestlist/internal/job"
	"guestlist/internal/mail"
	"guestlist/internal/store"
)

// Notifier delivers. Use a pointer, and set the fields before use.
type Notifier struct {
	Store *store.Store
	// Client makes the requests to addresses that people typed in. It must be
	// mail.NewGuardedClient's: what it may reach is the operator's decision.
	Client *http.Client
	// Outbox takes the messages of channels that have no connector; nil means
	// that they cannot be sent. For the dev mode and for tests.
	Outbox mail.Sender
	// SendWaits are the times between attempts at a message; nil means the usual
	// ones of the queue.
	SendWaits []time.Duration
	// Version is named in the User-Agent of webhooks.
	Version string

	mu      sync.Mutex
	senders map[guestlist.ConnectorType]usedSender

	pacing sync.Mutex
	paces  map[guestlist.ConnectorID]turns
}

// The ways in which jobs of this room are run.
const (
	hookLease   = 30 * time.Second // three times the time limit of a request
	hookWidth   = 4                // deliveries to one endpoint at once
	hookGiveUp  = 26 * time.Hour   // where answers ask for longer waits than the schedule has
	sendLease   = 2 * time.Minute
	sendWidth   = 8  // messages of a lane at once
	sendBatch   = 32 // that are claimed together
	minBlotted  = 6  // characters; shorter values of headers are not searched for in answers
	maxResponse = 64 << 10
)

// hookWaits are the times between the attempts at a delivery: ten attempts
// within 23 hours.
var hookWaits = []time.Duration{
	5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute,
	time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
}

// Kinds returns the kinds of jobs that this room runs.
func (n *Notifier) Kinds() map[string]job.Kind {
	return map[string]job.Kind{
		guestlist.JobDeliverHook: {Run: n.deliver, Lease: hookLease, Width: hookWidth, Waits: hookWaits, GiveUpAfter: hookGiveUp},
		guestlist.JobSendMessage: {Run: n.send, Dead: n.gaveUp, Lease: sendLease, Width: sendWidth, Batch: sendBatch, Waits: n.SendWaits},
	}
}
