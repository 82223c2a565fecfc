package signin

import (
	"context"

	"guestlist"
	"guestlist/internal/invite"
	"guestlist/internal/store"
)

// GiveInvitation invites somebody in one's own name, of the invitations that one
// has to give. Errors: invitation.quota_spent, connector.not_found, and those of
// invite.IssueReferral.
type GiveInvitation struct {
	Email, Name, Message string
	Locale               string // BCP 47
}

// TakeBackInvitation takes back an invitation that one gave and that nobody has
// accepted.
type TakeBackInvitation struct{ ID guestlist.InvitationID }

// OwnInvitations are the invitations that somebody gave, the newest first, and
// how many they have left.
type OwnInvitations struct {
	Quota guestlist.ReferralQuota
	List  []guestlist.Invitation
	More  bool
}

// InvitationsPerPage is how many invitations OwnInvitations lists at once.
const InvitationsPerPage = 20

// OwnInvitations lists a page of the invitations that somebody gave, from page 1
// on.
func (d *Desk) OwnInvitations(ctx context.Context, a *Account, page int) (OwnInvitations, error) {
	var own OwnInvitations
	err := d.Store.View(ctx, func(tx *store.Tx) (err error) {
		if own.Quota, err = tx.ReferralQuota(a.User.ID); err != nil {
			return err
		}
		own.List, _, err = tx.ReferralsOf(a.User.ID, store.Page{Limit: InvitationsPerPage + 1, Offset: (page - 1) * InvitationsPerPage})
		return err
	})
	if own.More = len(own.List) > InvitationsPerPage; own.More {
		own.List = own.List[:InvitationsPerPage]
	}
	return own, err
}

func (GiveInvitation) logKey() string { return "Account.Invitation.Create" }

func (a GiveInvitation) prepare(r *accountRun) error {
	if !guestlist.IsEmail(a.Email) {
		return errInvalidInput
	}
	return r.d.needsConnector(r.ctx, guestlist.ChannelEmail)
}

func (a GiveInvitation) apply(tx *store.Tx, r *accountRun) error {
	_, err := invite.IssueReferral(tx, r.user.ID, a.Email, a.Name, a.Message, a.Locale)
	return err
}

func (TakeBackInvitation) logKey() string { return "Account.Invitation.Revoke" }

func (TakeBackInvitation) prepare(*accountRun) error { return nil }

func (a TakeBackInvitation) apply(tx *store.Tx, r *accountRun) error {
	return invite.RevokeReferral(tx, r.user.ID, a.ID)
}
