package e2e

import (
	"net/http"
	"strings"
	"testing"

	"guestlist/internal/web/webtest"
)

// plainHost signs the host in with a browser that has no scripts.
func plainHost(t *testing.T, s *site) (*webtest.Browser, *webtest.Answer) {
	t.Helper()
	b := webtest.NewBrowser(t, &http.Client{Timeout: awaitFor})
	page := b.Get(s.url + "/console")
	for range 2 { // the name and the password, on one page or on two
		fields := map[string]string{}
		if page.Has("form [name=identifier]") {
			fields["identifier"] = hostName
		}
		if page.Has("form [name=password]") {
			fields["password"] = hostPassword
		}
		if len(fields) > 0 {
			page = b.Submit(page, "form", fields)
		}
	}
	return b, page
}

// withoutScripts does the core of the recipes in a browser that has no
// scripts: forms and links are all there is.
func withoutScripts(t *testing.T, s *site) {
	b, page := plainHost(t, s)
	on := func(name string) {
		t.Helper()
		if page.Status != http.StatusOK || page.One("body").Attr("data-page") != name {
			t.Fatalf("%s: %d, the page is %q, want %q: %s", page.URL, page.Status, page.One("body").Attr("data-page"), name, page.One("body").Text())
		}
	}
	says := func(words string) {
		t.Helper()
		if text := page.One("body").Text(); !strings.Contains(text, words) {
			t.Fatalf("%s does not say %q: %s", page.URL, words, text)
		}
	}
	on("overview")

	page = b.Get(s.url + "/console/users/new")
	page = b.Submit(page, "#form", map[string]string{"primaryEmail": "plain@example.com", "first": "temporary"})
	on("user-password-shown")
	says("shown once")

	page = b.Get(s.url + "/console/users?q=plain@example.com")
	on("users")
	page = b.Follow(page, "plain@example.com")
	says("At a glance")

	page = b.Get(s.url + "/console/webhooks/new")
	page = b.Submit(page, "#form", map[string]string{"name": "Plain", "url": "https://receiver.example/hook"})
	on("webhook-settings")

	page = b.Get(s.url + "/console/applications/new")
	page = b.Submit(page, "#form", map[string]string{"name": "Plain shop", "type": "Traditional", "redirectUris": "https://shop.example/callback"})
	on("application-snippets")
	page = b.Follow(page, "Magic link")
	page = b.Submit(page, "#form", map[string]string{"email": "plain-guest@example.com", "landing": "https://shop.example/invited"})
	says("The link is ready")
	if link := page.One("#link pre").Text(); !strings.HasPrefix(link, "https://shop.example/invited?") || !strings.Contains(link, "token=") {
		t.Errorf("the link is %q", link)
	}

	page = b.Get(s.url + "/console")
	page = b.Submit(page, "form.switch", nil)
	says("The door is closed")
	page = b.Submit(page, "form.switch", nil)
	on("overview")
	says("The door is open")
}
