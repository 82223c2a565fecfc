package guestlist_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// This file holds the house to its drawing: docs/design.md says which room may
// import which, and the tests here read that table and the code and compare.
// conventions_test.go and docs_test.go do the same for the other habits.

const module = "guestlist"

// source is one Go file of the repository, parsed.
type source struct {
	path      string // with slashes, from the root
	dir       string
	text      []byte
	file      *ast.File
	fset      *token.FileSet
	test      bool // *_test.go
	generated bool
}

// at names a place for a message.
func (s source) at(pos token.Pos) string {
	return s.path + ":" + strconv.Itoa(s.fset.Position(pos).Line)
}

// walk calls visit with every file that belongs to the repository.
func walk(t *testing.T, visit func(path string)) {
	t.Helper()
	built := []string{"bin", "data", "tmp"} // as in .gitignore
	err := filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.Name() == ".git" && !d.IsDir(): // a linked worktree
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "node_modules" || slices.Contains(built, p)):
			return filepath.SkipDir
		case d.Type().IsRegular():
			visit(filepath.ToSlash(p))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.FromSlash(path))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	walk(t, func(p string) {
		if !strings.HasSuffix(p, ".go") {
			return
		}
		s := source{path: p, dir: path.Dir(p), text: read(t, p), fset: token.NewFileSet(), test: strings.HasSuffix(p, "_test.go")}
		file, err := parser.ParseFile(s.fset, p, s.text, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		s.file, s.generated = file, ast.IsGenerated(file)
		all = append(all, s)
	})
	if len(all) < 5 {
		t.Fatalf("found %d Go files: not the root of the repository?", len(all))
	}
	return all
}

// room is a row of the import table: its floor, and the rooms below that it
// may import.
type room struct {
	floor int
	may   []string
}

var quoted = regexp.MustCompile("`([^`]+)`")

// importTable reads the table under "## Who may import whom" of docs/design.md.
func importTable(t *testing.T) map[string]room {
	t.Helper()
	_, text, found := bytes.Cut(read(t, "docs/design.md"), []byte("\n## Who may import whom\n"))
	if !found {
		t.Fatal(`docs/design.md has no section "Who may import whom"`)
	}
	text, _, _ = bytes.Cut(text, []byte("\n## "))
	table := map[string]room{}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, "|")
		if len(cells) != 6 || !quoted.MatchString(cells[1]) {
			continue
		}
		floor, err := strconv.Atoi(strings.TrimSpace(cells[2]))
		if err != nil {
			t.Fatalf("docs/design.md: no floor in %q", line)
		}
		r := room{floor: floor}
		for _, m := range quoted.FindAllStringSubmatch(cells[3], -1) {
			r.may = append(r.may, m[1])
		}
		table[quoted.FindStringSubmatch(cells[1])[1]] = r
	}
	if len(table) < 15 {
		t.Fatalf("docs/design.md: read %d rows of the import table only", len(table))
	}
	return table
}

// roomOf returns the row that a package of this module belongs to: the longest
// name that is a prefix of its directory below internal/. The root package is
// the room "".
func roomOf(table map[string]room, dir string) (name string, known bool) {
	if dir == "." {
		return "", true
	}
	dir = strings.TrimPrefix(dir, "internal/")
	for name = dir; name != "."; name = path.Dir(name) {
		if _, ok := table[name]; ok {
			return name, true
		}
	}
	return dir, false
}

// dirOf turns an import path of this module into its directory.
func dirOf(importPath string) (dir string, own bool) {
	if importPath == module {
		return ".", true
	}
	return strings.CutPrefix(importPath, module+"/")
}

// testsOnly reports whether a directory holds nothing of the product, so that
// it may import what it likes.
func testsOnly(dir string) bool {
	top, _, _ := strings.Cut(dir, "/")
	return top == "e2e" || top == "scripts" || top == "tools"
}

func importsOf(t *testing.T, s source) []string {
	t.Helper()
	var paths []string
	for _, i := range s.file.Imports {
		p, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, p)
	}
	return paths
}

func TestImportTableGoesDownOnly(t *testing.T) {
	table := importTable(t)
	for name, r := range table {
		for _, below := range r.may {
			switch b, ok := table[below]; {
			case !ok:
				t.Errorf("docs/design.md: %s may import %s, which has no row", name, below)
			case b.floor >= r.floor:
				t.Errorf("docs/design.md: %s (floor %d) may import %s (floor %d): arrows go down", name, r.floor, below, b.floor)
			}
		}
	}
}

func TestRoomsImportOnlyWhatTheDrawingAllows(t *testing.T) {
	table := importTable(t)
	for _, s := range sources(t) {
		if s.test || testsOnly(s.dir) {
			continue // a test may drive any room; the go command refuses circles
		}
		from, known := roomOf(table, s.dir)
		if !known {
			t.Errorf("%s: the room %q has no row in docs/design.md, Who may import whom: draw it there before building it", s.path, from)
			continue
		}
		for _, p := range importsOf(t, s) {
			dir, own := dirOf(p)
			if !own {
				continue
			}
			to, _ := roomOf(table, dir)
			if to == "" || to == from || slices.Contains(table[from].may, to) {
				continue
			}
			t.Errorf("%s: %s imports %s, which the drawing does not allow (it may import: %s). "+
				"Every arrow is something that a reader of one room must know of another; "+
				"if this one is right, change docs/design.md, Who may import whom, and say why in docs/adr/0011-import-table.md",
				s.path, from, to, strings.Join(table[from].may, ", "))
		}
	}
}

func TestRootKnowsTheStandardLibraryOnly(t *testing.T) {
	for _, s := range sources(t) {
		if s.dir != "." || s.test {
			continue
		}
		for _, p := range importsOf(t, s) {
			if first, _, _ := strings.Cut(p, "/"); strings.Contains(first, ".") || first == module {
				t.Errorf("%s imports %s: the words are plain types and pure rules, and everybody imports them", s.path, p)
			}
		}
	}
}
