package e2e

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/chromedp/chromedp"
)

// journeyTree gives users of a role invitations of their own. One of them brings
// a friend, and is stopped with all that came of it.
func journeyTree(h *hall, b *tab) {
	rosa := h.resident(map[string]any{"primaryEmail": "rosa@tree.example", "name": "Rosa", "password": guestPassword})
	h.console(b, "/roles/new")
	b.Fill("name", "regular")
	b.Fill("description", "Comes every week")
	b.Press("Create role")
	b.WaitText("The role regular is there.")
	b.PressOn(".tabs a")
	b.WaitText("Invitations of their own")
	b.Fill("quota", "-1")
	b.refused(b.PressOn("#quota button[type=submit]"), "quota")
	b.Fill("quota", "2")
	b.PressOn("#quota button[type=submit]")
	b.WaitText("Saved.")
	h.console(b, "/users/"+rosa.ID+"/roles")
	b.Press("Give a role")
	b.do("choose it", chromedp.Click(visible("tbody .choose input")))
	b.Press("Add the chosen")
	b.WaitText("1 role was given.")

	guest := newTab(b.t)
	h.enters(guest, "rosa@tree.example", guestPassword)
	guest.Press("Invitations to give")
	guest.WaitText("Invitations left: 2.")
	guest.Fill("identifier", "sam@tree.example")
	guest.Fill("message", "Come along")
	guest.Press("Send the invitation")
	guest.WaitText("Your invitation to sam@tree.example is on its way.")
	guest.Fill("identifier", "tom@tree.example")
	guest.Press("Send the invitation")
	guest.WaitText("You have no invitation left to give.")
	guest.Press("Take back")
	guest.WaitText("You can give it to somebody else.")
	guest.Fill("identifier", "uma@tree.example")
	guest.Press("Send the invitation")
	guest.WaitText("Your invitation to uma@tree.example is on its way.")
	sam := newTab(b.t)
	sam.accepts(h.invitationOf("sam@tree.example"))
	guest.Open(h.url + "/account/invitations")
	hasWords(b.t, guest.Inside("main"), "sam@tree.example", "Accepted", "uma@tree.example", "Open")

	h.console(b, "/users/"+rosa.ID)
	b.Press("Invited")
	b.WaitRows("sam@tree.example")
	hasWords(b.t, b.Inside("main"), "Invited by Rosa", "Not by an invitation")
	b.Press("sam@tree.example")
	b.Press("Invited")
	hasWords(b.t, b.Inside("main"), "By whom", "Rosa")
	b.do("take a small phone", chromedp.EmulateViewport(320, 640))
	h.console(b, "/users/"+rosa.ID+"/invited")
	b.until("the open tab is in sight", `() => {
		const [tab, strip] = ['.tabs [aria-current]', '.tabs ul'].map(s => document.querySelector(s).getBoundingClientRect())
		return tab.left >= strip.left - 1 && tab.right <= strip.right + 1
	}`)
	b.do("take the desk again", chromedp.EmulateViewport(1280, 900))
	b.Press("Take back all open invitations below")
	b.WaitText("Every invitation that is still open stops working")
	b.Fill("reason", "They sold them")
	b.Turn("suspend", true)
	b.Press("Take back all open invitations below")
	b.WaitText("Invitations taken back: 1. Users suspended: 2.")
	late := newGuest()
	late.must(b.t, late.visit(h.invitationOf("uma@tree.example")))
	hasWords(b.t, text(late.doc), "This invitation cannot be used")
	h.isOut(guest)
	h.isOut(sam)
	for _, email := range []string{"rosa@tree.example", "sam@tree.example"} {
		var u struct{ IsSuspended bool }
		h.api("GET", "/users/"+h.accounts(email)[0].ID, nil, http.StatusOK, &u)
		if !u.IsSuspended {
			b.t.Errorf("%s is not suspended", email)
		}
	}
}

// journeyFunnel reads on the overview what became of all invitations. It follows
// what guests do, and leads to what needs a hand.
func journeyFunnel(h *hall, b *tab) {
	h.asks("hal@"+refusedDomain, nil)
	ida := h.asks("ida@ending.example", map[string]any{"expiresIn": 24 * 60 * 60})
	eventually(b.t, "the overview tells of the refused mail, and of the end once the other is sent", func() bool {
		h.console(b, "")
		text := b.Text()
		return strings.Contains(text, "1 mail could not be sent") && strings.Contains(text, "1 invitation ends within 3 days")
	})
	hasWords(b.t, b.Text(), "1 person asks to come in")
	eventually(b.t, "the funnel says what the API counts", func() bool {
		for stage, n := range h.sums() {
			if !says(b, "read "+stage, `(id, stage, n) => (`+stepOf+`)(id, stage) === n`, "funnel", stage, n) {
				return false
			}
		}
		return true
	})
	accepted := h.sums()["Accepted"]
	b.Stay()
	g := newGuest()
	g.accepts(b.t, h.invitationOf(ida.RecipientEmail))
	if now := h.sums()["Accepted"]; now == accepted {
		b.t.Errorf("still %s are accepted", now)
	} else {
		b.counts("funnel", "Accepted", now)
	}
	b.Stayed()
	b.PressOn(`main a[href*="delivery=failed"]`)
	b.WaitRows("hal@" + refusedDomain)
	h.console(b, "")
	b.Press("Decide")
	b.WaitRows("Cleo")
}

// sums is how the API counts the stages of the funnel, by their names there.
func (h *hall) sums() map[string]string {
	h.t.Helper()
	var days []map[string]any
	h.api("GET", "/dashboard/invitations", nil, http.StatusOK, &days)
	sums := map[string]string{}
	for _, stage := range []string{"Issued", "Sent", "Opened", "Started", "Accepted"} {
		n := 0.0
		for _, d := range days {
			n += d[strings.ToLower(stage)].(float64)
		}
		sums[stage] = strconv.Itoa(int(n))
	}
	return sums
}

// byHand sends forms to addresses that no button leads to, and returns those
// that were not refused.
const byHand = `async (forms) => {
	const list = []
	for (const [path, body] of Object.entries(forms)) {
		const res = await fetch('/console' + path, {method: 'POST', redirect: 'manual', headers: {'Content-Type': 'application/x-www-form-urlencoded'}, body})
		if (res.status !== 403) list.push(path + ' ' + res.status)
	}
	return list.join(', ')
}`

// mayNot requires that whoever is at a tab is refused pages and forms whose
// addresses they call by hand.
func (b *tab) mayNot(s *site, pages []string, forms map[string]string) {
	b.t.Helper()
	for _, path := range pages {
		if status := b.Open(s.url + "/console" + path); status != http.StatusForbidden || !strings.Contains(b.Text(), "Your role does not open this") {
			b.t.Errorf("%s is answered %d; %s", path, status, b.where())
		}
	}
	list, err := json.Marshal(forms)
	if err != nil {
		b.t.Fatal(err)
	}
	done := value[string](b, "send by hand", chromedp.Evaluate[string]("("+byHand+")("+string(list)+")", chromedp.EvalAwaitPromise))
	if done != "" {
		b.t.Errorf("sent by hand, these are not refused: %s", done)
	}
}

// journeyRoles makes one user an inviter and one a viewer, and tries what they
// are shown and what they are refused.
func journeyRoles(h *hall, b *tab) {
	team := map[string]*tab{}
	for _, role := range []string{"inviter", "viewer"} {
		u := h.resident(map[string]any{"primaryEmail": role + "@team.example", "name": role, "password": guestPassword})
		h.console(b, "/users/"+u.ID+"/roles")
		b.Press("Make " + role)
		b.WaitText(map[string]string{"inviter": "May invite now.", "viewer": "May look at everything now."}[role])
		team[role] = newTab(b.t)
		team[role].Open(h.url + "/console")
		team[role].identify(role+"@team.example", guestPassword)
		team[role].IsAt(h.url + "/console")
	}
	var cleo []struct{ ID string }
	h.api("GET", "/registration-requests?email=cleo@waiting.example", nil, http.StatusOK, &cleo)
	var campaigns []struct{ ID string }
	h.api("GET", "/invitation-campaigns", nil, http.StatusOK, &campaigns)
	rosa := h.accounts("rosa@tree.example")[0].ID
	policy := func() (now struct{ RegistrationPolicy string }) {
		h.api("GET", "/sign-in-exp", nil, http.StatusOK, &now)
		return now
	}
	before := policy()
	forOwners := map[string]string{
		"/door": "open=true", "/waitlist/on": "", "/waitlist/settings": "referralPoints=9", "/roles/new": "name=own&type=User",
		"/users/new": "username=helper&first=none", "/users/" + rosa + "/suspended": "suspended=false", "/users/" + rosa + "/administrator": "role=owner",
		"/users/" + rosa + "/invited/take-back": "suspend=true", "/applications/new": "name=Own&type=SPA&redirectUris=https://own.example/",
		"/webhooks/new": "name=Own&url=https://own.example/&events=User.Created", "/settings/keys/rotate?kind=cookie-keys": "",
	}

	viewer := team["viewer"]
	viewer.Press("Campaigns")
	viewer.Press("friends.csv")
	hasWords(b.t, viewer.Inside("main"), "Ended early", "Report")
	viewer.Press("Campaigns")
	viewer.Press("Users")
	viewer.WaitText("rosa@tree.example")
	for _, page := range []string{"/campaigns", "/waitlist/" + cleo[0].ID, "/invitation-codes", "/users/" + rosa + "/invited"} {
		viewer.Open(h.url + "/console" + page)
		if forms := viewer.list("main form:not(.tools) button, main .head .actions"); forms != "" {
			b.t.Errorf("%s offers a viewer %s", page, forms)
		}
	}
	viewer.mayNot(h.site, []string{"/waitlist/settings"}, forOwners)
	viewer.mayNot(h.site, nil, map[string]string{
		"/invitations/new": "people=kim@waiting.example&days=7&deliver=mail", "/invitation-codes/new": "name=Own&seats=2&days=7",
		"/waitlist/" + cleo[0].ID + "/approve": "", "/campaigns/" + campaigns[0].ID + "/delete": "", "/waitlist/promote": "count=1",
	})

	inviter := team["inviter"]
	if nav := inviter.list(".nav a[data-key]"); nav != "Overview, Invitations, Codes, Campaigns, Waitlist" {
		b.t.Errorf("an inviter is led to %s", nav)
	}
	inviter.WaitText("Accepted") // the funnel
	inviter.mayNot(h.site, []string{"/users", "/users/" + rosa, "/roles", "/applications", "/connectors", "/logs", "/settings", "/waitlist/settings"}, forOwners)
	inviter.Open(h.url + "/console")
	inviter.Press("Decide")
	inviter.Press("Cleo")
	inviter.Press("Let in")
	inviter.WaitText("Cleo is let in: an invitation is on its way.")
	h.invitationOf("cleo@waiting.example")
	if now := policy(); now != before {
		b.t.Errorf("the policy became %v", now)
	}
	if got := h.standing("cleo@waiting.example"); got != "approved" {
		b.t.Errorf("cleo is %s", got)
	}
}
