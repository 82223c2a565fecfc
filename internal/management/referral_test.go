package management

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
)

// invitees is a fixture whose holder may give so many invitations.
func invitees(t *testing.T, st *store.Store, quota int) (f *fixture, role string) {
	t.Helper()
	f = newFixture(t, st)
	f.api.Desk.HasConnector = func(context.Context, guestlist.Channel) (bool, error) { return true, nil }
	role = f.must(http.StatusOK, "POST", "/api/roles", map[string]any{"name": "host", "description": "gives", "type": "User"}).field(t, "id")
	f.must(http.StatusOK, "PUT", "/api/roles/"+role+"/invitation-quota", map[string]any{"quota": quota})
	f.holder()
	f.gives(role, "holder@example.com")
	return f, role
}

// gives gives a role to the user of an address, and returns who that is.
func (f *fixture) gives(role, email string) guestlist.UserID {
	f.t.Helper()
	var id guestlist.UserID
	if err := f.st.Update(context.Background(), func(tx *store.Tx) error {
		u, err := tx.UserByIdentifier(guestlist.Identifier{Type: guestlist.IdentifierEmail, Value: email})
		id = u.ID
		return err
	}); err != nil {
		f.t.Fatal(err)
	}
	f.must(http.StatusCreated, "POST", "/api/users/"+string(id)+"/roles", map[string]any{"roleIds": []string{role}})
	return id
}

const myInvitations = "/api/my-account/invitations"

// TestNobodyGivesMoreInvitationsThanTheyHave, however many they give at once;
// what is taken back can be given again.
func TestNobodyGivesMoreInvitationsThanTheyHave(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		f, role := invitees(t, st, 3)
		const tries = 10
		var wg sync.WaitGroup
		answers := make([]answer, tries)
		for n := range tries {
			wg.Go(func() {
				answers[n] = f.call("POST", myInvitations, map[string]any{"email": string(rune('a'+n)) + "@example.com", "message": "Come"})
			})
		}
		wg.Wait()
		issued := 0
		var last myInvitation
		for _, a := range answers {
			switch {
			case a.status == http.StatusCreated:
				issued++
				a.decode(t, &last)
			case a.code() != "invitation.quota_spent":
				t.Errorf("%d %s", a.status, a.body)
			}
		}
		if issued != 3 {
			t.Errorf("%d issued, want 3", issued)
		}
		var quota guestlist.ReferralQuota
		f.must(http.StatusOK, "GET", "/api/my-account/invitation-quota", nil).decode(t, &quota)
		if quota != (guestlist.ReferralQuota{Quota: 3, Used: 3}) {
			t.Errorf("%+v", quota)
		}
		took := make([]int, 4)
		for n := range took {
			wg.Go(func() { took[n] = f.call("DELETE", myInvitations+"/"+string(last.ID), nil).status })
		}
		wg.Wait()
		slices.Sort(took)
		if !slices.Equal(took, []int{204, 400, 400, 400}) {
			t.Errorf("taken back at once: %v", took)
		}
		f.must(http.StatusOK, "GET", "/api/my-account/invitation-quota", nil).decode(t, &quota)
		if quota != (guestlist.ReferralQuota{Quota: 3, Used: 2, Left: 1}) {
			t.Errorf("taken back once: %+v", quota)
		}
		f.must(http.StatusCreated, "POST", myInvitations, map[string]any{"email": "again@example.com"})
		if a := f.must(http.StatusOK, "GET", myInvitations+"?page=1", nil); a.header.Get("Total-Number") != "4" {
			t.Errorf("%s of them", a.header.Get("Total-Number"))
		}
		f.must(http.StatusOK, "PUT", "/api/roles/"+role+"/invitation-quota", map[string]any{"quota": 0})
		f.refused(http.StatusUnprocessableEntity, "invitation.quota_spent", "POST", myInvitations, map[string]any{"email": "late@example.com"})
	})
}

// TestWhatIsTakenBackIsNotGivenWithoutEnd: each invitation is a mail to a
// stranger, and one that is taken back can be given again.
func TestWhatIsTakenBackIsNotGivenWithoutEnd(t *testing.T) {
	f, _ := invitees(t, storetest.Open(t, "sqlite", nil), 2)
	for n := range 2 + guestlist.SpareReferralsPerDay {
		id := f.must(http.StatusCreated, "POST", myInvitations, map[string]any{"email": fmt.Sprint(n, "@example.com")}).field(t, "id")
		f.must(http.StatusNoContent, "DELETE", myInvitations+"/"+id, nil)
	}
	f.refused(http.StatusTooManyRequests, "invitation.too_many", "POST", myInvitations, map[string]any{"email": "late@example.com"})
}

// TestInvitationsOfOthersAreNotThere: a user sees and takes back their own, and
// no token that opens the management API stands for a user.
func TestInvitationsOfOthersAreNotThere(t *testing.T) {
	f, _ := invitees(t, storetest.Open(t, "sqlite", nil), 5)
	id := f.must(http.StatusCreated, "POST", myInvitations, map[string]any{"email": "guest@example.com"}).field(t, "id")
	other := f.holderToken(f.addUser(map[string]any{"username": "other"}))
	if a := f.send("DELETE", myInvitations+"/"+id, nil, other); a.status != http.StatusNotFound {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := f.send("GET", myInvitations, nil, other); a.status != http.StatusOK || string(a.body) != "[]\n" && string(a.body) != "[]" {
		t.Errorf("%d %s", a.status, a.body)
	}
	hosts := f.must(http.StatusCreated, "POST", "/api/invitations", map[string]any{"email": "by-host@example.com"}).field(t, "id")
	f.refused(http.StatusNotFound, "entity.not_exists_with_id", "DELETE", myInvitations+"/"+hosts, nil)
	if a := f.send("POST", myInvitations, map[string]any{"email": "x@example.com"}, "Bearer "+f.good); a.status != http.StatusUnauthorized {
		t.Errorf("%d %s", a.status, a.body)
	}
	f.refused(http.StatusUnprocessableEntity, "invitation.self_invitation", "POST", myInvitations, map[string]any{"email": "HOLDER@example.com"})
	f.refused(http.StatusUnprocessableEntity, "invitation.invalid_text", "POST", myInvitations,
		map[string]any{"email": "x@example.com", "message": "see https://evil.example"})
}

// TestATreeIsTakenBackFromItsRootDown: the open invitations of all of it, and on
// demand its users.
func TestATreeIsTakenBackFromItsRootDown(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		f, role := invitees(t, st, 5)
		var root guestlist.UserID
		// The holder brings a child, who brings a grandchild; each has one more open.
		bearer, by := f.holder(), "holder@example.com"
		for _, email := range []string{"child@example.com", "grandchild@example.com"} {
			id := guestlist.InvitationID(f.send("POST", myInvitations, map[string]any{"email": email}, bearer).field(t, "id"))
			if open := f.send("POST", myInvitations, map[string]any{"email": "open-" + email}, bearer); open.status != http.StatusCreated {
				t.Fatalf("%s by %s: %d %s", email, by, open.status, open.body)
			}
			user := f.addUser(map[string]any{"primaryEmail": email})
			if err := st.Update(t.Context(), func(tx *store.Tx) error {
				won, err := tx.TakeSeat(id, 1, store.Seat{UserID: user, Identity: email, IsNew: true})
				if err == nil && !won {
					t.Error("the seat was not taken")
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
			f.gives(role, email)
			bearer, by = f.holderToken(user), email
		}
		root = f.gives(role, "holder@example.com")
		var got tree
		f.must(http.StatusOK, "GET", "/api/users/"+string(root)+"/invitation-tree", nil).decode(t, &got)
		if len(got.Nodes) != 3 || got.Nodes[2].Depth != 2 || got.Nodes[1].Name != "child@example.com" || got.Nodes[0].Pending != 1 || got.More {
			t.Errorf("%+v", got)
		}
		var done revokedTree
		f.must(http.StatusOK, "POST", "/api/users/"+string(root)+"/invitation-tree/revoke", map[string]any{"reason": "spam", "suspendUsers": true}).decode(t, &done)
		if done != (revokedTree{Revoked: 2, Suspended: 3}) {
			t.Errorf("%+v", done)
		}
		f.must(http.StatusOK, "POST", "/api/users/"+string(root)+"/invitation-tree/revoke", map[string]any{"suspendUsers": true}).decode(t, &done)
		if done != (revokedTree{}) {
			t.Errorf("again: %+v", done)
		}
	})
}
