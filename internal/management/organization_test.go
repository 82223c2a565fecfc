package management

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guestlist"
	"guestlist/internal/store"
)

func TestChangesOfOrganizationsAreTold(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		expect := func(want ...string) {
			t.Helper()
			if diff := cmp.Diff(want, keys(f.events())); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		}
		scope := f.must(201, "POST", "/api/organization-scopes", map[string]any{"name": "invite"}).field(t, "id")
		expect("OrganizationScope.Created")
		f.must(200, "PATCH", "/api/organization-scopes/"+scope, map[string]any{"description": "d"})
		expect("OrganizationScope.Data.Updated")
		role := f.must(201, "POST", "/api/organization-roles", map[string]any{"name": "r", "organizationScopeIds": []string{scope}}).field(t, "id")
		expect("OrganizationRole.Created", "OrganizationRole.Scopes.Updated")
		f.must(200, "PATCH", "/api/organization-roles/"+role, map[string]any{"name": "s"})
		expect("OrganizationRole.Data.Updated")
		f.must(204, "DELETE", "/api/organization-roles/"+role+"/scopes/"+scope, nil)
		expect("OrganizationRole.Scopes.Updated")
		f.must(204, "PUT", "/api/organization-roles/"+role+"/scopes", map[string]any{"organizationScopeIds": []string{scope}})
		expect("OrganizationRole.Scopes.Updated")
		f.must(204, "DELETE", "/api/organization-scopes/"+scope, nil)
		expect("OrganizationScope.Deleted")
		club := f.must(201, "POST", "/api/organizations", map[string]any{"name": "Club"}).field(t, "id")
		expect("Organization.Created")
		f.must(200, "PATCH", "/api/organizations/"+club, map[string]any{"description": "d"})
		expect("Organization.Data.Updated")
		f.must(204, "DELETE", "/api/organizations/"+club, nil)
		expect("Organization.Deleted")
		f.must(204, "DELETE", "/api/organization-roles/"+role, nil)
		expect("OrganizationRole.Deleted")
		f.refused(422, "entity.relation_foreign_key_not_found", "POST", "/api/organization-roles",
			map[string]any{"name": "x", "organizationScopeIds": []string{"nope"}})
		expect() // what is refused has not happened
	})
}

func TestWhoJoinsAndLeavesAnOrganizationIsTold(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		club := "/api/organizations/" + f.must(201, "POST", "/api/organizations", map[string]any{"name": "Club"}).field(t, "id")
		ada := f.must(200, "POST", "/api/users", map[string]any{"username": "ada"}).field(t, "id")
		grace := f.must(200, "POST", "/api/users", map[string]any{"username": "grace"}).field(t, "id")
		f.events()
		expect := func(added, removed []string) {
			t.Helper()
			lines := f.events()
			if len(lines) != 1 {
				t.Fatalf("events %v", lines)
			}
			var e struct {
				Event, OrganizationID        string
				AddedUserIDs, RemovedUserIDs []string
			}
			if err := json.Unmarshal([]byte(lines[0][strings.IndexByte(lines[0], ' '):]), &e); err != nil {
				t.Fatal(err)
			}
			if e.Event != guestlist.EventOrganizationMembershipUpdated || !strings.HasSuffix(club, e.OrganizationID) || e.OrganizationID == "" {
				t.Errorf("event %+v", e)
			}
			if diff := cmp.Diff([][]string{added, removed}, [][]string{e.AddedUserIDs, e.RemovedUserIDs}); diff != "" {
				t.Errorf("added and removed (-want +got):\n%s", diff)
			}
		}
		f.must(201, "POST", club+"/users", map[string]any{"userIds": []string{ada, ada}})
		expect([]string{ada}, nil)
		f.must(201, "POST", club+"/users", map[string]any{"userIds": []string{ada}})
		if lines := f.events(); len(lines) != 0 {
			t.Errorf("nobody joined, and it was told: %v", lines)
		}
		f.must(204, "PUT", club+"/users", map[string]any{"userIds": []string{grace}})
		expect([]string{grace}, []string{ada})
		f.must(204, "DELETE", club+"/users/"+grace, nil)
		expect(nil, []string{grace})
		f.refused(422, "entity.relation_foreign_key_not_found", "PUT", club+"/users", map[string]any{"userIds": []string{ada, "nope"}})
		if lines := f.events(); len(lines) != 0 {
			t.Errorf("what was refused was told: %v", lines)
		}
	})
}

// TestOrganizationsTakeNoInputOutOfShape holds the routes to input that no
// schema of a member alone refuses.
func TestOrganizationsTakeNoInputOutOfShape(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		club := "/api/organizations/" + f.must(201, "POST", "/api/organizations", map[string]any{"name": "Club"}).field(t, "id")
		f.refused(400, "request.invalid_text", "GET", "/api/organizations/%00", nil)
		f.refused(400, "guard.invalid_input", "POST", club+"/users", map[string]any{"userIds": []any{1}})
		f.refused(400, "guard.invalid_input", "POST", club+"/users", map[string]any{"userIds": make([]string, maxItems+1)})
		f.refused(400, "guard.invalid_input", "POST", club+"/jit/email-domains", map[string]any{"emailDomain": strings.Repeat("a.", 150) + "example"})
		f.refused(400, "guard.invalid_input", "PUT", club+"/jit/roles", map[string]any{"organizationRoleIds": make([]string, 101)})
		f.refused(400, "guard.invalid_pagination", "GET", club+"/users?page_size=101", nil)
		f.refused(400, "guard.invalid_input", "GET", "/api/organizations?q="+strings.Repeat("a", maxParam+1), nil)
		if a := f.send("GET", club, nil, ""); a.status != 401 {
			t.Errorf("without a token: %d", a.status)
		}
		stranger := f.token(f.addMachine("stranger", ""), guestlist.ManagementAPI)
		if a := f.send("GET", club+"/users", nil, "Bearer "+stranger); a.status != 403 {
			t.Errorf("without the scope: %d", a.status)
		}
	})
}

func TestDomainsOfAnOrganizationAreLimited(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		club := f.must(201, "POST", "/api/organizations", map[string]any{"name": "Club"}).field(t, "id")
		domains := make([]string, guestlist.MaxJITDomains)
		for i := range domains {
			domains[i] = "d" + strings.Repeat("x", i%50) + string(rune('a'+i/50)) + ".example"
		}
		f.must(204, "PUT", "/api/organizations/"+club+"/jit/email-domains", map[string]any{"emailDomains": domains})
		f.refused(422, "entity.db_constraint_violated", "POST", "/api/organizations/"+club+"/jit/email-domains",
			map[string]any{"emailDomain": "more.example"})
		var total int
		if err := f.st.View(t.Context(), func(tx *store.Tx) error {
			var err error
			_, total, err = tx.JITDomains(guestlist.OrganizationID(club), store.Page{Limit: 1})
			return err
		}); err != nil || total != guestlist.MaxJITDomains {
			t.Errorf("%d domains, %v", total, err)
		}
	})
}
