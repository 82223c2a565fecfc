package management

import (
	"errors"
	"time"

	"guestlist"
	"guestlist/internal/invite"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

const tableOneTimeTokens = "one_time_tokens"

func (a *API) oneTimeTokenRoutes() []route {
	return []route{
		get("/api/one-time-tokens", "List one-time tokens, the newest first", a.listOneTimeTokens).secrets(),
		post("/api/one-time-tokens", "Issue a one-time token", a.issueOneTimeToken).with201(),
		post("/api/one-time-tokens/verify", "Consume a one-time token for an address", a.verifyOneTimeToken),
		get("/api/one-time-tokens/{id}", "Get a one-time token", a.getOneTimeToken).secrets(),
		put("/api/one-time-tokens/{id}/status", "Revoke, expire or consume a one-time token", a.setOneTimeTokenStatus),
		remove("/api/one-time-tokens/{id}", "Delete a one-time token", a.deleteOneTimeToken),
	}
}

func (a *API) listOneTimeTokens(c *call, in struct {
	Paging web.Paging                   `paging:"optional"`
	Email  string                       `query:"email" check:"format=address"`
	Status guestlist.OneTimeTokenStatus `query:"status" check:"enum=active|consumed|revoked|expired"`
},
) (list[guestlist.OneTimeToken], error) {
	var l list[guestlist.OneTimeToken]
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		l.Rows, l.Total, err = invite.List(tx, store.OneTimeTokenFilter{Email: in.Email, Status: in.Status}, c.window())
		return err
	})
	return l, err
}

func (a *API) issueOneTimeToken(c *call, in struct {
	Body struct {
		Email     string `json:"email" check:"format=address,max=128"`
		ExpiresIn *int   `json:"expiresIn,omitempty" check:"min=1,max=@period"`
		Context   struct {
			JITOrganizationIDs []string                   `json:"jitOrganizationIds,omitempty" check:"max=100,each.min=1,each.max=21"`
			InteractionEvent   guestlist.InteractionEvent `json:"interactionEvent,omitempty" check:"enum=SignIn|Register|ForgotPassword"`
		} `json:"context,omitempty"`
	}
},
) (guestlist.OneTimeToken, error) {
	order := invite.Order{Email: in.Body.Email, Context: guestlist.OneTimeTokenContext{
		JITOrganizationIDs: in.Body.Context.JITOrganizationIDs, InteractionEvent: in.Body.Context.InteractionEvent,
	}}
	if in.Body.ExpiresIn != nil {
		order.TTL = time.Duration(*in.Body.ExpiresIn) * time.Second
	}
	var t guestlist.OneTimeToken
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		var err error
		t, err = invite.Issue(tx, order)
		return err
	})
	return t, err
}

func (a *API) verifyOneTimeToken(c *call, in struct {
	Body struct {
		Token string `json:"token" check:"min=1,max=128"`
		Email string `json:"email" check:"format=address,max=128"`
	}
},
) (guestlist.OneTimeToken, error) {
	var t guestlist.OneTimeToken
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		var err error
		t, err = invite.Verify(tx, in.Body.Token, in.Body.Email)
		return err
	})
	if err == nil && t.Token == "" {
		t.Token = in.Body.Token // the caller has it; no copy may be kept
	}
	return t, err
}

type oneTimeTokenID struct {
	ID guestlist.OneTimeTokenID `path:"id"`
}

func (a *API) getOneTimeToken(c *call, in oneTimeTokenID) (guestlist.OneTimeToken, error) {
	var t guestlist.OneTimeToken
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		t, err = invite.Get(tx, in.ID)
		return orNoID(err, tableOneTimeTokens, in.ID)
	})
	return t, err
}

func (a *API) setOneTimeTokenStatus(c *call, in struct {
	ID   guestlist.OneTimeTokenID `path:"id"`
	Body struct {
		Status guestlist.OneTimeTokenStatus `json:"status" check:"enum=active|consumed|revoked|expired"`
	}
},
) (guestlist.OneTimeToken, error) {
	var t guestlist.OneTimeToken
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		var err error
		t, err = invite.SetStatus(tx, in.ID, in.Body.Status)
		if errors.Is(err, invite.ErrCannotReactivate) {
			if _, unknown := invite.Get(tx, in.ID); unknown != nil {
				err = unknown
			}
		}
		return orNoID(err, tableOneTimeTokens, in.ID)
	})
	return t, err
}

func (a *API) deleteOneTimeToken(c *call, in oneTimeTokenID) (none, error) {
	return none{}, a.Store.Update(c.ctx(), func(tx *store.Tx) error { return tx.DeleteOneTimeToken(in.ID) })
}
