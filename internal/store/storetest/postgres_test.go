package storetest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
)

func adminURL(t *testing.T) string {
	t.Helper()
	url, ok := PostgresURL(t)
	if !ok {
		t.Skipf("%s=%s", PostgresEnv, PostgresOff)
	}
	return url
}

// query runs a statement that returns one value, on a connection of its own.
func query(ctx context.Context, url, statement string) (value string, err error) {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	err = db.QueryRowContext(ctx, statement).Scan(&value)
	return value, err
}

func TestDatabasesAreCopiesThatShareNothing(t *testing.T) {
	admin := adminURL(t)
	build := func(ctx context.Context, url string) error {
		return exec(ctx, url, "CREATE TABLE guests (name TEXT); INSERT INTO guests VALUES ('ada')")
	}
	template := Template(t, admin, t.Name(), build)
	one, two := NewDatabase(t, admin, template), NewDatabase(t, admin, template)
	if err := exec(t.Context(), one, "DELETE FROM guests"); err != nil {
		t.Fatal(err)
	}
	for url, want := range map[string]string{one: "0", two: "1"} {
		got, err := query(t.Context(), url, "SELECT count(*)::text FROM guests")
		if err != nil || got != want {
			t.Errorf("guests = %q, %v, want %q", got, err, want)
		}
	}
}

func exec(ctx context.Context, url, statement string) (err error) {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	_, err = db.ExecContext(ctx, statement)
	return err
}

func TestDatabaseIsDroppedWithItsTestEvenWhenInUse(t *testing.T) {
	admin := adminURL(t)
	var name string
	t.Run("inner", func(t *testing.T) {
		url := NewDatabase(t, admin, "")
		db, err := sql.Open("pgx", url)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.QueryRowContext(t.Context(), "SELECT current_database()").Scan(&name); err != nil {
			t.Fatal(err)
		}
		// The pool stays open past the clean-up, as that of a failed test would.
	})
	left, err := query(t.Context(), admin, "SELECT count(*)::text FROM pg_database WHERE datname = '"+name+"'")
	if err != nil || left != "0" {
		t.Errorf("databases named %s after the test = %q, %v, want 0", name, left, err)
	}
}

func TestTemplateIsBuiltOnceByConcurrentAskers(t *testing.T) {
	admin := adminURL(t)
	content := rand.Text() // so that a cluster that outlives this run has not built it yet
	var built atomic.Int32
	t.Run("askers", func(t *testing.T) {
		for range 4 {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				Template(t, admin, content, func(ctx context.Context, url string) error {
					built.Add(1)
					return exec(ctx, url, "CREATE TABLE guests (name TEXT)")
				})
			})
		}
	})
	name := Template(t, admin, content, func(context.Context, string) error {
		built.Add(1)
		return nil
	})
	if n := built.Load(); n != 1 {
		t.Errorf("built %d times, want once", n)
	}
	if err := administer(admin, "DROP DATABASE "+quote(name)); err != nil {
		t.Error(err)
	}
}

func TestQuoteKeepsANameAName(t *testing.T) {
	if got := quote(`a"; DROP TABLE x; --`); strings.Count(got, `"`)%2 != 0 || got != `"a""; DROP TABLE x; --"` {
		t.Errorf("quote = %s", got)
	}
}
