package console_test

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/web/webtest"
)

// stored returns the config of the connector of a page.
func (h *house) stored(id string) string {
	h.t.Helper()
	c, err := h.api.Connector(context.Background(), guestlist.ConnectorID(id))
	if err != nil {
		h.t.Fatal(err)
	}
	return string(c.Config)
}

func idOf(a *webtest.Answer) string {
	parts := strings.Split(a.URL.Path, "/")
	return parts[len(parts)-1]
}

// TestEmailIsSetUpAndItsSecretsStayIn sets SMTP up from an empty server, as
// somebody does who has a user and a password.
func TestEmailIsSetUpAndItsSecretsStayIn(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	a := b.Follow(b.Get(h.url+"/console/connectors"), "Set up e-mail")
	h.at(a, 200, "choose-connector")
	a = b.Follow(a, "SMTP")
	h.at(a, 200, "new-connector")
	a = b.Submit(a, "#form", map[string]string{"config-host": "smtp.acme.example", "config-port": "much", "config-auth-pass": "hunter2"})
	h.at(a, 422, "new-connector")
	if a.One("#f-config-port-error").Text() == "" {
		t.Errorf("a port that is none: %s", a.One("#form").HTML())
	}
	a = b.Submit(a, "#form", map[string]string{"config-port": "587", "config-templates": "[\n{]"})
	h.at(a, 422, "new-connector")
	if e := a.One("#f-config-templates-error").Text(); !strings.Contains(e, "line 2") {
		t.Errorf("JSON that is none: %q", e)
	}
	a = b.Follow(b.Get(h.url+"/console/connectors/new?type=Email"), "SMTP")
	a = b.Submit(a, "#form", map[string]string{
		"config-host": "smtp.acme.example", "config-port": "587", "config-fromEmail": "Acme <hello@acme.example>",
		"config-auth-user": "acme", "config-auth-pass": "hunter2",
	})
	h.at(a, 200, "connector")
	id := idOf(a)
	if strings.Contains(a.Source, "hunter2") {
		t.Error("the password comes back to the page")
	}
	if c := h.stored(id); !strings.Contains(c, `"pass":"hunter2"`) || !strings.Contains(c, `"usageType":"SignIn"`) {
		t.Errorf("stored %s", c)
	}
	a = b.Submit(a, "#form", map[string]string{"config-host": "mail.acme.example"})
	h.at(a, 200, "connector")
	if c := h.stored(id); !strings.Contains(c, `"pass":"hunter2"`) || !strings.Contains(c, "mail.acme.example") {
		t.Errorf("stored %s", c)
	}
	a = b.Submit(a, "#form", map[string]string{"config-host": ""})
	h.at(a, 422, "connector")
	if a.One("#f-config-host-error").Text() == "" {
		t.Errorf("no host: %s", a.One("#form").HTML())
	}

	// Another sender takes its place, which the page says before.
	a = b.Get(h.url + "/console/connectors/new?factory=http-email")
	if !strings.Contains(a.One(".notice").Text(), "SMTP") {
		t.Errorf("nothing says what goes: %s", a.Source)
	}
	a = b.Submit(a, "#form", map[string]string{"config-endpoint": "https://acme.example/mail", "config-authorization": "Bearer s3cret"})
	h.at(a, 200, "connector")
	id = idOf(a)
	a = b.Submit(a, "#form", map[string]string{"forget-authorization": "true"})
	h.at(a, 200, "connector")
	if c := h.stored(id); strings.Contains(c, "s3cret") {
		t.Errorf("a secret that was to go is stored: %s", c)
	}
	a = b.Submit(b.Follow(a, "Delete connector"), ".confirm", nil)
	h.at(a, 200, "connectors")
	h.at(b.Get(h.url+"/console/connectors/"+id), 404, "error")
}

// TestATestMessageGoesOutWithWhatIsTyped and saves nothing.
func TestATestMessageGoesOutWithWhatIsTyped(t *testing.T) {
	h := newHouse(t)
	address, status, got := receiver(t)
	b, _ := h.admin()
	test := func(pairs ...string) *webtest.Answer {
		t.Helper()
		return b.Post(h.url+"/console/connectors/new", values(append([]string{
			"factory", "http-email", "id", "abc", "do", "test", "config-endpoint", address}, pairs...)...))
	}
	a := test()
	h.at(a, 422, "new-connector")
	if a.One("#f-to-error").Text() == "" {
		t.Errorf("nobody to send to: %s", a.One("#form").HTML())
	}
	status <- 500
	a = test("to", "ada@guest.example")
	h.at(a, 422, "new-connector")
	next(t, got)
	status <- 200
	a = test("to", "ada@guest.example")
	h.at(a, 200, "new-connector")
	if body := next(t, got).body; !strings.Contains(body, "ada@guest.example") {
		t.Errorf("sent %s", body)
	}
	if a.One("#f-config-endpoint").Attr("value") != address || !a.Has(".notice.good") {
		t.Errorf("after the test: %s", a.Source)
	}
	all, err := h.api.Connectors(context.Background())
	if err != nil || len(all) != 0 {
		t.Errorf("%d connectors, %v", len(all), err)
	}
}

// TestASocialProvider is told its address before it exists, vouches for what it
// may, and says whether its button is shown.
func TestASocialProvider(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	a := b.Follow(b.Get(h.url+"/console/connectors/new?type=Social"), "GitHub")
	h.at(a, 200, "new-connector")
	callback := a.All(".facts code")[0].Text()
	a = b.Submit(a, "#form", map[string]string{"config-clientId": "id-1", "config-clientSecret": "s3cret", "trust": "some", "domains": "Acme.example"})
	h.at(a, 200, "connector")
	if callback != h.url+"/callback/"+idOf(a) || a.All(".facts code")[0].Text() != callback {
		t.Errorf("before %q, now %q", callback, a.All(".facts code")[0].Text())
	}
	if strings.Contains(a.Source, "s3cret") {
		t.Error("the secret comes back to the page")
	}
	id := idOf(a)
	c, err := h.api.Connector(context.Background(), guestlist.ConnectorID(id))
	if err != nil || c.TrustedEmailDomains == nil || strings.Join(*c.TrustedEmailDomains, " ") != "acme.example" {
		t.Errorf("trusted: %v, %v", c.TrustedEmailDomains, err)
	}
	a = b.Submit(a, "#form", map[string]string{"domains": "no domain"})
	h.at(a, 422, "connector")
	a = b.Post(h.url+"/console/connectors/"+id, values("config-clientId", "id-2", "trust", "usual"))
	h.at(a, 200, "connector")
	if c, _ = h.api.Connector(context.Background(), guestlist.ConnectorID(id)); c.TrustedEmailDomains != nil || !strings.Contains(string(c.Config), "s3cret") {
		t.Errorf("after: %v %s", c.TrustedEmailDomains, c.Config)
	}
	shown := func(want bool) {
		t.Helper()
		if a := b.Get(h.url + "/console/connectors/" + id); a.Has(".switch .pill.good") != want {
			t.Errorf("the button: %s", a.One(".switch").HTML())
		}
	}
	shown(false)
	a = b.Submit(a, "form.switch", nil)
	h.at(a, 200, "connector")
	shown(true)
	h.at(b.Submit(a, ".flash form", nil), 200, "connector")
	shown(false)
	h.at(b.Submit(b.Get(a.URL.String()), "form.switch", nil), 200, "connector")
	var exp struct {
		Targets []string `json:"socialSignInConnectorTargets"`
	}
	if err := h.api.Do(context.Background(), "GET", "/sign-in-exp", nil, &exp); err != nil || strings.Join(exp.Targets, " ") != "github" {
		t.Errorf("targets %v, %v", exp.Targets, err)
	}
	h.at(b.Get(h.url+"/console/connectors/new?factory=github-universal"), 200, "new-connector")
	a = b.Post(h.url+"/console/connectors/new", values("factory", "github-universal", "id", "another", "config-clientId", "x", "config-clientSecret", "y"))
	h.at(a, 422, "new-connector")
	h.at(b.Get(h.url+"/console/connectors/new?factory="+url.QueryEscape("../users")), 404, "error")
}

// TestFieldsThatMatterOnlySometimes are there for everybody, say when they
// matter, and are marked as off where they do not.
func TestFieldsThatMatterOnlySometimes(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	a := b.Get(h.url + "/console/connectors/new?factory=oidc")
	when := a.One("[data-when=config-tokenEndpointAuthMethod]")
	if !when.HasAttr("data-off") || when.One(".unscripted").Text() == "" || !when.Has("select") {
		t.Errorf("a field of a condition: %s", when.HTML())
	}
	a = b.Submit(a, "#form", map[string]string{
		"name": "Acme", "target": "acme", "logo": "javascript:alert(1)", "config-clientId": "x", "config-clientSecret": "y", "config-scope": "openid",
		"config-authorizationEndpoint": "https://idp.test/a", "config-tokenEndpoint": "https://idp.test/t",
		"config-tokenEndpointAuthMethod": "client_secret_jwt", "config-idTokenVerificationConfig": `{"jwksUri":"https://idp.test/k","issuer":"https://idp.test"}`,
	})
	h.at(a, 422, "new-connector")
	if a.One("#f-logo-error").Text() == "" || a.One("[data-when=config-tokenEndpointAuthMethod]").HasAttr("data-off") {
		t.Errorf("a logo that is a script: %s", a.One("#form").HTML())
	}
	a = b.Submit(a, "#form", map[string]string{"logo": "https://acme.example/logo.svg"})
	h.at(a, 200, "connector")
	if !strings.Contains(b.Get(h.url+"/console/connectors").Header.Get("Content-Security-Policy"), "https://acme.example") {
		t.Error("the logo is not allowed on the page")
	}
	if a.One("#f-target").Attr("disabled") == "" && !a.One("#f-target").HasAttr("disabled") {
		t.Error("the target can be changed")
	}
}

// TestBouncedAddresses has nobody at first.
func TestBouncedAddresses(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	h.at(b.Get(h.url+"/console/connectors/suppressions"), 200, "suppressions")
	h.at(b.Post(h.url+"/console/connectors/suppressions", values("address", "nobody@guest.example")), 404, "error")
}

// TestAnEmployer is set up by OIDC and SAML, and never shows a secret.
func TestAnEmployer(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	a := b.Follow(b.Follow(b.Get(h.url+"/console/sso"), "Add an employer"), "OIDC")
	h.at(a, 200, "new-sso")
	a = b.Submit(a, "#form", map[string]string{"connectorName": "Acme", "domains": "gmail.com"})
	h.at(a, 422, "new-sso")
	if a.One("#f-domains-error").Text() == "" {
		t.Errorf("a public domain: %s", a.One("#form").HTML())
	}
	a = b.Submit(a, "#form", map[string]string{"domains": "acme.example"})
	h.at(a, 200, "sso-settings")
	id := idOf(a)
	if !strings.Contains(a.One(".facts").Text(), h.url+"/callback/"+id) {
		t.Errorf("the address to tell: %s", a.One(".facts").Text())
	}
	a = b.Submit(a, "#form", map[string]string{"clientId": "x", "clientSecret": "s3cret", "issuer": "https://127.0.0.1:1/"})
	h.at(a, 422, "sso-settings")
	if a.One("#f-issuer-error").Text() == "" {
		t.Errorf("an issuer that does not answer: %s", a.One("#form").HTML())
	}
	a = b.Submit(b.Get(a.URL.String()), "#form", map[string]string{"connectorName": "Acme Ltd", "displayName": "Acme"})
	h.at(a, 200, "sso-connection")
	if !a.Has(".notice.warn") {
		t.Errorf("the state: %s", a.Source)
	}
	a = b.Post(h.url+"/console/sso/new", values("provider", "SAML", "connectorName", "Acme Ltd"))
	h.at(a, 422, "new-sso")
	a = b.Post(h.url+"/console/sso/new", values("provider", "SAML", "connectorName", "Other"))
	h.at(a, 200, "sso-settings")
	if !strings.Contains(a.One(".facts").Text(), "/enterprise-sso/"+idOf(a)) || !a.One("[data-when=source][data-value=xml]").HasAttr("data-off") {
		t.Errorf("SAML: %s", a.Source)
	}
	if m := b.Get(h.url + "/enterprise-sso/" + idOf(a)); m.Status != 200 {
		t.Errorf("our metadata: %d", m.Status)
	}
	a = b.Submit(a, "#form", map[string]string{"source": "xml", "metadata": "<nonsense/>"})
	h.at(a, 422, "sso-settings")
	a = b.Submit(b.Get(h.url+"/console/sso/"+idOf(a)+"/delete"), ".confirm", nil)
	h.at(a, 200, "sso")
	var e client.SSOConnector
	if err := h.api.Do(context.Background(), "GET", "/sso-connectors/"+id, nil, &e); err != nil || e.ConnectorName != "Acme Ltd" || e.Branding.DisplayName != "Acme" {
		t.Errorf("%+v, %v", e, err)
	}
	h.at(b.Get(h.url+"/console/sso/new?provider=Nobody"), 404, "error")
}

func TestConnectorFormsAreInTheLanguageOfThePage(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	b.Header.Set("Accept-Language", "de")
	a := b.Get(h.url + "/console/connectors/new?factory=simple-mail-transfer-protocol")
	for _, text := range []string{"TLS von Anfang an", "Name im Zertifikat", "Für Port 465."} {
		if !strings.Contains(a.One("main").Text(), text) {
			t.Errorf("the form does not say %q", text)
		}
	}
}
