package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/input"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"guestlist/internal/web/webtest"
)

// screenshotsEnv names the directory that screenshots go to. Without it none
// are taken.
const screenshotsEnv = "GUESTLIST_SCREENSHOTS"

// chromium is the one browser of this test process. It is started by the first
// test that needs it, and the tests' tabs share nothing but its program.
var chromium struct {
	once sync.Once
	ctx  context.Context
	stop func()
	err  error
}

// startChromium starts the browser, headless, with a fresh profile that it
// removes, and with nothing that would call out by itself.
func startChromium() {
	path, err := webtest.Chromium()
	if err != nil {
		chromium.err = err
		return
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.Flag("disable-gpu", true), chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true), chromedp.WindowSize(1000, 900))
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, stopBrowser := chromedp.NewContext(allocator)
	chromium.ctx, chromium.stop = ctx, func() { stopBrowser(); stopAllocator() }
	chromium.err = chromedp.Do(ctx)
}

// stopChromium ends the browser, if there is one, and waits for that.
func stopChromium() {
	if chromium.stop != nil {
		chromium.stop()
	}
}

// tab is a page in the browser, with cookies of its own. Its methods fail the
// test when what they wait for does not come.
type tab struct {
	t   *testing.T
	ctx context.Context
}

// newTab opens an empty tab for a test. Without Chromium the test is skipped
// with a hint, and fails where CI=true. An exception in a page, or something
// that a page's policy forbids, fails the test.
func newTab(t *testing.T) *tab {
	t.Helper()
	chromium.once.Do(startChromium)
	switch {
	case chromium.err == nil:
	case errors.Is(chromium.err, webtest.ErrNoChromium) && os.Getenv("CI") != "true":
		t.Skipf("NOT TESTED IN A BROWSER: %v", chromium.err)
	default:
		t.Fatalf("cannot test in a browser: %v", chromium.err)
	}
	ctx, closeTab := chromedp.NewContext(chromium.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(closeTab)
	b := &tab{t: t, ctx: ctx}
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	// A press on a button may copy; not every Chromium lets it without being told.
	if _, err := chromedp.Call(ctx, browser.SetPermission, browser.SetPermissionParams{
		Permission: &browser.PermissionDescriptor{Name: "clipboard-write"}, Setting: browser.PermissionSettingGranted,
		BrowserContextID: chromedp.FromContext(ctx).BrowserContextID,
	}); err != nil {
		t.Fatal(err)
	}
	b.heed()
	return b
}

// heed reports what goes wrong inside the pages when the test ends.
func (b *tab) heed() {
	b.t.Helper()
	var mu sync.Mutex
	var complaints []string
	err := chromedp.Listen(b.ctx, func(event any) {
		mu.Lock()
		defer mu.Unlock()
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			complaint := e.ExceptionDetails.Text
			if thrown := e.ExceptionDetails.Exception; thrown != nil {
				complaint += " " + thrown.Description
			}
			complaints = append(complaints, complaint)
		case *cdplog.EventEntryAdded:
			if e.Entry.Source == cdplog.EntrySourceSecurity || e.Entry.Source == cdplog.EntrySourceJavascript {
				complaints = append(complaints, e.Entry.Text)
			}
		}
	})
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() {
		mu.Lock()
		defer mu.Unlock()
		for _, c := range complaints {
			b.t.Errorf("a page complains: %s", c)
		}
	})
}

// Open goes to an address and waits until the page has loaded. It returns the
// status of the answer.
func (b *tab) Open(address string) int {
	b.t.Helper()
	return b.navigate("open "+address, chromedp.Navigate(address))
}

// Fill writes into the visible field of a name, instead of what was there.
func (b *tab) Fill(name, value string) {
	b.t.Helper()
	field := visible(`input[name=` + quoteJS(name) + `], textarea[name=` + quoteJS(name) + `]`)
	b.do("go to "+name, chromedp.WaitVisible(field), chromedp.Evaluate[chromedp.Void]("(e => { e.focus(); e.select() })("+string(field)+")"))
	if value == "" {
		b.keys(keyDelete)
		return
	}
	// All at once, as somebody pastes it: key by key it takes a hundred times as long.
	if _, err := chromedp.Call(b.ctx, input.InsertText, input.InsertTextParams{Text: value}); err != nil {
		b.t.Fatalf("fill %s: %v; %s", name, err, b.where())
	}
}

// Press clicks on the visible button or link with these words and waits until
// the page that it leads to has loaded. It returns the status of the answer.
func (b *tab) Press(words string) int {
	b.t.Helper()
	return b.navigate("press "+words, chromedp.Click(pressable(words)))
}

// Click clicks on the visible button or link with these words, and waits for
// nothing: what happens then happens within the page.
func (b *tab) Click(words string) {
	b.t.Helper()
	b.do("click "+words, chromedp.Click(pressable(words)))
}

// WaitAt waits until the tab is at an address, whatever its query.
func (b *tab) WaitAt(address string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, awaitFor)
	defer cancel()
	tick := time.NewTicker(awaitEvery)
	defer tick.Stop()
	for {
		at, err := chromedp.Run(ctx, chromedp.Location())
		if at, _, _ = strings.Cut(at, "?"); err == nil && at == address {
			return
		}
		select {
		case <-ctx.Done():
			b.t.Fatalf("the browser should come to %s; %s", address, b.where())
		case <-tick.C:
		}
	}
}

// Text returns what a person reads on the page.
func (b *tab) Text() string {
	b.t.Helper()
	return value[string](b, "read the page", chromedp.Evaluate[string]("document.body.innerText"))
}

// Address returns where the tab is.
func (b *tab) Address() string {
	b.t.Helper()
	return value[string](b, "read the address", chromedp.Location())
}

// IsAt fails the test unless the tab is at an address, whatever its query.
func (b *tab) IsAt(address string) {
	b.t.Helper()
	at, _, _ := strings.Cut(b.Address(), "?")
	if at != address {
		b.t.Fatalf("the browser should be at %s; %s", address, b.where())
	}
}

// WaitText waits until the page shows a text.
func (b *tab) WaitText(words string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, awaitFor)
	defer cancel()
	for {
		_, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("("+shows+")("+quoteJS(words)+")", chromedp.EvalAwaitPromise))
		if err == nil {
			return
		}
		// A page that goes away takes the promise with it; the next one is asked.
		if ctx.Err() != nil {
			b.t.Fatalf("no %q: %v; %s", words, err, b.where())
		}
	}
}

// shows is a function that resolves once the page shows a text.
const shows = `words => new Promise(resolve => {
	const look = () => document.body?.innerText.includes(words);
	if (look()) { resolve(true); return }
	new MutationObserver((_, o) => { if (look()) { o.disconnect(); resolve(true) } })
		.observe(document, {subtree: true, childList: true, characterData: true, attributes: true});
})`

// Screenshot keeps a picture of the whole page, if somebody wants it.
func (b *tab) Screenshot(name string) {
	b.t.Helper()
	dir := os.Getenv(screenshotsEnv)
	if dir == "" {
		return
	}
	const png = 100 // the quality that means PNG
	picture := value[[]byte](b, "screenshot", chromedp.FullScreenshot(png))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// do takes steps within their time.
func (b *tab) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	value[chromedp.Void](b, what, chromedp.Steps(steps...))
}

// navigate takes a step that leads to another page and waits for that one.
func (b *tab) navigate(what string, step chromedp.Action[chromedp.Void]) int {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, awaitFor)
	defer cancel()
	res, err := chromedp.RunResponse(ctx, step)
	if err != nil {
		b.t.Fatalf("%s: %v; %s", what, err, b.where())
	}
	if res == nil {
		return 0
	}
	return int(res.Status)
}

// value runs an action within its time.
func value[T any](b *tab, what string, action chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, awaitFor)
	defer cancel()
	v, err := chromedp.Run(ctx, action)
	if err != nil {
		b.t.Fatalf("%s: %v; %s", what, err, b.where())
	}
	return v
}

// where says what the browser shows, for a test that fails.
func (b *tab) where() string {
	ctx, cancel := context.WithTimeout(b.ctx, time.Second)
	defer cancel()
	page, err := chromedp.Run(ctx, chromedp.Evaluate[string]("location.href + '\\n' + document.body.innerText"))
	if err != nil {
		return "the page cannot be read: " + err.Error()
	}
	return "it is at " + page
}

// visible selects the first element of a selector that a person can see.
func visible(selector string) chromedp.JSPath {
	return chromedp.JSPath(fmt.Sprintf(`[...document.querySelectorAll(%s)].find(e => e.type !== 'hidden' && e.checkVisibility())`, quoteJS(selector)))
}

// pressable selects what a person would press by these words: what says just
// them, or else what contains them.
func pressable(words string) chromedp.JSPath {
	return chromedp.JSPath(fmt.Sprintf(`(words => {
		const all = [...document.querySelectorAll('button, a, summary')].filter(e => e.checkVisibility());
		return all.find(e => e.innerText.trim() === words) ?? all.find(e => e.innerText.includes(words));
	})(%s)`, quoteJS(words)))
}

// quoteJS writes a string as JavaScript does.
func quoteJS(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(b)
}

// TestTab holds the browser itself to what the journeys rely on.
func TestTab(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'") // as strict as ours: nothing is evaluated
		fmt.Fprint(w, `<!doctype html><form action=/next><input name=other type=hidden><input name=guest value=Nobody><button>Go on</button><button hidden>Go</button></form>`)
	})
	mux.HandleFunc("GET /next", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprintf(w, `<!doctype html><p id=p></p><script>setTimeout(() => p.textContent = "Hello " + %q, 50)</script>`, r.FormValue("guest"))
	})
	server := httptest.NewServer(mux)
	defer server.Close()

	b := newTab(t)
	if status := b.Open(server.URL + "/"); status != http.StatusOK {
		t.Errorf("opening: %d", status)
	}
	b.Fill("guest", "Grace")
	if status := b.Press("Go"); status != http.StatusTeapot {
		t.Errorf("pressing: %d", status)
	}
	b.WaitText("Hello Grace")
	b.IsAt(server.URL + "/next")
}
