package management

import (
	"context"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
)

// TestFiguresOfManyAreThoseCountedLast: nobody sees a figure of before while
// counting costs nothing; with many the background counts, and whoever looks, be
// it after midnight, does not.
func TestFiguresOfManyAreThoseCountedLast(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			clock := storetest.NewClock(time.Date(2026, 11, 21, 23, 55, 0, 0, time.UTC))
			lookOverMidnight(t, clock, newFixture(t, storetest.Open(t, engine, clock.Now)))
		})
	}
}

func lookOverMidnight(t *testing.T, clock *storetest.Clock, f *fixture) {
	look := func() activeUsers {
		t.Helper()
		var u activeUsers
		f.must(200, "GET", "/api/dashboard/users/active", nil).decode(t, &u)
		return u
	}
	signIn := func(name string) {
		t.Helper()
		id := guestlist.UserID(f.create("/api/users", `{"username":"`+name+`"}`))
		f.update(func(tx *store.Tx) error { return tx.SetLastSignIn(id) })
	}
	signIn("grace")
	if u := look(); u.Day.Count != 1 || u.Week.Count != 1 {
		t.Errorf("%+v, want one", u)
	}
	f.api.figures.many = 2
	signIn("ada")
	if u := look(); u.Week.Count != 2 {
		t.Errorf("%+v: what was never counted is counted when it is asked for", u)
	}
	if err := f.api.countFigures(context.Background()); err != nil {
		t.Fatal(err)
	}
	signIn("eve")
	if u := look(); u.Day.Count != 3 || u.Week.Count != 2 || u.Month.Count != 2 {
		t.Errorf("%+v, want 3 today, and the week and month of before", u)
	}
	clock.Advance(10 * time.Minute)
	if u := look(); u.Day.Count != 0 || u.Day.Delta != -3 || u.Week.Count != 2 {
		t.Errorf("%+v, want nobody today, 3 fewer than yesterday, and the week of before", u)
	}
	if err := f.api.countFigures(context.Background()); err != nil {
		t.Fatal(err)
	}
	if u := look(); u.Week.Count != 3 || u.Month.Delta != 3 {
		t.Errorf("%+v, want all three in the week", u)
	}
}
