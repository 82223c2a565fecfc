package console

import "testing"

// TestJSONIsShownAsItWasWritten: what programs escape for pages is shown plain,
// and what was written with backslashes stays.
func TestJSONIsShownAsItWasWritten(t *testing.T) {
	for written, shown := range map[string]string{
		`{"a":"\u003cb\u003e \u0026 \u003C"}`:  "{\n  \"a\": \"<b> & <\"\n}",
		`{"a":"\\u003c \\\u003c \u00e4 \"\n"}`: "{\n  \"a\": \"\\\\u003c \\\\< \\u00e4 \\\"\\n\"\n}",
		`not JSON \u003c`:                      `not JSON \u003c`,
		``:                                     ``,
	} {
		if got := indent([]byte(written)); got != shown {
			t.Errorf("%s is shown as %s, want %s", written, got, shown)
		}
	}
}
