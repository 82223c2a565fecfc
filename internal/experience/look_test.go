package experience_test

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"

	"guestlist"
	"guestlist/internal/store"
)

func TestTenantsDress(t *testing.T) {
	css, support := "body{--own:1}</style><script>", "help@tenant.example"
	h := newHouse(t, func(e *guestlist.SignInExperience) {
		e.Color = guestlist.ExperienceColor{PrimaryColor: "#ffdd00", IsDarkModeEnabled: false}
		e.Branding = guestlist.Branding{LogoURL: "https://cdn.tenant.example/logo.svg"}
		e.CustomCSS, e.SupportEmail, e.HideLogtoBranding = &css, &support, true
	})
	a := h.open(h.browser(), "/sign-in", nil)
	if mode := a.One("html").Attr("data-theme"); mode != "light" {
		t.Errorf("data-theme = %q without dark mode", mode)
	}
	if logo := a.One("img.logo"); logo.Attr("src") != "https://cdn.tenant.example/logo.svg" || logo.Attr("alt") != "Northwind" {
		t.Errorf("logo: %s", logo.HTML())
	}
	if !strings.Contains(a.Source, "--accent:#ffdd00;") || !strings.Contains(a.Source, "--on-accent:#000000;") {
		t.Error("the tenant's colour is not on the page, or cannot be read")
	}
	if !strings.Contains(a.One("style[data-custom-css]").HTML(), "--own:1") || len(a.All("script")) != 1 {
		t.Error("the tenant's style is not on the page, or has left its element")
	}
	if a.One(".foot a").Attr("href") != "mailto:help@tenant.example" || strings.Contains(a.One(".foot").Text(), "Guestlist") {
		t.Errorf("foot: %s", a.One(".foot").HTML())
	}
}

func TestApplicationsOwnDress(t *testing.T) {
	h := newHouse(t, nil)
	h.update(func(tx *store.Tx) error {
		return tx.PutApplicationExperience(testApp, json.RawMessage(
			`{"displayName":"Northwind Traders","color":{"primaryColor":"#006644","isDarkModeEnabled":false},"branding":{"logoUrl":"https://nw.example/l.svg"}}`))
	})
	a := h.open(h.browser(), "/sign-in", nil)
	if !strings.Contains(a.Source, "--accent:#006644;") || a.One("img.logo").Attr("alt") != "Northwind Traders" {
		t.Errorf("the application's dress is not worn: %s", a.One("main").HTML())
	}
}

func TestTenantsWording(t *testing.T) {
	h := newHouse(t, nil)
	h.update(func(tx *store.Tx) error {
		var err error
		for lang, text := range map[string]string{"en": `{"pages":{"sign_in":{"title":"Come in"}}}`, "pt-BR": `{"pages":{"sign_in":{"title":"Entre"}}}`} {
			_, e := tx.PutCustomPhrases(store.CustomPhrases{ID: lang, LanguageTag: lang, Translation: json.RawMessage(text)})
			err = errors.Join(err, e)
		}
		return err
	})
	if got := h.open(h.browser(), "/sign-in", nil).One("h1").Text(); got != "Come in" {
		t.Errorf("heading = %q", got)
	}
	a := h.open(h.browser(), "/sign-in", url.Values{"ui_locales": {"pt-BR"}})
	if a.One("h1").Text() != "Entre" || a.One("html").Attr("lang") != "pt-BR" || a.One("button").Text() != "Continue" {
		t.Errorf("in the tenant's own language: %s", a.One("main").Text())
	}
}

// The preview of a page needs no interaction, and can do nothing.
func TestPreview(t *testing.T) {
	h := newHouse(t, nil)
	for _, path := range []string{
		"/", "/sign-in", "/sign-in/password", "/identifier-sign-in", "/register", "/register/password", "/identifier-register",
		"/reset-password", "/forgot-password", "/forgot-password/reset", "/sign-in/verification-code", "/continue/password",
		"/continue/username", "/continue/email", "/continue/phone", "/continue/emailOrPhone", "/continue/verification-code",
		"/one-time-token", "/one-time-token/error", "/switch-account", "/consent",
		"/single-sign-on", "/single-sign-on/email", "/single-sign-on/connectors", "/direct/social/github", "/social/link/github",
		"/social/register/github", "/unknown-session", "/account-suspended",
	} {
		if a := h.browser().Get(h.srv.URL + path + "?preview=true"); a.Status != 200 {
			t.Errorf("%s: %d at %s", path, a.Status, a.URL)
		}
		if a := h.browser().Post(h.srv.URL+path+"?preview=true", url.Values{"identifier": {ada}}); a.Status >= 500 {
			t.Errorf("POST %s: %d", path, a.Status)
		}
	}
}

// A preview is a picture also for a browser that is in the middle of something,
// and shows nothing of that.
func TestPreviewBelongsToNoInteraction(t *testing.T) {
	h := newHouse(t, nil)
	b := h.browser()
	h.open(b, "/sign-in", nil)
	a := b.Get(h.srv.URL + "/sign-in?preview=true&theme=dark")
	if !a.One(".room").HasAttr("inert") || a.Has("script") || strings.Contains(a.One("main").Text(), "Northwind") {
		t.Errorf("it can act, or knows where the guest goes: %s", a.One("main").HTML())
	}
	if a.One("html").Attr("data-theme") != "dark" || !strings.Contains(a.Header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("theme %q, policy %s", a.One("html").Attr("data-theme"), a.Header.Get("Content-Security-Policy"))
	}
	if a := b.Get(h.srv.URL + "/sign-in?preview=draft_nobodys"); a.Status != 410 {
		t.Errorf("a draft that there is not: %d", a.Status)
	}
	if a := b.Get(h.srv.URL + "/sign-in"); a.One(".room").HasAttr("inert") || a.One("body").Attr("data-page") != "sign-in" {
		t.Error("the interaction suffered from the preview")
	}
}

// A button that is pressed twice leads where one press leads.
func TestSecondPressGoesOn(t *testing.T) {
	h := newHouse(t, func(e *guestlist.SignInExperience) {
		for i := range e.SignIn.Methods {
			e.SignIn.Methods[i].VerificationCode = false
		}
	})
	h.user(ada, password)
	b := h.browser()
	b.Stay = []string{h.srv.URL + "/oidc/auth/"}
	a := h.open(b, "/sign-in", nil)
	for range 2 {
		pressed := b.Submit(a, "form.form", form{"identifier": ada, "password": password})
		if to := pressed.Header.Get("Location"); !strings.HasPrefix(to, h.srv.URL+"/oidc/auth/") {
			t.Fatalf("went to %q", to)
		}
	}
}
