package console_test

import (
	"context"
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/web"
	"guestlist/internal/web/webtest"
)

const pathExperience = "/console/sign-in-experience"

var onePixel, _ = base64.StdEncoding.DecodeString("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")

// filled returns what a form sends as it stands, without pressing a button.
// What stands outside and belongs to it, such as the choices of a preview, is
// there too.
func filled(a *webtest.Answer, id string) url.Values {
	v := url.Values{}
	add := func(n webtest.Node) {
		for _, in := range n.All("input") {
			kind := in.Attr("type")
			if kind == "file" || (kind == "checkbox" || kind == "radio") && !in.HasAttr("checked") || in.HasAttr("disabled") || in.Attr("name") == "" {
				continue
			}
			v.Add(in.Attr("name"), in.Attr("value"))
		}
		for _, area := range n.All("textarea") {
			v.Add(area.Attr("name"), strings.TrimPrefix(area.Text(), "\n"))
		}
		for _, list := range n.All("select") {
			options := append(list.All("option[selected]"), list.All("option")...)
			if len(options) > 0 {
				v.Add(list.Attr("name"), options[0].Attr("value"))
			}
		}
	}
	add(a.One("#" + id))
	return v
}

// wrongAt returns what stands at a field as its error.
func wrongAt(a *webtest.Answer, field string) string {
	for _, p := range a.All(".error") {
		if p.Attr("id") == "f-"+field+"-error" {
			return p.Text()
		}
	}
	return ""
}

func (h *house) experience() guestlist.SignInExperience {
	h.t.Helper()
	var exp guestlist.SignInExperience
	if err := h.api.Do(context.Background(), "GET", "/sign-in-exp", nil, &exp); err != nil {
		h.t.Fatal(err)
	}
	return exp
}

func (h *house) do(method, path string, in any) {
	h.t.Helper()
	if err := h.api.Do(context.Background(), method, path, in, nil); err != nil {
		h.t.Fatal(err)
	}
}

// The recipes say where the switch is and what it is called.
func TestRegistrationIsSwitchedOffUnderAdvancedOptions(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	a := b.Follow(b.Get(h.url+pathExperience), "Sign-up and sign-in")
	h.at(a, 200, "sign-up-and-sign-in")
	section := ""
	for _, s := range a.All("#form section") {
		if s.Has("[name=registration]") {
			section = s.One("h2").Text()
			if label := s.One("[for=f-registration]").Text(); label != "Enable user registration" {
				t.Errorf("the switch is called %q", label)
			}
		}
	}
	if section != "Advanced options" {
		t.Errorf("the switch stands under %q", section)
	}
	form := filled(a, "form")
	form.Del("registration")
	h.at(b.Post(a.URL.String(), form), 200, "sign-up-and-sign-in")
	exp := h.experience()
	if exp.SignInMode != guestlist.ModeSignIn {
		t.Fatalf("the mode is %s", exp.SignInMode)
	}
	want := guestlist.DefaultSignInExperience()
	want.SignInMode = guestlist.ModeSignIn
	if exp.SignUp.Password != want.SignUp.Password || len(exp.SignIn.Methods) != 1 || exp.SignIn.Methods[0] != want.SignIn.Methods[0] ||
		len(*exp.ForgotPasswordMethods) != 0 || exp.OneTimeTokenConfirmation != "" {
		t.Errorf("something else changed too: %+v", exp)
	}
	if page := h.browser().Get(h.url + "/register?preview=true"); page.One("body").Attr("data-page") != "sign-in" {
		t.Errorf("the sign-up page is there still: %s", page.URL)
	}
	form = filled(b.Get(a.URL.String()), "form")
	form.Set("registration", "true")
	b.Post(a.URL.String(), form)
	if exp := h.experience(); exp.SignInMode != guestlist.ModeSignInAndRegister {
		t.Errorf("the mode is %s", exp.SignInMode)
	}
}

func TestIdentifiersAndMethodsAreChosen(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	path := h.url + pathExperience + "/sign-up-and-sign-in"
	a := b.Get(path)
	for _, option := range a.All("#form option") {
		if option.Attr("value") == "email" {
			t.Error("addresses can be asked for that nobody could verify")
		}
	}
	form := filled(a, "form")
	form.Set("signUp.identifiers", "email")
	a = b.Post(path, form)
	h.at(a, 422, "sign-up-and-sign-in") // by hand: it is not offered
	h.do("POST", "/connectors", map[string]any{"connectorId": "http-email", "config": map[string]any{"endpoint": "https://mail.example/"}})
	form = filled(b.Get(path), "form")
	form.Set("signUp.identifiers", "email")
	a = b.Post(path, form)
	h.at(a, 422, "sign-up-and-sign-in")
	if got := wrongAt(a, "signUp.verify"); got == "" {
		t.Error("the refusal does not stand at its field")
	}
	form = filled(b.Get(path), "form")
	for name, value := range map[string]string{
		"signUp.identifiers": "email", "signUp.verify": "true", "signIn.email": "code_password", "forgotPasswordMethods": "EmailVerificationCode",
		"oneTimeTokenConfirmation": "always", "singleSignOnEnabled": "true", "socialSignIn.automaticAccountLinking": "true", "agreeToTermsPolicy": "Manual",
	} {
		form.Set(name, value)
	}
	form["signUp.secondaryIdentifiers"] = []string{"username"}
	h.at(b.Post(path, form), 200, "sign-up-and-sign-in")
	exp := h.experience()
	email, _ := exp.SignIn.Method(guestlist.IdentifierEmail)
	switch {
	case len(exp.SignUp.Identifiers) != 1 || exp.SignUp.Identifiers[0] != "email" || !exp.SignUp.Verify || len(exp.SignUp.SecondaryIdentifiers) != 1:
		t.Errorf("sign-up: %+v", exp.SignUp)
	case !email.Password || !email.VerificationCode || email.IsPasswordPrimary:
		t.Errorf("sign-in: %+v", exp.SignIn)
	case (*exp.ForgotPasswordMethods)[0] != "EmailVerificationCode" || exp.OneTimeTokenConfirmation != "always" || !exp.SingleSignOnEnabled ||
		!*exp.SocialSignIn.AutomaticAccountLinking || exp.AgreeToTermsPolicy != "Manual":
		t.Errorf("the rest: %+v", exp)
	}
}

func TestSocialButtonsAreOrderedWithoutScripts(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	for _, id := range []string{"github-universal", "google-universal"} {
		h.do("POST", "/connectors", map[string]any{"connectorId": id, "config": map[string]any{"clientId": "x", "clientSecret": "y"}})
	}
	path := h.url + pathExperience + "/sign-up-and-sign-in"
	form := filled(b.Get(path), "form")
	form["socialSignInConnectorTargets"] = []string{"github", "google"}
	places := []string{}
	for _, target := range form["socialSignInConnectorTargets.all"] {
		places = append(places, map[string]string{"github": "2", "google": "1"}[target])
	}
	form["socialSignInConnectorTargets.place"] = places
	h.at(b.Post(path, form), 200, "sign-up-and-sign-in")
	if got := h.experience().SocialSignInConnectorTargets; !slices.Equal(got, []string{"google", "github"}) {
		t.Errorf("the order is %v", got)
	}
}

func TestBrandingTakesAddressesAndFiles(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	path := h.url + pathExperience
	form := filled(b.Get(path), "form")
	form.Set("color.primaryColor", "#112233")
	form.Set("branding.darkLogoUrl", "https://cdn.example/dark.svg")
	form.Del("signature")
	h.at(b.Upload(path, form, "file.logoUrl", "logo.exe", string(onePixel)), 200, "branding")
	exp := h.experience()
	if exp.Color.PrimaryColor != "#112233" || exp.Branding.DarkLogoURL != "https://cdn.example/dark.svg" || !exp.HideLogtoBranding ||
		!strings.HasPrefix(exp.Branding.LogoURL, h.url+"/api/user-assets/") {
		t.Fatalf("%+v", exp)
	}
	logo := b.Get(exp.Branding.LogoURL)
	if logo.Status != 200 || logo.Header.Get("Content-Type") != "image/png" {
		t.Errorf("the logo: %d %v", logo.Status, logo.Header)
	}
	for name, wrong := range map[string]struct {
		field, value, at string
		file             string
	}{
		"colour":  {field: "color.primaryColor", value: "red", at: "color.primaryColor"},
		"script":  {field: "branding.logoUrl", value: "javascript:alert(1)", at: "branding.logoUrl"},
		"HTML":    {at: "branding.logoUrl", file: "<!doctype html><script>alert(1)</script>"},
		"acting":  {at: "branding.logoUrl", file: `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`},
		"too big": {at: "branding.logoUrl", file: strings.Repeat("x", web.MaxPicture+1)},
	} {
		form := filled(b.Get(path), "form")
		form.Set("customCss", "b{color:red}</style><script>")
		if wrong.field != "" {
			form.Set(wrong.field, wrong.value)
		}
		called := "logo.png"
		if wrong.file == "" {
			called = "" // as browsers send an input without a file
		}
		a := b.Upload(path, form, "file.logoUrl", called, wrong.file)
		h.at(a, 422, "branding")
		if wrongAt(a, wrong.at) == "" {
			t.Errorf("%s: no word at the field", name)
		}
		if got := a.One("[name=customCss]").Text(); !strings.Contains(got, "b{color:red}</style>") {
			t.Errorf("%s: what was typed is lost: %q", name, got)
		}
	}
	if after := h.experience(); after.Branding != exp.Branding || after.Color != exp.Color {
		t.Errorf("a refused form changed something: %+v", after)
	}
}

func TestTwoAdministratorsShapeTheSignInPages(t *testing.T) {
	h := newHouse(t)
	ada, _ := h.admin()
	grace, _ := h.admin()
	branding, content := h.url+pathExperience, h.url+pathExperience+"/content"
	mine, other := filled(ada.Get(content), "form"), filled(grace.Get(branding), "form")
	same := filled(grace.Get(content), "form")
	other.Set("color.primaryColor", "#445566")
	h.at(grace.Upload(branding, other, "file.logoUrl", "", ""), 200, "branding")
	mine.Set("supportEmail", "ada@example.com")
	h.at(ada.Post(content, mine), 200, "content") // nothing of hers was touched
	if exp := h.experience(); exp.Color.PrimaryColor != "#445566" || *exp.SupportEmail != "ada@example.com" {
		t.Fatalf("one of the two was lost: %+v", exp)
	}
	same.Set("supportEmail", "grace@example.com")
	a := grace.Post(content, same)
	h.at(a, 409, "content")
	if text := a.One(".conflict").Text(); !strings.Contains(text, "ada@example.com") || a.One("[name=supportEmail]").Attr("value") != "grace@example.com" {
		t.Errorf("the conflict says %q", text)
	}
	h.at(grace.Post(content, filled(a, "form")), 200, "content")
	if exp := h.experience(); *exp.SupportEmail != "grace@example.com" {
		t.Errorf("support is %s", *exp.SupportEmail)
	}
}

// preview sends a form as the preview's button does, and returns what stands in
// the frame.
func preview(b *webtest.Browser, at string, form url.Values, page, lang, theme string) *webtest.Answer {
	sent := url.Values{"preview.page": {page}, "preview.lang": {lang}, "preview.theme": {theme}}
	for name, values := range form {
		sent[name] = values
	}
	return b.Post(at, sent)
}

func TestSettingsAreLookedAtBeforeTheyAreSaved(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	path := h.url + pathExperience
	form := filled(b.Get(path), "form")
	form.Set("color.primaryColor", "#ab12cd")
	form.Set("customCss", "h1{--own:1}")
	before := h.experience()
	a := preview(b, path+"/preview", form, "register", "de", "dark")
	if a.Status != 200 || a.URL.Path != "/register" || a.One("html").Attr("lang") != "de" || a.One("html").Attr("data-theme") != "dark" {
		t.Fatalf("%s: %d %s", a.URL, a.Status, a.Source)
	}
	if !strings.Contains(a.Source, "#ab12cd") || !strings.Contains(a.Source, "--own:1") {
		t.Error("the page does not wear what was typed")
	}
	if after := h.experience(); after.Color != before.Color || after.CustomCSS != nil {
		t.Errorf("looking changed the settings: %+v", after)
	}
	policy := a.Header.Get("Content-Security-Policy")
	for _, part := range []string{"frame-ancestors 'self'", "form-action 'none'", "sandbox allow-same-origin", "default-src 'none'"} {
		if !strings.Contains(policy, part) {
			t.Errorf("the policy lacks %q: %s", part, policy)
		}
	}
	if !a.One(".room").HasAttr("inert") || a.Has("script") || strings.Contains(policy, "allow-scripts") || strings.Contains(policy, "allow-forms") {
		t.Error("the picture of the page can act")
	}
	address := a.URL.String()
	if stranger := h.browser().Get(address); stranger.Status != 410 || strings.Contains(stranger.Source, "--own:1") {
		t.Errorf("somebody else sees it: %d", stranger.Status)
	}
	if other, _ := h.admin(); other.Get(address).Status != 410 {
		t.Error("another administrator sees it")
	}
	if sent := b.Post(address, url.Values{"identifier": {"eve"}}); sent.Status == 200 && sent.One("body").Attr("data-page") == "register-password" {
		t.Error("a draft lets somebody register")
	}
	if again := b.Get(address); again.Status != 200 {
		t.Errorf("a second look: %d", again.Status)
	}
	h.later(16 * time.Minute)
	if late := b.Get(address); late.Status != 410 {
		t.Errorf("after its time: %d", late.Status)
	}
}

func TestADraftOpensNoDoor(t *testing.T) {
	h := newHouse(t)
	h.do("PATCH", "/sign-in-exp", map[string]any{"signInMode": "SignIn"})
	b, _ := h.admin()
	path := h.url + pathExperience + "/sign-up-and-sign-in"
	form := filled(b.Get(path), "form")
	form.Set("registration", "true")
	a := preview(b, path+"/preview", form, "register", "en", "light")
	if a.One("body").Attr("data-page") != "register" {
		t.Fatalf("%s: %s", a.URL, a.Source)
	}
	handle := a.URL.Query().Get("preview")
	for _, page := range []string{"/register", "/sign-in", "/one-time-token", "/forgot-password/reset"} {
		sent := b.Post(h.url+page+"?preview="+url.QueryEscape(handle), url.Values{"identifier": {"eve"}, "newPassword": {adminPassword}, "confirmPassword": {adminPassword}})
		if got := sent.One("body").Attr("data-page"); got != "unknown-session" && got != "sign-in" {
			t.Errorf("POST %s led to %q", page, got)
		}
	}
	var users []guestlist.User
	if _, err := h.api.List(context.Background(), "/users", nil, 1, 20, &users); err != nil || len(users) != 1 {
		t.Errorf("%d users: %v", len(users), err)
	}
}

func TestEveryPageCanBeLookedAt(t *testing.T) {
	h := newHouse(t)
	h.do("POST", "/connectors", map[string]any{"connectorId": "http-email", "config": map[string]any{"endpoint": "https://mail.example/"}})
	h.do("PATCH", "/sign-in-exp", map[string]any{"forgotPasswordMethods": []string{"EmailVerificationCode"}})
	b, _ := h.admin()
	a := b.Get(h.url + pathExperience)
	form := filled(a, "form")
	for page, want := range map[string]string{
		"sign-in": "sign-in", "password": "sign-in-password", "register": "register", "code": "verification-code", "one-time-token": "one-time-token",
		"forgot-password": "reset-password", "new-password": "new-password", "error": "one-time-token-error", "nonsense": "sign-in",
	} {
		for _, lang := range []string{"en", "ar", "xx\"><script>"} {
			shown := preview(b, h.url+pathExperience+"/preview", form, page, lang, "dark\">")
			if shown.Status != 200 || shown.One("body").Attr("data-page") != want || shown.Has("script") {
				t.Errorf("%s in %s: %d %s", page, lang, shown.Status, shown.One("body").Attr("data-page"))
			}
		}
	}
	form.Set("color.primaryColor", "red")
	refused := preview(b, h.url+pathExperience+"/preview", form, "sign-in", "en", "light")
	h.at(refused, 422, "no-preview")
	if !strings.Contains(refused.One("main").Text(), "Colour") {
		t.Errorf("the frame says %q", refused.One("main").Text())
	}
}

func TestSecuritySettings(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	path := h.url + pathExperience + "/security"
	form := filled(b.Get(path), "form")
	h.at(b.Post(path, form), 200, "sign-in-security")
	if exp := h.experience(); exp.PasswordPolicy.Length != nil || exp.SentinelPolicy.MaxAttempts != nil || exp.EmailBlocklistPolicy.CustomBlocklist != nil {
		t.Errorf("saving what was shown wrote defaults down: %+v", exp)
	}
	for name, value := range map[string]string{
		"passwordPolicy.length.min": "12", "sentinelPolicy.maxAttempts": "7", "emailBlocklistPolicy.blockDisposableAddresses": "true",
		"usernamePolicy.minLength": "3", "verificationCodePolicy.expirationDuration": "300",
	} {
		form.Set(name, value)
	}
	form.Del("passwordPolicy.rejects.pwned")
	form["emailBlocklistPolicy.customBlocklist"] = []string{"*.bad.example", " "}
	form.Set("_tag", filled(b.Get(path), "form").Get("_tag"))
	h.at(b.Post(path, form), 200, "sign-in-security")
	exp := h.experience()
	rules := exp.PasswordPolicy.Rules()
	if rules.MinLength != 12 || rules.Pwned || !rules.UserInfo || *exp.SentinelPolicy.MaxAttempts != 7 || exp.SentinelPolicy.LockoutDuration != nil ||
		!*exp.EmailBlocklistPolicy.BlockDisposableAddresses || !slices.Equal(*exp.EmailBlocklistPolicy.CustomBlocklist, []string{"*.bad.example"}) ||
		exp.UsernamePolicy.MinLength != 3 || *exp.VerificationCodePolicy.ExpirationDuration != 300 {
		t.Errorf("%+v", exp)
	}
	for field, value := range map[string]string{
		"passwordPolicy.length.min": "many", "usernamePolicy.maxLength": "2", "sentinelPolicy.maxAttempts": "0",
		"emailBlocklistPolicy.customBlocklist": "nonsense",
	} {
		form := filled(b.Get(path), "form")
		form.Set(field, value)
		a := b.Post(path, form)
		h.at(a, 422, "sign-in-security")
		if wrongAt(a, field) == "" {
			t.Errorf("%s: no word at the field", field)
		}
	}
}

func TestCaptchaProviderKeepsItsSecret(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	path := h.url + pathExperience + "/security"
	form := filled(b.Get(path), "captcha")
	a := b.Post(path+"/captcha", form)
	h.at(a, 422, "sign-in-security")
	form.Set("config.siteKey", "site")
	form.Set("config.secretKey", "s3cret-of-the-captcha")
	a = b.Post(path+"/captcha", form)
	h.at(a, 200, "sign-in-security")
	if strings.Contains(a.Source, "s3cret") {
		t.Error("the secret is on the page")
	}
	form = filled(a, "captcha")
	form.Set("config.siteKey", "another")
	h.at(b.Post(path+"/captcha", form), 200, "sign-in-security")
	var p guestlist.CaptchaProvider
	if err := h.api.Do(context.Background(), "GET", "/captcha-provider", nil, &p); err != nil || p.Config.SecretKey != "s3cret-of-the-captcha" || p.Config.SiteKey != "another" {
		t.Errorf("%+v, %v", p.Config.SiteKey, err)
	}
	h.at(b.Post(path+"/captcha", values("do", "remove")), 200, "sign-in-security")
	if err := h.api.Do(context.Background(), "GET", "/captcha-provider", nil, &p); guestlist.KindOf(err) != guestlist.KindNotFound {
		t.Errorf("it is there still: %v", err)
	}
}

// A session that ends while the branding is filled in takes nothing typed with
// it, although that form may have files.
func TestNothingTypedIsLostWithTheSession(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	form := filled(b.Get(h.url+pathExperience), "form")
	form.Set("customCss", "b{--mine:1}")
	a := h.browser().Upload(h.url+pathExperience, form, "file.logoUrl", "", "")
	h.at(a, 401, "expired")
	kept := filled(a, "form")
	if kept.Get("customCss") != "b{--mine:1}" {
		t.Fatalf("kept %v", kept)
	}
	h.at(b.Post(h.url+pathExperience, kept), 200, "branding")
	if exp := h.experience(); exp.CustomCSS == nil || *exp.CustomCSS != "b{--mine:1}" {
		t.Errorf("%+v", exp.CustomCSS)
	}
}
