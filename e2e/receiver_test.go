package e2e

import (
	"crypto/sha256"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"slices"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"
)

// receiver takes webhooks, badly: the first deliveries are held without an
// answer until somebody lets go, and of the others some are refused at first.
type receiver struct {
	url  string
	hold int           // how many deliveries to hold
	held chan struct{} // receives once for each that is held
	free chan struct{} // closed: nothing is held any more
	late int           // what is answered then

	mu      sync.Mutex
	ids     []string // of deliveries, in the order of their first coming
	got     map[string]*delivered
	changed chan struct{} // closed and replaced at each delivery
}

// delivered is what came under one webhook-id.
type delivered struct {
	times int
	body  [sha256.Size]byte
	event string
	user  string // id
	taken bool   // answered with a success
	mixed bool   // came with another body as well
}

func newReceiver(t *testing.T, hold int) *receiver {
	r := &receiver{
		hold: hold, held: make(chan struct{}, hold), free: make(chan struct{}), late: http.StatusServiceUnavailable, got: map[string]*delivered{}, changed: make(chan struct{}),
	}
	server := httptest.NewServer(r)
	r.url = server.URL
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return r
}

// ServeHTTP takes a delivery.
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return // the sender died
	}
	var event struct {
		Event string
		Data  struct{ ID string }
	}
	if json.Unmarshal(body, &event) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	sum := sha256.Sum256(body)
	id := req.Header.Get("Webhook-Id")
	r.mu.Lock()
	d := r.got[id]
	if d == nil {
		d = &delivered{body: sum, event: event.Event, user: event.Data.ID}
		r.got[id] = d
		r.ids = append(r.ids, id)
	}
	d.times++
	d.mixed = d.mixed || d.body != sum
	place := slices.Index(r.ids, id)
	hold, refuse := place < r.hold && d.times == 1, place%5 == 4 && d.times == 1
	d.taken = d.taken || !hold && !refuse
	close(r.changed)
	r.changed = make(chan struct{})
	r.mu.Unlock()
	switch {
	case hold:
		r.held <- struct{}{}
		select {
		case <-r.free:
		case <-req.Context().Done():
		}
		r.mu.Lock()
		d.taken = d.taken || r.late < 300
		r.mu.Unlock()
		w.WriteHeader(r.late) // should anybody still listen
	case refuse:
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

// answer lets go of what is held, with a status.
func (r *receiver) answer(status int) {
	r.mu.Lock()
	r.late = status
	r.mu.Unlock()
	close(r.free)
}

// created returns the ids of deliveries by the users whose creation they tell
// of, of those that were taken.
func (r *receiver) created() (byUser map[string][]string, more <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	byUser = map[string][]string{}
	for id, d := range r.got {
		if d.taken && d.event == "User.Created" {
			byUser[d.user] = append(byUser[d.user], id)
		}
	}
	return byUser, r.changed
}

// of returns what came about a user.
func (r *receiver) of(user string) (list []delivered) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, d := range r.got {
		if d.user == user {
			list = append(list, *d)
		}
	}
	return list
}

// sink is a mail server that holds the first letters at their very end: it has
// read all of them and does not say so until somebody lets go.
type sink struct {
	host, port string
	hold       int
	held       chan struct{}
	free       chan struct{}

	mu      sync.Mutex
	begun   int
	letters []sunk
	changed chan struct{}
}

// sunk is a letter that was read to its end.
type sunk struct {
	to, id string
	taken  bool // and the server said so
}

func newSink(t *testing.T, hold int) *sink {
	k := &sink{hold: hold, held: make(chan struct{}, hold), free: make(chan struct{}), changed: make(chan struct{})}
	var stop func()
	var err error
	if k.host, k.port, stop, err = serveSMTP(func() smtp.Session { return &sinking{sink: k} }); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return k
}

// quiet takes what a server complains about.
type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

// sinking is one SMTP session.
type sinking struct {
	sink *sink
	to   string
}

func (s *sinking) Mail(string, *smtp.MailOptions) error { return nil }

func (s *sinking) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	return nil
}

func (s *sinking) Data(r io.Reader) error {
	message, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, message.Body); err != nil {
		return err
	}
	k := s.sink
	k.mu.Lock()
	k.begun++
	hold := k.begun <= k.hold
	k.letters = append(k.letters, sunk{to: s.to, id: message.Header.Get("Message-Id"), taken: !hold})
	close(k.changed)
	k.changed = make(chan struct{})
	k.mu.Unlock()
	if hold {
		k.held <- struct{}{}
		<-k.free
		return &smtp.SMTPError{Code: 451, Message: "should anybody still listen: try again"}
	}
	return nil
}

func (s *sinking) Reset()        { s.to = "" }
func (s *sinking) Logout() error { return nil }

// arrived returns the ids of letters by recipient, each as often as it was
// read, and who got one that was taken.
func (k *sink) arrived() (ids map[string][]string, taken map[string]bool, more <-chan struct{}) {
	k.mu.Lock()
	defer k.mu.Unlock()
	ids, taken = map[string][]string{}, map[string]bool{}
	for _, l := range k.letters {
		ids[l.to] = append(ids[l.to], l.id)
		taken[l.to] = taken[l.to] || l.taken
	}
	return ids, taken, k.changed
}
