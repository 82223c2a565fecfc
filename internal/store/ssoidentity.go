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
