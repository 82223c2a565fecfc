package experience_test

import (
	"context"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"guestlist"
	"guestlist/internal/web/webtest"
)

// With scripts the pages do what they do without them, and nothing of ours is
// stopped by our own policy.
func TestPagesInChromium(t *testing.T) {
	chromium, err := webtest.Chromium()
	if err != nil {
		t.Skip(err)
	}
	h := newHouse(t, func(e *guestlist.SignInExperience) {
		for i := range e.SignIn.Methods {
			e.SignIn.Methods[i].VerificationCode = false
		}
	})
	h.user(ada, password)
	ctx, cancel := context.WithTimeout(chromiumTab(t, chromium), time.Minute)
	defer cancel()
	if err := chromedp.Do(ctx,
		chromedp.EmulateViewport(320, 640),
		chromedp.Navigate(h.srv.URL+"/begin?screen=/sign-in&login_hint="+ada),
		chromedp.WaitVisible(".reveal"),
		chromedp.SendKeys("#f-password", password),
		chromedp.Click(".reveal"),
	); err != nil {
		t.Fatal(err)
	}
	for script, want := range map[string]string{
		"document.querySelector('#f-password').type":                                            "text",
		"document.querySelector('.reveal').getAttribute('aria-pressed')":                        "true",
		"getComputedStyle(document.querySelector('button.primary')).backgroundColor":            "rgb(61, 90, 254)",
		"String(document.documentElement.scrollWidth <= innerWidth)":                            "true",
		"String(document.querySelector('button.primary').getBoundingClientRect().height >= 44)": "true",
	} {
		got, err := chromedp.Run(ctx, chromedp.Evaluate[string](script))
		if err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("%s = %q, want %q", script, got, want)
		}
	}
	if err := chromedp.Do(ctx, chromedp.Click("button.primary"), chromedp.WaitNotPresent(".reveal")); err != nil {
		t.Fatal(err)
	}
	text, err := chromedp.Run(ctx, chromedp.Text("h1"))
	if err != nil {
		t.Fatal(err)
	}
	if text != "In as "+ada {
		t.Errorf("at %q", text)
	}
}

func chromiumTab(t *testing.T, path string) context.Context {
	t.Helper()
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU, chromedp.ExecPath(path))
	browser, end := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(end)
	ctx, end := chromedp.NewContext(browser)
	t.Cleanup(end)
	return ctx
}
