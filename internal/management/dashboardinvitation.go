package management

import (
	"time"

	"guestlist/internal/store"
)

// invitationMonths is how far back the curve of invitations goes, in days.
const invitationMonths = 90

// invitationDay is how many invitations came how far on a day, over all
// campaigns. An invitation counts on the day on which it got there: the
// accepted ones of a day may have been issued long before.
type invitationDay struct {
	Date      string `json:"date"` // UTC
	Issued    int    `json:"issued"`
	Sent      int    `json:"sent"`
	Delivered int    `json:"delivered"`
	Failed    int    `json:"failed"`
	Opened    int    `json:"opened"`
	Started   int    `json:"started"`
	Accepted  int    `json:"accepted"`
	Declined  int    `json:"declined"`
	Revoked   int    `json:"revoked"`
	Expired   int    `json:"expired"`
}

// of returns where a stage is counted, nil for what no curve shows.
func (d *invitationDay) of(stage store.InvitationStage) *int {
	switch stage {
	case store.StageIssued:
		return &d.Issued
	case store.StageSent:
		return &d.Sent
	case store.StageDelivered:
		return &d.Delivered
	case store.StageFailed:
		return &d.Failed
	case store.StageOpened:
		return &d.Opened
	case store.StageStarted:
		return &d.Started
	case store.StageAccepted:
		return &d.Accepted
	case store.StageDeclined:
		return &d.Declined
	case store.StageRevoked:
		return &d.Revoked
	case store.StageExpired:
		return &d.Expired
	case store.StageSettled:
	}
	return nil
}

// invitationsByDay lists the last invitationMonths days, the oldest first.
func (a *API) invitationsByDay(c *call, _ struct{}) ([]invitationDay, error) {
	days := make([]invitationDay, invitationMonths)
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		counts, err := tx.AllInvitationCounts()
		if err != nil {
			return err
		}
		at := map[string]int{}
		first := tx.Now.Std().UTC().Truncate(24*time.Hour).AddDate(0, 0, 1-invitationMonths)
		for i := range days {
			days[i].Date = first.AddDate(0, 0, i).Format(time.DateOnly)
			at[days[i].Date] = i
		}
		for _, n := range counts {
			i, ok := at[n.Day]
			if !ok {
				continue
			}
			if to := days[i].of(n.Stage); to != nil {
				*to += n.N
			}
		}
		return nil
	})
	return days, err
}
