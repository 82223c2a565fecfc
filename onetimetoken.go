package guestlist

import (
	"encoding/json"
	"time"
)

// OneTimeToken is the token of a magic link: it proves that its bearer reads
// the mailbox it was sent to, once. Its JSON is the wire's record.
type OneTimeToken struct {
	TenantID  string              `json:"tenantId"`
	ID        OneTimeTokenID      `json:"id"`
	Email     string              `json:"email"`
	Token     string              `json:"token"` // empty where no sealed copy is kept
	Context   OneTimeTokenContext `json:"context"`
	Status    OneTimeTokenStatus  `json:"status"`
	CreatedAt Time                `json:"createdAt"`
	ExpiresAt Time                `json:"expiresAt"`

	// HeldBy is the interaction whose verification holds the token; the hold
	// lapses at HeldUntil and anybody who opens the link takes it over.
	HeldBy     InteractionID `json:"-"`
	HeldUntil  Time          `json:"-"`
	ConsumedAt *Time         `json:"-"`
	ConsumedBy UserID        `json:"-"`
}

// OneTimeTokenContext narrows what a token is for.
type OneTimeTokenContext struct {
	JITOrganizationIDs []string         `json:"jitOrganizationIds,omitempty"`
	InteractionEvent   InteractionEvent `json:"interactionEvent,omitempty"`
}

// MarshalJSON keeps an empty but present jitOrganizationIds, as the wire does.
func (c OneTimeTokenContext) MarshalJSON() ([]byte, error) {
	m := map[string]any{}
	if c.JITOrganizationIDs != nil {
		m["jitOrganizationIds"] = c.JITOrganizationIDs
	}
	if c.InteractionEvent != "" {
		m["interactionEvent"] = c.InteractionEvent
	}
	return json.Marshal(m)
}

// OneTimeTokenStatus is the state of a token.
type OneTimeTokenStatus string

// The states of a one-time token.
const (
	OneTimeTokenActive   OneTimeTokenStatus = "active"
	OneTimeTokenConsumed OneTimeTokenStatus = "consumed"
	OneTimeTokenRevoked  OneTimeTokenStatus = "revoked"
	OneTimeTokenExpired  OneTimeTokenStatus = "expired"
)

// DefaultOneTimeTokenTTL is how long a one-time token is good unless its issuer
// says otherwise.
const DefaultOneTimeTokenTTL = 600 * time.Second

// The refusals of a one-time token, in the order in which they are checked.
var (
	ErrTokenNotFound      = Refuse(KindNotFound, "one_time_token.token_not_found")
	ErrTokenEmailMismatch = Refuse(KindInvalid, "one_time_token.email_mismatch")
	ErrTokenExpired       = Refuse(KindInvalid, "one_time_token.token_expired")
	ErrTokenConsumed      = Refuse(KindInvalid, "one_time_token.token_consumed")
	ErrTokenRevoked       = Refuse(KindInvalid, "one_time_token.token_revoked")
	ErrTokenEventMismatch = Refuse(KindInvalid, "one_time_token.interaction_event_mismatch")
)

// StatusAt returns the status as it is to be shown at now: an active token
// that is overdue is expired, whatever the stored column says.
func (t OneTimeToken) StatusAt(now Time) OneTimeTokenStatus {
	if t.Status == OneTimeTokenActive && t.ExpiresAt <= now {
		return OneTimeTokenExpired
	}
	return t.Status
}

// Refusal returns why the token may not be used for email at now, or nil.
// Addresses are compared by EmailKey (Logto compares bytes: gaps C7).
func (t OneTimeToken) Refusal(email string, now Time) error {
	switch {
	case EmailKey(t.Email) != EmailKey(email):
		return ErrTokenEmailMismatch
	case t.ExpiresAt <= now || t.Status == OneTimeTokenExpired:
		return ErrTokenExpired
	case t.Status == OneTimeTokenConsumed:
		return ErrTokenConsumed
	case t.Status == OneTimeTokenRevoked:
		return ErrTokenRevoked
	}
	return nil
}
