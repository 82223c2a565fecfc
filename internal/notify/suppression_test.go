package notify_test

import (
	"strings"
	"testing"

	"guestlist"
	"guestlist/internal/store"
)

func TestDeadAddressesGetNoMoreMail(t *testing.T) {
	onBoth(t, func(b *bench) {
		s := newSink(b.t)
		b.connect(guestlist.ConnectorEmail, s.connector())
		b.queue(message("m1"))
		b.run()
		if row := b.message("m1"); row.CarrierID == "" || row.TakenAt == 0 {
			b.t.Errorf("the receipt is not kept: %+v", row)
		}
		carrierID := b.message("m1").CarrierID
		b.update(func(tx *store.Tx) error {
			_, err := tx.ReportMessage(store.MessageReport{CarrierID: carrierID, Status: store.MessageBounced, Dead: true, Detail: "no such user"})
			return err
		})
		other := message("m2")
		other.To = "ADA@guest.example"
		b.queue(other)
		b.run()
		if row := b.message("m2"); row.Status != store.MessageWithheld || !strings.Contains(row.LastError, "suppression list") || len(s.got()) != 1 {
			b.t.Errorf("%+v, %d mails", row, len(s.got()))
		}
		b.update(func(tx *store.Tx) error { return tx.DeleteSuppression("ada@guest.example") })
		b.queue(message("m3"))
		b.run()
		if row := b.message("m3"); row.Status != store.MessageSent || len(s.got()) != 2 {
			b.t.Errorf("after it was lifted: %+v", row)
		}
	})
}

func TestAMessageThatWasReportedIsNotSentAgain(t *testing.T) {
	onBoth(t, func(b *bench) {
		s := newSink(b.t)
		b.connect(guestlist.ConnectorEmail, s.connector())
		b.queue(message("m1"))
		b.update(func(tx *store.Tx) error { // an attempt whose answer was lost had reached the carrier
			_, err := tx.ReportMessage(store.MessageReport{ID: "m1", Status: store.MessageDeferred})
			return err
		})
		b.run()
		if row := b.message("m1"); row.Status != store.MessageDeferred || len(s.got()) != 0 {
			b.t.Errorf("%+v, %d mails", row, len(s.got()))
		}
	})
}
