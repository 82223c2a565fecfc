package e2e

import (
	"bufio"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// The documents mark their commands as sh. The tests here are somebody who
// copies them to a terminal: word for word, but for the address of the server.

// documentedAddress is where the documents have the server.
const documentedAddress = "localhost:3001"

// TestReadmeInvites sends the first invitation, accepts it, sees that it is
// spent, and makes an application, as the README says.
func TestReadmeInvites(t *testing.T) {
	t.Parallel()
	s := serveSite(t, "sqlite")
	sh, commands := startShell(t, s), s.commandsOf(t, "README.md")
	if len(commands) != 6 {
		t.Fatalf("the README has %d blocks of commands, want 6: token, door, link, state, invitation, application", len(commands))
	}
	sh.types(t, commands[0], commands[1])
	sh.expect(t, `"SignIn"`)
	stranger := newGuest()
	stranger.must(t, stranger.visit(s.url+"/demo-app"))
	stranger.isAt(t, s.url+"/sign-in")
	if strings.Contains(text(stranger.doc), "Create account") {
		t.Error(stranger.lost("the door is open"))
	}

	sh.types(t, commands[2])
	link := sh.prints(t)
	if _, err := url.Parse(link); err != nil {
		t.Fatal(err)
	}
	scanner, g := newGuest(), newGuest()
	scanner.must(t, scanner.visit(link)) // whatever opens it before her
	g.must(t, g.visit(link))
	g.isAt(t, s.url+"/one-time-token")
	if !strings.Contains(text(g.doc), grace) {
		t.Error(g.lost("Grace does not see whom she continues as"))
	}
	g.must(t, g.press("Continue"))
	g.isAt(t, s.url+"/continue/username")
	g.must(t, g.fill("identifier", "grace"), g.press("Continue"))
	g.isAt(t, s.url+"/continue/password")
	g.must(t, g.fill("newPassword", newPassword), g.fill("confirmPassword", newPassword), g.press("Save"))
	g.isAt(t, s.url+"/demo-app")

	sh.types(t, commands[3])
	sh.expect(t, "consumed")
	s.administer()
	s.connectMail()
	sh.types(t, commands[4])
	sh.expect(t, "queued")
	sh.types(t, commands[5])
	if id, secret := sh.prints(t), sh.prints(t); !strings.HasPrefix(id, "id ") || !strings.HasPrefix(secret, "secret ") {
		t.Errorf("app create printed %q and %q", id, secret)
	}
}

// TestGuidesDoWhatTheySay runs the commands of the guides that are no scripts,
// with the token of the README.
func TestGuidesDoWhatTheySay(t *testing.T) {
	for _, guide := range []struct {
		page   string
		prints []string // "" is anything
	}{
		{"docs/guides/invitations.md", []string{
			"active", `"always"`, "ada@example.com", "revoked", "204", "true", "consumed", "one_time_token.token_consumed",
		}},
		{"docs/guides/sdk.md", []string{"", "buyer"}},
		{"docs/webhooks.md", []string{"", "0"}},
		{"docs/operations.md", []string{"Next", "Current"}},
	} {
		t.Run(guide.page, func(t *testing.T) {
			t.Parallel()
			s := serveSite(t, "sqlite")
			sh := startShell(t, s)
			sh.types(t, s.commandsOf(t, "README.md")[0])
			sh.types(t, s.commandsOf(t, guide.page)...)
			for _, want := range guide.prints {
				if want == "" {
					sh.prints(t)
					continue
				}
				sh.expect(t, want)
			}
			sh.ends(t)
		})
	}
}

// commandsOf returns the blocks of commands of a document, for this server.
func (s *site) commandsOf(t *testing.T, page string) []string {
	t.Helper()
	markdown, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(page)))
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, m := range regexp.MustCompile("(?ms)^```sh\n(.*?)^```$").FindAllStringSubmatch(string(markdown), -1) {
		list = append(list, strings.ReplaceAll(m[1], documentedAddress, s.address))
	}
	return list
}

// shell is somebody at a terminal, in a directory as make build leaves it.
type shell struct {
	in  io.WriteCloser
	out *bufio.Scanner
}

func startShell(t *testing.T, s *site) *shell {
	t.Helper()
	for _, tool := range []string{"bash", "curl", "jq"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("needs %s, as the documents do: apt-get install %s", tool, tool)
		}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(dir, "bin", "guestlist")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("bash", "-euo", "pipefail", "-s")
	cmd.Dir, cmd.Stderr, cmd.SysProcAttr = dir, os.Stderr, diesWithParent()
	cmd.Env = append(os.Environ(), s.env...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(awaitFor, func() { _ = cmd.Process.Kill() }) // Wait tells
	t.Cleanup(func() {
		defer late.Stop()
		_ = in.Close() // the end of its input is its end
		if err := cmd.Wait(); err != nil {
			t.Errorf("the shell: %v", err)
		}
	})
	return &shell{in: in, out: bufio.NewScanner(out)}
}

func (s *shell) types(t *testing.T, commands ...string) {
	t.Helper()
	for _, c := range commands {
		if _, err := io.WriteString(s.in, c); err != nil {
			t.Fatal(err)
		}
	}
}

// prints returns the next line that the commands print.
func (s *shell) prints(t *testing.T) string {
	t.Helper()
	if !s.out.Scan() {
		t.Fatalf("the shell ended early: %v", s.out.Err())
	}
	return s.out.Text()
}

func (s *shell) expect(t *testing.T, want string) {
	t.Helper()
	if got := s.prints(t); got != want {
		t.Errorf("a command printed %q, want %q", got, want)
	}
}

// ends expects that nothing more is printed.
func (s *shell) ends(t *testing.T) {
	t.Helper()
	if err := s.in.Close(); err != nil {
		t.Fatal(err)
	}
	if s.out.Scan() {
		t.Errorf("a command printed %q too", s.out.Text())
	}
}
