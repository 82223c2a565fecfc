package management

import (
	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

// Who may invite and nothing else has to choose where a guest goes and what they
// get. These lists are for them: names with ids, and nothing else. What opens the
// management API is in none of them.
func (a *API) invitationChoiceRoutes() []route {
	const write = guestlist.ScopeInvitationsWrite
	const all = "/api/invitation-choices/"
	return []route{
		get(all+"applications", "List the names of the applications that guests can be invited to", a.chooseApplications).takes(write),
		get(all+"roles", "List the names of the roles that invitations can give", a.chooseRoles).takes(write),
		get(all+"organizations", "List the names of the organizations that invitations can lead into", a.chooseOrganizations).takes(write),
		get(all+"organization-roles", "List the names of the organization roles that invitations can give",
			a.chooseOrganizationRoles).takes(write),
	}
}

// choice is something that an invitation can name, and all that is told of it.
type choice struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type choiceQuery struct {
	Paging web.Paging       `paging:"required"`
	Search guestlist.Search `search:"id,name"`
}

// choices makes the page that rows are, of as many as there are in all.
func choices[T any](rows []T, total int, of func(T) choice) list[choice] {
	l := list[choice]{Total: total}
	for _, x := range rows {
		l.Rows = append(l.Rows, of(x))
	}
	return l
}

func (a *API) chooseApplications(c *call, in choiceQuery) (l list[choice], err error) {
	err = a.Store.View(c.ctx(), func(tx *store.Tx) error {
		rows, total, err := tx.Applications(store.ApplicationFilter{Search: in.Search, Types: guestlist.RedirectingTypes()}, c.window())
		l = choices(rows, total, func(app guestlist.Application) choice { return choice{string(app.ID), app.Name} })
		return err
	})
	return l, err
}

func (a *API) chooseRoles(c *call, in choiceQuery) (l list[choice], err error) {
	err = a.Store.View(c.ctx(), func(tx *store.Tx) error {
		rows, total, err := tx.Roles(store.RoleFilter{Search: in.Search, Type: guestlist.RoleUser}, c.window())
		l = choices(rows, total, func(r guestlist.Role) choice { return choice{string(r.ID), r.Name} })
		return err
	})
	return l, err
}

func (a *API) chooseOrganizations(c *call, in choiceQuery) (l list[choice], err error) {
	err = a.Store.View(c.ctx(), func(tx *store.Tx) error {
		rows, total, err := tx.Organizations(in.Search, c.window())
		l = choices(rows, total, func(o guestlist.Organization) choice { return choice{string(o.ID), o.Name} })
		return err
	})
	return l, err
}

func (a *API) chooseOrganizationRoles(c *call, in choiceQuery) (l list[choice], err error) {
	err = a.Store.View(c.ctx(), func(tx *store.Tx) error {
		rows, total, err := tx.OrganizationRolesOfPeople(in.Search, c.window())
		l = choices(rows, total, func(r guestlist.OrganizationRole) choice { return choice{string(r.ID), r.Name} })
		return err
	})
	return l, err
}
