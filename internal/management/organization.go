package management

import (
	"strings"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

const tableOrganizations = "organizations"

func (a *API) organizationRoutes() []route {
	return []route{
		get("/api/organizations", "List organizations", a.listOrganizations),
		post("/api/organizations", "Create an organization", a.createOrganization).with201(),
		get("/api/organizations/{id}", "Get an organization", a.getOrganization).of(organizationVersion),
		patch("/api/organizations/{id}", "Change an organization; customData is replaced", a.updateOrganization).of(organizationVersion),
		remove("/api/organizations/{id}", "Delete an organization; its users stay", a.deleteOrganization).of(organizationVersion),
	}
}

// organizationID is the input of routes that need nothing else.
type organizationID struct {
	ID guestlist.OrganizationID `path:"id"`
}

// containing searches columns for a text, whatever its letter case. "" finds
// everything.
func containing(q string, fields ...string) guestlist.Search {
	if q == "" {
		return guestlist.Search{}
	}
	return guestlist.Search{Matches: []guestlist.Match{{
		Fields: fields, Mode: guestlist.ModeLike, Values: []string{"%" + likeText.Replace(q) + "%"},
	}}}
}

// likeText takes from a text what LIKE would read as more than itself.
var likeText = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// listedOrganization is an organization, with its members where they were asked
// for.
type listedOrganization struct {
	guestlist.Organization
	UsersCount    *int                  `json:"usersCount,omitempty"`
	FeaturedUsers *[]store.FeaturedUser `json:"featuredUsers,omitempty"`
}

func (a *API) listOrganizations(c *call, in struct {
	Paging       web.Paging `paging:"required"`
	Q            string     `query:"q"`
	ShowFeatured bool       `query:"showFeatured"`
},
) (list[listedOrganization], error) {
	var l list[listedOrganization]
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		organizations, total, err := tx.Organizations(containing(in.Q, "id", "name"), c.window())
		if err != nil {
			return err
		}
		l.Total = total
		for _, o := range organizations {
			row := listedOrganization{Organization: o}
			if in.ShowFeatured {
				usage, err := tx.OrganizationUsage(o.ID)
				if err != nil {
					return err
				}
				row.UsersCount, row.FeaturedUsers = &usage.UsersCount, &usage.FeaturedUsers
			}
			l.Rows = append(l.Rows, row)
		}
		return nil
	})
	return l, err
}

// organizationExtras is what may be said of an organization besides its name.
type organizationExtras struct {
	Description   web.Opt[string]              `json:"description" check:"max=256"`
	CustomData    *guestlist.JSONObject        `json:"customData"`
	IsMFARequired *bool                        `json:"isMfaRequired"`
	Color         *guestlist.OrganizationColor `json:"color"`
	Branding      *guestlist.Branding          `json:"branding"`
	CustomCSS     web.Opt[string]              `json:"customCss" check:"max=200000"`
}

func (e organizationExtras) isEmpty() bool {
	return !e.Description.Set && e.CustomData == nil && e.IsMFARequired == nil && e.Color == nil && e.Branding == nil && !e.CustomCSS.Set
}

func (e organizationExtras) apply(o *guestlist.Organization) {
	setOpt(&o.Description, e.Description)
	set(&o.CustomData, e.CustomData)
	set(&o.IsMFARequired, e.IsMFARequired)
	set(&o.Color, e.Color)
	set(&o.Branding, e.Branding)
	setOpt(&o.CustomCSS, e.CustomCSS)
}

func (a *API) createOrganization(c *call, in struct {
	Body struct {
		Name string `json:"name" check:"min=1,max=128"`
		organizationExtras
	}
},
) (guestlist.Organization, error) {
	o := guestlist.Organization{
		TenantID: guestlist.TenantID, ID: guestlist.OrganizationID(crypt.ShortID()), Name: in.Body.Name,
		CustomData: guestlist.JSONObject("{}"),
	}
	in.Body.apply(&o)
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		o.CreatedAt = tx.Now
		if err := tx.InsertOrganization(o); err != nil {
			return err
		}
		return emit(tx, c, guestlist.EventOrganizationCreated, o)
	})
	return o, err
}

func (a *API) getOrganization(c *call, in organizationID) (guestlist.Organization, error) {
	var o guestlist.Organization
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		o, err = tx.Organization(in.ID)
		return orNoID(err, tableOrganizations, in.ID)
	})
	return o, err
}

func (a *API) updateOrganization(c *call, in struct {
	ID   guestlist.OrganizationID `path:"id"`
	Body struct {
		Name *string `json:"name" check:"min=1,max=128"`
		organizationExtras
	}
},
) (guestlist.Organization, error) {
	var o guestlist.Organization
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		var err error
		if o, err = tx.Organization(in.ID); err != nil {
			return orNone(err, "organization")
		}
		if in.Body.Name == nil && in.Body.isEmpty() {
			return errNothingToChange
		}
		set(&o.Name, in.Body.Name)
		in.Body.apply(&o)
		if err := tx.UpdateOrganization(o); err != nil {
			return err
		}
		return emit(tx, c, guestlist.EventOrganizationDataUpdated, o)
	})
	return o, err
}

func (a *API) deleteOrganization(c *call, in organizationID) (none, error) {
	return none{}, a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		if err := tx.DeleteOrganization(in.ID); err != nil {
			return err
		}
		if err := tx.RevokeInvitationsInto(in.ID, "the organization was deleted"); err != nil {
			return err
		}
		return emit(tx, c, guestlist.EventOrganizationDeleted, nil)
	})
}

// userOrganization is an organization with what a user is in it.
type userOrganization struct {
	guestlist.Organization
	Roles []guestlist.OrganizationRoleName `json:"organizationRoles"`
}

func (a *API) listUserOrganizations(c *call, in userID) ([]userOrganization, error) {
	rows := []userOrganization{}
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		if err := knownUser(tx, in.ID); err != nil {
			return err
		}
		organizations, err := tx.OrganizationsOfUser(in.ID)
		if err != nil {
			return err
		}
		held, err := tx.RolesInOrganizations(in.ID)
		if err != nil {
			return err
		}
		roles := map[guestlist.OrganizationID][]guestlist.OrganizationRoleName{}
		for _, m := range held {
			roles[m.OrganizationID] = append(roles[m.OrganizationID], m.Role)
		}
		for _, o := range organizations {
			rows = append(rows, userOrganization{o, orEmpty(roles[o.ID])})
		}
		return nil
	})
	return rows, err
}
