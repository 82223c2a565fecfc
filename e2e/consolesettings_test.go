package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/chromedp/chromedp"
)

// journeySettings sets how long sessions live, and reads how the server is.
func journeySettings(d *desk, b *tab) {
	d.console(b, "/settings")
	ttl := func() int {
		var life struct{ TTL int }
		d.api("GET", "/configs/oidc/session", nil, 200, &life)
		return life.TTL
	}
	before := ttl()
	for _, wrong := range []string{"0", "400"} {
		b.Fill("life", wrong)
		b.Choose("unit", "days")
		if status := b.Press("Save changes"); status != http.StatusUnprocessableEntity || b.typed("life") != wrong {
			b.t.Errorf("%s days: %d; %s", wrong, status, b.where())
		}
	}
	b.Fill("life", "30")
	b.Press("Save changes")
	b.WaitText("Saved.")
	if got := ttl(); got != 30*24*60*60 {
		b.t.Errorf("a session lives for %d s", got)
	}
	b.Press("Undo")
	b.WaitText("Saved.")
	if got := ttl(); got != before {
		b.t.Errorf("a session lives for %d s again, and %d before", got, before)
	}

	version, _, _ := d.run("version")
	shown := b.Inside("#about")
	hasWords(b.t, shown, d.url+"/oidc", "Version")
	if fields := strings.Fields(version); len(fields) < 2 || !strings.Contains(shown, fields[1]) {
		b.t.Errorf("the version is %q, the page says %s", version, shown)
	}
	b.Press("Health")
	engine := map[bool]string{true: "SQLite", false: "PostgreSQL"}[d.isSQLite()]
	hasWords(b.t, b.Text(), "To be done", "Given up", engine, "Schema version", "Size of the database", "Nothing was given up", "all is well")
	b.Press("Messages")
	b.WaitText("What was sent, and what became of it.")
	b.Choose("outcome", "failed")
	b.until("the failed ones are left", "() => document.querySelector('.rows tbody tr')?.textContent.includes('bounce@gone.example')")
}

func (d *desk) isSQLite() bool { return strings.HasSuffix(d.whole.Name(), "sqlite") }

// journeyBackup downloads the database and starts another server on it, where
// the host signs in as before. PostgreSQL makes its own, and the page says how.
func journeyBackup(d *desk, b *tab) {
	d.console(b, "/settings")
	if !d.isSQLite() {
		hasWords(b.t, b.Inside("#backup"), "pg_dump --format=custom")
		if b.has("#backup form") {
			b.t.Error("a backup is offered that there is not")
		}
		return
	}
	b.Stay()
	name, path := b.Save("Download backup")
	b.Stayed()
	if !strings.HasPrefix(name, "guestlist-") || !strings.HasSuffix(name, ".db") {
		b.t.Errorf("the backup is called %s", name)
	}
	copied := newSite(b.t, "sqlite")
	if err := os.MkdirAll(copied.data, 0o700); err != nil {
		b.t.Fatal(err)
	}
	for from, to := range map[string]string{path: "guestlist.db", filepath.Join(d.data, "secret.key"): "secret.key"} {
		content, err := os.ReadFile(from)
		if err != nil {
			b.t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(copied.data, to), content, 0o600); err != nil {
			b.t.Fatal(err)
		}
	}
	copied.serve()
	there := newTab(b.t)
	there.Open(copied.url + "/console/users")
	there.identify(hostName, hostPassword)
	there.IsAt(copied.url + "/console/users")
	there.ready()
	there.Fill("q", "lovelace")
	there.WaitRows("Ada Lovelace")
	// It can be had once more: the button stays.
	b.Save("Download backup")
}

// journeyKeys rotates both kinds of keys and deletes the former ones: who was
// signed in by them signs in again.
func journeyKeys(d *desk, b *tab) {
	keys := func() (kids []string) {
		_, body := d.send(d.request(http.MethodGet, "/oidc/jwks", nil))
		var set struct{ Keys []struct{ Kid string } }
		if err := json.Unmarshal(body, &set); err != nil {
			b.t.Fatal(err)
		}
		for _, k := range set.Keys {
			kids = append(kids, k.Kid)
		}
		return kids
	}
	former := keys()
	d.console(b, "/settings/keys")
	b.PressOn("#private-keys .actions a")
	b.WaitText("A new key is made and published at once.")
	b.Choose("grace", "0")
	b.Press("Rotate")
	b.WaitText("The new signing key is published.")
	if now := keys(); len(former) != 1 || len(now) != 2 {
		b.t.Errorf("the keys were %v and are %v", former, now)
	}
	b.Press("Users") // by the token that the former key signed
	b.WaitText("Everybody who has an account.")
	d.console(b, "/settings/keys")
	b.PressOn("#private-keys .row-actions a")
	hasWords(b.t, b.Text(), "Tokens that this key signed are refused from now on")
	b.Press("Delete key")
	b.WaitText("The key is deleted.")
	if now := keys(); len(now) != 1 || now[0] == former[0] {
		b.t.Errorf("the keys are %v", now)
	}
	d.token = "" // it was signed by the former key, as the console's was
	d.administer()
	d.console(b, "/users")
	b.WaitText("Everybody who has an account.")

	d.console(b, "/settings/keys")
	b.PressOn("#cookie-keys .actions a")
	b.Press("Rotate")
	b.WaitText("The new cookie key is in use.")
	b.Press("Users")
	b.WaitText("Everybody who has an account.")
	d.console(b, "/settings/keys")
	b.PressOn("#cookie-keys .row-actions a")
	b.WaitText("Whoever holds a cookie that this key signed is signed out.")
	b.Press("Delete key")
	d.console(b, "/settings/keys")
	if n := value[int](b, "count the cookie keys", chromedp.Evaluate[int]("document.querySelectorAll('#cookie-keys tbody tr').length")); n != 1 {
		b.t.Errorf("there are %d cookie keys", n)
	}
}
