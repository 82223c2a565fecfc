package e2e

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// until waits until a function of the page answers yes, on this page or on one
// that comes after it.
func (b *tab) until(what, function string, args ...any) {
	b.t.Helper()
	text, err := json.Marshal(append([]any{}, args...))
	if err != nil {
		b.t.Fatal(err)
	}
	asked := chromedp.Evaluate[bool]("!!(" + function + ")(..." + string(text) + ")")
	tick, deadline := time.NewTicker(awaitEvery), time.After(awaitFor)
	defer tick.Stop()
	for {
		if yes, err := chromedp.Run(b.ctx, asked); err == nil && yes {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			b.t.Fatalf("it does not come to this: %s; %s", what, b.where())
		}
	}
}

// rowNames is a function that returns what the rows of the page's table are
// called.
const rowNames = `() => [...document.querySelectorAll('.rows tbody tr th .cell')].map(c => c.firstElementChild.textContent.trim())`

// list returns what the elements of a selector say, divided by commas.
func (b *tab) list(selector string) string {
	b.t.Helper()
	return value[string](b, "read "+selector, chromedp.Evaluate[string]("[...document.querySelectorAll("+quoteJS(selector)+")].map(e => e.textContent.trim()).join(', ')"))
}

// WaitRows waits until the table has just these rows, in any order.
func (b *tab) WaitRows(names ...string) {
	b.t.Helper()
	defer func() {
		if b.t.Failed() {
			b.t.Log("the rows are " + b.list(".rows tbody tr th .cell"))
		}
	}()
	b.until("the rows are "+strings.Join(names, ", "), `(...names) => JSON.stringify((`+rowNames+`)().sort()) === JSON.stringify(names.sort())`, stringsOf(names)...)
}

func stringsOf(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

// PressOn presses the first visible element of a selector, and waits for the
// page that it leads to.
func (b *tab) PressOn(selector string) int {
	b.t.Helper()
	return b.navigate("press "+selector, chromedp.Click(visible(selector)))
}

// Set writes a value into a field that nobody types into, such as a date.
func (b *tab) Set(name, value string) {
	b.t.Helper()
	if !says(b, "set "+name, `(name, value) => {
		const e = document.querySelector('main [name=' + CSS.escape(name) + ']')
		if (!e) return false
		e.value = value
		e.dispatchEvent(new Event('input', {bubbles: true}))
		return true
	}`, name, value) {
		b.t.Fatalf("no field %s; %s", name, b.where())
	}
}

// focused makes the tab believe that it is the one in front, as keys go there.
func (b *tab) focused() {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}); err != nil {
		b.t.Fatal(err)
	}
}

// keys presses keys one after another.
func (b *tab) keys(keys ...string) {
	b.t.Helper()
	for _, k := range keys {
		b.do("press "+k, chromedp.KeyEvent(k))
	}
}

// control is a key that is pressed with Ctrl.
func (b *tab) control(key string) {
	b.t.Helper()
	b.do("press Ctrl "+key, chromedp.KeyEvent(key, chromedp.KeyModifiers(chromedp.Modifier(2))))
}

// Stay marks the page, so that Stayed tells whether it is still the same one.
func (b *tab) Stay() {
	b.t.Helper()
	b.do("mark the page", chromedp.Evaluate[chromedp.Void]("window.stayed = true"))
}

// Stayed fails the test if the tab was led to another page since Stay.
func (b *tab) Stayed() {
	b.t.Helper()
	if !says(b, "look for the mark", "() => window.stayed === true") {
		b.t.Errorf("another page was loaded; %s", b.where())
	}
}

// Save clicks on what hands out a file, and returns the file's name and where
// it was saved.
func (b *tab) Save(words string) (name, path string) {
	b.t.Helper()
	dir, yes := b.t.TempDir(), true
	var mu sync.Mutex
	var begun browser.EventDownloadWillBegin
	ended := make(chan browser.DownloadProgressState, 1)
	origin := value[string](b, "read the origin", chromedp.Evaluate[string]("location.origin"))
	err := chromedp.Listen(b.ctx, func(event any) {
		mu.Lock()
		defer mu.Unlock()
		switch e := event.(type) {
		case *browser.EventDownloadWillBegin:
			if begun.GUID == "" && strings.HasPrefix(e.URL, origin+"/") {
				begun = *e
			}
		case *browser.EventDownloadProgress:
			if e.GUID == begun.GUID && e.State != browser.DownloadProgressStateInProgress {
				select {
				case ended <- e.State:
				default: // it is known
				}
			}
		}
	})
	if err != nil {
		b.t.Fatal(err)
	}
	_, err = chromedp.Call(b.ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllowAndName, BrowserContextID: chromedp.FromContext(b.ctx).BrowserContextID,
		DownloadPath: dir, EventsEnabled: &yes,
	})
	if err != nil {
		b.t.Fatal(err)
	}
	b.Click(words)
	select {
	case state := <-ended:
		mu.Lock()
		defer mu.Unlock()
		if state != browser.DownloadProgressStateCompleted {
			b.t.Fatalf("%s was %s", begun.SuggestedFilename, state)
		}
		return begun.SuggestedFilename, filepath.Join(dir, begun.GUID)
	case <-time.After(awaitFor):
		b.t.Fatalf("%s hands out no file; %s", words, b.where())
	}
	return "", ""
}

// refuseOnce has the first request for an address answered with 502, and
// tells when that was.
func (b *tab) refuseOnce(pattern string) <-chan struct{} {
	b.t.Helper()
	paused, refused := make(chan fetch.RequestID, 16), make(chan struct{})
	err := chromedp.Listen(b.ctx, func(event any) {
		if e, ok := event.(*fetch.EventRequestPaused); ok {
			paused <- e.RequestID
		}
	})
	if err != nil {
		b.t.Fatal(err)
	}
	_, err = chromedp.Call(b.ctx, fetch.Enable, fetch.EnableParams{Patterns: []*fetch.RequestPattern{{URLPattern: pattern}}})
	if err != nil {
		b.t.Fatal(err)
	}
	go func() {
		defer close(refused)
		select {
		case id := <-paused:
			// A failure shows as a request that nobody answers.
			_, _ = chromedp.Call(b.ctx, fetch.FulfillRequest, fetch.FulfillRequestParams{RequestID: id, ResponseCode: http.StatusBadGateway})
			_, _ = chromedp.Call(b.ctx, fetch.Disable, cdp.Empty{})
		case <-b.ctx.Done():
		}
	}()
	return refused
}

// Beside opens what a link opens in another tab.
func (b *tab) Beside(words string) *tab {
	b.t.Helper()
	href := value[string](b, "read the link "+words, chromedp.Evaluate[string](
		"(e => e?.target === '_blank' ? e.href : 'no link that opens a tab')("+string(pressable(words))+")"))
	other := b.sibling(b.t)
	other.Open(href)
	return other
}

// dropCookies takes cookies out of the browser, as their end does.
func (b *tab) dropCookies(s *site, names ...string) {
	b.t.Helper()
	for _, name := range names {
		if _, err := chromedp.Call(b.ctx, network.DeleteCookies, network.DeleteCookiesParams{Name: name, URL: s.url + "/console"}); err != nil {
			b.t.Fatal(err)
		}
	}
}

// hasWords requires that a text has words.
func hasWords(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("it does not say %q: %s", w, text)
		}
	}
}

// soon is when it is too late for what should have happened.
func soon() <-chan time.Time { return time.After(awaitFor) }

// eventually waits until something is so, for what announces itself to nobody.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	waitFor(t, what, 5*awaitEvery, soon(), so)
}

// waitFor looks again and again until something is so that does not announce
// itself: another process tells nothing of its own.
func waitFor(t *testing.T, what string, every time.Duration, deadline <-chan time.Time, so func() bool) {
	t.Helper()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for !so() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("it does not come to this: %s", what)
		}
	}
}
