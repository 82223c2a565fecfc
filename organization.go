package guestlist

import (
	"slices"
	"strings"
)

// The ids of organizations and of what members of them are.
type (
	OrganizationID      string
	OrganizationRoleID  string
	OrganizationScopeID string
)

// Organization is a group of users in which each has roles of their own: a
// customer of the product, a team, a tenant of its application.
type Organization struct {
	TenantID      string            `json:"tenantId"`
	ID            OrganizationID    `json:"id"`
	Name          string            `json:"name"`
	Description   *string           `json:"description"`
	CustomData    JSONObject        `json:"customData"`
	IsMFARequired bool              `json:"isMfaRequired"`
	Color         OrganizationColor `json:"color"`
	Branding      Branding          `json:"branding"`
	CustomCSS     *string           `json:"customCss"`
	CreatedAt     Time              `json:"createdAt"`
}

// OrganizationColor is an organization's own colours; what is absent is the
// tenant's.
type OrganizationColor struct {
	PrimaryColor      *string `json:"primaryColor,omitempty" check:"format=color"`
	IsDarkModeEnabled *bool   `json:"isDarkModeEnabled,omitempty"`
	DarkPrimaryColor  *string `json:"darkPrimaryColor,omitempty" check:"format=color"`
}

// OrganizationRole is what a member may be in an organization. All
// organizations share the roles; who has which is said in each.
type OrganizationRole struct {
	TenantID    string             `json:"tenantId"`
	ID          OrganizationRoleID `json:"id"`
	Name        string             `json:"name"`
	Description *string            `json:"description"`
	Type        RoleType           `json:"type"`
}

// OrganizationScope is a permission within an organization. All organizations
// share the scopes, too.
type OrganizationScope struct {
	TenantID    string              `json:"tenantId"`
	ID          OrganizationScopeID `json:"id"`
	Name        string              `json:"name"`
	Description *string             `json:"description"`
}

// OrganizationRoleName is a role as lists of members show it.
type OrganizationRoleName struct {
	ID   OrganizationRoleID `json:"id"`
	Name string             `json:"name"`
}

// OrganizationInvitation is an invitation into one organization as the contract
// shows it. It is a row like that of every invitation, and has its id.
type OrganizationInvitation struct {
	TenantID          string                       `json:"tenantId"`
	ID                InvitationID                 `json:"id"`
	InviterID         *UserID                      `json:"inviterId"`
	Invitee           string                       `json:"invitee"` // an e-mail address
	AcceptedUserID    *UserID                      `json:"acceptedUserId"`
	OrganizationID    OrganizationID               `json:"organizationId"`
	Status            OrganizationInvitationStatus `json:"status"`
	CreatedAt         Time                         `json:"createdAt"`
	UpdatedAt         Time                         `json:"updatedAt"`
	ExpiresAt         Time                         `json:"expiresAt"`
	OrganizationRoles []OrganizationRoleName       `json:"organizationRoles"`
}

// OrganizationInvitationStatus is how an invitation stands, in the words of the
// contract.
type OrganizationInvitationStatus string

// The states of the contract. All but the first are final.
const (
	OrganizationInvitationPending  OrganizationInvitationStatus = "Pending"
	OrganizationInvitationAccepted OrganizationInvitationStatus = "Accepted"
	OrganizationInvitationExpired  OrganizationInvitationStatus = "Expired"
	OrganizationInvitationRevoked  OrganizationInvitationStatus = "Revoked"
)

// OrganizationStatus translates how an invitation stands. One that was declined
// is shown as revoked, since the contract has no word for it.
func (s InvitationStatus) OrganizationStatus() OrganizationInvitationStatus {
	switch s {
	case InvitationAccepted:
		return OrganizationInvitationAccepted
	case InvitationExpired:
		return OrganizationInvitationExpired
	case InvitationRevoked, InvitationDeclined:
		return OrganizationInvitationRevoked
	case InvitationPending, InvitationScheduled:
	}
	return OrganizationInvitationPending
}

// OfOrganization reports whether an invitation is one that the contract knows:
// for an address, into exactly one organization.
func (i Invitation) OfOrganization() bool {
	return i.Kind == InvitationPersonal && i.RecipientEmail != "" && len(i.Grants.Organizations) == 1
}

// The limits of organizations, in characters and in elements.
const (
	// MaxJITDomains is how many mail domains lead into one organization.
	MaxJITDomains = 1000
)

// OrganizationAudience begins the audience of an organization's access tokens,
// which the organization's id ends.
const OrganizationAudience = "urn:logto:organization:"

// OrganizationsKey names the set of organizations that grants give, whatever
// their order; "" for none. That of a single organization is its id.
func (g InvitationGrants) OrganizationsKey() string {
	ids := make([]string, len(g.Organizations))
	for i, o := range g.Organizations {
		ids[i] = string(o.ID)
	}
	slices.Sort(ids)
	return strings.Join(slices.Compact(ids), ",")
}
