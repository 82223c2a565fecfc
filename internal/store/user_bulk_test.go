package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
)

func TestInsertUsersSaysOfEachWhatBecameOfIt(t *testing.T) {
	named := func(now guestlist.Time, id, email, username, phone string) store.NewUser {
		n := store.NewUser{User: newUser(now, email, username)}
		n.User.ID = guestlist.UserID(id)
		if phone != "" {
			n.User.PrimaryPhone = &phone
		}
		return n
	}
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		var got []string
		run := func(batch ...store.NewUser) {
			t.Helper()
			update(t, st, func(tx *store.Tx) error {
				got = nil
				results, err := tx.InsertUsers(batch)
				for _, r := range results {
					switch {
					case r.New && r.Err == nil:
						got = append(got, "new")
					case r.Err == nil:
						got = append(got, "there")
					default:
						got = append(got, guestlist.CodeOf(r.Err))
					}
				}
				return err
			})
		}
		now := st.Now()
		run(named(now, "a", "a@x.test", "anna", "447700900001"), named(now, "b", "B@x.test", "", ""), named(now, "c", "b@X.test", "", ""))
		if diff := cmp.Diff([]string{"new", "new", "user.email_already_in_use"}, got); diff != "" {
			t.Error(diff)
		}
		batch := []store.NewUser{
			named(now, "a", "elsewhere@x.test", "", ""), // the id is there, whatever else it says
			named(now, "d", "A@X.TEST", "", ""),
			named(now, "e", "", "anna", ""),
			named(now, "f", "", "Anna", ""), // the default policy minds letter case
			named(now, "g", "", "", "447700900001"),
			named(now, "h", "", "", ""),
			named(now, "h", "", "", ""),
		}
		run(batch...)
		if diff := cmp.Diff([]string{"there", "user.email_already_in_use", "user.username_already_in_use", "new",
			"user.phone_already_in_use", "new", "there"}, got); diff != "" {
			t.Error(diff)
		}
		for i := range 300 {
			batch = append(batch, named(now, fmt.Sprintf("m%03d", i), fmt.Sprintf("m%d@x.test", i%299), "", ""))
		}
		run(batch[7:]...)
		if n := count(got, "new"); n != 299 || got[299] != "user.email_already_in_use" {
			t.Errorf("%d new, the last %q", n, got[299])
		}
		view(t, st, func(tx *store.Tx) error {
			total, err := tx.CountUsers()
			if err != nil {
				return err
			}
			_, listed, err := tx.Users(store.UserFilter{Search: guestlist.Search{Matches: []guestlist.Match{
				{Fields: []string{"id"}, Mode: guestlist.ModeLike, Values: []string{"%"}},
			}}}, store.Page{Limit: 1})
			if total != 303 || listed != 303 {
				t.Errorf("counted %d, listed %d", total, listed)
			}
			return err
		})
	})
}

func count(list []string, s string) int {
	return len(slices.Collect(func(yield func(string) bool) {
		for _, v := range list {
			if v == s && !yield(v) {
				return
			}
		}
	}))
}

func TestParallelBatchesCreateEachUserOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		const importers, people = 6, 400
		var mu sync.Mutex
		created := 0
		var wg sync.WaitGroup
		for k := range importers {
			wg.Go(func() {
				batch := manyUsers(st.Now(), 0, people)
				for i := range batch {
					batch[i].User.ID = guestlist.UserID(fmt.Sprintf("%d-%d", k, i))
				}
				if k%2 == 1 {
					slices.Reverse(batch)
				}
				var results []store.Insertion
				err := st.Update(context.Background(), func(tx *store.Tx) error {
					var err error
					results, err = tx.InsertUsers(batch)
					return err
				})
				mu.Lock()
				defer mu.Unlock()
				for _, r := range results {
					if r.New {
						created++
					} else if guestlist.CodeOf(r.Err) == "" {
						err = errors.Join(err, fmt.Errorf("%+v", r))
					}
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if created != people {
			t.Errorf("%d created", created)
		}
	})
}

func TestEventsAreWantedWhenAHookListens(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		update(t, st, func(tx *store.Tx) error {
			if wanted, err := tx.IsWanted(guestlist.EventUserCreated); wanted || err != nil {
				t.Errorf("without a hook: %v %v", wanted, err)
			}
			events := make([]guestlist.Event, 70)
			for i := range events {
				events[i] = guestlist.Event{Key: guestlist.EventUserCreated, Payload: []byte(fmt.Sprintf(`{"n":%d}`, i))}
			}
			return tx.EmitAll(events)
		})
		update(t, st, func(tx *store.Tx) error {
			got, err := tx.TakeEvents(100)
			if len(got) != 70 {
				t.Errorf("%d events", len(got))
			}
			return err
		})
	})
}

func BenchmarkInsertUsers(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgres"} {
		b.Run(engine, func(b *testing.B) {
			st := storetest.Open(b, engine, nil)
			const size = 256
			from := 0
			for b.Loop() {
				insertAll(b, st, manyUsers(st.Now(), from, size))
				from += size
			}
			b.ReportMetric(float64(from)/b.Elapsed().Seconds(), "users/s")
		})
	}
}

// BenchmarkUsers compares a large table with a small one.
func BenchmarkUsers(b *testing.B) {
	searches := map[string]store.UserFilter{
		"list": {},
		"e-mail": {Search: guestlist.Search{Matches: []guestlist.Match{
			{Fields: []string{"primary_email"}, Mode: guestlist.ModeLike, Values: []string{"person777@example.com"}},
		}}},
		"everywhere": {Search: guestlist.Search{Matches: []guestlist.Match{
			{Fields: searchFields, Mode: guestlist.ModeLike, Values: []string{"person777@example.com"}},
		}}},
		"substring": {Search: guestlist.Search{Matches: []guestlist.Match{
			{Fields: searchFields, Mode: guestlist.ModeLike, Values: []string{"%son777@%"}},
		}}},
	}
	for _, engine := range []string{"sqlite", "postgres"} {
		st := storetest.Open(b, engine, nil)
		filled := 0
		for _, people := range []int{1000, 100_000} {
			for ; filled < people; filled += 1000 {
				insertAll(b, st, manyUsers(st.Now(), filled, 1000))
			}
			for name, f := range searches {
				b.Run(fmt.Sprintf("%s/%s/%d", engine, name, people), func(b *testing.B) {
					for b.Loop() {
						if err := st.View(context.Background(), func(tx *store.Tx) error {
							_, _, err := tx.Users(f, store.Page{Limit: 20})
							return err
						}); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		}
	}
}
