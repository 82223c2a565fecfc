package signin

import (
	"context"
	"errors"
	"net/url"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/invite"
	"guestlist/internal/store"
)

// The pages of the waitlist.
const (
	PageWaitlist        = "/waitlist"
	PageWaitlistConfirm = PageWaitlist + "/confirm"
)

// Refusals of requests to come in.
var (
	// ErrNoRequests says that nobody may ask: the door is open, or shut for good.
	ErrNoRequests = guestlist.Refuse(guestlist.KindForbidden, "registration_request.not_taken")
	errTooMany    = guestlist.Refuse(guestlist.KindTooMany, "request.message_rate_limited")
)

// The counters of requests.
const (
	counterRequestNetwork = "requests-from|"
	counterRequestMails   = "request-mails-to|"
)

// AskToComeIn puts somebody on the waitlist, or in the queue of a host who
// approves, once they confirm the address by a mail; which of both the policy
// says. The answer is the same, and
// takes as long, whatever is known of the address: whether a mail is sent is seen
// in the mailbox alone. Errors: ErrNoRequests, guard.invalid_input, those of
// Asking.Check and of the blocklist for addresses, connector.not_found, and
// request.message_rate_limited for a network that asks too often.
func (d *Desk) AskToComeIn(ctx context.Context, a invite.Asking, from Caller) error {
	if len(a.Referral) > guestlist.MaxNameLength {
		return errInvalidInput
	}
	if err := a.Check(); err != nil {
		return err
	}
	if err := d.needsConnector(ctx, guestlist.ChannelEmail); err != nil {
		return err
	}
	var refused error
	err := d.Store.Update(ctx, func(tx *store.Tx) (err error) {
		refused = nil
		exp, err := tx.SignInExperience()
		if err != nil {
			return err
		}
		if !exp.Policy().TakesRequests() {
			refused = ErrNoRequests
			return nil
		}
		if refused = d.refuseAddress(exp, a.Email); refused != nil {
			return nil //nolint:nilerr // kept in refused
		}
		tooMuch, err := limitNetwork(tx, counterRequestNetwork, from)
		if tooMuch {
			refused = errTooMany
		}
		if err != nil || tooMuch {
			return err
		}
		return d.ask(tx, exp, a)
	})
	if err == nil {
		err = refused
	}
	return err
}

// limitNetwork counts what one network asks for, and reports whether that is
// more than guestlist.RequestsPerNetwork.
func limitNetwork(tx *store.Tx, counter string, from Caller) (tooMuch bool, err error) {
	if from.IP == "" {
		return false, nil
	}
	l, err := tx.Hit(counter+network(from.IP), tx.Now.Add(guestlist.RequestWindow))
	return l.Hits > guestlist.RequestsPerNetwork, err
}

// ask writes the request and the mail, or does as much for a mail that is not
// sent.
func (d *Desk) ask(tx *store.Tx, exp guestlist.SignInExperience, a invite.Asking) error {
	a.Kind = exp.Policy().Request()
	app, err := applicationInfo(tx, a.ApplicationID)
	if err != nil {
		return err
	}
	if kind, ok := app["type"].(guestlist.ApplicationType); !a.ApplicationID.IsBuiltIn() && (!ok || !kind.MayRedirect()) {
		a.ApplicationID, app = "", nil // nobody could be invited there
	}
	r, mayMail, err := invite.Ask(tx, a)
	if err != nil {
		return err
	}
	mails, err := tx.Hit(counterRequestMails+invite.PersonKey(a.Email), tx.Now.Add(guestlist.RequestWindow))
	if err != nil {
		return err
	}
	token := crypt.Opaque()
	until := tx.Now.Add(guestlist.RequestConfirmTTL)
	mayMail = mayMail && mails.Hits <= guestlist.RequestMailsPerPerson
	if err := tx.SetRequestToken(r, token, until, mayMail); err != nil {
		return err
	}
	payload := map[string]any{"link": d.Endpoint + PageWaitlistConfirm + "?" + url.Values{"token": {token}}.Encode()}
	if app != nil {
		payload["application"] = map[string]any{"id": app["id"], "name": app["name"]}
	}
	m := guestlist.Message{
		ID: crypt.ID(), Channel: guestlist.ChannelEmail, To: a.Email, Type: guestlist.TemplateWaitlistConfirmation, Locale: a.Locale,
		Payload: payload, ExpiresAt: until,
	}
	if !mayMail {
		return tx.WithholdMessage(m)
	}
	return tx.QueueMessage(m)
}

// Place is what somebody on the list sees of it.
type Place struct {
	Request   guestlist.RegistrationRequest
	Confirmed bool
	Place     int // 1 for the first; more than guestlist.MaxPlaceShown is not counted
}

// OpenRequest looks at a request by the token of its mail, and changes nothing.
func (d *Desk) OpenRequest(ctx context.Context, token string) (Place, error) {
	var p Place
	err := d.Store.View(ctx, func(tx *store.Tx) error {
		r, err := tx.RequestByToken(token)
		if errors.Is(err, store.ErrNotFound) {
			return invite.ErrNoSuchRequest
		}
		if err != nil {
			return err
		}
		p, err = placeOf(tx, r)
		return err
	})
	return p, err
}

// ConfirmRequest confirms the address of a request by the token of its mail.
func (d *Desk) ConfirmRequest(ctx context.Context, token string) (Place, error) {
	var p Place
	err := d.Store.Update(ctx, func(tx *store.Tx) error {
		r, err := invite.Confirm(tx, token)
		if err != nil {
			return err
		}
		p, err = placeOf(tx, r)
		return err
	})
	return p, err
}

// WithdrawRequest forgets a request by the token of its mail.
func (d *Desk) WithdrawRequest(ctx context.Context, token string) error {
	return d.Store.Update(ctx, func(tx *store.Tx) error { return invite.Withdraw(tx, token) })
}

func placeOf(tx *store.Tx, r guestlist.RegistrationRequest) (Place, error) {
	p := Place{Request: r, Confirmed: r.Status != guestlist.RequestUnconfirmed}
	if r.Status != guestlist.RequestRequested {
		return p, nil
	}
	var err error
	p.Place, err = tx.PlaceOf(r, guestlist.MaxPlaceShown)
	return p, err
}
