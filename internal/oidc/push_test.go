package oidc_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestPushedRequest: what an application pushed is what counts, once, for it
// alone and for a minute.
func TestPushedRequest(t *testing.T) { onBothEngines(t, testPushedRequest) }

func testPushedRequest(t *testing.T, h *house) {
	push := func(pairs ...string) string {
		t.Helper()
		a := h.post("/request", request(append([]string{"client_id", "web", "state", "pushed"}, pairs...)...), "Authorization", basic("web", secret))
		if a.Status != http.StatusCreated || a.JSON["expires_in"] != float64(60) || !strings.HasPrefix(a.text("request_uri"), "urn:ietf:params:oauth:request_uri:") {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
		return a.text("request_uri")
	}
	use := func(client, uri string) answer {
		t.Helper()
		return h.browser().get("/oidc/auth?" + form("client_id", client, "request_uri", uri, "state", "ignored", "prompt", "none").Encode())
	}
	gone := func(name string, a answer) {
		t.Helper()
		if a.Status != http.StatusBadRequest || a.text("error") != "invalid_request_uri" {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	uri := push("prompt", "login", "login_hint", "a@example.com")
	gone("another client's", use("spa", uri))
	onPage(t, use("web", uri), "/sign-in?app_id=web&login_hint=a%40example.com")
	gone("again", use("web", uri))

	uri = push("prompt", "none")
	if got := back(t, use("web", uri)); got.Get("state") != "pushed" || got.Get("error") != "login_required" {
		t.Errorf("the pushed state: %v", got)
	}
	uri = push()
	h.clock.Advance(61 * time.Second)
	gone("late", use("web", uri))

	uri = push()
	var wg sync.WaitGroup
	var mu sync.Mutex
	begun := 0
	for range 8 {
		wg.Go(func() {
			if a := use("web", uri); a.Status == http.StatusSeeOther {
				mu.Lock()
				begun++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if begun != 1 {
		t.Errorf("a pushed request was used %d times", begun)
	}
}

func TestPushErrors(t *testing.T) {
	h := newHouse(t)
	good := func(pairs ...string) url.Values { return request(append([]string{"client_id", "web"}, pairs...)...) }
	for _, c := range []struct {
		name   string
		form   url.Values
		header []string
		status int
		want   string
	}{
		{"no proof", good(), nil, 401, "invalid_client"},
		{"wrong proof", good(), []string{"Authorization", basic("web", "wrong")}, 401, "invalid_client"},
		{"address", good("redirect_uri", "https://evil.example"), proof, 400, "invalid_redirect_uri"},
		{"prompt", good("prompt", "nope"), proof, 400, "invalid_request"},
		{"resource", good("resource", "https://nope.example"), proof, 400, "invalid_target"},
		{"nested", good("request_uri", "urn:ietf:params:oauth:request_uri:x"), proof, 400, "invalid_request"},
		{"machine", form("client_id", "machine", "response_type", "code", "client_secret", secret), nil, 400, "invalid_redirect_uri"},
	} {
		a := h.post("/request", c.form, c.header...)
		if a.Status != c.status || a.text("error") != c.want || a.Header.Get("Location") != "" {
			t.Errorf("%s: %d %s", c.name, a.Status, a.Body)
		}
	}
}

var proof = []string{"Authorization", basic("web", secret)}
