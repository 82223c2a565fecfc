package guestlist_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// maxFileLines is where a file has certainly two subjects.
const maxFileLines = 600

// minSentences is what an essay needs at least: what it is, what it promises,
// what it refuses to know.
const minSentences = 3

func TestEveryPackageOpensWithAnEssay(t *testing.T) {
	sentence := regexp.MustCompile(`[.!?:](\s|$)`)
	essays := map[string]string{}
	for _, s := range sources(t) {
		if s.test || s.generated {
			continue
		}
		essays[s.dir] += s.file.Doc.Text()
	}
	for dir, essay := range essays {
		if n := len(sentence.FindAllString(essay, -1)); n < minSentences {
			t.Errorf("%s: the package comment has %d sentences, want %d or more: what it is, what it promises, what it refuses to know",
				dir, n, minSentences)
		}
	}
}

func TestNoFileHasTwoSubjects(t *testing.T) {
	for _, s := range sources(t) {
		if n := bytes.Count(s.text, []byte("\n")); n > maxFileLines && !s.generated {
			t.Errorf("%s has %d lines, want %d at most: look for the seam", s.path, n, maxFileLines)
		}
	}
}

func TestExportedNamesAreExplained(t *testing.T) {
	for _, s := range sources(t) {
		if s.test || s.generated || s.file.Name.Name == "main" {
			continue
		}
		for _, d := range s.file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Doc == nil && d.Name.IsExported() && ast.IsExported(receiver(d)) {
					t.Errorf("%s: %s has no comment: say its units, errors and source", s.at(d.Pos()), d.Name.Name)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					typ, ok := spec.(*ast.TypeSpec)
					if ok && typ.Name.IsExported() && d.Doc == nil && typ.Doc == nil && typ.Comment == nil {
						t.Errorf("%s: type %s has no comment", s.at(typ.Pos()), typ.Name.Name)
					}
				}
			}
		}
	}
}

// receiver returns the name of a method's type, or the function's own name.
func receiver(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return d.Name.Name
	}
	typ := d.Recv.List[0].Type
	for {
		switch x := typ.(type) {
		case *ast.StarExpr:
			typ = x.X
		case *ast.IndexExpr:
			typ = x.X
		case *ast.IndexListExpr:
			typ = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}

func TestNothingRunsBeforeMain(t *testing.T) {
	for _, s := range sources(t) {
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s: func init: wire it in one visible place instead", s.at(f.Pos()))
			}
		}
	}
}

// confined lists what only some rooms may touch, and why.
var confined = []struct {
	imports []string // import paths, each with what is below it
	names   []string // of the first import path; all of it when empty
	rooms   []string // directories, each with what is below it
	why     string
}{
	{
		imports: []string{"database/sql", "github.com/jackc/pgx", "modernc.org/sqlite", "github.com/pressly/goose"},
		rooms:   []string{"internal/store"},
		why:     "all SQL lives in store, where every statement is run on both engines",
	},
	{
		imports: []string{"os"}, names: []string{"Getenv", "LookupEnv", "Environ", "Setenv", "Unsetenv", "ExpandEnv", "Exit", "Args"},
		rooms: []string{"internal/cli", "cmd", "internal/store/storetest"},
		why:   "settings are parsed in cli, all at once, and handed on as values; only cli ends the process",
	},
	{
		imports: []string{"flag", "github.com/alecthomas/kong"},
		rooms:   []string{"internal/cli", "cmd"},
		why:     "settings are parsed in cli, all at once, and handed on as values",
	},
	{
		imports: []string{"net/http"}, names: []string{"Server", "ListenAndServe", "ListenAndServeTLS", "Serve", "DefaultServeMux"},
		rooms: []string{"internal/web", "internal/server"},
		why:   "a server has limits and an order of stopping, which are written once",
	},
	{
		imports: []string{"testing", "net/http/httptest", "github.com/google/go-cmp"},
		rooms:   []string{"internal/store/storetest", "internal/web/webtest"},
		why:     "the product carries no test code",
	},
}

func TestSharpToolsStayInTheirRooms(t *testing.T) {
	within := func(p string, dirs []string) bool {
		return slices.ContainsFunc(dirs, func(d string) bool { return p == d || strings.HasPrefix(p, d+"/") })
	}
	for _, s := range sources(t) {
		if s.test || testsOnly(s.dir) {
			continue
		}
		for _, c := range confined {
			if within(s.dir, c.rooms) {
				continue
			}
			for _, i := range s.file.Imports {
				p, err := strconv.Unquote(i.Path.Value)
				if err != nil {
					t.Fatal(err)
				}
				if !within(p, c.imports) {
					continue
				}
				if len(c.names) == 0 {
					t.Errorf("%s imports %s: only %s may: %s", s.at(i.Pos()), p, strings.Join(c.rooms, ", "), c.why)
					continue
				}
				if p != c.imports[0] {
					continue
				}
				for pos, name := range uses(s.file, i) {
					if slices.Contains(c.names, name) {
						t.Errorf("%s uses %s.%s: only %s may: %s", s.at(pos), p, name, strings.Join(c.rooms, ", "), c.why)
					}
				}
			}
		}
	}
}

// uses returns the names that a file selects from one of its imports.
func uses(file *ast.File, spec *ast.ImportSpec) map[token.Pos]string {
	local := path.Base(strings.Trim(spec.Path.Value, `"`))
	if spec.Name != nil {
		local = spec.Name.Name
	}
	found := map[token.Pos]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == local {
				found[sel.Pos()] = sel.Sel.Name
			}
		}
		return true
	})
	return found
}

// safeVersions are the oldest versions without a known hole.
var safeVersions = []struct{ module, version, why string }{
	{"github.com/russellhaering/goxmldsig", "v1.6.0", "CVE-2026-33487: signatures can be bypassed before it, and crewjam/saml asks for v1.4.0"},
	{"github.com/beevik/etree", "v1.6.0", "goxmldsig v1.6.0 is written against it"},
	{"github.com/go-jose/go-jose/v4", "v4.1.8", "the version that the key and algorithm tests were written against"},
}

func TestNoDependencyIsOlderThanItsLastHole(t *testing.T) {
	mod := string(read(t, "go.mod"))
	for _, safe := range safeVersions {
		m := regexp.MustCompile(`(?m)^\s*(?:require )?` + regexp.QuoteMeta(safe.module) + ` (v\S+)`).FindStringSubmatch(mod)
		if m == nil {
			t.Errorf("go.mod does not say which version of %s is built", safe.module)
		} else if older(t, m[1], safe.version) {
			t.Errorf("go.mod has %s %s, want %s or newer: %s", safe.module, m[1], safe.version, safe.why)
		}
	}
	if strings.Contains(mod, "\nreplace ") {
		t.Error("go.mod replaces a module: what is built must be what is named")
	}
}

func TestOlderComparesByNumber(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{{"v1.4.0", "v1.6.0", true}, {"v1.10.0", "v1.6.0", false}, {"v1.6.0", "v1.6.0", false}, {"v0.9.9", "v1.0.0", true}} {
		if got := older(t, tt.a, tt.b); got != tt.want {
			t.Errorf("older(%s, %s) = %v, want %v", tt.a, tt.b, got, tt.want)
		}
	}
}

func older(t *testing.T, a, b string) bool {
	t.Helper()
	var x, y [3]int
	for _, p := range []struct {
		version string
		into    *[3]int
	}{{a, &x}, {b, &y}} {
		v, into := p.version, p.into
		if _, err := fmt.Sscanf(v, "v%d.%d.%d", &into[0], &into[1], &into[2]); err != nil {
			t.Fatalf("version %q: %v", v, err)
		}
	}
	return slices.Compare(x[:], y[:]) < 0
}
