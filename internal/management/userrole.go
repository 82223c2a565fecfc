package management

import (
	"slices"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

func (a *API) userRoleRoutes() []route {
	return []route{
		get("/api/users/{userId}/roles", "List the roles of a user", a.listUserRoles),
		post("/api/users/{userId}/roles", "Give a user roles; those that the user has are ignored", a.addUserRoles).with201(),
		put("/api/users/{userId}/roles", "Make the roles of a user exactly these", a.replaceUserRoles),
		remove("/api/users/{userId}/roles/{roleId}", "Take a role from a user", a.removeUserRole),
	}
}

func (a *API) listUserRoles(c *call, in struct {
	ID     guestlist.UserID `path:"userId"`
	Paging web.Paging       `paging:"required"`
	Search guestlist.Search `search:"id,name,description"`
},
) (list[guestlist.Role], error) {
	var l list[guestlist.Role]
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		if err := knownUser(tx, in.ID); err != nil {
			return err
		}
		var err error
		l.Rows, l.Total, err = tx.Roles(store.RoleFilter{Search: in.Search, OfUser: in.ID}, c.window())
		return err
	})
	return l, err
}

type userRoles struct {
	ID   guestlist.UserID `path:"userId"`
	Body struct {
		RoleIDs []guestlist.RoleID `json:"roleIds" check:"each.min=1"`
	}
}

// addedUserRoles says which roles were asked for, and which are new.
type addedUserRoles struct {
	RoleIDs      []guestlist.RoleID `json:"roleIds"`
	AddedRoleIDs []guestlist.RoleID `json:"addedRoleIds"`
}

func (a *API) addUserRoles(c *call, in userRoles) (addedUserRoles, error) {
	added := addedUserRoles{RoleIDs: orEmpty(in.Body.RoleIDs)}
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		roles, err := rolesForPeople(tx, in)
		if err != nil {
			return err
		}
		added.AddedRoleIDs, err = tx.GiveRoles(in.ID, roles...)
		return err
	})
	return added, err
}

type replacedUserRoles struct {
	RoleIDs []guestlist.RoleID `json:"roleIds"`
}

func (a *API) replaceUserRoles(c *call, in userRoles) (replacedUserRoles, error) {
	var replaced replacedUserRoles
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		roles, err := rolesForPeople(tx, in)
		if err != nil {
			return err
		}
		replaced.RoleIDs = orEmpty(roles)
		if !slices.Contains(roles, store.AdminRoleID) {
			if err := tx.KeepAdministrator(in.ID); err != nil {
				return err
			}
		}
		return tx.SetRoles(in.ID, roles...)
	})
	return replaced, err
}

// rolesForPeople returns the roles that were asked for, each once, if all are
// known and made for people.
func rolesForPeople(tx *store.Tx, in userRoles) ([]guestlist.RoleID, error) {
	if err := knownUser(tx, in.ID); err != nil {
		return nil, err
	}
	ids := distinct(in.Body.RoleIDs)
	for _, id := range ids {
		r, err := role(tx, id)
		if err != nil {
			return nil, err
		}
		if r.Type != guestlist.RoleUser {
			return nil, guestlist.Refuse(guestlist.KindUnprocessable, "user.invalid_role_type")
		}
	}
	return ids, nil
}

func (a *API) removeUserRole(c *call, in struct {
	ID   guestlist.UserID `path:"userId"`
	Role guestlist.RoleID `path:"roleId"`
},
) (none, error) {
	return none{}, a.Store.Update(c.ctx(), func(tx *store.Tx) error { return takeRole(tx, in.ID, in.Role) })
}

// takeRole takes a role from a user, but not the last administrator's.
func takeRole(tx *store.Tx, user guestlist.UserID, role guestlist.RoleID) error {
	if role == store.AdminRoleID {
		if err := tx.KeepAdministrator(user); err != nil {
			return err
		}
	}
	return tx.RemoveUserRole(user, role)
}
