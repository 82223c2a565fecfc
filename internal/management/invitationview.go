package management

import (
	"guestlist"
	"guestlist/internal/invite"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

const tableViews = "invitation_views"

func (a *API) invitationViewRoutes() []route {
	const read, write = guestlist.ScopeInvitationsRead, guestlist.ScopeInvitationsWrite
	return []route{
		get("/api/invitation-views", "List the saved views of invitations, by name", a.listInvitationViews).takes(read),
		post("/api/invitation-views", "Save a filter of invitations under a name, for everybody who looks at them", a.saveInvitationView).with201().takes(write),
		remove("/api/invitation-views/{id}", "Forget a saved view; the invitations stay", a.deleteInvitationView).takes(write),
	}
}

func (a *API) listInvitationViews(c *call, _ struct {
	Paging web.Paging `paging:"optional"`
},
) (list[guestlist.InvitationView], error) {
	var l list[guestlist.InvitationView]
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		all, err := invite.Views(tx)
		l.Rows, l.Total = all, len(all)
		if w := c.window(); w.Limit > 0 {
			from := min(w.Offset, len(all))
			l.Rows = all[from:min(from+w.Limit, len(all))]
		}
		return err
	})
	return l, err
}

func (a *API) saveInvitationView(c *call, in struct {
	Body struct {
		Name   string                         `json:"name" check:"min=1,max=64"`
		Filter guestlist.InvitationViewFilter `json:"filter,omitempty"`
	}
},
) (guestlist.InvitationView, error) {
	var saved guestlist.InvitationView
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		var err error
		saved, err = invite.SaveView(tx, in.Body.Name, in.Body.Filter)
		return err
	})
	return saved, err
}

func (a *API) deleteInvitationView(c *call, in struct {
	ID guestlist.InvitationViewID `path:"id"`
},
) (none, error) {
	return none{}, a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		return orNoID(invite.ForgetView(tx, in.ID), tableViews, in.ID)
	})
}
