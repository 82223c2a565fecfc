package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

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

// hall is a console whose guests come by invitation, with where their mail
// arrives.
type hall struct {
	*desk
	mail *post
}

// guestJourneys are in an order: the recipes of the guide furnish the house, and
// the last ones look at what became of the guests of the others.
var guestJourneys = []struct {
	name string
	do   func(h *hall, b *tab)
}{
	{"recipes", doRecipes},
	{"a file becomes a campaign in waves", journeyCampaign},
	{"several people come in by one code", journeyCode},
	{"people wait in line, bring friends, and are let in", journeyWaitlist},
	{"the policy says how new people come in", journeyPolicy},
	{"guests invite others, and their tree is taken back", journeyTree},
	{"the overview tells how invitations go, and what needs a hand", journeyFunnel},
	{"who may do less is shown less, and refused the rest", journeyRoles},
}

// guestPages are the pages of the console that are about guests who come by
// invitation. Each is judged.
var guestPages = []string{
	"overview", "invitations", "invite", "invitation", "edit-invitation", "invitation-codes", "new-invitation-code", "invitation-code", "campaigns",
	"new-campaign", "campaign-setup", "campaign", "cancel-campaign", "delete-campaign", "waitlist", "waitlist-settings", "waitlist-promote",
	"waitlist-request", "reject-request", "forget-request", "user-invited", "user-take-back", "role-settings", "sign-up-and-sign-in",
}

// judge judges every page as the journeys left it, with campaigns in each state.
func (h *hall) judge(t *testing.T) {
	h.t = t
	defer func() { h.t = h.whole }()
	h.set(map[string]any{"registrationPolicy": "waitlist"})
	h.wants(t, h.url+"/waitlist", "Zoe", "zoe@waiting.example")
	waiting, sending := h.uploads("email\nyan@friends.example\n"), h.uploads("email\nxia@friends.example\n")
	tomorrow := map[string]any{"startAt": time.Now().Add(24 * time.Hour).UnixMilli()}
	h.api("PATCH", "/invitation-campaigns/"+sending.ID, map[string]any{"mapping": []string{"email"}, "waves": tomorrow}, http.StatusOK, nil)
	h.api("POST", "/invitation-campaigns/"+sending.ID+"/start", map[string]any{}, http.StatusOK, nil)
	var regular []made
	h.api("GET", "/roles?search=regular", nil, http.StatusOK, &regular)
	first := []string{
		"/console/roles/" + regular[0].ID,
		"/console/campaigns/" + waiting.ID, "/console/campaigns/" + sending.ID, "/console/users/" + h.accounts("rosa@tree.example")[0].ID + "/invited",
	}
	judgePages(t, h.site, h.tab.of(t), guestPages, first...)
}

// uploads makes a campaign of a file, which nobody started.
func (h *hall) uploads(file string) (c made) {
	h.t.Helper()
	req := h.request(http.MethodPost, "/api/invitations/batch?start=false", strings.NewReader(file))
	req.Header.Set("Authorization", "Bearer "+h.token)
	req.Header.Set("Content-Type", "text/csv")
	if status, answer := h.send(req); status >= 300 || json.Unmarshal(answer, &c) != nil {
		h.t.Fatalf("a campaign is answered %d %s", status, answer)
	}
	return c
}

// TestConsole goes from the setup link to a closed door, and has guests come in
// by everything that the console offers for that.
func TestConsole(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel() // with the other engine, as its pages wait
			h := &hall{desk: newDesk(t, engine)}
			for _, j := range guestJourneys {
				t.Run(j.name, func(t *testing.T) {
					h.t = t
					defer func() { h.t = h.whole }()
					j.do(h, h.tab.sibling(t))
				})
			}
			h.server.well(t)
			if engine == engines[0] { // pages look the same on each
				t.Run("accessibility", h.judge)
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

// look takes pictures of the pages about guests, if somebody wants them.
func (b *tab) look(pages []sight) {
	if os.Getenv(screenshotsEnv) == "" {
		return
	}
	for _, l := range consoleLooks {
		b.scheme(l.scheme)
		b.speaks(l.lang)
		b.do("resize", chromedp.EmulateViewport(l.width, 900))
		for _, p := range pages {
			if p.nth == 1 && slices.Contains(guestPages, p.name) {
				b.Open(p.address)
				b.Screenshot("console-" + p.name + "-" + l.name)
			}
		}
	}
	b.do("open the navigation", chromedp.Click(visible(".bar-menu")))
	b.Screenshot("console-navigation")
	b.do("resize", chromedp.EmulateViewport(1280, 900))
	b.ready()
	b.do("open the menu", chromedp.Click(visible(".who summary")))
	b.Screenshot("console-menu")
	b.do("open the palette", chromedp.KeyEvent("k", chromedp.KeyModifiers(chromedp.Modifier(2))))
	b.Screenshot("console-palette")
}
