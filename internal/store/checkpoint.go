package store

import (
	"context"
	"database/sql"
	"sync"
	"time"
)

// What is committed to SQLite lies in a log until it is copied into the file: a
// checkpoint. SQLite lets the commit that fills the log do it, which makes one of
// many wait for the disk. Here it is done beside those who write, and by them
// only where they write faster than it can be copied, lest the log have no end.
const (
	checkpointAt   = 1000   // pages that are not in the file yet
	checkpointLast = 16_000 // from there on a commit does it
	checkpointRest = 20 * time.Millisecond
	logBytesKept   = 64 << 20 // of the log, at most, that stay on the disk when it begins anew

	// calmAfter is how long nothing was copied when a burst of writes is over. All
	// connections of a process share one room for pages, and one that writes much
	// takes what the others do not use just then. It keeps them, and whoever reads
	// next finds no room and reads each page again and again. So the room is
	// cleared: it fills with what is wanted now.
	calmAfter = 250 * time.Millisecond
)

// checkpointer copies the log of a SQLite file into the file.
type checkpointer struct {
	db         *sql.DB
	wake       chan struct{} // holds one call
	stop, done chan struct{}
	stopping   sync.Once
}

func startCheckpointer(db *sql.DB) *checkpointer {
	c := &checkpointer{db: db, wake: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{})}
	go c.run()
	return c
}

// committed tells that there may be more in the log. A nil checkpointer has none.
func (c *checkpointer) committed() {
	if c == nil {
		return
	}
	select {
	case c.wake <- struct{}{}:
	default: // it is going to look anyway
	}
}

// close waits until nothing is copied any more.
func (c *checkpointer) close() {
	if c != nil {
		c.stopping.Do(func() { close(c.stop) })
		<-c.done
	}
}

func (c *checkpointer) run() {
	defer close(c.done)
	calm := time.NewTimer(0)
	<-calm.C // it starts when something is copied
	for {
		select {
		case <-c.stop:
			return
		case <-calm.C:
			_, _ = c.db.ExecContext(context.Background(), "PRAGMA shrink_memory")
			continue
		case <-c.wake:
		}
		if c.copy() {
			calm.Reset(calmAfter)
		}
		select {
		case <-c.stop:
			return
		case <-time.After(checkpointRest):
		}
	}
}

// copy copies what there is if it is much, and reports whether it was. An error is
// left to the commits: what stays in the log is as safe, and whoever fills it up
// does this again.
func (c *checkpointer) copy() bool {
	var busy, pages, copied int
	err := c.db.QueryRowContext(context.Background(), "PRAGMA wal_checkpoint(NOOP)").Scan(&busy, &pages, &copied)
	if err != nil || pages-copied < checkpointAt {
		return false
	}
	_, err = c.db.ExecContext(context.Background(), "PRAGMA wal_checkpoint(PASSIVE)")
	return err == nil
}
