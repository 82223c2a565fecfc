package token

import (
	"errors"

	"guestlist"
	"guestlist/internal/store"
)

// organizationTTL is how many seconds an organization's access token lives.
const organizationTTL = 3600

// tells reports whether scopes tell of a user's organizations.
func tells(scopes []string) bool {
	return hasScope(scopes, guestlist.ScopeOrganizations) || hasScope(scopes, guestlist.ScopeOrganizationRoles)
}

// readOrganizations reads what the claims may tell of a person's organizations.
// Applications of third parties learn of none: nobody is asked which.
func (p *person) readOrganizations(tx *store.Tx, scopes []string, thirdParty bool) (err error) {
	if thirdParty || !tells(scopes) {
		return nil
	}
	if p.organizations, err = tx.OrganizationsOfUser(p.ID); err != nil {
		return err
	}
	p.organizationRoles, err = tx.RolesInOrganizations(p.ID)
	return err
}

// organizationClaim is an element of the claim organization_data.
type organizationClaim struct {
	ID          guestlist.OrganizationID `json:"id"`
	Name        string                   `json:"name"`
	Description *string                  `json:"description"`
}

func (p person) organizationClaims() ([]guestlist.OrganizationID, []organizationClaim) {
	ids, data := []guestlist.OrganizationID{}, []organizationClaim{}
	for _, o := range p.organizations {
		ids = append(ids, o.ID)
		data = append(data, organizationClaim{o.ID, o.Name, o.Description})
	}
	return ids, data
}

// organizationRoleClaims writes roles as "<organization>:<role>".
func (p person) organizationRoleClaims() []string {
	list := []string{}
	for _, m := range p.organizationRoles {
		list = append(list, string(m.OrganizationID)+":"+m.Role.Name)
	}
	return list
}

// isThirdParty reports whether an application is somebody else's. Those that
// have no row are ours.
func isThirdParty(tx *store.Tx, id guestlist.ApplicationID) (bool, error) {
	app, err := tx.Application(id)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return app.IsThirdParty, err
}

// mayEnter refuses a token within an organization to who is not in it, and to
// applications that were not granted to know of it. Where the organization asks
// for a second factor nobody gets one: nobody can have a second factor here.
func mayEnter(tx *store.Tx, app guestlist.Application, user guestlist.UserID, r request) error {
	if !hasScope(r.all, guestlist.ScopeOrganizations) {
		return ErrInsufficientScope.With(guestlist.ScopeOrganizations)
	}
	member, err := tx.IsMember(r.organization, user)
	if err != nil {
		return err
	}
	if !member {
		return ErrAccessDenied.Saying("user is not a member of the organization")
	}
	if app.IsThirdParty {
		return ErrAccessDenied.Saying("organization access is not granted to the application")
	}
	o, err := tx.Organization(r.organization)
	if err == nil && o.IsMFARequired {
		err = ErrAccessDenied.Saying("organization requires MFA but user has no MFA configured")
	}
	return err
}

// forOrganization makes the draft that of an organization's token: its audience
// is the organization, and its scopes are those that the user has there, as far
// as they were granted.
func (d *draft) forOrganization(tx *store.Tx) error {
	id := d.request.organization
	has, err := tx.ScopesOfMember(id, d.person.ID)
	if err != nil {
		return err
	}
	names := make([]string, len(has))
	for i, s := range has {
		names[i] = s.Name
	}
	d.resource = &guestlist.Resource{Indicator: guestlist.OrganizationAudience + string(id), AccessTokenTTL: organizationTTL}
	d.scopes = intersect(intersect(d.request.scopes, d.grant.ResourceScopes[guestlist.OrganizationsResource]), names)
	return nil
}
