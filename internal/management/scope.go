package management

import (
	"strings"
	"unicode"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

func (a *API) scopeRoutes() []route {
	return []route{
		get("/api/resources/{resourceId}/scopes", "List the scopes of an API resource", a.listScopes),
		post("/api/resources/{resourceId}/scopes", "Create a scope", a.createScope).with201(),
		patch("/api/resources/{resourceId}/scopes/{scopeId}", "Change a scope", a.updateScope),
		remove("/api/resources/{resourceId}/scopes/{scopeId}", "Delete a scope", a.deleteScope),
	}
}

func (a *API) listScopes(c *call, in struct {
	ID     guestlist.ResourceID `path:"resourceId"`
	Paging web.Paging           `paging:"required"`
	Search guestlist.Search     `search:"id,name,description"`
},
) (list[guestlist.Scope], error) {
	var l list[guestlist.Scope]
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		l.Rows, l.Total, err = tx.Scopes(in.ID, in.Search, c.window())
		return err
	})
	return l, err
}

func (a *API) createScope(c *call, in struct {
	ID   guestlist.ResourceID `path:"resourceId"`
	Body struct {
		Name        string          `json:"name" check:"min=1,max=256"`
		Description web.Opt[string] `json:"description" check:"max=2048"`
	}
},
) (guestlist.Scope, error) {
	scope := guestlist.Scope{
		TenantID: guestlist.TenantID, ID: guestlist.ScopeID(crypt.ID()), ResourceID: in.ID,
		Name: in.Body.Name, Description: in.Body.Description.Pointer(),
	}
	if err := refuseScopeName(scope.Name); err != nil {
		return scope, err
	}
	_, err := a.changeResource(c, in.ID, codeNoModify, func(tx *store.Tx, _ *guestlist.Resource) error {
		scope.CreatedAt = tx.Now
		if err := tx.InsertScope(scope); err != nil {
			return scopeNameInUse(err, scope.Name)
		}
		return emit(tx, c, guestlist.EventScopeCreated, scope)
	})
	return scope, err
}

// refuseScopeName refuses what could not stand in a list of scopes (RFC 6749
// §3.3).
func refuseScopeName(name string) error {
	if strings.ContainsFunc(name, unicode.IsSpace) {
		return guestlist.Refuse(guestlist.KindInvalid, "scope.name_with_space")
	}
	return nil
}

func scopeNameInUse(err error, name string) error {
	return withArgs(err, "scope.name_exists", map[string]any{"name": name})
}

// scopeOf reads a scope of a resource, and none of another one.
func scopeOf(tx *store.Tx, resource guestlist.ResourceID, id guestlist.ScopeID) (guestlist.Scope, error) {
	scope, err := tx.Scope(id)
	if err == nil && scope.ResourceID != resource {
		err = store.ErrNotFound
	}
	return scope, err
}

func (a *API) updateScope(c *call, in struct {
	ID      guestlist.ResourceID `path:"resourceId"`
	ScopeID guestlist.ScopeID    `path:"scopeId"`
	Body    struct {
		Name        *string         `json:"name" check:"min=1,max=256"`
		Description web.Opt[string] `json:"description" check:"max=2048"`
	}
},
) (guestlist.Scope, error) {
	var scope guestlist.Scope
	_, err := a.changeResource(c, in.ID, codeNoModify, func(tx *store.Tx, r *guestlist.Resource) error {
		var err error
		if scope, err = scopeOf(tx, r.ID, in.ScopeID); err != nil {
			return orNone(err, "scope")
		}
		if in.Body.Name == nil && !in.Body.Description.Set {
			return errNothingToChange
		}
		set(&scope.Name, in.Body.Name)
		setOpt(&scope.Description, in.Body.Description)
		if err := refuseScopeName(scope.Name); err != nil {
			return err
		}
		if err := tx.UpdateScope(scope); err != nil {
			return scopeNameInUse(err, scope.Name)
		}
		return emit(tx, c, guestlist.EventScopeDataUpdated, scope)
	})
	return scope, err
}

func (a *API) deleteScope(c *call, in struct {
	ID      guestlist.ResourceID `path:"resourceId"`
	ScopeID guestlist.ScopeID    `path:"scopeId"`
},
) (none, error) {
	_, err := a.changeResource(c, in.ID, codeNoModify, func(tx *store.Tx, r *guestlist.Resource) error {
		if _, err := scopeOf(tx, r.ID, in.ScopeID); err != nil {
			return err
		}
		if err := tx.DeleteScope(in.ScopeID); err != nil {
			return err
		}
		return emit(tx, c, guestlist.EventScopeDeleted, nil)
	})
	return none{}, err
}
