package store_test

import (
	"strings"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
)

// filledInvitations is long enough for lists that need every way to be found.
const filledInvitations = 100_000

// TestInvitationsAreFoundWithoutReadingAll holds the lists of many invitations to
// a plain look at each, and to reading no more than they must.
func TestInvitationsAreFoundWithoutReadingAll(t *testing.T) {
	clock := storetest.NewClock(time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC))
	storetest.EachAt(t, clock.Now, func(t *testing.T, st *store.Store) {
		update(t, st, func(tx *store.Tx) error { return tx.FillInvitations(filledInvitations) })
		now := st.Now()
		all := make([]guestlist.Invitation, filledInvitations)
		for n := range all {
			all[n] = store.FilledInvitation(n, now)
		}
		for _, f := range []store.InvitationFilter{
			{},
			{Status: guestlist.InvitationPending},
			{Status: guestlist.InvitationScheduled},
			{Status: guestlist.InvitationExpired},
			{Status: guestlist.InvitationRevoked},
			{Status: guestlist.InvitationDeclined},
			{Status: guestlist.InvitationPending, Inviter: "u13"},
			{Status: guestlist.InvitationRevoked, Application: "a2", Inviter: "u13"},
			{Delivery: guestlist.InvitationBounced},
			{Delivery: guestlist.InvitationSent, Status: guestlist.InvitationExpired},
			{Delivery: guestlist.InvitationBounced, Status: guestlist.InvitationExpired},
			{Kind: guestlist.InvitationShared},
			{Kind: guestlist.InvitationPersonal, Status: guestlist.InvitationRevoked},
			{Campaign: "c1"},
			{Campaign: "c1", Status: guestlist.InvitationPending},
			{Application: "a3"},
			{Inviter: "u5"},
			{Prefix: "GUEST9"},
			{Prefix: "guest9999"},
			{Prefix: "guest9999", Status: guestlist.InvitationAccepted},
			{Prefix: "nobody"},
			{Prefix: "guest_"},
			{Ending: now.Add(500 * time.Millisecond)},
			{Ending: now.Add(time.Hour)},
			{Ending: now.Add(time.Hour), Campaign: "c2", Application: "a1"},
			{Campaign: "nothing"},
		} {
			checkInvitations(t, st, f, all)
		}
		view(t, st, func(tx *store.Tx) error {
			plans, err := tx.PlansOfInvitations()
			refuseScan(t, "single ones", plans)
			return err
		})
	})
}

// refuseScan fails if a plan reads a whole table.
func refuseScan(t *testing.T, what any, plan string) {
	t.Helper()
	for line := range strings.Lines(plan + "\n") {
		line = strings.TrimSpace(line)
		if strings.Contains(line, "Seq Scan on invitations ") || strings.Contains(line, "Seq Scan on invitation_acts") ||
			line == "SCAN invitations" || line == "SCAN invitation_acts" {
			t.Errorf("%+v reads every row:\n%s", what, plan)
		}
	}
}

// checkInvitations walks a list to its end and compares it with all.
func checkInvitations(t *testing.T, st *store.Store, f store.InvitationFilter, all []guestlist.Invitation) {
	t.Helper()
	var want []guestlist.InvitationID
	for n := range all {
		if i := all[len(all)-1-n]; fits(f, i, st.Now()) {
			want = append(want, i.ID)
		}
	}
	view(t, st, func(tx *store.Tx) error {
		plan, err := tx.PlanOfInvitations(f)
		if err != nil {
			return err
		}
		refuseScan(t, f, plan)
		total, capped, err := tx.CountInvitations(f, 1000)
		if err != nil || total > len(want) || !capped && total != len(want) || capped && total > 1000 {
			t.Errorf("%+v: counted %d of %d, capped: %v: %v", f, total, len(want), capped, err)
		}
		second, _, err := tx.Invitations(f, store.Page{Limit: 3, Offset: 3})
		if err != nil {
			return err
		}
		for n, i := range second {
			if i.ID != want[3+n] {
				t.Errorf("%+v: the second page has %s, want %s", f, i.ID, want[3+n])
			}
		}
		walk := f
		at := 0
		for page := 0; ; page++ {
			list, next, err := tx.Invitations(walk, store.Page{Limit: 2000})
			if err != nil {
				return err
			}
			for _, i := range list {
				if at >= len(want) || i.ID != want[at] {
					t.Fatalf("%+v: the %dth is %s", f, at, i.ID)
				}
				at++
			}
			if next == "" {
				break
			}
			if next >= walk.Before && walk.Before != "" {
				t.Fatalf("%+v: goes back to %s", f, next)
			}
			walk.Before = next
			if page == 2 {
				if plan, err = tx.PlanOfInvitations(walk); err != nil {
					return err
				}
				refuseScan(t, walk, plan)
			}
		}
		if at != len(want) {
			t.Errorf("%+v: found %d of %d", f, at, len(want))
		}
		return nil
	})
}

// fits is what a filter means.
func fits(f store.InvitationFilter, i guestlist.Invitation, now guestlist.Time) bool {
	status := i.StatusAt(now)
	return (f.Status == "" || f.Status == status) && (f.Delivery == "" || f.Delivery == i.Delivery) && (f.Kind == "" || f.Kind == i.Kind) &&
		(f.Campaign == "" || f.Campaign == i.CampaignID) && (f.Application == "" || f.Application == i.ApplicationID) &&
		(f.Inviter == "" || f.Inviter == i.Inviter.ID) && (f.Prefix == "" || strings.HasPrefix(i.RecipientEmail, strings.ToLower(f.Prefix))) &&
		(f.Ending == 0 || i.Status == guestlist.InvitationPending && i.ExpiresAt > now && i.ExpiresAt <= f.Ending)
}
