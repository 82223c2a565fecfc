package management

import (
	"context"
	"guestlist"
	"guestlist/internal/invite"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

const tableInvitations = "invitations"

func (a *API) invitationRoutes() []route {
	const read, write = guestlist.ScopeInvitationsRead, guestlist.ScopeInvitationsWrite
	return []route{
		get("/api/invitations", "List invitations, the newest first", a.listInvitations).takes(read),
		post("/api/invitations", "Invite somebody; repeatable under an Idempotency-Key", a.issueInvitation).with201().takes(write),
		get("/api/invitations/{id}", "Get an invitation with its timeline", a.getInvitation).takes(read).of(invitationVersion),
		patch("/api/invitations/{id}", "Change a pending invitation", a.changeInvitation).takes(write).of(invitationVersion),
		remove("/api/invitations/{id}", "Delete an invitation with its timeline", a.deleteInvitation).takes(write),
		post("/api/invitations/{id}/resend", "Send an invitation again with a new link, or show that", a.resendInvitation).takes(write),
		post("/api/invitations/{id}/revoke", "Take an invitation back", a.revokeInvitation).takes(write),
		get("/api/configs/invitations", "Get the rules for invitations", a.getInvitationSettings).takes(read).of(invitationSettingsVersion),
		patch("/api/configs/invitations", "Change the rules for invitations", a.updateInvitationSettings).of(invitationSettingsVersion),
	}
}

// shownInvitation is an invitation as answers have it: what it gives stands in
// grants, whether it is shared with others or its own.
type shownInvitation struct {
	guestlist.Invitation
	// Link is the link itself, in the answer that makes it and no other, if it is
	// not mailed.
	Link string `json:"link,omitempty"`
	// Code is what people type for a shared invitation.
	Code string `json:"code,omitempty"`
	// Timeline is what happened to it, the oldest first.
	Timeline []guestlist.InvitationAct `json:"timeline,omitempty"`
}

// show makes an answer of an invitation, with the link if its code is given.
func (a *API) show(i guestlist.Invitation, code guestlist.InvitationSecret) (shownInvitation, error) {
	shown := shownInvitation{Invitation: i}
	if code != "" {
		shown.Link = invite.Link(a.Endpoint, i, code)
	}
	var err error
	shown.Grants, err = i.Gives()
	return shown, err
}

// headerCursor is answered where a list goes on: what to give as cursor to see
// the rest. A list may go on though this answer has less rows than were asked
// for: then so many were looked through that did not match.
const headerCursor = "Next-Cursor"

// invitationQuery is what lists of invitations are narrowed by.
type invitationQuery struct {
	Paging web.Paging             `paging:"required"`
	Cursor guestlist.InvitationID `query:"cursor" check:"format=id,max=21"`
	invitationChoice
}

// invitationChoice says which invitations are wanted, in a query.
type invitationChoice struct {
	guestlist.InvitationChoice
	Ending *guestlist.Time `query:"expiringBefore"` // pending ones that end by then
}

// filter returns the store's form of a choice.
func (q invitationChoice) filter() store.InvitationFilter {
	f := store.FilterOf(q.InvitationChoice)
	set(&f.Ending, q.Ending)
	return f
}

func (a *API) listInvitations(c *call, in invitationQuery) (list[shownInvitation], error) {
	f := in.filter()
	f.Before = in.Cursor
	return a.pageOfInvitations(c, f, func(_ *store.Tx, _ *call, i guestlist.Invitation) (shownInvitation, error) {
		return a.show(i, "")
	})
}

// pageOfInvitations answers a list, by page or by cursor. Only pages have a
// total, which is counted up to listCap.
func (a *API) pageOfInvitations(c *call, f store.InvitationFilter, show func(*store.Tx, *call, guestlist.Invitation) (shownInvitation, error)) (list[shownInvitation], error) {
	var l list[shownInvitation]
	window := c.window()
	if f.Before != "" {
		window.Offset = 0
		c.withoutTotal()
	}
	if window.Offset+window.Limit > store.InvitationWindow {
		return l, errInput(guestlist.KindInvalid, "Go so far back by the cursor that answers have.")
	}
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		rows, next, err := tx.Invitations(f, window)
		if err != nil {
			return err
		}
		if next != "" {
			c.w.Header().Set(headerCursor, string(next))
		}
		for _, i := range rows {
			shown, err := show(tx, c, i)
			if err != nil {
				return err
			}
			l.Rows = append(l.Rows, shown)
		}
		if f.Before != "" {
			return nil
		}
		l.Total, l.Capped, err = tx.CountInvitations(f, listCap)
		return err
	})
	return l, err
}

// issuedOnce is what is remembered of an order under its Idempotency-Key.
type issuedOnce struct {
	ID         guestlist.InvitationID `json:"id"`
	Body       string                 `json:"body"` // its fingerprint
	Generation int                    `json:"generation"`
	Send       bool                   `json:"send"`
}

func (a *API) issueInvitation(c *call, in struct{ Body newInvitation }) (shownInvitation, error) {
	var shown shownInvitation
	order, err := in.Body.order()
	if err != nil {
		return shown, err
	}
	if order.Send {
		if err := a.canSend(c.ctx(), order.Phone != ""); err != nil {
			return shown, err
		}
	}
	return a.issue(c, order, in.Body)
}

// issue issues what was ordered by a body, once under an Idempotency-Key.
func (a *API) issue(c *call, order invite.InvitationOrder, body any) (shownInvitation, error) {
	var shown shownInvitation
	key, err := c.idempotencyKey()
	if err != nil {
		return shown, err
	}
	said, err := fingerprint(body)
	if err != nil {
		return shown, err
	}
	err = a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		var err error
		shown, err = a.issueOnce(tx, c, order, key, said)
		return err
	})
	return shown, err
}

// canSend refuses to send where nothing could be sent, as the wire does.
func (a *API) canSend(ctx context.Context, text bool) error {
	channel, name := guestlist.ChannelEmail, guestlist.ConnectorEmail
	if text {
		channel, name = guestlist.ChannelSMS, guestlist.ConnectorSMS
	}
	if a.Desk.HasConnector != nil {
		if ok, err := a.Desk.HasConnector(ctx, channel); err != nil || ok {
			return err
		}
	}
	return guestlist.Refuse(guestlist.KindNotImplemented, "connector.not_found").WithArgs(map[string]any{"type": name})
}

// issueOnce issues an invitation, or finds that which was issued under the same
// key. The link is shown again to who did not get the answer, as long as it is
// good.
func (a *API) issueOnce(tx *store.Tx, c *call, order invite.InvitationOrder, key, body string) (shownInvitation, error) {
	var once issuedOnce
	kind := "invitation"
	if order.Kind == guestlist.InvitationShared {
		kind = "invitation-code"
	}
	key = c.ownKey(kind, key)
	if known, err := doneBefore(tx, key, &once); err != nil || known {
		return a.issuedBefore(tx, c, once, body, err)
	}
	issued, err := c.host().IssueInvitation(tx, order)
	if err != nil {
		return shownInvitation{}, err
	}
	once = issuedOnce{ID: issued.ID, Body: body, Generation: issued.Generation, Send: order.Send}
	if err := rememberDone(tx, key, once); err != nil {
		return shownInvitation{}, err
	}
	shown, err := a.show(issued.Invitation, issued.Code)
	shown.Code = string(issued.Typed)
	return shown, err
}

func (a *API) issuedBefore(tx *store.Tx, c *call, once issuedOnce, body string, err error) (shownInvitation, error) {
	if err == nil && once.Body != body {
		err = errKeyReused
	}
	if err != nil {
		return shownInvitation{}, err
	}
	i, err := tx.Invitation(once.ID)
	if err != nil {
		return shownInvitation{}, orNoID(err, tableInvitations, once.ID)
	}
	if i.Kind == guestlist.InvitationShared {
		return a.showShared(tx, c, i)
	}
	var code guestlist.InvitationSecret
	if !once.Send && i.Generation == once.Generation {
		// The same caller may hold less by this token than by the one of before.
		if err := c.host().MayGive(tx, i.Grants); err != nil {
			return shownInvitation{}, err
		}
		code = tx.InvitationCode(i)
	}
	return a.show(i, code)
}

// invitationID is the input of routes that need nothing else.
type invitationID struct {
	ID guestlist.InvitationID `path:"id"`
}

func (a *API) getInvitation(c *call, in invitationID) (shownInvitation, error) {
	var shown shownInvitation
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		i, err := tx.Invitation(in.ID)
		if err != nil {
			return orNoID(err, tableInvitations, in.ID)
		}
		if shown, err = a.show(i, ""); err != nil {
			return err
		}
		shown.Timeline, err = invite.Timeline(tx, i)
		return err
	})
	return shown, err
}

func (a *API) changeInvitation(c *call, in struct {
	ID   guestlist.InvitationID `path:"id"`
	Body struct {
		Name      *string           `json:"name" check:"max=128"`
		Message   *string           `json:"message" check:"max=1000"`
		Locale    *string           `json:"locale" check:"max=35"`
		Grants    *invitationGrants `json:"grants"`
		ExpiresAt *guestlist.Time   `json:"expiresAt"`
		ExpiresIn *int              `json:"expiresIn" check:"min=1,max=@period"` // seconds
	}
},
) (shownInvitation, error) {
	b := in.Body
	change := invite.InvitationChange{Name: b.Name, Message: b.Message, Locale: b.Locale, ExpiresAt: b.ExpiresAt, ExpiresIn: b.ExpiresIn}
	if b.Grants != nil {
		grants, own := b.Grants.grants()
		change.Grants, change.Own = &grants, &own
	}
	if change == (invite.InvitationChange{}) {
		return shownInvitation{}, errNothingToChange
	}
	var shown shownInvitation
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		i, err := c.host().ChangeInvitation(tx, in.ID, change)
		if err != nil {
			return orNoID(err, tableInvitations, in.ID)
		}
		shown, err = a.show(i, "")
		return err
	})
	return shown, err
}

func (a *API) deleteInvitation(c *call, in invitationID) (none, error) {
	return none{}, a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		return orNoID(c.host().DeleteInvitation(tx, in.ID), tableInvitations, in.ID)
	})
}

func (a *API) resendInvitation(c *call, in struct {
	ID   guestlist.InvitationID `path:"id"`
	Body struct {
		Send *bool `json:"send,omitempty"` // false shows the link instead
	}
},
) (shownInvitation, error) {
	var shown shownInvitation
	send := in.Body.Send == nil || *in.Body.Send
	if send {
		var before guestlist.Invitation
		if err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
			var err error
			before, err = tx.Invitation(in.ID)
			return orNoID(err, tableInvitations, in.ID)
		}); err != nil {
			return shown, err
		}
		if err := a.canSend(c.ctx(), before.RecipientPhone != ""); err != nil {
			return shown, err
		}
	}
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		issued, err := c.host().Resend(tx, in.ID, send)
		if err != nil {
			return orNoID(err, tableInvitations, in.ID)
		}
		shown, err = a.show(issued.Invitation, issued.Code)
		return err
	})
	return shown, err
}

func (a *API) revokeInvitation(c *call, in struct {
	ID   guestlist.InvitationID `path:"id"`
	Body struct {
		Reason string `json:"reason,omitempty" check:"max=256"`
	}
},
) (shownInvitation, error) {
	var shown shownInvitation
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		i, err := c.host().RevokeInvitation(tx, in.ID, in.Body.Reason)
		if err != nil {
			return orNoID(err, tableInvitations, in.ID)
		}
		shown, err = a.show(i, "")
		return err
	})
	return shown, err
}

func invitationSettingsVersion(_ *call, tx *store.Tx) (any, error) { return invite.Settings(tx) }

func (a *API) getInvitationSettings(c *call, _ struct{}) (guestlist.InvitationSettings, error) {
	var s guestlist.InvitationSettings
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		s, err = invite.Settings(tx)
		return err
	})
	return s, err
}

func (a *API) updateInvitationSettings(c *call, in struct {
	Body struct {
		ExpiresIn    *int `json:"expiresIn" check:"min=1,max=@period"`
		MaxExpiresIn *int `json:"maxExpiresIn" check:"min=1,max=@period"`

		MaxOpen           *int `json:"maxOpen" check:"min=0,max=1000000000"`
		MaxOpenPerInviter *int `json:"maxOpenPerInviter" check:"min=0,max=1000000000"`
	}
},
) (guestlist.InvitationSettings, error) {
	var s guestlist.InvitationSettings
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		var err error
		if s, err = invite.Settings(tx); err != nil {
			return err
		}
		set(&s.ExpiresIn, in.Body.ExpiresIn)
		set(&s.MaxExpiresIn, in.Body.MaxExpiresIn)
		set(&s.MaxOpen, in.Body.MaxOpen)
		set(&s.MaxOpenPerInviter, in.Body.MaxOpenPerInviter)
		return invite.PutSettings(tx, s)
	})
	return s, err
}
