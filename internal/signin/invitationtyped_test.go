package signin_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/invite"
	"guestlist/internal/signin"
	"guestlist/internal/store"
)

const typed = "7KQ2-M0XD-4RTB"

// typable issues a shared invitation with a code that people type.
func (d *door) typable() issued {
	d.Helper()
	var i issued
	d.update(func(tx *store.Tx) error {
		i.Invitation = guestlist.Invitation{
			ID: guestlist.InvitationID(crypt.OrderedID(tx.Now)), Kind: guestlist.InvitationShared, Seats: 2,
			Inviter:   guestlist.Inviter{Type: guestlist.InviterSystem, Authority: guestlist.AuthorityHost},
			CreatedAt: tx.Now, ExpiresAt: tx.Now.Add(time.Hour),
		}
		i.Binding = guestlist.BindExact
		return tx.InsertInvitation(i.Invitation, typed)
	})
	return i
}

// TestGuessesInFlightAreCounted: of many at the same moment no more are looked at
// than one network has; the right one among the rest is not.
func TestGuessesInFlightAreCounted(t *testing.T) {
	eachDoor(t, func(d *door) {
		d.typable()
		var looked, stopped atomic.Int64
		var all sync.WaitGroup
		for range 60 {
			all.Go(func() {
				switch _, _, err := d.desk.TypedInvitation(context.Background(), "0000-0000-0000", here); {
				case guestlist.CodeOf(err) == "invitation.not_found":
					looked.Add(1)
				case errors.Is(err, invite.ErrTooManyCodes):
					stopped.Add(1)
				default:
					d.Error(err)
				}
			})
		}
		all.Wait()
		if looked.Load() != 20 || stopped.Load() != 40 {
			d.Errorf("%d were looked at and %d stopped, want 20 and 40", looked.Load(), stopped.Load())
		}
		if _, _, err := d.desk.TypedInvitation(context.Background(), typed, here); !errors.Is(err, invite.ErrTooManyCodes) {
			d.Errorf("the right one: %v", err)
		}
	})
}

// TestGuessesOfManyNetworksStopAll: ten thousand misses an hour stop everybody who
// types, and nobody who has a link.
func TestGuessesOfManyNetworksStopAll(t *testing.T) {
	d := liteDoor(t)
	i := d.typable()
	miss := func(ip string) error {
		_, _, err := d.desk.TypedInvitation(context.Background(), "0000-0000-0000", signin.Caller{IP: ip})
		return err
	}
	if err := miss("198.51.100.1"); guestlist.CodeOf(err) != "invitation.not_found" {
		t.Fatal(err)
	}
	d.update(func(tx *store.Tx) error {
		_, err := tx.HitAll(map[string]int{"invitation-codes|": 9_999}, time.Hour)
		return err
	})
	if _, _, err := d.desk.TypedInvitation(context.Background(), typed, signin.Caller{IP: "203.0.113.7"}); !errors.Is(err, invite.ErrTooManyCodes) {
		t.Errorf("from a network that never guessed: %v", err)
	}
	d.view(func(tx *store.Tx) error {
		now, err := tx.Invitation(i.ID)
		if err != nil {
			return err
		}
		_, err = invite.Open(tx, string(tx.InvitationCode(now)))
		return err
	})
}

// TestRecipientsWriteTheirAddressAsTheyDo: with the letters of their domain or in
// the form of the mail; another address is not theirs, however alike.
func TestRecipientsWriteTheirAddressAsTheyDo(t *testing.T) {
	d := liteDoor(t)
	d.mode(guestlist.ModeSignIn)
	i := d.issue(func(i *guestlist.Invitation) { i.RecipientEmail = "grace@xn--bcher-kva.example" })
	for address, is := range map[string]bool{
		"grace@bücher.example": true, "GRACE@BÜCHER.example": true, " grace@xn--bcher-kva.example ": true, "grace@bu\u0308cher.example": true,
		"grace@bucher.example": false, "grace+x@bücher.example": false, "gr\u0430ce@bücher.example": false, "g.race@bücher.example": false, "bücher.example": false,
	} {
		uid := d.begin(guestlist.EventSignIn)
		_, err := d.submit(uid, signin.VerifyOneTimeToken{Token: i.code, Hosted: true, Typed: address})
		if (err == nil) != is || !is && guestlist.CodeOf(err) != "one_time_token.email_mismatch" {
			t.Errorf("%q: %v", address, err)
		}
		d.clock.Advance(2 * time.Hour)
	}
}
