package main

import (
	"bytes"
	"strings"
	"testing"
)

// lines makes an input of events; a word is Action:Package:Test:Output.
func lines(words ...string) string {
	var b strings.Builder
	for _, w := range words {
		f := append(strings.SplitN(w, ":", 4), "", "", "")
		b.WriteString(`{"Action":"` + f[0] + `","Package":"` + f[1] + `","Test":"` + f[2] + `","Output":"` + f[3] + `"}` + "\n")
	}
	return b.String()
}

func TestTotals(t *testing.T) {
	tests := []struct {
		name   string
		input  string
		strict bool
		good   bool
		want   []string
	}{
		{
			name:  "only leaves count, engines by the name of a subtest",
			input: lines("run:p:A", "run:p:A/sqlite", "run:p:A/postgres", "pass:p:A/sqlite", "pass:p:A/postgres", "pass:p:A", "pass:p"),
			good:  true, strict: true,
			want: []string{"on sqlite: 1 passed, 0 failed, 0 skipped", "on postgres: 1 passed, 0 failed, 0 skipped", "\n2 passed, 0 failed, 0 skipped\n"},
		},
		{
			name:  "a failed subtest is one failure, shown with its output",
			input: lines("run:p:A", "run:p:A/x", "output:p:A/x:wrong", "fail:p:A/x", "fail:p:A", "fail:p"),
			want:  []string{"--- FAIL: p A/x\nwrong", "failed: p A/x", "\n0 passed, 1 failed, 0 skipped\n"},
		},
		{
			name:  "a parent that fails by itself counts",
			input: lines("run:p:A", "run:p:A/x", "pass:p:A/x", "output:p:A:late", "fail:p:A", "fail:p"),
			want:  []string{"--- FAIL: p A\nlate", "\n1 passed, 1 failed, 0 skipped\n"},
		},
		{
			name: "a package that does not build fails with the compiler's words",
			input: `{"ImportPath":"p","Action":"build-output","Output":"undefined: x\n"}` + "\n" +
				`{"ImportPath":"p","Action":"build-fail"}` + "\n" +
				`{"Action":"fail","Package":"p","FailedBuild":"p"}` + "\n",
			want: []string{"undefined: x", "\n0 passed, 1 failed, 0 skipped\n"},
		},
		{
			name:  "a crash between tests shows what was said last",
			input: lines("run:p:A", "pass:p:A", "run:p:B", "output:p:B:panic", "fail:p"),
			want:  []string{"panic", "\n1 passed, 1 failed, 0 skipped\n"},
		},
		{
			name:  "a cut input is a failure",
			input: lines("run:p:A", "pass:p:A"),
			want:  []string{"never reported its end", "\n1 passed, 1 failed, 0 skipped\n"},
		},
		{
			name:  "a skip tells its reason and is allowed",
			input: lines("run:p:A", "output:p:A:no browser here", "skip:p:A", "run:p:B", "pass:p:B", "pass:p"),
			good:  true,
			want:  []string{"skipped: p A: no browser here", "\n1 passed, 0 failed, 1 skipped\n"},
		},
		{
			name:   "a skip fails a strict run",
			strict: true,
			input:  lines("run:p:A/sqlite", "pass:p:A/sqlite", "run:p:A/postgres", "pass:p:A/postgres", "run:p:B", "skip:p:B", "pass:p"),
			want:   []string{"tests were skipped, and this run may leave nothing out"},
		},
		{
			name:   "an engine without a test fails a strict run",
			strict: true,
			input:  lines("run:p:A/sqlite", "pass:p:A/sqlite", "pass:p"),
			want:   []string{"no test ran on postgres"},
		},
		{name: "a run without a test is no good run", input: "", want: []string{"0 passed, 0 failed, 0 skipped"}},
		{name: "what is no event is passed on", input: "go: warning\n", want: []string{"go: warning\n"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			r := newReport(&out)
			if err := r.read(strings.NewReader(tt.input)); err != nil {
				t.Fatal(err)
			}
			if got := r.finish(tt.strict); got != tt.good {
				t.Errorf("good = %v, want %v", got, tt.good)
			}
			for _, want := range tt.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("output lacks %q:\n%s", want, out.String())
				}
			}
		})
	}
}
