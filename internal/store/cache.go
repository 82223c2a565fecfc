package store

import (
	"context"
	"sync"
	"time"
)

// Configuration (applications, resources, roles, scopes, keys, hooks,
// settings) changes seldom and is read with every request. Every change adds
// one to a revision in the database; a process trusts what it cached while the
// revision stands, and looks at most once in cacheTrust. So a change is seen
// at once in the process that made it and within cacheTrust in the others.
const cacheTrust = time.Second

// maxCached bounds the cache; when it is full it starts anew.
const maxCached = 20000

type configCache struct {
	mu       sync.RWMutex
	revision int64
	checked  time.Time
	values   map[string]any
	epoch    int64 // goes up with forget, so that a slow load cannot store old data
}

func (c *configCache) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.values = nil
	c.checked = time.Time{}
	c.epoch++
}

// touchConfig marks the transaction as one that changes configuration.
func (tx *Tx) touchConfig() error {
	if tx.configChanged {
		return nil
	}
	tx.configChanged = true
	return tx.run("UPDATE revisions SET value = value + 1 WHERE name = 'config'")
}

// LockConfig keeps other transactions from changing the configuration until
// this one ends, for rules that look at more than one row. It comes first in a
// transaction.
func (tx *Tx) LockConfig() error { return tx.touchConfig() }

// Cached returns the value that load gave for key, loading it when the
// configuration changed since. The value is shared: it must not be changed.
// Errors are not cached.
func Cached[T any](ctx context.Context, s *Store, key string, load func(*Tx) (T, error)) (T, error) {
	var zero T
	if err := s.refreshCache(ctx); err != nil {
		return zero, err
	}
	s.cache.mu.RLock()
	v, ok := s.cache.values[key]
	epoch := s.cache.epoch
	s.cache.mu.RUnlock()
	if ok {
		return v.(T), nil
	}
	var loaded T
	err := s.View(ctx, func(tx *Tx) error {
		var err error
		loaded, err = load(tx)
		return err
	})
	if err != nil {
		return zero, err
	}
	s.cache.mu.Lock()
	defer s.cache.mu.Unlock()
	if s.cache.epoch == epoch {
		if s.cache.values == nil || len(s.cache.values) >= maxCached {
			s.cache.values = map[string]any{}
		}
		s.cache.values[key] = loaded
	}
	return loaded, nil
}

// refreshCache empties the cache if another process changed configuration.
func (s *Store) refreshCache(ctx context.Context) error {
	now := time.Now() // the machine's clock: a test's fixed clock must not stop the looks
	s.cache.mu.RLock()
	fresh := now.Sub(s.cache.checked) < cacheTrust
	s.cache.mu.RUnlock()
	if fresh {
		return nil
	}
	var revision int64
	if err := s.View(ctx, func(tx *Tx) error {
		return tx.row("SELECT value FROM revisions WHERE name = 'config'", nil, &revision)
	}); err != nil {
		return err
	}
	s.cache.mu.Lock()
	defer s.cache.mu.Unlock()
	if s.cache.revision != revision {
		s.cache.values = nil
		s.cache.revision = revision
		s.cache.epoch++
	}
	s.cache.checked = now
	return nil
}
