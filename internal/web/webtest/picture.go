//go:build pictures

package webtest

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Photograph takes a picture of what is at an address, light or dark, on a screen
// of a size in pixels. What is higher is shown as a whole, up to tallest; what is
// wider than the screen is wrong.
func Photograph(t *testing.T, ctx context.Context, at, look string, width, height, tallest int64) []byte {
	t.Helper()
	features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: look}}
	if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features}); err != nil {
		t.Fatal(err)
	}
	// The query makes each a new document for the browser.
	to := at + "/?" + strconv.FormatInt(time.Now().UnixNano(), 36)
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, height), chromedp.Navigate(to)); err != nil {
		t.Fatal(err)
	}
	extent, err := chromedp.Run(ctx, chromedp.Evaluate[[2]int64](`[document.documentElement.scrollWidth, document.documentElement.scrollHeight]`))
	if err != nil {
		t.Fatal(err)
	}
	if extent[0] > width {
		t.Errorf("%d pixels wide on a screen of %d", extent[0], width)
	}
	beyond := extent[1] > height // what is short and written from right to left would be moved aside
	png, err := chromedp.Call(ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{
		CaptureBeyondViewport: &beyond,
		Clip:                  &page.Viewport{Width: float64(width), Height: float64(min(tallest, max(height, extent[1]))), Scale: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	return png.Data
}
