package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"guestlist"
)

// dialect holds all that differs between the engines.
type dialect struct {
	name          string
	goose         goose.Dialect
	skipLocked    string // row locks of a job claim
	forUpdate     string // row lock of a row that is read to be written
	viewIsolation sql.IsolationLevel
	lockName      string // waits for, and takes, the lock of a name until the end of the transaction
	inOrder       string // behind FROM users: read them in the order of lists, and nothing else
	elsewhere     string // behind users.id: compared as other tables order their ids
	oneOf         string // a column, and the place of an argument that listArg made
	size          string // bytes of the database
	version       string // of the engine
	importRows    int    // invitations that one statement inserts
}

var sqliteDialect = dialect{
	name:          "sqlite",
	goose:         database.DialectSQLite3,
	viewIsolation: sql.LevelDefault, // a SQLite read transaction is a snapshot
	inOrder:       " INDEXED BY users_created_at_index",
	oneOf:         "%s IN (SELECT value FROM json_each($%d))",
	size:          "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
	version:       "SELECT sqlite_version()",
	importRows:    256, // each of its values is bound by itself
}

var postgresDialect = dialect{
	name:          "postgres",
	goose:         database.DialectPostgres,
	skipLocked:    " FOR UPDATE SKIP LOCKED",
	forUpdate:     " FOR UPDATE",
	viewIsolation: sql.LevelReadCommitted,
	elsewhere:     ` COLLATE "default"`, // that of users is bytewise, which the indexes of others do not help with
	oneOf:         "%s = ANY($%d)",
	lockName:      "SELECT 1 FROM pg_advisory_xact_lock(hashtextextended($1, 0))",
	size:          "SELECT pg_database_size(current_database())",
	version:       "SELECT current_setting('server_version')",
	importRows:    8192, // they travel as arrays
}

// readerConns is how many connections read a SQLite file at once.
const readerConns = 8

// The pages that connections to SQLite keep, in KiB. The operating system has the
// others. The one that writes has the most use of them: many rows at once change
// pages of an index that lie anywhere.
const (
	writerCache = "_pragma=cache_size(-12000)"
	readerCache = "_pragma=cache_size(-4000)"
)

// openSQLite opens one connection that writes and a pool that reads. With one
// writer nobody ever meets SQLITE_BUSY; with WAL readers never wait for it.
func (s *Store) openSQLite(ctx context.Context, o Options) error {
	s.dialect, s.file = sqliteDialect, o.Database
	if err := registerFunctions(); err != nil {
		return cannotOpen(o.Database, err)
	}
	if dir := filepath.Dir(o.Database); dir != "." {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return cannotOpen(o.Database, err)
		}
	}
	// SQLite would make it readable for everybody, and its companions like it.
	if err := createPrivate(o.Database, 0); err != nil {
		return cannotOpen(o.Database, err)
	}
	sync := "NORMAL"
	if o.Ephemeral {
		sync = "OFF"
	}
	open := func(conns int, params ...string) (*sql.DB, error) {
		params = append([]string{
			"_pragma=busy_timeout(10000)", "_pragma=journal_mode(WAL)", "_pragma=synchronous(" + sync + ")",
			"_pragma=foreign_keys(1)", "_pragma=temp_store(MEMORY)",
		}, params...)
		dsn := "file:" + (&url.URL{Path: o.Database}).EscapedPath() + "?" + strings.Join(params, "&")
		db, err := sql.Open("sqlite", dsn)
		if err != nil {
			return nil, err
		}
		db.SetMaxOpenConns(conns)
		db.SetMaxIdleConns(conns)
		return db, s.awaitSQLite(ctx, db)
	}
	var err error
	log := []string{fmt.Sprintf("_pragma=wal_autocheckpoint(%d)", checkpointLast), fmt.Sprintf("_pragma=journal_size_limit(%d)", logBytesKept)}
	if s.writer, err = open(1, append(log, "_txlock=immediate", writerCache)...); err != nil {
		return cannotOpen(o.Database, errors.Join(err, s.Close()))
	}
	if s.readers, err = open(readerConns, "_pragma=query_only(1)", readerCache); err != nil {
		return cannotOpen(o.Database, errors.Join(err, s.Close()))
	}
	s.writerStmts.db, s.readerStmts.db = s.writer, s.readers
	s.checkpoints = startCheckpointer(s.readers)
	return nil
}

// openWithin is how long several processes that open one new SQLite file wait
// for each other, and openEvery how often each looks.
const (
	openWithin = 10 * time.Second
	openEvery  = 10 * time.Millisecond
)

// awaitSQLite makes the first connection. Turning a file into WAL needs it
// exclusively and answers busy at once, whatever the busy timeout, so the
// losers of that race ask again.
func (s *Store) awaitSQLite(ctx context.Context, db *sql.DB) error {
	ctx, cancel := context.WithTimeout(ctx, openWithin)
	defer cancel()
	tick := time.NewTicker(openEvery)
	defer tick.Stop()
	for {
		err := db.PingContext(ctx)
		if err == nil || !s.dialect.isRetryable(err) {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return err
		}
	}
}

func (s *Store) openPostgres(ctx context.Context, o Options) error {
	s.dialect = postgresDialect
	config, err := pgx.ParseConfig(o.Database)
	if err != nil {
		// The cause is left out: it may quote the password of the URL.
		return &guestlist.Error{
			Kind: guestlist.KindUnavailable, Code: "store.bad_database_url", Message: "the database URL cannot be read",
			Hint: "write it as postgres://user:password@host:5432/name?sslmode=require",
		}
	}
	db := stdlib.OpenDB(*config)
	conns := o.MaxConns
	if conns == 0 {
		conns = DefaultMaxConns
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	s.writer, s.readers = db, db
	if err := db.PingContext(ctx); err != nil {
		where := fmt.Sprintf("%s on %s:%d", config.Database, config.Host, config.Port)
		return cannotOpen(where, errors.Join(err, s.Close()))
	}
	return nil
}

func cannotOpen(database string, err error) error {
	return &guestlist.Error{
		Kind: guestlist.KindUnavailable, Code: "store.cannot_open", Err: err,
		Message: "the database " + database + " cannot be opened",
		Hint:    "check that it exists, that this user may read and write it, and that nothing else holds it",
	}
}
