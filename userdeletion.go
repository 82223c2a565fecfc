package guestlist

import "time"

// DefaultDeletionPeriod is the time between the wish to delete a user and the
// deletion, during which it can be taken back.
const DefaultDeletionPeriod = 7 * 24 * time.Hour

// UserDeletion is the payload of JobDeleteUser. It does nothing if the
// user's DeletionDueAt is another one by then.
type UserDeletion struct {
	UserID UserID `json:"userId"`
	DueAt  Time   `json:"dueAt"`
}

// ErrLastAdministrator says that nobody could open the console any more.
var ErrLastAdministrator = Refuse(KindUnprocessable, "user.last_administrator")
