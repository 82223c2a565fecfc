package guestlist

// RoleType says whether a role is for people or for machines.
type RoleType string

// The role types of the wire.
const (
	RoleUser    RoleType = "User"
	RoleMachine RoleType = "MachineToMachine"
)

// Role bundles scopes of API resources.
type Role struct {
	TenantID    string   `json:"tenantId"`
	ID          RoleID   `json:"id"`
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Type        RoleType `json:"type"`
	IsDefault   bool     `json:"isDefault"`
}

// Resource is a protected API, named by its indicator (RFC 8707).
type Resource struct {
	TenantID       string     `json:"tenantId"`
	ID             ResourceID `json:"id"`
	Name           string     `json:"name"`
	Indicator      string     `json:"indicator"`
	IsDefault      bool       `json:"isDefault"`
	AccessTokenTTL int        `json:"accessTokenTtl"` // seconds
}

// Scope is a permission of a resource.
type Scope struct {
	TenantID    string     `json:"tenantId"`
	ID          ScopeID    `json:"id"`
	ResourceID  ResourceID `json:"resourceId"`
	Name        string     `json:"name"`
	Description *string    `json:"description"`
	CreatedAt   Time       `json:"createdAt"`
}
