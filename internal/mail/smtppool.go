package mail

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

// The limits of connections that are kept for the next letter. Servers close
// idle ones, and some take so many letters on one and no more.
const (
	smtpIdle    = 10 * time.Second
	smtpAge     = 5 * time.Minute
	smtpLetters = 100
	smtpKept    = 16
	smtpQuit    = 2 * time.Second // to say goodbye
)

// smtpPool keeps connections between letters: setting one up, with TLS and a
// login, costs more than most letters.
type smtpPool struct {
	mu   sync.Mutex
	idle []*smtpSession // the latest last
}

// smtpSession is a connection on which letters follow each other.
type smtpSession struct {
	client   *gomail.Client
	smtp     *smtp.Client
	conn     net.Conn
	password string
	since    time.Time
	letters  int
	expiry   *time.Timer
}

// take returns an idle connection that was opened with a password, or nil.
func (p *smtpPool) take(password string) *smtpSession {
	p.mu.Lock()
	defer p.mu.Unlock()
	for at := len(p.idle) - 1; at >= 0; at-- {
		s := p.idle[at]
		if s.password != password || !s.expiry.Stop() {
			continue
		}
		p.idle = append(p.idle[:at], p.idle[at+1:]...)
		return s
	}
	return nil
}

// put keeps a connection for the next letter, or ends it.
func (p *smtpPool) put(s *smtpSession) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.letters >= smtpLetters || time.Since(s.since) > smtpAge || len(p.idle) >= smtpKept {
		go s.quit()
		return
	}
	p.idle = append(p.idle, s)
	s.expiry = time.AfterFunc(smtpIdle, func() { p.expire(s) })
}

func (p *smtpPool) expire(s *smtpSession) {
	p.mu.Lock()
	for at, other := range p.idle {
		if other == s {
			p.idle = append(p.idle[:at], p.idle[at+1:]...)
			break
		}
	}
	p.mu.Unlock()
	s.quit()
}

// quit says goodbye, which is a courtesy, and hangs up.
func (s *smtpSession) quit() {
	if s.smtp.UpdateDeadline(smtpQuit) == nil {
		_ = s.client.CloseWithSMTPClient(s.smtp)
	}
	s.hangUp()
}

func (s *smtpSession) hangUp() { _ = s.conn.Close() } // whoever is talking on it gets the error

// send hands a letter over. usable says that the next one can follow on the same
// connection.
func (s *smtpSession) send(ctx context.Context, msg *gomail.Msg) (usable bool, err error) {
	stop := context.AfterFunc(ctx, s.hangUp)
	s.letters++
	err = s.client.SendWithSMTPClient(s.smtp, msg)
	if msg.IsDelivered() {
		// After delivery only the RSET can fail, which changes nothing but that the
		// connection is of no use any more.
		return stop() && err == nil, nil
	}
	if !stop() {
		return false, err
	}
	var refused *gomail.SendError
	// What was refused by the server is over for it (RFC 5321 §4.1.1.5).
	return errors.As(err, &refused) && refused.ErrorCode() != 0 && s.smtp.Reset() == nil, err
}

// isStale reports whether a kept connection turned out to be dead before the
// server can have seen anything of the letter.
func isStale(err error) bool {
	var failed *gomail.SendError
	return errors.As(err, &failed) && failed.ErrorCode() == 0 &&
		(failed.Reason == gomail.ErrConnCheck || failed.Reason == gomail.ErrSMTPMailFrom)
}
