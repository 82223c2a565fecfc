package guestlist

import (
	"log/slog"
	"maps"
	"time"
)

// The ids of invitations and of what belongs to them. An InvitationID begins
// with the time at which it was made, so that rows made together lie together.
type (
	InvitationID     string
	InvitationTermID string
	CampaignID       string
)

// Invitation is permission to join: for one recipient (personal), or for
// whoever holds a code, as often as it has seats (shared). Its JSON is that of
// /api/invitations. It never holds the secret of its link: that is derived from
// the master key, the id and Generation (see docs/adr/0020-invitations.md).
type Invitation struct {
	TenantID string           `json:"tenantId"`
	ID       InvitationID     `json:"id"`
	Kind     InvitationKind   `json:"kind"`
	Status   InvitationStatus `json:"status"` // as it is shown: see StatusAt
	// Name is what hosts call it; of a personal one the recipient's name.
	Name string `json:"name"`
	// RecipientEmail and RecipientPhone are whom it is for, as given. A personal
	// invitation has exactly one of them, a shared one none.
	RecipientEmail string `json:"recipientEmail,omitempty"`
	RecipientPhone string `json:"recipientPhone,omitempty"` // international digits

	Inviter    Inviter      `json:"inviter"`
	ParentID   InvitationID `json:"parentId,omitempty"` // by which the inviter came in
	CampaignID CampaignID   `json:"campaignId,omitempty"`

	InvitationTerms
	// Own is what this invitation alone gives, on top of what its terms give.
	Own InvitationOwn `json:"own"`

	Locale string `json:"locale,omitempty"` // BCP 47, of its mail; "" for the fallback language
	Seats  int    `json:"seats"`            // 1 for a personal one
	Taken  int    `json:"seatsTaken"`

	// Generation counts the links: a new one makes the earlier ones worthless.
	Generation int `json:"generation"`
	// Copied says that the link left otherwise than by mail to the recipient:
	// who holds it has not shown that they read the recipient's mailbox.
	Copied bool `json:"copied"`

	Delivery      InvitationDelivery `json:"delivery"`
	DeliveryError string             `json:"deliveryError,omitempty"`
	Sends         int                `json:"sends"`            // mails so far, reminders included
	SendAt        *Time              `json:"sendAt,omitempty"` // of the next mail; nil: none is planned

	Visits      int     `json:"visits"` // of its page; authorises nothing
	OpenedAt    *Time   `json:"openedAt"`
	SentAt      *Time   `json:"sentAt"`
	DeliveredAt *Time   `json:"deliveredAt"`
	StartedAt   *Time   `json:"startedAt"` // an interaction verified it
	AcceptedAt  *Time   `json:"acceptedAt"`
	AcceptedBy  *UserID `json:"acceptedUserId"` // of a shared one: who took the last seat so far
	EndedAt     *Time   `json:"endedAt"`        // declined, revoked or expired
	EndReason   string  `json:"endReason,omitempty"`

	NotBefore *Time `json:"notBefore"`
	ExpiresAt Time  `json:"expiresAt"`
	CreatedAt Time  `json:"createdAt"`
	UpdatedAt Time  `json:"updatedAt"`
}

// InvitationKind says for how many an invitation is.
type InvitationKind string

// The kinds of invitations.
const (
	InvitationPersonal InvitationKind = "personal"
	InvitationShared   InvitationKind = "shared"
)

// InvitationStatus is how an invitation stands. Accepted, declined and revoked
// are final. Scheduled and expired are computed from the time, whatever is
// stored: an overdue invitation that nobody looked at is expired all the same.
type InvitationStatus string

// The states of an invitation. A shared one is accepted once its last seat is
// taken.
const (
	InvitationScheduled InvitationStatus = "scheduled"
	InvitationPending   InvitationStatus = "pending"
	InvitationAccepted  InvitationStatus = "accepted"
	InvitationDeclined  InvitationStatus = "declined"
	InvitationRevoked   InvitationStatus = "revoked"
	InvitationExpired   InvitationStatus = "expired"
)

// InvitationStatuses lists them in the order of their life.
func InvitationStatuses() []InvitationStatus {
	return []InvitationStatus{
		InvitationScheduled, InvitationPending, InvitationAccepted, InvitationDeclined, InvitationRevoked, InvitationExpired,
	}
}

// InvitationDelivery is what became of the latest mail of an invitation.
type InvitationDelivery string

// The states of delivery. None is that of an invitation whose link is carried
// by others.
const (
	InvitationNone       InvitationDelivery = "none"
	InvitationQueued     InvitationDelivery = "queued"
	InvitationSent       InvitationDelivery = "sent"
	InvitationDelivered  InvitationDelivery = "delivered"
	InvitationDeferred   InvitationDelivery = "deferred"
	InvitationBounced    InvitationDelivery = "bounced"
	InvitationComplained InvitationDelivery = "complained"
	InvitationSuppressed InvitationDelivery = "suppressed" // the address takes no more mail
	InvitationFailed     InvitationDelivery = "failed"
)

// InvitationDeliveries lists them.
func InvitationDeliveries() []InvitationDelivery {
	return []InvitationDelivery{
		InvitationNone, InvitationQueued, InvitationSent, InvitationDelivered, InvitationDeferred, InvitationBounced,
		InvitationComplained, InvitationSuppressed, InvitationFailed,
	}
}

// Inviter is who issued an invitation.
type Inviter struct {
	Type InviterType `json:"type"`
	ID   string      `json:"id,omitempty"` // of the user or application
	// Authority is on what ground: by the management API, by a quota that users
	// have, or because a host named them. It is looked at again when the invitation
	// is accepted.
	Authority InviterAuthority `json:"authority"`
}

// InviterType is the kind of an inviter.
type InviterType string

// The kinds of inviters. The system is the command line and the waitlist.
const (
	InviterUser        InviterType = "user"
	InviterApplication InviterType = "application"
	InviterSystem      InviterType = "system"
)

// InviterAuthority is the ground on which somebody invites.
type InviterAuthority string

// The grounds. A host's is a scope of the management API; a referral's is a
// quota that a user holds.
const (
	AuthorityHost     InviterAuthority = "host"
	AuthorityReferral InviterAuthority = "referral"
	// AuthorityNamed is that of a user whom a host named as the inviter, as the
	// invitations of an organization have it: they need no right of their own.
	AuthorityNamed InviterAuthority = "named"
	// AuthorityMember is AuthorityNamed of a member of the organization into which
	// the invitation leads: it ends with the membership.
	AuthorityMember InviterAuthority = "member"
	// AuthorityNarrow is that of a host who acted with less than all scopes of the
	// management API: whatever they hold otherwise, it gives none of them away.
	AuthorityNarrow InviterAuthority = "narrow"
)

// IsHost reports whether somebody invites by the management API, in their own
// name.
func (a InviterAuthority) IsHost() bool { return a == AuthorityHost || a == AuthorityNarrow }

// InvitationTerms are what an invitation gives, asks and says. The invitations
// of a campaign share them.
type InvitationTerms struct {
	// ApplicationID is where the guest is going; "" for an account alone.
	ApplicationID ApplicationID `json:"applicationId,omitempty"`
	// Landing is where its link leads: to a page of ours, or to LandingURL with
	// one_time_token and email appended.
	Landing    InvitationLanding `json:"landing"`
	LandingURL string            `json:"landingUrl,omitempty"`

	Binding           IdentityBinding  `json:"identityBinding"`
	AllowedDomains    []string         `json:"allowedDomains,omitempty"`    // lower case, A-labels
	AllowedConnectors []string         `json:"allowedConnectors,omitempty"` // social targets and enterprise connector ids
	RequiredSteps     []InvitationStep `json:"requiredSteps,omitempty"`
	Grants            InvitationGrants `json:"grants"`
	// Message is the inviter's own words, plain text without links.
	Message string `json:"message,omitempty"`
	// Strict asks for a fresh code to the recipient at acceptance, whatever the
	// link proves (NIST SP 800-63B §5.1.3: a code of at most ten minutes).
	Strict bool `json:"strict,omitempty"`
	// TTL is how long it stays good after it was sent, in seconds.
	TTL int `json:"expiresIn"`
	// Template is that of its first mail; "" is TemplateInvitation.
	Template TemplateType `json:"template,omitempty"`
	// RemindAfter are the days after the first mail at which a reminder goes
	// out, and RemindBeforeEnd the days before its end; only while it is pending.
	RemindAfter     []int `json:"remindAfterDays,omitempty"`
	RemindBeforeEnd []int `json:"remindBeforeExpiryDays,omitempty"`
	// TellExpired sends a mail when it ran out, by which its recipient can ask for
	// a fresh link.
	TellExpired bool `json:"mailWhenExpired,omitempty"`
}

// InvitationLanding says where a link leads.
type InvitationLanding string

// The landings.
const (
	LandingHosted      InvitationLanding = "hosted"
	LandingApplication InvitationLanding = "application"
)

// IdentityBinding says who may accept.
type IdentityBinding string

// The bindings: the recipient's own address; any proved address of the allowed
// domains; whoever comes by an allowed connector; anybody who confirms that they
// accept as somebody else than the recipient.
const (
	BindExact     IdentityBinding = "exact"
	BindDomain    IdentityBinding = "domain"
	BindConnector IdentityBinding = "connector"
	BindAny       IdentityBinding = "any_confirmed"
)

// InvitationStep is something that acceptance asks for, whatever the settings
// of sign-up ask.
type InvitationStep string

// The steps.
const (
	StepPassword InvitationStep = "password"
	StepTerms    InvitationStep = "terms"
	StepProfile  InvitationStep = "profile"
)

// InvitationGrants are given at acceptance, in its transaction.
type InvitationGrants struct {
	RoleIDs       []RoleID                 `json:"roleIds,omitempty"`
	Organizations []InvitationOrganization `json:"organizations,omitempty"`
	CustomData    JSONObject               `json:"customData,omitempty"` // merged at the top level
	Profile       *Profile                 `json:"profile,omitempty"`    // fills what the user has not
}

// InvitationOrganization is a membership with its roles.
type InvitationOrganization struct {
	ID      OrganizationID       `json:"id"`
	RoleIDs []OrganizationRoleID `json:"roleIds,omitempty"`
}

// InvitationOwn is what one invitation of many gives beside the shared terms.
type InvitationOwn struct {
	CustomData JSONObject `json:"customData,omitempty"`
	Profile    *Profile   `json:"profile,omitempty"`
	// ExpiresAt, if not nil, is its end, whenever it is sent.
	ExpiresAt *Time `json:"expiresAt,omitempty"`
	// NoReminders says that its recipient wants no more of them.
	NoReminders bool `json:"noReminders,omitempty"`
}

// IsZero reports whether nothing is given.
func (o InvitationOwn) IsZero() bool {
	return len(o.CustomData) == 0 && o.Profile == nil && o.ExpiresAt == nil && !o.NoReminders
}

// InvitationSettings are the host's rules for invitations. Their JSON is that of
// /api/configs/invitations.
type InvitationSettings struct {
	ExpiresIn    int `json:"expiresIn"`    // seconds, unless an invitation says otherwise
	MaxExpiresIn int `json:"maxExpiresIn"` // seconds, from its start to its end
	// MaxOpen is how many invitations may be open at once, and MaxOpenPerInviter
	// how many of one user or application; 0 for any number. Imports stop there:
	// what is too much is RowOverQuota.
	MaxOpen           int `json:"maxOpen"`
	MaxOpenPerInviter int `json:"maxOpenPerInviter"`
}

// DefaultInvitationSettings are those of a new installation.
func DefaultInvitationSettings() InvitationSettings {
	return InvitationSettings{
		ExpiresIn: int(DefaultInvitationTTL / time.Second), MaxExpiresIn: int(DefaultMaxInvitationTTL / time.Second),
	}
}

// InvitationSecret is the link or code of an invitation. Exactly one answer
// shows it, when it is made; it hides from logs.
type InvitationSecret string

// LogValue hides it.
func (InvitationSecret) LogValue() slog.Value { return slog.StringValue("[hidden]") }

// Redemption is one seat taken.
type Redemption struct {
	InvitationID InvitationID `json:"invitationId"`
	UserID       UserID       `json:"userId"`
	// Identity is what the guest was known by: an address or "connector:subject".
	Identity  string `json:"identity"`
	IsNew     bool   `json:"isNew"` // the account was made by it
	CreatedAt Time   `json:"createdAt"`
}

// InvitationAct is a line of an invitation's timeline.
type InvitationAct struct {
	Kind   string `json:"kind"` // the event, without "Invitation."
	At     Time   `json:"at"`
	By     string `json:"by,omitempty"`     // a user or application
	Detail string `json:"detail,omitempty"` // a reason or what a carrier said
}

// Limits of invitations.
const (
	DefaultInvitationTTL = 7 * 24 * time.Hour
	// DefaultMaxInvitationTTL is the limit unless the settings say otherwise.
	DefaultMaxInvitationTTL  = 90 * 24 * time.Hour
	MinInvitationTTL         = time.Minute
	MaxInvitationSeats       = 100_000
	MaxInvitationMessage     = 1000 // characters
	MaxInvitationRoles       = 100
	MaxInvitationOrgs        = 100
	MaxInvitationDomains     = 100
	MaxInvitationConnectors  = 50
	MaxInvitationReminders   = 5
	MaxInvitationSends       = 20 // mails for one invitation, resends and reminders included
	MaxInvitationCustomData  = 16 << 10
	InvitationCodeLength     = IDLength + 43 // characters of the code of a link
	InvitationCodeGroups     = 3             // of a shared code
	InvitationCodeGroup      = 4             // characters
	MaxTypedInvitationCode   = 64
	MaxInvitationSendsPerDay = 5 // to one recipient, over all their invitations
	// Of those that are issued one by one; campaigns have rates of their own.
	MaxInvitationsPerInviterDay = 5_000
	MaxInvitationsPerHour       = 20_000
)

// InvitationEvent is an event about an invitation: its payload has event,
// createdAt (ISO 8601), invitationId, data (the invitation, which holds no
// secret) and what more gives.
func InvitationEvent(key string, i Invitation, now Time, more map[string]any) (Event, error) {
	members := map[string]any{"invitationId": i.ID}
	maps.Copy(members, more)
	return eventAbout(key, i, now, members)
}
