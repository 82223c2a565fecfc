package server

import (
	"context"
	"fmt"
	"sync"
)

// background runs tasks until they are told to end. The zero value with tasks
// is ready; stopping twice, or without a start, is fine.
type background struct {
	tasks []func(context.Context)

	cancel context.CancelFunc
	done   sync.WaitGroup
}

func (b *background) start(ctx context.Context) {
	ctx, b.cancel = context.WithCancel(ctx)
	for _, task := range b.tasks {
		b.done.Add(1)
		go func() {
			defer b.done.Done()
			task(ctx)
		}()
	}
}

// stop ends the tasks and waits for them as long as ctx lasts.
func (b *background) stop(ctx context.Context) error {
	if b.cancel == nil {
		return nil
	}
	b.cancel()
	ended := make(chan struct{})
	go func() {
		b.done.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("server: tasks were still running: %w", ctx.Err())
	}
}
