package e2e

import (
	"encoding/json"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// maxShift is how far a page may shift while it loads, as browsers add it up: a
// hundredth is a line of text that moves by a few pixels.
const maxShift = 0.01

// shifting lists what moved since the page began, when nothing more is to be
// drawn.
const shifting = `new Promise(done => {
	const list = []
	const seen = entries => entries.forEach(e => { if (!e.hadRecentInput) list.push({
		value: e.value, of: (e.sources ?? []).map(s => s.node?.parentElement ? (s.node.tagName ?? 'text in ' + s.node.parentElement.tagName) + '.' + (s.node.className ?? '') : 'gone').join(', '),
	}) })
	const observer = new PerformanceObserver(l => seen(l.getEntries()))
	observer.observe({type: 'layout-shift', buffered: true})
	requestAnimationFrame(() => requestAnimationFrame(() => requestIdleCallback(() => { seen(observer.takeRecords()); done(JSON.stringify(list)) })))
})`

type shift struct {
	Value float64
	Of    string
}

// shifts returns how far the page of a tab has shifted, and what.
func (b *tab) shifts() (sum float64, list []shift) {
	b.t.Helper()
	text := value[string](b, "look what moved", chromedp.Evaluate[string](shifting, chromedp.EvalAwaitPromise))
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		b.t.Fatal(err)
	}
	for _, s := range list {
		sum += s.Value
	}
	return sum, list
}

// slow gives a tab the network of a train, and no cache.
func (b *tab) slow() {
	b.t.Helper()
	const latency, throughput = 80, 200 << 10 // milliseconds, bytes per second
	if _, err := chromedp.Call(b.ctx, network.SetCacheDisabled, network.SetCacheDisabledParams{CacheDisabled: true}); err != nil {
		b.t.Fatal(err)
	}
	if _, err := chromedp.Call(b.ctx, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
		MatchedNetworkConditions: []*network.Conditions{{Latency: latency, DownloadThroughput: throughput, UploadThroughput: throughput}},
	}); err != nil {
		b.t.Fatal(err)
	}
}

// window makes the window of a tab as wide as told, in pixels.
func (b *tab) window(width int64) {
	b.t.Helper()
	const height = 800
	if _, err := chromedp.Call(b.ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: width, Height: height, DeviceScaleFactor: 1,
	}); err != nil {
		b.t.Fatal(err)
	}
}

// TestNothingMovesWhilePagesLoad: what stands on a page stays where it is when style,
// scripts and pictures arrive late, on a desk and on a phone.
func TestNothingMovesWhilePagesLoad(t *testing.T) {
	t.Parallel() // its network is slow
	s, b := newHost(t, "sqlite")
	for _, u := range []string{"grace", "ada", "alan"} {
		s.api("POST", "/users", map[string]any{"username": u, "name": u + " of the long name"}, 200, nil)
	}
	b.slow()
	for _, width := range []int64{1280, 390} {
		b.window(width)
		for _, path := range []string{
			"/console", "/console/users", "/console/users?q=a", "/console/users/new", "/console/user-imports", "/console/applications", "/console/roles",
			"/console/connectors", "/console/connectors/new", "/console/sso", "/console/webhooks", "/console/logs", "/console/settings", "/console/settings/keys",
			"/console/resources", "/console/sign-in-experience", "/console/sign-in-experience/sign-up-and-sign-in", "/console/sign-in-experience/content",
			"/account", "/demo-app", "/unknown-session",
		} {
			b.Open(s.url + path)
			if sum, list := b.shifts(); sum > maxShift {
				t.Errorf("%s, %d pixels wide, shifts by %.3f: %+v", path, width, sum, list)
			}
		}
	}
	b.do("move everything", chromedp.Evaluate[chromedp.Void]("document.body.style.paddingBlockStart = '200px'"))
	if sum, _ := b.shifts(); sum <= maxShift {
		t.Errorf("this test cannot tell that something moved: %.3f", sum)
	}
}
