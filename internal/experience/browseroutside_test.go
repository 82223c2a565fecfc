package experience_test

import (
	"context"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"guestlist"
	"guestlist/internal/web/webtest"
)

// In a browser that holds the redirects of a form against form-action, a
// provider's button leads to the provider and back from every page that has
// one; pages that go on by themselves do, and so do answers that are posted.
func TestProvidersInChromium(t *testing.T) {
	chromium, err := webtest.Chromium()
	if err != nil {
		t.Skip(err)
	}
	o := newOutside(t, func(e *guestlist.SignInExperience) {
		closed(e)
		for i := range e.SignIn.Methods {
			e.SignIn.Methods[i].VerificationCode = false
		}
	})
	o.linked(github, ada, person(sue))
	for _, email := range []string{worker, "lin@shared.example", "worker@co.example"} {
		o.user(email, "")
	}
	o.at[github].expects(person(sue))
	o.at[corp].expects(person(worker))
	o.at[two].expects(person("lin@shared.example"))
	o.at[samlCo].expects(person("worker@co.example"))
	ctx, cancel := context.WithTimeout(chromiumTab(t, chromium), 2*time.Minute)
	defer cancel()
	arrives := func(what, who string, steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, append(steps, chromedp.WaitNotPresent("body[data-page]"), chromedp.WaitVisible("h1"))...); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		text, err := chromedp.Run(ctx, chromedp.Text("h1"))
		if err != nil || text != "In as "+who {
			t.Errorf("%s: at %q %v", what, text, err)
		}
	}
	open := func(screen string) chromedp.Action[chromedp.Void] {
		return chromedp.Navigate(o.srv.URL + "/begin?screen=" + screen)
	}

	arrives("a button", ada, open("/sign-in"), chromedp.Click("button[value=github]"))
	arrives("a page that goes on by itself", ada, open("/direct/social/github"))
	arrives("an address, with the password out of the way", worker, open("/sign-in"),
		chromedp.SendKeys("#f-identifier", worker), chromedp.WaitNotVisible("#f-password"), chromedp.Click(".primary"))
	arrives("a choice", "lin@shared.example", open("/single-sign-on"), chromedp.SendKeys("#f-identifier", "lin@shared.example"),
		chromedp.Click(".primary"), chromedp.WaitVisible("button[value=two]"), chromedp.Click("button[value=two]"))
	arrives("an answer that is posted to us", "worker@co.example", open("/single-sign-on"),
		chromedp.SendKeys("#f-identifier", "worker@co.example"), chromedp.Click(".primary"),
		chromedp.WaitVisible("body[data-page=abroad] button"), chromedp.Click("button"))
	o.at[github].posts = true
	arrives("an answer that is posted to the callback", ada, open("/sign-in"), chromedp.Click("button[value=github]"),
		chromedp.WaitVisible("body[data-page=abroad] button"), chromedp.Click("button"))
}
