package console_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"guestlist/client"
	"guestlist/internal/web/webtest"
)

// heard is a request that a receiver got.
type heard struct{ id, signature, token, body string }

// receiver is somebody's server, which answers with what status says.
func receiver(t *testing.T) (address string, status chan int, got chan heard) {
	t.Helper()
	status, got = make(chan int, 10), make(chan heard, 10)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(<-status)
		_, _ = io.WriteString(w, `{"said":"<b>no</b>"}`)
		got <- heard{r.Header.Get("webhook-id"), r.Header.Get("logto-signature-sha-256"), r.Header.Get("x-token"), string(body)}
	}))
	t.Cleanup(srv.Close)
	return srv.URL + "/hook", status, got
}

// next waits for what a receiver hears.
func next(t *testing.T, got chan heard) heard {
	t.Helper()
	select {
	case h := <-got:
		return h
	case <-time.After(20 * time.Second):
		t.Fatal("nothing arrived")
		return heard{}
	}
}

// until opens a page until it has something.
func until(t *testing.T, b *webtest.Browser, address, selector string) *webtest.Answer {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		if a := b.Get(address); a.Has(selector) {
			return a
		}
	}
	t.Fatalf("%s never had %s: %s", address, selector, b.Get(address).Source)
	return nil
}

func signed(key, body string) string {
	h := hmac.New(sha256.New, []byte(key))
	_, _ = io.WriteString(h, body)
	return hex.EncodeToString(h.Sum(nil))
}

// TestAWebhookFromItsFirstEventToTheLast makes one, tries it, lets a delivery
// fail and go out again, gives it another key and deletes it.
func TestAWebhookFromItsFirstEventToTheLast(t *testing.T) {
	h := newHouse(t)
	address, status, got := receiver(t)
	b, _ := h.admin()

	a := b.Follow(b.Get(h.url+"/console/webhooks"), "Create webhook")
	h.at(a, 200, "new-webhook")
	a = b.Submit(a, "#form", map[string]string{"name": "Welcome", "url": "not an address"})
	h.at(a, 422, "new-webhook")
	if a.One("#f-url-error").Text() == "" || a.One("#f-name").Attr("value") != "Welcome" {
		t.Errorf("a faulty address: %s", a.One("#form").HTML())
	}
	a = b.Post(h.url+"/console/webhooks/new", values("name", "Welcome", "url", address, "headers.key", "x-token", "headers.value", "s3cret-of-theirs"))
	h.at(a, 422, "new-webhook")
	if a.One("#f-events-error").Text() == "" {
		t.Errorf("no event: %s", a.Source)
	}
	a = b.Post(h.url+"/console/webhooks/new", values("name", "Welcome", "url", address, "events", "User.Created",
		"headers.key", "x-token", "headers.value", "s3cret-of-theirs"))
	h.at(a, 200, "webhook-settings")
	if strings.Contains(a.Source, "s3cret-of-theirs") {
		t.Error("the value of a header comes back to the page")
	}
	page := a.URL.String()
	key := a.One(".secret code").Text()

	status <- 500
	a = b.Submit(a, "#test", nil)
	h.at(a, 422, "webhook-settings")
	next(t, got)
	status <- 200
	a = b.Submit(a, "#test", nil)
	h.at(a, 200, "webhook-settings")
	next(t, got)

	// Saving without touching the header keeps its value.
	a = b.Submit(a, "#form", map[string]string{"name": "Welcome mail"})
	h.at(a, 200, "webhook-settings")
	status <- 404
	if _, err := h.api.CreateUser(context.Background(), client.NewUser{Username: "grace"}); err != nil {
		t.Fatal(err)
	}
	first := next(t, got)
	if first.token != "s3cret-of-theirs" || first.signature != signed(key, first.body) {
		t.Errorf("delivered %+v", first)
	}
	a = until(t, b, page+"/deliveries", ".rows tbody tr")
	if !strings.Contains(a.One(".rows .pill").Text(), "404") {
		t.Errorf("the delivery is %q", a.One(".rows .pill").Text())
	}
	a = b.Follow(a, "User.Created")
	h.at(a, 200, "webhook-delivery")
	if n := len(a.All(".snippet")); n != 2 || strings.Contains(a.Source, "<b>no") {
		t.Errorf("%d snippets: %s", n, a.Source)
	}
	status <- 200
	a = b.Submit(a, ".head form", nil)
	h.at(a, 200, "webhook-deliveries")
	if again := next(t, got); again != first {
		t.Errorf("delivered again %+v, first %+v", again, first)
	}
	until(t, b, page+"/deliveries", ".rows .pill.good")

	a = b.Get(h.url + "/console/webhooks")
	a = b.Submit(a, ".row-actions form", nil)
	h.at(a, 200, "webhooks")
	if b.Get(page + "/deliveries").Has(".row-actions form") {
		t.Error("a webhook that is off offers to deliver")
	}
	a = b.Submit(a, ".flash form", nil)
	h.at(a, 200, "webhooks")

	a = b.Submit(b.Get(page+"/rotate"), ".confirm", nil)
	h.at(a, 200, "webhook-settings")
	if a.One(".secret code").Text() == key {
		t.Error("the key is the same")
	}
	a = b.Submit(b.Get(page+"/delete"), ".confirm", nil)
	h.at(a, 200, "webhooks")
	h.at(b.Get(page), 404, "error")
	h.at(b.Get(page+"/deliveries/nope"), 404, "error")
}

// TestTwoWhoChangeAWebhook: the second is shown what the first did.
func TestTwoWhoChangeAWebhook(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	a := b.Post(h.url+"/console/webhooks/new", values("name", "One", "url", "https://one.example/", "events", "User.Created"))
	h.at(a, 200, "webhook-settings")
	h.at(b.Submit(b.Get(a.URL.String()), "#form", map[string]string{"name": "Two"}), 200, "webhook-settings")
	a = b.Submit(a, "#form", map[string]string{"url": "https://two.example/"})
	h.at(a, 409, "webhook-settings")
	if a.One("#f-name").Attr("value") != "Two" || a.One("#f-url").Attr("value") != "https://two.example/" || !a.Has(".conflict") {
		t.Errorf("the conflict: %s", a.One("#form").HTML())
	}
	a = b.Submit(a, "#form", nil)
	h.at(a, 200, "webhook-settings")
}
