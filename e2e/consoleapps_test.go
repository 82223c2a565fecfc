package e2e

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/chromedp/chromedp"
)

// newApplication creates an application in the console and returns its id. Its
// code is on the page then.
func (d *desk) newApplication(b *tab, name, kind string, uris ...string) string {
	b.t.Helper()
	d.console(b, "/applications")
	b.Press("Create application")
	b.Fill("name", name)
	b.Choose("type", kind)
	for i, uri := range uris {
		if i > 0 {
			b.Click("Add another")
		}
		line := chromedp.JSPath(fmt.Sprintf("document.querySelectorAll('[name=redirectUris]')[%d]", i))
		b.do("type "+uri, chromedp.SendKeys(line, uri))
	}
	b.Press("Create application")
	b.WaitText(name + " is there. Copy the code below into it.")
	at := strings.TrimPrefix(b.Address(), d.url+"/console/applications/")
	id, tab, _ := strings.Cut(at, "/")
	if tab != "snippets" {
		b.t.Fatalf("no code to copy; %s", b.where())
	}
	return id
}

// journeyApplications creates one of each type; each has the pages and the code
// that fit it, with its own values. One is deleted.
func journeyApplications(d *desk, b *tab) {
	for _, a := range []struct {
		kind, uri string
		snippets  []string
		pages     string
	}{
		{"Traditional", "https://web.example/callback", []string{"Next.js", "Express", "Go", "Python", "OpenID Connect"}, "Settings, Code, Secrets, Magic link, Try it, Branding, Activity"},
		{"SPA", "https://spa.example/callback", []string{"React", "Vue", "OpenID Connect"}, "Settings, Code, Magic link, Try it, Branding, Activity"},
		{"Native", "com.example.app://callback", []string{"OpenID Connect"}, "Settings, Code, Magic link, Try it, Branding, Activity"},
		{"MachineToMachine", "", []string{"curl", "Node.js", "Go", "Python"}, "Settings, Code, Secrets, Roles, Try it, Activity"},
	} {
		var uris []string
		if a.uri != "" {
			uris = []string{a.uri}
		}
		id := d.newApplication(b, "My "+a.kind, a.kind, uris...)
		code := b.Inside(".snippets")
		hasWords(b.t, code, append(a.snippets, id, d.url)...)
		if a.uri != "" {
			hasWords(b.t, code, a.uri)
		}
		if secret := strings.Contains(code, "<secret>"); secret != (a.kind == "Traditional" || a.kind == "MachineToMachine") {
			b.t.Errorf("the code of %s has a secret: %v", a.kind, secret)
		}
		if tabs := b.list(".tabs a"); tabs != a.pages {
			b.t.Errorf("the pages of %s are %s, want %s", a.kind, tabs, a.pages)
		}
	}
	b.Press("Settings")
	d.console(b, "/applications?q=My+Native")
	b.Press("My Native")
	b.Press("Delete application")
	b.Fill("typed", "my native")
	if status := b.Press("Delete application"); status != http.StatusUnprocessableEntity {
		b.t.Errorf("another name was typed: %d", status)
	}
	b.WaitText("This is not its name.")
	b.Fill("typed", "My Native")
	b.Press("Delete application")
	b.WaitText("My Native is deleted.")
}

// journeyRedirects types addresses that cannot be redirect URIs, and hears so at
// once and when they are sent; nothing typed is lost.
func journeyRedirects(d *desk, b *tab) {
	d.console(b, "/applications/new")
	b.Stay()
	b.Fill("name", "Judged")
	for uri, problem := range map[string]string{
		"javascript:alert(1)": "Addresses of this kind run scripts or read files.", "shop.example/callback": "Write a whole address",
		"https://me:pw@shop.example/": "Take the user name and password out", "https://shop.example/#top": "Take out the #",
		"http://*.shop.example/": "An asterisk may stand only under https",
	} {
		b.Fill("redirectUris", uri)
		b.until("it says "+problem, `problem => document.querySelector('.line.wrong .error')?.textContent.includes(problem) && document.querySelector('.line input').getAttribute('aria-invalid') === 'true'`, problem)
	}
	b.Fill("redirectUris", "https://shop.example/callback")
	b.until("nothing is wrong any more", "() => !document.querySelector('.line .error, .line [aria-invalid]')")
	b.Click("Add another")
	b.do("type a second one", chromedp.SendKeys(chromedp.JSPath("document.querySelectorAll('[name=redirectUris]')[1]"), "file:///etc/passwd"))
	b.until("the second is wrong", "() => document.querySelectorAll('.line')[1].classList.contains('wrong')")
	b.Stayed()
	if status := b.Press("Create application"); status != http.StatusUnprocessableEntity {
		b.t.Errorf("a wrong address: %d", status)
	}
	b.WaitText("This was not saved")
	kept := value[string](b, "read the lines", chromedp.Evaluate[string]("[...document.querySelectorAll('[name=redirectUris]')].map(e => e.value).filter(v => v).join(', ')"))
	if kept != "https://shop.example/callback, file:///etc/passwd" || b.typed("name") != "Judged" {
		b.t.Errorf("what was typed became %s %s", b.typed("name"), kept)
	}
	says(b, "remove the second", "() => { document.querySelectorAll('[data-remove]')[1].click(); return true }")
	b.Press("Create application")
	b.WaitText("Judged is there.")
}

// journeySecrets puts a second secret in the place of the first.
func journeySecrets(d *desk, b *tab) {
	id := d.newApplication(b, "Keeper", "Traditional", "https://keeper.example/callback")
	var secrets []struct{ Name, Value string }
	d.api("GET", "/applications/"+id+"/secrets", nil, 200, &secrets)
	first := secrets[0]
	html := func() string {
		return value[string](b, "read the page", chromedp.Evaluate[string]("document.documentElement.outerHTML"))
	}
	if strings.Contains(html(), first.Value) {
		b.t.Error("the secret is on the page and nobody asked for it")
	}
	b.Press("Fill in the secret")
	hasWords(b.t, b.Inside(".snippets"), first.Value)
	b.Press("Hide the secret")
	b.Press("Secrets")
	if strings.Contains(html(), first.Value) {
		b.t.Error("the secret is on the page of secrets and nobody asked for it")
	}
	b.Press("Show")
	hasWords(b.t, b.Inside("#secret pre"), first.Value)
	b.Press("Create secret")
	b.Fill("name", first.Name)
	b.Press("Create secret")
	b.WaitText("This was not saved")
	b.Fill("name", "second")
	b.Choose("days", "30")
	b.Press("Create secret")
	second := strings.TrimSpace(b.Inside("#secret pre"))
	b.Press("Secrets")
	b.WaitRows(first.Name, "second")
	b.PressOn("a[href*='secrets/delete?name=" + strings.ReplaceAll(first.Name, " ", "+") + "']")
	b.WaitText("Whatever still uses it gets no tokens any more.")
	b.Press("Delete")
	b.WaitRows("second")
	d.api("GET", "/applications/"+id+"/secrets", nil, 200, &secrets)
	if len(secrets) != 1 || secrets[0].Value != second || second == first.Value {
		b.t.Errorf("the secrets are %+v, the page said %s", secrets, second)
	}
}

// journeyTry signs in as an application does and reads the tokens; a machine
// gets one of its own.
func journeyTry(d *desk, b *tab) {
	id := d.newApplication(b, "Tried", "Traditional", "https://tried.example/callback")
	b.Press("Try it")
	b.WaitText("This application does not come back here yet")
	b.Press("Allow it")
	b.WaitText("is a redirect URI now.")
	b.Press("Sign in")
	b.WaitText("The sign-in worked")
	text := b.Inside("main")
	hasWords(b.t, text, `"aud": "`+id+`"`, `"iss": "`+d.url+`/oidc"`, `"sub"`, `"alg"`, hostName, "GET /oidc/me", "It was given back at once.")
	b.Press("Try again")
	b.Press("Remove it")
	b.WaitText("is no redirect URI any more.")

	machine := d.newApplication(b, "Worker", "MachineToMachine")
	b.PressOn(".tabs a[href$='/roles']")
	b.Press("Allow it")
	b.WaitText("It may use the management API now.")
	b.Press("Try it")
	b.Press("Get a token")
	b.WaitText("The application got a token")
	hasWords(b.t, b.Inside("main"), `"scope": "all"`, `"client_id": "`+machine+`"`)
	b.Press("Try again")
	b.Fill("scope", "nonsense")
	b.Press("Get a token")
	if text := b.Inside("main"); strings.Contains(text, `"scope": "nonsense"`) {
		b.t.Errorf("a permission that nobody gave: %s", text)
	}
}

// journeyMagicLink makes a link that somebody uses in another browser, and one
// that is taken back before.
func journeyMagicLink(d *desk, b *tab) {
	shop := newOwn(b.t, d.site)
	id := d.newApplication(b, "The shop", "SPA", shop.url+"/callback")
	shop.setUp(id)
	link := func(email string) string {
		b.Open(d.url + "/console/applications/" + id)
		b.Press("Magic link")
		b.Fill("email", email)
		b.Fill("landing", shop.url+"/invited")
		b.Press("Make link")
		b.WaitText("The link is ready")
		return strings.TrimSpace(b.Inside("#link pre"))
	}
	b.Press("Magic link")
	b.Fill("email", "not-an-address")
	b.Fill("landing", "javascript:alert(1)")
	b.Press("Make link")
	b.WaitText("Addresses of this kind run scripts or read files.")

	good := link("magda@magic.example")
	hasWords(b.t, b.Inside("main"), "one_time_token", `"email":"magda@magic.example"`, d.url+"/api/one-time-tokens")
	guest := newTab(b.t)
	guest.Open(good)
	guest.WaitText("magda@magic.example")
	guest.Press("Continue")
	guest.Fill("identifier", "magda")
	guest.Press("Continue")
	guest.choosesPassword()
	guest.WaitText("Welcome to the shop, magda@magic.example")

	dead := link("late@magic.example")
	b.Press("Take it back")
	b.WaitText("The link no longer works.")
	late := newTab(b.t)
	late.Open(dead)
	if strings.Contains(late.Text(), "Welcome to the shop") || late.has("input[name=newPassword]") {
		b.t.Errorf("the link works though it was taken back; %s", late.where())
	}
	if n := len(d.accounts("late@magic.example")); n != 0 {
		b.t.Errorf("%d accounts came of a link that was taken back", n)
	}
}

// journeyResources makes an API with permissions and a role that gives one: the
// token of whoever has the role carries it.
func journeyResources(d *desk, b *tab) {
	const indicator = "https://orders.example/api"
	d.console(b, "/resources")
	b.Press("Create API resource")
	b.Fill("name", "Orders")
	b.Fill("indicator", "not a uri")
	if status := b.Press("Create API resource"); status != http.StatusUnprocessableEntity {
		b.t.Errorf("no URI: %d", status)
	}
	b.Fill("indicator", indicator)
	b.Press("Create API resource")
	b.WaitText("Orders is there. Create its permissions next.")
	b.Press("Create permission")
	b.Fill("name", "read orders")
	if status := b.Press("Create permission"); status != http.StatusUnprocessableEntity {
		b.t.Errorf("a space: %d", status)
	}
	b.Fill("name", "read:orders")
	b.Press("Create permission")
	b.WaitText("The permission read:orders is there.")
	b.Press("Create permission")
	b.Fill("name", "write:orders")
	b.Press("Create permission")
	b.WaitRows("read:orders", "write:orders")
	resource := strings.TrimSuffix(b.Address(), "/permissions")

	d.console(b, "/roles")
	b.Press("Create role")
	b.Fill("name", "clerk")
	b.Fill("description", "Looks after orders")
	b.Press("Create role")
	b.Press("Add permissions")
	says(b, "choose read:orders", `() => { [...document.querySelectorAll('tbody tr')].find(r => r.textContent.includes('read:orders')).querySelector('input').click(); return true }`)
	b.Press("Add the chosen")
	b.WaitText("The permissions were added.")
	b.Press("Remove")
	b.WaitText("The permission was taken out.")
	b.Press("Undo")
	b.WaitRows("read:orders")
	b.Press("Members")
	b.Press("Add members")
	b.ready()
	b.Fill("q", hostName)
	b.WaitRows(hostName)
	says(b, "choose her", `() => { document.querySelector('tbody input').click(); return true }`)
	b.Press("Add the chosen")
	b.WaitText("1 were added.")

	app := d.newApplication(b, "Order desk", "SPA", "https://desk.example/callback", d.url+"/console/try")
	d.console(b, "/applications/"+app+"/try")
	b.Fill("scope", "openid read:orders write:orders")
	b.Choose("resource", indicator)
	b.Press("Sign in")
	b.WaitText("The sign-in worked")
	text := b.Inside("main")
	hasWords(b.t, text, `"aud": "`+indicator+`"`, `"scope": "read:orders"`)

	b.Open(resource)
	b.Press("Make it the default")
	b.WaitText("Orders is the default now.")
	b.Press("Undo")
	b.WaitText("Orders is no longer the default.")
	b.Press("Delete API resource")
	b.WaitText("This cannot be undone.")
	b.Press("Delete API resource")
	b.WaitText("Orders is deleted.")
}
