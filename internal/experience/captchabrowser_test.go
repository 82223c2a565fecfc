package experience_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/chromedp"

	"guestlist"
	"guestlist/internal/web/webtest"
)

// standIns answer for the scripts of the providers as their documents say that
// they behave; the browser believes that they came from there.
var standIns = map[string]string{
	"https://challenges.cloudflare.com/turnstile/": `window.turnstile = {};
		const box = document.querySelector('.cf-turnstile');
		box.insertAdjacentHTML('beforeend', '<input type="hidden" name="cf-turnstile-response" value="human">');`,
	"https://js.hcaptcha.com/": `window.hcaptcha = {};
		document.querySelector('.h-captcha').insertAdjacentHTML('beforeend', '<textarea name="h-captcha-response" hidden>human</textarea>');`,
	"https://www.google.com/recaptcha/": `window.grecaptcha = { enterprise: {
		ready(fn) { setTimeout(fn, 50); },
		async execute(site, { action }) { window.executed = site + ' ' + action; return 'human'; } } };`,
}

// In a browser the policy lets the provider's script in and no other's, the
// answer goes along with the form, and a script that does not come is told of.
func TestCaptchasInChromium(t *testing.T) {
	chromium, err := webtest.Chromium()
	if err != nil {
		t.Skip(err)
	}
	for name, c := range map[string]struct {
		config guestlist.CaptchaConfig
		silent bool // nobody answers for the script
	}{
		"turnstile":        {config: guestlist.CaptchaConfig{Type: guestlist.CaptchaTurnstile}},
		"hcaptcha":         {config: guestlist.CaptchaConfig{Type: guestlist.CaptchaHCaptcha}},
		"unseen recaptcha": {config: guestlist.CaptchaConfig{Type: guestlist.CaptchaRecaptchaEnterprise, ProjectID: "p", Mode: "invisible"}},
		"no script":        {config: guestlist.CaptchaConfig{Type: guestlist.CaptchaTurnstile}, silent: true},
		"no unseen script": {config: guestlist.CaptchaConfig{Type: guestlist.CaptchaRecaptchaEnterprise, ProjectID: "p"}, silent: true},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, withCaptcha)
			h.askCaptcha(c.config)
			ctx, cancel := context.WithTimeout(chromiumTab(t, chromium), time.Minute)
			defer cancel()
			stranger := standIn(t, ctx, c.silent)
			if err := chromedp.Do(ctx,
				chromedp.EmulateViewport(320, 640),
				chromedp.Navigate(h.srv.URL+"/begin?screen=/register"),
				chromedp.SendKeys("#f-identifier", grace),
			); err != nil {
				t.Fatal(err)
			}
			if c.silent {
				if err := chromedp.Do(ctx, chromedp.WaitVisible(".captcha .alert")); err != nil {
					t.Fatal(err)
				}
				return
			}
			script := `document.head.append(Object.assign(document.createElement('script'), {src: 'https://stranger.example/x.js'}))`
			if _, err := chromedp.Run(ctx, chromedp.Evaluate[any](script+", null")); err != nil {
				t.Fatal(err)
			}
			if err := chromedp.Do(ctx, chromedp.Click("button.primary"), chromedp.WaitVisible("#f-code")); err != nil {
				t.Fatal(err)
			}
			if h.code(grace) == "" {
				t.Error("no code was sent")
			}
			if at := stranger(); at != "" {
				t.Errorf("the policy let a stranger in: %s", at)
			}
		})
	}
}

// standIn answers for the providers' scripts. It returns a function that tells
// of requests to anybody else.
func standIn(t *testing.T, ctx context.Context, silent bool) (stranger func() string) {
	t.Helper()
	var mu sync.Mutex
	var seen []string
	err := chromedp.Listen(ctx, func(event any) {
		paused, ok := event.(*fetch.EventRequestPaused)
		if !ok {
			return
		}
		go func() {
			for prefix, script := range standIns {
				if strings.HasPrefix(paused.Request.URL, prefix) && !silent {
					_, _ = chromedp.Call(ctx, fetch.FulfillRequest, fetch.FulfillRequestParams{
						RequestID: paused.RequestID, ResponseCode: 200, Body: []byte(script),
						ResponseHeaders: []*fetch.HeaderEntry{{Name: "Content-Type", Value: "text/javascript"}},
					})
					return
				}
			}
			mu.Lock()
			seen = append(seen, paused.Request.URL)
			mu.Unlock()
			_, _ = chromedp.Call(ctx, fetch.FailRequest, fetch.FailRequestParams{RequestID: paused.RequestID, ErrorReason: "ConnectionRefused"})
		}()
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, fetch.Enable, fetch.EnableParams{Patterns: []*fetch.RequestPattern{{URLPattern: "https://*"}}}); err != nil {
		t.Fatal(err)
	}
	return func() string {
		mu.Lock()
		defer mu.Unlock()
		return strings.Join(seen, " ")
	}
}
