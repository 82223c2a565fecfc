// Command pictures takes the pictures that the documents show, of the running
// product: a server of the development mode, its clock stopped, and a headless
// Chromium in front of it.
//
// It promises the same picture for the same code on the same machine: nothing
// in it depends on the day, the time zone or the language of who takes it; the
// fonts are the machine's. Only the ids that the server made up differ. It refuses to draw anything itself: two screenshots
// are put side by side, and that is all.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/server"
)

// What a picture may cost: it is fetched by everybody who opens the page.
const maxBytes = 200 << 10

// The width of one screenshot in CSS pixels.
const width = 560

// takeWithin bounds the whole session.
const takeWithin = 5 * time.Minute

// The day on which the pictures are taken.
var today = time.Date(2026, time.November, 21, 9, 0, 0, 0, time.UTC)

// linkTTL is how long the link in the picture is good, in seconds.
const linkTTL = 2 * 24 * 3600

// The application of the pictures, and where it would be.
const (
	product  = "Your product"
	callback = "https://northwind.example/callback"
	// challenge is that of RFC 7636, appendix B.
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

// picture is a file, and the page on it: where somebody comes who follows a
// link that was sent to this address.
type picture struct {
	file, email string
	height      int64   // CSS pixels
	scale       float64 // pixels of the picture for each of them
}

var pictures = []picture{
	{"welcome.png", "grace@example.com", 600, 1.5}, // nobody has this address: a new guest
	{"confirm.png", "ada@example.com", 740, 1.25},  // a user's: the button alone would sign in
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), takeWithin)
	defer cancel()
	if err := takeAll(ctx, filepath.Join("docs", "pictures")); err != nil {
		fmt.Fprintln(os.Stderr, "pictures:", err)
		os.Exit(1)
	}
}

func takeAll(ctx context.Context, dir string) (err error) {
	s, err := open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Stop(context.WithoutCancel(ctx))) }()
	app, err := s.Client().CreateApplication(ctx, client.NewApplication{
		Name: product, Type: guestlist.ApplicationSPA,
		OIDCClientMetadata: &guestlist.OIDCClientMetadata{RedirectURIs: []string{callback}, PostLogoutRedirectURIs: []string{}},
	})
	if err != nil {
		return err
	}
	for _, p := range pictures {
		token, err := s.Client().IssueOneTimeToken(ctx, client.NewOneTimeToken{Email: p.email, ExpiresIn: linkTTL})
		if err != nil {
			return err
		}
		request := url.Values{
			"client_id": {string(app.ID)}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid"},
			"code_challenge": {challenge}, "code_challenge_method": {"S256"},
			"one_time_token": {token.Token}, "login_hint": {p.email},
		}
		if err := p.take(ctx, s.Endpoint()+"/oidc/auth?"+request.Encode(), dir); err != nil {
			return fmt.Errorf("%s: %w", p.file, err)
		}
	}
	return takeConsole(ctx, s, app.ID, dir)
}

// open starts the development mode on a port of its own.
func open(ctx context.Context) (*server.Server, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "localhost:0")
	if err != nil {
		return nil, err
	}
	s, err := server.Open(ctx, server.Options{
		Listener: listener, Dev: true, Now: func() time.Time { return today },
		Log: slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		return nil, err
	}
	if err := s.Start(ctx); err != nil {
		return nil, err
	}
	_, err = s.Furnish(ctx)
	return s, err
}

// take writes the picture of a page, light beside dark.
func (p picture) take(ctx context.Context, page, dir string) error {
	tab, end := openTab(ctx)
	defer end()
	var both *image.RGBA
	for i, mode := range []string{"light", "dark"} {
		shot, err := p.shoot(tab, page, mode)
		if err != nil {
			return err
		}
		one := shot.Bounds()
		if both == nil {
			both = image.NewRGBA(image.Rect(0, 0, 2*one.Dx(), one.Dy()))
		}
		draw.Draw(both, one.Add(image.Pt(i*one.Dx(), 0)), shot, one.Min, draw.Src)
	}
	return keep(filepath.Join(dir, p.file), both)
}

// openTab starts a browser with an empty tab.
func openTab(ctx context.Context) (tab context.Context, end func()) {
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("accept-lang", "en"))
	browser, endBrowser := chromedp.NewExecAllocator(ctx, options...)
	tab, endTab := chromedp.NewContext(browser)
	return tab, func() { endTab(); endBrowser() }
}

// keep writes a picture, unless it weighs too much.
func keep(file string, picture image.Image) error {
	var b bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&b, picture); err != nil {
		return err
	}
	if b.Len() > maxBytes {
		return fmt.Errorf("it has %d bytes, want %d at most", b.Len(), maxBytes)
	}
	return os.WriteFile(file, b.Bytes(), 0o644) //nolint:gosec // documents are for everybody
}

// prepare makes a tab the same whoever takes the picture, in one colour scheme.
func prepare(tab context.Context, mode string) error {
	features := []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: mode}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}
	if _, err := chromedp.Call(tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features}); err != nil {
		return err
	}
	if _, err := chromedp.Call(tab, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "UTC"}); err != nil {
		return err
	}
	_, err := chromedp.Call(tab, emulation.SetLocaleOverride, emulation.SetLocaleOverrideParams{Locale: "en-US"})
	return err
}

// shoot takes a screenshot of a page in one colour scheme.
func (p picture) shoot(tab context.Context, page, mode string) (image.Image, error) {
	if err := prepare(tab, mode); err != nil {
		return nil, err
	}
	if err := chromedp.Do(tab,
		chromedp.EmulateViewport(width, p.height, chromedp.EmulateScale(p.scale)),
		chromedp.Navigate(page),
		chromedp.WaitVisible("body[data-page=one-time-token] form"),
	); err != nil {
		return nil, err
	}
	return capture(tab)
}

// capture photographs what a tab shows.
func capture(tab context.Context) (image.Image, error) {
	// A blinking caret would be in some pictures and not in others.
	if _, err := chromedp.Run(tab, chromedp.Evaluate[string](`document.documentElement.style.caretColor = "transparent"`)); err != nil {
		return nil, err
	}
	shot, err := chromedp.Run(tab, chromedp.CaptureScreenshot())
	if err != nil {
		return nil, err
	}
	return png.Decode(bytes.NewReader(shot))
}
