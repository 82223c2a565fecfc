package store_test

import (
	"fmt"
	"strings"
	"testing"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
)

// TestLogsAreFoundByKindAndOutcome holds the audit log's lists to a plain look
// at every line, with every mix of filters.
func TestLogsAreFoundByKindAndOutcome(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		keys := []string{"Interaction.SignIn.Submit", "Interaction.SignIn.Verification.Password.Submit", "Interaction.Register.Submit", "RevokeToken"}
		var entries []guestlist.LogEntry
		for i := range 60 {
			entries = append(entries, guestlist.LogEntry{
				Key: keys[i%len(keys)], Failed: i%3 == 0, UserID: guestlist.UserID(fmt.Sprint("u", i%2)),
				ApplicationID: guestlist.ApplicationID(fmt.Sprint("a", i%5)), Extra: map[string]any{"params": map[string]string{"result": "Error"}},
			})
		}
		update(t, st, func(tx *store.Tx) error { return tx.Log(entries...) })
		yes, no := true, false
		for _, prefix := range []string{"", "Interaction.SignIn", "Revoke", "Nothing", "%"} {
			for _, failed := range []*bool{nil, &yes, &no} {
				for _, user := range []guestlist.UserID{"", "u1", "nobody"} {
					for _, app := range []guestlist.ApplicationID{"", "a2"} {
						want := 0
						for _, e := range entries {
							if strings.HasPrefix(e.Key, prefix) && (failed == nil || e.Failed == *failed) &&
								(user == "" || e.UserID == user) && (app == "" || e.ApplicationID == app) {
								want++
							}
						}
						f := store.LogFilter{Prefix: prefix, Failed: failed, UserID: user, ApplicationID: app}
						view(t, st, func(tx *store.Tx) error {
							logs, total, err := tx.Logs(f, store.Page{Limit: 7}, 10)
							if f == (store.LogFilter{}) {
								total = min(total, 11) // it is known
							}
							if err != nil || len(logs) != min(want, 7) || total != min(want, 11) {
								t.Errorf("%+v: %d of %d, want %d of %d: %v", f, len(logs), total, min(want, 7), min(want, 11), err)
							}
							rest, _, err := tx.Logs(f, store.Page{Limit: 100, Offset: 7}, 0)
							if err != nil || len(rest) != max(want-7, 0) {
								t.Errorf("%+v: %d after the first seven, want %d: %v", f, len(rest), want-7, err)
							}
							until, err := tx.LogsUntil(f)
							if until != nil {
								t.Errorf("%+v: stopped at %d", f, *until)
							}
							return err
						})
					}
				}
			}
		}
	})
}

// TestLogsAreFoundWithoutReadingAll: whatever is looked for in a long log, what
// is read has a bound.
func TestLogsAreFoundWithoutReadingAll(t *testing.T) {
	const lines = 25_000
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		update(t, st, func(tx *store.Tx) error { return tx.FillLogs(lines) })
		yes, no := true, false
		for _, f := range []store.LogFilter{
			{}, {Failed: &yes}, {Failed: &no}, {Prefix: "Interaction.SignIn"}, {Prefix: "Interaction.SignIn", Failed: &yes},
			{ApplicationID: "app", Prefix: "Interaction.SignIn"}, {ApplicationID: "app", Failed: &yes}, {UserID: "u500", Failed: &yes},
			{UserID: "u500", Prefix: "Interaction.SignIn", ApplicationID: "app"},
		} {
			view(t, st, func(tx *store.Tx) error {
				plan, err := tx.PlanOfLogs(f)
				if strings.Contains(plan, "Seq Scan on logs") || strings.Contains(plan+"\n", "SCAN logs\n") {
					t.Errorf("%+v reads every line:\n%s", f, plan)
				}
				return err
			})
		}
		view(t, st, func(tx *store.Tx) error {
			rare := store.LogFilter{ApplicationID: "app", Prefix: "Interaction.Register"}
			logs, _, err := tx.Logs(rare, store.Page{Limit: 20}, 100)
			until, err2 := tx.LogsUntil(rare)
			if err != nil || err2 != nil || len(logs) != 0 || until == nil {
				t.Fatalf("%d lines, stopped at %v: %v, %v", len(logs), until, err, err2)
			}
			for range lines/store.LogWindow + 1 {
				if until == nil {
					break
				}
				rare.End = until
				if logs, _, err = tx.Logs(rare, store.Page{Limit: 20}, 100); err != nil {
					return err
				}
				if until, err = tx.LogsUntil(rare); err != nil {
					return err
				}
			}
			if len(logs) != 1 {
				t.Errorf("looking further back found %d lines, want the oldest", len(logs))
			}
			return nil
		})
	})
}
