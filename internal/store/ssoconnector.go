package store

import (
	"encoding/json"

	"guestlist"
)

// sealSSOConnector is the purpose under which configs of enterprise connectors
// are sealed: they hold client secrets.
const sealSSOConnector = "sso_connector.config"

const ssoConnectorColumns = `id, provider_name, connector_name, config, domains, branding, sync_profile, enable_token_storage, created_at`

func (tx *Tx) scanSSOConnector(sc scanner) (guestlist.SSOConnector, error) {
	c := guestlist.SSOConnector{TenantID: guestlist.TenantID}
	var config, domains, branding string
	if err := sc.Scan(&c.ID, &c.ProviderName, &c.ConnectorName, &config, &domains, &branding,
		&c.SyncProfile, &c.EnableTokenStorage, &c.CreatedAt); err != nil {
		return c, err
	}
	opened, err := tx.s.key.OpenString(sealSSOConnector, config)
	if err != nil {
		return c, err
	}
	c.Config = json.RawMessage(opened)
	if err := fromJSON(domains, &c.Domains); err != nil {
		return c, err
	}
	return c, fromJSON(branding, &c.Branding)
}

// SSOConnector returns an enterprise connector by id; ErrNotFound if unknown.
func (tx *Tx) SSOConnector(id guestlist.ConnectorID) (guestlist.SSOConnector, error) {
	return one(tx, tx.scanSSOConnector, "SELECT "+ssoConnectorColumns+" FROM sso_connectors WHERE id = $1", id)
}

// SSOConnectors lists the enterprise connectors, the oldest first, and counts
// them.
func (tx *Tx) SSOConnectors(p Page) ([]guestlist.SSOConnector, int, error) {
	return page(tx, tx.scanSSOConnector, ssoConnectorColumns, "sso_connectors", "created_at, id", nil, p)
}

// SSOConnectorsOfDomain lists the enterprise connectors that addresses of a
// domain come in by, the oldest first. The domain may be in any letter case.
func (tx *Tx) SSOConnectorsOfDomain(domain string) ([]guestlist.SSOConnector, error) {
	return collect(tx, tx.scanSSOConnector, ssoConnectorsOfDomain, guestlist.EmailKey(domain))
}

const ssoConnectorsOfDomain = "SELECT " + ssoConnectorColumns + ` FROM sso_connectors
	WHERE id IN (SELECT connector_id FROM sso_connector_domains WHERE domain = $1) ORDER BY created_at, id`

// InsertSSOConnector writes a new enterprise connector; all members are the
// caller's. A name that is taken gives single_sign_on.duplicate_connector_name.
func (tx *Tx) InsertSSOConnector(c guestlist.SSOConnector) error {
	domains, branding, err := ssoConnectorTexts(c)
	if err != nil {
		return err
	}
	if err := tx.touchConfig(); err != nil {
		return err
	}
	if err := tx.run("INSERT INTO sso_connectors ("+ssoConnectorColumns+") VALUES ("+placeholders(1, 9)+")",
		c.ID, c.ProviderName, c.ConnectorName, tx.s.key.SealString(sealSSOConnector, objectText(c.Config)), domains, branding,
		c.SyncProfile, c.EnableTokenStorage, c.CreatedAt); err != nil {
		return err
	}
	return tx.insertSSODomains(c)
}

// UpdateSSOConnector writes everything of an enterprise connector but provider
// and age; ErrNotFound if unknown.
func (tx *Tx) UpdateSSOConnector(c guestlist.SSOConnector) error {
	domains, branding, err := ssoConnectorTexts(c)
	if err != nil {
		return err
	}
	if err := tx.touchConfig(); err != nil {
		return err
	}
	if err := changed(tx.exec(`UPDATE sso_connectors SET connector_name = $2, config = $3, domains = $4, branding = $5,
		sync_profile = $6, enable_token_storage = $7 WHERE id = $1`,
		c.ID, c.ConnectorName, tx.s.key.SealString(sealSSOConnector, objectText(c.Config)), domains, branding,
		c.SyncProfile, c.EnableTokenStorage)); err != nil {
		return err
	}
	if err := tx.run("DELETE FROM sso_connector_domains WHERE connector_id = $1", c.ID); err != nil {
		return err
	}
	return tx.insertSSODomains(c)
}

// DeleteSSOConnector removes an enterprise connector and the identities that
// came by it; ErrNotFound if unknown.
func (tx *Tx) DeleteSSOConnector(id guestlist.ConnectorID) error {
	if err := tx.touchConfig(); err != nil {
		return err
	}
	if err := tx.run("DELETE FROM sso_identities WHERE sso_connector_id = $1", id); err != nil {
		return err
	}
	return changed(tx.exec("DELETE FROM sso_connectors WHERE id = $1", id))
}

func (tx *Tx) insertSSODomains(c guestlist.SSOConnector) error {
	rows := make([][]any, len(c.Domains))
	for i, domain := range c.Domains {
		rows[i] = []any{guestlist.EmailKey(domain), c.ID}
	}
	return tx.insertRows("INSERT INTO sso_connector_domains (domain, connector_id) VALUES ", "($, $)", "", nil, rows)
}

func ssoConnectorTexts(c guestlist.SSOConnector) (domains, branding string, err error) {
	if c.Domains == nil {
		c.Domains = []string{}
	}
	if domains, err = jsonText(c.Domains); err != nil {
		return "", "", err
	}
	branding, err = jsonText(c.Branding)
	return domains, branding, err
}
