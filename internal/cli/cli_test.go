package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"guestlist/internal/store/storetest"
)

// call runs a command line with an environment of its own.
func call(t *testing.T, env map[string]string, args ...string) (status int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	status = run(context.Background(), args, terminal{in: strings.NewReader("From-the-7-pipe\n"), out: &o, err: &e},
		func(name string) (string, bool) { v, ok := env[name]; return v, ok })
	return status, o.String(), e.String()
}

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFlagBeatsEnvironmentBeatsFileBeatsDefault(t *testing.T) {
	yaml := file(t, "guestlist.yaml", "listen: yaml:1\n")
	secret := file(t, "listen", "from-file:1\n")
	for _, c := range []struct {
		name string
		env  map[string]string
		args []string
		want string
		from string
	}{
		{"default", nil, nil, "localhost:3001", "default"},
		{"yaml", nil, []string{"--config-file", yaml}, "yaml:1", "file " + yaml},
		{"yaml by environment", map[string]string{"GUESTLIST_CONFIG_FILE": yaml}, nil, "yaml:1", "file " + yaml},
		{"file", map[string]string{"GUESTLIST_LISTEN_FILE": secret}, []string{"--config-file", yaml}, "from-file:1", "file " + secret},
		{
			"environment", map[string]string{"GUESTLIST_LISTEN": "env:1", "GUESTLIST_LISTEN_FILE": secret},
			[]string{"--config-file", yaml}, "env:1", "environment GUESTLIST_LISTEN",
		},
		{"flag", map[string]string{"GUESTLIST_LISTEN": "env:1"}, []string{"--listen", "flag:1"}, "flag:1", "flag --listen"},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, out, errs := call(t, c.env, append([]string{"config"}, c.args...)...)
			want := "# from: " + c.from + "\nlisten: \"" + c.want + "\"\n"
			if status != 0 || !strings.Contains(out, want) {
				t.Fatalf("status %d, no %q in:\n%s%s", status, want, out, errs)
			}
		})
	}
}

func TestEveryFaultIsSaidAtOnce(t *testing.T) {
	status, _, errs := call(t, nil, "serve", "--listen", "nowhere", "--endpoint", "ftp://x", "--log-level", "loud",
		"--database", "mysql://u:hush@h/d", "--trusted-proxies", "10.0.0.0/99", "--shutdown-timeout", "soon",
		"--signing-algorithm", "none", "--database-connections", "0", "--breached-passwords", "gopher://x")
	if status != 1 {
		t.Errorf("status %d", status)
	}
	for _, name := range []string{
		"listen", "endpoint", "log-level", "database", "trusted-proxies", "shutdown-timeout", "signing-algorithm",
		"database-connections", "breached-passwords",
	} {
		if !strings.Contains(errs, "--"+name+" ") {
			t.Errorf("nothing is said of --%s", name)
		}
	}
	if strings.Contains(errs, "hush") {
		t.Error("a password is shown")
	}
	if !strings.Contains(errs, "hint: ") {
		t.Error("no hint")
	}
}

func TestSettingsFilesOutOfShapeAreRefused(t *testing.T) {
	for name, text := range map[string]string{
		"unknown key": "listne: x\n", "a map": "listen: {a: 1}\n", "no YAML": "\t: [", "null": "listen:\n",
	} {
		t.Run(name, func(t *testing.T) {
			status, _, errs := call(t, nil, "config", "--config-file", file(t, "guestlist.yaml", text))
			if status != 1 || !strings.Contains(errs, "hint: ") {
				t.Fatalf("status %d: %s", status, errs)
			}
		})
	}
	t.Run("missing", func(t *testing.T) {
		if status, _, errs := call(t, map[string]string{"GUESTLIST_SECRET_KEY_FILE": "/nowhere"}, "config"); status != 1 {
			t.Fatalf("status %d: %s", status, errs)
		}
	})
}

func TestSecretsAreNotShown(t *testing.T) {
	_, out, _ := call(t, map[string]string{
		"GUESTLIST_SECRET_KEY": "hush-key", "GUESTLIST_DATABASE": "postgres://u:hush-pass@h/d",
	}, "config")
	if strings.Contains(out, "hush") || strings.Count(out, "(hidden)") != 2 {
		t.Fatalf("shown:\n%s", out)
	}
}

func TestUnknownWordsAreExitStatusTwo(t *testing.T) {
	for _, args := range [][]string{{"open"}, {"serve", "--lisen", "x"}, {"app", "create"}, {"app", "create", "x", "--type", "y"}} {
		if status, _, errs := call(t, nil, args...); status != 2 || !strings.Contains(errs, "hint: ") {
			t.Errorf("%v: status %d: %s", args, status, errs)
		}
	}
	if status, out, _ := call(t, nil, "--help"); status != 0 || !strings.Contains(out, "serve") {
		t.Errorf("help: status %d", status)
	}
}

func TestCommandsWorkOnADatabaseThatNobodyServes(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			env := map[string]string{"GUESTLIST_DATA": t.TempDir()}
			if engine == "postgres" {
				env["GUESTLIST_DATABASE"] = storetest.EmptyDatabase(t)
			}
			must := func(args ...string) string {
				t.Helper()
				status, out, errs := call(t, env, args...)
				if status != 0 {
					t.Fatalf("%v: status %d: %s", args, status, errs)
				}
				return out
			}
			must("migrate")
			var app struct{ ID, Secret string }
			if err := json.Unmarshal([]byte(must("app", "create", "Robot", "--type", "machine-to-machine", "--management", "--json")), &app); err != nil {
				t.Fatal(err)
			}
			if app.ID == "" || app.Secret == "" {
				t.Fatalf("got %+v", app)
			}
			if out := must("user", "create", "--email", "ada@example.com", "--password-stdin"); !strings.HasPrefix(out, "id  ") {
				t.Errorf("got %q", out)
			}
			if status, _, errs := call(t, env, "user", "create", "--email", "ADA@example.com"); status != 1 || !strings.Contains(errs, "guestlist: ") {
				t.Errorf("a second Ada: status %d: %s", status, errs)
			}
			if status, _, errs := call(t, env, "app", "create", "X", "--type", "spa", "--management"); status != 1 || !strings.Contains(errs, "hint: ") {
				t.Errorf("a page that manages: status %d: %s", status, errs)
			}
			backup := filepath.Join(t.TempDir(), "copy.db")
			status, _, errs := call(t, env, "backup", backup)
			if (engine == "sqlite") != (status == 0) {
				t.Errorf("backup: status %d: %s", status, errs)
			}
		})
	}
}
