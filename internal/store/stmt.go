package store

import (
	"context"
	"database/sql"
	"sync"
)

// maxStmts bounds the cache against texts that are built at run time.
const maxStmts = 300

// stmtCache keeps a prepared statement per text for one pool. A statement is
// never prepared while a transaction holds a connection: on the one-connection
// writer pool that would wait for itself. The first use of a text runs
// unprepared and leaves the text in wanted; the next transaction prepares it
// before it begins.
type stmtCache struct {
	db *sql.DB // nil: the driver caches by itself

	mu     sync.RWMutex
	stmts  map[string]*sql.Stmt
	wanted []string
}

// get returns the prepared statement of a text, or nil.
func (c *stmtCache) get(query string) *sql.Stmt {
	if c.db == nil {
		return nil
	}
	c.mu.RLock()
	st := c.stmts[query]
	c.mu.RUnlock()
	if st != nil {
		return st
	}
	c.mu.Lock()
	if len(c.stmts)+len(c.wanted) < maxStmts {
		c.wanted = append(c.wanted, query)
	}
	c.mu.Unlock()
	return nil
}

// prepare prepares what was wanted. A text that cannot be prepared stays
// unprepared: its own execution reports the fault.
func (c *stmtCache) prepare(ctx context.Context) {
	if c.db == nil {
		return
	}
	c.mu.RLock()
	idle := len(c.wanted) == 0
	c.mu.RUnlock()
	if idle {
		return
	}
	c.mu.Lock()
	wanted := c.wanted
	c.wanted = nil
	c.mu.Unlock()
	for _, query := range wanted {
		c.prepareOne(ctx, query)
	}
}

func (c *stmtCache) prepareOne(ctx context.Context, query string) {
	c.mu.RLock()
	_, known := c.stmts[query]
	c.mu.RUnlock()
	if known {
		return
	}
	st, err := c.db.PrepareContext(ctx, query)
	if err != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stmts == nil {
		c.stmts = map[string]*sql.Stmt{}
	}
	// Of two that raced, one is kept and the other closed.
	st, c.stmts[query] = c.stmts[query], st
	if st != nil {
		defer func() { _ = st.Close() }()
	}
}

func (c *stmtCache) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, st := range c.stmts {
		_ = st.Close()
	}
	c.stmts = nil
}
