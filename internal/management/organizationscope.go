package management

import (
	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

const tableOrganizationScopes = "organization_scopes"

func (a *API) organizationScopeRoutes() []route {
	return []route{
		get("/api/organization-scopes", "List the scopes of organizations", a.listOrganizationScopes),
		post("/api/organization-scopes", "Create a scope of organizations", a.createOrganizationScope).with201(),
		get("/api/organization-scopes/{id}", "Get a scope of organizations", a.getOrganizationScope).of(organizationScopeVersion),
		patch("/api/organization-scopes/{id}", "Change a scope of organizations", a.updateOrganizationScope).of(organizationScopeVersion),
		remove("/api/organization-scopes/{id}", "Delete a scope of organizations", a.deleteOrganizationScope).of(organizationScopeVersion),
	}
}

// organizationScopeID is the input of routes that need nothing else.
type organizationScopeID struct {
	ID guestlist.OrganizationScopeID `path:"id"`
}

func (a *API) listOrganizationScopes(c *call, in struct {
	Paging web.Paging `paging:"optional"`
	Q      string     `query:"q"`
},
) (list[guestlist.OrganizationScope], error) {
	var l list[guestlist.OrganizationScope]
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		l.Rows, l.Total, err = tx.OrganizationScopes(containing(in.Q, "id", "name"), c.window())
		return err
	})
	return l, err
}

func (a *API) createOrganizationScope(c *call, in struct {
	Body struct {
		Name        string          `json:"name" check:"min=1,max=128"`
		Description web.Opt[string] `json:"description" check:"max=256"`
	}
},
) (guestlist.OrganizationScope, error) {
	s := guestlist.OrganizationScope{
		TenantID: guestlist.TenantID, ID: guestlist.OrganizationScopeID(crypt.ID()), Name: in.Body.Name,
		Description: in.Body.Description.Pointer(),
	}
	if err := refuseScopeName(s.Name); err != nil {
		return s, err
	}
	return s, a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		if err := tx.InsertOrganizationScope(s); err != nil {
			return err
		}
		return emit(tx, c, guestlist.EventOrganizationScopeCreated, s)
	})
}

func (a *API) getOrganizationScope(c *call, in organizationScopeID) (guestlist.OrganizationScope, error) {
	var s guestlist.OrganizationScope
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		s, err = tx.OrganizationScope(in.ID)
		return orNoID(err, tableOrganizationScopes, in.ID)
	})
	return s, err
}

func (a *API) updateOrganizationScope(c *call, in struct {
	ID   guestlist.OrganizationScopeID `path:"id"`
	Body struct {
		Name        *string         `json:"name" check:"min=1,max=128"`
		Description web.Opt[string] `json:"description" check:"max=256"`
	}
},
) (guestlist.OrganizationScope, error) {
	var s guestlist.OrganizationScope
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		var err error
		if s, err = tx.OrganizationScope(in.ID); err != nil {
			return orNone(err, "organization_scope")
		}
		if in.Body.Name == nil && !in.Body.Description.Set {
			return errNothingToChange
		}
		set(&s.Name, in.Body.Name)
		setOpt(&s.Description, in.Body.Description)
		if err := refuseScopeName(s.Name); err != nil {
			return err
		}
		if err := tx.UpdateOrganizationScope(s); err != nil {
			return err
		}
		return emit(tx, c, guestlist.EventOrganizationScopeDataUpdated, s)
	})
	return s, err
}

func (a *API) deleteOrganizationScope(c *call, in organizationScopeID) (none, error) {
	return none{}, a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		if err := tx.DeleteOrganizationScope(in.ID); err != nil {
			return err
		}
		return emit(tx, c, guestlist.EventOrganizationScopeDeleted, nil)
	})
}

// roleScopesPage is the input of lists of what a role gives.
type roleScopesPage struct {
	ID     guestlist.OrganizationRoleID `path:"id"`
	Paging web.Paging                   `paging:"optional"`
}

func (a *API) listOrganizationRoleScopes(c *call, in roleScopesPage) (list[guestlist.OrganizationScope], error) {
	var l list[guestlist.OrganizationScope]
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		if _, err := tx.OrganizationRole(in.ID); err != nil {
			return err
		}
		var err error
		l.Rows, l.Total, err = tx.ScopesOfOrganizationRole(in.ID, c.window())
		return err
	})
	return l, err
}

// changeRoleScopes lets fn change what a role gives, and tells.
func (a *API) changeRoleScopes(c *call, id guestlist.OrganizationRoleID, fn func(*store.Tx, guestlist.OrganizationRole) error) error {
	return a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		r, err := tx.OrganizationRole(id)
		if err != nil {
			return orRelation(err)
		}
		if err := fn(tx, r); err != nil {
			return err
		}
		return emit(tx, c, guestlist.EventOrganizationRoleScopesUpdated, nil)
	})
}

func (a *API) addOrganizationRoleScopes(c *call, in struct {
	ID   guestlist.OrganizationRoleID `path:"id"`
	Body struct {
		ScopeIDs []guestlist.OrganizationScopeID `json:"organizationScopeIds" check:"min=1,max=1000,each.min=1"`
	}
},
) (created, error) {
	return created{}, a.changeRoleScopes(c, in.ID, func(tx *store.Tx, r guestlist.OrganizationRole) error {
		return orRelation(tx.AddOrganizationRoleScopes(r.ID, in.Body.ScopeIDs...))
	})
}

func (a *API) replaceOrganizationRoleScopes(c *call, in struct {
	ID   guestlist.OrganizationRoleID `path:"id"`
	Body struct {
		ScopeIDs []guestlist.OrganizationScopeID `json:"organizationScopeIds" check:"max=1000,each.min=1"`
	}
},
) (none, error) {
	return none{}, a.changeRoleScopes(c, in.ID, func(tx *store.Tx, r guestlist.OrganizationRole) error {
		return orRelation(tx.SetOrganizationRoleScopes(r.ID, in.Body.ScopeIDs...))
	})
}

func (a *API) removeOrganizationRoleScope(c *call, in struct {
	ID      guestlist.OrganizationRoleID  `path:"id"`
	ScopeID guestlist.OrganizationScopeID `path:"organizationScopeId"`
},
) (none, error) {
	return none{}, a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		if err := tx.RemoveOrganizationRoleScope(in.ID, in.ScopeID); err != nil {
			return err
		}
		return emit(tx, c, guestlist.EventOrganizationRoleScopesUpdated, nil)
	})
}

func (a *API) listOrganizationRoleResourceScopes(c *call, in roleScopesPage) (list[guestlist.Scope], error) {
	var l list[guestlist.Scope]
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		if _, err := tx.OrganizationRole(in.ID); err != nil {
			return err
		}
		var err error
		l.Rows, l.Total, err = tx.ResourceScopesOfOrganizationRole(in.ID, c.window())
		return err
	})
	return l, err
}

func (a *API) addOrganizationRoleResourceScopes(c *call, in struct {
	ID   guestlist.OrganizationRoleID `path:"id"`
	Body struct {
		ScopeIDs []guestlist.ScopeID `json:"scopeIds" check:"min=1,max=1000,each.min=1"`
	}
},
) (created, error) {
	return created{}, a.changeRoleScopes(c, in.ID, func(tx *store.Tx, r guestlist.OrganizationRole) error {
		if err := refuseManagement(tx, r, in.Body.ScopeIDs); err != nil {
			return err
		}
		return orRelation(tx.AddOrganizationRoleResourceScopes(r.ID, in.Body.ScopeIDs...))
	})
}

func (a *API) replaceOrganizationRoleResourceScopes(c *call, in struct {
	ID   guestlist.OrganizationRoleID `path:"id"`
	Body struct {
		ScopeIDs []guestlist.ScopeID `json:"scopeIds" check:"max=1000,each.min=1"`
	}
},
) (none, error) {
	return none{}, a.changeRoleScopes(c, in.ID, func(tx *store.Tx, r guestlist.OrganizationRole) error {
		if err := refuseManagement(tx, r, in.Body.ScopeIDs); err != nil {
			return err
		}
		return orRelation(tx.SetOrganizationRoleResourceScopes(r.ID, in.Body.ScopeIDs...))
	})
}

func (a *API) removeOrganizationRoleResourceScope(c *call, in struct {
	ID      guestlist.OrganizationRoleID `path:"id"`
	ScopeID guestlist.ScopeID            `path:"scopeId"`
},
) (none, error) {
	return none{}, a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		if err := tx.RemoveOrganizationRoleResourceScope(in.ID, in.ScopeID); err != nil {
			return err
		}
		return emit(tx, c, guestlist.EventOrganizationRoleScopesUpdated, nil)
	})
}
