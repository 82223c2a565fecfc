package management

import (
	"bytes"
	"encoding/base64"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"guestlist/internal/store"
	"guestlist/internal/web"
)

// onePixel is a PNG.
var onePixel, _ = base64.StdEncoding.DecodeString("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")

const stillSVG = `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 2"><style>rect{fill:red}</style><rect width="2" height="2"/><use href="#a"/></svg>`

// upload sends a file as browsers do.
func (f *fixture) upload(field, name, kind string, content []byte) answer {
	f.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	part, err := w.CreatePart(map[string][]string{
		"Content-Disposition": {`form-data; name="` + field + `"; filename="` + name + `"`}, "Content-Type": {kind},
	})
	if err != nil {
		f.t.Fatal(err)
	}
	_, _ = part.Write(content)
	_ = w.Close()
	req, err := http.NewRequestWithContext(f.t.Context(), "POST", f.srv.URL+"/api/user-assets", &body)
	if err != nil {
		f.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+f.good)
	req.Header.Set("Content-Type", w.FormDataContentType())
	return f.do(req)
}

func TestPicturesAreKeptOnceAndServedToAnybody(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		var status assetStatus
		f.must(200, "GET", "/api/user-assets/service-status", nil).decode(t, &status)
		if status.Status != "ready" || status.MaxUploadFileSize != web.MaxPicture {
			t.Errorf("status %+v", status)
		}
		for _, tt := range []struct{ name, kind, disposition string }{
			{"logo.exe", "image/png", `inline; filename="picture.png"`},
			{`../<script>.svg`, "image/svg+xml", `attachment; filename="picture.svg"`},
		} {
			content := onePixel
			if tt.kind != "image/png" {
				content = []byte(stillSVG)
			}
			first := f.upload("file", tt.name, "text/html", content).field(t, "url")
			if again := f.upload("file", "other", "image/gif", content).field(t, "url"); again != first {
				t.Errorf("the same picture is kept twice: %s and %s", first, again)
			}
			path := strings.TrimPrefix(first, f.api.Endpoint)
			a := f.send("GET", path, nil, "")
			h := a.header
			if a.status != 200 || !bytes.Equal(a.body, content) || h.Get("Content-Type") != tt.kind || h.Get("Content-Disposition") != tt.disposition ||
				h.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(h.Get("Content-Security-Policy"), "default-src 'none'") ||
				!strings.Contains(h.Get("Content-Security-Policy"), "sandbox") {
				t.Errorf("%s: %d %v", path, a.status, h)
			}
			f.must(204, "DELETE", path, nil)
			f.refused(404, "entity.not_found", "GET", path, nil)
			f.refused(404, "entity.not_found", "DELETE", path, nil)
		}
	})
}

func TestPicturesOfPreviewsStayOnceSettingsShowThem(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		passing := func(content string) (url, path string) {
			var body bytes.Buffer
			w := multipart.NewWriter(&body)
			_ = w.WriteField("passing", "true")
			part, err := w.CreateFormFile("file", "x")
			if err != nil {
				t.Fatal(err)
			}
			_, _ = part.Write([]byte(content))
			_ = w.Close()
			req, err := http.NewRequestWithContext(t.Context(), "POST", f.srv.URL+"/api/user-assets", &body)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+f.good)
			req.Header.Set("Content-Type", w.FormDataContentType())
			url = f.do(req).field(t, "url")
			return url, strings.TrimPrefix(url, f.api.Endpoint)
		}
		shown, shownPath := passing(stillSVG)
		_, triedPath := passing(string(onePixel))
		branding := func(url string) map[string]any {
			return map[string]any{"branding": map[string]string{"logoUrl": url}}
		}
		f.must(200, "PATCH", "/api/sign-in-exp", branding(shown))
		if err := f.api.Store.Update(t.Context(), func(tx *store.Tx) error {
			later := *tx
			later.Now = tx.Now.Add(2 * store.KeepUnused)
			_, err := later.Sweep()
			return err
		}); err != nil {
			t.Fatal(err)
		}
		f.must(200, "GET", shownPath, nil)
		f.refused(404, "entity.not_found", "GET", triedPath, nil)
		f.refused(422, "storage.picture_gone", "PATCH", "/api/sign-in-exp", branding(f.api.Endpoint+triedPath))
		f.must(200, "PATCH", "/api/sign-in-exp", branding("https://elsewhere.example"+triedPath))
		f.must(204, "DELETE", shownPath, nil)
	})
}

func TestWhatIsNoPictureIsRefused(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		svg := func(inner string) string { return `<svg xmlns="http://www.w3.org/2000/svg">` + inner + `</svg>` }
		for name, content := range map[string]string{
			"HTML":                 "<!doctype html><script>alert(1)</script>",
			"HTML that says SVG":   `<html><svg xmlns="http://www.w3.org/2000/svg"/></html>`,
			"script":               svg(`<script>alert(1)</script>`),
			"script, prefixed":     `<svg xmlns="http://www.w3.org/2000/svg" xmlns:x="http://www.w3.org/2000/svg"><x:script>alert(1)</x:script></svg>`,
			"handler":              svg(`<rect onload="alert(1)"/>`),
			"foreign document":     svg(`<foreignObject><body xmlns="http://www.w3.org/1999/xhtml"/></foreignObject>`),
			"link":                 svg(`<a href="javascript:alert(1)"/>`),
			"link, old":            svg(`<a xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href=" javascript:alert(1)"/>`),
			"picture of elsewhere": svg(`<image href="https://evil.example/x.png"/>`),
			"SVG within":           svg(`<image href="data:image/svg+xml;base64,AAAA"/>`),
			"animation of a link":  svg(`<set attributeName="xlink:href" to="javascript:alert(1)"/>`),
			"entity":               `<!DOCTYPE svg [<!ENTITY x "y">]>` + svg("&x;"),
			"style sheet":          `<?xml-stylesheet href="https://evil.example/"?>` + svg(""),
			"another root":         `<x xmlns="http://www.w3.org/2000/svg"/>`,
			"no namespace":         `<svg/>`,
			"cut off":              `<svg xmlns="http://www.w3.org/2000/svg"><g>`,
			"deep":                 svg(strings.Repeat("<g>", 300) + strings.Repeat("</g>", 300)),
			"PDF":                  "%PDF-1.7",
			"nothing":              "",
		} {
			if a := f.upload("file", "logo.png", "image/png", []byte(content)); a.status != 400 || a.code() != "guard.mime_type_not_allowed" {
				t.Errorf("%s: %d %s", name, a.status, a.body)
			}
		}
		large := append(bytes.Clone(onePixel), make([]byte, web.MaxPicture)...)
		if a := f.upload("file", "x.png", "image/png", large); a.status != 400 || a.code() != "guard.file_size_exceeded" {
			t.Errorf("too large: %d %s", a.status, a.body)
		}
		if a := f.upload("file", "x.png", "image/png", make([]byte, 2*web.MaxBody)); a.code() != "guard.file_size_exceeded" && a.code() != "request.body_too_large" {
			t.Errorf("much too large: %d %s", a.status, a.body)
		}
		if a := f.upload("other", "x.png", "image/png", onePixel); a.code() != "guard.invalid_input" {
			t.Errorf("another field: %d %s", a.status, a.body)
		}
		f.refused(415, "request.form_expected", "POST", "/api/user-assets", map[string]any{"file": "x"})
	})
}
