package guestlist

// ErrDoorClosed says that the door does not let this person in this way.
var ErrDoorClosed = Refuse(KindForbidden, "auth.forbidden")

// Admission is what the gate is asked about: somebody who wants to come in.
type Admission struct {
	Event InteractionEvent
	// Email is the primary e-mail address that a new account would have.
	Email string
	// TokenEmail is the address of the one-time token that this interaction
	// verified and holds; empty when it holds none.
	TokenEmail string
	// TokenEvent narrows what that token is for; empty means anything.
	TokenEvent InteractionEvent
	// Setup says that the guest holds the setup link of a server that has no
	// administrator yet.
	Setup bool
	// Policy says more of the door than the mode does: where it is PolicyClosed,
	// not even an invitation makes an account. Empty means what the mode says.
	Policy RegistrationPolicy
	// Invitation is the one that the guest set out to accept, nil for none;
	// Arrival is as whom they would, and Now when.
	Invitation *Invitation
	Arrival    Arrival
	Now        Time
}

// Admit is the gate: the one rule that decides whether a person may register,
// or sign in, at the public door. Every path that could create a user asks it,
// in the transaction that would create the user.
//
// With the door closed (ModeSignIn) a one-time token opens it, and only for the
// address it was sent to: the new account must have that address. (Logto lets
// the holder register anything: gaps C5.) With ModeRegister nobody signs in but
// by a one-time token or an invitation. Recovering a password is always allowed,
// since it makes no account.
//
// An invitation opens a closed door to whomever it admits (Invitation.AdmitsAs).
// Then its refusal is the gate's, since it says what the guest can do about it.
func Admit(mode SignInMode, a Admission) error {
	invited := a.TokenEmail != "" && (a.TokenEvent == "" || a.TokenEvent == a.Event)
	switch a.Event {
	case EventForgotPassword:
		return nil
	case EventSignIn:
		if mode != ModeRegister || invited || a.Invitation != nil && a.Invitation.Refusal(a.Now) == nil {
			return nil
		}
	case EventRegister:
		switch {
		case a.Setup, mode == ModeRegister, mode == ModeSignInAndRegister:
			return nil
		case mode != ModeSignIn, a.Policy == PolicyClosed:
		case invited && EmailKey(a.Email) == EmailKey(a.TokenEmail):
			return nil
		case a.Invitation != nil:
			return a.Invitation.Admits(a.Arrival, a.Now)
		}
	}
	return ErrDoorClosed
}
