package e2e

import (
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"guestlist/internal/connector/connectortest"
	"guestlist/internal/web/webtest"
)

// plainHouse is the console of a host whose browser has no scripts, with the page that is open.
type plainHouse struct {
	*webtest.Answer
	t *testing.T
	s *site
	b *webtest.Browser
}

// plainConsole signs the host in.
func plainConsole(t *testing.T, s *site) *plainHouse {
	t.Helper()
	b, page := plainHost(t, s)
	return &plainHouse{Answer: page, t: t, s: s, b: b}
}

// open goes to a page of the console.
func (p *plainHouse) open(path string) {
	p.t.Helper()
	p.Answer = p.b.Get(p.s.url + "/console" + path)
	p.fine()
}

// follow follows the link with just this text.
func (p *plainHouse) follow(words string) {
	p.t.Helper()
	p.Answer = p.b.Follow(p.Answer, words)
	p.fine()
}

// send fills in a form and sends it; what is typed into fields that it does not
// have fails the test.
func (p *plainHouse) send(form string, fields map[string]string) {
	p.t.Helper()
	p.Answer = p.b.Submit(p.Answer, form, fields)
	p.fine()
}

// wrong sends a form that is refused with a word at a field.
func (p *plainHouse) wrong(form string, fields map[string]string, field string) {
	p.t.Helper()
	p.Answer = p.b.Submit(p.Answer, form, fields)
	if p.Status < 400 || p.Status >= 500 {
		p.t.Fatalf("%s: %d: %s", p.URL, p.Status, p.One("body").Text())
	}
	for _, e := range p.All(".error") {
		if strings.HasPrefix(e.Attr("id"), "f-"+field+"-") {
			return
		}
	}
	p.t.Fatalf("%s: nothing is said at %s: %s", p.URL, field, p.One("main").Text())
}

// refreshes is how a page says to browsers without scripts where to go on.
var refreshes = regexp.MustCompile(`<noscript><meta http-equiv="refresh" content="\d+; url=([^"]+)">`)

// refresh goes on as the page asks a browser without scripts to.
func (p *plainHouse) refresh() {
	p.t.Helper()
	to := refreshes.FindStringSubmatch(p.Source)
	if to == nil {
		p.t.Fatalf("%s does not go on by itself: %s", p.URL, p.One("main").Text())
	}
	p.Answer = p.b.Get(p.s.url + html.UnescapeString(to[1]))
	p.fine()
}

func (p *plainHouse) fine() {
	p.t.Helper()
	if p.Status != http.StatusOK {
		p.t.Fatalf("%s: %d: %s", p.URL, p.Status, p.One("body").Text())
	}
}

// says requires words on the page.
func (p *plainHouse) says(words ...string) {
	p.t.Helper()
	text := p.One("body").Text()
	for _, w := range words {
		if !strings.Contains(text, w) {
			p.t.Fatalf("%s does not say %q: %s", p.URL, w, text)
		}
	}
}

// shown returns what stands on the page to be copied and begins so.
func (p *plainHouse) shown(begins string) string {
	p.t.Helper()
	for _, code := range p.All("code") {
		if strings.HasPrefix(code.Text(), begins) {
			return code.Text()
		}
	}
	p.t.Fatalf("nothing on %s begins with %s: %s", p.URL, begins, p.One("main").Text())
	return ""
}

// plainly sets up ways in without scripts: forms and links are all there is.
func (x *ways) plainly(t *testing.T) {
	p := *x.plain
	p.t = t
	x.plainProvider(&p)
	x.plainEmployer(&p)
	x.plainWebhook(&p)
	x.plainLook(&p)
}

func (x *ways) plainProvider(p *plainHouse) {
	acme := x.w.acme
	p.open("/connectors")
	p.follow("Add a provider")
	p.follow("OpenID Connect")
	callback := p.shown(x.s.url + "/callback/")
	acme.Change(func(u *connectortest.Upstream) { u.Client.Redirects = append(u.Client.Redirects, callback) })
	fields := map[string]string{
		"name": "Plain", "target": "plain", "config-authorizationEndpoint": acme.Issuer + "/authorize", "config-tokenEndpoint": acme.Issuer + "/token",
		"config-clientId": outsideClient.ID, "config-clientSecret": outsideClient.Secret, "config-scope": "openid profile email", "trust": "all",
		"config-idTokenVerificationConfig": "{",
	}
	p.wrong("#form", fields, "config-idTokenVerificationConfig")
	fields["config-idTokenVerificationConfig"] = `{"jwksUri": "` + acme.Issuer + `/jwks", "issuer": "` + acme.Issuer + `"}`
	p.send("#form", fields)
	p.says("Plain is set up.")
	p.send("form.switch", nil)
	p.says("The button of Plain is on the sign-in page.")

	email := anybody()
	x.w.person("acme", email, true)
	g := newGuest()
	g.must(p.t, g.visit(x.s.url+"/demo-app"), g.press("Plain"), g.follow("Continue"), g.press(email))
	g.isAt(p.t, x.s.url+"/demo-app")
	if len(x.s.accounts(email)) != 1 {
		p.t.Errorf("%s is not in", email)
	}
	p.follow("Delete connector")
	p.send("main form", nil)
	p.says("Plain is deleted.")
}

func (x *ways) plainEmployer(p *plainHouse) {
	p.open("/sso")
	p.follow("Add an employer")
	p.follow("OIDC")
	p.wrong("#form", map[string]string{"connectorName": "Plain Works", "domains": "gmail.com"}, "domains")
	p.send("#form", map[string]string{"connectorName": "Plain Works", "domains": "plain.example"})
	x.w.acme.Change(func(u *connectortest.Upstream) {
		u.Client.Redirects = append(u.Client.Redirects, p.shown(x.s.url+"/callback/"))
	})
	fields := map[string]string{"issuer": x.w.url + "/nobody", "clientId": outsideClient.ID, "clientSecret": outsideClient.Secret}
	p.wrong("#form", fields, "issuer")
	fields["issuer"] = x.w.acme.Issuer
	p.send("#form", fields)
	p.refresh()
	p.says("The provider answers")
	email := strings.Replace(anybody(), "guests.example", "plain.example", 1)
	x.w.worker(email, true)
	g := newGuest()
	g.must(p.t, g.visit(x.s.url+"/demo-app"), g.fill("identifier", email), g.press("Continue"), g.follow("Continue"), g.press(email))
	g.isAt(p.t, x.s.url+"/demo-app")
	p.follow("Delete connector")
	p.send("main form", nil)
	p.says("Plain Works is deleted.")
}

func (x *ways) plainWebhook(p *plainHouse) {
	hook := newEar(p.t)
	p.open("/webhooks/new")
	p.wrong("#form", map[string]string{"name": "Plain till", "url": "nowhere"}, "url")
	p.send("#form", map[string]string{"name": "Plain till", "url": hook.url})
	first := p.One("#key details code").Text()
	p.send("#test", nil)
	p.says("Your server took the test event")
	hook.hears(p.t, first, "User.Created")
	webhook := p.URL.Path
	p.follow("New key")
	p.send("main form", nil)
	key := p.One("#key details code").Text()
	hook.shut.Store(true)
	email := anybody()
	x.s.resident(map[string]any{"primaryEmail": email})
	deliveries := strings.TrimPrefix(webhook, "/console") + "/deliveries"
	eventually(p.t, "a delivery about "+email+" that failed", func() bool {
		p.open(deliveries)
		for _, a := range p.All("a[href]") { // of others may be told, too, who came a moment before
			if at := strings.TrimPrefix(a.Attr("href"), "/console"); strings.HasPrefix(at, deliveries+"/") {
				if p.open(at); strings.Contains(p.One("main").Text(), email) {
					return true
				}
			}
		}
		return false
	})
	p.says("The till is shut")
	hook.shut.Store(false)
	p.send(".head form", nil)
	p.says("The same event is on its way again.")
	hook.hears(p.t, key, email)
	p.open(strings.TrimPrefix(webhook, "/console") + "/delete")
	p.send("main form", nil)
	p.says("The webhook Plain till is deleted.")
}

// plainLook changes the pages and the mail, and what is asked of guests.
func (x *ways) plainLook(p *plainHouse) {
	p.open("/sign-in-experience")
	p.wrong("#form", map[string]string{"color.primaryColor": "blue"}, "color.primaryColor")
	p.send("#form", map[string]string{"color.primaryColor": "#204060"})
	p.says("Saved.")
	p.open("/sign-in-experience/content")
	p.wrong("#form", map[string]string{"termsOfUseUrl": "javascript:alert(1)"}, "termsOfUseUrl")
	p.send("#form", map[string]string{"termsOfUseUrl": "", "supportEmail": "plain@shop.example"})
	p.follow("English")
	p.send("#form", map[string]string{"pages.sign_in.title": "Come in plainly"})
	g := newGuest()
	g.must(p.t, g.visit(x.s.url+"/demo-app"))
	for _, words := range []string{"#204060", "plain@shop.example", "Come in plainly"} {
		if !strings.Contains(g.raw, words) {
			p.t.Errorf("guests do not see %s", words)
		}
	}
	p.follow("Use our words again")
	p.send("main form", nil)

	p.open("/sign-in-experience/emails")
	p.follow("Sign-in")
	p.follow("Deutsch")
	letter := map[string]string{"subject": "Schlicht", "content": "Der Code: {{code}}", "contentType": "text/plain"}
	p.send("#form", letter)
	letter["to"], letter["submit"] = "plain@shop.example", "test"
	p.send("#form", letter)
	mailed(p.t, x.mail, "plain@shop.example", regexp.MustCompile(`Schlicht\s+Der Code: (\d{6})`))
	p.follow("Use our words again")
	p.send("main form", nil)

	p.open("/sign-in-experience/sign-up-and-sign-in")
	p.send("#form", map[string]string{"agreeToTermsPolicy": "Manual"})
	p.send("#form", map[string]string{"agreeToTermsPolicy": "Automatic"})
	p.open("/sign-in-experience/security")
	p.wrong("#form", map[string]string{"passwordPolicy.length.min": "0"}, "passwordPolicy.length.min")
	p.send("#form", map[string]string{"passwordPolicy.length.min": "12"})

	p.open("/sign-in-experience/profile-fields/new")
	p.send("#form", map[string]string{"label": "Town", "name": "town", "type": "Text"})
	p.send("#form", map[string]string{"config.maxLength": "40"})
	p.follow("Town")
	p.follow("Delete field")
	p.send("main form", nil)
	p.says("The field Town is gone.")
}
