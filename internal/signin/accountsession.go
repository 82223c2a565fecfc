package signin

import (
	"context"
	"errors"
	"slices"

	"guestlist"
	"guestlist/internal/store"
)

// SignOutSession signs somebody out of another browser of theirs, and of all
// that was allowed there. One that is gone already is no error.
type SignOutSession struct{ ID guestlist.SessionID }

// SignOutOthers signs somebody out everywhere but here.
type SignOutOthers struct{}

// SessionsPerPage is how many sessions AccountSessions lists at once.
const SessionsPerPage = 20

// AccountSessions lists a page of the sessions of somebody who is signed in, the
// newest first, from page 1 on, and reports whether there are more.
func (d *Desk) AccountSessions(ctx context.Context, a *Account, page int) (list []guestlist.Session, more bool, err error) {
	err = d.Store.View(ctx, func(tx *store.Tx) error {
		list, err = tx.SessionsOfUser(a.User.ID, store.Page{Limit: SessionsPerPage + 1, Offset: (page - 1) * SessionsPerPage})
		return err
	})
	more = len(list) > SessionsPerPage
	return list[:min(len(list), SessionsPerPage)], more, err
}

func (SignOutSession) logKey() string { return "Account.Session.Delete" }

func (a SignOutSession) prepare(r *accountRun) error {
	if a.ID == r.session.ID {
		return errInvalidInput // that is signing out, which the provider does
	}
	return nil
}

func (a SignOutSession) apply(tx *store.Tx, r *accountRun) error {
	s, err := tx.Session(a.ID)
	if errors.Is(err, store.ErrNotFound) || err == nil && s.UserID != r.user.ID {
		return nil
	}
	if err != nil {
		return err
	}
	for _, c := range s.Clients { // those with offline_access too: the device may be lost
		if err := tx.RevokeGrant(c.GrantID); err != nil {
			return err
		}
	}
	return EndSession(tx, s)
}

func (SignOutOthers) logKey() string { return "Account.Session.DeleteOthers" }

func (SignOutOthers) prepare(*accountRun) error { return nil }

func (SignOutOthers) apply(tx *store.Tx, r *accountRun) error { return r.endOthers(tx) }

// sessionsAtOnce is how many sessions are ended before the next are read.
const sessionsAtOnce = 100

// endOthers ends every other session of the user, and revokes what was allowed
// in any but this one, whether its session lives or not.
func (r *accountRun) endOthers(tx *store.Tx) error {
	for ended := -1; ended != 0; {
		list, err := tx.SessionsOfUser(r.user.ID, store.Page{Limit: sessionsAtOnce})
		if err != nil {
			return err
		}
		ended = 0
		for _, s := range list {
			if s.ID == r.session.ID {
				continue
			}
			if err := EndSession(tx, s); err != nil {
				return err
			}
			ended++
		}
	}
	grants, err := tx.GrantsOfUser(r.user.ID, store.Page{})
	if err != nil {
		return err
	}
	for _, g := range grants {
		mine := slices.ContainsFunc(r.session.Clients, func(c guestlist.SessionApplication) bool { return c.GrantID == g.ID })
		if mine {
			continue
		}
		if err := tx.RevokeGrant(g.ID); err != nil {
			return err
		}
	}
	return nil
}
