package main

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// connections is how many requests are under way at any time, each on a
// keep-alive connection of its own.
const connections = 16

// errDone is what an operation returns that has nothing left to do.
var errDone = errors.New("done")

// operation is one measured act on a connection.
type operation func() error

// sample is what one run of a load gave.
type sample struct {
	ops      int
	elapsed  time.Duration
	cpu      time.Duration // of the server, user and system
	p50, p99 time.Duration
	bare     *floor // measured right before and after, where there is one
}

func (s sample) rate() float64 { return float64(s.ops) / s.elapsed.Seconds() }

// sustained is the rate at which the server would keep cores busy, with nobody
// else on them.
func (s sample) sustained(cores int) float64 {
	if s.cpu <= 0 {
		return 0
	}
	return float64(s.ops) / s.cpu.Seconds() * float64(cores)
}

// load is something to measure. prepare is called once for each connection,
// unmeasured, and returns what to do on it again and again.
type load struct {
	name    string
	conns   int // 0: connections
	warm    bool
	bare    operation // the work inside that no server can spare; nil if there is none
	prepare func(s *site, w *wire, worker int) (operation, error)
}

// drive puts a load on a site for as long as told, or until every connection
// is done.
func drive(s *site, l load, lasting time.Duration) (sample, error) {
	n := l.conns
	if n == 0 {
		n = connections
	}
	operations := make([]operation, n)
	errs := make([]error, n)
	each(n, func(i int) {
		w, err := dial(s.address)
		if err == nil {
			operations[i], err = l.prepare(s, w, i)
		}
		errs[i] = err
	})
	if err := errors.Join(errs...); err != nil {
		return sample{}, fmt.Errorf("%s: prepare: %w", l.name, err)
	}
	if l.warm { // statements are prepared and caches filled
		each(n, func(i int) { _, errs[i] = repeat(operations[i], lasting/warmPart) })
	}
	times := make([][]time.Duration, n)
	before, start := cpuOf(s.pid()), time.Now()
	each(n, func(i int) {
		var err error
		if times[i], err = repeat(operations[i], lasting); err != nil {
			errs[i] = err
		}
	})
	r := sample{elapsed: time.Since(start), cpu: cpuOf(s.pid()) - before}
	all := slices.Concat(times...)
	slices.Sort(all)
	r.ops, r.p50, r.p99 = len(all), percentile(all, 50), percentile(all, 99)
	return r, errors.Join(errs...)
}

// warmPart is which part of a run goes before it, unmeasured.
const warmPart = 5

func each(n int, f func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { f(i) })
	}
	all.Wait()
}

// repeat runs an operation again and again and returns how long each took.
func repeat(op operation, lasting time.Duration) ([]time.Duration, error) {
	times := make([]time.Duration, 0, 1<<14)
	start := time.Now()
	for last := start; last.Sub(start) < lasting; {
		err := op()
		if errors.Is(err, errDone) {
			break
		}
		if err != nil {
			return times, err
		}
		now := time.Now()
		times = append(times, now.Sub(last))
		last = now
	}
	return times, nil
}

// percentile expects sorted times.
func percentile(times []time.Duration, p int) time.Duration {
	if len(times) == 0 {
		return 0
	}
	return times[min(len(times)*p/100, len(times)-1)]
}
