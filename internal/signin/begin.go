package signin

import (
	"errors"

	"guestlist"
	"guestlist/internal/store"
)

func isEvent(e guestlist.InteractionEvent) bool {
	return e == guestlist.EventSignIn || e == guestlist.EventRegister || e == guestlist.EventForgotPassword
}

func (SetEvent) logKey() string { return "Interaction.{event}.Create" }

func (a SetEvent) prepare(r *run) (err error) {
	if !isEvent(a.Event) {
		return errInvalidInput
	}
	r.slow.captcha, err = r.verifyCaptcha(a.Captcha)
	return err
}

// apply forgets everything. The gate is not asked here, as on the wire: to
// begin gives nothing, and every step that could give something asks.
func (a SetEvent) apply(_ *store.Tx, r *run) error { //nolint:unparam // the signature is Action's
	r.i.reset()
	r.i.Event, r.i.IP, r.i.Captcha = a.Event, r.from.IP, r.slow.captcha
	return nil
}

// reset forgets what was gathered; a token that was held lapses.
func (i *Interaction) reset() {
	i.Event, i.UserID, i.New, i.Profile, i.Records, i.Typed, i.ProvedBy, i.Mark, i.Via = "", "", false, Profile{}, nil, false, "", "", nil
	i.Captcha, i.Invite = false, nil
}

func (ChangeEvent) logKey() string { return "Interaction.{event}.Update" }

func (a ChangeEvent) prepare(*run) error {
	if !isEvent(a.Event) {
		return errInvalidInput
	}
	return nil
}

func (a ChangeEvent) apply(_ *store.Tx, r *run) error {
	if a.Event == r.i.Event {
		return r.admit(a.Event, r.i.heldEmail())
	}
	if a.Event == guestlist.EventForgotPassword || r.i.Event == guestlist.EventForgotPassword {
		return errNotForReset
	}
	if err := r.admit(a.Event, r.i.heldEmail()); err != nil {
		return err
	}
	r.i.Event, r.i.Profile = a.Event, Profile{}
	if r.i.New { // the account that was to be made is not wanted any more
		r.i.UserID, r.i.New, r.i.ProvedBy, r.i.Via = "", false, "", nil
	}
	return nil
}

// admit asks the gate about this interaction, with the e-mail address that a
// new account would have, as far as it is known.
func (r *run) admit(event guestlist.InteractionEvent, email string) error {
	return r.admitAs(event, email, r.soFar())
}

// admitAs is admit for a guest of whom it is known as whom they arrive. It is
// the only place that asks the gate.
func (r *run) admitAs(event guestlist.InteractionEvent, email string, as guestlist.Arrival) error {
	a := guestlist.Admission{Event: event, Email: email, Now: r.now, Policy: r.exp.Policy()}
	if token, ok := r.i.heldToken(); ok && token.InvitationID == "" {
		a.TokenEmail, a.TokenEvent = token.Identifier.Value, token.TokenContext.InteractionEvent
	}
	if r.i.Invite != nil && r.inv != nil {
		a.Invitation, a.Arrival = r.inv, as
	}
	err := guestlist.Admit(r.exp.SignInMode, a)
	if event == guestlist.EventRegister && a.Policy.TakesRequests() && errors.Is(err, guestlist.ErrDoorClosed) {
		// Pages that are not ours learn where they may lead who wanted in.
		err = guestlist.ErrDoorClosed.With(map[string]any{"registrationPolicy": a.Policy})
	}
	return err
}

// heldEmail is the address of the one-time token that the interaction holds.
func (i *Interaction) heldEmail() string {
	token, _ := i.heldToken()
	return token.Identifier.Value
}
