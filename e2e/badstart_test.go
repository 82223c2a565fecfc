package e2e

import (
	"database/sql"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"guestlist/internal/store/storetest"
)

// badStart is a start that has to fail, and what it must say.
type badStart struct {
	name    string
	prepare func(t *testing.T, s *site)
	args    []string
	env     []string
	status  int      // 1 if zero
	says    []string // each in one line
	lines   int      // of the complaint, without its hint; 1 if zero
	never   []string // secrets
}

// TestBadStarts holds every start that cannot work to one clear line with a
// hint, exit status 1, and silence about secrets.
func TestBadStarts(t *testing.T) {
	t.Parallel()
	for _, tt := range append(badDatabases(), badSettings()...) {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, "sqlite")
			if tt.prepare != nil {
				tt.prepare(t, s)
			}
			s.env = append(s.env, tt.env...)
			args := tt.args
			if args == nil {
				args = []string{"serve"}
			}
			tt.check(t, s, args)
		})
	}
}

func (tt badStart) check(t *testing.T, s *site, args []string) {
	t.Helper()
	out, errs, status := s.run(args...)
	if want := max(tt.status, 1); status != want {
		t.Errorf("exit status %d, want %d", status, want)
	}
	lines := strings.Split(strings.TrimRight(errs, "\n"), "\n")
	if want := max(tt.lines, 1) + 1; len(lines) != want {
		t.Errorf("%d lines, want %d:\n%s", len(lines), want, errs)
	}
	if !strings.HasPrefix(lines[0], "guestlist: ") || !strings.HasPrefix(lines[len(lines)-1], "hint: ") {
		t.Errorf("not a complaint with a hint:\n%s", errs)
	}
	for _, said := range tt.says {
		if !strings.Contains(errs, said) {
			t.Errorf("does not say %q:\n%s", said, errs)
		}
	}
	for _, secret := range tt.never {
		if strings.Contains(out+errs, secret) {
			t.Errorf("says the secret %q:\n%s%s", secret, out, errs)
		}
	}
	if strings.Contains(out, "ready") {
		t.Errorf("claims to be ready:\n%s", out)
	}
}

// goodKey and otherKey are two secret keys.
var (
	goodKey  = strings.Repeat("0a1b2c3d", 8)
	otherKey = strings.Repeat("f0e1d2c3", 8)
)

func badDatabases() []badStart {
	return []badStart{
		{
			name: "the data directory is a file",
			prepare: func(t *testing.T, s *site) {
				if err := os.WriteFile(s.data, []byte("not a directory"), 0o600); err != nil {
					t.Fatal(err)
				}
			},
			says: []string{"the data directory cannot be made", "--data"},
		},
		{
			name:    "the database is no database",
			prepare: func(t *testing.T, s *site) { s.writeData(t, "guestlist.db", strings.Repeat("this is a diary. ", 600)) },
			says:    []string{"guestlist.db cannot be opened", "is not a database"},
		},
		{
			name: "nobody listens at the database",
			env:  []string{"GUESTLIST_DATABASE=postgres://door:hunter2-secret@127.0.0.1:1/guests"},
			says: []string{"the database guests on 127.0.0.1:1 cannot be opened"}, never: []string{"hunter2-secret"},
		},
		{
			name: "the database does not exist",
			prepare: func(t *testing.T, s *site) {
				admin, ok := storetest.PostgresURL(t)
				if !ok {
					t.SkipNow()
				}
				s.env = append(s.env, "GUESTLIST_DATABASE="+strings.Replace(admin, "/postgres", "/nobody-made-this", 1))
			},
			says: []string{"nobody-made-this", "cannot be opened", "does not exist"},
		},
		{
			name: "the key of another database",
			prepare: func(t *testing.T, s *site) {
				s.env = append(s.env, "GUESTLIST_SECRET_KEY="+goodKey)
				s.mustRun(t, "migrate")
			},
			env:  []string{"GUESTLIST_SECRET_KEY=" + otherKey},
			says: []string{"the secret key does not fit this database", "GUESTLIST_SECRET_KEY_FILE"}, never: []string{goodKey, otherKey},
		},
		{
			name: "a key file that everybody may read",
			prepare: func(t *testing.T, s *site) {
				s.mustRun(t, "migrate")
				if err := os.Chmod(filepath.Join(s.data, "secret.key"), 0o644); err != nil {
					t.Fatal(err)
				}
			},
			says: []string{"secret.key cannot be used", "chmod 600"},
		},
		{
			name: "a database of a newer release",
			prepare: func(t *testing.T, s *site) {
				s.mustRun(t, "migrate")
				db, err := sql.Open("sqlite", filepath.Join(s.data, "guestlist.db"))
				if err != nil {
					t.Fatal(err)
				}
				defer db.Close()
				if _, err := db.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)"); err != nil {
					t.Fatal(err)
				}
			},
			says: []string{"the database has schema version 9999", "run the newer release"},
		},
	}
}

func badSettings() []badStart {
	return []badStart{
		{
			name: "the port is in use",
			prepare: func(t *testing.T, s *site) {
				l, err := net.Listen("tcp", s.address)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { l.Close() })
			},
			says: []string{"cannot listen on localhost:", "address already in use", "--listen"},
		},
		{
			name: "a key that is none", env: []string{"GUESTLIST_SECRET_KEY=swordfish-and-chips"},
			says: []string{"--secret-key", "32 bytes"}, never: []string{"swordfish"},
		},
		{
			name: "a database of another kind", env: []string{"GUESTLIST_DATABASE=mysql://door:hunter2-secret@db/guests"},
			says: []string{"--database", "postgres://"}, never: []string{"hunter2-secret"},
		},
		{
			name: "a password that is not escaped", env: []string{"GUESTLIST_DATABASE=postgres://door:100%sure-secret@db/guests"},
			says: []string{"--database", "%XX"}, never: []string{"sure-secret"},
		},
		{
			name:    "an unknown setting in the file",
			prepare: func(t *testing.T, s *site) { s.writeConfig(t, "lisen: localhost:1\n") },
			says:    []string{`guestlist.yaml: there is no setting "lisen"`},
		},
		{
			name:    "a settings file that is something else",
			prepare: func(t *testing.T, s *site) { s.writeConfig(t, "hunter2-secret\n") },
			says:    []string{"guestlist.yaml: it is no list of settings"}, never: []string{"hunter2"},
		},
		{
			name: "a setting from a file that is not there", env: []string{"GUESTLIST_SECRET_KEY_FILE=no-such-file"},
			says: []string{"GUESTLIST_SECRET_KEY_FILE", "no-such-file"},
		},
		{
			name: "a list of disposable domains with an address in it", env: []string{"GUESTLIST_DISPOSABLE_DOMAINS=domains.txt"},
			prepare: func(t *testing.T, s *site) { s.writeData(t, "../domains.txt", "fine.example\nsomebody@bad.example\n") },
			says:    []string{"disposable domains", "domains.txt", "line 2", "--disposable-domains"},
		},
		{
			name: "everything at once",
			prepare: func(t *testing.T, s *site) {
				s.writeConfig(t, "lisen: localhost:1\nporrt: 1\nlog-level: loud\n")
			},
			env: []string{
				"GUESTLIST_LISTEN=3001", "GUESTLIST_ENDPOINT=https://id.example/path", "GUESTLIST_SECRET_KEY=swordfish",
				"GUESTLIST_DATABASE=mysql://door:hunter2-secret@db", "GUESTLIST_DATABASE_CONNECTIONS=many",
				"GUESTLIST_TRUSTED_PROXIES=everybody", "GUESTLIST_ALLOWED_NETWORKS=10.0.0.0/99",
				"GUESTLIST_BREACHED_PASSWORDS=ftp://list", "GUESTLIST_SIGNING_ALGORITHM=none", "GUESTLIST_SHUTDOWN_TIMEOUT=soon",
			},
			says: []string{
				`"lisen"`, `"porrt"`, "--log-level", "--listen", "--endpoint", "--secret-key", "--database ", "--database-connections",
				"--trusted-proxies", "--allowed-networks", "--breached-passwords", "--signing-algorithm", "--shutdown-timeout",
			},
			lines: 13, never: []string{"swordfish", "hunter2-secret"},
		},
		{name: "an unknown command", args: []string{"serv"}, status: 2, says: []string{"serv"}},
		{name: "an unknown flag", args: []string{"serve", "--lisen=:1"}, status: 2, says: []string{"--lisen"}},
		{name: "no command", args: []string{}, status: 2, says: []string{"expected"}},
		{
			name: "a backup over something", says: []string{"backup.db exists already"},
			prepare: func(t *testing.T, s *site) { s.writeData(t, "../backup.db", "precious") },
			args:    []string{"backup", "backup.db"},
		},
	}
}

// writeData puts a file into the data directory.
func (s *site) writeData(t *testing.T, name, content string) {
	t.Helper()
	if err := os.MkdirAll(s.data, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.data, name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// writeConfig makes a settings file and lets the program read it.
func (s *site) writeConfig(t *testing.T, content string) {
	t.Helper()
	s.writeData(t, "guestlist.yaml", content)
	s.env = append(s.env, "GUESTLIST_CONFIG_FILE="+filepath.Join(s.data, "guestlist.yaml"))
}

func (s *site) mustRun(t *testing.T, args ...string) {
	t.Helper()
	if out, errs, status := s.run(args...); status != 0 {
		t.Fatalf("%v: status %d\n%s%s", args, status, out, errs)
	}
}
