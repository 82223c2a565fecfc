package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"guestlist/internal/server"
)

// clockEnv names a file with a duration, by which the clock of a server is
// ahead.
const clockEnv = "E2E_CLOCK"

// standInsEnv holds the fakes of outside providers as JSON: a host to the base
// URL that stands in for it.
const standInsEnv = "E2E_STAND_INS"

// tampered changes what no setting does, in the processes of a test that asks
// for it.
func tampered(o *server.Options) {
	if file := os.Getenv(clockEnv); file != "" {
		o.Now = func() time.Time { return time.Now().Add(ahead(file)) }
	}
	if hosts := os.Getenv(standInsEnv); hosts != "" {
		if err := json.Unmarshal([]byte(hosts), &o.StandIns); err != nil {
			panic(err) // a mistake of the test
		}
	}
}

// ahead is what a clock file says, nothing before it is there.
func ahead(file string) time.Duration {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	d, err := time.ParseDuration(strings.TrimSpace(string(text)))
	if err != nil {
		panic(err) // it is renamed into its place, whole
	}
	return d
}

// setClock makes the time of an installation's processes adjustable; see pass.
// Call it before the first starts.
func (s *site) setClock() {
	s.clock = filepath.Join(filepath.Dir(s.data), "clock")
	s.env = append(s.env, clockEnv+"="+s.clock)
}

// pass lets time pass, once no job runs whose lease would end by it. Tokens
// that ended meanwhile are taken anew.
func (s *site) pass(t testing.TB, d time.Duration) {
	t.Helper()
	s.quiet(t)
	next := s.clock + ".next"
	if err := os.WriteFile(next, []byte((ahead(s.clock) + d).String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(next, s.clock); err != nil {
		t.Fatal(err)
	}
	s.token = ""
}

// quiet waits until no job runs.
func (s *site) quiet(t testing.TB) {
	t.Helper()
	tick, deadline := time.NewTicker(awaitEvery), time.After(awaitFor)
	defer tick.Stop()
	for {
		_, metrics := s.send(s.request(http.MethodGet, "/metrics", nil))
		if contains(metrics, "\nguestlist_jobs_running 0\n") {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("jobs go on and on:\n%s", metrics)
		}
	}
}
