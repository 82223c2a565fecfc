package e2e

import (
	"regexp"
	"strings"
	"testing"
)

// What guests find in their mail.
var (
	mailedCode = regexp.MustCompile(`\b(\d{6})\b`)
	mailedLink = regexp.MustCompile(`(http://\S+)`)
)

// The password that guests of the recipes choose.
const guestPassword = "The-imitation-9-game"

// doRecipes does what docs/guides/console.md tells, in the console alone: the
// door is closed, e-mail is set up, a webhook tells of new users, and guests
// come in by each of the three ways. It leaves an installation that mails, and
// whose people sign in by e-mail.
func doRecipes(h *hall, b *tab) {
	t, s, shop := b.t, h.site, newOwn(h.whole, h.site)
	mail, host, port := openPost(h.whole)
	h.mail = mail
	hook := newEar(t)

	b.Open(s.url + "/console")
	// E-mail first, tried out before it is saved.
	b.Press("Connectors")
	b.Press("Set up e-mail")
	b.Press("SMTP")
	b.Fill("config-host", host)
	b.Fill("config-port", port)
	b.Fill("config-fromEmail", "door@shop.example")
	b.Fill("to", "hostess@shop.example")
	b.Press("Send a test")
	b.WaitText("The test to hostess@shop.example is on its way")
	mailed(t, mail, "hostess@shop.example", mailedCode)
	b.Press("Set up")
	b.WaitText("is set up.")

	// The door is closed; those who are inside come in by their address.
	b.Press("Sign-in experience")
	b.Press("Sign-up and sign-in")
	b.Choose("signUp.identifiers", "email")
	b.Turn("signUp.password", true)
	b.Turn("signUp.verify", true)
	b.Choose("signIn.email", "password_code")
	b.Choose("forgotPasswordMethods", "EmailVerificationCode")
	b.Turn("registration", false)
	b.Press("Save")
	b.WaitText("Saved")
	stranger := newTab(t)
	stranger.Open(s.url + "/demo-app")
	if text := stranger.Text(); strings.Contains(text, "Create account") || strings.Contains(text, "Create an account") {
		t.Errorf("the door is closed, and the sign-in page offers to register: %s", text)
	}

	key := hookInConsole(b, hook)
	hook.hears(t, key, `"User.Created"`) // the test

	b.Press("Applications")
	b.Press("Create application")
	b.Fill("name", "The shop")
	b.Choose("type", "SPA")
	b.Fill("redirectUris", shop.url+"/callback")
	b.Press("Create application")
	b.WaitText(s.url)
	at := strings.Split(strings.TrimPrefix(b.Address(), s.url+"/console/applications/"), "/")
	application := s.url + "/console/applications/" + at[0]
	shop.setUp(at[0])
	if code := b.Inside(".snippets"); !strings.Contains(code, at[0]) {
		t.Errorf("the snippets do not have the application's id %s: %s", at[0], code)
	}

	t.Run("a user made by hand, told by a webhook, sets a password", func(t *testing.T) {
		b := b.of(t)
		createUser(b, "alan@example.com", "none")
		b.WaitText("has an account now")
		hook.hears(t, key, `alan@example.com`)
		// The mail is of the shop's own; its link leads here.
		guest := newTab(t)
		guest.Open(shop.url + "/welcome?email=alan@example.com")
		guest.Press("Send a code")
		guest.Fill("code", mailed(t, mail, "alan@example.com", mailedCode))
		guest.Press("Continue")
		guest.Fill("newPassword", guestPassword)
		guest.Fill("confirmPassword", guestPassword)
		guest.Press("Save")
		guest.signsIn("alan@example.com")
	})
	t.Run("a user made by hand is welcomed by mail", func(t *testing.T) {
		b := b.of(t)
		createUser(b, "grace@example.com", "link")
		b.WaitText("A link to set a password is on its way to grace@example.com")
		hook.hears(t, key, `grace@example.com`)
		guest := newTab(t)
		guest.Open(mailed(t, mail, "grace@example.com", mailedLink))
		guest.Press("Continue")
		guest.Fill("newPassword", guestPassword)
		guest.Fill("confirmPassword", guestPassword)
		guest.Press("Save")
		guest.Open(shop.url)
		guest.signsIn("grace@example.com")
	})
	t.Run("a guest comes in by a magic link", func(t *testing.T) {
		b := b.of(t)
		b.Open(application)
		b.Press("Magic link")
		b.Fill("email", "ada@example.com")
		b.Fill("landing", shop.url+"/invited")
		b.Press("Make link")
		link := strings.TrimSpace(b.Inside("#link pre"))
		if !strings.HasPrefix(link, shop.url+"/invited?") {
			t.Fatalf("the link is %q", link)
		}
		guest := newTab(t)
		guest.Open(link)
		guest.WaitText("ada@example.com")
		guest.Press("Continue")
		guest.Fill("newPassword", guestPassword)
		if guest.has("input[name=confirmPassword]") {
			guest.Fill("confirmPassword", guestPassword)
		}
		guest.Press("Save")
		guest.WaitText("Welcome to the shop, ada@example.com")

		b.Press("Users")
		b.Press("ada@example.com")
		b.WaitText("At a glance")
		second := newTab(t)
		second.Open(link)
		if text := second.Text(); strings.Contains(text, "Welcome to the shop") {
			t.Errorf("the link works twice: %s", text)
		}
	})
}

// hookInConsole makes a webhook for new users, reads its key as somebody would
// who copies it, and sends a test.
func hookInConsole(b *tab, hook *ear) (key string) {
	b.t.Helper()
	b.Press("Webhooks")
	b.Press("Create webhook")
	b.Fill("name", "Welcome mail")
	b.Fill("url", hook.url)
	b.Choose("events", "User.Created")
	b.Press("Create webhook")
	b.WaitText("Copy its signing key to your server")
	key = b.Inside("#key details code")
	b.Press("Send a test")
	b.WaitText("Your server took the test event User.Created.")
	return key
}

// createUser makes a user with an address.
func createUser(b *tab, email, first string) {
	b.t.Helper()
	b.Press("Users")
	b.Press("Create user")
	b.Fill("primaryEmail", email)
	b.Choose("first", first)
	b.Press("Create user")
}

// signsIn signs a guest of the recipes in to the shop.
func (b *tab) signsIn(email string) {
	b.t.Helper()
	b.identify(email, guestPassword)
	b.WaitText("Welcome to the shop, " + email)
}

// mailed waits for a letter and reads from it.
func mailed(t *testing.T, p *post, to string, what *regexp.Regexp) string {
	t.Helper()
	found, err := p.wait(to, what)
	if err != nil {
		t.Fatalf("%s: %v", to, err)
	}
	return found[1]
}
