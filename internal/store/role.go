package store

import (
	"fmt"

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

// RoleFilter says which roles a list has. The zero value means all but those
// that are internal.
type RoleFilter struct {
	Search             guestlist.Search
	Type               guestlist.RoleType      // empty: both
	OfUser             guestlist.UserID        // only roles that the user has
	OfApplication      guestlist.ApplicationID // only roles that the machine has
	ExcludeUser        guestlist.UserID        // only roles that the user lacks
	ExcludeApplication guestlist.ApplicationID // only roles that the machine lacks
}

// Roles returns the roles that pass a filter in the order of their creation,
// and how many there are in all. Internal roles are in no list.
func (tx *Tx) Roles(f RoleFilter, p Page) ([]guestlist.Role, int, error) {
	match, args, err := tx.search(f.Search, tx.columnsOf("roles", "id", "name", "description"), 1)
	if err != nil {
		return nil, 0, err
	}
	where := "roles WHERE roles.name NOT LIKE '" + guestlist.InternalRolePrefix + "%' AND " + match
	and := func(condition string, arg any) {
		args = append(args, arg)
		where += fmt.Sprintf(" AND "+condition, len(args))
	}
	if f.Type != "" {
		and("roles.type = $%d", f.Type)
	}
	if f.OfUser != "" {
		and("roles.id IN (SELECT role_id FROM user_roles WHERE user_id = $%d)", f.OfUser)
	}
	if f.OfApplication != "" {
		and("roles.id IN (SELECT role_id FROM application_roles WHERE application_id = $%d)", f.OfApplication)
	}
	if f.ExcludeUser != "" {
		and("roles.id NOT IN (SELECT role_id FROM user_roles WHERE user_id = $%d)", f.ExcludeUser)
	}
	if f.ExcludeApplication != "" {
		and("roles.id NOT IN (SELECT role_id FROM application_roles WHERE application_id = $%d)", f.ExcludeApplication)
	}
	return page(tx, scanRole, roleColumns, where, "roles.created_at, roles.id", args, p)
}

// FeaturedUser is a user as a list of roles shows it.
type FeaturedUser struct {
	ID     guestlist.UserID `json:"id"`
	Avatar *string          `json:"avatar"`
	Name   *string          `json:"name"`
}

// FeaturedApplication is an application as a list of roles shows it.
type FeaturedApplication struct {
	ID   guestlist.ApplicationID   `json:"id"`
	Name string                    `json:"name"`
	Type guestlist.ApplicationType `json:"type"`
}

// RoleUsage says how many have a role, and names a few of them.
type RoleUsage struct {
	UsersCount           int                   `json:"usersCount"`
	FeaturedUsers        []FeaturedUser        `json:"featuredUsers"`
	ApplicationsCount    int                   `json:"applicationsCount"`
	FeaturedApplications []FeaturedApplication `json:"featuredApplications"`
}

// maxFeatured is how many users and applications a RoleUsage names.
const maxFeatured = 3

// RoleUsage counts who has a role.
func (tx *Tx) RoleUsage(id guestlist.RoleID) (RoleUsage, error) {
	var u RoleUsage
	var err error
	if u.UsersCount, err = tx.count(talliesRole + string(id)); err != nil {
		return u, err
	}
	if u.FeaturedUsers, err = collect(tx, func(sc scanner) (FeaturedUser, error) {
		var f FeaturedUser
		err := sc.Scan(&f.ID, &f.Avatar, &f.Name)
		return f, err
	}, `SELECT users.id, users.avatar, users.name FROM user_roles JOIN users ON users.id = user_roles.user_id
		WHERE user_roles.role_id = $1 ORDER BY user_roles.user_created_at, user_roles.user_id LIMIT $2`, id, maxFeatured); err != nil {
		return u, err
	}
	u.FeaturedApplications, u.ApplicationsCount, err = page(tx, func(sc scanner) (FeaturedApplication, error) {
		var f FeaturedApplication
		err := sc.Scan(&f.ID, &f.Name, &f.Type)
		return f, err
	}, "applications.id, applications.name, applications.type",
		"application_roles JOIN applications ON applications.id = application_roles.application_id WHERE application_roles.role_id = $1",
		"application_roles.application_id", []any{id}, Page{Limit: maxFeatured})
	return u, err
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
	delete(tx.tallies, talliesRole+string(id))
	if err := tx.run("DELETE FROM tallies WHERE name = $1", talliesRole+string(id)); err != nil {
		return err
	}
	return tx.touchConfig()
}

// AddUserRole gives a user a role. One that the user has already gives
// role.user_exists, an unknown user or role ErrForeignKey.
func (tx *Tx) AddUserRole(user guestlist.UserID, role guestlist.RoleID) error {
	if err := tx.run(insertUserRole, user, role); err != nil {
		return err
	}
	tx.tallyRole(role, 1)
	return nil
}

// RemoveUserRole takes a role from a user; ErrNotFound if the user lacks it.
func (tx *Tx) RemoveUserRole(user guestlist.UserID, role guestlist.RoleID) error {
	if err := changed(tx.exec("DELETE FROM user_roles WHERE user_id = $1 AND role_id = $2", user, role)); err != nil {
		return err
	}
	tx.tallyRole(role, -1)
	return nil
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
