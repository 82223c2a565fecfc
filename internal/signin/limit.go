package signin

import (
	"context"
	"time"

	"guestlist"
	"guestlist/internal/store"
)

// How many messages may be sent within a window: to one recipient, as on the
// wire, and because of one network, which Logto does not bound.
const (
	messageWindow         = 600 * time.Second
	messagesPerRecipient  = 10
	messagesPerNetwork    = 100
	actionSendCode        = "VerificationCodeSend"
	counterRecipient      = "messages-to|"
	counterMessageNetwork = "messages-from|"
)

var errRateLimited = guestlist.Refuse(guestlist.KindTooMany, "request.message_rate_limited")

// limitMessages counts a message and returns the refusal when it is one too
// many. Messages that will not be delivered count too: the limit must not tell
// who is known. The first refusal of a window is told to hooks.
func limitMessages(tx *store.Tx, r *run, to guestlist.Identifier) (refused, err error) {
	ends := tx.Now.Add(messageWindow)
	if r.from.IP != "" {
		l, err := tx.Hit(counterMessageNetwork+network(r.from.IP), ends)
		if err != nil {
			return nil, err
		}
		if l.Hits > messagesPerNetwork {
			return errRateLimited, nil
		}
	}
	l, err := tx.Hit(counterRecipient+to.Key(), ends)
	if err != nil || l.Hits <= messagesPerRecipient {
		return nil, err
	}
	if l.Hits == messagesPerRecipient+1 {
		err = r.emit(tx, guestlist.EventMessageRateLimited, map[string]any{"action": actionSendCode, "recipient": to.Value})
	}
	return errRateLimited, err
}

// needsConnector refuses to send where nothing could be sent.
func (d *Desk) needsConnector(ctx context.Context, c guestlist.Channel) error {
	if d.HasConnector == nil {
		return nil
	}
	ok, err := d.HasConnector(ctx, c)
	if err == nil && !ok {
		err = guestlist.Refuse(guestlist.KindNotImplemented, "connector.not_found").WithArgs(map[string]any{"type": c})
	}
	return err
}
