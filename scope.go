package guestlist

// UserScopes lists the scopes that applications may ask users for besides
// those of API resources (OpenID Connect Core §5.4, and the contract's own).
var UserScopes = []string{
	"openid", "offline_access", "profile", "email", "phone", "address", "custom_data",
	"identities", "roles", ScopeOrganizations, ScopeOrganizationRoles,
}

// The scopes that tell of a user's organizations, and of what they are there.
const (
	ScopeOrganizations     = "urn:logto:scope:organizations"
	ScopeOrganizationRoles = "urn:logto:scope:organization_roles"
)

// OrganizationsResource is what Logto's SDKs name as a resource beside
// ScopeOrganizations. It stands for no API; in a grant its scopes are those of
// organizations.
const OrganizationsResource = "urn:logto:resource:organizations"
