package signin

import (
	"guestlist"
	"guestlist/internal/invite"
	"guestlist/internal/store"
)

// joinGranted makes the guest a member of the organizations that an invitation
// grants, and tells. invite.ErrOrganizationGone says that one is gone.
func (r *run) joinGranted(tx *store.Tx, user guestlist.UserID, grants []guestlist.InvitationOrganization) error {
	joined, err := invite.Join(tx, user, grants)
	if err != nil {
		return err
	}
	return r.emitJoined(tx, user, joined)
}

// provision makes the guest a member of the organizations that people join just
// in time: those of the one-time token that let them in, those of the enterprise
// connector that they came by for the first time, and for a new account those of
// the domain of its address, which was proved.
func (r *run) provision(tx *store.Tx, user guestlist.UserID, token guestlist.OneTimeTokenID) error {
	var ids []guestlist.OrganizationID
	if record, ok := r.i.heldToken(); ok && token != "" {
		for _, id := range record.TokenContext.JITOrganizationIDs {
			ids = append(ids, guestlist.OrganizationID(id))
		}
	}
	var email string
	var connector guestlist.ConnectorID
	if r.i.New {
		email = r.i.Profile.Email
	}
	if r.i.Profile.SSO != nil {
		connector = r.i.Profile.SSO.ConnectorID
	}
	if email != "" || connector != "" {
		more, err := tx.JITOrganizations(email, connector)
		if err != nil {
			return err
		}
		ids = append(ids, more...)
	}
	joined, err := invite.Provision(tx, user, ids...)
	if err != nil {
		return err
	}
	return r.emitJoined(tx, user, joined)
}

// emitJoined writes an event for each organization that the guest has joined.
func (r *run) emitJoined(tx *store.Tx, user guestlist.UserID, joined []guestlist.OrganizationID) error {
	for _, id := range joined {
		m, err := r.eventBase(tx, guestlist.EventOrganizationMembershipUpdated, "ip")
		if err != nil {
			return err
		}
		m["organizationId"], m["addedUserIds"] = id, []guestlist.UserID{user}
		if err := emit(tx, guestlist.EventOrganizationMembershipUpdated, m); err != nil {
			return err
		}
	}
	return nil
}
