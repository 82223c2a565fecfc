package invite

import (
	"errors"
	"time"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
)

// MaxJITOrganizations is how many organizations a token may carry.
const MaxJITOrganizations = 100

// The refusals of the management routes.
var (
	errInvalidInput = guestlist.Refuse(guestlist.KindInvalid, "guard.invalid_input")

	// ErrCannotReactivate says that a token never becomes active again.
	ErrCannotReactivate = guestlist.Refuse(guestlist.KindInvalid, "one_time_token.cannot_reactivate_token")
	// ErrOpenedElsewhere says that the link was opened again, so that this
	// interaction no longer holds its token.
	ErrOpenedElsewhere = guestlist.Refuse(guestlist.KindInvalid, "one_time_token.opened_elsewhere")
)

// Order is what a one-time token is issued for.
type Order struct {
	Email string
	// TTL is how long the token is good, 1 s to guestlist.MaxPeriod; zero means
	// DefaultOneTimeTokenTTL.
	TTL     time.Duration
	Context guestlist.OneTimeTokenContext
}

// Issue writes a new token and returns it with the token in clear, which no
// later answer can when the installation hides one-time tokens. An order out
// of shape gives guard.invalid_input.
func Issue(tx *store.Tx, o Order) (guestlist.OneTimeToken, error) {
	if o.TTL == 0 {
		o.TTL = guestlist.DefaultOneTimeTokenTTL
	}
	switch {
	case !guestlist.IsEmail(o.Email):
		return guestlist.OneTimeToken{}, errInvalidInput.Saying("The e-mail address is out of shape.")
	case o.TTL < time.Second || o.TTL > guestlist.MaxPeriod:
		return guestlist.OneTimeToken{}, errInvalidInput.Saying("The lifetime must be between 1 and %d seconds.",
			int64(guestlist.MaxPeriod/time.Second))
	case len(o.Context.JITOrganizationIDs) > MaxJITOrganizations || !isEventOrNone(o.Context.InteractionEvent):
		return guestlist.OneTimeToken{}, errInvalidInput.Saying("The context is out of shape.")
	}
	exp, err := tx.SignInExperience()
	if err != nil {
		return guestlist.OneTimeToken{}, err
	}
	t := guestlist.OneTimeToken{
		TenantID: guestlist.TenantID, ID: guestlist.OneTimeTokenID(crypt.ID()), Email: o.Email, Token: crypt.Token32(),
		Context: o.Context, Status: guestlist.OneTimeTokenActive, CreatedAt: tx.Now, ExpiresAt: tx.Now.Add(o.TTL),
	}
	return t, tx.InsertOneTimeToken(t, !exp.HideOneTimeTokens)
}

func isEventOrNone(e guestlist.InteractionEvent) bool {
	switch e {
	case "", guestlist.EventSignIn, guestlist.EventRegister, guestlist.EventForgotPassword:
		return true
	}
	return false
}

// Get returns a token as it is shown: overdue is expired.
func Get(tx *store.Tx, id guestlist.OneTimeTokenID) (guestlist.OneTimeToken, error) {
	t, err := tx.OneTimeToken(id)
	return shown(t, tx.Now), err
}

// List returns the tokens that match a filter, the newest first, and how many
// match in all. The filter goes by the status as it is shown.
func List(tx *store.Tx, f store.OneTimeTokenFilter, p store.Page) ([]guestlist.OneTimeToken, int, error) {
	list, total, err := tx.OneTimeTokens(f, p)
	for i := range list {
		list[i] = shown(list[i], tx.Now)
	}
	return list, total, err
}

func shown(t guestlist.OneTimeToken, now guestlist.Time) guestlist.OneTimeToken {
	t.Status = t.StatusAt(now)
	return t
}

// SetStatus puts a token into any state but active, and returns it.
func SetStatus(tx *store.Tx, id guestlist.OneTimeTokenID, status guestlist.OneTimeTokenStatus) (guestlist.OneTimeToken, error) {
	switch status {
	case guestlist.OneTimeTokenConsumed, guestlist.OneTimeTokenRevoked, guestlist.OneTimeTokenExpired:
	case guestlist.OneTimeTokenActive:
		return guestlist.OneTimeToken{}, ErrCannotReactivate
	default:
		return guestlist.OneTimeToken{}, errInvalidInput
	}
	if err := tx.SetOneTimeTokenStatus(id, status); err != nil {
		return guestlist.OneTimeToken{}, err
	}
	return Get(tx, id)
}

// Check returns the token of a link if it is good for an address now, and
// changes nothing. The refusals come in the order of the contract; an empty
// email checks all but the address.
func Check(tx *store.Tx, token, email string) (guestlist.OneTimeToken, error) {
	t, err := tx.OneTimeTokenByToken(token)
	if errors.Is(err, store.ErrNotFound) {
		return t, errUnknown
	}
	if err != nil {
		return t, err
	}
	if email == "" {
		email = t.Email
	}
	return t, t.Refusal(email, tx.Now)
}

// errUnknown never repeats the token: an error text reaches logs (Logto puts
// it there: gaps B3).
var errUnknown = guestlist.ErrTokenNotFound.WithArgs(map[string]any{"token": "…"})

// Verify consumes a token for an address on behalf of a machine (wire: POST
// /api/one-time-tokens/verify), and returns it as consumed. Of several callers
// one gets it, the others token_consumed.
func Verify(tx *store.Tx, token, email string) (guestlist.OneTimeToken, error) {
	t, err := Check(tx, token, email)
	if err != nil {
		return t, err
	}
	won, err := tx.ConsumeOneTimeToken(t.ID)
	if err != nil {
		return t, err
	}
	if !won {
		return t, explain(tx, t)
	}
	return Get(tx, t.ID)
}

// explain says why a conditional statement found the token no longer as Check
// saw it.
func explain(tx *store.Tx, t guestlist.OneTimeToken) error {
	again, err := tx.OneTimeToken(t.ID)
	if errors.Is(err, store.ErrNotFound) {
		return errUnknown
	}
	if err != nil {
		return err
	}
	if refusal := again.Refusal(again.Email, tx.Now); refusal != nil {
		return refusal
	}
	return guestlist.ErrTokenConsumed
}

// Hold lets an interaction hold a token until a time: verified, but not yet
// redeemed. Opening the link again elsewhere takes the hold over; a hold that
// nobody redeems lapses and leaves the token as it was.
func Hold(tx *store.Tx, token, email string, event guestlist.InteractionEvent, by guestlist.InteractionID, until guestlist.Time) (guestlist.OneTimeToken, error) {
	t, err := Check(tx, token, email)
	if err != nil {
		return t, err
	}
	if only := t.Context.InteractionEvent; only != "" && only != event {
		return t, guestlist.ErrTokenEventMismatch
	}
	held, err := tx.HoldOneTimeToken(t.ID, by, until)
	if err == nil && !held {
		err = explain(tx, t)
	}
	return t, err
}

// Redeem consumes a token for the interaction that holds it, in the
// transaction that lets the user in. Of all the interactions that ever held
// it, one succeeds, once.
func Redeem(tx *store.Tx, id guestlist.OneTimeTokenID, by guestlist.InteractionID, user guestlist.UserID) error {
	won, err := tx.RedeemOneTimeToken(id, by, user)
	if err != nil || won {
		return err
	}
	t, err := tx.OneTimeToken(id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return errUnknown
	case err != nil:
		return err
	case t.Status == guestlist.OneTimeTokenConsumed:
		return guestlist.ErrTokenConsumed
	case t.Status == guestlist.OneTimeTokenRevoked:
		return guestlist.ErrTokenRevoked
	case t.Status == guestlist.OneTimeTokenActive && t.HeldBy != by && t.HeldBy != "":
		return ErrOpenedElsewhere
	}
	return guestlist.ErrTokenExpired
}
