package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// press presses the first button that says these words.
func (p *plainHouse) press(words string) {
	p.t.Helper()
	for _, form := range p.All("main form") {
		for _, b := range form.All("button") {
			if b.Text() != words {
				continue
			}
			values := url.Values{}
			for _, in := range form.All("input") {
				if in.Attr("type") == "hidden" || in.HasAttr("checked") {
					values.Add(in.Attr("name"), in.Attr("value"))
				}
			}
			if name := b.Attr("name"); name != "" {
				values.Add(name, b.Attr("value"))
			}
			to := form.Attr("action")
			if other := b.Attr("formaction"); other != "" {
				to = other
			}
			address, err := p.URL.Parse(to)
			if err != nil {
				p.t.Fatal(err)
			}
			p.Answer = p.b.Post(address.String(), values)
			return
		}
	}
	p.t.Fatalf("no button %q on %s: %s", words, p.URL, p.One("body").Text())
}

// on requires a page, by its name.
func (p *plainHouse) on(name string) {
	p.t.Helper()
	if got := p.One("body").Attr("data-page"); p.Status != http.StatusOK || got != name {
		p.t.Fatalf("%s: %d, the page is %q, want %q: %s", p.URL, p.Status, got, name, p.One("body").Text())
	}
}

// here is the path of the page below the console.
func (p *plainHouse) here() string { return strings.TrimPrefix(p.URL.Path, "/console") }

// journeyPlain does the core of the journeys in a browser that has no scripts.
func journeyPlain(d *desk, b *tab) {
	for name, do := range map[string]func(d *desk, p *plainHouse){
		"users": plainUsers, "import": plainImport, "applications": plainApplications, "logs": plainLogs, "settings": plainSettings,
	} {
		b.t.Run(name, func(t *testing.T) { do(d, plainConsole(t, d.site)) })
	}
}

func plainUsers(d *desk, p *plainHouse) {
	p.open("/users/new")
	p.send("#form", map[string]string{"primaryEmail": "first@user.example", "first": "temporary"})
	p.on("user-password-shown")
	p.says("shown once")
	p.open("/users")
	p.follow("Create user")
	p.wrong("#form", map[string]string{"username": "plain_user", "name": "Plain User", "first": "link"}, "primaryEmail")
	p.says("A link needs an e-mail address.")
	p.send("#form", map[string]string{"primaryEmail": "plain@user.example"})
	p.says("Send this link to plain@user.example yourself")
	p.follow("To the user")
	user := p.here()
	p.press("Suspend")
	p.says("Suspended, and signed out everywhere.")
	p.press("Undo")
	p.says("May sign in again.")
	p.follow("Set password")
	p.send("#form", map[string]string{"password": guestPassword})
	p.says("The password is set.")
	p.follow("Custom data")
	p.wrong("#form", map[string]string{"customData": "{"}, "customData")
	p.says("This is not complete JSON.")
	p.send("#form", map[string]string{"customData": `{"plan":"free"}`})
	p.says("Saved.")
	for _, tab := range []string{"Identities", "Sessions", "Events"} {
		p.follow(tab)
		p.says("Plain User")
	}
	p.open(user + "/roles")
	p.press("Make administrator")
	p.says("Is an administrator now.")
	p.press("Undo")
	p.says("Is no administrator any more.")
	p.open(user)
	p.press("Delete")
	p.says("Suspended now, and deleted on")
	p.press("Restore")
	p.says("Restored. Nothing will be deleted.")
	p.press("Delete")
	p.follow("Delete now")
	p.press("Delete now")
	p.says("Plain User is deleted.")
	p.send("form.tools", map[string]string{"q": "lovelace"})
	p.on("users")
	p.follow("Ada Lovelace")
	p.open("/users/export?q=lovelace")
	if !strings.Contains(p.Source, "ada@ladies.example") {
		p.t.Errorf("the export is %s", p.Source)
	}
}

func plainImport(_ *desk, p *plainHouse) {
	p.open("/users")
	p.follow("Import")
	p.Answer = p.b.Upload(p.URL.String(), nil, "file", "plain.csv", "name,email\nPlain One,one@plain.example\nNobody,none\n")
	p.on("user-import-columns")
	p.says("would become users")
	p.send("#form", nil)
	at := p.here()
	eventually(p.t, "the import is finished", func() bool { p.open(at); return p.Has(".stats") })
	p.says("These lines became no user.", "Nobody", "none")
	p.open(at + "/download")
	if !strings.Contains(p.Source, "one@plain.example") {
		p.t.Errorf("the report is %s", p.Source)
	}
}

func plainApplications(d *desk, p *plainHouse) {
	p.open("/applications/new")
	p.wrong("#form", map[string]string{"name": "Plain web", "type": "Traditional", "redirectUris": "javascript:alert(1)"}, "redirectUris")
	p.says("Addresses of this kind run scripts or read files.")
	p.send("#form", map[string]string{"redirectUris": d.url + "/console/try"})
	p.on("application-snippets")
	app := p.here()[:strings.LastIndex(p.here(), "/")]
	if strings.Contains(p.Source, "&lt;secret&gt;") == false {
		p.t.Error("there is no place for the secret")
	}
	p.press("Fill in the secret")
	p.says("Hide the secret")
	p.open(app + "/secrets/new")
	p.send("#form", map[string]string{"name": "second", "days": "7"})
	p.says("The secret second")
	p.open(app + "/try")
	p.send("#form", nil)
	p.on("application-tried")
	p.says("The sign-in worked", `"iss": "`+d.url+`/oidc"`)
	p.open(app + "/magic-link")
	p.send("#form", map[string]string{"email": "plain@magic.example", "landing": "https://shop.example/in"})
	p.says("The link is ready")
	p.press("Take it back")
	p.says("The link no longer works.")
	p.open(app + "/delete")
	p.send("form.confirm", map[string]string{"typed": "Plain web"})
	p.says("Plain web is deleted.")
}

func plainLogs(_ *desk, p *plainHouse) {
	p.open("/logs")
	p.send("form.tools", map[string]string{"kind": "sign_in", "result": "Success", "userId": hostName})
	p.on("logs")
	p.says(hostName, "Sign-in", "Succeeded")
	lines := p.All(".rows tbody tr")
	if len(lines) == 0 {
		p.t.Fatal("no line")
	}
	address, err := p.URL.Parse(lines[0].Attr("data-href"))
	if err != nil {
		p.t.Fatal(err)
	}
	p.Answer = p.b.Get(address.String())
	p.on("log")
	p.says("Whole line")
	p.follow(hostName)
	p.on("user-profile")
	p.follow("Events")
	p.says("Sign-in")
	p.open("/logs")
	p.send("form.tools", map[string]string{"from": "2100-01-01"})
	p.says("Nothing found")
}

func plainSettings(d *desk, p *plainHouse) {
	p.open("/settings")
	p.wrong("#form", map[string]string{"life": "x"}, "life")
	p.says("Write a number.")
	p.send("#form", map[string]string{"life": "20", "unit": "days"})
	p.says("Saved.")
	p.press("Undo")
	p.says("Saved.")
	if d.isSQLite() {
		p.press("Download backup")
		if !strings.HasPrefix(p.Source, "SQLite format 3") {
			p.t.Errorf("the backup begins with %.20q", p.Source)
		}
	}
	p.open("/settings/keys/rotate?kind=private-keys")
	p.send("#form", map[string]string{"grace": fmt.Sprint(24 * 60 * 60)})
	p.says("The new signing key is published.", "Next")
	p.open("/settings/health")
	p.says("Nothing was given up", "Schema version")
	p.open("")
	p.send("form.switch", nil)
	p.says("The door is closed")
	p.press("Undo")
	p.says("The door is open")
}
