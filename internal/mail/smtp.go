package mail

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	stdmail "net/mail"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// smtpSender sends e-mail through the operator's SMTP server. Letters that follow
// each other soon share connections.
type smtpSender struct {
	pool   smtpPool
	config smtpConfig
	auth   smtpAuth
	tls    *tls.Config
	tokens *tokenSource // nil unless auth is OAuth 2
}

func newSMTPSender(config json.RawMessage, client *http.Client) (*smtpSender, error) {
	s := &smtpSender{}
	err := json.Unmarshal(config, &s.config)
	if err != nil {
		return nil, fmt.Errorf("smtp sender: %w", err)
	}
	if s.auth, err = parseAuth(s.config.Auth); err != nil {
		return nil, fmt.Errorf("smtp sender: auth: %w", err)
	}
	name := s.config.Host
	if s.config.Servername != "" {
		name = s.config.Servername
	}
	if s.tls, err = s.config.TLS.build(name); err != nil {
		return nil, fmt.Errorf("smtp sender: tls: %w", err)
	}
	if s.auth.oauth() {
		s.tokens = newTokenSource(s.auth, client)
	}
	return s, nil
}

// Send delivers the letter to the server. A refusal of the sender, recipient
// or content (5xx, RFC 5321 §4.2.1) is permanent. Everything up to and with
// authentication is not: that is a setting which somebody can mend while the
// letter waits.
func (s *smtpSender) Send(ctx context.Context, l Letter) (Receipt, error) {
	secrets := secretsOf(l.Message, s.auth.Pass, s.auth.ClientSecret, s.auth.RefreshToken, s.auth.AccessToken)
	msg, err := s.compose(l)
	if err != nil {
		return Receipt{}, failure(err.Error(), secrets, true)
	}
	password := s.auth.Pass
	if s.tokens != nil {
		if password, err = s.tokens.token(ctx, l.At); err != nil {
			return Receipt{}, err
		}
		secrets = secretsOf(l.Message, append(secrets, password)...)
	}
	if err := s.deliver(ctx, msg, password); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return Receipt{}, failure(err.Error(), secrets, refused(err))
	}
	return Receipt{ID: msg.GetMessageID(), Detail: tidy(msg.ServerResponse(), secrets)}, nil
}

// refused reports whether the server said no for good to this letter. 530, 534,
// 535 and 538 (RFC 4954 §6) are about us, not about the letter.
func refused(err error) bool {
	var sent *gomail.SendError
	if !errors.As(err, &sent) {
		return false
	}
	switch code := sent.ErrorCode(); code {
	case 530, 534, 535, 538:
		return false
	default:
		return code >= 500
	}
}

// deliver hands a letter over on a connection that is there, or on a new one. A
// server that says 421 closes, and is asked again later like any other that
// refuses for the moment.
func (s *smtpSender) deliver(ctx context.Context, msg *gomail.Msg, password string) error {
	if kept := s.pool.take(password); kept != nil {
		usable, err := kept.send(ctx, msg)
		if usable {
			s.pool.put(kept)
		} else {
			kept.hangUp()
		}
		if !isStale(err) || ctx.Err() != nil {
			return err
		}
	}
	session, err := s.dial(ctx, password)
	if err != nil {
		return err
	}
	usable, err := session.send(ctx, msg)
	if usable {
		s.pool.put(session)
	} else {
		session.hangUp()
	}
	return err
}

// dial opens a connection and logs in. go-mail leaves it open when that fails,
// and does not watch the context while talking, so that is done here.
func (s *smtpSender) dial(ctx context.Context, password string) (*smtpSession, error) {
	session := &smtpSession{password: password, since: time.Now()}
	watched := func() bool { return true }
	defer func() { watched() }()
	connected := func(conn net.Conn) {
		session.conn = conn
		watched = context.AfterFunc(ctx, func() { _ = conn.Close() })
	}
	var err error
	if session.client, err = gomail.NewClient(s.config.Host, s.options(password, connected)...); err != nil {
		return nil, err
	}
	if session.smtp, err = session.client.DialToSMTPClientWithContext(ctx); err != nil {
		if session.conn != nil {
			session.hangUp()
		}
		return nil, err
	}
	return session, nil
}

func (s *smtpSender) options(password string, connected func(net.Conn)) []gomail.Option {
	c := s.config
	options := []gomail.Option{
		gomail.WithPort(c.Port),
		gomail.WithTimeout(milliseconds(c.SocketTimeout, socketTimeout)),
		gomail.WithTLSConfig(s.tls.Clone()),
		gomail.WithTLSPolicy(s.policy()),
		gomail.WithDialContextFunc(s.dialer(connected)),
		gomail.WithoutNoop(),
	}
	if c.Secure {
		options = append(options, gomail.WithSSL())
	}
	if c.Name != "" {
		options = append(options, gomail.WithHELO(c.Name))
	}
	switch {
	case s.tokens != nil:
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthXOAUTH2))
	case s.auth.User == "":
		return options
	case c.IgnoreTLS: // the operator chose a connection without TLS, so also to say the password on it
		options = append(options, gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthSCRAMSHA1,
			gomail.SMTPAuthPlainNoEnc, gomail.SMTPAuthLoginNoEnc))
	default:
		options = append(options, gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthSCRAMSHA1,
			gomail.SMTPAuthPlain, gomail.SMTPAuthLogin))
	}
	return append(options, gomail.WithUsername(s.auth.User), gomail.WithPassword(password))
}

// policy says when STARTTLS is used. A bearer token is never said without it.
func (s *smtpSender) policy() gomail.TLSPolicy {
	switch {
	case s.config.IgnoreTLS:
		return gomail.NoTLS
	case s.config.RequireTLS, s.tokens != nil:
		return gomail.TLSMandatory
	}
	return gomail.TLSOpportunistic
}

// dialer connects, and hangs up when the session is not set up in time.
func (s *smtpSender) dialer(connected func(net.Conn)) gomail.DialContextFunc {
	c := s.config
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		d := &net.Dialer{Timeout: milliseconds(c.ConnectionTimeout, connectionTimeout), LocalAddr: c.localTCP()}
		conn, err := d.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		connected(conn)
		hangUp := func() { _ = conn.Close() } // whoever is talking on it gets the error
		greeting := time.AfterFunc(milliseconds(c.GreetingTimeout, greetingTimeout), hangUp)
		context.AfterFunc(ctx, func() { greeting.Stop() }) // ctx ends with the setting up
		if !c.Secure {
			return conn, nil
		}
		secure := tls.Client(conn, s.tls.Clone())
		if err := secure.HandshakeContext(ctx); err != nil {
			hangUp()
			return nil, err
		}
		return secure, nil
	}
}

func (s *smtpSender) compose(l Letter) (*gomail.Msg, error) {
	to, err := stdmail.ParseAddress(l.Message.To)
	if err != nil || to.Name != "" {
		return nil, errors.New("the recipient is not an e-mail address")
	}
	from, err := address(l.Words.From)
	if err != nil {
		if from, err = address(fill(s.config.FromEmail, l.Message.Payload, oneLine)); err != nil {
			return nil, errors.New("fromEmail is not an e-mail address")
		}
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(from)
	msg.ToMailAddress(to)
	if reply, err := address(l.Words.ReplyTo); err == nil {
		msg.ReplyToMailAddress(reply)
	} else if reply, err := address(fill(s.config.ReplyTo, l.Message.Payload, oneLine)); err == nil {
		msg.ReplyToMailAddress(reply)
	}
	for name, values := range s.config.CustomHeaders {
		filled := make([]string, len(values))
		for i, v := range values {
			filled[i] = fill(v, l.Message.Payload, oneLine)
		}
		msg.SetGenHeader(gomail.Header(name), filled...) // go-mail writes several as one, with commas
	}
	msg.Subject(oneLine(l.Words.Subject))
	msg.SetDateWithValue(l.At)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834 §5: vacation programs stay silent
	for name, value := range unsubscribeHeaders(l.Message) {
		msg.SetGenHeader(gomail.Header(name), value)
	}
	setMessageID(msg, l.Message.ID, from.Address)
	switch {
	case l.Words.HTML == "":
		msg.SetBodyString(gomail.TypeTextPlain, l.Words.Text)
	case l.Words.Text == "":
		msg.SetBodyString(gomail.TypeTextHTML, l.Words.HTML)
	default:
		msg.SetBodyString(gomail.TypeTextPlain, l.Words.Text)
		msg.AddAlternativeString(gomail.TypeTextHTML, l.Words.HTML)
	}
	return msg, nil
}

// setMessageID derives the Message-ID (RFC 5322 §3.6.4) from the id of the
// message, so that every attempt at the same letter bears the same one and
// mailboxes drop the repetition.
func setMessageID(msg *gomail.Msg, id, from string) {
	id = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return -1
	}, id)
	if id == "" {
		msg.SetMessageID()
		return
	}
	msg.SetMessageIDWithValue(id + "@" + from[strings.LastIndexByte(from, '@')+1:])
}

// address reads "name <user@host>" or "user@host". Whatever stands before the
// last "<" is the name and gets quoted, so that a name such as "Acme, Inc."
// works and one with an address in it stays a name.
func address(s string) (*stdmail.Address, error) {
	s = strings.TrimSpace(s)
	name := ""
	if i := strings.LastIndexByte(s, '<'); i > 0 && strings.HasSuffix(s, ">") {
		name, s = strings.Trim(strings.TrimSpace(s[:i]), `"`), s[i:]
	}
	a, err := stdmail.ParseAddress(s)
	if err != nil {
		return nil, err
	}
	if name != "" {
		a.Name = name
	}
	return a, nil
}
