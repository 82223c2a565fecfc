package web

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"guestlist"
)

//go:embed pages
var pageFiles embed.FS

const (
	assetPath  = "/assets/"
	assetCache = "public, max-age=31536000, immutable"
)

var errNoAsset = guestlist.Refuse(guestlist.KindNotFound, "request.route_not_found")

// Pages draws every page that a person sees at the doors: one template, one
// style sheet, one script, no request to anybody else.
type Pages struct {
	phrases      *Phrases
	tmpl         *template.Template
	assets       map[string]*Asset // by file name
	css, js, ico string            // paths
}

// NewPages reads the embedded template and assets. It fails only if the build
// is broken.
func NewPages(phrases *Phrases) (*Pages, error) {
	p := &Pages{phrases: phrases, assets: map[string]*Asset{}}
	t, err := template.New("page").ParseFS(pageFiles, "pages/*.html")
	if err != nil {
		return nil, err
	}
	p.tmpl = t
	for _, a := range []struct {
		file, contentType string
		path              *string
	}{
		{"page.css", "text/css; charset=utf-8", &p.css},
		{"page.js", "text/javascript; charset=utf-8", &p.js},
		{"icon.svg", "image/svg+xml", &p.ico},
	} {
		body, err := pageFiles.ReadFile("pages/" + a.file)
		if err != nil {
			return nil, err
		}
		body = Squeeze(a.file, body)
		if a.path == &p.css {
			body = append(StyleTokens(), body...)
		}
		sum := sha256.Sum256(body)
		base, ext, _ := strings.Cut(a.file, ".")
		name := base + "." + hex.EncodeToString(sum[:6]) + "." + ext
		p.assets[name] = NewAsset(a.contentType, assetCache, body)
		*a.path = assetPath + name
	}
	return p, nil
}

// StyleTokens is the style sheet of the look's numbers, which stands before any
// other. It has no accents; see Theme.
func StyleTokens() []byte {
	body, err := pageFiles.ReadFile("pages/tokens.css")
	if err != nil {
		panic(err) // it is embedded
	}
	return Squeeze("tokens.css", body)
}

// Squeeze drops comments and indentation of the style sheet and the script:
// they are written for readers and sent to browsers. Only whole-line comments
// are known, so nothing within a line can be mistaken for one.
func Squeeze(name string, body []byte) []byte {
	if strings.HasSuffix(name, ".svg") {
		return body
	}
	var b bytes.Buffer
	comment := false
	for line := range strings.Lines(string(body)) {
		line = strings.TrimSpace(line)
		switch {
		case comment:
			comment = !strings.HasSuffix(line, "*/")
		case strings.HasPrefix(line, "/*"):
			comment = !strings.HasSuffix(line, "*/")
		case line == "" || strings.HasPrefix(line, "//"):
		default:
			b.WriteString(line)
			b.WriteByte('\n')
		}
	}
	return b.Bytes()
}

// Asset serves GET /assets/{file}: names carry a hash of their content, so
// that browsers keep them for ever.
func (p *Pages) Asset(w http.ResponseWriter, r *http.Request) error {
	a, ok := p.assets[r.PathValue("file")]
	if !ok {
		return errNoAsset
	}
	a.ServeHTTP(w, r)
	return nil
}

// Write answers with a page. Status 0 means 200. It writes nothing if it fails.
func (p *Pages) Write(w http.ResponseWriter, status int, look Look, page *Page) error {
	nonce := newNonce()
	if look.Phrases == nil {
		look.Phrases = p.phrases
	}
	if look.Lang == "" {
		look.Lang = Fallback
	}
	if look.Theme == (Theme{}) {
		look.Theme = NewTheme(houseAccent, houseAccentDark, true)
	}
	if look.FaviconURL == "" {
		look.FaviconURL = p.ico
	}
	s := &sheet{
		Page: page, Look: look, Nonce: nonce, CSS: p.css, JS: p.js, Icon: p.ico,
		Ours:   template.CSS(look.Theme.CSS()),        //nolint:forbidigo,gosec // numbers made in theme.go
		Custom: template.CSS(safeCSS(look.CustomCSS)), //nolint:forbidigo,gosec // the tenant's own style, unable to leave its element
		Wait:   look.Phrases.raw(look.Lang, "pages.code.resend_in"),
	}
	var b bytes.Buffer
	b.Grow(16 << 10)
	if err := p.tmpl.ExecuteTemplate(&b, "page.html", s); err != nil {
		return err
	}
	PageHeaders(w, page.policy(look, nonce))
	h := w.Header()
	h.Set("Content-Language", look.Lang)
	h.Set("X-Robots-Tag", "noindex")
	if page.Onward != "" {
		h.Set("Refresh", "0; url="+page.Onward) // HTML §7.4.4: within a second it replaces this page in the history
	}
	w.WriteHeader(statusOr(status))
	_, _ = w.Write(b.Bytes()) // the only failure is a closed connection
	return nil
}

func newNonce() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return base64.RawStdEncoding.EncodeToString(b[:])
}

// safeCSS keeps a tenant's style inside its <style> element. The HTML parser
// ends the element at "</style" only; writing "<" as a CSS escape takes every
// way out and keeps the meaning inside strings.
func safeCSS(css string) string { return strings.ReplaceAll(css, "<", `\3c `) }

// imageOrigin returns the source expression that lets the page load a picture,
// or "" for one of ours or a URL that is none.
func imageOrigin(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
