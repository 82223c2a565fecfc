package management

import (
	"strings"
	"unicode"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

const tableResources = "resources"

func (a *API) resourceRoutes() []route {
	return []route{
		get("/api/resources", "List API resources", a.listResources),
		post("/api/resources", "Create an API resource", a.createResource).with201(),
		get("/api/resources/{id}", "Get an API resource", a.getResource).of(resourceVersion),
		patch("/api/resources/{id}", "Change an API resource", a.updateResource).of(resourceVersion),
		patch("/api/resources/{id}/is-default", "Make an API resource the default one, or not", a.setDefaultResource).of(resourceVersion),
		remove("/api/resources/{id}", "Delete an API resource", a.deleteResource).of(resourceVersion),
	}
}

// resourceID is the input of routes that need nothing else.
type resourceID struct {
	ID guestlist.ResourceID `path:"id"`
}

func resource(tx *store.Tx, id guestlist.ResourceID) (guestlist.Resource, error) {
	r, err := tx.Resource(id)
	return r, orNoID(err, tableResources, id)
}

// scopedResource is a resource with its scopes; nil where they were not asked
// for.
type scopedResource struct {
	guestlist.Resource
	Scopes *[]guestlist.Scope `json:"scopes,omitempty"`
}

func (a *API) listResources(c *call, in struct {
	Paging        web.Paging `paging:"optional"`
	IncludeScopes bool       `query:"includeScopes"`
},
) (list[scopedResource], error) {
	var l list[scopedResource]
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		resources, total, err := tx.Resources(c.window())
		if err != nil {
			return err
		}
		l.Total = total
		for _, r := range resources {
			row := scopedResource{Resource: r}
			if in.IncludeScopes {
				scopes, err := tx.ScopesOfResource(r.ID)
				if err != nil {
					return err
				}
				row.Scopes = &scopes
			}
			l.Rows = append(l.Rows, row)
		}
		return nil
	})
	return l, err
}

func (a *API) createResource(c *call, in struct {
	Body struct {
		Name           string `json:"name" check:"min=1,max=256"`
		Indicator      string `json:"indicator" check:"min=1,max=2048,format=indicator"`
		AccessTokenTTL *int   `json:"accessTokenTtl" check:"min=1,max=31536000"`
	}
},
) (scopedResource, error) {
	r := guestlist.Resource{
		TenantID: guestlist.TenantID, ID: guestlist.ResourceID(crypt.ID()), Name: in.Body.Name,
		Indicator: in.Body.Indicator, AccessTokenTTL: guestlist.DefaultAccessTokenTTLSeconds,
	}
	set(&r.AccessTokenTTL, in.Body.AccessTokenTTL)
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		return withArgs(tx.InsertResource(r), "resource.resource_identifier_in_use",
			map[string]any{"indicator": clip(r.Indicator)})
	})
	return scopedResource{r, &[]guestlist.Scope{}}, err
}

func (a *API) getResource(c *call, in resourceID) (guestlist.Resource, error) {
	var r guestlist.Resource
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		r, err = resource(tx, in.ID)
		return err
	})
	return r, err
}

// changeResource runs fn with a resource, and refuses the one of this API.
func (a *API) changeResource(c *call, id guestlist.ResourceID, code string, fn func(*store.Tx, *guestlist.Resource) error) (guestlist.Resource, error) {
	var r guestlist.Resource
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		var err error
		if r, err = resource(tx, id); err != nil {
			return err
		}
		if r.Indicator == guestlist.ManagementAPI {
			return guestlist.Refuse(guestlist.KindInvalid, code)
		}
		return fn(tx, &r)
	})
	return r, err
}

// The codes by which the resource of this API refuses to be touched.
const (
	codeNoModify = "resource.cannot_modify_management_api"
	codeNoDelete = "resource.cannot_delete_management_api"
)

func (a *API) updateResource(c *call, in struct {
	ID   guestlist.ResourceID `path:"id"`
	Body struct {
		Name           *string `json:"name" check:"min=1,max=256"`
		AccessTokenTTL *int    `json:"accessTokenTtl" check:"min=1,max=31536000"`
	}
},
) (guestlist.Resource, error) {
	return a.changeResource(c, in.ID, codeNoModify, func(tx *store.Tx, r *guestlist.Resource) error {
		if in.Body.Name == nil && in.Body.AccessTokenTTL == nil {
			return errNothingToChange
		}
		set(&r.Name, in.Body.Name)
		set(&r.AccessTokenTTL, in.Body.AccessTokenTTL)
		return tx.UpdateResource(*r)
	})
}

func (a *API) setDefaultResource(c *call, in struct {
	ID   guestlist.ResourceID `path:"id"`
	Body struct {
		IsDefault bool `json:"isDefault"`
	}
},
) (guestlist.Resource, error) {
	var r guestlist.Resource
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		var err error
		if r, err = resource(tx, in.ID); err != nil {
			return err
		}
		r.IsDefault = in.Body.IsDefault
		return tx.SetDefaultResource(in.ID, in.Body.IsDefault)
	})
	return r, err
}

func (a *API) deleteResource(c *call, in resourceID) (none, error) {
	_, err := a.changeResource(c, in.ID, codeNoDelete, func(tx *store.Tx, r *guestlist.Resource) error {
		return tx.DeleteResource(r.ID)
	})
	return none{}, err
}

// isIndicator accepts absolute URIs without a fragment (RFC 8707 §2).
func isIndicator(s string) bool {
	scheme, rest, ok := strings.Cut(s, ":")
	if !ok || rest == "" || scheme == "" || strings.ContainsAny(s, "#\"<>\\") {
		return false
	}
	for i, c := range scheme {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || !strings.ContainsRune("0123456789+-.", c)) {
			return false
		}
	}
	return !strings.ContainsFunc(s, func(c rune) bool { return unicode.IsSpace(c) || unicode.IsControl(c) })
}
