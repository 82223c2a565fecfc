package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// secret is something that opens a door, and what it is called in a complaint.
type secret struct{ name, value string }

// TestSecretsStayInside lets guests and machines in with the log at its most
// talkative, and then looks through all that the server wrote: its log, and
// every byte of its database. No secret is there in clear.
func TestSecretsStayInside(t *testing.T) {
	t.Parallel()
	s := newSite(t, "sqlite", "GUESTLIST_LOG_LEVEL=debug")
	p := s.serve()
	setup, setupToken := p.setupLink(t)
	secrets := []secret{{"setup link", setupToken}}
	s.administer()
	secrets = append(secrets, secret{"access token", s.token})
	secrets = append(secrets, s.confide(t)...)
	secrets = append(secrets, s.letSomebodyIn(t)...)
	secrets = append(secrets, s.showInvitations(t)...)
	if status := p.terminate(); status != 0 {
		t.Fatalf("status %d\n%s", status, p.out)
	}
	key, err := os.ReadFile(filepath.Join(s.data, "secret.key"))
	if err != nil {
		t.Fatal(err)
	}
	secrets = append(secrets, secret{"secret key", strings.TrimSpace(string(key))})

	log := strings.ReplaceAll(p.out.String(), setup, "") // which is printed for its reader
	files := map[string][]byte{"the log": []byte(log)}
	for _, entry := range s.files(t) {
		if filepath.Base(entry) == "secret.key" {
			continue
		}
		if files[entry], err = os.ReadFile(entry); err != nil {
			t.Fatal(err)
		}
	}
	if len(files) < 2 || len(log) < 1000 {
		t.Fatalf("there is nothing to look through: %d files, a log of %d bytes", len(files), len(log))
	}
	// What is no secret is found, so these are the right bytes to look at.
	if all := slices.Concat(slices.Collect(maps.Values(files))...); !bytes.Contains(all, []byte("https://reader.example/callback")) {
		t.Error("not even what is public was found")
	}
	for _, secret := range secrets {
		if len(secret.value) < 8 {
			t.Fatalf("the %s is %q, which proves nothing", secret.name, secret.value)
		}
		for where, content := range files {
			for as, spelling := range spellings(secret.value) {
				if bytes.Contains(content, []byte(spelling)) {
					t.Errorf("%s holds the %s %s", where, secret.name, as)
				}
			}
		}
	}
}

// spellings are the ways in which a secret may be written.
func spellings(s string) map[string]string {
	return map[string]string{
		"in clear": s, "as a query": url.QueryEscape(s), "in hex": hex.EncodeToString([]byte(s)),
		// Without the end, which depends on what follows.
		"in base64": strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(s[:len(s)/3*3])), "="),
	}
}

var setupLine = regexp.MustCompile(`(http\S+/setup\?token=(\S+))`)

// setupLink returns the link that the first start prints, and its token.
func (p *running) setupLink(t *testing.T) (link, token string) {
	t.Helper()
	match, ok := p.out.wait(setupLine, p.ended)
	if !ok {
		t.Fatalf("no setup link:\n%s", p.out)
	}
	return match[1], match[2]
}

func (s *site) files(t *testing.T) (list []string) {
	t.Helper()
	err := filepath.WalkDir(s.data, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			list = append(list, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// confide gives the server secrets to keep, and takes some of its own.
func (s *site) confide(t *testing.T) []secret {
	t.Helper()
	const mailPassword, hookHeader = "correct-horse-battery-relay", "Bearer hook-header-staple"
	s.api("POST", "/connectors", map[string]any{"connectorId": "simple-mail-transfer-protocol", "config": map[string]any{
		"host": "mail.invalid", "port": 587, "auth": map[string]any{"type": "login", "user": "door", "pass": mailPassword},
		"fromEmail": "door@shop.example", "templates": []map[string]string{
			{"usageType": "SignIn", "contentType": "text/plain", "subject": "s", "content": "Code {{code}}"},
			{"usageType": "Register", "contentType": "text/plain", "subject": "s", "content": "Code {{code}}"},
			{"usageType": "ForgotPassword", "contentType": "text/plain", "subject": "s", "content": "Code {{code}}"},
			{"usageType": "Generic", "contentType": "text/plain", "subject": "s", "content": "Code {{code}}"},
		},
	}}, 200, nil)
	var hook struct{ SigningKey string }
	s.api("POST", "/hooks", map[string]any{
		"name": "ring", "events": []string{"User.Created", "PostSignIn"},
		"config": map[string]any{"url": "http://127.0.0.1:1/", "headers": map[string]string{"Authorization": hookHeader}},
	}, 201, &hook)
	var app struct{ ID string }
	s.api("POST", "/applications", map[string]any{
		"name": "Shop", "type": "Traditional", "oidcClientMetadata": map[string]any{
			"redirectUris": []string{"https://shop.example/callback"}, "postLogoutRedirectUris": []string{},
		},
	}, 200, &app)
	var named struct{ Value string }
	s.api("POST", "/applications/"+app.ID+"/secrets", map[string]any{"name": "second", "expiresAt": nil}, 201, &named)
	return []secret{
		{"password of the mail server", mailPassword}, {"header of a hook", hookHeader}, {"signing key of a hook", hook.SigningKey},
		{"client secret", named.Value},
	}
}

// letSomebodyIn lets a guest in by a link, with a password, to an application
// that takes tokens, and returns everything that was secret on the way.
func (s *site) letSomebodyIn(t *testing.T) (secrets []secret) {
	t.Helper()
	s.closeDoor(true, nil)
	token, unused := s.invite(anybody()), s.invite(anybody())
	secrets = append(secrets, secret{"one-time token", token.Token}, secret{"unused one-time token", unused.Token})
	g := newGuest()
	watch := &watching{}
	g.client.Transport = watch
	letIn(t, g, s, token, scanned{password: true})
	secrets = append(secrets, secret{"password of a guest", "A-door-with-7-hinges"})
	for name, value := range watch.cookies {
		if strings.HasSuffix(name, ".sig") || name == "_logto" || name == "demo_run" || name == "_guest" {
			continue // no secrets, but seals, settings and the application's own
		}
		secrets = append(secrets, secret{"cookie " + name, value})
	}
	if watch.code == "" || len(watch.cookies) == 0 {
		t.Fatalf("no code or no cookies were seen: %v", watch)
	}
	secrets = append(secrets, secret{"authorization code", watch.code})
	return append(secrets, s.refreshToken(t, g)...)
}

// showInvitations issues invitations, has a guest set out with them, and returns
// what of their links and codes lets somebody in.
func (s *site) showInvitations(t *testing.T) (secrets []secret) {
	t.Helper()
	var personal, shared struct{ ID, Link, Code string }
	s.api("POST", "/invitations", map[string]any{"email": anybody(), "send": false}, 201, &personal)
	s.api("POST", "/invitation-codes", map[string]any{"name": "Fair", "seats": 2}, 201, &shared)
	for name, i := range map[string]struct{ ID, Link, Code string }{"link of an invitation": personal, "link of a shared invitation": shared} {
		g := newGuest()
		if err := g.visit(i.Link); err != nil || !strings.HasSuffix(g.at.Path, "/invitation") {
			t.Fatalf("the %s leads to %s, %v", name, g.at, err)
		}
		_, proof, _ := strings.Cut(i.Link, "/i/"+i.ID)
		secrets = append(secrets, secret{name, proof})
	}
	g := newGuest()
	if err := errors.Join(g.visit(s.url+"/invitation/code"), g.fill("code", shared.Code), g.press("Continue")); err != nil {
		t.Fatal(err)
	}
	return append(secrets, secret{"code that people type", shared.Code},
		secret{"code that people type, folded", strings.ReplaceAll(shared.Code, "-", "")})
}

// watching notes the secrets in the answers that a browser gets.
type watching struct {
	cookies map[string]string
	code    string
}

func (w *watching) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := machine.Transport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if w.cookies == nil {
		w.cookies = map[string]string{}
	}
	for _, c := range res.Cookies() {
		if c.Value == "" {
			continue
		}
		w.cookies[c.Name] = c.Value
		if plain, err := url.QueryUnescape(c.Value); c.Name == "_interaction" && err == nil {
			var uids map[string]string
			if json.Unmarshal([]byte(plain), &uids) == nil {
				w.cookies[c.Name] = uids["_legacy"]
			}
		}
	}
	if u, err := res.Location(); err == nil && u.Query().Has("code") {
		w.code = u.Query().Get("code")
	}
	return res, nil
}

// refreshToken lets a signed-in guest's application take tokens.
func (s *site) refreshToken(t *testing.T, g *guest) []secret {
	t.Helper()
	const verifier, challenge = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	var app struct{ ID string }
	s.api("POST", "/applications", map[string]any{
		"name": "Reader", "type": "SPA", "oidcClientMetadata": map[string]any{
			"redirectUris": []string{"https://reader.example/callback"}, "postLogoutRedirectUris": []string{},
		},
	}, 200, &app)
	q := url.Values{
		"client_id": {app.ID}, "redirect_uri": {"https://reader.example/callback"}, "response_type": {"code"}, "state": {"s"},
		"scope": {"openid offline_access"}, "prompt": {"consent"}, "code_challenge": {challenge}, "code_challenge_method": {"S256"},
	}
	if err := g.visit(s.url + "/oidc/auth?" + q.Encode()); err != nil || !g.app {
		t.Fatal(g.lost("no code: %v", err))
	}
	code := g.at.Query().Get("code")
	form := url.Values{
		"client_id": {app.ID}, "grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {"https://reader.example/callback"},
		"code_verifier": {verifier},
	}
	req := s.request(http.MethodPost, "/oidc/token", strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	status, body := s.send(req)
	var tokens struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
		ID      string `json:"id_token"`
	}
	if err := json.Unmarshal(body, &tokens); err != nil || status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	return []secret{
		{"second authorization code", code}, {"opaque access token", tokens.Access}, {"refresh token", tokens.Refresh}, {"ID token", tokens.ID},
	}
}
