package management

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var updateGoldens = flag.Bool("update", false, "write the goldens in testdata anew from what the door answers")

// TestGoldens plays the exchanges of testdata/*.txt, each file on a store of
// its own, on every engine. A block is
//
//	### what it shows
//	name = METHOD /path {"body": …}
//	200
//	header: value
//	answer
//
// "name = " keeps the id of the answer as $name for later blocks. Ids that
// nobody named stand as <id>, secrets as <secret>, times as <time>.
func TestGoldens(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no goldens: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			each(t, func(t *testing.T, f *fixture) { playGolden(t, f, file) })
		})
	}
}

func playGolden(t *testing.T, f *fixture, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	g := golden{f: f, names: map[string]string{}}
	var out strings.Builder
	for block := range strings.SplitSeq(string(text), "### ") {
		if strings.TrimSpace(block) == "" {
			continue
		}
		title, rest, _ := strings.Cut(block, "\n")
		request, want, _ := strings.Cut(rest, "\n")
		got := g.play(request)
		fmt.Fprintf(&out, "### %s\n%s\n%s\n\n", title, request, got)
		if diff := cmp.Diff(strings.TrimSpace(want), got); diff != "" && !*updateGoldens {
			t.Errorf("%s: %s\n(-want +got):\n%s", title, request, diff)
		}
	}
	if *updateGoldens {
		if err := os.WriteFile(file, []byte(out.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// golden is one file being played.
type golden struct {
	f     *fixture
	names map[string]string // id to name
}

var assignment = regexp.MustCompile(`^([a-zA-Z0-9]+) = `)

// play sends a request line and returns the answer in the file's form.
func (g golden) play(request string) string {
	name := ""
	if m := assignment.FindStringSubmatch(request); m != nil {
		name, request = m[1], strings.TrimPrefix(request, m[0])
	}
	// Longer names first: $role2 must not be taken for $role.
	ids := make([]string, 0, len(g.names))
	for id := range g.names {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b string) int { return len(g.names[b]) - len(g.names[a]) })
	for _, id := range ids {
		request = strings.ReplaceAll(request, "$"+g.names[id], id)
	}
	method, rest, _ := strings.Cut(request, " ")
	path, body, hasBody := strings.Cut(rest, " ")
	var a answer
	if hasBody {
		a = g.f.call(method, path, body)
	} else {
		a = g.f.call(method, path, nil)
	}
	if name != "" {
		g.names[a.field(g.f.t, "id")] = name
	}
	return g.normalise(a)
}

var (
	randomID     = regexp.MustCompile(`"([0-9a-z]{21}|[0-9a-z]{12})"(,|\n|$)`)
	changingTime = regexp.MustCompile(`"(createdAt|updatedAt|lastSignInAt|expiresAt|effectiveAt|enabledAt|notBefore|endedAt|at)": 179[56][0-9]{6,9}`)
	message      = regexp.MustCompile(`(\n  "message": )"(?:[^"\\]|\\.)*"`)
	randomSecret = regexp.MustCompile(`"(value|signingKey|token)": "[0-9A-Za-z]{32}"|"(code)": "[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}"`)
	secretOfLink = regexp.MustCompile(`(/i/|one_time_token=)[^"&]+`)
)

func (g golden) normalise(a answer) string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%d\n", a.status)
	for _, h := range []string{"Total-Number", "Link", "Allow", "Next-Cursor", "Retry-After"} {
		if v := a.header.Get(h); v != "" {
			fmt.Fprintf(&b, "%s: %s\n", strings.ToLower(h), v)
		}
	}
	if json.Valid(a.body) {
		if err := json.Indent(&b, a.body, "", "  "); err != nil {
			g.f.t.Fatal(err)
		}
	} else {
		b.Write(a.body)
	}
	text := b.String()
	for id, name := range g.names {
		text = strings.ReplaceAll(text, id, "$"+name)
	}
	text = randomID.ReplaceAllString(text, `"<id>"$2`)
	text = randomSecret.ReplaceAllString(text, `"$1$2": "<secret>"`)
	text = secretOfLink.ReplaceAllString(text, "$1<secret>")
	// The catalogue's wording may change; what fills its gaps is shown by
	// request.invalid_input, whose message says what is wrong.
	if a.code() != "" && bytes.Contains(a.body, []byte("{{")) {
		g.f.t.Errorf("a gap in the wording: %s", a.body)
	}
	if code := a.code(); code != "" && code != "request.invalid_input" && a.status >= http.StatusBadRequest {
		text = message.ReplaceAllString(text, `$1"<phrase>"`)
	}
	text = changingTime.ReplaceAllString(text, `"$1": "<time>"`)
	return strings.TrimSpace(text)
}
