package e2e

import (
	"bytes"
	"context"
	cryptorand "crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"guestlist/internal/store/storetest"
)

// engines are what every promise has to hold on.
var engines = []string{"sqlite", "postgres"}

// site is one installation: a secret key, a database and a public address,
// which one or more processes of the program share.
type site struct {
	t       testing.TB
	url     string // where guests come to
	address string // host:port of url
	data    string
	env     []string
	token   string // of the management API; see api
	clock   string // file; see setClock
}

// newSite prepares an installation on an engine. Nothing runs yet.
func newSite(t testing.TB, engine string, env ...string) *site {
	t.Helper()
	s := &site{t: t, data: filepath.Join(t.TempDir(), "data"), address: freeAddress(t)}
	s.url = "http://" + s.address
	s.env = append([]string{
		"GUESTLIST_DATA=" + s.data, "GUESTLIST_LISTEN=" + s.address, "GUESTLIST_ALLOWED_NETWORKS=127.0.0.0/8",
	}, env...)
	if engine == "postgres" {
		admin, ok := storetest.PostgresURL(t)
		if !ok {
			t.SkipNow()
		}
		s.env = append(s.env, "GUESTLIST_DATABASE="+storetest.NewDatabase(t, admin, ""))
	}
	return s
}

// command prepares a run of the program, which is this test binary under
// another name (see TestMain). Settings of the machine do not reach it.
func (s *site) command(args ...string) *exec.Cmd {
	s.t.Helper()
	self, err := os.Executable()
	if err != nil {
		s.t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Args[0] = "guestlist"
	cmd.Dir = filepath.Dir(s.data)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "GUESTLIST_") })
	cmd.Env = append(cmd.Env, s.env...)
	cmd.SysProcAttr = diesWithParent()
	return cmd
}

// run runs a command to its end.
func (s *site) run(args ...string) (stdout, stderr string, status int) {
	s.t.Helper()
	cmd := s.command(args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	var failed *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &failed) {
		s.t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// running is one process of the program, running.
type running struct {
	t     testing.TB
	cmd   *exec.Cmd
	out   *output // standard output and error, in the order of writing
	ended chan struct{}
}

// readyLine is what a server prints once it answers.
var readyLine = regexp.MustCompile(`Guestlist is ready at (\S+)`)

// serve starts a server and returns once it answers. The test's end kills it.
func (s *site) serve(args ...string) *running {
	s.t.Helper()
	return s.start(append([]string{"serve"}, args...)...)
}

// start starts a command that serves, as serve does.
func (s *site) start(args ...string) *running {
	s.t.Helper()
	p := &running{t: s.t, cmd: s.command(args...), out: newOutput(), ended: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	if err := p.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		_ = p.cmd.Wait() // the state says how it ended
	}()
	s.t.Cleanup(p.kill)
	if _, ok := p.out.wait(readyLine, p.ended); !ok {
		s.t.Fatalf("the server did not become ready:\n%s", p.out)
	}
	return p
}

// kill ends the process at once, as a power failure would, and waits until it
// is gone.
func (p *running) kill() {
	_ = p.cmd.Process.Kill() // it may have ended already
	<-p.ended
}

// askToStop asks the process to stop; see wait.
func (p *running) askToStop() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
}

// terminate asks the process to stop and returns its exit status.
func (p *running) terminate() int {
	p.t.Helper()
	p.askToStop()
	return p.wait()
}

// wait waits for the end and returns the exit status.
func (p *running) wait() int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(awaitFor):
		p.t.Fatalf("the process did not end:\n%s", p.out)
	}
	return p.cmd.ProcessState.ExitCode()
}

// output keeps what a process prints and lets tests wait for it.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{} // closed and replaced at each write
}

func newOutput() *output { return &output{more: make(chan struct{})} }

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.more)
	o.more = make(chan struct{})
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// wait waits until a text was printed, and returns its groups. It gives up
// when the process ends or the time is over.
func (o *output) wait(re *regexp.Regexp, ended <-chan struct{}) ([]string, bool) {
	deadline := time.After(awaitFor)
	for {
		o.mu.Lock()
		match, more := re.FindStringSubmatch(o.text.String()), o.more
		o.mu.Unlock()
		if match != nil {
			return match, true
		}
		select {
		case <-more:
		case <-ended:
			match = re.FindStringSubmatch(o.String())
			return match, match != nil
		case <-deadline:
			return nil, false
		}
	}
}

// administer makes a machine application and takes a token of the management
// API. The server must be running.
func (s *site) administer() {
	s.t.Helper()
	out, errs, status := s.run("app", "create", "Hostile tests", "--type", "machine-to-machine", "--management", "--json")
	var app struct{ ID, Secret string }
	if err := json.Unmarshal([]byte(out), &app); err != nil || status != 0 {
		s.t.Fatalf("app create: status %d, %v\n%s%s", status, err, out, errs)
	}
	form := url.Values{"grant_type": {"client_credentials"}, "resource": {"https://default.logto.app/api"}, "scope": {"all"}}
	req := s.request(http.MethodPost, "/oidc/token", strings.NewReader(form.Encode()))
	req.SetBasicAuth(app.ID, app.Secret)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	status, body := s.send(req)
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(body, &token); err != nil || status != http.StatusOK {
		s.t.Fatalf("token: %d %s", status, body)
	}
	s.token = token.AccessToken
}

func (s *site) request(method, path string, body io.Reader) *http.Request {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), awaitFor)
	s.t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, method, s.url+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	return req
}

// send returns the status and the body of an answer.
func (s *site) send(req *http.Request) (int, []byte) {
	s.t.Helper()
	res, err := machine.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res.StatusCode, body
}

// machine is a client without cookies that follows no redirect.
var machine = &http.Client{
	Timeout:       awaitFor,
	Transport:     &http.Transport{MaxIdleConnsPerHost: 64},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// api calls the management API, requires a status and reads the answer into
// into unless that is nil.
func (s *site) api(method, path string, body any, want int, into any) {
	s.t.Helper()
	if s.token == "" {
		s.administer()
	}
	text, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	req := s.request(method, "/api"+path, bytes.NewReader(text))
	req.Header.Set("Authorization", "Bearer "+s.token)
	req.Header.Set("Content-Type", "application/json")
	status, answer := s.send(req)
	if status != want {
		s.t.Fatalf("%s /api%s: %d, wanted %d\n%s", method, path, status, want, answer)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal(answer, into); err != nil {
		s.t.Fatalf("%s /api%s: %v in %s", method, path, err, answer)
	}
}

// oneTimeToken is a one-time token of the management API.
type oneTimeToken struct{ ID, Token, Email, Status string }

// invite issues a one-time token that is good for an hour.
func (s *site) invite(email string) oneTimeToken {
	s.t.Helper()
	var token oneTimeToken
	s.api("POST", "/one-time-tokens", map[string]any{"email": email, "expiresIn": 3600}, 201, &token)
	return token
}

// status returns how a one-time token stands.
func (s *site) status(token oneTimeToken) string {
	s.t.Helper()
	var now oneTimeToken
	s.api("GET", "/one-time-tokens/"+token.ID, nil, 200, &now)
	return now.Status
}

// anybody returns the address of somebody whom nobody has met.
func anybody() string { return "guest-" + strings.ToLower(cryptorand.Text()) + "@guests.example" }

// account is a user of the management API.
type account struct{ ID, Username, PrimaryEmail, PrimaryPhone string }

// accounts returns the users with an e-mail address, of whom there should be
// one at most.
func (s *site) accounts(email string) []account {
	s.t.Helper()
	var found []account
	q := url.Values{"search.primaryEmail": {email}, "mode.primaryEmail": {"exact"}}
	s.api("GET", "/users?"+q.Encode(), nil, 200, &found)
	return found
}

// connectMail sends what is mailed to guests into a drain.
func (s *site) connectMail() {
	s.t.Helper()
	drain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.t.Cleanup(drain.Close)
	s.api("POST", "/connectors", map[string]any{
		"connectorId": "http-email", "config": map[string]any{"endpoint": drain.URL},
	}, 200, nil)
}

// closeDoor lets nobody register who was not invited. With password a new
// guest has to choose one; without, nothing is asked.
func (s *site) closeDoor(password bool, more map[string]any) {
	s.t.Helper()
	exp := map[string]any{
		"signInMode": "SignIn",
		"signIn": map[string]any{"methods": []map[string]any{
			{"identifier": "email", "password": true, "verificationCode": true, "isPasswordPrimary": true},
		}},
		"signUp": map[string]any{"identifiers": []string{"email"}, "password": password, "verify": true},
	}
	for name, value := range more {
		exp[name] = value
	}
	s.api("PATCH", "/sign-in-exp", exp, 200, nil)
}

// link is what an application would send to an invited guest: its own page,
// which begins sign-in with the token. The demo application does so.
func (s *site) link(token oneTimeToken) string {
	q := url.Values{"one_time_token": {token.Token}, "login_hint": {token.Email}}
	return s.url + "/demo-app?" + q.Encode()
}
