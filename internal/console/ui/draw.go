package ui

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"net/http"
	"path"
	"strings"
	"time"

	"guestlist"
	"guestlist/internal/web"
)

//go:embed pages assets
var files embed.FS

// AssetPath is where the assets are mounted, followed by {version}/{file}.
const AssetPath = "/console/assets/"

const assetCache = "public, max-age=31536000, immutable"

// HeaderFragment is sent by scripts that want one block of a page: its value
// is the id of the block's element.
const HeaderFragment = "Guestlist-Fragment"

var errNoAsset = guestlist.Refuse(guestlist.KindNotFound, "request.route_not_found")

// Set draws pages. Phrases has to hold the set "ui".
type Set struct {
	Phrases *web.Phrases

	tmpl    *template.Template
	assets  map[string]*web.Asset
	version string
}

// NewSet reads templates and assets. It fails only if the build is broken.
func NewSet(phrases *web.Phrases) (*Set, error) {
	s := &Set{Phrases: phrases, assets: map[string]*web.Asset{}}
	var err error
	s.tmpl, err = template.New("ui").Funcs(template.FuncMap{
		"on":    func(s *sheet, v any) part { return part{s, v} },
		"kind":  func(b Block) string { return b.template() },
		"icon":  func(name string) string { return icons[name] },
		"color": color, "initial": initial,
	}).ParseFS(files, "pages/*.html")
	if err != nil {
		return nil, fmt.Errorf("ui: %w", err)
	}
	return s, s.readAssets()
}

// readAssets prepares style sheet and scripts. All have one version in their
// path, so that scripts may import each other by name.
func (s *Set) readAssets() error {
	entries, err := files.ReadDir("assets")
	if err != nil {
		return err
	}
	sum := sha256.New()
	bodies := map[string][]byte{}
	for _, e := range entries {
		body, err := files.ReadFile("assets/" + e.Name())
		if err != nil {
			return err
		}
		body = web.Squeeze(e.Name(), body)
		if e.Name() == styleFile {
			accents := []byte(web.HouseTheme().CSS() + "\n")
			body = bytes.Join([][]byte{web.StyleTokens(), accents, body}, nil)
		}
		bodies[e.Name()] = body
		sum.Write([]byte(e.Name()))
		sum.Write(body)
	}
	s.version = hex.EncodeToString(sum.Sum(nil)[:6])
	types := map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
	for name, body := range bodies {
		s.assets[name] = web.NewAsset(types[path.Ext(name)], assetCache, body)
	}
	return nil
}

const (
	styleFile  = "console.css"
	scriptFile = "console.js"
	iconFile   = "icon.svg"
)

// Asset serves GET AssetPath{version}/{file}.
func (s *Set) Asset(w http.ResponseWriter, r *http.Request) error {
	a, ok := s.assets[r.PathValue("file")]
	if !ok || r.PathValue("version") != s.version {
		return errNoAsset
	}
	a.ServeHTTP(w, r)
	return nil
}

// Write answers with a page. Status 0 means 200. It writes nothing if it fails.
func (s *Set) Write(w http.ResponseWriter, status int, shell Shell, page *Page) error {
	if shell.Theme == "" {
		shell.Theme = "auto"
	}
	sh := &sheet{Page: page, Shell: shell, set: s}
	var b bytes.Buffer
	b.Grow(32 << 10)
	name := "page.html"
	if shell.Fragment != "" {
		name = "body"
	}
	if err := s.tmpl.ExecuteTemplate(&b, name, sh); err != nil {
		return fmt.Errorf("ui: %s: %w", page.Name, err)
	}
	web.PageHeaders(w, web.Policy{Images: page.Images, Frames: page.Frames})
	h := w.Header()
	h.Set("Content-Language", shell.Lang)
	h.Set("X-Robots-Tag", "noindex")
	if status == 0 {
		status = http.StatusOK
	}
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the only failure is a closed connection
	return nil
}

// color lets nothing but a colour into a drawing.
func color(s string) string {
	digits, ok := strings.CutPrefix(s, "#")
	if _, err := hex.DecodeString(digits); !ok || err != nil || len(digits) != 6 {
		return "#808080"
	}
	return s
}

// initial is the letter that stands for a person.
func initial(name string) string {
	for _, r := range name {
		return strings.ToUpper(string(r))
	}
	return "?"
}

// sheet is the data of the templates.
type sheet struct {
	*Page
	Shell Shell
	set   *Set
}

// part is a value with the sheet that it stands on.
type part struct {
	S *sheet
	V any
}

// T returns a phrase of the set "ui".
func (s *sheet) T(key string) string { return Say(s.set.Phrases, s.Shell.Lang, "ui."+key, nil) }

// Tn is T with the placeholder {{n}}.
func (s *sheet) Tn(key string, n any) string {
	return Say(s.set.Phrases, s.Shell.Lang, "ui."+key, map[string]any{"n": n})
}

// N is T in the form that n takes in the language.
func (s *sheet) N(key string, n int) string {
	return s.set.Phrases.N(s.Shell.Lang, "ui."+key, n, map[string]any{"count": s.Count(n)})
}

// Problem is what is wrong with a field, for the head of a form.
func (s *sheet) Problem(label, text string) string {
	return Say(s.set.Phrases, s.Shell.Lang, "ui.form.problem", map[string]any{"label": label, "text": text})
}

// Missing marks a phrase that nobody wrote; tests look for it on every page.
const Missing = "⟦"

// Say returns a phrase, and makes one that is missing easy to find.
func Say(p *web.Phrases, lang, key string, args map[string]any) string {
	if !p.Has(key) {
		return Missing + key + "⟧"
	}
	return p.T(lang, key, args)
}

// Dir returns the writing direction.
func (s *sheet) Dir() string { return web.Dir(s.Shell.Lang) }

// Asset returns the path of an asset.
func (s *sheet) Asset(name string) string { return AssetPath + s.set.version + "/" + name }

// CSS, JS and Icon are the assets of every page.
func (s *sheet) CSS() string { return s.Asset(styleFile) }

// JS is the script that imports the others.
func (s *sheet) JS() string { return s.Asset(scriptFile) }

// Icon is the picture of the tab.
func (s *sheet) Icon() string { return s.Asset(iconFile) }

// languageNames are languages by their own names.
var languageNames = map[string]string{
	"en": "English", "de": "Deutsch", "fr": "Français", "es": "Español", "ja": "日本語", "ar": "العربية", "pt": "Português", "it": "Italiano",
	"nl": "Nederlands", "pl": "Polski", "tr": "Türkçe", "ko": "한국어", "zh": "中文", "ru": "Русский", "uk": "Українська", "cs": "Čeština",
	"sv": "Svenska", "da": "Dansk", "nb": "Norsk bokmål", "fi": "Suomi", "el": "Ελληνικά", "he": "עברית", "hi": "हिन्दी", "id": "Bahasa Indonesia",
	"th": "ไทย", "vi": "Tiếng Việt", "ro": "Română", "hu": "Magyar", "fa": "فارسی", "ur": "اردو", "bg": "Български", "hr": "Hrvatski",
}

// LanguageName is what a language calls itself, with the tag where that says
// more; the tag where the name is not known here.
func LanguageName(tag string) string {
	base, rest, _ := strings.Cut(tag, "-")
	name, ok := languageNames[base]
	switch {
	case !ok:
		return tag
	case rest != "":
		return name + " (" + tag + ")"
	}
	return name
}

// Languages are what the page can be read in, by their own names.
func (s *sheet) Languages() []Option {
	var out []Option
	for _, l := range web.Languages {
		out = append(out, Option{Value: l, Text: LanguageName(l)})
	}
	return out
}

// Themes are the choices of light and dark.
func (s *sheet) Themes() []Option {
	return []Option{{Value: "auto", Text: s.T("theme.auto")}, {Value: "light", Text: s.T("theme.light")}, {Value: "dark", Text: s.T("theme.dark")}}
}

// ago are the steps of relative times.
var ago = []struct {
	under, unit time.Duration
	key         string
}{
	{time.Minute, time.Minute, "moments"},
	{time.Hour, time.Minute, "minutes"},
	{24 * time.Hour, time.Hour, "hours"},
	{30 * 24 * time.Hour, 24 * time.Hour, "days"},
}

// Ago writes a moment relative to now, or its day if it is long ago.
func (s *sheet) Ago(at guestlist.Time) string {
	d, when := s.Shell.Now.Sub(at), "ago."
	if d < 0 {
		d, when = (-d).Round(time.Minute), "in." // two days less a moment are two days
	}
	for _, step := range ago {
		if d < step.under {
			return s.N("time."+when+step.key, int(d/step.unit))
		}
	}
	return web.Day(s.Shell.Lang, at)
}

// Exact writes a moment to the minute, in UTC.
func (s *sheet) Exact(at guestlist.Time) string { return web.Moment(s.Shell.Lang, at) }

// Stamp is a moment for scripts.
func (s *sheet) Stamp(at guestlist.Time) string { return at.Std().Format(time.RFC3339) }

// Total writes how many rows there are.
func (s *sheet) Total(p Paging) string {
	if p.Capped {
		return s.Count(p.Total) + "+"
	}
	return s.Count(p.Total)
}

// Count writes a whole number in groups of three.
func (s *sheet) Count(n int) string { return Count(s.Shell.Lang, n) }

// Count writes a whole number in groups of three, as the language does.
func Count(lang string, n int) string {
	mark := map[string]string{"de": ".", "es": ".", "fr": "\u202f"}[lang]
	if mark == "" {
		mark = ","
	}
	text := fmt.Sprint(n)
	sign := ""
	if n < 0 {
		sign, text = "-", text[1:]
	}
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + mark + text[i:]
	}
	return sign + text
}

// AnyProblem reports whether a form of the page has something wrong.
func (s *sheet) AnyProblem() bool { return anyProblem(s.Body) }

func anyProblem(blocks []Block) bool {
	for _, b := range blocks {
		switch b := b.(type) {
		case *Form:
			if b.Problem != "" || len(b.Problems()) > 0 {
				return true
			}
		case Section:
			if anyProblem(b.Body) {
				return true
			}
		case Columns:
			if anyProblem(b.Main) || anyProblem(b.Side) {
				return true
			}
		}
	}
	return false
}
