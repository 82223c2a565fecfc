package signin_test

import (
	"testing"

	"guestlist"
	"guestlist/internal/signin"
)

// TestLookalikeDomain: a letter that folds to one of ASCII does not make the
// mailbox of somebody else, at a domain of their own, the user's.
func TestLookalikeDomain(t *testing.T) {
	eachDoor(t, func(d *door) {
		d.person(guestlist.User{PrimaryEmail: text("mike@site.example")}, goodPassword)
		const thief = "mike@s\u0130te.example"
		for _, event := range []guestlist.InteractionEvent{guestlist.EventSignIn, guestlist.EventForgotPassword} {
			uid := d.begin(event)
			d.ok(uid, signin.SendCode{Identifier: email(thief)})
			if code := d.delivered(thief); code != "" {
				d.ok(uid, signin.VerifyCode{Identifier: email(thief), Code: code})
				d.refused(uid, signin.Identify{Latest: true}, "user.user_not_exist")
			} else if event == guestlist.EventSignIn {
				d.Error("no code for a stranger while the door is open")
			}
		}
	})
}
