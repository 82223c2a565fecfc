package store

import (
	"encoding/json"
	"fmt"

	"guestlist"
)

// hashSession is the purpose under which session cookies are hashed.
const hashSession = "session"

const sessionColumns = `id, user_id, client_id, last_submission, ip, user_agent, signed_in_at, created_at, expires_at`

func scanSession(sc scanner) (guestlist.Session, error) {
	var s guestlist.Session
	var submission string
	err := sc.Scan(&s.ID, &s.UserID, &s.ClientID, &submission, &s.IP, &s.UserAgent, &s.SignedInAt, &s.CreatedAt, &s.ExpiresAt)
	s.LastSubmission = json.RawMessage(submission)
	return s, err
}

// InsertSession signs a browser in: whoever shows cookie is the session's user
// until ExpiresAt. Clients are written too.
func (tx *Tx) InsertSession(s guestlist.Session, cookie string) error {
	if err := tx.run(`INSERT INTO sessions (id, hash, user_id, client_id, last_submission, ip, user_agent, signed_in_at, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		s.ID, tx.s.key.Hash(hashSession, cookie), s.UserID, s.ClientID, objectText(s.LastSubmission), s.IP, s.UserAgent,
		s.SignedInAt, s.CreatedAt, s.ExpiresAt); err != nil {
		return err
	}
	for _, c := range s.Clients {
		if err := tx.PutSessionApplication(s.ID, c); err != nil {
			return err
		}
	}
	return nil
}

// RenewSession records another sign-in of the same user in a session, and
// replaces its cookie, so that one learnt before the sign-in is worthless
// after it. Everything but id, user, CreatedAt and Clients is written.
func (tx *Tx) RenewSession(s guestlist.Session, cookie string) error {
	return changed(tx.exec(`UPDATE sessions SET hash = $3, client_id = $4, last_submission = $5, ip = $6, user_agent = $7,
			signed_in_at = $8, expires_at = $9 WHERE id = $1 AND user_id = $2`,
		s.ID, s.UserID, tx.s.key.Hash(hashSession, cookie), s.ClientID, objectText(s.LastSubmission), s.IP, s.UserAgent,
		s.SignedInAt, s.ExpiresAt))
}

// ProlongSession lets a live session end later, never earlier.
func (tx *Tx) ProlongSession(id guestlist.SessionID, expires guestlist.Time) error {
	return tx.run("UPDATE sessions SET expires_at = $2 WHERE id = $1 AND expires_at > $3 AND expires_at < $2", id, expires, tx.Now)
}

// SessionByCookie returns the live session of a cookie with its applications;
// ErrNotFound if there is none.
func (tx *Tx) SessionByCookie(cookie string) (guestlist.Session, error) {
	return tx.sessionWhere("hash = $1", tx.s.key.Hash(hashSession, cookie))
}

// Session returns a live session by its id.
func (tx *Tx) Session(id guestlist.SessionID) (guestlist.Session, error) {
	return tx.sessionWhere("id = $1", id)
}

func (tx *Tx) sessionWhere(condition string, arg any) (guestlist.Session, error) {
	s, err := one(tx, scanSession, "SELECT "+sessionColumns+" FROM sessions WHERE "+condition+" AND expires_at > $2", arg, tx.Now)
	if err != nil {
		return s, err
	}
	list := []guestlist.Session{s}
	err = tx.fillSessions(list)
	return list[0], err
}

// SessionsOfUser lists a user's live sessions, the newest first.
func (tx *Tx) SessionsOfUser(id guestlist.UserID, p Page) ([]guestlist.Session, error) {
	limit, args := p.sql(3)
	list, err := collect(tx, scanSession, "SELECT "+sessionColumns+` FROM sessions WHERE user_id = $1 AND expires_at > $2
		ORDER BY created_at DESC, id`+limit, append([]any{id, tx.Now}, args...)...)
	if err != nil {
		return nil, err
	}
	return list, tx.fillSessions(list)
}

// fillSessions adds the applications to a page of sessions.
func (tx *Tx) fillSessions(list []guestlist.Session) error {
	if len(list) == 0 {
		return nil
	}
	byID := make(map[guestlist.SessionID]*guestlist.Session, len(list))
	ids := make([]any, len(list))
	for i := range list {
		byID[list[i].ID] = &list[i]
		ids[i] = list[i].ID
	}
	return tx.rows(func(sc scanner) error {
		var id guestlist.SessionID
		var c guestlist.SessionApplication
		if err := sc.Scan(&id, &c.ApplicationID, &c.GrantID, &c.SID, &c.PersistsLogout); err != nil {
			return err
		}
		byID[id].Clients = append(byID[id].Clients, c)
		return nil
	}, fmt.Sprintf(`SELECT session_id, application_id, grant_id, sid, persists_logout FROM session_applications
		WHERE session_id IN (%s) ORDER BY application_id`, placeholders(1, len(ids))), ids...)
}

// PutSessionApplication records that a session signed in to an application,
// replacing what was known of it.
func (tx *Tx) PutSessionApplication(id guestlist.SessionID, c guestlist.SessionApplication) error {
	return tx.run(`INSERT INTO session_applications (session_id, application_id, grant_id, sid, persists_logout)
		VALUES ($1, $2, $3, $4, $5) ON CONFLICT (session_id, application_id) DO UPDATE
		SET grant_id = excluded.grant_id, sid = excluded.sid, persists_logout = excluded.persists_logout`,
		id, c.ApplicationID, c.GrantID, c.SID, c.PersistsLogout)
}

// DeleteSessionApplication makes a session forget an application; none is no
// error.
func (tx *Tx) DeleteSessionApplication(id guestlist.SessionID, app guestlist.ApplicationID) error {
	return tx.run("DELETE FROM session_applications WHERE session_id = $1 AND application_id = $2", id, app)
}

// DeleteSession ends a session; ErrNotFound if there is none. Grants and tokens
// are the caller's business: some outlive the session.
func (tx *Tx) DeleteSession(id guestlist.SessionID) error {
	return changed(tx.exec("DELETE FROM sessions WHERE id = $1", id))
}
