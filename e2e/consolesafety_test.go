package e2e

import (
	"net/http"
	"strings"
	"time"
)

// The second administrator.
const (
	coHostName     = "cohost"
	coHostPassword = "Let-them-out-4711"
)

// journeyConflict has two administrators edit the same user: the second is shown
// what the first wrote, and overwrites nothing unseen.
func journeyConflict(d *desk, b *tab) {
	second := d.user(coHostName, map[string]any{"password": coHostPassword})
	d.api("PUT", "/users/"+second.ID+"/administrator", map[string]any{"isAdministrator": true}, 200, nil)
	ida := d.user("ida", map[string]any{"name": "Ida Before", "primaryEmail": "ida@before.example"})
	d.console(b, "/users/"+ida.ID)
	other := newTab(b.t)
	other.Open(d.url + "/console/users/" + ida.ID)
	other.identify(coHostName, coHostPassword)
	other.IsAt(d.url + "/console/users/" + ida.ID)
	other.Fill("name", "Ida Theirs")
	other.Fill("primaryEmail", "ida@theirs.example")
	other.Press("Save changes")
	other.WaitText("Saved.")

	b.Fill("name", "Ida Mine")
	b.Fill("avatar", "https://pictures.example/ida.png")
	if status := b.Press("Save changes"); status != http.StatusConflict {
		b.t.Errorf("the second to save is answered %d", status)
	}
	b.WaitText("Somebody else saved in the meantime")
	hasWords(b.t, b.Inside(".conflict"), "Ida Before", "Ida Theirs", "Ida Mine", "ida@theirs.example")
	if b.typed("name") != "Ida Mine" || b.typed("primaryEmail") != "ida@theirs.example" || b.typed("avatar") != "https://pictures.example/ida.png" {
		b.t.Errorf("the form has %s, %s, %s", b.typed("name"), b.typed("primaryEmail"), b.typed("avatar"))
	}
	var now struct{ Name, PrimaryEmail, Avatar string }
	d.api("GET", "/users/"+ida.ID, nil, 200, &now)
	if now.Name != "Ida Theirs" {
		b.t.Errorf("it was overwritten with %s", now.Name)
	}
	b.Press("Save changes")
	b.WaitText("Saved.")
	d.api("GET", "/users/"+ida.ID, nil, 200, &now)
	if now.Name != "Ida Mine" || now.PrimaryEmail != "ida@theirs.example" || now.Avatar != "https://pictures.example/ida.png" {
		b.t.Errorf("saved %+v", now)
	}
}

// journeyLastAdministrator takes the right from the second administrator, and
// cannot get rid of the last.
func journeyLastAdministrator(d *desk, b *tab) {
	d.console(b, "/users?q="+coHostName)
	b.Press(coHostName)
	b.PressOn(".tabs a[href$='/roles']")
	b.Press("Take this right away")
	b.WaitText("Is no administrator any more.")
	other := newTab(b.t)
	other.Open(d.url + "/console")
	other.identify(coHostName, coHostPassword)
	other.WaitText("This account may not use the console")

	d.console(b, "/users?q="+hostName)
	b.Press(hostName)
	user := b.Address()
	for _, words := range []string{"Suspend", "Delete"} {
		b.Press(words)
		b.until("it is refused: "+words, "() => document.querySelector('.flash.bad')")
	}
	b.Open(user + "/delete")
	b.Press("Delete now")
	b.until("it is refused", "() => document.querySelector('.flash.bad')")
	b.Open(user + "/roles")
	b.Press("Take this right away")
	b.until("it is refused", "() => document.querySelector('.flash.bad')")
	for _, words := range []string{"Suspend", "Delete"} {
		d.console(b, "/users?q="+hostName)
		says(b, "choose her", `() => { document.querySelector('tbody input').click(); return true }`)
		b.Press(words)
		b.WaitText("Not done for 1:")
	}
	d.console(b, "")
	b.WaitText("The door")
}

// journeyExpiry ends the session while somebody types: what was typed comes
// back after they signed in beside it.
func journeyExpiry(d *desk, b *tab) {
	const description = `Writes <b>"quoted"</b> & more …`
	d.console(b, "/roles/new")
	b.Fill("name", "kept-role")
	b.Fill("description", description)
	b.dropCookies(d.site, "console_session", "console_session.sig")
	if status := b.Press("Create role"); status != http.StatusUnauthorized {
		b.t.Errorf("without a session: %d", status)
	}
	b.WaitText("nothing you typed is lost")
	beside := b.Beside("Sign in in a new tab")
	beside.WaitText("You are signed in again") // the server remembers her
	b.Press("Send it again")
	b.WaitText("The role kept-role is there.")
	b.Press("Settings")
	d.lostSearch(b)

	// The same after so long that the server does not remember either.
	d.console(b, "/roles/new")
	b.Fill("name", "old-role")
	b.Fill("description", description)
	d.pass(b.t, 15*24*time.Hour)
	d.administer()
	b.Press("Create role")
	b.WaitText("nothing you typed is lost")
	beside = b.Beside("Sign in in a new tab")
	beside.identify(hostName, hostPassword)
	beside.WaitText("You are signed in again")
	b.Press("Send it again")
	b.WaitText("The role old-role is there.")
	var roles []struct{ Name, Description string }
	d.api("GET", "/roles?search=%25-role", nil, 200, &roles)
	if len(roles) != 2 || roles[0].Description != description || roles[1].Description != description {
		b.t.Errorf("saved %+v", roles)
	}
}

// lostSearch ends the session while somebody searches: they are led to sign in
// and back to what they searched for.
func (d *desk) lostSearch(b *tab) {
	b.t.Helper()
	d.console(b, "/users")
	b.dropCookies(d.site, "console_session", "console_session.sig")
	b.Fill("q", "lovelace")
	b.WaitRows("Ada Lovelace")
	if !strings.Contains(b.Address(), "q=lovelace") {
		b.t.Errorf("the way back led to %s", b.Address())
	}
}

// journeyTime lets time pass: who was to be deleted is gone, and the signing key
// is old, which the overview says and mends.
func journeyTime(d *desk, b *tab) {
	leaver := d.user("leaver", nil)
	d.console(b, "/users/"+leaver.ID)
	b.Press("Delete")
	b.WaitText("Suspended now, and deleted on")
	d.pass(b.t, 6*24*time.Hour)
	d.administer()
	d.api("GET", "/users/"+leaver.ID, nil, 200, nil)
	d.pass(b.t, 25*time.Hour)
	d.administer()
	eventually(b.t, "who was to be deleted is gone", func() bool { return len(d.named("leaver")) == 0 })

	d.pass(b.t, 366*24*time.Hour)
	d.administer()
	d.console(b, "")
	hasWords(b.t, b.Text(), "The signing key is 3", "days old")
	b.Press("Rotate the key")
	b.IsAt(d.url + "/console/settings/keys")
	b.PressOn("#private-keys .actions a")
	b.Press("Rotate")
	b.WaitText("The new signing key is published.")
	hasWords(b.t, b.Inside("#private-keys"), "Next", "In use")
	d.console(b, "")
	if strings.Contains(b.Text(), "The signing key is") {
		b.t.Error("the key was rotated and still needs a hand")
	}
}

// named returns the users of a username.
func (d *desk) named(username string) []account {
	d.t.Helper()
	var found []account
	d.api("GET", "/users?mode.username=exact&search.username="+username, nil, 200, &found)
	return found
}
