package management

import (
	"errors"

	"guestlist"
	"guestlist/internal/invite"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

func (a *API) referralRoutes() []route {
	const read, write = guestlist.ScopeInvitationsRead, guestlist.ScopeInvitationsWrite
	return []route{
		get("/api/roles/{id}/invitation-quota", "Get how many invitations users of a role may hold", a.getRoleQuota),
		put("/api/roles/{id}/invitation-quota", "Say how many invitations users of a role may hold", a.putRoleQuota),
		get("/api/users/{userId}/invitation-tree", "List who came in by a user's invitations, by theirs, and so on", a.getTree).takes(read),
		post("/api/users/{userId}/invitation-tree/revoke", "Take back all open invitations of a user and of whom they brought", a.revokeTree).takes(write),
		get("/api/configs/referrals", "Get what users' own invitations give", a.getReferralSettings).takes(read).of(referralVersion),
		put("/api/configs/referrals", "Change what users' own invitations give", a.putReferralSettings).of(referralVersion),
		get("/api/my-account/invitations", "List the invitations that one gave", a.listMine).byHolder(),
		get("/api/my-account/invitation-quota", "Get how many invitations one has to give", a.getMyQuota).byHolder(),
		post("/api/my-account/invitations", "Invite somebody in one's own name", a.issueMine).with201().byHolder(),
		remove("/api/my-account/invitations/{id}", "Take back an invitation that one gave", a.revokeMine).byHolder(),
	}
}

type roleQuota struct {
	Quota int `json:"quota"`
}

func (a *API) getRoleQuota(c *call, in struct {
	ID guestlist.RoleID `path:"id"`
},
) (roleQuota, error) {
	var q roleQuota
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		if _, err := tx.Role(in.ID); err != nil {
			return orNoID(err, "roles", in.ID)
		}
		var err error
		q.Quota, err = tx.InvitationQuota(in.ID)
		return err
	})
	return q, err
}

func (a *API) putRoleQuota(c *call, in struct {
	ID   guestlist.RoleID `path:"id"`
	Body struct {
		Quota int `json:"quota" check:"min=0,max=10000"`
	}
},
) (roleQuota, error) {
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		if _, err := tx.Role(in.ID); err != nil {
			return orNoID(err, "roles", in.ID)
		}
		return tx.SetInvitationQuota(in.ID, in.Body.Quota)
	})
	return roleQuota{Quota: in.Body.Quota}, err
}

// tree is who came in below a user.
type tree struct {
	Nodes []guestlist.TreeNode `json:"nodes"`
	More  bool                 `json:"more"` // than guestlist.MaxTreeNodes
}

func (a *API) getTree(c *call, in struct {
	ID guestlist.UserID `path:"userId"`
},
) (tree, error) {
	var t tree
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		if _, err := tx.User(in.ID); err != nil {
			return orNoID(err, "users", in.ID)
		}
		var err error
		t.Nodes, t.More, err = invite.Tree(tx, in.ID)
		return err
	})
	return t, err
}

// revokedTree is what became of a tree.
type revokedTree struct {
	Revoked   int  `json:"revoked"`   // invitations
	Suspended int  `json:"suspended"` // users
	More      bool `json:"more"`      // the tree is larger: ask again for those at its edge
}

// revokeTree goes from the root down, a user at a time. Repeating it after it
// was cut off goes on where it was.
func (a *API) revokeTree(c *call, in struct {
	ID   guestlist.UserID `path:"userId"`
	Body struct {
		Reason  *string `json:"reason" check:"max=500"`
		Suspend *bool   `json:"suspendUsers"`
	}
},
) (revokedTree, error) {
	var done revokedTree
	suspend, reason := in.Body.Suspend != nil && *in.Body.Suspend, ""
	set(&reason, in.Body.Reason)
	if suspend {
		if err := c.needsAll(); err != nil {
			return done, err
		}
	}
	t, err := a.getTree(c, struct {
		ID guestlist.UserID `path:"userId"`
	}{in.ID})
	if err != nil {
		return done, err
	}
	done.More = t.More
	for _, n := range t.Nodes {
		var revoked int
		if err := a.Store.Update(c.ctx(), func(tx *store.Tx) (err error) {
			revoked, err = c.host().RevokeOpen(tx, n.UserID, reason)
			return err
		}); err != nil {
			return done, err
		}
		done.Revoked += revoked
		if !suspend || n.IsSuspended {
			continue
		}
		_, err := a.changeUser(c, n.UserID, guestlist.EventUserSuspensionUpdated, func(tx *store.Tx, u *guestlist.User) (any, error) {
			if err := tx.KeepAdministrator(u.ID); err != nil {
				return nil, err
			}
			u.IsSuspended = true
			return nil, endEverything(tx, u.ID)
		})
		switch {
		case err == nil:
			done.Suspended++
		case guestlist.KindOf(err) != guestlist.KindNotFound: // deleted meanwhile, or before
			return done, err
		}
	}
	return done, nil
}

func (a *API) getReferralSettings(c *call, _ struct{}) (guestlist.ReferralSettings, error) {
	var s guestlist.ReferralSettings
	err := a.Store.View(c.ctx(), func(tx *store.Tx) (err error) {
		s, err = tx.ReferralSettings()
		return err
	})
	return s, err
}

func (a *API) putReferralSettings(c *call, in struct {
	Body struct {
		Terms invitationTerms `json:"terms"`
	}
},
) (guestlist.ReferralSettings, error) {
	var s guestlist.ReferralSettings
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) (err error) {
		terms, _ := in.Body.Terms.terms()
		if s.Terms, err = c.host().CheckTerms(tx, guestlist.InvitationPersonal, terms); err != nil {
			return err
		}
		return tx.PutReferralSettings(s)
	})
	return s, err
}

func referralVersion(_ *call, tx *store.Tx) (any, error) { return tx.ReferralSettings() }

// myInvitation is an invitation as who gave it sees it: no more than they wrote,
// and how it stands. Whether its mail arrived is theirs to know; why it did not,
// or who opened it, is the host's.
type myInvitation struct {
	ID         guestlist.InvitationID     `json:"id"`
	Email      string                     `json:"email"`
	Name       string                     `json:"name"`
	Message    string                     `json:"message,omitempty"`
	Status     guestlist.InvitationStatus `json:"status"`
	AcceptedAt *guestlist.Time            `json:"acceptedAt"`
	ExpiresAt  guestlist.Time             `json:"expiresAt"`
	CreatedAt  guestlist.Time             `json:"createdAt"`
}

func mine(i guestlist.Invitation) myInvitation {
	return myInvitation{
		ID: i.ID, Email: i.RecipientEmail, Name: i.Name, Message: i.Message, Status: i.Status, AcceptedAt: i.AcceptedAt,
		ExpiresAt: i.ExpiresAt, CreatedAt: i.CreatedAt,
	}
}

func (a *API) listMine(c *call, _ struct {
	Paging web.Paging `paging:"required"`
},
) (list[myInvitation], error) {
	var l list[myInvitation]
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		rows, total, err := tx.ReferralsOf(c.who.UserID, c.window())
		l.Total = total
		for _, i := range rows {
			l.Rows = append(l.Rows, mine(i))
		}
		return err
	})
	return l, err
}

func (a *API) getMyQuota(c *call, _ struct{}) (guestlist.ReferralQuota, error) {
	var q guestlist.ReferralQuota
	err := a.Store.View(c.ctx(), func(tx *store.Tx) (err error) {
		q, err = tx.ReferralQuota(c.who.UserID)
		return err
	})
	return q, err
}

func (a *API) issueMine(c *call, in struct {
	Body struct {
		Email   string  `json:"email" check:"min=1,max=320"`
		Name    *string `json:"name" check:"max=128"`
		Message *string `json:"message" check:"max=1000"`
		Locale  *string `json:"locale" check:"max=35"`
	}
},
) (myInvitation, error) {
	var name, message, locale string
	set(&name, in.Body.Name)
	set(&message, in.Body.Message)
	set(&locale, in.Body.Locale)
	if err := a.canSend(c.ctx(), false); err != nil {
		return myInvitation{}, err
	}
	var i guestlist.Invitation
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) (err error) {
		i, err = invite.IssueReferral(tx, c.who.UserID, in.Body.Email, name, message, locale)
		return err
	})
	return mine(i), err
}

func (a *API) revokeMine(c *call, in invitationID) (none, error) {
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error { return invite.RevokeReferral(tx, c.who.UserID, in.ID) })
	if errors.Is(err, guestlist.ErrInvitationNotFound) {
		err = orNoID(store.ErrNotFound, tableInvitations, in.ID)
	}
	return none{}, err
}
