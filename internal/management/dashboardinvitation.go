package management

import (
	"time"

	"guestlist/internal/store"
)

// invitationDays is how far back the curve of invitations goes, in days.
const invitationDays = 90

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
	return map[store.InvitationStage]*int{
		store.StageIssued: &d.Issued, store.StageSent: &d.Sent, store.StageDelivered: &d.Delivered, store.StageFailed: &d.Failed,
		store.StageOpened: &d.Opened, store.StageStarted: &d.Started, store.StageAccepted: &d.Accepted,
		store.StageDeclined: &d.Declined, store.StageRevoked: &d.Revoked, store.StageExpired: &d.Expired,
	}[stage]
}

// invitationsByDay lists the last invitationDays days, the oldest first.
func (a *API) invitationsByDay(c *call, _ struct{}) ([]invitationDay, error) {
	days := make([]invitationDay, invitationDays)
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		at := map[string]int{}
		first := tx.Now.Std().UTC().Truncate(24*time.Hour).AddDate(0, 0, 1-invitationDays)
		for i := range days {
			days[i].Date = first.AddDate(0, 0, i).Format(time.DateOnly)
			at[days[i].Date] = i
		}
		counts, err := tx.InvitationCountsSince(days[0].Date)
		for _, n := range counts {
			if i, ok := at[n.Day]; ok {
				if to := days[i].of(n.Stage); to != nil {
					*to += n.N
				}
			}
		}
		return err
	})
	return days, err
}
