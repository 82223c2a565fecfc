// Package webtest reads pages as a person without scripts does: it finds what
// stands on them and fills in their forms.
//
// It promises that a page that cannot be used without scripts cannot be used
// by it either: it follows links, redirects and forms, keeps cookies, and does
// nothing else.
//
// It refuses to be imported by anything but tests, and it knows no page.
package webtest

import (
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// Doc is a parsed page.
type Doc struct {
	Node
	Source string
}

// Node is an element.
type Node struct {
	t testing.TB
	n *html.Node
}

// Parse reads a page.
func Parse(t testing.TB, source string) *Doc {
	t.Helper()
	n, err := html.Parse(strings.NewReader(source))
	if err != nil {
		t.Fatal(err)
	}
	return &Doc{Node{t, n}, source}
}

// All returns the elements that match a selector of the forms tag, #id,
// .class, [attr], [attr=value], any of them joined, and descent by a space.
func (n Node) All(selector string) []Node {
	n.t.Helper()
	found := []*html.Node{n.n}
	for _, part := range strings.Fields(selector) {
		match := compile(n.t, part)
		var next []*html.Node
		seen := map[*html.Node]bool{}
		for _, root := range found {
			for d := range root.Descendants() {
				if d.Type == html.ElementNode && !seen[d] && match(d) {
					seen[d] = true
					next = append(next, d)
				}
			}
		}
		found = next
	}
	out := make([]Node, len(found))
	for i, f := range found {
		out[i] = Node{n.t, f}
	}
	return out
}

// One returns the only element that matches; anything else fails the test.
func (n Node) One(selector string) Node {
	n.t.Helper()
	all := n.All(selector)
	if len(all) != 1 {
		n.t.Fatalf("%d elements match %q, want one, in:\n%s", len(all), selector, n.HTML())
	}
	return all[0]
}

// None fails the test if an element matches.
func (n Node) None(selector string) {
	n.t.Helper()
	if all := n.All(selector); len(all) > 0 {
		n.t.Errorf("%q is on the page and should not be: %s", selector, all[0].HTML())
	}
}

// Has reports whether an element matches.
func (n Node) Has(selector string) bool { return len(n.All(selector)) > 0 }

// Attr returns an attribute, or "".
func (n Node) Attr(name string) string { v, _ := attr(n.n, name); return v }

// HasAttr reports whether the attribute is there.
func (n Node) HasAttr(name string) bool { _, ok := attr(n.n, name); return ok }

// Text returns the text inside, with runs of space as one.
func (n Node) Text() string {
	var b strings.Builder
	for d := range n.n.Descendants() {
		if d.Type == html.TextNode && d.Parent.Data != "script" && d.Parent.Data != "style" {
			b.WriteString(d.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// content returns the text inside as it stands.
func (n Node) content() string {
	var b strings.Builder
	for d := range n.n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

// HTML returns the element as it stands on the page.
func (n Node) HTML() string {
	var b strings.Builder
	if err := html.Render(&b, n.n); err != nil {
		n.t.Fatal(err)
	}
	return b.String()
}

func attr(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

// compile reads one compound selector.
func compile(t testing.TB, s string) func(*html.Node) bool {
	t.Helper()
	var tests []func(*html.Node) bool
	for s != "" {
		end := strings.IndexAny(s[1:], "#.[") + 1
		if s[0] == '[' {
			end = strings.IndexByte(s, ']') + 1
		}
		if end <= 0 {
			end = len(s)
		}
		tests = append(tests, simple(s[:end]))
		s = s[end:]
	}
	return func(n *html.Node) bool {
		for _, ok := range tests {
			if !ok(n) {
				return false
			}
		}
		return true
	}
}

func simple(s string) func(*html.Node) bool {
	switch s[0] {
	case '#':
		return func(n *html.Node) bool { v, _ := attr(n, "id"); return v == s[1:] }
	case '.':
		return func(n *html.Node) bool {
			v, _ := attr(n, "class")
			return strings.Contains(" "+strings.Join(strings.Fields(v), " ")+" ", " "+s[1:]+" ")
		}
	case '[':
		name, want, valued := strings.Cut(strings.Trim(s, "[]"), "=")
		return func(n *html.Node) bool {
			v, ok := attr(n, name)
			return ok && (!valued || v == want)
		}
	}
	return func(n *html.Node) bool { return s == "*" || n.Data == s }
}
