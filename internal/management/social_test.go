package management

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guestlist"
	"guestlist/internal/store"
)

var google = map[string]any{
	"connectorId": "google-universal", "config": map[string]any{"clientId": "gid", "clientSecret": "gsecret"},
}

// standardOAuth sets up the standard connector under a target.
func standardOAuth(target string) map[string]any {
	return map[string]any{
		"connectorId": "oauth2", "metadata": map[string]any{"target": target},
		"config": map[string]any{
			"authorizationEndpoint": "https://idp.test/auth", "tokenEndpoint": "https://idp.test/token",
			"userInfoEndpoint": "https://idp.test/me", "clientId": "cid", "clientSecret": "csecret",
		},
	}
}

// social is what these tests look at in a social connector.
type social struct {
	ID, Target, Type string
	Platform         *string
	Name             map[string]string
	Logo             string
	LogoDark         *string
	SyncProfile      bool
	Config           map[string]any
	Metadata         map[string]any
	Trusted          *[]string `json:"trustedEmailDomains"`
}

func TestSocialConnectorsKeepTheirRules(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		var g, acme social
		f.must(200, "POST", "/api/connectors", google).decode(t, &g)
		if g.Type != "Social" || g.Target != "google" || g.Platform == nil || *g.Platform != "Universal" || g.Config["clientSecret"] != "gsecret" {
			t.Errorf("google: %+v", g)
		}
		f.refused(422, "connector.multiple_instances_not_supported", "POST", "/api/connectors", google)

		body := standardOAuth("acme")
		body["metadata"].(map[string]any)["name"] = map[string]any{"en": "Acme", "de": "Akme"}
		body["metadata"].(map[string]any)["logo"] = "https://acme.test/logo.svg"
		body["metadata"].(map[string]any)["logoDark"] = "data:image/png;base64,AAAA"
		body["syncProfile"] = true
		f.must(200, "POST", "/api/connectors", body).decode(t, &acme)
		if acme.Target != "acme" || acme.Name["de"] != "Akme" || acme.Logo != "https://acme.test/logo.svg" || acme.LogoDark == nil || !acme.SyncProfile {
			t.Errorf("acme: %+v", acme)
		}
		a := f.call("POST", "/api/connectors", standardOAuth("acme"))
		var refusal struct {
			Code string
			Data struct {
				ConnectorID   string            `json:"connectorId"`
				ConnectorName map[string]string `json:"connectorName"`
			}
		}
		a.decode(t, &refusal)
		if a.status != 422 || refusal.Code != "connector.multiple_target_with_same_platform" ||
			refusal.Data.ConnectorID != "oauth2" || refusal.Data.ConnectorName["en"] != "Acme" {
			t.Errorf("the same target: %d %s", a.status, a.body)
		}
		f.refused(422, "connector.multiple_target_with_same_platform", "POST", "/api/connectors", standardOAuth("google"))
		f.must(200, "POST", "/api/connectors", standardOAuth("other"))

		path := "/api/connectors/" + g.ID
		f.refused(400, "connector.invalid_config", "PATCH", path, map[string]any{"config": map[string]any{"clientId": "x"}})
		for _, metadata := range []map[string]any{{"target": "zz"}, {"name": map[string]any{"en": "G"}}} {
			f.refused(400, "connector.cannot_overwrite_metadata_for_non_standard_connector", "PATCH", path, map[string]any{"metadata": metadata})
		}
		f.refused(422, "connector.token_storage_not_supported", "PATCH", path, map[string]any{"enableTokenStorage": true})
		f.refused(422, "entity.invalid_input", "PATCH", path, map[string]any{})
		f.must(200, "PATCH", path, map[string]any{"syncProfile": true, "config": map[string]any{"clientId": "g2", "clientSecret": "s2"}}).decode(t, &g)
		if !g.SyncProfile || g.Config["clientId"] != "g2" {
			t.Errorf("google changed: %+v", g)
		}

		path = "/api/connectors/" + acme.ID
		for _, target := range []string{"elsewhere", ""} {
			f.refused(400, "connector.can_not_modify_target", "PATCH", path, map[string]any{"metadata": map[string]any{"target": target}})
		}
		var changed social
		f.must(200, "PATCH", path, map[string]any{"metadata": map[string]any{"name": map[string]any{"en": "N"}}}).decode(t, &changed)
		if changed.Target != "acme" || changed.Name["en"] != "N" || changed.Logo == "https://acme.test/logo.svg" {
			t.Errorf("metadata are replaced but for the target: %+v", changed)
		}
		f.refused(400, "connector.invalid_config", "PATCH", path, map[string]any{"config": map[string]any{}})
	})
}

func TestTrustedDomainsAreSaidTakenBackAndFolded(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		var c social
		f.must(200, "POST", "/api/connectors", google).decode(t, &c)
		path := "/api/connectors/" + c.ID
		for _, tt := range []struct {
			given any
			want  *[]string
		}{
			{[]string{"ACME.example", "acme.example", "b.example"}, &[]string{"acme.example", "b.example"}},
			{[]string{"*"}, &[]string{"*"}},
			{[]string{}, &[]string{}},
			{nil, nil},
		} {
			var got social
			f.must(200, "PATCH", path, map[string]any{"trustedEmailDomains": tt.given})
			f.must(200, "GET", path, nil).decode(t, &got)
			if diff := cmp.Diff(tt.want, got.Trusted); diff != "" {
				t.Errorf("%v (-want +got):\n%s", tt.given, diff)
			}
		}
		for _, wrong := range []string{"", "acme", "a b.example", "*.acme.example", "@acme.example", "acme.example/x", strings.Repeat("a", 64) + ".example"} {
			f.refused(400, "guard.invalid_input", "PATCH", path, map[string]any{"trustedEmailDomains": []string{wrong}})
		}
		var sender social
		f.must(200, "POST", "/api/connectors", httpEmail("https://mail.test/")).decode(t, &sender)
		f.refused(422, "request.invalid_input", "PATCH", "/api/connectors/"+sender.ID, map[string]any{"trustedEmailDomains": []string{"*"}})
	})
}

func TestOneSocialConnectorOfAKindHoweverManyAskAtOnce(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		var wait sync.WaitGroup
		statuses := make(chan int, 8)
		for range cap(statuses) {
			wait.Go(func() { statuses <- f.call("POST", "/api/connectors", google).status })
		}
		wait.Wait()
		close(statuses)
		count := map[int]int{}
		for status := range statuses {
			count[status]++
		}
		if diff := cmp.Diff(map[int]int{200: 1, 422: 7}, count); diff != "" {
			t.Errorf("statuses (-want +got):\n%s", diff)
		}
	})
}

func TestTargetsAreOfferedAsLongAsAConnectorServesThem(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		var g, acme social
		targets := func(body map[string]any) []string {
			t.Helper()
			var exp guestlist.SignInExperience
			if body == nil {
				f.must(200, "GET", "/api/sign-in-exp", nil).decode(t, &exp)
			} else {
				f.must(200, "PATCH", "/api/sign-in-exp", body).decode(t, &exp)
			}
			return exp.SocialSignInConnectorTargets
		}
		f.must(200, "POST", "/api/connectors", google).decode(t, &g)
		f.must(200, "POST", "/api/connectors", standardOAuth("acme")).decode(t, &acme)
		f.must(200, "POST", "/api/connectors", httpEmail("https://mail.test/"))
		wanted := map[string]any{"socialSignInConnectorTargets": []string{"acme", "nope", "google", "acme", "http-email"}}
		if diff := cmp.Diff([]string{"acme", "google"}, targets(wanted)); diff != "" {
			t.Errorf("targets (-want +got):\n%s", diff)
		}
		offered := func() (ids []string) {
			var public struct{ SocialConnectors []social }
			f.ask("/api/.well-known/sign-in-exp", http.Header{}).decode(t, &public)
			for _, c := range public.SocialConnectors {
				ids = append(ids, c.ID)
				if c.Config != nil {
					t.Errorf("the config of %s is public", c.ID)
				}
			}
			return ids
		}
		if diff := cmp.Diff([]string{acme.ID, g.ID}, offered()); diff != "" {
			t.Errorf("offered (-want +got):\n%s", diff)
		}
		f.must(204, "DELETE", "/api/connectors/"+acme.ID, nil)
		if diff := cmp.Diff([]string{"google"}, targets(nil)); diff != "" {
			t.Errorf("targets after the connector went (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{g.ID}, offered()); diff != "" {
			t.Errorf("offered after the connector went (-want +got):\n%s", diff)
		}
		f.must(204, "DELETE", "/api/connectors/"+g.ID, nil)
		f.must(200, "POST", "/api/connectors", map[string]any{"connectorId": "github-universal"})
		targets(map[string]any{"socialSignInConnectorTargets": []string{"github"}})
		if got := offered(); got != nil {
			t.Errorf("without a config: %v", got)
		}
	})
}

// idp is an identity provider that knows one person and one code.
func idp(t *testing.T, f *fixture) (asked *url.Values) {
	t.Helper()
	asked = &url.Values{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		*asked = r.PostForm
		if r.PostForm.Get("code") != "good" {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"error":"invalid_grant"}`))
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"access_token":"t0ken-of-the-idp","token_type":"Bearer"}`))
	})
	mux.HandleFunc("GET /me", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"id":"ext-1","name":"Grace","email":"grace@acme.example"}`))
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	f.api.Connectors.Hosts = map[string]string{"idp.test": srv.URL}
	return asked
}

func TestAVisitEndsInAnIdentity(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		asked := idp(t, f)
		var c social
		body := standardOAuth("acme")
		body["config"].(map[string]any)["tokenEndpointResponseType"] = "json"
		f.must(200, "POST", "/api/connectors", body).decode(t, &c)
		user := f.must(200, "POST", "/api/users", map[string]any{"primaryEmail": "grace@acme.example"}).field(t, "id")
		begin := "/api/connectors/" + c.ID + "/authorization-uri"
		const back = "https://app.example/callback"
		f.refused(400, "session.insufficient_info", "POST", begin, map[string]any{"state": "", "redirectUri": back})
		to, err := url.Parse(f.must(200, "POST", begin, map[string]any{"state": "st4te", "redirectUri": back}).field(t, "redirectTo"))
		if err != nil || to.Path != "/auth" || to.Query().Get("state") != "st4te" || to.Query().Get("redirect_uri") != back {
			t.Fatalf("leads to %v: %v", to, err)
		}
		link := func(data map[string]any) answer {
			return f.call("POST", "/api/users/"+user+"/identities", map[string]any{"connectorId": c.ID, "connectorData": data})
		}
		// Another state, or another way back, is another visit; a wrong one ends it.
		for _, data := range []map[string]any{{}, {"code": "good", "state": "other"}, {"code": "good", "redirectUri": back}} {
			if a := link(data); a.status != 400 || a.code() != "session.connector_validation_session_not_found" {
				t.Errorf("%v: %d %s", data, a.status, a.body)
			}
		}
		f.must(200, "POST", begin, map[string]any{"state": "st4te", "redirectUri": back})
		var identities map[string]guestlist.Identity
		answered := link(map[string]any{"code": "good", "state": "st4te", "redirectUri": back})
		answered.decode(t, &identities)
		if answered.status != 200 || identities["acme"].UserID != "ext-1" {
			t.Fatalf("identities: %d %s", answered.status, answered.body)
		}
		var details struct {
			ID, Name string
			RawData  map[string]any
		}
		if err := json.Unmarshal(identities["acme"].Details, &details); err != nil || details.ID != "ext-1" || details.Name != "Grace" ||
			details.RawData["email"] != "grace@acme.example" {
			t.Errorf("details %s: %v", identities["acme"].Details, err)
		}
		if asked.Get("redirect_uri") != back || asked.Get("code_verifier") == "" && to.Query().Get("code_challenge") != "" {
			t.Errorf("the provider was asked %v", *asked)
		}
		if a := link(map[string]any{"code": "good", "state": "st4te", "redirectUri": back}); a.code() != "session.connector_validation_session_not_found" {
			t.Errorf("a second time: %d %s", a.status, a.body)
		}
		// Whoever else brings the same person is refused, and the identity stays.
		other := f.must(200, "POST", "/api/users", map[string]any{}).field(t, "id")
		f.must(200, "POST", begin, map[string]any{"state": "again", "redirectUri": back})
		f.refused(422, "user.identity_already_in_use", "POST", "/api/users/"+other+"/identities",
			map[string]any{"connectorId": c.ID, "connectorData": map[string]any{"code": "good", "state": "again", "redirectUri": back}})
		var owner guestlist.User
		f.must(200, "GET", "/api/users/"+user, nil).decode(t, &owner)
		if owner.Identities["acme"].UserID != "ext-1" {
			t.Errorf("identities of the owner: %v", owner.Identities)
		}
		if err := f.st.View(context.Background(), func(tx *store.Tx) error {
			u, err := tx.User(guestlist.UserID(user))
			if u.EmailVerifiedAt != nil {
				t.Error("the address counts as proved")
			}
			return err
		}); err != nil {
			t.Error(err)
		}
	})
}

func TestAVisitThatFailsLinksNothing(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		idp(t, f)
		var c, sender social
		body := standardOAuth("acme")
		body["config"].(map[string]any)["tokenEndpointResponseType"] = "json"
		f.must(200, "POST", "/api/connectors", body).decode(t, &c)
		f.must(200, "POST", "/api/connectors", httpEmail("https://mail.test/")).decode(t, &sender)
		user := f.must(200, "POST", "/api/users", map[string]any{}).field(t, "id")
		path := "/api/users/" + user + "/identities"
		begin := map[string]any{"state": "s", "redirectUri": "https://app.example/callback"}
		f.must(200, "POST", "/api/connectors/"+c.ID+"/authorization-uri", begin)
		f.refused(401, "connector.social_auth_code_invalid", "POST", path,
			map[string]any{"connectorId": c.ID, "connectorData": map[string]any{"code": "bad", "state": "s"}})
		f.must(200, "POST", "/api/connectors/"+c.ID+"/authorization-uri", begin)
		f.refused(400, "session.connector_validation_session_not_found", "POST", path, map[string]any{
			"connectorId": c.ID, "connectorData": map[string]any{"code": "good", "state": "s", "redirectUri": "https://evil.example/"},
		})
		f.refused(422, "session.invalid_connector_id", "POST", path,
			map[string]any{"connectorId": sender.ID, "connectorData": map[string]any{"code": "good", "state": "s"}})
		f.refused(400, "connector.unexpected_type", "POST", "/api/connectors/"+sender.ID+"/authorization-uri", begin)
		f.refused(404, "entity.not_found", "POST", path, map[string]any{"connectorId": "nope", "connectorData": map[string]any{}})
		f.refused(404, "entity.not_found", "POST", "/api/users/nope/identities", map[string]any{"connectorId": c.ID, "connectorData": map[string]any{}})
		var bare social
		f.must(200, "POST", "/api/connectors", map[string]any{"connectorId": "github-universal"}).decode(t, &bare)
		f.refused(400, "connector.invalid_config", "POST", "/api/connectors/"+bare.ID+"/authorization-uri", begin)
		var owner guestlist.User
		f.must(200, "GET", "/api/users/"+user, nil).decode(t, &owner)
		if len(owner.Identities) != 0 {
			t.Errorf("identities: %v", owner.Identities)
		}
	})
}
