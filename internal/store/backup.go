package store

import (
	"context"
	"fmt"
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
	if _, err := os.Lstat(file); err == nil {
		return &guestlist.Error{
			Kind: guestlist.KindConflict, Code: "store.backup_exists",
			Message: file + " exists already", Hint: "name a file that does not exist, so that no backup is overwritten",
		}
	}
	// VACUUM INTO copies one snapshot; it runs on a reading connection and
	// holds up nobody.
	if _, err := s.writer.ExecContext(ctx, "VACUUM INTO $1", file); err != nil {
		return fmt.Errorf("store: backup: %w", err)
	}
	return os.Chmod(file, 0o600)
}
