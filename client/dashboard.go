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

// InvitationDay is how many invitations came how far on a day, of
// GET /api/dashboard/invitations.
type InvitationDay struct {
	Date      string `json:"date"`
	Issued    int    `json:"issued"`
	Sent      int    `json:"sent"`
	Delivered int    `json:"delivered"`
	Failed    int    `json:"failed"`
	Opened    int    `json:"opened"`
	Started   int    `json:"started"`
	Accepted  int    `json:"accepted"`
}

// Add adds the counts of another day.
func (d *InvitationDay) Add(o InvitationDay) {
	d.Issued += o.Issued
	d.Sent += o.Sent
	d.Delivered += o.Delivered
	d.Failed += o.Failed
	d.Opened += o.Opened
	d.Started += o.Started
	d.Accepted += o.Accepted
}
