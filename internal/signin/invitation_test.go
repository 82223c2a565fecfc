package signin_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/invite"
	"guestlist/internal/signin"
	"guestlist/internal/store"
)

// issued is an invitation with the code of its link.
type issued struct {
	guestlist.Invitation
	code string
}

// issue writes an invitation; change may make it another one than a personal one
// for the invited, whose link only a mail carries.
func (d *door) issue(change ...func(*guestlist.Invitation)) issued {
	d.Helper()
	now := guestlist.TimeOf(d.clock.Now())
	i := guestlist.Invitation{
		ID: guestlist.InvitationID(crypt.OrderedID(now)), Kind: guestlist.InvitationPersonal, RecipientEmail: invited,
		Inviter: guestlist.Inviter{Type: guestlist.InviterSystem, Authority: guestlist.AuthorityHost}, Seats: 1,
		Delivery: guestlist.InvitationSent, CreatedAt: now, ExpiresAt: now.Add(guestlist.DefaultInvitationTTL),
	}
	i.Binding, i.Landing, i.TTL = guestlist.BindExact, guestlist.LandingHosted, int(guestlist.DefaultInvitationTTL/time.Second)
	for _, c := range change {
		c(&i)
	}
	var out issued
	d.update(func(tx *store.Tx) error {
		if err := tx.InsertInvitation(i, ""); err != nil {
			return err
		}
		var err error
		out.Invitation, err = tx.Invitation(i.ID)
		out.code = string(tx.InvitationCode(out.Invitation))
		return err
	})
	return out
}

func copied(i *guestlist.Invitation) { i.Copied = true }
func strict(i *guestlist.Invitation) { i.Strict = true }
func shared(seats int) func(*guestlist.Invitation) {
	return func(i *guestlist.Invitation) {
		i.Kind, i.RecipientEmail, i.Seats = guestlist.InvitationShared, "", seats
	}
}

func bound(b guestlist.IdentityBinding, domains ...string) func(*guestlist.Invitation) {
	return func(i *guestlist.Invitation) { i.Binding, i.AllowedDomains = b, domains }
}

func by(connectors ...string) func(*guestlist.Invitation) {
	return func(i *guestlist.Invitation) {
		i.Binding, i.AllowedConnectors = guestlist.BindConnector, connectors
	}
}

// now returns an invitation as it is.
func (d *door) now(i issued) guestlist.Invitation {
	d.Helper()
	var now guestlist.Invitation
	d.view(func(tx *store.Tx) error {
		var err error
		now, err = tx.Invitation(i.ID)
		return err
	})
	return now
}

// take takes an invitation up as the hosted page does, after a button.
func take(i issued) signin.VerifyOneTimeToken {
	return signin.VerifyOneTimeToken{Token: i.code, Hosted: true}
}

// goesOn identifies a guest by a record ("" for the latest) as somebody known or
// else as somebody new, and finishes.
func (d *door) goesOn(uid, record string) error {
	d.Helper()
	identify := signin.Identify{VerificationID: record, Latest: record == ""}
	_, err := d.submit(uid, identify)
	if code := guestlist.CodeOf(err); code == "user.user_not_exist" || strings.HasSuffix(code, "identity_not_exist") {
		if _, err = d.submit(uid, signin.ChangeEvent{Event: guestlist.EventRegister}); err == nil {
			_, err = d.submit(uid, identify)
		}
	}
	if err == nil {
		_, err = d.submit(uid, signin.Finish{})
	}
	return err
}

// A guest whose link only their mailbox had comes in by it and a password: what
// the invitation gives is theirs, and the seat is taken.
func TestInvitationLetsANewGuestIn(t *testing.T) {
	eachDoor(t, func(d *door) {
		d.settings(func(e *guestlist.SignInExperience) {
			e.SignInMode, e.SignUp = guestlist.ModeSignIn, guestlist.SignUpSettings{
				Identifiers: []guestlist.IdentifierType{guestlist.IdentifierEmail}, Password: true, Verify: true,
			}
		})
		role := guestlist.Role{ID: "role-of-guests", Name: "guests", Type: guestlist.RoleUser}
		team := guestlist.Organization{ID: "team", Name: "Team"}
		d.update(func(tx *store.Tx) error { return errors.Join(tx.InsertRole(role), tx.InsertOrganization(team)) })
		i := d.issue(func(i *guestlist.Invitation) {
			i.Name = "Grace"
			i.Grants = guestlist.InvitationGrants{
				RoleIDs: []guestlist.RoleID{role.ID, "gone"}, Organizations: []guestlist.InvitationOrganization{{ID: team.ID}},
				CustomData: guestlist.JSONObject(`{"plan":"gold"}`), Profile: &guestlist.Profile{Nickname: "G"},
			}
			i.Own.CustomData = guestlist.JSONObject(`{"seat":7}`)
		})
		uid := d.begin(guestlist.EventSignIn)
		d.ok(uid, take(i))
		if i := d.now(i); i.StartedAt == nil || i.Taken != 0 {
			d.Errorf("taken up, the invitation is %+v", i)
		}
		if err := d.goesOn(uid, ""); guestlist.CodeOf(err) != "user.missing_profile" {
			d.Fatalf("without a password: %v", err)
		}
		d.ok(uid, signin.SetPassword{Password: goodPassword}, signin.Identify{Latest: true}, signin.Finish{})
		u := d.find(guestlist.IdentifierEmail, invited)
		if u == nil || u.EmailVerifiedAt == nil || *u.Name != "Grace" || u.Profile.Nickname != "G" {
			d.Fatalf("the account is %+v", u)
		}
		var data map[string]any
		if err := json.Unmarshal(u.CustomData, &data); err != nil || data["plan"] != "gold" || data["seat"] != 7.0 {
			d.Errorf("custom data %s", u.CustomData)
		}
		d.view(func(tx *store.Tx) error {
			roles, err := tx.RolesOfUser(u.ID)
			if err != nil || !slices.ContainsFunc(roles, func(r guestlist.Role) bool { return r.ID == role.ID }) {
				d.Errorf("roles %+v, %v", roles, err)
			}
			if in, err := tx.IsMember(team.ID, u.ID); err != nil || !in {
				d.Errorf("not in the team: %v", err)
			}
			r, err := tx.Redemption(i.ID, u.ID)
			if err != nil || !r.IsNew || r.Identity != invited {
				d.Errorf("the seat is %+v, %v", r, err)
			}
			return nil
		})
		if now := d.now(i); now.Status != guestlist.InvitationAccepted || now.Taken != 1 || *now.AcceptedBy != u.ID {
			d.Errorf("the invitation is %+v", now)
		}
		d.toldOf(i, guestlist.EventInvitationAccepted, guestlist.EventPostRegister, guestlist.EventUserCreated,
			guestlist.EventOrganizationMembershipUpdated)
		if res, err := d.desk.Resume(context.Background(), uid, "", here); err != nil || res.InvitationID != i.ID || res.OneTimeToken != "" {
			d.Errorf("Resume: %+v, %v", res, err)
		}
		d.refused(d.begin(guestlist.EventSignIn), take(i), "invitation.accepted")
		d.toldOf(i, guestlist.EventInvitationRedemptionRefused)
	})
}

// toldOf takes the events that wait and wants these, each with the invitation's
// id.
func (d *door) toldOf(i issued, want ...string) {
	d.Helper()
	var got []string
	d.update(func(tx *store.Tx) error {
		list, err := tx.TakeEvents(100)
		for _, e := range list {
			got = append(got, e.Key)
			if !strings.Contains(string(e.Payload), `"invitationId":"`+string(i.ID)+`"`) {
				d.Errorf("%s does not name the invitation: %s", e.Key, e.Payload)
			}
			if strings.Contains(string(e.Payload), i.code[guestlist.IDLength:]) {
				d.Errorf("%s holds the secret", e.Key)
			}
		}
		return err
	})
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		d.Errorf("events %v, want %v", got, want)
	}
}

// Who has an account and proved its address before comes in by a fresh code: the
// link of days is no password. Who never proved it comes in by the link, which
// takes away what was put on the account before.
func TestInvitationOfAnExistingUser(t *testing.T) {
	eachDoor(t, func(d *door) {
		d.mode(guestlist.ModeSignIn)
		grants := func(i *guestlist.Invitation) { i.Grants.CustomData = guestlist.JSONObject(`{"plan":"gold"}`) }
		u := d.person(guestlist.User{PrimaryEmail: text(invited)}, "")
		d.update(func(tx *store.Tx) error {
			digest := &guestlist.PasswordDigest{Digest: "x", Algorithm: "Argon2i", Own: true}
			return tx.SetPassword(u.ID, digest) // by whoever held the account
		})
		i := d.issue(grants)
		uid := d.begin(guestlist.EventSignIn)
		d.ok(uid, take(i), signin.Identify{Latest: true})
		d.refused(uid, signin.Finish{}, "one_time_token.confirmation_required")
		d.ok(uid, signin.VerifyOneTimeToken{Token: i.code, Hosted: true, Typed: "INVITED@example.com"}, signin.Identify{Latest: true}, signin.Finish{})
		now := d.find(guestlist.IdentifierEmail, invited)
		if now.HasPassword || now.EmailVerifiedAt == nil || !strings.Contains(string(now.CustomData), "gold") {
			d.Errorf("the account is %+v", now)
		}

		second := d.issue(grants)
		uid = d.begin(guestlist.EventSignIn)
		d.ok(uid, take(second))
		d.refused(uid, signin.Identify{Latest: true}, "invitation.needs_proof")
		d.proveByCode(uid, invited)
		d.ok(uid, signin.Identify{Latest: true}, signin.Finish{})
		if got := d.now(second); got.Status != guestlist.InvitationAccepted {
			d.Errorf("the second invitation is %s", got.Status)
		}

		d.update(func(tx *store.Tx) error {
			u, err := tx.User(now.ID)
			if err != nil {
				return err
			}
			u.IsSuspended = true
			return tx.UpdateUser(u)
		})
		third := d.issue()
		uid = d.begin(guestlist.EventSignIn)
		d.ok(uid, take(third))
		d.proveByCode(uid, invited)
		d.refused(uid, signin.Identify{Latest: true}, "user.suspended")
		if got := d.now(third); got.Taken != 0 {
			d.Error("a suspended user took the seat")
		}
	})
}

// What happens to an invitation while its guest fills in a form counts.
func TestInvitationIsLookedAtAnewAtTheEnd(t *testing.T) {
	host := func(d *door) guestlist.User { return d.person(guestlist.User{Username: text(crypt.ID())}, "") }
	for code, c := range map[string]struct {
		with   func(d *door, i *guestlist.Invitation)
		change func(tx *store.Tx, d *door, i issued) error
	}{
		"invitation.revoked": {nil, func(tx *store.Tx, _ *door, i issued) error {
			_, err := tx.RevokeInvitation(i.ID, "")
			return err
		}},
		"invitation.declined": {nil, func(tx *store.Tx, _ *door, i issued) error {
			_, err := tx.DeclineInvitation(i.ID)
			return err
		}},
		"invitation.not_found": {nil, func(tx *store.Tx, _ *door, i issued) error {
			_, err := tx.RotateInvitation(i.ID, store.Rotation{ExpiresAt: tx.Now.Add(time.Hour)})
			return err
		}},
		"invitation.needs_proof": {nil, func(tx *store.Tx, _ *door, i issued) error {
			i.Strict = true
			_, err := tx.UpdateInvitation(i.Invitation)
			return err
		}},
		"invitation.inviter_gone": {
			func(d *door, i *guestlist.Invitation) {
				i.Inviter = guestlist.Inviter{Type: guestlist.InviterUser, ID: string(host(d).ID), Authority: guestlist.AuthorityNamed}
			},
			func(tx *store.Tx, _ *door, i issued) error {
				u, err := tx.User(guestlist.UserID(i.Inviter.ID))
				if err != nil {
					return err
				}
				u.IsSuspended = true
				return tx.UpdateUser(u)
			},
		},
		"invitation.organization_gone": {
			func(d *door, i *guestlist.Invitation) {
				d.update(func(tx *store.Tx) error {
					return tx.InsertOrganization(guestlist.Organization{ID: "team", Name: "Team"})
				})
				i.Grants.Organizations = []guestlist.InvitationOrganization{{ID: "team"}}
			},
			func(tx *store.Tx, _ *door, _ issued) error { return tx.DeleteOrganization("team") },
		},
	} {
		t.Run(code, func(t *testing.T) {
			eachDoor(t, func(d *door) {
				for _, mode := range []guestlist.SignInMode{guestlist.ModeSignIn, guestlist.ModeSignInAndRegister} {
					d.mode(mode)
					i := d.issue(func(i *guestlist.Invitation) {
						if c.with != nil {
							c.with(d, i)
						}
					})
					uid := d.begin(guestlist.EventSignIn)
					d.ok(uid, signin.VerifyOneTimeToken{Token: i.code, Hosted: true, Typed: invited},
						signin.ChangeEvent{Event: guestlist.EventRegister}, signin.Identify{Latest: true})
					d.update(func(tx *store.Tx) error { return c.change(tx, d, i) })
					_, err := d.submit(uid, signin.Finish{})
					if got := guestlist.CodeOf(err); got != code && (got != "auth.forbidden" || code != "invitation.not_found") {
						d.Errorf("%s: %v", mode, err)
					}
					if d.find(guestlist.IdentifierEmail, invited) != nil || d.now(i).Taken != 0 {
						d.Errorf("%s: the guest is in", mode)
					}
					d.update(func(tx *store.Tx) error { _, err := tx.RevokeInvitation(i.ID, ""); return err })
				}
			})
		})
	}
}

// An invitation whose time is up while its guest fills in a form is over: days
// were there.
func TestInvitationExpiresInTheForm(t *testing.T) {
	d := liteDoor(t)
	d.mode(guestlist.ModeSignIn)
	i := d.issue(func(i *guestlist.Invitation) { i.ExpiresAt = i.CreatedAt.Add(time.Minute) })
	uid := d.begin(guestlist.EventSignIn)
	d.ok(uid, take(i), signin.ChangeEvent{Event: guestlist.EventRegister}, signin.Identify{Latest: true})
	d.clock.Advance(2 * time.Minute)
	d.refused(uid, signin.Finish{}, "invitation.expired")
}

// An invitation recovers no password, and pressing buttons accepts none.
func TestInvitationIsForAcceptingAlone(t *testing.T) {
	d := liteDoor(t)
	d.mode(guestlist.ModeSignIn)
	d.person(guestlist.User{PrimaryEmail: text(invited)}, goodPassword)
	i := d.issue()
	d.refused(d.begin(guestlist.EventForgotPassword), take(i), "one_time_token.interaction_event_mismatch")
	uid := d.begin(guestlist.EventSignIn)
	d.ok(uid, take(i), signin.Identify{Latest: true})
	d.refused(uid, signin.Finish{}, "one_time_token.confirmation_required")
	d.refused(uid, signin.VerifyOneTimeToken{Token: i.code, Hosted: true, Typed: "who@example.com"}, "one_time_token.email_mismatch")
	d.update(func(tx *store.Tx) error {
		if _, err := invite.Verify(tx, i.code, invited); guestlist.CodeOf(err) != "one_time_token.token_not_found" {
			d.Errorf("the code serves as a one-time token: %v", err)
		}
		return nil
	})
}

// What an invitation asks for is asked, whatever the settings ask.
func TestInvitationAsksForItsSteps(t *testing.T) {
	d := liteDoor(t)
	d.mode(guestlist.ModeSignIn)
	i := d.issue(func(i *guestlist.Invitation) {
		i.RequiredSteps = []guestlist.InvitationStep{guestlist.StepPassword, guestlist.StepTerms}
	})
	uid := d.begin(guestlist.EventSignIn)
	d.ok(uid, take(i), signin.ChangeEvent{Event: guestlist.EventRegister})
	d.refused(uid, signin.Identify{Latest: true}, "user.missing_profile")
	d.ok(uid, signin.SetPassword{Password: goodPassword}, signin.Identify{Latest: true})
	d.refused(uid, signin.Finish{}, "invitation.needs_terms")
	agreed := take(i)
	agreed.Agreed = true
	d.ok(uid, agreed, signin.Finish{})
}

// Who is signed in accepts by a click: what is given is added, and nothing else
// happens to the account. Somebody else is told that it is not for them.
func TestSignedInUserAccepts(t *testing.T) {
	eachDoor(t, func(d *door) {
		ctx := context.Background()
		grace := d.person(guestlist.User{Username: text("grace"), PrimaryEmail: text(invited)}, goodPassword)
		eve := d.person(guestlist.User{Username: text("eve"), PrimaryEmail: text(stranger)}, goodPassword)
		d.update(func(tx *store.Tx) error {
			for _, id := range []guestlist.UserID{grace.ID, eve.ID} {
				u, err := tx.User(id)
				if err != nil {
					return err
				}
				u.EmailVerifiedAt = &tx.Now
				if err := tx.UpdateUser(u); err != nil {
					return err
				}
			}
			return nil
		})
		asGrace, _ := d.enter("grace")
		asEve, _ := d.enter("eve")
		d.events()
		request := guestlist.AuthRequest{ClientID: "app", Scopes: []string{"openid"}}
		i := d.issue(copied, func(i *guestlist.Invitation) { i.Grants.CustomData = guestlist.JSONObject(`{"plan":"gold"}`) })

		uid := d.beginConsent(request, i.code, nil)
		if to := d.consent(uid, asEve, signin.Ask).Redirect; to != "switch-account" {
			d.Errorf("somebody else is led to %q", to)
		}
		if err := d.desk.AcceptInvitation(ctx, uid, asEve, signin.Answer{As: stranger}, here); !errors.Is(err, guestlist.ErrWrongIdentity) {
			d.Errorf("somebody else: %v", err)
		}
		d.toldOf(i, guestlist.EventInvitationRedemptionRefused)
		if to := d.consent(uid, asGrace, signin.Ask).Redirect; to != "invitation" {
			d.Errorf("the recipient is led to %q", to)
		}
		v, err := d.desk.ViewInvitation(ctx, uid, i.code, asGrace)
		if err != nil || v.Account == nil || v.Account.ID != grace.ID || v.ConfirmAs != "" {
			d.Errorf("the page sees %+v, %v", v, err)
		}
		if err := d.desk.AcceptInvitation(ctx, uid, asGrace, signin.Answer{}, here); err != nil {
			d.Fatal(err)
		}
		d.toldOf(i, guestlist.EventInvitationAccepted, guestlist.EventUserDataUpdated)
		u := d.find(guestlist.IdentifierUsername, "grace")
		if !u.HasPassword || !strings.Contains(string(u.CustomData), "gold") {
			d.Errorf("the account is %+v", u)
		}
		if to := d.consent(uid, asGrace, signin.Ask).Redirect; !strings.Contains(to, "/oidc/auth/") {
			d.Errorf("afterwards the interaction leads to %q", to)
		}
		again := d.beginConsent(request, i.code, nil)
		if to := d.consent(again, asGrace, signin.Ask).Redirect; !strings.Contains(to, "/oidc/auth/") {
			d.Errorf("the link once more leads to %q", to)
		}

		anybody := d.issue(bound(guestlist.BindAny))
		uid = d.beginConsent(request, anybody.code, nil)
		if v, err := d.desk.ViewInvitation(ctx, uid, anybody.code, asEve); err != nil || v.Account == nil || v.ConfirmAs != stranger {
			d.Errorf("any_confirmed: %+v, %v", v, err)
		}
		if err := d.desk.AcceptInvitation(ctx, uid, asEve, signin.Answer{}, here); !errors.Is(err, guestlist.ErrInvitationConfirm) {
			d.Errorf("without their word: %v", err)
		}
		if err := d.desk.AcceptInvitation(ctx, uid, asEve, signin.Answer{As: "mallory@example.com"}, here); !errors.Is(err, guestlist.ErrInvitationConfirm) {
			d.Errorf("by the word of somebody else, who was signed in before: %v", err)
		}
		if err := d.desk.AcceptInvitation(ctx, uid, asEve, signin.Answer{As: stranger}, here); err != nil {
			d.Errorf("with their word: %v", err)
		}
	})
}

// The recipient declines by typing the address; machines that press buttons do
// not.
func TestDecline(t *testing.T) {
	d := liteDoor(t)
	ctx := context.Background()
	i := d.issue(copied)
	for range 3 {
		if err := d.desk.DeclineInvitation(ctx, i.code, "", here); err == nil {
			t.Error("declined without an address")
		}
		if err := d.desk.DeclineInvitation(ctx, i.code, stranger, here); guestlist.CodeOf(err) != "one_time_token.email_mismatch" {
			t.Errorf("by somebody else: %v", err)
		}
	}
	if err := d.desk.DeclineInvitation(ctx, i.code, "INVITED@example.com", here); err != nil {
		t.Fatal(err)
	}
	d.toldOf(i, guestlist.EventInvitationDeclined)
	d.refused(d.begin(guestlist.EventSignIn), take(i), "invitation.declined")
	if s := d.issue(shared(2)); d.desk.DeclineInvitation(ctx, s.code, invited, here) == nil {
		t.Error("a shared invitation was declined")
	}
}

// Guessing the codes that people type is stopped, in one network and in all.
func TestTypedCodes(t *testing.T) {
	d := liteDoor(t)
	ctx := context.Background()
	var i issued
	d.update(func(tx *store.Tx) error {
		i.Invitation = guestlist.Invitation{
			ID: guestlist.InvitationID(crypt.OrderedID(tx.Now)), Kind: guestlist.InvitationShared, Seats: 2,
			Inviter:   guestlist.Inviter{Type: guestlist.InviterSystem, Authority: guestlist.AuthorityHost},
			CreatedAt: tx.Now, ExpiresAt: tx.Now.Add(time.Hour),
		}
		i.Binding = guestlist.BindExact
		return tx.InsertInvitation(i.Invitation, "7KQ2-M0XD-4RTB")
	})
	code, got, err := d.desk.TypedInvitation(ctx, " 7kq2 moxd 4rtb ", here)
	if err != nil || got.ID != i.ID || !invite.IsCode(code) {
		t.Fatalf("%q, %v", code, err)
	}
	for range 20 {
		if _, _, err := d.desk.TypedInvitation(ctx, "0000-0000-0000", here); guestlist.CodeOf(err) != "invitation.not_found" {
			t.Fatal(err)
		}
	}
	if _, _, err := d.desk.TypedInvitation(ctx, "7KQ2-M0XD-4RTB", here); !errors.Is(err, invite.ErrTooManyCodes) {
		t.Errorf("after twenty misses: %v", err)
	}
	if _, _, err := d.desk.TypedInvitation(ctx, "7KQ2-M0XD-4RTB", signin.Caller{IP: "198.51.100.1"}); err != nil {
		t.Errorf("from another network: %v", err)
	}
	d.clock.Advance(61 * time.Minute)
	if _, _, err := d.desk.TypedInvitation(ctx, "7KQ2-M0XD-4RTB", here); guestlist.CodeOf(err) != "invitation.expired" {
		t.Errorf("later: %v", err)
	}
}

// Who invited somebody by name hears that they came: where there is mail, and
// not in the middle of a campaign, which has its own digest.
func TestInvitersHearOfTheirGuests(t *testing.T) {
	eachDoor(t, func(d *door) {
		d.settings(func(e *guestlist.SignInExperience) {
			e.SignInMode, e.OneTimeTokenConfirmation = guestlist.ModeSignIn, guestlist.ConfirmNever
			e.SignUp = guestlist.SignUpSettings{Identifiers: []guestlist.IdentifierType{guestlist.IdentifierEmail}, Verify: true}
		})
		host := guestlist.UserID("host")
		address := "host@example.com"
		d.update(func(tx *store.Tx) error {
			return errors.Join(
				tx.InsertUser(guestlist.User{ID: host, PrimaryEmail: &address, CreatedAt: tx.Now, UpdatedAt: tx.Now}, nil),
				tx.InsertConnector(guestlist.ConnectorEmail, guestlist.Connector{ID: "mail", FactoryID: "http-email", Config: guestlist.JSONObject("{}")}),
			)
		})
		comes := func(change func(*guestlist.Invitation)) int {
			i := d.issue(func(i *guestlist.Invitation) {
				i.Inviter = guestlist.Inviter{Type: guestlist.InviterUser, ID: string(host), Authority: guestlist.AuthorityNamed}
				change(i)
			})
			uid := d.begin(guestlist.EventSignIn)
			d.ok(uid, take(i))
			if err := d.goesOn(uid, ""); err != nil {
				d.Fatal(err)
			}
			n := 0
			d.view(func(tx *store.Tx) error {
				rows, _, err := tx.Messages(false, store.Page{Limit: 100}, 0)
				for _, m := range rows {
					if m.Type == guestlist.TemplateInvitationAccepted && m.Recipient == address {
						n++
					}
				}
				return err
			})
			return n
		}
		if n := comes(func(i *guestlist.Invitation) { i.RecipientEmail = "first@example.com" }); n != 1 {
			d.Errorf("%d mails to the inviter, want 1", n)
		}
		if n := comes(func(i *guestlist.Invitation) { i.RecipientEmail, i.CampaignID = "second@example.com", "spring" }); n != 1 {
			d.Errorf("%d mails after a guest of a campaign, want still 1", n)
		}
	})
}
