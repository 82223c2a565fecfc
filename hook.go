package guestlist

import (
	"encoding/json"
	"maps"
)

// Hook is a webhook subscription in its wire form.
type Hook struct {
	TenantID   string     `json:"tenantId"`
	ID         HookID     `json:"id"`
	Name       string     `json:"name"`
	Event      *string    `json:"event"` // legacy single event
	Events     []string   `json:"events"`
	Config     HookConfig `json:"config"`
	SigningKey string     `json:"signingKey"`
	Enabled    bool       `json:"enabled"`
	CreatedAt  Time       `json:"createdAt"`
}

// HookConfig says where and how a hook is delivered.
type HookConfig struct {
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers,omitempty"`
	Retries *int              `json:"retries,omitempty"` // deprecated on the wire; kept, not used
}

// Matches reports whether the hook wants an event.
func (h Hook) Matches(event string) bool {
	if !h.Enabled {
		return false
	}
	if len(h.Events) == 0 {
		return h.Event != nil && *h.Event == event
	}
	for _, e := range h.Events {
		if e == event {
			return true
		}
	}
	return false
}

// Event is something that happened and that hooks may want to hear of. It is
// written in the transaction that caused it and delivered later. Payload is
// the JSON object of the webhook body without hookId, which is added per hook.
type Event struct {
	Key     string // e.g. "User.Created"
	Payload json.RawMessage
}

// eventAbout is an event about something, with the members that the payload of
// every such event has: event, createdAt and data; and more.
func eventAbout(key string, data any, now Time, more map[string]any) (Event, error) {
	payload := map[string]any{"event": key, "createdAt": now.ISO(), "data": data}
	maps.Copy(payload, more)
	text, err := json.Marshal(payload)
	return Event{Key: key, Payload: text}, err
}

// The events that this version emits.
const (
	EventPostRegister          = "PostRegister"
	EventPostSignIn            = "PostSignIn"
	EventPostResetPassword     = "PostResetPassword"
	EventUserCreated           = "User.Created"
	EventUserDeleted           = "User.Deleted"
	EventUserDataUpdated       = "User.Data.Updated"
	EventUserSuspensionUpdated = "User.SuspensionStatus.Updated"
	EventRoleCreated           = "Role.Created"
	EventRoleDeleted           = "Role.Deleted"
	EventRoleDataUpdated       = "Role.Data.Updated"
	EventRoleScopesUpdated     = "Role.Scopes.Updated"
	EventScopeCreated          = "Scope.Created"
	EventScopeDeleted          = "Scope.Deleted"
	EventScopeDataUpdated      = "Scope.Data.Updated"
	EventIdentifierLockout     = "Identifier.Lockout"
	EventMessageRateLimited    = "Message.RateLimited"

	EventOrganizationCreated           = "Organization.Created"
	EventOrganizationDeleted           = "Organization.Deleted"
	EventOrganizationDataUpdated       = "Organization.Data.Updated"
	EventOrganizationMembershipUpdated = "Organization.Membership.Updated"
	EventOrganizationRoleCreated       = "OrganizationRole.Created"
	EventOrganizationRoleDeleted       = "OrganizationRole.Deleted"
	EventOrganizationRoleDataUpdated   = "OrganizationRole.Data.Updated"
	EventOrganizationRoleScopesUpdated = "OrganizationRole.Scopes.Updated"
	EventOrganizationScopeCreated      = "OrganizationScope.Created"
	EventOrganizationScopeDeleted      = "OrganizationScope.Deleted"
	EventOrganizationScopeDataUpdated  = "OrganizationScope.Data.Updated"
)

// The events about invitations, which are ours.
const (
	EventInvitationCreated           = "Invitation.Created"
	EventInvitationSent              = "Invitation.Sent"
	EventInvitationDelivered         = "Invitation.Delivered"
	EventInvitationDeliveryFailed    = "Invitation.DeliveryFailed"
	EventInvitationOpened            = "Invitation.Opened"
	EventInvitationAccepted          = "Invitation.Accepted"
	EventInvitationDeclined          = "Invitation.Declined"
	EventInvitationRevoked           = "Invitation.Revoked"
	EventInvitationExpired           = "Invitation.Expired"
	EventInvitationRedemptionRefused = "Invitation.RedemptionRefused"
	EventCampaignCompleted           = "InvitationCampaign.Completed"
	EventRequestCreated              = "RegistrationRequest.Created"
	EventRequestApproved             = "RegistrationRequest.Approved"
	EventRequestRejected             = "RegistrationRequest.Rejected"
)

// HookEvents lists every event name that a hook may subscribe to, those of
// parts that come later included, since the wire accepts them.
var HookEvents = []string{
	EventPostRegister, EventPostSignIn, "PostSignInAdaptiveMfaTriggered", EventPostResetPassword,
	EventUserCreated, EventUserDeleted, EventUserDataUpdated, EventUserSuspensionUpdated,
	EventRoleCreated, EventRoleDeleted, EventRoleDataUpdated, EventRoleScopesUpdated,
	EventScopeCreated, EventScopeDeleted, EventScopeDataUpdated,
	EventOrganizationCreated, EventOrganizationDeleted, EventOrganizationDataUpdated, EventOrganizationMembershipUpdated,
	EventOrganizationRoleCreated, EventOrganizationRoleDeleted, EventOrganizationRoleDataUpdated, EventOrganizationRoleScopesUpdated,
	EventOrganizationScopeCreated, EventOrganizationScopeDeleted, EventOrganizationScopeDataUpdated,
	EventIdentifierLockout, EventMessageRateLimited, "Grant.LimitExceeded",
	EventInvitationCreated, EventInvitationSent, EventInvitationDelivered, EventInvitationDeliveryFailed,
	EventInvitationOpened, EventInvitationAccepted, EventInvitationDeclined, EventInvitationRevoked,
	EventInvitationExpired, EventInvitationRedemptionRefused, EventCampaignCompleted,
	EventRequestCreated, EventRequestApproved, EventRequestRejected,
}

// emitted lists the events that this version emits.
var emitted = map[string]bool{
	EventPostRegister: true, EventPostSignIn: true, EventPostResetPassword: true,
	EventUserCreated: true, EventUserDeleted: true, EventUserDataUpdated: true, EventUserSuspensionUpdated: true,
	EventRoleCreated: true, EventRoleDeleted: true, EventRoleDataUpdated: true, EventRoleScopesUpdated: true,
	EventScopeCreated: true, EventScopeDeleted: true, EventScopeDataUpdated: true,
	EventIdentifierLockout: true, EventMessageRateLimited: true,
	EventOrganizationCreated: true, EventOrganizationDeleted: true, EventOrganizationDataUpdated: true, EventOrganizationMembershipUpdated: true,
	EventOrganizationRoleCreated: true, EventOrganizationRoleDeleted: true, EventOrganizationRoleDataUpdated: true,
	EventOrganizationRoleScopesUpdated: true,
	EventOrganizationScopeCreated:      true, EventOrganizationScopeDeleted: true, EventOrganizationScopeDataUpdated: true,
	EventInvitationCreated: true, EventInvitationSent: true, EventInvitationDelivered: true, EventInvitationDeliveryFailed: true,
	EventInvitationOpened: true, EventInvitationAccepted: true, EventInvitationDeclined: true, EventInvitationRevoked: true,
	EventInvitationExpired: true, EventInvitationRedemptionRefused: true, EventCampaignCompleted: true,
	EventRequestCreated: true, EventRequestApproved: true, EventRequestRejected: true,
}

// IsEmitted reports whether this version emits an event; hooks may subscribe
// to the others as well.
func IsEmitted(event string) bool { return emitted[event] }
