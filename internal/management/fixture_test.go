package management

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/connector"
	"guestlist/internal/crypt"
	"guestlist/internal/mail"
	"guestlist/internal/notify"
	"guestlist/internal/signin"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
	"guestlist/internal/token"
	"guestlist/internal/web"
)

// fixture is the door over a real store, asked through HTTP.
type fixture struct {
	t   testing.TB
	api *API
	st  *store.Store
	srv *httptest.Server

	machine guestlist.Application // has the role that opens the API
	good    string                // its token
	tested  []string              // what was handed to the outside world

	machines int    // of machineWith
	own      string // of holder
}

// start is when tests begin. Their clock goes on by a millisecond whenever it
// is looked at, so that rows have an order.
var start = time.Date(2026, 11, 21, 9, 30, 0, 0, time.UTC)

func ticking() func() time.Time {
	var ticks atomic.Int64
	return func() time.Time { return start.Add(time.Duration(ticks.Add(1)) * time.Millisecond) }
}

// each runs fn over an empty, seeded store on every engine.
func each(t *testing.T, fn func(t *testing.T, f *fixture)) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			fn(t, newFixture(t, storetest.Open(t, engine, ticking())))
		})
	}
}

func newFixture(t testing.TB, st *store.Store) *fixture {
	t.Helper()
	if err := st.Update(context.Background(), store.Seed); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: slog.LevelError}))
	phrases, err := web.Load()
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, st: st}
	f.api = &API{
		Store: st, Log: log, Endpoint: "http://guestlist.test", Version: "test",
		Tokens: &token.Mint{Store: st, Issuer: "http://guestlist.test/oidc"},
		Desk:   &signin.Desk{Store: st, Hasher: crypt.NewHasher(), Endpoint: "http://guestlist.test", Log: log},
		BuiltIn: map[guestlist.ApplicationID]guestlist.Application{guestlist.DemoApplication: {
			TenantID: guestlist.TenantID, ID: guestlist.DemoApplication, Name: "Demo", Type: guestlist.ApplicationSPA,
		}},
		Phrases: phrases, Reporter: &mail.Reporter{},
		Connectors: connector.NewSet(&http.Client{Timeout: 10 * time.Second}, "http://guestlist.test", nil),
		TestHook: func(_ context.Context, h guestlist.Hook, events []string) error {
			f.tested = append(f.tested, h.Config.URL+" "+strings.Join(events, "+"))
			return nil
		},
		Redelivery: notify.Redelivery,
		TestMessage: func(_ context.Context, factoryID string, _ json.RawMessage, m guestlist.Message, own *guestlist.EmailTemplate) error {
			said := factoryID + " " + m.To + " " + string(m.Type)
			if own != nil {
				said += " " + own.Details.Subject
			}
			f.tested = append(f.tested, said)
			return nil
		},
	}
	if err := f.api.Tokens.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	f.machine = f.addMachine("machine", store.ManagementRoleID)
	f.good = f.token(f.machine, guestlist.ManagementAPI)
	manners := &web.Manners{
		Log: log, Phrases: phrases, Endpoint: f.api.Endpoint,
		LargeBody: func(r *http.Request) bool {
			return r.URL.Path == "/api/users/bulk" || r.URL.Path == "/api/user-imports" || r.URL.Path == "/api/invitations/batch"
		},
	}
	f.api.Describe = manners.Describe
	mux := web.NewMux(manners, nil)
	f.api.Mount(mux)
	f.srv = httptest.NewServer(manners.Wrap(mux))
	t.Cleanup(f.srv.Close)
	return f
}

// addMachine creates a machine with a role; "" means none.
func (f *fixture) addMachine(id guestlist.ApplicationID, role guestlist.RoleID) guestlist.Application {
	f.t.Helper()
	app := guestlist.Application{ID: id, Name: string(id), Type: guestlist.ApplicationMachine}
	if err := f.st.Update(context.Background(), func(tx *store.Tx) error {
		app.CreatedAt = tx.Now
		if err := tx.InsertApplication(app); err != nil || role == "" {
			return err
		}
		return tx.AddApplicationRole(id, role)
	}); err != nil {
		f.t.Fatal(err)
	}
	return app
}

// token mints an access token for a machine.
func (f *fixture) token(app guestlist.Application, resource string) string {
	f.t.Helper()
	answer, err := f.api.Tokens.ClientCredentials(context.Background(), token.MachineRequest{
		Application: app, Scopes: []string{guestlist.ScopeAll}, Resources: []string{resource},
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return answer.AccessToken
}

// testWriter shows what the server logs as a failure.
type testWriter struct{ t testing.TB }

func (w testWriter) Write(b []byte) (int, error) {
	w.t.Log(strings.TrimSpace(string(b)))
	return len(b), nil
}

// answer is what the door said.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// code returns the code of an error, or "".
func (a answer) code() string {
	var env struct{ Code string }
	_ = json.Unmarshal(a.body, &env) // no JSON, no code
	return env.Code
}

// decode fills v from the body.
func (a answer) decode(t testing.TB, v any) {
	t.Helper()
	if err := json.Unmarshal(a.body, v); err != nil {
		t.Fatalf("answer %d %s: %v", a.status, a.body, err)
	}
}

// call asks as a machine with every right. A string body is sent as it is,
// anything else as JSON; nil sends none.
func (f *fixture) call(method, path string, body any) answer {
	f.t.Helper()
	if strings.HasPrefix(path, "/api/my-account/") {
		return f.send(method, path, body, f.holder())
	}
	return f.send(method, path, body, "Bearer "+f.good)
}

// holder returns the token of a user for their own account, the same each time.
func (f *fixture) holder() string {
	f.t.Helper()
	if f.own == "" {
		f.own = f.holderToken(f.addUser(map[string]any{"username": "holder", "primaryEmail": "holder@example.com"}))
	}
	return f.own
}

// holderToken returns an access token of an application of the house for a user.
func (f *fixture) holderToken(id guestlist.UserID) string {
	f.t.Helper()
	token := "own-" + string(id)
	if err := f.st.Update(context.Background(), func(tx *store.Tx) error {
		return tx.InsertToken(token, store.Token{
			Kind: store.TokenAccess, UserID: id, ClientID: guestlist.AccountApplication, Data: json.RawMessage(`{"scopes":["openid"]}`),
			ExpiresAt: tx.Now + 3_600_000,
		})
	}); err != nil {
		f.t.Fatal(err)
	}
	return "Bearer " + token
}

func (f *fixture) send(method, path string, body any, authorization string) answer {
	f.t.Helper()
	var reader io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		reader = strings.NewReader(b)
	default:
		text, err := json.Marshal(b)
		if err != nil {
			f.t.Fatal(err)
		}
		reader = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(context.Background(), method, f.srv.URL+path, reader)
	if err != nil {
		f.t.Fatal(err)
	}
	if reader != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	return f.do(req)
}

func (f *fixture) do(req *http.Request) answer {
	f.t.Helper()
	res, err := f.srv.Client().Do(req)
	if err != nil {
		f.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	return answer{status: res.StatusCode, header: res.Header, body: text}
}

// must asks and fails the test unless the status is as expected.
func (f *fixture) must(status int, method, path string, body any) answer {
	f.t.Helper()
	a := f.call(method, path, body)
	if a.status != status {
		f.t.Fatalf("%s %s: %d %s, want %d", method, path, a.status, a.body, status)
	}
	return a
}

// refused asks and expects a status and a code.
func (f *fixture) refused(status int, code, method, path string, body any) {
	f.t.Helper()
	a := f.call(method, path, body)
	if a.status != status || a.code() != code {
		f.t.Errorf("%s %s %v: %d %s, want %d %s", method, path, body, a.status, a.body, status, code)
	}
}

// field returns a string member of an object answer.
func (a answer) field(t testing.TB, name string) string {
	t.Helper()
	var m map[string]any
	a.decode(t, &m)
	s, ok := m[name].(string)
	if !ok {
		t.Fatalf("no string %q in %s", name, a.body)
	}
	return s
}
