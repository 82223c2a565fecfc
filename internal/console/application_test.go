package console_test

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/web/webtest"
)

// make creates an application in the console and returns its page of code.
func (h *house) makeApplication(b *webtest.Browser, pairs ...string) *webtest.Answer {
	h.t.Helper()
	a := b.Post(h.url+"/console/applications/new", values(pairs...))
	h.at(a, 200, "application-snippets")
	return a
}

// below is the path of an application's page without its last part.
func below(a *webtest.Answer) string {
	u := *a.URL
	u.Path = strings.TrimSuffix(u.Path, "/snippets")
	return u.String()
}

func (h *house) secretOf(page string) string {
	h.t.Helper()
	id := guestlist.ApplicationID(page[strings.LastIndex(page, "/")+1:])
	secrets, err := h.api.ApplicationSecrets(context.Background(), id)
	if err != nil || len(secrets) == 0 {
		h.t.Fatalf("secrets of %s: %v", id, err)
	}
	return secrets[0].Value
}

// TestAnApplicationFromTheFirstFormToItsEnd makes one, refuses what is wrong,
// copies its code, and deletes it.
func TestAnApplicationFromTheFirstFormToItsEnd(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	a := b.Follow(b.Get(h.url+"/console/applications"), "Create application")
	h.at(a, 200, "new-application")
	a = b.Submit(a, "#form", map[string]string{"name": "", "type": "Traditional", "redirectUris": "javascript:alert(1)"})
	h.at(a, 422, "new-application")
	if a.One("#f-name-error").Text() == "" {
		t.Error("of two mistakes one is told only")
	}
	if a.One("#f-redirectUris").Attr("value") != "javascript:alert(1)" || !strings.Contains(a.One("#f-redirectUris-error").Text(), "run scripts") {
		t.Errorf("a redirect URI that runs a script: %s", a.One("#form").HTML())
	}
	for _, wrong := range [][]string{
		{"name", "", "type", "SPA"}, {"name", "x", "type", "Nothing"},
		{"name", "x", "type", "SPA", "isAdmin", "true"}, {"name", "x", "type", "MachineToMachine", "redirectUris", "https://x.example/cb"},
		{"name", "x", "type", "MachineToMachine", "isThirdParty", "true"}, {"name", strings.Repeat("x", 300), "type", "SPA"},
	} {
		h.at(b.Post(h.url+"/console/applications/new", values(wrong...)), 422, "new-application")
	}
	a = h.makeApplication(b, "name", `Shop <b>"x"</b>`, "type", "Traditional", "redirectUris", "https://shop.example/callback")
	page := below(a)
	secret := h.secretOf(page)
	for _, want := range []string{page[strings.LastIndex(page, "/")+1:], h.url, "https://shop.example/callback", "<secret>"} {
		if !strings.Contains(a.One(".snippets").Text(), want) {
			t.Errorf("the code lacks %q", want)
		}
	}
	if strings.Contains(a.Source, secret) {
		t.Error("the secret is on the page before anybody asked for it")
	}
	if a = b.Submit(a, ".section-head form", nil); !strings.Contains(a.One(".snippets").Text(), secret) {
		t.Error("the secret is not in the code when it is asked for")
	}
	if a.Header.Get("Cache-Control") != "no-store" {
		t.Error("a page with a secret may be kept")
	}

	a = b.Submit(b.Get(page+"/snippets"), ".list form", nil)
	h.at(a, 200, "application-snippets")
	a = b.Get(page)
	if got := len(a.All("[name=redirectUris][value]")); got < 2 || !strings.Contains(a.Source, "https://shop.example/logto/sign-in-callback") {
		t.Errorf("the callback of the SDK is not registered: %s", a.One("#form").HTML())
	}

	a = b.Follow(a, "Delete application")
	h.at(b.Submit(a, ".confirm", map[string]string{"typed": "Shop"}), 422, "delete-application")
	a = b.Submit(a, ".confirm", map[string]string{"typed": `Shop <b>"x"</b>`})
	h.at(a, 200, "applications")
	if b.Get(page).Status != 404 {
		t.Error("the application is there still")
	}
}

// TestSettingsOfAnApplication: what is typed is kept, what has no field here is
// kept too, and nobody overwrites what somebody else saved.
func TestSettingsOfAnApplication(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	page := below(h.makeApplication(b, "name", "Shop", "type", "SPA", "redirectUris", "https://shop.example/callback"))
	id := page[strings.LastIndex(page, "/")+1:]
	most := 3
	if err := h.api.Do(context.Background(), "PATCH", "/applications/"+id, map[string]any{
		"customClientMetadata": guestlist.CustomClientMetadata{MaxAllowedGrants: &most},
	}, nil); err != nil {
		t.Fatal(err)
	}
	form := b.Get(page)
	for name, wrong := range map[string]string{
		"name": "", "redirectUris": "https://*.com/x", "postLogoutRedirectUris": "nonsense", "corsAllowedOrigins": "https://a.example/#x",
		"refreshTokenTtlInDays": "181", "idTokenTtl": "soon", "refreshTokenTtl": "0", "backchannelLogoutUri": "javascript:x", "initiateLoginUri": "nope",
	} {
		a := b.Submit(form, "#form", map[string]string{name: wrong})
		h.at(a, 422, "application-settings")
		if got := a.One("#f-" + name); got.Attr("value") != wrong || a.One("#f-"+name+"-error").Text() == "" {
			t.Errorf("%s = %q: %s", name, wrong, got.HTML())
		}
	}
	a := b.Submit(form, "#form", map[string]string{
		"description": "Sells", "idTokenTtl": "600", "refreshTokenTtlInDays": "7", "corsAllowedOrigins": "https://a.example",
		"backchannelLogoutUri": "https://shop.example/out", "postLogoutRedirectUris": "https://shop.example/",
	})
	h.at(a, 200, "application-settings")
	var app guestlist.Application
	if err := h.api.Do(context.Background(), "GET", "/applications/"+id, nil, &app); err != nil {
		t.Fatal(err)
	}
	m := app.CustomClientMetadata
	if m.MaxAllowedGrants == nil || *m.MaxAllowedGrants != 3 || *m.IDTokenTTL != 600 || *m.RefreshTokenTTLInDays != 7 ||
		m.CORSAllowedOrigins[0] != "https://a.example" || app.OIDCClientMetadata.BackchannelLogoutURI != "https://shop.example/out" ||
		app.OIDCClientMetadata.RedirectURIs[0] != "https://shop.example/callback" || m.RotateRefreshToken != nil {
		t.Errorf("saved: %+v %+v", app.OIDCClientMetadata, m)
	}

	a = b.Submit(form, "#form", map[string]string{"description": "Mine"})
	h.at(a, 409, "application-settings")
	if !strings.Contains(a.One(".conflict").Text(), "Sells") {
		t.Errorf("the conflict says %s", a.One(".conflict").Text())
	}
	h.later(13 * time.Hour)
	stranger := h.browser()
	a = stranger.Post(page, values("name", "Typed with care"))
	h.at(a, 401, "expired")
	if !strings.Contains(a.Source, "Typed with care") {
		t.Error("what was typed is lost")
	}
}

// TestAddressesAreJudgedWhileTheyAreTyped by the rule of the API.
func TestAddressesAreJudgedWhileTheyAreTyped(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	b.Header.Set("Accept", "application/json")
	for uri, fine := range map[string]bool{
		"https://a.example/cb": true, "com.example.app://cb": true, "https://*.a.example/cb": true, " https://a.example ": true,
		"": false, "x": false, "https://a.example/#x": false, "https://u:p@a.example/": false, "data:text/html,x": false,
		"https://*.example/": false, "https://a.example/../b": false, "http://a b/": false, `https://a.example\x`: false,
	} {
		a := b.Get(h.url + "/console/applications/check.json?" + values("value", uri).Encode())
		var answer struct{ Problem string }
		if err := json.Unmarshal([]byte(a.Source), &answer); err != nil || a.Status != 200 || (answer.Problem == "") != fine {
			t.Errorf("%q: %d %s %v", uri, a.Status, a.Source, err)
		}
		if (guestlist.CheckRedirectURI(strings.TrimSpace(uri)) == nil) != fine {
			t.Errorf("%q is judged otherwise by the API", uri)
		}
	}
	if a := h.browser().Get(h.url + "/console/applications/check.json?value=x"); a.Status != 401 {
		t.Errorf("a stranger's question is answered with %d", a.Status)
	}
}

func TestSecretsOfAnApplication(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	page := below(h.makeApplication(b, "name", "Shop", "type", "Traditional"))
	first := h.secretOf(page)
	a := b.Get(page + "/secrets")
	h.at(a, 200, "application-secrets")
	if strings.Contains(a.Source, first) {
		t.Error("a secret is on the page before anybody asked for it")
	}
	if a = b.Submit(a, ".row-actions form", nil); a.One("#secret pre").Text() != first {
		t.Errorf("the secret is shown as %q", a.One("#secret pre").Text())
	}
	create := b.Follow(a, "Create secret")
	h.at(b.Submit(create, "#form", map[string]string{"name": ""}), 422, "new-secret")
	h.at(b.Submit(create, "#form", map[string]string{"name": guestlist.DefaultSecretName}), 422, "new-secret")
	const name = `a/b "c" <i>..`
	a = b.Submit(create, "#form", map[string]string{"name": name, "days": "7"})
	h.at(a, 200, "application-secrets")
	if len(a.One("#secret pre").Text()) != 32 || len(a.All(".rows tbody tr")) != 2 {
		t.Errorf("the new secret: %s", a.One("#secret").HTML())
	}
	h.later(8 * 24 * time.Hour)
	b, _ = h.admin()
	a = b.Get(page + "/secrets")
	if !strings.Contains(a.One(".rows").Text(), "Expired") {
		t.Error("nothing says that the secret expired")
	}
	a = b.Get(page + "/secrets/delete?" + values("name", name).Encode())
	h.at(a, 200, "delete-secret")
	h.at(b.Submit(a, ".confirm", nil), 200, "application-secrets")
	if again := b.Submit(a, ".confirm", nil); again.Status != 404 {
		t.Errorf("deleting it again: %d", again.Status)
	}
}

// TestAMachineGetsItsRightsAndAToken by the console alone.
func TestAMachineGetsItsRightsAndAToken(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	page := below(h.makeApplication(b, "name", "Inviter", "type", "MachineToMachine", "isAdmin", "true"))
	a := b.Get(page + "/roles")
	h.at(a, 200, "application-roles")
	if a.One(".switch .pill").Text() != "On" || !strings.Contains(a.One(".rows").Text(), guestlist.ManagementRoleName) {
		t.Errorf("the machine: %s", a.Source)
	}
	a = b.Submit(b.Follow(a, "Try it"), "#form", map[string]string{"resource": guestlist.ManagementAPI})
	h.at(a, 200, "application-tried")
	if text := a.One("main").Text(); !strings.Contains(text, `"scope": "all"`) || !strings.Contains(text, "at+jwt") {
		t.Errorf("the token: %s", text)
	}
	a = b.Submit(b.Get(page+"/roles"), ".switch", nil)
	if a.One(".switch .pill").Text() != "Off" {
		t.Error("the machine may use the management API still")
	}
	a = b.Submit(a, ".flash form", nil)
	if a.One(".switch .pill").Text() != "On" {
		t.Error("taken back it may not")
	}
	a = b.Submit(a, ".row-actions form", nil)
	if a.One(".switch .pill").Text() != "Off" {
		t.Error("without the role it may still")
	}
	h.at(b.Post(page+"/roles/add", values()), 200, "application-role-add")
	a = b.Get(page + "/roles/add")
	a = b.Post(page+"/roles/add", values("id", a.One(".rows tbody input").Attr("value")))
	h.at(a, 200, "application-roles")
	h.at(b.Submit(b.Get(page+"/try"), "#form", map[string]string{"resource": "https://nowhere.example"}), 422, "application-try")
}

// TestASignInIsTried with the application's own registration, for each type
// that signs people in.
func TestASignInIsTried(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	for _, kind := range []string{"Traditional", "SPA", "Native"} {
		page := below(h.makeApplication(b, "name", kind, "type", kind))
		if a := b.Post(page+"/try", values("scope", "openid")); a.One("body").Attr("data-page") != "application-try" {
			t.Errorf("%s: tried without leave: %s", kind, a.URL)
		}
		a := b.Submit(b.Get(page+"/try"), ".empty form", nil)
		h.at(a, 200, "application-try")
		a = b.Submit(a, "#form", map[string]string{"scope": "profile offline_access"})
		h.at(a, 200, "application-tried")
		text := a.One("main").Text()
		for _, want := range []string{`"sub"`, `"aud": "` + page[strings.LastIndex(page, "/")+1:], adminName, `"alg"`, "given back"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: what came of it lacks %q: %s", kind, want, text)
			}
		}
		h.at(b.Get(a.URL.String()), 200, "application-tried") // the code is spent: said, and no fault
		if !strings.Contains(b.Get(a.URL.String()).Source, "invalid_grant") {
			t.Errorf("%s: a code was good twice", kind)
		}
		h.at(b.Get(page+"/activity"), 200, "application-activity")
		if len(b.Get(page+"/activity").All(".rows tbody tr")) == 0 {
			t.Errorf("%s: the sign-in is not among its events", kind)
		}
		other, _ := h.admin()
		h.at(other.Get(a.URL.String()), 400, "application-tried")
	}
	h.at(b.Get(h.url+"/console/try?code=x&state=y"), 400, "application-tried")
}

// TestAMagicLinkIsMade with its link, its request and the code for it.
func TestAMagicLinkIsMade(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	page := below(h.makeApplication(b, "name", "Shop", "type", "Traditional", "redirectUris", "https://shop.example/callback"))
	form := b.Get(page + "/magic-link")
	h.at(form, 200, "application-magic-link")
	for name, wrong := range map[string]string{"email": "nobody", "landing": "javascript:x", "expiresIn": "0", "interactionEvent": "Dance"} {
		values := map[string]string{"email": "ada@example.com"}
		values[name] = wrong
		a := b.Submit(form, "#form", values)
		h.at(a, 422, "application-magic-link")
		if a.One("#f-"+name+"-error").Text() == "" {
			t.Errorf("%s = %q: %s", name, wrong, a.One("#form").HTML())
		}
	}
	const email = `o'hara+x@example.com`
	a := b.Submit(form, "#form", map[string]string{"email": email, "landing": "https://shop.example/in?a=1"})
	h.at(a, 200, "application-magic-link")
	link, err := url.Parse(a.One("#link pre").Text())
	if err != nil || link.Query().Get("email") != email || link.Query().Get("a") != "1" || len(link.Query().Get("token")) != 32 {
		t.Fatalf("the link is %s", link)
	}
	if text := a.One("main").Text(); !strings.Contains(text, `o'\''hara`) || !strings.Contains(text, `"expiresIn":172800`) || !strings.Contains(text, `app.get("/in"`) {
		t.Errorf("the request or the code: %s", text)
	}
	check := func() error {
		return h.api.Do(context.Background(), "POST", "/one-time-tokens/verify", map[string]string{"token": link.Query().Get("token"), "email": email}, nil)
	}
	h.at(b.Submit(a, "#link .actions form", nil), 200, "application-magic-link")
	if guestlist.CodeOf(check()) != "one_time_token.token_revoked" {
		t.Errorf("taken back the link is %v", check())
	}
	machine := below(h.makeApplication(b, "name", "m", "type", "MachineToMachine"))
	if a := b.Get(machine + "/magic-link"); a.Status != 404 {
		t.Errorf("a machine has a magic link: %d", a.Status)
	}
}

// TestAnApplicationOfSomebodyElse asks for what it was given leave to ask for.
func TestAnApplicationOfSomebodyElse(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	ctx := context.Background()
	var resource guestlist.Resource
	var scope guestlist.Scope
	if err := h.api.Do(ctx, "POST", "/resources", map[string]any{"name": "Orders", "indicator": "https://o.example"}, &resource); err != nil {
		t.Fatal(err)
	}
	if err := h.api.Do(ctx, "POST", "/resources/"+client.Segment(resource.ID)+"/scopes", map[string]any{"name": "read:orders"}, &scope); err != nil {
		t.Fatal(err)
	}
	page := below(h.makeApplication(b, "name", "Partner", "type", "SPA", "isThirdParty", "true"))
	chosen := func() []string {
		t.Helper()
		var out []string
		for _, box := range b.Get(page + "/permissions").All("[type=checkbox][checked]") {
			out = append(out, box.Attr("value"))
		}
		return out
	}
	h.at(b.Post(page+"/permissions", values("userScopes", "email", "resourceScopes", string(scope.ID))), 200, "application-permissions")
	if got := chosen(); len(got) != 2 || got[0] != "email" || got[1] != string(scope.ID) {
		t.Errorf("it may ask for %v", got)
	}
	h.at(b.Post(page+"/permissions", values("userScopes", "phone")), 200, "application-permissions")
	if got := chosen(); len(got) != 1 || got[0] != "phone" {
		t.Errorf("it may ask for %v", got)
	}

	brand := b.Get(page + "/branding")
	h.at(b.Submit(brand, "#form", map[string]string{"logoUrl": "javascript:x"}), 422, "application-branding")
	h.at(b.Submit(brand, "#form", map[string]string{"primaryColor": "red"}), 422, "application-branding")
	h.at(b.Submit(brand, "#form", map[string]string{"displayName": "Partner & co", "primaryColor": "#112233"}), 200, "application-branding")
	brand = b.Get(page + "/branding")
	h.at(b.Submit(brand, "#form", map[string]string{"displayName": "Second"}), 200, "application-branding")
	h.at(b.Submit(brand, "#form", map[string]string{"displayName": "Third"}), 409, "application-branding")
}

// TestWhatTheServerOwnsIsNotChanged: its own applications are looked at alone.
func TestWhatTheServerOwnsIsNotChanged(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	for _, id := range []string{"demo-app"} {
		h.at(b.Get(h.url+"/console/applications/"+id), 200, "application-built-in")
		if a := b.Get(h.url + "/console/applications/" + id + "/delete"); a.Status != 404 {
			t.Errorf("%s can be deleted: %d", id, a.Status)
		}
	}
	if a := b.Get(h.url + "/console/applications/nobody"); a.Status != 404 {
		t.Errorf("an application that is none: %d", a.Status)
	}
}

// TestAnApplicationHasPicturesOfItsOwn: they are uploaded, as those of the
// product are, and what is none is refused at its field.
func TestAnApplicationHasPicturesOfItsOwn(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	page := below(h.makeApplication(b, "name", "Shop", "type", "SPA")) + "/branding"
	a := b.Get(page)
	form := values("_tag", "", "displayName", "The shop")
	if !strings.Contains(a.Source, `name="file.darkLogoUrl"`) {
		t.Fatalf("there is nowhere to choose a file: %s", a.One("#form").HTML())
	}
	h.at(b.Upload(page, form, "file.logoUrl", "logo.exe", string(onePixel)), 200, "application-branding")
	address := b.Get(page).One("[name=logoUrl]").Attr("value")
	if !strings.HasPrefix(address, h.url+"/api/user-assets/") || b.Get(address).Status != 200 {
		t.Errorf("the logo is %q", address)
	}
	a = b.Upload(page, form, "file.favicon", "logo.png", "<script>alert(1)</script>")
	h.at(a, 422, "application-branding")
	if a.One("#f-favicon-error").Text() == "" || a.One("[name=displayName]").Attr("value") != "The shop" {
		t.Errorf("a script for a picture: %s", a.One("#form").HTML())
	}
	b.Post(page, values("displayName", "The shop", "logoUrl", address)) // without files, as after a session that ended
	if got := b.Get(page).One("[name=logoUrl]").Attr("value"); got != address {
		t.Errorf("after a form without files the logo is %q", got)
	}
}
