package web

import (
	"net/http/httptest"
	"strings"
	"testing"

	"guestlist/internal/web/webtest"
)

const dot = "data:image/svg+xml;base64,PHN2Zy8+"

func drawn(t *testing.T, p *Page) (*webtest.Doc, string) {
	t.Helper()
	pages, err := NewPages(mustLoad(t))
	if err != nil {
		t.Fatal(err)
	}
	rec := httptest.NewRecorder()
	if err := pages.Write(rec, 0, Look{}, p); err != nil {
		t.Fatal(err)
	}
	return webtest.Parse(t, rec.Body.String()), rec.Header().Get("Content-Security-Policy")
}

// A logo is a picture or it is not shown: nobody's script, style or page comes
// in by the name of one.
func TestLogosAreNothingButPictures(t *testing.T) {
	for logo, want := range map[string]string{
		dot:                                      dot,
		"data:image/png;base64,AA==":             "data:image/png;base64,AA==",
		"https://cdn.tenant.example/l.svg":       "https://cdn.tenant.example/l.svg",
		"":                                       "",
		"data:image/png":                         "",
		"data:image/pngx;base64,AA":              "",
		"data:text/html,<script>x</script>":      "",
		"data:image/svg+xml,<svg onload=x() />":  "",
		"javascript:alert(1)":                    "",
		"http://cdn.tenant.example/l.svg":        "",
		"//cdn.tenant.example/l.svg":             "",
		"https://cdn.tenant.example/a.svg, b 2x": "",
	} {
		doc, policy := drawn(t, &Page{Title: "x", Form: &Form{Providers: []Provider{{Value: "v", Name: "¡acme", Text: "With acme", Logo: logo}}}})
		got := ""
		if imgs := doc.All(".provider img"); len(imgs) == 1 {
			got = imgs[0].Attr("src")
		}
		if got != want {
			t.Errorf("%q is shown as %q", logo, got)
		}
		if want == "" && doc.One(".initial").Text() != "A" {
			t.Errorf("%q: no letter in the logo's place: %s", logo, doc.One(".provider").HTML())
		}
		if strings.Contains(policy, "data:") != strings.HasPrefix(want, "data:") ||
			strings.Contains(policy, "cdn.tenant.example") != strings.HasPrefix(want, "https:") {
			t.Errorf("%q: policy %q", logo, policy)
		}
	}
}

func TestDarkLogosAreForGuestsWhoseSystemIsDark(t *testing.T) {
	doc, _ := drawn(t, &Page{Title: "x", Form: &Form{Providers: []Provider{{Name: "Acme", Logo: dot, DarkLogo: dot + "A"}}}})
	if got := doc.One(".provider source").Attr("srcset"); got != dot+"A" {
		t.Errorf("srcset %q", got)
	}
}

func TestAPageThatLeadsOnByItselfNeedsNoFormAction(t *testing.T) {
	pages, err := NewPages(mustLoad(t))
	if err != nil {
		t.Fatal(err)
	}
	rec := httptest.NewRecorder()
	const to = "https://idp.example/authorize?state=a&b=%22%3E"
	if err := pages.Write(rec, 0, Look{}, &Page{Title: "x", Onward: to}); err != nil {
		t.Fatal(err)
	}
	if got := rec.Header().Get("Refresh"); got != "0; url="+to {
		t.Errorf("Refresh: %s", got)
	}
	if got := webtest.Parse(t, rec.Body.String()).One(".onward a").Attr("href"); got != to {
		t.Errorf("link: %s", got)
	}
	if policy := rec.Header().Get("Content-Security-Policy"); !strings.Contains(policy, "form-action 'self'") {
		t.Errorf("policy: %s", policy)
	}
}

func TestAFormThatStaysKeepsItsFormAction(t *testing.T) {
	for stays, want := range map[bool]bool{true: true, false: false} {
		_, policy := drawn(t, &Page{Title: "x", Form: &Form{Submit: "Go", Stays: stays}})
		if strings.Contains(policy, "form-action 'self'") != want {
			t.Errorf("stays %v: %s", stays, policy)
		}
	}
}
