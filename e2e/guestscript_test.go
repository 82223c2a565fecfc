package e2e

import (
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

type guestKey struct{}

func guestOf(ts *testscript.TestScript) *guest { return ts.Value(guestKey{}).(*guest) }

// visit URL opens a page.
func visit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: visit URL")
	}
	arrive(ts, guestOf(ts).visit(args[0]))
}

// fill NAME TEXT types into a field of the page.
func fill(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: fill NAME TEXT")
	}
	ts.Check(guestOf(ts).fill(args[0], args[1]))
}

// press TEXT presses a button of the page.
func press(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: press TEXT")
	}
	arrive(ts, guestOf(ts).press(args[0]))
}

// follow TEXT follows a link of the page.
func follow(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: follow TEXT")
	}
	arrive(ts, guestOf(ts).follow(args[0]))
}

// arrive says where the guest is, so that a script that fails shows the way.
func arrive(ts *testscript.TestScript, err error) {
	ts.Check(err)
	g := guestOf(ts)
	ts.Logf("at %s (%d)", g.at, g.status)
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
	guestOf(ts).forget()
}
