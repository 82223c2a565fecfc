package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"guestlist"
	"guestlist/internal/job"
	"guestlist/internal/mail"
	"guestlist/internal/store"
)

// The reasons for which a message is given up before anybody is asked to
// carry it.
var (
	errNoConnector    = guestlist.Refuse(guestlist.KindNotImplemented, "connector.not_found")
	errSuppressed     = errors.New("its address is on the suppression list")
	errMessageExpired = errors.New("its code or link has expired before it could be sent")
	errInvitationOver = errors.New("its invitation was taken back or answered before it could be sent")
)

// keptWithin is how long it may take to write down how a message went, even while
// the process stops. A mail that is sent and not written down is sent again, so
// that it is worth a wait for a busy database; the lease has room for it.
const keptWithin = sendLease / 12

// send makes one attempt to send a message.
func (n *Notifier) send(ctx context.Context, j job.Job) error {
	m, ok := messageOf(j)
	if !ok {
		return job.Cancel(errors.New("its payload is not a message"))
	}
	plan, err := n.plan(ctx, m)
	if err != nil || plan.sent {
		return err
	}
	if err := n.keepPace(ctx, m, plan.connector); err != nil {
		return err
	}
	if m.ValidFor > 0 && m.Payload != nil {
		m.Payload["validUntil"] = plan.now.Add(time.Duration(m.ValidFor) * time.Second)
	}
	receipt, err := n.carry(ctx, m, plan)
	if errors.Is(ctx.Err(), context.Canceled) && err != nil {
		return err // the process stops; the attempt does not count
	}
	state := store.MessageState{Status: store.MessageSent, Attempts: j.Attempt, CarrierID: receipt.ID}
	if err != nil {
		state.Status, state.Error = store.MessageDeferred, err.Error()
		if mail.IsPermanent(err) {
			err = job.Cancel(err)
		}
		if mail.IsPermanent(err) || j.Last() {
			state.Status = store.MessageFailed
		}
		if errors.Is(err, errSuppressed) || errors.Is(err, errInvitationOver) {
			state.Status = store.MessageWithheld
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keptWithin)
	defer cancel()
	if putErr := n.Store.Update(ctx, func(tx *store.Tx) error {
		return tx.PutMessage(m, state)
	}); putErr != nil {
		return errors.Join(err, fmt.Errorf("notify: %s: %w", m, putErr))
	}
	return err
}

// gaveUp writes down of a message whose job was given up that nobody will carry
// it, unless its last attempt said how it ended.
func (n *Notifier) gaveUp(ctx context.Context, j job.Job, because error) error {
	m, ok := messageOf(j)
	if !ok {
		return nil
	}
	return n.Store.Update(ctx, func(tx *store.Tx) error {
		row, err := tx.Message(m.ID)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if row.TakenAt != 0 || row.Status == store.MessageFailed || row.Status == store.MessageWithheld {
			return nil
		}
		return tx.PutMessage(m, store.MessageState{Status: store.MessageFailed, Attempts: j.MaxAttempts, Error: because.Error()})
	})
}

// messageOf is the message of a job, false if there is none in it.
func messageOf(j job.Job) (m guestlist.Message, ok bool) {
	if json.Unmarshal(j.Payload, &m) != nil {
		return m, false
	}
	if m.ID == "" {
		m.ID = string(j.ID) // stays the same at every attempt
	}
	return m, true
}

// plan is what is known about a message before it is sent.
type plan struct {
	sent       bool // already, by an attempt whose job was not written down
	suppressed *store.Suppression
	over       bool // nobody can accept the invitation any more that it is about
	connector  *guestlist.Connector
	words      mail.Sources
	now        guestlist.Time
}

// TestMessage sends a message at once through a connector that need not be
// stored, so that a config can be tried out. Its words are those of own, or with
// nil those that are in force. Errors are those of mail, with connector.* codes.
func (n *Notifier) TestMessage(ctx context.Context, factoryID string, config json.RawMessage, m guestlist.Message, own *guestlist.EmailTemplate) error {
	p, err := n.plan(ctx, m)
	if err != nil {
		return err
	}
	sender, err := mail.NewSender(factoryID, config, n.Client)
	if err != nil {
		return err
	}
	p.words.Config = config
	if own != nil {
		p.words.Rows = []guestlist.EmailTemplate{*own}
	}
	words, err := mail.Render(m, p.words)
	if err != nil {
		return err
	}
	_, err = sender.Send(ctx, mail.Letter{Message: m, Words: words, At: p.now.Std()})
	return err
}

func (n *Notifier) plan(ctx context.Context, m guestlist.Message) (plan, error) {
	var p plan
	err := n.Store.View(ctx, func(tx *store.Tx) error {
		p.now = tx.Now
		row, err := tx.Message(m.ID)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if p.sent = row.TakenAt != 0; p.sent {
			return nil
		}
		if m.Channel == guestlist.ChannelEmail {
			if p.suppressed, err = tx.Suppressed(m.To); err != nil {
				return err
			}
		}
		if m.InvitationID != "" && (m.Type == guestlist.TemplateInvitation || m.Type == guestlist.TemplateInvitationReminder) {
			if p.over, err = isOver(tx, m.InvitationID); err != nil {
				return err
			}
		}
		switch c, err := tx.ConnectorOf(m.Channel.Connector()); {
		case err == nil:
			p.connector, p.words.Config = &c, c.Config
		case !errors.Is(err, store.ErrNotFound):
			return err
		}
		if p.words.Rows, err = tx.TemplatesFor(m.Type); err != nil {
			return err
		}
		exp, err := tx.SignInExperience()
		p.words.Fallback, p.words.Color = exp.LanguageInfo.FallbackLanguage, exp.Color.PrimaryColor
		return err
	})
	if err != nil {
		return p, fmt.Errorf("notify: %s: %w", m, err)
	}
	return p, nil
}

// isOver reports whether an invitation was accepted, declined, taken back or
// deleted: then no link to it is sent.
func isOver(tx *store.Tx, id guestlist.InvitationID) (bool, error) {
	i, err := tx.Invitation(id)
	if errors.Is(err, store.ErrNotFound) {
		return true, nil
	}
	return i.Status == guestlist.InvitationAccepted || i.Status == guestlist.InvitationDeclined || i.Status == guestlist.InvitationRevoked, err
}

// carry puts a message into words and hands it to whoever carries it. Its
// error says by mail.IsPermanent whether another attempt can help.
func (n *Notifier) carry(ctx context.Context, m guestlist.Message, p plan) (mail.Receipt, error) {
	var none mail.Receipt
	if p.suppressed != nil {
		return none, &mail.PermanentError{Err: fmt.Errorf("%w: an earlier message %s", errSuppressed, p.suppressed.Reason)}
	}
	if p.over {
		return none, &mail.PermanentError{Err: errInvitationOver}
	}
	if m.ExpiresAt != 0 && m.ExpiresAt <= p.now {
		return none, &mail.PermanentError{Err: errMessageExpired}
	}
	sender, err := n.sender(m.Channel, p.connector)
	if err != nil {
		return none, err
	}
	words, err := mail.Render(m, p.words)
	if err != nil {
		return none, err
	}
	return sender.Send(ctx, mail.Letter{Message: m, Words: words, At: p.now.Std()})
}

// usedSender is a sender with what it was made of. It is kept while that stays
// the same, since senders keep connections and access tokens.
type usedSender struct {
	sender  mail.Sender
	id      guestlist.ConnectorID
	factory string
	config  string
}

func (n *Notifier) sender(channel guestlist.Channel, c *guestlist.Connector) (mail.Sender, error) {
	if c == nil && n.Outbox != nil {
		return n.Outbox, nil
	}
	if c == nil {
		return nil, &mail.PermanentError{Err: errNoConnector.Saying("no connector is set up for %s", channel)}
	}
	kind := channel.Connector()
	n.mu.Lock()
	defer n.mu.Unlock()
	used := n.senders[kind]
	if used.id == c.ID && used.factory == c.FactoryID && used.config == string(c.Config) {
		return used.sender, nil
	}
	sender, err := mail.NewSender(c.FactoryID, c.Config, n.Client)
	if err != nil {
		return nil, &mail.PermanentError{Err: fmt.Errorf("the connector %s cannot be used: %w", c.ID, err)}
	}
	if n.senders == nil {
		n.senders = map[guestlist.ConnectorType]usedSender{}
	}
	n.senders[kind] = usedSender{sender: sender, id: c.ID, factory: c.FactoryID, config: string(c.Config)}
	return sender, nil
}
