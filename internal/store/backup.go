package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"guestlist"
)

// Backup writes a consistent copy of a SQLite database to a new file while the
// server runs. PostgreSQL has pg_dump for that.
func (s *Store) Backup(ctx context.Context, file string) error {
	if s.dialect.name != sqliteDialect.name {
		return errNoBackup()
	}
	if err := createPrivate(file, os.O_EXCL); err != nil {
		if !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("store: backup: %w", err)
		}
		return &guestlist.Error{
			Kind: guestlist.KindConflict, Code: "store.backup_exists",
			Message: file + " exists already", Hint: "name a file that does not exist, so that no backup is overwritten",
		}
	}
	if err := s.copyInto(ctx, file); err != nil {
		return errors.Join(fmt.Errorf("store: backup: %w", err), os.Remove(file))
	}
	return nil
}

// copyInto writes one snapshot into a file that is empty. It goes through a
// connection that reads, so that nobody who writes waits for it.
func (s *Store) copyInto(ctx context.Context, file string) error {
	conn, err := s.readers.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // back to the pool
	// The pragma would forbid to write the copy too.
	if _, err := conn.ExecContext(ctx, "PRAGMA query_only(0)"); err != nil {
		return err
	}
	_, err = conn.ExecContext(ctx, "VACUUM INTO $1", file)
	if _, again := conn.ExecContext(context.WithoutCancel(ctx), "PRAGMA query_only(1)"); again != nil {
		// A connection that might write must not go back to the readers.
		_ = conn.Raw(func(any) error { return driver.ErrBadConn })
		err = errors.Join(err, again)
	}
	return err
}

// ErrSnapshotRuns refuses a second snapshot at a time: each needs as much room
// on the disk as the database itself.
var ErrSnapshotRuns = guestlist.Refuse(guestlist.KindConflict, "store.backup_running")

// Snapshot copies a SQLite database, as Backup does, and hands the copy to use,
// after which it is gone.
func (s *Store) Snapshot(ctx context.Context, use func(f *os.File, size int64) error) error {
	if s.dialect.name != sqliteDialect.name {
		return errNoBackup()
	}
	if !s.snapshots.TryLock() {
		return ErrSnapshotRuns
	}
	defer s.snapshots.Unlock()
	// Beside the database, where there is room, and nobody else may look.
	dir, err := os.MkdirTemp(filepath.Dir(s.file), "backup-")
	if err != nil {
		return fmt.Errorf("store: snapshot: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file := filepath.Join(dir, "guestlist.db")
	if err := s.Backup(ctx, file); err != nil {
		return err
	}
	f, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("store: snapshot: %w", err)
	}
	defer func() { _ = f.Close() }() // it was only read
	_ = os.RemoveAll(dir)            // where the system lets go of open files, a crash leaves nothing behind
	about, err := f.Stat()
	if err != nil {
		return fmt.Errorf("store: snapshot: %w", err)
	}
	return use(f, about.Size())
}

func errNoBackup() error {
	return &guestlist.Error{
		Kind: guestlist.KindInvalid, Code: "store.backup_not_here",
		Message: "this copies SQLite databases only", Hint: "use pg_dump for PostgreSQL",
	}
}

// createPrivate makes an empty file, unless it is there, that nobody else on
// the machine can read: databases hold what people entrusted to us.
func createPrivate(file string, flags int) error {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|flags, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}
