package e2e

import (
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"
)

// hostedNames are the pages that guests see, by the names that they have. Each
// is judged in each language.
var hostedNames = []string{
	"sign-in", "sign-in-password", "single-sign-on", "single-sign-on-connectors", "register", "register-password", "verification-code", "continue-username",
	"continue-password", "continue-phone", "extra-profile", "social-link", "social-register", "consent", "reset-password", "new-password", "one-time-token",
	"one-time-token-error", "switch-account", "unknown-session", "error", "account-suspended", "account", "account-profile", "account-details",
	"account-email", "account-email-code", "account-phone", "account-phone-code", "account-password", "account-identities", "account-sessions",
	"account-verify", "account-verify-code", "account-sign-in-failed",
}

// judgement holds the pages that one guest comes to against axe's rules.
type judgement struct {
	*axe
	x    *ways
	t    *testing.T
	lang string
	seen map[string]int
}

// judgeHosted holds every page that guests see to axe's rules: light and dark,
// from left to right and from right to left.
func (x *ways) judgeHosted(t *testing.T) {
	third := x.furnishForJudges()
	everything := map[string]any{"identifiers": []string{"email"}, "password": true, "verify": true, "secondaryIdentifiers": []any{
		map[string]any{"identifier": "username"}, map[string]any{"identifier": "phone", "verify": true},
	}}
	for _, lang := range judgedIn {
		t.Run(lang, func(t *testing.T) {
			x.s.set(map[string]any{"signUp": everything, "agreeToTermsPolicy": "Automatic", "signInMode": "SignInAndRegister"})
			j := &judgement{axe: newAxe(t), x: x, t: t, lang: lang, seen: map[string]int{}}
			j.signIn()
			j.register()
			j.provider()
			j.consent(third)
			j.link()
			j.invitations()
			j.waitlist()
			j.wrongTurns()
			j.given()
			j.account()
			j.otherHouses()
			for _, name := range append(slices.Clone(hostedNames), invitedNames...) {
				if j.seen[name] == 0 {
					t.Errorf("the page %s was not judged", name)
				}
			}
		})
	}
}

// furnishForJudges has fields that new guests are asked for, and adds two providers
// for one domain and an application of somebody else's.
func (x *ways) furnishForJudges() (application string) {
	for _, name := range []string{"Day shift", "Night shift"} {
		hire(name, "OIDC", "shifts.example", map[string]any{
			"clientId": outsideClient.ID, "clientSecret": outsideClient.Secret, "issuer": x.w.acme.Issuer,
		}, x.s)
	}
	x.s.set(map[string]any{"forgotPasswordMethods": []string{"EmailVerificationCode"}, "termsOfUseUrl": "https://shop.example/terms"})
	var asked []map[string]any
	for name, kind := range map[string]map[string]any{
		"town":    {"type": "Text", "config": map[string]any{"placeholder": "London"}},
		"born":    {"type": "Date", "config": map[string]any{"format": "yyyy-MM-dd"}},
		"weekly":  {"type": "Checkbox", "config": map[string]any{"defaultValue": "false"}},
		"found":   {"type": "Select", "config": map[string]any{"options": []any{map[string]any{"value": "friend", "label": "A friend"}}}},
		"address": {"type": "Address", "config": map[string]any{"parts": []any{map[string]any{"name": "locality", "type": "Text", "enabled": true, "required": false}}}},
	} {
		kind["name"], kind["label"], kind["required"] = name, "Your "+name, false
		x.s.api("POST", "/custom-profile-fields", kind, http.StatusCreated, nil)
		asked = append(asked, map[string]any{"name": name})
	}
	x.s.set(map[string]any{"signUpProfileFields": asked})
	var app struct{ ID string }
	x.s.api("POST", "/applications", map[string]any{
		"name": "Neighbours", "type": "SPA", "isThirdParty": true,
		"oidcClientMetadata": map[string]any{"redirectUris": []string{"https://neighbours.example/callback"}, "postLogoutRedirectUris": []string{}},
	}, http.StatusOK, &app)
	x.s.api("POST", "/applications/"+app.ID+"/user-consent-scopes", map[string]any{"userScopes": []string{"profile", "email", "phone"}}, http.StatusCreated, nil)
	return app.ID
}

// guest opens a page of the installation as somebody new.
func (j *judgement) guest(path string) *tab {
	j.t.Helper()
	b := newTab(j.t)
	b.speaks(j.lang)
	b.Open(j.x.s.url + path)
	return b
}

// at judges the page of a tab, which has to be the one of a name, unless enough of
// that name were judged.
func (j *judgement) at(b *tab, name string) {
	j.t.Helper()
	if is := b.pageName(); is != name {
		j.t.Fatalf("the page is %s, want %s; %s", is, name, b.where())
	}
	if dir := value[string](b, "read the direction", chromedp.Evaluate[string]("document.documentElement.dir")); (dir == "rtl") != (j.lang == "ar") {
		j.t.Errorf("%s in %s goes %s", name, j.lang, dir)
	}
	most := maxAxeAlike
	if j.lang != judgedIn[0] {
		most = 1 // what it looks like when it comes back is judged in the other language
	}
	if j.seen[name]++; j.seen[name] <= most {
		j.inEachLook(b, j.lang)
	}
}

// pageName is what the page is called. Those that ask for what is missing yet are
// called by that, too.
func (b *tab) pageName() string {
	b.t.Helper()
	return value[string](b, "read the page's name", chromedp.Evaluate[string](
		"document.body.dataset.page + (document.body.dataset.page === 'continue' ? location.pathname.slice('/continue'.length).replaceAll('/', '-') : '')"))
}

// goOn presses the button of the page's form.
func (b *tab) goOn() {
	b.t.Helper()
	b.navigate("go on", chromedp.Click(visible("main form button.primary")))
}

// pressAt presses what a selector finds.
func (b *tab) pressAt(selector string) {
	b.t.Helper()
	b.navigate("press "+selector, chromedp.Click(visible(selector)))
}

func (j *judgement) signIn() {
	_, email := j.x.member()
	b := j.guest("/demo-app")
	j.at(b, "sign-in")
	b.Fill("identifier", "nobody@shifts.example")
	b.goOn()
	j.at(b, "single-sign-on-connectors")

	b = j.guest("/demo-app")
	b.pressAt(`a[href^="/single-sign-on"]`)
	j.at(b, "single-sign-on")
	b.Fill("identifier", email)
	b.goOn()
	j.at(b, "single-sign-on") // there is none for it

	b = j.guest("/demo-app")
	b.Fill("identifier", email)
	b.goOn()
	j.at(b, "sign-in-password")
	b.Fill("password", "not-the-password")
	b.goOn()
	j.at(b, "sign-in-password")

	b = j.guest("/demo-app?first_screen=reset_password")
	j.at(b, "reset-password")
	b.Fill("identifier", email)
	b.goOn()
	j.at(b, "verification-code")
	b.Fill("code", mailed(j.t, j.x.mail, email, mailedCode))
	b.goOn()
	j.at(b, "new-password")
	b.Fill("newPassword", "short")
	b.goOn()
	j.at(b, "new-password")
}

// register goes through all that is asked of somebody new.
func (j *judgement) register() {
	email, number := anybody(), aNumber()
	b := j.guest("/demo-app?first_screen=register")
	j.at(b, "register")
	b.Fill("identifier", "nothing")
	b.goOn()
	j.at(b, "register")
	b.Fill("identifier", email)
	b.goOn()
	b.Fill("code", "000000")
	b.goOn()
	j.at(b, "verification-code")
	b.Fill("code", mailed(j.t, j.x.mail, email, mailedCode))
	b.goOn()
	for range 8 { // what is asked, in whatever order
		name := b.pageName()
		j.at(b, name)
		switch {
		case b.has("[name=newPassword]"):
			b.Fill("newPassword", guestPassword)
			b.Fill("confirmPassword", guestPassword)
		case name == "continue-username":
			b.Fill("identifier", aName())
		case b.has("[name=identifier]"):
			b.Fill("identifier", "+"+number)
		case b.has("[name=code]"):
			b.Fill("code", j.x.texts.code(j.t, number))
		case name != "extra-profile":
			j.t.Fatalf("%s asks for nothing; %s", name, b.where())
		}
		b.goOn()
		if name == "extra-profile" {
			break
		}
	}
	if in := b.isInAnyLanguage(j.x.s); in != email {
		j.t.Errorf("%s came in", in)
	}
}

// isInAnyLanguage returns the address of whoever is in at the application.
func (b *tab) isInAnyLanguage(s *site) string {
	b.t.Helper()
	b.WaitAt(s.url + "/demo-app")
	b.Open(s.url + "/account/email")
	return value[string](b, "read the address", chromedp.Evaluate[string]("(document.querySelector('.facts')?.innerText.match(/\\S+@[^\\s\\u2069]+/) ?? [''])[0].replace(/[\\u2066\\u2069]/g, '')"))
}

// provider asks whose account it is that a provider vouches for.
func (j *judgement) provider() {
	_, email := j.x.member()
	j.x.w.person("acme", email, true)
	b := j.guest("/demo-app")
	b.do("go to Acme", chromedp.Click(pressable("Acme")))
	b.WaitText("Who are you?")
	b.do("be "+email, chromedp.Click(pressable(email)))
	b.do("come back", chromedp.WaitReady("body[data-page=social-link]"))
	j.at(b, "social-link")
}

// consent is asked for by an application of somebody else's.
func (j *judgement) consent(application string) {
	u, email := j.x.whole()
	b := j.guest("/oidc/auth?" + url.Values{
		"client_id": {application}, "redirect_uri": {"https://neighbours.example/callback"}, "response_type": {"code"}, "scope": {"openid profile email phone"},
		"code_challenge": {ownChallenge}, "code_challenge_method": {"S256"}, "ui_locales": {j.lang},
	}.Encode())
	b.Fill("identifier", email)
	b.goOn()
	b.Fill("password", guestPassword)
	b.goOn()
	for name := ""; name != "consent"; {
		name = b.pageName()
		j.at(b, name)
		if name == "extra-profile" {
			b.goOn()
		} else if name != "consent" {
			j.t.Fatalf("%s: no consent is asked of %v; %s", name, u, b.where())
		}
	}
}

// whole makes somebody of whom nothing more is asked.
func (x *ways) whole() (account, string) {
	email := anybody()
	return x.s.resident(map[string]any{
		"primaryEmail": email, "primaryPhone": aNumber(), "username": aName(), "password": guestPassword, "name": "Grace Hopper",
	}), email
}

// link is opened by its guest, by somebody else, and when it is used up.
func (j *judgement) link() {
	token := j.x.s.invite(anybody())
	query := "?" + url.Values{"one_time_token": {token.Token}, "login_hint": {token.Email}}.Encode()
	b := j.guest("/demo-app" + query)
	j.at(b, "one-time-token")
	b = j.guest("/demo-app?" + url.Values{"one_time_token": {"spent"}, "login_hint": {token.Email}}.Encode())
	j.at(b, "one-time-token-error")

	_, email := j.x.whole()
	b = j.inside(email)
	b.Open(j.x.s.url + "/demo-app" + query)
	j.at(b, "switch-account")
}

// wrongTurns are pages that nobody wants to see.
func (j *judgement) wrongTurns() {
	for path, name := range map[string]string{
		"/unknown-session": "unknown-session", "/nowhere": "error", "/oidc/auth?client_id=nobody": "error", "/account-suspended": "account-suspended",
		"/account/callback?error=access_denied": "account-sign-in-failed",
	} {
		b := j.guest(path)
		j.at(b, name)
	}
}

// account walks through the pages of one's own account.
func (j *judgement) account() {
	_, email := j.x.whole()
	j.inside(email) // another session
	b := j.inside(email)
	b.Open(j.x.s.url + "/account")
	for _, name := range []string{"account", "account-profile", "account-details", "account-identities", "account-sessions", "account-email", "account-phone", "account-password"} {
		path := j.x.s.url + "/account"
		if name != "account" {
			path += "/" + name[len("account-"):]
		}
		b.Open(path)
		j.at(b, name)
	}
	b.Fill("newPassword", "short")
	b.Fill("confirmPassword", "other")
	b.goOn()
	j.at(b, "account-password")
	number := aNumber()
	for _, next := range []struct{ page, address string }{{"account-email", anybody()}, {"account-phone", "+" + number}} {
		b.Open(j.x.s.url + "/account/" + next.page[len("account-"):])
		b.Fill("identifier", next.address)
		b.goOn()
		j.at(b, next.page+"-code")
	}
	b.Fill("code", j.x.texts.code(j.t, number))
	b.goOn()
	j.x.s.pass(j.t, lately)
	b.Open(j.x.s.url + "/account/password")
	j.at(b, "account-verify")
	b.Fill("password", "not-the-password")
	b.goOn()
	j.at(b, "account-verify")
	b.pressAt(".actions form button[value=phone]")
	j.at(b, "account-verify-code")
}

// otherHouses judges what is only seen under other settings: terms to agree to,
// names that people choose, and a closed door.
func (j *judgement) otherHouses() {
	j.x.s.set(map[string]any{"agreeToTermsPolicy": "Manual"})
	j.at(j.guest("/demo-app"), "sign-in")
	stranger := func() *tab {
		email := anybody()
		j.x.w.person("acme", email, true)
		b := j.guest("/demo-app")
		if box := "main input[type=checkbox]"; b.has(box) {
			b.do("agree", chromedp.Click(visible(box)))
		}
		b.do("go to Acme", chromedp.Click(pressable("Acme")))
		b.WaitText("Who are you?")
		b.do("be "+email, chromedp.Click(pressable(email)))
		return b
	}
	j.x.s.set(map[string]any{"agreeToTermsPolicy": "ManualRegistrationOnly"})
	b := stranger()
	b.do("come back", chromedp.WaitReady("body[data-page=social-register]"))
	j.at(b, "social-register")

	j.x.s.set(map[string]any{"signInMode": "SignIn"})
	b = stranger()
	b.do("come back", chromedp.WaitReady("body[data-page=sign-in] .alert"))
	j.at(b, "sign-in")

	j.x.s.set(map[string]any{
		"agreeToTermsPolicy": "Automatic", "signInMode": "SignInAndRegister",
		"signUp": map[string]any{"identifiers": []string{"username"}, "password": true, "verify": false},
	})
	b = j.guest("/demo-app?first_screen=register")
	b.Fill("identifier", aName())
	b.goOn()
	j.at(b, "register-password")
}
