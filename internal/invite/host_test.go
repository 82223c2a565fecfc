package invite_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/invite"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
)

// owner may do everything, and writer issue invitations.
var (
	owner  = invite.Host{Inviter: guestlist.Inviter{Type: guestlist.InviterSystem, Authority: guestlist.AuthorityHost}, Scopes: []string{guestlist.ScopeAll}}
	writer = invite.Host{Inviter: owner.Inviter, Scopes: []string{guestlist.ScopeInvitationsWrite}}
)

func do(t *testing.T, st *store.Store, fn func(*store.Tx) error) {
	t.Helper()
	if err := st.Update(context.Background(), fn); err != nil {
		t.Fatal(err)
	}
}

// guests is a clock and a seeded store on each engine.
func guests(t *testing.T, fn func(t *testing.T, st *store.Store, clock *storetest.Clock)) {
	clock := storetest.NewClock(time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC))
	storetest.EachAt(t, clock.Now, func(t *testing.T, st *store.Store) {
		do(t, st, store.Seed)
		fn(t, st, clock)
	})
}

func TestNobodyGivesAwayTheManagementAPIWithoutHavingItAll(t *testing.T) {
	guests(t, func(t *testing.T, st *store.Store, _ *storetest.Clock) {
		do(t, st, func(tx *store.Tx) error {
			return errors.Join(
				tx.InsertRole(guestlist.Role{ID: "plain", Name: "plain", Type: guestlist.RoleUser}),
				tx.InsertRole(guestlist.Role{ID: "disguised", Name: "disguised", Type: guestlist.RoleUser}),
				tx.AddRoleScope("disguised", store.ManagementScopeID),
				tx.InsertOrganization(guestlist.Organization{ID: "club", Name: "Club"}),
				tx.InsertOrganizationRole(guestlist.OrganizationRole{ID: "member", Name: "member", Type: guestlist.RoleUser}),
				tx.InsertOrganizationRole(guestlist.OrganizationRole{ID: "chair", Name: "chair", Type: guestlist.RoleUser}),
				tx.AddOrganizationRoleResourceScopes("chair", store.ManagementScopeID),
			)
		})
		in := func(roles ...guestlist.OrganizationRoleID) guestlist.InvitationGrants {
			return guestlist.InvitationGrants{Organizations: []guestlist.InvitationOrganization{{ID: "club", RoleIDs: roles}}}
		}
		for name, c := range map[string]struct {
			grants guestlist.InvitationGrants
			writer error
		}{
			"nothing":             {guestlist.InvitationGrants{}, nil},
			"a plain role":        {guestlist.InvitationGrants{RoleIDs: []guestlist.RoleID{"plain"}}, nil},
			"a disguised role":    {guestlist.InvitationGrants{RoleIDs: []guestlist.RoleID{"plain", "disguised"}}, invite.ErrGrantsNotAllowed},
			"that of inviters":    {guestlist.InvitationGrants{RoleIDs: []guestlist.RoleID{store.InviterRoleID}}, invite.ErrGrantsNotAllowed},
			"that of owners":      {guestlist.InvitationGrants{RoleIDs: []guestlist.RoleID{store.AdminRoleID}}, invite.ErrGrantsNotAllowed},
			"a member":            {in("member"), nil},
			"a chair of the club": {in("member", "chair"), invite.ErrGrantsNotAllowed},
		} {
			do(t, st, func(tx *store.Tx) error {
				if err := owner.CheckGrants(tx, c.grants); err != nil {
					t.Errorf("%s by an owner: %v", name, err)
				}
				if err := writer.CheckGrants(tx, c.grants); !errors.Is(err, c.writer) {
					t.Errorf("%s by an inviter: %v, want %v", name, err, c.writer)
				}
				return nil
			})
		}
		// What is gone meanwhile hides nothing that is left.
		do(t, st, func(tx *store.Tx) error {
			g := guestlist.InvitationGrants{RoleIDs: []guestlist.RoleID{"gone", "plain"}, Organizations: []guestlist.InvitationOrganization{{ID: "gone"}}}
			if err := writer.MayGive(tx, g); err != nil {
				t.Error(err)
			}
			if err := writer.CheckGrants(tx, g); guestlist.CodeOf(err) != "invitation.unknown_reference" {
				t.Error(err)
			}
			g.RoleIDs = append(g.RoleIDs, "disguised")
			if err := writer.MayGive(tx, g); !errors.Is(err, invite.ErrGrantsNotAllowed) {
				t.Error(err)
			}
			return nil
		})
		// What an owner put into an invitation, an inviter neither sends on nor changes.
		var id guestlist.InvitationID
		do(t, st, func(tx *store.Tx) error {
			issued, err := owner.IssueInvitation(tx, invite.InvitationOrder{
				Email: "grace@example.com", Send: true,
				Terms: guestlist.InvitationTerms{Grants: guestlist.InvitationGrants{RoleIDs: []guestlist.RoleID{store.AdminRoleID}}},
			})
			id = issued.ID
			return err
		})
		name := "Eve"
		for what, try := range map[string]func(tx *store.Tx) error{
			"link": func(tx *store.Tx) error { _, err := writer.Resend(tx, id, false); return err },
			"mail": func(tx *store.Tx) error { _, err := writer.Resend(tx, id, true); return err },
			"change": func(tx *store.Tx) error {
				_, err := writer.ChangeInvitation(tx, id, invite.InvitationChange{Name: &name})
				return err
			},
		} {
			if err := st.Update(context.Background(), try); !errors.Is(err, invite.ErrGrantsNotAllowed) {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

// TestInvitationsLandWhereTheirApplicationIs, when they are issued and when they
// are mailed; where the application does not stand by the address any more, the
// code stays with us.
func TestInvitationsLandWhereTheirApplicationIs(t *testing.T) {
	guests(t, func(t *testing.T, st *store.Store, _ *storetest.Clock) {
		app := guestlist.Application{ID: "shop", Name: "Shop", Type: guestlist.ApplicationTraditional}
		app.OIDCClientMetadata.RedirectURIs = []string{"https://shop.example/callback", "http://plain.example/callback"}
		do(t, st, func(tx *store.Tx) error { return tx.InsertApplication(app) })
		issue := func(landing guestlist.InvitationLanding, address string) (issued invite.Issued, err error) {
			err = st.Update(t.Context(), func(tx *store.Tx) error {
				issued, err = owner.IssueInvitation(tx, invite.InvitationOrder{Email: "grace@example.com", Send: true, Terms: guestlist.InvitationTerms{
					ApplicationID: "shop", Landing: landing, LandingURL: address,
				}})
				return err
			})
			return issued, err
		}
		for _, address := range []string{"", "https://evil.example/in", "http://plain.example/in", "http://shop.example/in", "https://shop.example@evil.example/", "javascript:alert(1)"} {
			if _, err := issue(guestlist.LandingApplication, address); guestlist.CodeOf(err) != "invitation.invalid_landing" {
				t.Errorf("%q: %v", address, err)
			}
		}
		if _, err := issue(guestlist.LandingHosted, "https://shop.example/in"); guestlist.CodeOf(err) != "invitation.invalid_landing" {
			t.Errorf("an address where none is of use: %v", err)
		}
		pump := &invite.Pump{Store: st, Endpoint: "https://id.example"}
		for home, want := range map[string]string{"https://shop.example/": "https://shop.example/in?", "https://new.example/": "https://id.example/i/"} {
			app.OIDCClientMetadata.RedirectURIs = []string{"https://shop.example/callback"}
			do(t, st, func(tx *store.Tx) error { return tx.UpdateApplication(app) })
			i, err := issue(guestlist.LandingApplication, "https://shop.example/in")
			if err != nil {
				t.Fatal(err)
			}
			app.OIDCClientMetadata.RedirectURIs = []string{home}
			do(t, st, func(tx *store.Tx) error { return tx.UpdateApplication(app) })
			if err := pump.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			do(t, st, func(tx *store.Tx) error {
				jobs, err := tx.ClaimJobs(guestlist.JobSendMessage+"/email/invitations", tx.Now.Add(time.Hour), 100)
				if len(jobs) != 1 || !strings.Contains(string(jobs[0].Payload), `"link":"`+want) {
					t.Errorf("at home at %s: %d mails, not to %s", home, len(jobs), want)
				}
				_, err2 := owner.RevokeInvitation(tx, i.ID, "")
				return errors.Join(err, err2)
			})
		}
	})
}

func TestNobodyInvitesThemselves(t *testing.T) {
	guests(t, func(t *testing.T, st *store.Store, _ *storetest.Clock) {
		email, phone := "Bob@Bücher.example", "14155550132"
		do(t, st, func(tx *store.Tx) error {
			ascii := "bob@xn--bcher-kva.example"
			return tx.InsertUser(guestlist.User{ID: "bob", PrimaryEmail: &ascii, PrimaryPhone: &phone}, nil)
		})
		bob := writer
		bob.Inviter = guestlist.Inviter{Type: guestlist.InviterUser, ID: "bob", Authority: guestlist.AuthorityHost}
		for _, o := range []invite.InvitationOrder{{Email: email}, {Phone: phone}} {
			err := st.Update(context.Background(), func(tx *store.Tx) error { _, err := bob.IssueInvitation(tx, o); return err })
			if guestlist.CodeOf(err) != "invitation.self_invitation" {
				t.Errorf("%+v: %v", o, err)
			}
		}
		do(t, st, func(tx *store.Tx) error {
			_, err := bob.IssueInvitation(tx, invite.InvitationOrder{Email: "alice@example.com"})
			return err
		})
	})
}

func TestInviterWhoLostTheirRightIsGone(t *testing.T) {
	guests(t, func(t *testing.T, st *store.Store, _ *storetest.Clock) {
		do(t, st, func(tx *store.Tx) error {
			return errors.Join(tx.InsertUser(guestlist.User{ID: "bob"}, nil), tx.AddUserRole("bob", store.InviterRoleID),
				tx.InsertApplication(guestlist.Application{ID: "crm", Name: "crm", Type: guestlist.ApplicationMachine}),
				tx.AddApplicationRole("crm", store.ManagementRoleID))
		})
		of := func(kind guestlist.InviterType, id string, authority guestlist.InviterAuthority) error {
			return st.Update(context.Background(), func(tx *store.Tx) error {
				_, err := invite.HostOf(tx, guestlist.Invitation{Inviter: guestlist.Inviter{Type: kind, ID: id, Authority: authority}})
				return err
			})
		}
		const host, referral = guestlist.AuthorityHost, guestlist.AuthorityReferral
		check := func(what string, err, want error) {
			t.Helper()
			if !errors.Is(err, want) {
				t.Errorf("%s: %v", what, err)
			}
		}
		check("an inviter", of(guestlist.InviterUser, "bob", host), nil)
		check("a machine", of(guestlist.InviterApplication, "crm", host), nil)
		check("the program", of(guestlist.InviterSystem, "", host), nil)
		check("nobody", of(guestlist.InviterUser, "nobody", host), guestlist.ErrInviterGone)
		check("no machine", of(guestlist.InviterApplication, "nothing", host), guestlist.ErrInviterGone)
		do(t, st, func(tx *store.Tx) error {
			return errors.Join(tx.RemoveUserRole("bob", store.InviterRoleID), tx.RemoveApplicationRole("crm", store.ManagementRoleID))
		})
		check("without the role", of(guestlist.InviterUser, "bob", host), guestlist.ErrInviterGone)
		check("a machine without it", of(guestlist.InviterApplication, "crm", host), guestlist.ErrInviterGone)
		check("without an invitation to give", of(guestlist.InviterUser, "bob", referral), guestlist.ErrInviterGone)
		do(t, st, func(tx *store.Tx) error {
			return errors.Join(tx.InsertRole(guestlist.Role{ID: "giver", Name: "giver", Type: guestlist.RoleUser}),
				tx.SetInvitationQuota("giver", 1), tx.AddUserRole("bob", "giver"))
		})
		check("by referral", of(guestlist.InviterUser, "bob", referral), nil)
		do(t, st, func(tx *store.Tx) error {
			u, err := tx.User("bob")
			u.IsSuspended = true
			return errors.Join(err, tx.UpdateUser(u))
		})
		check("suspended", of(guestlist.InviterUser, "bob", referral), guestlist.ErrInviterGone)
	})
}

// TestWhatWasIssuedWithLessThanAllRightsGivesNoneOfThem, whatever the inviter
// holds, and whatever becomes of the roles that it gives: acceptance asks for the
// rights of then.
func TestWhatWasIssuedWithLessThanAllRightsGivesNoneOfThem(t *testing.T) {
	guests(t, func(t *testing.T, st *store.Store, _ *storetest.Clock) {
		do(t, st, func(tx *store.Tx) error {
			return errors.Join(tx.InsertUser(guestlist.User{ID: "bob"}, nil), tx.AddUserRole("bob", store.AdminRoleID),
				tx.InsertRole(guestlist.Role{ID: "beta", Name: "beta", Type: guestlist.RoleUser}))
		})
		by := func(authority guestlist.InviterAuthority, email string) (i guestlist.Invitation) {
			h := writer
			h.Inviter = guestlist.Inviter{Type: guestlist.InviterUser, ID: "bob", Authority: authority}
			do(t, st, func(tx *store.Tx) error {
				issued, err := h.IssueInvitation(tx, invite.InvitationOrder{
					Email: email, Terms: guestlist.InvitationTerms{Grants: guestlist.InvitationGrants{RoleIDs: []guestlist.RoleID{"beta"}}},
				})
				i = issued.Invitation
				return err
			})
			return i
		}
		narrow, full, plain := by(guestlist.AuthorityNarrow, "a@example.com"), by(guestlist.AuthorityHost, "b@example.com"), by(guestlist.AuthorityNarrow, "c@example.com")
		if err := accept(t.Context(), st, plain); err != nil {
			t.Errorf("a role that gives no right: %v", err)
		}
		do(t, st, func(tx *store.Tx) error { return tx.AddRoleScope("beta", store.ManagementScopeID) })
		if err := accept(t.Context(), st, narrow); !errors.Is(err, guestlist.ErrInviterGone) {
			t.Errorf("with a narrow token: %v", err)
		}
		if err := accept(t.Context(), st, full); err != nil {
			t.Errorf("with all of them: %v", err)
		}
	})
}

func TestSendingIsBounded(t *testing.T) {
	guests(t, func(t *testing.T, st *store.Store, clock *storetest.Clock) {
		var id guestlist.InvitationID
		do(t, st, func(tx *store.Tx) error {
			issued, err := owner.IssueInvitation(tx, invite.InvitationOrder{Email: "grace@example.com", Send: true})
			id = issued.ID
			if issued.Code != "" || issued.Copied || issued.SendAt == nil || *issued.SendAt != tx.Now || issued.Delivery != guestlist.InvitationQueued {
				t.Errorf("%+v", issued)
			}
			return err
		})
		resend := func() error {
			return st.Update(context.Background(), func(tx *store.Tx) error { _, err := owner.Resend(tx, id, true); return err })
		}
		for range guestlist.MaxInvitationSendsPerDay - 1 {
			if err := resend(); err != nil {
				t.Fatal(err)
			}
		}
		clock.Advance(time.Hour)
		err := resend()
		var refused *guestlist.Error
		if !errors.As(err, &refused) || refused.Code != "invitation.too_many_sends" || refused.Wait != 23*time.Hour {
			t.Errorf("one too many: %v", err)
		}
		// To show the link sends nothing.
		do(t, st, func(tx *store.Tx) error {
			issued, err := owner.Resend(tx, id, false)
			if !issued.Copied || issued.Code == "" || issued.SendAt != nil {
				t.Errorf("%+v", issued)
			}
			return err
		})
		clock.Advance(24 * time.Hour)
		if err := resend(); err != nil {
			t.Errorf("the next day: %v", err)
		}
	})
}

func TestIssuingIsBounded(t *testing.T) {
	guests(t, func(t *testing.T, st *store.Store, clock *storetest.Clock) {
		do(t, st, func(tx *store.Tx) error {
			for range guestlist.MaxInvitationsPerInviterDay {
				if _, err := tx.Hit("invitations-by|system|", tx.Now.Add(24*time.Hour)); err != nil {
					return err
				}
			}
			return nil
		})
		issue := func(h invite.Host, to string) error {
			return st.Update(context.Background(), func(tx *store.Tx) error {
				_, err := h.IssueInvitation(tx, invite.InvitationOrder{Email: to})
				return err
			})
		}
		if err := issue(owner, "a@example.com"); !errors.Is(err, invite.ErrTooMany) {
			t.Errorf("one too many: %v", err)
		}
		machine := owner
		machine.Inviter = guestlist.Inviter{Type: guestlist.InviterApplication, ID: "crm"}
		if err := issue(machine, "a@example.com"); err != nil {
			t.Errorf("somebody else: %v", err)
		}
		clock.Advance(24 * time.Hour)
		if err := issue(owner, "b@example.com"); err != nil {
			t.Errorf("the next day: %v", err)
		}
	})
}

// TestExpiredInvitationsCanBeSentAgain, and do not stand in the way of others.
func TestExpiredInvitationsCanBeSentAgain(t *testing.T) {
	guests(t, func(t *testing.T, st *store.Store, clock *storetest.Clock) {
		issue := func() (issued invite.Issued) {
			do(t, st, func(tx *store.Tx) error {
				var err error
				issued, err = owner.IssueInvitation(tx, invite.InvitationOrder{Email: "grace@example.com", Terms: guestlist.InvitationTerms{TTL: 3600}})
				return err
			})
			return issued
		}
		first := issue()
		clock.Advance(time.Hour)
		do(t, st, func(tx *store.Tx) error {
			again, err := owner.Resend(tx, first.ID, false)
			if again.Status != guestlist.InvitationPending || again.ExpiresAt != tx.Now.Add(time.Hour) || again.Code == first.Code {
				t.Errorf("%+v", again)
			}
			return err
		})
		clock.Advance(time.Hour)
		second := issue() // the first is overdue, nobody swept
		err := st.Update(context.Background(), func(tx *store.Tx) error { _, err := owner.Resend(tx, first.ID, false); return err })
		var refused *guestlist.Error
		if !errors.As(err, &refused) || refused.Code != "entity.unique_integrity_violation" ||
			refused.Data.(map[string]any)["invitationId"] != second.ID {
			t.Errorf("beside another: %v", err)
		}
		do(t, st, func(tx *store.Tx) error {
			i, err := tx.Invitation(first.ID)
			if i.EndedAt == nil {
				t.Errorf("%+v", i)
			}
			return err
		})
	})
}

// TestSecretsOfInvitationsAreNowhere: neither in events nor in the audit log.
func TestSecretsOfInvitationsAreNowhere(t *testing.T) {
	guests(t, func(t *testing.T, st *store.Store, _ *storetest.Clock) {
		var issued, code invite.Issued
		do(t, st, func(tx *store.Tx) error {
			var err error
			if issued, err = owner.IssueInvitation(tx, invite.InvitationOrder{Email: "grace@example.com"}); err != nil {
				return err
			}
			code, err = owner.IssueInvitation(tx, invite.InvitationOrder{Kind: guestlist.InvitationShared, Seats: 2})
			if err != nil {
				return err
			}
			_, err = owner.RevokeInvitation(tx, issued.ID, "why")
			return err
		})
		do(t, st, func(tx *store.Tx) error {
			events, err := tx.TakeEvents(10)
			var said strings.Builder
			for _, e := range events {
				said.WriteString(e.Key + " " + string(e.Payload) + "\n")
			}
			logs, _, err2 := tx.Logs(store.LogFilter{Prefix: "Invitation."}, store.Page{Limit: 10}, 0)
			for _, l := range logs {
				said.WriteString(l.Key + " " + string(l.Payload) + "\n")
			}
			for _, key := range []string{"Invitation.Created {", "Invitation.Revoked {"} {
				if strings.Count(said.String(), key) < 2 {
					t.Errorf("no %s in\n%s", key, said.String())
				}
			}
			for _, secret := range []guestlist.InvitationSecret{issued.Code[21:], code.Code[21:], code.Typed} {
				if secret == "" || strings.Contains(said.String(), string(secret)) {
					t.Errorf("a secret is said:\n%s", said.String())
				}
			}
			return errors.Join(err, err2)
		})
	})
}
