package invite

import (
	"errors"

	"guestlist"
	"guestlist/internal/store"
)

// IssueReferral issues an invitation in a user's own name and mails it, if their
// roles leave them one to give. Whatever they do at once, they give no more than
// they have, and in a day no more than that and guestlist.SpareReferralsPerDay.
// Errors: invitation.quota_spent and those of IssueInvitation.
func IssueReferral(tx *store.Tx, id guestlist.UserID, email, name, message, locale string) (guestlist.Invitation, error) {
	none := guestlist.Invitation{}
	if _, err := tx.UserForUpdate(id); err != nil {
		return none, err
	}
	quota, err := tx.ReferralQuota(id)
	if err != nil {
		return none, err
	}
	if quota.Left == 0 {
		return none, guestlist.ErrQuotaSpent
	}
	// What is taken back can be given again, but not to the whole world in a day.
	if err := hit(tx, counterReferrer+string(id), day, quota.Quota+guestlist.SpareReferralsPerDay, ErrTooMany); err != nil {
		return none, err
	}
	settings, err := tx.ReferralSettings()
	if err != nil {
		return none, err
	}
	parent, err := tx.InvitationOf(id)
	if err != nil {
		return none, err
	}
	terms := settings.Terms
	if message != "" {
		terms.Message = message
	}
	h := Host{Inviter: guestlist.Inviter{Type: guestlist.InviterUser, ID: string(id), Authority: guestlist.AuthorityReferral}}
	issued, err := h.IssueInvitation(tx, InvitationOrder{
		Email: email, Name: name, Terms: terms, Locale: locale, Send: true, ParentID: parent,
	})
	return issued.Invitation, err
}

// counterReferrer counts what a user gives.
const counterReferrer = "referrals-by|"

// RevokeReferral takes back an invitation of a user's own that nobody has
// accepted. Those of others are not there: guestlist.ErrInvitationNotFound.
func RevokeReferral(tx *store.Tx, user guestlist.UserID, id guestlist.InvitationID) error {
	i, err := tx.Invitation(id)
	if errors.Is(err, store.ErrNotFound) || err == nil && !isReferralOf(i, user) {
		return guestlist.ErrInvitationNotFound
	}
	if err != nil {
		return err
	}
	_, err = Host{Inviter: i.Inviter}.RevokeInvitation(tx, id, "")
	return err
}

func isReferralOf(i guestlist.Invitation, user guestlist.UserID) bool {
	return i.Inviter.Authority == guestlist.AuthorityReferral && i.Inviter.Type == guestlist.InviterUser && i.Inviter.ID == string(user)
}

// Tree returns who came in by a user's invitations, by theirs, and so on, from
// the root down; more says that there are more than were read.
func Tree(tx *store.Tx, root guestlist.UserID) (nodes []guestlist.TreeNode, more bool, err error) {
	nodes = []guestlist.TreeNode{{UserID: root}}
	if err := cameBy(tx, &nodes[0]); err != nil {
		return nil, false, err
	}
	for at := 0; at < len(nodes); at++ {
		room := guestlist.MaxTreeNodes - len(nodes)
		below, err := tx.InvitedBy(nodes[at].UserID, room+1)
		if err != nil {
			return nil, false, err
		}
		if len(below) > room {
			below, more = below[:room], true
		}
		for _, n := range below {
			n.Depth = nodes[at].Depth + 1
			nodes = append(nodes, n)
		}
		if err := describe(tx, &nodes[at]); err != nil {
			return nil, false, err
		}
	}
	return nodes, more, nil
}

// cameBy fills in by whose invitation the root came in, if that is not forgotten.
func cameBy(tx *store.Tx, n *guestlist.TreeNode) error {
	id, err := tx.InvitationOf(n.UserID)
	if err != nil || id == "" {
		return err
	}
	i, err := tx.Invitation(id)
	if found, err := orNone(err); err != nil || !found {
		return err
	}
	n.InvitationID = i.ID
	if i.Inviter.Type == guestlist.InviterUser {
		n.ParentID = guestlist.UserID(i.Inviter.ID)
	}
	return nil
}

// describe fills in who a node is. Somebody who was deleted stays in the tree,
// without a name.
func describe(tx *store.Tx, n *guestlist.TreeNode) error {
	open, err := tx.OpenReferralsOf(n.UserID, guestlist.MaxReferralQuota)
	if err != nil {
		return err
	}
	n.Pending = len(open)
	u, err := tx.User(n.UserID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	n.IsSuspended = u.IsSuspended
	for _, name := range []*string{u.Name, u.PrimaryEmail, u.Username} {
		if n.Name == "" && name != nil {
			n.Name = *name
		}
	}
	return nil
}

// RevokeOpen takes back every open invitation of a user's own, in the name of
// the host, and returns how many there were.
func (h Host) RevokeOpen(tx *store.Tx, user guestlist.UserID, reason string) (int, error) {
	open, err := tx.OpenReferralsOf(user, guestlist.MaxReferralQuota)
	if err != nil {
		return 0, err
	}
	for _, i := range open {
		if _, err := h.RevokeInvitation(tx, i.ID, reason); err != nil {
			return 0, err
		}
	}
	return len(open), nil
}
