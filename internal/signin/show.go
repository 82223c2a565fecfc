package signin

import (
	"context"

	"guestlist"
	"guestlist/internal/store"
)

// What pages show is read here, so that the door for guests needs no store.

// Experience returns the sign-in experience in force. The value is shared and
// must not be changed.
func (d *Desk) Experience(ctx context.Context) (guestlist.SignInExperience, error) {
	return store.Cached(ctx, d.Store, "signin/experience", func(tx *store.Tx) (guestlist.SignInExperience, error) {
		return tx.SignInExperience()
	})
}

// Application returns an application by its client id; entity.not_found if
// there is none. The value is shared and must not be changed.
func (d *Desk) Application(ctx context.Context, id guestlist.ApplicationID) (guestlist.Application, error) {
	return store.Cached(ctx, d.Store, "signin/application/"+string(id), func(tx *store.Tx) (guestlist.Application, error) {
		return tx.Application(id)
	})
}

// User returns a user, for pages that say who is signed in.
func (d *Desk) User(ctx context.Context, id guestlist.UserID) (u guestlist.User, err error) {
	err = d.Store.View(ctx, func(tx *store.Tx) error {
		u, err = tx.User(id)
		return err
	})
	return u, err
}
