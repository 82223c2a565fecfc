package invite_test

import (
	"slices"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/invite"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
)

// TestTimelineTellsOfEveryMail: not of the latest alone, and with what carriers
// said.
func TestTimelineTellsOfEveryMail(t *testing.T) {
	guests(t, func(t *testing.T, st *store.Store, clock *storetest.Clock) {
		i := written(t, st, 1)
		put := func(name string, status store.MessageStatus, words string) {
			t.Helper()
			do(t, st, func(tx *store.Tx) error {
				return tx.PutMessage(guestlist.Message{
					ID: name, Channel: guestlist.ChannelEmail, To: i.RecipientEmail, Type: guestlist.TemplateInvitation, InvitationID: i.ID,
				}, store.MessageState{Status: status, Error: words})
			})
			clock.Advance(time.Second)
		}
		put("first", store.MessageQueued, "")
		put("first", store.MessageFailed, "no such mailbox")
		put("second", store.MessageQueued, "")
		put("second", store.MessageSent, "")
		do(t, st, func(tx *store.Tx) error {
			now, err := tx.Invitation(i.ID)
			if err != nil {
				return err
			}
			acts, err := invite.Timeline(tx, now)
			kinds := []string{}
			for _, a := range acts {
				if kinds = append(kinds, a.Kind); a.Kind == "DeliveryFailed" && a.Detail != "no such mailbox" {
					t.Errorf("the carrier said %q", a.Detail)
				}
			}
			if want := []string{"Created", "DeliveryFailed", "Sent"}; !slices.Equal(kinds, want) {
				t.Errorf("the timeline is %v, want %v", kinds, want)
			}
			return err
		})
	})
}
