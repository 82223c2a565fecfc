package job

import (
	"context"
	crand "crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"guestlist"
	"guestlist/internal/store"
)

// Task is work that has to be done every now and then, by one process at a
// time.
type Task struct {
	Every time.Duration
	// Run does it. ctx ends with the period, so that two processes never do it
	// at once.
	Run func(ctx context.Context, st *store.Store) error
}

// Housekeeping returns the tasks that keep a store in shape.
func Housekeeping() map[string]Task {
	return map[string]Task{
		"user-index": {Every: 15 * time.Second, Run: indexUsers},
		"tallies":    {Every: 5 * time.Second, Run: compactTallies},
		"sweep":      {Every: 10 * time.Minute, Run: sweep},
	}
}

func compactTallies(ctx context.Context, st *store.Store) error {
	var wait bool
	err := st.View(ctx, func(tx *store.Tx) error {
		var err error
		wait, err = tx.TalliesWait()
		return err
	})
	if err != nil || !wait {
		return err
	}
	return st.Update(ctx, (*store.Tx).CompactTallies)
}

// indexUsers lets new and changed users be found by any part of their names.
func indexUsers(ctx context.Context, st *store.Store) error {
	for {
		more, err := st.IndexUsers(ctx)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // the time is over: what is left waits for the next
		}
		if err != nil || !more {
			return err
		}
	}
}

func sweep(ctx context.Context, st *store.Store) error {
	for more := true; more; {
		err := st.Update(ctx, func(tx *store.Tx) error {
			var err error
			more, err = tx.Sweep()
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Periodic runs tasks. Each process has one; the leases table decides who does
// a task this time.
type Periodic struct {
	Store *store.Store
	Tasks map[string]Task
	Log   *slog.Logger

	holder string
	loops  sync.WaitGroup
	mu     sync.Mutex
	stop   context.CancelFunc
}

// Start begins to run the tasks until Stop; each for the first time within its
// period, at a random moment, so that processes do not all ask at once.
func (p *Periodic) Start(ctx context.Context) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.holder = crand.Text()
	ctx, p.stop = context.WithCancel(context.WithoutCancel(ctx))
	for name, task := range p.Tasks {
		p.loops.Go(func() { p.loop(ctx, name, task) })
	}
}

func (p *Periodic) loop(ctx context.Context, name string, task Task) {
	wait := time.NewTimer(rand.N(task.Every)) //nolint:gosec // spreads load, protects nothing
	defer wait.Stop()
	for {
		select {
		case <-wait.C:
		case <-ctx.Done():
			return
		}
		next, err := p.once(ctx, name, task)
		if err != nil && ctx.Err() == nil {
			p.Log.ErrorContext(ctx, "a periodic task failed", "task", name, "error", err)
		}
		wait.Reset(next)
	}
}

// once does a task if it is due and nobody else does it, and returns when to
// ask again.
func (p *Periodic) once(ctx context.Context, name string, task Task) (time.Duration, error) {
	var ends guestlist.Time
	if err := p.Store.View(ctx, func(tx *store.Tx) error {
		var err error
		ends, err = tx.LeaseEnds(name)
		return err
	}); err != nil {
		return task.Every, fmt.Errorf("job: lease of %s: %w", name, err)
	}
	if left := ends.Sub(p.Store.Now()); left > 0 {
		return min(left, task.Every), nil
	}
	var mine bool
	if err := p.Store.Update(ctx, func(tx *store.Tx) error {
		var err error
		mine, err = tx.TakeLease(name, p.holder, tx.Now.Add(task.Every))
		return err
	}); err != nil || !mine {
		return task.Every, err
	}
	ctx, cancel := context.WithTimeout(ctx, task.Every*9/10)
	defer cancel()
	return task.Every, task.Run(ctx, p.Store)
}

// Stop ends the tasks and waits for them, for as long as ctx allows. Stopping
// twice is no error.
func (p *Periodic) Stop(ctx context.Context) error {
	p.mu.Lock()
	stop := p.stop
	p.mu.Unlock()
	if stop == nil {
		return nil
	}
	stop()
	done := make(chan struct{})
	go func() { p.loops.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return errors.Join(errors.New("job: periodic tasks were still running"), ctx.Err())
	}
}
