package management

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guestlist/internal/store"
)

// events takes what was emitted since the last look.
func (f *fixture) events() []string {
	f.t.Helper()
	var lines []string
	if err := f.st.Update(context.Background(), func(tx *store.Tx) error {
		lines = nil
		taken, err := tx.TakeEvents(100)
		for _, e := range taken {
			lines = append(lines, e.Key+" "+string(e.Payload))
		}
		return err
	}); err != nil {
		f.t.Fatal(err)
	}
	return lines
}

// keys leaves the names of events, in their order: events of one instant have
// none.
func keys(lines []string) []string {
	var out []string
	for _, line := range lines {
		key, _, _ := strings.Cut(line, " ")
		out = append(out, key)
	}
	slices.Sort(out)
	return out
}

func TestChangesOfRolesAndScopesAreTold(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		expect := func(want ...string) {
			t.Helper()
			if diff := cmp.Diff(want, keys(f.events())); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		}
		api := f.must(201, "POST", "/api/resources", map[string]any{"name": "n", "indicator": "urn:test:api"}).field(t, "id")
		expect()
		scopes := "/api/resources/" + api + "/scopes"
		scope := f.must(201, "POST", scopes, map[string]any{"name": "read"}).field(t, "id")
		expect("Scope.Created")
		f.must(200, "PATCH", scopes+"/"+scope, map[string]any{"description": "d"})
		expect("Scope.Data.Updated")
		role := f.must(200, "POST", "/api/roles", map[string]any{"name": "r", "description": "d", "scopeIds": []string{scope}}).field(t, "id")
		expect("Role.Created", "Role.Scopes.Updated")
		f.must(200, "PATCH", "/api/roles/"+role, map[string]any{"name": "s"})
		expect("Role.Data.Updated")
		f.must(204, "DELETE", "/api/roles/"+role+"/scopes/"+scope, nil)
		expect("Role.Scopes.Updated")
		f.must(201, "POST", "/api/roles/"+role+"/scopes", map[string]any{"scopeIds": []string{scope}})
		expect("Role.Scopes.Updated")
		f.must(204, "DELETE", scopes+"/"+scope, nil)
		expect("Scope.Deleted")
		f.must(204, "DELETE", "/api/roles/"+role, nil)
		expect("Role.Deleted")
		f.refused(422, "entity.invalid_input", "PATCH", "/api/roles/internal-admin", map[string]any{})
		f.refused(404, "entity.not_exists_with_id", "POST", "/api/roles", map[string]any{"name": "x", "description": "d", "scopeIds": []string{"nope"}})
		expect() // what is refused has not happened
	})
}

func TestEventSaysWhatWasCalledAndAnswered(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		role := f.must(200, "POST", "/api/roles", map[string]any{"name": "r", "description": "d"}).field(t, "id")
		f.events()
		answer := f.must(200, "PATCH", "/api/roles/"+role, map[string]any{"name": "s"})
		lines := f.events()
		if len(lines) != 1 {
			t.Fatalf("events %q", lines)
		}
		var got map[string]any
		if err := json.Unmarshal([]byte(lines[0][len("Role.Data.Updated "):]), &got); err != nil {
			t.Fatal(err)
		}
		var data any
		answer.decode(t, &data)
		if at, ok := got["createdAt"].(string); !ok || len(at) != len("2026-11-25T09:00:00.000Z") {
			t.Errorf("createdAt %v", got["createdAt"])
		}
		delete(got, "createdAt")
		want := map[string]any{
			"event": "Role.Data.Updated", "userAgent": "Go-http-client/1.1", "ip": "127.0.0.1", "path": "/roles/" + role,
			"method": "PATCH", "status": 200.0, "params": map[string]any{"id": role}, "matchedRoute": "/roles/:id", "data": data,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("payload (-want +got):\n%s", diff)
		}
	})
}
