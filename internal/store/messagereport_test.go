package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
)

func mailTo(id, to string) guestlist.Message {
	return guestlist.Message{ID: id, Channel: guestlist.ChannelEmail, To: to, Type: guestlist.TemplateSignIn}
}

func TestReportsGoForwardOnly(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		m := mailTo("m1", "Ada@Guest.example")
		type step struct {
			put    store.MessageState
			report store.MessageReport
			want   store.MessageStatus
			news   bool
		}
		says := func(id, carrier string, s store.MessageStatus) store.MessageReport {
			return store.MessageReport{ID: id, CarrierID: carrier, Status: s, Dead: s == store.MessageBounced || s == store.MessageComplained, Detail: "550 \x00 no"}
		}
		for i, s := range []step{
			{put: store.MessageState{Status: store.MessageSent, Attempts: 1, CarrierID: "c1"}, want: store.MessageSent},
			{report: says("unknown", "", store.MessageBounced), want: store.MessageSent},
			{report: says("", "c2\x00", store.MessageBounced), want: store.MessageSent},
			{report: says("m1\x00", "", store.MessageBounced), want: store.MessageSent},
			{report: says("", "", store.MessageBounced), want: store.MessageSent},
			{report: says("m1", "", store.MessageWithheld), want: store.MessageSent},
			{report: says("m1", "", "nonsense"), want: store.MessageSent},
			{report: says("", "c1", store.MessageDeferred), want: store.MessageDeferred, news: true},
			{put: store.MessageState{Status: store.MessageFailed}, want: store.MessageDeferred}, // it was taken
			{report: says("unknown", "c1", store.MessageDelivered), want: store.MessageDelivered, news: true},
			{report: says("m1", "", store.MessageDeferred), want: store.MessageDelivered},
			{report: says("m1", "", store.MessageBounced), want: store.MessageBounced, news: true},
			{report: says("m1", "", store.MessageDelivered), want: store.MessageBounced},
			{report: says("m1", "", store.MessageBounced), want: store.MessageBounced},
			{report: says("m1", "", store.MessageComplained), want: store.MessageComplained, news: true},
			{report: says("m1", "", store.MessageBounced), want: store.MessageComplained},
		} {
			update(t, st, func(tx *store.Tx) error {
				if s.put.Status != "" {
					if err := tx.PutMessage(m, s.put); err != nil {
						return err
					}
				} else if news, err := tx.ReportMessage(s.report); err != nil || news != s.news {
					t.Errorf("%d: news %v, %v", i, news, err)
				}
				row, err := tx.Message("m1")
				if row.Status != s.want || row.TakenAt == 0 || row.CarrierID != "c1" {
					t.Errorf("%d: %+v, want %s", i, row, s.want)
				}
				return err
			})
		}
	})
}

func TestAReportThatComesBeforeTheReceipt(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		m := mailTo("m1", "ada@guest.example")
		update(t, st, func(tx *store.Tx) error {
			if err := tx.QueueMessage(m); err != nil {
				return err
			}
			if news, err := tx.ReportMessage(store.MessageReport{ID: "m1", Status: store.MessageDelivered}); err != nil || !news {
				t.Errorf("news %v, %v", news, err)
			}
			if err := tx.PutMessage(m, store.MessageState{Status: store.MessageSent, Attempts: 1}); err != nil {
				return err
			}
			row, err := tx.Message("m1")
			if row.Status != store.MessageDelivered || row.TakenAt == 0 {
				t.Errorf("%+v", row)
			}
			return err
		})
		update(t, st, func(tx *store.Tx) error {
			if err := tx.WithholdMessage(mailTo("m2", "bob@guest.example")); err != nil {
				return err
			}
			if news, err := tx.ReportMessage(store.MessageReport{ID: "m2", Status: store.MessageBounced, Dead: true}); err != nil || news {
				t.Errorf("a message that was not sent: news %v, %v", news, err)
			}
			s, err := tx.Suppressed("bob@guest.example")
			if s != nil {
				t.Errorf("suppressed %+v", s)
			}
			return err
		})
	})
}

func TestSuppressions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		sms := guestlist.Message{ID: "m3", Channel: guestlist.ChannelSMS, To: "447700900123", Type: guestlist.TemplateSignIn}
		update(t, st, func(tx *store.Tx) error {
			for _, m := range []guestlist.Message{mailTo("m1", "Ada@Guest.example"), mailTo("m2", "bob@guest.example"), sms} {
				if err := tx.PutMessage(m, store.MessageState{Status: store.MessageSent}); err != nil {
					return err
				}
			}
			for _, r := range []store.MessageReport{
				{ID: "m1", Status: store.MessageBounced, Dead: true, Detail: "550 no"},
				{ID: "m2", Status: store.MessageBounced, Detail: "mailbox full"},
				{ID: "m3", Status: store.MessageBounced, Dead: true},
				{ID: "m1", Status: store.MessageComplained, Dead: true, Detail: "abuse"}, // is suppressed already
			} {
				if _, err := tx.ReportMessage(r); err != nil {
					return err
				}
			}
			return nil
		})
		update(t, st, func(tx *store.Tx) error {
			got, total, err := tx.Suppressions(store.Page{Limit: 10})
			if err != nil {
				return err
			}
			if len(got) == 1 {
				got[0].CreatedAt = 0
			}
			want := []store.Suppression{{Address: "ada@guest.example", Reason: store.MessageBounced, Detail: "550 no", MessageID: "m1"}}
			if diff := cmp.Diff(want, got); diff != "" || total != 1 {
				t.Errorf("%d %s", total, diff)
			}
			if s, err := tx.Suppressed(" ADA@guest.example"); s == nil || err != nil {
				t.Errorf("by another spelling: %v, %v", s, err)
			}
			if err := tx.DeleteSuppression("ADA@guest.example"); err != nil {
				return err
			}
			// What is said again changes nothing, so the lifted suppression stays lifted.
			if _, err := tx.ReportMessage(store.MessageReport{ID: "m1", Status: store.MessageBounced, Dead: true}); err != nil {
				return err
			}
			if s, err := tx.Suppressed("ada@guest.example"); s != nil || err != nil {
				t.Errorf("after it was lifted: %v, %v", s, err)
			}
			if err := tx.DeleteSuppression("ada@guest.example"); guestlist.CodeOf(err) != "entity.not_found" {
				t.Errorf("lifted twice: %v", err)
			}
			return nil
		})
	})
}
