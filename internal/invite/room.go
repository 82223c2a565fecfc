package invite

import (
	"math"

	"guestlist"
	"guestlist/internal/store"
)

// ErrTooManyOpen says that as many invitations are open as the settings allow,
// of all or of the inviter.
var ErrTooManyOpen = guestlist.Refuse(guestlist.KindUnprocessable, "invitation.too_many_open")

// lockOpen is held by who opens invitations while there is a limit to their
// number.
const lockOpen = "invitations.open"

// room is how many invitations an inviter may open now. Nobody else opens one
// before the end of a transaction that writes and for which there is a limit.
func room(tx *store.Tx, by guestlist.Inviter) (int, error) {
	rules, err := Settings(tx)
	if err != nil || rules.MaxOpen == 0 && rules.MaxOpenPerInviter == 0 {
		return math.MaxInt, err
	}
	if tx.Writes() {
		if err := tx.LockName(lockOpen); err != nil {
			return 0, err
		}
	}
	all, theirs, err := tx.OpenInvitations(by)
	left := math.MaxInt
	if rules.MaxOpen > 0 {
		left = rules.MaxOpen - all
	}
	if rules.MaxOpenPerInviter > 0 && by.ID != "" {
		left = min(left, rules.MaxOpenPerInviter-theirs)
	}
	return max(0, left), err
}

// mayOpen refuses another open invitation where there are as many as there may
// be.
func mayOpen(tx *store.Tx, by guestlist.Inviter) error {
	left, err := room(tx, by)
	if err == nil && left == 0 {
		err = ErrTooManyOpen
	}
	return err
}
