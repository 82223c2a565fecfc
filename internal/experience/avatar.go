package experience

import (
	"strings"

	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/web"
)

// pathAvatar is where a page of one's own uploads a guest's picture.
const pathAvatar = "/api/experience/user-assets/avatar"

// TakesFiles reports paths whose requests may be larger than others: pictures as
// phones take them are told that they are too large.
func TakesFiles(path string) bool { return path == pathAvatar || path == pageAccountProfile }

// postAvatar keeps a picture, and says where it is.
func postAvatar(c *call) error {
	p, _, err := web.ReadPicture(c.w, c.r)
	if err != nil {
		return err
	}
	step, err := c.submit(signin.UploadAvatar{Picture: signin.Picture(p)})
	if err != nil {
		return err
	}
	return c.json(map[string]string{"url": step.Avatar})
}

// What the page of one's profile calls a picture, and its address.
const (
	fieldPicture = "picture"
	fieldAvatar  = fieldProfile + "avatar"
)

// pictureField stands beside the address of somebody's picture. Scripts make
// what is too large smaller.
func (v *visit) pictureField() web.Field {
	return web.Field{
		Name: fieldPicture, Type: "file", Accept: strings.Join(web.PictureTypes, ","), Largest: web.MaxPicture, Optional: true,
		Label: v.t("account.profile.picture"), Hint: v.t("account.profile.picture_hint", "max", web.MaxPicture>>10),
	}
}

// takePicture keeps a picture that came with the form, and writes its address
// into the form: whatever else is refused, it need not be chosen again.
func (v *visit) takePicture() error {
	if len(v.file) == 0 {
		return nil
	}
	p, err := web.JudgePicture(v.file)
	if err != nil {
		return err
	}
	step, err := v.changed(signin.UploadOwnAvatar{Picture: signin.Picture(p)})
	if err == nil {
		v.form.Set(fieldAvatar, step.Avatar)
	}
	return err
}

// pictureRefused says at the field what is wrong with a picture.
func (v *visit) pictureRefused(p *web.Page, err error) error {
	code := guestlist.CodeOf(err)
	if !strings.HasPrefix(code, "guard.") && !strings.HasPrefix(code, "storage.") {
		return v.turnedDown(p, err)
	}
	_, text := v.explain(err)
	wrong(p, fieldPicture, text)
	return v.again(v.withBack(p))
}
