package store_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
)

// searchFields are the searchable columns of users.
var searchFields = []string{"id", "username", "primary_email", "primary_phone", "name"}

// searchPeople are users with names that searches stumble over.
func searchPeople(now guestlist.Time) []store.NewUser {
	var list []store.NewUser
	add := func(id, email, username, phone, name string) {
		u := guestlist.User{ID: guestlist.UserID(id), CreatedAt: now + guestlist.Time(len(list)), UpdatedAt: now}
		for _, f := range []struct {
			to    **string
			value string
		}{{&u.PrimaryEmail, email}, {&u.Username, username}, {&u.PrimaryPhone, phone}, {&u.Name, name}} {
			if f.value != "" {
				*f.to = &f.value
			}
		}
		list = append(list, store.NewUser{User: u})
	}
	add("aaaaaaaaaaaa", "Ada@Example.com", "Ada_L", "447700900001", "Ada Lovelace")
	add("bbbbbbbbbbbb", "bob@example.com", "bob", "447700900002", "Bob 100% sure")
	add("cccccccccccc", "carol@EXAMPLE.org", "CAROL", "", "Ülo Straße")
	add("dddddddddddd", "", "dave_2", "33612345678", `back\slash`)
	add("eeeeeeeeeeee", "eve+tag@sub.example.com", "", "", "ΣΊΣΥΦΟΣ")
	add("ffffffffffff", "", "", "", "")
	add("gggggggggggg", "ada@example.com.evil.test", "ada", "4477009", "under_score")
	add("hhhhhhhhhhhh", "", "", "", "\U0010ffff\U0010ffff end")
	return list
}

// TestUserSearchAgreesWithItsDefinition holds what both engines find to the
// rule in the root package, for every mode, joint and letter case.
func TestUserSearchAgreesWithItsDefinition(t *testing.T) {
	like := []string{
		"ada@example.com", "ADA@EXAMPLE.COM", "ada%", "ADA%", "%example.com", "%EXAMPLE%", "%", "_ob", "bo_%", `bob 100\% sure`, `bob 100\%%`,
		`under\_score`, "under_score", `back\`, `back\\slash`, "447700%", "ü%", "Ü%", "σ%", "Σ%", "\U0010ffff%", "nobody", "aaaaaaaaaaaa", "AAAA%", "a\u017fda%", "\ud7ff%",
	}
	exact := [][]string{{"ada@example.com"}, {"ADA", "bob"}, {"ülo straße"}, {"ÜLO STRASSE"}, {"447700900001", "dddddddddddd"}, {"100%"}}
	posix := []string{"^ada", "^(ada|bob)@", `[0-9]{9}`, "\\.com$", "ü", "(?s)a.c", `\bbob\b`}
	similar := []string{"(ada|bob)%", "%e_ample%", "[A-Z]%", `under\_%`, "%(com|org)"}
	var searches []guestlist.Search
	for _, sensitive := range []bool{false, true} {
		add := func(mode guestlist.MatchMode, values ...string) {
			searches = append(searches, guestlist.Search{CaseSensitive: sensitive, Matches: []guestlist.Match{{Fields: searchFields, Mode: mode, Values: values}}})
			for _, f := range searchFields {
				searches = append(searches, guestlist.Search{CaseSensitive: sensitive, Matches: []guestlist.Match{{Fields: []string{f}, Mode: mode, Values: values}}})
			}
		}
		for _, v := range like {
			add(guestlist.ModeLike, v)
		}
		for _, v := range exact {
			add(guestlist.ModeExact, v...)
		}
		for _, v := range posix {
			add(guestlist.ModePosix, v)
		}
		for _, v := range similar {
			if sensitive {
				add(guestlist.ModeSimilarTo, v)
			}
		}
		for _, joint := range []guestlist.Joint{guestlist.JointAnd, guestlist.JointOr} {
			searches = append(searches, guestlist.Search{CaseSensitive: sensitive, Joint: joint, Matches: []guestlist.Match{
				{Fields: []string{"primary_email"}, Mode: guestlist.ModeLike, Values: []string{"%example%"}},
				{Fields: []string{"username"}, Mode: guestlist.ModeExact, Values: []string{"bob", "ADA_L"}},
				{Fields: []string{"name"}, Mode: guestlist.ModePosix, Values: []string{"b"}},
			}})
		}
	}
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		people := searchPeople(st.Now())
		insertAll(t, st, people)
		view(t, st, func(tx *store.Tx) error {
			for _, s := range searches {
				checkSearch(t, tx, s, people)
			}
			return nil
		})
	})
}

// checkSearch compares what a store finds with what the rule says.
func checkSearch(t *testing.T, tx *store.Tx, s guestlist.Search, people []store.NewUser) {
	t.Helper()
	matches, err := s.Matcher()
	if err != nil {
		t.Fatal(err)
	}
	var want []guestlist.UserID
	for _, p := range slices.Backward(people) {
		if matches(fieldsOf(p.User)) {
			want = append(want, p.User.ID)
		}
	}
	for _, p := range []store.Page{{Limit: 20}, {Limit: 2, Offset: 1}} {
		got, total, err := tx.Users(store.UserFilter{Search: s}, p)
		if err != nil {
			t.Fatalf("%+v: %v", s, err)
		}
		var ids []guestlist.UserID
		for _, u := range got {
			ids = append(ids, u.ID)
		}
		from := min(p.Offset, len(want))
		window := want[from:min(from+p.Limit, len(want))]
		if diff := cmp.Diff(slices.Clone(window), ids); len(window)+len(ids) > 0 && diff != "" || total != len(want) {
			t.Errorf("%+v, page %+v: total %d, want %d (-want +got)\n%s", s, p, total, len(want), diff)
		}
	}
}

func fieldsOf(u guestlist.User) func(string) (string, bool) {
	return func(name string) (string, bool) {
		id := string(u.ID)
		v := map[string]*string{"id": &id, "username": u.Username, "primary_email": u.PrimaryEmail, "primary_phone": u.PrimaryPhone, "name": u.Name}[name]
		if v == nil {
			return "", false
		}
		return *v, true
	}
}

func insertAll(t testing.TB, st *store.Store, users []store.NewUser) {
	t.Helper()
	err := st.Update(context.Background(), func(tx *store.Tx) error {
		results, err := tx.InsertUsers(users)
		if err != nil {
			return err
		}
		for i, r := range results {
			if !r.New || r.Err != nil {
				t.Fatalf("user %d: %+v", i, r)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// manyUsers makes n users with e-mail addresses, usernames and names.
func manyUsers(now guestlist.Time, from, n int) []store.NewUser {
	list := make([]store.NewUser, n)
	for i := range list {
		k := from + i
		email, username, name := fmt.Sprintf("person%d@example.com", k), fmt.Sprintf("person_%d", k), fmt.Sprintf("Person Number %d", k)
		list[i].User = guestlist.User{
			ID: guestlist.UserID(fmt.Sprintf("%012d", k)), PrimaryEmail: &email, Username: &username, Name: &name,
			CreatedAt: now + guestlist.Time(k), UpdatedAt: now,
		}
	}
	return list
}

func TestListsAndSearchesUseIndexes(t *testing.T) {
	const people, batch = 20000, 1000
	one := func(mode guestlist.MatchMode, sensitive bool, value string, fields ...string) store.UserFilter {
		return store.UserFilter{Search: guestlist.Search{CaseSensitive: sensitive, Matches: []guestlist.Match{{Fields: fields, Mode: mode, Values: []string{value}}}}}
	}
	filters := map[string]store.UserFilter{
		"list":                          {},
		"e-mail":                        one(guestlist.ModeLike, false, "Person777@example.com", "primary_email"),
		"e-mail, exactly":               one(guestlist.ModeExact, true, "person777@example.com", "primary_email"),
		"e-mail in every field":         one(guestlist.ModeLike, false, "person777@example.com", searchFields...),
		"prefix":                        one(guestlist.ModeLike, false, "person7777%", "primary_email"),
		"prefix in every field":         one(guestlist.ModeLike, false, "person_7777%", searchFields...),
		"prefix, with regard to case":   one(guestlist.ModeLike, true, "person7777%", "primary_email"),
		"username":                      one(guestlist.ModeLike, false, "PERSON_777", "username"),
		"start and end of an address":   one(guestlist.ModeLike, false, "person777%@example.com", "primary_email"),
		"exact, without regard to case": one(guestlist.ModeExact, false, "Person Number 7", "name"),
	}
	clock := storetest.NewClock(time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC))
	storetest.EachAt(t, clock.Now, func(t *testing.T, st *store.Store) {
		for from := 0; from < people; from += batch {
			insertAll(t, st, manyUsers(st.Now(), from, batch))
		}
		view(t, st, func(tx *store.Tx) error {
			for name, f := range filters {
				plan, err := tx.PlanOfUsers(f)
				if err != nil {
					return err
				}
				if name != "list" && scans(plan) || strings.Contains(plan, "Seq Scan on users") {
					t.Errorf("%s reads every user:\n%s", name, plan)
				}
			}
			substring, err := tx.PlanOfUsers(one(guestlist.ModeLike, false, "%son777@%", "primary_email"))
			if err != nil || !scans(substring) {
				t.Errorf("this test cannot tell a scan: %v\n%s", err, substring)
			}
			return nil
		})
		clock.Advance(time.Hour)
		if err := st.IndexUsersOf(context.Background(), 8192, 100); err != nil {
			t.Fatal(err)
		}
		update(t, st, func(tx *store.Tx) error {
			if err := tx.InsertRole(guestlist.Role{ID: "role", Name: "role", Type: guestlist.RoleUser}); err != nil {
				return err
			}
			for k := range 3000 {
				if err := tx.AddUserRole(guestlist.UserID(fmt.Sprintf("%012d", 2*k)), "role"); err != nil {
					return err
				}
			}
			return tx.Analyze()
		})
		view(t, st, func(tx *store.Tx) error {
			for name, f := range map[string]store.UserFilter{
				"a part of an address":      one(guestlist.ModeLike, false, "%son777@%", "primary_email"),
				"a part of anything":        one(guestlist.ModeLike, false, "%umber 777%", searchFields...),
				"with regard to case":       one(guestlist.ModeLike, true, "%umber 777", searchFields...),
				"a part, of who never came": {State: store.UsersNew, Search: one(guestlist.ModeLike, false, "%umber 1777%", searchFields...).Search},
			} {
				plan, err := tx.PlanOfUsers(f)
				if err != nil {
					return err
				}
				if strings.Contains(plan, "Seq Scan") || strings.Contains(plan, "SCAN users") {
					t.Errorf("%s reads every user:\n%s", name, plan)
				}
			}
			lacking, err := tx.PlanOfUsers(store.UserFilter{ExcludeRole: "role"})
			if page, _, _ := strings.Cut(lacking, "Aggregate  (cost"); err != nil || strings.Contains(page, "Seq Scan") || strings.Contains(lacking, "SCAN user_roles") {
				t.Errorf("who lacks a role: %v\n%s", err, lacking)
			}
			plans, err := tx.PlansOfBlocks()
			if err != nil || strings.Contains(plans, "Seq Scan") || strings.Contains(plans, "SCAN user_grams") || strings.Contains(plans, "SCAN user_block_parts") {
				t.Errorf("%v\n%s", err, plans)
			}
			return nil
		})
	})
}

// scans recognises a plan that reads the whole table, be it in the order of an
// index.
func scans(plan string) bool {
	for line := range strings.Lines(plan) {
		if strings.Contains(line, "Seq Scan on users") || strings.Contains(line, "users_created_at_index") ||
			strings.HasPrefix(line, "SCAN users") {
			return true
		}
	}
	return false
}

func TestUserListCountsAndExcludes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		insertAll(t, st, manyUsers(st.Now(), 0, 50))
		update(t, st, func(tx *store.Tx) error {
			if err := tx.InsertRole(guestlist.Role{ID: "role", Name: "role", Type: guestlist.RoleUser}); err != nil {
				return err
			}
			for k := range 7 {
				if _, err := tx.GiveRoles(guestlist.UserID(fmt.Sprintf("%012d", 40+k)), "role"); err != nil {
					return err
				}
			}
			return nil
		})
		view(t, st, func(tx *store.Tx) error {
			for _, tt := range []struct {
				filter      store.UserFilter
				page        store.Page
				first       string
				rows, total int
			}{
				{store.UserFilter{}, store.Page{Limit: 20}, "000000000049", 20, 50},
				{store.UserFilter{}, store.Page{Limit: 20, Offset: 40}, "000000000009", 10, 50},
				{store.UserFilter{}, store.Page{Limit: 20, Offset: 60}, "", 0, 50},
				{store.UserFilter{}, store.Page{Limit: 10, Offset: 40}, "000000000009", 10, 50},
				{store.UserFilter{ExcludeRole: "role"}, store.Page{Limit: 20}, "000000000049", 20, 43},
				{store.UserFilter{ExcludeRole: "role"}, store.Page{Limit: 20, Offset: 40}, "000000000002", 3, 43},
				{store.UserFilter{ExcludeRole: "nope"}, store.Page{Limit: 20, Offset: 100}, "", 0, 50},
				{store.UserFilter{OfRole: "role"}, store.Page{Limit: 5}, "000000000046", 5, 7},
			} {
				users, total, err := tx.Users(tt.filter, tt.page)
				if err != nil {
					return err
				}
				if total != tt.total || len(users) != tt.rows || len(users) > 0 && string(users[0].ID) != tt.first {
					t.Errorf("%+v %+v: %d rows of %d, %v first", tt.filter, tt.page, len(users), total, users)
				}
			}
			return nil
		})
	})
}

// TestCountsThatStopAgreeWithThoseThatDoNot holds pages that are found with a
// bounded count to those that count everything, for searches and states that
// match few and many.
func TestCountsThatStopAgreeWithThoseThatDoNot(t *testing.T) {
	like := func(pattern string, fields ...string) guestlist.Search {
		return guestlist.Search{Matches: []guestlist.Match{{Fields: fields, Mode: guestlist.ModeLike, Values: []string{pattern}}}}
	}
	filters := []store.UserFilter{
		{}, {State: store.UsersNew}, {State: store.UsersSuspended}, {State: store.UsersLeaving},
		{Search: like("person1%", searchFields...)}, {Search: like("person17%", searchFields...)}, {Search: like("%7@%", "primary_email")},
		{Search: like("nobody%", searchFields...)}, {Search: like("person1%", searchFields...), State: store.UsersNew},
		{Search: guestlist.Search{Matches: []guestlist.Match{{Fields: searchFields, Mode: guestlist.ModePosix, Values: []string{"17"}}}}},
	}
	const most = 20
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		insertAll(t, st, manyUsers(st.Now(), 0, 200))
		update(t, st, func(tx *store.Tx) error {
			for k := range 30 {
				id := guestlist.UserID(fmt.Sprintf("%012d", 3*k))
				if err := tx.PlanDeletion(id, tx.Now.Add(1)); err != nil {
					return err
				}
				if k%3 == 0 {
					if err := tx.DropDeletion(id); err != nil {
						return err
					}
				}
			}
			return nil
		})
		view(t, st, func(tx *store.Tx) error {
			for i, f := range filters {
				var read []guestlist.UserID
				for next := f; ; {
					users, err := tx.NextUsers(next, 7)
					if err != nil || len(users) == 0 {
						break // expressions are refused
					}
					for _, u := range users {
						read = append(read, u.ID)
					}
					next.Before = &users[len(users)-1]
				}
				for _, p := range []store.Page{{Limit: 10}, {Limit: 10, Offset: 15}, {Limit: 10, Offset: 500}} {
					want, all, err := tx.Users(f, p)
					if err != nil {
						return err
					}
					got, total, capped, err := tx.UsersUpTo(f, p, most)
					if err != nil {
						return err
					}
					wantTotal, wantCapped := all, false
					if i > 0 && all > most && i < len(filters)-1 {
						wantTotal, wantCapped = most, true
					}
					if diff := cmp.Diff(want, got); diff != "" || total != wantTotal || capped != wantCapped {
						t.Errorf("filter %d, %+v: %d %v, want %d %v (-want +got)\n%s", i, p, total, capped, wantTotal, wantCapped, diff)
					}
					if len(read) > 0 && len(read) != all {
						t.Errorf("filter %d: read %d of %d", i, len(read), all)
					}
				}
			}
			return nil
		})
	})
}

// TestStatesAreFoundByIndex: few suspended among many are found at once.
func TestStatesAreFoundByIndex(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		for from := 0; from < 5000; from += 1000 {
			insertAll(t, st, manyUsers(st.Now(), from, 1000))
		}
		view(t, st, func(tx *store.Tx) error {
			for state, index := range map[store.UserState]string{
				store.UsersSuspended: "users_is_suspended_index", store.UsersLeaving: "users_deletion_due_at_index",
			} {
				plan, err := tx.PlanOfUsers(store.UserFilter{State: state})
				if err != nil {
					return err
				}
				if !strings.Contains(plan, index) {
					t.Errorf("%s:\n%s", state, plan)
				}
			}
			return nil
		})
	})
}
