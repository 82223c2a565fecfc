package console

import (
	"context"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
	"guestlist/internal/web"
)

// visit is one request, with all that a page needs.
type visit struct {
	d     *Door
	w     http.ResponseWriter
	r     *http.Request
	query url.Values
	form  url.Values // of a POST that is not multipart

	api   *client.Client // as the person at the keyboard
	who   session
	lang  string
	theme string

	offers map[string]offer // see offered
}

// ctx returns the context of the request.
func (v *visit) ctx() context.Context { return v.r.Context() }

// id returns a part of the path, e.g. of /console/roles/{id}.
func (v *visit) id(name string) string { return v.r.PathValue(name) }

// T returns a phrase by area and key, e.g. "roles.title"; args are pairs of
// name and value.
func (v *visit) T(key string, args ...any) string {
	return ui.Say(v.d.set.Phrases, v.lang, key, pairs(args))
}

// N is T in the form that n takes in the language: key_one, key_other…
// (CLDR). {{count}} is filled.
func (v *visit) N(key string, n int, args ...any) string {
	all := pairs(args)
	all["count"] = v.count(n)
	return v.d.set.Phrases.N(v.lang, key, n, all)
}

func pairs(args []any) map[string]any {
	m := map[string]any{}
	for i := 0; i+1 < len(args); i += 2 {
		m[args[i].(string)] = args[i+1]
	}
	return m
}

// count writes a number.
func (v *visit) count(n int) string { return ui.Count(v.lang, n) }

// enumerated writes what there is, with the language's comma between.
func (v *visit) enumerated(list []string) string { return strings.Join(list, v.T("ui.comma")) }

// day writes a day of statistics as the language does.
func (v *visit) day(date string) string {
	at, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return date
	}
	return web.Day(v.lang, guestlist.TimeOf(at))
}

// now is the time of the page.
func (v *visit) now() guestlist.Time { return guestlist.TimeOf(v.d.Now()) }

// has reports whether there is a page that is open to whoever looks, so that
// nothing leads nowhere.
func (v *visit) has(path string) bool { return v.d.paths[path] && v.opens(path) }

// open adapts a page that needs nobody signed in. Nothing else does.
func (d *Door) open(do func(*visit) error) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		v, err := d.visit(w, r)
		if err != nil {
			return err
		}
		if err := do(v); err != nil {
			return v.failed(err)
		}
		return nil
	}
}

// signedIn adapts a page for administrators.
func (d *Door) signedIn(do func(*visit) error) web.Handler {
	return d.open(func(v *visit) error {
		s, ok, err := d.session(v.w, v.r)
		if err != nil {
			return err
		}
		if !ok {
			return v.nobody()
		}
		v.who = s
		v.api = &client.Client{
			Endpoint: d.Endpoint, HTTP: d.HTTP, Lang: v.lang,
			Token: func(context.Context) (string, error) { return s.Access, nil },
		}
		return do(v)
	})
}

func (d *Door) visit(w http.ResponseWriter, r *http.Request) (*visit, error) {
	v := &visit{d: d, w: w, r: r}
	v.prefer()
	var err error
	if v.query, err = web.Query(r); err != nil {
		return nil, err
	}
	if r.Method == http.MethodPost && !v.isUpload() {
		v.form, err = web.ReadForm(w, r)
	}
	return v, err
}

// isUpload reports whether the body has files. The page reads it by itself.
func (v *visit) isUpload() bool {
	t, _, err := mime.ParseMediaType(v.r.Header.Get("Content-Type"))
	return err == nil && t == "multipart/form-data"
}

// maxFieldOfUpload bounds a field beside a file, in bytes.
const maxFieldOfUpload = 64 << 10

// file reads a multipart form up to the file of a name, of at most so many
// bytes. Fields that stand before it are in v.form then. The path has to be
// among the server's streams if the file may be larger than web.MaxBody.
func (v *visit) file(field string, most int64) (name string, content io.Reader, err error) {
	v.form = url.Values{}
	v.r.Body = http.MaxBytesReader(v.w, &patientBody{v.r.Body, http.NewResponseController(v.w)}, most)
	parts, err := v.r.MultipartReader()
	if err != nil {
		return "", nil, guestlist.Refuse(guestlist.KindInvalid, "request.form_expected").Because(err)
	}
	for {
		part, err := parts.NextPart()
		if err != nil {
			return "", nil, guestlist.Refuse(guestlist.KindInvalid, "request.body_unreadable").Because(err)
		}
		if part.FormName() == field && part.FileName() != "" {
			return part.FileName(), part, nil
		}
		text, err := io.ReadAll(io.LimitReader(part, maxFieldOfUpload))
		if err != nil || !utf8.Valid(text) {
			return "", nil, guestlist.Refuse(guestlist.KindInvalid, "request.invalid_text").Because(err)
		}
		if part.FileName() == "" {
			v.form.Add(part.FormName(), string(text))
		}
	}
}

// uploadPatience is how long an upload waits for the next bytes, and how long
// the answer may then take.
const uploadPatience = time.Minute

// patientBody gives the browser uploadPatience for each read: while bytes come
// in, nobody is lost.
type patientBody struct {
	io.ReadCloser
	conn *http.ResponseController
}

func (b *patientBody) Read(p []byte) (int, error) {
	soon := time.Now().Add(uploadPatience)
	_ = b.conn.SetReadDeadline(soon) // tests have no connection, and no need
	_ = b.conn.SetWriteDeadline(soon.Add(uploadPatience))
	return b.ReadCloser.Read(p)
}

// show answers with a page.
func (v *visit) show(p *ui.Page) error { return v.showAs(http.StatusOK, p) }

func (v *visit) showAs(status int, p *ui.Page) error {
	shell := ui.Shell{
		Lang: v.lang, Theme: v.theme, Now: v.now(), Path: v.r.URL.RequestURI(),
		Fragment: v.r.Header.Get(ui.HeaderFragment), Who: ui.Who{Name: v.who.Name, Detail: v.who.Detail},
	}
	if !p.Bare {
		shell.Groups = v.places()
	}
	if v.r.Method != http.MethodGet {
		shell.Path = Path
	}
	if shell.Fragment == "" {
		shell.Flash = v.takeFlash()
	}
	return v.d.set.Write(v.w, status, shell, p)
}

// to leads the browser on after a form.
func (v *visit) to(path string) error {
	leadTo(v.w, path)
	return nil
}

// done leads on to a page, which says that something was done, once.
func (v *visit) done(path, text string) error { return v.doneWith(path, ui.Flash{Text: text}) }

// doneWith is done with a tone, or a way to take it back.
func (v *visit) doneWith(path string, f ui.Flash) error {
	v.leaveFlash(f)
	return v.to(path)
}

// page returns the number of the page of a list that is asked for.
func (v *visit) page() int {
	n, err := strconv.Atoi(v.query.Get("page"))
	if err != nil || n < 1 {
		return 1
	}
	return n
}

// list reads a page of a list and returns its paging. query may be nil.
func (v *visit) list(path string, query url.Values, out any) (ui.Paging, error) {
	answer, err := v.api.List(v.ctx(), path, query, v.page(), ui.PageSize, out)
	return ui.PageOf(v.r.URL, v.page(), ui.PageSize, answer.Total, answer.Capped), err
}

// searching is the query that finds what contains a text in any column.
func searching(text string) url.Values {
	q := url.Values{}
	if text = strings.TrimSpace(text); text != "" {
		q.Set("search", "%"+likeEscape.Replace(text)+"%")
	}
	return q
}

var likeEscape = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// wantsData reports whether a script asked, and not somebody who looks.
func (v *visit) wantsData() bool {
	return v.r.Header.Get(ui.HeaderFragment) != "" || strings.HasSuffix(v.r.URL.Path, ".json") ||
		strings.Contains(v.r.Header.Get("Accept"), "text/event-stream")
}

const (
	cookiePrefs = "console_prefs"
	prefsTTL    = 365 * 24 * time.Hour
)

func preferenceRoutes() []route {
	return []route{post(Path+"/preferences", postPreferences), get(pathSignedIn, getSignedIn)}
}

var themes = []string{"auto", "light", "dark"}

// prefer finds language and theme: those that were chosen, or those of the
// browser.
func (v *visit) prefer() {
	chosen, _ := v.d.Cookies.Get(v.r, cookiePrefs)
	lang, theme, _ := strings.Cut(chosen, ".")
	v.lang, v.theme = lang, theme
	if !slices.Contains(web.Languages, lang) {
		v.lang = v.d.set.Phrases.Match("", v.r.Header.Get("Accept-Language"), true, web.Fallback)
	}
	if !slices.Contains(themes, theme) {
		v.theme = themes[0]
	}
}

func postPreferences(v *visit) error {
	lang, theme := v.form.Get("lang"), v.form.Get("theme")
	if slices.Contains(web.Languages, lang) && slices.Contains(themes, theme) {
		v.d.Cookies.Set(v.w, cookiePrefs, lang+"."+theme, web.CookieOptions{MaxAge: prefsTTL})
	}
	return v.to(safeReturn(v.form.Get("return")))
}
