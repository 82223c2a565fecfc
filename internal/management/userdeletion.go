package management

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"guestlist"
	"guestlist/internal/store"
)

// planDeletion suspends a user and has them deleted after a period. Asked again
// it moves the date.
func (a *API) planDeletion(c *call, in struct {
	ID   guestlist.UserID `path:"userId"`
	Body struct {
		// After is the period in seconds, guestlist.DefaultDeletionPeriod unless
		// given.
		After *int `json:"after,omitempty" check:"min=1,max=@period"`
	}
},
) (guestlist.User, error) {
	if c.who.UserID == in.ID {
		return guestlist.User{}, errDeleteSelf
	}
	period := guestlist.DefaultDeletionPeriod
	if in.Body.After != nil {
		period = time.Duration(*in.Body.After) * time.Second
	}
	return a.changeUser(c, in.ID, guestlist.EventUserSuspensionUpdated, func(tx *store.Tx, u *guestlist.User) (any, error) {
		if err := tx.KeepAdministrator(u.ID); err != nil {
			return nil, err
		}
		due := tx.Now.Add(period)
		if err := tx.PlanDeletion(u.ID, due); err != nil {
			return nil, err
		}
		u.IsSuspended, u.DeletionDueAt = true, &due
		if err := endEverything(tx, u.ID); err != nil {
			return nil, err
		}
		payload, err := json.Marshal(guestlist.UserDeletion{UserID: u.ID, DueAt: due})
		if err != nil {
			return nil, err
		}
		return nil, tx.Enqueue(guestlist.Job{Kind: guestlist.JobDeleteUser, Payload: payload, RunAt: due})
	})
}

// dropDeletion restores a user. Who will not be deleted stays as they are.
func (a *API) dropDeletion(c *call, in userID) (guestlist.User, error) {
	return a.changeUser(c, in.ID, guestlist.EventUserSuspensionUpdated, func(tx *store.Tx, u *guestlist.User) (any, error) {
		if err := tx.DropDeletion(u.ID); err != nil {
			return nil, err
		}
		restored, err := tx.User(u.ID)
		*u = restored
		return nil, err
	})
}

// DeleteDue runs a job of the kind guestlist.JobDeleteUser: it deletes a user
// whose time has come, unless that was taken back or put off.
func (a *API) DeleteDue(ctx context.Context, payload json.RawMessage) error {
	var plan guestlist.UserDeletion
	if err := json.Unmarshal(payload, &plan); err != nil {
		return err
	}
	return a.Store.Update(ctx, func(tx *store.Tx) error {
		u, err := tx.UserForUpdate(plan.UserID)
		if found, err := has(err); !found {
			return err
		}
		if err != nil || u.DeletionDueAt == nil || *u.DeletionDueAt != plan.DueAt {
			return err
		}
		return deleteNow(tx, u, dataEvent{
			Event: guestlist.EventUserDeleted, CreatedAt: tx.Now.ISO(), Data: userInfo{User: u},
			Path: "/users/" + string(u.ID), Method: http.MethodDelete, Status: http.StatusNoContent,
			Params: map[string]string{"userId": string(u.ID)}, MatchedRoute: "/users/:userId",
		})
	})
}
