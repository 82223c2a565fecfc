package store

import "guestlist"

// ApplicationUserScopes returns the OIDC scopes that a third-party application
// may ask of people, in the order of their names.
func (tx *Tx) ApplicationUserScopes(id guestlist.ApplicationID) ([]string, error) {
	return collect(tx, func(sc scanner) (string, error) {
		var s string
		return s, sc.Scan(&s)
	}, "SELECT scope FROM application_user_scopes WHERE application_id = $1 ORDER BY scope", id)
}

// ApplicationConsentScopes returns the scopes of API resources that a
// third-party application may ask of people, those of one resource together.
func (tx *Tx) ApplicationConsentScopes(id guestlist.ApplicationID) ([]guestlist.Scope, error) {
	return collect(tx, scanScope, "SELECT "+scopeColumns+` FROM scopes
		JOIN application_resource_scopes a ON a.scope_id = scopes.id
		WHERE a.application_id = $1 ORDER BY scopes.resource_id, scopes.name`, id)
}

// ConsentResourceScopes returns the scopes of a resource that a third-party
// client may ask its users for.
func (tx *Tx) ConsentResourceScopes(id guestlist.ApplicationID, resource guestlist.ResourceID) ([]guestlist.Scope, error) {
	return collect(tx, scanScope, "SELECT "+scopeColumns+` FROM scopes
		WHERE resource_id = $2 AND id IN (SELECT scope_id FROM application_resource_scopes WHERE application_id = $1)
		ORDER BY name`, id, resource)
}

// AddApplicationConsent lets a third-party application ask for more. What it
// may ask for already stays.
func (tx *Tx) AddApplicationConsent(id guestlist.ApplicationID, userScopes []string, scopes []guestlist.ScopeID) error {
	for _, s := range userScopes {
		if err := tx.run(`INSERT INTO application_user_scopes (application_id, scope) VALUES ($1, $2)
			ON CONFLICT (application_id, scope) DO NOTHING`, id, s); err != nil {
			return err
		}
	}
	for _, s := range scopes {
		if err := tx.run(`INSERT INTO application_resource_scopes (application_id, scope_id) VALUES ($1, $2)
			ON CONFLICT (application_id, scope_id) DO NOTHING`, id, s); err != nil {
			return err
		}
	}
	return tx.touchConfig()
}

// RemoveApplicationUserScope takes an OIDC scope from what a third-party
// application may ask for; ErrNotFound if it could not.
func (tx *Tx) RemoveApplicationUserScope(id guestlist.ApplicationID, scope string) error {
	if err := changed(tx.exec("DELETE FROM application_user_scopes WHERE application_id = $1 AND scope = $2", id, scope)); err != nil {
		return err
	}
	return tx.touchConfig()
}

// RemoveApplicationConsentScope is RemoveApplicationUserScope for a scope of an
// API resource.
func (tx *Tx) RemoveApplicationConsentScope(id guestlist.ApplicationID, scope guestlist.ScopeID) error {
	if err := changed(tx.exec("DELETE FROM application_resource_scopes WHERE application_id = $1 AND scope_id = $2", id, scope)); err != nil {
		return err
	}
	return tx.touchConfig()
}
