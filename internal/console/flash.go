package console

import (
	"encoding/json"
	"errors"

	"guestlist"
	"guestlist/internal/console/ui"
	"guestlist/internal/web"
)

const (
	cookieFlash  = "console_flash"
	purposeFlash = "console.flash"
)

// leaveFlash keeps what the next page has to say. It is sealed: nobody else can
// put words on a page. One that is too long for a cookie is shown without its
// way back.
func (v *visit) leaveFlash(f ui.Flash) {
	for range 2 {
		text, err := json.Marshal(f)
		if err == nil && v.d.Cookies.Set(v.w, cookieFlash, v.d.Seal(purposeFlash, string(text)), web.CookieOptions{}) {
			return
		}
		f.Undo = nil
	}
}

// takeFlash returns what the page before left, once.
func (v *visit) takeFlash() *ui.Flash {
	sealed, ok := v.d.Cookies.Get(v.r, cookieFlash)
	if !ok {
		return nil
	}
	v.d.Cookies.Clear(v.w, cookieFlash, "")
	text, err := v.d.Open(purposeFlash, sealed)
	var f ui.Flash
	if err != nil || json.Unmarshal([]byte(text), &f) != nil {
		return nil
	}
	return &f
}

// refused leads back to a page, which says why the API did not do something.
// What is no refusal is returned.
func (v *visit) refused(path string, err error) error {
	var e *guestlist.Error
	if !errors.As(err, &e) || !isRefusal(e) {
		return err
	}
	return v.doneWith(path, ui.Flash{Text: v.says(e), Tone: ui.Bad})
}
