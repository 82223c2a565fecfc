package console_test

import (
	"strings"
	"testing"
)

// TestAnAdministratorWithoutScripts signs in, closes and opens the door, takes
// that back, and makes a role, changes it and deletes it.
func TestAnAdministratorWithoutScripts(t *testing.T) {
	h := newHouse(t)
	b, a := h.admin()

	state := func() string {
		t.Helper()
		return b.Get(h.url + "/console").One(".switch .pill").Text()
	}
	before := state()
	a = b.Submit(a, "form.switch", nil)
	h.at(a, 200, "overview")
	if after := state(); after == before {
		t.Fatalf("the door is %s as before", after)
	}
	a = b.Submit(a, ".flash form", nil)
	h.at(a, 200, "overview")
	if again := state(); again != before {
		t.Fatalf("taken back the door is %s, it was %s", again, before)
	}
	if b.Get(h.url + "/console").Has(".flash") {
		t.Error("what was done is said twice")
	}

	a = b.Follow(b.Get(h.url+"/console/roles"), "Create role")
	a = b.Submit(a, "#form", map[string]string{"name": "", "description": "x"})
	h.at(a, 422, "new-role")
	if a.One("#f-description").Attr("value") != "x" || a.One("#f-name-error").Text() == "" {
		t.Errorf("a role without a name: %s", a.One("#form").HTML())
	}
	a = b.Submit(a, "#form", map[string]string{"name": "editor", "description": "Writes"})
	h.at(a, 200, "role-permissions")
	a = b.Submit(b.Get(strings.TrimSuffix(a.URL.String(), "/permissions")), "#form", map[string]string{"description": "Writes and edits"})
	h.at(a, 200, "role-settings")
	if a.One("#f-description").Attr("value") != "Writes and edits" {
		t.Errorf("the description is %q", a.One("#f-description").Attr("value"))
	}
	a = b.Follow(b.Follow(a, "Members"), "Add members")
	a = b.Post(a.URL.String(), values("id", a.One(".rows tbody input").Attr("value")))
	h.at(a, 200, "role-members")
	if a.One(".rows tbody th").Text() != adminName {
		t.Errorf("the member is %q", a.One(".rows tbody th").Text())
	}
	a = b.Submit(b.Follow(a, "Delete role"), ".confirm", nil)
	h.at(a, 200, "roles")
	for _, row := range a.All(".rows tbody th") {
		if row.Text() == "editor" {
			t.Error("the role is there still")
		}
	}
}
