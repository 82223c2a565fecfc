package store

import (
	"strings"

	"guestlist"
)

// The names of what is counted of invitations, and what the names of what is
// counted of their stages begin with.
const (
	tallyInvitations = "invitations"      // all there are
	tallyOpen        = "invitations.open" // those that are stored as pending; with an inviter behind it, theirs

	talliesStages = "invitation|"     // by campaign, stage and day
	talliesDays   = "invitation-day|" // by day and stage, over all campaigns
)

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
// "" for invitations without one, and for all of them. Funnels and reports are
// sums of these few rows.
func (tx *Tx) countInvitation(stage InvitationStage, campaign guestlist.CampaignID, n int64) {
	day := dayOf(tx.Now)
	tx.tally(talliesStages+string(campaign)+"|"+string(stage)+"|"+day, n)
	tx.tally(talliesDays+day+"|"+string(stage), n)
}

// InvitationCount is how many invitations reached a stage on a day.
type InvitationCount struct {
	Stage InvitationStage
	Day   string // yyyy-mm-dd, UTC
	N     int
}

// No name goes on with a tilde, which follows every other character of one.
const afterTallies = "~"

// InvitationCounts returns the counts of a campaign, "" for the invitations of
// none, by stages and days.
func (tx *Tx) InvitationCounts(campaign guestlist.CampaignID) ([]InvitationCount, error) {
	counts, err := tx.countsBetween(talliesStages+string(campaign)+"|", "", afterTallies)
	list := make([]InvitationCount, 0, len(counts))
	for name, n := range counts {
		stage, day, _ := strings.Cut(name, "|")
		list = append(list, InvitationCount{InvitationStage(stage), day, n})
	}
	return list, err
}

// InvitationCountsSince returns the counts over all invitations from a day on, by
// days and stages. How many campaigns there are does not matter to it.
func (tx *Tx) InvitationCountsSince(day string) ([]InvitationCount, error) {
	counts, err := tx.countsBetween(talliesDays, day, afterTallies)
	list := make([]InvitationCount, 0, len(counts))
	for name, n := range counts {
		day, stage, _ := strings.Cut(name, "|")
		list = append(list, InvitationCount{InvitationStage(stage), day, n})
	}
	return list, err
}

// countOpen counts invitations that are open from now on, or, below 0, are not
// any more: of all and of their inviter.
func (tx *Tx) countOpen(by guestlist.Inviter, n int64) {
	tx.tally(tallyOpen, n)
	if by.ID != "" {
		tx.tally(tallyOpenOf(by), n)
	}
}

func tallyOpenOf(by guestlist.Inviter) string {
	return tallyOpen + "|" + string(by.Type) + "|" + by.ID
}

// OpenInvitations returns how many invitations are open, overdue ones that nobody
// swept yet among them: of all, and of an inviter who has an id. What this
// transaction did counts. It takes the same time however many there are.
func (tx *Tx) OpenInvitations(by guestlist.Inviter) (all, theirs int, err error) {
	if all, err = tx.countSoFar(tallyOpen); err != nil || by.ID == "" {
		return all, 0, err
	}
	theirs, err = tx.countSoFar(tallyOpenOf(by))
	return all, theirs, err
}
