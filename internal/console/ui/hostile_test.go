package ui

import (
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"guestlist"
	"guestlist/internal/web"
)

// newTestSet draws with a catalogue in which every phrase is there.
func newTestSet(t *testing.T) *Set {
	t.Helper()
	phrases, err := web.Load()
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSet(phrases)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// draw returns a page as it is sent.
func draw(t interface{ Fatal(...any) }, s *Set, shell Shell, p *Page) string {
	w := httptest.NewRecorder()
	if err := s.Write(w, 0, shell, p); err != nil {
		t.Fatal(err)
	}
	if csp := w.Header().Get("Content-Security-Policy"); strings.Contains(csp, "unsafe") || strings.Contains(csp, "nonce") {
		t.Fatal("the policy lets too much in: " + csp)
	}
	return w.Body.String()
}

// everyBlock is one block of each kind, empty.
func everyBlock() []Block {
	return []Block{
		Table{}, &Form{}, Section{}, Columns{}, Facts{}, Paragraph{}, Snippet{}, Snippets{}, Notice{}, Stats{}, List{}, Switch{},
		Empty{}, Confirm{}, Progress{}, Chart{}, Frame{}, Swatches{}, Cards{}, Picture{}, Funnel{}, Timeline{},
	}
}

// hostile are texts that try to leave the place where they stand.
var hostile = []string{
	`<xss onx=1>`, `"><xss onx=1>`, `'><xss onx=1>`, `</title><xss>`, `</textarea><xss>`, `</script><xss>`, `<!--<xss>`, `--><xss>`,
	"javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:alert(1)", "data:text/html,<xss>", "vbscript:x", `" onx="1`, `' onx='1`, "` onx=1",
	`\"><xss>`, "\x00<xss>", "<svg/onload=1>", "{{.}}", "</svg><xss>", "]]><xss>", "&lt;xss&gt;", "%3Cxss%3E", "//evil.example", "\u2028<xss>", "\ufeff<xss>",
}

// fill puts what draw gives into every string within a value.
func fill(v reflect.Value, text func() string, depth int) {
	switch v.Kind() {
	case reflect.Pointer:
		if depth > 6 {
			return
		}
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), text, depth+1)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i), text, depth+1)
			}
		}
	case reflect.Slice:
		if v.Type() == reflect.TypeFor[[]Block]() || depth > 8 {
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(v.Index(i), text, depth+1)
		}
	case reflect.Map:
		if v.Type().Elem().Kind() == reflect.String && v.Type().Key().Kind() == reflect.Int {
			v.Set(reflect.MakeMap(v.Type()))
			v.SetMapIndex(reflect.ValueOf(0), reflect.ValueOf(text()).Convert(v.Type().Elem()))
		}
	case reflect.String:
		v.SetString(text())
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(1)
	case reflect.Float64:
		v.SetFloat(1)
	default: // nothing else can be said
	}
}

// forms gives a form's fields every kind in turn.
func forms(text func() string) []Block {
	var out []Block
	for _, kind := range []Kind{
		KindText, KindTextarea, KindNumber, KindSelect, KindRadio, KindChecks, KindSwitch, KindColor, KindList, KindPairs, KindJSON,
		KindSecret, KindFile, KindShow,
	} {
		f := &Form{}
		fill(reflect.ValueOf(f).Elem(), text, 0)
		f.each(func(x *Field) { x.Kind = kind })
		out = append(out, f)
	}
	return out
}

// cells gives a table cells of every sort.
func cells(text func() string) []Block {
	var full Cell
	fill(reflect.ValueOf(&full).Elem(), text, 0)
	sorts := []func(*Cell){
		func(c *Cell) {},
		func(c *Cell) { c.Pill = nil },
		func(c *Cell) { c.Pill, c.Time = nil, 0 },
		func(c *Cell) { c.Pill, c.Time, c.Tags = nil, 0, nil },
		func(c *Cell) { c.Pill, c.Time, c.Tags, c.Secret = nil, 0, nil, false },
		func(c *Cell) { c.Pill, c.Time, c.Tags, c.Secret, c.Href = nil, 0, nil, false, "" },
		func(c *Cell) { c.Pill, c.Time, c.Tags, c.Secret, c.Href, c.Copy = nil, 0, nil, false, "", false },
		func(c *Cell) { *c = Cell{Text: c.Text} },
	}
	var row Row
	fill(reflect.ValueOf(&row).Elem(), text, 0)
	facts := Facts{}
	row.Cells = nil
	for _, s := range sorts {
		c := full
		s(&c)
		row.Cells = append(row.Cells, c)
		facts.Rows = append(facts.Rows, Fact{text(), c})
	}
	var t Table
	fill(reflect.ValueOf(&t).Elem(), text, 0)
	t.Rows = []Row{row}
	return []Block{t, facts, List{Items: []ListItem{{Cell: full, When: full}}}}
}

// TestNoTextLeavesItsPlace: whatever stands in whatever field of whatever
// part, the page has no element, no handler and no address that this package
// did not write.
func TestNoTextLeavesItsPlace(t *testing.T) {
	s := newTestSet(t)
	rapid.Check(t, func(rt *rapid.T) {
		texts := rapid.OneOf(rapid.SampledFrom(hostile), rapid.String(), rapid.Custom(func(rt *rapid.T) string {
			return rapid.String().Draw(rt, "before") + rapid.SampledFrom(hostile).Draw(rt, "text")
		}))
		text := func() string { return texts.Draw(rt, "text") }
		var blocks []Block
		for _, b := range everyBlock() {
			v := reflect.New(reflect.Indirect(reflect.ValueOf(b)).Type())
			fill(v.Elem(), text, 0)
			if _, ok := b.(*Form); ok {
				continue // below, in every kind
			}
			blocks = append(blocks, v.Elem().Interface().(Block))
		}
		blocks = append(blocks, forms(text)...)
		blocks = append(blocks, cells(text)...)
		var page Page
		fill(reflect.ValueOf(&page).Elem(), text, 0)
		page.Bare = rapid.Bool().Draw(rt, "bare")
		page.Body = []Block{Section{Title: text(), Body: blocks}, Columns{Main: blocks[:1], Side: blocks[1:2]}}
		var shell Shell
		fill(reflect.ValueOf(&shell).Elem(), text, 0)
		shell.Lang, shell.Fragment = "ar", ""
		judge(rt, draw(rt, s, shell, &page))
	})
}

// judge fails unless everything on a page is ours.
func judge(t *rapid.T, source string) {
	root, err := html.Parse(strings.NewReader(source))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Type == html.CommentNode {
			t.Fatalf("a comment: %s", n.Data)
		}
		if n.Type != html.ElementNode {
			continue
		}
		if n.Data == "xss" || n.Data == "style" || n.Data == "object" || n.Data == "base" {
			t.Fatalf("<%s> on the page: %s", n.Data, source)
		}
		for _, a := range n.Attr {
			value := strings.ToLower(strings.TrimSpace(a.Val))
			switch {
			case strings.HasPrefix(a.Key, "on"), a.Key == "style", a.Key == "srcdoc":
				t.Fatalf("<%s %s=%q>", n.Data, a.Key, a.Val)
			case n.Data == "script" && a.Key == "src" && !strings.HasPrefix(value, AssetPath):
				t.Fatalf("a script from %q", a.Val)
			case a.Key == "href" || a.Key == "src" || a.Key == "action" || a.Key == "formaction":
				for _, scheme := range []string{"javascript:", "data:", "vbscript:"} {
					if strings.HasPrefix(strings.Map(visible, value), scheme) {
						t.Fatalf("<%s %s=%q>", n.Data, a.Key, a.Val)
					}
				}
			case a.Key == "fill" && strings.Contains(value, "url("):
				t.Fatalf("fill=%q", a.Val)
			}
		}
		if n.Data == "script" && (n.FirstChild != nil || len(n.Attr) != 2) {
			t.Fatalf("an inline script: %s", source)
		}
	}
}

// visible drops what browsers drop from the beginning of an address.
func visible(r rune) rune {
	if r <= ' ' {
		return -1
	}
	return r
}

// TestEveryBlockIsDrawn: a kind of block without a template would vanish.
func TestEveryBlockIsDrawn(t *testing.T) {
	s := newTestSet(t)
	for _, b := range everyBlock() {
		v := reflect.New(reflect.Indirect(reflect.ValueOf(b)).Type())
		fill(v.Elem(), func() string { return "Ω" }, 0)
		block, ok := v.Interface().(Block)
		if _, isForm := b.(*Form); !isForm {
			block, ok = v.Elem().Interface().(Block)
		}
		if !ok {
			t.Fatalf("%T is no block", b)
		}
		switch x := block.(type) {
		case Section:
			x.Body = nil
			block = x
		case Columns:
			block = Columns{Main: []Block{Paragraph{Text: "Ω"}}}
		}
		page := draw(t, s, Shell{Lang: "en", Now: guestlist.Time(1)}, &Page{Name: "x", Bare: true, Body: []Block{block}})
		_, main, _ := strings.Cut(page, `<div class="body">`)
		if !strings.Contains(main, "Ω") && !strings.Contains(main, "%CE%A9") && !strings.Contains(main, "%ce%a9") {
			t.Errorf("%T is not drawn: %s", b, main)
		}
	}
}
