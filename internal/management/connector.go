package management

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"

	"guestlist"
	"guestlist/internal/connector"
	"guestlist/internal/crypt"
	"guestlist/internal/mail"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

func (a *API) connectorRoutes() []route {
	return []route{
		get("/api/connector-factories", "List what can be connected", a.listFactories),
		get("/api/connector-factories/{id}", "Get what can be connected", a.getFactory),
		get("/api/connectors", "List connectors", a.listConnectors).secrets(),
		post("/api/connectors", "Set up a connector", a.createConnector),
		get("/api/connectors/{id}", "Get a connector", a.getConnector).of(connectorVersion).secrets(),
		patch("/api/connectors/{id}", "Change a connector", a.updateConnector).of(connectorVersion),
		remove("/api/connectors/{id}", "Remove a connector", a.deleteConnector).of(connectorVersion),
		post("/api/connectors/{connectorId}/authorization-uri", "Begin a visit to a social provider", a.beginVisit),
		post("/api/connectors/{factoryId}/test", "Send a test message with a config", a.testConnector),
	}
}

func (a *API) listFactories(*call, struct{}) ([]guestlist.ConnectorFactory, error) {
	return slices.Concat(mail.Factories(), connector.Factories()), nil
}

// factoryOf returns the kind of connector with an id, whoever speaks to it.
func factoryOf(id string) (guestlist.ConnectorFactory, bool) {
	if f, ok := mail.Factory(id); ok {
		return f, true
	}
	return connector.Factory(id)
}

// checkConfig holds a config against its kind of connector.
func checkConfig(f guestlist.ConnectorFactory, config guestlist.JSONObject) error {
	if f.Type == guestlist.ConnectorSocial {
		return connector.ValidateConfig(f.ID, config)
	}
	return mail.ValidateConfig(f.ID, config)
}

func (a *API) getFactory(_ *call, in struct {
	ID string `path:"id"`
},
) (guestlist.ConnectorFactory, error) {
	f, ok := factoryOf(in.ID)
	if !ok {
		return f, store.ErrNotFound
	}
	return f, nil
}

// viewConnector joins a connector with its factory. One whose factory is gone
// is not shown.
func viewConnector(c guestlist.Connector) (guestlist.ConnectorView, error) {
	f, ok := factoryOf(c.FactoryID)
	if !ok {
		return guestlist.ConnectorView{}, store.ErrNotFound
	}
	return c.View(f), nil
}

// viewConnectors shows all connectors whose factory is there.
func viewConnectors(tx *store.Tx) ([]guestlist.ConnectorView, error) {
	views := []guestlist.ConnectorView{}
	rows, err := tx.Connectors(store.Page{})
	for _, row := range rows {
		if view, err := viewConnector(row); err == nil {
			views = append(views, view)
		}
	}
	return views, err
}

func (a *API) listConnectors(c *call, in struct {
	Target string `query:"target"`
},
) ([]guestlist.ConnectorView, error) {
	var views []guestlist.ConnectorView
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		views, err = viewConnectors(tx)
		return err
	})
	return slices.DeleteFunc(views, func(v guestlist.ConnectorView) bool { return in.Target != "" && v.Target != in.Target }), err
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

type newConnector struct {
	FactoryID string  `json:"connectorId" check:"min=1,max=128"`
	ID        *string `json:"id" check:"min=1,max=128,format=id"`
	connectorSettings
}

func (a *API) createConnector(c *call, in struct{ Body newConnector }) (guestlist.ConnectorView, error) {
	var view guestlist.ConnectorView
	f, ok := factoryOf(in.Body.FactoryID)
	if !ok {
		return view, guestlist.Refuse(guestlist.KindUnprocessable, "connector.not_found_with_connector_id")
	}
	row := guestlist.Connector{ID: guestlist.ConnectorID(crypt.ShortID()), FactoryID: f.ID, Config: json.RawMessage("{}")}
	if in.Body.ID != nil {
		row.ID = guestlist.ConnectorID(*in.Body.ID)
	}
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		// Nobody else changes connectors until this is over: the rules below
		// look at all of them.
		if err := tx.LockConfig(); err != nil {
			return err
		}
		row.CreatedAt = tx.Now
		row.Metadata = guestlist.ConnectorMetadata{}
		if err := in.Body.onto(&row, f, true); err != nil {
			return err
		}
		if err := makeRoom(tx, row, f); err != nil {
			return err
		}
		if in.Body.Config != nil {
			if err := checkConfig(f, *in.Body.Config); err != nil {
				return err
			}
		}
		view = row.View(f)
		return tx.InsertConnector(f.Type, row)
	})
	return view, err
}

// makeRoom holds a new connector against the others. Of senders there is one of
// a type, and the former goes; of social ones there is one for a target and
// platform.
func makeRoom(tx *store.Tx, row guestlist.Connector, f guestlist.ConnectorFactory) error {
	if f.Type != guestlist.ConnectorSocial {
		return removeFormer(tx, f.Type)
	}
	others, err := viewConnectors(tx)
	if err != nil {
		return err
	}
	mine := row.View(f)
	for _, other := range others {
		if other.Type != guestlist.ConnectorSocial {
			continue
		}
		if other.FactoryID == f.ID && !f.IsStandard {
			return guestlist.Refuse(guestlist.KindUnprocessable, "connector.multiple_instances_not_supported")
		}
		if other.Target == mine.Target && samePlatform(other.Platform, mine.Platform) {
			return guestlist.Refuse(guestlist.KindUnprocessable, "connector.multiple_target_with_same_platform").
				With(map[string]any{"connectorId": other.FactoryID, "connectorName": other.Name})
		}
	}
	return nil
}

func samePlatform(a, b *string) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
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
		if err := tx.LockConfig(); err != nil {
			return err
		}
		row, err := tx.Connector(in.ID)
		if err != nil {
			return err
		}
		f, ok := factoryOf(row.FactoryID)
		if !ok {
			return store.ErrNotFound
		}
		if in.Body.isEmpty() {
			return errNothingToChange
		}
		if err := in.Body.onto(&row, f, false); err != nil {
			return err
		}
		if in.Body.Config != nil {
			if err := checkConfig(f, *in.Body.Config); err != nil {
				return err
			}
		}
		view = row.View(f)
		return tx.UpdateConnector(row)
	})
	return view, err
}

// deleteConnector removes a connector, and its target from those that are
// offered unless another connector serves it. What people linked stays theirs.
func (a *API) deleteConnector(c *call, in struct {
	ID guestlist.ConnectorID `path:"id"`
},
) (none, error) {
	return none{}, a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		if err := tx.DeleteConnector(in.ID); err != nil {
			return err
		}
		exp, err := tx.SignInExperience()
		if err != nil {
			return err
		}
		left, err := socialTargets(tx, exp.SocialSignInConnectorTargets)
		if err != nil || len(left) == len(exp.SocialSignInConnectorTargets) {
			return err
		}
		exp.SocialSignInConnectorTargets = left
		return tx.PutSignInExperience(exp)
	})
}

// socialTargets returns those of some targets that a social connector serves,
// in their order and each once.
func socialTargets(tx *store.Tx, wanted []string) ([]string, error) {
	views, err := viewConnectors(tx)
	served := []string{}
	for _, target := range wanted {
		serves := func(v guestlist.ConnectorView) bool {
			return v.Type == guestlist.ConnectorSocial && v.Target == target
		}
		if slices.ContainsFunc(views, serves) && !slices.Contains(served, target) {
			served = append(served, target)
		}
	}
	return served, err
}

// connectorMetadata is what overrides a factory's traits.
type connectorMetadata struct {
	Target    *string            `json:"target,omitempty" check:"max=128,format=id,orEmpty"`
	Name      *map[string]string `json:"name,omitempty" check:"max=100,each.max=256"`
	Logo      *string            `json:"logo,omitempty" check:"max=32768,format=picture,orEmpty"`
	LogoDark  web.Opt[string]    `json:"logoDark,omitempty" check:"max=32768,format=picture,orEmpty"`
	FromEmail *string            `json:"fromEmail,omitempty" check:"max=256"`
}

func (m *connectorMetadata) isEmpty() bool { return m == nil || *m == connectorMetadata{} }

// connectorSettings are what a connector is created and changed with.
type connectorSettings struct {
	Config              *guestlist.JSONObject `json:"config"`
	Metadata            *connectorMetadata    `json:"metadata"`
	SyncProfile         *bool                 `json:"syncProfile"`
	EnableTokenStorage  *bool                 `json:"enableTokenStorage"`
	TrustedEmailDomains web.Opt[[]string]     `json:"trustedEmailDomains" check:"max=200,each.max=253"`
}

func (s connectorSettings) isEmpty() bool {
	return s.Config == nil && s.Metadata == nil && s.SyncProfile == nil && s.EnableTokenStorage == nil && !s.TrustedEmailDomains.Set
}

// onto writes what is given into a connector of a kind, unless the kind does
// not have it.
func (s connectorSettings) onto(row *guestlist.Connector, f guestlist.ConnectorFactory, isNew bool) error {
	if err := s.metadataOnto(row, f, isNew); err != nil {
		return err
	}
	social := f.Type == guestlist.ConnectorSocial
	switch {
	case isTrue(s.SyncProfile) && !social:
		return guestlist.Refuse(guestlist.KindUnprocessable, "connector.invalid_type_for_syncing_profile")
	case isTrue(s.EnableTokenStorage) && !f.IsTokenStorageSupported:
		return guestlist.Refuse(guestlist.KindUnprocessable, "connector.token_storage_not_supported")
	case s.TrustedEmailDomains.Set && !social:
		return errInput(guestlist.KindUnprocessable, "Only social connectors vouch for addresses.")
	}
	set(&row.Config, s.Config)
	set(&row.SyncProfile, s.SyncProfile)
	set(&row.EnableTokenStorage, s.EnableTokenStorage)
	if !s.TrustedEmailDomains.Set {
		return nil
	}
	row.TrustedEmailDomains = nil
	if s.TrustedEmailDomains.Null {
		return nil
	}
	domains, err := trustedDomains(s.TrustedEmailDomains.Value)
	row.TrustedEmailDomains = &domains
	return err
}

// metadataOnto replaces the overrides, which only standard connectors have.
// Their target is chosen once: identities are known by it.
func (s connectorSettings) metadataOnto(row *guestlist.Connector, f guestlist.ConnectorFactory, isNew bool) error {
	if !f.IsStandard {
		if !s.Metadata.isEmpty() {
			return guestlist.Refuse(guestlist.KindInvalid, "connector.cannot_overwrite_metadata_for_non_standard_connector")
		}
		return nil
	}
	target := row.Metadata.Target
	if m := s.Metadata; m != nil {
		if m.Target != nil {
			target = *m.Target
		}
		after := guestlist.ConnectorMetadata{Target: target}
		set(&after.Logo, m.Logo)
		set(&after.LogoDark, m.LogoDark.Pointer())
		set(&after.FromEmail, m.FromEmail)
		if m.Name != nil {
			after.Name = *m.Name
		}
		if !isNew && after.Target != row.Metadata.Target {
			return guestlist.Refuse(guestlist.KindInvalid, "connector.can_not_modify_target")
		}
		if len(after.Name) > 0 && after.Name["en"] == "" {
			var inv web.Invalid
			inv.Type("metadata.name.en", kindString, "undefined")
			return inv.Err()
		}
		row.Metadata = after
	}
	if target == "" {
		return guestlist.Refuse(guestlist.KindInvalid, "connector.should_specify_target")
	}
	return nil
}

// trustedDomains brings domains that a connector may vouch for into one form:
// lower case, each once, or all of them.
func trustedDomains(given []string) ([]string, error) {
	var inv web.Invalid
	out := []string{}
	for i, domain := range given {
		domain = guestlist.EmailKey(domain)
		inv.Check(domain == guestlist.AnyDomain || isDomain(domain), join("trustedEmailDomains", strconv.Itoa(i)), "custom",
			"Must be a domain such as acme.example, or "+guestlist.AnyDomain)
		if !slices.Contains(out, domain) {
			out = append(out, domain)
		}
	}
	return out, inv.Err()
}
