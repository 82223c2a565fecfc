package e2e

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/rogpeppe/go-internal/testscript"
)

// post is a real SMTP server that keeps what it is given.
type post struct {
	mu      sync.Mutex
	letters []letter
	arrived chan struct{}
}

type letter struct{ to, subject, text string }

var errNoLetter = errors.New("no such letter arrived")

// smtp NAME starts an SMTP server and sets NAME_HOST and NAME_PORT.
func smtpCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: smtp NAME")
	}
	p := &post{arrived: make(chan struct{})}
	host, port, stop, err := serveSMTP(func() smtp.Session { return &delivery{post: p} })
	ts.Check(err)
	ts.Defer(stop)
	ts.Setenv(args[0]+"_HOST", host)
	ts.Setenv(args[0]+"_PORT", port)
	posts.Store(ts, p)
}

// serveSMTP starts an SMTP server that begins a session for every client.
func serveSMTP(session func() smtp.Session) (host, port string, stop func(), err error) {
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return session(), nil }))
	server.ErrorLog = quiet{} // its clients may die
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", "", nil, err
	}
	go func() { _ = server.Serve(listener) }() // ends with Close
	host, port, err = net.SplitHostPort(listener.Addr().String())
	return host, port, func() { _ = server.Close() }, err
}

// connectSMTP lets an installation send its mail to an SMTP server.
func (s *site) connectSMTP(host, port string) {
	s.t.Helper()
	number, err := strconv.Atoi(port)
	if err != nil {
		s.t.Fatal(err)
	}
	var templates []map[string]string
	for _, usage := range []string{"SignIn", "Register", "ForgotPassword", "Generic"} {
		templates = append(templates, map[string]string{
			"usageType": usage, "contentType": "text/plain", "subject": "Your code", "content": "Code {{code}}",
		})
	}
	s.api("POST", "/connectors", map[string]any{"connectorId": "simple-mail-transfer-protocol", "config": map[string]any{
		"host": host, "port": number, "auth": map[string]any{}, "ignoreTLS": true, "fromEmail": "door@shop.example", "templates": templates,
	}}, 200, nil)
}

// connectPost lets an installation send its mail to a server that keeps it.
func (s *site) connectPost() *post {
	s.t.Helper()
	p := &post{arrived: make(chan struct{})}
	host, port, stop, err := serveSMTP(func() smtp.Session { return &delivery{post: p} })
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(stop)
	s.connectSMTP(host, port)
	return p
}

// posts finds the mail server of a script.
var posts sync.Map

// inbox ADDRESS REGEXP [NAME] waits for a letter to an address whose subject
// or text matches, and puts the first group into a variable.
func inbox(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: inbox ADDRESS REGEXP [NAME]")
	}
	v, ok := posts.Load(ts)
	if !ok {
		ts.Fatalf("start an SMTP server first")
	}
	re, err := regexp.Compile(args[1])
	ts.Check(err)
	match, err := v.(*post).wait(args[0], re)
	ts.Check(err)
	if len(args) == 3 && len(match) > 1 {
		ts.Setenv(args[2], match[1])
	}
}

func (p *post) wait(to string, re *regexp.Regexp) ([]string, error) {
	deadline := time.After(awaitFor)
	for {
		p.mu.Lock()
		for i := len(p.letters) - 1; i >= 0; i-- {
			l := p.letters[i]
			if match := re.FindStringSubmatch(l.subject + "\n" + l.text); strings.EqualFold(l.to, to) && match != nil {
				p.letters = append(p.letters[:i], p.letters[i+1:]...)
				p.mu.Unlock()
				return match, nil
			}
		}
		arrived := p.arrived
		p.mu.Unlock()
		select {
		case <-arrived:
		case <-deadline:
			return nil, errNoLetter
		}
	}
}

// has reports whether a letter to an address came that nobody took.
func (p *post) has(to string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.ContainsFunc(p.letters, func(l letter) bool { return strings.EqualFold(l.to, to) })
}

func (p *post) add(l letter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.letters = append(p.letters, l)
	close(p.arrived)
	p.arrived = make(chan struct{})
}

// delivery is one SMTP session.
type delivery struct {
	post *post
	to   []string
}

func (d *delivery) Mail(string, *smtp.MailOptions) error { return nil }

// refusedDomain is that of addresses which the server has no mailbox for.
const refusedDomain = "refused.example"

func (d *delivery) Rcpt(to string, _ *smtp.RcptOptions) error {
	if strings.HasSuffix(to, "@"+refusedDomain) {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such mailbox"}
	}
	d.to = append(d.to, to)
	return nil
}

func (d *delivery) Data(r io.Reader) error {
	message, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(message.Header.Get("Subject"))
	if err != nil {
		return err
	}
	text, err := textOf(message.Header.Get("Content-Type"), message.Header.Get("Content-Transfer-Encoding"), message.Body)
	if err != nil {
		return err
	}
	for _, to := range d.to {
		d.post.add(letter{to: to, subject: subject, text: text})
	}
	return nil
}

func (d *delivery) Reset()        { d.to = nil }
func (d *delivery) Logout() error { return nil }

// textOf returns all text parts of a letter.
func textOf(contentType, encoding string, body io.Reader) (string, error) {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		kind = "text/plain"
	}
	if strings.HasPrefix(kind, "multipart/") {
		var all strings.Builder
		for parts := multipart.NewReader(body, params["boundary"]); ; {
			part, err := parts.NextRawPart()
			if errors.Is(err, io.EOF) {
				return all.String(), nil
			}
			if err != nil {
				return "", err
			}
			text, err := textOf(part.Header.Get("Content-Type"), part.Header.Get("Content-Transfer-Encoding"), part)
			if err != nil {
				return "", err
			}
			all.WriteString(text + "\n")
		}
	}
	if strings.EqualFold(encoding, "quoted-printable") {
		body = quotedprintable.NewReader(body)
	}
	var b bytes.Buffer
	_, err = b.ReadFrom(body)
	return b.String(), err
}
