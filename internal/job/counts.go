package job

import "maps"

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

func (r *Runner) count(kind string, f func(*KindCounts)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.counts.Kinds[kind]
	f(&n)
	r.counts.Kinds[kind] = n
}
