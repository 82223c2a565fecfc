package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func jar(keys ...string) Cookies {
	return Cookies{Secure: true, Keys: func() [][]byte {
		var list [][]byte
		for _, k := range keys {
			list = append(list, []byte(k))
		}
		return list
	}}
}

// send returns a request that carries the cookies that set wrote.
func send(set http.Header) *http.Request {
	r := httptest.NewRequest("GET", "/", nil)
	var parts []string
	for _, line := range set["Set-Cookie"] {
		pair, _, _ := strings.Cut(line, ";")
		parts = append(parts, pair)
	}
	r.Header.Set("Cookie", strings.Join(parts, "; "))
	return r
}

func TestCookieRoundTrip(t *testing.T) {
	c := jar("new", "old")
	for in, want := range map[string]string{
		"plain":                            "plain",
		`{"appId":"a,b","uiLocales":"fr"}`: `{"appId":"a,b","uiLocales":"fr"}`,
		"%7B%22a%22%3A1%7D":                "%7B%22a%22%3A1%7D",
		"a;b\r\nSet-Cookie: x=y":           "a%3Bb%0D%0ASet-Cookie:%20x=y",
		"é\\":                              "%C3%A9%5C",
		"":                                 "",
	} {
		w := httptest.NewRecorder()
		if !c.Set(w, "_guest", in, CookieOptions{}) {
			t.Fatalf("%q not written", in)
		}
		for _, line := range w.Header()["Set-Cookie"] {
			if strings.ContainsAny(line, "\r\n") {
				t.Errorf("%q breaks the header: %q", in, line)
			}
		}
		if got, ok := c.Get(send(w.Header()), "_guest"); !ok || got != want {
			t.Errorf("%q came back as %q, %v", in, got, ok)
		}
	}
}

func TestCookieAttributes(t *testing.T) {
	w := httptest.NewRecorder()
	jar("k").Set(w, "a", "1", CookieOptions{Path: "/oidc/auth/x", MaxAge: time.Hour})
	for _, line := range w.Header()["Set-Cookie"] {
		if !strings.HasSuffix(line, "; Path=/oidc/auth/x; Max-Age=3600; HttpOnly; Secure; SameSite=Lax") {
			t.Errorf("line %q", line)
		}
	}
	if n := len(w.Header()["Set-Cookie"]); n != 2 {
		t.Errorf("%d cookies", n)
	}
	w = httptest.NewRecorder()
	jar("k").Clear(w, "a", "/")
	for _, line := range w.Header()["Set-Cookie"] {
		if !strings.Contains(line, "Max-Age=0") {
			t.Errorf("line %q", line)
		}
	}
	w = httptest.NewRecorder()
	if jar("k").Set(w, "a", strings.Repeat("x", maxCookieValue+1), CookieOptions{}) || len(w.Header()) != 0 {
		t.Error("an oversized cookie was written")
	}
}

// TestCookiesOfThisHost: over https a sibling domain cannot plant a cookie that
// counts, not even one that we signed for it.
func TestCookiesOfThisHost(t *testing.T) {
	c := jar("k")
	w := httptest.NewRecorder()
	c.Set(w, "a", "theirs", CookieOptions{})
	for _, line := range w.Header()["Set-Cookie"] {
		if !strings.HasPrefix(line, "__Host-a") || !strings.Contains(line, "; Path=/; ") || !strings.Contains(line, "; Secure") || strings.Contains(line, "Domain") {
			t.Errorf("browsers refuse, or share, %q", line)
		}
	}
	theirs := send(w.Header()).Header.Get("Cookie")
	w = httptest.NewRecorder()
	c.Set(w, "a", "mine", CookieOptions{})
	r := send(w.Header())
	planted := strings.ReplaceAll(theirs, "__Host-", "")
	r.Header.Set("Cookie", planted+"; "+r.Header.Get("Cookie"))
	if got, ok := c.Get(r, "a"); !ok || got != "mine" {
		t.Errorf("got %q, %v", got, ok)
	}
	r.Header.Set("Cookie", planted)
	if got, ok := c.Get(r, "a"); ok {
		t.Errorf("a planted cookie counts: %q", got)
	}
	w = httptest.NewRecorder()
	c.Clear(w, "a", "/")
	if line := w.Header().Get("Set-Cookie"); !strings.HasPrefix(line, "__Host-a=; ") {
		t.Errorf("it is not cleared by %q", line)
	}
	w = httptest.NewRecorder()
	c.Set(w, "_logto", "{}", CookieOptions{Script: true})
	if line := w.Header().Get("Set-Cookie"); !strings.HasPrefix(line, "_logto={}; ") {
		t.Errorf("scripts do not find %q", line)
	}
}

func TestCookieTampering(t *testing.T) {
	c := jar("new")
	c.Secure = false
	w := httptest.NewRecorder()
	c.Set(w, "a", "value", CookieOptions{})
	good := send(w.Header()).Header.Get("Cookie")
	sig := strings.TrimPrefix(good, "a=value; a.sig=")

	old := httptest.NewRecorder()
	former := jar("old")
	former.Secure = false
	former.Set(old, "a", "value", CookieOptions{})
	byOld := send(old.Header())
	if _, ok := jar("new", "old").GetOpen(byOld, "a"); !ok {
		t.Error("a rotated key no longer verifies")
	}
	if _, ok := jar("new").GetOpen(byOld, "a"); ok {
		t.Error("a retired key still verifies")
	}

	for _, tt := range []struct {
		name, cookie string
		ok           bool
	}{
		{"whole", good, true},
		{"other value", "a=valuf; a.sig=" + sig, false},
		{"longer value", "a=value1; a.sig=" + sig, false},
		{"no signature", "a=value", false},
		{"empty signature", "a=value; a.sig=", false},
		{"other case", "a=value; a.sig=" + strings.ToUpper(sig), false},
		{"only a signature", "a.sig=" + sig, false},
		{"signature of another name", "b=value; b.sig=" + sig, false},
		{"name moved into the value", "a.sig=" + sig + "; =a=value", false},
		{"planted before", "a=evil; a.sig=evil; " + good, true},
		{"many planted", strings.Repeat("a=evil; a.sig=evil; ", 10) + good, false},
		{"flood", strings.Repeat("x=1; ", maxCookies) + good, false},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Cookie", tt.cookie)
		got, ok := c.Get(r, "a")
		if ok != tt.ok || ok && got != "value" {
			t.Errorf("%s: %q, %v", tt.name, got, ok)
		}
	}
}

func FuzzCookies(f *testing.F) {
	f.Add("a", "a=1; a.sig=2")
	f.Add(`{"x":"y"}`, "a=\"; a.sig")
	f.Add("x;\r\n\x00é", ";;;=")
	c := jar("key")
	f.Fuzz(func(t *testing.T, value, foreign string) {
		w := httptest.NewRecorder()
		if !c.Set(w, "a", value, CookieOptions{}) {
			return
		}
		r := send(w.Header())
		got, ok := c.Get(r, "a")
		if !ok || got != escapeCookie(value) {
			t.Errorf("%q came back as %q, %v", value, got, ok)
		}
		r.Header["Cookie"] = []string{foreign}
		if v, ok := c.Get(r, "a"); ok {
			t.Errorf("forged %q with %q", v, foreign)
		}
	})
}
