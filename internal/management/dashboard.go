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
		get("/api/dashboard/invitations", "How far invitations came, by day, in the last 90 days", a.invitationsByDay).takes(guestlist.ScopeInvitationsRead),
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
	var n newUsers
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		today := tx.Now.Std().Truncate(24 * time.Hour)
		days, err := tx.NewUsersByDay(today.AddDate(0, 0, 1-2*week), today)
		if err != nil {
			return err
		}
		// From some days before today to some others, the second not included.
		sum := func(from, to int) (n int) {
			for ; from > to; from-- {
				n += days[today.AddDate(0, 0, 1-from).Format(time.DateOnly)]
			}
			return n
		}
		n.Today = changeFrom(sum(2, 1), sum(1, 0))
		n.Last7Days = changeFrom(sum(2*week, week), sum(week, 0))
		return nil
	})
	return n, err
}

// newUsersByDay is ours: the curve beside that of the active users.
func (a *API) newUsersByDay(c *call, _ struct{}) ([]activeDay, error) {
	var list []activeDay
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		last := tx.Now.Std().Truncate(24 * time.Hour)
		days, err := tx.NewUsersByDay(last.AddDate(0, 0, 1-month), last)
		list = curve(last, days)
		return err
	})
	return list, err
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

// activePeriods are counts of different people, which no sum of days gives.
type activePeriods struct {
	Week  change `json:"wau"`
	Month change `json:"mau"`
}

type activeUsers struct {
	Curve []activeDay `json:"dauCurve"`
	Day   change      `json:"dau"`
	activePeriods
}

type activeDay struct {
	Date  string `json:"date"`
	Count int    `json:"count"`
}

func (a *API) activeUsers(c *call, in struct {
	Date *string `query:"date" check:"format=date"`
},
) (activeUsers, error) {
	var u activeUsers
	var day time.Time
	if in.Date != nil {
		var err error
		if day, err = time.Parse(time.DateOnly, *in.Date); err != nil {
			return u, err
		}
	}
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		last := day
		var err error
		if in.Date == nil {
			last = tx.Now.Std()
			u.activePeriods, err = a.activeFigures(tx)
		} else {
			u.activePeriods, err = countPeriods(tx, last)
		}
		if err != nil {
			return err
		}
		days, err := tx.ActiveUsersByDay(last.AddDate(0, 0, 1-month), last)
		u.Curve = curve(last, days)
		u.Day = changeFrom(days[last.AddDate(0, 0, -1).Format(time.DateOnly)], days[last.Format(time.DateOnly)])
		return err
	})
	return u, err
}

func countPeriods(tx *store.Tx, last time.Time) (p activePeriods, err error) {
	if p.Week, err = activeWithin(tx, last, week); err == nil {
		p.Month, err = activeWithin(tx, last, month)
	}
	return p, err
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
