package management

import (
	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/signin"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

func (a *API) userRoutes() []route {
	return []route{
		get("/api/users", "List users, the newest first", a.listUsers),
		post("/api/users", "Create a user", a.createUser),
		get("/api/users/{userId}", "Get a user", a.getUser).of(userVersion),
		patch("/api/users/{userId}", "Change a user; customData and profile are replaced", a.updateUser).of(userVersion),
		patch("/api/users/{userId}/is-suspended", "Suspend a user, which signs the user out everywhere, or end that", a.suspendUser).of(userVersion),
		remove("/api/users/{userId}", "Delete a user", a.deleteUser).of(userVersion),
		put("/api/users/{userId}/deletion", "Suspend a user now and delete them later, unless that is taken back", a.planDeletion).of(userVersion),
		remove("/api/users/{userId}/deletion", "Take back that a user will be deleted", a.dropDeletion).of(userVersion),
		get("/api/users/{userId}/administrator", "What a user may do in the console and with this API", a.getAdministrator),
		put("/api/users/{userId}/administrator", "Make a user an owner, inviter or viewer, or end that", a.setAdministrator),
		get("/api/users/{userId}/organizations", "List the organizations of a user", a.listUserOrganizations),
	}
}

// userCap is where counting what a search or filter finds stops, for a caller
// who asked for that.
const userCap = 1_000

// userID is the input of routes that need nothing else.
type userID struct {
	ID guestlist.UserID `path:"userId"`
}

// shownUser is a user with what was asked for besides.
type shownUser struct {
	guestlist.User
	PasswordDigest    web.Opt[string] `json:"passwordDigest,omitzero"`
	PasswordAlgorithm web.Opt[string] `json:"passwordAlgorithm,omitzero"`
	SSOIdentities     *[]ssoIdentity  `json:"ssoIdentities,omitempty"`
}

// withPassword adds the digest of the password, null where there is none.
func (u *shownUser) withPassword(tx *store.Tx) error {
	p, err := tx.Password(u.ID)
	if err != nil {
		return err
	}
	u.PasswordDigest, u.PasswordAlgorithm = web.Opt[string]{Set: true, Null: true}, web.Opt[string]{Set: true, Null: true}
	if p != nil {
		u.PasswordDigest, u.PasswordAlgorithm = web.Some(p.Digest), web.Some(p.Algorithm)
	}
	return nil
}

func (a *API) listUsers(c *call, in struct {
	Paging              web.Paging               `paging:"required"`
	Search              guestlist.Search         `search:"id,primary_email,primary_phone,username,name"`
	ExcludeRole         guestlist.RoleID         `query:"excludeRoleId"`
	ExcludeOrganization guestlist.OrganizationID `query:"excludeOrganizationId"`
	IncludePasswordHash bool                     `query:"includePasswordHash"`
	OfRole              guestlist.RoleID         `query:"roleId"`
	State               store.UserState          `query:"state" check:"enum=suspended|leaving|new"`
	EnableCap           bool                     `query:"enableCap"`
},
) (list[shownUser], error) {
	if in.IncludePasswordHash {
		if err := c.needsAll(); err != nil {
			return list[shownUser]{}, err
		}
	}
	var l list[shownUser]
	if in.ExcludeRole != "" && in.ExcludeOrganization != "" {
		return l, errTwoExclusions()
	}
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		f := store.UserFilter{
			Search: in.Search, ExcludeRole: in.ExcludeRole, OfRole: in.OfRole, State: in.State, ExcludeOrganization: in.ExcludeOrganization,
		}
		var users []guestlist.User
		var err error
		if in.EnableCap {
			users, l.Total, l.Capped, err = tx.UsersUpTo(f, c.window(), userCap)
		} else {
			users, l.Total, err = tx.Users(f, c.window())
		}
		if err != nil {
			return err
		}
		for _, u := range users {
			shown := shownUser{User: u}
			if in.IncludePasswordHash {
				if err := shown.withPassword(tx); err != nil {
					return err
				}
			}
			l.Rows = append(l.Rows, shown)
		}
		return nil
	})
	return l, err
}

func (a *API) createUser(c *call, in struct{ Body newUser }) (guestlist.User, error) {
	u, plain, digest, err := in.Body.user()
	if err != nil {
		return u, err
	}
	if plain != "" {
		if digest, err = a.digestOf(c.ctx(), plain, in.Body.PasswordIsTemporary); err != nil {
			return u, err
		}
	}
	u.ID = guestlist.UserID(crypt.ShortID())
	u.HasPassword = digest != nil
	err = a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		u.CreatedAt, u.UpdatedAt = tx.Now, tx.Now
		if err := tx.InsertUser(u, digest); err != nil {
			return err
		}
		if err := tx.GiveDefaultRoles(u.ID); err != nil {
			return err
		}
		return emit(tx, c, guestlist.EventUserCreated, u)
	})
	return u, err
}

func (a *API) getUser(c *call, in struct {
	ID                   guestlist.UserID `path:"userId"`
	IncludeSSOIdentities bool             `query:"includeSsoIdentities"`
	IncludePasswordHash  bool             `query:"includePasswordHash"`
},
) (shownUser, error) {
	var shown shownUser
	if in.IncludePasswordHash {
		if err := c.needsAll(); err != nil {
			return shown, err
		}
	}
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		u, err := tx.User(in.ID)
		if err != nil {
			return err
		}
		shown = shownUser{User: u}
		if in.IncludeSSOIdentities {
			identities, err := tx.SSOIdentitiesOfUser(in.ID)
			if err != nil {
				return err
			}
			views := []ssoIdentity{}
			for _, identity := range identities {
				views = append(views, viewSSOIdentity(identity))
			}
			shown.SSOIdentities = &views
		}
		if in.IncludePasswordHash {
			return shown.withPassword(tx)
		}
		return nil
	})
	return shown, err
}

// changeUser reads a user, lets fn change it, writes it back and emits the
// event key, if any, with the data that fn gives or else the user. The user
// that it returns is as it was written.
func (a *API) changeUser(c *call, id guestlist.UserID, key string, fn func(*store.Tx, *guestlist.User) (data any, err error)) (guestlist.User, error) {
	var u guestlist.User
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		var err error
		if u, err = tx.UserForUpdate(id); err != nil {
			return err
		}
		before := u
		data, err := fn(tx, &u)
		if err != nil {
			return err
		}
		if err := signin.TellOwner(tx, a.Endpoint, signin.Change{Before: before, After: u}); err != nil {
			return err
		}
		u.UpdatedAt = tx.Now
		if err := tx.UpdateUser(u); err != nil {
			return err
		}
		if key == "" {
			return nil
		}
		if data == nil {
			data = u
		}
		return emit(tx, c, key, data)
	})
	return u, err
}

func (a *API) updateUser(c *call, in struct {
	ID   guestlist.UserID `path:"userId"`
	Body userChange
},
) (guestlist.User, error) {
	return a.changeUser(c, in.ID, guestlist.EventUserDataUpdated, func(_ *store.Tx, u *guestlist.User) (any, error) {
		return nil, in.Body.apply(u)
	})
}

func (a *API) suspendUser(c *call, in struct {
	ID   guestlist.UserID `path:"userId"`
	Body struct {
		IsSuspended bool `json:"isSuspended"`
	}
},
) (guestlist.User, error) {
	return a.changeUser(c, in.ID, guestlist.EventUserSuspensionUpdated, func(tx *store.Tx, u *guestlist.User) (any, error) {
		if u.IsSuspended = in.Body.IsSuspended; !u.IsSuspended {
			u.DeletionDueAt = nil // whoever is let in again is not deleted
			return nil, tx.DropDeletion(u.ID)
		}
		if err := tx.KeepAdministrator(u.ID); err != nil {
			return nil, err
		}
		return nil, endEverything(tx, u.ID)
	})
}

// endEverything signs a user out everywhere, tells the applications that want
// to know, and revokes all that was granted.
func endEverything(tx *store.Tx, id guestlist.UserID) error {
	sessions, err := tx.SessionsOfUser(id, store.Page{})
	if err != nil {
		return err
	}
	for _, s := range sessions {
		if err := signin.EndSession(tx, s); err != nil {
			return err
		}
	}
	return tx.RevokeUser(id)
}

// userInfo is a user as the event of a deletion shows it.
type userInfo struct {
	guestlist.User
	HasPassword *bool `json:"hasPassword,omitempty"` // hides the user's: it is gone
}

func (a *API) deleteUser(c *call, in userID) (none, error) {
	if c.who.UserID == in.ID {
		return none{}, errDeleteSelf
	}
	return none{}, a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		u, err := tx.UserForUpdate(in.ID)
		if err != nil {
			return err
		}
		if err := tx.KeepAdministrator(u.ID); err != nil {
			return err
		}
		return deleteNow(tx, u, c.event(tx, guestlist.EventUserDeleted, userInfo{User: u}))
	})
}

var errDeleteSelf = guestlist.Refuse(guestlist.KindInvalid, "user.cannot_delete_self")

// deleteNow removes a user with all that was granted, and tells.
func deleteNow(tx *store.Tx, u guestlist.User, e dataEvent) error {
	if err := endEverything(tx, u.ID); err != nil {
		return err
	}
	if err := tx.DeleteUser(u.ID); err != nil {
		return err
	}
	return emitEvent(tx, e)
}

// knownUser refuses the id of nobody.
func knownUser(tx *store.Tx, id guestlist.UserID) error {
	known, err := tx.HasUser(id)
	if err == nil && !known {
		return store.ErrNotFound
	}
	return err
}
