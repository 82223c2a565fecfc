package store_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
)

var engines = []string{"sqlite", "postgres"}

func TestUpdateIsAllOrNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		ctx := context.Background()
		broken := errors.New("broken")
		err := st.Update(ctx, func(tx *store.Tx) error {
			for _, do := range []func() error{
				func() error { return tx.InsertUser(newUser(tx.Now, "gone@example.com", ""), nil) },
				func() error { return tx.Emit(guestlist.Event{Key: guestlist.EventUserCreated}) },
				func() error { return tx.Log(guestlist.LogEntry{Key: "Interaction.Create"}) },
				func() error { return tx.Enqueue(guestlist.Job{Kind: "x"}) },
				func() error { return tx.PutSetting("x", "y") },
			} {
				if err := do(); err != nil {
					return err
				}
			}
			return broken
		})
		if !errors.Is(err, broken) {
			t.Fatalf("got %v", err)
		}
		if err := st.Update(ctx, func(tx *store.Tx) error {
			if _, err := tx.UserByIdentifier(guestlist.Identifier{Type: guestlist.IdentifierEmail, Value: "gone@example.com"}); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("user: %v", err)
			}
			if _, err := tx.Setting("x"); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("setting: %v", err)
			}
			events, err := tx.TakeEvents(10)
			if len(events) != 0 {
				t.Errorf("events: %v", events)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	})
}

func TestWorkIsAnnouncedAfterTheCommitOnly(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		woken := make(chan struct{}, 10)
		st.OnWork(func() { woken <- struct{}{} })
		_ = st.Update(context.Background(), func(tx *store.Tx) error {
			if err := tx.Enqueue(guestlist.Job{Kind: "x"}); err != nil {
				t.Error(err)
			}
			return errors.New("no")
		})
		if len(woken) != 0 {
			t.Fatal("announced without a commit")
		}
		if err := st.Update(context.Background(), func(tx *store.Tx) error { return tx.Enqueue(guestlist.Job{Kind: "x"}) }); err != nil {
			t.Fatal(err)
		}
		if len(woken) != 1 {
			t.Fatal("not announced")
		}
	})
}

func TestConcurrentUpdatesAreNeverBusy(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		const workers, each = 8, 70 // more than compactEvery
		var wg sync.WaitGroup
		for range workers {
			wg.Add(1)
			go func() {
				defer wg.Done()
				for range each {
					if err := st.Update(context.Background(), func(tx *store.Tx) error {
						return tx.InsertUser(newUser(tx.Now, "", ""), nil)
					}); err != nil {
						t.Error(err)
					}
					if err := st.View(context.Background(), func(tx *store.Tx) error {
						_, err := tx.SignInExperience()
						return err
					}); err != nil {
						t.Error(err)
					}
				}
			}()
		}
		wg.Wait()
		if err := st.Update(context.Background(), func(tx *store.Tx) error { return tx.CompactTallies() }); err != nil {
			t.Fatal(err)
		}
		if err := st.View(context.Background(), func(tx *store.Tx) error {
			n, err := tx.CountUsers()
			if n != workers*each {
				t.Errorf("counted %d users, made %d", n, workers*each)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	})
}

func TestNewerSchemaIsRefused(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			o := storetest.Options(t, engine, nil)
			reopen(t, o)
			raw(t, o, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, TRUE)")
			_, err := store.Open(context.Background(), o)
			if guestlist.CodeOf(err) != "store.newer_schema" {
				t.Fatalf("got %v", err)
			}
		})
	}
}

func TestWrongKeyIsRefused(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			o := storetest.Options(t, engine, nil)
			reopen(t, o)
			o.Key = crypt.NewKey()
			_, err := store.Open(context.Background(), o)
			if guestlist.CodeOf(err) != "store.wrong_key" {
				t.Fatalf("got %v", err)
			}
		})
	}
}

func TestConcurrentStartersMigrateOnce(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			o := storetest.Options(t, engine, nil)
			if engine == "postgres" {
				o.Database = storetest.EmptyDatabase(t)
			}
			var wg sync.WaitGroup
			for range 4 {
				wg.Add(1)
				go func() {
					defer wg.Done()
					st, err := store.Open(context.Background(), o)
					if err != nil {
						t.Error(err)
						return
					}
					_ = st.Close()
				}()
			}
			wg.Wait()
		})
	}
}

func TestUnreachableDatabaseIsOneClearError(t *testing.T) {
	for name, database := range map[string]string{
		"a directory":    t.TempDir(),
		"nobody there":   "postgres://nobody:hush-hush@127.0.0.1:1/none?connect_timeout=1",
		"a broken URL":   "postgres://us er:hush-hush@%%%",
		"not writable":   "/proc/guestlist/guestlist.db",
		"not a database": textFile(t),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := store.Open(context.Background(), store.Options{Database: database, Key: crypt.NewKey()})
			var e *guestlist.Error
			if !errors.As(err, &e) || e.Hint == "" {
				t.Fatalf("no hint in %v", err)
			}
			if strings.Contains(err.Error(), "hush-hush") {
				t.Fatal("the password is in the error")
			}
		})
	}
}

func TestCachedConfigurationFollowsChanges(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		ctx := context.Background()
		read := func() string {
			v, err := store.Cached(ctx, st, "test", func(tx *store.Tx) (string, error) {
				v, err := tx.Setting("x")
				if errors.Is(err, store.ErrNotFound) {
					return "", nil
				}
				return v, err
			})
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		for _, want := range []string{"one", "two"} {
			if err := st.Update(ctx, func(tx *store.Tx) error { return tx.PutSetting("x", want) }); err != nil {
				t.Fatal(err)
			}
			if got := read(); got != want {
				t.Fatalf("got %q, want %q", got, want)
			}
		}
	})
}

func TestBackupIsACopyThatOpens(t *testing.T) {
	o := storetest.Options(t, "sqlite", nil)
	st, err := store.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	ctx := context.Background()
	if err := st.Update(ctx, func(tx *store.Tx) error { return tx.InsertUser(newUser(tx.Now, "kept@example.com", ""), nil) }); err != nil {
		t.Fatal(err)
	}
	copied := o
	copied.Database = filepath.Join(t.TempDir(), "backup.db")
	if err := st.Backup(ctx, copied.Database); err != nil {
		t.Fatal(err)
	}
	if err := st.Backup(ctx, copied.Database); guestlist.CodeOf(err) != "store.backup_exists" {
		t.Errorf("overwrote a backup: %v", err)
	}
	second, err := store.Open(ctx, copied)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if err := second.View(ctx, func(tx *store.Tx) error {
		_, err := tx.UserByIdentifier(guestlist.Identifier{Type: guestlist.IdentifierEmail, Value: "kept@example.com"})
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func TestDatabaseFilesAreReadForNobodyElse(t *testing.T) {
	o := storetest.Options(t, "sqlite", nil)
	o.Database = filepath.Join(t.TempDir(), "guestlist.db") // in a directory that everybody may enter
	st, err := store.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	if err := st.Backup(context.Background(), o.Database+".backup"); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(o.Database + "*")
	if err != nil || len(files) != 4 {
		t.Fatalf("files %v, %v; want the database, its log, its shared memory and the copy", files, err)
	}
	for _, file := range files {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", filepath.Base(file), info.Mode(), err)
		}
	}
}

func TestNowIsTheClockOfTheStore(t *testing.T) {
	at := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	storetest.EachAt(t, func() time.Time { return at }, func(t *testing.T, st *store.Store) {
		if err := st.View(context.Background(), func(tx *store.Tx) error {
			if tx.Now != guestlist.TimeOf(at) {
				t.Errorf("now %v", tx.Now.Std())
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	})
}

func reopen(t *testing.T, o store.Options) {
	t.Helper()
	st, err := store.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
}

// raw runs a statement beside the store, as a newer release would.
func raw(t *testing.T, o store.Options, statement string) {
	t.Helper()
	driver := "sqlite"
	if strings.HasPrefix(o.Database, "postgres") {
		driver = "pgx"
	}
	db, err := sql.Open(driver, o.Database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(context.Background(), statement); err != nil {
		t.Fatal(err)
	}
}

// textFile returns the path of a file that is no database.
func textFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(path, []byte(strings.Repeat("not a database\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
