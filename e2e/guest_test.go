package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"

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

func newGuest() *guest {
	g := &guest{}
	g.forget()
	return g
}

// forget makes a fresh browser of it.
func (g *guest) forget() {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic(err) // only for bad options
	}
	*g = guest{typed: url.Values{}}
	g.client = &http.Client{Jar: jar, Timeout: awaitFor, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		// Browsers escape the spaces of a query (WHATWG URL, query state).
		r.URL.RawQuery = strings.ReplaceAll(r.URL.RawQuery, " ", "%20")
		// Applications of the scripts do not exist; their callbacks end the way.
		if strings.HasSuffix(r.URL.Hostname(), ".example") || len(via) > 20 {
			g.app, g.at = true, r.URL
			return http.ErrUseLastResponse
		}
		return nil
	}}
}

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

// visit opens a page.
func (g *guest) visit(address string) error { return g.do(http.MethodGet, address, nil) }

// fill types into a field of the page.
func (g *guest) fill(name, value string) error {
	for _, n := range all(g.doc, "input") {
		if attr(n, "name") == name && attr(n, "type") != "hidden" {
			g.typed.Set(name, value)
			return nil
		}
	}
	return g.lost("no field %s", name)
}

// press presses the first button whose text contains the words.
func (g *guest) press(words string) error {
	for _, form := range all(g.doc, "form") {
		for _, b := range all(form, "button") {
			if strings.Contains(text(b), words) {
				return g.submit(form, b)
			}
		}
	}
	return g.lost("no button %q", words)
}

// submit sends a form as the button says, with what the page and the guest
// filled in.
func (g *guest) submit(form, button *html.Node) error {
	values := url.Values{}
	for _, in := range all(form, "input") {
		name := attr(in, "name")
		if name == "" || unchecked(in) && !g.typed.Has(name) {
			continue
		}
		values.Set(name, attr(in, "value"))
		if g.typed.Has(name) {
			values[name] = g.typed[name]
		}
	}
	if name := attr(button, "name"); name != "" {
		values.Set(name, attr(button, "value"))
	}
	if !strings.EqualFold(attr(form, "method"), http.MethodPost) {
		target, err := url.Parse(attr(form, "action"))
		if err != nil {
			return err
		}
		target.RawQuery = values.Encode()
		return g.visit(target.String())
	}
	return g.do(http.MethodPost, attr(form, "action"), values)
}

// unchecked reports boxes and radio buttons that nobody chose.
func unchecked(in *html.Node) bool {
	kind := attr(in, "type")
	return (kind == "checkbox" || kind == "radio") && !has(in, "checked")
}

// follow follows the first link whose text contains the words.
func (g *guest) follow(words string) error {
	for _, a := range all(g.doc, "a") {
		if strings.Contains(text(a), words) {
			return g.visit(attr(a, "href"))
		}
	}
	return g.lost("no link %q", words)
}

// lost says what the guest sees instead of what was expected.
func (g *guest) lost(format string, args ...any) error {
	return fmt.Errorf(format+" at %v (%d):\n%s", append(args, g.at, g.status, text(g.doc))...)
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
