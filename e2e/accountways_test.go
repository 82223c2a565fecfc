package e2e

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"
)

// lately is how long somebody who signed in need not prove again who they are,
// and a little more.
const lately = 11 * time.Minute

// aNumber is a telephone number that nobody has, as digits.
func aNumber() string { return fmt.Sprintf("49151%08d", rand.IntN(1e8)) }

// member makes somebody with an address and a password.
func (x *ways) member() (account, string) {
	email := anybody()
	return x.s.resident(map[string]any{"primaryEmail": email, "password": guestPassword, "name": "Grace Hopper"}), email
}

// account looks after an account in a browser: address, number, password, what
// is connected, and where its owner is signed in.
func (x *ways) account(t *testing.T) {
	u, email := x.member()
	b := newTab(t)
	b.Open(x.s.url + "/account")
	b.identify(email, guestPassword)
	b.IsAt(x.s.url + "/account")
	t.Run("e-mail", func(t *testing.T) { email = x.changeEmail(t, b.of(t), u.ID) })
	t.Run("phone", func(t *testing.T) { x.changePhone(t, b.of(t), u.ID) })
	t.Run("connected accounts", func(t *testing.T) { x.changeIdentities(t, b.of(t), u.ID) })
	t.Run("sessions", func(t *testing.T) { x.endSessions(t, b.of(t), email, u.ID) })
	t.Run("password, after a proof", func(t *testing.T) { x.changePassword(t, b.of(t), email) })
}

func (x *ways) changeEmail(t *testing.T, b *tab, id string) (email string) {
	_, taken := x.member()
	b.Press("Email")
	b.Fill("identifier", "no address")
	if status := b.Press("Send a code"); status != http.StatusUnprocessableEntity {
		t.Fatalf("%d; %s", status, b.where())
	}
	email = anybody()
	for _, next := range []string{taken, email} {
		b.Open(x.s.url + "/account/email")
		b.Fill("identifier", next)
		b.Press("Send a code")
		b.Fill("code", "000000")
		if status := b.Press("Continue"); status != http.StatusBadRequest {
			t.Fatalf("a wrong code: %d; %s", status, b.where())
		}
		b.Fill("code", mailed(t, x.mail, next, mailedCode))
		b.Press("Continue")
		if next == taken {
			b.WaitText("belongs to another account here")
		}
	}
	b.WaitText("is your email now.")
	if list := x.s.accounts(email); len(list) != 1 || list[0].ID != id {
		t.Errorf("the address belongs to %v", list)
	}
	return email
}

func (x *ways) changePhone(t *testing.T, b *tab, id string) {
	number := aNumber()
	b.Press("Phone number")
	b.Fill("identifier", "+"+number)
	b.Press("Send a code")
	b.Fill("code", x.texts.code(t, number))
	b.Press("Continue")
	b.WaitText("is your phone number now.")
	var u account
	x.s.api("GET", "/users/"+id, nil, http.StatusOK, &u)
	if u.PrimaryPhone != number {
		t.Errorf("the number is %q", u.PrimaryPhone)
	}
}

func (x *ways) changeIdentities(t *testing.T, b *tab, id string) {
	known, mine := anybody(), anybody()
	person := x.w.person("acme", mine, true)
	other := x.w.person("acme", known, true)
	x.s.resident(map[string]any{"primaryEmail": known})
	stranger := newTab(t)
	stranger.Open(x.s.url + "/demo-app")
	stranger.Click("Acme")
	stranger.WaitText("Who are you?")
	stranger.Click(known)
	stranger.WaitText("Is this your account?")
	stranger.Click("Link and sign in")
	if in := stranger.isIn(x.s); x.s.identities(in.ID)["acme"] != other {
		t.Fatalf("%s is not linked", known)
	}
	b.Press("Connected accounts")
	for _, who := range []string{known, mine} {
		b.Click("Connect Acme")
		b.WaitText("Who are you?")
		b.Click(who)
		if who == known {
			b.WaitText("belongs to another account here")
		}
	}
	b.WaitText("Acme is connected.")
	if got := x.s.identities(id)["acme"]; got != person {
		t.Errorf("connected to %q, want %s", got, person)
	}
	b.Press("Disconnect")
	b.WaitText("Acme is no longer connected.")
	if len(x.s.identities(id)) != 0 {
		t.Error("it is connected still")
	}
	b.Press("Back to your account")
}

func (x *ways) endSessions(t *testing.T, b *tab, email, id string) {
	elsewhere := func() *guest {
		g := newGuest()
		g.must(t, g.visit(x.s.url+"/account"), g.fill("identifier", email), g.press("Continue"), g.fill("password", guestPassword), g.press("Sign in"))
		g.isAt(t, x.s.url+"/account")
		return g
	}
	isOut := func(g *guest) {
		t.Helper()
		if g.must(t, g.visit(x.s.url+"/account")); g.at.Path == "/account" {
			t.Error("somebody who was signed out is still in")
		}
	}
	phone := elsewhere()
	b.Press("Where you are signed in")
	b.WaitText("This device")
	b.Press("Sign out")
	b.WaitText("You are signed out there.")
	isOut(phone)
	first, second := elsewhere(), elsewhere()
	b.Open(x.s.url + "/account/sessions")
	b.Press("Sign out everywhere else")
	b.WaitText("You are signed out everywhere else.")
	isOut(first)
	isOut(second)
	if n := x.s.sessions(id); n != 1 {
		t.Errorf("there are %d sessions", n)
	}
}

func (x *ways) changePassword(t *testing.T, b *tab, email string) {
	const next = "Saffron-opens-the-door-1"
	x.s.pass(t, lately)
	b.Open(x.s.url + "/account")
	b.Press("Password")
	b.WaitText("First, show that it is you")
	b.Fill("password", "not-the-password")
	if status := b.Press("Continue"); status != http.StatusUnprocessableEntity {
		t.Fatalf("%d; %s", status, b.where())
	}
	b.Click("Send a code to")
	b.WaitText("Check your email")
	b.Fill("code", mailed(t, x.mail, email, mailedCode))
	b.Press("Continue")
	b.Fill("newPassword", next)
	b.Fill("confirmPassword", next+"x")
	if status := b.Press("Save password"); status != http.StatusUnprocessableEntity {
		t.Fatalf("%d; %s", status, b.where())
	}
	b.Fill("newPassword", next)
	b.Fill("confirmPassword", next)
	b.Press("Save password")
	b.WaitText("Your new password is saved")
	b.Press("Sign out")
	b.WaitText("You are signed out")
	b.Open(x.s.url + "/account")
	b.identify(email, next)
	b.IsAt(x.s.url + "/account")
}

// plainAccount looks after an account in a browser that has no scripts.
func (x *ways) plainAccount(t *testing.T) {
	u, email := x.member()
	g := newGuest()
	signIn := func(g *guest, password string) {
		t.Helper()
		g.must(t, g.visit(x.s.url+"/account"), g.fill("identifier", email), g.press("Continue"), g.fill("password", password), g.press("Sign in"))
		g.isAt(t, x.s.url+"/account")
	}
	says := func(words string) {
		t.Helper()
		if !strings.Contains(text(g.doc), words) {
			t.Fatal(g.lost("no %q", words))
		}
	}
	signIn(g, guestPassword)
	next, number := anybody(), aNumber()
	g.must(t, g.follow("Email"), g.fill("identifier", next), g.press("Send a code"))
	g.must(t, g.fill("code", mailed(t, x.mail, next, mailedCode)), g.press("Continue"))
	says("is your email now.")
	email = next
	g.must(t, g.follow("Phone number"), g.fill("identifier", "+"+number), g.press("Send a code"))
	g.must(t, g.fill("code", x.texts.code(t, number)), g.press("Continue"))
	says("is your phone number now.")

	mine := anybody()
	person := x.w.person("acme", mine, true)
	g.must(t, g.follow("Connected accounts"), g.press("Connect Acme"), g.follow("Continue"), g.press(mine))
	says("Acme is connected.")
	if got := x.s.identities(u.ID)["acme"]; got != person {
		t.Errorf("connected to %q", got)
	}
	g.must(t, g.press("Disconnect"))
	says("Acme is no longer connected.")

	other := newGuest()
	signIn(other, guestPassword)
	g.must(t, g.visit(x.s.url+"/account/sessions"), g.press("Sign out everywhere else"))
	says("You are signed out everywhere else.")
	x.s.pass(t, lately)
	g.must(t, g.visit(x.s.url+"/account/password"), g.fill("password", guestPassword), g.press("Continue"))
	g.must(t, g.fill("newPassword", ownNewPassword), g.fill("confirmPassword", ownNewPassword), g.press("Save password"))
	says("Your new password is saved")
	g.must(t, g.press("Sign out"), g.press("Sign"))
	signIn(g, ownNewPassword)
}
