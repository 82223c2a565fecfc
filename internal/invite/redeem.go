package invite

import (
	"encoding/json"
	"errors"

	"guestlist"
	"guestlist/internal/store"
)

// Guest is who redeems an invitation.
type Guest struct {
	UserID  guestlist.UserID
	Arrival guestlist.Arrival
	IsNew   bool // the account is made in this transaction
}

// Accept takes a seat of an invitation for a guest, in the transaction that lets
// them in, and gives what it gives but for what Fill writes. Everything is looked
// at anew: state, inviter, as whom the guest comes, organizations. Of all who
// ever began with it as many succeed as there are seats. The user's row exists.
// It returns the invitation as it was accepted: what a host took out of it since
// it was read is not given.
func Accept(tx *store.Tx, i guestlist.Invitation, g Guest) (guestlist.Invitation, error) {
	if err := i.AdmitsAs(g.Arrival); err != nil {
		return i, err
	}
	won, err := tx.TakeSeat(i.ID, i.Generation, store.Seat{UserID: g.UserID, Identity: identity(i, g.Arrival), IsNew: g.IsNew})
	if err == nil && !won {
		err = lost(tx, i)
	}
	if err != nil {
		return i, err
	}
	if i, err = tx.Invitation(i.ID); err != nil { // nobody changes it any more
		return i, err
	}
	if err := give(tx, i, g.UserID); err != nil {
		return i, err
	}
	return i, tx.EmitInvitation(guestlist.EventInvitationAccepted, i, map[string]any{"userId": g.UserID, "isNew": g.IsNew})
}

// lost says why no seat was left for who had seen one.
func lost(tx *store.Tx, i guestlist.Invitation) error {
	again, err := OpenID(tx, i.ID, i.Generation)
	if err != nil {
		return err
	}
	if again.Kind == guestlist.InvitationShared {
		return guestlist.ErrInvitationExhausted
	}
	return guestlist.ErrInvitationAccepted
}

// identity is what a guest was known by: the recipient's own address before
// others.
func identity(i guestlist.Invitation, a guestlist.Arrival) string {
	name := ""
	for _, id := range a.Proved {
		if name == "" || id.Key() == i.Recipient().Key() {
			name = id.Value
		}
	}
	if name == "" && a.Connector != "" {
		name = a.Connector + ":" + a.Subject
	}
	return name
}

// give gives roles. One that is gone meanwhile is left out: a guest is not kept
// outside because of it. What the inviter could not give any more is not given
// to anybody.
func give(tx *store.Tx, i guestlist.Invitation, user guestlist.UserID) error {
	if len(i.Grants.RoleIDs)+len(i.Grants.Organizations) == 0 {
		return nil
	}
	host, err := HostOf(tx, i)
	if err != nil {
		return err
	}
	for _, o := range i.Grants.Organizations { // joining is the caller's, who tells of it
		for _, id := range o.RoleIDs {
			scopes, _, err := tx.ResourceScopesOfOrganizationRole(id, store.Page{})
			if err := host.mayGive(scopes, err); err != nil {
				return outgrown(err)
			}
		}
	}
	for _, id := range i.Grants.RoleIDs {
		role, err := tx.Role(id)
		switch {
		case errors.Is(err, store.ErrNotFound) || err == nil && role.Type != guestlist.RoleUser:
			continue
		case err != nil:
			return err
		}
		scopes, _, err := tx.ScopesOfRoleMatching(id, guestlist.Search{}, store.Page{})
		if err := host.mayGive(scopes, err); err != nil {
			return outgrown(err)
		}
		if _, err := tx.GiveRoles(user, id); err != nil {
			return err
		}
	}
	return nil
}

// outgrown is why an inviter may not give what they could give once.
func outgrown(err error) error {
	if errors.Is(err, ErrGrantsNotAllowed) {
		return guestlist.ErrInviterGone
	}
	return err
}

// Fill writes into a user what an invitation gives of custom data, profile and
// name, and reports whether anything changed. Custom data is merged at the top
// level; of the rest the user keeps what they have.
func Fill(i guestlist.Invitation, u *guestlist.User) (changed bool, err error) {
	gives, err := i.Gives()
	if err != nil {
		return false, err
	}
	if len(gives.CustomData) > 0 && string(gives.CustomData) != "{}" {
		if u.CustomData, err = merged(u.CustomData, gives.CustomData); err != nil {
			return false, err
		}
		changed = true
	}
	if u.Name == nil && i.Kind == guestlist.InvitationPersonal && i.Name != "" {
		name := i.Name
		u.Name, changed = &name, true
	}
	if gives.Profile == nil {
		return changed, nil
	}
	theirs, err := json.Marshal(u.Profile)
	if err != nil {
		return false, err
	}
	given, err := json.Marshal(gives.Profile)
	if err != nil {
		return false, err
	}
	all, err := merged(given, theirs)
	if err != nil {
		return false, err
	}
	return true, json.Unmarshal(all, &u.Profile)
}

func merged(base, change json.RawMessage) (json.RawMessage, error) {
	return guestlist.MergeObjects(base, change)
}

// Decline writes down that the recipient does not want an invitation. That is
// final. Who declines has shown that they are the recipient.
func Decline(tx *store.Tx, i guestlist.Invitation) error {
	ended, err := tx.DeclineInvitation(i.ID)
	if err == nil && !ended {
		err = lost(tx, i)
	}
	if err != nil {
		return err
	}
	if i, err = tx.Invitation(i.ID); err != nil {
		return err
	}
	return tx.EmitInvitation(guestlist.EventInvitationDeclined, i, nil)
}

// ActFresh is a line of the timeline: the recipient asked for a new link.
const ActFresh = "FreshLink"

// FreshLink issues a new link of an invitation whose time is up, to the same
// mailbox, for who shows a link of it, and reports whether it did. It does not
// for one that was declined, accepted or taken back, whose mail others carry, or
// whose recipient got too many messages; the caller tells nobody.
func FreshLink(tx *store.Tx, code string) (bool, guestlist.InvitationID, error) {
	i, err := tx.InvitationByCode(code)
	if errors.Is(err, store.ErrNotFound) {
		return false, "", nil
	}
	if err != nil || i.StatusAt(tx.Now) != guestlist.InvitationExpired || i.RecipientEmail == "" || i.Copied ||
		i.Delivery == guestlist.InvitationNone || i.Sends >= guestlist.MaxInvitationSends {
		return false, "", err
	}
	for _, may := range []func() error{
		func() error { return mayInvite(tx, i) },
		func() error { return CountSend(tx, i) },
		func() error { return Renew(tx, i, true) },
	} {
		if err := may(); err != nil {
			if guestlist.KindOf(err) == guestlist.KindInternal {
				return false, "", err
			}
			return false, "", nil
		}
	}
	return true, i.ID, tx.AddInvitationAct(i.ID, guestlist.InvitationAct{Kind: ActFresh})
}
