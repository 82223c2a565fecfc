package management

import (
	"encoding/json"
	"errors"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/mail"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

// testCode is the code that a test message shows, as on the wire.
const testCode = "000000"

func (a *API) connectorRoutes() []route {
	return []route{
		get("/api/connector-factories", "List what can be connected", a.listFactories),
		get("/api/connector-factories/{id}", "Get what can be connected", a.getFactory),
		get("/api/connectors", "List connectors", a.listConnectors),
		post("/api/connectors", "Set up a connector", a.createConnector),
		get("/api/connectors/{id}", "Get a connector", a.getConnector),
		patch("/api/connectors/{id}", "Change a connector", a.updateConnector),
		remove("/api/connectors/{id}", "Remove a connector", a.deleteConnector),
		post("/api/connectors/{factoryId}/test", "Send a test message with a config", a.testConnector),
	}
}

func (a *API) listFactories(*call, struct{}) ([]guestlist.ConnectorFactory, error) {
	return mail.Factories(), nil
}

func (a *API) getFactory(_ *call, in struct {
	ID string `path:"id"`
},
) (guestlist.ConnectorFactory, error) {
	f, ok := mail.Factory(in.ID)
	if !ok {
		return f, store.ErrNotFound
	}
	return f, nil
}

// viewConnector joins a connector with its factory. One whose factory is gone
// is not shown.
func viewConnector(c guestlist.Connector) (guestlist.ConnectorView, error) {
	f, ok := mail.Factory(c.FactoryID)
	if !ok {
		return guestlist.ConnectorView{}, store.ErrNotFound
	}
	return c.View(f), nil
}

func (a *API) listConnectors(c *call, in struct {
	Target string `query:"target"`
},
) ([]guestlist.ConnectorView, error) {
	views := []guestlist.ConnectorView{}
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		connectors, err := tx.Connectors(store.Page{})
		for _, row := range connectors {
			view, viewErr := viewConnector(row)
			if viewErr == nil && (in.Target == "" || view.Target == in.Target) {
				views = append(views, view)
			}
		}
		return err
	})
	return views, err
}

func (a *API) getConnector(c *call, in struct {
	ID guestlist.ConnectorID `path:"id"`
},
) (guestlist.ConnectorView, error) {
	var view guestlist.ConnectorView
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		row, err := tx.Connector(in.ID)
		if err != nil {
			return err
		}
		view, err = viewConnector(row)
		return err
	})
	return view, err
}

// connectorMetadata is what overrides a factory's traits.
type connectorMetadata struct {
	Target    *string            `json:"target,omitempty" check:"max=128"`
	Name      *map[string]string `json:"name,omitempty" check:"max=100,each.max=256"`
	Logo      *string            `json:"logo,omitempty" check:"max=2048"`
	LogoDark  *string            `json:"logoDark,omitempty" check:"max=2048"`
	FromEmail *string            `json:"fromEmail,omitempty" check:"max=256"`
}

func (m *connectorMetadata) isEmpty() bool { return m == nil || *m == connectorMetadata{} }

// connectorSettings are what a connector is created and changed with. The
// factories here have all their traits fixed, and neither profiles nor tokens
// come from senders of messages.
type connectorSettings struct {
	Config             *guestlist.JSONObject `json:"config"`
	Metadata           *connectorMetadata    `json:"metadata"`
	SyncProfile        *bool                 `json:"syncProfile"`
	EnableTokenStorage *bool                 `json:"enableTokenStorage"`
}

func (s connectorSettings) refusal(f guestlist.ConnectorFactory) error {
	switch {
	case !s.Metadata.isEmpty():
		return guestlist.Refuse(guestlist.KindInvalid, "connector.cannot_overwrite_metadata_for_non_standard_connector")
	case isTrue(s.SyncProfile):
		return guestlist.Refuse(guestlist.KindUnprocessable, "connector.invalid_type_for_syncing_profile")
	case isTrue(s.EnableTokenStorage):
		return guestlist.Refuse(guestlist.KindUnprocessable, "connector.token_storage_not_supported")
	case s.Config != nil:
		return mail.ValidateConfig(f.ID, *s.Config)
	}
	return nil
}

type newConnector struct {
	FactoryID string  `json:"connectorId" check:"min=1,max=128"`
	ID        *string `json:"id" check:"min=1,max=128,format=id"`
	connectorSettings
}

func (a *API) createConnector(c *call, in struct{ Body newConnector }) (guestlist.ConnectorView, error) {
	var view guestlist.ConnectorView
	f, ok := mail.Factory(in.Body.FactoryID)
	if !ok {
		return view, guestlist.Refuse(guestlist.KindUnprocessable, "connector.not_found_with_connector_id")
	}
	if err := in.Body.refusal(f); err != nil {
		return view, err
	}
	row := guestlist.Connector{ID: guestlist.ConnectorID(crypt.ShortID()), FactoryID: f.ID, Config: json.RawMessage("{}")}
	if in.Body.ID != nil {
		row.ID = guestlist.ConnectorID(*in.Body.ID)
	}
	set(&row.Config, in.Body.Config)
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		row.CreatedAt = tx.Now
		if err := removeFormer(tx, f.Type); err != nil {
			return err
		}
		return tx.InsertConnector(f.Type, row)
	})
	return row.View(f), err
}

// removeFormer makes room for a new sender: there is one of a type.
func removeFormer(tx *store.Tx, t guestlist.ConnectorType) error {
	for {
		former, err := tx.ConnectorOf(t)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := tx.DeleteConnector(former.ID); err != nil {
			return err
		}
	}
}

func (a *API) updateConnector(c *call, in struct {
	ID   guestlist.ConnectorID `path:"id"`
	Body connectorSettings
},
) (guestlist.ConnectorView, error) {
	var view guestlist.ConnectorView
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		row, err := tx.Connector(in.ID)
		if err != nil {
			return err
		}
		f, ok := mail.Factory(row.FactoryID)
		if !ok {
			return store.ErrNotFound
		}
		if in.Body == (connectorSettings{}) {
			return errNothingToChange
		}
		if err := in.Body.refusal(f); err != nil {
			return err
		}
		set(&row.Config, in.Body.Config)
		view = row.View(f)
		return tx.UpdateConnector(row)
	})
	return view, err
}

func (a *API) deleteConnector(c *call, in struct {
	ID guestlist.ConnectorID `path:"id"`
},
) (none, error) {
	return none{}, a.Store.Update(c.ctx(), func(tx *store.Tx) error { return tx.DeleteConnector(in.ID) })
}

func (a *API) testConnector(c *call, in struct {
	FactoryID string `path:"factoryId"`
	Body      struct {
		Phone  *string              `json:"phone" check:"format=phone"`
		Email  *string              `json:"email" check:"format=email"`
		Config guestlist.JSONObject `json:"config"`
		Locale *string              `json:"locale" check:"max=35"`
	}
},
) (none, error) {
	if in.Body.Phone == nil && in.Body.Email == nil {
		var inv web.Invalid
		inv.Check(false, "", "custom", "Either email or phone is required")
		return none{}, inv.Err()
	}
	f, ok := mail.Factory(in.FactoryID)
	if !ok {
		return none{}, guestlist.Refuse(guestlist.KindInvalid, "connector.not_found").
			WithArgs(map[string]any{"type": clip(in.FactoryID)})
	}
	to := in.Body.Email
	if f.Type == guestlist.ConnectorSMS {
		to = in.Body.Phone
	}
	if to == nil {
		return none{}, guestlist.Refuse(guestlist.KindInvalid, "connector.unexpected_type")
	}
	if err := mail.ValidateConfig(f.ID, in.Body.Config); err != nil {
		return none{}, err
	}
	m := guestlist.Message{
		ID: crypt.ID(), Channel: f.Type.Channel(), To: *to, Type: guestlist.TemplateGeneric,
		Payload: map[string]any{"code": testCode},
	}
	set(&m.Locale, in.Body.Locale)
	return none{}, a.TestMessage(c.ctx(), f.ID, in.Body.Config, m)
}

// isPhone accepts international digits, as the wire has them.
func isPhone(s string) bool {
	if len(s) < 3 || len(s) > 20 {
		return false
	}
	for _, c := range s {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// isID accepts what can stand in a path as it is.
func isID(s string) bool {
	for _, c := range s {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && c != '-' && c != '_' {
			return false
		}
	}
	return s != ""
}
