package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"guestlist/internal/web"
)

const root = "../.."

func TestReferencesAreFresh(t *testing.T) {
	pages, err := references(root)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range pages {
		got, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is stale: run make generate", name)
		}
	}
}

// Errors that never leave the process are said by Message and Hint instead.
var local = []string{"store.", "cli.", "console.", "config.", "crypt.", "server.cannot_listen", "connector.bad_payload"}

func TestEveryRefusalHasAPhrase(t *testing.T) {
	found, err := refusals(root)
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 50 {
		t.Fatalf("found only %d codes: the search is broken", len(found))
	}
	phrases, err := web.Load()
	if err != nil {
		t.Fatal(err)
	}
	for code := range found {
		isLocal := false
		for _, prefix := range local {
			isLocal = isLocal || strings.HasPrefix(code, prefix)
		}
		if !isLocal && !phrases.Has("errors."+code) {
			t.Errorf("no phrase for %s", code)
		}
	}
}
