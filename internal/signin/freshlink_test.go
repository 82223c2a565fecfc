package signin_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/job"
	"guestlist/internal/store"
)

// Somebody who asks for fresh links without end fills no queue with it.
func TestFreshLinksAreBoundedByNetwork(t *testing.T) {
	d := liteDoor(t)
	i := d.issue(func(i *guestlist.Invitation) { i.ExpiresAt = i.CreatedAt.Add(time.Minute) })
	d.clock.Advance(2 * time.Minute)
	for range guestlist.RequestsPerNetwork + 5 {
		if err := d.desk.AskForFreshLink(context.Background(), i.code, here); err != nil {
			t.Fatal(err)
		}
	}
	d.update(func(tx *store.Tx) error {
		jobs, err := tx.Jobs(store.JobQueued, store.Page{Limit: 100})
		if len(jobs) != guestlist.RequestsPerNetwork {
			t.Errorf("%d jobs wait, want %d", len(jobs), guestlist.RequestsPerNetwork)
		}
		return err
	})
}

// A fresh link goes to the same mailbox when the time is up, and only then.
func TestFreshLink(t *testing.T) {
	d := liteDoor(t)
	ctx := context.Background()
	fresh := func(i issued) bool {
		t.Helper()
		if err := d.desk.AskForFreshLink(ctx, i.code, here); err != nil {
			t.Fatal(err)
		}
		if d.now(i).Generation > i.Generation {
			t.Error("it is decided before the answer")
		}
		r := &job.Runner{Store: d.desk.Store, Log: slog.New(slog.DiscardHandler), Kinds: map[string]job.Kind{
			guestlist.JobFreshLink: {Run: func(ctx context.Context, j job.Job) error { return d.desk.FreshLink(ctx, j.Payload) }},
		}}
		if err := r.RunDue(ctx); err != nil {
			t.Fatal(err)
		}
		return d.now(i).Generation > i.Generation
	}
	if fresh(d.issue(func(i *guestlist.Invitation) { i.RecipientEmail = "a@example.com" })) {
		t.Error("of an invitation that is still good")
	}
	over := func(i *guestlist.Invitation) { i.ExpiresAt = i.CreatedAt.Add(time.Minute) }
	to := func(address string) func(*guestlist.Invitation) {
		return func(i *guestlist.Invitation) { i.RecipientEmail = address; over(i) }
	}
	revoked, shown, good := d.issue(to("b@example.com")), d.issue(to("c@example.com"), copied), d.issue(to("d@example.com"))
	carried := d.issue(to("e@example.com"), func(i *guestlist.Invitation) { i.Delivery = guestlist.InvitationNone })
	d.update(func(tx *store.Tx) error { _, err := tx.RevokeInvitation(revoked.ID, ""); return err })
	d.clock.Advance(2 * time.Minute)
	if fresh(revoked) || fresh(shown) || fresh(carried) {
		t.Error("of one that was taken back, shown to others or carried by others")
	}
	if !fresh(good) {
		t.Fatal("there is no fresh link")
	}
	now := d.now(good)
	if now.Status != guestlist.InvitationPending || now.SendAt == nil || *now.SendAt > guestlist.TimeOf(d.clock.Now()) {
		t.Errorf("the invitation is %+v", now)
	}
	d.refused(d.begin(guestlist.EventSignIn), take(good), "invitation.not_found") // the old link
	if fresh(issued{now, good.code}) {
		t.Error("by the old link once more")
	}
}
