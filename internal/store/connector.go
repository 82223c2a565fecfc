package store

import (
	"encoding/json"
	"errors"

	"guestlist"
)

// sealConnector is the purpose under which configs of connectors are sealed:
// they hold passwords and keys.
const sealConnector = "connector.config"

const connectorColumns = `id, connector_id, type, config, metadata, sync_profile, enable_token_storage, trusted_email_domains, created_at`

func (tx *Tx) scanConnector(sc scanner) (guestlist.Connector, error) {
	var c guestlist.Connector
	var kind, config, metadata string
	var trusted *string
	if err := sc.Scan(&c.ID, &c.FactoryID, &kind, &config, &metadata, &c.SyncProfile, &c.EnableTokenStorage, &trusted, &c.CreatedAt); err != nil {
		return c, err
	}
	if trusted != nil {
		if err := fromJSON(*trusted, &c.TrustedEmailDomains); err != nil {
			return c, err
		}
	}
	opened, err := tx.s.key.OpenString(sealConnector, config)
	if err != nil {
		return c, err
	}
	c.Config = json.RawMessage(opened)
	return c, fromJSON(metadata, &c.Metadata)
}

// Connector returns a connector by id; ErrNotFound if unknown.
func (tx *Tx) Connector(id guestlist.ConnectorID) (guestlist.Connector, error) {
	return one(tx, tx.scanConnector, "SELECT "+connectorColumns+" FROM connectors WHERE id = $1", id)
}

// Connectors lists the connectors, the oldest first.
func (tx *Tx) Connectors(p Page) ([]guestlist.Connector, error) {
	limit, args := p.sql(1)
	return collect(tx, tx.scanConnector, "SELECT "+connectorColumns+" FROM connectors ORDER BY created_at, id"+limit, args...)
}

// CanSend reports whether a connector sends messages of a channel.
func (tx *Tx) CanSend(c guestlist.Channel) (bool, error) {
	_, err := tx.ConnectorOf(c.Connector())
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// ConnectorOf returns the connector that sends messages of a type; ErrNotFound
// if none is set up. Of several it is the newest.
func (tx *Tx) ConnectorOf(t guestlist.ConnectorType) (guestlist.Connector, error) {
	return one(tx, tx.scanConnector, "SELECT "+connectorColumns+` FROM connectors WHERE type = $1
		ORDER BY created_at DESC, id LIMIT 1`, string(t))
}

// InsertConnector writes a new connector of a type; all members are the
// caller's.
func (tx *Tx) InsertConnector(t guestlist.ConnectorType, c guestlist.Connector) error {
	metadata, trusted, err := connectorTexts(c)
	if err != nil {
		return err
	}
	if err := tx.touchConfig(); err != nil {
		return err
	}
	return tx.run("INSERT INTO connectors ("+connectorColumns+") VALUES ("+placeholders(1, 9)+")",
		c.ID, c.FactoryID, string(t), tx.s.key.SealString(sealConnector, objectText(c.Config)), metadata,
		c.SyncProfile, c.EnableTokenStorage, trusted, c.CreatedAt)
}

// UpdateConnector writes everything of a connector but kind and age;
// ErrNotFound if unknown.
func (tx *Tx) UpdateConnector(c guestlist.Connector) error {
	metadata, trusted, err := connectorTexts(c)
	if err != nil {
		return err
	}
	if err := tx.touchConfig(); err != nil {
		return err
	}
	return changed(tx.exec(`UPDATE connectors SET config = $2, metadata = $3, sync_profile = $4, enable_token_storage = $5,
		trusted_email_domains = $6 WHERE id = $1`, c.ID, tx.s.key.SealString(sealConnector, objectText(c.Config)), metadata,
		c.SyncProfile, c.EnableTokenStorage, trusted))
}

// connectorTexts returns the JSON columns of a connector. That nothing was
// said of domains is NULL, and not the same as that none are trusted.
func connectorTexts(c guestlist.Connector) (metadata string, trusted *string, err error) {
	if metadata, err = jsonText(c.Metadata); err != nil || c.TrustedEmailDomains == nil {
		return metadata, nil, err
	}
	text, err := jsonText(*c.TrustedEmailDomains)
	return metadata, &text, err
}

// DeleteConnector removes a connector; ErrNotFound if unknown.
func (tx *Tx) DeleteConnector(id guestlist.ConnectorID) error {
	if err := tx.touchConfig(); err != nil {
		return err
	}
	return changed(tx.exec("DELETE FROM connectors WHERE id = $1", id))
}
