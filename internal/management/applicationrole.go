package management

import (
	"slices"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

func (a *API) applicationRoleRoutes() []route {
	return []route{
		get("/api/applications/{id}/roles", "List the roles of a machine", a.listApplicationRoles),
		post("/api/applications/{id}/roles", "Give a machine roles", a.addApplicationRoles).with201(),
		put("/api/applications/{id}/roles", "Set the roles of a machine", a.replaceApplicationRoles),
		remove("/api/applications/{id}/roles/{roleId}", "Take a role from a machine", a.removeApplicationRole),
	}
}

// machine refuses applications that cannot have roles.
func machine(app guestlist.Application) error {
	if app.Type != guestlist.ApplicationMachine {
		return guestlist.Refuse(guestlist.KindUnprocessable, "application.invalid_type")
	}
	return nil
}

func (a *API) listApplicationRoles(c *call, in struct {
	ID     guestlist.ApplicationID `path:"id"`
	Paging web.Paging              `paging:"required"`
	Search guestlist.Search        `search:"id,name,description"`
},
) (list[guestlist.Role], error) {
	var l list[guestlist.Role]
	err := a.viewApplication(c.ctx(), in.ID, func(tx *store.Tx, app guestlist.Application) error {
		if err := machine(app); err != nil {
			return err
		}
		var err error
		l.Rows, l.Total, err = tx.Roles(store.RoleFilter{Search: in.Search, OfApplication: app.ID}, c.window())
		return err
	})
	return l, err
}

// roleIDs is the body of relation routes.
type roleIDs struct {
	RoleIDs []guestlist.RoleID `json:"roleIds" check:"each.min=1"`
}

// addedRoles says which roles were asked for and which are new.
type addedRoles struct {
	RoleIDs      []guestlist.RoleID `json:"roleIds"`
	AddedRoleIDs []guestlist.RoleID `json:"addedRoleIds"`
}

type applicationRoles struct {
	ID   guestlist.ApplicationID `path:"id"`
	Body roleIDs
}

func (a *API) addApplicationRoles(c *call, in applicationRoles) (addedRoles, error) {
	answer := addedRoles{RoleIDs: in.Body.RoleIDs}
	err := a.changeApplication(c.ctx(), in.ID, func(tx *store.Tx, app guestlist.Application) error {
		answer.AddedRoleIDs = []guestlist.RoleID{}
		held, err := heldRoles(tx, app, in.Body.RoleIDs)
		if err != nil {
			return err
		}
		for _, id := range in.Body.RoleIDs {
			if slices.Contains(held, id) {
				continue
			}
			if err := tx.AddApplicationRole(app.ID, id); err != nil {
				return err
			}
			held, answer.AddedRoleIDs = append(held, id), append(answer.AddedRoleIDs, id)
		}
		return nil
	})
	return answer, err
}

func (a *API) replaceApplicationRoles(c *call, in applicationRoles) (roleIDs, error) {
	if len(in.Body.RoleIDs) == 0 {
		return roleIDs{}, errNothingToChange
	}
	wanted := distinct(in.Body.RoleIDs)
	err := a.changeApplication(c.ctx(), in.ID, func(tx *store.Tx, app guestlist.Application) error {
		held, err := heldRoles(tx, app, wanted)
		if err != nil {
			return err
		}
		for _, id := range held {
			if !slices.Contains(wanted, id) {
				if err := tx.RemoveApplicationRole(app.ID, id); err != nil {
					return err
				}
			}
		}
		for _, id := range wanted {
			if !slices.Contains(held, id) {
				if err := tx.AddApplicationRole(app.ID, id); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return roleIDs{RoleIDs: wanted}, err
}

// heldRoles returns the roles that a machine has, after a look at whether it
// can have the ones that are wanted.
func heldRoles(tx *store.Tx, app guestlist.Application, wanted []guestlist.RoleID) ([]guestlist.RoleID, error) {
	if err := machine(app); err != nil {
		return nil, err
	}
	for _, id := range wanted {
		role, err := tx.Role(id)
		if err != nil {
			return nil, orNoID(err, tableRoles, id)
		}
		if role.Type != guestlist.RoleMachine {
			return nil, guestlist.Refuse(guestlist.KindUnprocessable, "application.invalid_role_type")
		}
	}
	roles, err := tx.RolesOfApplication(app.ID)
	held := make([]guestlist.RoleID, len(roles))
	for i, r := range roles {
		held[i] = r.ID
	}
	return held, err
}

func (a *API) removeApplicationRole(c *call, in struct {
	ID     guestlist.ApplicationID `path:"id"`
	RoleID guestlist.RoleID        `path:"roleId"`
},
) (none, error) {
	return none{}, a.changeApplication(c.ctx(), in.ID, func(tx *store.Tx, app guestlist.Application) error {
		if err := machine(app); err != nil {
			return err
		}
		return tx.RemoveApplicationRole(app.ID, in.RoleID)
	})
}

// distinct drops what was there before, and keeps the order.
func distinct[T comparable](in []T) []T {
	out := make([]T, 0, len(in))
	seen := make(map[T]bool, len(in))
	for _, v := range in {
		if !seen[v] {
			seen[v] = true
			out = append(out, v)
		}
	}
	return out
}
