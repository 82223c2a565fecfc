package store

import "guestlist"

// tallyInvitations counts all invitations there are.
const tallyInvitations = "invitations"

// InvitationStage is how far an invitation came, for counts per day.
type InvitationStage string

// The stages that are counted.
const (
	StageIssued    InvitationStage = "issued"
	StageSent      InvitationStage = "sent"
	StageDelivered InvitationStage = "delivered"
	StageFailed    InvitationStage = "failed" // its mail: bounced, complained, suppressed or given up
	StageOpened    InvitationStage = "opened"
	StageStarted   InvitationStage = "started"
	StageAccepted  InvitationStage = "accepted"
	StageDeclined  InvitationStage = "declined"
	StageRevoked   InvitationStage = "revoked"
	StageExpired   InvitationStage = "expired"
)

// countInvitation adds to what is counted of a stage today: for its campaign,
// "" for invitations without one. Funnels and reports are sums of these few
// rows.
func (tx *Tx) countInvitation(stage InvitationStage, campaign guestlist.CampaignID, n int64) {
	tx.tally(invitationTally(stage, campaign, dayOf(tx.Now)), n)
}

// invitationTally names a count: "invitation|<campaign>|<stage>|<day>", so that
// those of a campaign, and of a stage in it, are ranges.
func invitationTally(stage InvitationStage, campaign guestlist.CampaignID, day string) string {
	return "invitation|" + string(campaign) + "|" + string(stage) + "|" + day
}
