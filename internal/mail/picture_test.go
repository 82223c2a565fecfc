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
					picture := webtest.Photograph(t, ctx, studio.URL, mode, width, screen, tallest)
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

// The sizes of pictures, in pixels.
const (
	screen  = 700
	tallest = 4000
)

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
