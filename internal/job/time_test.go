package job_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"guestlist"
	"guestlist/internal/job"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
)

// The tests here run in a bubble whose clock moves when everybody waits. Time
// passes alike for both engines, so one is enough.

func inBubble(t *testing.T, fn func(t *testing.T, st *store.Store)) {
	synctest.Test(t, func(t *testing.T) { fn(t, storetest.Open(t, "sqlite", nil)) })
}

func TestTheRunnerIsWokenAtOnceAndLooksByItself(t *testing.T) {
	inBubble(t, func(t *testing.T, st *store.Store) {
		start := time.Now()
		done := make(chan time.Duration, 1)
		r := &job.Runner{Store: st, Log: quiet(), Kinds: map[string]job.Kind{"k": {Run: func(context.Context, job.Job) error {
			done <- time.Since(start)
			return nil
		}}}}
		r.Start(t.Context())
		synctest.Wait()
		time.Sleep(10 * time.Millisecond) //nolint:forbidigo // of the bubble's clock
		enqueue(t, st, guestlist.Job{Kind: "k"})
		if took := <-done; took > 11*time.Millisecond {
			t.Errorf("woken after %v", took)
		}
		enqueue(t, st, guestlist.Job{Kind: "k", RunAt: st.Now().Add(90 * time.Second)})
		if took := <-done; took < 90*time.Second || took > 92*time.Second {
			t.Errorf("the later job ran after %v, want 90 to 92 s", took)
		}
		if err := r.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestAHandlerMustEndBeforeItsLease(t *testing.T) {
	inBubble(t, func(t *testing.T, st *store.Store) {
		var took []time.Duration
		again := make(chan struct{})
		r := &job.Runner{Store: st, Log: quiet(), Kinds: map[string]job.Kind{"k": {
			Lease: 100 * time.Second, Waits: []time.Duration{time.Second},
			Run: func(ctx context.Context, j job.Job) error {
				if j.Attempt == 2 {
					close(again)
					return nil
				}
				start := time.Now()
				<-ctx.Done()
				took = append(took, time.Since(start))
				return ctx.Err()
			},
		}}}
		r.Start(t.Context())
		enqueue(t, st, guestlist.Job{Kind: "k"})
		<-again
		if err := r.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		if len(took) != 1 || took[0] != 90*time.Second {
			t.Errorf("attempts were ended after %v, want once 90 s", took)
		}
		if n := r.Counts().Late; n != 0 {
			t.Errorf("%d results were late", n)
		}
	})
}

func TestStopLetsHandlersFinish(t *testing.T) {
	inBubble(t, func(t *testing.T, st *store.Store) {
		started := make(chan struct{}, 10)
		r := &job.Runner{Store: st, Log: quiet(), Kinds: map[string]job.Kind{"k": {Width: 1, Batch: 3, Run: func(ctx context.Context, _ job.Job) error {
			started <- struct{}{}
			select {
			case <-time.After(5 * time.Second):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}}}}
		enqueue(t, st, guestlist.Job{Kind: "k"}, guestlist.Job{Kind: "k"}, guestlist.Job{Kind: "k"})
		ctx, cancel := context.WithCancel(t.Context())
		r.Start(ctx)
		<-started
		cancel() // the end of the context that Start was given ends nothing
		var wg sync.WaitGroup
		for range 2 { // at once, and one of them waits for the other
			wg.Go(func() {
				if err := r.Stop(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if err := r.Stop(t.Context()); err != nil {
			t.Errorf("a third stop: %v", err)
		}
		if n := len(rowsIn(t, st, store.JobDone)); n != 1 {
			t.Errorf("%d jobs are done, want the one that ran", n)
		}
		waiting := rowsIn(t, st, store.JobQueued)
		for _, row := range waiting {
			if row.Attempts != 0 || row.RunAt > st.Now() {
				t.Errorf("put back as %+v", row)
			}
		}
		if len(waiting) != 2 {
			t.Errorf("%d jobs were put back, want the two that had not begun", len(waiting))
		}
	})
}

func TestStopEndsHandlersAtItsDeadline(t *testing.T) {
	inBubble(t, func(t *testing.T, st *store.Store) {
		started := make(chan struct{}, 10)
		r := &job.Runner{Store: st, Log: quiet(), Kinds: map[string]job.Kind{"k": {Run: func(ctx context.Context, _ job.Job) error {
			started <- struct{}{}
			<-ctx.Done()
			return ctx.Err()
		}}}}
		enqueue(t, st, guestlist.Job{Kind: "k"})
		r.Start(t.Context())
		<-started
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		start := time.Now()
		if err := r.Stop(ctx); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("stopping took %v, want 3 s", took)
		}
		rows := rowsIn(t, st, store.JobQueued)
		if len(rows) != 1 || rows[0].Attempts != 0 {
			t.Errorf("rows %+v: an attempt that was broken off counts", rows)
		}
	})
}

func TestStopSaysWhenAHandlerWillNotEnd(t *testing.T) {
	inBubble(t, func(t *testing.T, st *store.Store) {
		started, release := make(chan struct{}), make(chan struct{})
		r := &job.Runner{Store: st, Log: quiet(), Kinds: map[string]job.Kind{"k": {Run: func(context.Context, job.Job) error {
			close(started)
			<-release
			return nil
		}}}}
		enqueue(t, st, guestlist.Job{Kind: "k"})
		r.Start(t.Context())
		<-started
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := r.Stop(ctx); err == nil || !strings.Contains(err.Error(), "still running") {
			t.Errorf("stop: %v", err)
		}
		close(release)
	})
}

func TestStopWithoutStart(t *testing.T) {
	st := storetest.Open(t, "sqlite", nil)
	if err := (&job.Runner{Store: st, Log: quiet()}).Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if err := (&job.Periodic{Store: st, Log: quiet()}).Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestAFailingFeedIsTriedAgain(t *testing.T) {
	inBubble(t, func(t *testing.T, st *store.Store) {
		var calls atomic.Int64
		done := make(chan struct{})
		r := &job.Runner{Store: st, Log: quiet(), Kinds: map[string]job.Kind{"k": {Run: func(context.Context, job.Job) error {
			close(done)
			return nil
		}}}, Feed: func(context.Context) error {
			if calls.Add(1) < 3 {
				return errors.New("not yet")
			}
			return nil
		}}
		enqueue(t, st, guestlist.Job{Kind: "k"})
		start := time.Now()
		r.Start(t.Context())
		<-done
		if took := time.Since(start); took != 2*time.Second {
			t.Errorf("worked after %v: want a second between looks that fail", took)
		}
		if err := r.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// Of several processes one does a periodic work each time.
func TestPeriodicWorkIsDoneByOne(t *testing.T) {
	inBubble(t, func(t *testing.T, st *store.Store) {
		var runs atomic.Int64
		tasks := map[string]job.Task{"tidy": {Every: time.Minute, Run: func(context.Context, *store.Store) error {
			runs.Add(1)
			return nil
		}}}
		var all []*job.Periodic
		for range 3 {
			p := &job.Periodic{Store: st, Log: quiet(), Tasks: tasks}
			p.Start(t.Context())
			all = append(all, p)
		}
		time.Sleep(time.Hour) //nolint:forbidigo // of the bubble's clock
		synctest.Wait()
		if n := runs.Load(); n < 50 || n > 60 {
			t.Errorf("%d runs within an hour of minutes", n)
		}
		for _, p := range all {
			if err := errors.Join(p.Stop(t.Context()), p.Stop(t.Context())); err != nil {
				t.Error(err)
			}
		}
	})
}

// When the one that did it is gone, another takes over.
func TestPeriodicWorkMovesOn(t *testing.T) {
	inBubble(t, func(t *testing.T, st *store.Store) {
		if err := st.Update(t.Context(), func(tx *store.Tx) error {
			_, err := tx.TakeLease("tidy", "a process that died", tx.Now.Add(10*time.Minute))
			return err
		}); err != nil {
			t.Fatal(err)
		}
		start, done := time.Now(), make(chan time.Duration)
		p := &job.Periodic{Store: st, Log: quiet(), Tasks: map[string]job.Task{"tidy": {Every: time.Hour, Run: func(ctx context.Context, _ *store.Store) error {
			deadline, _ := ctx.Deadline()
			if left := time.Until(deadline); left != 54*time.Minute {
				t.Errorf("%v for an hourly task", left)
			}
			select {
			case done <- time.Since(start):
			case <-ctx.Done():
			}
			return errors.New("logged, and no reason to stop")
		}}}}
		p.Start(t.Context())
		if took := <-done; took < 10*time.Minute || took > 71*time.Minute {
			t.Errorf("taken over after %v", took)
		}
		first := time.Since(start)
		if took := <-done; took < first+time.Hour {
			t.Errorf("done again after %v", took-first)
		}
		if err := p.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
