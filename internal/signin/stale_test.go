package signin_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/store"
)

// replacePassword sets somebody's password as an administrator does.
func (d *door) replacePassword(id guestlist.UserID, password string) {
	d.Helper()
	text, algorithm, err := hasher.Hash(context.Background(), password)
	if err != nil {
		d.Fatal(err)
	}
	d.update(func(tx *store.Tx) error {
		return tx.SetPassword(id, &guestlist.PasswordDigest{Digest: text, Algorithm: algorithm})
	})
}

// TestOldPasswordLetsNobodyIn: whoever typed a password before it was replaced
// does not come in by it afterwards, however far they got.
func TestOldPasswordLetsNobodyIn(t *testing.T) {
	const newPassword = "Jw3-pQx9-Nd5"
	thief := func(d *door, actions ...signin.Action) string {
		uid := d.begin(guestlist.EventSignIn)
		d.ok(uid, signin.VerifyPassword{Identifier: username("alice"), Password: goodPassword})
		d.ok(uid, actions...)
		return uid
	}
	eachDoor(t, func(d *door) {
		u := d.person(guestlist.User{Username: text("alice"), PrimaryEmail: text("alice@example.com")}, goodPassword)
		verified := thief(d)
		identified := thief(d, signin.Identify{Latest: true})
		finished := thief(d, signin.Identify{Latest: true}, signin.Finish{})

		own := d.begin(guestlist.EventForgotPassword)
		d.proveByCode(own, "alice@example.com")
		d.ok(own, signin.Identify{Latest: true}, signin.SetNewPassword{Password: newPassword}, signin.Finish{})

		d.refused(verified, signin.Identify{Latest: true}, "session.verification_failed")
		d.refused(identified, signin.Finish{}, "session.verification_failed")
		if _, err := d.desk.Resume(context.Background(), finished, "", here); guestlist.CodeOf(err) != "session.not_found" {
			d.Errorf("a sign-in that was finished before the reset: %v", err)
		}
		// The guest goes on with the new one, in the same interaction.
		d.ok(own, signin.SetEvent{Event: guestlist.EventSignIn},
			signin.VerifyPassword{Identifier: username("alice"), Password: newPassword}, signin.Identify{Latest: true}, signin.Finish{})
		if _, err := d.desk.Resume(context.Background(), own, "", here); err != nil {
			d.Errorf("the guest with the new password: %v", err)
		}

		late := d.begin(guestlist.EventSignIn)
		d.ok(late, signin.VerifyPassword{Identifier: username("alice"), Password: newPassword}, signin.Identify{Latest: true}, signin.Finish{})
		d.replacePassword(u.ID, goodPassword)
		if _, err := d.desk.Resume(context.Background(), late, "", here); guestlist.CodeOf(err) != "session.not_found" {
			d.Errorf("a sign-in that was finished before an administrator's change: %v", err)
		}
	})
}

// TestForcedChangeGoesOn: the password that a guest was made to choose is not
// taken for one that somebody else put there.
func TestForcedChangeGoesOn(t *testing.T) {
	eachDoor(t, func(d *door) {
		d.person(guestlist.User{Username: text("alice"), PasswordIsTemporary: true}, goodPassword)
		uid := d.begin(guestlist.EventSignIn)
		d.ok(uid, signin.VerifyPassword{Identifier: username("alice"), Password: goodPassword}, signin.Identify{Latest: true},
			signin.SetPassword{Password: "Jw3-pQx9-Nd5"}, signin.Finish{})
		if _, err := d.desk.Resume(context.Background(), uid, "", here); err != nil {
			d.Errorf("after the forced change: %v", err)
		}
	})
}

// TestSuspensionOutlastsSignIn: a sign-in that writes to the account does not
// write over a suspension that comes at the same moment.
func TestSuspensionOutlastsSignIn(t *testing.T) {
	const enough = 200 * time.Millisecond // for a sign-in to get to where it has to wait
	eachDoor(t, func(d *door) {
		u := d.person(guestlist.User{PrimaryEmail: text(invited)}, "")
		uid := d.begin(guestlist.EventSignIn)
		d.ok(uid, signin.VerifyOneTimeToken{Email: invited, Token: d.token(invited)}, signin.Identify{Latest: true})
		came := make(chan error, 1)
		var once sync.Once
		d.update(func(tx *store.Tx) error {
			u, err := tx.UserForUpdate(u.ID)
			if err != nil {
				return err
			}
			u.IsSuspended = true
			if err := tx.UpdateUser(u); err != nil {
				return err
			}
			once.Do(func() {
				go func() {
					_, err := d.submit(uid, signin.Finish{})
					came <- err
				}()
			})
			select {
			case err := <-came:
				d.Errorf("the guest was quicker: %v", err)
				came <- err
			case <-time.After(enough):
			}
			return tx.RevokeUser(u.ID)
		})
		if err := <-came; guestlist.CodeOf(err) != "user.suspended" {
			d.Errorf("the suspended guest: %v", err)
		}
		d.view(func(tx *store.Tx) error {
			now, err := tx.User(u.ID)
			if err == nil && !now.IsSuspended {
				d.Errorf("the suspension is gone")
			}
			return err
		})
	})
}
