package token

import (
	"context"
	"encoding/json"
	"slices"

	"guestlist"
	"guestlist/internal/store"
)

// The scopes that carry claims about a user (wire: OpenID Connect Core §5.4
// and Logto's own).
const (
	scopeProfile    = "profile"
	scopeEmail      = "email"
	scopePhone      = "phone"
	scopeAddress    = "address"
	scopeCustomData = "custom_data"
	scopeIdentities = "identities"
	scopeRoles      = "roles"
)

// UserScopes lists the scopes that applications may ask for besides those of
// API resources.
var UserScopes = guestlist.UserScopes

// IDTokenConfig is the setting of what ID tokens carry beyond the base claims.
type IDTokenConfig struct {
	EnabledExtendedClaims []string `json:"enabledExtendedClaims"`
}

// DefaultIDTokenConfig is what a fresh installation has.
var DefaultIDTokenConfig = IDTokenConfig{EnabledExtendedClaims: []string{"roles", "organizations", "organization_roles"}}

// ExtendedClaims lists what IDTokenConfig may enable.
var ExtendedClaims = []string{
	"custom_data", "identities", "sso_identities", "roles", "organizations", "organization_data", "organization_roles",
}

// IDTokenConfigOf reads the setting.
func IDTokenConfigOf(tx *store.Tx) (IDTokenConfig, error) {
	c := IDTokenConfig{EnabledExtendedClaims: slices.Clone(DefaultIDTokenConfig.EnabledExtendedClaims)}
	return c, tx.SettingJSON(settingIDToken, &c)
}

// PutIDTokenConfig writes the setting.
func PutIDTokenConfig(tx *store.Tx, c IDTokenConfig) error {
	return tx.PutSettingJSON(settingIDToken, c)
}

// idTokenConfig is IDTokenConfigOf from the cache.
func (m *Mint) idTokenConfig(ctx context.Context) (IDTokenConfig, error) {
	return store.Cached(ctx, m.Store, "token.id", IDTokenConfigOf)
}

// person is a user with what claims may tell of them.
type person struct {
	guestlist.User
	roles []string
	sso   []guestlist.SSOIdentity

	organizations     []guestlist.Organization
	organizationRoles []store.Membership
}

// readPerson reads a user as far as the scopes need. A user who is unknown or
// suspended is nobody: ok is false.
func readPerson(tx *store.Tx, id guestlist.UserID, scopes []string) (p person, ok bool, err error) {
	p.User, err = tx.User(id)
	if guestlist.KindOf(err) == guestlist.KindNotFound {
		return p, false, nil
	}
	if err != nil || p.IsSuspended {
		return p, false, err
	}
	if hasScope(scopes, scopeRoles) {
		roles, err := tx.RolesOfUser(id)
		if err != nil {
			return p, false, err
		}
		p.roles = []string{}
		for _, r := range roles {
			p.roles = append(p.roles, r.Name)
		}
	}
	if hasScope(scopes, scopeIdentities) {
		if p.sso, err = tx.SSOIdentitiesOfUser(id); err != nil {
			return p, false, err
		}
	}
	return p, true, nil
}

// claims writes what the scopes tell of a user: everything for userinfo, and
// for ID tokens of the extended claims those that extended holds.
func (p person) claims(o *object, scopes []string, extended func(claim string) bool) {
	o.add("sub", p.ID)
	if hasScope(scopes, scopeProfile) {
		p.profileClaims(o)
	}
	if hasScope(scopes, scopeEmail) {
		o.add("email", p.PrimaryEmail)
		o.add("email_verified", p.PrimaryEmail != nil)
	}
	if hasScope(scopes, scopePhone) {
		o.add("phone_number", p.PrimaryPhone)
		o.add("phone_number_verified", p.PrimaryPhone != nil)
	}
	if a := p.Profile.Address; hasScope(scopes, scopeAddress) && a != nil {
		o.add("address", map[string]string{
			"formatted": a.Formatted, "street_address": a.StreetAddress, "locality": a.Locality,
			"region": a.Region, "postal_code": a.PostalCode, "country": a.Country,
		})
	}
	p.extendedClaims(o, scopes, extended)
}

// profileClaims writes the claims of the scope profile. Those that are columns
// may be null; those of the profile are left out where unset.
func (p person) profileClaims(o *object) {
	o.add("name", p.Name)
	o.addText("family_name", p.Profile.FamilyName)
	o.addText("given_name", p.Profile.GivenName)
	o.addText("middle_name", p.Profile.MiddleName)
	o.addText("nickname", p.Profile.Nickname)
	if p.Profile.PreferredUsername != "" {
		o.add("preferred_username", p.Profile.PreferredUsername)
	} else {
		o.add("preferred_username", p.Username)
	}
	o.addText("profile", p.Profile.Profile)
	o.add("picture", p.Avatar)
	o.addText("website", p.Profile.Website)
	o.addText("gender", p.Profile.Gender)
	o.addText("birthdate", p.Profile.Birthdate)
	o.addText("zoneinfo", p.Profile.Zoneinfo)
	o.addText("locale", p.Profile.Locale)
	o.add("updated_at", p.UpdatedAt) // milliseconds: Logto's, where Core §5.1 says seconds
	o.add("username", p.Username)
	o.add("created_at", p.CreatedAt)
}

func (p person) extendedClaims(o *object, scopes []string, extended func(claim string) bool) {
	add := func(scope, claim string, value any) {
		if hasScope(scopes, scope) && extended(claim) {
			o.add(claim, value)
		}
	}
	customData := p.CustomData
	if len(customData) == 0 {
		customData = json.RawMessage("{}")
	}
	add(scopeCustomData, "custom_data", customData)
	add(scopeIdentities, "identities", p.Identities)
	add(scopeIdentities, "sso_identities", ssoClaims(p.sso))
	add(scopeRoles, "roles", p.roles)
	ids, data := p.organizationClaims()
	add(guestlist.ScopeOrganizations, "organizations", ids)
	add(guestlist.ScopeOrganizations, "organization_data", data)
	add(guestlist.ScopeOrganizationRoles, "organization_roles", p.organizationRoleClaims())
}

// ssoClaim is an element of the claim sso_identities.
type ssoClaim struct {
	Issuer     string          `json:"issuer"`
	IdentityID string          `json:"identityId"`
	Detail     json.RawMessage `json:"detail"`
}

func ssoClaims(identities []guestlist.SSOIdentity) []ssoClaim {
	list := make([]ssoClaim, len(identities))
	for i, s := range identities {
		list[i] = ssoClaim{s.Issuer, s.IdentityID, s.Detail}
	}
	return list
}
