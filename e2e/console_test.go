package e2e

import (
	"os"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// The administrator of the console's journeys.
const (
	hostName     = "hostess"
	hostPassword = "Let-them-in-4711"
)

// newHost starts a server, follows its setup link in a browser and goes on to
// the console, signed in.
func newHost(t *testing.T, engine string) (*site, *tab) {
	t.Helper()
	s := newSite(t, engine)
	s.setClock()
	p := s.serve()
	link, _ := p.setupLink(t)
	b := newTab(t)
	b.setUpHost(s, link)
	return s, b
}

// setUpHost follows a setup link, and goes on to the console.
func (b *tab) setUpHost(s *site, link string) {
	b.t.Helper()
	b.Open(link)
	b.Fill("identifier", hostName)
	b.Fill("newPassword", hostPassword)
	b.Fill("confirmPassword", hostPassword)
	b.Press("Create administrator")
	b.Press("Open the console")
	b.signInHost(s)
}

// signInHost signs in on the pages that the console leads to.
func (b *tab) signInHost(s *site) {
	b.t.Helper()
	b.identify(hostName, hostPassword)
	b.IsAt(s.url + "/console")
}

// identify signs somebody in on the page that asks for it.
func (b *tab) identify(name, password string) {
	b.t.Helper()
	b.Fill("identifier", name)
	if !b.has(`input[name=password]`) {
		b.Press("Continue")
	}
	b.Fill("password", password)
	b.Press("Sign in")
}

// has reports whether the page has an element that a person can see.
func (b *tab) has(selector string) bool {
	b.t.Helper()
	return value[bool](b, "look for "+selector, chromedp.Evaluate[bool](
		"[...document.querySelectorAll("+quoteJS(selector)+")].some(e => e.checkVisibility())"))
}

// ready waits until the console's scripts have begun.
func (b *tab) ready() {
	b.t.Helper()
	b.do("wait for the scripts", chromedp.WaitReady("html[data-ready]"))
}

// TestConsole: by the setup link to the overview; the door is closed and
// opened again by one press; a role is made; the keyboard leads about.
func TestConsole(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			s, b := newHost(t, engine)
			b.WaitText("Needs a hand")
			b.Press("Close the door")
			b.WaitText("The door is closed: only people whom you let in")
			b.Press("Undo")
			b.WaitText("The door is open: anybody can make an account.")

			b.Press("Roles")
			b.Press("Create role")
			b.Fill("name", "editor")
			b.Fill("description", "Writes and publishes")
			b.Press("Create role")
			b.WaitText("The role editor is there.")
			b.Press("Settings")
			b.IsAt(b.Address())

			b.ready()
			b.do("go to the roles", chromedp.KeyEvent("g"), chromedp.KeyEvent("r"))
			b.WaitText("A role bundles permissions")
			b.ready()
			b.do("search", chromedp.KeyEvent("/"), chromedp.KeyEvent("nobody"))
			b.WaitText("Nothing found")
			b.do("open the palette", chromedp.KeyEvent("k", chromedp.KeyModifiers(chromedp.Modifier(2))))
			b.WaitText("Overview")
			b.look(s)

			t.Run("without scripts", func(t *testing.T) { withoutScripts(t, s) })
			t.Run("recipes", func(t *testing.T) { doRecipes(t, s, b.of(t)) })
			if engine == engines[0] { // pages look the same on each
				t.Run("accessibility", func(t *testing.T) { judgePages(t, s, b.of(t)) })
			}
		})
	}
}

// consoleLooks are how the console's pages are looked at.
var consoleLooks = []struct {
	name, scheme, lang string
	width              int64
}{
	{"light", "light", "en", 1280},
	{"dark", "dark", "en", 1280},
	{"phone", "light", "en", 390},
	{"phone-dark", "dark", "de", 390},
	{"arabic", "light", "ar", 1280},
	{"japanese", "dark", "ja", 1280},
	{"arabic-phone", "light", "ar", 390},
}

// look takes pictures of pages, if somebody wants them.
func (b *tab) look(s *site) {
	if os.Getenv(screenshotsEnv) == "" {
		return
	}
	pages := map[string]string{"overview": "/console", "roles": "/console/roles", "new-role": "/console/roles/new"}
	for _, l := range consoleLooks {
		features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: l.scheme}}
		if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features}); err != nil {
			b.t.Fatal(err)
		}
		if _, err := chromedp.Call(b.ctx, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Accept-Language": l.lang}}); err != nil {
			b.t.Fatal(err)
		}
		b.do("resize", chromedp.EmulateViewport(l.width, 900))
		for name, path := range pages {
			b.Open(s.url + path)
			b.Screenshot("console-" + name + "-" + l.name)
		}
	}
	b.do("open the navigation", chromedp.Click(visible(".bar-menu")))
	b.Screenshot("console-navigation")
	b.do("resize", chromedp.EmulateViewport(1280, 900))
	b.Open(s.url + "/console")
	b.ready()
	b.do("open the menu", chromedp.Click(visible(".who summary")))
	b.Screenshot("console-menu")
	b.do("open the palette", chromedp.KeyEvent("k", chromedp.KeyModifiers(chromedp.Modifier(2))))
	b.Screenshot("console-palette")
}
