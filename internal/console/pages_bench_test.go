//go:build bench

package console_test

import (
	"bytes"
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"guestlist/internal/server"
	"guestlist/internal/store/storetest"
	"guestlist/internal/web/webtest"
)

var (
	benchFew      = flag.Int("few", 10_000, "users of the small site")
	benchMany     = flag.Int("many", 1_000_000, "users of the large site")
	benchEngines  = flag.String("engines", "sqlite,postgres", "engines to measure")
	benchKeep     = flag.String("keep", "", "directory that keeps the sites for the next time; nothing is kept if empty")
	benchPostgres = flag.String("postgres", "", "prefix of the URLs of two empty or kept databases, which end in few and many; a cluster of its own if empty")
)

// maxPageTime is what every page has to stay below, with many users too.
const maxPageTime = 100 * time.Millisecond

// Of how many pages of a kind the slowest is told, and how often each is asked
// for: the best time counts, since a shared machine is only ever too slow.
const (
	perKind = 3
	perPage = 5
)

// timings are the times of the kinds of pages of a site.
type timings map[string]time.Duration

// TestEveryPageIsFastAmongManyUsers walks through the console of a small and of
// a large site, on both engines, and prints how long the server took for each
// kind of page.
func TestEveryPageIsFastAmongManyUsers(t *testing.T) {
	all := map[string][2]timings{}
	engines := strings.Split(*benchEngines, ",")
	for _, engine := range engines {
		var both [2]timings
		for i, size := range []struct {
			name  string
			users int
		}{{"few", *benchFew}, {"many", *benchMany}} {
			t.Run(engine+"/"+size.name, func(t *testing.T) { both[i] = measureSite(t, engine, size.name, size.users) })
		}
		all[engine] = both
	}
	report(t, engines, all)
}

func measureSite(t *testing.T, engine, name string, users int) timings {
	o := server.Options{Data: t.TempDir()}
	if *benchKeep != "" {
		o.Data = filepath.Join(*benchKeep, engine+"-"+name)
	}
	if err := os.MkdirAll(o.Data, 0o700); err != nil {
		t.Fatal(err)
	}
	if engine == "postgres" {
		if o.Database = *benchPostgres + name; *benchPostgres == "" {
			o.Database = storetest.EmptyDatabase(t)
		}
	}
	people := fillSite(t, o, users)
	h := startHouse(t, o)
	if link, err := h.server.SetupLink(context.Background()); err == nil && link != "" {
		h.setUp()
	}
	w := &walker{h: h, people: people, took: timings{}}
	w.browse()
	return w.took
}

// stopwatch measures how long the server takes for an answer, to its last byte.
type stopwatch struct {
	transport http.Transport
	took      time.Duration
}

func (s *stopwatch) RoundTrip(r *http.Request) (*http.Response, error) {
	begin := time.Now()
	res, err := s.transport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(res.Body)
	s.took = time.Since(begin)
	res.Body = io.NopCloser(bytes.NewReader(body))
	return res, err
}

// walker looks at every kind of page.
type walker struct {
	h      *house
	people people
	watch  stopwatch
	b      *webtest.Browser
	took   timings
}

// browse opens the console, follows its links, and asks for what no link leads
// to.
func (w *walker) browse() {
	w.h.t.Helper()
	w.b = webtest.NewBrowser(w.h.t, &http.Client{Timeout: time.Minute, Transport: &w.watch})
	w.h.signIn(w.b, "/console/settings", adminName, adminPassword)
	w.look("overview, first look after start", "/console", 1)
	for _, find := range w.people.searches() {
		w.look(find.name, find.path, perPage)
	}
	kinds, seen, todo := map[string]int{}, map[string]bool{}, []string{"/console"}
	for len(todo) > 0 && len(seen) < maxPages {
		path := todo[0]
		todo = todo[1:]
		kind := kindOf(path)
		if seen[path] || kinds[kind] == perKind {
			continue
		}
		seen[path] = true
		kinds[kind]++
		a := w.look(kind, path, perPage)
		for _, link := range a.All("a[href]") {
			u, err := a.URL.Parse(link.Attr("href"))
			if err == nil && u.Host == a.URL.Host && (u.Path == "/console" || strings.HasPrefix(u.Path, "/console/")) && plain(u) {
				todo = append(todo, u.RequestURI())
			}
		}
	}
}

// look opens a page some times and notes the best time, if no page of its kind took
// longer.
func (w *walker) look(kind, path string, times int) *webtest.Answer {
	w.h.t.Helper()
	var list []time.Duration
	var a *webtest.Answer
	for range times {
		a = w.b.Get(w.h.url + path)
		if a.Status != 200 {
			w.h.t.Errorf("%s: %d", path, a.Status)
		}
		list = append(list, w.watch.took)
	}
	slices.Sort(list)
	w.took[kind] = max(w.took[kind], list[0])
	return a
}

// someID recognises the part of a path that is one of many.
var someID = regexp.MustCompile(`/[a-z0-9_-]*[0-9][a-z0-9_-]*|(emails|content)/.*`)

// kindOf names pages that differ only in whom they are about.
func kindOf(path string) string {
	u, err := url.Parse(path)
	if err != nil {
		return path
	}
	kind := someID.ReplaceAllString(u.Path, "/…")
	for _, name := range slices.Sorted(keysOf(u.Query())) {
		kind += " " + name
	}
	return strings.TrimPrefix(kind, "/console")
}

func keysOf(q url.Values) func(func(string) bool) {
	return func(yield func(string) bool) {
		for name := range q {
			if !yield(name) {
				return
			}
		}
	}
}

// report prints a table, the slowest pages first, and fails for those that are
// too slow.
func report(t *testing.T, engines []string, all map[string][2]timings) {
	worst := timings{}
	for _, both := range all {
		for kind, took := range both[1] {
			worst[kind] = max(worst[kind], took)
		}
	}
	var kinds []string
	for kind := range worst {
		kinds = append(kinds, kind)
	}
	slices.SortFunc(kinds, func(a, b string) int { return cmp.Or(cmp.Compare(worst[b], worst[a]), strings.Compare(a, b)) })
	var out strings.Builder
	fmt.Fprintf(&out, "\n| page |")
	for _, engine := range engines {
		fmt.Fprintf(&out, " %s, %d users, ms | %d users | times |", engine, *benchFew, *benchMany)
	}
	fmt.Fprintf(&out, "\n|---|%s\n", strings.Repeat("---|---|---|", len(engines)))
	for _, kind := range kinds {
		fmt.Fprintf(&out, "| `%s` |", cmp.Or(kind, "/"))
		for _, engine := range engines {
			few, many := all[engine][0][kind], all[engine][1][kind]
			times := "-"
			if few > 0 {
				times = fmt.Sprintf("%.1f", float64(many)/float64(few))
			}
			fmt.Fprintf(&out, " %.1f | %.1f | %s |", few.Seconds()*1000, many.Seconds()*1000, times)
		}
		out.WriteByte('\n')
		if worst[kind] > maxPageTime {
			t.Errorf("%s takes %v, want %v at most", kind, worst[kind], maxPageTime)
		}
	}
	t.Log(out.String())
}
