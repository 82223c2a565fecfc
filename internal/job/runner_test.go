package job_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guestlist"
	"guestlist/internal/job"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }
func enqueue(t testing.TB, st *store.Store, jobs ...guestlist.Job) {
	t.Helper()
	if err := st.Update(t.Context(), func(tx *store.Tx) error { return tx.Enqueue(jobs...) }); err != nil {
		t.Fatal(err)
	}
}

func runDue(t testing.TB, r *job.Runner) {
	t.Helper()
	if err := r.RunDue(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func rowsIn(t testing.TB, st *store.Store, state store.JobState) []store.JobRow {
	t.Helper()
	var rows []store.JobRow
	if err := st.View(t.Context(), func(tx *store.Tx) error {
		var err error
		rows, err = tx.Jobs(state, store.Page{Limit: 100})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return rows
}

// onBoth runs fn on both engines with a clock of its own.
func onBoth(t *testing.T, fn func(t *testing.T, st *store.Store, c *storetest.Clock)) {
	c := storetest.NewClock(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC))
	storetest.EachAt(t, c.Now, func(t *testing.T, st *store.Store) { fn(t, st, c) })
}

func TestJobsRunOnceWithWhatTheyWereGiven(t *testing.T) {
	onBoth(t, func(t *testing.T, st *store.Store, c *storetest.Clock) {
		var mu sync.Mutex
		got := map[string]int{}
		r := &job.Runner{Store: st, Log: quiet(), Kinds: map[string]job.Kind{"greet": {Batch: 100, Run: func(_ context.Context, j job.Job) error {
			mu.Lock()
			defer mu.Unlock()
			got[string(j.Payload)]++
			if j.Attempt != 1 || j.MaxAttempts != guestlist.DefaultJobAttempts || j.EnqueuedAt != guestlist.TimeOf(c.Now()) || j.Kind != "greet" {
				t.Errorf("attempt %+v", j)
			}
			return nil
		}}}}
		want := map[string]int{}
		var jobs []guestlist.Job
		for i := range 137 {
			payload := fmt.Sprintf(`{"n":%d}`, i)
			want[payload] = 1
			jobs = append(jobs, guestlist.Job{Kind: "greet", Payload: json.RawMessage(payload)})
		}
		later := guestlist.TimeOf(c.Now()).Add(time.Hour)
		jobs = append(jobs, guestlist.Job{Kind: "greet", Payload: json.RawMessage(`{"n":"later"}`), RunAt: later})
		enqueue(t, st, jobs...)
		enqueue(t, st, guestlist.Job{Kind: "nobody knows"})
		runDue(t, r)
		runDue(t, r)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("runs (-want +got):\n%s", diff)
		}
		if n := len(rowsIn(t, st, store.JobQueued)); n != 2 {
			t.Errorf("%d jobs wait, want the later one and the one nobody knows", n)
		}
		if n := r.Counts().Kinds["greet"].Done; n != 137 {
			t.Errorf("counted %d done", n)
		}
		if counts := r.Counts(); counts.Claimed != 137 || counts.Running != 0 || counts.Late != 0 {
			t.Errorf("counts %+v", counts)
		}
	})
}

func TestARolledBackJobNeverWas(t *testing.T) {
	onBoth(t, func(t *testing.T, st *store.Store, _ *storetest.Clock) {
		fault := errors.New("no")
		err := st.Update(t.Context(), func(tx *store.Tx) error {
			if err := tx.Enqueue(guestlist.Job{Kind: "k"}); err != nil {
				return err
			}
			return fault
		})
		if !errors.Is(err, fault) {
			t.Fatal(err)
		}
		r := &job.Runner{Store: st, Log: quiet(), Kinds: map[string]job.Kind{"k": {Run: func(context.Context, job.Job) error {
			t.Error("ran")
			return nil
		}}}}
		runDue(t, r)
	})
}

func TestDedupeKeyMakesTheSecondANoOp(t *testing.T) {
	onBoth(t, func(t *testing.T, st *store.Store, _ *storetest.Clock) {
		var runs atomic.Int64
		r := &job.Runner{Store: st, Log: quiet(), Kinds: map[string]job.Kind{"k": {Run: func(context.Context, job.Job) error {
			runs.Add(1)
			return nil
		}}}}
		same := guestlist.Job{Kind: "k", DedupeKey: "x"}
		enqueue(t, st, same, same)
		runDue(t, r)
		enqueue(t, st, same) // done, but still known
		runDue(t, r)
		if runs.Load() != 1 {
			t.Errorf("%d runs", runs.Load())
		}
	})
}

func TestFailuresComeBackLaterAndAreGivenUp(t *testing.T) {
	onBoth(t, func(t *testing.T, st *store.Store, c *storetest.Clock) {
		var attempts []int
		kind := job.Kind{Waits: []time.Duration{10 * time.Second, time.Minute}, Run: func(_ context.Context, j job.Job) error {
			attempts = append(attempts, j.Attempt)
			if last := j.Attempt == 4; j.Last() != last {
				t.Errorf("attempt %d: last is %v", j.Attempt, j.Last())
			}
			return fmt.Errorf("attempt %d \x00 failed \xff", j.Attempt)
		}}
		var logged bytes.Buffer
		r := &job.Runner{Store: st, Log: slog.New(slog.NewTextHandler(&logged, nil)), Kinds: map[string]job.Kind{"k": kind}}
		enqueue(t, st, guestlist.Job{Kind: "k", MaxAttempts: 4})
		for _, step := range []struct {
			advance time.Duration
			want    int
		}{
			{0, 1},
			{8 * time.Second, 1},  // 10 s less 10 %
			{4 * time.Second, 2},  // and more 10 %
			{50 * time.Second, 2}, // a minute
			{20 * time.Second, 3}, // a minute and 10 %
			{66 * time.Second, 4}, // the last wait is repeated
			{1000 * time.Hour, 4}, // given up
		} {
			c.Advance(step.advance)
			runDue(t, r)
			if len(attempts) != step.want {
				t.Fatalf("after %v: attempts %v, want %d", step.advance, attempts, step.want)
			}
		}
		dead := rowsIn(t, st, store.JobDead)
		if len(dead) != 1 || dead[0].Attempts != 4 || dead[0].FinishedAt == nil || dead[0].LastError != "attempt 4 \uFFFD failed \uFFFD" {
			t.Errorf("dead: %+v", dead)
		}
		if want := (job.KindCounts{Failed: 3, Dead: 1}); r.Counts().Kinds["k"] != want {
			t.Errorf("counts %+v, want %+v", r.Counts().Kinds["k"], want)
		}
		if !strings.Contains(logged.String(), "given up") {
			t.Errorf("log says %s", logged.String())
		}
	})
}

func TestErrorsWithAMeaning(t *testing.T) {
	const minute = time.Minute
	tests := []struct {
		name     string
		err      error
		kind     job.Kind
		state    store.JobState
		attempts int
		in       time.Duration // until the next attempt, at least
		atMost   time.Duration
	}{
		{"cancel", job.Cancel(errors.New("gone")), job.Kind{}, store.JobDead, 1, 0, 0},
		{"wrapped cancel", fmt.Errorf("hook: %w", job.Cancel(errors.New("gone"))), job.Kind{}, store.JobDead, 1, 0, 0},
		{"snooze does not count", job.Snooze(minute), job.Kind{}, store.JobQueued, 0, minute, minute},
		{"retry after", job.RetryAfter(time.Hour, errors.New("busy")), job.Kind{}, store.JobQueued, 1, time.Hour, time.Hour},
		{"retry after less than the schedule", job.RetryAfter(time.Second, errors.New("busy")), job.Kind{Waits: []time.Duration{minute}},
			store.JobQueued, 1, 54 * time.Second, 66 * time.Second},
		{"too old", errors.New("x"), job.Kind{Waits: []time.Duration{minute}, GiveUpAfter: 50 * time.Second}, store.JobDead, 1, 0, 0},
		{"not yet too old", errors.New("x"), job.Kind{Waits: []time.Duration{minute}, GiveUpAfter: 2 * minute},
			store.JobQueued, 1, 54 * time.Second, 66 * time.Second},
	}
	onBoth(t, func(t *testing.T, st *store.Store, c *storetest.Clock) {
		for i, tt := range tests {
			name := fmt.Sprint(i)
			tt.kind.Run = func(context.Context, job.Job) error { return tt.err }
			r := &job.Runner{Store: st, Log: quiet(), Kinds: map[string]job.Kind{name: tt.kind}}
			enqueue(t, st, guestlist.Job{Kind: name})
			runDue(t, r)
			var row *store.JobRow
			for _, candidate := range rowsIn(t, st, tt.state) {
				if candidate.Kind == name {
					row = &candidate
				}
			}
			if row == nil {
				t.Errorf("%s: not %s", tt.name, tt.state)
				continue
			}
			if row.Attempts != tt.attempts {
				t.Errorf("%s: %d attempts count, want %d", tt.name, row.Attempts, tt.attempts)
			}
			if in := row.RunAt.Sub(guestlist.TimeOf(c.Now())); tt.state == store.JobQueued && (in < tt.in || in > tt.atMost) {
				t.Errorf("%s: next attempt in %v, want %v to %v", tt.name, in, tt.in, tt.atMost)
			}
		}
	})
}

func TestAPanicIsAFailedAttempt(t *testing.T) {
	onBoth(t, func(t *testing.T, st *store.Store, _ *storetest.Clock) {
		var logged bytes.Buffer
		r := &job.Runner{Store: st, Log: slog.New(slog.NewTextHandler(&logged, nil)), Kinds: map[string]job.Kind{
			"k": {Run: func(context.Context, job.Job) error { panic("ouch") }},
		}}
		enqueue(t, st, guestlist.Job{Kind: "k"})
		runDue(t, r)
		rows := rowsIn(t, st, store.JobQueued)
		if len(rows) != 1 || rows[0].Attempts != 1 || rows[0].LastError != "panic: ouch" {
			t.Errorf("rows %+v", rows)
		}
		if !strings.Contains(logged.String(), "runner_test.go") {
			t.Errorf("the log lacks the stack: %s", logged.String())
		}
	})
}

// A worker that dies leaves a claimed job and no result. Nobody touches the
// job until the lease ends; then it is tried again, and what the dead worker
// would still say does not count.
func TestAJobOfADeadWorkerIsTriedAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, st *store.Store, c *storetest.Clock) {
		enqueue(t, st, guestlist.Job{Kind: "k", MaxAttempts: 2})
		var lost []store.ClaimedJob
		claim := func() {
			t.Helper()
			if err := st.Update(t.Context(), func(tx *store.Tx) error {
				var err error
				lost, err = tx.ClaimJobs("k", tx.Now.Add(time.Minute), 10)
				return err
			}); err != nil || len(lost) != 1 {
				t.Fatalf("claimed %v, %v", lost, err)
			}
		}
		claim()
		var attempts []int
		r := &job.Runner{Store: st, Log: quiet(), Kinds: map[string]job.Kind{"k": {Run: func(_ context.Context, j job.Job) error {
			attempts = append(attempts, j.Attempt)
			return errors.New("not yet")
		}}}}
		c.Advance(59 * time.Second)
		runDue(t, r)
		if len(attempts) != 0 {
			t.Fatalf("tried during the lease: %v", attempts)
		}
		c.Advance(2 * time.Second)
		runDue(t, r)
		if diff := cmp.Diff([]int{2}, attempts); diff != "" {
			t.Fatalf("attempts (-want +got):\n%s", diff)
		}
		var late int
		if err := st.Update(t.Context(), func(tx *store.Tx) error {
			var err error
			late, err = tx.FinishJobs([]store.JobResult{{ID: lost[0].ID, Lease: lost[0].Lease, State: store.JobDone}})
			return err
		}); err != nil || late != 1 {
			t.Errorf("the dead worker's word counted: %d, %v", late, err)
		}
	})
}

func TestAJobThatKillsItsProcessIsGivenUp(t *testing.T) {
	onBoth(t, func(t *testing.T, st *store.Store, c *storetest.Clock) {
		enqueue(t, st, guestlist.Job{Kind: "k", MaxAttempts: 2})
		for range 2 {
			if err := st.Update(t.Context(), func(tx *store.Tx) error {
				_, err := tx.ClaimJobs("k", tx.Now.Add(time.Minute), 10)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			c.Advance(2 * time.Minute)
		}
		told := []string{}
		r := &job.Runner{Store: st, Log: quiet(), Kinds: map[string]job.Kind{"k": {
			Run: func(context.Context, job.Job) error {
				t.Error("a third attempt")
				return nil
			},
			Dead: func(_ context.Context, j job.Job, because error) error {
				if told = append(told, because.Error()); len(told) == 1 {
					return errors.New("the database is away")
				}
				return nil
			},
		}}}
		runDue(t, r)
		if dead := rowsIn(t, st, store.JobDead); len(dead) != 0 {
			t.Errorf("dead before it is written down: %+v", dead)
		}
		c.Advance(time.Hour)
		runDue(t, r)
		if dead := rowsIn(t, st, store.JobDead); len(dead) != 1 || !strings.Contains(dead[0].LastError, "ended with their process") {
			t.Errorf("dead: %+v", dead)
		}
		if len(told) != 2 || !strings.Contains(told[1], "ended with their process") {
			t.Errorf("told: %q", told)
		}
	})
}

func TestWhoeverGivesUpIsToldWhy(t *testing.T) {
	onBoth(t, func(t *testing.T, st *store.Store, c *storetest.Clock) {
		enqueue(t, st, guestlist.Job{Kind: "fails", MaxAttempts: 2}, guestlist.Job{Kind: "hopeless"}, guestlist.Job{Kind: "fine"})
		why := errors.New("the carrier is closed")
		told := map[string]int{}
		dead := func(ctx context.Context, j job.Job, because error) error {
			if !errors.Is(because, why) || ctx.Err() != nil {
				t.Errorf("%s: %v, %v", j.Kind, because, ctx.Err())
			}
			told[j.Kind]++
			return nil
		}
		r := &job.Runner{Store: st, Log: quiet(), Kinds: map[string]job.Kind{
			"fails":    {Dead: dead, Run: func(context.Context, job.Job) error { return why }},
			"hopeless": {Dead: dead, Run: func(context.Context, job.Job) error { return job.Cancel(why) }},
			"fine":     {Dead: dead, Run: func(context.Context, job.Job) error { return nil }},
		}}
		runDue(t, r)
		c.Advance(time.Hour)
		runDue(t, r)
		if told["fails"] != 1 || told["hopeless"] != 1 || told["fine"] != 0 {
			t.Errorf("told %v", told)
		}
	})
}

func TestPayloadsAreErasedWhenDone(t *testing.T) {
	onBoth(t, func(t *testing.T, st *store.Store, c *storetest.Clock) {
		fail := true
		r := &job.Runner{Store: st, Log: quiet(), Kinds: map[string]job.Kind{"k": {Run: func(context.Context, job.Job) error {
			if fail {
				return job.Cancel(errors.New("no"))
			}
			return nil
		}}}}
		enqueue(t, st, guestlist.Job{Kind: "k", Payload: json.RawMessage(`{"code":"1"}`)})
		runDue(t, r)
		fail = false
		enqueue(t, st, guestlist.Job{Kind: "k", Payload: json.RawMessage(`{"code":"2"}`)})
		runDue(t, r)
		var counts map[store.JobState]int
		if err := st.View(t.Context(), func(tx *store.Tx) error {
			var err error
			counts, err = tx.CountJobs()
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if want := map[store.JobState]int{store.JobDead: 1, store.JobDone: 1}; !cmp.Equal(want, counts) {
			t.Errorf("counts %v", counts)
		}
		c.Advance(store.KeepJobs)
		if err := st.Update(t.Context(), func(tx *store.Tx) error { _, err := tx.Sweep(); return err }); err != nil {
			t.Fatal(err)
		}
		if n := len(rowsIn(t, st, store.JobDead)) + len(rowsIn(t, st, store.JobDone)); n != 0 {
			t.Errorf("%d finished jobs outlived their time", n)
		}
	})
}

// One endpoint that hangs takes its own lane and nothing else.
func TestASlowLaneHoldsUpNoOther(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		release, fast := make(chan struct{}), make(chan string, 100)
		var slow, most atomic.Int64
		r := &job.Runner{Store: st, Log: quiet(), Kinds: map[string]job.Kind{"hook": {Width: 3, Run: func(_ context.Context, j job.Job) error {
			if string(j.Payload) == `"slow"` {
				if n := slow.Add(1); n > most.Load() {
					most.Store(n)
				}
				<-release
				slow.Add(-1)
				return nil
			}
			fast <- string(j.Payload)
			return nil
		}}}}
		var jobs []guestlist.Job
		for range 60 {
			jobs = append(jobs, guestlist.Job{Kind: "hook", Lane: "a", Payload: json.RawMessage(`"slow"`)})
		}
		for range 20 {
			jobs = append(jobs, guestlist.Job{Kind: "hook", Lane: "b", Payload: json.RawMessage(`"fast"`)})
		}
		enqueue(t, st, jobs...)
		r.Start(t.Context())
		for range 20 {
			select {
			case <-fast:
			case <-time.After(30 * time.Second):
				t.Fatal("the fast lane waits for the slow one")
			}
		}
		close(release)
		if err := r.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		if most.Load() > 3 {
			t.Errorf("%d jobs of a lane at once, want 3 at most", most.Load())
		}
	})
}

// Two runners on one database: every job once, none twice at a time.
func TestTwoRunnersShareADatabase(t *testing.T) {
	const jobs = 400
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		var mu sync.Mutex
		runs := map[string]int{}
		all := make(chan struct{})
		running := map[string]bool{}
		handle := func(_ context.Context, j job.Job) error {
			mu.Lock()
			if running[string(j.Payload)] {
				t.Errorf("job %s runs twice at once", j.Payload)
			}
			running[string(j.Payload)] = true
			mu.Unlock()
			runtime.Gosched()
			mu.Lock()
			delete(running, string(j.Payload))
			defer mu.Unlock()
			runs[string(j.Payload)]++
			if len(runs) == jobs {
				select {
				case <-all:
				default:
					close(all)
				}
			}
			if j.Attempt == 1 && strings.HasSuffix(string(j.Payload), "7") {
				return job.RetryAfter(0, errors.New("once more"))
			}
			return nil
		}
		kinds := map[string]job.Kind{"k": {Run: handle, Batch: 16, Waits: []time.Duration{0}}}
		var list []guestlist.Job
		for i := range jobs {
			list = append(list, guestlist.Job{Kind: "k", Payload: json.RawMessage(fmt.Sprint(i))})
		}
		a, b := &job.Runner{Store: st, Log: quiet(), Kinds: kinds}, &job.Runner{Store: st, Log: quiet(), Kinds: kinds}
		a.Start(t.Context())
		b.Start(t.Context())
		enqueue(t, st, list...)
		select {
		case <-all:
		case <-time.After(60 * time.Second):
			t.Error("jobs were left")
		}
		if err := errors.Join(a.Stop(t.Context()), b.Stop(t.Context())); err != nil {
			t.Error(err)
		}
		runDue(t, &job.Runner{Store: st, Log: quiet(), Kinds: kinds}) // the retries of the last moment
		for payload, n := range runs {
			want := 1
			if strings.HasSuffix(payload, "7") {
				want = 2
			}
			if n != want {
				t.Errorf("job %s ran %d times, want %d", payload, n, want)
			}
		}
		if len(rowsIn(t, st, store.JobQueued))+len(rowsIn(t, st, store.JobRunning)) != 0 {
			t.Error("jobs were left")
		}
	})
}
