package store_test

import (
	"slices"
	"testing"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
)

// TestDeliveryOfInvitations: what becomes of a mail is written onto its
// invitation, counted once, and emitted; what is said of an earlier mail is not.
func TestDeliveryOfInvitations(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		do := func(fn func(*store.Tx) error) {
			t.Helper()
			if err := st.Update(t.Context(), fn); err != nil {
				t.Fatal(err)
			}
		}
		do(func(tx *store.Tx) error {
			return tx.InsertHook(guestlist.Hook{ID: "h", Name: "h", Enabled: true, Events: []string{
				guestlist.EventInvitationSent, guestlist.EventInvitationDelivered, guestlist.EventInvitationDeliveryFailed,
			}, CreatedAt: tx.Now})
		})
		i := newInvitation(st.Now(), "ada@example.com")
		i.CampaignID = "spring"
		id := i.ID
		mail := func(name string) guestlist.Message {
			return guestlist.Message{
				ID: name, Channel: guestlist.ChannelEmail, To: "ada@example.com", Type: guestlist.TemplateInvitation, InvitationID: id,
			}
		}
		do(func(tx *store.Tx) error { return tx.InsertInvitation(i, "") })
		put := func(name string, status store.MessageStatus, words string) {
			t.Helper()
			do(func(tx *store.Tx) error {
				return tx.PutMessage(mail(name), store.MessageState{Status: status, Error: words})
			})
		}
		report := func(name string, status store.MessageStatus, words string) {
			t.Helper()
			do(func(tx *store.Tx) error {
				_, err := tx.ReportMessage(store.MessageReport{ID: name, Status: status, Detail: words})
				return err
			})
		}
		is := func(want guestlist.InvitationDelivery, words string) {
			t.Helper()
			do(func(tx *store.Tx) error {
				i, err := tx.Invitation(id)
				if i.Delivery != want || i.DeliveryError != words {
					t.Errorf("delivery is %s (%s), want %s (%s)", i.Delivery, i.DeliveryError, want, words)
				}
				return err
			})
		}
		is(guestlist.InvitationNone, "")
		put("first", store.MessageQueued, "")
		put("second", store.MessageQueued, "")
		put("first", store.MessageFailed, "no such mailbox") // of a mail that came before
		is(guestlist.InvitationQueued, "")
		put("second", store.MessageDeferred, "try later")
		is(guestlist.InvitationDeferred, "try later")
		put("second", store.MessageSent, "")
		is(guestlist.InvitationSent, "")
		report("second", store.MessageDelivered, "")
		report("second", store.MessageDelivered, "") // again
		is(guestlist.InvitationDelivered, "")
		report("second", store.MessageBounced, "mailbox full")
		is(guestlist.InvitationBounced, "mailbox full")

		var got []string
		do(func(tx *store.Tx) error {
			events, err := tx.TakeEvents(10)
			for _, e := range events {
				got = append(got, e.Key)
			}
			return err
		})
		slices.Sort(got)
		if want := []string{"Invitation.Delivered", "Invitation.DeliveryFailed", "Invitation.Sent"}; !slices.Equal(got, want) {
			t.Errorf("emitted %v, want %v", got, want)
		}
		do(func(tx *store.Tx) error {
			counts, err := tx.InvitationCounts("spring")
			sums := map[store.InvitationStage]int{}
			for _, c := range counts {
				sums[c.Stage] += c.N
			}
			for stage, want := range map[store.InvitationStage]int{"issued": 1, "sent": 1, "delivered": 1, "failed": 1, "opened": 0} {
				if sums[stage] != want {
					t.Errorf("%d %s, want %d", sums[stage], stage, want)
				}
			}
			messages, listErr := tx.InvitationMessages(id)
			if listErr != nil || len(messages) != 2 {
				t.Errorf("%d messages, %v", len(messages), listErr)
			}
			return err
		})
	})
}
