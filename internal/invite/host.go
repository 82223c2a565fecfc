package invite

import (
	"errors"
	"slices"

	"guestlist"
	"guestlist/internal/store"
)

// Host is on whose behalf invitations are issued, changed and taken back.
type Host struct {
	Inviter guestlist.Inviter
	// Scopes are those of the management API that the host holds. Who has not
	// all of them gives nobody a role that opens the management API.
	Scopes []string
	// BuiltIn are the applications that have no row.
	BuiltIn map[guestlist.ApplicationID]guestlist.Application
	// TargetOf returns the target of a social connector, "" for others. Who names
	// no connectors needs none.
	TargetOf func(guestlist.Connector) string
	// Disposable are the domains of addresses that are thrown away after use.
	Disposable map[string]bool
}

// name is what the timeline says of who did something.
func (h Host) name() string {
	if h.Inviter.ID == "" {
		return string(h.Inviter.Type)
	}
	return h.Inviter.ID
}

func (h Host) has(scope string) bool {
	return slices.Contains(h.Scopes, guestlist.ScopeAll) || slices.Contains(h.Scopes, scope)
}

// application returns where guests are led; unknown ones are
// invitation.unknown_reference.
func (h Host) application(tx *store.Tx, id guestlist.ApplicationID) (guestlist.Application, error) {
	if app, ok := h.BuiltIn[id]; ok {
		return app, nil
	}
	app, err := tx.Application(id)
	return app, orUnknown(err, "application", id)
}

// CheckGrants refuses what cannot be given, because it is not there or is for
// machines (invitation.unknown_reference), and what the host may not give
// (invitation.grants_not_allowed): who has not all scopes of the management API
// gives none of them away.
func (h Host) CheckGrants(tx *store.Tx, g guestlist.InvitationGrants) error {
	if len(g.RoleIDs) > guestlist.MaxInvitationRoles || len(g.Organizations) > guestlist.MaxInvitationOrgs ||
		len(g.CustomData) > guestlist.MaxInvitationCustomData {
		return errTerms.Saying("An invitation gives at most %d roles, %d organizations and %d bytes of custom data.",
			guestlist.MaxInvitationRoles, guestlist.MaxInvitationOrgs, guestlist.MaxInvitationCustomData)
	}
	for _, o := range g.Organizations {
		if len(o.RoleIDs) > guestlist.MaxInvitationRoles {
			return errTerms.Saying("An invitation gives at most %d roles of an organization.", guestlist.MaxInvitationRoles)
		}
	}
	return h.walkGrants(tx, g, orUnknownGrant)
}

// MayGive is CheckGrants for what an invitation gives already: only what the
// host may not give is refused, and what is gone meanwhile is overlooked. Who
// may not give it must not get at a link that does.
func (h Host) MayGive(tx *store.Tx, g guestlist.InvitationGrants) error {
	return h.walkGrants(tx, g, func(string, string) error { return nil })
}

// orUnknownGrant names what cannot be given.
func orUnknownGrant(what, id string) error { return orUnknown(store.ErrNotFound, what, id) }

// walkGrants looks at all that is given. missing judges what is not there, or
// not for people.
func (h Host) walkGrants(tx *store.Tx, g guestlist.InvitationGrants, missing func(what, id string) error) error {
	for _, id := range g.RoleIDs {
		role, err := tx.Role(id)
		if absent(err, role.Type) {
			err = missing("role", string(id))
		}
		if err != nil {
			return err
		}
		scopes, _, err := tx.ScopesOfRoleMatching(id, guestlist.Search{}, store.Page{})
		if err := h.mayGive(scopes, err); err != nil {
			return err
		}
	}
	for _, o := range g.Organizations {
		if err := h.walkOrganization(tx, o, missing); err != nil {
			return err
		}
	}
	return nil
}

func (h Host) walkOrganization(tx *store.Tx, o guestlist.InvitationOrganization, missing func(what, id string) error) error {
	_, err := tx.Organization(o.ID)
	if errors.Is(err, store.ErrNotFound) {
		err = missing("organization", string(o.ID))
	}
	if err != nil {
		return err
	}
	for _, id := range o.RoleIDs {
		role, err := tx.OrganizationRole(id)
		if absent(err, role.Type) {
			err = missing("organization role", string(id))
		}
		if err != nil {
			return err
		}
		scopes, _, err := tx.ResourceScopesOfOrganizationRole(id, store.Page{})
		if err := h.mayGive(scopes, err); err != nil {
			return err
		}
	}
	return nil
}

// absent reports whether a role is not there for people.
func absent(err error, kind guestlist.RoleType) bool {
	return errors.Is(err, store.ErrNotFound) || err == nil && kind != guestlist.RoleUser
}

// mayGive refuses scopes of the management API to who has not all of them.
func (h Host) mayGive(scopes []guestlist.Scope, err error) error {
	if err != nil || h.has(guestlist.ScopeAll) {
		return err
	}
	if slices.ContainsFunc(scopes, func(s guestlist.Scope) bool { return s.ResourceID == store.ManagementResourceID }) {
		return ErrGrantsNotAllowed
	}
	return nil
}

// HostOf returns who issued an invitation, with the scopes that they hold now, as
// far as they count for it. Who is gone or suspended, or may not invite any more,
// is ErrInviterGone: a host without the scope, a user whose roles leave them no
// invitations to give, a member who left. That a host may no longer give what the
// invitation gives, MayGive says.
func HostOf(tx *store.Tx, i guestlist.Invitation) (Host, error) {
	h := Host{Inviter: i.Inviter}
	var scopes []guestlist.Scope
	var err error
	switch i.Inviter.Type {
	case guestlist.InviterUser:
		id := guestlist.UserID(i.Inviter.ID)
		u, err := tx.User(id)
		if err != nil || u.IsSuspended {
			return h, orGone(err)
		}
		if scopes, err = tx.ScopesOfUser(id, store.ManagementResourceID); err != nil {
			return h, err
		}
	case guestlist.InviterApplication:
		id := guestlist.ApplicationID(i.Inviter.ID)
		if _, err := tx.Application(id); err != nil {
			return h, orGone(err)
		}
		if scopes, err = tx.ScopesOfApplication(id, store.ManagementResourceID); err != nil {
			return h, err
		}
	case guestlist.InviterSystem:
		h.Scopes = []string{guestlist.ScopeAll}
	}
	for _, s := range scopes {
		h.Scopes = append(h.Scopes, s.Name)
	}
	return h, h.standsFor(tx, i)
}

// standsFor asks whether the ground is still there on which somebody invited, and
// leaves of their scopes those that count for it.
func (h *Host) standsFor(tx *store.Tx, i guestlist.Invitation) error {
	switch authority := i.Inviter.Authority; {
	case authority.IsHost():
		if !h.has(guestlist.ScopeInvitationsWrite) {
			return guestlist.ErrInviterGone
		}
		if authority == guestlist.AuthorityNarrow {
			h.Scopes = []string{guestlist.ScopeInvitationsWrite}
		}
	case authority == guestlist.AuthorityReferral:
		h.Scopes = nil
		if n, err := tx.InvitationQuotaOf(guestlist.UserID(i.Inviter.ID)); err != nil || n == 0 {
			return orGone(err)
		}
	case authority == guestlist.AuthorityMember:
		for _, o := range i.Grants.Organizations {
			if member, err := tx.IsMember(o.ID, guestlist.UserID(i.Inviter.ID)); err != nil || !member {
				return orGone(err)
			}
		}
	}
	return nil
}

// orGone turns the lack of an inviter, or a suspension, into the refusal.
func orGone(err error) error {
	if err == nil || errors.Is(err, store.ErrNotFound) {
		return guestlist.ErrInviterGone
	}
	return err
}

// orUnknown turns the store's "not found" into one that names what is missing.
func orUnknown[ID ~string](err error, what string, id ID) error {
	if errors.Is(err, store.ErrNotFound) {
		return errUnknownReference.WithArgs(map[string]any{"name": what, "id": clip(string(id))})
	}
	return err
}

// first is the first error that is one.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// maxNamed is how much of an unknown id a refusal repeats, in characters.
const maxNamed = 64

func clip(s string) string {
	if r := []rune(s); len(r) > maxNamed {
		return string(r[:maxNamed]) + "…"
	}
	return s
}
