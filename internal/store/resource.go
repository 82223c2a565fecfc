package store

import (
	"guestlist"
)

const resourceColumns = `id, name, indicator, is_default, access_token_ttl`

func scanResource(sc scanner) (guestlist.Resource, error) {
	r := guestlist.Resource{TenantID: guestlist.TenantID}
	err := sc.Scan(&r.ID, &r.Name, &r.Indicator, &r.IsDefault, &r.AccessTokenTTL)
	return r, err
}

const scopeColumns = `scopes.id, scopes.resource_id, scopes.name, scopes.description, scopes.created_at`

func scanScope(sc scanner) (guestlist.Scope, error) {
	s := guestlist.Scope{TenantID: guestlist.TenantID}
	err := sc.Scan(&s.ID, &s.ResourceID, &s.Name, &s.Description, &s.CreatedAt)
	return s, err
}

// Resource returns an API resource by id; ErrNotFound if unknown.
func (tx *Tx) Resource(id guestlist.ResourceID) (guestlist.Resource, error) {
	return one(tx, scanResource, "SELECT "+resourceColumns+" FROM resources WHERE id = $1", id)
}

// ResourceByIndicator returns the API resource that an indicator names
// (RFC 8707 §2); ErrNotFound if none does.
func (tx *Tx) ResourceByIndicator(indicator string) (guestlist.Resource, error) {
	return one(tx, scanResource, "SELECT "+resourceColumns+" FROM resources WHERE indicator = $1", indicator)
}

// DefaultResource returns the API resource that is meant when a request names
// none; ErrNotFound if no resource is the default.
func (tx *Tx) DefaultResource() (guestlist.Resource, error) {
	return one(tx, scanResource, "SELECT "+resourceColumns+" FROM resources WHERE is_default")
}

// Resources returns API resources in the order of their creation, and how many
// there are in all.
func (tx *Tx) Resources(p Page) ([]guestlist.Resource, int, error) {
	return page(tx, scanResource, resourceColumns, "resources", "created_at, id", nil, p)
}

// InsertResource creates an API resource. A taken indicator gives
// resource.resource_identifier_in_use.
func (tx *Tx) InsertResource(r guestlist.Resource) error {
	if err := tx.run(`INSERT INTO resources (id, name, indicator, is_default, access_token_ttl, created_at)
		VALUES ($1, $2, $3, $4, $5, $6)`, r.ID, r.Name, r.Indicator, r.IsDefault, r.AccessTokenTTL, tx.Now); err != nil {
		return err
	}
	return tx.touchConfig()
}

// UpdateResource writes name and lifetime of an API resource.
func (tx *Tx) UpdateResource(r guestlist.Resource) error {
	if err := changed(tx.exec("UPDATE resources SET name = $2, access_token_ttl = $3 WHERE id = $1",
		r.ID, r.Name, r.AccessTokenTTL)); err != nil {
		return err
	}
	return tx.touchConfig()
}

// SetDefaultResource makes a resource the only default one, or takes that from
// it.
func (tx *Tx) SetDefaultResource(id guestlist.ResourceID, isDefault bool) error {
	if isDefault {
		if err := tx.run("UPDATE resources SET is_default = FALSE WHERE is_default AND id <> $1", id); err != nil {
			return err
		}
	}
	if err := changed(tx.exec("UPDATE resources SET is_default = $2 WHERE id = $1", id, isDefault)); err != nil {
		return err
	}
	return tx.touchConfig()
}

// DeleteResource removes an API resource with its scopes.
func (tx *Tx) DeleteResource(id guestlist.ResourceID) error {
	if err := changed(tx.exec("DELETE FROM resources WHERE id = $1", id)); err != nil {
		return err
	}
	return tx.touchConfig()
}

// Scope returns a scope by id; ErrNotFound if unknown.
func (tx *Tx) Scope(id guestlist.ScopeID) (guestlist.Scope, error) {
	return one(tx, scanScope, "SELECT "+scopeColumns+" FROM scopes WHERE id = $1", id)
}

// Scopes returns the scopes of an API resource that match a search, in the
// order of their creation, and how many there are in all.
func (tx *Tx) Scopes(id guestlist.ResourceID, s guestlist.Search, p Page) ([]guestlist.Scope, int, error) {
	return tx.scopesWhere("scopes.resource_id = $1", id, s, p)
}

// ScopesOfRoleMatching is Scopes for those of a role.
func (tx *Tx) ScopesOfRoleMatching(id guestlist.RoleID, s guestlist.Search, p Page) ([]guestlist.Scope, int, error) {
	return tx.scopesWhere("scopes.id IN (SELECT scope_id FROM role_scopes WHERE role_id = $1)", id, s, p)
}

func (tx *Tx) scopesWhere(condition string, arg any, s guestlist.Search, p Page) ([]guestlist.Scope, int, error) {
	match, more, err := tx.search(s, tx.columnsOf("scopes", "id", "name", "description"), 2)
	if err != nil {
		return nil, 0, err
	}
	return page(tx, scanScope, scopeColumns, "scopes WHERE "+condition+" AND "+match,
		"scopes.created_at, scopes.id", append([]any{arg}, more...), p)
}

// ScopesOfResource returns every scope of an API resource, in the order of
// their names.
func (tx *Tx) ScopesOfResource(id guestlist.ResourceID) ([]guestlist.Scope, error) {
	return collect(tx, scanScope, "SELECT "+scopeColumns+" FROM scopes WHERE resource_id = $1 ORDER BY name", id)
}

// ScopesOfUser returns the scopes of an API resource that a user has through
// roles.
func (tx *Tx) ScopesOfUser(user guestlist.UserID, resource guestlist.ResourceID) ([]guestlist.Scope, error) {
	return collect(tx, scanScope, "SELECT "+scopeColumns+` FROM scopes WHERE resource_id = $2 AND id IN (
			SELECT rs.scope_id FROM user_roles ur JOIN role_scopes rs ON rs.role_id = ur.role_id WHERE ur.user_id = $1)
		ORDER BY name`, user, resource)
}

// ScopesOfApplication returns the scopes of an API resource that a machine has
// through roles.
func (tx *Tx) ScopesOfApplication(app guestlist.ApplicationID, resource guestlist.ResourceID) ([]guestlist.Scope, error) {
	return collect(tx, scanScope, "SELECT "+scopeColumns+` FROM scopes WHERE resource_id = $2 AND id IN (
			SELECT rs.scope_id FROM application_roles ar JOIN role_scopes rs ON rs.role_id = ar.role_id
			WHERE ar.application_id = $1)
		ORDER BY name`, app, resource)
}

// InsertScope creates a scope. A name that the resource has already gives
// scope.name_exists, an unknown resource ErrForeignKey.
func (tx *Tx) InsertScope(s guestlist.Scope) error {
	if err := tx.run("INSERT INTO scopes (id, resource_id, name, description, created_at) VALUES ($1, $2, $3, $4, $5)",
		s.ID, s.ResourceID, s.Name, s.Description, s.CreatedAt); err != nil {
		return err
	}
	return tx.touchConfig()
}

// UpdateScope writes name and description of a scope.
func (tx *Tx) UpdateScope(s guestlist.Scope) error {
	if err := changed(tx.exec("UPDATE scopes SET name = $2, description = $3 WHERE id = $1", s.ID, s.Name, s.Description)); err != nil {
		return err
	}
	return tx.touchConfig()
}

// DeleteScope removes a scope and takes it from every role.
func (tx *Tx) DeleteScope(id guestlist.ScopeID) error {
	if err := changed(tx.exec("DELETE FROM scopes WHERE id = $1", id)); err != nil {
		return err
	}
	return tx.touchConfig()
}
