package e2e

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

// What guests find in their mail.
var (
	mailedInvitation = regexp.MustCompile(`(http\S+/i/[\w-]{64})`)
	mailedRequest    = regexp.MustCompile(`(http\S+/waitlist/confirm\?token=[\w-]+)`)
)

// invitationOf is the link that somebody was mailed.
func (h *hall) invitationOf(to string) string {
	h.t.Helper()
	return mailed(h.test(), h.mail, to, mailedInvitation)
}

// test is the journey that is under way.
func (d *desk) test() *testing.T { return d.t.(*testing.T) }

// accepts has a guest follow the link of an invitation, who is new here.
func (b *tab) accepts(link string) {
	b.t.Helper()
	b.Open(link)
	b.Press("Accept invitation")
	b.choosesPassword()
	b.WaitText("You are in")
}

// accepts is that of a guest without scripts.
func (g *guest) accepts(t *testing.T, link string) {
	t.Helper()
	g.must(t, g.visit(link), g.press("Accept"), g.fill("newPassword", guestPassword))
	_ = g.fill("confirmPassword", guestPassword) // where it is asked
	g.must(t, g.press("Save"))
	if g.at.Path != "/invitation/done" {
		t.Fatal(g.lost("the guest is not in"))
	}
}

// friends is a CSV file: four people who are new, one who has an account, one
// who is there twice, and one whose address is none.
const friends = "Full name;E-Mail;Plan\r\n" +
	"Ada Byron;ada@friends.example;pro\r\n" +
	"Ben Bit;ben@friends.example;free\r\n" +
	"Cleo Code;cleo@friends.example;pro\r\n" +
	"Dot Data;dot@friends.example;\r\n" +
	"Ben again;BEN@friends.example;\r\n" +
	"Nobody;not-an-address;\r\n" +
	"Alan;alan@example.com;pro\r\n"

// stepOf is how many a funnel of the page says of a stage, "" if it says nothing
// of it.
const stepOf = `(id, stage) => [...document.querySelectorAll('#' + id + ' .funnel .step')].find(s => s.querySelector('span').textContent === stage)?.querySelector('b').textContent ?? ''`

// counts waits until a funnel of the page says so many of a stage.
func (b *tab) counts(id, stage, n string) {
	b.t.Helper()
	b.until(n+" "+stage, `(id, stage, n) => (`+stepOf+`)(id, stage) === n`, id, stage, n)
}

// waves waits until so many waves are drawn as sent, of so many.
func (b *tab) waves(sent, all int) {
	b.t.Helper()
	b.until("waves are sent", `(sent, all) => document.querySelectorAll('.timeline .wave.sent').length === sent && document.querySelectorAll('.timeline .wave').length === all`, sent, all)
}

// journeyCampaign uploads a file, says what its columns are, looks ahead, sends
// in waves, and stops on the way; the numbers follow what guests do.
func journeyCampaign(h *hall, b *tab) {
	h.console(b, "/campaigns")
	b.WaitText("No campaigns yet")
	b.Press("New campaign")
	b.Press("Upload")
	b.WaitText("Choose a file first.")
	b.Attach("file", "friends.csv", friends)
	b.Press("Upload")
	b.WaitText("7 rows. Say what the columns are")
	for column, want := range map[string]string{"column0": "name", "column1": "email", "column2": ""} {
		if got := b.typed(column); got != want {
			b.t.Errorf("%s is taken for %q, want %q", column, got, want)
		}
	}
	b.Choose("column1", "")
	b.Press("Save and look ahead")
	b.WaitText("Say which column has the e-mail address")
	b.Choose("column1", "email")
	b.Choose("column2", "customData.Plan")
	b.Choose("how", "waves")
	b.Fill("size", "2")
	b.Fill("interval", "1")
	b.Press("Save and look ahead")
	b.WaitText("Nothing is sent yet. Start when you are content.")
	hasWords(b.t, b.Inside("#verdicts"), "New guest4", "Has an account already1", "Twice in the file1", "Wrong1")
	hasWords(b.t, b.Inside("#refused"), "BEN@friends.example", "Line 6", "not-an-address", "Line 7")
	id := b.Address()[strings.LastIndex(b.Address(), "/")+1:]
	var report struct{ Imported, Queued, Sent, Accepted, Revoked int }
	look := func() {
		h.api("GET", "/invitation-campaigns/"+id+"/report", nil, http.StatusOK, &report)
	}
	if look(); report.Imported != 0 {
		b.t.Errorf("looking ahead invited %+v", report)
	}

	b.Press("Start with 7 rows")
	b.WaitText("2 of 5 sent")
	b.waves(1, 3)
	b.counts("figures", "Sent", "2")
	b.Stay()
	guest := newTab(b.t)
	guest.accepts(h.invitationOf("ada@friends.example"))
	b.counts("figures", "Accepted", "1")
	b.Stayed()
	var data struct{ Plan string }
	h.api("GET", "/users/"+h.accounts("ada@friends.example")[0].ID+"/custom-data", nil, http.StatusOK, &data)
	if data.Plan != "pro" {
		b.t.Errorf("the guest's column gave %+v", data)
	}
	left := h.invitationOf("ben@friends.example")

	b.Press("Pause")
	b.WaitText("The campaign is paused. Nothing more is sent.")
	h.pass(b.t, 2*time.Minute)
	h.quiet(b.t)
	if look(); report.Sent != 2 || report.Queued != 3 {
		b.t.Errorf("in the pause it went on: %+v", report)
	}
	h.console(b, "/campaigns")
	b.Press("friends.csv")
	b.Press("Go on")
	b.WaitText("The campaign goes on.")
	h.invitationOf("cleo@friends.example")
	b.waves(2, 3)
	b.Press("End campaign")
	b.WaitText("What was not sent yet is never sent.")
	b.Press("Let it go on")
	b.Press("End campaign")
	b.Turn("revoke", true)
	b.Press("End campaign")
	b.WaitText("The campaign is ended.")
	b.WaitText("Ended early")
	eventually(b.t, "what was open is taken back", func() bool { look(); return report.Revoked == 4 })
	if report.Sent != 4 || report.Accepted != 1 {
		b.t.Errorf("at the end %+v", report)
	}
	late := newGuest()
	late.must(b.t, late.visit(left))
	hasWords(b.t, text(late.doc), "This invitation cannot be used")
	h.reads(b)
}

// reads downloads the reports of a campaign that was ended.
func (h *hall) reads(b *tab) {
	b.t.Helper()
	name, path := b.Save("Download the report")
	rows := readCSV(b.t, path)
	if len(rows) != 2 || name != "campaign-report.csv" {
		b.t.Fatalf("%s is %q", name, rows)
	}
	said := map[string]string{}
	for n, column := range rows[0] {
		said[column] = rows[1][n]
	}
	if said["name"] != "friends.csv" || said["imported"] != "5" || said["sent"] != "4" || said["accepted"] != "1" || said["revoked"] != "4" {
		b.t.Errorf("the report says %v", said)
	}
	_, path = b.Save("Download every row")
	if rows := readCSV(b.t, path); len(rows) != 1+7 {
		b.t.Errorf("the rows are %q", rows)
	}
}

// journeyCode makes a code with two seats. One guest takes a seat by typing it,
// and after it is taken back nobody takes the other.
func journeyCode(h *hall, b *tab) {
	h.console(b, "/invitation-codes")
	b.WaitText("No codes yet")
	b.Press("Create code")
	b.Fill("name", "Poster in the hall")
	b.Fill("seats", "0")
	b.refused(b.Press("Create code"), "seats")
	b.Fill("seats", "2")
	b.Press("Create code")
	b.WaitText("The code is ready. Hand it on.")
	b.until("the picture is drawn", "() => document.querySelector('img.picture')?.naturalWidth > 0")
	shown := strings.Split(b.list("main .snippet pre"), ", ")
	if len(shown) != 3 || !strings.HasPrefix(shown[2], h.url+"/i/") {
		b.t.Fatalf("what is handed on is %q", shown)
	}
	code, page := shown[0], shown[1]
	name, _ := b.Save("Download the QR code")
	if name != "invitation.svg" {
		b.t.Errorf("the drawing is called %s", name)
	}

	guest := newTab(b.t)
	guest.Open(page)
	guest.Fill("code", "0000-0000-0000")
	guest.Press("Continue")
	guest.WaitText("No invitation has this code")
	guest.Fill("code", strings.ToLower(strings.ReplaceAll(code, "-", " ")))
	guest.Press("Continue")
	guest.Fill("identifier", "poster@friends.example")
	guest.Press("Send a code")
	guest.Fill("code", mailed(b.t, h.mail, "poster@friends.example", mailedCode))
	guest.Press("Continue")
	guest.choosesPassword()
	guest.WaitText("You are in")

	b.Open(b.Address())
	hasWords(b.t, b.Inside("main"), "1 of 2", "Accepted")
	b.Press("Take back")
	b.WaitText("Code and link stop working at once.")
	b.Press("Take back")
	b.WaitText("Taken back.")
	if text := b.Inside("main"); strings.Contains(text, code) {
		b.t.Error("the code is shown though nobody comes in by it any more")
	}
	late := newGuest()
	late.must(b.t, late.visit(page), late.fill("code", code), late.press("Continue"))
	hasWords(b.t, text(late.doc), "No invitation has this code")
	late.must(b.t, late.visit(shown[2]))
	hasWords(b.t, text(late.doc), "This invitation cannot be used")
	b.Press("Codes")
	b.WaitRows("Poster in the hall")
	hasWords(b.t, b.Inside(".rows"), "1 of 2", "Taken back")
}
