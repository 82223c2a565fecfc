package store

import (
	"errors"

	"guestlist"
)

// SetInvitationQuota says how many invitations the users of a role may hold; 0
// is none.
func (tx *Tx) SetInvitationQuota(role guestlist.RoleID, quota int) error {
	if quota == 0 {
		return tx.run("DELETE FROM role_invitation_quotas WHERE role_id = $1", role)
	}
	return tx.run(`INSERT INTO role_invitation_quotas (role_id, quota) VALUES ($1, $2)
		ON CONFLICT (role_id) DO UPDATE SET quota = excluded.quota`, role, quota)
}

// InvitationQuota returns how many invitations the users of a role may hold.
func (tx *Tx) InvitationQuota(role guestlist.RoleID) (int, error) {
	var n int
	err := tx.row("SELECT quota FROM role_invitation_quotas WHERE role_id = $1", []any{role}, &n)
	if errors.Is(err, ErrNotFound) {
		err = nil
	}
	return n, err
}

// referrals are the invitations that a user issued of their own.
// They have an index of their own, since who is a host as well has issued many
// more; a campaign is never theirs.
const referrals = "invitations WHERE inviter_id = $1 AND authority = 'referral'"

// The queries of this file whose plans are looked at in tests.
const (
	usedReferrals = referrals + ` AND ((status || '') = 'accepted' OR (status || '') = 'pending' AND expires_at > $2)`
	openReferrals = "SELECT " + invitationColumns + " FROM " + referrals + " AND (status || '') = 'pending' ORDER BY id DESC LIMIT $2"
	invitationOf  = "SELECT invitation_id FROM redemptions WHERE user_id = $1 AND is_new ORDER BY created_at LIMIT 1"
)

// invitedBy lists who came in by a user's own invitations.
func (d dialect) invitedBy() string {
	return `SELECT r.user_id, r.invitation_id FROM redemptions r WHERE r.is_new AND r.invitation_id IN (SELECT id` + d.elsewhere +
		" FROM " + referrals + ") ORDER BY r.created_at, r.user_id LIMIT $2"
}

// InvitationQuotaOf returns how many invitations the roles of a user let them
// hold, given or not.
func (tx *Tx) InvitationQuotaOf(id guestlist.UserID) (int, error) {
	var n int
	return n, tx.row(`SELECT COALESCE(MAX(quota), 0) FROM role_invitation_quotas
		WHERE role_id IN (SELECT role_id FROM user_roles WHERE user_id = $1)`, []any{id}, &n)
}

// ReferralQuota returns how many invitations a user has to give. Callers that
// spend one lock the user first.
func (tx *Tx) ReferralQuota(id guestlist.UserID) (guestlist.ReferralQuota, error) {
	var q guestlist.ReferralQuota
	var err error
	if q.Quota, err = tx.InvitationQuotaOf(id); err != nil || q.Quota == 0 {
		return q, err
	}
	used, err := tx.countRows(usedReferrals, []any{id, tx.Now}, q.Quota)
	q.Used, q.Left = used, max(0, q.Quota-used)
	return q, err
}

// ReferralsOf lists the invitations that a user issued of their own, the newest
// first.
func (tx *Tx) ReferralsOf(id guestlist.UserID, p Page) ([]guestlist.Invitation, int, error) {
	return page(tx, tx.scanInvitation, invitationColumns, referrals, "id DESC", []any{id}, p)
}

// OpenReferralsOf lists those that nobody has accepted yet, up to a limit.
func (tx *Tx) OpenReferralsOf(id guestlist.UserID, limit int) ([]guestlist.Invitation, error) {
	return collect(tx, tx.scanInvitation, openReferrals, id, limit)
}

// InvitationOf returns the invitation by which a user came in, "" for none.
func (tx *Tx) InvitationOf(id guestlist.UserID) (guestlist.InvitationID, error) {
	var i guestlist.InvitationID
	err := tx.row(invitationOf, []any{id}, &i)
	if errors.Is(err, ErrNotFound) {
		err = nil
	}
	return i, err
}

// InvitedBy lists who came in by a user's own invitations, up to a limit.
func (tx *Tx) InvitedBy(id guestlist.UserID, limit int) ([]guestlist.TreeNode, error) {
	return collect(tx, func(sc scanner) (guestlist.TreeNode, error) {
		n := guestlist.TreeNode{ParentID: id}
		err := sc.Scan(&n.UserID, &n.InvitationID)
		return n, err
	}, tx.s.dialect.invitedBy(), id, limit)
}

// settingReferrals names the settings of users' own invitations.
const settingReferrals = "referrals"

// ReferralSettings returns what users' own invitations give.
func (tx *Tx) ReferralSettings() (guestlist.ReferralSettings, error) {
	s := guestlist.DefaultReferralSettings()
	return s, tx.SettingJSON(settingReferrals, &s)
}

// PutReferralSettings changes them.
func (tx *Tx) PutReferralSettings(s guestlist.ReferralSettings) error {
	return tx.PutSettingJSON(settingReferrals, s)
}
