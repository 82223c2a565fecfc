package management

import (
	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

func (a *API) roleUserRoutes() []route {
	return []route{
		get("/api/roles/{id}/users", "List the users with a role", a.listRoleUsers),
		post("/api/roles/{id}/users", "Give users a role", a.addRoleUsers),
		remove("/api/roles/{id}/users/{userId}", "Take a role from a user", a.removeRoleUser),
	}
}

func (a *API) listRoleUsers(c *call, in struct {
	ID     guestlist.RoleID `path:"id"`
	Paging web.Paging       `paging:"required"`
	Search guestlist.Search `search:"id,primary_email,primary_phone,username,name"`
},
) (list[guestlist.User], error) {
	var l list[guestlist.User]
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		if _, err := role(tx, in.ID); err != nil {
			return err
		}
		var err error
		l.Rows, l.Total, err = tx.Users(store.UserFilter{Search: in.Search, OfRole: in.ID}, c.window())
		return err
	})
	return l, err
}

// addRoleUsers gives all of the users the role or, when one of them has it or
// does not exist, none.
func (a *API) addRoleUsers(c *call, in struct {
	ID   guestlist.RoleID `path:"id"`
	Body struct {
		UserIDs []guestlist.UserID `json:"userIds" check:"min=1,each.min=1"`
	}
},
) (created, error) {
	return created{}, a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		r, err := role(tx, in.ID)
		if err != nil {
			return err
		}
		if r.Type != guestlist.RoleUser {
			return errConstraint
		}
		for _, id := range distinct(in.Body.UserIDs) {
			if err := knownUser(tx, id); err != nil {
				return err
			}
			if err := tx.AddUserRole(id, r.ID); err != nil {
				return withArgs(err, "role.user_exists", map[string]any{"userId": id})
			}
		}
		return nil
	})
}

func (a *API) removeRoleUser(c *call, in struct {
	ID     guestlist.RoleID `path:"id"`
	UserID guestlist.UserID `path:"userId"`
},
) (none, error) {
	return none{}, a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		if _, err := role(tx, in.ID); err != nil {
			return err
		}
		return takeRole(tx, in.UserID, in.ID)
	})
}
