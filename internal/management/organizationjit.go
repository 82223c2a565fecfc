package management

import (
	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

// Who joins an organization just in time, and as what.

func (a *API) organizationJITRoutes() []route {
	const jit = "/api/organizations/{id}/jit"
	return []route{
		get(jit+"/email-domains", "List the e-mail domains whose people join an organization by themselves", a.listJITDomains),
		post(jit+"/email-domains", "Let the people of an e-mail domain join an organization by themselves", a.addJITDomain).with201(),
		put(jit+"/email-domains", "Make the e-mail domains whose people join exactly these", a.replaceJITDomains),
		remove(jit+"/email-domains/{emailDomain}", "End that the people of an e-mail domain join", a.removeJITDomain),
		get(jit+"/roles", "List the roles of those who join an organization by themselves", a.listJITRoles),
		post(jit+"/roles", "Give roles to those who will join by themselves", a.addJITRoles),
		put(jit+"/roles", "Make the roles of those who will join exactly these", a.replaceJITRoles),
		remove(jit+"/roles/{organizationRoleId}", "Take a role from those who will join", a.removeJITRole),
		get(jit+"/sso-connectors", "List the enterprise connectors whose people join an organization by themselves", a.listJITConnectors).secrets(),
		post(jit+"/sso-connectors", "Let the people of enterprise connectors join an organization by themselves", a.addJITConnectors),
		put(jit+"/sso-connectors", "Make the enterprise connectors whose people join exactly these", a.replaceJITConnectors),
		remove(jit+"/sso-connectors/{ssoConnectorId}", "End that the people of an enterprise connector join", a.removeJITConnector),
	}
}

// organizationList is the input of lists of an organization.
type organizationList struct {
	ID     guestlist.OrganizationID `path:"id"`
	Paging web.Paging               `paging:"optional"`
}

// jitDomain is an e-mail domain whose people join.
type jitDomain struct {
	TenantID       string                   `json:"tenantId"`
	OrganizationID guestlist.OrganizationID `json:"organizationId"`
	EmailDomain    string                   `json:"emailDomain"`
}

func (a *API) listJITDomains(c *call, in organizationList) (list[jitDomain], error) {
	var l list[jitDomain]
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		domains, total, err := tx.JITDomains(in.ID, c.window())
		l.Total = total
		for _, domain := range domains {
			l.Rows = append(l.Rows, jitDomain{guestlist.TenantID, in.ID, domain})
		}
		return err
	})
	return l, err
}

func (a *API) addJITDomain(c *call, in struct {
	ID   guestlist.OrganizationID `path:"id"`
	Body struct {
		EmailDomain string `json:"emailDomain" check:"min=1,max=253,format=domain"`
	}
},
) (jitDomain, error) {
	return jitDomain{guestlist.TenantID, in.ID, in.Body.EmailDomain}, a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		if err := orRelation(tx.AddJITDomain(in.ID, in.Body.EmailDomain)); err != nil {
			return err
		}
		_, total, err := tx.JITDomains(in.ID, store.Page{Limit: 1})
		if err == nil && total > guestlist.MaxJITDomains {
			err = errConstraint
		}
		return err
	})
}

func (a *API) replaceJITDomains(c *call, in struct {
	ID   guestlist.OrganizationID `path:"id"`
	Body struct {
		EmailDomains []string `json:"emailDomains" check:"max=1000,each.min=1,each.max=253,each.format=domain"`
	}
},
) (none, error) {
	return none{}, a.changeJIT(c, in.ID, func(tx *store.Tx) error { return tx.SetJITDomains(in.ID, in.Body.EmailDomains...) })
}

// changeJIT lets fn change an organization, whose id may be that of none.
func (a *API) changeJIT(c *call, id guestlist.OrganizationID, fn func(*store.Tx) error) error {
	return a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		if _, err := tx.Organization(id); err != nil {
			return orRelation(err)
		}
		return orRelation(fn(tx))
	})
}

func (a *API) removeJITDomain(c *call, in struct {
	ID          guestlist.OrganizationID `path:"id"`
	EmailDomain string                   `path:"emailDomain"`
},
) (none, error) {
	return none{}, a.Store.Update(c.ctx(), func(tx *store.Tx) error { return tx.RemoveJITDomain(in.ID, in.EmailDomain) })
}

func (a *API) listJITRoles(c *call, in organizationList) (list[guestlist.OrganizationRole], error) {
	var l list[guestlist.OrganizationRole]
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		l.Rows, l.Total, err = tx.JITRoles(in.ID, c.window())
		return err
	})
	return l, err
}

func (a *API) addJITRoles(c *call, in struct {
	ID   guestlist.OrganizationID `path:"id"`
	Body struct {
		RoleIDs []guestlist.OrganizationRoleID `json:"organizationRoleIds" check:"min=1,max=100,each.min=1"`
	}
},
) (created, error) {
	return created{}, a.changeJIT(c, in.ID, func(tx *store.Tx) error {
		if _, err := memberRoles(tx, in.Body.RoleIDs); err != nil {
			return err
		}
		return tx.AddJITRoles(in.ID, in.Body.RoleIDs...)
	})
}

func (a *API) replaceJITRoles(c *call, in struct {
	ID   guestlist.OrganizationID `path:"id"`
	Body struct {
		RoleIDs []guestlist.OrganizationRoleID `json:"organizationRoleIds" check:"max=100,each.min=1"`
	}
},
) (none, error) {
	return none{}, a.changeJIT(c, in.ID, func(tx *store.Tx) error {
		if _, err := memberRoles(tx, in.Body.RoleIDs); err != nil {
			return err
		}
		return tx.SetJITRoles(in.ID, in.Body.RoleIDs...)
	})
}

func (a *API) removeJITRole(c *call, in struct {
	ID     guestlist.OrganizationID     `path:"id"`
	RoleID guestlist.OrganizationRoleID `path:"organizationRoleId"`
},
) (none, error) {
	return none{}, a.Store.Update(c.ctx(), func(tx *store.Tx) error { return tx.RemoveJITRole(in.ID, in.RoleID) })
}

// listJITConnectors asks no provider to describe itself.
func (a *API) listJITConnectors(c *call, in organizationList) (list[ssoView], error) {
	var l list[ssoView]
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		rows, total, err := tx.JITConnectors(in.ID, c.window())
		l.Total, l.Rows = total, a.viewSSO(c.ctx(), rows, false)
		return err
	})
	return l, err
}

func (a *API) addJITConnectors(c *call, in struct {
	ID   guestlist.OrganizationID `path:"id"`
	Body struct {
		ConnectorIDs []guestlist.ConnectorID `json:"ssoConnectorIds" check:"min=1,max=100,each.min=1"`
	}
},
) (created, error) {
	return created{}, a.changeJIT(c, in.ID, func(tx *store.Tx) error { return tx.AddJITConnectors(in.ID, in.Body.ConnectorIDs...) })
}

func (a *API) replaceJITConnectors(c *call, in struct {
	ID   guestlist.OrganizationID `path:"id"`
	Body struct {
		ConnectorIDs []guestlist.ConnectorID `json:"ssoConnectorIds" check:"max=100,each.min=1"`
	}
},
) (none, error) {
	return none{}, a.changeJIT(c, in.ID, func(tx *store.Tx) error { return tx.SetJITConnectors(in.ID, in.Body.ConnectorIDs...) })
}

func (a *API) removeJITConnector(c *call, in struct {
	ID          guestlist.OrganizationID `path:"id"`
	ConnectorID guestlist.ConnectorID    `path:"ssoConnectorId"`
},
) (none, error) {
	return none{}, a.Store.Update(c.ctx(), func(tx *store.Tx) error { return tx.RemoveJITConnector(in.ID, in.ConnectorID) })
}
