// Package mail puts messages into words and hands them to whoever carries
// them: an SMTP server, an HTTP endpoint of the operator, a provider such as
// Amazon SES or Twilio, or in dev mode a mailbox in the browser.
//
// It promises that a value from outside never becomes markup, a header or a
// placeholder of its own; that a message without a template of the tenant's
// still goes out, in six languages; that a failure says whether trying again
// can help; and that no error text carries the code or the password it was
// about. A repeated delivery carries the same message id.
//
// It refuses to know who gets a message and why, when to try again, and where
// templates and connectors are stored: all of that arrives as values.
package mail

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"guestlist"
)

// Letter is a message that is ready to go: what it is about and the words.
// HTTP senders pass on the message, the others the words.
type Letter struct {
	Message guestlist.Message
	Words   Rendered
	At      time.Time // becomes the Date header, and the clock for OAuth tokens
}

// unsubscribeHeaders are the headers by which a mail program offers to end mail
// of this kind with one click (RFC 2369 §3.2, RFC 8058 §3.1); nil for mail that
// somebody waits for.
func unsubscribeHeaders(m guestlist.Message) map[string]string {
	if m.Unsubscribe == "" {
		return nil
	}
	return map[string]string{
		"List-Unsubscribe": "<" + oneLine(m.Unsubscribe) + ">", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
	}
}

// Receipt is what the carrier said when it took a letter over.
type Receipt struct {
	ID     string `json:"id,omitempty"`     // the carrier's id, e.g. Message-ID for SMTP, message SID for Twilio
	Detail string `json:"detail,omitempty"` // its answer, shortened, without secrets of the letter
}

// Sender hands letters to a carrier. It is safe for concurrent use.
//
// Send's error is a *guestlist.Error with a connector.* code; IsPermanent
// tells whether trying again is pointless.
type Sender interface {
	Send(ctx context.Context, l Letter) (Receipt, error)
}

// PermanentError marks a failure that trying again will not mend: a refused
// recipient, bad credentials, a request that the carrier calls malformed.
type PermanentError struct{ Err error }

// Error returns the text of the cause.
func (e *PermanentError) Error() string { return e.Err.Error() }

// Unwrap returns the cause, which is a *guestlist.Error.
func (e *PermanentError) Unwrap() error { return e.Err }

// IsPermanent reports whether err says that trying again is pointless.
func IsPermanent(err error) bool {
	var p *PermanentError
	return errors.As(err, &p)
}

// NewSender makes the sender that a connector of a factory with this config
// stands for. client makes the HTTP requests; give it NewGuardedClient. Errors
// are those of ValidateConfig.
func NewSender(factoryID string, config json.RawMessage, client *http.Client) (Sender, error) {
	if err := ValidateConfig(factoryID, config); err != nil {
		return nil, err
	}
	switch factoryID {
	case FactorySMTP:
		return newSMTPSender(config, client)
	case FactoryHTTPEmail, FactoryHTTPSMS:
		return newHTTPSender(config, client)
	case FactorySendGrid:
		return newSendGridSender(config, client)
	case FactoryMailgun:
		return newMailgunSender(config, client)
	case FactorySES:
		return newSESSender(config, client)
	case FactoryPostmark:
		return newPostmarkSender(config, client)
	case FactoryResend:
		return newResendSender(config, client)
	case FactoryVonage:
		return newVonageSender(config, client)
	default: // ValidateConfig knows one more
		return newTwilioSender(config, client)
	}
}
