package signin_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"guestlist"
	"guestlist/internal/invite"
	"guestlist/internal/signin"
	"guestlist/internal/store"
)

// organization writes an organization whose newcomers have a role of its name.
func (d *door) organization(id guestlist.OrganizationID) {
	d.Helper()
	d.update(func(tx *store.Tx) error {
		role := guestlist.OrganizationRoleID("role-" + id)
		return errors.Join(
			tx.InsertOrganization(guestlist.Organization{ID: id, Name: string(id), CreatedAt: tx.Now}),
			tx.InsertOrganizationRole(guestlist.OrganizationRole{ID: role, Name: string(role), Type: guestlist.RoleUser}),
			tx.AddJITRoles(id, role),
		)
	})
}

// memberships returns "organization:role" of a user, in order; a membership
// without a role is "organization:".
func (d *door) memberships(user guestlist.UserID) []string {
	d.Helper()
	list := []string{}
	d.view(func(tx *store.Tx) error {
		organizations, err := tx.OrganizationsOfUser(user)
		if err != nil {
			return err
		}
		for _, o := range organizations {
			roles, _, err := tx.RolesOfMember(o.ID, user, store.Page{})
			if err != nil {
				return err
			}
			if len(roles) == 0 {
				list = append(list, string(o.ID)+":")
			}
			for _, r := range roles {
				list = append(list, string(o.ID)+":"+r.Name)
			}
		}
		return nil
	})
	return list
}

func (d *door) tokenInto(address string, organizations ...string) string {
	d.Helper()
	var t guestlist.OneTimeToken
	d.update(func(tx *store.Tx) error {
		var err error
		t, err = invite.Issue(tx, invite.Order{Email: address, Context: guestlist.OneTimeTokenContext{JITOrganizationIDs: organizations}})
		return err
	})
	return t.Token
}

// told returns which organizations events say that somebody joined.
func (d *door) told() []string {
	d.Helper()
	list := []string{}
	d.update(func(tx *store.Tx) error {
		events, err := tx.TakeEvents(100)
		for _, e := range events {
			if e.Key != guestlist.EventOrganizationMembershipUpdated {
				continue
			}
			var body struct {
				OrganizationID string
				AddedUserIDs   []string
				SessionID      string
			}
			if err := json.Unmarshal(e.Payload, &body); err != nil || len(body.AddedUserIDs) != 1 || body.SessionID == "" {
				d.Errorf("event %s: %v", e.Payload, err)
			}
			list = append(list, body.OrganizationID)
		}
		return err
	})
	slices.Sort(list)
	return list
}

func (d *door) expect(what string, got, want []string) {
	d.Helper()
	if !slices.Equal(got, want) {
		d.Errorf("%s: %v, want %v", what, got, want)
	}
}

// TestLinkLeadsIntoOrganizations: new people at once, those who are known when
// they sign in; members stay as they are, and what is gone is nobody's failure.
func TestLinkLeadsIntoOrganizations(t *testing.T) {
	eachDoor(t, func(d *door) {
		d.mode(guestlist.ModeSignIn)
		d.organization("club")
		d.organization("team")
		if _, err := d.byToken(invited, d.tokenInto(invited, "club", "gone")); err != nil {
			d.Fatal(err)
		}
		guest := d.find(guestlist.IdentifierEmail, invited).ID
		d.expect("a new user", d.memberships(guest), []string{"club:role-club"})
		d.expect("events", d.told(), []string{"club"})
		d.update(func(tx *store.Tx) error { return tx.SetOrganizationRoles("club", guest) })
		if _, err := d.byToken(invited, d.tokenInto(invited, "club", "team")); err != nil {
			d.Fatal(err)
		}
		d.expect("a known user", d.memberships(guest), []string{"club:", "team:role-team"})
		d.expect("events", d.told(), []string{"team"})
	})
}

// TestLinkOfSomebodyElseLeadsNowhere: a token that is held but had no part in
// the sign-in gives nothing.
func TestLinkOfSomebodyElseLeadsNowhere(t *testing.T) {
	eachDoor(t, func(d *door) {
		d.organization("club")
		ada := d.person(guestlist.User{Username: text("ada")}, goodPassword)
		uid := d.begin(guestlist.EventSignIn)
		d.ok(uid, signin.VerifyOneTimeToken{Email: invited, Token: d.tokenInto(invited, "club")})
		d.ok(uid, signin.VerifyPassword{Identifier: username("ada"), Password: goodPassword}, signin.Identify{Latest: true}, signin.Finish{})
		d.expect("who came by a password", d.memberships(ada.ID), []string{})
	})
}

// TestAddressLeadsIntoItsOrganizations: only when it is new here, and proved.
func TestAddressLeadsIntoItsOrganizations(t *testing.T) {
	eachDoor(t, func(d *door) {
		d.mode(guestlist.ModeSignIn)
		d.organization("club")
		d.organization("team")
		d.update(func(tx *store.Tx) error {
			return errors.Join(tx.AddJITDomain("club", "Work.example"), tx.AddJITDomain("team", "other.example"))
		})
		if _, err := d.byToken("new@WORK.example", d.token("new@work.example")); err != nil {
			d.Fatal(err)
		}
		d.expect("a new address", d.memberships(d.find(guestlist.IdentifierEmail, "new@work.example").ID), []string{"club:role-club"})
		d.expect("events", d.told(), []string{"club"})
		old := d.person(guestlist.User{PrimaryEmail: text("old@work.example")}, "")
		if _, err := d.byToken("old@work.example", d.token("old@work.example")); err != nil {
			d.Fatal(err)
		}
		d.expect("an address that was known", d.memberships(old.ID), []string{})
	})
}

// TestEmployerLeadsIntoItsOrganizations: whoever comes by an enterprise
// connector for the first time, and nobody who left since.
func TestEmployerLeadsIntoItsOrganizations(t *testing.T) {
	eachOutside(t, func(o *outsiders) {
		o.organization("club")
		o.update(func(tx *store.Tx) error { return tx.AddJITConnectors("club", corp) })
		enter := func(event guestlist.InteractionEvent) guestlist.UserID {
			uid := o.begin(event)
			if err := o.enters(uid, corp, worker("w@corp.example"), true); err != nil {
				o.Fatal(err)
			}
			o.signsIn(uid)
			return o.holder(corp, o.of(corp).issuer, worker("w@corp.example").Subject)
		}
		id := enter(guestlist.EventRegister)
		o.expect("the first time", o.memberships(id), []string{"club:role-club"})
		o.expect("events", o.told(), []string{"club"})
		o.update(func(tx *store.Tx) error { return tx.LeaveOrganization("club", id) })
		enter(guestlist.EventSignIn)
		o.expect("the second time", o.memberships(id), []string{})
	})
}
