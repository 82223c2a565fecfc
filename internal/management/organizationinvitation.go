package management

import (
	"encoding/json"
	"errors"
	"slices"
	"time"

	"guestlist"
	"guestlist/internal/invite"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

// The invitations into organizations of the contract. They are rows like those
// of all invitations: what is issued here is seen there, and the other way round
// if it leads into one organization.

func (a *API) organizationInvitationRoutes() []route {
	const (
		all   = "/api/organization-invitations"
		read  = guestlist.ScopeInvitationsRead
		write = guestlist.ScopeInvitationsWrite
	)
	return []route{
		get(all, "List the invitations into organizations, the newest first", a.listOrganizationInvitations).takes(read),
		post(all, "Invite somebody into an organization", a.createOrganizationInvitation).with201().takes(write),
		get(all+"/{id}", "Get an invitation into an organization", a.getOrganizationInvitation).takes(read),
		remove(all+"/{id}", "Delete an invitation into an organization", a.deleteOrganizationInvitation).takes(write),
		post(all+"/{id}/message", "Send an invitation into an organization again", a.sendOrganizationInvitation).takes(write),
		put(all+"/{id}/status", "Accept an invitation into an organization for a user, or take it back", a.setOrganizationInvitationStatus).takes(write),
	}
}

const (
	// maxOrganizationInvitations is how many a list without pages has, the newest.
	maxOrganizationInvitations = 1000
	// maxMessagePayload bounds what a caller adds to a mail, in bytes.
	maxMessagePayload = 16 << 10
)

func (a *API) listOrganizationInvitations(c *call, in struct {
	Paging       web.Paging               `paging:"optional"`
	Organization guestlist.OrganizationID `query:"organizationId"`
	Inviter      guestlist.UserID         `query:"inviterId"`
	Invitee      string                   `query:"invitee" check:"max=320"`
},
) (list[guestlist.OrganizationInvitation], error) {
	var l list[guestlist.OrganizationInvitation]
	window := c.window()
	if window.Limit == 0 {
		window.Limit = maxOrganizationInvitations
	}
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		rows, total, err := tx.OrganizationInvitations(store.OrganizationInvitationFilter{
			Organization: in.Organization, Inviter: in.Inviter, Invitee: in.Invitee,
		}, window, listCap)
		if err != nil {
			return err
		}
		l.Total = total
		roles := map[guestlist.OrganizationRoleID]string{}
		for _, i := range rows {
			shown, err := showOrganizationInvitation(tx, i, roles)
			if err != nil {
				return err
			}
			l.Rows = append(l.Rows, shown)
		}
		return nil
	})
	l.capAt(listCap)
	return l, err
}

// showOrganizationInvitation puts an invitation into the words of the contract.
// roles are the names of roles that were read before, "" of those that are gone.
func showOrganizationInvitation(tx *store.Tx, i guestlist.Invitation, roles map[guestlist.OrganizationRoleID]string) (guestlist.OrganizationInvitation, error) {
	into := i.Grants.Organizations[0]
	shown := guestlist.OrganizationInvitation{
		TenantID: guestlist.TenantID, ID: i.ID, Invitee: i.RecipientEmail, AcceptedUserID: i.AcceptedBy, OrganizationID: into.ID,
		Status: i.StatusAt(tx.Now).OrganizationStatus(), CreatedAt: i.CreatedAt, UpdatedAt: i.UpdatedAt, ExpiresAt: i.ExpiresAt,
		OrganizationRoles: []guestlist.OrganizationRoleName{},
	}
	if i.Inviter.Type == guestlist.InviterUser {
		id := guestlist.UserID(i.Inviter.ID)
		shown.InviterID = &id
	}
	for _, id := range into.RoleIDs {
		name, known := roles[id]
		if !known {
			r, err := tx.OrganizationRole(id)
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return shown, err
			}
			name = r.Name
			roles[id] = name
		}
		if name != "" {
			shown.OrganizationRoles = append(shown.OrganizationRoles, guestlist.OrganizationRoleName{ID: id, Name: name})
		}
	}
	return shown, nil
}

type newOrganizationInvitation struct {
	InviterID      *guestlist.UserID              `json:"inviterId,omitempty" check:"min=1,null"`
	Invitee        string                         `json:"invitee" check:"format=email"`
	OrganizationID guestlist.OrganizationID       `json:"organizationId" check:"min=1,max=21"`
	ExpiresAt      guestlist.Time                 `json:"expiresAt"`
	RoleIDs        []guestlist.OrganizationRoleID `json:"organizationRoleIds,omitempty" check:"max=100,each.min=1"`
	MessagePayload any                            `json:"messagePayload,omitempty"`
}

// payload returns what is to be mailed; false says that nothing is.
func (n newOrganizationInvitation) payload(c *call) (map[string]any, bool, error) {
	switch p := n.MessagePayload.(type) {
	case nil:
		return nil, false, nil
	case bool:
		if !p {
			return nil, false, nil
		}
	case map[string]any:
		return p, true, checkPayload(c, p)
	}
	inv := web.Invalid{}
	inv.Type("messagePayload", kindObject, jsonType(n.MessagePayload))
	return nil, false, inv.Err()
}

// checkPayload bounds what waits in the queue for each mail. Who may only invite
// leads strangers nowhere but to the invitation's own page, by none of the words
// that templates may repeat.
func checkPayload(c *call, p map[string]any) error {
	if p["link"] != nil || leadsAway(p) {
		if err := c.needsAll(); err != nil {
			return err
		}
	}
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	inv := web.Invalid{}
	inv.Check(len(text) <= maxMessagePayload, "messagePayload", "too_big", "Too much for a mail")
	return inv.Err()
}

// leadsAway reports whether something in a value would become a link in a mail.
func leadsAway(v any) bool {
	switch v := v.(type) {
	case string:
		return invite.HasLink(v)
	case []any:
		return slices.ContainsFunc(v, leadsAway)
	case map[string]any:
		for name, member := range v {
			if invite.HasLink(name) || leadsAway(member) {
				return true
			}
		}
	}
	return false
}

func (a *API) createOrganizationInvitation(c *call, in struct{ Body newOrganizationInvitation }) (guestlist.OrganizationInvitation, error) {
	var shown guestlist.OrganizationInvitation
	b := in.Body
	payload, send, err := b.payload(c)
	if err != nil {
		return shown, err
	}
	if len(b.Invitee) > guestlist.MaxEmailLength {
		return shown, guestlist.Refuse(guestlist.KindUnprocessable, "entity.value_too_long")
	}
	if send {
		if err := a.canSend(c.ctx(), false); err != nil {
			return shown, err
		}
	}
	err = a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		host, order, err := organizationOrder(tx, c, b)
		if err != nil {
			return err
		}
		i, err := host.InviteToOrganization(tx, order)
		if err != nil {
			return err
		}
		if send {
			if err := invite.OrganizationMail(tx, a.Endpoint, i, payload); err != nil {
				return err
			}
		}
		shown, err = showOrganizationInvitation(tx, i, map[guestlist.OrganizationRoleID]string{})
		return err
	})
	return shown, err
}

// organizationOrder holds what is asked for against what there is, and says on
// whose behalf it is.
func organizationOrder(tx *store.Tx, c *call, b newOrganizationInvitation) (invite.Host, invite.OrganizationOrder, error) {
	host := c.host()
	order := invite.OrganizationOrder{OrganizationID: b.OrganizationID, Email: b.Invitee, ExpiresAt: b.ExpiresAt}
	rules, err := invite.Settings(tx)
	switch {
	case err != nil:
		return host, order, err
	case b.ExpiresAt <= tx.Now:
		return host, order, errInput(guestlist.KindInvalid, "The value of `expiresAt` has to lie ahead.")
	case b.ExpiresAt > tx.Now.Add(time.Duration(rules.MaxExpiresIn)*time.Second):
		return host, order, errInput(guestlist.KindInvalid, "The value of `expiresAt` lies too far ahead.")
	}
	if _, err := tx.Organization(b.OrganizationID); err != nil {
		return host, order, orRelation(err)
	}
	roles, err := memberRoles(tx, b.RoleIDs)
	if err != nil {
		return host, order, err
	}
	for _, r := range roles {
		order.RoleIDs = append(order.RoleIDs, r.ID)
	}
	if b.InviterID != nil {
		u, err := tx.User(*b.InviterID)
		if err != nil {
			return host, order, orRelation(err)
		}
		if u.IsSuspended {
			return host, order, errInput(guestlist.KindUnprocessable, "The inviter is suspended.")
		}
		host.Inviter = guestlist.Inviter{Type: guestlist.InviterUser, ID: string(u.ID), Authority: guestlist.AuthorityNamed}
		member, err := tx.IsMember(b.OrganizationID, u.ID)
		if err != nil {
			return host, order, err
		}
		if member {
			host.Inviter.Authority = guestlist.AuthorityMember
		}
	}
	return host, order, notYetMember(tx, b)
}

func notYetMember(tx *store.Tx, b newOrganizationInvitation) error {
	u, err := tx.UserByIdentifier(guestlist.Identifier{Type: guestlist.IdentifierEmail, Value: b.Invitee})
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	member, err := tx.IsMember(b.OrganizationID, u.ID)
	if err == nil && member {
		err = errInput(guestlist.KindUnprocessable, "The invitee is a member of the organization already.")
	}
	return err
}

type organizationInvitationID struct {
	ID guestlist.InvitationID `path:"id"`
}

// organizationInvitation reads an invitation that the contract knows.
func organizationInvitation(tx *store.Tx, id guestlist.InvitationID) (guestlist.Invitation, error) {
	read := tx.Invitation
	if tx.Writes() {
		read = tx.InvitationForUpdate
	}
	i, err := read(id)
	if err == nil && !i.OfOrganization() {
		err = store.ErrNotFound
	}
	return i, err
}

func (a *API) getOrganizationInvitation(c *call, in organizationInvitationID) (guestlist.OrganizationInvitation, error) {
	var shown guestlist.OrganizationInvitation
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		i, err := organizationInvitation(tx, in.ID)
		if err != nil {
			return err
		}
		shown, err = showOrganizationInvitation(tx, i, map[guestlist.OrganizationRoleID]string{})
		return err
	})
	return shown, err
}

func (a *API) deleteOrganizationInvitation(c *call, in organizationInvitationID) (none, error) {
	return none{}, a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		if _, err := organizationInvitation(tx, in.ID); err != nil {
			return err
		}
		return c.host().DeleteInvitation(tx, in.ID)
	})
}

func (a *API) sendOrganizationInvitation(c *call, in struct {
	ID   guestlist.InvitationID `path:"id"`
	Body guestlist.JSONObject
},
) (none, error) {
	var payload map[string]any
	if err := json.Unmarshal(in.Body, &payload); err != nil {
		return none{}, err
	}
	if err := checkPayload(c, payload); err != nil {
		return none{}, err
	}
	if err := a.canSend(c.ctx(), false); err != nil {
		return none{}, err
	}
	return none{}, a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		i, err := organizationInvitation(tx, in.ID)
		if err != nil {
			return err
		}
		if i.StatusAt(tx.Now) != guestlist.InvitationPending {
			return errInvitationEnded
		}
		return invite.OrganizationMail(tx, a.Endpoint, i, payload)
	})
}

var errInvitationEnded = errInput(guestlist.KindUnprocessable, "The status of the invitation cannot be changed any more.")

func (a *API) setOrganizationInvitationStatus(c *call, in struct {
	ID   guestlist.InvitationID `path:"id"`
	Body struct {
		Status         guestlist.OrganizationInvitationStatus `json:"status" check:"enum=Accepted|Revoked"`
		AcceptedUserID *guestlist.UserID                      `json:"acceptedUserId,omitempty" check:"min=1,null"`
	}
},
) (guestlist.OrganizationInvitation, error) {
	var shown guestlist.OrganizationInvitation
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		i, err := organizationInvitation(tx, in.ID)
		if err != nil {
			return err
		}
		if i.StatusAt(tx.Now) != guestlist.InvitationPending {
			return errInvitationEnded
		}
		switch {
		case in.Body.Status == guestlist.OrganizationInvitationRevoked:
			_, err = c.host().RevokeInvitation(tx, i.ID, "")
		case in.Body.AcceptedUserID == nil:
			err = errInput(guestlist.KindUnprocessable, "To accept an invitation, `acceptedUserId` is needed.")
		default:
			err = acceptFor(tx, c, i, *in.Body.AcceptedUserID)
		}
		if err != nil {
			return err
		}
		if i, err = tx.Invitation(in.ID); err != nil {
			return err
		}
		shown, err = showOrganizationInvitation(tx, i, map[guestlist.OrganizationRoleID]string{})
		return err
	})
	return shown, err
}

// acceptFor lets a user have what an invitation gives, on the word of the caller
// that they want it: who may only invite has no say in that. The address is the
// user's own; whether they ever proved it is the caller's to know.
func acceptFor(tx *store.Tx, c *call, i guestlist.Invitation, id guestlist.UserID) error {
	if err := c.needsAll(); err != nil {
		return err
	}
	u, err := tx.UserForUpdate(id)
	if err != nil {
		return err
	}
	if u.PrimaryEmail == nil || guestlist.EmailKey(*u.PrimaryEmail) != guestlist.EmailKey(i.RecipientEmail) {
		return errInput(guestlist.KindUnprocessable, "The user who accepts needs the address that was invited.")
	}
	proof := guestlist.Arrival{Proved: []guestlist.Identifier{i.Recipient()}, FreshProof: true}
	if i, err = invite.Accept(tx, i, invite.Guest{UserID: id, Arrival: proof}); err != nil {
		return err
	}
	joined, err := invite.Join(tx, id, i.Grants.Organizations)
	if err != nil {
		return err
	}
	for _, organization := range joined {
		if err := emitMembers(tx, c, organization, []guestlist.UserID{id}, nil, nil); err != nil {
			return err
		}
	}
	changed, err := invite.Fill(i, &u)
	if err != nil || !changed {
		return err
	}
	u.UpdatedAt = tx.Now
	if err := tx.UpdateUser(u); err != nil {
		return err
	}
	return emit(tx, c, guestlist.EventUserDataUpdated, u)
}
