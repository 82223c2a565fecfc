package management

import (
	"context"
	"encoding/json"

	"guestlist"
	"guestlist/internal/invite"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

const tableActions = "invitation_actions"

func (a *API) invitationActionRoutes() []route {
	const read, write = guestlist.ScopeInvitationsRead, guestlist.ScopeInvitationsWrite
	return []route{
		post("/api/invitations/actions", "Resend, revoke, extend or delete every invitation of a filter, by a job; repeatable under an Idempotency-Key",
			a.startAction).with201().takes(write),
		get("/api/invitations/actions", "List actions on many invitations, the newest first", a.listActions).takes(read),
		get("/api/invitations/actions/{id}", "Get how far an action is", a.getAction).takes(read),
		post("/api/invitations/actions/{id}/cancel", "Stop an action; what it did stays done", a.cancelAction).takes(write),
	}
}

// actionOrder is what is to be done to which invitations.
type actionOrder struct {
	Action guestlist.InvitationVerb `json:"action" check:"enum=resend|revoke|extend|delete"`
	Filter invite.ActionFilter      `json:"filter,omitempty"`
	// All has to be said where the filter names nothing.
	All       bool   `json:"all,omitempty"`
	ExpiresIn int    `json:"expiresIn,omitempty" check:"min=0,max=@period"` // seconds
	Reason    string `json:"reason,omitempty" check:"max=256"`
}

func (a *API) startAction(c *call, in struct{ Body actionOrder }) (guestlist.InvitationAction, error) {
	var act guestlist.InvitationAction
	f := in.Body.Filter
	inv := web.Invalid{}
	if !inv.Check(!f.IsAll() || in.Body.All, "filter", "custom", "Name which invitations are meant, or say all") {
		return act, inv.Err()
	}
	key, err := c.idempotencyKey()
	if err != nil {
		return act, err
	}
	if in.Body.Action == guestlist.ActionResend {
		if err := a.canSendAny(c.ctx()); err != nil {
			return act, err
		}
	}
	body, err := fingerprint(in.Body)
	if err != nil {
		return act, err
	}
	err = a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		act, err = a.startOnce(tx, c, in.Body, key, body)
		return err
	})
	return act, err
}

// canSendAny refuses to send where there is neither a way to send e-mail nor one
// to send text messages.
func (a *API) canSendAny(ctx context.Context) error {
	err := a.canSend(ctx, false)
	if err != nil && a.canSend(ctx, true) == nil {
		return nil
	}
	return err
}

// startedOnce is what is remembered of an action under its Idempotency-Key.
type startedOnce struct {
	ID   guestlist.InvitationActionID `json:"id"`
	Body string                       `json:"body"` // its fingerprint
}

// startOnce starts an action, or finds that which was started under the same key.
func (a *API) startOnce(tx *store.Tx, c *call, order actionOrder, key, body string) (guestlist.InvitationAction, error) {
	var once startedOnce
	key = c.ownKey("invitation-action", key)
	known, err := doneBefore(tx, key, &once)
	if known && err == nil && once.Body != body {
		err = errKeyReused
	}
	if err != nil {
		return guestlist.InvitationAction{}, err
	}
	if known {
		row, err := tx.InvitationAction(once.ID)
		return row.InvitationAction, orNoID(err, tableActions, once.ID)
	}
	act, err := c.host().StartAction(tx, order.Action, order.Filter, invite.ActionChoices{ExpiresIn: order.ExpiresIn, Reason: order.Reason})
	if err != nil {
		return act, err
	}
	return act, rememberDone(tx, key, startedOnce{ID: act.ID, Body: body})
}

func (a *API) listActions(c *call, in struct {
	Paging web.Paging `paging:"required"`
},
) (list[guestlist.InvitationAction], error) {
	var l list[guestlist.InvitationAction]
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		rows, total, err := tx.InvitationActions(c.window())
		l.Total = total
		for _, row := range rows {
			l.Rows = append(l.Rows, row.InvitationAction)
		}
		return err
	})
	return l, err
}

type actionID struct {
	ID guestlist.InvitationActionID `path:"id"`
}

func (a *API) getAction(c *call, in actionID) (guestlist.InvitationAction, error) {
	var row store.InvitationAction
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		row, err = tx.InvitationAction(in.ID)
		return orNoID(err, tableActions, in.ID)
	})
	return row.InvitationAction, err
}

func (a *API) cancelAction(c *call, in actionID) (guestlist.InvitationAction, error) {
	var row store.InvitationAction
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		var err error
		if row, err = tx.InvitationActionForUpdate(in.ID); err != nil {
			return orNoID(err, tableActions, in.ID)
		}
		if row.State != guestlist.ActionRunning {
			return invite.ErrCampaignState
		}
		row.State, row.FinishedAt = guestlist.ActionCancelled, &tx.Now
		return tx.UpdateInvitationAction(row)
	})
	return row.InvitationAction, err
}

// ActOnInvitations runs a job of the kind guestlist.JobInvitationAction.
func (a *API) ActOnInvitations(ctx context.Context, payload json.RawMessage) (more bool, err error) {
	return (&invite.Actor{Store: a.Store, Place: a.place()}).ActOn(ctx, payload)
}

// FailAction notes that an action was given up.
func (a *API) FailAction(ctx context.Context, payload json.RawMessage, because error) error {
	return (&invite.Actor{Store: a.Store, Place: a.place()}).FailAction(ctx, payload, because)
}
