package experience_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"image"
	_ "image/jpeg"
	"image/png"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/web"
	"guestlist/internal/web/webtest"
)

var onePixel, _ = base64.StdEncoding.DecodeString("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")

const apiAvatar = "/api/experience/user-assets/avatar"

// uploaded sends a file to the API as a page of somebody else's does.
func (s *script) uploaded(field string, content []byte) reply {
	s.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	part, err := w.CreateFormFile(field, "me.html")
	if err == nil {
		_, err = part.Write(content)
	}
	if err != nil || w.Close() != nil {
		s.t.Fatal(err)
	}
	return s.send("POST", apiAvatar, w.FormDataContentType(), body.String())
}

// asset returns the picture that an address leads to.
func (h *house) asset(address string) (a store.UserAsset) {
	h.t.Helper()
	id, ok := strings.CutPrefix(address, h.srv.URL+"/api/user-assets/")
	if !ok {
		h.t.Fatalf("%q is no address of a picture", address)
	}
	h.update(func(tx *store.Tx) (err error) {
		a, err = tx.UserAsset(id)
		return err
	})
	return a
}

func TestAvatarIsUploadedWhileRegistering(t *testing.T) {
	eachHouse(t, func(e *guestlist.SignInExperience) { e.SignUp.Password = false }, func(t *testing.T, h *house) {
		const grace = "grace@example.com"
		h.ask(guestlist.ProfileField{Name: "avatar", Type: guestlist.ProfileURL})
		doc := h.document(t)
		refused := func(s *script, a reply, status int, code string) {
			t.Helper()
			if a.status != status || a.text("code") != code {
				t.Errorf("%d %s, want %d %s", a.status, short(string(a.body)), status, code)
			}
			if lie := doc.lies("POST", apiAvatar, a); lie != "" {
				t.Error(lie)
			}
		}
		s := h.script(t)
		refused(s, s.uploaded("file", onePixel), 400, "session.not_found")
		s = h.begun(t, guestlist.EventSignIn)
		refused(s, s.uploaded("file", onePixel), 400, "session.invalid_interaction_type")
		s = h.begun(t, guestlist.EventForgotPassword)
		refused(s, s.uploaded("file", onePixel), 400, "session.not_supported_for_forgot_password")
		s = h.begun(t, guestlist.EventRegister)
		refused(s, s.uploaded("file", []byte("<!doctype html><script>alert(1)</script>")), 400, "guard.mime_type_not_allowed")
		refused(s, s.uploaded("file", append(bytes.Clone(onePixel), make([]byte, web.MaxPicture)...)), 400, "guard.file_size_exceeded")
		refused(s, s.uploaded("other", onePixel), 400, "guard.invalid_input")
		refused(s, s.call("POST", apiAvatar, `{"file":"x"}`), 415, "request.form_expected")

		a := s.uploaded("file", onePixel)
		if lie := doc.lies("POST", apiAvatar, a); a.status != http.StatusOK || lie != "" {
			t.Fatalf("%d %s %s", a.status, a.body, lie)
		}
		url := a.text("url")
		if kept := h.asset(url); !bytes.Equal(kept.Content, onePixel) || kept.ContentType != "image/png" {
			t.Errorf("kept %s", kept.ContentType)
		}
		id := s.byCode(grace, guestlist.EventRegister)
		s.want(http.StatusNoContent, "", "POST", "/api/experience/profile", `{"type":"extraProfile","values":{"avatar":"`+url+`"}}`)
		s.identify(http.StatusCreated, "", id)
		s.finish()
		if u := h.account(grace); u.Avatar == nil || *u.Avatar != url {
			t.Fatalf("the avatar is %v", u.Avatar)
		}
		h.now = h.now.Add(2 * store.KeepUnused)
		h.update(func(tx *store.Tx) error { _, err := tx.Sweep(); return err })
		h.asset(url) // is somebody's
	})
}

func TestStrangersFillNoDiskWithAvatars(t *testing.T) {
	h := newHouse(t, nil)
	s := h.begun(t, guestlist.EventRegister)
	for range 10 {
		if a := s.uploaded("file", onePixel); a.status != http.StatusOK {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	if a := s.uploaded("file", onePixel); a.status != http.StatusTooManyRequests || a.text("code") != "storage.uploads_limited" {
		t.Errorf("one more: %d %s", a.status, a.body)
	}
	closed := newHouse(t, func(e *guestlist.SignInExperience) { e.SignInMode = guestlist.ModeSignIn })
	s = closed.script(t).begin(nil)
	s.call("PUT", "/api/experience", `{"interactionEvent":"Register"}`)
	if a := s.uploaded("file", onePixel); a.status == http.StatusOK {
		t.Error("a closed door takes pictures of strangers")
	}
}

func TestAvatarIsUploadedInTheAccountWithoutScripts(t *testing.T) {
	eachHouse(t, nil, func(t *testing.T, h *house) {
		h.user(ada, password)
		b := h.seated(ada)
		page := h.srv.URL + "/account/profile"
		a := h.ownPage(b, "/profile")
		form := a.One("form.form")
		if form.Attr("enctype") != "multipart/form-data" || !strings.Contains(a.One("[name=picture]").Attr("accept"), "image/png") {
			t.Error("the form sends no pictures")
		}
		fill := map[string][]string{"profile.name": {"Ada"}, "profile.avatar": {"https://old.example/a.png"}}
		for says, content := range map[string][]byte{
			"can be used": []byte("<script>alert(1)</script>"), "512": append(bytes.Clone(onePixel), make([]byte, 3<<20)...),
		} {
			wrong := b.Upload(page, fill, "picture", "me.png", string(content))
			at(t, wrong, 422, "account-profile")
			if wrong.One("#f-picture-error").Text() == "" || wrong.One("[name=profile.name]").Attr("value") != "Ada" {
				t.Errorf("%s: %s", says, wrong.One("main").Text())
			}
		}
		// What else is wrong costs no second choice of the picture.
		fill["profile.name"] = []string{strings.Repeat("a", 300)}
		wrong := b.Upload(page, fill, "picture", "me.png", string(onePixel))
		at(t, wrong, 422, "account-profile")
		first := wrong.One("[name=profile.avatar]").Attr("value")
		if !bytes.Equal(h.asset(first).Content, onePixel) {
			t.Error("the picture is gone")
		}
		at(t, b.Submit(wrong, "form.form", map[string]string{"profile.name": "Ada"}), 200, "account")
		if u := h.whoIs(ada); u.Avatar == nil || *u.Avatar != first || *u.Name != "Ada" {
			t.Errorf("%v", u.Avatar)
		}
		// Another one takes its place.
		fill["profile.name"] = []string{"Ada"}
		at(t, b.Upload(page, fill, "picture", "me.png", string(onePixel)), 200, "account")
		u := h.whoIs(ada)
		if u.Avatar == nil || *u.Avatar == first {
			t.Errorf("the avatar is still %v", u.Avatar)
		}
		h.asset(*u.Avatar)
		h.update(func(tx *store.Tx) error {
			if ids, err := tx.UserAsset(strings.TrimPrefix(first, h.srv.URL+"/api/user-assets/")); err == nil {
				t.Errorf("the former picture stays: %s", ids.ID)
			}
			return nil
		})
	})
}

func TestALargeAvatarIsMadeSmallerByScripts(t *testing.T) {
	chromium, err := webtest.Chromium()
	if err != nil {
		t.Skip(err)
	}
	h := newHouse(t, nil)
	h.user(ada, password)
	b := h.seated(ada)
	large := image.NewRGBA(image.Rect(0, 0, 1200, 600)) // of noise, which does not compress
	for i, n := 0, uint32(1); i < len(large.Pix); i++ {
		n = n*1664525 + 1013904223
		large.Pix[i] = byte(n >> 24)
	}
	var content bytes.Buffer
	if err := png.Encode(&content, large); err != nil || content.Len() <= web.MaxPicture {
		t.Fatal(content.Len(), err)
	}
	path := filepath.Join(t.TempDir(), "large.png")
	if err := os.WriteFile(path, content.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(chromiumTab(t, chromium), time.Minute)
	defer cancel()
	for _, name := range []string{"_session", "_session.sig"} {
		value := b.Cookie(h.srv.URL, name)
		if _, err := chromedp.Call(ctx, network.SetCookie, network.SetCookieParams{Name: name, Value: value, URL: h.srv.URL}); err != nil {
			t.Fatal(err)
		}
	}
	if err := chromedp.Do(ctx, chromedp.Navigate(h.srv.URL+"/account/profile"), chromedp.SetUploadFiles("#f-picture", []string{path})); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Run(ctx, chromedp.Poll[bool](`document.querySelector('#f-picture').files[0]?.type === 'image/jpeg'`)); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(ctx, chromedp.Click("button.primary"), chromedp.WaitVisible("[data-page=account]")); err != nil {
		t.Fatal(err)
	}
	u := h.whoIs(ada)
	if u.Avatar == nil {
		t.Fatal("nothing was uploaded")
	}
	kept := h.asset(*u.Avatar)
	size, _, err := image.DecodeConfig(bytes.NewReader(kept.Content))
	if err != nil || kept.ContentType != "image/jpeg" || size.Width != 512 || size.Height != 256 {
		t.Errorf("%s of %dx%d: %v", kept.ContentType, size.Width, size.Height, err)
	}
}
