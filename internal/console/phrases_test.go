package console

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"guestlist/internal/console/ui"
	"guestlist/internal/web"
)

// catalogue reads the phrases of a language, flat.
func catalogue(t *testing.T, lang string) map[string]string {
	t.Helper()
	entries, err := phraseFiles.ReadDir("phrases")
	if err != nil {
		t.Fatal(err)
	}
	flat := map[string]string{}
	for _, e := range entries {
		area, ok := strings.CutSuffix(e.Name(), "."+lang+".json")
		if !ok {
			continue
		}
		text, err := phraseFiles.ReadFile("phrases/" + e.Name())
		if err != nil {
			t.Fatal(err)
		}
		var tree map[string]any
		if err := json.Unmarshal(text, &tree); err != nil {
			t.Fatalf("%s: %v", e.Name(), err)
		}
		var walk func(prefix string, tree map[string]any)
		walk = func(prefix string, tree map[string]any) {
			for k, v := range tree {
				switch v := v.(type) {
				case string:
					flat[prefix+"."+k] = v
				case map[string]any:
					walk(prefix+"."+k, v)
				default:
					t.Errorf("%s: %s.%s is no text", e.Name(), prefix, k)
				}
			}
		}
		walk(area, tree)
	}
	return flat
}

var (
	placeholder = regexp.MustCompile(`\{\{\s*(\w+)\s*\}\}`)
	plural      = regexp.MustCompile(`_(zero|one|two|few|many|other)$`)
)

func placeholders(s string) []string {
	var out []string
	for _, m := range placeholder.FindAllStringSubmatch(s, -1) {
		out = append(out, m[1])
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// TestEveryLanguageSaysEverything: no key is missing or left over, none is
// empty, and each has the placeholders of the English one. Plurals have the
// forms that their language needs.
func TestEveryLanguageSaysEverything(t *testing.T) {
	english := catalogue(t, web.Fallback)
	if len(english) < 100 {
		t.Fatalf("%d phrases", len(english))
	}
	for _, lang := range web.Languages {
		texts := catalogue(t, lang)
		for key, want := range english {
			if base := plural.ReplaceAllString(key, ""); base != key {
				if texts[base+"_other"] == "" {
					t.Errorf("%s: %s has no form _other", lang, base)
				}
				continue
			}
			got, ok := texts[key]
			switch {
			case !ok || strings.TrimSpace(got) == "":
				t.Errorf("%s lacks %s", lang, key)
			case !slices.Equal(placeholders(got), placeholders(want)):
				t.Errorf("%s: %s has the placeholders %v, English %v", lang, key, placeholders(got), placeholders(want))
			}
		}
		for key := range texts {
			if _, ok := english[key]; !ok && plural.ReplaceAllString(key, "") == key {
				t.Errorf("%s has %s, which English has not", lang, key)
			}
		}
	}
}

// TestCodeAsksForPhrasesThatThereAre looks at every key that is written out.
// A key that is put together begins with one that has others below it.
func TestCodeAsksForPhrasesThatThereAre(t *testing.T) {
	english := catalogue(t, web.Fallback)
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, e.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			method, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || method.Sel.Name != "T" && method.Sel.Name != "N" {
				return true
			}
			key, whole := literal(call.Args[0])
			if key == "" {
				return true
			}
			seen++
			if method.Sel.Name == "N" {
				key += "_other"
			}
			found := english[key] != ""
			if !whole {
				for k := range english {
					found = found || strings.HasPrefix(k, key)
				}
			}
			if !found {
				t.Errorf("%s: nobody wrote %q", fset.Position(call.Pos()), key)
			}
			return true
		})
	}
	if seen < 50 {
		t.Errorf("looked at %d keys only", seen)
	}
}

// literal returns a text, or the beginning of one that is put together.
func literal(e ast.Expr) (text string, whole bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(e.Value)
		return s, err == nil
	case *ast.BinaryExpr:
		s, _ := literal(e.X)
		return s, false
	}
	return "", false
}

// TestPartsAskForPhrasesThatThereAre is the same for the templates.
func TestPartsAskForPhrasesThatThereAre(t *testing.T) {
	english := catalogue(t, web.Fallback)
	entries, err := os.ReadDir("ui/pages")
	if err != nil {
		t.Fatal(err)
	}
	asked := regexp.MustCompile(`\.Tn? "([a-z._]+)"`)
	for _, e := range entries {
		text, err := os.ReadFile("ui/pages/" + e.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range asked.FindAllStringSubmatch(string(text), -1) {
			if english["ui."+m[1]] == "" {
				t.Errorf("%s: nobody wrote ui.%s", e.Name(), m[1])
			}
		}
	}
}

// TestHowLongSomethingTook is told in the unit that tells enough.
func TestHowLongSomethingTook(t *testing.T) {
	phrases, err := loadPhrases()
	if err != nil {
		t.Fatal(err)
	}
	set, err := ui.NewSet(phrases)
	if err != nil {
		t.Fatal(err)
	}
	for seconds, want := range map[int][2]string{
		0: {"0 min", "0 دقيقة"}, 1: {"1 min", "دقيقة واحدة"}, 7140: {"119 min", "119 دقيقة"}, 7141: {"2 h", "ساعتان"},
		381 * 60: {"6 h", "6 ساعات"}, 47 * 3600: {"47 h", "47 ساعة"}, 47*3600 + 1: {"2 days", "يومان"}, 30 * 86400: {"30 days", "30 يومًا"},
	} {
		for n, lang := range []string{"en", "ar"} {
			v := &visit{d: &Door{set: set}, lang: lang}
			if got := v.lasted(seconds); got != want[n] {
				t.Errorf("%d seconds are %q in %s, want %q", seconds, got, lang, want[n])
			}
		}
	}
}
