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

// The limits of organizations, in characters and in elements.
const (
	MaxOrganizationName        = 128
	MaxOrganizationDescription = 256
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
