package e2e

import (
	"encoding/json"

	"github.com/chromedp/chromedp"
)

const (
	keyEnter  = "\r"
	keyDelete = "\u007f"
	keyEscape = "\u001b"
	keyDown   = "\u0301" // so much stands for it in chromedp
)

// journeyKeyboard goes everywhere without a mouse.
func journeyKeyboard(d *desk, b *tab) {
	one, two := d.user("keys_one", map[string]any{"name": "Keys One"}), d.user("keys_two", map[string]any{"name": "Keys Two"})
	d.console(b, "")
	b.focused()
	var places []struct{ Key, Href string }
	text := value[string](b, "read the navigation", chromedp.Evaluate[string](
		"JSON.stringify([...document.querySelectorAll('.nav a[data-key]')].map(a => ({key: a.dataset.key, href: a.href})))"))
	if err := json.Unmarshal([]byte(text), &places); err != nil || len(places) < 11 {
		b.t.Fatalf("%d places, %v", len(places), err)
	}
	for _, p := range places {
		b.keys("g", p.Key)
		b.WaitAt(p.Href)
		b.ready()
	}

	d.console(b, "/users")
	b.Stay()
	b.keys("/")
	b.do("type", chromedp.KeyEvent("keys_gu?"))
	b.WaitText("Nothing found") // and g u leads nowhere, ? opens nothing
	if b.has("dialog[open]") {
		b.t.Error("a key that was typed opened something")
	}
	b.keys("/") // is typed
	b.do("choose all", chromedp.KeyEvent("a", chromedp.KeyModifiers(chromedp.Modifier(2))))
	b.do("type", chromedp.KeyEvent("keys_"))
	b.WaitRows("Keys One", "Keys Two")
	b.do("leave the search", chromedp.Evaluate[chromedp.Void]("document.activeElement.blur()"))
	b.keys("j", "j", "k", "x", "j")
	b.until("the first is chosen and the second is here", `() => {
		const rows = [...document.querySelectorAll('.rows tbody tr')]
		return rows[0].querySelector('.choose input').checked && !rows[1].querySelector('.choose input').checked && rows[1].classList.contains('here')
	}`)
	b.Stayed()
	b.keys(keyEnter)
	at := map[string]string{"Keys One": one.ID, "Keys Two": two.ID}
	b.WaitText("At a glance")
	if id := at[b.list("h1 bdi")]; id == "" {
		b.t.Errorf("Enter led elsewhere; %s", b.where())
	} else {
		b.IsAt(d.url + "/console/users/" + id)
	}

	b.ready()
	b.keys("?")
	b.until("the shortcuts are told", "() => document.getElementById('help').open")
	hasWords(b.t, b.Inside("#help"), "Next row, previous row", "Open the row", "Users", "Settings")
	b.keys(keyEscape)
	b.until("they are put away", "() => !document.getElementById('help').open")
	b.control("k")
	b.do("type", chromedp.KeyEvent("keys tw"))
	b.until("it is offered", `() => document.querySelector('#palette [aria-selected=true]')?.textContent.includes('Keys Two')`)
	b.keys(keyEnter)
	b.WaitAt(d.url + "/console/users/" + two.ID)
	b.ready()
	b.control("k")
	b.until("the pages are offered", `() => document.querySelectorAll('#palette [role=option]').length > 5`)
	b.keys(keyDown, keyEnter)
	b.WaitAt(d.url + "/console/users")
	b.ready()
	b.control("k")
	b.do("type", chromedp.KeyEvent("zzz"))
	b.until("nothing is found", `() => document.querySelector('#palette .none')`)
	b.keys(keyEscape)
	b.until("the palette is closed", "() => !document.getElementById('palette').open")
}
