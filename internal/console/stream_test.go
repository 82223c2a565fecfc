package console

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"guestlist/internal/console/ui"
	"guestlist/internal/web"
)

// follow serves a stream of a handler and returns a function that waits for
// the next thing that it says.
func follow(t *testing.T, do func(v *visit) error) (next func() (string, bool)) {
	t.Helper()
	manners := &web.Manners{Log: slog.New(slog.DiscardHandler)}
	srv := httptest.NewServer(manners.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := do(&visit{w: w, r: r}); err != nil {
			http.Error(w, err.Error(), http.StatusTeapot)
		}
	})))
	t.Cleanup(srv.Close)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	if got := res.Header.Get("Content-Type"); res.StatusCode == 200 && got != "text/event-stream" {
		t.Errorf("the type is %q", got)
	}
	lines := bufio.NewScanner(res.Body)
	return func() (string, bool) {
		for lines.Scan() {
			if lines.Text() != "" {
				return lines.Text(), true
			}
		}
		return "", false
	}
}

// TestAStreamSaysWhatChanged, as it changes, and ends with the work.
func TestAStreamSaysWhatChanged(t *testing.T) {
	states := make(chan ui.ProgressEvent, 1)
	wake := make(chan struct{})
	first := ui.ProgressEvent{Total: 2, Text: "a\nb"}
	now := first
	next := follow(t, func(v *visit) error {
		return v.stream(time.Hour, wake, func() (ui.ProgressEvent, error) {
			select {
			case now = <-states:
			default:
			}
			return now, nil
		})
	})
	expect := func(want ui.ProgressEvent) {
		t.Helper()
		line, ok := next()
		var got ui.ProgressEvent
		if err := json.Unmarshal([]byte(strings.TrimPrefix(line, "data: ")), &got); !ok || err != nil || got != want {
			t.Fatalf("said %q, want %+v", line, want)
		}
	}
	expect(first)
	wake <- struct{}{} // nothing changed: nothing is said
	states <- ui.ProgressEvent{Done: 1, Total: 2}
	wake <- struct{}{}
	expect(ui.ProgressEvent{Done: 1, Total: 2})
	states <- ui.ProgressEvent{Done: 2, Total: 2, Finished: true}
	wake <- struct{}{}
	expect(ui.ProgressEvent{Done: 2, Total: 2, Finished: true})
	if line, ok := next(); ok {
		t.Errorf("goes on with %q", line)
	}
}

// TestAStreamOfNothingIsAnError and not the beginning of an answer.
func TestAStreamOfNothingIsAnError(t *testing.T) {
	next := follow(t, func(v *visit) error {
		return v.stream(time.Hour, nil, func() (ui.ProgressEvent, error) { return ui.ProgressEvent{}, errors.New("no such work") })
	})
	if line, _ := next(); line != "no such work" {
		t.Errorf("said %q", line)
	}
}
