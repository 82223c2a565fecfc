package signin

import (
	"context"

	"guestlist"
)

// run is one action on its way through the dispatcher.
type run struct {
	ctx  context.Context
	d    *Desk
	from Caller
	exp  guestlist.SignInExperience
	i    *Interaction // as loaded; apply changes a fresh copy of it
	now  guestlist.Time

	step    Step
	verdict error // a refusal that is remembered in the database
	logs    []guestlist.LogEntry
}

// refuse ends the action with err and keeps what apply wrote: counted
// failures survive, the interaction stays as it was.
func (r *run) refuse(err error) error { r.verdict = err; return nil }
