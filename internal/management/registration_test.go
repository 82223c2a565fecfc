package management

import (
	"context"
	"net/http"
	"sync"
	"testing"

	"guestlist"
	"guestlist/internal/invite"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
)

// waits puts addresses on the list, in this order, and returns their ids.
func (f *fixture) waits(addresses ...string) []guestlist.RequestID {
	f.t.Helper()
	ids := make([]guestlist.RequestID, len(addresses))
	for n, email := range addresses {
		if err := f.st.Update(context.Background(), func(tx *store.Tx) error {
			r, _, err := invite.Ask(tx, invite.Asking{Kind: guestlist.RequestWaitlist, Email: email, Name: "Grace", Locale: "de"})
			if err != nil {
				return err
			}
			ids[n] = r.ID
			if err := tx.SetRequestToken(r, email, tx.Now+1000, true); err != nil {
				return err
			}
			_, err = invite.Confirm(tx, email)
			return err
		}); err != nil {
			f.t.Fatal(err)
		}
	}
	return ids
}

// TestRequestsAreDecidedOnce: approving issues one invitation, whoever approves
// at the same time, and a decision stays.
func TestRequestsAreDecidedOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		f := newFixture(t, st)
		f.api.Desk.HasConnector = func(context.Context, guestlist.Channel) (bool, error) { return true, nil }
		ids := f.waits("first@example.com", "second@example.com", "third@example.com")
		path := func(id guestlist.RequestID, act string) string {
			return "/api/registration-requests/" + string(id) + act
		}

		f.must(http.StatusOK, "PATCH", path(ids[2], ""), map[string]any{"score": 50})
		page := f.must(http.StatusOK, "GET", "/api/registration-requests?page=1&page_size=2", nil)
		var rows []guestlist.RegistrationRequest
		page.decode(f.t, &rows)
		if len(rows) != 2 || rows[0].ID != ids[2] || rows[1].ID != ids[0] || page.header.Get("Total-Number") != "3" {
			t.Errorf("%s of %s", page.body, page.header.Get("Total-Number"))
		}

		const judges = 8
		var wg sync.WaitGroup
		statuses := make([]int, judges)
		for n := range judges {
			wg.Go(func() { statuses[n] = f.call("POST", path(ids[0], "/approve"), nil).status })
		}
		wg.Wait()
		won := 0
		for _, status := range statuses {
			if status == http.StatusOK {
				won++
			} else if status != http.StatusUnprocessableEntity {
				t.Errorf("status %d", status)
			}
		}
		if won != 1 {
			t.Errorf("%d approvals succeeded, want 1", won)
		}
		var approved guestlist.RegistrationRequest
		f.must(http.StatusOK, "GET", path(ids[0], ""), nil).decode(f.t, &approved)
		var i guestlist.Invitation
		f.must(http.StatusOK, "GET", "/api/invitations/"+string(approved.InvitationID), nil).decode(f.t, &i)
		if approved.Status != guestlist.RequestApproved || i.RecipientEmail != "first@example.com" || i.Locale != "de" ||
			i.Template != guestlist.TemplateWaitlistApproved || i.Copied || i.SendAt == nil {
			t.Errorf("%+v\n%+v", approved, i)
		}
		f.must(http.StatusOK, "POST", path(ids[1], "/reject"), map[string]any{"reason": "not yet"})
		f.refused(http.StatusUnprocessableEntity, "registration_request.already_decided", "POST", path(ids[1], "/approve"), nil)
		f.refused(http.StatusNotFound, "entity.not_exists_with_id", "POST", path("nobody", "/approve"), nil)
		f.refused(http.StatusNotFound, "entity.not_exists_with_id", "DELETE", path("nobody", ""), nil)
		f.must(http.StatusNoContent, "DELETE", path(ids[2], ""), nil)
		if left := f.must(http.StatusOK, "GET", "/api/registration-requests?page=1", nil).header.Get("Total-Number"); left != "0" {
			t.Errorf("%s wait", left)
		}
	})
}

// TestPromotionLetsTheFirstIn: in waves, in the order of the list; who cannot be
// invited stays and is named with the reason.
func TestPromotionLetsTheFirstIn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		f := newFixture(t, st)
		f.api.Desk.HasConnector = func(context.Context, guestlist.Channel) (bool, error) { return true, nil }
		f.waits("a@example.com", "b@example.com", "c@example.com", "d@example.com", "e@example.com")
		f.must(http.StatusCreated, "POST", "/api/invitations", map[string]any{"email": "b@example.com"}) // invited otherwise
		var done promotion
		f.must(http.StatusOK, "POST", "/api/registration-requests/promote", map[string]any{"count": 4, "wave": 2, "interval": 3600}).decode(f.t, &done)
		if len(done.Approved) != 3 || len(done.Refused) != 1 || done.Refused[0].Email != "b@example.com" ||
			done.Refused[0].Code != "entity.unique_integrity_violation" {
			t.Fatalf("%+v", done)
		}
		var first, last guestlist.Invitation
		f.must(http.StatusOK, "GET", "/api/invitations/"+string(done.Approved[0].InvitationID), nil).decode(f.t, &first)
		f.must(http.StatusOK, "GET", "/api/invitations/"+string(done.Approved[2].InvitationID), nil).decode(f.t, &last)
		if first.NotBefore != nil || last.NotBefore == nil || last.NotBefore.Sub(*first.SendAt).Minutes() < 59 {
			t.Errorf("first at %v, last at %v", first.SendAt, last.NotBefore)
		}
		for _, body := range []map[string]any{{}, {"count": 0}, {"count": 1001}, {"count": 1, "wave": 0}, {"count": 1, "interval": 1}} {
			f.refused(http.StatusBadRequest, "guard.invalid_input", "POST", "/api/registration-requests/promote", body)
		}
	})
}

// TestTheWaitlistGivesWhatItsTermsSay.
func TestTheWaitlistGivesWhatItsTermsSay(t *testing.T) {
	f := newFixture(t, storetest.Open(t, "sqlite", nil))
	var s guestlist.WaitlistSettings
	f.must(http.StatusOK, "PUT", "/api/configs/waitlist", map[string]any{
		"referralPoints": 3, "terms": map[string]any{"message": "Welcome", "expiresIn": 86400},
	}).decode(t, &s)
	if s.ReferralPoints != 3 || s.Terms.Message != "Welcome" || s.Terms.TTL != 86400 || s.Terms.Template != guestlist.TemplateWaitlistApproved {
		t.Errorf("%+v", s)
	}
	f.refused(http.StatusBadRequest, "guard.invalid_input", "PUT", "/api/configs/waitlist", map[string]any{"referralPoints": -1})
	f.refused(http.StatusUnprocessableEntity, "invitation.unknown_reference", "PUT", "/api/configs/waitlist",
		map[string]any{"terms": map[string]any{"grants": map[string]any{"roleIds": []string{"nobody"}}}})
}

// TestPolicyAndModeStayInStep: clients of the wire open and close the door by
// the mode; the policy says more, and never something else.
func TestPolicyAndModeStayInStep(t *testing.T) {
	f := newFixture(t, storetest.Open(t, "sqlite", nil))
	change := func(body map[string]any) guestlist.SignInExperience {
		var exp guestlist.SignInExperience
		f.must(http.StatusOK, "PATCH", "/api/sign-in-exp", body).decode(t, &exp)
		return exp
	}
	for _, step := range []struct {
		change map[string]any
		mode   guestlist.SignInMode
		policy guestlist.RegistrationPolicy
	}{
		{map[string]any{"signInMode": "SignIn"}, "SignIn", "invite_only"},
		{map[string]any{"registrationPolicy": "waitlist"}, "SignIn", "waitlist"},
		{map[string]any{"signInMode": "SignIn"}, "SignIn", "waitlist"},
		{map[string]any{"signInMode": "SignInAndRegister"}, "SignInAndRegister", "open"},
		{map[string]any{"registrationPolicy": "closed"}, "SignIn", "closed"},
		{map[string]any{"registrationPolicy": "open"}, "SignInAndRegister", "open"},
		{map[string]any{"signInMode": "SignIn"}, "SignIn", "invite_only"},
	} {
		if exp := change(step.change); exp.SignInMode != step.mode || exp.Policy() != step.policy {
			t.Errorf("%v: %s and %s", step.change, exp.SignInMode, exp.Policy())
		}
	}
	f.refused(http.StatusBadRequest, "guard.invalid_input", "PATCH", "/api/sign-in-exp", map[string]any{"registrationPolicy": "ajar"})
}
