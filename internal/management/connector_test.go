package management

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// shownConnector is what tests look at in a connector's answer.
type shownConnector struct {
	ID        string         `json:"id"`
	FactoryID string         `json:"connectorId"`
	Type      string         `json:"type"`
	Target    string         `json:"target"`
	Config    map[string]any `json:"config"`
	FormItems []any          `json:"formItems"`
	IsDemo    *bool          `json:"isDemo"`
}

func httpEmail(endpoint string) map[string]any {
	return map[string]any{"connectorId": "http-email", "config": map[string]any{"endpoint": endpoint}}
}

func TestOneSenderOfATypeAtATime(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		var first, second shownConnector
		f.must(200, "POST", "/api/connectors", httpEmail("https://first.test/")).decode(t, &first)
		f.must(200, "POST", "/api/connectors", map[string]any{
			"connectorId": "http-sms", "id": "my-sms", "config": map[string]any{"endpoint": "https://sms.test/"},
		})
		f.must(200, "POST", "/api/connectors", httpEmail("https://second.test/")).decode(t, &second)
		if second.Type != "Email" || second.Target != "http-email" || len(second.FormItems) == 0 || second.IsDemo == nil {
			t.Errorf("traits are missing: %+v", second)
		}
		var all []shownConnector
		f.must(200, "GET", "/api/connectors", nil).decode(t, &all)
		var ids []string
		for _, c := range all {
			ids = append(ids, c.ID)
		}
		want := []string{"my-sms", second.ID}
		slices.Sort(ids)
		slices.Sort(want)
		if diff := cmp.Diff(want, ids); diff != "" {
			t.Errorf("connectors (-want +got):\n%s", diff)
		}
		f.refused(404, "entity.not_found", "GET", "/api/connectors/"+first.ID, nil)
		f.refused(422, "entity.unique_integrity_violation", "POST", "/api/connectors",
			map[string]any{"connectorId": "http-email", "id": "my-sms"})
		f.must(200, "GET", "/api/connectors/"+second.ID, nil) // the refused one did not take its place
		f.must(200, "GET", "/api/connectors?target=http-sms", nil).decode(t, &all)
		if len(all) != 1 || all[0].ID != "my-sms" {
			t.Errorf("by target: %+v", all)
		}
	})
}

func TestConnectorKeepsItsConfigWhenANewOneIsRefused(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		var c shownConnector
		f.must(200, "POST", "/api/connectors", httpEmail("https://first.test/")).decode(t, &c)
		path := "/api/connectors/" + c.ID
		f.refused(400, "connector.invalid_config", "PATCH", path, map[string]any{"config": map[string]any{"endpoint": "x"}})
		f.refused(400, "guard.invalid_input", "PATCH", path, map[string]any{"config": nil})
		f.refused(400, "connector.cannot_overwrite_metadata_for_non_standard_connector", "PATCH", path,
			map[string]any{"metadata": map[string]any{"name": map[string]any{"en": "x"}}})
		f.refused(422, "connector.invalid_type_for_syncing_profile", "PATCH", path, map[string]any{"syncProfile": true})
		f.refused(422, "entity.invalid_input", "PATCH", path, map[string]any{})
		f.refused(404, "entity.not_found", "PATCH", "/api/connectors/nope", map[string]any{"syncProfile": false})
		f.must(200, "GET", path, nil).decode(t, &c)
		if c.Config["endpoint"] != "https://first.test/" {
			t.Errorf("config %v", c.Config)
		}
		f.must(200, "PATCH", path, map[string]any{"config": map[string]any{"endpoint": "https://other.test/"}}).decode(t, &c)
		if c.Config["endpoint"] != "https://other.test/" {
			t.Errorf("config %v", c.Config)
		}
		f.must(204, "DELETE", path, nil)
		f.refused(404, "entity.not_found", "DELETE", path, nil)
	})
}

func TestTestMessagesGoToWhomTheyName(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.must(204, "POST", "/api/connectors/http-sms/test", map[string]any{
			"phone": "491511234567", "email": "a@guest.test", "config": map[string]any{"endpoint": "https://sms.test/"},
		})
		if diff := cmp.Diff([]string{"http-sms 491511234567 Generic"}, f.tested); diff != "" {
			t.Errorf("sent (-want +got):\n%s", diff)
		}
	})
}

func TestFactoriesAreThoseOfMessagesAndOfPeople(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		var factories []struct{ ID, Type string }
		f.must(200, "GET", "/api/connector-factories", nil).decode(t, &factories)
		got := map[string]string{}
		for _, factory := range factories {
			got[factory.ID] = factory.Type
			f.must(200, "GET", "/api/connector-factories/"+factory.ID, nil)
		}
		if diff := cmp.Diff(map[string]string{
			"simple-mail-transfer-protocol": "Email", "http-email": "Email", "sendgrid-email-service": "Email",
			"mailgun-email": "Email", "aws-ses-mail": "Email", "postmark-mail": "Email", "resend-email": "Email",
			"http-sms": "Sms", "twilio-short-message-service": "Sms", "vonage-sms": "Sms",
			"google-universal": "Social", "github-universal": "Social", "apple-universal": "Social", "azuread-universal": "Social",
			"facebook-universal": "Social", "discord-universal": "Social", "gitlab-universal": "Social", "linkedin-universal": "Social",
			"slack-universal": "Social", "x-universal": "Social", "oauth2": "Social", "oidc": "Social", "saml": "Social",
		}, got); diff != "" {
			t.Errorf("factories (-want +got):\n%s", diff)
		}
	})
}
