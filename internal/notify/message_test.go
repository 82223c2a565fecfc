package notify_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"guestlist"
	"guestlist/internal/mail"
	"guestlist/internal/notify"
	"guestlist/internal/store"
)

// sink is a mail server that keeps what it gets, or refuses it.
type sink struct {
	port   int
	mu     sync.Mutex
	mails  []string
	refuse *smtp.SMTPError
}

func newSink(t *testing.T) *sink {
	s := &sink{}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.port = listener.Addr().(*net.TCPAddr).Port
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &sinkSession{s}, nil }))
	server.Domain = "sink.example"
	go func() { _ = server.Serve(listener) }() // ends with Close
	t.Cleanup(func() { _ = server.Close() })
	return s
}

func (s *sink) answer(e *smtp.SMTPError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = e
}

func (s *sink) got() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.mails...)
}

type sinkSession struct{ *sink }

func (s *sinkSession) Mail(string, *smtp.MailOptions) error { return nil }
func (s *sinkSession) Rcpt(string, *smtp.RcptOptions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuse != nil {
		return s.refuse
	}
	return nil
}

func (s *sinkSession) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails = append(s.mails, string(text))
	return err
}
func (s *sinkSession) Reset()        {}
func (s *sinkSession) Logout() error { return nil }

func (s *sink) connector() guestlist.Connector {
	var templates []map[string]string
	for _, usage := range []string{"SignIn", "Register", "ForgotPassword", "Generic"} {
		templates = append(templates, map[string]string{"usageType": usage, "contentType": "text/plain", "subject": "For you", "content": "Your code is {{code}}."})
	}
	config, _ := json.Marshal(map[string]any{ // plain values always marshal
		"host": "127.0.0.1", "port": s.port, "auth": map[string]any{}, "fromEmail": "hello@acme.example", "ignoreTLS": true, "templates": templates,
	})
	return guestlist.Connector{ID: "smtp", FactoryID: mail.FactorySMTP, Config: config, CreatedAt: 1}
}

func (b *bench) connect(t guestlist.ConnectorType, c guestlist.Connector) {
	b.t.Helper()
	b.update(func(tx *store.Tx) error { return tx.InsertConnector(t, c) })
}

const code = "493817"

func message(id string) guestlist.Message {
	return guestlist.Message{
		ID: id, Channel: guestlist.ChannelEmail, To: "ada@guest.example", Type: guestlist.TemplateSignIn, Locale: "en",
		Payload: map[string]any{"code": code},
	}
}

func (b *bench) queue(m guestlist.Message) {
	b.t.Helper()
	b.update(func(tx *store.Tx) error { return tx.QueueMessage(m) })
}

func (b *bench) message(id string) store.MessageRow {
	b.t.Helper()
	var row store.MessageRow
	b.update(func(tx *store.Tx) error {
		var err error
		row, err = tx.Message(id)
		return err
	})
	return row
}

// noCode checks that nothing that is kept shows the code.
func (b *bench) noCode() {
	b.t.Helper()
	var kept strings.Builder
	fmt.Fprint(&kept, b.log)
	b.update(func(tx *store.Tx) error {
		messages, _, err := tx.Messages(false, store.Page{}, 0)
		fmt.Fprint(&kept, messages)
		return err
	})
	for _, state := range []store.JobState{store.JobQueued, store.JobDone, store.JobDead} {
		fmt.Fprint(&kept, b.jobs(state))
	}
	if strings.Contains(kept.String(), code) {
		b.t.Errorf("the code shows in %s", kept.String())
	}
}

func TestMailIsSentAndWrittenDown(t *testing.T) {
	onBoth(t, func(b *bench) {
		s := newSink(b.t)
		b.connect(guestlist.ConnectorEmail, s.connector())
		b.queue(message("m1"))
		if row := b.message("m1"); row.Status != store.MessageQueued {
			b.t.Errorf("before: %+v", row)
		}
		b.run()
		mails := s.got()
		if len(mails) != 1 || !strings.Contains(mails[0], "Your code is "+code) || !strings.Contains(mails[0], "To: <ada@guest.example>") {
			b.t.Fatalf("mails %q", mails)
		}
		if row := b.message("m1"); row.Status != store.MessageSent || row.Attempts != 1 || row.LastError != "" {
			b.t.Errorf("after: %+v", row)
		}
		b.noCode()
	})
}

func TestTheTenantsTemplateIsUsed(t *testing.T) {
	b := newBench(t, "sqlite")
	s := newSink(t)
	b.connect(guestlist.ConnectorEmail, s.connector())
	b.update(func(tx *store.Tx) error {
		return tx.PutTemplate(guestlist.EmailTemplate{ID: "t", LanguageTag: "en", TemplateType: guestlist.TemplateSignIn,
			Details: guestlist.EmailTemplateDetails{Subject: "Hello", Content: "own words: {{code}}", ContentType: "text/plain"}})
	})
	b.queue(message("m1"))
	b.run()
	if mails := s.got(); len(mails) != 1 || !strings.Contains(mails[0], "own words: "+code) {
		t.Errorf("mails %q", mails)
	}
}

func messageID(mail string) string {
	for line := range strings.Lines(mail) {
		if id, ok := strings.CutPrefix(line, "Message-ID: "); ok {
			return strings.TrimSpace(id)
		}
	}
	return ""
}

func TestMailIsTriedAgainWhileTheServerIsBusy(t *testing.T) {
	onBoth(t, func(b *bench) {
		s := newSink(b.t)
		b.connect(guestlist.ConnectorEmail, s.connector())
		s.answer(&smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "greylisted, code " + code})
		b.queue(message("m1"))
		b.run()
		if row := b.message("m1"); row.Status != store.MessageDeferred || !strings.Contains(row.LastError, "greylisted") {
			b.t.Errorf("deferred: %+v", row)
		}
		b.noCode()
		s.answer(nil)
		b.clock.Advance(time.Minute)
		b.run()
		if row := b.message("m1"); row.Status != store.MessageSent || row.Attempts != 2 || len(s.got()) != 1 {
			b.t.Errorf("sent: %+v", row)
		}
	})
}

func TestARefusedRecipientIsFinal(t *testing.T) {
	b := newBench(t, "sqlite")
	s := newSink(t)
	b.connect(guestlist.ConnectorEmail, s.connector())
	s.answer(&smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"})
	b.queue(message("m1"))
	b.run()
	b.clock.Advance(time.Hour)
	b.run()
	if row := b.message("m1"); row.Status != store.MessageFailed || row.Attempts != 1 || !strings.Contains(row.LastError, "no such user") {
		t.Errorf("refused: %+v", row)
	}
	if dead := b.jobs(store.JobDead); len(dead) != 1 {
		t.Errorf("dead: %+v", dead)
	}
}

// A process dies after the server took a mail and before that was written
// down. Two databases of which neither knows of the other's attempt are in the
// same position: the second mail says that it is the first.
func TestARepeatedMailHasTheSameID(t *testing.T) {
	s := newSink(t)
	for range 2 {
		b := newBench(t, "sqlite")
		b.connect(guestlist.ConnectorEmail, s.connector())
		b.queue(message("m1"))
		b.queue(message("m2"))
		b.update(func(tx *store.Tx) error {
			_, err := tx.ClaimJobs("message.send/email", tx.Now.Add(time.Minute), 1)
			return err
		})
		b.clock.Advance(2 * time.Minute)
		b.run()
	}
	ids := map[string]int{}
	for _, mail := range s.got() {
		ids[messageID(mail)]++
	}
	if len(s.got()) != 4 || len(ids) != 2 || ids[""] != 0 {
		t.Errorf("Message-IDs %v, want two, each twice", ids)
	}
}

// Once it is known that a message was sent, another job for it sends nothing.
func TestWhatWasSentIsNotSentAgain(t *testing.T) {
	onBoth(t, func(b *bench) {
		b.n.Outbox = b.outbox
		b.queue(message("m1"))
		b.run()
		payload, err := json.Marshal(message("m1"))
		if err != nil {
			b.t.Fatal(err)
		}
		fresh := &mail.Outbox{}
		b.n.Outbox = fresh
		b.update(func(tx *store.Tx) error {
			return tx.Enqueue(guestlist.Job{Kind: guestlist.JobSendMessage, Payload: payload})
		})
		b.run()
		if n := len(fresh.Letters("")); n != 0 {
			b.t.Errorf("%d letters of a message that was sent", n)
		}
		if n := len(b.jobs(store.JobDone)); n != 2 {
			b.t.Errorf("%d jobs are done", n)
		}
	})
}

func TestWithoutAConnectorItSaysSo(t *testing.T) {
	onBoth(t, func(b *bench) {
		sms := message("m1")
		sms.Channel, sms.To = guestlist.ChannelSMS, "447700900123"
		b.queue(sms)
		b.run()
		if row := b.message("m1"); row.Status != store.MessageFailed || !strings.Contains(row.LastError, "no connector is set up for sms") {
			b.t.Errorf("row %+v", row)
		}
		if log := b.log.String(); !strings.Contains(log, "no connector is set up for sms") || strings.Contains(log, sms.To) {
			b.t.Errorf("log %s", log)
		}
		b.noCode()
	})
}

func TestDevModeKeepsMailInItsOutbox(t *testing.T) {
	b := newBench(t, "sqlite")
	b.n.Outbox = b.outbox
	b.queue(message("m1"))
	b.run()
	letter, err := b.outbox.Wait(within(t), "ada@guest.example")
	if err != nil || letter.Message.Payload["code"] != code || letter.Words.Subject == "" || !letter.At.Equal(start) {
		t.Errorf("letter %+v, %v", letter, err)
	}
	s := newSink(t)
	b.connect(guestlist.ConnectorEmail, s.connector())
	b.queue(message("m2"))
	b.run()
	if len(s.got()) != 1 || len(b.outbox.Letters("")) != 1 {
		t.Error("the outbox takes what a connector is there for")
	}
}

func TestAnExpiredCodeIsNotSent(t *testing.T) {
	onBoth(t, func(b *bench) {
		b.n.Outbox = b.outbox
		m := message("m1")
		m.ExpiresAt = guestlist.TimeOf(start.Add(10 * time.Minute))
		b.queue(m)
		later := m
		later.ID, later.ExpiresAt = "m2", guestlist.TimeOf(start.Add(11*time.Minute))
		b.queue(later)
		b.clock.Advance(10 * time.Minute)
		b.run()
		if row := b.message("m1"); row.Status != store.MessageFailed || !strings.Contains(row.LastError, "expired") {
			b.t.Errorf("row %+v", row)
		}
		if letters := b.outbox.Letters(""); len(letters) != 1 || letters[0].Letter.Message.ID != "m2" {
			b.t.Errorf("letters %+v", letters)
		}
	})
}

func TestAnotherConfigIsUsedFromTheNextMessageOn(t *testing.T) {
	b := newBench(t, "sqlite")
	one, two := newSink(t), newSink(t)
	b.connect(guestlist.ConnectorEmail, one.connector())
	b.queue(message("m1"))
	b.run()
	b.update(func(tx *store.Tx) error { return tx.UpdateConnector(two.connector()) })
	b.queue(message("m2"))
	b.run()
	if len(one.got()) != 1 || len(two.got()) != 1 {
		t.Errorf("%d and %d mails, want one each", len(one.got()), len(two.got()))
	}
}

func TestAnHTTPConnectorIsGuarded(t *testing.T) {
	b := newBench(t, "sqlite")
	ep := newEndpoint(t, status(200))
	config, err := json.Marshal(map[string]string{"endpoint": ep.URL, "authorization": "Bearer s3cret"})
	if err != nil {
		t.Fatal(err)
	}
	b.connect(guestlist.ConnectorEmail, guestlist.Connector{ID: "http", FactoryID: mail.FactoryHTTPEmail, Config: config, CreatedAt: 1})
	b.queue(message("m1"))
	b.run()
	if got := ep.requests(); len(got) != 1 || !strings.Contains(got[0].Body, code) || strings.Contains(got[0].Body, "expiresAt") {
		t.Fatalf("requests %+v", got)
	}
	closed := &notify.Notifier{Store: b.st, Client: mail.NewGuardedClient(nil, time.Second)}
	b.queue(message("m2"))
	if err := b.runner(closed).RunDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	if row := b.message("m2"); row.Status != store.MessageFailed || !strings.Contains(row.LastError, "not a public address") || len(ep.requests()) != 1 {
		t.Errorf("row %+v", row)
	}
}

func TestAConnectorCanBeTriedOutBeforeItIsStored(t *testing.T) {
	b := newBench(t, "sqlite")
	s := newSink(t)
	c := s.connector()
	if err := b.n.TestMessage(within(t), c.FactoryID, c.Config, message("m1"), nil); err != nil || len(s.got()) != 1 {
		t.Errorf("%d mails, %v", len(s.got()), err)
	}
	s.answer(&smtp.SMTPError{Code: 550, Message: "no"})
	if err := b.n.TestMessage(within(t), c.FactoryID, c.Config, message("m2"), nil); guestlist.CodeOf(err) == "" {
		t.Errorf("a refusal: %v", err)
	}
	if err := b.n.TestMessage(within(t), c.FactoryID, json.RawMessage(`{}`), message("m3"), nil); guestlist.CodeOf(err) != "connector.invalid_config" {
		t.Errorf("a bad config: %v", err)
	}
	b.update(func(tx *store.Tx) error {
		if rows, _, err := tx.Messages(false, store.Page{}, 0); len(rows) != 0 || err != nil {
			t.Errorf("rows %+v, %v", rows, err)
		}
		return nil
	})
}

// stopped is a sender that notices the end of the process.
type stopped struct{ begun chan struct{} }

func (s stopped) Send(ctx context.Context, _ mail.Letter) (mail.Receipt, error) {
	close(s.begun)
	<-ctx.Done()
	return mail.Receipt{}, ctx.Err()
}

func TestASendingThatIsBrokenOffDoesNotCount(t *testing.T) {
	b := newBench(t, "sqlite")
	s := stopped{begun: make(chan struct{})}
	b.n.Outbox = s
	b.queue(message("m1"))
	b.r.Start(t.Context())
	<-s.begun
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.r.Stop(ctx); err != nil {
		t.Error(err)
	}
	jobs := b.jobs(store.JobQueued)
	if row := b.message("m1"); row.Status != store.MessageQueued || len(jobs) != 1 || jobs[0].Attempts != 0 {
		t.Errorf("row %+v, jobs %+v", row, jobs)
	}
}
