package invite

import (
	"errors"

	"guestlist"
	"guestlist/internal/store"
)

// ErrOrganizationGone says that an invitation leads into an organization that
// does not exist any more.
var ErrOrganizationGone = guestlist.Refuse(guestlist.KindInvalid, "invitation.organization_gone")

// Join makes a user a member of organizations with roles, as an invitation
// grants them, and returns those that the user was not in before. A member gets
// the roles that they lack. Roles that are gone are left out; an organization
// that is gone is ErrOrganizationGone, and nothing may be kept then. Whoever
// calls emits Organization.Membership.Updated for what it returns.
func Join(tx *store.Tx, user guestlist.UserID, grants []guestlist.InvitationOrganization) ([]guestlist.OrganizationID, error) {
	var joined []guestlist.OrganizationID
	for _, grant := range grants {
		if _, err := tx.Organization(grant.ID); errors.Is(err, store.ErrNotFound) {
			return nil, ErrOrganizationGone
		} else if err != nil {
			return nil, err
		}
		isNew, err := tx.JoinOrganization(grant.ID, user, grant.RoleIDs...)
		if err != nil {
			return nil, err
		}
		if isNew {
			joined = append(joined, grant.ID)
		}
	}
	return joined, nil
}

// Provision makes a user a member of organizations with the roles that these
// give to whoever joins just in time, and returns those that the user was not
// in before. A member stays as they are, and an organization that is gone is
// left out: it would not be the guest's fault. Whoever calls emits
// Organization.Membership.Updated for what it returns.
func Provision(tx *store.Tx, user guestlist.UserID, ids ...guestlist.OrganizationID) ([]guestlist.OrganizationID, error) {
	var joined []guestlist.OrganizationID
	for _, id := range ids {
		isNew, err := tx.ProvisionOrganization(id, user)
		if err != nil {
			return nil, err
		}
		if isNew {
			joined = append(joined, id)
		}
	}
	return joined, nil
}
