package e2e

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/chromedp/chromedp"
)

// invitedNames are the pages about invitations and the waitlist.
var invitedNames = []string{
	"invitation", "invitation-code", "invitation-confirm", "invitation-other", "invitation-mismatch", "invitation-decline", "invitation-declined",
	"invitation-expired", "invitation-invalid", "invitation-done", "invitation-reminders", "invitation-reminders-stopped", "waitlist", "waitlist-sent",
	"waitlist-confirm", "waitlist-place", "waitlist-left", "waitlist-error", "waitlist-closed", "account-invitations",
}

// inside returns a tab of somebody who is signed in.
func (j *judgement) inside(email string) *tab {
	j.t.Helper()
	b := j.guest("/account")
	b.Fill("identifier", email)
	b.goOn()
	b.Fill("password", guestPassword)
	b.goOn()
	return b
}

// invited opens the link of an invitation as somebody new.
func (j *judgement) invited(link string) *tab {
	j.t.Helper()
	return j.guest(strings.TrimPrefix(link, j.x.s.url))
}

// invitations are opened by whom they are for and by others, declined, used up
// and run out.
func (j *judgement) invitations() {
	s := j.x.s
	i := s.asks(anybody(), map[string]any{"message": "We saved you a seat.\nBring your questions."})
	reminders := j.invited(s.mailed(i) + "/reminders")
	j.at(reminders, "invitation-reminders")
	reminders.goOn()
	j.at(reminders, "invitation-reminders-stopped")
	b := j.invited(s.mailed(i))
	j.at(b, "invitation")
	b.pressAt(`a[href*="/invitation/decline"]`)
	b.Fill("identifier", "nobody@guests.example")
	b.goOn()
	j.at(b, "invitation-decline")
	b.Fill("identifier", i.RecipientEmail)
	b.goOn()
	j.at(b, "invitation-declined")
	j.at(j.invited(s.mailed(i)), "invitation-invalid")
	j.at(j.guest("/invitation/expired"), "invitation-expired")
	b = j.guest("/invitation/code")
	b.Fill("code", "0000-0000-0000")
	b.goOn()
	j.at(b, "invitation-code")

	b = j.invited(s.asks(anybody(), map[string]any{"send": false}).Link)
	j.at(b, "invitation")
	b.goOn()
	j.at(b, "verification-code")
	var shared invited
	s.api("POST", "/invitation-codes", map[string]any{"seats": 2, "allowedDomains": []string{"guests.example"}, "identityBinding": "domain"}, http.StatusCreated, &shared)
	j.at(j.invited(shared.Link), "invitation")
	j.othersInvitations()
}

// othersInvitations are opened by whom they were not sent to.
func (j *judgement) othersInvitations() {
	s := j.x.s
	for _, binding := range []struct{ binding, page string }{{"any_confirmed", "invitation-confirm"}, {"exact", "invitation-other"}} {
		email := anybody()
		j.x.w.person("acme", email, true)
		b := j.invited(s.mailed(s.asks(anybody(), map[string]any{"identityBinding": binding.binding})))
		b.do("go to Acme", chromedp.Click(pressable("Acme")))
		b.WaitText("Who are you?")
		b.do("be "+email, chromedp.Click(pressable(email)))
		b.do("come back", chromedp.WaitReady("body[data-page="+binding.page+"]"))
		j.at(b, binding.page)
	}
	_, email := j.x.whole()
	b := j.inside(email)
	b.Open(s.mailed(s.asks(email, nil)))
	j.at(b, "invitation")
	b.Fill("identifier", email)
	b.goOn()
	j.at(b, "invitation-done")
	b.Open(s.mailed(s.asks(anybody(), nil)))
	j.at(b, "invitation-mismatch")
}

// waitlist asks for a place, confirms it and leaves.
func (j *judgement) waitlist() {
	s, email := j.x.s, anybody()
	s.set(map[string]any{"registrationPolicy": "waitlist"})
	b := j.guest("/waitlist")
	b.Fill("identifier", "nothing")
	b.goOn()
	j.at(b, "waitlist")
	b.Fill("identifier", email)
	b.goOn()
	j.at(b, "waitlist-sent")
	confirm := mailed(j.t, j.x.mail, email, mailedRequest)
	b.Open(confirm)
	j.at(b, "waitlist-confirm")
	b.goOn()
	j.at(b, "waitlist-place")
	b.pressAt(`button[value=leave]`)
	j.at(b, "waitlist-left")
	b.Open(confirm)
	j.at(b, "waitlist-error")
	s.set(map[string]any{"registrationPolicy": "open"})
	j.at(j.guest("/waitlist"), "waitlist-closed")
}

// given are invitations that somebody gives from their own account.
func (j *judgement) given() {
	s := j.x.s
	var role made
	s.api("POST", "/roles", map[string]any{"name": "gives in " + j.lang, "description": "Brings friends", "type": "User"}, http.StatusOK, &role)
	s.api("PUT", "/roles/"+url.PathEscape(role.ID)+"/invitation-quota", map[string]any{"quota": 3}, http.StatusOK, nil)
	u, email := j.x.whole()
	s.api("POST", "/users/"+u.ID+"/roles", map[string]any{"roleIds": []string{role.ID}}, http.StatusCreated, nil)
	b := j.inside(email)
	b.Open(s.url + "/account/invitations")
	b.Fill("identifier", "nothing")
	b.goOn()
	j.at(b, "account-invitations")
	b.Fill("identifier", anybody())
	b.goOn()
	j.at(b, "account-invitations")
}
