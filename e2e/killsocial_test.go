package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// killedNewcomers register by a provider while the server is killed.
const killedNewcomers = 40

// newcomersBeforeTheKill is how many of them are in by then.
const newcomersBeforeTheKill = 10

// json calls the experience API, through a process that may be any.
func (r *racer) json(ctx context.Context, method, path string, body any) (answer, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return answer{}, err
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://door.example"+path, bytes.NewReader(text))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	for _, c := range r.cookies {
		req.AddCookie(c)
	}
	res, err := r.via.RoundTrip(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	return answer{status: res.StatusCode, body: string(got)}, err
}

// member returns a member of a JSON answer that is a string.
func (a answer) member(name string) string {
	var m map[string]any
	if json.Unmarshal([]byte(a.body), &m) != nil {
		return ""
	}
	s, _ := m[name].(string)
	return s
}

// errOutsideFailed says that an attempt at a provider came to nothing.
var errOutsideFailed = errors.New("not recognised")

// recognised begins a sign-in, lets Acme recognise somebody, and returns the
// verification.
func (r *racer) recognised(ctx context.Context, s *site, w *world, connector, person string) (string, error) {
	if _, err := r.begin(ctx, oneTimeToken{}); err != nil {
		return "", err
	}
	if _, err := r.json(ctx, "PUT", apiExperience, map[string]string{"interactionEvent": "SignIn"}); err != nil {
		return "", err
	}
	at := apiVerify + "social/" + connector
	began, err := r.json(ctx, "POST", at+"/authorization-uri", map[string]string{"state": "s", "redirectUri": s.callback(connector)})
	if err != nil || began.status != http.StatusOK {
		return "", errors.Join(err, fmt.Errorf("%w: %d %s", errOutsideFailed, began.status, began.body))
	}
	consent, err := w.acme.Answer(began.member("authorizationUri"), person)
	if err != nil {
		return "", err
	}
	verified, err := r.json(ctx, "POST", at+"/verify", map[string]any{
		"verificationId": began.member("verificationId"), "connectorData": plain(consent),
	})
	if err != nil || verified.status != http.StatusOK {
		return "", errors.Join(err, fmt.Errorf("%w: %d %s", errOutsideFailed, verified.status, verified.body))
	}
	return verified.member("verificationId"), nil
}

func plain(v url.Values) map[string]string {
	m := map[string]string{}
	for name := range v {
		m[name] = v.Get(name)
	}
	return m
}

// enter says who the guest of a verification is, as somebody new if need be, and
// submits. It returns the last answer.
func (r *racer) enter(ctx context.Context, verification string) (answer, error) {
	identify := map[string]string{"verificationId": verification}
	a, err := r.json(ctx, "POST", apiExperience+"/identification", identify)
	if err == nil && a.status == http.StatusNotFound {
		if _, err = r.json(ctx, "PUT", apiExperience+"/interaction-event", map[string]string{"interactionEvent": "Register"}); err == nil {
			a, err = r.json(ctx, "POST", apiExperience+"/identification", identify)
		}
	}
	if err != nil || a.status >= http.StatusBadRequest {
		return a, err
	}
	return r.json(ctx, "POST", apiExperience+"/submit", map[string]string{})
}

// newcomers registers guests by a provider, several at once, and kills the
// server when some are in. Each begins anew until it is in, and in the end has
// one account with one identity.
func (c *crash) newcomers(t *testing.T, w *world) {
	connector := w.connect(c.site)["acme"]
	c.set(map[string]any{"signInMode": "SignInAndRegister"})
	queue, in := make(chan string), make(chan struct{}, killedNewcomers)
	var workers sync.WaitGroup
	for range killedWorkers {
		workers.Go(func() {
			for email := range queue {
				if err := c.comeInSocially(t.Context(), w, connector, w.person("acme", email, true)); err != nil {
					t.Errorf("%s: %v", email, err)
				}
				in <- struct{}{}
			}
		})
	}
	var emails []string
	workers.Go(func() {
		defer close(queue)
		for range killedNewcomers {
			emails = append(emails, anybody())
			queue <- emails[len(emails)-1]
		}
	})
	for range newcomersBeforeTheKill {
		<-in
	}
	c.killAndStart(0)
	workers.Wait()
	for _, email := range emails {
		if found := c.accounts(email); len(found) != 1 || len(c.identities(found[0].ID)) != 1 {
			t.Fatalf("%s has accounts %v", email, found)
		} else {
			c.came = append(c.came, found[0].ID)
		}
	}
	c.set(closed())
}

// comeInSocially tries until somebody is in. Whose answer got lost may have an
// account already, and comes in with that.
func (c *crash) comeInSocially(ctx context.Context, w *world, connector, person string) error {
	via := newBalancer(c.addresses)
	defer via.transport.CloseIdleConnections()
	var last error
	for range 5 {
		c.untilUp()
		b := &racer{via: via}
		id, err := b.recognised(ctx, c.site, w, connector, person)
		if last = err; err != nil {
			continue
		}
		a, err := b.enter(ctx, id)
		if last = err; err == nil && a.status == http.StatusOK && strings.Contains(a.member("redirectTo"), b.resume()) {
			return nil
		}
		if err == nil {
			last = fmt.Errorf("%w: %d %s", errOutsideFailed, a.status, a.body)
		}
	}
	return errors.Join(errNotLetIn, last)
}

// TestSocialRace: 64 browsers bring the same person of a provider at the same
// moment, by way of two processes, and each makes an account of it. There is
// one account with one identity, and everybody else is told that it belongs to
// somebody, and comes in by it the next time.
func TestSocialRace(t *testing.T) {
	t.Parallel()
	const socialRounds = 10
	w := newWorld(t)
	s, addresses := twoServers(t, w.env(t)...)
	s.connectMessages()
	s.set(openHouse())
	connector := w.connect(s)["acme"]
	via := newBalancer(addresses)
	for round := range socialRounds {
		email := anybody()
		person := w.person("acme", email, true)
		browsers, verified := make([]*racer, racers), make([]string, racers)
		atOnce(t, func(ctx context.Context, i int) (answer, error) {
			browsers[i] = &racer{via: via}
			var err error
			verified[i], err = browsers[i].recognised(ctx, s, w, connector, person)
			return answer{}, err
		})
		answers := atOnce(t, func(ctx context.Context, i int) (answer, error) { return browsers[i].enter(ctx, verified[i]) })
		in := 0
		for _, a := range answers {
			switch {
			case a.status == http.StatusOK && a.member("redirectTo") != "":
				in++
			case a.status == http.StatusUnprocessableEntity && strings.HasSuffix(a.member("code"), "_already_in_use"):
			default:
				t.Errorf("round %d: %d %s", round, a.status, a.body)
			}
		}
		found := s.accounts(email)
		if in == 0 || len(found) != 1 || s.identities(found[0].ID)["acme"] != person {
			t.Fatalf("round %d: %d are in, accounts %v", round, in, found)
		}
		loser := &racer{via: via}
		id, err := loser.recognised(t.Context(), s, w, connector, person)
		if err != nil {
			t.Fatal(err)
		}
		if a, err := loser.enter(t.Context(), id); err != nil || a.status != http.StatusOK || len(s.accounts(email)) != 1 {
			t.Fatalf("round %d: coming back: %d %s %v", round, a.status, a.body, err)
		}
	}
}
