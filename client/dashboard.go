package client

// Change is a count, and how much more it is than that of the time before.
type Change struct {
	Count int `json:"count"`
	Delta int `json:"delta"`
}

// Day is a count of one day, as 2006-01-02 in UTC.
type Day struct {
	Date  string `json:"date"`
	Count int    `json:"count"`
}

// ActiveUsers is what GET /api/dashboard/users/active answers.
type ActiveUsers struct {
	Curve []Day  `json:"dauCurve"`
	Day   Change `json:"dau"`
	Week  Change `json:"wau"`
	Month Change `json:"mau"`
}
