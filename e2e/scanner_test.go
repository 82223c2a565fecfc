package e2e

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// A scanner visits a link before its guest does: it belongs to a mail gateway,
// a chat that makes previews, or a browser that loads ahead. Nothing that it
// can do without typing may use the link up, make an account or let it in.

// visitor opens a link as a scanner would, and returns the names of the cookies
// that it was ever given.
type visitor struct {
	name  string
	visit func(t *testing.T, link string) (cookies []string)
}

// scanned is one sort of guest whose link is scanned.
type scanned struct {
	name         string
	confirmation string // when the guest types the address that the link was sent to
	password     bool   // new guests have to choose one
	known        bool   // the guest has an account
}

func TestScannersLeaveTheLinkToTheGuest(t *testing.T) {
	t.Parallel()
	s := newSite(t, "sqlite")
	s.serve()
	s.connectMail()
	visitors := []visitor{
		{"heads and gets", looks},
		{"bot without scripts", pressesEverything},
		{"chromium", clicksEverything},
	}
	for _, confirmation := range []string{"default", "always"} {
		for _, password := range []bool{true, false} {
			more := map[string]any{}
			if confirmation != "default" {
				more["oneTimeTokenConfirmation"] = confirmation
			}
			s.closeDoor(password, more)
			for _, known := range []bool{false, true} {
				guest := scanned{confirmation: confirmation, password: password, known: known}
				guest.name = map[bool]string{false: "new guest", true: "user"}[known]
				if !password {
					guest.name += " who is asked nothing"
				}
				for _, v := range visitors {
					t.Run(confirmation+"/"+guest.name+"/"+v.name, func(t *testing.T) { scan(t, s, guest, v) })
				}
			}
		}
	}
}

// TestScannersGetInWhereNothingIsTyped shows that the visitors above are worth
// their name: where the operator waived the question, they do get in.
func TestScannersGetInWhereNothingIsTyped(t *testing.T) {
	t.Parallel()
	s := newSite(t, "sqlite")
	s.serve()
	s.connectMail()
	s.closeDoor(false, map[string]any{"oneTimeTokenConfirmation": "never"})
	for _, v := range []visitor{{"bot without scripts", pressesEverything}, {"chromium", clicksEverything}} {
		t.Run(v.name, func(t *testing.T) {
			token := s.invite(anybody())
			cookies := v.visit(t, s.link(token))
			if !slices.ContainsFunc(cookies, isSession) || s.status(token) != "consumed" || len(s.accounts(token.Email)) != 1 {
				t.Errorf("the visitor did not get in: cookies %v, token %s", cookies, s.status(token))
			}
		})
	}
}

// isSession reports cookies by which a browser is signed in, here or at the
// application.
func isSession(cookie string) bool {
	return strings.Contains(cookie, "_session") || cookie == "demo_user"
}

// knownPassword is that of guests who have an account already.
const knownPassword = "Seven-quiet-hinges-1"

// scan lets a visitor open a link, and then the guest.
func scan(t *testing.T, s *site, who scanned, v visitor) {
	email := anybody()
	before := 0
	if who.known {
		s.api("POST", "/users", map[string]any{"primaryEmail": email, "password": knownPassword}, 200, nil)
		before = 1
	}
	token := s.invite(email)
	untouched := func(when string, cookies []string) {
		t.Helper()
		for _, c := range cookies {
			if isSession(c) {
				t.Errorf("%s: the visitor got the cookie %s", when, c)
			}
		}
	}
	untouched("before the guest", v.visit(t, s.link(token)))
	if n := len(s.accounts(email)); n != before {
		t.Errorf("%d accounts after the visitor, want %d", n, before)
	}
	if status := s.status(token); status != "active" {
		t.Errorf("the token is %s after the visitor", status)
	}
	if who.known {
		s.neverSignedIn(t, email)
	}

	g := newGuest()
	letIn(t, g, s, token, who)
	if status := s.status(token); status != "consumed" {
		t.Errorf("the token is %s after its guest", status)
	}
	if n := len(s.accounts(email)); n != 1 {
		t.Errorf("%d accounts after the guest, want 1", n)
	}
	untouched("after the guest", v.visit(t, s.link(token)))
}

func (s *site) neverSignedIn(t *testing.T, email string) {
	t.Helper()
	var users []struct {
		LastSignInAt *int64 `json:"lastSignInAt"`
	}
	q := url.Values{"search.primaryEmail": {email}, "mode.primaryEmail": {"exact"}}
	s.api("GET", "/users?"+q.Encode(), nil, 200, &users)
	if len(users) != 1 || users[0].LastSignInAt != nil {
		t.Errorf("somebody signed in as %s: %+v", email, users)
	}
}

// letIn opens the link as its guest, who types what is asked, and ends at the
// application.
func letIn(t *testing.T, g *guest, s *site, token oneTimeToken, who scanned) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(g.visit(s.link(token)))
	typesAddress := who.confirmation == "always" || !who.password || who.known
	if asked := g.fill("identifier", token.Email) == nil; asked != typesAddress {
		t.Errorf("asked for the address: %v, want %v", asked, typesAddress)
	}
	must(g.press("Continue"))
	if who.password && !who.known {
		must(g.fill("newPassword", "A-door-with-7-hinges"))
		must(g.fill("confirmPassword", "A-door-with-7-hinges"))
		must(g.press("Save"))
	}
	if g.at.Path != "/demo-app" || !strings.Contains(text(g.doc), token.Email) {
		t.Fatal(g.lost("the guest is not in"))
	}
}

// looks asks for the link, and for everything that it redirects to, in the ways
// in which machines do that never press anything.
func looks(t *testing.T, link string) (names []string) {
	agents := []http.Header{
		{"User-Agent": {"Mozilla/5.0 (compatible; SafeLinks/1.0)"}},
		{"User-Agent": {"Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"}, "Range": {"bytes=0-32767"}},
		{"User-Agent": {"WhatsApp/2.23.20.0"}, "Accept": {"*/*"}},
		{"User-Agent": {"facebookexternalhit/1.1"}},
		{"User-Agent": {"curl/8.14.1"}},
		{"User-Agent": {""}},
		{"Purpose": {"prefetch"}, "Sec-Purpose": {"prefetch;prerender"}, "Sec-Fetch-Dest": {"document"}, "Sec-Fetch-Mode": {"navigate"}},
		{"X-Moz": {"prefetch"}, "X-Purpose": {"preview"}},
	}
	for _, header := range agents {
		for _, method := range []string{http.MethodHead, http.MethodGet, http.MethodOptions} {
			for _, keepsCookies := range []bool{true, false} {
				g, cookies := newGuest(), &given{header: header}
				g.client.Transport = cookies
				if !keepsCookies {
					g.client.Jar = dropsCookies{}
				}
				// What is answered does not matter, but that nothing comes of it.
				if err := g.do(method, link, nil); err != nil {
					t.Fatal(err)
				}
				names = append(names, cookies.names...)
			}
		}
	}
	return names
}

// dropsCookies is the memory of a machine that keeps no cookies.
type dropsCookies struct{}

func (dropsCookies) SetCookies(*url.URL, []*http.Cookie) {}
func (dropsCookies) Cookies(*url.URL) []*http.Cookie     { return nil }

// given adds a header to every request, and notes the cookies of every answer,
// also of those that a later answer takes away.
type given struct {
	header http.Header
	names  []string
}

func (w *given) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	for name, values := range w.header {
		r.Header[name] = values
	}
	res, err := machine.Transport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	for _, c := range res.Cookies() {
		if c.Value != "" {
			w.names = append(w.names, c.Name)
		}
	}
	return res, nil
}

// maxPresses bounds what the bot does with one link.
const maxPresses = 150

// act is something that can be done on a page without typing.
type act struct {
	method, target string
	form           string // encoded
}

// pressesEverything follows every link and presses every button that it
// finds, each once, with whatever the pages filled in themselves.
func pressesEverything(t *testing.T, link string) []string {
	g, cookies := newGuest(), &given{}
	g.client.Transport = cookies
	home, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	todo, done, posts := []act{{http.MethodGet, link, ""}}, map[act]bool{}, 0
	for len(todo) > 0 && len(done) < maxPresses {
		a := todo[0]
		todo = todo[1:]
		if done[a] {
			continue
		}
		done[a] = true
		var form url.Values
		if a.method == http.MethodPost {
			posts++
			if form, err = url.ParseQuery(a.form); err != nil {
				t.Fatal(err)
			}
		}
		if err := g.do(a.method, a.target, form); err != nil {
			t.Fatalf("%+v: %v", a, err)
		}
		todo = append(todo, g.acts(home.Host)...)
	}
	if posts == 0 {
		t.Errorf("the bot found no button: %s", text(g.doc))
	}
	return cookies.names
}

// acts lists what can be done on the page, on its own host.
func (g *guest) acts(host string) (list []act) {
	add := func(method, target, form string) {
		if u, err := g.at.Parse(target); err == nil && u.Host == host {
			u.Fragment = ""
			list = append(list, act{method, u.String(), form})
		}
	}
	for _, form := range all(g.doc, "form") {
		for _, b := range all(form, "button") {
			values := filledIn(form)
			if name := attr(b, "name"); name != "" {
				values.Set(name, attr(b, "value"))
			}
			add(strings.ToUpper(attr(form, "method")), attr(form, "action"), values.Encode())
		}
	}
	for _, a := range all(g.doc, "a") {
		add(http.MethodGet, attr(a, "href"), "")
	}
	return list
}

// filledIn returns what a form holds before anybody types; boxes are ticked,
// since that takes no typing.
func filledIn(form *html.Node) url.Values {
	values := url.Values{}
	for _, in := range all(form, "input") {
		if name := attr(in, "name"); name != "" {
			values.Set(name, attr(in, "value"))
		}
	}
	return values
}
