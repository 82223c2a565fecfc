package e2e

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"guestlist/e2e/welcome"
	"guestlist/internal/cli"
	"guestlist/internal/store/storetest"
)

// TestMain makes the test binary the program itself when a script asks for the
// command guestlist.
func TestMain(m *testing.M) {
	testscript.Main(withBrowser{m}, map[string]func(){
		"welcome":   welcome.Main,
		"guestlist": func() { os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, tampered)) },
	})
}

// withBrowser stops the browser after the last test.
type withBrowser struct{ *testing.M }

// Run runs the tests.
func (m withBrowser) Run() int {
	defer stopChromium()
	return m.M.Run()
}

// TestScripts runs every script of testdata on both engines. The scripts are
// the examples of the guides: what the documents show is what runs here.
func TestScripts(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			admin := ""
			if engine == "postgres" {
				url, ok := storetest.PostgresURL(t)
				if !ok {
					t.SkipNow()
				}
				admin = url
			}
			testscript.Run(t, testscript.Params{
				Dir:                 "testdata",
				RequireExplicitExec: true,
				Setup: func(env *testscript.Env) error {
					address := freeAddress(t)
					env.Setenv("WELCOME", freeAddress(t))
					env.Setenv("GUESTLIST_LISTEN", address)
					env.Setenv("URL", "http://"+address)
					env.Setenv("GUESTLIST_DATA", filepath.Join(env.WorkDir, "data"))
					env.Setenv("GUESTLIST_ALLOWED_NETWORKS", "127.0.0.0/8")
					if admin != "" {
						env.Setenv("GUESTLIST_DATABASE", storetest.NewDatabase(t, admin, "template0"))
					}
					env.Values[guestKey{}] = newGuest()
					return nil
				},
				Cmds: commands,
			})
		})
	}
}

var commands = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	"await":   await,
	"http":    httpCommand,
	"json":    jsonCommand,
	"set":     set,
	"later":   later,
	"visit":   visit,
	"fill":    fill,
	"press":   press,
	"follow":  follow,
	"see":     see,
	"at":      at,
	"newuser": freshGuest,
	"smtp":    smtpCommand,
	"inbox":   inbox,
}

// set NAME WORDS... sets a variable of the script.
func set(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: set NAME VALUE...")
	}
	ts.Setenv(args[0], strings.Join(args[1:], " "))
}

// later NAME DURATION sets a variable to a moment from now, in milliseconds.
func later(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: later NAME DURATION")
	}
	d, err := time.ParseDuration(args[1])
	ts.Check(err)
	ts.Setenv(args[0], strconv.FormatInt(time.Now().Add(d).UnixMilli(), 10))
}
