package management

import (
	"testing"

	"guestlist"
)

// TestTheCurveOfInvitationsHasEveryDayAndAddsUp: those of today are counted
// once, those of before the first day not at all, and who may only issue
// invitations sees no figures.
func TestTheCurveOfInvitationsHasEveryDayAndAddsUp(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		var days []invitationDay
		f.must(200, "GET", "/api/dashboard/invitations", nil).decode(t, &days)
		if len(days) != invitationDays || days[invitationDays-1].Date != start.Format("2006-01-02") {
			t.Fatalf("%d days, the last %s", len(days), days[len(days)-1].Date)
		}
		for _, d := range days {
			if d != (invitationDay{Date: d.Date}) {
				t.Errorf("nobody was invited, and still: %+v", d)
			}
		}
		var first shownInvitation
		f.must(201, "POST", "/api/invitations", map[string]any{"email": "ada@example.com", "send": false}).decode(t, &first)
		f.must(201, "POST", "/api/invitations", map[string]any{"email": "bea@example.com", "send": false})
		f.must(201, "POST", "/api/invitation-codes", map[string]any{"seats": 3})
		f.must(200, "POST", "/api/invitations/"+string(first.ID)+"/revoke", map[string]any{})
		f.must(200, "GET", "/api/dashboard/invitations", nil).decode(t, &days)
		if d := days[invitationDays-1]; d != (invitationDay{Date: d.Date, Issued: 3, Revoked: 1}) {
			t.Errorf("today: %+v", d)
		}
		for _, d := range days[:invitationDays-1] {
			if d.Issued != 0 {
				t.Errorf("on %s: %+v", d.Date, d)
			}
		}
		if a := f.send("GET", "/api/dashboard/invitations", nil, f.machineWith(guestlist.ScopeInvitationsWrite)); a.status != 403 {
			t.Errorf("who may write alone reads %s", a.body)
		}
		if a := f.send("GET", "/api/dashboard/invitations", nil, f.machineWith(guestlist.ScopeInvitationsRead)); a.status != 200 {
			t.Errorf("who may read: %d %s", a.status, a.body)
		}
	})
}

// TestWhoChangesAnInvitationThatSomebodyElseChanged is refused
// if they say what they had read.
func TestWhoChangesAnInvitationThatSomebodyElseChanged(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		var made shownInvitation
		f.must(201, "POST", "/api/invitations", map[string]any{"email": "ada@example.com", "send": false}).decode(t, &made)
		path := "/api/invitations/" + string(made.ID)
		tag := f.must(200, "GET", path, nil).header.Get("ETag")
		if tag == "" {
			t.Fatal("an invitation has no tag")
		}
		f.must(200, "PATCH", path, map[string]any{"message": "Come in"})
		if again := f.must(200, "GET", path, nil).header.Get("ETag"); again == tag {
			t.Error("a changed invitation has the same tag")
		}
		if status, _, code := f.tagged("PATCH", path, tag, `{"message":"Stay out"}`); status != 412 || code != "request.stale" {
			t.Errorf("overwrote what somebody else wrote: %d %s", status, code)
		}
	})
}
