package e2e

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/emersion/go-smtp"
)

// of is the same tab within another test, which then fails by itself.
func (b *tab) of(t *testing.T) *tab { return &tab{t: t, ctx: b.ctx} }

// Choose takes one of what a field offers: a radio button, a box to tick or an
// entry of a list.
func (b *tab) Choose(name, value string) {
	b.t.Helper()
	found := says(b, "choose "+value+" of "+name, `(name, value) => {
		for (const e of document.getElementsByName(name)) {
			if (e.matches('input[type=radio], input[type=checkbox]') && e.value === value) { if (!e.checked) e.click(); return true }
			if (e.matches('select') && [...e.options].some(o => o.value === value)) {
				e.value = value
				e.dispatchEvent(new Event('input', {bubbles: true}))
				e.dispatchEvent(new Event('change', {bubbles: true}))
				return true
			}
		}
		return false
	}`, name, value)
	if !found {
		b.t.Fatalf("no %s to choose for %s; %s", value, name, b.where())
	}
}

// Turn turns a switch on or off.
func (b *tab) Turn(name string, on bool) {
	b.t.Helper()
	if !says(b, "turn "+name, `(name, on) => {
		const e = document.querySelector('input[role=switch][name=' + CSS.escape(name) + ']')
		if (!e) return false
		if (e.checked !== on) e.click()
		return true
	}`, name, on) {
		b.t.Fatalf("no switch %s; %s", name, b.where())
	}
}

// says calls a function of the page that answers yes or no.
func says(b *tab, what, function string, args ...any) bool {
	b.t.Helper()
	text, err := json.Marshal(append([]any{}, args...))
	if err != nil {
		b.t.Fatal(err)
	}
	return value[bool](b, what, chromedp.Evaluate[bool]("("+function+")(..."+string(text)+")"))
}

// Inside returns the text of an element, also of one that is folded away.
func (b *tab) Inside(selector string) string {
	b.t.Helper()
	return value[string](b, "read "+selector, chromedp.Evaluate[string]("document.querySelector("+quoteJS(selector)+")?.textContent ?? ''"))
}

// openPost starts a mail server, which the test's end stops.
func openPost(t testing.TB) (p *post, host, port string) {
	t.Helper()
	p = &post{arrived: make(chan struct{})}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &delivery{post: p}, nil }))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(listener) }() // ends with Close
	t.Cleanup(func() { _ = server.Close() })
	host, port, err = net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return p, host, port
}

// heard is a delivery as it came.
type heard struct {
	header http.Header
	body   []byte
}

// validFor reports whether a delivery was signed with a key, as
// docs/webhooks.md has it checked.
func (h heard) validFor(key string) bool {
	mac := hmac.New(sha256.New, []byte(key))
	fmt.Fprintf(mac, "%s.%s.%s", h.header.Get("Webhook-Id"), h.header.Get("Webhook-Timestamp"), h.body)
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	return hmac.Equal([]byte(want), []byte(h.header.Get("Webhook-Signature")))
}

// ear is a receiver of webhooks that keeps what it hears.
type ear struct {
	url     string
	arrived chan heard
	shut    atomic.Bool // answers that it is, and keeps nothing
}

// newEar starts a receiver.
func newEar(t *testing.T) *ear {
	t.Helper()
	const room = 64 // deliveries, more than any test has
	e := &ear{arrived: make(chan heard, room)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if e.shut.Load() {
			http.Error(w, "The till is shut", http.StatusServiceUnavailable)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err == nil {
			e.arrived <- heard{r.Header, body}
		}
	}))
	t.Cleanup(server.Close)
	e.url = server.URL + "/hook"
	return e
}

// hears waits for a delivery that says something, and checks its signature.
func (e *ear) hears(t *testing.T, key, words string) {
	t.Helper()
	deadline := time.After(awaitFor)
	for {
		select {
		case h := <-e.arrived:
			if !strings.Contains(string(h.body), words) {
				continue
			}
			if !h.validFor(key) || h.validFor(key+"x") {
				t.Errorf("the key of the console does not fit the signature of %s", h.body)
			}
			return
		case <-deadline:
			t.Fatalf("nothing was delivered about %s", words)
		}
	}
}

// The verifier and the challenge of RFC 7636, appendix B.
const (
	ownVerifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	ownChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

// own is an application of somebody's own, of the type that runs in a browser:
// it takes links in, begins sign-ins and says whom it let in.
type own struct {
	s   *site
	url string

	lets bool // in who is signed in already

	mu sync.Mutex
	id string // as the console shows it
}

func newOwn(t *testing.T, s *site) *own {
	t.Helper()
	o := &own{s: s}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /invited", func(w http.ResponseWriter, r *http.Request) {
		o.begin(w, r, url.Values{"one_time_token": {r.FormValue("token")}, "login_hint": {r.FormValue("email")}})
	})
	mux.HandleFunc("GET /welcome", func(w http.ResponseWriter, r *http.Request) {
		o.begin(w, r, url.Values{"first_screen": {"reset_password"}, "login_hint": {r.FormValue("email")}})
	})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { o.begin(w, r, url.Values{}) })
	mux.HandleFunc("GET /callback", o.callback)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	o.url = server.URL
	return o
}

func (o *own) client() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.id
}

// setUp tells the application its id.
func (o *own) setUp(id string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.id = id
}

func (o *own) begin(w http.ResponseWriter, r *http.Request, q url.Values) {
	for name, value := range map[string]string{
		"client_id": o.client(), "redirect_uri": o.url + "/callback", "response_type": "code", "scope": "openid email",
		"code_challenge": ownChallenge, "code_challenge_method": "S256",
	} {
		q.Set(name, value)
	}
	if !o.lets {
		q.Set("prompt", "login")
	}
	http.Redirect(w, r, o.s.url+"/oidc/auth?"+q.Encode(), http.StatusFound)
}

// callback trades the code for tokens and asks who it is.
func (o *own) callback(w http.ResponseWriter, r *http.Request) {
	who, err := o.guest(r.Context(), r.FormValue("code"))
	if err != nil {
		http.Error(w, err.Error()+" "+r.URL.RawQuery, http.StatusBadGateway)
		return
	}
	fmt.Fprintf(w, "Welcome to the shop, %s", who)
}

func (o *own) guest(ctx context.Context, code string) (string, error) {
	form := url.Values{
		"grant_type": {"authorization_code"}, "client_id": {o.client()}, "code": {code},
		"redirect_uri": {o.url + "/callback"}, "code_verifier": {ownVerifier},
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, o.s.url+"/oidc/token", strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	var tokens struct {
		Access string `json:"access_token"`
	}
	if err := answerOf(req, &tokens); err != nil {
		return "", err
	}
	if req, err = http.NewRequestWithContext(ctx, http.MethodGet, o.s.url+"/oidc/me", nil); err != nil {
		return "", err
	}
	req.Header.Set("Authorization", "Bearer "+tokens.Access)
	var me struct{ Email string }
	err = answerOf(req, &me)
	return me.Email, err
}

// answerOf sends a request and reads the JSON of its success.
func answerOf(req *http.Request, into any) error {
	res, err := machine.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(res.Body, 1<<10)) // whatever can be read helps
		return fmt.Errorf("%s: %s %s", req.URL.Path, res.Status, text)
	}
	return json.NewDecoder(res.Body).Decode(into)
}
