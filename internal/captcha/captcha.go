// Package captcha asks a provider whether a guest's answer to its puzzle is
// right: Cloudflare Turnstile, hCaptcha and reCAPTCHA Enterprise, each over its
// documented HTTP interface.
//
// It promises that an answer is right only if its provider says so in so many
// words: whatever is malformed, late, too long or of another site counts as no.
// Whether the guest failed or the provider did is told apart, since the guest
// can do something about the first only. The secret travels in bodies and
// headers, never in URLs, and stands in no error.
//
// It refuses to know interactions, settings and pages. Where the puzzle is
// shown and what it guards is decided above.
package captcha

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"guestlist"
)

// The limits of a check.
const (
	MaxToken    = 4096            // bytes of an answer; those of the providers have up to 2 KiB
	maxResponse = 64 << 10        // bytes that a provider may say
	timeout     = 8 * time.Second // of one check, all included
	maxReasons  = 10              // codes of a provider that go to the audit log
	maxReason   = 64              // bytes of each
)

// The refusals. Their causes say exactly why, for the audit log.
var (
	// ErrFailed says that the answer is not right.
	ErrFailed = guestlist.Refuse(guestlist.KindUnprocessable, "session.captcha_failed")
	// ErrUnavailable says that nobody could be asked. The guest did nothing
	// wrong, and is not let through all the same.
	ErrUnavailable = guestlist.Refuse(guestlist.KindUnavailable, "session.captcha_unavailable")
)

// Verifier checks answers. Client is required, and must not reach addresses
// that are not public. It is safe for concurrent use.
type Verifier struct {
	Client *http.Client

	// Where the providers are asked; empty members mean the documented
	// addresses.
	TurnstileURL, HCaptchaURL, RecaptchaURL string
}

// The documented addresses.
const (
	turnstileURL = "https://challenges.cloudflare.com/turnstile/v0/siteverify"
	hCaptchaURL  = "https://api.hcaptcha.com/siteverify"
	recaptchaURL = "https://recaptchaenterprise.googleapis.com"
)

// Verify returns nil if the provider calls the answer of a guest right, and
// ErrFailed or ErrUnavailable with the reason as cause if not. IP is where the
// guest came from, or empty.
func (v *Verifier) Verify(ctx context.Context, c guestlist.CaptchaConfig, answer, ip string) error {
	if answer == "" || len(answer) > MaxToken || !utf8.ValidString(answer) {
		return ErrFailed.Because(errors.New("no answer that could be right"))
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	switch c.Type {
	case guestlist.CaptchaTurnstile:
		return v.siteVerify(ctx, or(v.TurnstileURL, turnstileURL), c, answer, ip)
	case guestlist.CaptchaHCaptcha:
		return v.siteVerify(ctx, or(v.HCaptchaURL, hCaptchaURL), c, answer, ip)
	case guestlist.CaptchaRecaptchaEnterprise:
		return v.assess(ctx, or(v.RecaptchaURL, recaptchaURL), c, answer, ip)
	default:
		return ErrUnavailable.Because(fmt.Errorf("captcha: no provider %q", clip(string(c.Type))))
	}
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// send sends a request and reads its answer, a JSON object.
func (v *Verifier) send(r *http.Request, into any) (status int, err error) {
	r.Header.Set("Accept", "application/json")
	resp, err := v.Client.Do(r)
	if err != nil {
		return 0, ErrUnavailable.Because(withoutURL(err))
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxResponse+1))
	if err != nil {
		return 0, ErrUnavailable.Because(withoutURL(err))
	}
	if t, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type")); err != nil || t != "application/json" ||
		len(body) > maxResponse || json.Unmarshal(body, into) != nil {
		return 0, ErrUnavailable.Because(fmt.Errorf("captcha: status %d with something that is no answer", resp.StatusCode))
	}
	return resp.StatusCode, nil
}

// withoutURL drops the address from an error of net/http, which is long and
// the same each time.
func withoutURL(err error) error {
	var wrapped interface{ Unwrap() error }
	if errors.As(err, &wrapped) && wrapped.Unwrap() != nil {
		err = wrapped.Unwrap()
	}
	return fmt.Errorf("captcha: %w", err)
}

// reasons writes the codes that a provider gave, bounded.
func reasons(codes []string) string {
	if len(codes) == 0 {
		return "no reason given"
	}
	short := make([]string, 0, maxReasons)
	for _, c := range codes[:min(len(codes), maxReasons)] {
		short = append(short, clip(c))
	}
	return strings.Join(short, ", ")
}

// clip keeps of a stranger's text what is safe to keep: printable ASCII, and
// little of it.
func clip(s string) string {
	s = strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return '_'
		}
		return r
	}, s)
	return s[:min(len(s), maxReason)]
}
