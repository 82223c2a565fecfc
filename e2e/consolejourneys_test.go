package e2e

import (
	"strings"
	"testing"
)

// desk is a console with its host at it. Journeys share it one after another:
// each has a tab of its own, and users and applications that are its own.
type desk struct {
	*site
	whole  *testing.T // the test of which the journeys are parts
	server *running
	tab    *tab
}

// consoleJourneys are in an order: the first ones want a server that is new,
// and the last ones let much time pass.
var consoleJourneys = []struct {
	name string
	do   func(d *desk, b *tab)
}{
	{"the overview says what needs a hand and leads to the mending", journeyOverview},
	{"users are found while one types", journeyFindUsers},
	{"users are created with a password or with a link", journeyCreateUsers},
	{"a user is stopped, signed out and let in again", journeyStopUser},
	{"a user has data, roles and events", journeyUserPages},
	{"a user is deleted and restored", journeyDeleteUser},
	{"many users are chosen at once, and exported", journeyManyUsers},
	{"a list of users is imported", journeyImport},
	{"applications of each type are created", journeyApplications},
	{"redirect URIs are judged while one types", journeyRedirects},
	{"secrets are made, shown and deleted", journeySecrets},
	{"a sign-in is tried and its tokens are read", journeyTry},
	{"a magic link is made, used elsewhere and taken back", journeyMagicLink},
	{"an API has permissions, which a role gives", journeyResources},
	{"the audit log is filtered, and drilled down into", journeyLogs},
	{"the keyboard leads about", journeyKeyboard},
	{"two administrators edit the same", journeyConflict},
	{"the last administrator stays", journeyLastAdministrator},
	{"the settings show health and version, and set the life of sessions", journeySettings},
	{"a backup is downloaded and opens", journeyBackup},
	{"keys are rotated", journeyKeys},
	{"without scripts", journeyPlain},
	{"an import outlives the connection and the server", journeyLostImport},
	{"nothing typed is lost when the session ends", journeyExpiry},
	{"time passes", journeyTime},
}

// TestConsoleJourneys does in a browser whatever the console is for.
func TestConsoleJourneys(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel() // with the other engine: two servers for two processors
			d := newDesk(t, engine)
			for _, j := range consoleJourneys {
				t.Run(j.name, func(t *testing.T) {
					d.t = t
					defer func() { d.t = d.whole }()
					j.do(d, d.tab.sibling(t))
				})
			}
			d.server.well(t)
		})
	}
}

// newDesk starts a server, and its host follows the setup link to the console.
func newDesk(t *testing.T, engine string) *desk {
	t.Helper()
	d := &desk{site: newSite(t, engine), whole: t}
	d.setClock()
	d.serveAnew()
	d.tab = d.firstHost()
	d.administer()
	return d
}

// serveAnew starts a server that serves until the last journey ends.
func (d *desk) serveAnew() {
	now := d.t
	d.t = d.whole
	defer func() { d.t = now }()
	d.server = d.serve()
}

// firstHost follows the setup link to the console.
func (d *desk) firstHost() *tab {
	link, _ := d.server.setupLink(d.whole)
	b := newTab(d.whole)
	b.setUpHost(d.site, link)
	return b
}

// console opens a page of the console as the host, who signs in if asked to,
// and waits for its scripts.
func (d *desk) console(b *tab, path string) {
	b.t.Helper()
	b.Open(d.url + "/console" + path)
	if b.has("input[name=identifier], input[name=password]") && !b.has("main[id=main]") {
		b.identify(hostName, hostPassword)
	}
	b.ready()
}

// well requires that the server complains of nothing but of what the journeys
// had it give up.
func (p *running) well(t *testing.T) {
	t.Helper()
	for line := range strings.Lines(p.out.String()) {
		if strings.Contains(line, "panic") || strings.Contains(line, `"level":"ERROR"`) && !strings.Contains(line, "a job was given up") {
			t.Errorf("the server complains: %s", line)
		}
	}
}

// made is something that the API made.
type made struct{ ID string }

// user makes somebody with a username, who has a password unless more says so.
func (d *desk) user(username string, more map[string]any) made {
	d.t.Helper()
	in := map[string]any{"username": username, "password": guestPassword}
	for name, v := range more {
		in[name] = v
	}
	var u made
	d.api("POST", "/users", in, 200, &u)
	return u
}

// enter has a guest come into their own account by a name and a password.
func (d *desk) enter(guest *tab, name, password string) {
	guest.t.Helper()
	guest.Open(d.url + "/account")
	guest.identify(name, password)
}

// enters is enter for a guest who is let in.
func (d *desk) enters(guest *tab, name, password string) {
	guest.t.Helper()
	d.enter(guest, name, password)
	guest.IsAt(d.url + "/account")
}

// isOut requires that a guest is not signed in any more.
func (d *desk) isOut(guest *tab) {
	guest.t.Helper()
	guest.Open(d.url + "/account")
	guest.IsAt(d.url + "/sign-in")
}
