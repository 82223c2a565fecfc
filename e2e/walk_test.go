package e2e

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

// walkWithin is how long somebody who has never seen it may take to the first
// guest, and a browser that types at once much less.
const walkWithin = 5 * time.Minute

// TestWalk goes from a server that was just started to a first guest inside an
// application of one's own, behind a closed door, by nothing but what the
// terminal and the pages say: each address but the printed one and the guest's
// link is reached by a link or a button with its words on it.
func TestWalk(t *testing.T) {
	t.Parallel()
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel() // with the other engine, as its pages wait
			began := time.Now()
			s := newSite(t, engine)
			p := s.serve()
			shop := newOwn(t, s)
			b := newTab(t)
			settleIn(t, p, b)
			ownApplication(t, b, shop)
			closeDoor(t, s, b)
			comesByLink(t, s, b, shop)
			comesByHand(t, b, shop)
			if took := time.Since(began); took > walkWithin {
				t.Errorf("the walk took %s, want less than %s", took, walkWithin)
			}
		})
	}
}

// settleIn becomes the administrator. Who opens the server or its console before
// that is told what to do.
func settleIn(t *testing.T, p *running, b *tab) {
	t.Helper()
	link, _ := p.setupLink(t)
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/", "/console"} {
		b.Open(u.Scheme + "://" + u.Host + path)
		if text := strings.ToLower(b.Text()); !strings.Contains(text, "open that link to become") {
			t.Fatalf("%s does not say how to go on: %s", path, text)
		}
	}
	b.Open(link)
	b.WaitText("You are the first one here.")
	b.Fill("identifier", hostName)
	b.Fill("newPassword", hostPassword)
	b.Fill("confirmPassword", hostPassword)
	b.Press("Create administrator")
	b.WaitText("Sign in with it now")
	b.Press("Open the console")
	b.Fill("identifier", hostName)
	if !b.has(`input[name=password]`) {
		b.Press("Continue")
	}
	b.Fill("password", hostPassword)
	b.Press("Sign in")
	b.WaitText("From here to your first guest in four steps.")
	b.WaitText("Create your application first: the link leads there.")
	b.Screenshot("walk-1-steps")
}

// ownApplication makes one as the first step says, and reads from its page what
// it needs.
func ownApplication(t *testing.T, b *tab, shop *own) {
	t.Helper()
	b.Press("Create application")
	b.Fill("name", "The shop")
	b.Choose("type", "SPA")
	b.Fill("redirectUris", shop.url+"/callback")
	b.Screenshot("walk-2-application")
	b.Press("Create application")
	b.WaitText("The shop is there.")
	b.Screenshot("walk-3-code")
	id := strings.TrimSpace(b.Inside(".head-id code"))
	if code := b.Inside(".snippets"); id == "" || !strings.Contains(code, id) {
		t.Fatalf("the code does not have the application's id %q: %s", id, code)
	}
	shop.setUp(id)
}

// closeDoor goes back to the steps, which go on with the door.
func closeDoor(t *testing.T, s *site, b *tab) {
	t.Helper()
	b.Press("Overview")
	b.WaitText("The shop is there.")
	b.Press("Close the door")
	b.WaitText("The door is closed: only people whom you let in")
	b.Screenshot("walk-4-closed")
	stranger := newTab(t)
	stranger.Open(s.url + "/demo-app")
	if text := stranger.Text(); strings.Contains(text, "Create account") || strings.Contains(text, "Create an account") {
		t.Errorf("the door is closed, and the sign-in page offers to register: %s", text)
	}
}

// comesByLink invites a guest as the last step says, who follows the link and is
// inside.
func comesByLink(t *testing.T, s *site, b *tab, shop *own) {
	t.Helper()
	b.Press("Invite a guest")
	b.Fill("email", "grace@example.com")
	b.Fill("landing", shop.url+"/invited")
	b.Screenshot("walk-5-link")
	b.Press("Make link")
	b.WaitText("The link is ready")
	b.Screenshot("walk-6-made")
	guest := newTab(t)
	guest.Open(strings.TrimSpace(b.Inside("#link pre")))
	guest.WaitText("grace@example.com")
	guest.Screenshot("walk-7-welcome")
	guest.Press("Continue")
	guest.enter("grace")
	guest.WaitText("Welcome to the shop, grace@example.com")
	b.Press("Overview")
	b.WaitText("grace is inside.")
	b.Screenshot("walk-8-inside")
	if text := b.Text(); strings.Contains(text, "failed") {
		t.Errorf("she came in at once, and the overview tells of failures: %s", text)
	}
	b.Press("Hide these steps")
	if text := b.Text(); strings.Contains(text, "First steps") {
		t.Errorf("the steps should be hidden: %s", text)
	}
}

// enter chooses what a new guest is asked for: a name where the product wants
// one, and a password.
func (b *tab) enter(name string) {
	b.t.Helper()
	if b.has("input[name=identifier]") {
		b.Fill("identifier", name)
		b.Press("Continue")
	}
	b.Fill("newPassword", guestPassword)
	if b.has("input[name=confirmPassword]") {
		b.Fill("confirmPassword", guestPassword)
	}
	b.Press("Save")
}

// comesByHand makes an account for somebody. Where no mail is set up, the link
// to set a password is shown instead, and leads into the same application.
func comesByHand(t *testing.T, b *tab, shop *own) {
	t.Helper()
	b.Press("Users")
	b.Press("Create user")
	b.WaitText("People sign in here by: username.")
	b.Fill("primaryEmail", "alan@example.com")
	b.Fill("username", "alan")
	b.Press("Create user")
	b.Screenshot("walk-9-by-hand")
	b.WaitText("Send this link to alan@example.com yourself")
	guest := newTab(t)
	guest.Open(strings.TrimSpace(b.Inside("main pre")))
	guest.WaitText("alan@example.com")
	guest.Press("Continue")
	guest.enter("alan")
	guest.WaitText("Sign in with it now")
	guest.Open(shop.url)
	guest.Fill("identifier", "alan")
	guest.Fill("password", guestPassword)
	guest.Press("Sign in")
	guest.WaitText("Welcome to the shop, alan@example.com")
	b.Press("To the user")
	b.Press("Users")
	b.Press("Create user")
	b.Fill("primaryEmail", "edsger@example.com")
	b.Press("Create user")
	b.WaitText("edsger@example.com cannot sign in yet")
	b.Press("Change how people sign in")
	b.WaitText("Enable user registration")
}
