package management

import (
	"context"
	"testing"
	"time"

	"guestlist"
)

// TestAFigureIsRememberedForAWhile, and not over midnight.
func TestAFigureIsRememberedForAWhile(t *testing.T) {
	var f figures
	at := guestlist.TimeOf(start)
	if _, ok := f.get("x", at); ok {
		t.Error("nothing was counted")
	}
	f.put("x", at, 1)
	for after, want := range map[time.Duration]bool{0: true, figuresGoodFor - time.Second: true, figuresGoodFor: false, 24 * time.Hour: false} {
		if v, ok := f.get("x", at.Add(after)); ok != want || ok && v != 1 {
			t.Errorf("after %v: %v %v", after, v, ok)
		}
	}
	midnight := guestlist.TimeOf(time.Date(2026, 11, 21, 23, 59, 59, 0, time.UTC))
	f.put("x", midnight, 1)
	if _, ok := f.get("x", midnight.Add(2*time.Second)); ok {
		t.Error("yesterday's figure is today's")
	}
}

// TestFewUsersAreCountedAtOnce: nobody sees a figure of before while counting
// costs nothing; with many the background counts, and who looks does not.
func TestFewUsersAreCountedAtOnce(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		look := func() int {
			t.Helper()
			var n newUsers
			f.must(200, "GET", "/api/dashboard/users/new", nil).decode(t, &n)
			return n.Today.Count
		}
		f.create("/api/users", `{"username":"grace"}`)
		if n := look(); n != 1 {
			t.Errorf("%d new users, want 1", n)
		}
		f.create("/api/users", `{"username":"ada"}`)
		if n := look(); n != 2 {
			t.Errorf("%d new users, want 2", n)
		}
		f.api.figures.many = 2
		if err := f.api.countFigures(context.Background()); err != nil {
			t.Fatal(err)
		}
		f.create("/api/users", `{"username":"eve"}`)
		if n := look(); n != 2 {
			t.Errorf("%d new users, want the 2 of before", n)
		}
	})
}
