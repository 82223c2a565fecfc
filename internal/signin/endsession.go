package signin

import (
	"context"
	"encoding/json"
	"errors"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
)

// EndSession ends a session: it is gone, with it everything that it allowed
// but what was asked for with offline_access, and each of its applications
// that wants to know is told by a job (Back-Channel Logout §2.5). It returns
// the applications; a session that is gone already has none.
func (d *Desk) EndSession(ctx context.Context, id guestlist.SessionID) ([]guestlist.SessionApplication, error) {
	var clients []guestlist.SessionApplication
	err := d.Store.Update(ctx, func(tx *store.Tx) error {
		s, err := tx.Session(id)
		if errors.Is(err, store.ErrNotFound) {
			clients = nil
			return nil
		}
		if err != nil {
			return err
		}
		clients = s.Clients
		return EndSession(tx, s)
	})
	return clients, err
}

// EndSession is Desk.EndSession as part of a transaction, for a session with
// its Clients read in it.
func EndSession(tx *store.Tx, s guestlist.Session) error {
	for _, c := range s.Clients {
		if err := LeaveApplication(tx, s, c); err != nil {
			return err
		}
	}
	return tx.DeleteSession(s.ID)
}

// LeaveApplication signs a session out of one of its applications. The grant
// ends with it unless it was asked for with offline_access, which means just
// that (OpenID Connect Core §11).
func LeaveApplication(tx *store.Tx, s guestlist.Session, c guestlist.SessionApplication) error {
	if !c.PersistsLogout {
		if err := tx.RevokeGrant(c.GrantID); err != nil {
			return err
		}
	}
	if err := tx.DeleteSessionApplication(s.ID, c.ApplicationID); err != nil {
		return err
	}
	app, err := tx.Application(c.ApplicationID)
	if errors.Is(err, store.ErrNotFound) { // built in, or deleted meanwhile
		return nil
	}
	if err != nil || app.OIDCClientMetadata.BackchannelLogoutURI == "" {
		return err
	}
	payload, err := json.Marshal(guestlist.BackchannelLogout{
		ID: crypt.ID(), ClientID: c.ApplicationID, UserID: s.UserID, SID: c.SID,
	})
	if err != nil {
		return err
	}
	return tx.Enqueue(guestlist.Job{
		Kind: guestlist.JobBackchannelLogout, Lane: string(c.ApplicationID), Payload: payload,
	})
}
