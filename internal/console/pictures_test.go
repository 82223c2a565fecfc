//go:build pictures

package console_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"guestlist/internal/web"
	"guestlist/internal/web/webtest"
)

// The variants of a picture. A phone's pages stand six beside each other on a
// sheet, a desktop's three.
var (
	looks   = []string{"light", "dark"}
	devices = []device{{name: "phone", width: 390, height: 844, across: 6, shown: 300}, {name: "desk", width: 1280, height: 800, across: 2, shown: 800}}
)

type device struct {
	name          string
	width, height int64
	across, shown int // pictures in a row of a sheet, and how wide each is there
}

// tallest is how many pixels of a page are photographed.
const tallest = 3200

// shot is a page that is photographed: its name, and how a browser comes to it
// whose language is chosen. It is come to once in each language.
type shot struct {
	name string
	show func() *webtest.Answer
}

// gallery is what there is to see of one server.
type gallery struct {
	h     *house
	b     *webtest.Browser
	shots []shot
}

// at adds a page that has an address.
func (g *gallery) at(name, path string) {
	g.from(name, func() *webtest.Answer { return g.b.Get(g.h.url + "/console" + path) })
}

// from adds a page that is come to otherwise.
func (g *gallery) from(name string, show func() *webtest.Answer) {
	g.shots = append(g.shots, shot{name, show})
}

// after adds what a form answers. The form is read once: sent again it means the
// same.
func (g *gallery) after(name, path string, fill map[string]string) {
	form := g.b.Get(g.h.url + "/console" + path)
	g.from(name, func() *webtest.Answer { return g.b.Submit(form, "#form", fill) })
}

// unfolded adds a page whose foldable part is open.
func (g *gallery) unfolded(name, path, class string) {
	g.from(name, func() *webtest.Answer {
		a := g.b.Get(g.h.url + "/console" + path)
		a.Source = strings.ReplaceAll(a.Source, `<details class="`+class+`"`, `<details open class="`+class+`"`)
		return a
	})
}

// TestPictures takes pictures of the console's pages, for people to look at, and
// of each page a sheet with its languages beside each other. Whether a page is
// good is not for a machine to say, so it runs only when it is asked for:
// GUESTLIST_PICTURES=directory go test -tags pictures -run TestPictures.
// GUESTLIST_PICTURES_OF narrows it, e.g. "overview/ar/dark/phone campaign*/*/*/*".
func TestPictures(t *testing.T) {
	dir := os.Getenv("GUESTLIST_PICTURES")
	if dir == "" {
		t.Fatal("set GUESTLIST_PICTURES to a directory to take pictures of the pages")
	}
	s := newStudio(t, dir)
	for _, hang := range []func(*testing.T) *gallery{
		partsGallery, emptyGallery, invitationGallery, campaignGallery, waitlistGallery, referralGallery,
	} {
		g := hang(t)
		s.h, s.b = g.h, g.b
		taken := map[string][]string{}
		for _, lang := range web.Languages {
			g.b.Post(g.h.url+"/console/preferences", values("lang", lang, "theme", "auto"))
			for _, page := range g.shots {
				if wanted(page.name, lang) {
					s.photograph(page, lang, taken)
				}
			}
		}
		for _, page := range g.shots {
			s.sheets(page.name, taken)
		}
	}
}

// wanted reports whether a picture is asked for; of a page in a language, any.
func wanted(parts ...string) bool {
	of := strings.Fields(os.Getenv("GUESTLIST_PICTURES_OF"))
	for _, pattern := range of {
		some := strings.Split(pattern, "/")
		ok, err := filepath.Match(strings.Join(some[:min(len(parts), len(some))], "/"), strings.Join(parts, "/"))
		if ok && err == nil {
			return true
		}
	}
	return len(of) == 0
}

// studio shows a browser what it is to photograph.
type studio struct {
	t   *testing.T
	dir string
	tab context.Context
	srv *httptest.Server

	one   sync.Mutex
	h     *house
	b     *webtest.Browser
	shown *webtest.Answer // nil for a sheet
	sheet string
}

func newStudio(t *testing.T, dir string) *studio {
	t.Helper()
	chromium, err := webtest.Chromium()
	if err != nil {
		t.Fatal(err)
	}
	s := &studio{t: t, dir: dir}
	s.srv = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.srv.Close)
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU, chromedp.ExecPath(chromium))
	browser, end := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(end)
	tab, end := chromedp.NewContext(browser)
	t.Cleanup(end)
	s.tab = tab
	return s
}

func (s *studio) serve(w http.ResponseWriter, r *http.Request) {
	s.one.Lock()
	defer s.one.Unlock()
	switch {
	case r.URL.Path == "/" && s.shown == nil:
		_, _ = w.Write([]byte(s.sheet))
	case r.URL.Path == "/":
		for _, name := range []string{"Content-Type", "Content-Security-Policy"} {
			w.Header().Set(name, s.shown.Header.Get(name))
		}
		_, _ = w.Write([]byte(s.shown.Source))
	case r.Method != http.MethodGet || strings.HasSuffix(r.URL.Path, "/events"): // what goes on stands still for its picture
		w.WriteHeader(http.StatusNoContent)
	default:
		a := s.b.Get(s.h.url + r.URL.RequestURI())
		for _, name := range []string{"Content-Type", "Cache-Control"} {
			w.Header().Set(name, a.Header.Get(name))
		}
		w.WriteHeader(a.Status)
		_, _ = w.Write([]byte(a.Source))
	}
}

// photograph takes the pictures of a page in one language that are asked for. A
// page that goes beyond a screen sideways is wrong whoever looks.
func (s *studio) photograph(page shot, lang string, taken map[string][]string) {
	s.t.Helper()
	a := page.show()
	if a.One("html").Attr("lang") != lang {
		s.t.Errorf("%s is not in %s: %s", page.name, lang, a.Source)
	}
	s.shown = a
	for _, look := range looks {
		for _, d := range devices {
			if !wanted(page.name, lang, look, d.name) {
				continue
			}
			s.open(look, d)
			if wide := s.measure("document.documentElement.scrollWidth"); wide > d.width {
				s.t.Errorf("%s in %s on a %s is %d pixels wide", page.name, lang, d.name, wide)
			}
			picture := filepath.Join(s.dir, strings.Join([]string{page.name, lang, look, d.name}, "_")+".png")
			s.take(picture, d.width)
			sheet := page.name + "_" + look + "_" + d.name
			taken[sheet] = append(taken[sheet], picture)
		}
	}
}

// sheets lay the languages of a page beside each other.
func (s *studio) sheets(name string, taken map[string][]string) {
	s.t.Helper()
	s.shown = nil
	for _, look := range looks {
		for _, d := range devices {
			pictures := taken[name+"_"+look+"_"+d.name]
			if len(pictures) < 2 {
				continue
			}
			var b strings.Builder
			fmt.Fprintf(&b, `<!doctype html><style>body{margin:0;background:#888;display:grid;gap:6px;align-items:start;grid-template-columns:repeat(%d,%dpx)}img{width:100%%}</style>`, d.across, d.shown)
			for _, picture := range pictures {
				png, err := os.ReadFile(picture)
				if err != nil {
					s.t.Fatal(err)
				}
				fmt.Fprintf(&b, `<img src="data:image/png;base64,%s">`, base64.StdEncoding.EncodeToString(png))
			}
			s.sheet = b.String()
			all := device{width: int64(d.across * (d.shown + 6)), height: d.height}
			s.open(look, all)
			s.take(filepath.Join(s.dir, "sheet_"+name+"_"+look+"_"+d.name+".png"), all.width)
		}
	}
}

// open shows what is shown on a device.
func (s *studio) open(look string, d device) {
	s.t.Helper()
	features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: look}, {Name: "prefers-reduced-motion", Value: "reduce"}}
	if _, err := chromedp.Call(s.tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features}); err != nil {
		s.t.Fatal(err)
	}
	// The query makes each a new document for the browser.
	to := s.srv.URL + "/?" + strconv.FormatInt(time.Now().UnixNano(), 36)
	if err := chromedp.Do(s.tab, chromedp.EmulateViewport(d.width, d.height), chromedp.Navigate(to)); err != nil {
		s.t.Fatal(err)
	}
}

func (s *studio) measure(script string) int64 {
	s.t.Helper()
	n, err := chromedp.Run(s.tab, chromedp.Evaluate[int64](script))
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

// take writes a picture of what is open, as high as it is.
func (s *studio) take(file string, width int64) {
	s.t.Helper()
	high := max(400, s.measure("Math.ceil(document.body.getBoundingClientRect().height)"))
	if s.shown != nil {
		high = min(high, tallest)
	}
	if err := chromedp.Do(s.tab, chromedp.EmulateViewport(width, high)); err != nil {
		s.t.Fatal(err)
	}
	png, err := chromedp.Run(s.tab, chromedp.CaptureScreenshot())
	if err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(file, png, 0o600); err != nil {
		s.t.Fatal(err)
	}
}
