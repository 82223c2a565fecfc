package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"guestlist"
)

// Backup writes a consistent copy of a SQLite database to a new file while the
// server runs. PostgreSQL has pg_dump for that.
func (s *Store) Backup(ctx context.Context, file string) error {
	if s.dialect.name != sqliteDialect.name {
		return &guestlist.Error{
			Kind: guestlist.KindInvalid, Code: "store.backup_not_here",
			Message: "this command copies SQLite databases only", Hint: "use pg_dump for PostgreSQL",
		}
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
	// VACUUM INTO copies one snapshot, into a file that is empty.
	if _, err := s.writer.ExecContext(ctx, "VACUUM INTO $1", file); err != nil {
		return errors.Join(fmt.Errorf("store: backup: %w", err), os.Remove(file))
	}
	return nil
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
