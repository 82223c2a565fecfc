package mail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"guestlist"
)

func put(t *testing.T, o *Outbox, id, to string) {
	t.Helper()
	l := testLetter(t, map[string]any{"code": "493817", "link": "https://acme.example/i/" + id})
	l.Message.ID, l.Message.To = id, to
	if _, err := o.Send(context.Background(), l); err != nil {
		t.Fatal(err)
	}
}

func TestOutboxKeepsTheNewest(t *testing.T) {
	var o Outbox
	for i := range OutboxSize + 5 {
		put(t, &o, fmt.Sprint("m", i), fmt.Sprintf("guest%d@acme.example", i%2))
	}
	put(t, &o, "m204", "guest0@acme.example") // a repetition
	all := o.Letters("")
	if len(all) != OutboxSize || all[0].Letter.Message.ID != "m204" || all[0].Seq != OutboxSize+5 || all[len(all)-1].Letter.Message.ID != "m5" {
		t.Errorf("%d letters, from %v to %v", len(all), all[0], all[len(all)-1])
	}
	if n := len(o.Letters("GUEST1@acme.example")); n != OutboxSize/2 {
		t.Errorf("%d letters to guest 1", n)
	}
	if _, ok := o.Letter(1); ok {
		t.Error("a letter that fell out is still there")
	}
}

func TestOutboxWaits(t *testing.T) {
	var o Outbox
	put(t, &o, "m1", "a@acme.example")
	put(t, &o, "m2", "b@acme.example")
	put(t, &o, "m3", "a@acme.example")
	ctx, cancel := context.WithCancel(context.Background())
	for _, want := range []string{"m1", "m3"} {
		if l, err := o.Wait(ctx, "A@acme.example"); err != nil || l.Message.ID != want {
			t.Errorf("got %v, %v; want %s", l.Message, err, want)
		}
	}
	got := make(chan string)
	go func() {
		l, err := o.Wait(ctx, "a@acme.example")
		got <- fmt.Sprint(l.Message.ID, err)
	}()
	put(t, &o, "m4", "b@acme.example")
	put(t, &o, "m5", "a@acme.example")
	if s := <-got; s != "m5<nil>" {
		t.Errorf("got %s", s)
	}
	cancel()
	if _, err := o.Wait(ctx, "a@acme.example"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func get(t *testing.T, o *Outbox, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	o.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w
}

func TestMailboxPages(t *testing.T) {
	var o Outbox
	if w := get(t, &o, "/dev/mailbox"); w.Code != 200 || !strings.Contains(w.Body.String(), "No messages yet") {
		t.Errorf("the empty mailbox: %d %s", w.Code, w.Body)
	}
	put(t, &o, "m1", "<script>@acme.example")
	_, _ = o.Send(context.Background(), Letter{Message: guestlist.Message{ID: "m2", Channel: "sms", To: "447700900123", Payload: map[string]any{"link": "javascript:alert(1)"}},
		Words: Rendered{Text: "A <b>text</b>"}, At: testTime})
	for path, parts := range map[string][]string{
		"/dev/mailbox":        {"&lt;script&gt;@acme.example", "Sign in to Acme", "493817", "09:30:00", "A &lt;b&gt;text&lt;/b&gt;"},
		"/dev/mailbox?to=x":   {"Messages to x"},
		"/dev/mailbox/1":      {`href="https://acme.example/i/m1"`, `src="/dev/mailbox/1/body" sandbox=`, "2026-11-21 09:30:00 UTC"},
		"/dev/mailbox/2":      {"Text message", "A &lt;b&gt;text&lt;/b&gt;"},
		"/dev/mailbox/1/body": {"<!doctype html>", "Good to see you again"},
		"/dev/mailbox.css":    {"color-scheme"},
	} {
		w := get(t, &o, path)
		for _, part := range parts {
			if w.Code != 200 || !strings.Contains(w.Body.String(), part) {
				t.Errorf("%s: %d, without %q", path, w.Code, part)
			}
		}
		if strings.Contains(w.Body.String(), "<script") || strings.Contains(w.Body.String(), `href="javascript:`) {
			t.Errorf("%s: a value became markup", path)
		}
		if w.Header().Get("Referrer-Policy") != "no-referrer" || w.Header().Get("Content-Security-Policy") == "" {
			t.Errorf("%s: headers %v", path, w.Header())
		}
	}
	if csp := get(t, &o, "/dev/mailbox/1/body").Header().Get("Content-Security-Policy"); !strings.HasPrefix(csp, "sandbox ") || strings.Contains(csp, "allow-scripts") {
		t.Errorf("the body may run scripts: %s", csp)
	}
	for _, path := range []string{"/dev/mailbox/9", "/dev/mailbox/x", "/dev/mailbox/2/body", "/dev/mailbox/-1"} {
		if w := get(t, &o, path); w.Code != 404 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

func TestMailboxJSON(t *testing.T) {
	var o Outbox
	list := func(path string) (got []shownLetter) {
		t.Helper()
		w := get(t, &o, path)
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 || got == nil {
			t.Errorf("%s: %d %v %s", path, w.Code, err, w.Body)
		}
		return got
	}
	if got := list("/dev/mailbox.json"); len(got) != 0 {
		t.Errorf("got %v", got)
	}
	put(t, &o, "m1", "a@acme.example")
	put(t, &o, "m2", "b@acme.example")
	if got := list("/dev/mailbox.json"); len(got) != 2 || got[0].ID != "m2" || got[0].Code != "493817" || got[0].Link != "https://acme.example/i/m2" || !got[0].At.Equal(testTime) {
		t.Errorf("got %+v", got)
	}
	if got := list("/dev/mailbox.json?to=a@acme.example"); len(got) != 1 || got[0].To != "a@acme.example" {
		t.Errorf("got %+v", got)
	}
	waited := make(chan []shownLetter)
	go func() { waited <- list("/dev/mailbox.json?to=a@acme.example&after=1&wait=20") }()
	put(t, &o, "m3", "a@acme.example")
	select {
	case got := <-waited:
		if len(got) != 1 || got[0].ID != "m3" {
			t.Errorf("got %+v", got)
		}
	case <-time.After(10 * time.Second):
		t.Error("the waiting answer did not come")
	}
}
