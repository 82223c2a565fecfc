package management

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
	"guestlist/internal/token"
)

// addUser creates a user through the door and returns its id.
func (f *fixture) addUser(body map[string]any) guestlist.UserID {
	f.t.Helper()
	return guestlist.UserID(f.must(200, "POST", "/api/users", body).field(f.t, "id"))
}

// parallel calls fn in so many goroutines at once, with their numbers.
func parallel(n int, fn func(i int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			fn(i)
		})
	}
	close(start)
	wg.Wait()
}

func TestOneAddressOneUserHoweverManyAskAtOnce(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		answers := make([]answer, 16)
		parallel(len(answers), func(i int) {
			email := "guest@example.com"
			if i%2 == 1 {
				email = "Guest@Example.COM"
			}
			answers[i] = f.call("POST", "/api/users", map[string]any{"primaryEmail": email})
		})
		created := 0
		for _, a := range answers {
			switch {
			case a.status == 200:
				created++
			case a.status != 422 || a.code() != "user.email_already_in_use":
				t.Errorf("%d %s", a.status, a.body)
			}
		}
		if created != 1 {
			t.Errorf("%d created", created)
		}
		f.holds(1)
	})
}

func TestChangesAtOnceAreAllKept(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		id := f.addUser(map[string]any{})
		parallel(16, func(i int) {
			body := map[string]any{"customData": map[string]any{fmt.Sprint("k", i): i}}
			f.must(200, "PATCH", "/api/users/"+string(id)+"/custom-data", body)
		})
		var data map[string]int
		f.must(200, "GET", "/api/users/"+string(id)+"/custom-data", nil).decode(t, &data)
		if len(data) != 16 {
			t.Errorf("kept %v", data)
		}
	})
}

func TestUserListHasPages(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		for i := range 25 {
			f.addUser(map[string]any{"name": fmt.Sprintf("guest %02d", i)})
		}
		for _, tt := range []struct{ query, total, first, last string }{
			{"", "25", "guest 24", "guest 05"},
			{"page=2", "25", "guest 04", "guest 00"},
			{"page=3", "25", "", ""},
			{"page=9&page_size=3", "25", "guest 00", "guest 00"},
			{"search.name=%251_&page_size=4", "10", "guest 19", "guest 16"},
			{"search.name=%251_&page_size=4&page=3", "10", "guest 11", "guest 10"},
			{"search.name=GUEST%2007", "1", "guest 07", "guest 07"},
			{"search.name=GUEST%2007&isCaseSensitive=true", "0", "", ""},
			{"search.name=%5eguest%20%5b01%5d5$&mode.name=posix", "2", "guest 15", "guest 05"},
			{"search.name=guest%20(01%7c02)&mode.name=similar_to&isCaseSensitive=true", "2", "guest 02", "guest 01"},
			{"search.name=guest%2001&search.name=guest%2002&mode.name=exact", "2", "guest 02", "guest 01"},
		} {
			a := f.must(200, "GET", "/api/users?"+tt.query, nil)
			var users []guestlist.User
			a.decode(t, &users)
			first, last := "", ""
			if len(users) > 0 {
				first, last = *users[0].Name, *users[len(users)-1].Name
			}
			if got := a.header.Get("Total-Number"); got != tt.total || first != tt.first || last != tt.last {
				t.Errorf("%s: %s, %q to %q; want %s, %q to %q", tt.query, got, first, last, tt.total, tt.first, tt.last)
			}
		}
	})
}

func TestValuesThatAreTooLongChangeNothing(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		id := f.addUser(map[string]any{"name": "as it was"})
		for name, value := range map[string]string{
			"username": strings.Repeat("u", 129), "primaryEmail": strings.Repeat("e", 120) + "@x.example", "name": strings.Repeat("ü", 129),
			"avatar": "https://img.example/" + strings.Repeat("a", 2048),
		} {
			f.refused(422, "entity.value_too_long", "POST", "/api/users", map[string]any{name: value})
			f.refused(422, "entity.value_too_long", "PATCH", "/api/users/"+string(id), map[string]any{name: value})
		}
		f.refused(422, "password.rejected", "POST", "/api/users", map[string]any{"password": strings.Repeat("p", 257)})
		f.refused(422, "password.rejected", "PATCH", "/api/users/"+string(id)+"/password", map[string]any{"password": strings.Repeat("p", 257)})
		f.refused(400, "guard.invalid_input", "POST", "/api/users", map[string]any{"name": strings.Repeat("n", maxText+1)})
		f.must(200, "PATCH", "/api/users/"+string(id), map[string]any{"name": strings.Repeat("ü", 128)})
		f.holds(1)
	})
}

func TestAddressesOfMachinesAreUnproved(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		id := f.addUser(map[string]any{"primaryEmail": "Guest@example.com", "primaryPhone": "447700900001"})
		proved := func(email, phone bool) {
			t.Helper()
			view(t, f.st, func(tx *store.Tx) error {
				u, err := tx.User(id)
				if (u.EmailVerifiedAt != nil) != email || (u.PhoneVerifiedAt != nil) != phone {
					t.Errorf("proved: %v, %v; want %v, %v", u.EmailVerifiedAt, u.PhoneVerifiedAt, email, phone)
				}
				return err
			})
		}
		proved(false, false)
		f.update(func(tx *store.Tx) error {
			u, err := tx.UserForUpdate(id)
			if err != nil {
				return err
			}
			u.EmailVerifiedAt, u.PhoneVerifiedAt = &tx.Now, &tx.Now
			return tx.UpdateUser(u)
		})
		path := "/api/users/" + string(id)
		f.must(200, "PATCH", path, map[string]any{"primaryEmail": "GUEST@example.com", "primaryPhone": "4407700900001", "name": "x"})
		proved(true, true)
		f.must(200, "PATCH", path, map[string]any{"primaryEmail": "other@example.com"})
		proved(false, true)
		f.must(200, "PATCH", path, map[string]any{"primaryPhone": nil})
		proved(false, false)
	})
}

// update changes the store behind the door's back.
func (f *fixture) update(fn func(*store.Tx) error) {
	f.t.Helper()
	if err := f.st.Update(context.Background(), fn); err != nil {
		f.t.Fatal(err)
	}
}

func TestWhatHappensToUsersIsTold(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		id := f.addUser(map[string]any{"primaryEmail": "guest@example.com"})
		path := "/api/users/" + string(id)
		f.must(200, "PATCH", path, map[string]any{"name": "Guest"})
		f.must(200, "PATCH", path+"/custom-data", map[string]any{"customData": map[string]any{"a": 1}})
		f.must(200, "PATCH", path+"/profile", map[string]any{"profile": map[string]any{"givenName": "G"}})
		f.must(200, "PATCH", path+"/password", map[string]any{"password": "x"})
		f.must(200, "PATCH", path+"/logto-configs", map[string]any{"mfa": map[string]any{"skipped": true}})
		f.must(200, "PATCH", path+"/is-suspended", map[string]any{"isSuspended": true})
		f.must(201, "PUT", path+"/identities/github", map[string]any{"userId": "1"})
		f.must(201, "POST", path+"/roles", map[string]any{"roleIds": []string{}})
		f.refused(422, "user.email_already_in_use", "POST", "/api/users", map[string]any{"primaryEmail": "guest@example.com"})
		f.refused(422, "entity.invalid_input", "PATCH", path, map[string]any{})
		f.must(204, "DELETE", path, nil)

		type event struct {
			Event, CreatedAt, IP, Path, Method, MatchedRoute string
			Status                                           int
			Params                                           map[string]string
			Data                                             map[string]any
		}
		var got []string
		f.update(func(tx *store.Tx) error {
			got = nil
			pending, err := tx.TakeEvents(100)
			slices.SortFunc(pending, func(a, b store.PendingEvent) int { return int(a.CreatedAt - b.CreatedAt) })
			for _, p := range pending {
				var e event
				if err := json.Unmarshal(p.Payload, &e); err != nil {
					return err
				}
				if _, err := time.Parse(time.RFC3339, e.CreatedAt); err != nil || e.IP == "" || e.Event != p.Key {
					t.Errorf("%s: %v", p.Payload, err)
				}
				_, withPassword := e.Data["hasPassword"]
				got = append(got, fmt.Sprint(e.Event, " ", e.Method, " ", e.MatchedRoute, " ", e.Status, " ",
					e.Params["userId"] == string(id), strings.Contains(e.Path, string(id)), " ", e.Data["id"] == string(id), withPassword))
			}
			return err
		})
		want := []string{
			"User.Created POST /users 200 false false true true",
			"User.Data.Updated PATCH /users/:userId 200 true true true true",
			"User.Data.Updated PATCH /users/:userId/custom-data 200 true true false false",
			"User.Data.Updated PATCH /users/:userId/profile 200 true true false false",
			"User.Data.Updated PATCH /users/:userId/password 200 true true true true",
			"User.Data.Updated PATCH /users/:userId/logto-configs 200 true true true true",
			"User.SuspensionStatus.Updated PATCH /users/:userId/is-suspended 200 true true true true",
			"User.Deleted DELETE /users/:userId 204 true true true false",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestNobodyDeletesThemselves(t *testing.T) {
	f := newFixture(t, storetest.Open(t, "sqlite", nil))
	id := f.addUser(map[string]any{})
	_, err := f.api.deleteUser(&call{who: token.Subject{ClientID: "console", UserID: id}}, userID{id})
	if guestlist.CodeOf(err) != "user.cannot_delete_self" {
		t.Error(err)
	}
	f.holds(1)
}

// signIn gives a user a session with two applications, one of them of a third
// party, each with a grant and a token.
func (f *fixture) signIn(user guestlist.UserID, session guestlist.SessionID) {
	f.t.Helper()
	f.update(func(tx *store.Tx) error {
		s := guestlist.Session{
			ID: session, UserID: user, ClientID: "ours", SignedInAt: tx.Now, CreatedAt: tx.Now, ExpiresAt: tx.Now.Add(time.Hour),
			LastSubmission: object(`{"interactionEvent":"SignIn"}`),
		}
		for _, app := range []guestlist.Application{
			{ID: "ours", Name: "Ours", Type: guestlist.ApplicationSPA},
			{ID: "theirs", Name: "Theirs", Type: guestlist.ApplicationTraditional, IsThirdParty: true},
		} {
			if _, err := tx.Application(app.ID); errors.Is(err, store.ErrNotFound) {
				app.CreatedAt = tx.Now
				if err := tx.InsertApplication(app); err != nil {
					return err
				}
			}
			grant := guestlist.GrantID(string(session) + "-" + string(app.ID))
			s.Clients = append(s.Clients, guestlist.SessionApplication{ApplicationID: app.ID, GrantID: grant, SID: "sid", PersistsLogout: true})
			if err := tx.InsertGrant(guestlist.Grant{
				ID: grant, UserID: user, ApplicationID: app.ID, SessionID: session, CreatedAt: tx.Now, ExpiresAt: tx.Now.Add(time.Hour),
			}); err != nil {
				return err
			}
			if err := tx.InsertToken(string(grant), store.Token{
				Kind: store.TokenRefresh, GrantID: grant, UserID: user, ClientID: app.ID, Data: []byte("{}"), ExpiresAt: tx.Now.Add(time.Hour),
			}); err != nil {
				return err
			}
		}
		return tx.InsertSession(s, "cookie of "+string(session))
	})
}

// alive returns which of the tokens that signIn made are good.
func (f *fixture) alive(sessions ...guestlist.SessionID) string {
	var list []string
	view(f.t, f.st, func(tx *store.Tx) error {
		for _, s := range sessions {
			for _, app := range []string{"ours", "theirs"} {
				if _, err := tx.Token(string(s)+"-"+app, store.TokenRefresh); err == nil {
					list = append(list, string(s)+"-"+app)
				}
			}
			if _, err := tx.SessionByCookie("cookie of " + string(s)); err == nil {
				list = append(list, string(s))
			}
		}
		return nil
	})
	return strings.Join(list, " ")
}

func TestSessionsAndGrantsAreShownAndEnd(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		id, other := f.addUser(map[string]any{}), f.addUser(map[string]any{})
		path := "/api/users/" + string(id)
		f.signIn(id, "one")
		f.signIn(id, "two")
		f.signIn(id, "three")
		f.signIn(other, "else")

		var sessions sessionList
		f.must(200, "GET", path+"/sessions", nil).decode(t, &sessions)
		if s := sessions.Sessions[0]; len(sessions.Sessions) != 3 || s.Payload.UID != "three" || s.Payload.Authorizations["theirs"].SID != "sid" ||
			s.AccountID != id || s.Payload.Exp != s.ExpiresAt.Unix() || string(s.LastSubmission) != `{"interactionEvent":"SignIn"}` {
			t.Errorf("%+v", sessions)
		}
		for query, want := range map[string]int{"": 6, "?appType=firstParty": 3, "?appType=thirdParty": 3} {
			var grants grantList
			f.must(200, "GET", path+"/grants"+query, nil).decode(t, &grants)
			if len(grants.Grants) != want || grants.Grants[0].Payload.AccountID != id {
				t.Errorf("%s: %+v", query, grants)
			}
		}
		f.must(200, "GET", path+"/sessions/one", nil)
		f.refused(404, "oidc.session_not_found", "GET", path+"/sessions/else", nil)
		f.refused(404, "oidc.session_not_found", "DELETE", path+"/sessions/else?revokeGrantsTarget=all", nil)
		f.refused(404, "entity.not_found", "DELETE", path+"/grants/else-ours", nil)

		f.must(204, "DELETE", path+"/sessions/one?revokeGrantsTarget=firstParty", nil)
		f.must(204, "DELETE", path+"/sessions/two?revokeGrantsTarget=all", nil)
		f.must(204, "DELETE", path+"/grants/three-ours", nil)
		if got := f.alive("one", "two", "three", "else"); got != "one-theirs three-theirs three else-ours else-theirs else" {
			t.Errorf("still good: %s", got)
		}
		f.refused(404, "oidc.session_not_found", "DELETE", path+"/sessions/one", nil)
		f.must(204, "DELETE", path+"/sessions/three", nil)
		if got := f.alive("three"); got != "three-theirs" {
			t.Errorf("a session that ended left %s", got)
		}
	})
}

func TestSuspendedAndDeletedUsersAreOutEverywhere(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		id, other := f.addUser(map[string]any{}), f.addUser(map[string]any{})
		f.signIn(id, "one")
		f.signIn(other, "else")
		f.must(200, "PATCH", "/api/users/"+string(id)+"/is-suspended", map[string]any{"isSuspended": true})
		if got := f.alive("one", "else"); got != "else-ours else-theirs else" {
			t.Errorf("still good: %s", got)
		}
		f.must(200, "PATCH", "/api/users/"+string(id)+"/is-suspended", map[string]any{"isSuspended": false})
		f.must(204, "DELETE", "/api/users/"+string(other), nil)
		if got := f.alive("one", "else"); got != "" {
			t.Errorf("still good: %s", got)
		}
		f.holds(1)
	})
}

func TestTemporaryPasswordsAreMarked(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		id := f.addUser(map[string]any{"password": "first", "passwordIsTemporary": true})
		temporary := func(want bool) {
			t.Helper()
			view(t, f.st, func(tx *store.Tx) error {
				p, err := tx.Password(id)
				if err == nil && p.Temporary != want {
					t.Errorf("temporary: %v", p.Temporary)
				}
				return err
			})
		}
		temporary(true)
		f.must(200, "PATCH", "/api/users/"+string(id)+"/password", map[string]any{"password": "second"})
		temporary(false)
		f.must(200, "PATCH", "/api/users/"+string(id)+"/password", map[string]any{"password": "third", "isTemporary": true})
		temporary(true)
	})
}

func TestDashboardCountsTheActive(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		for range 3 {
			id := f.addUser(map[string]any{})
			f.update(func(tx *store.Tx) error { return errors.Join(tx.SetLastSignIn(id), tx.SetLastSignIn(id)) })
		}
		var u activeUsers
		f.must(200, "GET", "/api/dashboard/users/active", nil).decode(t, &u)
		today := f.st.Now().Std().Format(time.DateOnly)
		if n := len(u.Curve); n != month || u.Curve[n-1] != (activeDay{today, 3}) || u.Day != (change{3, 3}) || u.Week != (change{3, 3}) || u.Month != (change{3, 3}) {
			t.Errorf("%+v", u)
		}
		after := func(days int) activeUsers {
			var u activeUsers
			date := f.st.Now().Std().AddDate(0, 0, days).Format(time.DateOnly)
			f.must(200, "GET", "/api/dashboard/users/active?date="+date, nil).decode(t, &u)
			return u
		}
		if u := after(1); u.Day != (change{0, -3}) || u.Week != (change{3, 3}) {
			t.Errorf("a day later: %+v", u)
		}
		if u := after(week); u.Day != (change{0, 0}) || u.Week != (change{0, -3}) || u.Month != (change{3, 3}) {
			t.Errorf("a week later: %+v", u)
		}
		if u := after(month); u.Month != (change{0, -3}) {
			t.Errorf("a month later: %+v", u)
		}
		var n newUsers
		f.must(200, "GET", "/api/dashboard/users/new", nil).decode(t, &n)
		if n.Today != (change{3, 3}) || n.Last7Days != (change{3, 3}) {
			t.Errorf("%+v", n)
		}
	})
}

func TestOneTimeTokenHasOneWinner(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		issued := f.must(201, "POST", "/api/one-time-tokens", map[string]any{"email": "guest@example.com"})
		body := map[string]any{"token": issued.field(t, "token"), "email": "GUEST@example.com"}
		f.refused(400, "one_time_token.email_mismatch", "POST", "/api/one-time-tokens/verify",
			map[string]any{"token": issued.field(t, "token"), "email": "other@example.com"})
		answers := make([]answer, 16)
		parallel(len(answers), func(i int) { answers[i] = f.call("POST", "/api/one-time-tokens/verify", body) })
		won := 0
		for _, a := range answers {
			switch {
			case a.status == http.StatusOK && a.field(t, "status") == "consumed" && a.field(t, "token") == issued.field(t, "token"):
				won++
			case a.status != 400 || a.code() != "one_time_token.token_consumed":
				t.Errorf("%d %s", a.status, a.body)
			}
		}
		if won != 1 {
			t.Errorf("%d winners", won)
		}
	})
}

func TestVerificationCodesAreTriedTenTimes(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		to := map[string]any{"email": "guest@example.com"}
		f.must(204, "POST", "/api/verification-codes", to)
		to["verificationCode"] = "no code" // six digits might be right
		for range 10 {
			f.refused(400, "verification_code.code_mismatch", "POST", "/api/verification-codes/verify", to)
		}
		f.refused(400, "verification_code.exceed_max_try", "POST", "/api/verification-codes/verify", to)
	})
}

func BenchmarkUsers(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgres"} {
		f := newFixture(b, storetest.Open(b, engine, nil))
		filled := 0
		for _, people := range []int{1000, 100_000} {
			if filled < people {
				text := strings.ReplaceAll(peopleLines(people-filled), "person", fmt.Sprintf("p%d_", filled))
				_, verdicts := f.importAll(contentTypeNDJSON, "", strings.NewReader(text))
				filled += count(verdicts)
			}
			f.update((*store.Tx).CompactTallies) // as the server does every now and then
			run := func(name string, fn func(i int)) {
				b.Run(fmt.Sprintf("%s/%s/%d", engine, name, people), func(b *testing.B) {
					b.SetParallelism(8)
					var n int
					var mu sync.Mutex
					b.RunParallel(func(pb *testing.PB) {
						for pb.Next() {
							mu.Lock()
							n++
							i := n
							mu.Unlock()
							fn(i)
						}
					})
					b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
				})
			}
			run("list", func(int) { f.must(200, "GET", "/api/users", nil) })
			run("search", func(i int) {
				f.must(200, "GET", fmt.Sprintf("/api/users?search.primaryEmail=p0_%d@example.com", i%900), nil)
			})
			run("create", func(int) { f.must(200, "POST", "/api/users", map[string]any{"primaryEmail": nextEmail()}) })
		}
	}
}

var nextEmail = func() func() string {
	var mu sync.Mutex
	n := 0
	return func() string {
		mu.Lock()
		defer mu.Unlock()
		n++
		return fmt.Sprintf("new%d@example.com", n)
	}
}()
