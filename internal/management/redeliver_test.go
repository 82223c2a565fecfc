package management

import (
	"context"
	"encoding/json"
	"testing"

	"guestlist"
	"guestlist/internal/store"
)

func TestADeliveryIsReadAndRepeated(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		hook := func() string {
			return f.must(201, "POST", "/api/hooks", map[string]any{
				"name": "h", "events": []string{"User.Created"}, "config": map[string]any{"url": "https://hook.test/"},
			}).field(t, "id")
		}
		mine, other := hook(), hook()
		var id guestlist.LogID
		if err := f.st.Update(context.Background(), func(tx *store.Tx) error {
			if err := tx.LogHook(store.HookLog{
				HookID: guestlist.HookID(mine), Event: "User.Created", Failed: true,
				Payload: json.RawMessage(`{"key":"TriggerHook.User.Created","result":"Error","hookRequest":{"id":"msg_1","body":{"a":1}}}`),
			}); err != nil {
				return err
			}
			logs, _, err := tx.HookLogs(store.HookLogFilter{HookID: guestlist.HookID(mine), To: maxInteger}, store.Page{})
			id = logs[0].ID
			return err
		}); err != nil {
			t.Fatal(err)
		}
		path := "/api/hooks/" + mine + "/recent-logs/"
		var l guestlist.Log
		f.must(200, "GET", path+string(id), nil).decode(t, &l)
		if l.ID != id || l.Key != "TriggerHook.User.Created" {
			t.Errorf("read %+v", l)
		}
		f.refused(404, "entity.not_exists_with_id", "GET", path+"nope", nil)
		f.refused(404, "entity.not_exists_with_id", "GET", "/api/hooks/"+other+"/recent-logs/"+string(id), nil)
		f.refused(404, "entity.not_exists_with_id", "POST", path+"nope/redeliver", nil)
		f.refused(404, "entity.not_exists_with_id", "POST", "/api/hooks/"+other+"/recent-logs/"+string(id)+"/redeliver", nil)
		f.refused(404, "entity.not_exists_with_id", "POST", "/api/hooks/nope/recent-logs/"+string(id)+"/redeliver", nil)
		f.must(204, "POST", path+string(id)+"/redeliver", nil)
		f.must(200, "PATCH", "/api/hooks/"+mine, map[string]any{"enabled": false})
		f.refused(422, "request.invalid_input", "POST", path+string(id)+"/redeliver", nil)
		if err := f.st.Update(context.Background(), func(tx *store.Tx) error {
			rows, err := tx.Jobs(store.JobQueued, store.Page{})
			if len(rows) != 1 || rows[0].Kind != guestlist.JobDeliverHook {
				t.Errorf("queued %+v", rows)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	})
}

func TestEnterpriseConnectorsAreReadWithoutAskingTheirProviders(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		broken := discovery(t, f)
		var c shownSSO
		f.must(200, "POST", "/api/sso-connectors", ssoOIDC("acme", "acme.example")).decode(t, &c)
		*broken = "it must not be asked"
		f.api.Connectors.Hosts = nil
		const not = "?includeProviderConfig=false"
		var list []shownSSO
		f.must(200, "GET", "/api/sso-connectors"+not, nil).decode(t, &list)
		var one shownSSO
		f.must(200, "GET", "/api/sso-connectors/"+c.ID+not, nil).decode(t, &one)
		if len(list) != 1 || list[0].ProviderConfig != nil || list[0].ProviderType != "oidc" || one.ProviderConfig != nil || one.ID != c.ID {
			t.Errorf("list %+v, one %+v", list, one)
		}
		f.refused(400, "guard.invalid_input", "GET", "/api/sso-connectors/"+c.ID+"?includeProviderConfig=maybe", nil)
	})
}
