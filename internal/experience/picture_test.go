//go:build pictures

package experience_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/web/webtest"
)

// TestPictures takes pictures of every page, for people to look at: whether a
// page is good is not for a machine to say, so it runs only when it is asked
// for: GUESTLIST_PICTURES=directory go test -tags pictures -run TestPictures.
// GUESTLIST_PICTURES_OF narrows it, e.g. "sign-in/ar/dark/phone".
func TestPictures(t *testing.T) {
	dir := os.Getenv("GUESTLIST_PICTURES")
	if dir == "" {
		t.Fatal("set GUESTLIST_PICTURES to a directory to take pictures of the pages")
	}
	chromium, err := webtest.Chromium()
	if err != nil {
		t.Fatal(err)
	}
	var shown *webtest.Answer // what the browser is given next
	var h *house
	studio := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/assets/") {
			h.srv.Config.Handler.ServeHTTP(w, r)
			return
		}
		if r.Method == http.MethodPost { // a page that goes on by itself stays for its picture
			w.WriteHeader(http.StatusNoContent)
			return
		}
		for _, name := range []string{"Content-Type", "Content-Security-Policy"} {
			w.Header().Set(name, shown.Header.Get(name))
		}
		_, _ = w.Write([]byte(shown.Source))
	}))
	defer studio.Close()
	ctx := chromiumTab(t, chromium)
	for _, lang := range []string{"en", "ar", "de", "ja", "fr", "es"} {
		h = newHouse(t, nil)
		pages := gallery(t, h, lang)
		maps.Copy(pages, outsideGallery(t, newHouse(t, nil), lang))
		maps.Copy(pages, invitationGallery(t, newHouse(t, nil), lang))
		maps.Copy(pages, invitationWaysGallery(t, newHouse(t, closed), lang))
		maps.Copy(pages, waitlistGallery(t, newHouse(t, nil), lang))
		maps.Copy(pages, policyGallery(t, newHouse(t, nil), lang))
		maps.Copy(pages, givenGallery(t, newHouse(t, nil), lang))
		maps.Copy(pages, accountGallery(t, newHouse(t, nil), lang))
		for name, answer := range pages {
			shown = answer
			for _, mode := range []string{"light", "dark"} {
				for _, device := range []string{"desk", "phone", "tiny"} {
					picture := strings.Join([]string{name, lang, mode, device}, "/")
					if !wanted(picture) {
						continue
					}
					png := webtest.Photograph(t, ctx, studio.URL, mode, devices[device][0], devices[device][1], tallest)
					if err := os.WriteFile(filepath.Join(dir, strings.ReplaceAll(picture, "/", "_")+".png"), png, 0o600); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
	}
}

func wanted(picture string) bool {
	of := os.Getenv("GUESTLIST_PICTURES_OF")
	if of == "" {
		return true
	}
	for _, pattern := range strings.Fields(of) {
		if ok, err := filepath.Match(pattern, picture); ok && err == nil {
			return true
		}
	}
	return false
}

// tallest is the greatest height of a picture, in pixels: a page that is longer
// than a screen is shown as a whole, as long as people can look at it.
const tallest = 2000

// devices are the screens of pictures: width and height in pixels.
var devices = map[string][2]int64{"desk": {1280, 800}, "phone": {390, 844}, "tiny": {320, 640}}

// gallery walks to every page in one language.
func gallery(t *testing.T, h *house, lang string) map[string]*webtest.Answer {
	t.Helper()
	h.user(ada, password)
	pages := map[string]*webtest.Answer{}
	browser := func() *webtest.Browser {
		b := h.browser()
		b.Header.Set("Accept-Language", lang)
		return b
	}
	b := browser()
	a := h.open(b, "/sign-in", nil)
	pages["sign-in"] = a
	pages["sign-in-wrong"] = b.Submit(a, "form.form", form{"identifier": ""})
	a = b.Submit(a, "form.form", form{"identifier": ada})
	pages["sign-in-password"] = b.Submit(a, "form.form", form{"password": "wrong"})
	pages["code"] = b.Submit(a, ".actions form", nil)

	b = browser()
	a = h.open(b, "/register", nil)
	pages["register"] = a
	a = b.Submit(a, "form.form", form{"identifier": "lin@example.com"})
	pages["code-wrong"] = b.Submit(a, "form.form", form{"code": "000000"})
	a = b.Submit(a, "form.form", form{"code": h.code("lin@example.com")})
	pages["password"] = a
	pages["password-weak"] = b.Submit(a, "form.form", form{"newPassword": "12345", "confirmPassword": "12345"})

	b = browser()
	a = b.Submit(h.open(b, "/register", nil), "form.form", form{"identifier": ada})
	pages["offer"] = b.Submit(a, "form.form", form{"code": h.code(ada)})

	b = browser()
	pages["reset"] = h.open(b, "/reset-password", url.Values{"login_hint": {ada}})
	a = b.Submit(pages["reset"], "form.form", nil)
	pages["new-password"] = b.Submit(a, "form.form", form{"code": h.code(ada)})

	pages["token"] = h.open(browser(), "/sign-in", link(h.token(grace), grace))
	b = browser()
	pages["token-confirm"] = h.open(b, "/sign-in", link(h.token(ada), ada))
	pages["token-confirm-wrong"] = b.Submit(pages["token-confirm"], "form.form", form{"identifier": grace})
	pages["token-error"] = h.open(browser(), "/sign-in", link("nonsense", grace))
	for _, path := range []string{"unknown-session", "account-suspended", "nothing-here"} {
		pages[path] = browser().Get(h.srv.URL + "/" + path)
	}
	b = browser()
	a = b.Submit(h.open(b, "/sign-in", nil), "form.form", form{"identifier": ada})
	in(t, b.Submit(a, "form.form", form{"password": password}), ada)
	pages["switch"] = h.open(b, "/consent", link(h.token(grace), grace))
	thirdParty(h)
	pages["consent"] = h.open(b, "/consent", nil)

	h.ask(someFields()...)
	b = browser()
	a = b.Submit(h.open(b, "/register", nil), "form.form", form{"identifier": "may@example.com"})
	a = b.Submit(a, "form.form", form{"code": h.code("may@example.com")})
	a = b.Submit(a, "form.form", form{"newPassword": password, "confirmPassword": password})
	pages["extra-profile"] = a
	pages["extra-profile-wrong"] = b.Submit(a, "form.form", form{"profile.company": "x", "profile.website": "nowhere", "profile.guests": "9"})

	h.askCaptcha(guestlist.CaptchaConfig{Type: guestlist.CaptchaTurnstile})
	h.update(func(tx *store.Tx) error {
		exp, err := tx.SignInExperience()
		h.must(err)
		withCaptcha(&exp)
		return tx.PutSignInExperience(exp)
	})
	b = browser()
	pages["captcha"] = h.open(b, "/register", nil)
	pages["captcha-missing"] = b.Submit(pages["captcha"], "form.form", form{"identifier": ada})

	setup, ok, err := h.desk.IssueSetup(t.Context())
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	pages["setup"] = browser().Get(h.srv.URL + "/setup?token=" + setup)
	return pages
}
