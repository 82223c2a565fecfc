package management

import (
	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

func (a *API) organizationRoleRoutes() []route {
	const one = "/api/organization-roles/{id}"
	return []route{
		get("/api/organization-roles", "List the roles of organizations, with their scopes", a.listOrganizationRoles),
		post("/api/organization-roles", "Create a role of organizations", a.createOrganizationRole).with201(),
		get(one, "Get a role of organizations", a.getOrganizationRole).of(organizationRoleVersion),
		patch(one, "Change a role of organizations", a.updateOrganizationRole).of(organizationRoleVersion),
		remove(one, "Delete a role of organizations", a.deleteOrganizationRole).of(organizationRoleVersion),
		get(one+"/scopes", "List the organization scopes of a role", a.listOrganizationRoleScopes),
		post(one+"/scopes", "Put organization scopes into a role", a.addOrganizationRoleScopes),
		put(one+"/scopes", "Make the organization scopes of a role exactly these", a.replaceOrganizationRoleScopes),
		remove(one+"/scopes/{organizationScopeId}", "Take an organization scope out of a role", a.removeOrganizationRoleScope),
		get(one+"/resource-scopes", "List the scopes of API resources that a role of organizations gives", a.listOrganizationRoleResourceScopes),
		post(one+"/resource-scopes", "Put scopes of API resources into a role of organizations", a.addOrganizationRoleResourceScopes),
		put(one+"/resource-scopes", "Make the scopes of API resources of a role exactly these", a.replaceOrganizationRoleResourceScopes),
		remove(one+"/resource-scopes/{scopeId}", "Take a scope of an API resource out of a role of organizations", a.removeOrganizationRoleResourceScope),
	}
}

// organizationRoleID is the input of routes that need nothing else.
type organizationRoleID struct {
	ID guestlist.OrganizationRoleID `path:"id"`
}

// scopeName is a scope as a list of roles shows it.
type scopeName struct {
	ID   guestlist.OrganizationScopeID `json:"id"`
	Name string                        `json:"name"`
}

// resourceScopeName is a scope of an API resource as a list of roles shows it.
type resourceScopeName struct {
	ID       guestlist.ScopeID `json:"id"`
	Name     string            `json:"name"`
	Resource resourceName      `json:"resource"`
}

type resourceName struct {
	ID   guestlist.ResourceID `json:"id"`
	Name string               `json:"name"`
}

// listedOrganizationRole is a role with all that it gives.
type listedOrganizationRole struct {
	guestlist.OrganizationRole
	Scopes         []scopeName         `json:"scopes"`
	ResourceScopes []resourceScopeName `json:"resourceScopes"`
}

func (a *API) listOrganizationRoles(c *call, in struct {
	Paging web.Paging `paging:"required"`
	Q      string     `query:"q"`
},
) (list[listedOrganizationRole], error) {
	var l list[listedOrganizationRole]
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		roles, total, err := tx.OrganizationRoles(containing(in.Q, "id", "name"), c.window())
		if err != nil {
			return err
		}
		l.Total = total
		names := map[guestlist.ResourceID]string{}
		for _, r := range roles {
			row, err := withScopes(tx, r, names)
			if err != nil {
				return err
			}
			l.Rows = append(l.Rows, row)
		}
		return nil
	})
	return l, err
}

// withScopes adds what a role gives. names are those of the resources that were
// read before.
func withScopes(tx *store.Tx, r guestlist.OrganizationRole, names map[guestlist.ResourceID]string) (listedOrganizationRole, error) {
	row := listedOrganizationRole{OrganizationRole: r, Scopes: []scopeName{}, ResourceScopes: []resourceScopeName{}}
	scopes, _, err := tx.ScopesOfOrganizationRole(r.ID, store.Page{})
	if err != nil {
		return row, err
	}
	for _, s := range scopes {
		row.Scopes = append(row.Scopes, scopeName{s.ID, s.Name})
	}
	resourceScopes, _, err := tx.ResourceScopesOfOrganizationRole(r.ID, store.Page{})
	if err != nil {
		return row, err
	}
	for _, s := range resourceScopes {
		if _, known := names[s.ResourceID]; !known {
			resource, err := tx.Resource(s.ResourceID)
			if err != nil {
				return row, err
			}
			names[s.ResourceID] = resource.Name
		}
		row.ResourceScopes = append(row.ResourceScopes, resourceScopeName{s.ID, s.Name, resourceName{s.ResourceID, names[s.ResourceID]}})
	}
	return row, nil
}

func (a *API) createOrganizationRole(c *call, in struct {
	Body struct {
		Name             string                          `json:"name" check:"min=1,max=128"`
		Description      web.Opt[string]                 `json:"description" check:"max=256"`
		Type             *guestlist.RoleType             `json:"type" check:"enum=User|MachineToMachine"`
		ScopeIDs         []guestlist.OrganizationScopeID `json:"organizationScopeIds,omitempty" check:"max=1000,each.min=1"`
		ResourceScopeIDs []guestlist.ScopeID             `json:"resourceScopeIds,omitempty" check:"max=1000,each.min=1"`
	}
},
) (guestlist.OrganizationRole, error) {
	r := guestlist.OrganizationRole{
		TenantID: guestlist.TenantID, ID: guestlist.OrganizationRoleID(crypt.ID()), Name: in.Body.Name,
		Description: in.Body.Description.Pointer(), Type: guestlist.RoleUser,
	}
	set(&r.Type, in.Body.Type)
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		if err := tx.InsertOrganizationRole(r); err != nil {
			return err
		}
		if err := emit(tx, c, guestlist.EventOrganizationRoleCreated, r); err != nil {
			return err
		}
		if len(in.Body.ScopeIDs)+len(in.Body.ResourceScopeIDs) == 0 {
			return nil
		}
		if err := tx.AddOrganizationRoleScopes(r.ID, in.Body.ScopeIDs...); err != nil {
			return orRelation(err)
		}
		if err := refuseManagement(tx, r, in.Body.ResourceScopeIDs); err != nil {
			return err
		}
		if err := tx.AddOrganizationRoleResourceScopes(r.ID, in.Body.ResourceScopeIDs...); err != nil {
			return orRelation(err)
		}
		return emit(tx, c, guestlist.EventOrganizationRoleScopesUpdated, nil)
	})
	return r, err
}

// refuseManagement refuses to let members of organizations administer the
// house: scopes of this API are for machines and for administrators.
func refuseManagement(tx *store.Tx, r guestlist.OrganizationRole, ids []guestlist.ScopeID) error {
	for _, id := range ids {
		scope, err := tx.Scope(id)
		if err != nil {
			return orRelation(err)
		}
		if scope.ResourceID == store.ManagementResourceID && r.Type == guestlist.RoleUser {
			return guestlist.Refuse(guestlist.KindInvalid, "role.management_api_scopes_not_assignable_to_user_role")
		}
	}
	return nil
}

func (a *API) getOrganizationRole(c *call, in organizationRoleID) (guestlist.OrganizationRole, error) {
	var r guestlist.OrganizationRole
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		r, err = tx.OrganizationRole(in.ID)
		return err
	})
	return r, err
}

func (a *API) updateOrganizationRole(c *call, in struct {
	ID   guestlist.OrganizationRoleID `path:"id"`
	Body struct {
		Name        *string             `json:"name" check:"min=1,max=128"`
		Description web.Opt[string]     `json:"description" check:"max=256"`
		Type        *guestlist.RoleType `json:"type" check:"enum=User|MachineToMachine"`
	}
},
) (guestlist.OrganizationRole, error) {
	var r guestlist.OrganizationRole
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		var err error
		if r, err = tx.OrganizationRole(in.ID); err != nil {
			return orNone(err, "organization_role")
		}
		if in.Body.Name == nil && !in.Body.Description.Set && in.Body.Type == nil {
			return errNothingToChange
		}
		set(&r.Name, in.Body.Name)
		setOpt(&r.Description, in.Body.Description)
		if in.Body.Type != nil && *in.Body.Type != r.Type {
			r.Type = *in.Body.Type
			if err := mayChangeType(tx, r); err != nil {
				return err
			}
		}
		if err := tx.UpdateOrganizationRole(r); err != nil {
			return err
		}
		return emit(tx, c, guestlist.EventOrganizationRoleDataUpdated, r)
	})
	return r, err
}

// mayChangeType refuses to turn a role around while somebody has it who could
// not, and to let people have what only machines may.
func mayChangeType(tx *store.Tx, r guestlist.OrganizationRole) error {
	held, err := tx.OrganizationRoleIsHeld(r.ID)
	if err != nil {
		return err
	}
	if held {
		return errConstraint
	}
	scopes, _, err := tx.ResourceScopesOfOrganizationRole(r.ID, store.Page{})
	if err != nil {
		return err
	}
	ids := make([]guestlist.ScopeID, len(scopes))
	for i, s := range scopes {
		ids[i] = s.ID
	}
	return refuseManagement(tx, r, ids)
}

func (a *API) deleteOrganizationRole(c *call, in organizationRoleID) (none, error) {
	return none{}, a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		if err := tx.DeleteOrganizationRole(in.ID); err != nil {
			return err
		}
		return emit(tx, c, guestlist.EventOrganizationRoleDeleted, nil)
	})
}
