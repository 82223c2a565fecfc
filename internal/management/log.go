package management

import (
	"strconv"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

// listCap is where counting stops for a caller who asked for that.
const listCap = 10_000

// headerUntil is answered where a list of the audit log did not look at all of
// it: the moment, in milliseconds, of the newest line that it did not look at.
const headerUntil = "Looked-Until"

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
	Prefix        string                  `query:"logKeyPrefix"` // e.g. "Interaction.Register."
	Result        string                  `query:"result" check:"enum=Success|Error"`
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
		most = listCap
	}
	f := store.LogFilter{
		UserID: in.UserID, ApplicationID: in.ApplicationID, Key: in.Key, Prefix: in.Prefix, Start: in.Start, End: in.End,
	}
	if in.Result != "" {
		failed := in.Result == "Error"
		f.Failed = &failed
	}
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		if l.Rows, l.Total, err = tx.Logs(f, c.window(), most); err != nil {
			return err
		}
		until, err := tx.LogsUntil(f)
		if until != nil {
			c.w.Header().Set(headerUntil, strconv.FormatInt(int64(*until), 10))
		}
		return err
	})
	l.capAt(most)
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
