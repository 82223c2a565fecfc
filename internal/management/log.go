package management

import (
	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

// logCap is where counting stops for a caller who asked for that.
const logCap = 10_000

func (a *API) logRoutes() []route {
	return []route{
		get("/api/logs", "List the audit log", a.listLogs),
		get("/api/logs/{id}", "Get a line of the audit log", a.getLog),
	}
}

func (a *API) listLogs(c *call, in struct {
	Paging        web.Paging              `paging:"required"`
	UserID        guestlist.UserID        `query:"userId"`
	ApplicationID guestlist.ApplicationID `query:"applicationId"`
	Key           string                  `query:"logKey"`
	Start         *guestlist.Time         `query:"start_time"`
	End           *guestlist.Time         `query:"end_time"`
	EnableCap     bool                    `query:"enableCap"`
},
) (list[guestlist.Log], error) {
	var l list[guestlist.Log]
	if err := refuseWindow(in.Start, in.End); err != nil {
		return l, err
	}
	most := 0
	if in.EnableCap {
		most = logCap
	}
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		l.Rows, l.Total, err = tx.Logs(store.LogFilter{
			UserID: in.UserID, ApplicationID: in.ApplicationID, Key: in.Key, Start: in.Start, End: in.End,
		}, c.window(), most)
		if most > 0 && l.Total > most {
			l.Total, l.Capped = most, true
		}
		return err
	})
	return l, err
}

func (a *API) getLog(c *call, in struct {
	ID guestlist.LogID `path:"id"`
},
) (guestlist.Log, error) {
	var l guestlist.Log
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		l, err = tx.LogByID(in.ID)
		return orNoID(err, "logs", in.ID)
	})
	return l, err
}
