package e2e

import (
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// hosting is an installation whose host invites from the console.
type hosting struct {
	*site
	box *letterbox
	app made
	org made
	axe *axe // nil where pages are not judged: they look the same on each engine
}

// TestConsoleInvitations invites one guest and many, finds them, keeps a view,
// acts on a selection and on everything that matches, and follows one invitation
// to its end.
func TestConsoleInvitations(t *testing.T) {
	t.Parallel()
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			s, b := newHost(t, engine)
			h := &hosting{site: s, box: s.connectMessages()}
			if _, err := os.Stat(axeFile); engine == engines[0] && (err == nil || os.Getenv("CI") == "true") {
				h.axe = newAxe(t)
			}
			s.api("POST", "/applications", map[string]any{"name": "Shop", "type": "SPA", "oidcClientMetadata": map[string]any{
				"redirectUris": []string{"https://shop.example/callback"}, "postLogoutRedirectUris": []string{},
			}}, 200, &h.app)
			s.api("POST", "/organizations", map[string]any{"name": "Acme"}, 201, &h.org)
			for _, step := range []struct {
				name string
				do   func(*tab)
			}{
				{"one guest", h.inviteOne},
				{"many guests", h.inviteMany},
				{"a saved view", h.saveView},
				{"a selection", h.actOnSome},
				{"everything that matches", h.actOnAll},
				{"one invitation", h.followOne},
			} {
				if !t.Run(step.name, func(t *testing.T) { step.do(b.of(t)) }) {
					return // the next step goes on from here
				}
			}
		})
	}
}

// judge holds the page to axe's rules, once.
func (h *hosting) judge(b *tab) {
	b.t.Helper()
	if h.axe != nil {
		h.axe.inEachLook(b, "en")
	}
}

// of returns the invitation of an address.
func (h *hosting) of(b *tab, email string) invited {
	b.t.Helper()
	var list []invited
	h.api("GET", "/invitations?page_size=20&email="+url.QueryEscape(email), nil, 200, &list)
	if len(list) != 1 {
		b.t.Fatalf("%s has %d invitations", email, len(list))
	}
	return list[0]
}

// inviteOne starts where nobody is invited. What a guest is given is chosen by
// name.
func (h *hosting) inviteOne(b *tab) {
	b.Press("Invitations")
	b.WaitText("Nobody is invited yet")
	b.Press("Invite")
	b.Fill("people", "not an address")
	b.refusedLine("not an address")
	b.Fill("people", "Ada Lovelace <ada@shop.example>")
	b.unfold("Organizations")
	b.Choose("organizations", h.org.ID)
	b.unfold("Acceptance and landing")
	b.Choose("landing", "application")
	b.Fill("landingUrl", "https://evil.example/in")
	b.Turn("strict", true)
	b.refused(b.Press("Invite"), "landingUrl")
	b.Choose("landing", "hosted")
	b.Press("Invite")
	b.WaitText("The invitation of Ada Lovelace is on its way.")
	for _, said := range []string{"Shop", "Acme", "A code to the address is asked for", "ada@shop.example"} {
		if !strings.Contains(b.Text(), said) {
			b.t.Errorf("the invitation does not say %s; %s", said, b.where())
		}
	}
	h.judge(b)
	if link := h.box.link(b.t, "ada@shop.example"); !strings.HasPrefix(link, h.url+"/i/") {
		b.t.Errorf("the mail carries %s", link)
	}
	at := b.Address()
	eventually(b.t, "the timeline says that the mail left", func() bool {
		b.Open(at)
		return strings.Contains(b.Text(), "Mail sent")
	})
}

// refusedLine sends the form, of which a line comes back.
func (b *tab) refusedLine(line string) {
	b.t.Helper()
	b.Press("Invite")
	if got := strings.TrimSpace(b.typed("people")); got != line {
		b.t.Fatalf("%q comes back as %q; %s", line, got, b.where())
	}
	b.WaitText("Not invited")
}

// inviteMany pastes a list with a line that is wrong: the others are done, and
// loaded again the page invites nobody twice.
func (h *hosting) inviteMany(b *tab) {
	b.Open(h.url + "/console/invitations/new")
	b.Fill("people", "Bea <bea@shop.example>\nben@shop.example\nBEN@shop.example\ncleo@elsewhere.example\nDan =1+1 <dan@shop.example>")
	b.Choose("deliver", "link")
	b.Press("Invite")
	b.WaitText("4 people are invited")
	b.WaitText("This guest has an open invitation already.")
	h.judge(b)
	shown := b.list(".rows code")
	if n := strings.Count(shown, h.url+"/i/"); n != 4 {
		b.t.Errorf("%d links are shown: %s", n, shown)
	}
	b.navigate("load the answer again", chromedp.Reload())
	b.WaitText("4 people are invited")
	if again := b.list(".rows code"); again != shown {
		b.t.Errorf("loaded again the links are %s, they were %s", again, shown)
	}
	b.Press("Invitations")
	b.WaitText("1–5 of 5")
}

// saveView keeps what was looked for under a name.
func (h *hosting) saveView(b *tab) {
	b.ready()
	b.Fill("q", "b")
	b.WaitRows("Bea", "ben@shop.example")
	b.WaitText("With all 2 that match")
	b.Choose("status", "pending")
	b.until("the address has the filter", `() => location.search.includes('status=pending') && document.querySelector('.matching a[href*="status=pending"]')`)
	b.Press("Save view")
	h.judge(b)
	b.refused(b.Press("Save view"), "name")
	b.Fill("name", "All with a b")
	b.Press("Save view")
	b.WaitText("The view All with a b is saved.")
	b.Press("All")
	b.WaitText("1–5 of 5")
	b.ready()
	h.judge(b)
	b.Press("All with a b")
	b.WaitRows("Bea", "ben@shop.example")
	b.Press("Delete view")
	b.WaitText("The view is deleted. The invitations stay.")
	b.Press("Undo")
	b.WaitText("The view All with a b is saved.")
}

// actOnSome extends, downloads and takes back what is chosen.
func (h *hosting) actOnSome(b *tab) {
	bea, ben := h.of(b, "bea@"), h.of(b, "ben@")
	b.Press("All with a b")
	b.Choose("id", bea.ID)
	b.Choose("id", ben.ID)
	b.Press("Extend")
	b.WaitText("Give 2 invitations more time?")
	b.Choose("days", "30")
	b.Press("Extend")
	b.WaitText("2 invitations have more time.")
	b.WaitRows("Bea", "ben@shop.example") // what was looked for is kept
	b.ready()
	b.Choose("id", bea.ID)
	name, path := b.Save("Download")
	if rows := readCSV(b.t, path); name != "invitations.csv" || len(rows) != 2 || rows[1][3] != "bea@shop.example" {
		b.t.Errorf("%s has %q", name, rows)
	}
	b.Press("Take back")
	b.WaitText("Take back 1 invitation?")
	b.Press("Take back")
	b.WaitText("1 invitation is taken back.")
	if now := h.of(b, "bea@"); now.Status != "revoked" || h.of(b, "ben@").Status != "pending" {
		b.t.Errorf("Bea's is %s", now.Status)
	}
}

// actOnAll has something done to all that match, whatever a page shows of them,
// and watches.
func (h *hosting) actOnAll(b *tab) {
	b.Press("Invitations")
	b.ready()
	b.Choose("status", "pending")
	b.WaitRows("Ada Lovelace", "ben@shop.example", "cleo@elsewhere.example", "Dan =1+1")
	b.Click("With all 4 that match")
	h.judge(b)
	b.PressOn(".menu-of a")
	b.WaitText("Send 4 invitations again?")
	h.judge(b)
	before := h.of(b, "dan@").Generation
	b.Press("Send again")
	b.WaitText("It was done with 4 invitations.")
	h.judge(b)
	if now := h.of(b, "dan@").Generation; now != before+1 {
		b.t.Errorf("the link was made %d times anew", now-before)
	}
	for _, to := range []string{"ada@shop.example", "ben@shop.example", "cleo@elsewhere.example", "dan@shop.example"} {
		h.box.link(b.t, to)
	}

	b.Press("Look at these invitations")
	b.ready()
	b.Fill("q", "cleo")
	b.WaitRows("cleo@elsewhere.example")
	b.Click("With the 1 that matches")
	b.Press("Take back")
	b.WaitText("Take back 1 invitation?")
	b.refused(b.Press("Take back"), "sure")
	b.Fill("reason", "Second thoughts")
	b.Turn("sure", true)
	b.Press("Take back")
	b.WaitText("It was done with 1 invitation.")
	if h.of(b, "cleo@").Status != "revoked" || h.of(b, "dan@").Status != "pending" {
		b.t.Error("others were taken back than matched")
	}

	b.Open(h.url + "/console/invitations")
	b.ready()
	b.Click("With all 5 that match")
	name, path := b.Save("Download as CSV")
	rows := readCSV(b.t, path)
	if name != "invitations.csv" || len(rows) != 6 {
		b.t.Fatalf("%s has %q", name, rows)
	}
	for _, r := range rows[1:] {
		if r[3] == "cleo@elsewhere.example" && (r[2] != "revoked" || r[27] != "Second thoughts") {
			b.t.Errorf("the file says %q", r)
		}
	}
}

// followOne opens one invitation, sends it again, shows its link, and takes it
// back.
func (h *hosting) followOne(b *tab) {
	b.Press("ben@shop.example")
	b.WaitText("Timeline")
	for _, said := range []string{"Issued", "Sent again", "Changed"} {
		if !strings.Contains(b.Text(), said) {
			b.t.Errorf("the timeline lacks %s; %s", said, b.where())
		}
	}
	b.Press("Send again")
	b.WaitText("A mail with a new link is on its way.")
	link := h.box.link(b.t, "ben@shop.example")
	guest := newTab(b.t)
	guest.Open(link)
	guest.WaitText("hostess")
	at := b.Address()
	eventually(b.t, "the timeline says that the page was opened", func() bool {
		b.Open(at)
		return strings.Contains(b.Text(), "Page opened")
	})
	b.Press("Take back")
	b.WaitText("The link stops working at once")
	b.Press("Take back")
	b.WaitText("Taken back.")
	guest.Open(link)
	if text := guest.Text(); strings.Contains(text, "hostess") {
		b.t.Errorf("the link of what was taken back shows %s", text)
	}
	b.Press("Delete")
	b.Press("Delete")
	b.WaitText("The invitation is deleted.")
}
