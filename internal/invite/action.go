package invite

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
)

// ActionFilter says which invitations an action is done to, in the words of the
// list of invitations. Ids, if there are any, are all that is meant.
type ActionFilter struct {
	IDs []guestlist.InvitationID `json:"ids,omitempty" check:"max=10000,each.min=1,each.max=21,each.format=id,unique"`
	guestlist.InvitationChoice
	ExpiringBefore guestlist.Time `json:"expiringBefore,omitempty" check:"min=0"`
	Unsent         bool           `json:"unsent,omitempty"` // no mail has left yet
}

// IsAll reports whether everything is meant. A caller should have to say so.
func (f ActionFilter) IsAll() bool {
	return len(f.IDs) == 0 && !f.Unsent && f.store() == store.InvitationFilter{}
}

func (f ActionFilter) store() store.InvitationFilter {
	filter := store.FilterOf(f.InvitationChoice)
	filter.Ending = f.ExpiringBefore
	return filter
}

// ActionChoices is what an action needs to know beside its filter.
type ActionChoices struct {
	ExpiresIn int    `json:"expiresIn,omitempty"` // seconds
	Reason    string `json:"reason,omitempty"`
}

// actionBatch is how many invitations are looked at in one transaction.
const actionBatch = 200

// StartAction has something done to every invitation of a filter. It is done on
// behalf of the host, with the rights that they have now.
func (h Host) StartAction(tx *store.Tx, verb guestlist.InvitationVerb, f ActionFilter, o ActionChoices) (guestlist.InvitationAction, error) {
	if verb == guestlist.ActionExtend && o.ExpiresIn == 0 {
		return guestlist.InvitationAction{}, errTerms.Saying("Say for how many seconds they are to be good.")
	}
	if o.ExpiresIn != 0 {
		rules, err := Settings(tx)
		if err != nil {
			return guestlist.InvitationAction{}, err
		}
		if o.ExpiresIn < int(guestlist.MinInvitationTTL/time.Second) || o.ExpiresIn > rules.MaxExpiresIn {
			return guestlist.InvitationAction{}, errExpiry(rules)
		}
	}
	filter, err := json.Marshal(f)
	if err != nil {
		return guestlist.InvitationAction{}, err
	}
	choices, err := json.Marshal(o)
	if err != nil {
		return guestlist.InvitationAction{}, err
	}
	a := store.InvitationAction{
		InvitationAction: guestlist.InvitationAction{
			TenantID: guestlist.TenantID, ID: guestlist.InvitationActionID(crypt.OrderedID(tx.Now)), Action: verb,
			State: guestlist.ActionRunning, Filter: filter, ExpiresIn: o.ExpiresIn, Reason: o.Reason, CreatedAt: tx.Now,
		},
		Choices: choices, Inviter: h.Inviter,
	}
	if a.Expected, err = f.expected(tx); err != nil {
		return a.InvitationAction, err
	}
	if err := tx.InsertInvitationAction(a); err != nil {
		return a.InvitationAction, err
	}
	payload, err := json.Marshal(guestlist.InvitationActionRun{ID: a.ID})
	if err != nil {
		return a.InvitationAction, err
	}
	if err := tx.Log(by(guestlist.LogEntry{
		Key: "Action.Invitations", Extra: map[string]any{"actionId": a.ID, "action": verb, "filter": guestlist.JSONObject(filter)},
	}, h.Inviter)); err != nil {
		return a.InvitationAction, err
	}
	return a.InvitationAction, tx.Enqueue(guestlist.Job{Kind: guestlist.JobInvitationAction, Payload: payload})
}

// expected counts the invitations of a filter, 0 where there are more than are
// counted at once.
func (f ActionFilter) expected(tx *store.Tx) (int, error) {
	if len(f.IDs) > 0 {
		return len(f.IDs), nil
	}
	n, capped, err := tx.CountInvitations(f.store(), store.InvitationWindow)
	if capped {
		n = 0
	}
	return n, err
}

// Actor works actions off.
type Actor struct {
	Store *store.Store
	Place Place
}

// ActOn runs a job of the kind guestlist.JobInvitationAction; more says that it
// wants to be called again. What is done stands in one transaction with how far
// it is: whatever dies when, each invitation is done once.
func (a *Actor) ActOn(ctx context.Context, payload json.RawMessage) (more bool, err error) {
	var run guestlist.InvitationActionRun
	if err := json.Unmarshal(payload, &run); err != nil {
		return false, err
	}
	for {
		if ends, ok := ctx.Deadline(); ok && time.Until(ends) < stopBefore {
			return true, nil
		}
		more, err := a.batch(ctx, run.ID)
		if err != nil || !more {
			return false, err
		}
	}
}

// stopBefore is how long before the end of an attempt nothing new is begun.
const stopBefore = 15 * time.Second

// FailAction notes that an action was given up.
func (a *Actor) FailAction(ctx context.Context, payload json.RawMessage, because error) error {
	var run guestlist.InvitationActionRun
	if err := json.Unmarshal(payload, &run); err != nil {
		return err
	}
	return a.Store.Update(ctx, func(tx *store.Tx) error {
		act, err := tx.InvitationActionForUpdate(run.ID)
		if found, err := orNone(err); err != nil || !found || act.State != guestlist.ActionRunning {
			return err
		}
		act.State, act.Error, act.FinishedAt = guestlist.ActionFailed, guestlist.CodeOf(because), &tx.Now
		return tx.UpdateInvitationAction(act)
	})
}

func (a *Actor) batch(ctx context.Context, id guestlist.InvitationActionID) (more bool, err error) {
	err = a.Store.Update(ctx, func(tx *store.Tx) error {
		more = false
		act, err := tx.InvitationActionForUpdate(id)
		if found, err := orNone(err); err != nil || !found || act.State != guestlist.ActionRunning {
			return err
		}
		var f ActionFilter
		var o ActionChoices
		if err := errors.Join(json.Unmarshal(act.Filter, &f), json.Unmarshal(act.Choices, &o)); err != nil {
			return err
		}
		list, next, err := f.page(tx, &act)
		if err != nil {
			return err
		}
		h, err := a.Place.Host(tx, act.Inviter)
		if err != nil {
			return err
		}
		for _, i := range list {
			if f.Unsent && (i.Sends > 0 || i.SentAt != nil) {
				continue
			}
			done, err := h.do(tx, act.Action, i, o)
			if err != nil {
				return err
			}
			if done {
				act.Changed++
			}
		}
		act.Done += len(list)
		if act.Position = next; next == "" {
			act.State, act.FinishedAt = guestlist.ActionFinished, &tx.Now
		}
		more = next != ""
		return tx.UpdateInvitationAction(act)
	})
	return more, err
}

// page returns the next invitations, and the position behind them; "" after the
// last.
func (f ActionFilter) page(tx *store.Tx, act *store.InvitationAction) ([]guestlist.Invitation, string, error) {
	if len(f.IDs) == 0 {
		filter := f.store()
		if filter.Before = guestlist.InvitationID(act.Position); filter.Before == "" {
			filter.Before = guestlist.InvitationID(crypt.OrderedID(act.CreatedAt + 1)) // what comes later is not meant
		}
		list, next, err := tx.Invitations(filter, store.Page{Limit: actionBatch})
		return list, string(next), err
	}
	var list []guestlist.Invitation
	end := min(act.Done+actionBatch, len(f.IDs))
	for _, id := range f.IDs[min(act.Done, end):end] {
		i, err := tx.Invitation(id)
		found, err := orNone(err)
		if err != nil {
			return nil, "", err
		}
		if !found {
			i = guestlist.Invitation{ID: id} // counted, and nothing to do
		}
		list = append(list, i)
	}
	if end == len(f.IDs) {
		return list, "", nil
	}
	return list, string(f.IDs[end-1]), nil
}

// do does to one invitation what an action says, and reports whether it could.
// That it could not, for the state of that one, stops none of the others.
func (h Host) do(tx *store.Tx, verb guestlist.InvitationVerb, i guestlist.Invitation, o ActionChoices) (bool, error) {
	var err error
	switch verb {
	case guestlist.ActionResend:
		if i.Delivery == guestlist.InvitationQueued || i.Kind == guestlist.InvitationShared {
			return false, nil // it is about to be sent, or has nobody to be sent to
		}
		if _, err = h.Resend(tx, i.ID, true); err == nil && o.ExpiresIn != 0 {
			_, err = h.ChangeInvitation(tx, i.ID, InvitationChange{ExpiresIn: &o.ExpiresIn})
		}
	case guestlist.ActionRevoke:
		_, err = h.RevokeInvitation(tx, i.ID, o.Reason)
	case guestlist.ActionExtend:
		_, err = h.ChangeInvitation(tx, i.ID, InvitationChange{ExpiresIn: &o.ExpiresIn})
	case guestlist.ActionDelete:
		if i.Sends == 0 && i.Delivery == guestlist.InvitationQueued {
			tx.SettleInvitations(i.CampaignID, 1)
		}
		err = h.DeleteInvitation(tx, i.ID)
	}
	var refused *guestlist.Error
	if errors.As(err, &refused) && refused.Kind != guestlist.KindInternal && refused.Kind != guestlist.KindUnavailable {
		return false, nil
	}
	return err == nil, err
}

// orNone turns the store's "not found" into false.
func orNone(err error) (bool, error) {
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// enqueueRun has the rows of a campaign worked off.
func enqueueRun(tx *store.Tx, id guestlist.CampaignID) error {
	payload, err := json.Marshal(guestlist.CampaignRun{ID: id})
	if err != nil {
		return err
	}
	return tx.Enqueue(guestlist.Job{Kind: guestlist.JobImportCampaign, Lane: string(id), Payload: payload})
}
