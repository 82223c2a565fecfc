package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// The size of the races: as many at once, as often, as the promise says.
const (
	racers = 64
	rounds = 200
)

// twoServers starts two processes of the program on one PostgreSQL, behind one
// public address. There is no third that leads to either: the racers do.
func twoServers(t *testing.T, env ...string) (s *site, addresses []string) {
	t.Helper()
	s = newSite(t, "postgres", append(env, "GUESTLIST_ENDPOINT=http://door.example", "GUESTLIST_DATABASE_CONNECTIONS=24")...)
	other := freeAddress(t)
	s.serve()
	s.serve("--listen", other)
	return s, []string{s.address, other}
}

// balancer sends each request to the next of several servers, whatever came
// before: no state may live in one of them.
type balancer struct {
	addresses []string
	next      atomic.Uint64
	transport http.Transport
}

func newBalancer(addresses []string) *balancer {
	return &balancer{addresses: addresses, transport: http.Transport{MaxIdleConnsPerHost: racers}}
}

func (b *balancer) RoundTrip(r *http.Request) (*http.Response, error) {
	var res *http.Response
	err := errNoServer
	for range b.addresses { // one that is not there takes nothing; another may
		next := r.Clone(r.Context())
		next.URL.Scheme, next.URL.Host = "http", b.addresses[b.next.Add(1)%uint64(len(b.addresses))]
		if r.GetBody != nil {
			if next.Body, err = r.GetBody(); err != nil {
				return nil, err
			}
		}
		if res, err = b.transport.RoundTrip(next); !errors.Is(err, syscall.ECONNREFUSED) {
			return res, err
		}
	}
	return nil, err
}

var errNoServer = errors.New("there is no server")

// answer is what a racer got.
type answer struct {
	status  int
	to      string // Location
	body    string
	cookies []*http.Cookie
}

// cookie returns the value of a cookie that was set, or "".
func (a answer) cookie(name string) string {
	for _, c := range a.cookies {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// racer is a browser, as thin as it can be.
type racer struct {
	via     *balancer
	from    string // where a proxy says that it is; "" for nowhere in particular
	cookies []*http.Cookie
}

func (r *racer) do(ctx context.Context, method, path string, form url.Values) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://door.example"+path, strings.NewReader(form.Encode()))
	if err != nil {
		return answer{}, err
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if r.from != "" {
		req.Header.Set("X-Forwarded-For", r.from)
	}
	for _, c := range r.cookies {
		req.AddCookie(c)
	}
	res, err := r.via.RoundTrip(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	a := answer{status: res.StatusCode, to: res.Header.Get("Location"), body: string(body), cookies: res.Cookies()}
	for _, c := range a.cookies {
		r.cookies = slices.DeleteFunc(r.cookies, func(old *http.Cookie) bool { return old.Name == c.Name })
		r.cookies = append(r.cookies, c)
	}
	return a, err
}

// atOnce runs fn for every racer, all of them released together, and returns
// the answers.
func atOnce(t *testing.T, fn func(ctx context.Context, i int) (answer, error)) []answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	answers := make([]answer, racers)
	failed := make([]error, racers)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range racers {
		all.Go(func() {
			<-start
			answers[i], failed[i] = fn(ctx, i)
		})
	}
	close(start)
	all.Wait()
	for _, err := range failed {
		if err != nil {
			t.Fatal(err)
		}
	}
	return answers
}

// TestVerifyRace: of 64 machines that verify a one-time token at the same
// moment, by way of two processes, one gets it, 200 times out of 200. (Logto
// gave it to several.)
func TestVerifyRace(t *testing.T) {
	t.Parallel()
	s, addresses := twoServers(t)
	s.administer()
	via := newBalancer(addresses)
	for round := range rounds {
		token := s.invite(anybody())
		body, err := json.Marshal(map[string]string{"email": token.Email, "token": token.Token})
		if err != nil {
			t.Fatal(err)
		}
		answers := atOnce(t, func(ctx context.Context, _ int) (answer, error) {
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://door.example/api/one-time-tokens/verify",
				strings.NewReader(string(body)))
			if err != nil {
				return answer{}, err
			}
			req.Header.Set("Authorization", "Bearer "+s.token)
			req.Header.Set("Content-Type", "application/json")
			res, err := via.RoundTrip(req)
			if err != nil {
				return answer{}, err
			}
			defer res.Body.Close()
			text, err := io.ReadAll(res.Body)
			return answer{status: res.StatusCode, body: string(text)}, err
		})
		won := 0
		for _, a := range answers {
			switch {
			case a.status == http.StatusOK && strings.Contains(a.body, `"status":"consumed"`):
				won++
			case a.status != http.StatusBadRequest || !strings.Contains(a.body, `"one_time_token.token_consumed"`):
				t.Errorf("round %d: a loser was told %d %s", round, a.status, a.body)
			}
		}
		if won != 1 {
			t.Fatalf("round %d: %d winners", round, won)
		}
	}
}

// TestRedemptionRace: 64 browsers open one link at the same moment, by way of
// two processes, and each confirms it. Whoever opened it last may finish, and
// one does: there is one account and one session, and the others are told so.
// Every second round is about a guest who has an account already.
func TestRedemptionRace(t *testing.T) {
	t.Parallel()
	s, addresses := twoServers(t)
	s.administer()
	s.connectMail()
	s.closeDoor(false, nil)
	via := newBalancer(addresses)
	for round := range rounds {
		token := s.invite(anybody())
		if known := round%2 == 1; known {
			s.api("POST", "/users", map[string]any{"primaryEmail": token.Email}, 200, nil)
		}
		browsers := make([]*racer, racers)
		atOnce(t, func(ctx context.Context, i int) (answer, error) {
			browsers[i] = &racer{via: via}
			return browsers[i].begin(ctx, token)
		})
		answers := atOnce(t, func(ctx context.Context, i int) (answer, error) {
			return browsers[i].do(ctx, http.MethodPost, "/one-time-token", url.Values{"identifier": {token.Email}})
		})
		winner := -1
		for i, a := range answers {
			switch {
			case a.status == http.StatusSeeOther && a.to == "http://door.example"+browsers[i].resume():
				if winner >= 0 {
					t.Errorf("round %d: a second winner", round)
				}
				winner = i
			case a.status == http.StatusSeeOther && a.to == "/one-time-token/error":
			case a.status == http.StatusSeeOther && a.to == "/one-time-token": // the page says that the link is used up
			default:
				t.Errorf("round %d: a loser was answered %d, to %q: %s", round, a.status, a.to, a.body)
			}
			if a.cookie("_session") != "" {
				t.Errorf("round %d: a session before the interaction is resumed", round)
			}
		}
		if winner < 0 {

			t.Fatalf("round %d: nobody won; the token is %s", round, s.status(token))
		}
		s.afterRace(t, browsers, answers, winner, token)
		if t.Failed() {
			t.FailNow()
		}
	}
}

// begin starts sign-in with a link, or without one, as the demo application
// would.
func (r *racer) begin(ctx context.Context, token oneTimeToken) (answer, error) {
	q := url.Values{
		"client_id": {"demo-app"}, "redirect_uri": {"http://door.example/demo-app"}, "response_type": {"code"}, "scope": {"openid"},
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"}, "state": {"s"},
	}
	if token.Token != "" {
		q.Set("one_time_token", token.Token)
		q.Set("login_hint", token.Email)
	}
	a, err := r.do(ctx, http.MethodGet, "/oidc/auth?"+q.Encode(), nil)
	if err == nil && (a.status != http.StatusSeeOther || r.resume() == "") {
		err = fmt.Errorf("begin: %d %s %s", a.status, a.to, a.body)
	}
	return a, err
}

// resume is where the browser's interaction goes on, "" if it has none.
func (r *racer) resume() string {
	for _, c := range r.cookies {
		if c.Name == "_interaction_resume" {
			return "/oidc/auth/" + c.Value
		}
	}
	return ""
}

// afterRace lets everybody try to go on: the winner gets a session and a code,
// and nobody else does.
func (s *site) afterRace(t *testing.T, browsers []*racer, answers []answer, winner int, token oneTimeToken) {
	t.Helper()
	again := slices.IndexFunc(answers, func(a answer) bool { return a.to == "/one-time-token" })
	if again >= 0 {
		a, err := browsers[again].do(t.Context(), http.MethodGet, "/one-time-token", nil)
		if err != nil || a.to != "/one-time-token/error" {
			t.Errorf("the link of a loser: %d, to %q, %v", a.status, a.to, err)
		}
	}
	for _, i := range []int{(winner + 1) % racers, (winner + racers/2) % racers, winner} {
		session, last := browsers[i].goOn(t, browsers[i].resume())
		if code := strings.Contains(last.to, "/demo-app?code="); session != (i == winner) || code != (i == winner) {
			t.Errorf("racer %d (the winner is %d): session %v; it was told to go to %q, and came to %d %q %s", i, winner, session,
				answers[i].to, last.status, last.to, last.body)
		}
	}
	if status := s.status(token); status != "consumed" {
		t.Errorf("the token is %s", status)
	}
	if n := len(s.accounts(token.Email)); n != 1 {
		t.Errorf("%d accounts", n)
	}
}

// goOn follows redirects until the application, or a page, and reports whether
// a session was made on the way.
func (r *racer) goOn(t *testing.T, path string) (session bool, last answer) {
	t.Helper()
	for range 5 {
		var err error
		if last, err = r.do(t.Context(), http.MethodGet, path, nil); err != nil {
			t.Fatal(err)
		}
		session = session || last.cookie("_session") != ""
		if path = strings.TrimPrefix(last.to, "http://door.example"); path == "" || strings.HasPrefix(path, "/demo-app") {
			break
		}
	}
	return session, last
}
