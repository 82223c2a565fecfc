package store

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"modernc.org/sqlite"

	"guestlist/internal/crypt"
)

// copiedWithin is how long a test waits for what is done beside it.
const copiedWithin = time.Minute

func TestLogOfSQLiteIsCopiedBesideWritersAndItsRoomGivenBack(t *testing.T) {
	s, err := Open(t.Context(), Options{Database: filepath.Join(t.TempDir(), "guestlist.db"), Key: crypt.NewKey()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	const pages = 2 * checkpointAt // far from what makes a commit copy them
	if err := s.Update(t.Context(), func(tx *Tx) error {
		_, err := tx.exec("CREATE TABLE filler AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) SELECT randomblob(4000) FROM n", pages)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	awaitCopy(t, func() bool {
		var busy, all, copied int
		if err := s.readers.QueryRowContext(t.Context(), "PRAGMA wal_checkpoint(NOOP)").Scan(&busy, &all, &copied); err != nil {
			t.Fatal(err)
		}
		return all >= pages && copied == all
	})
	const little = 64 << 10
	awaitCopy(t, func() bool { return cacheOf(t, s) < little })
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil { // as callers do who clean up twice
		t.Fatal(err)
	}
}

// cacheOf returns the bytes that the connection that writes keeps of the file.
func cacheOf(t *testing.T, s *Store) (used int) {
	t.Helper()
	conn, err := s.writer.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.Raw(func(c any) error {
		used, _, err = c.(sqlite.DBStatus).Status(sqlite.DBStatusCacheUsed, false)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return used
}

func awaitCopy(t *testing.T, done func() bool) {
	t.Helper()
	tick := time.NewTicker(checkpointRest)
	defer tick.Stop()
	for begin := time.Now(); !done(); <-tick.C {
		if time.Since(begin) > copiedWithin {
			t.Fatal("it was not done")
		}
	}
}
