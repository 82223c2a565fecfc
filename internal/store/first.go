package store

import "context"

// firstKey is under which a context carries what its transactions do first.
type firstKey struct{}

// WithFirst returns a context whose transactions, Views and Updates alike, run
// fn before anything else, and fail where it does. It is for conditions that
// belong to the caller and not to what is done, such as If-Match: whoever
// writes what is done cannot forget them.
func WithFirst(ctx context.Context, fn func(*Tx) error) context.Context {
	return context.WithValue(ctx, firstKey{}, fn)
}

// first runs what the caller wants to be run before the rest.
func (tx *Tx) first(ctx context.Context) error {
	if fn, ok := ctx.Value(firstKey{}).(func(*Tx) error); ok {
		return fn(tx)
	}
	return nil
}

// Writes reports whether this is an Update.
func (tx *Tx) Writes() bool { return tx.writable }

// LockName makes whoever else locks the same name wait for the end of this
// transaction. SQLite has one writer at a time anyway.
func (tx *Tx) LockName(name string) error {
	if tx.s.dialect.lockName == "" {
		return nil
	}
	var locked int
	return tx.row(tx.s.dialect.lockName, []any{name}, &locked)
}
