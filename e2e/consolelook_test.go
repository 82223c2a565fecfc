package e2e

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// Two colours with their way of writing in styles: one that links can have as
// it is, and one that nobody could read.
const (
	ownBlue    = "#1a4fa0"
	ownBlueRGB = "rgb(26, 79, 160)"
	paleYellow = "#fff3b0"
)

// experience changes each view of the sign-in experience, sees it before it is
// saved, and what guests see of it afterwards.
func (x *ways) experience(t *testing.T, b *tab) {
	for _, view := range []struct {
		name string
		do   func(*testing.T, *tab)
	}{
		{"preview", x.lookBefore}, {"branding", x.brand}, {"sign-up and sign-in", x.signUp}, {"security", x.secure}, {"content", x.content},
		{"wording", x.reword}, {"e-mail templates", x.letters}, {"profile fields", x.fields},
	} {
		t.Run(view.name, func(t *testing.T) { view.do(t, b.sibling(t)) })
	}
}

// shape opens a view of the sign-in experience.
func (x *ways) shape(b *tab, view string) {
	b.t.Helper()
	b.Open(x.s.url + "/console/sign-in-experience" + view)
	b.ready()
}

// saves saves a view.
func (b *tab) saves() {
	b.t.Helper()
	b.Press("Save changes")
	b.WaitText("Saved.")
}

// looksIn waits until the page in the frame of a preview is as a function of
// its document says.
func (b *tab) looksIn(what, function string) {
	b.t.Helper()
	eventually(b.t, what, func() bool {
		return says(b, what, `() => {
			const doc = document.querySelector('.stage iframe:not(.coming)')?.contentDocument
			return doc?.readyState === 'complete' && !!doc.querySelector('h1') && !!(`+function+`)(doc)
		}`)
	})
}

// wide is how wide the page in the preview is, in its own pixels.
func (b *tab) wide() int {
	b.t.Helper()
	return value[int](b, "measure the preview", chromedp.Evaluate[int]("document.querySelector('.stage iframe:not(.coming)').contentWindow.innerWidth"))
}

// guestSees opens the sign-in page as somebody whom nobody knows.
func (x *ways) guestSees(t *testing.T, query string) *tab {
	t.Helper()
	guest := newTab(t)
	guest.Open(x.s.url + "/demo-app" + query)
	return guest
}

// lookBefore draws the draft on a phone and a desktop, light and dark, and
// leaves everything as it is.
func (x *ways) lookBefore(t *testing.T, b *tab) {
	const button = "doc.defaultView.getComputedStyle(doc.querySelector('main button'))"
	x.shape(b, "")
	b.Fill("color.primaryColor", paleYellow)
	b.WaitText("Links get a stronger shade")
	b.Fill("color.primaryColor", ownBlue)
	b.WaitText("Readable as it is")
	b.looksIn("the colour that is typed", "doc => "+button+".backgroundColor === '"+ownBlueRGB+"'")
	b.Choose("preview.device", "phone")
	if w := b.wide(); w < 320 || w > 480 {
		t.Errorf("the phone is %d pixels wide", w)
	}
	b.Choose("preview.device", "desktop")
	if w := b.wide(); w < 1000 {
		t.Errorf("the desktop is %d pixels wide", w)
	}
	for theme, isDark := range map[string]string{"dark": "true", "light": "false"} {
		b.Choose("preview.theme", theme)
		b.looksIn(theme, `doc => {
			const [r, g, b] = doc.defaultView.getComputedStyle(doc.querySelector('h1')).color.match(/\d+/g).map(Number)
			return (r + g + b > 384) === `+isDark+`
		}`)
	}
	b.Choose("preview.page", "register")
	b.Choose("preview.lang", "ar")
	b.looksIn("the page that is chosen", "doc => doc.documentElement.dir === 'rtl' && doc.body.dataset.page === 'register'")
	b.Fill("color.primaryColor", "blue")
	b.looksIn("what cannot be", "doc => doc.body.innerText.includes('These settings cannot be used like this.')")
	g := newGuest()
	g.must(t, g.visit(x.s.url+"/demo-app"))
	if strings.Contains(g.raw, ownBlue) {
		t.Error("guests see a draft")
	}
}

// aPicture is a PNG of one colour.
func aPicture(t *testing.T) string {
	t.Helper()
	picture := image.NewRGBA(image.Rect(0, 0, 64, 64))
	for i := range 64 * 64 {
		picture.Set(i%64, i/64, color.RGBA{26, 79, 160, 255})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, picture); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// brand gives the pages a colour, a logo, an icon and a style, after files that
// could act were refused.
func (x *ways) brand(t *testing.T, b *tab) {
	const css = "h1 { letter-spacing: 3px }"
	x.shape(b, "")
	b.unfold("More")
	b.Fill("customCss", css)
	for file, content := range map[string]string{
		"logo.html": "<!doctype html><script>alert(1)</script>",
		"logo.png":  "<!doctype html><script>alert(1)</script>",
		"logo.svg":  `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>`,
	} {
		b.Attach("file.logoUrl", file, content)
		b.refused(b.Press("Save changes"), "branding.logoUrl")
		if b.typed("customCss") != css {
			t.Errorf("what was typed is lost with %s", file)
		}
		b.ready()
	}
	b.Fill("color.primaryColor", ownBlue)
	b.Attach("file.logoUrl", "logo.png", aPicture(t))
	b.Attach("file.favicon", "icon.png", aPicture(t))
	b.saves()

	guest := x.guestSees(t, "")
	for what, function := range map[string]string{
		"the logo":   `() => { const i = document.querySelector('img.logo'); return i?.complete && i.naturalWidth === 64 }`,
		"the icon":   `() => document.querySelector('link[rel=icon]').href.includes('/api/user-assets/')`,
		"the colour": `() => getComputedStyle(document.querySelector('main button')).backgroundColor === '` + ownBlueRGB + `'`,
		"the style":  `() => getComputedStyle(document.querySelector('h1')).letterSpacing === '3px'`,
	} {
		if !says(guest, what, function) {
			t.Errorf("guests do not see %s; %s", what, guest.where())
		}
	}
}

// signUp changes who may come, by what, and what they agree to.
func (x *ways) signUp(t *testing.T, b *tab) {
	const view = "/sign-up-and-sign-in"
	says := func(words string, want bool) {
		t.Helper()
		g := newGuest()
		g.must(t, g.visit(x.s.url+"/demo-app"))
		if strings.Contains(text(g.doc), words) != want {
			t.Error(g.lost("that the page says %q should be %v", words, want))
		}
	}
	x.shape(b, view)
	b.Choose("signUp.identifiers", "email")
	b.Turn("signUp.verify", false)
	b.refused(b.Press("Save changes"), "signUp.verify")
	b.ready()
	b.Turn("signUp.verify", true)
	b.Choose("signIn.email", "password_code")
	b.saves()
	says("Create account", true)
	says("Forgot your password?", false) // it is asked beside the password

	x.shape(b, view)
	b.Turn("registration", false)
	b.looksIn("a closed door", "doc => !doc.body.innerText.includes('Create account')")
	b.saves()
	says("Create account", false)
	says("Acme", true)

	x.shape(b, view)
	b.Turn("registration", true)
	b.untick("socialSignInConnectorTargets", "acme")
	b.untick("forgotPasswordMethods", "EmailVerificationCode")
	b.untick("forgotPasswordMethods", "PhoneVerificationCode")
	b.saves()
	says("Create account", true)
	says("Acme", false)
	reset := newGuest()
	reset.must(t, reset.visit(x.s.url+"/demo-app?first_screen=reset_password"))
	if strings.Contains(text(reset.doc), "Send a code") {
		t.Error(reset.lost("forgotten passwords are off"))
	}

	x.shape(b, view)
	b.Choose("socialSignInConnectorTargets", "acme")
	b.Choose("forgotPasswordMethods", "EmailVerificationCode")
	b.Turn("signUp.password", true)
	b.saves()
	says("Acme", true)
	reset = newGuest()
	reset.must(t, reset.visit(x.s.url+"/demo-app?first_screen=reset_password"), reset.fill("identifier", anybody()), reset.press("Send a code"))
}

// untick takes back a choice.
func (b *tab) untick(name, value string) {
	b.t.Helper()
	if !says(b, "untick "+value, `(name, value) => {
		const box = [...document.getElementsByName(name)].find(e => e.type === 'checkbox' && e.value === value)
		if (box?.checked) box.click()
		return !!box
	}`, name, value) {
		b.t.Fatalf("no %s of %s; %s", value, name, b.where())
	}
}

// secure asks for longer passwords, which a guest who registers is told.
func (x *ways) secure(t *testing.T, b *tab) {
	x.shape(b, "/security")
	b.Fill("passwordPolicy.length.min", "0")
	b.refused(b.Press("Save changes"), "passwordPolicy.length.min")
	b.ready()
	b.Fill("passwordPolicy.length.min", "14")
	b.Fill("passwordPolicy.rejects.words", "cinnamon")
	b.Fill("emailBlocklistPolicy.customBlocklist", "@blocked.example")
	b.saves()

	guest := x.guestSees(t, "?first_screen=register")
	guest.Fill("identifier", "somebody@blocked.example")
	guest.Press("Create account")
	if text := guest.Text(); strings.Contains(text, "six-digit") {
		t.Errorf("a blocked address gets a code: %s", text)
	}
	email := anybody()
	guest.Fill("identifier", email)
	guest.Press("Create account")
	guest.Fill("code", mailed(t, x.mail, email, mailedCode))
	guest.Press("Continue")
	for _, short := range []string{"Kurz-4711-x", "CinnamonCinnamon"} {
		guest.Fill("newPassword", short)
		guest.Fill("confirmPassword", short)
		if status := guest.Press("Save password"); status != http.StatusUnprocessableEntity {
			t.Fatalf("%s: %d; %s", short, status, guest.where())
		}
	}
	guest.Fill("newPassword", guestPassword)
	guest.Fill("confirmPassword", guestPassword)
	guest.Press("Save password")
	if in := guest.isIn(x.s); in.PrimaryEmail != email {
		t.Errorf("came in as %v", in)
	}
}

// content says which languages there are and what is agreed to.
func (x *ways) content(t *testing.T, b *tab) {
	x.shape(b, "/content")
	b.Fill("termsOfUseUrl", "javascript:alert(1)")
	b.refused(b.Press("Save changes"), "termsOfUseUrl")
	b.ready()
	b.Fill("termsOfUseUrl", "https://shop.example/terms")
	b.Fill("supportEmail", "help@shop.example")
	b.Turn("languageInfo.autoDetect", false)
	b.Choose("languageInfo.fallbackLanguage", "de")
	b.saves()
	x.shape(b, "/sign-up-and-sign-in")
	b.Choose("agreeToTermsPolicy", "ManualRegistrationOnly")
	b.saves()

	guest := x.guestSees(t, "?first_screen=register")
	if !says(guest, "look for the box", `() => document.documentElement.lang === 'de'
		&& !!document.querySelector('input[type=checkbox]') && !!document.querySelector('a[href="https://shop.example/terms"]')`) {
		t.Errorf("no German page with terms to agree to; %s", guest.where())
	}
	x.shape(b, "/content")
	b.Turn("languageInfo.autoDetect", true)
	b.Choose("languageInfo.fallbackLanguage", "en")
	b.saves()
	x.shape(b, "/sign-up-and-sign-in")
	b.Choose("agreeToTermsPolicy", "Automatic")
	b.saves()
	x.guestSees(t, "?first_screen=register").WaitText("By continuing, you agree to the")
}

// reword gives the pages words of one's own, in a language that they have and
// in one that they had not.
func (x *ways) reword(t *testing.T, b *tab) {
	x.shape(b, "/content")
	b.Press("English")
	b.ready()
	b.Fill("pages.sign_in.title", "Come in, {{whoever}}")
	b.refused(b.Press("Save changes"), "pages.sign_in.title")
	b.ready()
	b.Fill("pages.sign_in.title", "Come in to the shop")
	b.looksIn("the words that are typed", "doc => doc.body.innerText.includes('Come in to the shop')")
	b.saves()
	x.guestSees(t, "").WaitText("Come in to the shop")
	b.Press("Use our words again")
	b.Press("Use our words again")
	b.WaitText("The pages say it in our words again.")

	x.shape(b, "/content")
	b.unfold("Add a language")
	b.Fill("tag", "klingonese")
	b.refused(b.Press("Add language"), "tag")
	b.Fill("tag", "pt-BR")
	b.Press("Add language")
	b.ready()
	b.Fill("pages.sign_in.title", "Entre na loja")
	b.saves()
	guest := newTab(t)
	guest.speaks("pt-BR")
	guest.Open(x.s.url + "/demo-app")
	guest.WaitText("Entre na loja")
}

// letters writes a mail anew, looks at it in each language, and sends it.
func (x *ways) letters(t *testing.T, b *tab) {
	x.shape(b, "/emails")
	b.Press("Sign-in")
	seen := map[string]string{}
	for _, lang := range []string{"Deutsch", "Español", "Français", "日本語", "العربية", "English"} {
		b.Press(lang)
		b.ready()
		for text := ""; text == ""; text = b.letter() {
			b.do("wait for the mail", chromedp.WaitReady(".stage iframe"))
		}
		text := b.letter()
		if before, again := seen[text]; again {
			t.Errorf("the mail is the same in %s and %s: %s", before, lang, text)
		}
		seen[text] = lang
	}
	b.Fill("subject", "Your key to the shop")
	b.Choose("contentType", "text/plain")
	b.Fill("content", "The key is {{code}}.")
	b.Fill("to", "not an address")
	b.refused(b.Press("Send test"), "to")
	b.Fill("to", "hostess@shop.example")
	b.Press("Send test")
	b.WaitText("The test is on its way to hostess@shop.example.")
	if _, err := x.mail.wait("hostess@shop.example", regexp.MustCompile(`Your key to the shop\s[\s\S]*The key is \d{6}\.`)); err != nil {
		t.Error(err)
	}
	b.saves() // and a guest gets the same
	email := anybody()
	x.s.resident(map[string]any{"primaryEmail": email})
	guest := x.guestSees(t, "")
	guest.Fill("identifier", email)
	guest.Press("Continue")
	if !guest.has("input[name=code]") {
		guest.Press("Get a code instead")
	}
	guest.Fill("code", mailed(t, x.mail, email, regexp.MustCompile(`The key is (\d{6})\.`)))
	guest.Press("Continue")
	b.Press("Use our words again")
	b.Press("Use our words again")
	b.WaitText("Our words are sent again.")
}

// letter is what a person reads in the preview of a mail, which nothing of the
// page can look into.
func (b *tab) letter() string {
	b.t.Helper()
	return value[string](b, "read the mail", chromedp.Evaluate[string](`fetch(document.querySelector('.stage iframe').src).then(r => r.text())`, chromedp.EvalAwaitPromise))
}

// fields asks new guests for something more.
func (x *ways) fields(t *testing.T, b *tab) {
	x.shape(b, "/profile-fields")
	b.Press("Create field")
	b.Fill("label", "Company")
	b.Fill("name", "not a name")
	b.refused(b.Press("Create field"), "name")
	b.ready()
	b.Fill("name", "company")
	b.Press("Create field")
	b.WaitText("The field is there. Say now what it takes.")
	b.ready()
	b.Turn("required", true)
	b.Fill("config.minLength", "9")
	b.Fill("config.maxLength", "3")
	b.refused(b.Press("Save changes"), "config.maxLength")
	b.ready()
	b.Fill("config.minLength", "3")
	b.Fill("config.maxLength", "40")
	b.saves()
	b.ready()
	b.Choose("fields", "company")
	b.saves()

	email := anybody()
	x.w.person("acme", email, true)
	guest := x.guestSees(t, "")
	guest.Click("Acme")
	guest.WaitText("Who are you?")
	guest.Click(email)
	guest.WaitText("Company")
	guest.Fill("profile.company", "ab")
	guest.Press("Continue")
	guest.Fill("profile.company", "Analytical Engines")
	guest.Press("Continue")
	in := guest.isIn(x.s)
	var u struct{ CustomData map[string]any }
	x.s.api("GET", "/users/"+in.ID, nil, http.StatusOK, &u)
	if u.CustomData["company"] != "Analytical Engines" {
		t.Errorf("of the company is kept: %v", u.CustomData)
	}
	b.Press("Company")
	b.Press("Delete field")
	b.Press("Delete field")
	b.WaitText("is gone.")
}
