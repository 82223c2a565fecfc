package management

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"guestlist"
	"guestlist/internal/store"
)

// makeAdministrator gives a user the role.
func (f *fixture) makeAdministrator(id guestlist.UserID) {
	f.t.Helper()
	f.must(200, "PUT", "/api/users/"+string(id)+"/administrator", map[string]any{"isAdministrator": true})
}

func TestTheLastAdministratorStays(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		first, second := f.addUser(map[string]any{"username": "first"}), f.addUser(map[string]any{"username": "second"})
		f.makeAdministrator(first)
		f.makeAdministrator(first) // again changes nothing
		path := "/api/users/" + string(first)
		lose := []struct {
			method, path string
			body         any
		}{
			{"DELETE", path, nil},
			{"PUT", path + "/deletion", map[string]any{}},
			{"PATCH", path + "/is-suspended", map[string]any{"isSuspended": true}},
			{"PUT", path + "/administrator", map[string]any{"isAdministrator": false}},
			{"PUT", path + "/roles", map[string]any{"roleIds": []string{}}},
			{"DELETE", path + "/roles/" + string(store.AdminRoleID), nil},
			{"DELETE", "/api/roles/" + string(store.AdminRoleID) + "/users/" + string(first), nil},
		}
		for _, l := range lose {
			f.refused(http.StatusUnprocessableEntity, "user.last_administrator", l.method, l.path, l.body)
		}
		f.makeAdministrator(second)
		f.must(200, "PATCH", "/api/users/"+string(second)+"/is-suspended", map[string]any{"isSuspended": true})
		f.refused(http.StatusUnprocessableEntity, "user.last_administrator", "DELETE", path, nil) // the other one cannot come in
		f.must(200, "PATCH", "/api/users/"+string(second)+"/is-suspended", map[string]any{"isSuspended": false})
		f.must(204, "DELETE", path, nil)
		f.refused(http.StatusUnprocessableEntity, "user.last_administrator", "DELETE", "/api/users/"+string(second), nil)
		f.refused(http.StatusNotFound, "entity.not_found", "GET", "/api/users/nobody/administrator", nil)
		f.refused(http.StatusNotFound, "entity.not_found", "PUT", "/api/users/nobody/administrator", map[string]any{"isAdministrator": true})
	})
}

func TestOfTwoAdministratorsWhoGoAtOnceOneStays(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		for round := range 5 {
			var ids [2]guestlist.UserID
			for i := range ids {
				ids[i] = f.addUser(map[string]any{"username": fmt.Sprintf("admin_%d_%d", round, i)})
				f.makeAdministrator(ids[i])
			}
			if round > 0 { // whoever stayed of the round before
				f.holdOnly(ids[:])
			}
			var codes [2]string
			parallel(2, func(i int) { codes[i] = f.call("DELETE", "/api/users/"+string(ids[i]), nil).code() })
			if (codes[0] == "") == (codes[1] == "") {
				t.Fatalf("round %d: %q", round, codes)
			}
		}
	})
}

// holdOnly takes the role from every administrator but some.
func (f *fixture) holdOnly(ids []guestlist.UserID) {
	f.t.Helper()
	if err := f.st.Update(context.Background(), func(tx *store.Tx) error {
		users, _, err := tx.Users(store.UserFilter{OfRole: store.AdminRoleID}, store.Page{})
		for _, u := range users {
			if u.ID != ids[0] && u.ID != ids[1] {
				err = errors.Join(err, tx.RemoveUserRole(u.ID, store.AdminRoleID))
			}
		}
		return err
	}); err != nil {
		f.t.Fatal(err)
	}
}

// deletions runs the jobs of deletions as they stand in the queue.
func (f *fixture) deletions(ids ...guestlist.UserID) {
	f.t.Helper()
	for _, id := range ids {
		var u guestlist.User
		f.must(200, "GET", "/api/users/"+string(id), nil).decode(f.t, &u)
		plan := guestlist.UserDeletion{UserID: id}
		if u.DeletionDueAt != nil {
			plan.DueAt = *u.DeletionDueAt
		}
		payload, err := json.Marshal(plan)
		if err == nil {
			err = f.api.DeleteDue(context.Background(), payload)
		}
		if err != nil {
			f.t.Fatal(err)
		}
	}
}

func TestADeletionCanBeTakenBack(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		free, held := f.addUser(map[string]any{"username": "free"}), f.addUser(map[string]any{"username": "held"})
		f.must(200, "PATCH", "/api/users/"+string(held)+"/is-suspended", map[string]any{"isSuspended": true})
		for _, id := range []guestlist.UserID{free, held} {
			path := "/api/users/" + string(id)
			var u guestlist.User
			f.must(200, "PUT", path+"/deletion", map[string]any{"after": 60}).decode(t, &u)
			if !u.IsSuspended || u.DeletionDueAt == nil || *u.DeletionDueAt <= u.UpdatedAt {
				t.Fatalf("to be deleted: %+v", u)
			}
			f.must(200, "PUT", path+"/deletion", map[string]any{}) // later
			f.deletionOf(id, u.DeletionDueAt)                      // the job of before does nothing
			u = guestlist.User{}
			f.must(200, "DELETE", path+"/deletion", nil).decode(t, &u)
			if u.IsSuspended != (id == held) || u.DeletionDueAt != nil {
				t.Errorf("restored: %+v", u)
			}
			f.deletions(id)
			f.must(200, "GET", path, nil)
			f.must(200, "DELETE", path+"/deletion", nil) // nothing to take back
		}
		f.must(200, "PUT", "/api/users/"+string(free)+"/deletion", map[string]any{})
		var u guestlist.User
		f.must(200, "PATCH", "/api/users/"+string(free)+"/is-suspended", map[string]any{"isSuspended": false}).decode(t, &u)
		if u.DeletionDueAt != nil || u.IsSuspended {
			t.Errorf("let in again: %+v", u)
		}
		f.must(200, "PUT", "/api/users/"+string(free)+"/deletion", map[string]any{})
		f.deletions(free)
		f.refused(http.StatusNotFound, "entity.not_found", "GET", "/api/users/"+string(free), nil)
		for _, body := range []map[string]any{{"after": 0}, {"after": -1}, {"after": 40000000}, {"after": "x"}} {
			f.refused(http.StatusBadRequest, "guard.invalid_input", "PUT", "/api/users/"+string(held)+"/deletion", body)
		}
		f.refused(http.StatusNotFound, "entity.not_found", "PUT", "/api/users/nobody/deletion", map[string]any{})
		if err := f.api.DeleteDue(context.Background(), json.RawMessage(`{"userId":"nobody","dueAt":1}`)); err != nil {
			t.Error(err)
		}
	})
}

// deletionOf runs the job of one plan.
func (f *fixture) deletionOf(id guestlist.UserID, due *guestlist.Time) {
	f.t.Helper()
	payload, err := json.Marshal(guestlist.UserDeletion{UserID: id, DueAt: *due})
	if err == nil {
		err = f.api.DeleteDue(context.Background(), payload)
	}
	if err != nil {
		f.t.Fatal(err)
	}
	f.must(200, "GET", "/api/users/"+string(id), nil)
}

func TestListsOfUsersByState(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ids := map[string]guestlist.UserID{}
		for _, name := range []string{"new", "suspended", "leaving"} {
			ids[name] = f.addUser(map[string]any{"username": name})
		}
		f.must(200, "PATCH", "/api/users/"+string(ids["suspended"])+"/is-suspended", map[string]any{"isSuspended": true})
		f.must(200, "PUT", "/api/users/"+string(ids["leaving"])+"/deletion", map[string]any{})
		if err := f.st.Update(context.Background(), func(tx *store.Tx) error { return tx.SetLastSignIn(ids["suspended"]) }); err != nil {
			t.Fatal(err)
		}
		for query, want := range map[string]string{
			"state=suspended": "[leaving suspended]", "state=leaving": "[leaving]", "state=new": "[leaving new]",
			"search=%25e%25&enableCap=true": "[leaving suspended new]", "search.username=lea%25&enableCap=true": "[leaving]",
			"enableCap=true": "[leaving suspended new]", "search.username=le%25&state=new": "[leaving]",
		} {
			var users []guestlist.User
			a := f.must(200, "GET", "/api/users?page=1&page_size=20&"+query, nil)
			a.decode(t, &users)
			names := []string{}
			for _, u := range users {
				names = append(names, *u.Username)
			}
			if got := fmt.Sprint(names); got != want || a.header.Get("Total-Number") != fmt.Sprint(len(users)) {
				t.Errorf("%s: %s, %s in all, want %s", query, got, a.header.Get("Total-Number"), want)
			}
		}
		f.refused(http.StatusBadRequest, "guard.invalid_input", "GET", "/api/users?state=x", nil)
	})
}

func TestALinkToSetAPasswordIsShownWhereNothingCanBeSent(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		id := f.addUser(map[string]any{"primaryEmail": "a+b@example.com"})
		var shown passwordLink
		f.must(200, "POST", "/api/users/"+string(id)+"/password-link", map[string]any{}).decode(t, &shown)
		if shown.Sent || shown.Link == "" || shown.Email != "a+b@example.com" {
			t.Errorf("%+v", shown)
		}
		f.api.Desk.HasConnector = func(context.Context, guestlist.Channel) (bool, error) { return true, nil }
		shown = passwordLink{}
		f.must(200, "POST", "/api/users/"+string(id)+"/password-link", map[string]any{"expiresIn": 60, "page": "https://app.example/in?a=b"}).decode(t, &shown)
		if !shown.Sent || shown.Link != "" {
			t.Errorf("%+v", shown)
		}
		var tokens []guestlist.OneTimeToken
		f.must(200, "GET", "/api/one-time-tokens", nil).decode(t, &tokens)
		if len(tokens) != 2 || tokens[0].Context.InteractionEvent != guestlist.EventForgotPassword {
			t.Errorf("%+v", tokens)
		}
		nameless := f.addUser(map[string]any{"username": "nameless"})
		f.refused(http.StatusUnprocessableEntity, "user.no_email", "POST", "/api/users/"+string(nameless)+"/password-link", map[string]any{})
		f.refused(http.StatusNotFound, "entity.not_found", "POST", "/api/users/nobody/password-link", map[string]any{})
		for _, page := range []string{"javascript:alert(1)", "/in", "x"} {
			f.refused(http.StatusBadRequest, "guard.invalid_input", "POST", "/api/users/"+string(id)+"/password-link", map[string]any{"page": page})
		}
	})
}
