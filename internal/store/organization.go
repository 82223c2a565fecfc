package store

import (
	"fmt"

	"guestlist"
)

const organizationColumns = `organizations.id, organizations.name, organizations.description, organizations.custom_data,
	organizations.is_mfa_required, organizations.color, organizations.branding, organizations.custom_css, organizations.created_at`

func scanOrganization(sc scanner) (guestlist.Organization, error) {
	o := guestlist.Organization{TenantID: guestlist.TenantID}
	var customData, color, branding string
	if err := sc.Scan(&o.ID, &o.Name, &o.Description, &customData, &o.IsMFARequired, &color, &branding, &o.CustomCSS,
		&o.CreatedAt); err != nil {
		return o, err
	}
	o.CustomData = guestlist.JSONObject(customData)
	if err := fromJSON(color, &o.Color); err != nil {
		return o, err
	}
	return o, fromJSON(branding, &o.Branding)
}

// Organization returns an organization by id; ErrNotFound if unknown.
func (tx *Tx) Organization(id guestlist.OrganizationID) (guestlist.Organization, error) {
	return one(tx, scanOrganization, "SELECT "+organizationColumns+" FROM organizations WHERE id = $1", id)
}

// Organizations lists the organizations whose id or name matches a search, in
// the order of their ids, and how many match in all.
func (tx *Tx) Organizations(s guestlist.Search, p Page) ([]guestlist.Organization, int, error) {
	match, args, err := tx.search(s, tx.columnsOf("organizations", "id", "name"), 1)
	if err != nil {
		return nil, 0, err
	}
	return page(tx, scanOrganization, organizationColumns, "organizations WHERE "+match, "organizations.id", args, p)
}

// OrganizationsOfUser lists the organizations that a user is in, in the order
// of their ids.
func (tx *Tx) OrganizationsOfUser(id guestlist.UserID) ([]guestlist.Organization, error) {
	return collect(tx, scanOrganization, organizationsOfUser, id)
}

const organizationsOfUser = "SELECT " + organizationColumns + ` FROM organization_users
	JOIN organizations ON organizations.id = organization_users.organization_id
	WHERE organization_users.user_id = $1 ORDER BY organizations.id`

// InsertOrganization creates an organization; all members are the caller's.
func (tx *Tx) InsertOrganization(o guestlist.Organization) error {
	color, branding, err := organizationTexts(o)
	if err != nil {
		return err
	}
	return tx.run(`INSERT INTO organizations (id, name, description, custom_data, is_mfa_required, color, branding, custom_css, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, o.ID, o.Name, o.Description, objectText(o.CustomData), o.IsMFARequired,
		color, branding, o.CustomCSS, o.CreatedAt)
}

// UpdateOrganization writes all but id and time of creation; ErrNotFound if
// unknown.
func (tx *Tx) UpdateOrganization(o guestlist.Organization) error {
	color, branding, err := organizationTexts(o)
	if err != nil {
		return err
	}
	return changed(tx.exec(`UPDATE organizations SET name = $2, description = $3, custom_data = $4, is_mfa_required = $5,
		color = $6, branding = $7, custom_css = $8 WHERE id = $1`, o.ID, o.Name, o.Description, objectText(o.CustomData),
		o.IsMFARequired, color, branding, o.CustomCSS))
}

func organizationTexts(o guestlist.Organization) (color, branding string, err error) {
	if color, err = jsonText(o.Color); err != nil {
		return "", "", err
	}
	branding, err = jsonText(o.Branding)
	return color, branding, err
}

// DeleteOrganization removes an organization with its memberships; ErrNotFound
// if unknown. Its users stay.
func (tx *Tx) DeleteOrganization(id guestlist.OrganizationID) error {
	return changed(tx.exec("DELETE FROM organizations WHERE id = $1", id))
}

// OrganizationUsage says how many members an organization has, and names a few
// of them.
type OrganizationUsage struct {
	UsersCount    int            `json:"usersCount"`
	FeaturedUsers []FeaturedUser `json:"featuredUsers"`
}

// OrganizationUsage counts the members of an organization.
func (tx *Tx) OrganizationUsage(id guestlist.OrganizationID) (OrganizationUsage, error) {
	var u OrganizationUsage
	var err error
	u.FeaturedUsers, u.UsersCount, err = page(tx, func(sc scanner) (FeaturedUser, error) {
		var f FeaturedUser
		err := sc.Scan(&f.ID, &f.Avatar, &f.Name)
		return f, err
	}, "users.id, users.avatar, users.name",
		"organization_users JOIN users ON users.id = organization_users.user_id WHERE organization_users.organization_id = $1",
		"organization_users.user_id", []any{id}, Page{Limit: maxFeatured})
	return u, err
}

// JoinOrganization makes a user a member with roles, and reports whether the
// user was none before. A member gets the roles that they lack and keeps the
// others. Roles that are gone, or that are for machines, are left out; an
// unknown organization or user gives ErrForeignKey.
func (tx *Tx) JoinOrganization(id guestlist.OrganizationID, user guestlist.UserID, roles ...guestlist.OrganizationRoleID) (joined bool, err error) {
	n, err := tx.exec(`INSERT INTO organization_users (organization_id, user_id, created_at) VALUES ($1, $2, $3)
		ON CONFLICT (organization_id, user_id) DO NOTHING`, id, user, tx.Now)
	if err != nil {
		return false, err
	}
	return n == 1, tx.GiveOrganizationRoles(id, user, roles...)
}

// ProvisionOrganization makes a user a member with the roles that an
// organization gives to those who join just in time, and reports whether it
// did: a member stays as they are, and an organization that is gone takes
// nobody in.
func (tx *Tx) ProvisionOrganization(id guestlist.OrganizationID, user guestlist.UserID) (joined bool, err error) {
	n, err := tx.exec(`INSERT INTO organization_users (organization_id, user_id, created_at)
		SELECT id, CAST($2 AS TEXT), CAST($3 AS BIGINT) FROM organizations WHERE id = $1
		ON CONFLICT (organization_id, user_id) DO NOTHING`, id, user, tx.Now)
	if err != nil || n == 0 {
		return false, err
	}
	roles, _, err := tx.JITRoles(id, Page{})
	if err != nil {
		return false, err
	}
	for _, r := range roles {
		if err := tx.GiveOrganizationRoles(id, user, r.ID); err != nil {
			return false, err
		}
	}
	return true, nil
}

// LeaveOrganization ends a membership with its roles; ErrNotFound if there is
// none.
func (tx *Tx) LeaveOrganization(id guestlist.OrganizationID, user guestlist.UserID) error {
	return changed(tx.exec("DELETE FROM organization_users WHERE organization_id = $1 AND user_id = $2", id, user))
}

// IsMember reports whether a user is in an organization.
func (tx *Tx) IsMember(id guestlist.OrganizationID, user guestlist.UserID) (bool, error) {
	var n int
	err := tx.row("SELECT COUNT(*) FROM organization_users WHERE organization_id = $1 AND user_id = $2", []any{id, user}, &n)
	return n == 1, err
}

// MembersOf returns the ids of all members of an organization.
func (tx *Tx) MembersOf(id guestlist.OrganizationID) ([]guestlist.UserID, error) {
	return collect(tx, func(sc scanner) (guestlist.UserID, error) {
		var user guestlist.UserID
		err := sc.Scan(&user)
		return user, err
	}, "SELECT user_id FROM organization_users WHERE organization_id = $1 ORDER BY user_id", id)
}

// GiveOrganizationRoles gives a member roles; those that they have, that are
// gone, or that are for machines, are left out. A user who is no member gives
// ErrForeignKey.
func (tx *Tx) GiveOrganizationRoles(id guestlist.OrganizationID, user guestlist.UserID, roles ...guestlist.OrganizationRoleID) error {
	for _, role := range roles {
		if err := tx.run(`INSERT INTO organization_user_roles (organization_id, user_id, role_id)
			SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), id FROM organization_roles WHERE id = $3 AND type = $4
			ON CONFLICT (organization_id, user_id, role_id) DO NOTHING`, id, user, role, guestlist.RoleUser); err != nil {
			return err
		}
	}
	return nil
}

// SetOrganizationRoles makes the roles of a member exactly these.
func (tx *Tx) SetOrganizationRoles(id guestlist.OrganizationID, user guestlist.UserID, roles ...guestlist.OrganizationRoleID) error {
	if err := tx.run("DELETE FROM organization_user_roles WHERE organization_id = $1 AND user_id = $2", id, user); err != nil {
		return err
	}
	return tx.GiveOrganizationRoles(id, user, roles...)
}

// TakeOrganizationRole takes a role from a member; ErrNotFound if they lack it.
func (tx *Tx) TakeOrganizationRole(id guestlist.OrganizationID, user guestlist.UserID, role guestlist.OrganizationRoleID) error {
	return changed(tx.exec("DELETE FROM organization_user_roles WHERE organization_id = $1 AND user_id = $2 AND role_id = $3",
		id, user, role))
}

// Membership is an organization or a user, whichever was asked about, with the
// name of a role that one has in the other.
type Membership struct {
	OrganizationID guestlist.OrganizationID
	UserID         guestlist.UserID
	Role           guestlist.OrganizationRoleName
}

// RolesInOrganizations lists what a user is in the organizations of theirs.
func (tx *Tx) RolesInOrganizations(user guestlist.UserID) ([]Membership, error) {
	return collect(tx, scanMembership, memberships+" WHERE ur.user_id = $1 ORDER BY ur.organization_id, r.name, r.id", user)
}

// RolesOfMembers lists what some members of an organization are in it.
func (tx *Tx) RolesOfMembers(id guestlist.OrganizationID, users []guestlist.UserID) ([]Membership, error) {
	if len(users) == 0 {
		return nil, nil
	}
	args := []any{id}
	for _, u := range users {
		args = append(args, u)
	}
	return collect(tx, scanMembership, fmt.Sprintf("%s WHERE ur.organization_id = $1 AND ur.user_id IN (%s) ORDER BY ur.user_id, r.name, r.id",
		memberships, placeholders(2, len(users))), args...)
}

const memberships = `SELECT ur.organization_id, ur.user_id, r.id, r.name FROM organization_user_roles ur
	JOIN organization_roles r ON r.id = ur.role_id`

func scanMembership(sc scanner) (Membership, error) {
	var m Membership
	err := sc.Scan(&m.OrganizationID, &m.UserID, &m.Role.ID, &m.Role.Name)
	return m, err
}
