package invite

import (
	"errors"
	"time"

	"guestlist"
	"guestlist/internal/store"
)

// IsCode reports whether a token has the shape of an invitation's code. One-time
// tokens are shorter, so that one parameter carries either.
func IsCode(token string) bool { return len(token) == guestlist.InvitationCodeLength }

// Open returns the invitation of a link and why it lets nobody in now, if it
// does not, and changes nothing. The refusals are the invitation's, and
// ErrInviterGone; of a code that is not exactly right nothing is returned.
func Open(tx *store.Tx, code string) (guestlist.Invitation, error) {
	i, err := tx.InvitationByCode(code)
	return opened(tx, i, err)
}

// OpenID is Open for who found the invitation by other means, by a link of that
// generation: links of before it are worthless.
func OpenID(tx *store.Tx, id guestlist.InvitationID, generation int) (guestlist.Invitation, error) {
	i, err := tx.Invitation(id)
	if err == nil && i.Generation != generation {
		return guestlist.Invitation{}, guestlist.ErrInvitationNotFound
	}
	return opened(tx, i, err)
}

func opened(tx *store.Tx, i guestlist.Invitation, err error) (guestlist.Invitation, error) {
	switch {
	case errors.Is(err, store.ErrNotFound):
		return guestlist.Invitation{}, guestlist.ErrInvitationNotFound
	case err != nil:
		return guestlist.Invitation{}, err
	}
	if refusal := i.Refusal(tx.Now); refusal != nil {
		return i, refusal
	}
	return i, mayInvite(tx, i)
}

// mayInvite refuses an invitation whose inviter could not issue it any more, or
// whose application is gone.
func mayInvite(tx *store.Tx, i guestlist.Invitation) error {
	if _, err := HostOf(tx, i); err != nil || i.ApplicationID == "" || i.ApplicationID.IsBuiltIn() {
		return err
	}
	if _, err := tx.Application(i.ApplicationID); err != nil {
		return orGone(err)
	}
	return nil
}

// How often somebody may guess the typed code of a shared invitation within an
// hour: from one network, and from all of them. A code holds 60 bits, so that
// whoever uses all of their guesses, for a year, finds one of a thousand codes
// with a chance of one in ten million.
const (
	maxTyped       = 20
	maxTypedGlobal = 10_000
	typedWindow    = time.Hour
	counterTyped   = "invitation-codes|"
)

// ErrTooManyCodes says that too many codes were guessed.
var ErrTooManyCodes = guestlist.Refuse(guestlist.KindTooMany, "invitation.too_many_codes")

// OpenTyped is Open for the code of a shared invitation that somebody typed, from
// a network. It counts misses: the caller commits them, whatever is refused. The
// guesses of one network wait for each other, so that none is in flight uncounted.
func OpenTyped(tx *store.Tx, typed, network string) (i guestlist.Invitation, refusal, err error) {
	if err := tx.LockName(counterTyped + network); err != nil {
		return i, nil, err
	}
	for name, most := range map[string]int{counterTyped + network: maxTyped, counterTyped: maxTypedGlobal} {
		l, err := tx.Limit(name)
		if err != nil {
			return i, nil, err
		}
		if l.Hits >= most {
			return i, ErrTooManyCodes.Until(l.WindowEnds.Sub(tx.Now)), nil
		}
	}
	i, err = tx.InvitationBySharedCode(typed)
	i, err = opened(tx, i, err)
	if err == nil || guestlist.KindOf(err) == guestlist.KindInternal {
		return i, nil, err
	}
	for _, name := range []string{counterTyped, counterTyped + network} { // in one order
		if _, err := tx.Hit(name, tx.Now.Add(typedWindow)); err != nil {
			return i, nil, err
		}
	}
	return i, err, nil
}
