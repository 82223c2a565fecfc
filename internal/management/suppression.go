package management

import (
	"guestlist/internal/store"
	"guestlist/internal/web"
)

func (a *API) suppressionRoutes() []route {
	return []route{
		get("/api/suppressions", "List addresses that no more mail is sent to", a.listSuppressions),
		remove("/api/suppressions/{address}", "Let mail to an address be sent again", a.deleteSuppression),
	}
}

func (a *API) listSuppressions(c *call, in struct {
	Paging web.Paging `paging:"required"`
},
) (list[store.Suppression], error) {
	var l list[store.Suppression]
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		l.Rows, l.Total, err = tx.Suppressions(c.window())
		return err
	})
	return l, err
}

func (a *API) deleteSuppression(c *call, in struct {
	Address string `path:"address" check:"min=1,max=320"`
},
) (none, error) {
	return none{}, a.Store.Update(c.ctx(), func(tx *store.Tx) error { return tx.DeleteSuppression(in.Address) })
}
