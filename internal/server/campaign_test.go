package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/store/storetest"
)

// sink is a mail server in this process. refuse says what becomes of the next
// mail to somebody, counted from 1.
type sink struct {
	address string
	refuse  func(to string, attempt int) error

	mu       sync.Mutex
	attempts map[string]int
	taken    map[string]int
	total    int
	last     string // mail
}

func newSink(t *testing.T, refuse func(string, int) error) *sink {
	t.Helper()
	s := &sink{refuse: refuse, attempts: map[string]int{}, taken: map[string]int{}}
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = l.Addr().String()
	s.serve(t, l)
	return s
}

func (s *sink) serve(t *testing.T, l net.Listener) {
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &sinkSession{sink: s}, nil }))
	server.Domain, server.ErrorLog = "sink.example", quiet{}
	go func() { _ = server.Serve(l) }() // ends with the test
	t.Cleanup(func() { _ = server.Close() })
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

type sinkSession struct {
	sink *sink
	to   string
}

func (s *sinkSession) Mail(string, *smtp.MailOptions) error { return nil }
func (s *sinkSession) Reset()                               { s.to = "" }
func (s *sinkSession) Logout() error                        { return nil }

func (s *sinkSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.sink.mu.Lock()
	defer s.sink.mu.Unlock()
	s.to = to
	s.sink.attempts[to]++
	return s.sink.refuse(to, s.sink.attempts[to])
}

func (s *sinkSession) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.sink.mu.Lock()
	defer s.sink.mu.Unlock()
	s.sink.taken[s.to]++
	s.sink.total++
	s.sink.last = string(text)
	return nil
}

// house is a server in this process, with a connector to a sink.
type house struct {
	*Server
	t    *testing.T
	http *http.Client
}

func newHouse(t *testing.T, engine string, now func() time.Time, s *sink) *house {
	t.Helper()
	o := Options{
		Listen: "127.0.0.1:0", Endpoint: "http://door.example", Data: t.TempDir(), Version: "test", Now: now,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
	if engine == "postgres" {
		if _, ok := storetest.PostgresURL(t); !ok {
			t.Skip("without PostgreSQL")
		}
		o.Database = storetest.EmptyDatabase(t)
	}
	server, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := server.Stop(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
	h := &house{Server: server, t: t, http: client.InProcess(http.HandlerFunc(server.parts.handler.ServeHTTP))}
	_, port, err := net.SplitHostPort(s.address)
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	var templates []map[string]string
	for _, usage := range []string{"SignIn", "Register", "ForgotPassword", "Generic"} {
		templates = append(templates, map[string]string{"usageType": usage, "contentType": "text/plain", "subject": "Code", "content": "{{code}}"})
	}
	h.api("POST", "/api/connectors", map[string]any{"connectorId": "simple-mail-transfer-protocol", "config": map[string]any{
		"host": "127.0.0.1", "port": number, "auth": map[string]any{}, "ignoreTLS": true, "fromEmail": "door@shop.example", "templates": templates,
	}}, nil)
	return h
}

// api asks with every right.
func (h *house) api(method, path string, body, into any) http.Header {
	h.t.Helper()
	contentType, reader := "application/json", io.Reader(nil)
	switch b := body.(type) {
	case nil:
	case io.Reader:
		contentType, reader = "text/csv", b
	default:
		text, err := json.Marshal(b)
		if err != nil {
			h.t.Fatal(err)
		}
		reader = strings.NewReader(string(text))
	}
	req, err := http.NewRequestWithContext(h.t.Context(), method, h.o.Endpoint+path, reader)
	if err != nil {
		h.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+h.parts.local)
	if reader != nil {
		req.Header.Set("Content-Type", contentType)
	}
	res, err := h.http.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode > 299 {
		h.t.Fatalf("%s %s: %d %s %v", method, path, res.StatusCode, text, err)
	}
	if into != nil {
		if err := json.Unmarshal(text, into); err != nil {
			h.t.Fatal(err)
		}
	}
	return res.Header
}

func eachEngine(t *testing.T, fn func(t *testing.T, engine string)) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) { fn(t, engine) })
	}
}

// The guests of the large campaign. Of every hundred rows three are faulty; of
// the others every tenth is refused once by the mail server, and one of a
// hundred for good.
const (
	manyGuests = 100_000 // on the embedded database
	someGuests = 20_000  // on PostgreSQL, where each costs the machine of the tests more
	fewGuests  = 3_000   // of the short round
)

func rowsOfManyGuests(n int) io.Reader {
	r, w := io.Pipe()
	go func() {
		_, err := io.WriteString(w, "email,name\n")
		for i := 0; i < n && err == nil; i++ {
			switch i % 100 {
			case 1:
				_, err = io.WriteString(w, "nobody\n")
			case 2:
				_, err = fmt.Fprintf(w, "GUEST%06d@Example.com,Again\n", i-2)
			case 3:
				_, err = fmt.Fprintf(w, "guest%06d@example.com,One,too many\n", i)
			default:
				_, err = fmt.Fprintf(w, "guest%06d@example.com,Guest %d\n", i, i)
			}
		}
		w.CloseWithError(err)
	}()
	return r
}

// TestReportOfManyGuestsIsExact imports a large file with faulty rows while the
// mail server refuses some mails for a while and some for good.
func TestReportOfManyGuestsIsExact(t *testing.T) {
	eachEngine(t, func(t *testing.T, engine string) {
		n := manyGuests
		switch {
		case testing.Short():
			n = fewGuests
		case engine == "postgres":
			n = someGuests
		}
		number := func(to string) int {
			var i int
			_, _ = fmt.Sscanf(strings.ToLower(to), "guest%d@", &i) // all have this form
			return i
		}
		s := newSink(t, func(to string, attempt int) error {
			switch i := number(to); {
			case i%100 == 50:
				return &smtp.SMTPError{Code: 550, Message: "no such user"}
			case i%10 == 5 && attempt == 1:
				return &smtp.SMTPError{Code: 451, Message: "try again later"}
			}
			return nil
		})
		h := newHouse(t, engine, nil, s)
		h.parts.notifier.SendWaits = []time.Duration{100 * time.Millisecond}
		h.parts.runner.Kinds[guestlist.JobSendMessage] = h.parts.notifier.Kinds()[guestlist.JobSendMessage]
		h.parts.start(t.Context())
		began := time.Now()
		var c guestlist.Campaign
		h.api("POST", "/api/invitations/batch?name=Many", rowsOfManyGuests(n), &c)
		var imported time.Duration
		for deadline := time.Now().Add(20 * time.Minute); c.State != guestlist.CampaignFinished; {
			if time.Now().After(deadline) {
				t.Fatalf("it is not finished: %+v", c)
			}
			time.Sleep(100 * time.Millisecond) //nolint:forbidigo // the server works meanwhile, and is asked as hosts do
			h.api("GET", "/api/invitation-campaigns/"+string(c.ID), nil, &c)
			if imported == 0 && c.State != guestlist.CampaignImporting {
				imported = time.Since(began)
			}
		}
		t.Logf("%d rows imported in %v, %d mails out after %v", n, imported, s.total, time.Since(began))
		wantVerdicts := map[string]int{"new": n * 97 / 100, "invalid": n * 2 / 100, "duplicate": n / 100}
		if diff := cmp.Diff(wantVerdicts, c.Verdicts); diff != "" {
			t.Errorf("verdicts (-want +got):\n%s", diff)
		}
		var r guestlist.CampaignReport
		h.api("GET", "/api/invitation-campaigns/"+string(c.ID)+"/report", nil, &r)
		want := guestlist.CampaignReport{Imported: n * 97 / 100, Sent: n * 96 / 100, Bounced: n / 100}
		if diff := cmp.Diff(want, r); diff != "" {
			t.Errorf("report (-want +got):\n%s", diff)
		}
		failed := h.api("GET", "/api/invitations?page_size=1&delivery=failed", nil, nil).Get("Total-Number")
		if want := strconv.Itoa(n / 100); failed != want && n < manyGuests {
			t.Errorf("%s invitations failed, want %s", failed, want)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(s.taken) != n*96/100 || s.total != len(s.taken) {
			t.Errorf("%d mails to %d guests", s.total, len(s.taken))
		}
	})
}

// TestProviderThatIsDownCostsNobodyTheirTime lets a mail server be away for
// longer than the invitations are good: they are good from when they are sent.
func TestProviderThatIsDownCostsNobodyTheirTime(t *testing.T) {
	eachEngine(t, func(t *testing.T, engine string) {
		down := true
		s := newSink(t, func(string, int) error {
			if down {
				return &smtp.SMTPError{Code: 421, Message: "we are closed"}
			}
			return nil
		})
		clock := storetest.NewClock(time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC))
		h := newHouse(t, engine, clock.Now, s)
		run := func() {
			t.Helper()
			if err := h.parts.runner.RunDue(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := h.parts.periodic.Tasks["invitations"].Run(t.Context(), h.store); err != nil {
				t.Fatal(err)
			}
		}
		var c guestlist.Campaign
		h.api("POST", `/api/invitations/batch?terms=%7B%22expiresIn%22:1800%7D`, strings.NewReader("email\na@example.com\nb@example.com\n"), &c)
		for range 8 {
			run()
			clock.Advance(10 * time.Minute)
		}
		var r guestlist.CampaignReport
		h.api("GET", "/api/invitation-campaigns/"+string(c.ID)+"/report", nil, &r)
		if diff := cmp.Diff(guestlist.CampaignReport{Imported: 2, Queued: 2}, r); diff != "" {
			t.Errorf("while it is down (-want +got):\n%s", diff)
		}
		s.mu.Lock()
		down = false
		s.mu.Unlock()
		clock.Advance(time.Hour)
		run()
		sent := guestlist.TimeOf(clock.Now())
		var list []guestlist.Invitation
		h.api("GET", "/api/invitations?page_size=10", nil, &list)
		for _, i := range list {
			if i.Status != guestlist.InvitationPending || i.Delivery != guestlist.InvitationSent || i.ExpiresAt != sent.Add(30*time.Minute) {
				t.Errorf("%s is %s and %s until %v", i.RecipientEmail, i.Status, i.Delivery, i.ExpiresAt.Std())
			}
		}
		clock.Advance(31 * time.Minute)
		run()
		h.api("GET", "/api/invitation-campaigns/"+string(c.ID)+"/report", nil, &r)
		h.api("GET", "/api/invitation-campaigns/"+string(c.ID), nil, &c)
		if diff := cmp.Diff(guestlist.CampaignReport{Imported: 2, Sent: 2, Expired: 2}, r); diff != "" || c.State != guestlist.CampaignFinished {
			t.Errorf("%s (-want +got):\n%s", c.State, diff)
		}
	})
}

// TestReaderOfAReminderEndsFurtherOnes by the button of their mail program, which
// posts to the address in the mail's header (RFC 8058).
func TestReaderOfAReminderEndsFurtherOnes(t *testing.T) {
	eachEngine(t, func(t *testing.T, engine string) {
		s := newSink(t, func(string, int) error { return nil })
		clock := storetest.NewClock(time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC))
		h := newHouse(t, engine, clock.Now, s)
		run := func(want int) {
			t.Helper()
			if err := h.parts.runner.RunDue(t.Context()); err != nil {
				t.Fatal(err)
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.total != want {
				t.Fatalf("%d mails, want %d", s.total, want)
			}
		}
		header := regexp.MustCompile(`List-Unsubscribe: ?<http://door\.example(/i/[^>]+)>`)
		h.api("POST", "/api/invitations", map[string]any{"email": "a@example.com", "remindAfterDays": []int{1, 2, 3}}, nil)
		run(1)
		if link := regexp.MustCompile(`http://door\.example/i/[\w=\r\n-]{64,}`); header.MatchString(s.last) || !link.MatchString(s.last) {
			t.Errorf("the first mail has no link, or a way out of reminders: %s", s.last)
		}
		clock.Advance(25 * time.Hour)
		run(2)
		unfolded := regexp.MustCompile(`\r\n[ \t]`).ReplaceAllString(s.last, "")
		match := header.FindStringSubmatch(unfolded)
		if match == nil || !strings.Contains(unfolded, "List-Unsubscribe-Post: List-Unsubscribe=One-Click") {
			t.Fatalf("no way out in %.1500s", unfolded)
		}
		ask := func(method, path, body string) int {
			t.Helper()
			req, err := http.NewRequestWithContext(t.Context(), method, h.o.Endpoint+path, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			if body != "" {
				req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			}
			res, err := h.http.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if res.Header.Get("Referrer-Policy") != "no-referrer" || !strings.Contains(res.Header.Get("Cache-Control"), "no-store") {
				t.Errorf("%s %s: %v", method, path, res.Header)
			}
			return res.StatusCode
		}
		for range 2 {
			if status := ask("GET", match[1], ""); status != 200 {
				t.Errorf("the page: %d", status)
			}
		}
		if status := ask("POST", "/i/"+strings.Repeat("x", 64)+"/reminders", "List-Unsubscribe=One-Click"); status != 200 { // every code is answered alike
			t.Errorf("another code: %d", status)
		}
		clock.Advance(24 * time.Hour)
		run(3) // looking changed nothing
		for range 2 {
			if status := ask("POST", match[1], "List-Unsubscribe=One-Click"); status != 200 {
				t.Errorf("the button: %d", status)
			}
		}
		clock.Advance(24 * time.Hour)
		run(3)
		var list []guestlist.Invitation
		h.api("GET", "/api/invitations?page_size=1", nil, &list)
		if list[0].Status != guestlist.InvitationPending || list[0].SendAt != nil {
			t.Errorf("%+v", list[0])
		}
	})
}

// TestMailOfWhatWasTakenBackDoesNotLeave cancels a campaign while its mails wait
// for the senders.
func TestMailOfWhatWasTakenBackDoesNotLeave(t *testing.T) {
	eachEngine(t, func(t *testing.T, engine string) {
		s := newSink(t, func(string, int) error { return nil })
		clock := storetest.NewClock(time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC))
		h := newHouse(t, engine, clock.Now, s)
		send := h.parts.runner.Kinds[guestlist.JobSendMessage]
		delete(h.parts.runner.Kinds, guestlist.JobSendMessage)
		run := func() {
			t.Helper()
			if err := h.parts.runner.RunDue(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		var c guestlist.Campaign
		h.api("POST", "/api/invitations/batch", strings.NewReader("email\na@example.com\nb@example.com\n"), &c)
		run()
		run() // the pump looks once more
		path := "/api/invitation-campaigns/" + string(c.ID)
		h.api("POST", path+"/cancel", map[string]any{"revoke": true}, nil)
		run()
		h.parts.runner.Kinds[guestlist.JobSendMessage] = send
		run()
		if s.total != 0 {
			t.Errorf("%d mails left", s.total)
		}
		var r guestlist.CampaignReport
		h.api("GET", path+"/report", nil, &r)
		if diff := cmp.Diff(guestlist.CampaignReport{Imported: 2, Revoked: 2}, r); diff != "" {
			t.Errorf("report (-want +got):\n%s", diff)
		}
		var list []guestlist.Invitation
		h.api("GET", "/api/invitations?page_size=10", nil, &list)
		for _, i := range list {
			if i.Status != guestlist.InvitationRevoked || i.Delivery != guestlist.InvitationNone {
				t.Errorf("%s is %s and %s", i.RecipientEmail, i.Status, i.Delivery)
			}
		}
	})
}
