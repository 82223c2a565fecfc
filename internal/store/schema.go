package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"guestlist"
)

//go:embed migrations/*.sql
var migrations embed.FS

// prepareSchema brings the schema up to this program's version. On PostgreSQL
// a lock makes concurrent starters apply each step once.
func (s *Store) prepareSchema(ctx context.Context) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("store: migrations: %w", err)
	}
	opts := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true), goose.WithGoMigrations(s.byteOrders()...)}
	if s.dialect.name == postgresDialect.name {
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return fmt.Errorf("store: migration lock: %w", err)
		}
		opts = append(opts, goose.WithSessionLocker(locker))
	}
	provider, err := goose.NewProvider(s.dialect.goose, s.writer, files, opts...)
	if err != nil {
		return fmt.Errorf("store: migrations: %w", err)
	}
	current, newest, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("store: schema version: %w", err)
	}
	if current > newest {
		return &guestlist.Error{
			Kind: guestlist.KindUnavailable, Code: "store.newer_schema",
			Message: fmt.Sprintf("the database has schema version %d, this program knows %d", current, newest),
			Hint:    "run the newer release that made it, or restore a backup from before the upgrade",
		}
	}
	if err := migrate(ctx, provider, current, newest); err != nil {
		return fmt.Errorf("store: migrate: %w", err)
	}
	return s.checkKey(ctx)
}

// migrate applies the steps from current to newest. SQLite has no lock for
// concurrent starters, but each step is one transaction: a starter that loses a
// step to another fails, and finds the version ahead of where it began. Only a
// failure without that is one.
func migrate(ctx context.Context, provider *goose.Provider, current, newest int64) error {
	for current < newest {
		_, failed := provider.Up(ctx)
		reached, _, err := provider.GetVersions(ctx)
		if err != nil {
			return errors.Join(failed, err)
		}
		if failed != nil && reached <= current {
			return failed
		}
		current = reached
	}
	return nil
}

// bytewise are, by the version of the schema that makes them so, the columns
// whose order is that of their bytes on PostgreSQL too, so that an index over
// one finds a prefix whatever the language of the database is. SQLite has no
// other order.
var bytewise = map[int64]map[string][]string{
	2:  {"users": {"id", "username", "username_key", "email_key", "primary_phone", "name_key"}},
	11: {"invitations": {"id", "recipient_key"}, "tallies": {"name"}},
	19: {"invitation_lots": {"first_id", "last_id"}},
}

// byteOrders are the steps of the schema that the engines do not share.
func (s *Store) byteOrders() []*goose.Migration {
	var steps []*goose.Migration
	for version, tables := range bytewise {
		steps = append(steps, goose.NewGoMigration(version, &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
			if s.dialect.name != postgresDialect.name {
				return nil
			}
			for table, columns := range tables {
				for _, column := range columns {
					if _, err := tx.ExecContext(ctx, "ALTER TABLE "+table+" ALTER COLUMN "+column+` TYPE TEXT COLLATE "C"`); err != nil {
						return err
					}
				}
			}
			return nil
		}}, nil))
	}
	return steps
}

// SchemaVersion returns the version of the database's schema.
func (s *Store) SchemaVersion(ctx context.Context) (int64, error) {
	var v int64
	err := s.View(ctx, func(tx *Tx) error {
		return tx.row("SELECT MAX(version_id) FROM goose_db_version", nil, &v)
	})
	return v, err
}

// keyFingerprint is the setting that tells which key sealed the database.
const keyFingerprint = "key_fingerprint"

// checkKey refuses to open a database with a key that did not seal it: every
// secret in it would be unreadable, and new ones would be sealed apart.
func (s *Store) checkKey(ctx context.Context) error {
	want := s.key.Fingerprint()
	var have string
	err := s.View(ctx, func(tx *Tx) error {
		var err error
		have, err = tx.Setting(keyFingerprint)
		return err
	})
	if err == nil && have == want {
		return nil
	}
	if errors.Is(err, ErrNotFound) {
		err = s.Update(ctx, func(tx *Tx) error {
			if err := tx.PutSettingOnce(keyFingerprint, want); err != nil {
				return err
			}
			have, err = tx.Setting(keyFingerprint)
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("store: check key: %w", err)
	}
	if have != want {
		return &guestlist.Error{
			Kind: guestlist.KindUnavailable, Code: "store.wrong_key",
			Message: "the secret key does not fit this database",
			Hint:    "give the key that was used before, by GUESTLIST_SECRET_KEY_FILE or GUESTLIST_SECRET_KEY, or restore secret.key from the backup",
		}
	}
	return nil
}
