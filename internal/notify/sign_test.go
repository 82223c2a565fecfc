package notify

import (
	"encoding/base64"
	"net/http"
	"testing"
	"time"

	"guestlist"
)

// The expected values were computed with another implementation; the second
// case is the example of the Standard Webhooks libraries.
func TestSignaturesAreThoseThatOthersCompute(t *testing.T) {
	example, err := base64.StdEncoding.DecodeString("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		key, id, body string
		at            int64
		logto, v1     string
	}{
		{
			"0123456789abcdefghijABCDEFGHIJ__", "msg_1", `{"event":"User.Created","hookId":"h"}`, 1795262400,
			"f1bb6ebab41a3532e81de8cbc313a8831f728a4ebabbbe629044b8c8064c4371", "v1,5ytpppIvf4qzRzM/dJ3Y5qza8S6yuLmyjfg+Stg8+LU=",
		},
		{
			string(example), "msg_p5jXN8AQM9LWM0D4loKWxJek", `{"test": 2432232314}`, 1614265330,
			"", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
		},
	} {
		h := http.Header{}
		sign(h, tt.key, tt.id, guestlist.Time(tt.at*1000+999), []byte(tt.body))
		if got := h.Get("logto-signature-sha-256"); tt.logto != "" && got != tt.logto {
			t.Errorf("%s: logto signature %s, want %s", tt.id, got, tt.logto)
		}
		if got := h.Get("webhook-signature"); got != tt.v1 {
			t.Errorf("%s: webhook signature %s, want %s", tt.id, got, tt.v1)
		}
	}
	h := http.Header{}
	sign(h, "", "id", 0, nil)
	if h.Get("logto-signature-sha-256") != "" || h.Get("webhook-signature") != "" {
		t.Error("signed without a key")
	}
}

func TestBodyEndsWithTheHook(t *testing.T) {
	for payload, want := range map[string]string{
		`{"event":"A","createdAt":"x"}`: `{"event":"A","createdAt":"x","hookId":"h\"1"}`,
		"{ }\n":                         `{"hookId":"h\"1"}`,
		" {\"a\":[1, 2] }":              `{"a":[1, 2],"hookId":"h\"1"}`,
		"[]":                            "",
		"":                              "",
		`{"a":`:                         "",
		"null":                          "",
	} {
		got, err := delivery{HookID: `h"1`, Payload: []byte(payload)}.body()
		if string(got) != want || (err == nil) != (want != "") {
			t.Errorf("%q: %s, %v", payload, got, err)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := guestlist.TimeOf(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC))
	for value, want := range map[string]time.Duration{
		"":                              0,
		"0":                             0,
		"120":                           2 * time.Minute,
		"-5":                            0,
		"999999999":                     maxRetryAfter,
		"99999999999999999999":          0,
		"soon":                          0,
		"Sat, 21 Nov 2026 12:05:00 GMT": 5 * time.Minute,
		"Sat, 21 Nov 2020 12:05:00 GMT": 0,
		"Sat, 21 Nov 2099 12:05:00 GMT": maxRetryAfter,
	} {
		if got := retryAfter(value, now); got != want {
			t.Errorf("Retry-After %q: %v, want %v", value, got, want)
		}
	}
}

func TestAnswersAreKeptWithoutSecrets(t *testing.T) {
	p := post{key: "signing-key-1", config: guestlist.HookConfig{Headers: map[string]string{
		"authorization": `Bearer tok"en-1`, "x-short": "yes",
	}}}
	got := blot("{\"echo\":\"Bearer tok\\\"en-1\",\"t\":\"tok\\\"en-1\",\"raw\":\"signing-key-1\",\"yes\":1,\"bad\":\"\xff\"}", p.secrets())
	if want := `{"echo":"[hidden]","t":"[hidden]","raw":"[hidden]","yes":1,"bad":"` + "\uFFFD" + `"}`; got != want {
		t.Errorf("kept %s, want %s", got, want)
	}
	for body, want := range map[string]string{"": `""`, "ok": `"ok"`, `{"a": 1}`: `{"a": 1}`, "{": `"{"`, "a\x00b": `"a\u0000b"`} {
		if got := string(jsonOrText(body)); got != want {
			t.Errorf("%q is shown as %s, want %s", body, got, want)
		}
	}
}

func TestScheduleFitsADay(t *testing.T) {
	var sum time.Duration
	for _, wait := range hookWaits {
		sum += wait
	}
	if sum < 20*time.Hour || sum*11/10 > hookGiveUp {
		t.Errorf("the attempts take %v, want about a day, and less than %v", sum, hookGiveUp)
	}
	if hookLease*9/10 < HookTimeout+2*logWithin {
		t.Error("a request may outlive its lease")
	}
}
