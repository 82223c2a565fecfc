package management

import (
	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

func (a *API) systemRoutes() []route {
	return []route{
		get("/api/system", "How it stands with the program, its database and what is to be done", a.getSystem),
		get("/api/dead-jobs", "List work that was given up", a.listDeadJobs),
		post("/api/dead-jobs/{id}/retry", "Try work again that was given up", a.reviveJob),
		remove("/api/dead-jobs/{id}", "Forget work that was given up", a.discardJob),
	}
}

type system struct {
	Version string `json:"version"`
	store.Health
}

func (a *API) getSystem(c *call, _ struct{}) (system, error) {
	s := system{Version: a.Version}
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		s.Health, err = tx.Health()
		return err
	})
	return s, err
}

func (a *API) listDeadJobs(c *call, _ struct {
	Paging web.Paging `paging:"required"`
},
) (list[store.JobRow], error) {
	var l list[store.JobRow]
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		l.Rows, l.Total, err = tx.DeadJobs(c.window())
		return err
	})
	l.capAt(store.MaxCounted)
	return l, err
}

type jobID struct {
	ID guestlist.JobID `path:"id"`
}

func (a *API) reviveJob(c *call, in jobID) (none, error) {
	return none{}, a.Store.Update(c.ctx(), func(tx *store.Tx) error { return orNoID(tx.ReviveJob(in.ID), "jobs", in.ID) })
}

func (a *API) discardJob(c *call, in jobID) (none, error) {
	return none{}, a.Store.Update(c.ctx(), func(tx *store.Tx) error { return orNoID(tx.DiscardJob(in.ID), "jobs", in.ID) })
}
