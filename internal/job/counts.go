package job

import (
	"maps"

	"guestlist/internal/store"
)

// Counts is what a runner did since it started, for metrics.
type Counts struct {
	Claimed int64
	Late    int64 // results that came after their lease, or could not be written within it
	Running int64 // at the moment
	Kinds   map[string]KindCounts
}

// KindCounts counts the attempts at jobs of a kind by their outcome.
type KindCounts struct {
	Done   int64
	Failed int64 // to be tried again
	Dead   int64 // given up
	PutOff int64 // snoozed, or put back at a stop
}

// Counts returns a copy of the counts.
func (r *Runner) Counts() Counts {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.counts
	c.Kinds = maps.Clone(c.Kinds)
	for _, l := range r.lanes {
		c.Running += int64(l.running)
	}
	return c
}

// count counts an attempt at a job of a kind.
func (r *Runner) count(kind string, res store.JobResult) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.counts.Kinds[kind]
	switch {
	case res.State == store.JobDone:
		n.Done++
	case res.State == store.JobDead:
		n.Dead++
	case res.Uncounted:
		n.PutOff++
	default:
		n.Failed++
	}
	r.counts.Kinds[kind] = n
}
