package notify_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/job"
	"guestlist/internal/mail"
	"guestlist/internal/notify"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

// bench is a store with a notifier and a runner, and a clock that the test
// moves.
type bench struct {
	t      *testing.T
	st     *store.Store
	n      *notify.Notifier
	r      *job.Runner
	log    *strings.Builder
	outbox *mail.Outbox

	clock *storetest.Clock
}

var start = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// onBoth runs a test on both engines.
func onBoth(t *testing.T, fn func(b *bench)) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) { fn(newBench(t, engine)) })
	}
}

func newBench(t *testing.T, engine string) *bench {
	b := &bench{t: t, clock: storetest.NewClock(start), log: &strings.Builder{}, outbox: &mail.Outbox{}}
	b.st = storetest.Open(t, engine, b.clock.Now)
	b.n = &notify.Notifier{Store: b.st, Client: mail.NewGuardedClient(loopback, notify.HookTimeout), Version: "1.2.3"}
	t.Cleanup(b.n.Client.CloseIdleConnections)
	b.r = b.runner(b.n)
	return b
}

func (b *bench) runner(n *notify.Notifier) *job.Runner {
	return &job.Runner{Store: b.st, Kinds: n.Kinds(), Feed: n.Dispatch, Log: slog.New(slog.NewTextHandler(b.log, nil))}
}

func (b *bench) run() {
	b.t.Helper()
	if err := b.r.RunDue(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) update(fn func(tx *store.Tx) error) {
	b.t.Helper()
	if err := b.st.Update(b.t.Context(), fn); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) emit(keys ...string) {
	b.t.Helper()
	b.update(func(tx *store.Tx) error {
		for _, key := range keys {
			payload := `{"event":"` + key + `","createdAt":"2026-11-21T12:00:00.000Z","data":{"name":"<Ada> & \u0000"}}`
			if err := tx.Emit(guestlist.Event{Key: key, Payload: json.RawMessage(payload)}); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *bench) hook(url string, events ...string) guestlist.Hook {
	b.t.Helper()
	h := guestlist.Hook{
		TenantID: "default", ID: guestlist.HookID(crypt.ID()), Events: events, Enabled: true, SigningKey: crypt.Token32(),
		Config: guestlist.HookConfig{URL: url}, CreatedAt: b.st.Now(),
	}
	b.update(func(tx *store.Tx) error { return tx.InsertHook(h) })
	return h
}

func (b *bench) jobs(state store.JobState) []store.JobRow {
	b.t.Helper()
	var rows []store.JobRow
	b.update(func(tx *store.Tx) error {
		var err error
		rows, err = tx.Jobs(state, store.Page{})
		return err
	})
	return rows
}

// attempt is the payload of a row of a hook's log.
type attempt struct {
	Key      string
	Result   string
	Error    string
	HookID   string
	Response *struct {
		StatusCode int
		Body       json.RawMessage
	}
	HookRequest struct{ Body json.RawMessage }
}

// attempts reads a hook's log, the newest first.
func (b *bench) attempts(id guestlist.HookID) []attempt {
	b.t.Helper()
	var list []attempt
	b.update(func(tx *store.Tx) error {
		list = nil
		logs, _, err := tx.HookLogs(store.HookLogFilter{HookID: id, To: 1 << 60}, store.Page{})
		for _, l := range logs {
			var a attempt
			if err := json.Unmarshal(l.Payload, &a); err != nil {
				return err
			}
			list = append(list, a)
		}
		return err
	})
	return list
}

// request is one that an endpoint got.
type request struct {
	Path   string
	Header http.Header
	Body   string
}

// endpoint is a receiver that answers as it is told.
type endpoint struct {
	*httptest.Server
	mu   sync.Mutex
	got  []request
	play func(w http.ResponseWriter, r *http.Request, nth int)
}

func newEndpoint(t *testing.T, play func(w http.ResponseWriter, r *http.Request, nth int)) *endpoint {
	e := &endpoint{play: play}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		e.mu.Lock()
		e.got = append(e.got, request{r.URL.Path, r.Header.Clone(), string(body)})
		nth := len(e.got)
		e.mu.Unlock()
		e.play(w, r, nth)
	}))
	t.Cleanup(e.Close)
	return e
}

func (e *endpoint) requests() []request {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]request(nil), e.got...)
}

// status answers with a code and nothing else.
func status(code int) func(http.ResponseWriter, *http.Request, int) {
	return func(w http.ResponseWriter, _ *http.Request, _ int) { w.WriteHeader(code) }
}

// within bounds what a test waits for in vain.
func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}
