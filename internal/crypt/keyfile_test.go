package crypt

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"guestlist"
)

func TestKeyFileIsCreatedOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data", "secret.key")
	first, err := LoadOrCreateKeyFile(path)
	if err != nil {
		t.Fatal(err)
	}
	again, err := LoadOrCreateKeyFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if first.Reveal() != again.Reveal() {
		t.Error("the second start has another key")
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != keyFileMode && runtime.GOOS != windows {
		t.Errorf("the key file has mode %04o", info.Mode().Perm())
	}
	onlyFile(t, path)
}

func TestKeyFileManyStarters(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret.key")
	const starters = 32
	keys := make([]string, starters)
	var wg sync.WaitGroup
	for i := range starters {
		wg.Go(func() {
			key, err := LoadOrCreateKeyFile(path)
			if err != nil {
				t.Error(err)
				return
			}
			keys[i] = key.Reveal()
		})
	}
	wg.Wait()
	for _, key := range keys {
		if key != keys[0] {
			t.Fatal("two starters have different keys")
		}
	}
	onlyFile(t, path)
}

// onlyFile checks that no temporary file with a key in it stayed behind.
func onlyFile(t *testing.T, path string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 || entries[0].Name() != filepath.Base(path) {
		t.Errorf("the directory holds %v", entries)
	}
}

func TestKeyFileRefusals(t *testing.T) {
	good := NewKey().Reveal()
	for name, c := range map[string]struct {
		content string
		mode    os.FileMode
		ok      bool
	}{
		"ours":           {good, 0o600, true},
		"read only":      {good + "\n", 0o400, true},
		"group":          {good, 0o660, true},
		"world readable": {good, 0o604, false},
		"world writable": {good, 0o602, false},
		"empty":          {"", 0o600, false},
		"garbage":        {"not a key", 0o600, false},
		"far too long":   {good + strings.Repeat(" ", keyFileLimit) + "x", 0o600, true}, // read up to the limit
		"huge garbage":   {strings.Repeat("A", 1<<20), 0o600, false},
	} {
		t.Run(name, func(t *testing.T) {
			if runtime.GOOS == windows && strings.HasPrefix(name, "world") {
				t.Skip("no such permissions on Windows")
			}
			path := filepath.Join(t.TempDir(), "secret.key")
			if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, c.mode); err != nil {
				t.Fatal(err)
			}
			key, err := LoadOrCreateKeyFile(path)
			if c.ok {
				if err != nil || key.Reveal() != good {
					t.Errorf("refused: %v", err)
				}
				return
			}
			wantKeyFileError(t, err)
			if after, _ := os.ReadFile(path); string(after) != c.content {
				t.Error("the file was changed")
			}
		})
	}
}

func TestKeyFileThatCannotBeMade(t *testing.T) {
	dir := t.TempDir()
	blocker := filepath.Join(dir, "file")
	if err := os.WriteFile(blocker, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := LoadOrCreateKeyFile(filepath.Join(blocker, "secret.key"))
	wantKeyFileError(t, err)
	_, err = LoadOrCreateKeyFile(dir)
	wantKeyFileError(t, err)
}

func wantKeyFileError(t *testing.T, err error) {
	t.Helper()
	var e *guestlist.Error
	if !errors.As(err, &e) || e.Code != "config.key_file" || e.Hint == "" {
		t.Errorf("got %v, want config.key_file with a hint", err)
	}
}
