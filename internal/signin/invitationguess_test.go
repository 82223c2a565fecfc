package signin_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/store"
)

// Whoever has a link that others may have seen does not find out by guesses whose
// it is, neither at our page nor by the API.
func TestNobodyGuessesWhoseALinkIs(t *testing.T) {
	d := liteDoor(t)
	i := d.issue(copied)
	uid := d.begin(guestlist.EventSignIn)
	for range 10 {
		d.refused(uid, signin.VerifyOneTimeToken{Token: i.code, Email: stranger}, "one_time_token.email_mismatch")
	}
	for _, address := range []string{stranger, invited} {
		d.refused(uid, signin.VerifyOneTimeToken{Token: i.code, Email: address}, "session.verification_blocked_too_many_attempts")
		d.refused(uid, signin.VerifyOneTimeToken{Token: i.code, Typed: address, Hosted: true}, "session.verification_blocked_too_many_attempts")
	}
	if err := d.from("198.51.100.1", uid, signin.VerifyOneTimeToken{Token: i.code, Email: invited}); !errors.Is(err, guestlist.ErrInvitationNeedsProof) {
		t.Errorf("its recipient, from elsewhere: %v", err)
	}
}

// Guests choose what they are called: what a mail program would make a link of
// does not come into the mail to who invited them.
func TestNamesOfGuestsLeadInvitersNowhere(t *testing.T) {
	d := liteDoor(t)
	d.settings(func(e *guestlist.SignInExperience) { e.OneTimeTokenConfirmation = guestlist.ConfirmNever })
	d.person(guestlist.User{Username: text("grace"), PrimaryEmail: text(invited), Name: text("Pay at www.evil.example")}, "")
	address := "host@example.com"
	d.update(func(tx *store.Tx) error {
		return errors.Join(
			tx.InsertUser(guestlist.User{ID: "host", PrimaryEmail: &address, CreatedAt: tx.Now, UpdatedAt: tx.Now}, nil),
			tx.InsertConnector(guestlist.ConnectorEmail, guestlist.Connector{ID: "mail", FactoryID: "http-email", Config: guestlist.JSONObject("{}")}),
		)
	})
	i := d.issue(func(i *guestlist.Invitation) {
		i.Inviter = guestlist.Inviter{Type: guestlist.InviterUser, ID: "host", Authority: guestlist.AuthorityNamed}
	})
	uid := d.begin(guestlist.EventSignIn)
	d.ok(uid, take(i))
	if err := d.goesOn(uid, ""); err != nil {
		t.Fatal(err)
	}
	told := ""
	d.update(func(tx *store.Tx) error {
		jobs, err := tx.ClaimJobs(guestlist.JobSendMessage+"/email", tx.Now.Add(time.Hour), 100)
		for _, j := range jobs {
			told += string(j.Payload)
		}
		return err
	})
	if !strings.Contains(told, address) || strings.Contains(told, "evil") {
		t.Errorf("the inviter is told %s", told)
	}
}
