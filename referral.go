package guestlist

import "time"

// ReferralSettings are what users' own invitations give.
type ReferralSettings struct {
	Terms InvitationTerms `json:"terms"`
}

// DefaultReferralSettings are in force until somebody changes them.
func DefaultReferralSettings() ReferralSettings {
	return ReferralSettings{Terms: InvitationTerms{Landing: LandingHosted, Binding: BindExact, TTL: int(DefaultInvitationTTL / time.Second)}}
}

// ReferralQuota is how many invitations a user has to give: the most that any of
// their roles allows, of which those count that are open or were accepted. What
// is declined, revoked or expired can be given again.
type ReferralQuota struct {
	Quota int `json:"quota"`
	Used  int `json:"used"`
	Left  int `json:"left"`
}

// TreeNode is somebody who came in by an invitation, under who invited them.
type TreeNode struct {
	UserID       UserID       `json:"userId"`
	Name         string       `json:"name"` // or the address, of somebody without a name
	ParentID     UserID       `json:"parentUserId,omitempty"`
	InvitationID InvitationID `json:"invitationId,omitempty"`
	Depth        int          `json:"depth"` // 0 for whose tree it is
	Pending      int          `json:"pendingInvitations"`
	IsSuspended  bool         `json:"isSuspended"`
}

// Limits of referrals.
const (
	MaxReferralQuota = 10_000
	MaxTreeNodes     = 1_000 // that one look at a tree reads
	// SpareReferralsPerDay is how many invitations a user may give in a day beyond
	// their quota, after others were taken back: each is a mail to a stranger.
	SpareReferralsPerDay = 10
)

// ErrQuotaSpent says that a user has no invitation left to give.
var ErrQuotaSpent = Refuse(KindUnprocessable, "invitation.quota_spent")
