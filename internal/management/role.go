package management

import (
	"strings"

	"slices"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

const (
	tableRoles  = "roles"
	tableScopes = "scopes"
)

func (a *API) roleRoutes() []route {
	return []route{
		get("/api/roles", "List roles", a.listRoles),
		post("/api/roles", "Create a role", a.createRole),
		get("/api/roles/{id}", "Get a role", a.getRole).of(roleVersion),
		patch("/api/roles/{id}", "Change a role", a.updateRole).of(roleVersion),
		remove("/api/roles/{id}", "Delete a role", a.deleteRole).of(roleVersion),
		get("/api/roles/{id}/scopes", "List the scopes of a role", a.listRoleScopes),
		post("/api/roles/{id}/scopes", "Put scopes into a role", a.addRoleScopes).with201(),
		remove("/api/roles/{id}/scopes/{scopeId}", "Take a scope out of a role", a.removeRoleScope),
		get("/api/roles/{id}/applications", "List the machines with a role", a.listRoleApplications),
		post("/api/roles/{id}/applications", "Give machines a role", a.addRoleApplications),
		remove("/api/roles/{id}/applications/{applicationId}", "Take a role from a machine", a.removeRoleApplication),
	}
}

// roleID is the input of routes that need nothing else.
type roleID struct {
	ID guestlist.RoleID `path:"id"`
}

func role(tx *store.Tx, id guestlist.RoleID) (guestlist.Role, error) {
	r, err := tx.Role(id)
	return r, orNoID(err, tableRoles, id)
}

// listedRole is a role with those who have it.
type listedRole struct {
	guestlist.Role
	store.RoleUsage
}

func (a *API) listRoles(c *call, in struct {
	Paging             web.Paging              `paging:"required"`
	Search             guestlist.Search        `search:"id,name,description"`
	Type               guestlist.RoleType      `query:"type" check:"enum=User|MachineToMachine"`
	ExcludeUser        guestlist.UserID        `query:"excludeUserId"`
	ExcludeApplication guestlist.ApplicationID `query:"excludeApplicationId"`
},
) (list[listedRole], error) {
	var l list[listedRole]
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		roles, total, err := tx.Roles(store.RoleFilter{
			Search: in.Search, Type: in.Type, ExcludeUser: in.ExcludeUser, ExcludeApplication: in.ExcludeApplication,
		}, c.window())
		l.Total = total
		for _, r := range roles {
			usage, err := tx.RoleUsage(r.ID)
			if err != nil {
				return err
			}
			l.Rows = append(l.Rows, listedRole{r, usage})
		}
		return err
	})
	return l, err
}

type newRole struct {
	Name        string              `json:"name" check:"min=1,max=128"`
	Description string              `json:"description" check:"min=1,max=128"`
	Type        *guestlist.RoleType `json:"type" check:"enum=User|MachineToMachine"`
	IsDefault   *bool               `json:"isDefault"`
	ScopeIDs    []guestlist.ScopeID `json:"scopeIds,omitempty" check:"each.min=1"`
}

func (a *API) createRole(c *call, in struct{ Body newRole }) (guestlist.Role, error) {
	r := guestlist.Role{
		TenantID: guestlist.TenantID, ID: guestlist.RoleID(crypt.ID()), Name: in.Body.Name,
		Description: in.Body.Description, Type: guestlist.RoleUser,
	}
	set(&r.Type, in.Body.Type)
	set(&r.IsDefault, in.Body.IsDefault)
	if err := mayBeDefault(r); err != nil {
		return r, err
	}
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		if err := tx.InsertRole(r); err != nil {
			return roleNameInUse(err, r.Name)
		}
		if err := emit(tx, c, guestlist.EventRoleCreated, r); err != nil {
			return err
		}
		ids := distinct(in.Body.ScopeIDs)
		if len(ids) == 0 {
			return nil
		}
		scopes, err := putScopes(tx, r, ids)
		if err != nil {
			return err
		}
		return emitRoleScopes(tx, c, r.ID, scopes)
	})
	return r, err
}

// mayBeDefault refuses to give every new user a role of the system's own, such
// as that of administrators.
func mayBeDefault(r guestlist.Role) error {
	if r.IsDefault && strings.HasPrefix(r.Name, guestlist.InternalRolePrefix) {
		return errInput(guestlist.KindUnprocessable, "A role of the system's own cannot be given to every new user.")
	}
	return nil
}

func roleNameInUse(err error, name string) error {
	return withArgs(err, "role.name_in_use", map[string]any{"name": name})
}

func (a *API) getRole(c *call, in roleID) (guestlist.Role, error) {
	var r guestlist.Role
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		r, err = role(tx, in.ID)
		return err
	})
	return r, err
}

func (a *API) updateRole(c *call, in struct {
	ID   guestlist.RoleID `path:"id"`
	Body struct {
		Name        *string `json:"name" check:"min=1,max=128"`
		Description *string `json:"description" check:"min=1,max=128"`
		IsDefault   *bool   `json:"isDefault"`
	}
},
) (guestlist.Role, error) {
	var r guestlist.Role
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		var err error
		if r, err = role(tx, in.ID); err != nil {
			return err
		}
		if in.Body.Name == nil && in.Body.Description == nil && in.Body.IsDefault == nil {
			return errNothingToChange
		}
		set(&r.Name, in.Body.Name)
		set(&r.Description, in.Body.Description)
		set(&r.IsDefault, in.Body.IsDefault)
		if err := mayBeDefault(r); err != nil {
			return err
		}
		if err := tx.UpdateRole(r); err != nil {
			return roleNameInUse(err, r.Name)
		}
		return emit(tx, c, guestlist.EventRoleDataUpdated, r)
	})
	return r, err
}

func (a *API) deleteRole(c *call, in roleID) (none, error) {
	return none{}, a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		if err := tx.DeleteRole(in.ID); err != nil {
			return orNoID(err, tableRoles, in.ID)
		}
		return emit(tx, c, guestlist.EventRoleDeleted, nil)
	})
}

// roleScope is a scope with the resource that it is of.
type roleScope struct {
	guestlist.Scope
	Resource guestlist.Resource `json:"resource"`
}

func (a *API) listRoleScopes(c *call, in struct {
	ID     guestlist.RoleID `path:"id"`
	Paging web.Paging       `paging:"optional"`
	Search guestlist.Search `search:"id,name,description"`
},
) (list[roleScope], error) {
	var l list[roleScope]
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		if _, err := role(tx, in.ID); err != nil {
			return err
		}
		scopes, total, err := tx.ScopesOfRoleMatching(in.ID, in.Search, c.window())
		if err != nil {
			return err
		}
		l.Total = total
		resources := map[guestlist.ResourceID]guestlist.Resource{}
		for _, s := range scopes {
			if _, ok := resources[s.ResourceID]; !ok {
				if resources[s.ResourceID], err = tx.Resource(s.ResourceID); err != nil {
					return err
				}
			}
			l.Rows = append(l.Rows, roleScope{s, resources[s.ResourceID]})
		}
		return nil
	})
	return l, err
}

func (a *API) addRoleScopes(c *call, in struct {
	ID   guestlist.RoleID `path:"id"`
	Body struct {
		ScopeIDs []guestlist.ScopeID `json:"scopeIds" check:"min=1,each.min=1"`
	}
},
) ([]guestlist.Scope, error) {
	var scopes []guestlist.Scope
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		r, err := role(tx, in.ID)
		if err != nil {
			return err
		}
		if scopes, err = putScopes(tx, r, distinct(in.Body.ScopeIDs)); err != nil {
			return err
		}
		return emit(tx, c, guestlist.EventRoleScopesUpdated, scopes)
	})
	return scopes, err
}

// putScopes puts scopes into a role. The scopes of this API are for machines;
// people get them with the internal role alone.
func putScopes(tx *store.Tx, r guestlist.Role, ids []guestlist.ScopeID) ([]guestlist.Scope, error) {
	scopes := make([]guestlist.Scope, 0, len(ids))
	for _, id := range ids {
		scope, err := tx.Scope(id)
		if err != nil {
			return nil, orNoID(err, tableScopes, id)
		}
		if scope.ResourceID == store.ManagementResourceID && r.Type == guestlist.RoleUser {
			return nil, guestlist.Refuse(guestlist.KindInvalid, "role.management_api_scopes_not_assignable_to_user_role")
		}
		scopes = append(scopes, scope)
	}
	for _, id := range ids {
		if err := tx.AddRoleScope(r.ID, id); err != nil {
			return nil, withArgs(err, "role.scope_exists", map[string]any{"scopeId": id})
		}
	}
	return scopes, nil
}

func (a *API) removeRoleScope(c *call, in struct {
	ID      guestlist.RoleID  `path:"id"`
	ScopeID guestlist.ScopeID `path:"scopeId"`
},
) (none, error) {
	return none{}, a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		if err := tx.RemoveRoleScope(in.ID, in.ScopeID); err != nil {
			return err
		}
		return emit(tx, c, guestlist.EventRoleScopesUpdated, nil)
	})
}

func (a *API) listRoleApplications(c *call, in struct {
	ID     guestlist.RoleID `path:"id"`
	Paging web.Paging       `paging:"required"`
	Search guestlist.Search `search:"id,name,description"`
},
) (list[guestlist.Application], error) {
	var l list[guestlist.Application]
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		if _, err := role(tx, in.ID); err != nil {
			return err
		}
		var err error
		l.Rows, l.Total, err = tx.Applications(store.ApplicationFilter{Search: in.Search, OfRole: in.ID}, c.window())
		return err
	})
	return l, err
}

func (a *API) addRoleApplications(c *call, in struct {
	ID   guestlist.RoleID `path:"id"`
	Body struct {
		ApplicationIDs []guestlist.ApplicationID `json:"applicationIds" check:"min=1,each.min=1"`
	}
},
) (created, error) {
	return created{}, a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		r, err := role(tx, in.ID)
		if err != nil {
			return err
		}
		ids := distinct(in.Body.ApplicationIDs)
		apps := make([]guestlist.Application, len(ids))
		for i, id := range ids {
			if apps[i], err = application(tx, id); err != nil {
				return err
			}
		}
		// Roles of people are not for machines, and only machines have roles.
		if r.Type != guestlist.RoleMachine || slices.ContainsFunc(apps, func(app guestlist.Application) bool {
			return app.Type != guestlist.ApplicationMachine
		}) {
			return errConstraint
		}
		for _, id := range ids {
			if err := tx.AddApplicationRole(id, r.ID); err != nil {
				return withArgs(err, "role.application_exists", map[string]any{"applicationId": id})
			}
		}
		return nil
	})
}

func (a *API) removeRoleApplication(c *call, in struct {
	ID            guestlist.RoleID        `path:"id"`
	ApplicationID guestlist.ApplicationID `path:"applicationId"`
},
) (none, error) {
	return none{}, a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		if _, err := role(tx, in.ID); err != nil {
			return err
		}
		return tx.RemoveApplicationRole(in.ApplicationID, in.ID)
	})
}
