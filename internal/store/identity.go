package store

import (
	"encoding/json"
	"errors"

	"guestlist"
)

// errIdentityInUse says that a social identity belongs to somebody else. The
// unique index says so too; but for it, an identity that was written without
// an issuer is another one.
var errIdentityInUse error = guestlist.Refuse(guestlist.KindUnprocessable, "user.identity_already_in_use")

// putIdentities writes social identities; one that belongs to somebody else is
// refused.
func (tx *Tx) putIdentities(id guestlist.UserID, identities map[string]guestlist.Identity) error {
	for target, identity := range identities {
		if err := tx.PutIdentity(id, target, "", identity); err != nil {
			return err
		}
	}
	return nil
}

// PutIdentity links a social identity as an administrator does, replacing the
// user's former one of the same target. One that belongs to somebody else
// gives user.identity_already_in_use and moves nowhere.
func (tx *Tx) PutIdentity(id guestlist.UserID, target, issuer string, identity guestlist.Identity) error {
	return tx.putIdentity(id, target, issuer, identity, false)
}

// LinkIdentity is PutIdentity for a holder of the account: what is linked so
// goes when an address of the account is proved for the first time.
func (tx *Tx) LinkIdentity(id guestlist.UserID, target, issuer string, identity guestlist.Identity) error {
	return tx.putIdentity(id, target, issuer, identity, true)
}

const otherHolder = `SELECT 1 FROM user_identities WHERE target = $1 AND identity_id = $2 AND user_id <> $3
	AND (issuer = $4 OR issuer = '' OR $4 = '') LIMIT 1`

func (tx *Tx) putIdentity(id guestlist.UserID, target, issuer string, identity guestlist.Identity, own bool) error {
	var other int
	err := tx.row(otherHolder, []any{target, identity.UserID, id, issuer}, &other)
	switch {
	case err == nil:
		return errIdentityInUse
	case !errors.Is(err, ErrNotFound):
		return err
	}
	var details *string
	if len(identity.Details) > 0 {
		text := string(identity.Details)
		details = &text
	}
	return tx.run(`INSERT INTO user_identities (user_id, target, issuer, identity_id, details, is_own, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (user_id, target) DO UPDATE
		SET issuer = excluded.issuer, identity_id = excluded.identity_id, details = excluded.details, is_own = excluded.is_own`,
		id, target, issuer, identity.UserID, details, own, tx.Now)
}

// UserByIdentity returns the user of a social identity; ErrNotFound if nobody
// has it. One that an administrator wrote has no issuer, since the wire has
// none: it is found where no user has it with the issuer.
func (tx *Tx) UserByIdentity(target, issuer, subject string) (guestlist.User, error) {
	var id guestlist.UserID
	if err := tx.row(holderOf, []any{target, subject, issuer}, &id); err != nil {
		return guestlist.User{}, err
	}
	return tx.User(id)
}

const holderOf = `SELECT user_id FROM user_identities WHERE target = $1 AND identity_id = $2 AND issuer IN ($3, '')
	ORDER BY issuer DESC LIMIT 1`

// PinIdentity notes the issuer of a social identity that has none: from its
// first use on it is that issuer's.
func (tx *Tx) PinIdentity(id guestlist.UserID, target, issuer, subject string) error {
	if issuer == "" {
		return nil
	}
	return tx.run(`UPDATE user_identities SET issuer = $3 WHERE user_id = $1 AND target = $2 AND issuer = '' AND identity_id = $4`,
		id, target, issuer, subject)
}

// IdentitiesOfUser returns the social identities of a user, by target.
func (tx *Tx) IdentitiesOfUser(id guestlist.UserID) (map[string]guestlist.Identity, error) {
	list := []guestlist.User{{ID: id, Identities: map[string]guestlist.Identity{}}}
	err := tx.fillIdentities(list)
	return list[0].Identities, err
}

// DeleteIdentity unlinks a social identity; ErrNotFound if there is none.
func (tx *Tx) DeleteIdentity(id guestlist.UserID, target string) error {
	return changed(tx.exec("DELETE FROM user_identities WHERE user_id = $1 AND target = $2", id, target))
}

// fillIdentities adds the social identities to a page of users.
func (tx *Tx) fillIdentities(users []guestlist.User) error {
	if len(users) == 0 {
		return nil
	}
	byID := make(map[guestlist.UserID]*guestlist.User, len(users))
	ids := make([]any, len(users))
	for i := range users {
		byID[users[i].ID] = &users[i]
		ids[i] = users[i].ID
	}
	return tx.rows(func(sc scanner) error {
		var id guestlist.UserID
		var target string
		var identity guestlist.Identity
		var details *string
		if err := sc.Scan(&id, &target, &identity.UserID, &details); err != nil {
			return err
		}
		if details != nil {
			identity.Details = json.RawMessage(*details)
		}
		byID[id].Identities[target] = identity
		return nil
	}, "SELECT user_id, target, identity_id, details FROM user_identities WHERE user_id IN ("+
		placeholders(1, len(ids))+")", ids...)
}
