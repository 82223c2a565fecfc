package management

import (
	"errors"

	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/store"
)

func (a *API) userSessionRoutes() []route {
	return []route{
		get("/api/users/{userId}/sessions", "List the browsers in which a user is signed in", a.listSessions),
		remove("/api/users/{userId}/sessions", "Sign a user out everywhere, and revoke all that was granted", a.deleteSessions),
		get("/api/users/{userId}/sessions/{sessionId}", "Get one of them", a.getSession),
		remove("/api/users/{userId}/sessions/{sessionId}", "Sign a user out of a browser, and of the applications that are named", a.deleteSession),
		get("/api/users/{userId}/grants", "List what a user allowed applications to do", a.listGrants),
		remove("/api/users/{userId}/grants/{grantId}", "Revoke that, with every token that came of it", a.deleteGrant),
	}
}

// maxSessions is how many sessions or grants of a user are shown; the wire has
// no paging here.
const maxSessions = 1000

// shownSession is a session in the wire's form.
type shownSession struct {
	Payload        sessionPayload          `json:"payload"`
	LastSubmission object                  `json:"lastSubmission"`
	ClientID       guestlist.ApplicationID `json:"clientId"`
	AccountID      guestlist.UserID        `json:"accountId"`
	ExpiresAt      guestlist.Time          `json:"expiresAt"`
	IP             string                  `json:"ip,omitempty"`        // of the sign-in
	UserAgent      string                  `json:"userAgent,omitempty"` // of the sign-in
}

// sessionPayload has its times in seconds.
type sessionPayload struct {
	Exp            int64                                      `json:"exp"`
	Iat            int64                                      `json:"iat"`
	JTI            guestlist.SessionID                        `json:"jti"`
	UID            guestlist.SessionID                        `json:"uid"`
	Kind           string                                     `json:"kind"`
	LoginTS        int64                                      `json:"loginTs"`
	AccountID      guestlist.UserID                           `json:"accountId"`
	Authorizations map[guestlist.ApplicationID]sessionBinding `json:"authorizations,omitempty"`
}

type sessionBinding struct {
	SID            string            `json:"sid"`
	GrantID        guestlist.GrantID `json:"grantId"`
	PersistsLogout bool              `json:"persistsLogout"`
}

func showSession(s guestlist.Session) shownSession {
	shown := shownSession{
		Payload: sessionPayload{
			Exp: s.ExpiresAt.Unix(), Iat: s.CreatedAt.Unix(), JTI: s.ID, UID: s.ID, Kind: "Session",
			LoginTS: s.SignedInAt.Unix(), AccountID: s.UserID, Authorizations: map[guestlist.ApplicationID]sessionBinding{},
		},
		LastSubmission: s.LastSubmission, ClientID: s.ClientID, AccountID: s.UserID, ExpiresAt: s.ExpiresAt,
		IP: s.IP, UserAgent: s.UserAgent,
	}
	for _, b := range s.Clients {
		shown.Payload.Authorizations[b.ApplicationID] = sessionBinding{b.SID, b.GrantID, b.PersistsLogout}
	}
	return shown
}

type sessionList struct {
	Sessions []shownSession `json:"sessions"`
}

func (a *API) listSessions(c *call, in userID) (sessionList, error) {
	l := sessionList{Sessions: []shownSession{}}
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		sessions, err := tx.SessionsOfUser(in.ID, store.Page{Limit: maxSessions})
		for _, s := range sessions {
			l.Sessions = append(l.Sessions, showSession(s))
		}
		return err
	})
	return l, err
}

// sessionOf returns a session if it is the user's.
func sessionOf(tx *store.Tx, user guestlist.UserID, id guestlist.SessionID) (guestlist.Session, error) {
	s, err := tx.Session(id)
	if errors.Is(err, store.ErrNotFound) || err == nil && s.UserID != user {
		return s, guestlist.Refuse(guestlist.KindNotFound, "oidc.session_not_found")
	}
	return s, err
}

func (a *API) getSession(c *call, in struct {
	User guestlist.UserID    `path:"userId"`
	ID   guestlist.SessionID `path:"sessionId"`
},
) (shownSession, error) {
	var shown shownSession
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		s, err := sessionOf(tx, in.User, in.ID)
		shown = showSession(s)
		return err
	})
	return shown, err
}

func (a *API) deleteSession(c *call, in struct {
	User   guestlist.UserID    `path:"userId"`
	ID     guestlist.SessionID `path:"sessionId"`
	Revoke string              `query:"revokeGrantsTarget" check:"enum=all|firstParty"`
},
) (none, error) {
	return none{}, a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		s, err := sessionOf(tx, in.User, in.ID)
		if err != nil {
			return err
		}
		for _, client := range s.Clients {
			if in.Revoke == "" {
				break
			}
			app, err := a.applicationOrBuiltIn(tx, client.ApplicationID)
			if err != nil {
				return err
			}
			if in.Revoke == "all" || !app.IsThirdParty {
				if err := tx.RevokeGrant(client.GrantID); err != nil {
					return err
				}
			}
		}
		return signin.EndSession(tx, s)
	})
}

func (a *API) deleteSessions(c *call, in userID) (none, error) {
	return none{}, a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		if err := knownUser(tx, in.ID); err != nil {
			return err
		}
		return endEverything(tx, in.ID)
	})
}

// applicationOrBuiltIn returns an application; one that was deleted has its id
// alone.
func (a *API) applicationOrBuiltIn(tx *store.Tx, id guestlist.ApplicationID) (guestlist.Application, error) {
	if app, ok := a.BuiltIn[id]; ok {
		return app, nil
	}
	app, err := tx.Application(id)
	if errors.Is(err, store.ErrNotFound) {
		return guestlist.Application{ID: id, Name: string(id)}, nil
	}
	return app, err
}

// shownGrant is a grant in the wire's form.
type shownGrant struct {
	ID          guestlist.GrantID `json:"id"`
	Payload     grantPayload      `json:"payload"`
	ExpiresAt   guestlist.Time    `json:"expiresAt"`
	Application grantApplication  `json:"application"`
}

// grantPayload has its times in seconds.
type grantPayload struct {
	Exp       int64                   `json:"exp"`
	Iat       int64                   `json:"iat"`
	JTI       guestlist.GrantID       `json:"jti"`
	Kind      string                  `json:"kind"`
	ClientID  guestlist.ApplicationID `json:"clientId"`
	AccountID guestlist.UserID        `json:"accountId"`
}

type grantApplication struct {
	ID   guestlist.ApplicationID `json:"id"`
	Name string                  `json:"name"`
}

type grantList struct {
	Grants []shownGrant `json:"grants"`
}

func (a *API) listGrants(c *call, in struct {
	ID   guestlist.UserID `path:"userId"`
	Type string           `query:"appType" check:"enum=firstParty|thirdParty"`
},
) (grantList, error) {
	l := grantList{Grants: []shownGrant{}}
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		grants, err := tx.GrantsOfUser(in.ID, store.Page{Limit: maxSessions})
		if err != nil {
			return err
		}
		for _, g := range grants {
			app, err := a.applicationOrBuiltIn(tx, g.ApplicationID)
			if err != nil {
				return err
			}
			if in.Type != "" && app.IsThirdParty != (in.Type == "thirdParty") {
				continue
			}
			l.Grants = append(l.Grants, shownGrant{
				ID: g.ID, ExpiresAt: g.ExpiresAt, Application: grantApplication{app.ID, app.Name},
				Payload: grantPayload{
					Exp: g.ExpiresAt.Unix(), Iat: g.CreatedAt.Unix(), JTI: g.ID, Kind: "Grant", ClientID: g.ApplicationID, AccountID: g.UserID,
				},
			})
		}
		return nil
	})
	return l, err
}

func (a *API) deleteGrant(c *call, in struct {
	User guestlist.UserID  `path:"userId"`
	ID   guestlist.GrantID `path:"grantId"`
},
) (none, error) {
	return none{}, a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		g, err := tx.Grant(in.ID)
		if err != nil {
			return err
		}
		if g.UserID != in.User {
			return store.ErrNotFound
		}
		return tx.RevokeGrant(in.ID)
	})
}
