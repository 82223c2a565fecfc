package mail

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	stdmail "net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"guestlist"
)

var testTime = time.Date(2026, 11, 21, 9, 30, 0, 0, time.UTC)

// received is one mail that the test's server took.
type received struct {
	From, To, User string
	TLS            bool
	Header         stdmail.Header
	Text, HTML     string
	Raw            string
}

// testServer is an SMTP server in this process that can be told to refuse.
type testServer struct {
	Port         int
	CA           string // PEM
	User, Pass   string // "" lets anybody in
	Token        string // for XOAUTH2
	RefuseRcpt   *smtp.SMTPError
	RefuseData   *smtp.SMTPError
	RefuseSender *smtp.SMTPError

	mu    sync.Mutex
	mails []received
}

type testSession struct {
	server *testServer
	conn   *smtp.Conn
	mail   received
}

func (s *testServer) NewSession(c *smtp.Conn) (smtp.Session, error) {
	return &testSession{server: s, conn: c}, nil
}

func (s *testSession) AuthMechanisms() []string {
	if s.server.Token != "" {
		return []string{"XOAUTH2"}
	}
	return []string{sasl.Plain}
}

func (s *testSession) Auth(mech string) (sasl.Server, error) {
	if mech == "XOAUTH2" {
		return bearer(func(response string) error {
			if response != "user=ada\x01auth=Bearer "+s.server.Token+"\x01\x01" {
				return smtp.ErrAuthFailed
			}
			s.mail.User = "ada"
			return nil
		}), nil
	}
	return sasl.NewPlainServer(func(_, user, pass string) error {
		if user != s.server.User || pass != s.server.Pass {
			return smtp.ErrAuthFailed
		}
		s.mail.User = user
		return nil
	}), nil
}

// bearer is the server's side of XOAUTH2.
type bearer func(response string) error

func (b bearer) Next(response []byte) ([]byte, bool, error) {
	return nil, true, b(string(response))
}

func (s *testSession) Mail(from string, _ *smtp.MailOptions) error {
	if s.server.User+s.server.Token != "" && s.mail.User == "" {
		return smtp.ErrAuthRequired
	}
	if s.server.RefuseSender != nil {
		return s.server.RefuseSender
	}
	s.mail.From = from
	return nil
}

func (s *testSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	if s.server.RefuseRcpt != nil {
		return s.server.RefuseRcpt
	}
	s.mail.To += to
	return nil
}

func (s *testSession) Data(r io.Reader) error {
	if s.server.RefuseData != nil {
		return s.server.RefuseData
	}
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	m := s.mail
	m.Raw = string(b)
	_, m.TLS = s.conn.TLSConnectionState()
	if err := m.parse(b); err != nil {
		return err
	}
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.mails = append(s.server.mails, m)
	return nil
}

func (s *testSession) Reset()        { s.mail = received{User: s.mail.User} }
func (s *testSession) Logout() error { return nil }

func (m *received) parse(b []byte) error {
	msg, err := stdmail.ReadMessage(bytes.NewReader(b))
	if err != nil {
		return err
	}
	m.Header = msg.Header
	kind, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err != nil {
		return err
	}
	if !strings.HasPrefix(kind, "multipart/") {
		body, err := io.ReadAll(quotedprintable.NewReader(msg.Body))
		m.Text = string(body)
		return err
	}
	parts := multipart.NewReader(msg.Body, params["boundary"])
	for {
		part, err := parts.NextPart() // decodes quoted-printable itself
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		body, err := io.ReadAll(part)
		if err != nil {
			return err
		}
		if strings.HasPrefix(part.Header.Get("Content-Type"), "text/html") {
			m.HTML = string(body)
		} else {
			m.Text = string(body)
		}
	}
}

func (s *testServer) only(t *testing.T) received {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.mails) != 1 {
		t.Fatalf("the server took %d mails, want 1", len(s.mails))
	}
	return s.mails[0]
}

// start serves SMTP: with "tls" from the start, with "starttls" on offer, with
// "plain" without either.
func (s *testServer) start(t *testing.T, mode string) *testServer {
	t.Helper()
	certificate, ca := testCertificate(t)
	s.CA = ca
	server := smtp.NewServer(s)
	server.Domain = "mx.test"
	server.AllowInsecureAuth = true
	server.ErrorLog = discard{}
	settings := &tls.Config{Certificates: []tls.Certificate{certificate}}
	if mode != "plain" {
		server.TLSConfig = settings
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Port = l.Addr().(*net.TCPAddr).Port
	if mode == "tls" {
		l = tls.NewListener(l, settings)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(l) // ends with Close below
	}()
	t.Cleanup(func() {
		_ = server.Close()
		_ = l.Close() // Serve may not have begun yet, and then Close knows of no listener
		<-done
	})
	return s
}

type discard struct{}

func (discard) Printf(string, ...any) {}
func (discard) Println(...any)        {}

func testCertificate(t *testing.T) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"mx.test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key},
		string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// smtpConfigFor writes a valid config for a server, changed by more.
func smtpConfigFor(t *testing.T, s *testServer, more map[string]any) json.RawMessage {
	t.Helper()
	config := map[string]any{
		"host": "127.0.0.1", "port": s.Port, "auth": map[string]any{}, "fromEmail": "Acme <hello@acme.example>",
		"templates": defaultTemplates(true, memberContentType), "tls": map[string]any{"ca": s.CA},
	}
	if s.User != "" {
		config["auth"] = map[string]any{"type": "login", "user": s.User, "pass": s.Pass}
	}
	for k, v := range more {
		config[k] = v
	}
	b, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func sendVia(t *testing.T, config json.RawMessage, l Letter) (Receipt, error) {
	t.Helper()
	sender, err := NewSender(FactorySMTP, config, openClient())
	if err != nil {
		t.Fatalf("NewSender: %v", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return sender.Send(ctx, l)
}

func testLetter(t *testing.T, payload map[string]any) Letter {
	t.Helper()
	if payload == nil {
		payload = map[string]any{"code": "493817"}
	}
	m := guestlist.Message{ID: "msg_1", Channel: guestlist.ChannelEmail, To: "guest@acme.example", Type: "SignIn", Locale: "en", Payload: payload}
	r, err := Render(m, Sources{Product: "Acme"})
	if err != nil {
		t.Fatal(err)
	}
	return Letter{Message: m, Words: r, At: testTime}
}

func TestSMTPDeliversOverEveryKindOfConnection(t *testing.T) {
	for _, c := range []struct {
		name, mode string
		auth       bool
		more       map[string]any
		wantTLS    bool
	}{
		{"STARTTLS when offered", "starttls", true, nil, true},
		{"STARTTLS required", "starttls", true, map[string]any{"requireTLS": true}, true},
		{"TLS from the start", "tls", true, map[string]any{"secure": true}, true},
		{"by the name in the certificate", "starttls", false, map[string]any{"servername": "mx.test"}, true},
		{"STARTTLS ignored", "starttls", true, map[string]any{"ignoreTLS": true}, false},
		{"nothing offered, nothing said", "plain", false, nil, false},
		{"from a local address, with a name", "plain", false, map[string]any{"localAddress": "127.0.0.1", "name": "login.acme.example"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &testServer{}
			if c.auth {
				s.User, s.Pass = "ada", "correct horse"
			}
			s.start(t, c.mode)
			if _, err := sendVia(t, smtpConfigFor(t, s, c.more), testLetter(t, nil)); err != nil {
				t.Fatal(err)
			}
			got := s.only(t)
			if got.TLS != c.wantTLS || got.User != s.User || got.From != "hello@acme.example" || got.To != "guest@acme.example" {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestSMTPWritesTheMailRight(t *testing.T) {
	s := (&testServer{}).start(t, "plain")
	l := testLetter(t, nil)
	l.Words.ReplyTo = "help@acme.example"
	receipt, err := sendVia(t, smtpConfigFor(t, s, map[string]any{"customHeaders": map[string]any{"X-One": "1", "X-Two": []string{"a", "b"}}}), l)
	if err != nil {
		t.Fatal(err)
	}
	got := s.only(t)
	for name, want := range map[string]string{
		"From": `"Acme" <hello@acme.example>`, "To": "<guest@acme.example>", "Subject": "Sign in to Acme",
		"Reply-To": "<help@acme.example>", "Date": "Sat, 21 Nov 2026 09:30:00 +0000", "Message-Id": "<msg_1@acme.example>",
		"Auto-Submitted": "auto-generated", "X-One": "1", "X-Two": "a, b", "X-Mailer": "", "User-Agent": "",
	} {
		if h := got.Header.Get(name); h != want {
			t.Errorf("%s: %q, want %q", name, h, want)
		}
	}
	normal := func(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")) }
	if normal(got.Text) != normal(l.Words.Text) || normal(got.HTML) != normal(l.Words.HTML) {
		t.Error("the mail has not both bodies as they were")
	}
	if receipt.ID != "<msg_1@acme.example>" || receipt.Detail == "" {
		t.Errorf("receipt %+v", receipt)
	}
}

func TestSMTPSendsNothingWithoutTheTLSThatIsRequired(t *testing.T) {
	s := &testServer{User: "ada", Pass: "correct horse"}
	s.start(t, "plain")
	config := smtpConfigFor(t, s, map[string]any{"requireTLS": true})
	if _, err := sendVia(t, config, testLetter(t, nil)); err == nil {
		t.Fatal("sent without TLS although it is required")
	} else if IsPermanent(err) || guestlist.CodeOf(err) != "connector.general" {
		t.Errorf("got %v", err)
	}
	if len(s.mails) != 0 {
		t.Error("a mail arrived")
	}
}

func TestSMTPChecksTheCertificate(t *testing.T) {
	s := (&testServer{}).start(t, "starttls")
	if _, err := sendVia(t, smtpConfigFor(t, s, map[string]any{"tls": map[string]any{}}), testLetter(t, nil)); err == nil || IsPermanent(err) {
		t.Errorf("an unknown certificate: %v", err)
	}
	if _, err := sendVia(t, smtpConfigFor(t, s, map[string]any{"servername": "other.test"}), testLetter(t, nil)); err == nil {
		t.Error("a certificate for another name was accepted")
	}
	if _, err := sendVia(t, smtpConfigFor(t, s, map[string]any{"tls": map[string]any{"rejectUnauthorized": false}}), testLetter(t, nil)); err != nil {
		t.Errorf("the operator said to accept it: %v", err)
	}
	s.only(t)
}

func TestSMTPFailuresSayWhetherToTryAgain(t *testing.T) {
	echo := "no 493817 for correct horse"
	for _, c := range []struct {
		name      string
		server    *testServer
		pass      string
		permanent bool
	}{
		{"unknown mailbox", &testServer{RefuseRcpt: &smtp.SMTPError{Code: 550, Message: echo}}, "", true},
		{"greylisted", &testServer{RefuseRcpt: &smtp.SMTPError{Code: 450, Message: echo}}, "", false},
		{"sender refused", &testServer{RefuseSender: &smtp.SMTPError{Code: 553, Message: echo}}, "", true},
		{"content refused", &testServer{RefuseData: &smtp.SMTPError{Code: 554, Message: echo}}, "", true},
		{"content refused for now", &testServer{RefuseData: &smtp.SMTPError{Code: 451, Message: echo}}, "", false},
		{"login asked for", &testServer{RefuseSender: &smtp.SMTPError{Code: 530, Message: echo}}, "", false},
		{"wrong password", &testServer{User: "ada", Pass: "correct horse"}, "battery staple", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.server.start(t, "starttls")
			more := map[string]any{}
			if c.pass != "" {
				more["auth"] = map[string]any{"user": "ada", "pass": c.pass}
			}
			_, err := sendVia(t, smtpConfigFor(t, c.server, more), testLetter(t, nil))
			if err == nil || IsPermanent(err) != c.permanent || guestlist.CodeOf(err) != "connector.general" {
				t.Fatalf("permanent %v, want %v: %v", IsPermanent(err), c.permanent, err)
			}
			if strings.Contains(err.Error(), "493817") || (c.pass != "" && strings.Contains(err.Error(), c.pass)) {
				t.Errorf("a secret is in the error: %v", err)
			}
			if len(c.server.mails) != 0 {
				t.Error("a mail arrived")
			}
		})
	}
}

func TestSMTPStopsWithItsContext(t *testing.T) {
	// A server that accepts and says nothing.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	accepted := make(chan net.Conn, 1)
	go func() {
		if c, err := l.Accept(); err == nil {
			accepted <- c
		}
	}()
	s := &testServer{Port: l.Addr().(*net.TCPAddr).Port}
	certificateless := smtpConfigFor(t, s, map[string]any{"tls": map[string]any{}})
	sender, err := NewSender(FactorySMTP, certificateless, openClient())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	failed := make(chan error, 1)
	go func() {
		_, err := sender.Send(ctx, testLetter(t, nil))
		failed <- err
	}()
	conn := <-accepted
	defer conn.Close()
	cancel()
	if err := <-failed; err == nil || IsPermanent(err) {
		t.Errorf("got %v", err)
	}
	// The sender hung up: the server's end sees the end of the stream.
	if _, err := io.ReadAll(conn); err != nil && !errors.Is(err, net.ErrClosed) && !strings.Contains(err.Error(), "reset") {
		t.Errorf("the connection is still open: %v", err)
	}
}

func TestSMTPHangsUpOnASilentServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := &testServer{Port: l.Addr().(*net.TCPAddr).Port}
	_, err = sendVia(t, smtpConfigFor(t, s, map[string]any{"tls": map[string]any{}, "greetingTimeout": 20}), testLetter(t, nil))
	if err == nil || IsPermanent(err) {
		t.Errorf("got %v", err)
	}
}

func TestSMTPKeepsEveryValueInItsHeader(t *testing.T) {
	evil := "x\r\nBcc: eve@evil.example\r\n\r\n<b>body</b>"
	s := (&testServer{}).start(t, "plain")
	l := testLetter(t, map[string]any{"code": "493817", "user": map[string]any{"name": evil}})
	l.Words.Subject, l.Words.ReplyTo = evil, evil+" <help@acme.example>"
	l.Words.From = oneLine("Acme, Inc. " + evil + " <eve@evil.example> <hello@acme.example>")
	config := smtpConfigFor(t, s, map[string]any{"customHeaders": map[string]any{"X-User": "{{user.name}}"}})
	if _, err := sendVia(t, config, l); err != nil {
		t.Fatal(err)
	}
	got := s.only(t)
	if got.Header.Get("Bcc") != "" || strings.Contains(got.To, "evil") || got.From != "hello@acme.example" {
		t.Errorf("a header got in: %s", got.Raw)
	}
	from, err := got.Header.AddressList("From")
	if err != nil || len(from) != 1 || from[0].Address != "hello@acme.example" {
		t.Errorf("From is %v, %v", from, err)
	}
}

func TestSMTPRefusesRecipientsThatAreNotOne(t *testing.T) {
	s := (&testServer{}).start(t, "plain")
	for _, to := range []string{
		"", "nope", "a@acme.example, b@acme.example", "Eve <a@acme.example>", "a@acme.example\r\nRCPT TO:<b@acme.example>",
		"a@acme.example> BODY=8BITMIME", "<a@acme.example",
	} {
		l := testLetter(t, nil)
		l.Message.To = to
		if _, err := sendVia(t, smtpConfigFor(t, s, nil), l); !IsPermanent(err) {
			t.Errorf("%q: %v", to, err)
		}
	}
	if len(s.mails) != 0 {
		t.Errorf("%d mails arrived", len(s.mails))
	}
}

func TestSMTPFallsBackToTheConnectorsSender(t *testing.T) {
	s := (&testServer{}).start(t, "plain")
	l := testLetter(t, nil)
	l.Words.From = "not an address"
	if _, err := sendVia(t, smtpConfigFor(t, s, nil), l); err != nil {
		t.Fatal(err)
	}
	if got := s.only(t); got.From != "hello@acme.example" {
		t.Errorf("from %q", got.From)
	}
}

func TestUnmarkedLettersGetAMessageIDOfTheirOwn(t *testing.T) {
	s := (&testServer{}).start(t, "plain")
	l := testLetter(t, nil)
	l.Message.ID = ""
	if _, err := sendVia(t, smtpConfigFor(t, s, nil), l); err != nil {
		t.Fatal(err)
	}
	if id := s.only(t).Header.Get("Message-Id"); len(id) < 10 {
		t.Errorf("Message-ID %q", id)
	}
}
