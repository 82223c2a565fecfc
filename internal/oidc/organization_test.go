package oidc_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guestlist"
	"guestlist/internal/store"
)

const organizationScopes = "openid offline_access urn:logto:scope:organizations urn:logto:scope:organization_roles invite manage notes:read notes:admin"

// clubs makes alice a member of "club", where she may invite and administer the
// notes, and leaves her out of "other".
func (h *house) clubs() {
	h.t.Helper()
	h.update(func(tx *store.Tx) error {
		about := "Where we meet"
		return errors.Join(
			tx.InsertOrganization(guestlist.Organization{ID: "club", Name: "Club", Description: &about, CreatedAt: tx.Now}),
			tx.InsertOrganization(guestlist.Organization{ID: "other", Name: "Other", CreatedAt: tx.Now}),
			tx.InsertOrganization(guestlist.Organization{ID: "bare", Name: "Bare", CreatedAt: tx.Now}),
			tx.InsertOrganizationScope(guestlist.OrganizationScope{ID: "invite", Name: "invite"}),
			tx.InsertOrganizationScope(guestlist.OrganizationScope{ID: "manage", Name: "manage"}),
			tx.InsertOrganizationRole(guestlist.OrganizationRole{ID: "member", Name: "member", Type: guestlist.RoleUser}),
			tx.AddOrganizationRoleScopes("member", "invite"),
			tx.AddOrganizationRoleResourceScopes("member", "notes:admin"),
			second(tx.JoinOrganization("club", h.user.ID, "member")),
			second(tx.JoinOrganization("bare", h.user.ID)),
		)
	})
}

func second[T any](_ T, err error) error { return err }

// TestOrganizationTokens goes the whole way from an authorization request as
// Logto's SDKs send it.
func TestOrganizationTokens(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		h.clubs()
		got := h.browser().signIn("alice", "scope", organizationScopes, "resource", guestlist.OrganizationsResource+","+indicator)
		a := h.redeem(h.spa, got.Get("code"))
		if a.Status != http.StatusOK || a.text("scope") != "openid offline_access urn:logto:scope:organizations urn:logto:scope:organization_roles" {
			t.Fatalf("the code: %d %s", a.Status, a.Body)
		}
		refresh := a.text("refresh_token")
		ask := func(status int, pairs ...string) answer {
			t.Helper()
			b := h.refresh(h.spa, refresh, pairs...)
			if b.Status != status {
				t.Fatalf("%v: %d %s", pairs, b.Status, b.Body)
			}
			if next := b.text("refresh_token"); next != "" {
				refresh = next
			}
			return b
		}
		b := ask(200, "organization_id", "club")
		claims := claimsOf(t, b.text("access_token"))
		if b.text("scope") != "invite" || claims["aud"] != "urn:logto:organization:club" || claims["scope"] != "invite" ||
			claims["sub"] != string(h.user.ID) || claims["client_id"] != "spa" || claims["organization_id"] != nil || b.JSON["expires_in"] != 3600.0 {
			t.Errorf("of the club: %s %v", b.Body, claims)
		}
		if b = ask(200, "organization_id", "club", "scope", "manage"); b.text("scope") != "" || b.text("id_token") != "" {
			t.Errorf("a scope that members lack: %s", b.Body)
		}
		if b = ask(200, "organization_id", "bare"); b.text("scope") != "" {
			t.Errorf("of an organization without a role: %s", b.Body)
		}
		if h.get("/me", "Authorization", "Bearer "+b.text("access_token")).Status != http.StatusUnauthorized {
			t.Error("a token of an organization opens userinfo")
		}
		b = ask(200, "organization_id", "club", "resource", indicator)
		claims = claimsOf(t, b.text("access_token"))
		if b.text("scope") != "notes:read notes:admin" || claims["aud"] != indicator || claims["organization_id"] != "club" {
			t.Errorf("at a resource within the club: %s %v", b.Body, claims)
		}
		if b = ask(200, "organization_id", "bare", "resource", indicator); b.text("scope") != "notes:read" {
			t.Errorf("roles of another organization count: %s", b.Body)
		}
		if b = ask(200, "resource", indicator); b.text("scope") != "notes:read notes:admin" {
			t.Errorf("at a resource: %s", b.Body)
		}
		for _, id := range []string{"other", "gone"} {
			if b = ask(403, "organization_id", id); b.text("error") != "access_denied" || b.text("error_description") != "user is not a member of the organization" {
				t.Errorf("%s: %s", id, b.Body)
			}
		}
		if b = ask(400, "resource", guestlist.OrganizationAudience+"club"); b.text("error") != "invalid_target" {
			t.Errorf("the audience as a resource: %s", b.Body)
		}
		h.update(func(tx *store.Tx) error { return tx.LeaveOrganization("club", h.user.ID) })
		ask(403, "organization_id", "club")
		h.update(func(tx *store.Tx) error {
			o, err := tx.Organization("bare")
			o.IsMFARequired = true
			return errors.Join(err, tx.UpdateOrganization(o))
		})
		if b = ask(403, "organization_id", "bare"); b.text("error_description") != "organization requires MFA but user has no MFA configured" {
			t.Errorf("a second factor: %s", b.Body)
		}
		ask(200)
	})
}

func TestClaimsTellOfOrganizations(t *testing.T) {
	h := newHouse(t)
	h.clubs()
	a := h.redeem(h.spa, h.code(h.spa, everyScope))
	me := h.get("/me", "Authorization", "Bearer "+a.text("access_token")).JSON
	id := claimsOf(t, a.text("id_token"))
	want := map[string]any{
		"organizations": []any{"bare", "club"}, "organization_roles": []any{"club:member"},
		"organization_data": []any{
			map[string]any{"id": "bare", "name": "Bare", "description": nil},
			map[string]any{"id": "club", "name": "Club", "description": "Where we meet"},
		},
	}
	for claim, value := range want {
		if diff := cmp.Diff(value, me[claim]); diff != "" {
			t.Errorf("userinfo, %s:\n%s", claim, diff)
		}
	}
	if diff := cmp.Diff(want["organizations"], id["organizations"]); diff != "" || id["organization_data"] != nil {
		t.Errorf("ID token: %v", id)
	}
	a = h.redeem(h.spa, h.code(h.spa, "openid urn:logto:scope:organization_roles"))
	me = h.get("/me", "Authorization", "Bearer "+a.text("access_token")).JSON
	if _, told := me["organizations"]; told || len(me["organization_roles"].([]any)) != 1 {
		t.Errorf("roles alone: %v", me)
	}
	a = h.redeem(h.spa, h.code(h.spa, "openid"))
	if me = h.get("/me", "Authorization", "Bearer "+a.text("access_token")).JSON; len(me) != 1 {
		t.Errorf("without a scope: %v", me)
	}
}

// TestOthersLearnOfNoOrganizations: nobody asks the person which of them an
// application of a third party may see.
func TestOthersLearnOfNoOrganizations(t *testing.T) {
	h := newHouse(t)
	h.clubs()
	partner := application("partner", guestlist.ApplicationSPA)
	partner.IsThirdParty = true
	h.update(func(tx *store.Tx) error { return tx.InsertApplication(partner) })
	a := h.redeem(partner, h.code(partner, everyScope))
	me := h.get("/me", "Authorization", "Bearer "+a.text("access_token")).JSON
	id := claimsOf(t, a.text("id_token"))
	for _, claims := range []map[string]any{me, id} {
		if diff := cmp.Diff([]any{[]any{}, []any{}}, []any{claims["organizations"], claims["organization_roles"]}); diff != "" {
			t.Errorf("claims:\n%s", diff)
		}
	}
	if b := h.refresh(partner, a.text("refresh_token"), "organization_id", "club"); b.Status != http.StatusForbidden || b.text("error") != "access_denied" {
		t.Errorf("a token: %d %s", b.Status, b.Body)
	}
}

// TestScopesOfOrganizationsAreGrantedOnce: what was not asked for before is not
// given silently.
func TestScopesOfOrganizationsAreGrantedOnce(t *testing.T) {
	h := newHouse(t)
	h.clubs()
	b := h.browser()
	b.signIn("alice", "scope", "openid urn:logto:scope:organizations invite")
	if got := back(t, b.authorize("prompt", "none", "scope", "openid urn:logto:scope:organizations invite unknown")); got.Get("code") == "" {
		t.Errorf("granted before: %v", got)
	}
	if got := back(t, b.authorize("prompt", "none", "scope", "openid urn:logto:scope:organizations invite manage")); got.Get("error") != "consent_required" {
		t.Errorf("another one: %v", got)
	}
}
