package signin_test

import (
	"slices"
	"strings"
	"testing"

	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/store"
)

// notices lists the notices that were left, as recipient and type.
func (d *door) notices() []string {
	d.Helper()
	var list []string
	d.view(func(tx *store.Tx) error {
		rows, _, err := tx.Messages(false, store.Page{Limit: 100}, 0)
		for _, m := range rows {
			if m.Type.IsNotice() {
				list = append(list, m.Recipient+" "+string(m.Type))
			}
		}
		return err
	})
	slices.Sort(list)
	return list
}

func (d *door) hears(want ...string) {
	d.Helper()
	if got := d.notices(); !slices.Equal(got, want) {
		d.Errorf("told %s, want %s", strings.Join(got, ", "), strings.Join(want, ", "))
	}
}

// TestOwnersAreToldOfChanges: whoever takes an account over is not the only one
// who hears of it.
func TestOwnersAreToldOfChanges(t *testing.T) {
	eachDoor(t, func(d *door) {
		now := guestlist.TimeOf(d.clock.Now())
		u := d.person(guestlist.User{PrimaryEmail: text("ada@example.com"), EmailVerifiedAt: &now, LastSignInAt: &now}, goodPassword)
		d.wants(d.sit(u), signin.ChangePassword{Password: "Another-9-long-one"}, "")
		d.hears() // nothing can be sent
		d.update(func(tx *store.Tx) error {
			return tx.InsertConnector(guestlist.ConnectorEmail, guestlist.Connector{ID: sender, FactoryID: "mail", CreatedAt: tx.Now})
		})
		d.wants(d.sit(u), signin.ChangePassword{Password: "Yet-another-9-one"}, "")
		d.hears("ada@example.com PasswordChanged")

		cookie := d.sit(u)
		d.wants(cookie, signin.SendAddressCode{Identifier: email("new@example.com")}, "")
		d.wants(cookie, signin.VerifyAddress{Identifier: email("new@example.com"), Code: d.delivered("new@example.com")}, "")
		d.hears("ada@example.com EmailChanged", "ada@example.com PasswordChanged")

		uid := d.begin(guestlist.EventForgotPassword)
		d.ok(uid, signin.SendCode{Identifier: email("new@example.com")})
		d.ok(uid, signin.VerifyCode{Identifier: email("new@example.com"), Code: d.delivered("new@example.com")}, signin.Identify{Latest: true},
			signin.SetNewPassword{Password: "The-third-7-one"}, signin.Finish{})
		d.hears("ada@example.com EmailChanged", "ada@example.com PasswordChanged", "new@example.com PasswordChanged")
	})
}

// TestNobodyIsToldOfAnAccountThatNobodyUsed: a guest who chooses a first password
// did that, and nothing was taken over.
func TestNobodyIsToldOfAnAccountThatNobodyUsed(t *testing.T) {
	d := liteDoor(t)
	d.update(func(tx *store.Tx) error {
		return tx.InsertConnector(guestlist.ConnectorEmail, guestlist.Connector{ID: sender, FactoryID: "mail", CreatedAt: tx.Now})
	})
	now := guestlist.TimeOf(d.clock.Now())
	u := d.person(guestlist.User{PrimaryEmail: text("ada@example.com"), EmailVerifiedAt: &now}, "")
	d.wants(d.sit(u), signin.ChangePassword{Password: goodPassword}, "")
	d.hears()
}
