package store

import (
	"guestlist"
)

const roleColumns = `roles.id, roles.name, roles.description, roles.type, roles.is_default`

func scanRole(sc scanner) (guestlist.Role, error) {
	r := guestlist.Role{TenantID: guestlist.TenantID}
	err := sc.Scan(&r.ID, &r.Name, &r.Description, &r.Type, &r.IsDefault)
	return r, err
}

// Role returns a role by id; ErrNotFound if unknown.
func (tx *Tx) Role(id guestlist.RoleID) (guestlist.Role, error) {
	return one(tx, scanRole, "SELECT "+roleColumns+" FROM roles WHERE id = $1", id)
}

// RoleByName returns a role by its exact name; ErrNotFound if unknown.
func (tx *Tx) RoleByName(name string) (guestlist.Role, error) {
	return one(tx, scanRole, "SELECT "+roleColumns+" FROM roles WHERE name = $1", name)
}

// DefaultRoles returns the roles that a new user or machine is given.
func (tx *Tx) DefaultRoles(t guestlist.RoleType) ([]guestlist.Role, error) {
	return collect(tx, scanRole, "SELECT "+roleColumns+" FROM roles WHERE is_default AND type = $1 ORDER BY created_at, id", t)
}

// RolesOfUser returns every role of a user in the order of their creation.
func (tx *Tx) RolesOfUser(id guestlist.UserID) ([]guestlist.Role, error) {
	return collect(tx, scanRole, "SELECT "+roleColumns+` FROM roles JOIN user_roles ON user_roles.role_id = roles.id
		WHERE user_roles.user_id = $1 ORDER BY roles.created_at, roles.id`, id)
}

// RolesOfApplication returns every role of a machine in the order of their
// creation.
func (tx *Tx) RolesOfApplication(id guestlist.ApplicationID) ([]guestlist.Role, error) {
	return collect(tx, scanRole, "SELECT "+roleColumns+` FROM roles
		JOIN application_roles ON application_roles.role_id = roles.id
		WHERE application_roles.application_id = $1 ORDER BY roles.created_at, roles.id`, id)
}

// InsertRole creates a role. A taken name gives role.name_in_use.
func (tx *Tx) InsertRole(r guestlist.Role) error {
	if err := tx.run("INSERT INTO roles (id, name, description, type, is_default, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
		r.ID, r.Name, r.Description, r.Type, r.IsDefault, tx.Now); err != nil {
		return err
	}
	return tx.touchConfig()
}

// UpdateRole writes name, description and the default mark of a role.
func (tx *Tx) UpdateRole(r guestlist.Role) error {
	if err := changed(tx.exec("UPDATE roles SET name = $2, description = $3, is_default = $4 WHERE id = $1",
		r.ID, r.Name, r.Description, r.IsDefault)); err != nil {
		return err
	}
	return tx.touchConfig()
}

// DeleteRole removes a role from everybody who has it.
func (tx *Tx) DeleteRole(id guestlist.RoleID) error {
	if err := changed(tx.exec("DELETE FROM roles WHERE id = $1", id)); err != nil {
		return err
	}
	return tx.touchConfig()
}

// AddUserRole gives a user a role. One that the user has already gives
// role.user_exists, an unknown user or role ErrForeignKey.
func (tx *Tx) AddUserRole(user guestlist.UserID, role guestlist.RoleID) error {
	return tx.run("INSERT INTO user_roles (user_id, role_id) VALUES ($1, $2)", user, role)
}

// RemoveUserRole takes a role from a user; ErrNotFound if the user lacks it.
func (tx *Tx) RemoveUserRole(user guestlist.UserID, role guestlist.RoleID) error {
	return changed(tx.exec("DELETE FROM user_roles WHERE user_id = $1 AND role_id = $2", user, role))
}

// AddApplicationRole gives a machine a role. One that it has already gives
// role.application_exists, an unknown machine or role ErrForeignKey.
func (tx *Tx) AddApplicationRole(app guestlist.ApplicationID, role guestlist.RoleID) error {
	if err := tx.run("INSERT INTO application_roles (application_id, role_id) VALUES ($1, $2)", app, role); err != nil {
		return err
	}
	return tx.touchConfig()
}

// RemoveApplicationRole takes a role from a machine; ErrNotFound if it lacks
// it.
func (tx *Tx) RemoveApplicationRole(app guestlist.ApplicationID, role guestlist.RoleID) error {
	if err := changed(tx.exec("DELETE FROM application_roles WHERE application_id = $1 AND role_id = $2", app, role)); err != nil {
		return err
	}
	return tx.touchConfig()
}

// ScopesOfRole returns the scopes of a role in the order of their names.
func (tx *Tx) ScopesOfRole(id guestlist.RoleID) ([]guestlist.Scope, error) {
	return collect(tx, scanScope, "SELECT "+scopeColumns+` FROM scopes JOIN role_scopes ON role_scopes.scope_id = scopes.id
		WHERE role_scopes.role_id = $1 ORDER BY scopes.name, scopes.id`, id)
}

// AddRoleScope puts a scope into a role. One that is there already gives
// role.scope_exists, an unknown role or scope ErrForeignKey.
func (tx *Tx) AddRoleScope(role guestlist.RoleID, scope guestlist.ScopeID) error {
	if err := tx.run("INSERT INTO role_scopes (role_id, scope_id) VALUES ($1, $2)", role, scope); err != nil {
		return err
	}
	return tx.touchConfig()
}

// RemoveRoleScope takes a scope out of a role; ErrNotFound if it is not there.
func (tx *Tx) RemoveRoleScope(role guestlist.RoleID, scope guestlist.ScopeID) error {
	if err := changed(tx.exec("DELETE FROM role_scopes WHERE role_id = $1 AND scope_id = $2", role, scope)); err != nil {
		return err
	}
	return tx.touchConfig()
}
