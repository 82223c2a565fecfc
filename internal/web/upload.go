package web

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"guestlist"
)

// MaxPicture is the largest picture that can be uploaded, in bytes.
const MaxPicture = 512 << 10

// PictureTypes are the kinds of pictures that can be uploaded.
var PictureTypes = []string{"image/png", "image/jpeg", "image/webp", "image/gif", typeSVG}

const typeSVG = "image/svg+xml"

// PictureType judges by its content, and by nothing that was said of it, what
// kind of picture a file is; "" if it is none that may be shown. An SVG is one
// only if nothing in it can act or lead elsewhere.
func PictureType(content []byte) string {
	if len(content) == 0 || len(content) > MaxPicture {
		return ""
	}
	if t := http.DetectContentType(content); t != typeSVG && slices.Contains(PictureTypes, t) {
		return t
	}
	if isStillSVG(content) {
		return typeSVG
	}
	return ""
}

// Picture is a file that was judged to be one.
type Picture struct {
	ContentType string // one of PictureTypes
	Ending      string // of the names of such files, without dot
	Content     []byte
}

// JudgePicture takes a file for a picture, or refuses it:
// guard.mime_type_not_allowed, guard.file_size_exceeded. What it is, its content
// says; its name and the type that the sender claims do not count.
func JudgePicture(content []byte) (Picture, error) {
	if len(content) > MaxPicture {
		return Picture{}, guestlist.Refuse(guestlist.KindInvalid, "guard.file_size_exceeded").WithArgs(map[string]any{"max": MaxPicture >> 10})
	}
	kind := PictureType(content)
	if kind == "" {
		return Picture{}, guestlist.Refuse(guestlist.KindInvalid, "guard.mime_type_not_allowed")
	}
	return Picture{ContentType: kind, Ending: PictureEnding(kind), Content: content}, nil
}

// active are the elements of SVG that act, or hold documents of other kinds.
var active = []string{"script", "foreignobject", "iframe", "embed", "object", "handler", "listener", "audio", "video", "canvas", "link", "meta", "base"}

const nsSVG = "http://www.w3.org/2000/svg"

// maxSVGDepth is how deep the elements of an SVG may nest.
const maxSVGDepth = 200

// isStillSVG reports whether a file is an SVG without scripts, event handlers,
// entities, and references to anything but itself and pictures within it.
func isStillSVG(content []byte) bool {
	d := xml.NewDecoder(bytes.NewReader(content)) //nolint:gosec // tokens are looked at, and nothing is made of them
	d.Strict = true
	depth, elements := 0, 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return elements > 0
		}
		if err != nil {
			return false
		}
		switch t := token.(type) {
		case xml.ProcInst:
			if t.Target != "xml" {
				return false
			}
		case xml.Directive:
			if !plainDoctype.Match(t) {
				return false
			}
		case xml.StartElement:
			if elements == 0 && (t.Name.Local != "svg" || t.Name.Space != nsSVG) || !isStill(t) {
				return false
			}
			elements++
			if depth++; depth > maxSVGDepth {
				return false
			}
		case xml.EndElement:
			depth--
		}
	}
}

// plainDoctype is a document type without a subset of its own, which could
// define entities.
var plainDoctype = regexp.MustCompile(`^(?is:DOCTYPE\s+svg\b[^\[\]<>]*)$`)

func isStill(e xml.StartElement) bool {
	name := strings.ToLower(e.Name.Local)
	if slices.Contains(active, name) {
		return false
	}
	for _, a := range e.Attr {
		key, value := strings.ToLower(a.Name.Local), strings.ToLower(strings.TrimSpace(a.Value))
		switch {
		case strings.HasPrefix(key, "on"):
			return false
		case key == "href" || key == "src":
			if !strings.HasPrefix(value, "#") && !strings.HasPrefix(value, "data:image/") || strings.HasPrefix(value, "data:"+typeSVG) {
				return false
			}
		case key == "attributename": // an animation can write what could not stand here
			if strings.HasPrefix(value, "on") || strings.Contains(value, "href") {
				return false
			}
		}
	}
	return true
}

// pictureEndings are what files of the types are called.
var pictureEndings = map[string]string{"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "image/gif": "gif", typeSVG: "svg"}

// PictureEnding returns what the names of files of a type end in, without dot.
func PictureEnding(contentType string) string { return pictureEndings[contentType] }

// WritePicture answers with a picture that somebody uploaded. Whoever opens it
// by itself gets a document that can run nothing and ask nobody; an SVG is kept
// as a file and not opened. etag is of its content: it never changes.
func WritePicture(w http.ResponseWriter, r *http.Request, contentType, etag string, content []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; sandbox")
	how := "inline"
	if contentType == typeSVG {
		how = "attachment"
	}
	h.Set("Content-Disposition", how+`; filename="picture.`+PictureEnding(contentType)+`"`)
	h.Set("Cross-Origin-Resource-Policy", "cross-origin") // it is a logo, and stands in mail and on pages of others
	h.Set("Cache-Control", assetCache)
	h.Set("ETag", etag)
	if r.Header.Get("If-None-Match") == etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	_, _ = w.Write(content) // the only failure is a closed connection
}
