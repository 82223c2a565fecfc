package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"golang.org/x/oauth2/clientcredentials"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/store/storetest"
)

// Limits of what a test waits for.
const (
	stopWithin  = 30 * time.Second
	oneProgram  = time.Minute // one run of another program
	httpTimeout = 30 * time.Second
)

// eachEngine runs a test on both databases, at the same time.
func eachEngine(t *testing.T, test func(t *testing.T, p *process)) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			env := []string{}
			if engine == "postgres" {
				admin, ok := storetest.PostgresURL(t)
				if !ok {
					t.SkipNow()
				}
				env = append(env, "GUESTLIST_DATABASE="+storetest.NewDatabase(t, admin, ""))
			}
			test(t, start(t, env...))
		})
	}
}

// process is the real program, serving on a port of its own, and an
// application that manages it.
type process struct {
	url string
	// machine may use the management API, by way of api.
	machine credentials
	api     *client.Client
	env     []string
}

// credentials are what "guestlist app create --json" prints.
type credentials struct{ ID, Secret string }

// start starts "guestlist serve" on an empty SQLite database, unless env says
// otherwise, and stops it when the test ends. Its log is shown if the test
// fails.
func start(t *testing.T, env ...string) *process {
	t.Helper()
	address := freeAddress(t)
	p := &process{url: "http://" + address}
	p.env = append(append(os.Environ(), "GUESTLIST_LISTEN="+address, "GUESTLIST_DATA="+filepath.Join(t.TempDir(), "data"),
		"GUESTLIST_ALLOWED_NETWORKS=127.0.0.0/8"), env...)
	var log bytes.Buffer
	serve := exec.Command("guestlist", "serve")
	serve.Env, serve.Stdout, serve.Stderr = p.env, &log, &log
	run(t, serve, func() string { return "the server's log:\n" + log.String() })
	untilHealthy(t, p.url)

	p.machine = p.createApp(t, "Automation", "--type", "machine-to-machine", "--management")
	conf := clientcredentials.Config{
		ClientID: p.machine.ID, ClientSecret: p.machine.Secret, TokenURL: p.url + "/oidc/token", Scopes: []string{"all"},
		EndpointParams: map[string][]string{"resource": {guestlist.ManagementAPI}},
	}
	tokens := conf.TokenSource(t.Context())
	p.api = &client.Client{Endpoint: p.url, HTTP: &http.Client{Timeout: httpTimeout}, Token: func(context.Context) (string, error) {
		token, err := tokens.Token()
		if err != nil {
			return "", err
		}
		return token.AccessToken, nil
	}}
	return p
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
		kill := time.AfterFunc(stopWithin, func() { _ = cmd.Process.Kill() }) // Wait tells
		defer kill.Stop()
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended; Wait tells
		err := cmd.Wait()
		if t.Failed() {
			t.Logf("%v; %s", err, tell())
		}
	})
}

// untilHealthy waits until a server answers.
func untilHealthy(t *testing.T, address string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), awaitFor)
	defer cancel()
	if err := awaitAnswer(ctx, address+"/healthz"); err != nil {
		t.Fatal(err)
	}
}

// guestlist runs another command of the program on the same database and
// returns what it prints.
func (p *process) guestlist(t *testing.T, args ...string) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), oneProgram)
	defer cancel()
	cmd := exec.CommandContext(ctx, "guestlist", args...)
	var complaint bytes.Buffer
	cmd.Env, cmd.Stderr = p.env, &complaint
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("guestlist %v: %v\n%s", args, err, complaint.String())
	}
	return out
}

// createApp creates an application from the command line.
func (p *process) createApp(t *testing.T, name string, flags ...string) credentials {
	t.Helper()
	var c credentials
	out := p.guestlist(t, append([]string{"app", "create", name, "--json"}, flags...)...)
	if err := json.Unmarshal(out, &c); err != nil || c.ID == "" {
		t.Fatalf("app create printed %s: %v", out, err)
	}
	return c
}

// do calls the management API.
func (p *process) do(t *testing.T, method, path string, in, out any) {
	t.Helper()
	if err := p.api.Do(t.Context(), method, path, in, out); err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
}

// closeDoor turns registration off: guests sign in by e-mail and password, and
// whoever comes in by another way gets a password. Mail is set up, which
// e-mail needs, and goes nowhere.
func (p *process) closeDoor(t *testing.T) {
	t.Helper()
	p.do(t, http.MethodPost, "/connectors", map[string]any{
		"connectorId": "http-email", "config": map[string]any{"endpoint": p.url + "/nobody-reads-this"},
	}, nil)
	p.do(t, http.MethodPatch, "/sign-in-exp", map[string]any{
		"signInMode": "SignIn",
		"signIn": map[string]any{"methods": []map[string]any{
			{"identifier": "email", "password": true, "verificationCode": false, "isPasswordPrimary": true},
		}},
		"signUp": map[string]any{"identifiers": []string{"email"}, "password": true, "verify": true},
	}, nil)
}

// freeAddress returns an address that nobody listens on. It is none that the
// system gives to outgoing connections, so that it stays free until a server
// listens there, and while one starts again.
func freeAddress(t testing.TB) string {
	t.Helper()
	const first, ports, tries = 20000, 12000, 100
	for range tries {
		address := net.JoinHostPort("localhost", strconv.Itoa(first+rand.IntN(ports)))
		if l, err := net.Listen("tcp", address); err == nil {
			l.Close()
			return address
		}
	}
	t.Fatal("no free port found")
	return ""
}
