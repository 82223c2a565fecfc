package signin_test

import (
	"context"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
)

// eachRace runs act while a transaction that changes the user ada, as the
// management API does, is open and has not committed. It returns what came
// out once both are through.
func eachRace(t *testing.T, change func(*store.Tx, *guestlist.User) error, check func(*door, string, func(act func() error) error)) {
	t.Helper()
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			c := storetest.NewClock(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC))
			o := storetest.Options(t, engine, c.Now)
			st, err := store.Open(context.Background(), o)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { st.Close() })
			d := newDoor(t, st, c)
			ada := d.person(guestlist.User{Username: text("ada")}, goodPassword)
			uid := d.begin(guestlist.EventSignIn)
			proof := d.ok(uid, signin.VerifyPassword{Identifier: username("ada"), Password: goodPassword})
			d.ok(uid, signin.Identify{VerificationID: proof.VerificationID})
			check(d, uid, func(act func() error) error {
				ended := make(chan error, 1)
				d.update(func(tx *store.Tx) error {
					u, err := tx.UserForUpdate(ada.ID)
					if err != nil {
						return err
					}
					if err := change(tx, &u); err != nil {
						return err
					}
					if err := tx.UpdateUser(u); err != nil {
						return err
					}
					go func() { ended <- act() }()
					storetest.AwaitBlocked(t, o.Database)
					return nil
				})
				return <-ended
			})
		})
	}
}

// What an administrator changes while a guest signs in is not written over by
// what the sign-in had read before.
func TestSignInKeepsWhatIsChangedMeanwhile(t *testing.T) {
	rename := func(_ *store.Tx, u *guestlist.User) error { u.Name = text("Countess"); return nil }
	eachRace(t, rename, func(d *door, uid string, during func(func() error) error) {
		if err := during(func() error { _, err := d.submit(uid, signin.Finish{}); return err }); err != nil {
			d.Fatal(err)
		}
		u := d.find(guestlist.IdentifierUsername, "ada")
		if u.Name == nil || *u.Name != "Countess" {
			d.Error("the sign-in wrote over the name")
		}
		if u.ApplicationID == nil || *u.ApplicationID != "app" {
			d.Error("the sign-in noted no application: it wrote nothing, and this test proves nothing")
		}
	})
}

func suspend(tx *store.Tx, u *guestlist.User) error {
	u.IsSuspended = true
	return tx.RevokeUser(u.ID)
}

// A suspension that commits while a guest signs in holds.
func TestSuspensionDuringSignIn(t *testing.T) {
	eachRace(t, suspend, func(d *door, uid string, during func(func() error) error) {
		err := during(func() error { _, err := d.submit(uid, signin.Finish{}); return err })
		if guestlist.CodeOf(err) != "user.suspended" {
			d.Errorf("the sign-in: %v", err)
		}
		if !d.find(guestlist.IdentifierUsername, "ada").IsSuspended {
			d.Error("the sign-in lifted the suspension")
		}
	})
}

// The last moment of a sign-in is the one in which the session begins.
func TestSuspensionDuringResume(t *testing.T) {
	eachRace(t, suspend, func(d *door, uid string, during func(func() error) error) {
		d.ok(uid, signin.Finish{})
		err := during(func() error {
			_, err := d.desk.Resume(context.Background(), uid, "", here)
			return err
		})
		if guestlist.CodeOf(err) != "user.suspended" {
			d.Errorf("the resumption: %v", err)
		}
		d.view(func(tx *store.Tx) error {
			list, err := tx.SessionsOfUser(d.find(guestlist.IdentifierUsername, "ada").ID, store.Page{})
			if len(list) != 0 {
				d.Errorf("%d sessions of somebody suspended", len(list))
			}
			return err
		})
	})
}
