package store

import (
	"strings"

	"guestlist"
)

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
	// StageSettled is that of a first mail that left, or never will: what is
	// issued and not settled is still to be sent.
	StageSettled InvitationStage = "settled"
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

// InvitationCount is how many invitations of a campaign reached a stage on a
// day.
type InvitationCount struct {
	Campaign guestlist.CampaignID // "" for invitations of none
	Stage    InvitationStage
	Day      string // yyyy-mm-dd, UTC
	N        int
}

// InvitationCounts returns the counts of a campaign, in the order of stages and
// days.
func (tx *Tx) InvitationCounts(campaign guestlist.CampaignID) ([]InvitationCount, error) {
	return tx.invitationCounts("invitation|" + string(campaign) + "|")
}

// AllInvitationCounts returns the counts of all campaigns, and of the
// invitations of none.
func (tx *Tx) AllInvitationCounts() ([]InvitationCount, error) {
	return tx.invitationCounts("invitation|")
}

// invitationCounts reads the counts whose names have a prefix. No name goes on
// with a tilde, which follows every other character of one.
func (tx *Tx) invitationCounts(prefix string) ([]InvitationCount, error) {
	return collect(tx, func(sc scanner) (InvitationCount, error) {
		var c InvitationCount
		var name string
		err := sc.Scan(&name, &c.N)
		if parts := strings.Split(name, "|"); len(parts) == 4 {
			c.Campaign, c.Stage, c.Day = guestlist.CampaignID(parts[1]), InvitationStage(parts[2]), parts[3]
		}
		return c, err
	}, "SELECT name, SUM(delta) FROM tallies WHERE name >= $1 AND name < $2 GROUP BY name ORDER BY name", prefix, prefix+"~")
}
