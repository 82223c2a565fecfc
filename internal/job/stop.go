package job

import (
	"context"
	"errors"
	"time"
)

// stopGrace is how long Stop waits for handlers after it has told them to end,
// and for what they did to be written down.
const stopGrace = 2 * time.Second

func (r *Runner) isStopping() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stopping
}

// Stop takes no more jobs, lets those that run finish until ctx ends, then
// tells them to end, and puts back what did not finish. It returns an error if
// some would not end; their leases will. Stopping again waits for the first
// Stop and returns what it returned.
func (r *Runner) Stop(ctx context.Context) error {
	r.mu.Lock()
	first := !r.stopping
	r.stopping = true
	if r.stopped == nil {
		r.stopped = make(chan struct{})
	}
	r.mu.Unlock()
	if !first {
		select {
		case <-r.stopped:
			return r.stopErr
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	defer close(r.stopped)
	if r.stopLoop == nil {
		return nil // never started
	}
	r.stopLoop()
	r.looping.Wait()
	r.stopErr = r.drain(ctx)
	return r.stopErr
}

func (r *Runner) drain(ctx context.Context) error {
	idle := make(chan struct{})
	go func() { r.workers.Wait(); close(idle) }()
	select {
	case <-idle:
	case <-ctx.Done():
	}
	r.stopWork()
	writeCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopGrace)
	defer cancel()
	var busy error
	select {
	case <-idle:
	case <-writeCtx.Done():
		busy = errors.New("job: handlers were still running")
	}
	// A fresh moment for the write: the wait above may have used up its own.
	writeCtx, cancelWrite := context.WithTimeout(context.WithoutCancel(ctx), stopGrace)
	defer cancelWrite()
	return errors.Join(busy, r.write(writeCtx))
}
