package store_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
)

func TestHooksComeBackAsTheyWere(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		event := guestlist.EventUserDeleted
		h := guestlist.Hook{
			TenantID: "default", ID: guestlist.HookID(crypt.ID()), Name: "n", Event: &event, Events: []string{},
			Config:     guestlist.HookConfig{URL: "https://x.example", Headers: map[string]string{"authorization": "s3cret-in-header"}},
			SigningKey: "s3cret-key", Enabled: true, CreatedAt: 7,
		}
		update(t, st, func(tx *store.Tx) error { return tx.InsertHook(h) })
		update(t, st, func(tx *store.Tx) error {
			got, err := tx.Hook(h.ID)
			if diff := cmp.Diff(h, got); diff != "" {
				t.Errorf("hook (-want +got):\n%s", diff)
			}
			return err
		})
		h.Event, h.Events, h.Enabled, h.SigningKey = nil, []string{"A", "B"}, false, "other"
		update(t, st, func(tx *store.Tx) error { return tx.UpdateHook(h) })
		update(t, st, func(tx *store.Tx) error {
			list, err := tx.Hooks(store.Page{Limit: 10})
			if diff := cmp.Diff([]guestlist.Hook{h}, list); diff != "" {
				t.Errorf("hooks (-want +got):\n%s", diff)
			}
			return err
		})
		update(t, st, func(tx *store.Tx) error { return tx.DeleteHook(h.ID) })
		for name, fn := range map[string]func(tx *store.Tx) error{
			"read":   func(tx *store.Tx) error { _, err := tx.Hook(h.ID); return err },
			"update": func(tx *store.Tx) error { return tx.UpdateHook(h) },
			"delete": func(tx *store.Tx) error { return tx.DeleteHook(h.ID) },
		} {
			if err := st.Update(t.Context(), fn); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s of a deleted hook: %v", name, err)
			}
		}
	})
}

func TestConnectorsComeBackAsTheyWere(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		c := guestlist.Connector{
			ID: guestlist.ConnectorID(crypt.ShortID()), FactoryID: "http-email", SyncProfile: true,
			Config: json.RawMessage(`{"authorization":"s3cret"}`), CreatedAt: 7,
			Metadata: guestlist.ConnectorMetadata{FromEmail: "a@b.example"},
		}
		update(t, st, func(tx *store.Tx) error { return tx.InsertConnector(guestlist.ConnectorEmail, c) })
		update(t, st, func(tx *store.Tx) error {
			if _, err := tx.ConnectorOf(guestlist.ConnectorSMS); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("a connector for SMS: %v", err)
			}
			got, err := tx.ConnectorOf(guestlist.ConnectorEmail)
			if diff := cmp.Diff(c, got); diff != "" {
				t.Errorf("connector (-want +got):\n%s", diff)
			}
			return err
		})
		c.Config, c.SyncProfile = json.RawMessage(`{"a":1}`), false
		update(t, st, func(tx *store.Tx) error { return tx.UpdateConnector(c) })
		update(t, st, func(tx *store.Tx) error {
			list, err := tx.Connectors(store.Page{})
			if diff := cmp.Diff([]guestlist.Connector{c}, list); diff != "" {
				t.Errorf("connectors (-want +got):\n%s", diff)
			}
			return err
		})
		update(t, st, func(tx *store.Tx) error { return tx.DeleteConnector(c.ID) })
		update(t, st, func(tx *store.Tx) error {
			if _, err := tx.Connector(c.ID); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("a deleted connector: %v", err)
			}
			return nil
		})
	})
}

func TestMessagesKeepTheirStateAndNoCode(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		m := guestlist.Message{ID: "m1", Channel: guestlist.ChannelEmail, To: "a@b.example", Type: guestlist.TemplateSignIn,
			Payload: map[string]any{"code": "123456"}, UserID: "u1"}
		state := func() store.MessageRow {
			var row store.MessageRow
			update(t, st, func(tx *store.Tx) error {
				var err error
				row, err = tx.Message("m1")
				return err
			})
			return row
		}
		update(t, st, func(tx *store.Tx) error { return tx.QueueMessage(m) })
		for _, step := range []struct {
			put  store.MessageStatus
			want store.MessageStatus
		}{
			{store.MessageDeferred, store.MessageDeferred},
			{store.MessageQueued, store.MessageDeferred}, // queueing again changes nothing
			{store.MessageSent, store.MessageSent},
			{store.MessageFailed, store.MessageSent}, // sent is sent
		} {
			update(t, st, func(tx *store.Tx) error {
				return tx.PutMessage(m, store.MessageState{Status: step.put, Attempts: 1, Error: "no \x00 answer"})
			})
			if row := state(); row.Status != step.want || row.UserID != "u1" || strings.Contains(row.LastError, "123456") {
				t.Errorf("after %s: %+v", step.put, row)
			}
		}
		update(t, st, func(tx *store.Tx) error { return tx.QueueMessage(m) })
		update(t, st, func(tx *store.Tx) error {
			jobs, err := tx.Jobs(store.JobQueued, store.Page{})
			if len(jobs) != 1 || jobs[0].Lane != "message.send/email" {
				t.Errorf("jobs %+v", jobs)
			}
			return err
		})
	})
}

func TestHookLogsAreFoundByKeyAndTime(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		now := st.Now()
		update(t, st, func(tx *store.Tx) error {
			return errors.Join(
				tx.LogHook(store.HookLog{HookID: "h", Event: "A", Payload: json.RawMessage(`{"n":1}`)}),
				tx.LogHook(store.HookLog{HookID: "h", Event: "B", Failed: true, Payload: json.RawMessage(`{"n":2}`)}),
				tx.LogHook(store.HookLog{HookID: "other", Event: "A", Payload: json.RawMessage(`{"n":3}`)}),
			)
		})
		if err := st.Update(t.Context(), func(tx *store.Tx) error {
			return tx.LogHook(store.HookLog{HookID: "h", Event: "A", Payload: json.RawMessage(`{`)})
		}); err == nil {
			t.Error("a payload that is not JSON was written")
		}
		for _, tt := range []struct {
			filter store.HookLogFilter
			page   store.Page
			rows   int
			total  int
		}{
			{store.HookLogFilter{HookID: "h", From: now, To: now + 60000}, store.Page{}, 2, 2},
			{store.HookLogFilter{HookID: "h", From: now, To: now + 60000}, store.Page{Limit: 1}, 1, 2},
			{store.HookLogFilter{HookID: "h", Key: "TriggerHook.B", From: now, To: now + 60000}, store.Page{}, 1, 1},
			{store.HookLogFilter{HookID: "h", From: 1, To: 2}, store.Page{}, 0, 0},
			{store.HookLogFilter{HookID: "h", Key: "TriggerHook.B", From: now, To: now + 60000, Most: 1}, store.Page{}, 1, 1},
			{store.HookLogFilter{HookID: "h", From: now, To: now + 60000, Most: 1}, store.Page{}, 2, 2}, // one more than Most
			{store.HookLogFilter{HookID: "nobody", To: now + 60000}, store.Page{}, 0, 0},
		} {
			update(t, st, func(tx *store.Tx) error {
				rows, total, err := tx.HookLogs(tt.filter, tt.page)
				if len(rows) != tt.rows || total != tt.total {
					t.Errorf("%+v: %d of %d, want %d of %d", tt.filter, len(rows), total, tt.rows, tt.total)
				}
				return err
			})
		}
		update(t, st, func(tx *store.Tx) error {
			for hook, want := range map[guestlist.HookID]store.HookStats{
				"h": {SuccessCount: 1, RequestCount: 2}, "other": {SuccessCount: 1, RequestCount: 1}, "nobody": {},
			} {
				if got, err := tx.HookStats(hook, now); err != nil || got != want {
					t.Errorf("%s: %+v, %v, want %+v", hook, got, err, want)
				}
			}
			return nil
		})
	})
}

// A message that is not sent leaves the same rows as one that is, and no work.
func TestWithheldMessages(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		m := guestlist.Message{ID: "m1", Channel: guestlist.ChannelEmail, To: "a@b.example", Type: guestlist.TemplateSignIn}
		update(t, st, func(tx *store.Tx) error { return tx.WithholdMessage(m) })
		update(t, st, func(tx *store.Tx) error {
			row, err := tx.Message("m1")
			lanes, err2 := tx.Lanes()
			done, err3 := tx.Jobs(store.JobDone, store.Page{})
			if row.Status != store.MessageWithheld || len(lanes) != 0 || len(done) != 1 || done[0].Kind != guestlist.JobSendMessage {
				t.Errorf("row %+v, lanes %+v, done %+v", row, lanes, done)
			}
			return errors.Join(err, err2, err3)
		})
	})
}

// What nobody needs any more goes; what somebody may look up stays.
func TestSweep(t *testing.T) {
	start := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	now := start
	storetest.EachAt(t, func() time.Time { return now }, func(t *testing.T, st *store.Store) {
		now = start
		update(t, st, func(tx *store.Tx) error {
			return errors.Join(
				tx.Log(guestlist.LogEntry{Key: "k"}, guestlist.LogEntry{Key: "k"}),
				tx.LogHook(store.HookLog{HookID: "h", Event: "A", Payload: json.RawMessage(`{}`)}),
				tx.QueueMessage(guestlist.Message{ID: "m", Channel: "email"}),
				tx.Block("somebody", tx.Now.Add(30*24*time.Hour)),
			)
		})
		counts := func() (hookLogs, messages, queued int, blocked bool) {
			update(t, st, func(tx *store.Tx) error {
				_, n, err := tx.HookLogs(store.HookLogFilter{HookID: "h", To: 1 << 60}, store.Page{Limit: 1})
				list, _, err2 := tx.Messages(false, store.Page{}, 0)
				jobs, err3 := tx.CountJobs()
				l, err4 := tx.Limit("somebody")
				hookLogs, messages, queued, blocked = n, len(list), jobs[store.JobQueued], l.BlockedUntil > tx.Now
				return errors.Join(err, err2, err3, err4)
			})
			return
		}
		sweep := func() {
			update(t, st, func(tx *store.Tx) error { _, err := tx.Sweep(); return err })
		}
		now = start.Add(store.KeepHookLogs - time.Hour)
		sweep()
		if a, b, c, d := counts(); a != 1 || b != 1 || c != 1 || !d {
			t.Errorf("swept too early: %d hook logs, %d messages, %d jobs, blocked %v", a, b, c, d)
		}
		now = start.Add(store.KeepMessages)
		sweep()
		if a, b, c, d := counts(); a != 0 || b != 0 || c != 1 || d {
			t.Errorf("after their time: %d hook logs, %d messages, %d waiting jobs, blocked %v", a, b, c, d)
		}
	})
}
