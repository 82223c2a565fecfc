package management

import (
	"time"

	"guestlist"
	"guestlist/internal/store"
)

func (a *API) dashboardRoutes() []route {
	return []route{
		get("/api/dashboard/users/total", "How many users there are", a.totalUsers),
		get("/api/dashboard/users/new", "How many users are new today and this week, and how many more than before", a.newUsers),
		get("/api/dashboard/users/new-by-day", "How many users are new, by day, in the last 30 days", a.newUsersByDay),
		get("/api/dashboard/users/active", "How many users signed in, by day, week and month", a.activeUsers),
	}
}

type totalUsers struct {
	TotalUserCount int `json:"totalUserCount"`
}

func (a *API) totalUsers(c *call, _ struct{}) (totalUsers, error) {
	var t totalUsers
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		t.TotalUserCount, err = tx.CountUsers()
		return err
	})
	return t, err
}

// change is a count, and how much more it is than that of the time before.
type change struct {
	Count int `json:"count"`
	Delta int `json:"delta"`
}

func changeFrom(before, now int) change { return change{now, now - before} }

type newUsers struct {
	Today     change `json:"today"`
	Last7Days change `json:"last7Days"`
}

// The lengths of the dashboard's windows, in days.
const (
	week  = 7
	month = 30
)

func (a *API) newUsers(c *call, _ struct{}) (newUsers, error) {
	return counted(c.ctx(), a, figureNew, countNewUsers)
}

func countNewUsers(tx *store.Tx) (newUsers, error) {
	var n newUsers
	tomorrow := tx.Now.Std().Truncate(24*time.Hour).AddDate(0, 0, 1)
	count := func(from, to int) (int, error) { // days before tomorrow
		return tx.CountNewUsers(guestlist.TimeOf(tomorrow.AddDate(0, 0, -from)), guestlist.TimeOf(tomorrow.AddDate(0, 0, -to)))
	}
	for _, w := range []struct {
		days int
		to   *change
	}{{1, &n.Today}, {week, &n.Last7Days}} {
		now, err := count(w.days, 0)
		if err != nil {
			return n, err
		}
		before, err := count(2*w.days, w.days)
		if err != nil {
			return n, err
		}
		*w.to = changeFrom(before, now)
	}
	return n, nil
}

// newUsersByDay is ours: the curve beside that of the active users.
func (a *API) newUsersByDay(c *call, _ struct{}) ([]activeDay, error) {
	return counted(c.ctx(), a, figureByDay, countNewByDay)
}

func countNewByDay(tx *store.Tx) ([]activeDay, error) {
	last := tx.Now.Std().Truncate(24 * time.Hour)
	days, err := tx.NewUsersByDay(guestlist.TimeOf(last.AddDate(0, 0, 1-month)))
	return curve(last, days), err
}

// curve lists the days of a month up to last with their counts.
func curve(last time.Time, days map[string]int) []activeDay {
	var out []activeDay
	for d := last.AddDate(0, 0, 1-month); !d.After(last); d = d.AddDate(0, 0, 1) {
		name := d.Format(time.DateOnly)
		out = append(out, activeDay{name, days[name]})
	}
	return out
}

type activeUsers struct {
	Curve []activeDay `json:"dauCurve"`
	Day   change      `json:"dau"`
	Week  change      `json:"wau"`
	Month change      `json:"mau"`
}

type activeDay struct {
	Date  string `json:"date"`
	Count int    `json:"count"`
}

func (a *API) activeUsers(c *call, in struct {
	Date *string `query:"date" check:"format=date"`
},
) (activeUsers, error) {
	if in.Date == nil {
		return counted(c.ctx(), a, figureActive, func(tx *store.Tx) (activeUsers, error) { return countActive(tx, tx.Now.Std()) })
	}
	var u activeUsers
	last, err := time.Parse(time.DateOnly, *in.Date)
	if err != nil {
		return u, err
	}
	err = a.Store.View(c.ctx(), func(tx *store.Tx) error {
		u, err = countActive(tx, last)
		return err
	})
	return u, err
}

func countActive(tx *store.Tx, last time.Time) (activeUsers, error) {
	var u activeUsers
	days, err := tx.ActiveUsersByDay(last.AddDate(0, 0, 1-month), last)
	if err != nil {
		return u, err
	}
	u.Curve = curve(last, days)
	for _, w := range []struct {
		days int
		to   *change
	}{{1, &u.Day}, {week, &u.Week}, {month, &u.Month}} {
		if *w.to, err = activeWithin(tx, last, w.days); err != nil {
			return u, err
		}
	}
	return u, nil
}

// activeWithin counts who was active in so many days up to last, and in as
// many before.
func activeWithin(tx *store.Tx, last time.Time, days int) (change, error) {
	now, err := tx.CountActiveUsers(last.AddDate(0, 0, 1-days), last)
	if err != nil {
		return change{}, err
	}
	before, err := tx.CountActiveUsers(last.AddDate(0, 0, 1-2*days), last.AddDate(0, 0, -days))
	return changeFrom(before, now), err
}
