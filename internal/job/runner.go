package job

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"guestlist"
	"guestlist/internal/store"
)

// DefaultPoll is how often the queue is looked at when nobody says that there
// is work: jobs of other processes, waits that are over, leases that ended.
const DefaultPoll = time.Second

// Runner works off the jobs of a store. Several may share a database, in one
// process or many. Use a pointer, and set the fields before Start.
type Runner struct {
	Store *store.Store
	// Kinds says how to run what. Jobs of other kinds are left to processes
	// that know them.
	Kinds map[string]Kind
	// Feed, if not nil, runs before each look at the queue: it turns what waits
	// elsewhere into jobs.
	Feed func(ctx context.Context) error
	Log  *slog.Logger
	Poll time.Duration // 0 means DefaultPoll

	prepare sync.Once
	wake    chan struct{} // there may be something to claim
	ended   chan struct{} // there may be results to write

	looping  sync.WaitGroup // loops of Start
	workers  sync.WaitGroup
	stopLoop context.CancelFunc
	stopWork context.CancelFunc
	stopped  chan struct{} // closed when Stop is through
	stopErr  error

	mu       sync.Mutex
	stopping bool
	lanes    map[string]*lane
	results  []result
	unknown  map[string]bool // kinds that were complained about
	counts   Counts
}

// lane is what this process holds of a lane of the queue.
type lane struct {
	kind    Kind
	held    int // claimed, and the result not yet written
	running int // workers
	waiting []store.ClaimedJob
}

// result is an attempt that ended, to be written down.
type result struct {
	store.JobResult
	lane    *lane
	expires guestlist.Time // of the lease: nothing to write after it
}

func (r *Runner) init() {
	r.prepare.Do(func() {
		r.wake, r.ended = make(chan struct{}, 1), make(chan struct{}, 1)
		r.lanes, r.unknown = map[string]*lane{}, map[string]bool{}
		r.counts.Kinds = map[string]KindCounts{}
		r.Store.OnWork(r.Wake)
	})
}

// Wake makes the runner look at the queue at once. It never blocks.
func (r *Runner) Wake() { signal(r.wake) }

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // a signal is already waiting
	}
}

// Start begins to work until Stop. What ctx carries reaches the handlers; its
// end does not stop the runner, so that a drain can be in order.
func (r *Runner) Start(ctx context.Context) {
	r.init()
	ctx = context.WithoutCancel(ctx)
	loopCtx, stopLoop := context.WithCancel(ctx)
	workCtx, stopWork := context.WithCancel(ctx)
	r.stopLoop, r.stopWork = stopLoop, stopWork
	r.looping.Go(func() { r.claimLoop(loopCtx, workCtx) })
	r.looping.Go(func() { r.writeLoop(loopCtx) })
}

func (r *Runner) claimLoop(ctx, workCtx context.Context) {
	poll := r.Poll
	if poll == 0 {
		poll = DefaultPoll
	}
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for ctx.Err() == nil {
		if _, err := r.claim(ctx, workCtx); err != nil && ctx.Err() == nil {
			r.Log.ErrorContext(ctx, "looking for jobs failed", "error", err)
			// No hurry then: the tick comes before the next look.
			select {
			case <-tick.C:
			case <-ctx.Done():
			}
			continue
		}
		select {
		case <-r.wake:
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

// writeLoop writes results as they come: while one transaction is under way
// those of the next gather, so that the batch grows with the load.
func (r *Runner) writeLoop(ctx context.Context) {
	for {
		select {
		case <-r.ended:
		case <-ctx.Done():
			return
		}
		if err := r.write(context.WithoutCancel(ctx)); err != nil {
			r.Log.ErrorContext(ctx, "writing down results of jobs failed", "error", err)
			select {
			case <-time.After(DefaultPoll):
				signal(r.ended)
			case <-ctx.Done():
				return
			}
		}
	}
}

// RunDue works off everything that is due, and what comes of it, and returns.
// It is for tests, and for commands that end; not between Start and Stop.
func (r *Runner) RunDue(ctx context.Context) error {
	r.init()
	for {
		n, err := r.claim(ctx, ctx)
		if err != nil {
			return err
		}
		r.workers.Wait()
		if err := r.write(ctx); err != nil {
			return err
		}
		if n == 0 {
			return nil
		}
	}
}

// claimTimeout bounds a claim, and so how long a stop waits for one.
const claimTimeout = 5 * time.Second

// claim takes what is due and what this process has room for, and starts it.
func (r *Runner) claim(ctx, workCtx context.Context) (int, error) {
	if r.Feed != nil {
		if err := r.Feed(ctx); err != nil {
			return 0, fmt.Errorf("job: feed: %w", err)
		}
	}
	var due []store.Lane
	now := r.Store.Now()
	err := r.Store.View(ctx, func(tx *store.Tx) error {
		lanes, err := tx.Lanes()
		due, now = lanes, tx.Now
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("job: lanes: %w", err)
	}
	wants := r.wants(due, now)
	if len(wants) == 0 {
		return 0, nil
	}
	// A stop does not interrupt the claim: one that was committed while its
	// answer was given up would hold its jobs until their leases end.
	claimCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), claimTimeout)
	defer cancel()
	err = r.Store.Update(claimCtx, func(tx *store.Tx) error {
		for i := range wants {
			w := &wants[i]
			var err error
			if w.jobs, err = tx.ClaimJobs(w.name, tx.Now.Add(w.lane.kind.lease()), w.room); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("job: claim: %w", err)
	}
	return r.begin(workCtx, wants), nil
}

// want is a lane with work, and how much of it there is room for.
type want struct {
	name string
	lane *lane
	room int
	jobs []store.ClaimedJob
}

func (r *Runner) wants(due []store.Lane, now guestlist.Time) []want {
	r.mu.Lock()
	defer r.mu.Unlock()
	var wants []want
	for _, d := range due {
		if d.DueAt > now {
			continue
		}
		kind, known := r.Kinds[d.Kind]
		if !known {
			if !r.unknown[d.Kind] {
				r.unknown[d.Kind] = true
				r.Log.Warn("jobs wait that this process has no handler for", "kind", d.Kind)
			}
			continue
		}
		l := r.lanes[d.Name]
		if l == nil {
			l = &lane{kind: kind}
		}
		if room := kind.batch() - l.held; room > 0 {
			wants = append(wants, want{name: d.Name, lane: l, room: room})
		}
	}
	return wants
}

// begin starts workers for what was claimed.
func (r *Runner) begin(ctx context.Context, wants []want) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forgetIdle()
	n := 0
	for _, w := range wants {
		n += len(w.jobs)
		if len(w.jobs) == 0 {
			continue
		}
		l := w.lane
		r.lanes[w.name] = l
		l.held += len(w.jobs)
		l.waiting = append(l.waiting, w.jobs...)
		for l.running < l.kind.width() && len(l.waiting) > 0 {
			first := l.waiting[0]
			l.waiting = l.waiting[1:]
			l.running++
			r.workers.Go(func() { r.work(ctx, l, first) })
		}
	}
	r.counts.Claimed += int64(n)
	return n
}

// forgetIdle drops lanes that hold nothing: lanes come and go with hooks.
func (r *Runner) forgetIdle() {
	for name, l := range r.lanes {
		if l.held == 0 {
			delete(r.lanes, name)
		}
	}
}

// work makes attempts until its lane has none waiting.
func (r *Runner) work(ctx context.Context, l *lane, c store.ClaimedJob) {
	for more := true; more; {
		res := r.attempt(ctx, l.kind, c)
		r.mu.Lock()
		r.results = append(r.results, result{JobResult: res, lane: l, expires: c.ClaimedAt.Add(l.kind.lease())})
		if more = len(l.waiting) > 0; more {
			c, l.waiting = l.waiting[0], l.waiting[1:]
		} else {
			l.running--
		}
		r.mu.Unlock()
		signal(r.ended)
	}
}

// write writes down the results that have gathered. On an error they stay, to
// be written later, until their leases end.
func (r *Runner) write(ctx context.Context) error {
	r.mu.Lock()
	batch := r.results
	r.results = nil
	r.mu.Unlock()
	if len(batch) == 0 {
		return nil
	}
	rows := make([]store.JobResult, len(batch))
	for i, res := range batch {
		rows[i] = res.JobResult
	}
	var late int
	err := r.Store.Update(ctx, func(tx *store.Tx) error {
		var err error
		late, err = tx.FinishJobs(rows)
		return err
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		now := r.Store.Now()
		for _, res := range batch {
			if res.expires > now {
				r.results = append(r.results, res)
				continue
			}
			res.lane.held--
			r.counts.Late++
		}
		return fmt.Errorf("job: write results: %w", err)
	}
	r.counts.Late += int64(late)
	room := false
	for _, res := range batch {
		res.lane.held--
		k := res.lane.kind
		room = room || res.lane.held <= max(k.batch()/2, k.width()-1)
	}
	if room {
		r.Wake()
	}
	return nil
}
