package store

import (
	"fmt"

	"guestlist"
)

const organizationRoleColumns = `organization_roles.id, organization_roles.name, organization_roles.description, organization_roles.type`

func scanOrganizationRole(sc scanner) (guestlist.OrganizationRole, error) {
	r := guestlist.OrganizationRole{TenantID: guestlist.TenantID}
	err := sc.Scan(&r.ID, &r.Name, &r.Description, &r.Type)
	return r, err
}

// OrganizationRole returns a role of organizations by id; ErrNotFound if
// unknown.
func (tx *Tx) OrganizationRole(id guestlist.OrganizationRoleID) (guestlist.OrganizationRole, error) {
	return one(tx, scanOrganizationRole, "SELECT "+organizationRoleColumns+" FROM organization_roles WHERE id = $1", id)
}

// OrganizationRoleByName returns a role of organizations by its exact name;
// ErrNotFound if unknown.
func (tx *Tx) OrganizationRoleByName(name string) (guestlist.OrganizationRole, error) {
	return one(tx, scanOrganizationRole, "SELECT "+organizationRoleColumns+" FROM organization_roles WHERE name = $1", name)
}

// OrganizationRoles lists the roles of organizations whose id or name matches a
// search, in the order of their names, and how many match in all.
func (tx *Tx) OrganizationRoles(s guestlist.Search, p Page) ([]guestlist.OrganizationRole, int, error) {
	match, args, err := tx.search(s, tx.columnsOf("organization_roles", "id", "name"), 1)
	if err != nil {
		return nil, 0, err
	}
	return page(tx, scanOrganizationRole, organizationRoleColumns, "organization_roles WHERE "+match,
		"organization_roles.name, organization_roles.id", args, p)
}

// OrganizationRolesOfPeople is OrganizationRoles without those of machines.
func (tx *Tx) OrganizationRolesOfPeople(s guestlist.Search, p Page) ([]guestlist.OrganizationRole, int, error) {
	match, args, err := tx.search(s, tx.columnsOf("organization_roles", "id", "name"), 1)
	if err != nil {
		return nil, 0, err
	}
	where := fmt.Sprintf("organization_roles WHERE %s AND organization_roles.type = $%d", match, len(args)+1)
	return page(tx, scanOrganizationRole, organizationRoleColumns, where, "organization_roles.name, organization_roles.id", with(args, guestlist.RoleUser), p)
}

// RolesOfMember lists the roles of a member of an organization, in the order of
// their names, and counts them.
func (tx *Tx) RolesOfMember(id guestlist.OrganizationID, user guestlist.UserID, p Page) ([]guestlist.OrganizationRole, int, error) {
	return page(tx, scanOrganizationRole, organizationRoleColumns,
		`organization_user_roles JOIN organization_roles ON organization_roles.id = organization_user_roles.role_id
			WHERE organization_user_roles.organization_id = $1 AND organization_user_roles.user_id = $2`,
		"organization_roles.name, organization_roles.id", []any{id, user}, p)
}

// InsertOrganizationRole creates a role. A taken name gives
// entity.unique_integrity_violation.
func (tx *Tx) InsertOrganizationRole(r guestlist.OrganizationRole) error {
	return tx.run("INSERT INTO organization_roles (id, name, description, type) VALUES ($1, $2, $3, $4)",
		r.ID, r.Name, r.Description, r.Type)
}

// UpdateOrganizationRole writes name, description and type of a role.
func (tx *Tx) UpdateOrganizationRole(r guestlist.OrganizationRole) error {
	return changed(tx.exec("UPDATE organization_roles SET name = $2, description = $3, type = $4 WHERE id = $1",
		r.ID, r.Name, r.Description, r.Type))
}

// OrganizationRoleIsHeld reports whether a member of any organization has a
// role, or will get it just in time.
func (tx *Tx) OrganizationRoleIsHeld(id guestlist.OrganizationRoleID) (bool, error) {
	var n int
	err := tx.row(`SELECT COUNT(*) FROM (SELECT 1 FROM organization_user_roles WHERE role_id = $1
		UNION ALL SELECT 1 FROM organization_jit_roles WHERE role_id = $1 LIMIT 1) held`, []any{id}, &n)
	return n > 0, err
}

// DeleteOrganizationRole removes a role from everybody who has it.
func (tx *Tx) DeleteOrganizationRole(id guestlist.OrganizationRoleID) error {
	return changed(tx.exec("DELETE FROM organization_roles WHERE id = $1", id))
}

const organizationScopeColumns = `organization_scopes.id, organization_scopes.name, organization_scopes.description`

func scanOrganizationScope(sc scanner) (guestlist.OrganizationScope, error) {
	s := guestlist.OrganizationScope{TenantID: guestlist.TenantID}
	err := sc.Scan(&s.ID, &s.Name, &s.Description)
	return s, err
}

// OrganizationScope returns a scope of organizations by id; ErrNotFound if
// unknown.
func (tx *Tx) OrganizationScope(id guestlist.OrganizationScopeID) (guestlist.OrganizationScope, error) {
	return one(tx, scanOrganizationScope, "SELECT "+organizationScopeColumns+" FROM organization_scopes WHERE id = $1", id)
}

// OrganizationScopes lists the scopes of organizations whose id or name matches
// a search, in the order of their names, and how many match in all.
func (tx *Tx) OrganizationScopes(s guestlist.Search, p Page) ([]guestlist.OrganizationScope, int, error) {
	match, args, err := tx.search(s, tx.columnsOf("organization_scopes", "id", "name"), 1)
	if err != nil {
		return nil, 0, err
	}
	return page(tx, scanOrganizationScope, organizationScopeColumns, "organization_scopes WHERE "+match,
		"organization_scopes.name, organization_scopes.id", args, p)
}

// ScopesOfOrganizationRole lists the scopes of a role, in the order of their
// names, and counts them.
func (tx *Tx) ScopesOfOrganizationRole(id guestlist.OrganizationRoleID, p Page) ([]guestlist.OrganizationScope, int, error) {
	return page(tx, scanOrganizationScope, organizationScopeColumns,
		`organization_role_scopes JOIN organization_scopes ON organization_scopes.id = organization_role_scopes.scope_id
			WHERE organization_role_scopes.role_id = $1`, "organization_scopes.name, organization_scopes.id", []any{id}, p)
}

// ScopesOfMember lists the scopes that a user has in an organization through
// roles, in the order of their names.
func (tx *Tx) ScopesOfMember(id guestlist.OrganizationID, user guestlist.UserID) ([]guestlist.OrganizationScope, error) {
	return collect(tx, scanOrganizationScope, "SELECT "+organizationScopeColumns+` FROM organization_scopes WHERE id IN (
			SELECT rs.scope_id FROM organization_user_roles ur JOIN organization_role_scopes rs ON rs.role_id = ur.role_id
			WHERE ur.organization_id = $1 AND ur.user_id = $2)
		ORDER BY organization_scopes.name, organization_scopes.id`, id, user)
}

// InsertOrganizationScope creates a scope. A taken name gives
// entity.unique_integrity_violation.
func (tx *Tx) InsertOrganizationScope(s guestlist.OrganizationScope) error {
	return tx.run("INSERT INTO organization_scopes (id, name, description) VALUES ($1, $2, $3)", s.ID, s.Name, s.Description)
}

// UpdateOrganizationScope writes name and description of a scope.
func (tx *Tx) UpdateOrganizationScope(s guestlist.OrganizationScope) error {
	return changed(tx.exec("UPDATE organization_scopes SET name = $2, description = $3 WHERE id = $1", s.ID, s.Name, s.Description))
}

// DeleteOrganizationScope removes a scope and takes it from every role.
func (tx *Tx) DeleteOrganizationScope(id guestlist.OrganizationScopeID) error {
	return changed(tx.exec("DELETE FROM organization_scopes WHERE id = $1", id))
}

// AddOrganizationRoleScopes puts scopes into a role; those that it has are left
// as they are. An unknown role or scope gives ErrForeignKey.
func (tx *Tx) AddOrganizationRoleScopes(role guestlist.OrganizationRoleID, scopes ...guestlist.OrganizationScopeID) error {
	for _, scope := range scopes {
		if err := tx.run(`INSERT INTO organization_role_scopes (role_id, scope_id) VALUES ($1, $2)
			ON CONFLICT (role_id, scope_id) DO NOTHING`, role, scope); err != nil {
			return err
		}
	}
	return nil
}

// SetOrganizationRoleScopes makes the scopes of a role exactly these.
func (tx *Tx) SetOrganizationRoleScopes(role guestlist.OrganizationRoleID, scopes ...guestlist.OrganizationScopeID) error {
	if err := tx.run("DELETE FROM organization_role_scopes WHERE role_id = $1", role); err != nil {
		return err
	}
	return tx.AddOrganizationRoleScopes(role, scopes...)
}

// RemoveOrganizationRoleScope takes a scope out of a role; ErrNotFound if it is
// not there.
func (tx *Tx) RemoveOrganizationRoleScope(role guestlist.OrganizationRoleID, scope guestlist.OrganizationScopeID) error {
	return changed(tx.exec("DELETE FROM organization_role_scopes WHERE role_id = $1 AND scope_id = $2", role, scope))
}

// ResourceScopesOfOrganizationRole lists the scopes of API resources that a
// role gives, in the order of their names, and counts them.
func (tx *Tx) ResourceScopesOfOrganizationRole(id guestlist.OrganizationRoleID, p Page) ([]guestlist.Scope, int, error) {
	return page(tx, scanScope, scopeColumns,
		`organization_role_resource_scopes JOIN scopes ON scopes.id = organization_role_resource_scopes.scope_id
			WHERE organization_role_resource_scopes.role_id = $1`, "scopes.name, scopes.id", []any{id}, p)
}

// AddOrganizationRoleResourceScopes puts scopes of API resources into a role;
// those that it has are left as they are. An unknown role or scope gives
// ErrForeignKey.
func (tx *Tx) AddOrganizationRoleResourceScopes(role guestlist.OrganizationRoleID, scopes ...guestlist.ScopeID) error {
	for _, scope := range scopes {
		if err := tx.run(`INSERT INTO organization_role_resource_scopes (role_id, scope_id) VALUES ($1, $2)
			ON CONFLICT (role_id, scope_id) DO NOTHING`, role, scope); err != nil {
			return err
		}
	}
	return nil
}

// SetOrganizationRoleResourceScopes makes the scopes of API resources that a
// role gives exactly these.
func (tx *Tx) SetOrganizationRoleResourceScopes(role guestlist.OrganizationRoleID, scopes ...guestlist.ScopeID) error {
	if err := tx.run("DELETE FROM organization_role_resource_scopes WHERE role_id = $1", role); err != nil {
		return err
	}
	return tx.AddOrganizationRoleResourceScopes(role, scopes...)
}

// RemoveOrganizationRoleResourceScope takes a scope of an API resource out of a
// role; ErrNotFound if it is not there.
func (tx *Tx) RemoveOrganizationRoleResourceScope(role guestlist.OrganizationRoleID, scope guestlist.ScopeID) error {
	return changed(tx.exec("DELETE FROM organization_role_resource_scopes WHERE role_id = $1 AND scope_id = $2", role, scope))
}

// ScopesOfUserFor returns the scopes of an API resource that an application may
// have on behalf of a user: those of the user's own roles and those of roles in
// organizations, in one of them, or with "" in any. Applications of third parties
// get none by way of organizations, and nobody those of the management API.
func (tx *Tx) ScopesOfUserFor(app guestlist.Application, user guestlist.UserID, id guestlist.OrganizationID,
	resource guestlist.Resource,
) ([]guestlist.Scope, error) {
	if app.IsThirdParty || resource.ID == ManagementResourceID {
		return tx.ScopesOfUser(user, resource.ID)
	}
	return collect(tx, scanScope, "SELECT "+scopeColumns+` FROM scopes WHERE resource_id = $3 AND (id IN (
			SELECT rs.scope_id FROM user_roles ur JOIN role_scopes rs ON rs.role_id = ur.role_id WHERE ur.user_id = $2)
		OR id IN (
			SELECT rs.scope_id FROM organization_user_roles ur JOIN organization_role_resource_scopes rs ON rs.role_id = ur.role_id
			WHERE ur.user_id = $2 AND ($1 = '' OR ur.organization_id = $1)))
		ORDER BY name`, id, user, resource.ID)
}

// KnownOrganizationScopes returns which of these names are those of scopes of
// organizations.
func (tx *Tx) KnownOrganizationScopes(names []string) ([]string, error) {
	values := make([]any, len(names))
	for i, name := range names {
		values[i] = name
	}
	var known []string
	err := tx.rowsIn(func(sc scanner) error {
		name, err := scanText(sc)
		known = append(known, name)
		return err
	}, "SELECT name FROM organization_scopes WHERE name IN", values)
	return known, err
}
