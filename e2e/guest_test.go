package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/net/html"
)

// guest is a browser without scripts: cookies, redirects, links and forms.
type guest struct {
	client *http.Client
	at     *url.URL
	status int
	doc    *html.Node
	raw    string
	typed  url.Values
	app    bool // stopped at an application's callback
}

type guestKey struct{}

func newGuest() *guest {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic(err) // only for bad options
	}
	g := &guest{typed: url.Values{}}
	g.client = &http.Client{Jar: jar, Timeout: 30 * time.Second, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		// Applications of the scripts do not exist; their callbacks end the way.
		if strings.HasSuffix(r.URL.Hostname(), ".example") || len(via) > 20 {
			g.app, g.at = true, r.URL
			return http.ErrUseLastResponse
		}
		return nil
	}}
	return g
}

func guestOf(ts *testscript.TestScript) *guest { return ts.Value(guestKey{}).(*guest) }

func (g *guest) do(method, target string, form url.Values) error {
	if g.at != nil {
		base, err := g.at.Parse(target)
		if err != nil {
			return err
		}
		target = base.String()
	}
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(context.Background(), method, target, body)
	if err != nil {
		return err
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	g.app = false
	res, err := g.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	g.status, g.raw, g.typed = res.StatusCode, string(b), url.Values{}
	if !g.app {
		g.at = res.Request.URL
	}
	g.doc, err = html.Parse(strings.NewReader(g.raw))
	return err
}

// visit URL opens a page.
func visit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: visit URL")
	}
	g := guestOf(ts)
	ts.Check(g.do(http.MethodGet, args[0], nil))
	ts.Logf("at %s (%d)", g.at, g.status)
}

// fill NAME TEXT types into a field of the page.
func fill(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: fill NAME TEXT")
	}
	g := guestOf(ts)
	for _, n := range all(g.doc, "input") {
		if attr(n, "name") == args[0] {
			g.typed.Set(args[0], args[1])
			return
		}
	}
	ts.Fatalf("no field %s at %s:\n%s", args[0], g.at, text(g.doc))
}

// press TEXT presses a button of the page.
func press(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: press TEXT")
	}
	g := guestOf(ts)
	for _, form := range all(g.doc, "form") {
		for _, b := range all(form, "button") {
			if !strings.Contains(text(b), args[0]) {
				continue
			}
			values := url.Values{}
			for _, in := range all(form, "input") {
				name := attr(in, "name")
				if attr(in, "type") == "checkbox" && !has(in, "checked") && !g.typed.Has(name) {
					continue
				}
				values.Set(name, attr(in, "value"))
			}
			for name, v := range g.typed {
				values[name] = v
			}
			if name := attr(b, "name"); name != "" {
				values.Set(name, attr(b, "value"))
			}
			ts.Check(g.do(http.MethodPost, attr(form, "action"), values))
			ts.Logf("at %s (%d)", g.at, g.status)
			return
		}
	}
	ts.Fatalf("no button %q at %s:\n%s", args[0], g.at, text(g.doc))
}

// follow TEXT follows a link of the page.
func follow(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: follow TEXT")
	}
	g := guestOf(ts)
	for _, a := range all(g.doc, "a") {
		if strings.Contains(text(a), args[0]) {
			ts.Check(g.do(http.MethodGet, attr(a, "href"), nil))
			return
		}
	}
	ts.Fatalf("no link %q at %s:\n%s", args[0], g.at, text(g.doc))
}

// see TEXT looks for a text on the page.
func see(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: [!] see TEXT")
	}
	g := guestOf(ts)
	if strings.Contains(text(g.doc), args[0]) == neg {
		ts.Fatalf("see %q: %v, at %s:\n%s", args[0], neg, g.at, text(g.doc))
	}
}

// at PATH checks where the browser is; with NAME=QUERY it also sets variables
// from the query, e.g. "at /cb CODE=code".
func at(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) == 0 {
		ts.Fatalf("usage: [!] at PATH [NAME=PARAMETER...]")
	}
	g := guestOf(ts)
	if g.at == nil || (g.at.Path == args[0]) == neg {
		ts.Fatalf("at %v, page:\n%s", g.at, text(g.doc))
	}
	for _, a := range args[1:] {
		name, parameter, _ := strings.Cut(a, "=")
		value := g.at.Query().Get(parameter)
		if value == "" {
			ts.Fatalf("no parameter %s in %s", parameter, g.at)
		}
		ts.Setenv(name, value)
	}
}

// newuser starts again with a fresh browser.
func freshGuest(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: newuser")
	}
	*guestOf(ts) = *newGuest()
}

func all(n *html.Node, tag string) []*html.Node {
	var list []*html.Node
	if n == nil {
		return nil
	}
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && d.Data == tag {
			list = append(list, d)
		}
	}
	return list
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}

// text returns what a person reads, white space folded.
func text(n *html.Node) string {
	var b strings.Builder
	if n == nil {
		return ""
	}
	for d := range n.Descendants() {
		if d.Type == html.TextNode && d.Parent.Data != "style" && d.Parent.Data != "script" {
			fmt.Fprint(&b, d.Data, " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}
