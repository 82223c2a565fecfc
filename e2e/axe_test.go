package e2e

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// axeFile is axe-core, as npm installs it.
const axeFile = clientsDir + "/node_modules/axe-core/axe.min.js"

// What bounds a look around for findings: the pages that it opens, and how many
// of one name are judged.
const (
	maxAxePages = 600
	maxAxeAlike = 2
)

// finding is what axe holds against a page.
type finding struct {
	ID, Impact, Help string
	Nodes            []struct {
		HTML           string
		FailureSummary string
	}
}

// axe judges pages by the rules of WCAG 2.2, levels A and AA, and by those of
// good practice.
type axe struct {
	source string
	seen   map[string]bool // findings that are reported already
}

// newAxe reads axe. Without it the test is skipped with a hint, and fails where
// CI=true.
func newAxe(t *testing.T) *axe {
	t.Helper()
	source, err := os.ReadFile(axeFile)
	if err != nil && os.Getenv("CI") != "true" {
		t.Skipf("NOT TESTED FOR ACCESSIBILITY: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return &axe{source: string(source), seen: map[string]bool{}}
}

// Of all the rules only that of contrast tells light from dark.
const (
	everyRule    = "{}"
	contrastRule = "{runOnly: ['color-contrast']}"
)

// judge reports what is serious on the page of a tab. What a page frames is
// judged as a page of its own.
func (a *axe) judge(b *tab, rules, how string) {
	b.t.Helper()
	loaded := says(b, "look for axe", `() => typeof axe === 'object'`)
	if !loaded {
		b.do("load axe", chromedp.Evaluate[chromedp.Void](a.source+";0"))
	}
	text := value[string](b, "judge", chromedp.Evaluate[string](`axe.run(document, {...`+rules+`, iframes: false, resultTypes: ['violations']}).then(r => JSON.stringify(
		r.violations.filter(v => v.impact === 'serious' || v.impact === 'critical').map(v => ({id: v.id, impact: v.impact, help: v.help,
			nodes: v.nodes.map(n => ({html: n.html, failureSummary: n.failureSummary}))}))))`, chromedp.EvalAwaitPromise))
	var findings []finding
	if err := json.Unmarshal([]byte(text), &findings); err != nil {
		b.t.Fatal(err)
	}
	for _, f := range findings {
		for _, n := range f.Nodes {
			// A part that many pages have is reported once.
			if key := f.ID + how + n.HTML; !a.seen[key] {
				a.seen[key] = true
				b.t.Errorf("%s (%s): %s, %s: %s\n%s\n%s", b.Address(), how, f.Impact, f.ID, f.Help, n.HTML, n.FailureSummary)
			}
		}
	}
}

// scheme has the tab prefer light or dark pages.
func (b *tab) scheme(name string) {
	b.t.Helper()
	features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}, {Name: "prefers-reduced-motion", Value: "reduce"}}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features}); err != nil {
		b.t.Fatal(err)
	}
}

// speaks has the tab ask for pages in a language.
func (b *tab) speaks(lang string) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Accept-Language": lang}})
	if err != nil {
		b.t.Fatal(err)
	}
}

// The languages in which pages are judged: one from left to right and one from
// right to left.
var judgedIn = []string{"en", "ar"}

// inEachLook judges the page of a tab, which is in a language: light, and dark
// in one of them, since colours do not differ between them.
func (a *axe) inEachLook(b *tab, lang string) {
	b.t.Helper()
	a.judge(b, everyRule, lang+", light")
	if lang != judgedIn[0] {
		return
	}
	b.scheme("dark")
	a.judge(b, contrastRule, lang+", dark")
	b.scheme("light")
}

// oneOfMany finds the parts of a path that differ between things of one kind.
var oneOfMany = regexp.MustCompile(`/(?:[a-z0-9_-]*[0-9][a-z0-9_-]*|[a-z]{12,})(?:/|$)`)

// kindOf is what pages of one kind have in common: their path without ids, and
// the names of what is asked.
func kindOf(u *url.URL) string {
	path := u.Path
	for _, known := range []string{"sign-in-experience", "sign-up-and-sign-in", "sign-in-security", "applications", "password-link", "profile-fields", "suppressions"} {
		path = strings.ReplaceAll(path, "/"+known, "/"+strings.ToUpper(known))
	}
	path = oneOfMany.ReplaceAllString(path, "/*/")
	names := []string{}
	for name := range u.Query() {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.TrimSuffix(path, "/") + "?" + strings.Join(names, "&")
}

// sight is a page, the nth of its name.
type sight struct {
	address, name string
	nth           int
}

// sights looks, without scripts, at the first pages and at one page of each kind
// below a place, and returns the first ones of each name.
func sights(p *plainHouse, place string, first ...string) []sight {
	p.t.Helper()
	var list []sight
	seen, names, todo := map[string]bool{}, map[string]int{}, append(slices.Clone(first), place)
	for len(todo) > 0 {
		if len(seen) == maxAxePages {
			p.t.Fatalf("there are more than %d kinds of pages below %s; the last is %s", maxAxePages, place, todo[0])
		}
		u, err := url.Parse(todo[0])
		todo = todo[1:]
		isFirst := len(first) > 0
		first = first[min(1, len(first)):]
		if err != nil || seen[kindOf(u)] && !isFirst || !isPage(u) {
			continue
		}
		seen[kindOf(u)] = true
		page := p.b.Get(p.s.url + u.RequestURI())
		if page.Status != http.StatusOK {
			p.t.Errorf("%s: %d", u, page.Status)
			continue
		}
		if !strings.HasPrefix(page.Header.Get("Content-Type"), "text/html") {
			continue // a file
		}
		name := page.One("body").Attr("data-page")
		if names[name]++; names[name] <= maxAxeAlike {
			list = append(list, sight{page.URL.String(), name, names[name]})
		}
		for _, a := range page.All("a[href]") {
			to, err := page.URL.Parse(a.Attr("href"))
			if err == nil && to.Host == page.URL.Host && strings.HasPrefix(to.Path, place) && !a.HasAttr("download") {
				todo = append(todo, to.RequestURI())
			}
		}
	}
	p.t.Logf("%s: %d kinds of pages looked at, %d names", place, len(seen), len(names))
	return list
}

// isPage leaves out what is a file, and what ends the session.
func isPage(u *url.URL) bool {
	for _, part := range []string{"/export", "/download", "/backup", "/sign-out", "/assets/", "/callback", ".csv", ".json", "/report"} {
		if strings.Contains(u.Path, part) {
			return false
		}
	}
	return !u.Query().Has("page")
}

// hostedPages are pages that guests see, with what is asked of the demo
// application to come there.
var hostedPages = []string{
	"/demo-app", "/demo-app?first_screen=register", "/demo-app?first_screen=reset_password", "/demo-app?first_screen=identifier:sign_in",
	"/unknown-session", "/oidc/auth?client_id=nobody", "/console/signed-out", "/nowhere",
}

// judgePages holds every page of the console, of guests' accounts and of the
// way in to axe's rules: light and dark, from left to right and from right to
// left. The tab is the host's. Those of the first addresses are judged whatever
// else there is of their kind, and the wanted ones have to be among them all.
func judgePages(t *testing.T, s *site, b *tab, wanted []string, first ...string) {
	link := s.link(s.invite(anybody()))
	host := plainConsole(t, s)
	pages := append(sights(host, "/console", first...), sights(host, "/account")...)
	for _, name := range wanted {
		if !slices.ContainsFunc(pages, func(p sight) bool { return p.name == name }) {
			t.Errorf("no link leads to the page %s", name)
		}
	}
	b.sibling(t).look(pages)
	for _, lang := range judgedIn {
		t.Run(lang, func(t *testing.T) {
			t.Parallel() // with the other language
			a, b, guest := newAxe(t), b.sibling(t), newTab(t)
			b.speaks(lang)
			guest.speaks(lang)
			for _, p := range pages {
				if p.nth > 1 && lang != judgedIn[0] {
					continue // its words stand on the first of its name
				}
				b.Open(p.address)
				a.inEachLook(b, lang)
			}
			for _, page := range append(slices.Clone(hostedPages), link) {
				if !strings.HasPrefix(page, "http") {
					page = s.url + page
				}
				guest.Open(page)
				a.inEachLook(guest, lang)
			}
			a.judgeMistakes(b, s, lang)
		})
	}
}

// sibling opens another tab with the cookies of this one, for a test.
func (b *tab) sibling(t *testing.T) *tab {
	t.Helper()
	ctx, closeTab := chromedp.NewContext(b.ctx)
	t.Cleanup(closeTab)
	other := &tab{t: t, ctx: ctx}
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	other.heed()
	return other
}

// judgeMistakes judges forms that came back: sign-in with a wrong password, and
// a form of the console that was left empty.
func (a *axe) judgeMistakes(b *tab, s *site, lang string) {
	b.t.Helper()
	b.Open(s.url + "/console/roles/new")
	b.navigate("send an empty form", chromedp.Click(visible("main form button[type=submit]")))
	a.inEachLook(b, lang)
	guest := newTab(b.t)
	guest.speaks(lang)
	guest.Open(s.url + "/demo-app")
	guest.Fill("identifier", hostName)
	if !guest.has("input[name=password]") {
		guest.navigate("continue", chromedp.Click(visible("form button:not([type=button])")))
	}
	guest.Fill("password", "not-the-password")
	guest.navigate("sign in", chromedp.Click(visible("form button:not([type=button])")))
	a.inEachLook(guest, lang)
}
