package store_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
)

// club writes an organization, two roles for people and one for machines.
func club(t *testing.T, st *store.Store) guestlist.UserID {
	t.Helper()
	var id guestlist.UserID
	update(t, st, func(tx *store.Tx) error {
		u := newUser(tx.Now, "ada@example.com", "")
		id = u.ID
		return errors.Join(
			tx.InsertUser(u, nil),
			tx.InsertOrganization(guestlist.Organization{ID: "club", Name: "Club", CreatedAt: tx.Now}),
			tx.InsertOrganizationRole(guestlist.OrganizationRole{ID: "member", Name: "Member", Type: guestlist.RoleUser}),
			tx.InsertOrganizationRole(guestlist.OrganizationRole{ID: "chair", Name: "Chair", Type: guestlist.RoleUser}),
			tx.InsertOrganizationRole(guestlist.OrganizationRole{ID: "robot", Name: "Robot", Type: guestlist.RoleMachine}),
		)
	})
	return id
}

func rolesIn(t *testing.T, tx *store.Tx, org guestlist.OrganizationID, user guestlist.UserID) []guestlist.OrganizationRoleID {
	t.Helper()
	roles, _, err := tx.RolesOfMember(org, user, store.Page{})
	if err != nil {
		t.Fatal(err)
	}
	var ids []guestlist.OrganizationRoleID
	for _, r := range roles {
		ids = append(ids, r.ID)
	}
	slices.Sort(ids)
	return ids
}

func TestJoiningAnOrganizationTwiceAddsTheRolesThatAreLacking(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		ada := club(t, st)
		update(t, st, func(tx *store.Tx) error {
			if joined, err := tx.JoinOrganization("club", ada, "member", "robot", "gone"); err != nil || !joined {
				t.Errorf("first: joined %v, %v", joined, err)
			}
			if joined, err := tx.JoinOrganization("club", ada, "chair"); err != nil || joined {
				t.Errorf("second: joined %v, %v", joined, err)
			}
			if got := rolesIn(t, tx, "club", ada); !slices.Equal(got, []guestlist.OrganizationRoleID{"chair", "member"}) {
				t.Errorf("roles %v: those that are gone or for machines are left out", got)
			}
			return nil
		})
		err := st.Update(context.Background(), func(tx *store.Tx) error {
			_, err := tx.JoinOrganization("gone", ada)
			return err
		})
		if !errors.Is(err, store.ErrForeignKey) {
			t.Errorf("an unknown organization: %v", err)
		}
	})
}

func TestWhoJoinsJustInTimeGetsTheRolesForThatOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		ada := club(t, st)
		update(t, st, func(tx *store.Tx) error {
			if err := tx.AddJITRoles("club", "member", "robot"); err != nil {
				return err
			}
			if joined, err := tx.ProvisionOrganization("club", ada); err != nil || !joined {
				t.Errorf("joined %v, %v", joined, err)
			}
			if got := rolesIn(t, tx, "club", ada); !slices.Equal(got, []guestlist.OrganizationRoleID{"member"}) {
				t.Errorf("roles %v", got)
			}
			if err := tx.SetOrganizationRoles("club", ada, "chair"); err != nil {
				return err
			}
			if joined, err := tx.ProvisionOrganization("club", ada); err != nil || joined {
				t.Errorf("a member: joined %v, %v", joined, err)
			}
			if joined, err := tx.ProvisionOrganization("gone", ada); err != nil || joined {
				t.Errorf("an unknown organization: joined %v, %v", joined, err)
			}
			if got := rolesIn(t, tx, "club", ada); !slices.Equal(got, []guestlist.OrganizationRoleID{"chair"}) {
				t.Errorf("a member got roles: %v", got)
			}
			return nil
		})
	})
}

func TestDomainsLeadIntoOrganizationsInAnyLetterCase(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		club(t, st)
		update(t, st, func(tx *store.Tx) error { return tx.AddJITDomain("club", "Example.COM") })
		err := st.Update(context.Background(), func(tx *store.Tx) error { return tx.AddJITDomain("club", "example.com") })
		if guestlist.CodeOf(err) != "entity.unique_integrity_violation" {
			t.Errorf("twice the same: %v", err)
		}
		update(t, st, func(tx *store.Tx) error {
			for email, want := range map[string]int{"ada@EXAMPLE.com": 1, "ada@sub.example.com": 0, "ada@example.com.evil.test": 0, "": 0} {
				ids, err := tx.JITOrganizations(email, "")
				if err != nil || len(ids) != want {
					t.Errorf("%q leads into %v, %v", email, ids, err)
				}
			}
			return tx.RemoveJITDomain("club", "EXAMPLE.com")
		})
	})
}

func TestDeletingTakesWhatHungOnIt(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		ada := club(t, st)
		update(t, st, func(tx *store.Tx) error {
			_, err := tx.JoinOrganization("club", ada, "member", "chair")
			return err
		})
		update(t, st, func(tx *store.Tx) error { return tx.DeleteOrganizationRole("member") })
		update(t, st, func(tx *store.Tx) error {
			if got := rolesIn(t, tx, "club", ada); !slices.Equal(got, []guestlist.OrganizationRoleID{"chair"}) {
				t.Errorf("roles %v", got)
			}
			return tx.LeaveOrganization("club", ada)
		})
		update(t, st, func(tx *store.Tx) error {
			if _, err := tx.JoinOrganization("club", ada); err != nil {
				return err
			}
			if got := rolesIn(t, tx, "club", ada); len(got) != 0 {
				t.Errorf("the roles of a former membership came back: %v", got)
			}
			return tx.DeleteOrganization("club")
		})
		update(t, st, func(tx *store.Tx) error {
			orgs, err := tx.OrganizationsOfUser(ada)
			if err != nil || len(orgs) != 0 {
				t.Errorf("organizations %v, %v", orgs, err)
			}
			if known, err := tx.HasUser(ada); err != nil || !known {
				t.Errorf("the user went with the organization: %v", err)
			}
			return nil
		})
	})
}

func TestAnOrganizationComesBackAsItWasPut(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		colour, css := "#0000aa", "a{}"
		id := guestlist.OrganizationID(crypt.ShortID())
		update(t, st, func(tx *store.Tx) error {
			return tx.InsertOrganization(guestlist.Organization{
				ID: id, Name: "100% Club", CustomData: guestlist.JSONObject(`{"plan":"pro"}`), IsMFARequired: true, CustomCSS: &css,
				Color:    guestlist.OrganizationColor{PrimaryColor: &colour},
				Branding: guestlist.Branding{LogoURL: "https://club.example/l.svg"}, CreatedAt: tx.Now,
			})
		})
		update(t, st, func(tx *store.Tx) error {
			o, err := tx.Organization(id)
			if err != nil || o.Name != "100% Club" || string(o.CustomData) != `{"plan":"pro"}` || !o.IsMFARequired || *o.CustomCSS != css ||
				*o.Color.PrimaryColor != colour || o.Branding.LogoURL == "" {
				t.Errorf("got %+v, %v", o, err)
			}
			return err
		})
	})
}

func TestScopesOfOrganizationsAreForApplicationsOfTheHouse(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		ada := club(t, st)
		notes := guestlist.Resource{ID: "notes", Name: "Notes", Indicator: "https://notes.example"}
		house := guestlist.Resource{ID: store.ManagementResourceID}
		update(t, st, func(tx *store.Tx) error {
			if err := store.Seed(tx); err != nil {
				return err
			}
			_, err := tx.JoinOrganization("club", ada, "member")
			return errors.Join(err,
				tx.InsertOrganization(guestlist.Organization{ID: "other", Name: "Other", CreatedAt: tx.Now}),
				tx.InsertResource(notes),
				tx.InsertScope(guestlist.Scope{ID: "read", ResourceID: "notes", Name: "read"}),
				tx.InsertScope(guestlist.Scope{ID: "admin", ResourceID: "notes", Name: "admin"}),
				tx.InsertRole(guestlist.Role{ID: "reader", Name: "reader", Type: guestlist.RoleUser}),
				tx.AddRoleScope("reader", "read"), tx.AddUserRole(ada, "reader"),
				tx.AddOrganizationRoleResourceScopes("member", "admin", "management-api-all"),
			)
		})
		view(t, st, func(tx *store.Tx) error {
			for _, c := range []struct {
				what     string
				app      guestlist.Application
				in       guestlist.OrganizationID
				resource guestlist.Resource
				want     []string
			}{
				{"anywhere", guestlist.Application{}, "", notes, []string{"admin", "read"}},
				{"in the organization", guestlist.Application{}, "club", notes, []string{"admin", "read"}},
				{"in another one", guestlist.Application{}, "other", notes, []string{"read"}},
				{"for a third party", guestlist.Application{IsThirdParty: true}, "club", notes, []string{"read"}},
				{"at the management API", guestlist.Application{}, "club", house, nil},
			} {
				scopes, err := tx.ScopesOfUserFor(c.app, ada, c.in, c.resource)
				var got []string
				for _, s := range scopes {
					got = append(got, s.Name)
				}
				if err != nil || !slices.Equal(got, c.want) {
					t.Errorf("%s: %v, %v, want %v", c.what, got, err, c.want)
				}
			}
			return nil
		})
	})
}

func TestOrganizationsAreFoundByIndexes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		update(t, st, func(tx *store.Tx) error { return tx.FillOrganizations(9000) })
		view(t, st, func(tx *store.Tx) error {
			plans, err := tx.PlansOfOrganizations()
			for line := range strings.SplitSeq(plans, "\n") {
				if strings.Contains(line, "Seq Scan on invitations ") || strings.Contains(line, "Seq Scan on organization_users") ||
					strings.Contains(line, "Seq Scan on organization_jit_domains") || strings.Contains(line, "invitations_id") && strings.Contains(line, "Scan Backward") ||
					line == "SCAN invitations" || strings.HasPrefix(line, "SCAN organization_users") || strings.HasPrefix(line, "SCAN organization_jit_domains") {
					t.Errorf("%s\nin\n%s", line, plans)
				}
			}
			return err
		})
	})
}
