package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// maxLine bounds one line of input. The test runner splits long output into
// events, so a longer line is no event.
const maxLine = 16 << 20

// engines are the names of the subtests in which storetest.Each runs a test.
var engines = []string{"sqlite", "postgres"}

// event is one line of `go test -json` (see `go doc test2json`).
type event struct {
	Action      string
	Package     string
	ImportPath  string // of build output
	Test        string
	Elapsed     float64 // seconds
	Output      string
	FailedBuild string
}

// tally counts tests by outcome.
type tally struct{ passed, failed, skipped int }

func (t tally) String() string {
	return fmt.Sprintf("%d passed, %d failed, %d skipped", t.passed, t.failed, t.skipped)
}

func (t tally) ran() int { return t.passed + t.failed }

func (t *tally) count(action string) {
	switch action {
	case "pass":
		t.passed++
	case "fail":
		t.failed++
	case "skip":
		t.skipped++
	}
}

// pkg is what is known of one package while its tests run.
type pkg struct {
	output  map[string][]string // by test; "" is the package's own
	parents map[string]bool     // tests that have subtests: only leaves are counted
	failed  map[string]bool     // parents of failed tests: their failure is counted already
	counted int                 // failed tests that were counted
	done    bool
}

type report struct {
	out      io.Writer
	total    tally
	engine   map[string]*tally
	packages map[string]*pkg
	builds   map[string][]string // compiler output by import path
	failures []string
	skips    []string
}

func newReport(out io.Writer) *report {
	r := &report{out: out, engine: map[string]*tally{}, packages: map[string]*pkg{}, builds: map[string][]string{}}
	for _, name := range engines {
		r.engine[name] = &tally{}
	}
	return r
}

// read consumes events until the input ends. A line that is no event is
// passed on: it comes from the go command itself.
func (r *report) read(in io.Reader) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil || e.Action == "" {
			fmt.Fprintln(r.out, lines.Text())
			continue
		}
		r.take(e)
	}
	return lines.Err()
}

func (r *report) take(e event) {
	switch e.Action {
	case "build-output":
		r.builds[e.ImportPath] = append(r.builds[e.ImportPath], e.Output)
		return
	case "build-fail":
		return // the package that needed it reports the failure
	}
	p := r.packages[e.Package]
	if p == nil {
		p = &pkg{output: map[string][]string{}, parents: map[string]bool{}, failed: map[string]bool{}}
		r.packages[e.Package] = p
	}
	switch e.Action {
	case "run":
		for parent := range parentsOf(e.Test) {
			p.parents[parent] = true
		}
	case "output":
		p.output[e.Test] = append(p.output[e.Test], e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			r.endPackage(p, e)
		} else {
			r.endTest(p, e)
		}
	}
}

// endTest counts a leaf. A parent is counted only when it failed by itself.
func (r *report) endTest(p *pkg, e event) {
	own := !p.parents[e.Test] || (e.Action == "fail" && !p.failed[e.Test])
	if own {
		r.total.count(e.Action)
		for _, part := range strings.Split(e.Test, "/")[1:] {
			if t := r.engine[part]; t != nil {
				t.count(e.Action)
			}
		}
	}
	if e.Action == "fail" {
		for parent := range parentsOf(e.Test) {
			p.failed[parent] = true
		}
		if own {
			p.counted++
			r.fail(e.Package+" "+e.Test, p.output[e.Test])
		}
	}
	if e.Action == "skip" && own {
		r.skips = append(r.skips, fmt.Sprintf("%s %s: %s", e.Package, e.Test, reason(p.output[e.Test])))
	}
	delete(p.output, e.Test)
}

func (r *report) endPackage(p *pkg, e event) {
	p.done = true
	switch e.Action {
	case "pass":
		fmt.Fprintf(r.out, "ok    %6.1fs  %s\n", e.Elapsed, e.Package)
	case "skip": // "no test files": nothing ran, and there was nothing to run
	case "fail":
		fmt.Fprintf(r.out, "FAIL  %6.1fs  %s\n", e.Elapsed, e.Package)
		if p.counted == 0 {
			// No test failed, so the package did: build, TestMain or a crash.
			r.total.failed++
			lines := slices.Concat(r.builds[e.FailedBuild], p.output[""])
			for _, test := range slices.Sorted(maps.Keys(p.output)) {
				if test != "" {
					lines = append(lines, p.output[test]...)
				}
			}
			r.fail(e.Package+" (the package itself)", lines)
		}
	}
}

func (r *report) fail(name string, output []string) {
	r.failures = append(r.failures, name)
	fmt.Fprintf(r.out, "\n--- FAIL: %s\n%s\n", name, strings.TrimRight(strings.Join(output, ""), "\n"))
}

// finish prints the totals and reports whether the run was good.
func (r *report) finish(strict bool) bool {
	for _, name := range slices.Sorted(maps.Keys(r.packages)) {
		if !r.packages[name].done {
			r.total.failed++
			r.fail(name+" (never reported its end)", nil)
		}
	}
	fmt.Fprintln(r.out)
	for _, s := range r.skips {
		fmt.Fprintln(r.out, "skipped:", s)
	}
	for _, f := range r.failures {
		fmt.Fprintln(r.out, "failed:", f)
	}
	good := r.total.failed == 0 && r.total.ran() > 0
	for _, name := range engines {
		fmt.Fprintf(r.out, "on %s: %v\n", name, r.engine[name])
		if strict && r.engine[name].ran() == 0 {
			fmt.Fprintf(r.out, "no test ran on %s, and this run may leave nothing out\n", name)
			good = false
		}
	}
	if strict && r.total.skipped > 0 {
		fmt.Fprintln(r.out, "tests were skipped, and this run may leave nothing out")
		good = false
	}
	fmt.Fprintln(r.out, r.total)
	return good
}

// parentsOf yields "a/b" and "a" for "a/b/c".
func parentsOf(test string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for i := strings.LastIndexByte(test, '/'); i > 0; i = strings.LastIndexByte(test, '/') {
			test = test[:i]
			if !yield(test) {
				return
			}
		}
	}
}

// reason is what a skipped test said: its output less the runner's own lines.
func reason(output []string) string {
	var said []string
	for _, line := range output {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "=== ") && !strings.HasPrefix(line, "--- ") {
			said = append(said, line)
		}
	}
	if len(said) == 0 {
		return "without a reason"
	}
	return strings.Join(said, " ")
}
