package signin

import (
	"guestlist"
	"guestlist/internal/store"
)

// The actions of outside providers are in outside.go and identity.go.

// Action is one thing that a guest does. The set is closed; the hosted pages
// and /api/experience use the same ones.
type Action interface {
	// prepare does what is slow or leaves the process: hashing, breach lists.
	// It sees the interaction as loaded and may refuse.
	prepare(r *run) error
	// apply changes the interaction and the database. An error undoes all of
	// it; a refusal that must be remembered goes through run.refuse.
	apply(tx *store.Tx, r *run) error
	// logKey names the action in the audit log, with {event} for the
	// interaction's event.
	logKey() string
}

// SetEvent begins anew with an event; everything gathered so far is forgotten
// (PUT /api/experience).
type SetEvent struct {
	Event guestlist.InteractionEvent
	// Captcha is the guest's answer to the captcha, or empty.
	Captcha string
}

// ChangeEvent switches between SignIn and Register and keeps the verification
// records (PUT /api/experience/interaction-event).
type ChangeEvent struct{ Event guestlist.InteractionEvent }

// VerifyPassword proves a guest by identifier and password.
type VerifyPassword struct {
	Identifier guestlist.Identifier
	Password   string
}

// SendCode sends a verification code to an e-mail address or phone number.
type SendCode struct {
	Identifier guestlist.Identifier
	// Untold says that the guest did not name the address, and is not told it
	// before they have the code: it is the recipient of an invitation.
	Untold bool
	Event  guestlist.InteractionEvent // chooses the template; empty: the interaction's
}

// VerifyCode proves an address by the code that was sent to it. An empty
// VerificationID means the record of the identifier's type.
type VerifyCode struct {
	Identifier     guestlist.Identifier
	VerificationID string
	Code           string
}

// VerifyOneTimeToken proves an address by the token of a magic link and holds
// the token for this interaction. The code of an invitation does as well: it
// needs no address, and see Held.
type VerifyOneTimeToken struct {
	Email string
	Token string
	// Hosted is set by the hosted page, whose button a scanner may press;
	// Typed is the address that the guest typed there, or empty.
	Hosted bool
	Typed  string
	// Agreed says that the guest agreed to the terms, where an invitation asks.
	Agreed bool
}

// NewPasswordIdentity stages a username with a password for registration.
type NewPasswordIdentity struct {
	Username string
	Password string
}

// Identify says who the guest is by a verification: an existing user, or with
// the event Register a new one. Latest takes the latest record, for pages that
// verify and identify in one go. LinkSocial gives an outside identity that
// nobody has to the user whose address its provider proves.
type Identify struct {
	VerificationID string
	Latest         bool
	LinkSocial     bool
}

// SetUsername stages a username for the account.
type SetUsername struct{ Username string }

// SetPassword stages a password for the account.
type SetPassword struct{ Password string }

// SetAddress stages an e-mail address or phone number (Type) that was proved
// by a code. With Latest the record of that type is taken.
type SetAddress struct {
	Type           guestlist.IdentifierType
	VerificationID string
	Latest         bool
}

// SetNewPassword stages the new password of a ForgotPassword interaction.
type SetNewPassword struct{ Password string }

// Finish ends the interaction: it creates or updates the account, or says what
// is still missing.
type Finish struct{}
