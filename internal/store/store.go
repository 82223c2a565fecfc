// Package store is all SQL of the product, on two engines with one text:
// SQLite inside by default, PostgreSQL when several machines share a database.
//
// It promises that View reads one consistent state and that Update is all or
// nothing, that what is emitted, logged or enqueued in an Update exists if and
// only if the Update committed, and that no secret reaches a column in clear:
// the store itself seals or keyed-hashes every secret column, so that no
// caller can forget to.
//
// It refuses to know rules. Whether something may happen is decided above; the
// store only makes what is decided true at once, with conditional statements
// whose WHERE clause carries the condition.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"guestlist"
	"guestlist/internal/crypt"
)

// Options say which database to open and how.
type Options struct {
	// Database is a postgres:// URL, or the path of a SQLite file.
	Database string
	// Key seals and hashes the secret columns.
	Key crypt.Key
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Ephemeral trades durability of a SQLite file for speed; for databases
	// that die with the process.
	Ephemeral bool
	// MaxConns bounds the connections to PostgreSQL; 0 means DefaultMaxConns.
	MaxConns int
}

// DefaultMaxConns is how many connections to PostgreSQL a process opens at
// most. Idle ones are kept: opening thousands of sessions under load is what
// makes others slow.
const DefaultMaxConns = 32

// Store is an open database. It is safe for concurrent use.
type Store struct {
	dialect dialect
	file    string // of SQLite
	writer  *sql.DB
	readers *sql.DB
	key     crypt.Key
	now     func() time.Time

	writerStmts, readerStmts stmtCache
	checkpoints              *checkpointer // of SQLite

	cache   configCache
	tallied atomic.Int64 // transactions that wrote deltas

	mu    sync.Mutex
	wakes []func()

	snapshots sync.Mutex // held while one is made and read
}

// Open opens the database and brings its schema up to date. It refuses a
// database whose schema is newer than this program, and one that was sealed
// with another key.
func Open(ctx context.Context, o Options) (*Store, error) {
	s := &Store{key: o.Key, now: o.Now}
	if s.now == nil {
		s.now = time.Now
	}
	var err error
	if isPostgres(o.Database) {
		err = s.openPostgres(ctx, o)
	} else {
		err = s.openSQLite(ctx, o)
	}
	if err != nil {
		return nil, err
	}
	if err := s.prepareSchema(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func isPostgres(database string) bool {
	return strings.HasPrefix(database, "postgres://") || strings.HasPrefix(database, "postgresql://")
}

// Key returns the key that seals this store, for rooms that must compute the
// same keyed hashes.
func (s *Store) Key() crypt.Key { return s.key }

// Clock returns the clock that the store was opened with.
func (s *Store) Clock() func() time.Time { return s.now }

// Now returns the store's clock as a Time.
func (s *Store) Now() guestlist.Time { return guestlist.TimeOf(s.now()) }

// Close closes the connections. Transactions in flight fail.
func (s *Store) Close() error {
	s.checkpoints.close()
	s.writerStmts.close()
	s.readerStmts.close()
	var errs []error
	if s.readers != nil && s.readers != s.writer {
		errs = append(errs, s.readers.Close())
	}
	if s.writer != nil {
		errs = append(errs, s.writer.Close())
	}
	return errors.Join(errs...)
}

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	if err := s.readers.QueryRowContext(ctx, "SELECT 1").Scan(&one); err != nil {
		return fmt.Errorf("store: ping: %w", err)
	}
	return nil
}

// OnWork registers f to be called after a commit that emitted an event or
// enqueued a job, so that workers in this process need not wait for their next
// look. f must not block.
func (s *Store) OnWork(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wakes = append(s.wakes, f)
}

// View runs fn in a read-only transaction.
func (s *Store) View(ctx context.Context, fn func(*Tx) error) error {
	ctx, err := s.patient(ctx)
	if err != nil {
		return err
	}
	s.readerStmts.prepare(ctx)
	sqlTx, err := s.readers.BeginTx(ctx, &sql.TxOptions{ReadOnly: true, Isolation: s.dialect.viewIsolation})
	if err != nil {
		return fmt.Errorf("store: begin view: %w", err)
	}
	defer func() { _ = sqlTx.Rollback() }() // a view has nothing to commit
	tx := &Tx{ctx: ctx, s: s, sql: sqlTx, stmts: &s.readerStmts, Now: s.Now()}
	if err := tx.first(ctx); err != nil {
		return err
	}
	return fn(tx)
}

// patient returns the context of a transaction. SQLite's are over in less time
// than it takes to watch for a cancellation: the driver starts a goroutine for
// every statement of a context that may end. So a caller who is gone already
// is turned away, and one who leaves meanwhile is served.
func (s *Store) patient(ctx context.Context) (context.Context, error) {
	if s.dialect.name != sqliteDialect.name {
		return ctx, nil
	}
	return context.WithoutCancel(ctx), ctx.Err()
}

// maxUpdateTries is how often an Update is run when the engine says that it
// lost a race that is nobody's fault (a deadlock, a busy database).
const maxUpdateTries = 5

// Update runs fn in a read-write transaction and commits it if fn returns nil.
// fn may be run again from its start when the engine reports a deadlock, so it
// must not have effects outside the transaction. No network I/O inside.
func (s *Store) Update(ctx context.Context, fn func(*Tx) error) error {
	for try := 1; ; try++ {
		err := s.update(ctx, fn)
		if err == nil || try == maxUpdateTries || !s.dialect.isRetryable(err) {
			return err
		}
	}
}

func (s *Store) update(ctx context.Context, fn func(*Tx) error) error {
	ctx, err := s.patient(ctx)
	if err != nil {
		return err
	}
	s.writerStmts.prepare(ctx)
	sqlTx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("store: begin update: %w", err)
	}
	tx := &Tx{ctx: ctx, s: s, sql: sqlTx, stmts: &s.writerStmts, Now: s.Now(), writable: true}
	defer func() { _ = sqlTx.Rollback() }() // a no-op after Commit
	if err := tx.first(ctx); err != nil {
		return err
	}
	if err := fn(tx); err != nil {
		return err
	}
	if err := tx.flush(); err != nil {
		return err
	}
	if err := sqlTx.Commit(); err != nil {
		return fmt.Errorf("store: commit: %w", err)
	}
	s.committed(tx)
	return nil
}

// committed tells this process what the transaction changed.
func (s *Store) committed(tx *Tx) {
	s.checkpoints.committed()
	if tx.configChanged {
		s.cache.forget()
	}
	if tx.hasWork {
		s.mu.Lock()
		wakes := s.wakes
		s.mu.Unlock()
		for _, wake := range wakes {
			wake()
		}
	}
}
