package store

import (
	"encoding/json"

	"guestlist"
)

// SSOIdentitiesOfUser returns the enterprise identities of a user, the oldest
// first.
func (tx *Tx) SSOIdentitiesOfUser(id guestlist.UserID) ([]guestlist.SSOIdentity, error) {
	return collect(tx, func(sc scanner) (guestlist.SSOIdentity, error) {
		s := guestlist.SSOIdentity{UserID: id}
		var detail *string
		err := sc.Scan(&s.ID, &s.SSOConnectorID, &s.Issuer, &s.IdentityID, &detail, &s.CreatedAt)
		s.Detail = json.RawMessage("{}")
		if detail != nil {
			s.Detail = json.RawMessage(*detail)
		}
		return s, err
	}, `SELECT id, sso_connector_id, issuer, identity_id, detail, created_at FROM sso_identities
		WHERE user_id = $1 ORDER BY created_at, id`, id)
}

// UserBySSOIdentity returns the user of an enterprise identity, and the
// connector that it was linked through; ErrNotFound if nobody has it.
func (tx *Tx) UserBySSOIdentity(issuer, subject string) (guestlist.User, guestlist.ConnectorID, error) {
	var id guestlist.UserID
	var through guestlist.ConnectorID
	if err := tx.row("SELECT user_id, sso_connector_id FROM sso_identities WHERE issuer = $1 AND identity_id = $2",
		[]any{issuer, subject}, &id, &through); err != nil {
		return guestlist.User{}, "", err
	}
	u, err := tx.User(id)
	return u, through, err
}

// LinkSSOIdentity gives a user an enterprise identity, as a holder of the
// account. One that belongs to somebody gives user.identity_already_in_use and
// moves nowhere.
func (tx *Tx) LinkSSOIdentity(s guestlist.SSOIdentity) error {
	return tx.linkSSOIdentity(s, true)
}

// PutSSOIdentity is LinkSSOIdentity for an administrator: the first proof of an
// address leaves it.
func (tx *Tx) PutSSOIdentity(s guestlist.SSOIdentity) error {
	return tx.linkSSOIdentity(s, false)
}

func (tx *Tx) linkSSOIdentity(s guestlist.SSOIdentity, own bool) error {
	return tx.run(`INSERT INTO sso_identities (id, user_id, sso_connector_id, issuer, identity_id, detail, is_own, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		s.ID, s.UserID, s.SSOConnectorID, s.Issuer, s.IdentityID, string(s.Detail), own, tx.Now)
}

// DeleteSSOIdentities unlinks what a user has of an enterprise connector, and
// returns how many identities that were.
func (tx *Tx) DeleteSSOIdentities(user guestlist.UserID, connector string) (int, error) {
	n, err := tx.exec("DELETE FROM sso_identities WHERE user_id = $1 AND sso_connector_id = $2", user, connector)
	return int(n), err
}
