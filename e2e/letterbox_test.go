package e2e

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// letterbox is where the codes come to that an installation sends by e-mail
// and SMS.
type letterbox struct {
	mu      sync.Mutex
	codes   map[string][]string // by recipient, the oldest first
	arrived chan struct{}       // closed and replaced at each arrival
}

// newLetterbox starts a letterbox, and returns the address that takes messages.
func newLetterbox(t testing.TB) (l *letterbox, address string) {
	t.Helper()
	l = &letterbox{codes: map[string][]string{}, arrived: make(chan struct{})}
	server := httptest.NewServer(l)
	t.Cleanup(server.Close)
	return l, server.URL
}

// connectMessages lets an installation send codes by e-mail and SMS, and
// returns where they arrive.
func (s *site) connectMessages() *letterbox {
	s.t.Helper()
	l, address := newLetterbox(s.t)
	for _, factory := range []string{"http-email", "http-sms"} {
		s.api("POST", "/connectors", map[string]any{"connectorId": factory, "config": map[string]any{"endpoint": address}}, 200, nil)
	}
	return l
}

// ServeHTTP takes a message.
func (l *letterbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var m struct {
		To      string
		Payload struct{ Code, Link string }
	}
	if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if m.Payload.Link != "" { // the mail of an invitation
		m.To, m.Payload.Code = linkTo+m.To, m.Payload.Link
	}
	l.codes[m.To] = append(l.codes[m.To], m.Payload.Code)
	close(l.arrived)
	l.arrived = make(chan struct{})
}

// linkTo is where links are kept apart from codes.
const linkTo = "link to "

// link waits for the next link that comes to somebody.
func (l *letterbox) link(t testing.TB, to string) string {
	t.Helper()
	return l.code(t, linkTo+to)
}

// code waits for the next code that comes to somebody.
func (l *letterbox) code(t testing.TB, to string) string {
	t.Helper()
	deadline := time.After(awaitFor)
	for {
		l.mu.Lock()
		codes, arrived := l.codes[to], l.arrived
		if len(codes) > 0 {
			l.codes[to] = codes[1:]
			l.mu.Unlock()
			return codes[0]
		}
		l.mu.Unlock()
		select {
		case <-arrived:
		case <-deadline:
			t.Fatalf("no code came to %s", to)
		}
	}
}
