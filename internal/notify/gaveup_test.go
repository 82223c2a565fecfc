package notify_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/store"
)

// A mail that takes its process along at every attempt is given up like one that
// is refused: nobody waits for it, and its campaign comes to an end.
func TestAMailThatKillsItsProcessFails(t *testing.T) {
	onBoth(t, func(b *bench) {
		const id, campaign = "0000000000000000invite", "campaign"
		m := message(store.InvitationMessageID(id, 1))
		m.Type, m.InvitationID, m.ValidFor = guestlist.TemplateInvitation, id, 3600
		b.update(func(tx *store.Tx) error {
			return tx.InsertInvitation(guestlist.Invitation{
				ID: id, Kind: guestlist.InvitationPersonal, RecipientEmail: m.To, Inviter: guestlist.Inviter{Type: guestlist.InviterSystem},
				CampaignID: campaign, Seats: 1, Delivery: guestlist.InvitationQueued, CreatedAt: tx.Now,
				ExpiresAt: tx.Now.Add(guestlist.UnsentInvitationTTL),
			}, "")
		})
		b.queue(m)
		for range guestlist.DefaultJobAttempts {
			b.update(func(tx *store.Tx) error {
				jobs, err := tx.ClaimJobs("message.send/email/invitations", tx.Now.Add(time.Minute), 1)
				if err == nil && len(jobs) != 1 {
					b.t.Fatalf("%d jobs could be claimed", len(jobs))
				}
				return err
			})
			b.clock.Advance(2 * time.Minute)
		}
		b.run()
		if row := b.message(m.ID); row.Status != store.MessageFailed || !strings.Contains(row.LastError, "ended with their process") {
			b.t.Errorf("the message: %+v", row)
		}
		b.update(func(tx *store.Tx) error {
			i, err := tx.Invitation(id)
			if err != nil {
				return err
			}
			if i.Delivery != guestlist.InvitationFailed || i.ExpiresAt.Sub(tx.Now) > time.Hour {
				b.t.Errorf("the invitation: %+v", i)
			}
			counts, err := tx.InvitationCounts(campaign)
			for _, stage := range []store.InvitationStage{store.StageFailed, store.StageSettled} {
				if !slices.ContainsFunc(counts, func(c store.InvitationCount) bool { return c.Stage == stage && c.N == 1 }) {
					b.t.Errorf("%s is not counted: %+v", stage, counts)
				}
			}
			return err
		})
	})
}
