package web

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"

	"guestlist"
)

// maxUpload is the largest form with a picture that is read to its end, in
// bytes: a picture as phones take it is told that it is too large, and is no
// broken connection.
const maxUpload = 32 << 20

// ReadPictureForm reads a form that may have a picture in a field of that name,
// as multipart/form-data (RFC 7578), or without one as any other form. content
// is the file as it came, to be given to JudgePicture; empty if none was chosen.
// Of a file that is too large it has the beginning. The fields are held to the
// rules of ReadForm.
func ReadPictureForm(w http.ResponseWriter, r *http.Request, field string) (values url.Values, content []byte, err error) {
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "multipart/form-data" {
		values, err := ReadForm(w, r)
		return values, nil, err
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxUpload)
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, nil, unreadableForm(err)
	}
	values, left := url.Values{}, int64(MaxBody)
	for n := 0; ; n++ {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return values, content, nil
		}
		switch {
		case err != nil:
			return nil, nil, unreadableForm(err)
		case n >= maxParams:
			return nil, nil, errTooLarge
		case part.FormName() == field:
			if content, err = io.ReadAll(io.LimitReader(part, MaxPicture+1)); err != nil {
				return nil, nil, unreadableForm(err)
			}
			continue // what is left of it is read over
		case part.FileName() != "":
			continue // nobody asked for it
		}
		text, err := io.ReadAll(io.LimitReader(part, left+1))
		if err != nil {
			return nil, nil, unreadableForm(err)
		}
		if left -= int64(len(text)); left < 0 {
			return nil, nil, errTooLarge
		}
		if !cleanText(part.FormName()) || !cleanText(string(text)) {
			return nil, nil, errInvalidText
		}
		values.Add(part.FormName(), string(text))
	}
}

func unreadableForm(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return errTooLarge
	}
	return guestlist.Refuse(guestlist.KindInvalid, "request.body_unreadable").Because(err)
}

// ReadPicture reads the picture in the field "file" of a form, with the fields
// beside it. Beside the refusals of JudgePicture it has request.form_expected,
// request.body_unreadable, and guard.invalid_input without such a field.
func ReadPicture(w http.ResponseWriter, r *http.Request) (Picture, url.Values, error) {
	const field = "file"
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "multipart/form-data" {
		return Picture{}, nil, guestlist.Refuse(guestlist.KindMediaType, errNotForm.Code)
	}
	values, content, err := ReadPictureForm(w, r, field)
	switch {
	case guestlist.CodeOf(err) == errTooLarge.Code:
		_, err = JudgePicture(make([]byte, MaxPicture+1)) // the file is, whatever else is
		return Picture{}, nil, err
	case err != nil:
		return Picture{}, nil, err
	case content == nil:
		var inv Invalid
		inv.Type(field, "string", "undefined")
		return Picture{}, nil, inv.Err()
	}
	p, err := JudgePicture(content)
	return p, values, err
}
