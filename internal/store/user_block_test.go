package store_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
)

// crowd is what a store should hold.
type crowd struct {
	users map[guestlist.UserID]guestlist.User
	rand  *rand.Rand
	made  int
}

var syllables = []string{"an", "na", "ba", "Ko", "ri", "Ü", "ł", "x", "ss", "山", "é", "mo", "7", "42"}

func (c *crowd) word(n int) *string {
	s := ""
	for range n {
		s += syllables[c.rand.IntN(len(syllables))]
	}
	return &s
}

// newcomer makes a user who was created at a time.
func (c *crowd) newcomer(at guestlist.Time) guestlist.User {
	c.made++
	u := guestlist.User{ID: guestlist.UserID(fmt.Sprintf("u%011d", c.made)), Name: c.word(5), CreatedAt: at, UpdatedAt: at}
	email := fmt.Sprintf("m%d@%d.example", c.made, c.rand.IntN(5))
	u.PrimaryEmail = &email
	return u
}

func (c *crowd) join(t *testing.T, st *store.Store, users ...guestlist.User) {
	t.Helper()
	batch := make([]store.NewUser, len(users))
	for i, u := range users {
		batch[i].User, c.users[u.ID] = u, u
	}
	insertAll(t, st, batch)
}

// found is who should be found, the newest first.
func (c *crowd) found(t *testing.T, s guestlist.Search) []guestlist.UserID {
	t.Helper()
	matches, err := s.Matcher()
	if err != nil {
		t.Fatal(err)
	}
	var list []guestlist.User
	for _, u := range c.users {
		if matches(fieldsOf(u)) {
			list = append(list, u)
		}
	}
	slices.SortFunc(list, func(a, b guestlist.User) int {
		return cmp.Or(cmp.Compare(b.CreatedAt, a.CreatedAt), cmp.Compare(b.ID, a.ID))
	})
	var ids []guestlist.UserID
	for _, u := range list {
		ids = append(ids, u.ID)
	}
	return ids
}

// check compares searches by blocks with their definition.
func (c *crowd) check(t *testing.T, st *store.Store) {
	t.Helper()
	like := func(pattern string) guestlist.Match {
		return guestlist.Match{Fields: searchFields, Mode: guestlist.ModeLike, Values: []string{pattern}}
	}
	name := guestlist.Match{Fields: []string{"name"}, Mode: guestlist.ModeExact, Values: []string{*c.word(5), *c.word(5)}}
	searches := []guestlist.Search{
		{Matches: []guestlist.Match{like("%example%")}}, {Matches: []guestlist.Match{like("%nobody%")}}, {Matches: []guestlist.Match{like("%@3.%")}},
		{Matches: []guestlist.Match{like("%ü%")}}, {Matches: []guestlist.Match{like("%山_a%")}, CaseSensitive: true}, {Matches: []guestlist.Match{like("%Ü%")}, CaseSensitive: true},
		{Matches: []guestlist.Match{like("%mo%"), like("%42%")}, Joint: guestlist.JointAnd}, {Matches: []guestlist.Match{like("%momo%"), like("%4242%"), name}},
		{Matches: []guestlist.Match{like("%%"), like("%ł%")}, Joint: guestlist.JointAnd}, {Matches: []guestlist.Match{like("%"), like("%ł%")}},
	}
	for range 4 {
		searches = append(searches, guestlist.Search{Matches: []guestlist.Match{like("%" + *c.word(2) + "%")}})
	}
	const most = 40
	view(t, st, func(tx *store.Tx) error {
		for _, s := range searches {
			want := c.found(t, s)
			for _, p := range []store.Page{{Limit: 3}, {Limit: 10, Offset: 17}, {Limit: 10, Offset: len(want) - len(want)%10}, {}} {
				got, total, err := tx.Users(store.UserFilter{Search: s}, p)
				if err != nil {
					return err
				}
				c.compare(t, fmt.Sprintf("%+v, %+v", s, p), p, want, got)
				if total != len(want) {
					t.Errorf("%+v, %+v: %d in all, want %d", s, p, total, len(want))
				}
				got, total, capped, err := tx.UsersUpTo(store.UserFilter{Search: s}, p, most)
				if err != nil {
					return err
				}
				c.compare(t, fmt.Sprintf("%+v, %+v, up to", s, p), p, want, got)
				if total != min(len(want), most) || capped != (len(want) > most) {
					t.Errorf("%+v, %+v: %d in all, capped %v, want %d", s, p, total, capped, len(want))
				}
			}
		}
		return nil
	})
}

func (c *crowd) compare(t *testing.T, what string, p store.Page, want []guestlist.UserID, got []guestlist.User) {
	t.Helper()
	var ids []guestlist.UserID
	for _, u := range got {
		ids = append(ids, u.ID)
	}
	from := min(p.Offset, len(want))
	to := len(want)
	if p.Limit > 0 {
		to = min(from+p.Limit, to)
	}
	if window := want[from:to]; len(window)+len(ids) > 0 {
		if diff := gocmp.Diff(window, ids); diff != "" {
			t.Errorf("%s (-want +got)\n%s", what, diff)
		}
	}
}

// TestUsersAreFoundByAnyPartWhateverHappened: people come, some of them with a
// date long before, change their names back and forth and go, while blocks are made
// and made anew.
func TestUsersAreFoundByAnyPartWhateverHappened(t *testing.T) {
	clock := storetest.NewClock(time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC))
	storetest.EachAt(t, clock.Now, func(t *testing.T, st *store.Store) {
		c := &crowd{users: map[guestlist.UserID]guestlist.User{}, rand: rand.New(rand.NewPCG(4, 2))}
		for round := range 7 {
			var come []guestlist.User
			for i := range 120 {
				come = append(come, c.newcomer(st.Now()+guestlist.Time(i/3))) // some at the same time
			}
			c.join(t, st, come...)
			old := c.newcomer(st.Now().Add(-time.Hour * time.Duration(c.rand.IntN(40))))
			c.users[old.ID] = old
			ids := make([]guestlist.UserID, 0, len(c.users))
			for id := range c.users {
				ids = append(ids, id)
			}
			slices.Sort(ids)
			update(t, st, func(tx *store.Tx) error {
				if err := tx.InsertUser(old, nil); err != nil {
					return err
				}
				for k := range 40 {
					id := ids[c.rand.IntN(len(ids)-1)]
					u, ok := c.users[id]
					switch {
					case !ok || id == old.ID:
					case k%10 == 0:
						if err := tx.DeleteUser(id); err != nil {
							return err
						}
						delete(c.users, id)
					default:
						if u.Name = c.word(5); k%9 == 0 {
							u.Name = nil
						}
						if err := tx.UpdateUser(u); err != nil {
							return err
						}
						c.users[id] = u
					}
				}
				return nil
			})
			if round%2 == 0 {
				c.check(t, st)
			}
			clock.Advance(time.Hour)
			if err := st.IndexUsersOf(context.Background(), 100, 20); err != nil {
				t.Fatal(err)
			}
			c.check(t, st)
		}
	})
}

// TestOnlyThoseWhoSettledAreIndexed: a transaction that is still running may write
// somebody who came before those who are indexed.
func TestOnlyThoseWhoSettledAreIndexed(t *testing.T) {
	clock := storetest.NewClock(time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC))
	storetest.EachAt(t, clock.Now, func(t *testing.T, st *store.Store) {
		insertAll(t, st, manyUsers(st.Now(), 0, 10))
		for _, step := range []struct {
			after  time.Duration
			blocks int
		}{{0, 0}, {time.Minute, 0}, {2 * time.Minute, 1}, {time.Hour, 1}} {
			clock.Advance(step.after)
			if err := st.IndexUsersOf(context.Background(), 10, 5); err != nil {
				t.Fatal(err)
			}
			view(t, st, func(tx *store.Tx) error {
				reached, err := tx.TextsOf("user_blocks", "reached_id")
				if len(reached) != step.blocks {
					t.Errorf("after %v: blocks up to %v, want %d", step.after, reached, step.blocks)
				}
				return err
			})
		}
	})
}

// TestWhatIsCountedAlongIsWhatThereIs: counts that are kept by those who write
// agree with the rows, whatever is done to roles and users.
func TestWhatIsCountedAlongIsWhatThereIs(t *testing.T) {
	clock := storetest.NewClock(time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC))
	storetest.EachAt(t, clock.Now, func(t *testing.T, st *store.Store) {
		today := st.Now()
		insertAll(t, st, manyUsers(today, 0, 30))
		insertAll(t, st, manyUsers(today.Add(-24*time.Hour), 30, 10))
		user := func(n int) guestlist.UserID { return guestlist.UserID(fmt.Sprintf("%012d", n)) }
		update(t, st, func(tx *store.Tx) error {
			for _, id := range []guestlist.RoleID{"default", "editor", "gone"} {
				if err := tx.InsertRole(guestlist.Role{ID: id, Name: string(id), Type: guestlist.RoleUser, IsDefault: id == "default"}); err != nil {
					return err
				}
			}
			if err := tx.GiveDefaultRoles(user(0), user(1), user(2), user(30)); err != nil {
				return err
			}
			if _, err := tx.GiveRoles(user(1), "default", "editor", "gone"); err != nil {
				return err
			}
			if err := tx.SetRoles(user(2), "editor"); err != nil {
				return err
			}
			if err := tx.AddUserRole(user(3), "editor"); err != nil {
				return err
			}
			if err := tx.RemoveUserRole(user(30), "default"); err != nil {
				return err
			}
			for _, n := range []int{4, 31} {
				if _, err := tx.GiveRoles(user(n), "default"); err != nil {
					return err
				}
				if err := tx.DeleteUser(user(n)); err != nil {
					return err
				}
			}
			for range 2 {
				if err := tx.SetLastSignIn(user(7)); err != nil {
					return err
				}
			}
			return tx.DeleteRole("gone")
		})
		update(t, st, (*store.Tx).CompactTallies)
		view(t, st, func(tx *store.Tx) error {
			for role, want := range map[guestlist.RoleID]int{"default": 2, "editor": 3, "gone": 0} {
				usage, err := tx.RoleUsage(role)
				if err != nil {
					return err
				}
				users, total, err := tx.Users(store.UserFilter{OfRole: role}, store.Page{Limit: 20})
				if err != nil {
					return err
				}
				rows, err := tx.HasRoleRows(role)
				if usage.UsersCount != want || total != want || len(users) != want || rows != want {
					t.Errorf("%s: %d used, %d of %d listed, %d rows, want %d", role, usage.UsersCount, len(users), total, rows, want)
				}
				if !slices.IsSortedFunc(users, func(a, b guestlist.User) int { return cmp.Compare(b.CreatedAt, a.CreatedAt) }) {
					t.Errorf("%s: the newest are not the first: %v", role, users)
				}
				if err != nil {
					return err
				}
			}
			fresh, err := tx.NewUsersByDay(today.Std().AddDate(0, 0, -2), today.Std())
			if err != nil {
				return err
			}
			if diff := gocmp.Diff(map[string]int{"2026-11-25": 29, "2026-11-24": 9}, fresh); diff != "" {
				t.Errorf("new ones (-want +got)\n%s", diff)
			}
			active, err := tx.ActiveUsersByDay(today.Std(), today.Std())
			if diff := gocmp.Diff(map[string]int{"2026-11-25": 1}, active); diff != "" {
				t.Errorf("active ones (-want +got)\n%s", diff)
			}
			return err
		})
	})
}

// TestPagesFarDownAreThoseOfTheList, though they are read from its end.
func TestPagesFarDownAreThoseOfTheList(t *testing.T) {
	const people = 2500
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		insertAll(t, st, manyUsers(st.Now(), 0, people))
		view(t, st, func(tx *store.Tx) error {
			all, _, err := tx.Users(store.UserFilter{}, store.Page{})
			if err != nil {
				return err
			}
			for _, offset := range []int{980, 1000, 1240, 1260, 2000, 2485, 2499, 2500, 2600} {
				got, total, err := tx.Users(store.UserFilter{}, store.Page{Limit: 20, Offset: offset})
				if err != nil {
					return err
				}
				want := all[min(offset, people):min(offset+20, people)]
				if diff := gocmp.Diff(want, got); len(want)+len(got) > 0 && diff != "" || total != people {
					t.Errorf("from %d, %d in all (-want +got)\n%s", offset, total, diff)
				}
			}
			plan, err := tx.PlanOfRole()
			if strings.Contains(plan, "Seq Scan on users") || strings.Contains(plan, "SCAN users") || strings.Contains(plan, "TEMP B-TREE") {
				t.Errorf("who has a role:\n%s", plan)
			}
			return err
		})
	})
}
