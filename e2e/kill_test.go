package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// What is under way when the server is killed.
const (
	killedGuests  = 60
	killedWorkers = 8
	killedMails   = 20
	killedLines   = 240
	beforeTheKill = 100 // verdicts of the import

	// recoveredWithin bounds what a start after a crash takes to make up for it:
	// what the dead process was about to do is claimed again when its lease ends,
	// two minutes for mail.
	recoveredWithin = 4 * time.Minute
)

// TestKilledServerLosesNothing kills the real process, as a power failure
// would, in the middle of redemptions and of a webhook's delivery, of
// registrations by a provider, of a mail, and of an import, and starts it again on the same
// data. In the end every guest is in, once; every user's creation was told,
// under one id; every mail that was promised came, under one id; and an import
// that is sent again makes nobody twice.
func TestKilledServerLosesNothing(t *testing.T) {
	t.Parallel()
	var both sync.WaitGroup
	for _, engine := range engines { // together: they mostly wait
		both.Go(func() {
			t.Run(engine, func(t *testing.T) { newCrash(t, engine).run(t) })
		})
	}
	both.Wait()
}

// crash is one installation that is killed again and again.
type crash struct {
	*mortal
	world    *world
	receiver *receiver
	sink     *sink
	hook     string
	came     []string // ids of those who registered by a provider
}

func newCrash(t *testing.T, engine string) *crash {
	w := newWorld(t)
	c := &crash{mortal: newMortal(t, engine, 1, w.env(t)...), world: w, receiver: newReceiver(t, 3), sink: newSink(t, 2)}
	c.connectSMTP(c.sink.host, c.sink.port)
	c.closeDoor(false, nil)
	var hook struct{ ID string }
	c.api("POST", "/hooks", map[string]any{
		"name": "ring", "events": []string{"User.Created"}, "config": map[string]any{"url": c.receiver.url},
	}, 201, &hook)
	c.hook = hook.ID
	return c
}

func (c *crash) run(t *testing.T) {
	guests := c.inviteAll()
	var in sync.WaitGroup
	in.Go(func() { c.redeemAll(t, guests) })
	await1(t, c.receiver.held, "a delivery that is held")
	c.killAndStart(0)
	in.Wait()
	c.receiver.answer(http.StatusServiceUnavailable)

	c.newcomers(t, c.world)

	mailed := c.mailUntilHeld(t)
	c.killAndStart(0)
	close(c.sink.free)

	ids := c.importTwice(t)
	c.recovered(t, guests, mailed, ids)
	c.unharmed(t)
}

func await1(t *testing.T, event <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-event:
	case <-time.After(awaitFor):
		t.Fatalf("there was never %s", what)
	}
}

func (c *crash) inviteAll() []oneTimeToken {
	guests := make([]oneTimeToken, killedGuests)
	for i := range guests {
		guests[i] = c.invite(anybody())
	}
	return guests
}

// redeemAll lets guests in, several at once, each as stubborn as guests are.
func (c *crash) redeemAll(t *testing.T, guests []oneTimeToken) {
	queue := make(chan oneTimeToken)
	var workers sync.WaitGroup
	for range killedWorkers {
		workers.Go(func() {
			for token := range queue {
				if err := c.redeem(t.Context(), token); err != nil {
					t.Errorf("%s: %v", token.Email, err)
				}
			}
		})
	}
	for _, token := range guests {
		queue <- token
	}
	close(queue)
	workers.Wait()
}

// errNotLetIn says that a guest who tried again and again never came in.
var errNotLetIn = errors.New("never let in")

// redeem opens a link until its guest is in. An answer that got lost is asked
// for again by reloading the page, as browsers do; if that leads nowhere, the
// link is opened anew.
func (c *crash) redeem(ctx context.Context, token oneTimeToken) error {
	via := newBalancer(c.addresses)
	defer via.transport.CloseIdleConnections()
	var last error
	for range 5 {
		c.untilUp()
		b := &racer{via: via}
		in, err := b.walkIn(ctx, token)
		if in {
			return nil
		}
		if last = err; err == nil {
			// The page says that the link is used up: by the answer that got lost.
			c.up.RLock()
			used := len(c.accounts(token.Email)) == 1 && c.status(token) == "consumed"
			c.up.RUnlock()
			if used {
				return nil
			}
		}
	}
	return errors.Join(errNotLetIn, last)
}

// walkIn opens a link, confirms it, and goes on to the application. Without an
// error and not in, the link led nowhere.
func (r *racer) walkIn(ctx context.Context, token oneTimeToken) (in bool, err error) {
	if _, err := r.begin(ctx, token); err != nil {
		return false, err
	}
	a, err := r.do(ctx, http.MethodPost, "/one-time-token", url.Values{"identifier": {token.Email}})
	if err == nil && a.to == "/one-time-token/error" {
		return false, nil
	}
	// Whatever became of the form: the interaction knows.
	path := r.resume()
	for range 8 {
		a, err = r.do(ctx, http.MethodGet, path, nil)
		switch {
		case err != nil:
			return false, err
		case strings.Contains(a.to, "/demo-app?code="):
			return true, nil
		case a.to == "":
			return false, fmt.Errorf("%s: %d %.300s", path, a.status, a.body)
		}
		u, err := url.Parse(a.to)
		if err != nil {
			return false, err
		}
		if path = u.RequestURI(); u.Path == "/one-time-token" || u.Path == "/sign-in" || u.Path == "/one-time-token/error" {
			return false, nil
		}
	}
	return false, fmt.Errorf("%s: leads round and round", path)
}

// mailUntilHeld has codes sent until the mail server holds one, and returns who
// was promised one.
func (c *crash) mailUntilHeld(t *testing.T) (promised []string) {
	for range killedMails {
		to := anybody()
		c.api("POST", "/verification-codes", map[string]any{"email": to}, 204, nil)
		promised = append(promised, to)
	}
	await1(t, c.sink.held, "a letter that is held")
	return promised
}

// importTwice imports users whom nothing but their line tells apart, kills the
// server when it has answered some, and sends the same again. It returns the id
// of every line.
func (c *crash) importTwice(t *testing.T) map[int]string {
	key := "crash-" + anybody()
	early := map[int]string{}
	body, writer := io.Pipe()
	c.importing(t, key, body, func(err error) { writer.CloseWithError(err) }, func(line int, id string) {
		early[line] = id
		if len(early) == beforeTheKill {
			c.killAndStart(0)
		}
	}, func() {
		for line := 1; line <= killedLines; line++ {
			if _, err := io.WriteString(writer, importLine(line)); err != nil {
				return
			}
		}
		// The stream stays open: there was more to come when the server died.
	})
	if len(early) < beforeTheKill || len(early) > killedLines {
		t.Fatalf("%d lines were answered before the server died", len(early))
	}
	ids := map[int]string{}
	var all strings.Builder
	for line := 1; line <= killedLines; line++ {
		all.WriteString(importLine(line))
	}
	c.importing(t, key, io.NopCloser(strings.NewReader(all.String())), func(error) {}, func(line int, id string) { ids[line] = id }, func() {})
	if len(ids) != killedLines {
		t.Errorf("%d lines were answered, want %d", len(ids), killedLines)
	}
	for line, id := range early {
		if ids[line] != id {
			t.Errorf("line %d was %s, and is %s", line, id, ids[line])
		}
	}
	return ids
}

func importLine(line int) string { return fmt.Sprintf(`{"name":"Imported %04d"}`+"\n", line) }

// importing sends an import, calls wrote in the background, and tells of every
// verdict until the answer ends.
func (c *crash) importing(t *testing.T, key string, body io.ReadCloser, stop func(error), verdict func(line int, id string), wrote func()) {
	t.Helper()
	req := c.request(http.MethodPost, "/api/users/bulk", body)
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Content-Type", "application/x-ndjson")
	req.Header.Set("Idempotency-Key", key)
	var writing sync.WaitGroup
	writing.Go(wrote)
	defer writing.Wait()
	defer stop(io.ErrClosedPipe)
	res, err := machine.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		var v struct {
			Line       int
			Status, ID string
		}
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			continue // cut off
		}
		if v.Status != "created" {
			t.Errorf("verdict %s", lines.Text())
			continue
		}
		verdict(v.Line, v.ID)
	}
}

// recovered waits until everything was made up for, and holds the books
// against each other.
func (c *crash) recovered(t *testing.T, guests []oneTimeToken, mailed []string, imported map[int]string) {
	users := map[string]bool{}
	for _, token := range guests {
		found := c.accounts(token.Email)
		if len(found) != 1 {
			t.Fatalf("%s has %d accounts", token.Email, len(found))
		}
		users[found[0].ID] = true
		if status := c.status(token); status != "consumed" {
			t.Errorf("the link of %s is %s", token.Email, status)
		}
	}
	for _, id := range imported {
		users[id] = true
	}
	for _, id := range c.came {
		users[id] = true
	}
	if n, want := c.countUsers(t), killedGuests+killedLines+killedNewcomers; n != len(users) || n != want {
		t.Errorf("%d users, of whom %d are known, want %d", n, len(users), want)
	}
	deadline := time.After(recoveredWithin)
	c.told(t, users, deadline)
	c.mailedOnce(t, mailed, deadline)
	c.attemptsAreKept(t)
}

func (c *crash) countUsers(t *testing.T) int {
	t.Helper()
	req := c.request(http.MethodGet, "/api/users?page=1&page_size=1", nil)
	req.Header.Set("Authorization", "Bearer "+c.token)
	res, err := machine.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	n, err := strconv.Atoi(res.Header.Get("Total-Number"))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// told waits until the receiver knows every user, each by one id.
func (c *crash) told(t *testing.T, users map[string]bool, deadline <-chan time.Time) {
	for {
		byUser, more := c.receiver.created()
		missing := 0
		for id := range users {
			if len(byUser[id]) == 0 {
				missing++
			}
		}
		if missing == 0 {
			for id, deliveries := range byUser {
				if len(deliveries) != 1 || !users[id] {
					t.Errorf("user %s (known: %v) was told of under %v", id, users[id], deliveries)
				}
			}
			break
		}
		select {
		case <-more:
		case <-deadline:
			for id := range users {
				if len(byUser[id]) == 0 {
					t.Errorf("the receiver was never told of %s: %+v", id, c.receiver.of(id))
				}
			}
			t.FailNow()
		}
	}
	c.receiver.mu.Lock()
	defer c.receiver.mu.Unlock()
	for id, d := range c.receiver.got {
		if d.mixed {
			t.Errorf("delivery %s came with different bodies", id)
		}
	}
}

// mailedOnce waits until everybody has their letter. One that was read and not
// confirmed comes again, and then it is known by its id.
func (c *crash) mailedOnce(t *testing.T, promised []string, deadline <-chan time.Time) {
	for {
		ids, taken, more := c.sink.arrived()
		missing := 0
		for _, to := range promised {
			if !taken[to] {
				missing++
			}
		}
		if missing == 0 {
			again := 0
			for to, list := range ids {
				for _, id := range list[1:] {
					again++
					if id != list[0] || id == "" {
						t.Errorf("%s got letters %v", to, list)
					}
				}
			}
			if again == 0 || again > killedMails {
				t.Errorf("%d letters came again", again)
			}
			return
		}
		select {
		case <-more:
		case <-deadline:
			for _, to := range promised {
				if !taken[to] {
					t.Errorf("no letter came to %s: %v", to, ids[to])
				}
			}
			t.FailNow()
		}
	}
}

// attemptsAreKept requires that all attempts can be seen, those that failed too.
func (c *crash) attemptsAreKept(t *testing.T) {
	results := map[string]int{}
	for page := 1; page <= 6; page++ {
		var logs []struct {
			Payload struct{ Result string }
		}
		c.api("GET", fmt.Sprintf("/hooks/%s/recent-logs?page_size=100&page=%d", c.hook, page), nil, 200, &logs)
		for _, l := range logs {
			results[l.Payload.Result]++
		}
	}
	// A fifth is refused at first. An attempt whose process died leaves no line.
	if all := killedGuests + killedLines + killedNewcomers; results["Success"] < all || results["Error"] < all/10 {
		t.Errorf("the attempts that are shown: %v", results)
	}
}
