package oidc_test

import (
	"strings"
	"testing"
	"time"
)

// TestSessionLivesWhileItIsUsed: each use lets it live for its whole time again,
// noted once in a tenth of that time.
func TestSessionLivesWhileItIsUsed(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	b.signIn("alice")
	const day = 24 * time.Hour
	for _, use := range []struct {
		after   time.Duration
		renewed bool
	}{{day, false}, {9 * day, true}, {day, false}} {
		h.clock.Advance(use.after)
		a := b.authorize("prompt", "none")
		if got := back(t, a); got.Get("code") == "" {
			t.Fatalf("after %v: %v", use.after, got)
		}
		set := strings.Join(a.Header["Set-Cookie"], "\n")
		if renewed := strings.Contains(set, "_session="+b.value("_session")+";") && strings.Contains(set, "Max-Age=1209600"); renewed != use.renewed {
			t.Errorf("after %v: the cookie is set: %v, want %v: %s", use.after, renewed, use.renewed, set)
		}
	}
	h.clock.Advance(12 * day) // 23 days after the sign-in, 13 after it was renewed
	onPage(t, b.authorize(), "/consent?app_id=spa")
	h.clock.Advance(2 * day)
	onPage(t, b.authorize(), "/sign-in?app_id=spa")
}

// TestAuthTimeIsToldWhenAsked: an ID token says when its user signed in if the
// request was about that, and only then (Core §2).
func TestAuthTimeIsToldWhenAsked(t *testing.T) {
	for name, tt := range map[string]struct {
		params []string
		told   bool
	}{
		"consent": {[]string{"prompt", "consent"}, false},
		"login":   {[]string{"prompt", "login"}, true},
		"both":    {[]string{"prompt", "login consent"}, true},
		"max_age": {[]string{"prompt", "consent", "max_age", "3600"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			b := h.browser()
			tokens := h.redeem(h.spa, b.signIn("alice", tt.params...).Get("code"))
			at, told := claimsOf(t, tokens.text("id_token"))["auth_time"]
			if told != tt.told || told && at != float64(h.clock.Now().Unix()) {
				t.Errorf("auth_time is %v", at)
			}
		})
	}
}
