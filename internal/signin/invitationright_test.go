package signin_test

import (
	"errors"
	"testing"

	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/store"
)

// TestInvitersRightIsAskedForAtTheEnd: whatever takes the inviter's right away
// while the guest fills in a form ends the invitation: nothing is given, and no account is made.
func TestInvitersRightIsAskedForAtTheEnd(t *testing.T) {
	host, referral := guestlist.AuthorityHost, guestlist.AuthorityReferral
	for what, c := range map[string]struct {
		by   guestlist.InviterAuthority
		take func(*store.Tx) error
	}{
		"suspended": {host, func(tx *store.Tx) error {
			u, err := tx.User("host")
			u.IsSuspended = true
			return errors.Join(err, tx.UpdateUser(u))
		}},
		"deleted":                  {host, func(tx *store.Tx) error { return tx.DeleteUser("host") }},
		"without the scope":        {host, func(tx *store.Tx) error { return tx.RemoveUserRole("host", store.InviterRoleID) }},
		"narrow, without any":      {guestlist.AuthorityNarrow, func(tx *store.Tx) error { return tx.RemoveUserRole("host", store.InviterRoleID) }},
		"without the role":         {referral, func(tx *store.Tx) error { return tx.RemoveUserRole("host", "giver") }},
		"without a quota":          {referral, func(tx *store.Tx) error { return tx.SetInvitationQuota("giver", 0) }},
		"out of the organization":  {guestlist.AuthorityMember, func(tx *store.Tx) error { return tx.LeaveOrganization("team", "host") }},
		"an application that went": {"", func(tx *store.Tx) error { return tx.DeleteApplication("crm") }},
	} {
		d := liteDoor(t)
		d.mode(guestlist.ModeSignIn)
		d.update(func(tx *store.Tx) error {
			err := errors.Join(tx.InsertUser(guestlist.User{ID: "host"}, nil), tx.AddUserRole("host", store.InviterRoleID),
				tx.InsertRole(guestlist.Role{ID: "giver", Name: "giver", Type: guestlist.RoleUser}), tx.SetInvitationQuota("giver", 1),
				tx.AddUserRole("host", "giver"), tx.InsertOrganization(guestlist.Organization{ID: "team", Name: "Team"}),
				tx.InsertApplication(guestlist.Application{ID: "crm", Name: "crm", Type: guestlist.ApplicationMachine}),
				tx.AddApplicationRole("crm", store.ManagementRoleID))
			if err == nil {
				_, err = tx.JoinOrganization("team", "host")
			}
			return err
		})
		i := d.issue(func(i *guestlist.Invitation) {
			i.Inviter = guestlist.Inviter{Type: guestlist.InviterUser, ID: "host", Authority: c.by}
			if c.by == "" {
				i.Inviter = guestlist.Inviter{Type: guestlist.InviterApplication, ID: "crm", Authority: host}
			}
			i.Grants.Organizations = []guestlist.InvitationOrganization{{ID: "team"}}
		})
		uid := d.begin(guestlist.EventSignIn)
		d.ok(uid, signin.VerifyOneTimeToken{Token: i.code, Hosted: true, Typed: invited},
			signin.ChangeEvent{Event: guestlist.EventRegister}, signin.Identify{Latest: true})
		d.update(c.take)
		_, err := d.submit(uid, signin.Finish{})
		if guestlist.CodeOf(err) != "invitation.inviter_gone" || d.find(guestlist.IdentifierEmail, invited) != nil || d.now(i).Taken != 0 {
			t.Errorf("%s: %v", what, err)
		}
	}
}
