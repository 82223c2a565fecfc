package notify_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/job"
	"guestlist/internal/mail"
	"guestlist/internal/notify"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
)

// Two processes that share a database keep together to what a carrier takes.
func TestACarrierIsNotSentMoreThanItTakes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		const mails, rate = 30, 40
		s := newSink(t)
		c := s.connector()
		var config map[string]any
		if err := json.Unmarshal(c.Config, &config); err != nil {
			t.Fatal(err)
		}
		config["maxPerSecond"] = rate
		c.Config, _ = json.Marshal(config) // it was JSON
		if err := st.Update(t.Context(), func(tx *store.Tx) error {
			if err := tx.InsertConnector(guestlist.ConnectorEmail, c); err != nil {
				return err
			}
			for i := range mails {
				if err := tx.QueueMessage(message(fmt.Sprint("m", i))); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		for range 2 {
			n := &notify.Notifier{Store: st, Client: mail.NewGuardedClient(loopback, notify.HookTimeout)}
			r := &job.Runner{Store: st, Kinds: n.Kinds(), Feed: n.Dispatch, Log: slog.New(slog.DiscardHandler), Poll: 20 * time.Millisecond}
			r.Start(t.Context())
			t.Cleanup(func() {
				if err := r.Stop(t.Context()); err != nil {
					t.Error(err)
				}
				n.Client.CloseIdleConnections()
			})
		}
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for len(s.got()) < mails {
			if <-tick.C; time.Since(began) > time.Minute {
				t.Fatalf("%d of %d mails arrived", len(s.got()), mails)
			}
		}
		if took, least := time.Since(began), time.Duration(mails-1)*time.Second/rate; took < least {
			t.Errorf("%d mails left within %v; at %d a second they need %v", mails, took, rate, least)
		}
	})
}
