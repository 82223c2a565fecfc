package management

import (
	"guestlist"
	"guestlist/internal/mail"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

func (a *API) messageRoutes() []route {
	return []route{
		get("/api/messages", "List messages and what became of them", a.listMessages),
		post("/api/webhooks/messages/{connectorId}", "Take a provider's signed report of bounces, complaints and deliveries",
			a.takeReports).anonymous(),
	}
}

func (a *API) listMessages(c *call, in struct {
	Paging    web.Paging `paging:"required"`
	Outcome   string     `query:"outcome" check:"enum=failed"` // did not leave, or came back
	EnableCap bool       `query:"enableCap"`
},
) (list[store.MessageRow], error) {
	var l list[store.MessageRow]
	most := 0
	if in.EnableCap {
		most = listCap
	}
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		l.Rows, l.Total, err = tx.Messages(in.Outcome != "", c.window(), most)
		return err
	})
	l.capAt(most)
	return l, err
}

// takeReports lets a provider say what became of messages. It has no token;
// the connector's config holds what proves where the call comes from. Who
// cannot prove it learns no more than whether the connector takes reports.
func (a *API) takeReports(c *call, in struct {
	ConnectorID guestlist.ConnectorID `path:"connectorId"`
	Raw         []byte
},
) (object, error) {
	var connector guestlist.Connector
	var now guestlist.Time
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		now = tx.Now
		var err error
		connector, err = tx.Connector(in.ConnectorID)
		return err
	})
	if err != nil {
		return nil, err
	}
	if !mail.CanReport(connector.FactoryID, connector.Config) {
		return nil, store.ErrNotFound
	}
	reports, err := a.Reporter.Read(c.ctx(), connector.FactoryID, connector.Config, mail.Call{Header: c.r.Header, Body: in.Raw, At: now.Std()})
	if err != nil {
		return nil, err
	}
	// Providers want 200, not 204.
	return object("{}"), a.keepReports(c, connector.ID, reports)
}

// keepReports writes reports down, all in one transaction. If it fails the
// provider comes again.
func (a *API) keepReports(c *call, id guestlist.ConnectorID, reports mail.Reports) error {
	if len(reports.List) == 0 {
		return nil
	}
	return a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		if reports.Once != "" {
			used, err := tx.Hit("message.report/"+string(id)+"/"+reports.Once, tx.Now.Add(reports.OnceWithin))
			if err != nil || used.Hits > 1 {
				return err // the same call again: what it said is known
			}
		}
		for _, r := range reports.List {
			if _, err := tx.ReportMessage(store.MessageReport{
				ID: r.MessageID, CarrierID: r.CarrierID, Status: store.MessageStatus(r.Outcome), Dead: r.Dead, Detail: r.Detail,
			}); err != nil {
				return err
			}
		}
		return nil
	})
}
