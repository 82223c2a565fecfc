package guestlist

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
	CreatedAt     Time          `json:"createdAt"`
	ConfirmedAt   *Time         `json:"confirmedAt"`
	DecidedAt     *Time         `json:"decidedAt"`
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
	RequestWithdrawn   RequestStatus = "withdrawn"
)
