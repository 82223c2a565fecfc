package notify_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guestlist"
	"guestlist/internal/mail"
	"guestlist/internal/notify"
	"guestlist/internal/store"
)

func TestAnEventReachesEveryHookThatWantsIt(t *testing.T) {
	onBoth(t, func(b *bench) {
		ep := newEndpoint(b.t, func(w http.ResponseWriter, _ *http.Request, _ int) { _, _ = io.WriteString(w, `{"ok":true}`) })
		one, two := b.hook(ep.URL+"/one", "User.Created", "User.Deleted"), b.hook(ep.URL+"/two", "User.Created")
		legacy := b.hook(ep.URL + "/legacy")
		event := "User.Created"
		legacy.Event = &event
		b.update(func(tx *store.Tx) error { return tx.UpdateHook(legacy) })
		off := b.hook(ep.URL+"/off", "User.Created")
		off.Enabled = false
		b.update(func(tx *store.Tx) error { return tx.UpdateHook(off) })

		b.emit("User.Created", "Role.Created", "User.Deleted")
		b.run()
		got := map[string]int{}
		for _, r := range ep.requests() {
			got[r.Path]++
		}
		if diff := cmp.Diff(map[string]int{"/one": 2, "/two": 1, "/legacy": 1}, got); diff != "" {
			b.t.Errorf("deliveries (-want +got):\n%s", diff)
		}
		want := []attempt{{Key: "TriggerHook.User.Created", Result: "Success", HookID: string(two.ID)}}
		list := b.attempts(two.ID)
		if len(list) != 1 || list[0].Response == nil || list[0].Response.StatusCode != 200 || string(list[0].Response.Body) != `{"ok":true}` {
			b.t.Fatalf("attempts %+v", list)
		}
		if want := ep.requests(); !strings.Contains(fmt.Sprint(want), string(list[0].HookRequest.Body)) {
			b.t.Errorf("the log shows another body than was sent: %s", list[0].HookRequest.Body)
		}
		list[0].Response, list[0].HookRequest.Body = nil, nil
		if diff := cmp.Diff(want, list); diff != "" {
			b.t.Errorf("attempts (-want +got):\n%s", diff)
		}
		if n := len(b.attempts(one.ID)); n != 2 {
			b.t.Errorf("%d attempts for the first hook", n)
		}
		b.run()
		if n := len(ep.requests()); n != 4 {
			b.t.Errorf("%d requests after another look", n)
		}
	})
}

// verify checks a request as a receiver would, from what the contract says.
func verify(t *testing.T, key string, r request) {
	t.Helper()
	h := hmac.New(sha256.New, []byte(key))
	_, _ = io.WriteString(h, r.Body)
	if got, want := r.Header.Get("logto-signature-sha-256"), hex.EncodeToString(h.Sum(nil)); got != want {
		t.Errorf("logto-signature-sha-256 is %s, want %s", got, want)
	}
	h.Reset()
	_, _ = fmt.Fprintf(h, "%s.%s.%s", r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp"), r.Body)
	if got, want := r.Header.Get("webhook-signature"), "v1,"+base64.StdEncoding.EncodeToString(h.Sum(nil)); got != want {
		t.Errorf("webhook-signature is %s, want %s", got, want)
	}
}

func TestDeliveriesAreSignedAndStayTheSame(t *testing.T) {
	onBoth(t, func(b *bench) {
		ep := newEndpoint(b.t, func(w http.ResponseWriter, _ *http.Request, nth int) {
			if nth < 3 {
				w.WriteHeader(http.StatusInternalServerError)
			}
		})
		h := b.hook(ep.URL, "User.Created")
		h.Config.Headers = map[string]string{"x-custom": "yes", "authorization": "Bearer s3cret-token", "webhook-id": "forged", "logto-signature-sha-256": "forged"}
		b.update(func(tx *store.Tx) error { return tx.UpdateHook(h) })
		b.emit("User.Created")
		for range 3 {
			b.run()
			b.clock.Advance(time.Minute)
		}
		got := ep.requests()
		if len(got) != 3 {
			b.t.Fatalf("%d attempts, want 3", len(got))
		}
		for i, r := range got {
			verify(b.t, h.SigningKey, r)
			if want := fmt.Sprint(start.Add(time.Duration(i) * time.Minute).Unix()); r.Header.Get("webhook-timestamp") != want {
				b.t.Errorf("attempt %d: timestamp %s, want %s", i, r.Header.Get("webhook-timestamp"), want)
			}
			if r.Body != got[0].Body || r.Header.Get("webhook-id") != got[0].Header.Get("webhook-id") {
				b.t.Errorf("attempt %d differs: %+v", i, r)
			}
		}
		want := `{"event":"User.Created","createdAt":"2026-11-21T12:00:00.000Z","data":{"name":"\u003cAda\u003e \u0026 \u0000"},"hookId":"` + string(h.ID) + `"}`
		if got[0].Body != want {
			b.t.Errorf("body\n%s, want\n%s", got[0].Body, want)
		}
		for name, want := range map[string]string{
			"user-agent": "Guestlist/1.2.3", "content-type": "application/json", "x-custom": "yes", "authorization": "Bearer s3cret-token",
		} {
			if v := got[0].Header.Get(name); v != want {
				b.t.Errorf("%s is %q, want %q", name, v, want)
			}
		}
		if log := fmt.Sprint(b.attempts(h.ID), b.log, b.jobs(store.JobDone)); strings.Contains(log, "s3cret") || strings.Contains(log, h.SigningKey) {
			b.t.Errorf("a secret shows in %s", log)
		}
	})
}

func TestWhatAnAnswerMeans(t *testing.T) {
	tests := []struct {
		name  string
		play  func(http.ResponseWriter, *http.Request, int)
		state store.JobState
		wait  time.Duration // at least
		err   string
	}{
		{"200", status(200), store.JobDone, 0, ""},
		{"204", status(204), store.JobDone, 0, ""},
		{"redirect", func(w http.ResponseWriter, r *http.Request, _ int) {
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
		}, store.JobDead, 0, "302 Found"},
		{"400", status(400), store.JobDead, 0, "400 Bad Request"},
		{"404", status(404), store.JobDead, 0, "404 Not Found"},
		{"410", status(410), store.JobDead, 0, "410 Gone"},
		{"408", status(408), store.JobQueued, time.Second, "408 Request Timeout"},
		{"429", status(429), store.JobQueued, time.Second, "429 Too Many Requests"},
		{"429 with a wait", func(w http.ResponseWriter, _ *http.Request, _ int) {
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(429)
		}, store.JobQueued, time.Hour, "429 Too Many Requests"},
		{"500", status(500), store.JobQueued, time.Second, "500 Internal Server Error"},
		{"503 with a date", func(w http.ResponseWriter, _ *http.Request, _ int) {
			w.Header().Set("Retry-After", start.Add(30*time.Minute).Format(http.TimeFormat))
			w.WriteHeader(503)
		}, store.JobQueued, 30 * time.Minute, "503 Service Unavailable"},
		{"connection cut", func(http.ResponseWriter, *http.Request, int) { panic(http.ErrAbortHandler) }, store.JobQueued, time.Second, "EOF"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, "sqlite")
			ep := newEndpoint(t, tt.play)
			h := b.hook(ep.URL, "User.Created")
			b.emit("User.Created")
			b.run()
			rows := b.jobs(tt.state)
			if len(rows) != 1 || len(ep.requests()) != 1 {
				t.Fatalf("%d requests, rows %+v", len(ep.requests()), rows)
			}
			if in := rows[0].RunAt.Sub(guestlist.TimeOf(start)); tt.state == store.JobQueued && in < tt.wait {
				t.Errorf("next attempt in %v, want %v or more", in, tt.wait)
			}
			log := b.attempts(h.ID)
			if len(log) != 1 || !strings.Contains(log[0].Error, tt.err) || (log[0].Result == "Success") != (tt.err == "") {
				t.Errorf("attempts %+v", log)
			}
		})
	}
}

func TestAnEndpointThatHangsIsLeft(t *testing.T) {
	b := newBench(t, "sqlite")
	release := make(chan struct{})
	ep := newEndpoint(t, func(http.ResponseWriter, *http.Request, int) { <-release })
	defer close(release)
	b.n.Client = mail.NewGuardedClient(loopback, 100*time.Millisecond)
	h := b.hook(ep.URL, "User.Created")
	b.emit("User.Created")
	b.run()
	if log := b.attempts(h.ID); len(log) != 1 || log[0].Result != "Error" || !strings.HasPrefix(log[0].Error, "no answer within") {
		t.Errorf("attempts %+v", log)
	}
	if n := len(b.jobs(store.JobQueued)); n != 1 {
		t.Errorf("%d jobs wait for another attempt", n)
	}
}

func TestDeliveryIsGivenUpAfterADay(t *testing.T) {
	b := newBench(t, "sqlite")
	ep := newEndpoint(t, status(500))
	h := b.hook(ep.URL, "User.Created")
	b.emit("User.Created")
	for passed := time.Duration(0); passed < 48*time.Hour; passed += time.Minute {
		b.run()
		b.clock.Advance(time.Minute)
		if len(b.jobs(store.JobDead)) > 0 {
			if passed < 20*time.Hour || passed > 26*time.Hour {
				t.Errorf("given up after %v", passed)
			}
			break
		}
	}
	if n := len(ep.requests()); n != 10 || len(b.attempts(h.ID)) != n {
		t.Errorf("%d attempts, of which %d are in the log", n, len(b.attempts(h.ID)))
	}
}

func TestHooksThatWentAwayGetNothing(t *testing.T) {
	onBoth(t, func(b *bench) {
		ep := newEndpoint(b.t, status(500))
		gone, off := b.hook(ep.URL+"/gone", "User.Created"), b.hook(ep.URL+"/off", "User.Created")
		b.emit("User.Created")
		b.run()
		off.Enabled = false
		b.update(func(tx *store.Tx) error {
			if err := tx.DeleteHook(gone.ID); err != nil {
				return err
			}
			return tx.UpdateHook(off)
		})
		b.clock.Advance(time.Hour)
		b.run()
		if n := len(ep.requests()); n != 2 {
			b.t.Errorf("%d requests, want the two from before", n)
		}
		var reasons []string
		for _, row := range b.jobs(store.JobDead) {
			reasons = append(reasons, row.LastError)
		}
		// Work of a hook that was deleted is nobody's any more.
		if len(reasons) != 1 || !strings.Contains(reasons[0], "disabled") {
			b.t.Errorf("given up because %q", reasons)
		}
	})
}

// A process is killed between claiming and finishing: the delivery comes
// again, and the receiver can tell that it is the same.
func TestAKilledProcessLosesNoDelivery(t *testing.T) {
	onBoth(t, func(b *bench) {
		ep := newEndpoint(b.t, status(200))
		h := b.hook(ep.URL, "User.Created")
		b.emit("User.Created")
		if err := b.n.Dispatch(b.t.Context()); err != nil {
			b.t.Fatal(err)
		}
		// What a process does that dies right after the answer has come.
		var claimed []store.ClaimedJob
		b.update(func(tx *store.Tx) error {
			var err error
			claimed, err = tx.ClaimJobs("hook.deliver/"+string(h.ID), tx.Now.Add(30*time.Second), 10)
			return err
		})
		if len(claimed) != 1 {
			b.t.Fatalf("claimed %d", len(claimed))
		}
		b.run()
		if n := len(ep.requests()); n != 0 {
			b.t.Fatalf("%d requests while the lease stands", n)
		}
		b.clock.Advance(31 * time.Second)
		b.run()
		b.clock.Advance(time.Hour)
		b.run()
		got := ep.requests()
		if len(got) != 1 || !strings.HasSuffix(got[0].Header.Get("webhook-id"), string(h.ID)) {
			b.t.Fatalf("requests %+v", got)
		}
		verify(b.t, h.SigningKey, got[0])
	})
}

func TestEventsSurviveUntilTheirDeliveriesExist(t *testing.T) {
	onBoth(t, func(b *bench) {
		b.hook("http://127.0.0.1:1/", "User.Created")
		for range 450 { // more than one batch
			b.emit("User.Created")
		}
		if err := b.n.Dispatch(b.t.Context()); err != nil {
			b.t.Fatal(err)
		}
		if n := len(b.jobs(store.JobQueued)); n != 450 {
			b.t.Errorf("%d deliveries of 450 events", n)
		}
		b.update(func(tx *store.Tx) error {
			if wait, err := tx.EventsWait(); wait || err != nil {
				b.t.Errorf("events wait: %v, %v", wait, err)
			}
			return nil
		})
	})
}

// Addresses behind the firewall are not for webhooks, however they are
// written, unless the operator opens them.
func TestWebhooksReachOnlyWhatTheyMay(t *testing.T) {
	ep := newEndpoint(t, status(200))
	port := ep.URL[strings.LastIndex(ep.URL, ":"):]
	for _, tt := range []struct{ url, err string }{
		{"http://127.0.0.1" + port, "not a public address"},
		{"http://localhost" + port, "not a public address"},
		{"http://[::1]" + port, "not a public address"},
		{"http://[::ffff:127.0.0.1]" + port, "not a public address"},
		{"http://0.0.0.0" + port, "not a public address"},
		{"http://2130706433" + port, ""}, // the resolver decides: refused or unknown, never reached
		{"http://10.1.2.3/", "not a public address"},
		{"http://192.168.0.1/", "not a public address"},
		{"http://169.254.169.254/latest/meta-data", "not a public address"},
		{"http://[fd00::1]/", "not a public address"},
		{"http://[64:ff9b::7f00:1]/", "not a public address"},
		{"file:///etc/passwd", "Failed to parse URL"},
		{"gopher://127.0.0.1/", "Failed to parse URL"},
		{"not_work_url", "Failed to parse URL from not_work_url"},
		{"", "Failed to parse URL"},
		{"http://", "Failed to parse URL"},
		{"http://user:s3cret@", "Failed to parse URL"},
	} {
		b := newBench(t, "sqlite")
		b.n.Client = mail.NewGuardedClient(nil, time.Second)
		h := b.hook(tt.url, "User.Created")
		b.emit("User.Created")
		b.run()
		log := b.attempts(h.ID)
		if len(log) != 1 || log[0].Result != "Error" || !strings.Contains(log[0].Error, tt.err) || strings.Contains(log[0].Error, "s3cret") {
			t.Errorf("%s: attempts %+v", tt.url, log)
		}
		if tt.err != "" && len(b.jobs(store.JobDead)) != 1 {
			t.Errorf("%s: is tried again", tt.url)
		}
	}
	if n := len(ep.requests()); n != 0 {
		t.Errorf("%d requests came through", n)
	}
}

func TestTestHook(t *testing.T) {
	onBoth(t, func(b *bench) {
		ep := newEndpoint(b.t, func(w http.ResponseWriter, r *http.Request, _ int) {
			if r.URL.Path == "/fail" {
				w.WriteHeader(500)
				_, _ = io.WriteString(w, `{"error":"rec"}`)
			}
		})
		stored := b.hook("http://127.0.0.1:1/never", "User.Created")
		ctx := within(b.t)
		at := func(url string) guestlist.Hook {
			h := stored
			h.Config = guestlist.HookConfig{URL: url, Headers: map[string]string{"x-a": "b"}}
			return h
		}
		if err := b.n.TestHook(ctx, at(ep.URL+"/ok"), guestlist.HookEvents); err != nil {
			b.t.Fatal(err)
		}
		got := ep.requests()
		if len(got) != len(guestlist.HookEvents) {
			b.t.Fatalf("%d requests for %d events", len(got), len(guestlist.HookEvents))
		}
		bodies := map[string]string{}
		for _, r := range got {
			verify(b.t, stored.SigningKey, r)
			if r.Header.Get("x-a") != "b" {
				b.t.Error("the headers given are not sent")
			}
			name, _, _ := strings.Cut(strings.TrimPrefix(r.Body, `{"event":"`), `"`)
			bodies[name] = r.Body
		}
		id := string(stored.ID)
		if want := `{"event":"User.Created","hookId":"` + id + `","createdAt":"2026-11-21T12:00:00.000Z","userAgent":"fake-user-agent","path":"/fake-path/:id","method":"POST","status":200,"params":{"id":"fake-id"},"data":{"result":"success"}}`; bodies["User.Created"] != want {
			b.t.Errorf("sample\n%s, want\n%s", bodies["User.Created"], want)
		}
		if s := bodies["PostResetPassword"]; !strings.HasPrefix(s, `{"event":"PostResetPassword","hookId":"`+id+`","createdAt":"2026-11-21T12:00:00.000Z","interactionEvent":"ForgotPassword","sessionId":"fake-session-id","userAgent":"fake-user-agent","userIp":"fake-user-ip","userId":"fake-id","user":{`) {
			b.t.Errorf("sample %s", s)
		}
		err := b.n.TestHook(ctx, at(ep.URL+"/fail"), []string{"User.Created"})
		want := guestlist.Refuse(guestlist.KindUnprocessable, "hook.endpoint_responded_with_error").
			With(map[string]any{"responseStatus": 500, "responseBody": `{"error":"rec"}`})
		checkRefusal(b.t, err, want)
		err = b.n.TestHook(ctx, at("not_work_url"), []string{"User.Created"})
		checkRefusal(b.t, err, guestlist.Refuse(guestlist.KindUnprocessable, "hook.send_test_payload_failed").
			WithArgs(map[string]any{"message": "Failed to parse URL from not_work_url"}))
		if n := len(b.attempts(stored.ID)); n != 0 {
			b.t.Errorf("%d tests are in the log", n)
		}
		guarded := &notify.Notifier{Store: b.st, Client: mail.NewGuardedClient(nil, time.Second)}
		if err := guarded.TestHook(ctx, at(ep.URL), []string{"User.Created"}); guestlist.CodeOf(err) != "hook.send_test_payload_failed" {
			b.t.Errorf("a test of a private address: %v", err)
		}
	})
}

func checkRefusal(t *testing.T, err error, want *guestlist.Error) {
	t.Helper()
	got, ok := err.(*guestlist.Error) //nolint:errorlint // the very value that goes to the wire
	if !ok || got.Kind != want.Kind || got.Code != want.Code || !cmp.Equal(got.Data, want.Data) || !cmp.Equal(got.Args, want.Args) {
		t.Errorf("got %#v, want %#v", err, want)
	}
}

// TestWhatFailedIsDeliveredAgain: the same bytes under the same id, also of a
// delivery that was itself a repetition.
func TestWhatFailedIsDeliveredAgain(t *testing.T) {
	onBoth(t, func(b *bench) {
		ep := newEndpoint(b.t, func(w http.ResponseWriter, _ *http.Request, nth int) {
			if nth < 3 {
				w.WriteHeader(http.StatusBadRequest)
			}
		})
		h := b.hook(ep.URL, "User.Created")
		b.emit("User.Created")
		b.run()
		for range 2 {
			b.clock.Advance(time.Minute)
			b.update(func(tx *store.Tx) error {
				logs, _, err := tx.HookLogs(store.HookLogFilter{HookID: h.ID, To: 1 << 60}, store.Page{Limit: 1})
				if err != nil {
					return err
				}
				job, err := notify.Redelivery(h.ID, logs[0])
				if err != nil {
					return err
				}
				return tx.Enqueue(job)
			})
			b.run()
		}
		got := ep.requests()
		if len(got) != 3 {
			b.t.Fatalf("%d requests, want 3", len(got))
		}
		for i, r := range got {
			verify(b.t, h.SigningKey, r)
			if r.Body != got[0].Body || r.Header.Get("webhook-id") != got[0].Header.Get("webhook-id") {
				b.t.Errorf("request %d is %+v, the first %+v", i, r, got[0])
			}
		}
		list := b.attempts(h.ID)
		if len(list) != 3 || list[0].Result != "Success" || list[0].Key != "TriggerHook.User.Created" {
			b.t.Errorf("attempts %+v", list)
		}
		if _, err := notify.Redelivery(h.ID, guestlist.Log{ID: "x", Payload: []byte(`{}`)}); err == nil {
			b.t.Error("what holds no request is delivered")
		}
	})
}
