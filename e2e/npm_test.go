package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"guestlist"
)

// clientsDir holds the programs that run the clients from npm.
const clientsDir = "clients"

// maxLine bounds one line of such a program, in bytes.
const maxLine = 1 << 20

// nodeProgram is one of them, running.
type nodeProgram struct {
	t     *testing.T
	in    io.Writer
	lines chan string
	err   *bytes.Buffer
}

// startNode starts a program. Without Node or the packages the test is skipped
// with a hint, and fails where CI=true.
func startNode(t *testing.T, script string, env ...string) *nodeProgram {
	t.Helper()
	if err := nodeIsReady(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("cannot test with clients from npm: %v", err)
		}
		t.Skipf("NOT TESTED WITH CLIENTS FROM NPM: %v", err)
	}
	cmd := exec.Command("node", script)
	cmd.Dir = clientsDir
	cmd.Env = append(os.Environ(), env...)
	n := &nodeProgram{t: t, lines: make(chan string), err: &bytes.Buffer{}}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	n.in, cmd.Stderr = in, n.err
	run(t, cmd, func() string { return script + " complains:\n" + n.err.String() })
	go func() {
		defer close(n.lines)
		lines := bufio.NewScanner(out)
		lines.Buffer(nil, maxLine)
		for lines.Scan() {
			select {
			case n.lines <- lines.Text():
			case <-t.Context().Done():
			}
		}
	}()
	return n
}

// nodeIsReady says what is missing, and how to get it.
func nodeIsReady() error {
	if _, err := exec.LookPath("node"); err != nil {
		return fmt.Errorf("there is no node (on Debian: apt-get install nodejs npm)")
	}
	if _, err := os.Stat(clientsDir + "/node_modules/.package-lock.json"); err != nil {
		return fmt.Errorf("the packages are not installed (scripts/test does it, or: npm ci --prefix e2e/clients --ignore-scripts)")
	}
	return nil
}

// run starts a program, and stops it when the test ends. It ends with the test
// process in any case. If the test fails, it logs what tell returns.
func run(t *testing.T, cmd *exec.Cmd, tell func() string) {
	t.Helper()
	cmd.SysProcAttr = diesWithParent()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended; Wait tells
		if err := cmd.Wait(); t.Failed() {
			t.Logf("%v; %s", err, tell())
		}
	})
}

// hear waits for the program's next value.
func (n *nodeProgram) hear(value any) {
	n.t.Helper()
	select {
	case line, ok := <-n.lines:
		if !ok {
			n.t.Fatal("the program ended early")
		}
		if err := json.Unmarshal([]byte(line), value); err != nil {
			n.t.Fatalf("%v in %s", err, line)
		}
	case <-time.After(awaitFor):
		n.t.Fatal("the program says nothing")
	}
}

// url waits for an address that the guest shall go to.
func (n *nodeProgram) url() string {
	n.t.Helper()
	var address string
	n.hear(&address)
	return address
}

// say gives the program a line.
func (n *nodeProgram) say(line string) {
	n.t.Helper()
	if _, err := io.WriteString(n.in, line+"\n"); err != nil {
		n.t.Fatal(err)
	}
}

// claims are what tests look at in tokens and answers.
type claims struct {
	Subject       string `json:"sub"`
	Issuer        string `json:"iss"`
	Audience      string `json:"aud"`
	ClientID      string `json:"client_id"`
	Name          string `json:"name"`
	Email         string `json:"email"`
	EmailVerified bool   `json:"email_verified"`
}

// areOf fails the test unless the claims are of a user with a verified e-mail.
func (c claims) areOf(t *testing.T, user guestlist.User) {
	t.Helper()
	if c.Subject != string(user.ID) || c.Email != ada || !c.EmailVerified || c.Name != "Ada Lovelace" {
		t.Errorf("claims %+v", c)
	}
}

// TestLogtoNode signs in with @logto/node, with a secret and without.
func TestLogtoNode(t *testing.T) {
	s := serveSite(t, "sqlite")
	user := s.furnish()
	for _, kind := range []string{"traditional", "native"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			app := s.createApp(t, "Shop", "--type", kind, "--redirect-uri", shopURL, "--post-logout-redirect-uri", shopGone)
			n := startNode(t, "logto-node.js", "ENDPOINT="+s.url, "APP_ID="+app.ID, "APP_SECRET="+app.Secret,
				"RESOURCE="+orders, "REDIRECT_URI="+shopURL, "POST_LOGOUT_URI="+shopGone)
			g := newGuest()
			g.must(t, g.visit(n.url()))
			g.signIn(t, ada, password)
			g.isAt(t, shopURL)
			n.say(g.at.String())

			var got struct {
				IsAuthenticated, Rotated            bool
				Claims, AccessTokenClaims, UserInfo claims
			}
			n.hear(&got)
			got.Claims.areOf(t, user)
			got.UserInfo.areOf(t, user)
			if !got.IsAuthenticated || got.Rotated != (kind == "native") || got.AccessTokenClaims.Audience != orders ||
				got.AccessTokenClaims.ClientID != app.ID || got.AccessTokenClaims.Subject != string(user.ID) {
				t.Errorf("%+v", got)
			}
			var refreshed struct{ Again string }
			if n.hear(&refreshed); refreshed.Again != "string" {
				t.Errorf("refreshing again gave %s", refreshed.Again)
			}
			g.at = nil
			g.must(t, g.visit(n.url()), g.press("Sign out"))
			g.isAt(t, shopGone)
		})
	}
}

// TestOpenIDClient signs in with openid-client, by a pushed request.
func TestOpenIDClient(t *testing.T) {
	s := serveSite(t, "sqlite")
	user := s.furnish()
	app := s.createApp(t, "Shop", "--type", "traditional", "--redirect-uri", shopURL, "--post-logout-redirect-uri", shopGone)
	n := startNode(t, "openid-client.js", "ISSUER="+s.url+"/oidc", "CLIENT_ID="+app.ID, "CLIENT_SECRET="+app.Secret,
		"RESOURCE="+orders, "REDIRECT_URI="+shopURL, "POST_LOGOUT_URI="+shopGone)
	request := n.url()
	if query := mustQuery(t, request); query.Get("request_uri") == "" || query.Has("redirect_uri") {
		t.Errorf("the request was not pushed: %s", request)
	}
	g := newGuest()
	g.must(t, g.visit(request))
	g.signIn(t, ada, password)
	g.isAt(t, shopURL)
	n.say(g.at.String())

	var got struct {
		Claims, UserInfo  claims
		Introspection     struct{ Active bool }
		ResourceTokenLife int
		Replayed, Revoked string
	}
	n.hear(&got)
	got.Claims.areOf(t, user)
	got.UserInfo.areOf(t, user)
	if !got.Introspection.Active || got.ResourceTokenLife <= 0 || got.Replayed != "invalid_grant" || got.Revoked != "invalid_grant" {
		t.Errorf("%+v", got)
	}
	g.at = nil
	g.must(t, g.visit(n.url()), g.press("Sign out"))
	g.isAt(t, shopGone)
}

func mustQuery(t *testing.T, address string) url.Values {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

// TestLogtoAPI manages with @logto/api.
func TestLogtoAPI(t *testing.T) {
	s := serveSite(t, "sqlite")
	app := s.createMachine(t)
	n := startNode(t, "logto-api.js", "ENDPOINT="+s.url, "CLIENT_ID="+app.ID, "CLIENT_SECRET="+app.Secret)
	for _, want := range []struct {
		name   string
		status int
		body   string // what the body contains
	}{
		{"create user", http.StatusOK, `"primaryEmail":"mary@example.com"`},
		{"same address again", http.StatusUnprocessableEntity, `"code":"user.email_already_in_use"`},
		{"get user", http.StatusOK, `"name":"Mary"`},
		{"change user", http.StatusOK, `"name":"Mary Somerville"`},
		{"list users", http.StatusOK, `[{"id":`},
		{"issue token", http.StatusCreated, `"status":"active"`},
		{"list tokens", http.StatusOK, `[{"`},
		{"close the door", http.StatusOK, `"signInMode":"SignIn"`},
		{"see the door", http.StatusOK, `"signInMode":"SignIn"`},
		{"list applications", http.StatusOK, `"id":"` + app.ID + `"`},
		{"bad body", http.StatusBadRequest, `"code":"guard.invalid_input"`},
		{"delete user", http.StatusNoContent, ``},
		{"get nobody", http.StatusNotFound, `"code":"entity.not_found"`},
	} {
		var got struct {
			Name   string
			Status int
			Body   json.RawMessage
		}
		n.hear(&got)
		if got.Name != want.name || got.Status != want.status || !strings.Contains(string(got.Body), want.body) {
			t.Errorf("%s: %d %s, want %s: %d with %s", got.Name, got.Status, got.Body, want.name, want.status, want.body)
		}
	}
}

// TestLogtoExpress drives an Express application with @logto/express in a real
// browser: a guest is let in by a link although registration is closed, signs
// out, and signs in again with the password.
func TestLogtoExpress(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		s.furnish()
		app := serveExpress(t, s)
		b := newTab(t)
		b.Open(app)
		b.WaitText("Nobody is here.")
		b.Press("Sign up")
		b.IsAt(s.url + "/sign-in")
		if strings.Contains(b.Text(), "Create") {
			t.Errorf("registration is closed, and the page offers it: %s", b.Text())
		}

		link := url.Values{"token": {s.invite(grace).Token}, "email": {grace}}
		b.Open(app + "/landing?" + link.Encode())
		b.IsAt(s.url + "/one-time-token")
		b.WaitText(grace)
		b.Screenshot("express-link")
		b.Press("Continue")
		b.IsAt(s.url + "/continue/password")
		b.Fill("newPassword", newPassword)
		b.Fill("confirmPassword", newPassword)
		b.Screenshot("express-password")
		b.Press("Save")
		b.IsAt(app + "/")
		b.WaitText("Hello " + grace)
		b.WaitText(`"aud":`)

		b.Press("Sign out")
		b.WaitText("Nobody is here.")
		b.IsAt(app + "/")
		b.Press("Sign in")
		b.IsAt(s.url + "/sign-in")
		b.Fill("identifier", grace)
		b.Fill("password", newPassword)
		b.Press("Sign in")
		b.WaitText("Hello " + grace)
		b.IsAt(app + "/")
	})
}

// serveExpress starts the Express application, on another site than the
// server's, and returns its address.
func serveExpress(t *testing.T, s *site) string {
	t.Helper()
	_, port, _ := strings.Cut(freeAddress(t), ":")
	address := "http://127.0.0.1:" + port
	app := s.createApp(t, "Shop", "--type", "traditional",
		"--redirect-uri", address+"/logto/sign-in-callback", "--post-logout-redirect-uri", address)
	n := startNode(t, "express-app.js", "HOST=127.0.0.1", "PORT="+port, "ENDPOINT="+s.url,
		"APP_ID="+app.ID, "APP_SECRET="+app.Secret, "RESOURCE="+orders)
	if at := n.url(); at != address {
		t.Fatalf("the application is at %s", at)
	}
	return address
}
