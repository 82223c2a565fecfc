package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// walkGuests is how many are invited at once.
const walkGuests = 1000

// TestWalkToCampaign goes from the development mode, as `make run` starts it, to
// a campaign of a thousand guests whose funnel follows what they do, by nothing
// but what the terminal and the pages say.
func TestWalkToCampaign(t *testing.T) {
	t.Parallel()
	began := time.Now()
	s := newSite(t, "sqlite") // the development mode has no other
	p := s.start("dev")
	shop := newOwn(t, s)
	shop.lets = true
	b := newTab(t)
	settleIn(t, p, b)
	ownApplication(t, b, shop)

	b.Press("Overview")
	b.WaitText("In the development mode all mail lands in the mailbox")
	b.Press("Invite many from a file")
	b.WaitText("Nothing is sent before you have looked at it.")
	var list strings.Builder
	list.WriteString(strings.SplitAfter(b.Inside("main .snippet pre"), "\n")[0]) // the header of the example
	for n := range walkGuests {
		fmt.Fprintf(&list, "guest-%d@launch.example,Guest %d,en\n", n, n)
	}
	b.Attach("file", "guests.csv", list.String())
	b.Press("Upload")
	b.WaitText("1,000 rows. Say what the columns are and when it is sent, look ahead, then start.")
	b.Press("Save and look ahead")
	b.WaitText("Nothing is sent yet. Start when you are content.")
	hasWords(t, b.Inside("#verdicts"), "New guest1,000")
	b.Screenshot("walk-campaign-1-ahead")
	b.Press("Start with 1,000 rows")
	b.counts("figures", "Sent", "1,000")
	b.WaitText("Finished")
	b.Screenshot("walk-campaign-2-sent")

	console := b.sibling(t)
	console.Open(s.url + "/console")
	mailbox := console.Beside("Open the mailbox")
	b.Stay()
	mailbox.PressOn("main a")
	guest := newTab(t)
	guest.Open(mailbox.href("/i/"))
	guest.Press("Accept invitation")
	b.counts("figures", "Opened", "1")
	guest.choosesPassword()
	guest.WaitText("You are in")
	guest.Press("Go to The shop")
	guest.WaitText("Welcome to the shop, guest-")
	b.counts("figures", "Accepted", "1")
	b.Stayed()
	b.Screenshot("walk-campaign-3-inside")
	b.Press("Overview")
	b.counts("funnel", "Issued", "1,000")
	b.counts("funnel", "Accepted", "1")
	if took := time.Since(began); took > walkWithin {
		t.Errorf("the walk took %s, want less than %s", took, walkWithin)
	}
}

// href is the first link of the page whose address has something in it.
func (b *tab) href(part string) string {
	b.t.Helper()
	return strings.TrimSpace(b.list("a[href*=" + quoteJS(part) + "]"))
}
