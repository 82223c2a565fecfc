package management

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"testing"

	"guestlist"
	"guestlist/internal/store"
)

func (f *fixture) log(entries ...guestlist.LogEntry) {
	f.t.Helper()
	for _, e := range entries {
		if err := f.st.Update(context.Background(), func(tx *store.Tx) error { return tx.Log(e) }); err != nil {
			f.t.Fatal(err)
		}
	}
}

func TestLogsAreListedNewestFirstAndByWhatTheyAreAbout(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.log(
			guestlist.LogEntry{Key: "Interaction.Create", ApplicationID: "app", IP: "192.0.2.1"},
			guestlist.LogEntry{Key: "Interaction.SignIn.Submit", UserID: "ada", ApplicationID: "app", Failed: true, Error: "user.suspended"},
			guestlist.LogEntry{Key: "ExchangeTokenBy.RefreshToken", UserID: "ada"},
		)
		var logs []guestlist.Log
		all := f.must(200, "GET", "/api/logs?page_size=2", nil)
		all.decode(t, &logs)
		if all.header.Get("Total-Number") != "3" || len(logs) != 2 || logs[0].Key != "ExchangeTokenBy.RefreshToken" || logs[0].TenantID != "default" {
			t.Fatalf("total %s of %+v", all.header.Get("Total-Number"), logs)
		}
		at := func(l guestlist.Log) string { return strconv.FormatInt(int64(l.CreatedAt), 10) }
		newest, second := logs[0], logs[1]
		for query, want := range map[string]int{
			"userId=ada": 2, "applicationId=app": 2, "logKey=Interaction.Create": 1, "logKey=Interaction": 0, "logKey=": 3,
			"userId=ada&applicationId=app": 1, "userId=nobody": 0,
			"start_time=" + at(second): 2, "end_time=" + at(second): 2, "start_time=" + at(newest) + "&end_time=" + at(newest): 1,
			"end_time=0": 0,
		} {
			a := f.must(200, "GET", "/api/logs?"+query, nil)
			a.decode(t, &logs)
			if len(logs) != want || a.header.Get("Total-Number") != strconv.Itoa(want) {
				t.Errorf("%s: %d of %s, want %d", query, len(logs), a.header.Get("Total-Number"), want)
			}
		}
		var one guestlist.Log
		f.must(200, "GET", "/api/logs/"+string(second.ID), nil).decode(t, &one)
		var payload map[string]any
		if err := json.Unmarshal(one.Payload, &payload); err != nil || payload["result"] != "Error" || payload["userId"] != "ada" {
			t.Errorf("payload %s, %v", one.Payload, err)
		}
		f.refused(404, "entity.not_exists_with_id", "GET", "/api/logs/nope", nil)
		f.refused(400, "log.invalid_time_window", "GET", "/api/logs?start_time=5&end_time=4", nil)
		f.refused(400, "guard.invalid_input", "GET", "/api/logs?start_time=x", nil)
		f.refused(405, "request.method_not_allowed", "POST", "/api/logs", map[string]any{})
	})
}

func TestCountingOfLogsStopsWhereAsked(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		entries := make([]guestlist.LogEntry, listCap+5)
		for i := range entries {
			entries[i] = guestlist.LogEntry{Key: "Interaction.Create", UserID: "ada"}
		}
		if err := f.st.Update(context.Background(), func(tx *store.Tx) error { return tx.Log(entries...) }); err != nil {
			t.Fatal(err)
		}
		capped := f.must(200, "GET", "/api/logs?userId=ada&enableCap=true&page_size=1", nil)
		if capped.header.Get("Total-Number") != strconv.Itoa(listCap) || capped.header.Get("Total-Number-Is-Capped") != "true" {
			t.Errorf("capped: %v", capped.header)
		}
		whole := f.must(200, "GET", "/api/logs?userId=ada&page_size=1", nil)
		if whole.header.Get("Total-Number") != strconv.Itoa(listCap+5) || whole.header.Get("Total-Number-Is-Capped") != "" {
			t.Errorf("whole: %v", whole.header)
		}
	})
}

func TestDeliveriesOfAHookAreListedAndCounted(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		hook := f.must(201, "POST", "/api/hooks", map[string]any{
			"events": []string{"Role.Created"}, "config": map[string]any{"url": "https://hook.test/"},
		}).field(t, "id")
		for i := range 3 {
			if err := f.st.Update(context.Background(), func(tx *store.Tx) error {
				return tx.LogHook(store.HookLog{
					HookID: guestlist.HookID(hook), Event: "Role.Created", Failed: i == 0,
					Payload: json.RawMessage(fmt.Sprintf(`{"n":%d}`, i)),
				})
			}); err != nil {
				t.Fatal(err)
			}
		}
		var logs []map[string]any
		a := f.must(200, "GET", "/api/hooks/"+hook+"/recent-logs?page_size=2&logKey=TriggerHook.Role.Created", nil)
		a.decode(t, &logs)
		if a.header.Get("Total-Number") != "3" || len(logs) != 2 || logs[0]["tenantId"] != nil {
			t.Errorf("total %s: %v", a.header.Get("Total-Number"), logs)
		}
		var shown struct{ ExecutionStats store.HookStats }
		f.must(200, "GET", "/api/hooks/"+hook+"?includeExecutionStats=true", nil).decode(t, &shown)
		if want := (store.HookStats{SuccessCount: 2, RequestCount: 3}); shown.ExecutionStats != want {
			t.Errorf("stats %+v, want %+v", shown.ExecutionStats, want)
		}
		f.must(200, "GET", "/api/hooks/"+hook+"/recent-logs?start_time=1&end_time=2", nil).decode(t, &logs)
		if len(logs) != 0 {
			t.Errorf("long ago: %v", logs)
		}
	})
}
