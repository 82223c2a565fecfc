package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"guestlist"
)

// ConnectorFactories lists what can be connected: senders of messages and
// social identity providers.
func (c *Client) ConnectorFactories(ctx context.Context) ([]guestlist.ConnectorFactory, error) {
	var factories []guestlist.ConnectorFactory
	err := c.Do(ctx, http.MethodGet, "/connector-factories", nil, &factories)
	return factories, err
}

// Connectors lists the connectors that are set up.
func (c *Client) Connectors(ctx context.Context) ([]guestlist.ConnectorView, error) {
	var connectors []guestlist.ConnectorView
	err := c.Do(ctx, http.MethodGet, "/connectors", nil, &connectors)
	return connectors, err
}

// Connector returns a connector.
func (c *Client) Connector(ctx context.Context, id guestlist.ConnectorID) (guestlist.ConnectorView, error) {
	var connector guestlist.ConnectorView
	err := c.Do(ctx, http.MethodGet, "/connectors/"+escape(string(id)), nil, &connector)
	return connector, err
}

// ConnectorSettings are what a connector is created and changed with; nil
// members stay as they are.
type ConnectorSettings struct {
	Config              guestlist.JSONObject         `json:"config,omitempty"`
	Metadata            *guestlist.ConnectorMetadata `json:"metadata,omitempty"` // of standard ones
	SyncProfile         *bool                        `json:"syncProfile,omitempty"`
	TrustedEmailDomains *[]string                    `json:"trustedEmailDomains,omitempty"`
}

// CreateConnector sets a connector of a kind up. A sender takes the place of
// the former one of its type.
func (c *Client) CreateConnector(ctx context.Context, factoryID string, s ConnectorSettings) (guestlist.ConnectorView, error) {
	var created guestlist.ConnectorView
	err := c.Do(ctx, http.MethodPost, "/connectors", struct {
		FactoryID string `json:"connectorId"`
		ConnectorSettings
	}{factoryID, s}, &created)
	return created, err
}

// UpdateConnector changes a connector.
func (c *Client) UpdateConnector(ctx context.Context, id guestlist.ConnectorID, s ConnectorSettings) (guestlist.ConnectorView, error) {
	var changed guestlist.ConnectorView
	err := c.Do(ctx, http.MethodPatch, "/connectors/"+escape(string(id)), s, &changed)
	return changed, err
}

// DeleteConnector removes a connector.
func (c *Client) DeleteConnector(ctx context.Context, id guestlist.ConnectorID) error {
	return c.Do(ctx, http.MethodDelete, "/connectors/"+escape(string(id)), nil, nil)
}

// SSOProviders lists the kinds of enterprise identity providers.
func (c *Client) SSOProviders(ctx context.Context) ([]guestlist.SSOProvider, error) {
	var providers []guestlist.SSOProvider
	err := c.Do(ctx, http.MethodGet, "/sso-connector-providers", nil, &providers)
	return providers, err
}

// SSOConnector is an enterprise connector with its kind. ProviderConfig is what
// the provider has to be told and tells of itself, nil where it was not asked
// or does not answer.
type SSOConnector struct {
	guestlist.SSOConnector
	Name             string         `json:"name"`
	ProviderType     string         `json:"providerType"`
	ProviderLogo     string         `json:"providerLogo"`
	ProviderLogoDark string         `json:"providerLogoDark"`
	ProviderConfig   map[string]any `json:"providerConfig"`
}

// SSOConnectors lists a page of the enterprise connectors; page counts from 1.
func (c *Client) SSOConnectors(ctx context.Context, page, size int) ([]SSOConnector, error) {
	var connectors []SSOConnector
	q := url.Values{"page": {strconv.Itoa(page)}, "page_size": {strconv.Itoa(size)}}
	err := c.Do(ctx, http.MethodGet, "/sso-connectors?"+q.Encode(), nil, &connectors)
	return connectors, err
}

// SSOConnector returns an enterprise connector.
func (c *Client) SSOConnector(ctx context.Context, id guestlist.ConnectorID) (SSOConnector, error) {
	var connector SSOConnector
	err := c.Do(ctx, http.MethodGet, "/sso-connectors/"+escape(string(id)), nil, &connector)
	return connector, err
}

// SSOSettings are what an enterprise connector is created and changed with;
// nil members stay as they are. A config is always whole.
type SSOSettings struct {
	ConnectorName string                 `json:"connectorName,omitempty"`
	Config        guestlist.JSONObject   `json:"config,omitempty"`
	Domains       *[]string              `json:"domains,omitempty"`
	Branding      *guestlist.SSOBranding `json:"branding,omitempty"`
	SyncProfile   *bool                  `json:"syncProfile,omitempty"`
}

// CreateSSOConnector sets an enterprise connector of a provider up.
func (c *Client) CreateSSOConnector(ctx context.Context, provider string, s SSOSettings) (guestlist.SSOConnector, error) {
	var created guestlist.SSOConnector
	err := c.Do(ctx, http.MethodPost, "/sso-connectors", struct {
		ProviderName string `json:"providerName"`
		SSOSettings
	}{provider, s}, &created)
	return created, err
}

// UpdateSSOConnector changes an enterprise connector.
func (c *Client) UpdateSSOConnector(ctx context.Context, id guestlist.ConnectorID, s SSOSettings) (SSOConnector, error) {
	var changed SSOConnector
	err := c.Do(ctx, http.MethodPatch, "/sso-connectors/"+escape(string(id)), s, &changed)
	return changed, err
}

// DeleteSSOConnector removes an enterprise connector and the identities that
// came by it.
func (c *Client) DeleteSSOConnector(ctx context.Context, id guestlist.ConnectorID) error {
	return c.Do(ctx, http.MethodDelete, "/sso-connectors/"+escape(string(id)), nil, nil)
}
