package e2e

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"guestlist/internal/connector/connectortest"
)

// ways is an installation whose ways in are set up in the console alone, with
// the outside that it speaks to.
type ways struct {
	s     *site
	w     *world
	mail  *post // what comes by e-mail
	smtp  struct{ host, port string }
	texts *letterbox // what comes by SMS
	sms   string     // endpoint
	plain *plainHouse
}

// newWays starts a server and its outside, with the host signed in.
func newWays(t *testing.T, engine string) (*ways, *tab) {
	t.Helper()
	s, b := newHost(t, engine)
	x := &ways{s: s, w: newWorld(t), plain: plainConsole(t, s)}
	x.mail, x.smtp.host, x.smtp.port = openPost(t)
	x.texts, x.sms = newLetterbox(t)
	return x, b
}

// TestConsoleWays sets up, in the console alone, who carries messages, where
// guests may sign in besides, what is told to other servers and how the pages
// look; each is then used by a guest who really comes in.
func TestConsoleWays(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			x, b := newWays(t, engine)
			t.Run("connectors", func(t *testing.T) { x.connect(t, b.of(t)) })
			if t.Failed() {
				return // nothing else comes in
			}
			x.s.set(openHouse())
			t.Run("a guest comes by a provider", func(t *testing.T) { x.provider(t, b.of(t)) })
			t.Run("enterprise SSO", func(t *testing.T) { x.employers(t, b.of(t)) })
			t.Run("webhooks", func(t *testing.T) { x.webhooks(t, b.of(t)) })
			t.Run("without scripts", x.plainly)
			t.Run("sign-in experience", func(t *testing.T) { x.experience(t, b.of(t)) })
			t.Run("one's own account", x.account)
			t.Run("one's own account without scripts", x.plainAccount)
			if engine == engines[0] { // pages look the same on each
				t.Run("accessibility", x.judgeHosted)
			}
		})
	}
}

// Attach chooses a file for an input.
func (b *tab) Attach(name, file, content string) {
	b.t.Helper()
	path := filepath.Join(b.t.TempDir(), file)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		b.t.Fatal(err)
	}
	input := chromedp.JSPath("document.querySelector('input[type=file][name=' + CSS.escape(" + quoteJS(name) + ") + ']')")
	b.do("attach "+file, chromedp.SetUploadFiles(input, []string{path}))
}

// refused fails the test unless the form came back with a word at each of these
// fields and at no other.
func (b *tab) refused(status int, fields ...string) {
	b.t.Helper()
	const wrong = `document.querySelectorAll('.field:has(.error), .toggle:has(.error)')`
	marked := value[int](b, "count the errors", chromedp.Evaluate[int](wrong+".length"))
	if (status != http.StatusUnprocessableEntity && status != http.StatusBadRequest) || marked != len(fields) {
		b.t.Fatalf("status %d, %d fields are marked, want %v; %s", status, marked, fields, b.where())
	}
	for _, name := range fields {
		if !says(b, "look at "+name, `name => [...`+wrong+`].some(f => f.querySelector('[name=' + CSS.escape(name) + ']'))`, name) {
			b.t.Fatalf("nothing is said at %s; %s", name, b.where())
		}
	}
}

// typed returns what stands in a field.
func (b *tab) typed(name string) string {
	b.t.Helper()
	return value[string](b, "read "+name, chromedp.Evaluate[string]("document.getElementsByName("+quoteJS(name)+")[0].value"))
}

// unfold opens a part of the page that is folded away.
func (b *tab) unfold(words string) {
	b.t.Helper()
	b.Click(words)
}

// copied presses the button that copies what begins so, and returns what that
// is.
func (b *tab) copied(begins string) string {
	b.t.Helper()
	b.ready()
	b.do("copy", chromedp.Click(visible("[data-copy^="+quoteJS(begins)+"]")), chromedp.WaitReady("[data-copy].done"))
	return value[string](b, "read what is copied", chromedp.Evaluate[string]("document.querySelector('[data-copy].done').dataset.copy"))
}

// connect sets up e-mail, SMS and a provider from their forms, each after what
// cannot work was refused, and takes one away again.
func (x *ways) connect(t *testing.T, b *tab) {
	t.Run("e-mail", func(t *testing.T) { x.connectMail(t, b.of(t)) })
	t.Run("SMS", func(t *testing.T) { x.connectTexts(t, b.of(t)) })
	t.Run("a provider", func(t *testing.T) { x.connectProvider(b.of(t)) })
	t.Run("away", func(t *testing.T) { x.disconnect(t, b.of(t)) })
}

func (x *ways) connectMail(t *testing.T, b *tab) {
	b.Open(x.s.url + "/console/connectors")
	b.WaitText("E-mail is not set up")
	b.Press("Set up e-mail")
	b.Press("SMTP")
	b.Fill("config-port", x.smtp.port)
	b.refused(b.Press("Set up"), "config-host", "config-fromEmail")
	b.Fill("config-host", x.smtp.host)
	b.Fill("config-fromEmail", "Door <door@shop.example>")
	b.refused(b.Press("Send a test"), "to")

	_, nobody, _ := strings.Cut(freeAddress(t), ":")
	b.Fill("config-port", nobody)
	b.Fill("to", "hostess@shop.example")
	if status := b.Press("Send a test"); status != http.StatusUnprocessableEntity || b.typed("config-host") != x.smtp.host {
		t.Fatalf("a server that is not there took the test: %d; %s", status, b.where())
	}
	b.Fill("config-port", x.smtp.port)
	b.Press("Send a test")
	b.WaitText("The test to hostess@shop.example is on its way")
	mailed(t, x.mail, "hostess@shop.example", mailedCode)
	b.Press("Set up")
	b.WaitText("SMTP is set up.")
}

func (x *ways) connectTexts(t *testing.T, b *tab) {
	b.Open(x.s.url + "/console/connectors")
	b.Press("Set up SMS")
	b.Press("HTTP SMS")
	b.Fill("config-endpoint", "not-an-address")
	b.refused(b.Press("Set up"), "config-endpoint")
	b.Fill("config-endpoint", x.sms)
	b.Fill("to", "+49 151 23456789")
	b.Press("Send a test")
	b.WaitText("The test to +49 151 23456789 is on its way")
	if x.texts.code(t, "4915123456789") == "" {
		t.Error("the test came without a code")
	}
	b.Press("Set up")
	b.WaitText("HTTP SMS is set up.")
}

// connectProvider tells the fake of an OpenID provider the address that the
// console shows, and the console what the provider says.
func (x *ways) connectProvider(b *tab) {
	acme := x.w.acme
	b.Open(x.s.url + "/console/connectors")
	b.Press("Add a provider")
	b.Press("OpenID Connect")
	callback := b.copied(x.s.url + "/callback/")
	acme.Change(func(u *connectortest.Upstream) { u.Client.Redirects = append(u.Client.Redirects, callback) })
	b.Fill("name", "Acme")
	b.Fill("target", "acme")
	b.Fill("config-authorizationEndpoint", acme.Issuer+"/authorize")
	b.Fill("config-tokenEndpoint", acme.Issuer+"/token")
	b.Fill("config-clientId", outsideClient.ID)
	b.Fill("config-clientSecret", outsideClient.Secret)
	b.Fill("config-scope", "openid profile email")
	b.Fill("config-idTokenVerificationConfig", `{"jwksUri": `)
	b.refused(b.Press("Set up"), "config-idTokenVerificationConfig")
	b.WaitText("This is not complete JSON. Look at line 1.")
	b.Fill("config-idTokenVerificationConfig", `{"jwksUri": "`+acme.Issuer+`/jwks", "issuer": "`+acme.Issuer+`"}`)
	b.Fill("config-authorizationEndpoint", "")
	b.Fill("config-clientSecret", outsideClient.Secret)
	b.refused(b.Press("Set up"), "config-authorizationEndpoint")
	b.Fill("config-authorizationEndpoint", acme.Issuer+"/authorize")
	b.Fill("config-clientSecret", outsideClient.Secret)
	b.Choose("trust", "all")
	b.Press("Set up")
	b.WaitText("Acme is set up. Now show its button on the sign-in page.")
	if again := b.copied(x.s.url + "/callback/"); again != callback {
		b.t.Errorf("the provider was told %s, and it is %s", callback, again)
	}
	b.Press("Show the button")
	b.WaitText("The button of Acme is on the sign-in page.")
	b.Press("Undo")
	b.WaitText("The button of Acme left the sign-in page.")
	b.Press("Show the button")
}

// disconnect sets up another provider and deletes it: its button goes with it.
func (x *ways) disconnect(t *testing.T, b *tab) {
	b.Open(x.s.url + "/console/connectors")
	b.Press("Add a provider")
	b.Press("GitHub")
	b.refused(b.Press("Set up"), "config-clientId", "config-clientSecret")
	b.Fill("config-clientId", "shop")
	b.Fill("config-clientSecret", "of-the-shop-alone")
	b.Press("Set up")
	b.Press("Show the button")
	if text := b.Inside("main"); strings.Contains(text, "of-the-shop-alone") {
		t.Error("the secret is shown")
	}
	guest := newTab(t)
	guest.Open(x.s.url + "/demo-app")
	guest.WaitText("GitHub")
	b.Press("Delete connector")
	b.WaitText("Its button leaves the sign-in page at once.")
	b.Press("Delete connector")
	b.WaitText("GitHub is deleted.")
	guest.Open(x.s.url + "/demo-app")
	if text := guest.Text(); strings.Contains(text, "GitHub") || !strings.Contains(text, "Acme") {
		t.Errorf("after GitHub was deleted, the sign-in page says %s", text)
	}
}

// provider lets a guest in by the provider that was set up.
func (x *ways) provider(t *testing.T, _ *tab) {
	email := anybody()
	person := x.w.person("acme", email, true)
	guest := newTab(t)
	guest.Open(x.s.url + "/demo-app")
	guest.Click("Acme")
	guest.WaitText("Who are you?")
	guest.Click(email)
	in := guest.isIn(x.s)
	if in.PrimaryEmail != email || x.s.identities(in.ID)["acme"] != person {
		t.Errorf("came in as %v with %v", in, x.s.identities(in.ID))
	}
}

// The domains of the employers.
const (
	worksDomain = "works.example"
	samlDomain  = "saml.example"
)

// employers sets up one employer with OpenID Connect and one with SAML, whose
// people then come in by their addresses.
func (x *ways) employers(t *testing.T, b *tab) {
	b.Open(x.s.url + "/console/sign-in-experience/sign-up-and-sign-in")
	b.Turn("singleSignOnEnabled", true)
	b.Press("Save")
	b.WaitText("Saved")
	t.Run("OIDC", func(t *testing.T) { x.employByOIDC(t, b.of(t)) })
	t.Run("SAML", func(t *testing.T) { x.employBySAML(t, b.of(t)) })
}

func (x *ways) employByOIDC(t *testing.T, b *tab) {
	acme := x.w.acme
	b.Press("Enterprise SSO")
	b.WaitText("No employer yet")
	b.Press("Add an employer")
	b.Press("OIDC")
	b.Fill("connectorName", "Works")
	b.Fill("domains", "gmail.com")
	b.refused(b.Press("Continue"), "domains")
	b.Fill("domains", worksDomain)
	b.Press("Continue")
	b.WaitText("Give its addresses to the company's IT")
	callback := b.copied(x.s.url + "/callback/")
	acme.Change(func(u *connectortest.Upstream) { u.Client.Redirects = append(u.Client.Redirects, callback) })

	b.Fill("issuer", x.w.url+"/nobody")
	b.Fill("clientId", outsideClient.ID)
	b.Fill("clientSecret", outsideClient.Secret)
	b.refused(b.Press("Save changes"), "issuer")
	b.Fill("issuer", acme.Issuer)
	b.Fill("clientSecret", outsideClient.Secret)
	b.Press("Save changes")
	b.WaitText("The provider answers")
	b.WaitText(acme.Issuer + "/authorize")

	email := strings.Replace(anybody(), "guests.example", worksDomain, 1)
	person := x.w.worker(email, true)
	guest := newTab(t)
	guest.Open(x.s.url + "/demo-app")
	guest.Fill("identifier", email)
	guest.Click("Continue")
	guest.WaitText("Who are you?")
	guest.Click(email)
	if in := guest.isIn(x.s); in.PrimaryEmail != email || x.s.employed(in.ID)[acme.Issuer] != person {
		t.Errorf("came in as %v, employed as %v", in, x.s.employed(in.ID))
	}
}

func (x *ways) employBySAML(t *testing.T, b *tab) {
	idp := connectortest.NewSAML()
	email := "grace@" + samlDomain
	idp.People = []connectortest.SAMLPerson{{NameID: "grace-1906", Email: email, Name: "Grace Hopper"}}
	server := httptest.NewServer(idp)
	t.Cleanup(server.Close)
	idp.SetBase(server.URL)

	b.Press("Enterprise SSO")
	b.Press("Add an employer")
	b.Press("SAML")
	b.Fill("connectorName", "Saml Works")
	b.Fill("domains", "not a domain")
	b.refused(b.Press("Continue"), "domains")
	b.Fill("domains", samlDomain)
	b.Press("Continue")
	b.WaitText("Give its addresses to the company's IT")
	for _, told := range []string{"/api/authn/single-sign-on/saml/", "/enterprise-sso/"} {
		if !strings.Contains(b.Text(), x.s.url+told) {
			b.t.Errorf("the company's IT is not told %s", told)
		}
	}
	b.Choose("source", "xml")
	b.Fill("metadata", "<EntityDescriptor")
	b.refused(b.Press("Save changes"), "metadata")
	b.Choose("source", "url")
	b.Fill("metadataUrl", server.URL+"/nobody")
	b.refused(b.Press("Save changes"), "metadataUrl")
	b.Fill("metadataUrl", idp.MetadataURL())
	b.Press("Save changes")
	b.WaitText("The provider answers")
	b.WaitText(idp.EntityID())

	signIn := func(guest *tab) {
		guest.Open(x.s.url + "/demo-app")
		guest.Fill("identifier", email)
		guest.Click("Continue")
	}
	guest := newTab(t)
	signIn(guest)
	guest.WaitText("Who are you?")
	guest.Click(email)
	if in := guest.isIn(x.s); in.PrimaryEmail != email || x.s.employed(in.ID)[idp.EntityID()] != "grace-1906" {
		t.Errorf("came in as %v, employed as %v", in, x.s.employed(in.ID))
	}

	b.Press("Delete connector")
	b.WaitText("People with these domains are not sent there any more")
	b.Press("Delete connector")
	b.WaitText("Saml Works is deleted.")
	again := newTab(t)
	signIn(again)
	again.WaitText("Enter your password")
}

// webhooks makes a webhook whose receiver fails, looks at what was sent and
// answered, and sends it again once the receiver is well.
func (x *ways) webhooks(t *testing.T, b *tab) {
	hook := newEar(t)
	b.Press("Webhooks")
	b.Press("Create webhook")
	b.Fill("name", "Till")
	b.Fill("url", "till.example")
	b.refused(b.Press("Create webhook"), "url")
	b.Fill("url", hook.url)
	b.Choose("events", "User.Data.Updated")
	b.Press("Create webhook")
	b.WaitText("Copy its signing key to your server")
	first := b.Inside("#key details code")

	hook.shut.Store(true)
	b.Choose("event", "User.Data.Updated")
	b.Press("Send a test")
	b.WaitText("Your server did not take the test")
	hook.shut.Store(false)
	b.Press("Send a test")
	b.WaitText("Your server took the test event")
	hook.hears(t, first, "User.")

	b.Press("New key")
	b.WaitText("The present key stops working at once.")
	b.Press("New key")
	b.WaitText("The webhook has a new signing key.")
	key := b.Inside("#key details code")
	if key == "" || key == first {
		t.Fatalf("the new key is %q, the old one was %q", key, first)
	}
	webhook, _, _ := strings.Cut(b.Address(), "?")

	hook.shut.Store(true)
	email := anybody()
	x.s.resident(map[string]any{"primaryEmail": email})
	x.sees(b, webhook+"/deliveries", "Failed · 503")
	b.Press("User.Created")
	b.WaitText("The till is shut")
	for _, part := range []string{email, `"event": "User.Created"`, "Answer", "webhook-id"} {
		if !strings.Contains(b.Text(), part) {
			t.Errorf("the delivery does not show %s: %s", part, b.where())
		}
	}
	hook.shut.Store(false)
	b.Press("Redeliver")
	b.WaitText("The same event is on its way again.")
	hook.hears(t, key, email) // twice: the schedule has it repeated as well
	hook.hears(t, key, email)
	x.sees(b, webhook+"/deliveries", "Delivered · 200")
	b.Open(webhook)
	b.Press("Switch off")
	b.WaitText("Till is off.")
	b.Press("Undo")
	b.WaitText("Till is on.")
}

// sees opens a page until it says something that is written soon.
func (x *ways) sees(b *tab, address, words string) {
	b.t.Helper()
	eventually(b.t, words, func() bool {
		b.Open(address)
		return strings.Contains(b.Text(), words)
	})
}
