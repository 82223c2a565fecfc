package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/chromedp/chromedp"
)

// How many lines of a list are good. They have passwords, whose hashing takes so
// long that one can watch it, and kill the server meanwhile.
const (
	importedLines = 60
	lostLines     = 160
)

// guestList is a CSV file: three lines that cannot become users, and those that
// can.
func guestList(domain string, good int) string {
	var b strings.Builder
	b.WriteString("Full name;E-Mail;Plan;Password\n")
	fmt.Fprintf(&b, "Bad Address;not-an-address;pro;%s\n", guestPassword)
	fmt.Fprintf(&b, "Somebody Else;ada@ladies.example;pro;%s\n", guestPassword)
	for i := range good {
		fmt.Fprintf(&b, "Guest %d;guest-%d@%s;pro;%s\n", i, i, domain, guestPassword)
	}
	fmt.Fprintf(&b, "Guest twice;GUEST-0@%s;pro;%s\n", domain, guestPassword)
	return b.String()
}

// watch writes down, for as long as the tab lives, what the page of an import
// said and how many streams it opened.
const watchImport = `() => {
	const text = document.querySelector('.progress-text')
	if (!text) return false
	const note = () => {
		const said = JSON.parse(sessionStorage.said ?? '[]')
		if (said.at(-1) !== text.textContent) said.push(text.textContent)
		sessionStorage.said = JSON.stringify(said)
		sessionStorage.streams = performance.getEntriesByType('resource').filter(e => e.name.endsWith('/events')).length
		sessionStorage.requests = performance.getEntriesByType('resource').filter(e => e.initiatorType !== 'script' && e.initiatorType !== 'link' && e.initiatorType !== 'css').length
	}
	note()
	new MutationObserver(note).observe(text, {childList: true, characterData: true, subtree: true})
	return true
}`

// beginImport uploads a list, says what its columns are, and starts.
func (d *desk) beginImport(b *tab, list string, lines int) {
	b.t.Helper()
	d.console(b, "/users")
	b.Press("Import")
	b.Attach("file", "guests.csv", list)
	b.Press("Upload")
	b.WaitText(fmt.Sprintf("%d lines. Say what the columns are", lines))
	for i, want := range []string{"name", "primaryEmail", "", "password"} {
		if got := b.typed(fmt.Sprintf("column%d", i)); got != want {
			b.t.Errorf("column %d is taken for %q, want %q", i, got, want)
		}
	}
	b.Choose("column2", "customData.Plan")
}

// journeyImport imports a list with faulty lines, watches it, and reads the
// report.
func journeyImport(d *desk, b *tab) {
	d.console(b, "/user-imports")
	b.Press("Upload")
	b.WaitText("Choose a file first.")
	b.Attach("file", "book.xlsx", "PK\x03\x04\x14\x00\x06\x00")
	b.Press("Upload")
	b.WaitText("This is no CSV file in UTF-8.")

	const lines = importedLines + 3
	d.beginImport(b, guestList("list.example", importedLines), lines)
	b.Choose("column0", "primaryEmail")
	b.Press("Check again")
	b.WaitText("Another column is this already.")
	b.Choose("column0", "name")
	b.Press("Check again")
	if got := b.typed("column2"); got != "customData.Plan" {
		b.t.Errorf("the choice became %q", got)
	}
	preview := b.Inside("#preview")
	hasWords(b.t, preview, "Bad Address", "Would be refused", "E-mail: somebody has it already.", "Guest 0", "Good")
	if strings.Contains(b.Text(), guestPassword) {
		b.t.Error("a password is on the page")
	}
	b.Turn("temporary", false)
	b.Press(fmt.Sprintf("Start the import of %d lines", lines))
	b.until("the progress is watched", watchImport)
	b.until("the import is finished", "() => document.querySelector('.stats')")
	said := b.Inside(".stats")
	hasWords(b.t, said, fmt.Sprint(lines), fmt.Sprint(importedLines))
	d.watched(b)

	report := b.Inside("#report")
	hasWords(b.t, report, "not-an-address", "ada@ladies.example", "GUEST-0@list.example", "E-mail: Write an e-mail address", "somebody has it already")
	_, path := b.Save("Download the report")
	if rows := readCSV(b.t, path); len(rows) != lines+1 {
		b.t.Errorf("the report has %d lines, want %d and a header", len(rows), lines)
	}
	_, path = b.Save("Only the refused lines")
	if rows := readCSV(b.t, path); len(rows) != 3+1 {
		b.t.Errorf("the refused lines are %q", rows)
	}
	b.Press("To the users")
	b.ready()
	b.Fill("q", "guest-17@list")
	b.WaitRows("Guest 17")
	found := d.accounts("guest-17@list.example")
	var data struct{ Plan string }
	d.api("GET", "/users/"+found[0].ID+"/custom-data", nil, 200, &data)
	if data.Plan != "pro" {
		b.t.Errorf("the custom data is %+v", data)
	}
}

// watched requires that an import was seen to go on, by one stream.
func (d *desk) watched(b *tab) {
	b.t.Helper()
	text := value[string](b, "read what was watched", chromedp.Evaluate[string]("JSON.stringify({said: JSON.parse(sessionStorage.said), streams: +sessionStorage.streams, requests: +sessionStorage.requests})"))
	var seen struct {
		Said              []string
		Streams, Requests int
	}
	if err := json.Unmarshal([]byte(text), &seen); err != nil {
		b.t.Fatal(err)
	}
	if len(slices.Compact(seen.Said)) < 2 || seen.Streams > 1 {
		b.t.Errorf("the progress was %q, by %d streams", seen.Said, seen.Streams)
	}
}

// journeyLostImport kills the server in the middle of an import that somebody
// watches, and starts it again: the page goes on by itself, and every line is
// done once.
func journeyLostImport(d *desk, b *tab) {
	const lines = lostLines + 3
	d.beginImport(b, guestList("lost.example", lostLines), lines)
	refused := b.refuseOnce("*/events") // as a proxy does that finds nobody
	b.Press(fmt.Sprintf("Start the import of %d lines", lines))
	b.until("the progress is watched", watchImport)
	select {
	case <-refused:
	case <-soon():
		b.t.Error("the progress was followed by no stream")
	}
	b.until("the import has begun", "() => document.querySelector('progress')?.value > 0")
	b.Stay()
	d.server.kill()
	machine.CloseIdleConnections()
	b.until("the page is still there", "() => document.querySelector('progress')")
	// What the dead process was about is claimed when its lease has ended.
	d.ahead(3 * time.Minute)
	d.serveAnew()
	b.until("the import is finished", "() => document.querySelector('.stats')")
	hasWords(b.t, b.Inside(".stats"), fmt.Sprint(lines), fmt.Sprint(lostLines))
	for i := range lostLines {
		if n := len(d.accounts(fmt.Sprintf("guest-%d@lost.example", i))); n != 1 {
			b.t.Errorf("there are %d accounts of guest %d", n, i)
		}
	}
}

// ahead sets the clock of a server that does not run.
func (d *desk) ahead(more time.Duration) {
	d.t.Helper()
	if err := os.WriteFile(filepath.Clean(d.clock), []byte((ahead(d.clock) + more).String()), 0o600); err != nil {
		d.t.Fatal(err)
	}
}
