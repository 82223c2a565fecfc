package guestlist

import (
	"encoding/json"
	"slices"
)

// ApplicationType is the kind of client, which decides its grants and how it
// proves itself (wire/oidc §3).
type ApplicationType string

// The application types of the wire.
const (
	ApplicationNative      ApplicationType = "Native"
	ApplicationSPA         ApplicationType = "SPA"
	ApplicationTraditional ApplicationType = "Traditional"
	ApplicationMachine     ApplicationType = "MachineToMachine"
	ApplicationProtected   ApplicationType = "Protected"
	ApplicationSAML        ApplicationType = "SAML"
)

// Application is an OAuth 2.0 client (RFC 6749 §1.1) in its wire form. The check
// tags of this and other types are the rules of the management API's input.
type Application struct {
	TenantID             string               `json:"tenantId"`
	ID                   ApplicationID        `json:"id"`
	Name                 string               `json:"name"`
	Description          *string              `json:"description"`
	Type                 ApplicationType      `json:"type"`
	OIDCClientMetadata   OIDCClientMetadata   `json:"oidcClientMetadata"`
	CustomClientMetadata CustomClientMetadata `json:"customClientMetadata"`
	ProtectedAppMetadata json.RawMessage      `json:"protectedAppMetadata"` // null unless Protected
	CustomData           JSONObject           `json:"customData"`
	IsThirdParty         bool                 `json:"isThirdParty"`
	AccessControlEnabled bool                 `json:"appLevelAccessControlEnabled"`
	CreatedAt            Time                 `json:"createdAt"`
}

// IsBuiltIn reports whether an application is one of the house's own, which has
// no row.
func (id ApplicationID) IsBuiltIn() bool {
	return id == DemoApplication || id == ConsoleApplication || id == AccountApplication
}

// OIDCClientMetadata holds the registered metadata of a client (OpenID Connect
// Dynamic Client Registration §2).
type OIDCClientMetadata struct {
	RedirectURIs                     []string `json:"redirectUris" check:"max=100,each.format=redirect"`
	PostLogoutRedirectURIs           []string `json:"postLogoutRedirectUris" check:"max=100,each.format=redirect"`
	BackchannelLogoutURI             string   `json:"backchannelLogoutUri,omitempty" check:"format=url"`
	BackchannelLogoutSessionRequired *bool    `json:"backchannelLogoutSessionRequired,omitempty"`
	LogoURI                          string   `json:"logoUri,omitempty" check:"format=url"`
}

// CustomClientMetadata holds Logto's own client settings; absent members take
// the defaults below.
type CustomClientMetadata struct {
	CORSAllowedOrigins       []string `json:"corsAllowedOrigins,omitempty" check:"max=100,each.format=redirect"`
	IDTokenTTL               *int     `json:"idTokenTtl,omitempty" check:"min=1,max=31536000"`                                             // seconds
	RefreshTokenTTL          *int     `json:"refreshTokenTtl,omitempty" check:"min=1,max=31536000"`                                        // seconds
	RefreshTokenTTLInDays    *int     `json:"refreshTokenTtlInDays,omitempty" check:"min=1,max=180"`                                       // days, 1..180
	TenantID                 string   `json:"tenantId,omitempty"`                                                                          // kept, unused
	AlwaysIssueRefreshToken  *bool    `json:"alwaysIssueRefreshToken,omitempty"`                                                           // web types only
	RotateRefreshToken       *bool    `json:"rotateRefreshToken,omitempty"`                                                                // default true
	AllowTokenExchange       *bool    `json:"allowTokenExchange,omitempty"`                                                                // RFC 8693
	IsDeviceFlow             *bool    `json:"isDeviceFlow,omitempty"`                                                                      // RFC 8628
	MaxAllowedGrants         *int     `json:"maxAllowedGrants,omitempty" check:"over=0"`                                                   // per user
	InitiateLoginURI         string   `json:"initiateLoginUri,omitempty" check:"format=url"`                                               // ours: Core §4, third-party initiated login
	TokenEndpointAuthMethods []string `json:"tokenEndpointAuthMethods,omitempty" check:"each.enum=client_secret_basic|client_secret_post"` // ours: narrows what a confidential client may use
}

// Defaults of CustomClientMetadata.
const (
	DefaultIDTokenTTLSeconds     = 3600
	DefaultRefreshTokenTTLDays   = 14
	DefaultAccessTokenTTLSeconds = 3600
	DefaultSecretName            = "Default secret"
	DemoApplication              = ApplicationID("demo-app")
	ConsoleApplication           = ApplicationID("admin-console")
	AccountApplication           = ApplicationID("account-center") // the pages of one's own account
	ManagementRoleName           = "Logto Management API access"
	AdminRoleName                = InternalRolePrefix + "admin"   // may do everything
	InviterRoleName              = InternalRolePrefix + "inviter" // invitations and the waitlist alone
	ViewerRoleName               = InternalRolePrefix + "viewer"  // may look at all that is no secret
	InternalRolePrefix           = "#internal:"                   // of roles that no list shows
	DefaultSessionTTLSeconds     = 1209600
)

// ApplicationSecret is one of an application's named secrets.
type ApplicationSecret struct {
	TenantID      string        `json:"tenantId"`
	ApplicationID ApplicationID `json:"applicationId"`
	Name          string        `json:"name"`
	Value         string        `json:"value"`
	CreatedAt     Time          `json:"createdAt"`
	ExpiresAt     *Time         `json:"expiresAt"`
}

// MayUseManagement reports whether people may use the management API by way of
// a client. Only the console's own may: any other would get the rights of an
// administrator who merely signs in to it. (Machines act for themselves.)
func (id ApplicationID) MayUseManagement() bool { return id == ConsoleApplication }

// IsConfidential reports whether clients of this type hold a secret
// (RFC 6749 §2.1).
func (t ApplicationType) IsConfidential() bool {
	return t == ApplicationTraditional || t == ApplicationMachine || t == ApplicationProtected
}

// RedirectingTypes are the types of clients that use the authorization endpoint.
func RedirectingTypes() []ApplicationType {
	return []ApplicationType{ApplicationNative, ApplicationSPA, ApplicationTraditional, ApplicationProtected}
}

// MayRedirect reports whether clients of this type use the authorization
// endpoint.
func (t ApplicationType) MayRedirect() bool { return slices.Contains(RedirectingTypes(), t) }

// AccessControl says who may use an application whose access is controlled:
// whoever one of the rules names.
type AccessControl struct {
	UserIDs               []UserID               `json:"userIds" check:"max=1000,each.min=1"`
	UserRoleIDs           []RoleID               `json:"userRoleIds" check:"max=1000,each.min=1"`
	OrganizationIDs       []string               `json:"organizationIds" check:"max=1000,each.min=1"`
	OrganizationRoleRules []OrganizationRoleRule `json:"organizationRoleRules" check:"max=1000"`
}

// OrganizationRoleRule admits the members of an organization who have one of
// the roles in it.
type OrganizationRoleRule struct {
	OrganizationID      string   `json:"organizationId" check:"min=1"`
	OrganizationRoleIDs []string `json:"organizationRoleIds" check:"each.min=1"`
}

// IsEmpty reports whether there is no rule.
func (c AccessControl) IsEmpty() bool {
	return len(c.UserIDs)+len(c.UserRoleIDs)+len(c.OrganizationIDs)+len(c.OrganizationRoleRules) == 0
}

// Admits reports whether a user with these roles may use the application.
// Without a rule nobody may. Nobody is a member of an organization yet.
func (c AccessControl) Admits(user UserID, roles []Role) bool {
	if slices.Contains(c.UserIDs, user) {
		return true
	}
	return slices.ContainsFunc(roles, func(r Role) bool { return slices.Contains(c.UserRoleIDs, r.ID) })
}
