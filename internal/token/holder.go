package token

import (
	"context"

	"guestlist/internal/store"
)

// AccountHolder returns the user who an opaque access token of an application of
// the house stands for, so that its bearer may look after their account. A token
// of somebody else's application is ErrInsufficientScope: nobody consents to
// that. Everything else that is wrong is ErrInvalidToken.
func (m *Mint) AccountHolder(ctx context.Context, bearer string) (Subject, error) {
	var who Subject
	err := m.Store.View(ctx, func(tx *store.Tx) error {
		row, data, err := personal(tx, bearer)
		if err != nil {
			return err
		}
		third, err := isThirdParty(tx, row.ClientID)
		if err != nil {
			return err
		}
		if third {
			return ErrInsufficientScope
		}
		if _, ok, err := readPerson(tx, row.UserID, data.Scopes); err != nil || !ok {
			return orInvalid(err)
		}
		who = Subject{ClientID: row.ClientID, UserID: row.UserID, Scopes: data.Scopes}
		return nil
	})
	return who, err
}

// orInvalid is ErrInvalidToken where nothing worse happened.
func orInvalid(err error) error {
	if err == nil {
		return ErrInvalidToken
	}
	return err
}
