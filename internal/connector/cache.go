package connector

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// How long what a provider publishes is believed without asking again. Its own
// word (RFC 9111 §5.2, §5.3) counts within these limits.
const (
	minFresh     = time.Minute
	usualFresh   = time.Hour
	maxFresh     = 24 * time.Hour
	staleGrace   = time.Hour        // how long after that it serves while the provider is down (RFC 5861 §4)
	refetchPause = 30 * time.Second // between two looks for a key that was not there
	failurePause = 2 * time.Second  // before a provider that failed is asked again
	maxCached    = 512              // documents; there are two for each connector
)

// cache keeps documents by their URL. Its zero value is ready.
type cache struct {
	flights singleflight.Group

	mu   sync.Mutex
	docs map[string]doc
}

// doc is what came of the last look at a document.
type doc struct {
	value  any       // parsed; nil if there never was one
	fresh  time.Time // until when it needs no other look
	looked time.Time // when something was last missed in it, and looked for
	err    error     // of the last look
	failed time.Time
}

// fetcher gets and parses a document.
type fetcher func(context.Context) (any, http.Header, error)

// get returns a document that is not older than its provider allows. newer asks
// again for one that was fetched before, at most once in refetchPause: a key
// that is not in a set may have been added, and strangers could make us ask all
// day.
func (c *cache) get(ctx context.Context, url string, now time.Time, newer bool, fetch fetcher) (any, error) {
	c.mu.Lock()
	d := c.docs[url]
	c.mu.Unlock()
	switch {
	case newer && d.value != nil && now.Before(d.looked.Add(refetchPause)):
		return d.value, nil
	case !newer && d.value != nil && now.Before(d.fresh):
		return d.value, nil
	case d.err != nil && now.Before(d.failed.Add(failurePause)):
		return d.stale(now)
	}
	// All who wait share one request, and none of them can cut it short for the
	// others by going away.
	ch := c.flights.DoChan(url, func() (any, error) {
		return c.refresh(context.WithoutCancel(ctx), url, now, newer, fetch)
	})
	select {
	case <-ctx.Done():
		return nil, fail(errGeneral, "%s: %w", hostOf(url), ctx.Err())
	case result := <-ch:
		return result.Val, result.Err
	}
}

func (c *cache) refresh(ctx context.Context, url string, now time.Time, newer bool, fetch fetcher) (any, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	value, header, err := fetch(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.docs == nil || len(c.docs) >= maxCached {
		c.docs = map[string]doc{} // addresses that nobody uses any more have no other way out
	}
	d := c.docs[url]
	if newer {
		d.looked = now
	}
	if err != nil {
		d.err, d.failed = err, now
		c.docs[url] = d
		return d.stale(now)
	}
	c.docs[url] = doc{value: value, looked: d.looked, fresh: now.Add(freshness(header, now))}
	return value, nil
}

// stale returns the last good document while it may serve, or the error.
func (d doc) stale(now time.Time) (any, error) {
	if d.value != nil && now.Before(d.fresh.Add(staleGrace)) {
		return d.value, nil
	}
	return nil, d.err
}

// freshness reads how long an answer may be kept.
func freshness(header http.Header, now time.Time) time.Duration {
	age := usualFresh
	if expires, err := http.ParseTime(header.Get("Expires")); err == nil {
		age = expires.Sub(now)
	}
	for directive := range strings.SplitSeq(strings.Join(header.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.ToLower(strings.TrimSpace(directive)), "=")
		switch name {
		case "no-store", "no-cache":
			return minFresh
		case "max-age": // goes before Expires, RFC 9111 §5.3
			seconds, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31)
			if err != nil {
				return minFresh // RFC 9111 §4.2.1: what cannot be read is stale
			}
			age = time.Duration(seconds) * time.Second
		}
	}
	return min(max(age, minFresh), maxFresh)
}
