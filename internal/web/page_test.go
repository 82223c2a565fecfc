package web

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"guestlist"
	"guestlist/internal/web/webtest"
)

func mustPages(t *testing.T) *Pages {
	t.Helper()
	p, err := NewPages(mustLoad(t))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// fullPage uses everything that a page may have.
func fullPage() *Page {
	return &Page{
		Name: "sign-in", Title: "Sign in", Badge: BadgeTicket,
		Lead:  []Part{{Text: "Continue as "}, {Text: "ada@example.com", Name: true}, {Text: "."}},
		Alert: &Alert{Text: "The account or password is not right."},
		Facts: []Fact{{Term: "Continue as", Value: "ada@example.com"}, {Term: "Good until", At: guestlist.Time(1795271400000)}},
		Form: &Form{
			Action: "/sign-in?app_id=x", Submit: "Sign in", Value: "go", Hidden: []Hidden{{"one_time_token", "secret"}},
			Second: &Choice{"Decline", "deny"},
			Fields: []Field{
				{Name: "identifier", Label: "Email", Autocomplete: "username", Value: "ada", Error: "Enter a full address.", Hint: "Like name@example.com."},
				{Name: "password", Label: "Password", Type: "password", Autocomplete: "current-password", Value: "never shown", Rules: []string{"At least 8 characters"}, Link: &Link{"Forgot your password?", "/forgot-password"}},
			},
			Checks: []Check{{Name: "terms", Label: []Part{{Text: "I agree to the "}, {Text: "Terms of use", Href: "https://tenant.example/terms"}}, Error: "Tick the box."}},
		},
		Actions: []Action{{Before: "No account yet?", Text: "Create account", Href: "/register"}, {Text: "Send a new code", Href: "/code", Post: true, Wait: 60e9}},
		Note:    Plain("Small print."),
	}
}

func draw(t *testing.T, look Look, page *Page) (*httptest.ResponseRecorder, *webtest.Doc) {
	t.Helper()
	w := httptest.NewRecorder()
	if err := mustPages(t).Write(w, 0, look, page); err != nil {
		t.Fatal(err)
	}
	return w, webtest.Parse(t, w.Body.String())
}

func TestPageIsAccessible(t *testing.T) {
	_, doc := draw(t, Look{Lang: "ar", Product: "Northwind", TermsURL: "https://tenant.example/t", Signature: true}, fullPage())
	html := doc.One("html")
	if html.Attr("lang") != "ar" || html.Attr("dir") != "rtl" || html.Attr("data-theme") != "auto" {
		t.Errorf("html element: lang=%q dir=%q data-theme=%q", html.Attr("lang"), html.Attr("dir"), html.Attr("data-theme"))
	}
	doc.One("h1")
	doc.One("main")
	doc.One("meta[name=viewport]")
	for _, in := range doc.All("input") {
		if in.Attr("type") == "hidden" {
			continue
		}
		doc.One("label[for=" + in.Attr("id") + "]")
		for id := range strings.FieldsSeq(in.Attr("aria-describedby")) {
			doc.One("#" + id)
		}
	}
	wrong := doc.One("#f-identifier")
	if wrong.Attr("aria-invalid") != "true" || !strings.Contains(wrong.Attr("aria-describedby"), "f-identifier-error") {
		t.Errorf("the wrong field does not say so: %s", wrong.HTML())
	}
	summary := doc.One("[role=alert] ul")
	if links := summary.All("a"); len(links) != 2 || links[0].Attr("href") != "#f-identifier" || links[1].Attr("href") != "#f-terms" {
		t.Errorf("summary: %s", summary.HTML())
	}
	if !strings.HasPrefix(doc.One("title").Text(), "خطأ: ") {
		t.Errorf("the tab does not tell of the error: %q", doc.One("title").Text())
	}
	for _, button := range doc.All("button") {
		if button.Attr("name") != "submit" || button.Attr("type") != "submit" || button.Text() == "" {
			t.Errorf("button: %s", button.HTML())
		}
	}
	if len(doc.All("form .primary")) != 1 {
		t.Error("a page has exactly one primary action")
	}
	if at := doc.One("time").Attr("datetime"); at != "2026-11-21T14:30:00Z" {
		t.Errorf("time = %q", at)
	}
}

func TestPagesNeverShowPasswordsAgain(t *testing.T) {
	w, doc := draw(t, Look{}, fullPage())
	if strings.Contains(w.Body.String(), "never shown") || doc.One("#f-password").HasAttr("value") {
		t.Error("the page repeats a password")
	}
	if doc.One("#f-identifier").Attr("value") != "ada" {
		t.Error("the page forgot what was typed")
	}
}

func TestPageHeaders(t *testing.T) {
	look := Look{LogoURL: "https://cdn.tenant.example/logo.svg", CustomCSS: "body{color:red}"}
	w, doc := draw(t, look, fullPage())
	h := w.Header()
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex",
		"Content-Language": "en", "Content-Type": "text/html; charset=utf-8",
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	csp := h.Get("Content-Security-Policy")
	if !strings.Contains(csp, "img-src 'self' data: https://cdn.tenant.example") || strings.Contains(csp, "unsafe") {
		t.Errorf("policy = %s", csp)
	}
	for _, style := range doc.All("style") {
		if !strings.Contains(csp, "'nonce-"+style.Attr("nonce")+"'") {
			t.Errorf("style with nonce %q under %s", style.Attr("nonce"), csp)
		}
	}
	doc.None("[style]")
	for _, script := range doc.All("script") {
		if script.Text() != "" || !strings.HasPrefix(script.Attr("src"), "/assets/") {
			t.Errorf("script: %s", script.HTML())
		}
	}
	again, _ := draw(t, look, fullPage())
	if again.Header().Get("Content-Security-Policy") == csp {
		t.Error("two pages have the same nonce")
	}
}

// A tenant's style and names cannot become markup.
func TestPageEscapes(t *testing.T) {
	evil := `</style><script src="//evil.example"></script>`
	page := fullPage()
	page.Form.Fields[0].Value = `"><script>alert(1)</script>`
	_, doc := draw(t, Look{Product: evil, CustomCSS: "a{}" + evil + "<!--"}, page)
	if n := len(doc.All("script")); n != 1 {
		t.Errorf("%d scripts on the page, want ours alone", n)
	}
	if n := len(doc.All("style")); n != 2 {
		t.Errorf("%d styles on the page, want ours and the tenant's", n)
	}
	if got := doc.One("#f-identifier").Attr("value"); got != `"><script>alert(1)</script>` {
		t.Errorf("value = %q", got)
	}
	page.Actions = []Action{{Text: "Go", Href: "javascript:alert(1)"}}
	_, doc = draw(t, Look{TermsURL: "javascript:alert(1)", LogoURL: "javascript:alert(1)"}, page)
	for _, n := range append(doc.All("[href]"), doc.All("[src]")...) {
		if strings.HasPrefix(n.Attr("href")+n.Attr("src"), "javascript:") {
			t.Errorf("a script in a link: %s", n.HTML())
		}
	}
}

// maxPageWeight is the promise: a sign-in page weighs less than this in all, in
// bytes before compression.
const maxPageWeight = 40_000

func TestPageIsLightAndAsksNobodyElse(t *testing.T) {
	pages := mustPages(t)
	w, doc := draw(t, Look{Product: "Northwind", Signature: true, TermsURL: "https://tenant.example/t"}, fullPage())
	total := w.Body.Len()
	var loaded []string
	for _, n := range append(doc.All("link[href]"), doc.All("[src]")...) {
		loaded = append(loaded, n.Attr("href")+n.Attr("src"))
	}
	if len(loaded) != 3 {
		t.Fatalf("the page loads %v", loaded)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /assets/{file}", func(w http.ResponseWriter, r *http.Request) {
		if err := pages.Asset(w, r); err != nil {
			w.WriteHeader(http.StatusNotFound)
		}
	})
	for _, u := range loaded {
		a := httptest.NewRecorder()
		mux.ServeHTTP(a, httptest.NewRequest(http.MethodGet, u, nil))
		if a.Code != http.StatusOK || !strings.Contains(a.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d %q", u, a.Code, a.Header().Get("Cache-Control"))
		}
		total += a.Body.Len()
		if m := regexp.MustCompile(`https?://[^"'\s)]+`).FindString(strings.ReplaceAll(a.Body.String(), "http://www.w3.org/2000/svg", "")); m != "" {
			t.Errorf("%s mentions %s", u, m)
		}
	}
	if total > maxPageWeight {
		t.Errorf("the page weighs %d bytes, more than %d", total, maxPageWeight)
	}
	t.Logf("%d bytes in all", total)
	a := httptest.NewRecorder()
	mux.ServeHTTP(a, httptest.NewRequest(http.MethodGet, "/assets/page.css", nil))
	if a.Code != http.StatusNotFound {
		t.Errorf("an asset without its hash: %d", a.Code)
	}
}

func TestParts(t *testing.T) {
	p := mustLoad(t)
	got := p.Parts("en", "pages.terms.implied_terms", map[string]Part{"terms": {Text: "Terms", Href: "/t"}})
	if len(got) != 3 || got[0].Text != "By continuing, you agree to the " || got[1].Href != "/t" || got[2].Text != "." {
		t.Errorf("parts = %+v", got)
	}
}

func BenchmarkPage(b *testing.B) {
	phrases, err := Load()
	if err != nil {
		b.Fatal(err)
	}
	pages, err := NewPages(phrases)
	if err != nil {
		b.Fatal(err)
	}
	page := fullPage()
	for b.Loop() {
		if err := pages.Write(httptest.NewRecorder(), 0, Look{Product: "Northwind"}, page); err != nil {
			b.Fatal(err)
		}
	}
}

// A form that sends itself must not do so for ever.
func TestOnlyAFormWithNothingToSaySendsItself(t *testing.T) {
	for name, c := range map[string]struct {
		page Page
		want bool
	}{
		"a button":           {Page{Form: &Form{Auto: true}}, true},
		"not asked to":       {Page{Form: &Form{}}, false},
		"no form":            {Page{}, false},
		"a refusal":          {Page{Form: &Form{Auto: true}, Alert: &Alert{Text: "no"}}, false},
		"a box to be ticked": {Page{Form: &Form{Auto: true, Checks: []Check{{Name: "terms"}}}}, false},
		"a field":            {Page{Form: &Form{Auto: true, Fields: []Field{{Name: "x"}}}}, false},
	} {
		if got := (&sheet{Page: &c.page}).PressesItself(); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
