package signin

import (
	"context"
	"errors"
	"time"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/invite"
	"guestlist/internal/store"
)

// How often a wrong address may be typed for one token from one network,
// within a window. The token itself is not subject to the lock-out: nobody
// guesses it, and a lock would only help those who want to keep a guest out.
const (
	maxConfirmations   = 10
	confirmationWindow = time.Hour
)

func (VerifyOneTimeToken) logKey() string {
	return "Interaction.{event}.Verification.OneTimeToken.Submit"
}

func (a VerifyOneTimeToken) prepare(*run) error {
	if invite.IsCode(a.Token) {
		if a.Email != "" && !guestlist.IsEmail(a.Email) || len(a.Typed) > guestlist.MaxEmailLength {
			return errInvalidInput
		}
		return nil
	}
	if a.Token == "" || len(a.Token) > maxTokenLength || a.Email != "" && !guestlist.IsEmail(a.Email) ||
		a.Email == "" && (!a.Hosted || !guestlist.IsEmail(a.Typed)) {
		return errInvalidInput
	}
	return nil
}

// maxTokenLength bounds what is looked up, in bytes.
const maxTokenLength = 256

// apply holds the token. A failure leaves an earlier verified record as it was.
func (a VerifyOneTimeToken) apply(tx *store.Tx, r *run) error {
	if invite.IsCode(a.Token) {
		return a.takeUp(tx, r)
	}
	email := a.Email
	if email == "" {
		email = a.Typed
	}
	if a.Hosted && a.Typed != "" {
		if refused, err := a.confirm(tx, r, email); err != nil {
			return err
		} else if refused != nil {
			return r.refuse(refused)
		}
	}
	t, err := invite.Hold(tx, a.Token, email, r.i.Event, r.i.ID, r.i.ExpiresAt)
	if err != nil {
		return err
	}
	record := Record{
		ID: crypt.ID(), Type: RecordOneTimeToken, Verified: true,
		Identifier: guestlist.Identifier{Type: guestlist.IdentifierEmail, Value: t.Email},
		TokenID:    t.ID, TokenContext: t.Context, Hosted: a.Hosted, Confirmed: a.Hosted && a.Typed != "",
	}
	r.i.putRecord(record)
	r.i.Invite, r.inv = nil, nil // one link at a time
	r.step.VerificationID = record.ID
	return nil
}

// confirm compares the address that the guest typed with the one the link was
// sent to, and counts the misses.
func (a VerifyOneTimeToken) confirm(tx *store.Tx, r *run, email string) (refused, err error) {
	t, err := invite.Check(tx, a.Token, email)
	if err != nil {
		if errors.Is(err, guestlist.ErrTokenEmailMismatch) && a.Email == "" && t.ID != "" {
			return a.missed(tx, r, string(t.ID))
		}
		return nil, err
	}
	if guestlist.EmailKey(a.Typed) != guestlist.EmailKey(t.Email) {
		return a.missed(tx, r, string(t.ID))
	}
	misses, err := tx.Limit(confirmationCounter(string(t.ID), r.from))
	if err == nil && misses.Hits >= maxConfirmations {
		refused = blockedFor(misses.WindowEnds.Sub(tx.Now))
	}
	return refused, err
}

func (a VerifyOneTimeToken) missed(tx *store.Tx, r *run, id string) (refused, err error) {
	misses, err := tx.Hit(confirmationCounter(id, r.from), tx.Now.Add(confirmationWindow))
	if misses.Hits > maxConfirmations {
		return blockedFor(confirmationWindow), err
	}
	return guestlist.ErrTokenEmailMismatch, err
}

func confirmationCounter(id string, from Caller) string {
	return "confirmations|" + id + "|" + network(from.IP)
}

// mustConfirm reports whether the interaction may finish only after the guest
// typed the address that the link was sent to: a scanner that presses every
// button must not get in where the button alone would finish.
func (r *run) mustConfirm() bool {
	token, ok := r.i.heldToken()
	if !ok || !token.Hosted || token.Confirmed {
		return false
	}
	switch r.exp.OneTimeTokenConfirmation {
	case guestlist.ConfirmNever:
		return false
	case guestlist.ConfirmAlways:
		return true
	}
	return !r.i.Typed && len(r.i.mustType(r)) == 0
}

// mustType lists what the guest has still to type before the interaction can
// finish, with or without a confirmation.
func (i *Interaction) mustType(r *run) []string {
	if i.Event == guestlist.EventForgotPassword {
		return []string{guestlist.MissingPassword}
	}
	if r.acct == nil {
		return nil
	}
	return r.missing(r.acct)
}

// TokenView is what the hosted page shows of a link before anything happens.
type TokenView struct {
	Email  string // whom the link was sent to
	Masked string // the same, for a page that asks for it
	// Event is what the interaction must begin with: the token's own, or SignIn.
	Event guestlist.InteractionEvent
	// NeedsAddress says that the page asks for the address.
	NeedsAddress bool
	// Missing is what the guest will be asked for after the button.
	Missing []string
	// Known says that the address belongs to a user already.
	Known     bool
	ExpiresAt guestlist.Time
}

// OpenToken looks at a link and changes nothing. Only who shows a valid token
// with its address (or no address) learns anything; the errors are those of
// VerifyOneTimeToken.
func (d *Desk) OpenToken(ctx context.Context, uid, token, email string) (TokenView, error) {
	var v TokenView
	if token == "" || len(token) > maxTokenLength {
		return v, guestlist.ErrTokenNotFound
	}
	err := d.Store.View(ctx, func(tx *store.Tx) error {
		i, err := d.load(tx, uid)
		if err != nil {
			return err
		}
		t, err := invite.Check(tx, token, email)
		if err != nil {
			return err
		}
		v, err = d.viewToken(tx, i, t, email == "")
		return err
	})
	return v, err
}

// viewToken foresees what the button would lead to.
func (d *Desk) viewToken(tx *store.Tx, i *Interaction, t guestlist.OneTimeToken, nameless bool) (TokenView, error) {
	v := TokenView{Email: t.Email, Masked: guestlist.MaskEmail(t.Email), Event: t.Context.InteractionEvent, ExpiresAt: t.ExpiresAt}
	if v.Event == "" {
		v.Event = guestlist.EventSignIn
	}
	exp, err := tx.SignInExperience()
	if err != nil {
		return v, err
	}
	address := guestlist.Identifier{Type: guestlist.IdentifierEmail, Value: t.Email}
	ahead := *i
	ahead.reset()
	ahead.Event = v.Event
	ahead.putRecord(Record{Type: RecordOneTimeToken, Identifier: address, Verified: true, Hosted: true, TokenID: t.ID})
	r := &run{d: d, i: &ahead, exp: exp, now: tx.Now}
	u, err := tx.UserByIdentifier(address)
	switch {
	case err == nil:
		ahead.UserID, v.Known = u.ID, true
	case !errors.Is(err, store.ErrNotFound):
		return v, err
	}
	a, err := r.account(tx)
	if err != nil {
		return v, err
	}
	v.Missing = r.missing(a)
	v.NeedsAddress = nameless || r.mustConfirm()
	return v, nil
}
