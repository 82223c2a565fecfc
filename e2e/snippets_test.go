package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// What somebody copies from the console is built here with the real packages: a
// name that an SDK does not have, or code that cannot be read, fails.

// snippetsOf reads the pieces of code on a page by their titles, as they are
// copied.
func (b *tab) snippetsOf() map[string]string {
	b.t.Helper()
	return value[map[string]string](b, "read the code", chromedp.Evaluate[map[string]string](
		`Object.fromEntries([...document.querySelectorAll('.snippets details')].map(e => [e.querySelector('summary').innerText.trim(), e.querySelector('pre').textContent]))`))
}

// fileLine begins a file of a snippet that has several.
var fileLine = regexp.MustCompile(`(?m)^// (\S+\.(?:js|vue))\n`)

// lay writes a snippet's files into a directory and returns the first, which is
// called name unless the snippet says otherwise.
func lay(t *testing.T, dir, name, text string) {
	t.Helper()
	starts := fileLine.FindAllStringSubmatchIndex(text, -1)
	write := func(name, text string) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if len(starts) == 0 {
		write(name, text)
	}
	for i, at := range starts {
		end := len(text)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		file, body := text[at[2]:at[3]], text[at[1]:end]
		if strings.HasSuffix(file, ".vue") { // its script; the template is Vue's own business
			_, body, _ = strings.Cut(body, "<script setup>")
			body, _, _ = strings.Cut(body, "</script>")
			body += "\nexport default {}\n"
		}
		write(file, body)
	}
}

// bundle builds files with esbuild, the SDKs' code included, and returns what it
// complains of. What an application has beside the SDK is left out.
func bundle(dir string, entries ...string) (string, error) {
	modules, err := filepath.Abs(clientsDir + "/node_modules")
	if err != nil {
		return "", err
	}
	args := append([]string{
		"--bundle", "--format=esm", "--platform=node", "--jsx=automatic", "--loader:.js=jsx", "--loader:.vue=js", "--outdir=built", "--log-level=warning",
		"--external:react", "--external:react/*", "--external:vue", "--external:next", "--external:next/*", "--external:express",
		"--external:express-session", "--external:cookie-parser",
	}, entries...)
	cmd := exec.Command(filepath.Join(modules, ".bin", "esbuild"), args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "NODE_PATH="+modules)
	said, err := cmd.CombinedOutput()
	return string(said), err
}

// appWithCode makes an application and returns its code, and that of the page
// that a magic link leads to.
func appWithCode(b *tab, kind string) (code, link map[string]string) {
	b.t.Helper()
	b.Press("Applications")
	b.Press("Create application")
	b.Fill("name", kind)
	b.Choose("type", kind)
	if kind != "MachineToMachine" {
		b.Fill("redirectUris", "http://localhost:8080/callback")
	}
	b.Press("Create application")
	code = b.snippetsOf()
	if kind == "MachineToMachine" {
		return code, nil
	}
	b.Press("Magic link")
	b.Fill("email", "grace@example.com")
	b.Press("Make link")
	b.WaitText("The link is ready")
	return code, b.snippetsOf()
}

// TestSnippetsBuild takes all code from the console and builds it.
func TestSnippetsBuild(t *testing.T) {
	if err := nodeIsReady(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("cannot build the console's code: %v", err)
		}
		t.Skipf("THE CONSOLE'S CODE WAS NOT BUILT: %v", err)
	}
	_, b := newHost(t, engines[0])
	page, pageLink := appWithCode(b, "SPA")
	server, serverLink := appWithCode(b, "Traditional")
	machine, _ := appWithCode(b, "MachineToMachine")

	builds := func(t *testing.T, dir string, entries ...string) {
		t.Helper()
		if said, err := bundle(dir, entries...); err != nil {
			t.Errorf("%v: %s", err, said)
		}
	}
	t.Run("React", func(t *testing.T) {
		dir := t.TempDir()
		lay(t, dir, "main.js", page["React"])
		lay(t, dir, "invited.js", "import { useLogto } from '@logto/react';\nconst { signIn } = useLogto();\n"+pageLink["React, Vue"])
		builds(t, dir, "main.js", "invited.js")
	})
	t.Run("Vue", func(t *testing.T) {
		dir := t.TempDir()
		lay(t, dir, "", page["Vue"])
		builds(t, dir, "main.js", "App.vue")
	})
	t.Run("Next.js", func(t *testing.T) {
		dir := t.TempDir()
		lay(t, dir, "", server["Next.js"])
		lay(t, dir, "app/invited/route.js", serverLink["Next.js"])
		builds(t, dir, "app/callback/route.js", "app/page.js", "app/invited/route.js")
	})
	t.Run("Express", func(t *testing.T) {
		dir := t.TempDir()
		lay(t, dir, "server.js", server["Express"]+"\n"+serverLink["Express"])
		builds(t, dir, "server.js")
	})
	t.Run("Node.js", func(t *testing.T) {
		dir := t.TempDir()
		lay(t, dir, "machine.js", machine["Node.js"])
		builds(t, dir, "machine.js")
	})
	t.Run("what no SDK has", func(t *testing.T) {
		for _, wrong := range []string{strings.Replace(page["React"], "useLogto", "useLogtoNot", 1), page["React"] + "}"} {
			dir := t.TempDir()
			lay(t, dir, "main.js", wrong)
			if said, err := bundle(dir, "main.js"); err == nil {
				t.Errorf("it was built: %s", said)
			}
		}
	})
	t.Run("Python", func(t *testing.T) {
		python, err := exec.LookPath("python3")
		if err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatal("cannot read the Python code: there is no python3 (on Debian: apt-get install python3)")
			}
			t.Skip("THE PYTHON CODE WAS NOT READ: there is no python3")
		}
		for name, text := range map[string]string{"web": server["Python"], "machine": machine["Python"]} {
			cmd := exec.Command(python, "-c", "import sys; compile(sys.stdin.read(), 'snippet', 'exec')")
			cmd.Stdin = strings.NewReader(text)
			if said, err := cmd.CombinedOutput(); err != nil || text == "" {
				t.Error(fmt.Errorf("%s: %w: %s", name, err, said))
			}
		}
	})
}
