package console_test

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
	"guestlist/internal/web"
	"guestlist/internal/web/webtest"
)

const (
	// maxPages bounds the walk through the console.
	maxPages = 400
	// maxFirstLoad is what a page may weigh with all that it needs, in bytes,
	// not compressed.
	maxFirstLoad = 120 << 10
)

// TestEveryPage walks through the whole console, in each language: every link
// leads somewhere, no phrase is missing, no id is there twice, everything that
// can be filled in is labelled, and no page is too heavy.
func TestEveryPage(t *testing.T) {
	h := newHouse(t)
	for username, name := range map[string]string{"grace": "Grace", "eve": `<b>"Eve"</b> & co`} {
		if _, err := h.api.CreateUser(context.Background(), client.NewUser{Username: username, Name: name}); err != nil {
			t.Fatal(err)
		}
	}
	for _, kind := range []guestlist.ApplicationType{guestlist.ApplicationTraditional, guestlist.ApplicationMachine} {
		if _, err := h.api.CreateApplication(context.Background(), client.NewApplication{Name: `<b>"` + string(kind), Type: kind}); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.api.Do(context.Background(), "POST", "/applications", map[string]any{"name": "Partner", "type": "SPA", "isThirdParty": true}, nil); err != nil {
		t.Fatal(err)
	}
	if err := h.api.Do(context.Background(), "POST", "/resources", map[string]any{"name": "<i>", "indicator": "https://x.example"}, nil); err != nil {
		t.Fatal(err)
	}
	for path, body := range map[string]any{
		"/invitations":      map[string]any{"email": "ada@example.com", "name": `<b>"Ada"`, "message": "<i>", "send": false},
		"/invitation-codes": map[string]any{"seats": 3, "name": "<u>"},
		"/organizations":    map[string]any{"name": "<b>Acme"},
		"/invitation-views": map[string]any{"name": "<i>Open", "filter": map[string]any{"status": "pending", "endingWithinDays": 9, "inviterId": "<b>"}},
	} {
		if err := h.api.Do(context.Background(), "POST", path, body, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.api.Do(context.Background(), "POST", "/invitations/actions", map[string]any{"action": "extend", "expiresIn": 86400, "all": true}, nil); err != nil {
		t.Fatal(err)
	}
	for _, lang := range web.Languages {
		t.Run(lang, func(t *testing.T) {
			b, _ := h.admin()
			b.Post(h.url+"/console/preferences", values("lang", lang, "theme", "auto"))
			if lang == web.Fallback {
				weigh(t, h, b)
			}
			if n := crawl(t, h, b); n < 8 {
				t.Errorf("looked at %d pages only", n)
			}
		})
	}
}

// crawl opens every page of the console once and returns how many there were.
func crawl(t *testing.T, h *house, b *webtest.Browser) int {
	t.Helper()
	seen, todo := map[string]bool{}, []string{"/console"}
	for len(todo) > 0 && len(seen) < maxPages {
		path := todo[0]
		todo = todo[1:]
		if seen[path] {
			continue
		}
		seen[path] = true
		a := b.Get(h.url + path)
		if a.Status != 200 {
			t.Errorf("%s: %d", path, a.Status)
			continue
		}
		inspect(t, path, a)
		for _, link := range a.All("a[href]") {
			u, err := a.URL.Parse(link.Attr("href"))
			if err != nil {
				t.Errorf("%s links to %q", path, link.Attr("href"))
				continue
			}
			if u.Host == a.URL.Host && (u.Path == "/console" || strings.HasPrefix(u.Path, "/console/")) && plain(u) {
				todo = append(todo, u.RequestURI())
			}
		}
	}
	return len(seen)
}

// plain leaves out what is no page.
func plain(u *url.URL) bool {
	for _, part := range []string{"/assets/", "/sign-in", "/callback", "/export", "/download"} {
		if strings.Contains(u.Path, part) && !strings.HasPrefix(u.Path, "/console/sign-in-experience") {
			return false
		}
	}
	return !u.Query().Has("page")
}

// inspect holds one page to what every page has to be.
func inspect(t *testing.T, path string, a *webtest.Answer) {
	t.Helper()
	if at := strings.Index(a.Source, ui.Missing); at >= 0 {
		t.Errorf("%s: a phrase is missing: %s", path, a.Source[at:min(len(a.Source), at+60)])
	}
	if strings.Contains(a.Source, "ZgotmplZ") {
		t.Errorf("%s: something could not be escaped", path)
	}
	if len(a.All("h1")) != 1 {
		t.Errorf("%s has %d headings h1", path, len(a.All("h1")))
	}
	ids, labels := map[string]bool{}, map[string]bool{}
	for _, n := range a.All("[id]") {
		if ids[n.Attr("id")] {
			t.Errorf("%s: the id %q is there twice", path, n.Attr("id"))
		}
		ids[n.Attr("id")] = true
	}
	for _, n := range a.All("label[for]") {
		labels[n.Attr("for")] = true
		if !ids[n.Attr("for")] {
			t.Errorf("%s: a label for %q, which is not there", path, n.Attr("for"))
		}
	}
	wrapped := map[string]bool{}
	for _, n := range append(a.All("label input"), a.All("label select")...) {
		wrapped[n.HTML()] = true
	}
	for _, tag := range []string{"input", "select", "textarea"} {
		for _, n := range a.All(tag) {
			kind := n.Attr("type")
			if kind != "hidden" && !labels[n.Attr("id")] && n.Attr("aria-label") == "" && !wrapped[n.HTML()] {
				t.Errorf("%s: nothing says what %s is for", path, n.HTML())
			}
		}
	}
	for _, n := range a.All("button") {
		if n.Text() == "" && n.Attr("aria-label") == "" {
			t.Errorf("%s: a button without a name: %s", path, n.HTML())
		}
	}
	for _, n := range a.All("form form") {
		t.Errorf("%s: a form within a form: %s", path, n.HTML())
	}
}

// weigh adds up the first load: the page, its style, its scripts.
func weigh(t *testing.T, h *house, b *webtest.Browser) {
	t.Helper()
	page := b.Get(h.url + "/console")
	size := len(page.Source)
	script := page.One("script").Attr("src")
	dir := script[:strings.LastIndex(script, "/")+1]
	css := b.Get(h.url + page.One("link[rel=stylesheet]").Attr("href"))
	size += len(css.Source)
	for _, name := range []string{"console.js", "table.js", "form.js", "keys.js", "palette.js", "live.js"} {
		a := b.Get(h.url + dir + name)
		if a.Status != 200 || !strings.Contains(a.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d, %s", name, a.Status, a.Header.Get("Cache-Control"))
		}
		size += len(a.Source)
	}
	t.Logf("the first load is %d bytes", size)
	if size > maxFirstLoad {
		t.Errorf("the first load is %d bytes, want %d at most", size, maxFirstLoad)
	}
}
