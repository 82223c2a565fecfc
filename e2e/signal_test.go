package e2e

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"
)

// underWay is a request whose header the server has read, and whose body it
// waits for.
type underWay struct {
	conn net.Conn
	in   *bufio.Reader
	rest string
}

// beginRequest sends a request up to its body, and returns once the server
// asks for that.
func (s *site) beginRequest(t *testing.T, method, path, body string) *underWay {
	t.Helper()
	u := &underWay{conn: s.dial(t), rest: body}
	u.in = bufio.NewReader(u.conn)
	fmt.Fprintf(u.conn, "%s %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n",
		method, path, s.address, s.token, len(body))
	res, err := http.ReadResponse(u.in, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusContinue {
		t.Fatalf("%s %s: %d", method, path, res.StatusCode)
	}
	return u
}

// finish sends the body and returns the answer's status, and whether the server
// closes the connection after it.
func (u *underWay) finish(t *testing.T) (status int, closes bool) {
	t.Helper()
	if _, err := u.conn.Write([]byte(u.rest)); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(u.in, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode, res.Close
}

// signal sends a signal and waits until nobody can connect any more.
func (s *site) signal(t *testing.T, p *running) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	deadline := time.After(awaitFor)
	for tick := time.NewTicker(10 * time.Millisecond); ; {
		conn, err := net.Dial("tcp", s.address)
		if err != nil {
			tick.Stop()
			return
		}
		conn.Close()
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("the server still takes connections")
		}
	}
}

// TestGracefulStop asks the process to stop while a request and a webhook are
// under way. It takes nothing new, finishes both, leaves with status 0, and
// does nothing again after the next start.
func TestGracefulStop(t *testing.T) {
	t.Parallel()
	s := newSite(t, "sqlite")
	p := s.serve()
	s.administer()
	ring := newReceiver(t, 1)
	s.api("POST", "/hooks", map[string]any{
		"name": "ring", "events": []string{"User.Created"}, "config": map[string]any{"url": ring.url},
	}, 201, nil)
	s.api("POST", "/users", map[string]any{"primaryEmail": "first@guests.example"}, 200, nil)
	await1(t, ring.held, "a delivery under way")
	idle := s.dial(t) // a connection that says nothing holds nobody up
	second := s.beginRequest(t, "POST", "/api/users", `{"primaryEmail":"second@guests.example"}`)

	s.signal(t, p)
	if status, closes := second.finish(t); status != http.StatusOK || !closes {
		t.Errorf("the request under way: %d, close %v", status, closes)
	}
	ring.answer(http.StatusOK)
	if status := p.wait(); status != 0 {
		t.Errorf("status %d\n%s", status, p.out)
	}
	idle.Close()

	p = s.serve()
	for _, email := range []string{"first@guests.example", "second@guests.example"} {
		if n := len(s.accounts(email)); n != 1 {
			t.Errorf("%s has %d accounts", email, n)
		}
	}
	deadline := time.After(awaitFor)
	for {
		byUser, more := ring.created()
		if len(byUser) == 2 { // the second one's delivery is the proof that the queue was worked off
			break
		}
		select {
		case <-more:
		case <-deadline:
			t.Fatalf("told of %v", byUser)
		}
	}
	ring.mu.Lock()
	defer ring.mu.Unlock()
	for id, d := range ring.got {
		if d.times != 1 {
			t.Errorf("%s was delivered %d times", id, d.times)
		}
	}
	s.machineIsLogged(t)
	p.unharmed(t)
}

// machineIsLogged requires the audit line of the token that the test took
// before the stop: such lines are written in batches.
func (s *site) machineIsLogged(t *testing.T) {
	t.Helper()
	var logs []struct{ Key string }
	s.api("GET", "/logs?"+url.Values{"logKey": {"ExchangeTokenBy.ClientCredentials"}}.Encode(), nil, 200, &logs)
	if len(logs) == 0 {
		t.Error("the audit log does not know who took a token")
	}
}

// TestStopDoesNotWaitForEver: a request that never ends holds up a stop no
// longer than the operator allows, and a second signal not at all.
func TestStopDoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	s := newSite(t, "sqlite", "GUESTLIST_SHUTDOWN_TIMEOUT=200ms")
	p := s.serve()
	s.administer()
	s.beginRequest(t, "POST", "/api/users", `{"primaryEmail":"never@guests.example"}`)
	s.signal(t, p)
	if status := p.wait(); status != 1 || !strings.Contains(p.out.String(), "requests were still running") {
		t.Errorf("status %d\n%s", status, p.out)
	}

	s.env = append(s.env, "GUESTLIST_SHUTDOWN_TIMEOUT=1h")
	p = s.serve()
	if n := len(s.accounts("never@guests.example")); n != 0 {
		t.Errorf("%d accounts from half a request", n)
	}
	s.beginRequest(t, "POST", "/api/users", `{"primaryEmail":"never@guests.example"}`)
	s.signal(t, p)
	if status := p.terminate(); status != -1 { // ended by the signal itself
		t.Errorf("status %d\n%s", status, p.out)
	}
}
