package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// The bounds of a visit by a browser.
const (
	visitWithin = 60 * time.Second
	maxClicks   = 24
)

// clicksEverything visits a link as a real browser that somebody else drives:
// it runs the scripts of the pages, clicks every button, ticks every box and
// submits every form, and types nothing.
func clicksEverything(t *testing.T, link string) []string {
	ctx, cancel := context.WithTimeout(newTab(t).ctx, visitWithin)
	defer cancel()
	cookies := &cookieNames{}
	if err := chromedp.Listen(ctx, cookies.note); err != nil {
		t.Fatal(err)
	}
	clicked := map[string]bool{}
	if _, err := chromedp.RunResponse(ctx, chromedp.Navigate(link)); err != nil {
		t.Fatal(err)
	}
	for range maxClicks {
		did, err := clickSomething(ctx, clicked)
		if err != nil {
			t.Fatalf("after %v: %v", clicked, err)
		}
		if did {
			continue
		}
		// Nothing new here. Everything is there again at the beginning.
		if clicked[link] {
			break
		}
		clicked[link] = true
		if _, err := chromedp.RunResponse(ctx, chromedp.Navigate(link)); err != nil {
			t.Fatal(err)
		}
	}
	if len(clicked) < 3 {
		t.Errorf("the browser found hardly anything to click: %v", clicked)
	}
	return cookies.all()
}

// cookieNames collects the cookies that a browser is given.
type cookieNames struct {
	mu    sync.Mutex
	names []string
}

func (c *cookieNames) note(event any) {
	answer, ok := event.(*network.EventResponseReceivedExtraInfo)
	if !ok {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, value := range answer.Headers {
		if !strings.EqualFold(name, "Set-Cookie") {
			continue
		}
		for line := range strings.Lines(fmt.Sprint(value)) {
			if name, content, _ := strings.Cut(line, "="); content != "" && content[0] != ';' {
				c.names = append(c.names, name)
			}
		}
	}
}

func (c *cookieNames) all() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.names)
}

// clickables lists the things of a page that lead on: each a name, to know it
// again, and a script that does it. A page may have moved on by itself before.
const clickables = `(() => {
	for (const box of document.querySelectorAll('input[type=checkbox]')) box.checked = true;
	for (const b of document.querySelectorAll('button[type=button]')) b.click();
	const list = [];
	const add = (what, text, i, script) => list.push(location.pathname + ' ' + what + i + ' ' + text + '\n' + script);
	document.querySelectorAll('button[type=submit]:not(:disabled), a[href]').forEach((e, i) => {
		if (e.tagName === 'A' && new URL(e.href).origin !== location.origin) return;
		if (e.hash && e.pathname === location.pathname) return;
		add(e.tagName, e.textContent, i, "(() => { const e = document.querySelectorAll('button[type=submit]:not(:disabled), a[href]')[" + i + "]; if (!e) return location.reload(); e.removeAttribute('target'); e.click(); })()");
	});
	document.querySelectorAll('form').forEach((e, i) =>
		add('FORM', '', i, "document.forms[" + i + "] ? HTMLFormElement.prototype.submit.call(document.forms[" + i + "]) : location.reload()"));
	return list.join('\n\n');
})()`

// clickSomething does the first thing on the page that was not done before,
// waits for what it leads to, and reports whether there was any.
func clickSomething(ctx context.Context, clicked map[string]bool) (bool, error) {
	found, err := chromedp.Run(ctx, chromedp.Evaluate[string](clickables))
	if err != nil {
		return false, err
	}
	for thing := range strings.SplitSeq(found, "\n\n") {
		name, script, ok := strings.Cut(thing, "\n")
		if !ok || clicked[name] {
			continue
		}
		clicked[name] = true
		if _, err := chromedp.RunResponse(ctx, chromedp.Evaluate[chromedp.Void](script)); err != nil {
			return false, fmt.Errorf("%s: %w", name, err)
		}
		return true, nil
	}
	return false, nil
}
