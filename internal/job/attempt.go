package job

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"guestlist"
	"guestlist/internal/store"
)

// attempt runs the handler of a claimed job, unless there is no use in it.
func (r *Runner) attempt(ctx context.Context, k Kind, c store.ClaimedJob) store.JobResult {
	j := Job{ID: c.ID, Kind: c.Kind, Payload: c.Payload, Attempt: c.Attempt, MaxAttempts: c.MaxAttempts, EnqueuedAt: c.CreatedAt}
	left := k.timeout() - r.Store.Now().Sub(c.ClaimedAt)
	var err error
	switch {
	case c.Err != nil:
		err = Cancel(fmt.Errorf("its payload cannot be opened: %w", c.Err))
	case c.Attempt > c.MaxAttempts:
		err = Cancel(fmt.Errorf("%d attempts ended with their process and without a result", c.MaxAttempts))
	case r.isStopping(), left < k.timeout()/2:
		err = released
	default:
		attemptCtx, cancel := context.WithTimeout(ctx, left)
		defer cancel()
		err = call(attemptCtx, k.Run, j)
		if err != nil && ctx.Err() != nil && !isMeant(err) {
			err = released // it was told to stop, and did
		}
	}
	res := judge(k, c, err, r.Store.Now())
	if res.State == store.JobDead && c.Err == nil && k.Dead != nil {
		if noteErr := bury(ctx, k, j, err); noteErr != nil {
			// There are no attempts left: it comes back to be given up once more.
			res.State, res.Error = store.JobQueued, errors.Join(err, noteErr).Error()
			res.RunAt = r.Store.Now().Add(k.wait(c.Attempt, random()))
		}
	}
	r.count(c.Kind, res)
	r.logFailure(ctx, c, res, err)
	return res
}

// buryWithin bounds what is written down of a dead job.
const buryWithin = 10 * time.Second

// bury has a kind write down that a job was given up. The end of the process
// waits for it: the job's own time is over.
func bury(ctx context.Context, k Kind, j Job, because error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), buryWithin)
	defer cancel()
	var m *meaning
	if errors.As(because, &m) {
		because = m.err
	}
	return call(ctx, func(ctx context.Context, j Job) error { return k.Dead(ctx, j, because) }, j)
}

// released is the outcome of an attempt that was not made.
var released = Snooze(0)

func isMeant(err error) bool {
	var m *meaning
	return errors.As(err, &m)
}

// call runs a handler and turns a panic into its failure.
func call(ctx context.Context, run Handler, j Job) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &PanicError{Value: p, Stack: debug.Stack()}
		}
	}()
	return run(ctx, j)
}

// judge decides what becomes of a job after an attempt.
func judge(k Kind, c store.ClaimedJob, err error, now guestlist.Time) store.JobResult {
	res := store.JobResult{ID: c.ID, Lease: c.Lease, State: store.JobDone}
	if err == nil {
		return res
	}
	res.State, res.Error = store.JobQueued, err.Error()
	var m *meaning
	if !errors.As(err, &m) {
		m = &meaning{}
	}
	if m.snooze {
		res.RunAt, res.Uncounted = now.Add(m.after), true
		return res
	}
	res.RunAt = now.Add(max(k.wait(c.Attempt, random()), m.after))
	tooOld := k.GiveUpAfter > 0 && res.RunAt > c.CreatedAt.Add(k.GiveUpAfter)
	if m.cancel || c.Attempt >= c.MaxAttempts || tooOld {
		res.State = store.JobDead
	}
	return res
}

// logFailure tells operators of an attempt that failed.
func (r *Runner) logFailure(ctx context.Context, c store.ClaimedJob, res store.JobResult, err error) {
	if err == nil || res.Uncounted {
		return
	}
	args := []any{"job", c.ID, "kind", c.Kind, "attempt", c.Attempt, "of", c.MaxAttempts, "error", res.Error}
	var p *PanicError
	if errors.As(err, &p) {
		args = append(args, "stack", string(p.Stack))
	}
	if res.State == store.JobDead {
		r.Log.ErrorContext(ctx, "a job was given up", args...)
		return
	}
	r.Log.WarnContext(ctx, "a job failed and will be tried again", append(args, "next", res.RunAt.Std())...)
}
