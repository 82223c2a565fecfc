package signin

import (
	"context"
	"errors"
	"time"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
)

// ErrUnfinished says that an interaction was resumed before it was finished:
// the guest has still something to do on the hosted pages.
var ErrUnfinished error = guestlist.Refuse(guestlist.KindInvalid, "oidc.interaction_required")

// Resumed is what Resume gives to the OpenID provider.
type Resumed struct {
	Request guestlist.AuthRequest
	// OneTimeToken is the token of the request, which consent has to look at;
	// empty once this interaction redeemed it.
	OneTimeToken string
	Session      guestlist.Session // the session to go on with
	// NewCookie is the value of the session cookie to set; empty when the
	// browser keeps the one it has.
	NewCookie string
	// Ended is the session that this one replaced, already ended with what it
	// allowed; nil when none was.
	Ended        *guestlist.Session
	InvitationID guestlist.InvitationID // that was accepted
	GrantID      guestlist.GrantID      // what was consented to in a consent interaction
	Denied       bool                   // the guest refused consent: access_denied
}

// Resume consumes a finished interaction, once, and signs the browser in: the
// same user's session is renewed under a new cookie, another user's session is
// ended and replaced. Errors: session.not_found for an unknown, lapsed or
// consumed interaction, ErrUnfinished for one that is not finished, and
// user.suspended.
func (d *Desk) Resume(ctx context.Context, uid, cookie string, from Caller) (Resumed, error) {
	var res Resumed
	err := d.Store.Update(ctx, func(tx *store.Tx) error {
		i, err := d.load(tx, uid)
		if err != nil {
			return err
		}
		if i.Done == nil {
			res.Request, res.OneTimeToken = i.Request, i.OneTimeToken
			return ErrUnfinished
		}
		won, err := tx.DeleteInteraction(i.ID, i.version)
		if err == nil && !won {
			err = errNoSession
		}
		if err != nil {
			return err
		}
		if res, err = d.resume(tx, i, cookie); err != nil {
			return err
		}
		entry := i.logEntry("Interaction.End", from)
		entry.UserID = i.Done.UserID
		return tx.Log(entry)
	})
	return res, err
}

func (d *Desk) resume(tx *store.Tx, i *Interaction, cookie string) (Resumed, error) {
	res := Resumed{
		Request: i.Request, OneTimeToken: i.OneTimeToken, GrantID: i.Done.GrantID, Denied: i.Done.Denied,
		InvitationID: i.Done.InvitationID,
	}
	if i.Done.OneTimeTokenID != "" || i.Done.InvitationID != "" {
		res.OneTimeToken = ""
	}
	old, err := sessionOf(tx, cookie)
	if err != nil {
		return res, err
	}
	if i.Done.SignedInAt == 0 { // only consent was asked
		if old == nil || old.UserID != i.Done.UserID {
			return res, errNoSession
		}
		res.Session = *old
		return res, nil
	}
	// Locked, so that whoever ends all sessions of the user meanwhile finds this
	// one, or is seen.
	u, err := tx.UserForUpdate(i.Done.UserID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return res, errNoSession
	case err != nil:
		return res, err
	case u.IsSuspended:
		return res, errSuspended
	}
	if ok, err := d.stands(tx, u.ID, i.Done.Mark); err != nil || !ok {
		return res, withError(err, errNoSession)
	}
	res.NewCookie = crypt.Opaque()
	return res, d.signIn(tx, i, old, &res)
}

// signIn renews the session of the same user, or puts a new one in the place
// of whatever there was.
func (d *Desk) signIn(tx *store.Tx, i *Interaction, old *guestlist.Session, res *Resumed) error {
	ttl, err := SessionTTL(tx)
	if err != nil {
		return err
	}
	s := guestlist.Session{
		ID: guestlist.SessionID(crypt.ID()), UserID: i.Done.UserID, SignedInAt: i.Done.SignedInAt, CreatedAt: tx.Now,
		ExpiresAt: tx.Now.Add(ttl), IP: i.Done.IP, UserAgent: i.Done.UserAgent, ClientID: i.Request.ClientID,
		LastSubmission: i.Done.LastSubmission,
	}
	if old != nil && old.UserID == s.UserID {
		s.ID, s.CreatedAt, s.Clients = old.ID, old.CreatedAt, old.Clients
		res.Session = s
		return tx.RenewSession(s, res.NewCookie)
	}
	if old != nil {
		if err := EndSession(tx, *old); err != nil {
			return err
		}
		res.Ended = old
	}
	res.Session = s
	return tx.InsertSession(s, res.NewCookie)
}

// sessionOf returns the session of a cookie, or nil.
func sessionOf(tx *store.Tx, cookie string) (*guestlist.Session, error) {
	if cookie == "" {
		return nil, nil
	}
	s, err := tx.SessionByCookie(cookie)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &s, nil
}

// settingSession names the setting of sessions (wire: configs/oidc/session).
const settingSession = "oidc-session"

// sessionConfig is the setting; its TTL is in seconds.
type sessionConfig struct {
	TTL int `json:"ttl"`
}

// renewalPart is the part of its life after which a session that is used is
// prolonged: a tenth. A busy browser so costs ten writes in that time.
const renewalPart = 10

// Prolong lets a session live for its whole time again, since it is in use,
// and reports whether it did: one that was prolonged shortly before stays.
func Prolong(tx *store.Tx, s *guestlist.Session) (bool, error) {
	ttl, err := SessionTTL(tx)
	if err != nil {
		return false, err
	}
	expires := tx.Now.Add(ttl)
	if expires.Sub(s.ExpiresAt) < ttl/renewalPart {
		return false, nil
	}
	s.ExpiresAt = expires
	return true, tx.ProlongSession(s.ID, expires)
}

// SessionTTL returns how long a session lives after it was last used.
func SessionTTL(tx *store.Tx) (time.Duration, error) {
	c := sessionConfig{TTL: guestlist.DefaultSessionTTLSeconds}
	err := tx.SettingJSON(settingSession, &c)
	return time.Duration(c.TTL) * time.Second, err
}

// PutSessionTTL sets how long sessions live that begin or are used from now on.
func PutSessionTTL(tx *store.Tx, ttl time.Duration) error {
	return tx.PutSettingJSON(settingSession, sessionConfig{TTL: int(ttl / time.Second)})
}
