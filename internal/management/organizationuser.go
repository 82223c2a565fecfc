package management

import (
	"errors"
	"strings"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

func (a *API) organizationUserRoutes() []route {
	const (
		members = "/api/organizations/{id}/users"
		member  = members + "/{userId}"
	)
	return []route{
		get(members, "List the members of an organization", a.listMembers),
		post(members, "Make users members of an organization; those who are stay as they are", a.addMembers).with201(),
		put(members, "Make the members of an organization exactly these", a.replaceMembers),
		remove(member, "End the membership of a user", a.removeMember),
		post(members+"/roles", "Give members of an organization roles in it", a.addRolesOfMembers),
		get(member+"/roles", "List the roles of a member", a.listMemberRoles),
		post(member+"/roles", "Give a member roles; those that the member has are ignored", a.addMemberRoles).with201(),
		put(member+"/roles", "Make the roles of a member exactly these", a.replaceMemberRoles),
		remove(member+"/roles/{organizationRoleId}", "Take a role from a member", a.removeMemberRole),
		get(member+"/scopes", "List the scopes that a user has in an organization", a.listMemberScopes),
	}
}

var errNoMember = guestlist.Refuse(guestlist.KindUnprocessable, "organization.require_membership")

// organizationMember is a user with what they are in an organization.
type organizationMember struct {
	guestlist.User
	HasPassword *bool                            `json:"hasPassword,omitempty"` // hides the user's, as on the wire
	Roles       []guestlist.OrganizationRoleName `json:"organizationRoles"`
}

func (a *API) listMembers(c *call, in struct {
	ID     guestlist.OrganizationID     `path:"id"`
	Paging web.Paging                   `paging:"required"`
	Q      string                       `query:"q"`
	Role   guestlist.OrganizationRoleID `query:"organizationRoleId"`
},
) (list[organizationMember], error) {
	var l list[organizationMember]
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		users, total, err := tx.Users(store.UserFilter{
			OfOrganization: in.ID, OfOrganizationRole: in.Role,
			Search: containing(in.Q, "id", "primary_email", "primary_phone", "username", "name"),
		}, c.window())
		if err != nil {
			return err
		}
		l.Total = total
		ids := make([]guestlist.UserID, len(users))
		for i, u := range users {
			ids[i] = u.ID
		}
		held, err := tx.RolesOfMembers(in.ID, ids)
		if err != nil {
			return err
		}
		roles := map[guestlist.UserID][]guestlist.OrganizationRoleName{}
		for _, m := range held {
			roles[m.UserID] = append(roles[m.UserID], m.Role)
		}
		for _, u := range users {
			l.Rows = append(l.Rows, organizationMember{User: u, Roles: orEmpty(roles[u.ID])})
		}
		return nil
	})
	return l, err
}

type memberIDs struct {
	UserIDs []guestlist.UserID `json:"userIds"`
}

func (a *API) addMembers(c *call, in struct {
	ID   guestlist.OrganizationID `path:"id"`
	Body struct {
		UserIDs []guestlist.UserID `json:"userIds" check:"min=1,each.min=1"`
	}
},
) (memberIDs, error) {
	answer := memberIDs{in.Body.UserIDs}
	return answer, a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		added, err := joinAll(tx, in.ID, in.Body.UserIDs)
		if err != nil {
			return err
		}
		return emitMembers(tx, c, in.ID, added, nil, answer)
	})
}

// joinAll makes users members and returns those who were none. An unknown user or
// organization refuses all of them.
func joinAll(tx *store.Tx, id guestlist.OrganizationID, users []guestlist.UserID) ([]guestlist.UserID, error) {
	var added []guestlist.UserID
	for _, user := range distinct(users) {
		isNew, err := tx.JoinOrganization(id, user)
		if err != nil {
			return nil, orRelation(err)
		}
		if isNew {
			added = append(added, user)
		}
	}
	return added, nil
}

func (a *API) replaceMembers(c *call, in struct {
	ID   guestlist.OrganizationID `path:"id"`
	Body struct {
		UserIDs []guestlist.UserID `json:"userIds" check:"each.min=1"`
	}
},
) (none, error) {
	return none{}, a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		if _, err := tx.Organization(in.ID); err != nil {
			return orRelation(err)
		}
		wanted := map[guestlist.UserID]bool{}
		for _, user := range in.Body.UserIDs {
			wanted[user] = true
		}
		before, err := tx.MembersOf(in.ID)
		if err != nil {
			return err
		}
		var removed []guestlist.UserID
		for _, user := range before {
			if wanted[user] {
				continue
			}
			if err := tx.LeaveOrganization(in.ID, user); err != nil {
				return err
			}
			removed = append(removed, user)
		}
		added, err := joinAll(tx, in.ID, in.Body.UserIDs)
		if err != nil {
			return err
		}
		return emitMembers(tx, c, in.ID, added, removed, nil)
	})
}

// memberID names a user in an organization.
type memberID struct {
	ID     guestlist.OrganizationID `path:"id"`
	UserID guestlist.UserID         `path:"userId"`
}

func (a *API) removeMember(c *call, in memberID) (none, error) {
	return none{}, a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		if err := tx.LeaveOrganization(in.ID, in.UserID); err != nil {
			return err
		}
		return emitMembers(tx, c, in.ID, nil, []guestlist.UserID{in.UserID}, nil)
	})
}

// onlyMember refuses who is not in the organization.
func onlyMember(tx *store.Tx, id guestlist.OrganizationID, user guestlist.UserID) error {
	is, err := tx.IsMember(id, user)
	if err == nil && !is {
		err = errNoMember
	}
	return err
}

// memberRoles returns the roles with these ids, each once. One that is unknown,
// or for machines, refuses them all.
func memberRoles(tx *store.Tx, ids []guestlist.OrganizationRoleID) ([]guestlist.OrganizationRole, error) {
	roles := []guestlist.OrganizationRole{}
	for _, id := range distinct(ids) {
		r, err := tx.OrganizationRole(id)
		if err != nil {
			return nil, orRelation(err)
		}
		if r.Type != guestlist.RoleUser {
			return nil, errConstraint
		}
		roles = append(roles, r)
	}
	return roles, nil
}

func (a *API) addRolesOfMembers(c *call, in struct {
	ID   guestlist.OrganizationID `path:"id"`
	Body struct {
		UserIDs []guestlist.UserID             `json:"userIds" check:"min=1,max=1000,each.min=1"`
		RoleIDs []guestlist.OrganizationRoleID `json:"organizationRoleIds" check:"min=1,max=100,each.min=1"`
	}
},
) (created, error) {
	return created{}, a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		if _, err := memberRoles(tx, in.Body.RoleIDs); err != nil {
			return err
		}
		for _, user := range distinct(in.Body.UserIDs) {
			if err := tx.GiveOrganizationRoles(in.ID, user, in.Body.RoleIDs...); err != nil {
				return orRelation(err)
			}
		}
		return nil
	})
}

func (a *API) listMemberRoles(c *call, in struct {
	ID     guestlist.OrganizationID `path:"id"`
	UserID guestlist.UserID         `path:"userId"`
	Paging web.Paging               `paging:"optional"`
},
) (list[guestlist.OrganizationRole], error) {
	var l list[guestlist.OrganizationRole]
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		if err := onlyMember(tx, in.ID, in.UserID); err != nil {
			return err
		}
		var err error
		l.Rows, l.Total, err = tx.RolesOfMember(in.ID, in.UserID, c.window())
		return err
	})
	return l, err
}

// givenRoles names roles by id, by name, or both.
type givenRoles struct {
	ID     guestlist.OrganizationID `path:"id"`
	UserID guestlist.UserID         `path:"userId"`
	Body   struct {
		RoleIDs   []guestlist.OrganizationRoleID `json:"organizationRoleIds,omitempty" check:"max=100,each.min=1"`
		RoleNames []string                       `json:"organizationRoleNames,omitempty" check:"max=100,each.min=1,each.max=128"`
	}
}

// of returns the roles that are meant for a member.
func (g givenRoles) of(tx *store.Tx) ([]guestlist.OrganizationRoleID, error) {
	if err := onlyMember(tx, g.ID, g.UserID); err != nil {
		return nil, err
	}
	ids := append([]guestlist.OrganizationRoleID{}, g.Body.RoleIDs...)
	var unknown []string
	for _, name := range distinct(g.Body.RoleNames) {
		r, err := tx.OrganizationRoleByName(name)
		if errors.Is(err, store.ErrNotFound) {
			unknown = append(unknown, clip(name))
			continue
		}
		if err != nil {
			return nil, err
		}
		ids = append(ids, r.ID)
	}
	if len(unknown) > 0 {
		return nil, guestlist.Refuse(guestlist.KindUnprocessable, "organization.role_names_not_found").
			WithArgs(map[string]any{"names": strings.Join(unknown, ", ")})
	}
	ids = distinct(ids)
	_, err := memberRoles(tx, ids)
	return ids, err
}

type memberRoleIDs struct {
	RoleIDs []guestlist.OrganizationRoleID `json:"organizationRoleIds"`
}

func (a *API) addMemberRoles(c *call, in givenRoles) (memberRoleIDs, error) {
	var given memberRoleIDs
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		var err error
		if given.RoleIDs, err = in.of(tx); err != nil {
			return err
		}
		return tx.GiveOrganizationRoles(in.ID, in.UserID, given.RoleIDs...)
	})
	return given, err
}

func (a *API) replaceMemberRoles(c *call, in givenRoles) (none, error) {
	return none{}, a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		ids, err := in.of(tx)
		if err != nil {
			return err
		}
		return tx.SetOrganizationRoles(in.ID, in.UserID, ids...)
	})
}

func (a *API) removeMemberRole(c *call, in struct {
	ID     guestlist.OrganizationID     `path:"id"`
	UserID guestlist.UserID             `path:"userId"`
	RoleID guestlist.OrganizationRoleID `path:"organizationRoleId"`
},
) (none, error) {
	return none{}, a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		if err := onlyMember(tx, in.ID, in.UserID); err != nil {
			return err
		}
		return tx.TakeOrganizationRole(in.ID, in.UserID, in.RoleID)
	})
}

func (a *API) listMemberScopes(c *call, in memberID) ([]guestlist.OrganizationScope, error) {
	var scopes []guestlist.OrganizationScope
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		scopes, err = tx.ScopesOfMember(in.ID, in.UserID)
		return err
	})
	return orEmpty(scopes), err
}
