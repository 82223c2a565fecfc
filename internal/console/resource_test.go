package console_test

import (
	"strings"
	"testing"

	"guestlist/internal/web/webtest"
)

// TestAnAPIResource is made, given permissions, made the default, and deleted.
func TestAnAPIResource(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	form := b.Follow(b.Get(h.url+"/console/resources"), "Create API resource")
	for name, wrong := range map[string]string{"name": "", "indicator": "orders", "accessTokenTtl": "x"} {
		fill := map[string]string{"name": "Orders", "indicator": "https://orders.example/api"}
		fill[name] = wrong
		a := b.Submit(form, "#form", fill)
		h.at(a, 422, "new-resource")
		if a.One("#f-"+name+"-error").Text() == "" {
			t.Errorf("%s = %q: %s", name, wrong, a.One("#form").HTML())
		}
	}
	a := b.Submit(form, "#form", map[string]string{"name": "Orders <b>", "indicator": "https://orders.example/api"})
	h.at(a, 200, "resource-permissions")
	page := strings.TrimSuffix(a.URL.String(), "/permissions")
	h.at(b.Submit(form, "#form", map[string]string{"name": "Twice", "indicator": "https://orders.example/api"}), 422, "new-resource")

	create := b.Follow(a, "Create permission")
	for _, wrong := range []string{"", "read orders"} {
		h.at(b.Submit(create, "#form", map[string]string{"name": wrong}), 422, "new-permission")
	}
	h.at(b.Submit(create, "#form", map[string]string{"name": "read:orders", "description": "See orders"}), 200, "resource-permissions")
	h.at(b.Submit(create, "#form", map[string]string{"name": "read:orders"}), 422, "new-permission")
	a = b.Follow(b.Get(page+"/permissions"), "read:orders")
	h.at(a, 200, "permission")
	a = b.Submit(a, "#form", map[string]string{"name": "list:orders"})
	h.at(a, 200, "resource-permissions")

	settings := b.Get(page)
	h.at(b.Submit(settings, "#form", map[string]string{"accessTokenTtl": "0"}), 422, "resource-settings")
	h.at(b.Submit(settings, "#form", map[string]string{"name": "Orders"}), 200, "resource-settings")
	h.at(b.Submit(settings, "#form", map[string]string{"name": "Other"}), 409, "resource-settings")
	a = b.Submit(b.Get(page), ".switch", nil)
	if a.One(".switch .pill").Text() != "On" {
		t.Errorf("the default is %s", a.One(".switch").HTML())
	}
	if a = b.Submit(a, ".flash form", nil); a.One(".switch .pill").Text() != "Off" {
		t.Error("that is not taken back")
	}

	a = b.Follow(b.Get(page+"/permissions"), "Delete")
	h.at(a, 200, "delete-permission")
	h.at(b.Submit(a, ".confirm", nil), 200, "resource-permissions")
	if again := b.Submit(a, ".confirm", nil); again.Status != 404 {
		t.Errorf("deleting it again: %d", again.Status)
	}
	a = b.Submit(b.Follow(b.Get(page), "Delete API resource"), ".confirm", nil)
	h.at(a, 200, "resources")
	if b.Get(page).Status != 404 {
		t.Error("the resource is there still")
	}
}

// TestTheResourceOfThisServer is looked at alone.
func TestTheResourceOfThisServer(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	a := b.Get(h.url + "/console/resources")
	page := b.Get(h.url + managementHref(t, a))
	h.at(page, 200, "resource-settings")
	if page.Has("#form") || strings.Contains(page.Source, "/delete") {
		t.Error("it can be changed")
	}
	h.at(b.Get(page.URL.String()+"/permissions"), 200, "resource-permissions")
	h.at(b.Post(page.URL.String(), values("name", "x")), 422, "resource-settings")
}

func managementHref(t *testing.T, a *webtest.Answer) string {
	t.Helper()
	return a.One(".rows tbody th a").Attr("href")
}
