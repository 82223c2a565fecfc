package storetest

import (
	"sync/atomic"
	"time"
)

// Clock is a clock that only the test moves. Stores and servers may read it
// from goroutines of their own meanwhile.
type Clock struct{ ns atomic.Int64 }

// NewClock returns a clock that stands at a time.
func NewClock(start time.Time) *Clock {
	c := &Clock{}
	c.ns.Store(start.UnixNano())
	return c
}

// Now returns the clock's time, in UTC.
func (c *Clock) Now() time.Time { return time.Unix(0, c.ns.Load()).UTC() }

// Advance moves the clock.
func (c *Clock) Advance(d time.Duration) { c.ns.Add(int64(d)) }
