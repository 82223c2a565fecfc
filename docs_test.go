package guestlist_test

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestEveryLinkLeadsSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	fence := regexp.MustCompile("(?ms)^```.*?^```")
	walk(t, func(p string) {
		if !strings.HasSuffix(p, ".md") {
			return
		}
		for _, m := range link.FindAllSubmatch(fence.ReplaceAll(read(t, p), nil), -1) {
			target := string(m[1])
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue // needs a network; tests have none
			}
			file, anchor, _ := strings.Cut(target, "#")
			at := p
			if file != "" {
				at = path.Join(path.Dir(p), file)
			}
			if _, err := os.Stat(filepath.FromSlash(at)); err != nil {
				t.Errorf("%s links to %s, which is not there", p, target)
				continue
			}
			if anchor != "" && strings.HasSuffix(at, ".md") && !slices.Contains(anchors(read(t, at)), anchor) {
				t.Errorf("%s links to %s, but that page has no such heading", p, target)
			}
		}
	})
}

// anchors returns what a page's headings are linked by: lower case, blanks as
// hyphens, punctuation dropped.
func anchors(page []byte) []string {
	var found []string
	dropped := regexp.MustCompile(`[^\p{L}\p{N}\- _]`)
	for line := range strings.Lines(string(page)) {
		if heading := strings.TrimLeft(line, "#"); heading != line && strings.HasPrefix(heading, " ") {
			heading = dropped.ReplaceAllString(strings.ToLower(strings.TrimSpace(heading)), "")
			found = append(found, strings.ReplaceAll(heading, " ", "-"))
		}
	}
	return found
}

// A document that says what holds a promise names files and tests, which have
// to be there.
func TestDocumentsNameWhatIsThere(t *testing.T) {
	var code bytes.Buffer
	for _, s := range sources(t) {
		code.Write(s.text)
	}
	file := regexp.MustCompile("`((?:internal|cmd|client|e2e|scripts|docs)/[a-z0-9_/.-]+|[a-z_]+\\.go)`")
	test := regexp.MustCompile("`((?:Test|Fuzz)[A-Z][A-Za-z0-9]*)`")
	walk(t, func(p string) {
		if !strings.HasSuffix(p, ".md") {
			return
		}
		text := read(t, p)
		for _, m := range file.FindAllSubmatch(text, -1) {
			if _, err := os.Stat(filepath.FromSlash(string(m[1]))); err != nil {
				t.Errorf("%s names the file %s, which is not there", p, m[1])
			}
		}
		for _, m := range test.FindAllSubmatch(text, -1) {
			if !bytes.Contains(code.Bytes(), []byte("\nfunc "+string(m[1])+"(")) {
				t.Errorf("%s names the test %s, which is not there", p, m[1])
			}
		}
	})
}

// Every decision has a number, the three parts, and a row with its title in
// the index, and the index has no others.
func TestDecisionsAreIndexed(t *testing.T) {
	files, err := filepath.Glob("docs/adr/[0-9]*.md")
	if err != nil || len(files) == 0 {
		t.Fatalf("docs/adr: %d decisions, %v", len(files), err)
	}
	index := string(read(t, "docs/adr/README.md"))
	for i, file := range files {
		name, text := filepath.Base(file), string(read(t, filepath.ToSlash(file)))
		if want := fmt.Sprintf("%04d-", i+1); !strings.HasPrefix(name, want) {
			t.Errorf("docs/adr/%s: want the number %s here: numbers are never reused and have no gaps", name, want)
		}
		title, _, _ := strings.Cut(text, "\n")
		if want := fmt.Sprintf("[%s](%s)", strings.TrimPrefix(title, "# "), name); !strings.Contains(index, want) {
			t.Errorf("docs/adr/README.md lacks %s", want)
		}
		for _, part := range []string{"\nStatus: ", "\n## Context\n", "\n## Decision\n", "\n## Consequences\n"} {
			if !strings.Contains(text, part) {
				t.Errorf("docs/adr/%s has no %q", name, strings.TrimSpace(part))
			}
		}
	}
}

// A dependency is somebody else's code in the product: each has a reason.
func TestEveryDependencyHasItsReason(t *testing.T) {
	reasons := string(read(t, "docs/adr/0010-dependencies.md"))
	var modules []string
	for line := range strings.Lines(string(read(t, "go.mod"))) {
		if f := strings.Fields(strings.TrimPrefix(line, "require ")); len(f) >= 2 && strings.Contains(f[0], ".") {
			modules = append(modules, f[0])
		}
	}
	for _, s := range sources(t) {
		for _, p := range importsOf(t, s) {
			for _, m := range modules {
				if (p == m || strings.HasPrefix(p, m+"/")) && !strings.Contains(reasons, "`"+m+"`") {
					t.Errorf("%s imports %s: docs/adr/0010-dependencies.md does not say why %s is needed", s.path, p, m)
				}
			}
		}
	}
}

// What is committed must read the same on every machine. The words are put
// together here, so that this file does not contain them.
func TestTextsKnowNoMachine(t *testing.T) {
	forbidden := regexp.MustCompile(strings.Join([]string{
		`(^|[\s"'=(:` + "`" + `])/` + `(work|root|home/[a-z]+)/`,
		`\.\./` + `shared`,
		`proxy\.` + `golang\.org`, `sum\.` + `golang\.org`, `registry\.` + `npmjs\.org`, `deb\.` + `debian\.org`,
	}, "|"))
	walk(t, func(p string) {
		text := read(t, p)
		if bytes.IndexByte(text[:min(len(text), 8000)], 0) >= 0 {
			return // not a text
		}
		n := 0
		for line := range bytes.Lines(text) {
			n++
			if m := forbidden.Find(line); m != nil {
				t.Errorf("%s:%d: %q belongs to one machine", p, n, m)
			}
		}
	})
}
