package guestlist

import "time"

// RequestID is the id of a RegistrationRequest.
type RequestID string

// RegistrationPolicy says in full how new people come in. SignInMode stays
// what it is on the wire: it is SignInAndRegister with the policy open, and
// SignIn with all others.
type RegistrationPolicy string

// The policies.
const (
	PolicyOpen       RegistrationPolicy = "open"
	PolicyInviteOnly RegistrationPolicy = "invite_only" // invitations and one-time tokens
	PolicyApproval   RegistrationPolicy = "approval"    // who signs up waits for a host
	PolicyWaitlist   RegistrationPolicy = "waitlist"    // who asks is put on the list
	PolicyClosed     RegistrationPolicy = "closed"      // not even invitations make an account
)

// RegistrationPolicies lists them.
func RegistrationPolicies() []RegistrationPolicy {
	return []RegistrationPolicy{PolicyOpen, PolicyInviteOnly, PolicyApproval, PolicyWaitlist, PolicyClosed}
}

// RegistrationRequest is somebody who asked to come in: on the waitlist, or
// signed up where a host approves. Its JSON is that of
// /api/registration-requests.
type RegistrationRequest struct {
	TenantID string        `json:"tenantId"`
	ID       RequestID     `json:"id"`
	Kind     RequestKind   `json:"kind"`
	Status   RequestStatus `json:"status"`
	Email    string        `json:"email"`
	Name     string        `json:"name"`
	Locale   string        `json:"locale,omitempty"`
	// Score ranks the list, the highest first; referrals raise it.
	Score         int           `json:"score"`
	ReferrerID    RequestID     `json:"referrerId,omitempty"` // whose link brought them
	Referrals     int           `json:"referrals"`            // confirmed ones by their own link
	ApplicationID ApplicationID `json:"applicationId,omitempty"`
	InvitationID  InvitationID  `json:"invitationId,omitempty"` // that approval issued
	DecidedBy     string        `json:"decidedBy,omitempty"`
	Reason        string        `json:"reason,omitempty"`
	// ReferralCode is what their own link ends in. It is no secret.
	ReferralCode string `json:"referralCode"`
	CreatedAt    Time   `json:"createdAt"`
	ConfirmedAt  *Time  `json:"confirmedAt"`
	DecidedAt    *Time  `json:"decidedAt"`
}

// WaitlistSettings are what the waitlist gives and how it ranks.
type WaitlistSettings struct {
	// ReferralPoints raise the score of whose link brought somebody who confirmed.
	ReferralPoints int `json:"referralPoints" check:"min=0,max=1000"`
	// Terms are those of the invitations that approvals issue.
	Terms InvitationTerms `json:"terms"`
}

// DefaultWaitlistSettings are in force until somebody changes them.
func DefaultWaitlistSettings() WaitlistSettings {
	return WaitlistSettings{ReferralPoints: 10, Terms: InvitationTerms{
		Landing: LandingHosted, Binding: BindExact, TTL: int(DefaultInvitationTTL / time.Second), Template: TemplateWaitlistApproved,
	}}
}

// Limits of requests.
const (
	RequestConfirmTTL     = 3 * 24 * time.Hour
	KeepUnconfirmed       = 7 * 24 * time.Hour // then an address that nobody confirmed is forgotten
	ReferralCodeLength    = 10                 // characters
	MaxPromotion          = 1_000              // requests that are approved at once
	MaxRequestReason      = 500                // characters
	RequestsPerNetwork    = 30                 // within RequestWindow; and as many fresh links
	RequestMailsPerPerson = 5                  // within RequestWindow
	RequestWindow         = time.Hour
	MaxPlaceShown         = 10_000 // beyond it a place is not counted
)

// Policy returns how new people come in: what was chosen, or what the mode of
// the wire says.
func (e SignInExperience) Policy() RegistrationPolicy {
	switch {
	case e.SignInMode != ModeSignIn:
		return PolicyOpen
	case e.RegistrationPolicy == "" || e.RegistrationPolicy == PolicyOpen:
		return PolicyInviteOnly
	}
	return e.RegistrationPolicy
}

// Mode returns the mode of the wire that goes with a policy.
func (p RegistrationPolicy) Mode() SignInMode {
	if p == PolicyOpen {
		return ModeSignInAndRegister
	}
	return ModeSignIn
}

// TakesRequests reports whether people may ask to come in.
func (p RegistrationPolicy) TakesRequests() bool { return p == PolicyWaitlist || p == PolicyApproval }

// Request is the kind of request that a policy takes.
func (p RegistrationPolicy) Request() RequestKind {
	if p == PolicyApproval {
		return RequestApproval
	}
	return RequestWaitlist
}

// RequestKind is how somebody asked.
type RequestKind string

// The kinds of requests.
const (
	RequestWaitlist RequestKind = "waitlist"
	RequestApproval RequestKind = "approval"
)

// RequestStatus is how a request stands.
type RequestStatus string

// The states of a request.
const (
	RequestUnconfirmed RequestStatus = "unconfirmed" // the address is not proved; shown to nobody but on demand
	RequestRequested   RequestStatus = "requested"
	RequestApproved    RequestStatus = "approved"
	RequestRejected    RequestStatus = "rejected"
)

// RequestEvent is an event about a request: its payload has event, createdAt
// (ISO 8601) and data.
func RequestEvent(key string, r RegistrationRequest, now Time) (Event, error) {
	return eventAbout(key, r, now, nil)
}
