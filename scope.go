package guestlist

// UserScopes lists the scopes that applications may ask users for besides
// those of API resources (OpenID Connect Core §5.4, and the contract's own).
var UserScopes = []string{
	"openid", "offline_access", "profile", "email", "phone", "address", "custom_data",
	"identities", "roles", "urn:logto:scope:organizations", "urn:logto:scope:organization_roles",
}
