//go:build pictures

package mail

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"guestlist"
	"guestlist/internal/web/webtest"
)

// TestPictures takes pictures of every mail that has to do with invitations, and
// writes their texts beside them, for people to look at:
// GUESTLIST_PICTURES=directory go test -tags pictures -run TestPictures.
func TestPictures(t *testing.T) {
	dir := os.Getenv("GUESTLIST_PICTURES")
	if dir == "" {
		t.Fatal("set GUESTLIST_PICTURES to a directory to take pictures of the mails")
	}
	chromium, err := webtest.Chromium()
	if err != nil {
		t.Fatal(err)
	}
	var shown string
	studio := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(shown))
	}))
	defer studio.Close()
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU, chromedp.ExecPath(chromium))
	browser, end := chromedp.NewExecAllocator(context.Background(), opts...)
	defer end()
	ctx, end := chromedp.NewContext(browser)
	defer end()
	for _, lang := range Languages() {
		for name, m := range mailGallery(lang) {
			words, err := Render(m, Sources{})
			if err != nil {
				t.Fatal(name, err)
			}
			save(t, filepath.Join(dir, "mail-"+name+"_"+lang+".txt"), []byte("Subject: "+words.Subject+"\n\n"+words.Text))
			shown = words.HTML
			for _, mode := range []string{"light", "dark"} {
				for device, width := range map[string]int64{"desk": 1280, "phone": 390} {
					picture := photograph(t, ctx, studio.URL, mode, width)
					save(t, filepath.Join(dir, strings.Join([]string{"mail-" + name, lang, mode, device}, "_")+".png"), picture)
				}
			}
		}
	}
}

func save(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

const screen = 700 // pixels in height

// photograph takes a picture of a whole mail. One that is wider than its screen
// is wrong.
func photograph(t *testing.T, ctx context.Context, at, mode string, width int64) []byte {
	t.Helper()
	features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: mode}}
	if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features}); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, screen), chromedp.Navigate(at)); err != nil {
		t.Fatal(err)
	}
	extent, err := chromedp.Run(ctx, chromedp.Evaluate[[2]float64](`[document.documentElement.scrollWidth, document.documentElement.scrollHeight]`))
	if err != nil {
		t.Fatal(err)
	}
	if extent[0] > float64(width) {
		t.Errorf("the mail is %v pixels wide", extent[0])
	}
	beyond := extent[1] > screen // a short page that is written from right to left would be moved aside
	png, err := chromedp.Call(ctx, cdppage.CaptureScreenshot, cdppage.CaptureScreenshotParams{
		CaptureBeyondViewport: &beyond, Clip: &cdppage.Viewport{Width: float64(width), Height: max(screen, extent[1]), Scale: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	return png.Data
}

// mailGallery is every mail that has to do with invitations, in one language.
func mailGallery(lang string) map[string]guestlist.Message {
	const link = "https://door.northwind.example/i/Zt5mQ0uV7cW1xYp3rKb9LdNf2HgJ6sAe8TiRoUyMqXw"
	const until = int64(1798761600000) // 2027-01-01 00:00 UTC
	northwind := map[string]any{"name": "Northwind Inc."}
	margaret := map[string]any{"name": "Margaret Hamilton"}
	mails := map[string]guestlist.Message{}
	add := func(name string, kind guestlist.TemplateType, payload map[string]any) {
		payload["application"] = northwind
		m := letterTo("somebody.with.a.long.name@a-rather-long-domain.example.com", kind, payload)
		m.Locale = lang
		if kind == guestlist.TemplateInvitationReminder {
			m.Unsubscribe = link + "/reminders"
		}
		mails[name] = m
	}
	add("invitation", guestlist.TemplateInvitation, map[string]any{
		"link": link, "inviter": margaret, "message": "We saved you a seat for the first week.\nBring your questions.", "validUntil": until,
	})
	add("invitation-nobody", guestlist.TemplateInvitation, map[string]any{"link": link, "message": "See you soon.", "validUntil": until})
	add("invitation-organization", guestlist.TemplateOrganizationInvitation, map[string]any{
		"link": link, "inviter": margaret, "organization": map[string]any{"name": "Acme & Sons"}, "validUntil": until,
	})
	add("reminder", guestlist.TemplateInvitationReminder, map[string]any{"link": link, "inviter": margaret, "validUntil": until})
	add("expired", guestlist.TemplateInvitationExpired, map[string]any{"link": link})
	add("waitlist-confirmation", guestlist.TemplateWaitlistConfirmation, map[string]any{"link": link})
	add("waitlist-approved", guestlist.TemplateWaitlistApproved, map[string]any{"link": link, "validUntil": until})
	add("accepted", guestlist.TemplateInvitationAccepted, map[string]any{"link": link, "guest": map[string]any{"name": "Grace Hopper"}})
	add("digest", guestlist.TemplateInvitationDigest, map[string]any{
		"link": link, "campaign": "Launch week", "sent": 1000, "opened": 640, "accepted": 512, "bounced": 7,
	})
	add("code", guestlist.TemplateGeneric, map[string]any{"code": "483920"})
	return mails
}
