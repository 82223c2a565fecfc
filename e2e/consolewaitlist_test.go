package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// wants has somebody ask for a place by a page without scripts, and confirm it.
// It returns the link that brings friends.
func (h *hall) wants(t *testing.T, page, name, email string) string {
	t.Helper()
	g := newGuest()
	g.must(t, g.visit(page), g.fill("identifier", email), g.fill("name", name), g.press("Keep a place"))
	hasWords(t, text(g.doc), "Check your email")
	g.must(t, g.visit(mailed(t, h.mail, email, mailedRequest)), g.press("keep my place"))
	hasWords(t, text(g.doc), "You are on the list")
	for _, n := range all(g.doc, "dd") {
		if link := text(n); strings.HasPrefix(link, h.url+"/waitlist?") {
			return link
		}
	}
	t.Fatal(g.lost("no link for friends"))
	return ""
}

// standing is how somebody stands who asked.
func (h *hall) standing(email string) string {
	h.t.Helper()
	var found []struct{ Email, Status string }
	h.api("GET", "/registration-requests?"+url.Values{"email": {email}}.Encode(), nil, http.StatusOK, &found)
	for _, r := range found {
		if r.Email == email {
			return r.Status
		}
	}
	return "unknown"
}

// rowNamesAre requires the rows of the table in their order.
func (b *tab) rowNamesAre(names ...string) {
	b.t.Helper()
	if got := b.list(".rows tbody th .cell > :first-child"); got != strings.Join(names, ", ") {
		b.t.Errorf("the rows are %s, want %v", got, names)
	}
}

// journeyWaitlist opens the waitlist. Whoever brings friends moves up; one is let
// in out of turn, one is turned down, and the next two come in together.
func journeyWaitlist(h *hall, b *tab) {
	h.console(b, "/waitlist")
	b.WaitText("The waitlist is off")
	b.Press("Turn the waitlist on")
	b.WaitText("The waitlist is on: people can ask to come in.")
	b.WaitText("Nobody waits")
	page := strings.TrimSpace(b.Inside("main .snippet pre"))

	ann := newTab(b.t)
	ann.Open(page)
	ann.Fill("identifier", "ann@waiting.example")
	ann.Fill("name", "Ann")
	ann.Press("Keep a place for me")
	ann.WaitText("Check your email")
	ann.Open(mailed(b.t, h.mail, "ann@waiting.example", mailedRequest))
	ann.Press("Yes, keep my place")
	ann.WaitText("You are on the list")
	friends := h.wants(b.t, page, "Ben", "ben@waiting.example")
	h.wants(b.t, friends, "Cleo", "cleo@waiting.example")
	h.wants(b.t, page, "Dan", "dan@waiting.example")
	h.wants(b.t, page, "Eve", "eve@waiting.example")

	h.console(b, "/waitlist")
	b.rowNamesAre("Ben", "Ann", "Cleo", "Dan", "Eve")
	b.Press("Ben")
	hasWords(b.t, b.Inside("main"), friends, "Whom they brought", "Cleo")
	b.Press("Cleo")
	hasWords(b.t, b.Inside("main"), "Brought by", "Ben", "Nobody yet came by their link.")

	h.console(b, "/waitlist")
	b.Press("Dan")
	b.Press("Say no")
	b.WaitText("They leave the list and are told nothing.")
	b.Fill("reason", "Next year")
	b.Press("Say no")
	b.WaitText("1 request is turned down.")
	hasWords(b.t, b.Inside("main"), "Turned down", "Next year")
	h.console(b, "/waitlist")
	b.Press("Eve")
	b.Press("Let in")
	b.WaitText("Eve is let in: an invitation is on its way.")
	eve := newGuest()
	eve.accepts(b.t, h.invitationOf("eve@waiting.example"))

	b.Press("Waitlist")
	b.rowNamesAre("Ben", "Ann", "Cleo")
	b.Press("Let the next ones in")
	b.Fill("count", "0")
	b.refused(b.Press("Let them in"), "count")
	b.Fill("count", "2")
	b.Press("Let them in")
	b.WaitText("2 people are let in.")
	b.rowNamesAre("Cleo")
	ann.accepts(h.invitationOf("ann@waiting.example"))
	h.invitationOf("ben@waiting.example")
	for email, want := range map[string]string{
		"ann@waiting.example": "approved", "ben@waiting.example": "approved", "cleo@waiting.example": "requested",
		"dan@waiting.example": "rejected", "eve@waiting.example": "approved",
	} {
		if got := h.standing(email); got != want {
			b.t.Errorf("%s is %s, want %s", email, got, want)
		}
	}
}

// journeyPolicy chooses each way in which new people come in. The sign-in page
// offers what it means, and a closed house takes not even the invited.
func journeyPolicy(h *hall, b *tab) {
	choose := func(policy string) string {
		b.t.Helper()
		h.console(b, "/sign-in-experience/sign-up-and-sign-in")
		b.Choose("registrationPolicy", policy)
		b.Press("Save changes")
		b.WaitText("Saved.")
		g := newGuest()
		g.must(b.t, g.visit(h.url+"/demo-app"))
		return text(g.doc)
	}
	offers := map[string]string{"open": "Create account", "approval": "Ask to join", "waitlist": "Join the waitlist"}
	for _, policy := range []string{"approval", "waitlist", "open", "closed", "invite_only"} {
		page := choose(policy)
		for of, words := range offers {
			if strings.Contains(page, words) != (of == policy) {
				b.t.Errorf("under %s the sign-in page says %s", policy, page)
			}
		}
		switch policy {
		case "approval":
			g := newGuest()
			g.must(b.t, g.visit(h.url+"/waitlist"), g.fill("identifier", "fay@waiting.example"), g.press("Send the request"))
			g.must(b.t, g.visit(mailed(b.t, h.mail, "fay@waiting.example", mailedRequest)), g.press("send my request"))
			hasWords(b.t, text(g.doc), "Somebody is looking at your request.")
			h.console(b, "/waitlist")
			b.Press("fay@waiting.example")
			b.Press("Let in")
			g.accepts(b.t, h.invitationOf("fay@waiting.example"))
		case "closed":
			i := h.asks("gus@waiting.example", nil)
			g := newGuest()
			g.must(b.t, g.visit(h.mailed(i)), g.press("Accept"))
			if g.at.Path == "/invitation/done" || len(h.accounts("gus@waiting.example")) != 0 {
				b.t.Error(g.lost("an invitation led into a closed house"))
			}
			h.console(b, "")
			b.WaitText("Nobody gets a new account, not even by an invitation.")
		case "invite_only":
			g := newGuest()
			g.accepts(b.t, h.invitationOf("gus@waiting.example"))
		}
	}
}
