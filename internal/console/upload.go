package console

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
	"guestlist/internal/web"
)

// upload reads a multipart form with files that fit into memory: the fields
// into v.form, the files into what it returns, by the names of their fields. A
// file that nobody chose is none. most bounds all of it, in bytes; the path has
// to be among the server's streams if that is more than web.MaxBody.
func (v *visit) upload(most int64) (map[string][]byte, error) {
	files := map[string][]byte{}
	v.form = url.Values{}
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, most)
	parts, err := v.r.MultipartReader()
	if err != nil {
		return nil, guestlist.Refuse(guestlist.KindInvalid, "request.form_expected").Because(err)
	}
	for n := 0; ; n++ {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil || n > maxPartsOfUpload {
			return nil, guestlist.Refuse(guestlist.KindInvalid, "request.body_unreadable").Because(err)
		}
		content, err := io.ReadAll(part)
		switch {
		case err != nil:
			return nil, guestlist.Refuse(guestlist.KindTooLarge, "request.body_too_large").Because(err)
		case part.FileName() != "":
			files[part.FormName()] = content
		case !utf8.Valid(content):
			return nil, guestlist.Refuse(guestlist.KindInvalid, "request.invalid_text")
		case part.Header.Get("Content-Type") == "": // an empty file input has one, and no file name
			v.form.Add(part.FormName(), string(content))
		}
	}
}

// maxPartsOfUpload bounds the fields of a form with files.
const maxPartsOfUpload = 1000

// keepPicture hands a picture to the API and returns its address. It stays for
// as long as a preview may need it, and longer once settings show it.
func (v *visit) keepPicture(content []byte) (string, error) {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	err := w.WriteField("passing", "true") // unless it is saved
	var part io.Writer
	if err == nil {
		part, err = w.CreateFormFile("file", "picture")
	}
	if err == nil {
		_, err = part.Write(content)
	}
	if err := errors.Join(err, w.Close()); err != nil {
		return "", err
	}
	var kept struct {
		URL string `json:"url"`
	}
	_, err = v.api.Send(v.ctx(), client.Call{
		Method: http.MethodPost, Path: "/user-assets", Body: &body, ContentType: w.FormDataContentType(), Out: &kept,
	})
	return kept.URL, err
}

// TakesFiles reports paths whose forms may have files that are larger together
// than other bodies may be. The pages bound them.
func TakesFiles(path string) bool {
	rest, within := strings.CutPrefix(path, pathApplications+"/")
	_, page, _ := strings.Cut(rest, "/")
	return path == pathExperience || path == pathExperience+"/preview" || within && page == "branding"
}

// keepPictures keeps what was uploaded in place of the addresses of a form's
// fields, which are named with a prefix. One that was kept stands in the form as
// its address, so that nothing is lost when something else is refused.
func (v *visit) keepPictures(form *ui.Form, prefix string, files map[string][]byte) {
	for _, name := range brandPictures {
		content := files["file."+name]
		if len(content) == 0 {
			continue
		}
		address, err := v.keepPicture(content)
		if err != nil {
			form.Mark(form.Field(prefix+name).MarkName(), v.says(err))
		} else {
			v.form.Set(prefix+name, address)
		}
	}
}

// maxBrandingUpload is what the form of the branding may weigh: four pictures
// and what is typed beside them, in bytes.
const maxBrandingUpload = 4*web.MaxPicture + web.MaxBody
