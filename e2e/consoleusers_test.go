package e2e

import (
	"encoding/csv"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// Names that strangers choose.
const (
	hostileName = `<img src=x onerror=alert(1)> "O'Hara" & Söhne`
	formulaName = `=HYPERLINK("https://evil.example")`
)

// journeyFindUsers types into the search, and the rows follow.
func journeyFindUsers(d *desk, b *tab) {
	const ada, alan = "Ada Lovelace", "Alan Turing"
	for _, u := range []map[string]any{
		{"username": "ada_l", "name": ada, "primaryEmail": "ada@ladies.example"},
		{"username": "alan_l", "name": alan, "primaryPhone": "447700900123"},
		{"username": "hostile", "name": hostileName},
	} {
		d.api("POST", "/users", u, 200, nil)
	}
	d.console(b, "/users")
	b.Stay()
	for typed, found := range map[string]string{
		"lovel": ada, "ladies.ex": ada, "900123": alan, "+44 7700 900123": alan, "o'hara": hostileName, "osti": hostileName,
	} {
		b.Fill("q", typed)
		b.WaitRows(found)
	}
	b.Fill("q", "100%_nobody")
	b.WaitText("Nothing found")
	b.Fill("q", "_l") // no id has an underscore, at random
	b.WaitRows(ada, alan)
	b.Choose("state", "suspended")
	b.WaitText("Nothing found")
	b.Choose("state", "new")
	b.WaitRows(ada, alan)
	b.Stayed()
	// What was found can be come back to.
	b.Open(b.Address())
	b.WaitRows(ada, alan)
	b.Press(ada)
	b.WaitText("At a glance")
}

// journeyCreateUsers makes users who get in by a password that they have to
// change, and by a link, which is shown where no mail can be sent.
func journeyCreateUsers(d *desk, b *tab) {
	d.console(b, "/users")
	b.Press("Create user")
	b.Press("Create user") // with nothing said of whom
	b.WaitText("Give an e-mail address, a username or a phone number.")
	b.Fill("username", "ada_l")
	b.Choose("first", "temporary")
	if status := b.Press("Create user"); status != http.StatusUnprocessableEntity || b.typed("username") != "ada_l" {
		b.t.Errorf("a name that somebody has: %d; %s", status, b.where())
	}
	b.Fill("username", "tom_temporary")
	b.Press("Create user")
	b.WaitText("This is shown once. Copy it now.")
	password := strings.TrimSpace(b.Inside("main pre"))
	guest := newTab(b.t)
	d.enter(guest, "tom_temporary", password)
	guest.choosesPassword()
	d.isOut(newTab(b.t))
	other := newTab(b.t)
	d.enter(other, "tom_temporary", password)
	other.WaitText("password")
	d.isOut(other)
	d.enters(other, "tom_temporary", guestPassword)

	b.Press("Users")
	b.Press("Create user")
	b.Fill("primaryEmail", "lina@link.example")
	b.Fill("username", "lina")
	b.Choose("first", "link")
	b.Press("Create user")
	b.WaitText("E-mail is not set up, so nothing was sent. Send this link to lina@link.example yourself")
	link := strings.TrimSpace(b.Inside("main pre"))
	guest = newTab(b.t)
	guest.Open(link)
	guest.Press("Continue")
	guest.choosesPassword()
	guest.identify("lina", guestPassword)
	guest.IsAt(d.url + "/account")
	b.Press("To the user")
	b.WaitText("At a glance")
	if got := b.typed("primaryEmail"); got != "lina@link.example" {
		b.t.Errorf("the address is %s", got)
	}
	used := newTab(b.t)
	used.Open(link)
	d.isOut(used)
}

// choosesPassword chooses the password of guests where one has to.
func (b *tab) choosesPassword() {
	b.t.Helper()
	b.Fill("newPassword", guestPassword)
	if b.has("input[name=confirmPassword]") {
		b.Fill("confirmPassword", guestPassword)
	}
	b.Press("Save")
}

// journeyStopUser signs a guest out, stops them, takes that back, and gives them
// another password.
func journeyStopUser(d *desk, b *tab) {
	dora := d.user("dora", nil)
	guest := newTab(b.t)
	d.enters(guest, "dora", guestPassword)

	d.console(b, "/users/"+dora.ID)
	b.Press("Sessions")
	b.WaitText("Chrome, Linux")
	b.Press("Sign out everywhere")
	b.WaitText("Not signed in anywhere")
	d.isOut(guest)
	d.enters(guest, "dora", guestPassword)
	b.Open(b.Address())
	b.PressOn(".row-actions button")
	b.WaitText("Signed out of that browser.")
	d.isOut(guest)
	d.enters(guest, "dora", guestPassword)

	b.Press("Suspend")
	b.WaitText("Suspended, and signed out everywhere.")
	d.isOut(guest)
	d.enter(guest, "dora", guestPassword)
	guest.WaitText("Account suspended")
	d.isOut(guest)
	b.Press("Undo")
	b.WaitText("May sign in again.")
	d.enters(guest, "dora", guestPassword)

	const another = "Nightingales-sing-4711"
	b.Press("Set password")
	b.Fill("password", another)
	b.Turn("temporary", false)
	b.Press("Set password")
	b.WaitText("The password is set.")
	other := newTab(b.t)
	d.enter(other, "dora", guestPassword)
	d.isOut(other)
	d.enters(other, "dora", another)
}

// journeyUserPages fills and reads the pages of a user.
func journeyUserPages(d *desk, b *tab) {
	emil := d.user("emil", map[string]any{"name": "Emil Noether"})
	var press made
	d.api("POST", "/roles", map[string]any{"name": "press", "description": "Writes about it", "type": "User"}, 200, &press)
	guest := newTab(b.t)
	d.enters(guest, "emil", guestPassword)

	d.console(b, "/users/"+emil.ID)
	b.Press("Custom data")
	const broken, whole = `{"plan": "pro", `, `{"plan": "pro", "note": "</textarea><script>alert(1)</script>"}`
	b.Fill("customData", broken)
	b.Press("Save changes")
	b.WaitText("This is not complete JSON. Look at line 1.")
	if b.typed("customData") != broken {
		b.t.Errorf("what was typed became %s", b.typed("customData"))
	}
	b.Fill("customData", whole)
	b.Press("Save changes")
	b.WaitText("Saved.")
	var data struct{ Plan, Note string }
	d.api("GET", "/users/"+emil.ID+"/custom-data", nil, 200, &data)
	if data.Plan != "pro" || !strings.Contains(data.Note, "<script>") || !strings.Contains(b.typed("customData"), data.Note) {
		b.t.Errorf("kept %+v, the page has %s", data, b.typed("customData"))
	}

	b.PressOn(".tabs a[href$='/roles']")
	b.Press("Give a role")
	b.Press("Add the chosen")
	b.WaitText("Choose at least one row first.")
	b.Choose("id", press.ID)
	b.Press("Add the chosen")
	b.WaitText("1 role was given.")
	b.WaitRows("press")
	b.Press("Remove")
	b.WaitText("The role was taken away.")
	b.Press("Undo")
	b.WaitRows("press")

	b.PressOn(".tabs a")
	b.Fill("name", "Emmy Noether")
	b.Fill("username", "ada_l")
	b.Click("More about the person")
	b.Fill("website", "https://noether.example/")
	b.Press("Save changes")
	b.WaitText("This was not saved")
	b.Fill("username", "emmy")
	b.Press("Save changes")
	b.WaitText("Saved.")
	var now struct {
		Name, Username string
		Profile        struct{ Website string }
	}
	d.api("GET", "/users/"+emil.ID, nil, 200, &now)
	if now.Name != "Emmy Noether" || now.Username != "emmy" || now.Profile.Website != "https://noether.example/" {
		b.t.Errorf("saved %+v", now)
	}

	b.Press("Events")
	b.until("her sign-in is there", "() => [...document.querySelectorAll('.rows tbody tr')].some(r => r.textContent.includes('Sign-in'))")
	b.PressOn(".rows tbody th a")
	b.WaitText("Whole line")
	d.console(b, "/users/"+emil.ID)
	b.Press("Identities")
	b.WaitText("No outside accounts")
}

// journeyDeleteUser deletes a user, which can be taken back by one press or
// later, or done at once.
func journeyDeleteUser(d *desk, b *tab) {
	finn := d.user("finn", nil)
	guest := newTab(b.t)
	d.enters(guest, "finn", guestPassword)
	d.console(b, "/users/"+finn.ID)
	b.Press("Delete")
	b.WaitText("Suspended now, and deleted on")
	b.WaitText("Until then the account is suspended and can be restored as it was.")
	d.isOut(guest)
	b.Press("Undo")
	b.WaitText("Restored. Nothing will be deleted.")
	d.enters(guest, "finn", guestPassword)
	b.Press("Delete")
	d.console(b, "/users?state=leaving")
	b.WaitRows("finn")
	b.Press("finn")
	b.Press("Restore")
	b.WaitText("Restored. Nothing will be deleted.")
	b.Press("Delete")
	b.Press("Delete now")
	b.WaitText("This cannot be undone.")
	b.Press("Cancel")
	b.Press("Delete now")
	b.Press("Delete now")
	b.WaitText("finn is deleted.")
	d.api("GET", "/users/"+finn.ID, nil, 404, nil)
	d.isOut(guest)
}

// journeyManyUsers does the same with several users, and takes it back; and
// exports those of a search.
func journeyManyUsers(d *desk, b *tab) {
	ids := []string{
		d.user("many_one", map[string]any{"name": "Many One"}).ID, d.user("many_two", map[string]any{"name": formulaName}).ID,
		d.user("many_three", map[string]any{"name": "Many Three"}).ID,
	}
	var crowd made
	d.api("POST", "/roles", map[string]any{"name": "crowd", "description": "Comes together", "type": "User"}, 200, &crowd)
	d.console(b, "/users?q=many_")
	b.Press("Suspend")
	b.WaitText("Choose at least one row first.")
	d.console(b, "/users?q=many_")
	b.Choose("id", ids[0])
	b.Choose("id", ids[1])
	b.Press("Suspend")
	b.WaitText("2 users are suspended.")
	b.Press("Undo")
	b.WaitText("2 users may sign in again.")

	d.console(b, "/users?q=many_")
	b.do("choose all", chromedp.Click(visible("[data-all]")))
	b.Press("Give a role")
	b.WaitText("Give 3 users a role")
	b.Choose("role", crowd.ID)
	b.Press("Give a role")
	b.WaitText("3 users have the role now.")
	d.console(b, "/users?role="+crowd.ID)
	b.WaitRows("Many One", formulaName, "Many Three")
	b.Choose("id", ids[2])
	b.Press("Delete")
	b.WaitText("1 user is suspended and will be deleted in 7 days.")
	b.Press("Undo")
	b.WaitText("1 user is restored.")

	d.console(b, "/users?q=many_t")
	name, path := b.Save("Export")
	rows := readCSV(b.t, path)
	if name != "users.csv" || len(rows) != 3 {
		b.t.Fatalf("%s has %d lines, want a header and two users: %q", name, len(rows), rows)
	}
	column := map[string]int{}
	for i, c := range rows[0] {
		column[c] = i
	}
	names := rows[1][column["name"]] + rows[2][column["name"]]
	if !strings.Contains(names, "'"+formulaName) || !strings.Contains(names, "Many Three") {
		b.t.Errorf("the users are %q", rows)
	}
	for _, c := range rows[0] {
		if strings.HasPrefix(c, "password") {
			b.t.Errorf("the export has a column %s", c)
		}
	}
}

// readCSV reads a file as spreadsheets do.
func readCSV(t *testing.T, path string) [][]string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(text), "\ufeff"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}
