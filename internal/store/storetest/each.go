package storetest

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"guestlist/internal/crypt"
	"guestlist/internal/store"
)

// Each runs fn once per engine, each time on an empty store of its own whose
// clock is the machine's.
func Each(t *testing.T, fn func(t *testing.T, st *store.Store)) {
	EachAt(t, nil, fn)
}

// EachAt is Each with a clock of the test's own.
func EachAt(t *testing.T, now func() time.Time, fn func(t *testing.T, st *store.Store)) {
	t.Helper()
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			fn(t, Open(t, engine, now))
		})
	}
}

// Open opens an empty store on an engine, "sqlite" or "postgres"; nil takes
// the machine's clock.
func Open(t testing.TB, engine string, now func() time.Time) *store.Store {
	t.Helper()
	st, err := store.Open(context.Background(), Options(t, engine, now))
	if err != nil {
		t.Fatalf("open %s: %v", engine, err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Errorf("close %s: %v", engine, err)
		}
	})
	return st
}

// testKey is the same in every test process, so that a template database that
// one made fits the others.
var testKey = func() crypt.Key {
	key, err := crypt.ParseKey(strings.Repeat("2a5c0f91", 8))
	if err != nil {
		panic(err)
	}
	return key
}()

// Options returns what opens a new database on an engine, for tests that open
// it several times.
func Options(t testing.TB, engine string, now func() time.Time) store.Options {
	t.Helper()
	o := store.Options{Key: testKey, Now: now, Ephemeral: true, MaxConns: 16}
	if engine == "sqlite" {
		o.Database = filepath.Join(t.TempDir(), "guestlist.db")
		return o
	}
	admin, ok := PostgresURL(t)
	if !ok {
		t.SkipNow()
	}
	template := Template(t, admin, migrationText(t), func(ctx context.Context, url string) error {
		st, err := store.Open(ctx, store.Options{Database: url, Key: testKey})
		if err != nil {
			return err
		}
		return st.Close()
	})
	o.Database = NewDatabase(t, admin, template)
	return o
}

// migrationText names the template: another schema or key is another template.
func migrationText(t testing.TB) string {
	t.Helper()
	text := testKey.Fingerprint()
	dir := migrationDir(t)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		b, err := fs.ReadFile(os.DirFS(dir), e.Name())
		if err != nil {
			t.Fatal(err)
		}
		text += string(b)
	}
	return text
}

// migrationDir finds the migrations from wherever the test runs.
func migrationDir(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for dir != filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, "internal", "store", "migrations")
		}
		dir = filepath.Dir(dir)
	}
	t.Fatal("no go.mod above the working directory")
	return ""
}

// EmptyDatabase returns the URL of a PostgreSQL database without any schema.
func EmptyDatabase(t testing.TB) string {
	t.Helper()
	admin, ok := PostgresURL(t)
	if !ok {
		t.SkipNow()
	}
	return NewDatabase(t, admin, "template0")
}
