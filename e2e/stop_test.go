package e2e

import (
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"testing"
	"time"
)

// TestStopFinishesWhatItBegan asks a server to stop while it reads an import:
// it takes no further connection, answers the import, and ends with success.
// The users are there at the next start.
func TestStopFinishesWhatItBegan(t *testing.T) {
	t.Parallel()
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, engine)
			p := s.serve()
			s.administer()
			idle := s.idleConnection(t)
			lines, answer := s.beginImport(t)

			p.askToStop()
			if n, err := idle.Read(make([]byte, 1)); n != 0 || err != io.EOF { //nolint:errorlint // a connection says nothing else
				t.Fatalf("an idle connection of a server that stops: %d bytes, %v", n, err)
			}
			if c, err := net.Dial("tcp", s.address); err == nil {
				c.Close()
				t.Error("a server that stops takes connections")
			}
			if _, err := io.WriteString(lines, `{"username":"latecomer"}`+"\n"); err != nil {
				t.Fatal(err)
			}
			lines.Close()
			if got := <-answer; !strings.HasPrefix(got, "200 ") || !strings.Contains(got, `"created"`) {
				t.Errorf("the import that was under way: %s", got)
			}
			if status := p.wait(); status != 0 {
				t.Errorf("exit status %d:\n%s", status, p.out)
			}
			s.serve()
			var found []account
			s.api(http.MethodGet, "/users?search.username=latecomer", nil, http.StatusOK, &found)
			if len(found) != 1 {
				t.Errorf("%d users after the next start", len(found))
			}
		})
	}
}

// idleConnection returns a connection over which one request was answered.
// Servers close such when they stop, after the listener.
func (s *site) idleConnection(t *testing.T) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(awaitFor)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, "OPTIONS /healthz HTTP/1.1\r\nHost: "+s.address+"\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	for got := ""; !strings.HasSuffix(got, "\r\n\r\n"); { // OPTIONS is answered without a body
		b := make([]byte, 1)
		if _, err := c.Read(b); err != nil {
			t.Fatalf("%v after %q", err, got)
		}
		got += string(b)
	}
	return c
}

// beginImport starts an import and returns once the server reads it: what to
// write the lines to, and where the status and the body will arrive.
func (s *site) beginImport(t *testing.T) (*io.PipeWriter, <-chan string) {
	t.Helper()
	body, lines := io.Pipe()
	t.Cleanup(func() { lines.Close() })
	reads, answer := make(chan struct{}), make(chan string, 1)
	req := s.request(http.MethodPost, "/api/users/bulk", body)
	req = req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{Got100Continue: func() { close(reads) }}))
	req.Header.Set("Authorization", "Bearer "+s.token)
	req.Header.Set("Content-Type", "application/x-ndjson")
	req.Header.Set("Expect", "100-continue")
	patient := &http.Client{Timeout: awaitFor, Transport: &http.Transport{ExpectContinueTimeout: awaitFor}}
	go func() {
		res, err := patient.Do(req)
		if err != nil {
			answer <- err.Error()
			return
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			answer <- err.Error()
			return
		}
		answer <- res.Status + " " + string(text)
	}()
	select {
	case <-reads:
	case early := <-answer:
		t.Fatalf("the import ended before it began: %s", early)
	}
	return lines, answer
}
