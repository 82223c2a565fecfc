package storetest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"guestlist/internal/store/storetest/pgcluster"
)

// PostgresEnv names the environment variable with the URL of a PostgreSQL on
// which the tests may create databases. The value "off" leaves PostgreSQL out;
// without a value every test process starts a cluster of its own.
const PostgresEnv = "GUESTLIST_TEST_POSTGRES"

// PostgresOff is the value of PostgresEnv that leaves PostgreSQL out.
const PostgresOff = "off"

// statementTimeout bounds one administrative statement. Copying a template
// takes about 50 ms; a loaded machine needs more.
const statementTimeout = time.Minute

// templateLock is the key of the advisory lock under which a template is
// built, so that test processes that share a cluster build it once.
const templateLock = 0x6775657374

// ownCluster starts the cluster of this process, once. Nothing stops it: it
// ends with the process (see pgcluster).
var ownCluster = sync.OnceValues(func() (*pgcluster.Cluster, error) {
	return pgcluster.Start(context.Background())
})

// PostgresURL returns the URL of an administrative database for tests. It is
// not ok when PostgreSQL was turned off. When the machine has none, the test
// is skipped with a hint, or fails where CI=true, because a run that leaves an
// engine out proves nothing about it.
func PostgresURL(t testing.TB) (adminURL string, ok bool) {
	t.Helper()
	switch given := os.Getenv(PostgresEnv); given {
	case PostgresOff:
		return "", false
	case "":
	default:
		return given, true
	}
	cluster, err := ownCluster()
	switch {
	case err == nil:
		return cluster.URL, true
	case errors.Is(err, pgcluster.ErrNoBinaries) && os.Getenv("CI") != "true":
		t.Skipf("NOT TESTED ON POSTGRESQL: %v, or set %s to the URL of one", err, PostgresEnv)
	default:
		t.Fatalf("cannot test on PostgreSQL: %v", err)
	}
	return "", false
}

// NewDatabase creates a database as a copy of template, drops it when the test
// ends, and returns its URL. An empty template means an empty database.
// Nobody may be connected to the template meanwhile.
func NewDatabase(t testing.TB, adminURL, template string) string {
	t.Helper()
	if template == "" {
		template = "template0"
	}
	name := "t_" + strings.ToLower(rand.Text())
	if err := administer(adminURL, fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s", quote(name), quote(template))); err != nil {
		t.Fatalf("storetest: %v", err)
	}
	t.Cleanup(func() {
		// FORCE, because a test that failed may have left its pool open.
		if err := administer(adminURL, fmt.Sprintf("DROP DATABASE %s WITH (FORCE)", quote(name))); err != nil {
			t.Errorf("storetest: %v", err)
		}
	})
	return databaseURL(t, adminURL, name)
}

// AwaitBlocked returns once a transaction waits for a lock in the database that
// Options named: the moment at which a race between two transactions is on.
// SQLite has one writer, which nobody can get ahead of, so there it returns at
// once.
func AwaitBlocked(t testing.TB, database string) {
	t.Helper()
	if !strings.HasPrefix(database, "postgres") {
		return
	}
	err := withAdmin(database, func(ctx context.Context, conn *sql.Conn) error {
		for blocked := false; !blocked; {
			if err := conn.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM pg_stat_activity
				WHERE datname = current_database() AND wait_event_type = 'Lock')`).Scan(&blocked); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatalf("storetest: nobody waits for a lock: %v", err)
	}
}

// Template returns the name of a database that build has filled, for use with
// NewDatabase. It is built once for each content on a cluster, however many
// processes ask for it; content is anything that changes whenever the result
// of build would, such as the text of all migrations. build must close every
// connection that it opened.
func Template(t testing.TB, adminURL, content string, build func(ctx context.Context, url string) error) string {
	t.Helper()
	name := fmt.Sprintf("template_%x", sha256.Sum256([]byte(content)))[:40]
	err := withAdmin(adminURL, func(ctx context.Context, conn *sql.Conn) error {
		if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock($1)", templateLock); err != nil {
			return err
		}
		// The lock ends with the connection, which is not pooled.
		var there bool
		err := conn.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)", name).Scan(&there)
		if err != nil || there {
			return err
		}
		// Built under another name, so that one whose builder was killed is
		// never taken for whole.
		draft := name + "_draft"
		for _, statement := range []string{
			fmt.Sprintf("DROP DATABASE IF EXISTS %s WITH (FORCE)", quote(draft)),
			fmt.Sprintf("CREATE DATABASE %s TEMPLATE template0", quote(draft)),
		} {
			if _, err := conn.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
		if err := build(ctx, databaseURL(t, adminURL, draft)); err != nil {
			return err
		}
		_, err = conn.ExecContext(ctx, fmt.Sprintf("ALTER DATABASE %s RENAME TO %s", quote(draft), quote(name)))
		return err
	})
	if err != nil {
		t.Fatalf("storetest: template %s: %v", name, err)
	}
	return name
}

// administer runs one statement on the administrative database.
func administer(adminURL, statement string) error {
	return withAdmin(adminURL, func(ctx context.Context, conn *sql.Conn) error {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
		return nil
	})
}

// withAdmin lends one connection that is closed afterwards.
func withAdmin(adminURL string, do func(ctx context.Context, conn *sql.Conn) error) (err error) {
	db, err := sql.Open("pgx", adminURL)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	// A test's own context has ended when its clean-up runs.
	ctx, cancel := context.WithTimeout(context.Background(), statementTimeout)
	defer cancel()
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	return do(ctx, conn)
}

func databaseURL(t testing.TB, adminURL, name string) string {
	t.Helper()
	u, err := url.Parse(adminURL)
	if err != nil {
		t.Fatalf("storetest: %s is no URL: %v", PostgresEnv, err)
	}
	u.Path = "/" + name
	return u.String()
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
