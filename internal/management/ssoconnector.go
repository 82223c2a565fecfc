package management

import (
	"bytes"
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"guestlist"
	"guestlist/internal/connector"
	"guestlist/internal/crypt"
	"guestlist/internal/signin"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

const tableSSOConnectors = "sso_connectors"

func (a *API) ssoConnectorRoutes() []route {
	return []route{
		get("/api/sso-connector-providers", "List kinds of enterprise identity providers", a.listSSOProviders),
		get("/api/sso-connectors", "List enterprise connectors", a.listSSOConnectors).secrets(),
		post("/api/sso-connectors", "Set up an enterprise connector", a.createSSOConnector),
		get("/api/sso-connectors/{id}", "Get an enterprise connector", a.getSSOConnector).of(ssoConnectorVersion).secrets(),
		patch("/api/sso-connectors/{id}", "Change an enterprise connector", a.updateSSOConnector).of(ssoConnectorVersion),
		remove("/api/sso-connectors/{id}", "Remove an enterprise connector, and the identities that came by it", a.deleteSSOConnector).of(ssoConnectorVersion),
	}
}

func (a *API) listSSOProviders(*call, struct{}) ([]guestlist.SSOProvider, error) {
	return connector.SSOProviders(), nil
}

// ssoView is an enterprise connector as it is read: the row, its kind, and what
// the provider has to be told or tells of itself.
type ssoView struct {
	guestlist.SSOConnector
	Name             string         `json:"name"`
	ProviderType     string         `json:"providerType"`
	ProviderLogo     string         `json:"providerLogo"`
	ProviderLogoDark string         `json:"providerLogoDark"`
	ProviderConfig   map[string]any `json:"providerConfig,omitempty"`
}

// The limits of what providers are asked while somebody waits for a list.
const (
	describeTimeout = 3 * time.Second
	describeAtOnce  = 8
)

// shownSSOConnector is a row without the keys that were made for it.
func shownSSOConnector(row guestlist.SSOConnector) guestlist.SSOConnector {
	row.Config = connector.ShownSSOConfig(row.Config)
	return row
}

// viewSSO shows connectors. What a provider tells of itself is left out where
// it does not answer in time.
func (a *API) viewSSO(ctx context.Context, rows []guestlist.SSOConnector, describe bool) []ssoView {
	ctx, cancel := context.WithTimeout(ctx, describeTimeout)
	defer cancel()
	views := make([]ssoView, len(rows))
	var wait sync.WaitGroup
	slots := make(chan struct{}, describeAtOnce)
	for i, row := range rows {
		kind, _ := connector.SSOProvider(row.ProviderName)
		views[i] = ssoView{
			SSOConnector: shownSSOConnector(row), Name: kind.Name, ProviderType: kind.ProviderType, ProviderLogo: kind.Logo, ProviderLogoDark: kind.LogoDark,
		}
		if !describe {
			continue
		}
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			described, err := a.Connectors.DescribeSSO(ctx, row)
			if err == nil {
				views[i].ProviderConfig = described
			}
		})
	}
	wait.Wait()
	return views
}

func (a *API) listSSOConnectors(c *call, in struct {
	Paging web.Paging `paging:"optional"`
	// Describe is ours: "false" leaves out what providers tell of themselves, and
	// asks none of them.
	Describe string `query:"includeProviderConfig" check:"enum=true|false"`
},
) (list[ssoView], error) {
	var rows []guestlist.SSOConnector
	var total int
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		rows, total, err = tx.SSOConnectors(c.window())
		return err
	})
	if err != nil {
		return list[ssoView]{}, err
	}
	return list[ssoView]{Rows: a.viewSSO(c.ctx(), rows, in.Describe != "false"), Total: total}, nil
}

// ssoConnectorID is the input of routes that need nothing else.
type ssoConnectorID struct {
	ID guestlist.ConnectorID `path:"id"`
}

func (a *API) ssoConnector(c *call, id guestlist.ConnectorID) (guestlist.SSOConnector, error) {
	var row guestlist.SSOConnector
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		row, err = tx.SSOConnector(id)
		return orNoID(err, tableSSOConnectors, id)
	})
	return row, err
}

func (a *API) getSSOConnector(c *call, in struct {
	ID       guestlist.ConnectorID `path:"id"`
	Describe string                `query:"includeProviderConfig" check:"enum=true|false"`
},
) (ssoView, error) {
	row, err := a.ssoConnector(c, in.ID)
	if err != nil {
		return ssoView{}, err
	}
	return a.viewSSO(c.ctx(), []guestlist.SSOConnector{row}, in.Describe != "false")[0], nil
}

// ssoSettings are what an enterprise connector is created and changed with.
type ssoSettings struct {
	Config             *guestlist.JSONObject  `json:"config"`
	Domains            *[]string              `json:"domains" check:"max=200,each.max=253"`
	Branding           *guestlist.SSOBranding `json:"branding"`
	SyncProfile        *bool                  `json:"syncProfile"`
	EnableTokenStorage *bool                  `json:"enableTokenStorage"`
}

// onto writes what is given into a connector, after a look at whether it can
// be so. Where there is a config the provider is asked, which takes its time.
func (a *API) onto(ctx context.Context, s ssoSettings, row *guestlist.SSOConnector) error {
	if isTrue(s.EnableTokenStorage) {
		return guestlist.Refuse(guestlist.KindInvalid, "connector.token_storage_not_supported")
	}
	if s.Domains != nil {
		domains, err := ssoDomains(*s.Domains)
		if err != nil {
			return err
		}
		row.Domains = domains
	}
	set(&row.Branding, s.Branding)
	set(&row.SyncProfile, s.SyncProfile)
	set(&row.EnableTokenStorage, s.EnableTokenStorage)
	if s.Config == nil {
		return nil
	}
	config, err := connector.ValidateSSOConfig(row.ProviderName, connector.KeepSSOKey(row.Config, *s.Config))
	if err != nil {
		return err
	}
	row.Config = config
	_, err = a.Connectors.DescribeSSO(ctx, *row)
	return err
}

type newSSOConnector struct {
	ProviderName  string `json:"providerName" check:"min=1,max=128"`
	ConnectorName string `json:"connectorName" check:"min=1,max=128"`
	ssoSettings
}

func (a *API) createSSOConnector(c *call, in struct{ Body newSSOConnector }) (guestlist.SSOConnector, error) {
	row := guestlist.SSOConnector{
		TenantID: guestlist.TenantID, ID: guestlist.ConnectorID(crypt.ShortID()), ProviderName: in.Body.ProviderName,
		ConnectorName: in.Body.ConnectorName, Config: guestlist.JSONObject("{}"), Domains: []string{},
	}
	if _, ok := connector.SSOProvider(row.ProviderName); !ok {
		return row, guestlist.Refuse(guestlist.KindUnprocessable, "connector.not_found").
			WithArgs(map[string]any{"type": clip(row.ProviderName)})
	}
	if err := a.onto(c.ctx(), in.Body.ssoSettings, &row); err != nil {
		return row, err
	}
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		row.CreatedAt = tx.Now
		return tx.InsertSSOConnector(row)
	})
	return shownSSOConnector(row), err
}

type ssoChange struct {
	ConnectorName *string `json:"connectorName" check:"min=1,max=128"`
	ssoSettings
}

// maxConfigRaces is how often a change is begun anew because somebody else
// changed the config while its provider was asked.
const maxConfigRaces = 3

func (a *API) updateSSOConnector(c *call, in struct {
	ID   guestlist.ConnectorID `path:"id"`
	Body ssoChange
},
) (ssoView, error) {
	for range maxConfigRaces {
		row, ok, err := a.changeSSOConnector(c, in.ID, in.Body)
		if err != nil {
			return ssoView{}, err
		}
		if ok {
			return a.viewSSO(c.ctx(), []guestlist.SSOConnector{row}, true)[0], nil
		}
	}
	return ssoView{}, store.ErrStale
}

// changeSSOConnector judges a change without a transaction, since the provider
// is asked, and writes what is given over what the row is by then. ok is false
// where the config is another one by then: its key has to be kept.
func (a *API) changeSSOConnector(c *call, id guestlist.ConnectorID, change ssoChange) (row guestlist.SSOConnector, ok bool, err error) {
	before, err := a.ssoConnector(c, id)
	if err != nil {
		return row, false, err
	}
	judged := before
	if err := a.onto(c.ctx(), change.ssoSettings, &judged); err != nil {
		return row, false, err
	}
	err = a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		if row, err = tx.SSOConnector(id); err != nil {
			return orNoID(err, tableSSOConnectors, id)
		}
		if ok = change.Config == nil || bytes.Equal(row.Config, before.Config); !ok {
			return nil
		}
		set(&row.ConnectorName, change.ConnectorName)
		set(&row.Branding, change.Branding)
		set(&row.SyncProfile, change.SyncProfile)
		set(&row.EnableTokenStorage, change.EnableTokenStorage)
		if change.Domains != nil {
			row.Domains = judged.Domains
		}
		if change.Config != nil {
			row.Config = judged.Config
		}
		return tx.UpdateSSOConnector(row)
	})
	return row, ok, err
}

func (a *API) deleteSSOConnector(c *call, in ssoConnectorID) (none, error) {
	return none{}, a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		return orNoID(tx.DeleteSSOConnector(in.ID), tableSSOConnectors, in.ID)
	})
}

// publicDomains are those where anybody may have an address: whoever could
// speak for one would speak for strangers.
var publicDomains = []string{
	"gmail.com", "googlemail.com", "yahoo.com", "ymail.com", "hotmail.com", "outlook.com", "live.com", "msn.com",
	"icloud.com", "me.com", "mac.com", "aol.com", "yandex.com", "yandex.ru", "ya.ru", "mail.com", "protonmail.com", "proton.me", "pm.me",
	"yanex.com", "gmx.com", "gmx.de", "gmx.net", "web.de", "t-online.de", "mail.ru", "zoho.com", "fastmail.com", "hey.com", "tutanota.com",
	"qq.com", "163.com", "126.com", "sina.com", "sohu.com", "naver.com", "orange.fr", "free.fr", "laposte.net",
}

// ssoDomains brings the domains of a connector into their one form, which is
// ASCII in lower case, and refuses those that cannot be an organization's.
func ssoDomains(given []string) ([]string, error) {
	var inv web.Invalid
	domains := make([]string, len(given))
	public, twice := []string{}, []string{}
	for i, domain := range given {
		domain = guestlist.EmailKey(domain)
		if ascii, ok := signin.ASCIIDomain(domain); ok {
			domain = ascii
		}
		inv.Check(isDomain(domain), join("domains", strconv.Itoa(i)), "custom", "Must be a domain such as acme.example")
		switch {
		case slices.Contains(publicDomains, domain):
			public = append(public, domain)
		case slices.Contains(domains[:i], domain) && !slices.Contains(twice, domain):
			twice = append(twice, domain)
		}
		domains[i] = domain
	}
	switch err := inv.Err(); {
	case err != nil:
		return nil, err
	case len(public) > 0:
		return nil, domainsRefusal(guestlist.Refuse(guestlist.KindUnprocessable, "single_sign_on.forbidden_domains"), public)
	case len(twice) > 0:
		return nil, domainsRefusal(guestlist.Refuse(guestlist.KindUnprocessable, "single_sign_on.duplicated_domains"), twice)
	}
	return domains, nil
}

// listedDomains is the data of a refusal of domains.
type listedDomains struct {
	Data []string `json:"data"`
}

func domainsRefusal(e *guestlist.Error, domains []string) error {
	return e.With(listedDomains{domains}).WithArgs(map[string]any{"domains": strings.Join(domains, ", ")})
}

// publicSSO is an enterprise connector as pages show it.
type publicSSO struct {
	ID            guestlist.ConnectorID `json:"id"`
	ConnectorName string                `json:"connectorName"`
	Logo          string                `json:"logo"`
	DarkLogo      string                `json:"darkLogo,omitempty"`
}

// offeredSSO lists the enterprise connectors that are set up to their end.
func offeredSSO(tx *store.Tx) ([]publicSSO, error) {
	offered := []publicSSO{}
	rows, _, err := tx.SSOConnectors(store.Page{})
	for _, row := range rows {
		kind, ok := connector.SSOProvider(row.ProviderName)
		if !ok {
			continue
		}
		if _, err := connector.ValidateSSOConfig(row.ProviderName, row.Config); err != nil {
			continue
		}
		shown := publicSSO{ID: row.ID, ConnectorName: kind.Name, Logo: kind.Logo, DarkLogo: kind.LogoDark}
		if b := row.Branding; b.DisplayName != "" {
			shown.ConnectorName = b.DisplayName
		}
		if b := row.Branding; b.Logo != "" {
			shown.Logo, shown.DarkLogo = b.Logo, b.DarkLogo
		}
		offered = append(offered, shown)
	}
	return offered, err
}
