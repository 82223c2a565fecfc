package store

import (
	"errors"

	"guestlist"
)

const grantColumns = `id, user_id, application_id, session_id, scopes, resource_scopes, created_at, expires_at, revoked_at`

func scanGrant(sc scanner) (guestlist.Grant, error) {
	var g guestlist.Grant
	var scopes, resourceScopes string
	if err := sc.Scan(&g.ID, &g.UserID, &g.ApplicationID, &g.SessionID, &scopes, &resourceScopes,
		&g.CreatedAt, &g.ExpiresAt, &g.RevokedAt); err != nil {
		return g, err
	}
	return g, errors.Join(fromJSON(scopes, &g.Scopes), fromJSON(resourceScopes, &g.ResourceScopes))
}

// InsertGrant writes down what a user allowed; all members are the caller's.
func (tx *Tx) InsertGrant(g guestlist.Grant) error {
	scopes, resourceScopes, err := grantTexts(g)
	if err != nil {
		return err
	}
	return tx.run(`INSERT INTO grants (id, user_id, application_id, session_id, scopes, resource_scopes, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		g.ID, g.UserID, g.ApplicationID, g.SessionID, scopes, resourceScopes, g.CreatedAt, g.ExpiresAt)
}

// UpdateGrant writes the scopes and the expiry of a grant that is not revoked;
// ErrNotFound otherwise.
func (tx *Tx) UpdateGrant(g guestlist.Grant) error {
	scopes, resourceScopes, err := grantTexts(g)
	if err != nil {
		return err
	}
	return changed(tx.exec(`UPDATE grants SET scopes = $2, resource_scopes = $3, expires_at = $4
		WHERE id = $1 AND revoked_at IS NULL`, g.ID, scopes, resourceScopes, g.ExpiresAt))
}

func grantTexts(g guestlist.Grant) (scopes, resourceScopes string, err error) {
	if g.Scopes == nil {
		g.Scopes = []string{}
	}
	if g.ResourceScopes == nil {
		g.ResourceScopes = map[string][]string{}
	}
	if scopes, err = jsonText(g.Scopes); err != nil {
		return "", "", err
	}
	resourceScopes, err = jsonText(g.ResourceScopes)
	return scopes, resourceScopes, err
}

// Grant returns a grant that is neither revoked nor expired; ErrNotFound
// otherwise.
func (tx *Tx) Grant(id guestlist.GrantID) (guestlist.Grant, error) {
	return one(tx, scanGrant, "SELECT "+grantColumns+` FROM grants
		WHERE id = $1 AND revoked_at IS NULL AND expires_at > $2`, id, tx.Now)
}

// GrantsOfUser lists a user's live grants, the newest first.
func (tx *Tx) GrantsOfUser(id guestlist.UserID, p Page) ([]guestlist.Grant, error) {
	limit, args := p.sql(3)
	return collect(tx, scanGrant, "SELECT "+grantColumns+` FROM grants
		WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2
		ORDER BY created_at DESC, id`+limit, append([]any{id, tx.Now}, args...)...)
}

// HoldGrant makes sure that a grant lives until at least expires and reports
// whether it is still good. It also makes a revocation wait for the end of
// this transaction, and this one for a revocation: without it, tokens issued
// while the grant is being revoked could outlive it. Call it first in every
// transaction that issues tokens of a grant.
func (tx *Tx) HoldGrant(id guestlist.GrantID, expires guestlist.Time) (bool, error) {
	n, err := tx.exec(`UPDATE grants SET expires_at = CASE WHEN expires_at < $2 THEN $2 ELSE expires_at END
		WHERE id = $1 AND revoked_at IS NULL AND expires_at > $3`, id, expires, tx.Now)
	return n == 1, err
}

// RevokeGrant ends a grant with every code and token that came of it. Revoking
// twice is no error.
func (tx *Tx) RevokeGrant(id guestlist.GrantID) error {
	if err := tx.run("UPDATE grants SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL", id, tx.Now); err != nil {
		return err
	}
	return tx.run("DELETE FROM tokens WHERE grant_id = $1", id)
}

// RevokeApplication ends every grant that users gave to an application.
func (tx *Tx) RevokeApplication(id guestlist.ApplicationID) error {
	if err := tx.run("UPDATE grants SET revoked_at = $2 WHERE application_id = $1 AND revoked_at IS NULL", id, tx.Now); err != nil {
		return err
	}
	return tx.run("DELETE FROM tokens WHERE grant_id IN (SELECT id FROM grants WHERE application_id = $1)", id)
}

// RevokeUser ends everything that lets a user in: sessions, codes, tokens and
// grants.
func (tx *Tx) RevokeUser(id guestlist.UserID) error {
	if err := tx.run("UPDATE grants SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL", id, tx.Now); err != nil {
		return err
	}
	// After the grants: whoever was issuing tokens of one has now finished.
	if err := tx.run("DELETE FROM tokens WHERE user_id = $1", id); err != nil {
		return err
	}
	return tx.run("DELETE FROM sessions WHERE user_id = $1", id)
}
