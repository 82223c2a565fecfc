package store

import (
	"strings"

	"guestlist"
)

// JITDomains lists the mail domains that lead into an organization, in their
// order, and counts them.
func (tx *Tx) JITDomains(id guestlist.OrganizationID, p Page) ([]string, int, error) {
	return page(tx, scanText, "domain", "organization_jit_domains WHERE organization_id = $1", "domain_key", []any{id}, p)
}

func scanText(sc scanner) (string, error) {
	var text string
	err := sc.Scan(&text)
	return text, err
}

// AddJITDomain lets whoever proves an address of a domain for the first time
// into an organization. One that it has, in any letter case, gives
// entity.unique_integrity_violation, an unknown organization ErrForeignKey.
func (tx *Tx) AddJITDomain(id guestlist.OrganizationID, domain string) error {
	return tx.run("INSERT INTO organization_jit_domains (organization_id, domain_key, domain) VALUES ($1, $2, $3)",
		id, strings.ToLower(domain), domain)
}

// SetJITDomains makes the domains of an organization exactly these. Twice the
// same gives entity.unique_integrity_violation.
func (tx *Tx) SetJITDomains(id guestlist.OrganizationID, domains ...string) error {
	if err := tx.run("DELETE FROM organization_jit_domains WHERE organization_id = $1", id); err != nil {
		return err
	}
	for _, domain := range domains {
		if err := tx.AddJITDomain(id, domain); err != nil {
			return err
		}
	}
	return nil
}

// RemoveJITDomain takes a domain from an organization; ErrNotFound if it has it
// not.
func (tx *Tx) RemoveJITDomain(id guestlist.OrganizationID, domain string) error {
	return changed(tx.exec("DELETE FROM organization_jit_domains WHERE organization_id = $1 AND domain_key = $2",
		id, strings.ToLower(domain)))
}

// JITRoles lists the roles of those who join an organization just in time, in
// the order of their names, and counts them.
func (tx *Tx) JITRoles(id guestlist.OrganizationID, p Page) ([]guestlist.OrganizationRole, int, error) {
	return page(tx, scanOrganizationRole, organizationRoleColumns,
		`organization_jit_roles JOIN organization_roles ON organization_roles.id = organization_jit_roles.role_id
			WHERE organization_jit_roles.organization_id = $1`, "organization_roles.name, organization_roles.id", []any{id}, p)
}

// AddJITRoles gives roles to those who will join an organization just in time;
// an unknown organization or role gives ErrForeignKey.
func (tx *Tx) AddJITRoles(id guestlist.OrganizationID, roles ...guestlist.OrganizationRoleID) error {
	for _, role := range roles {
		if err := tx.run(`INSERT INTO organization_jit_roles (organization_id, role_id) VALUES ($1, $2)
			ON CONFLICT (organization_id, role_id) DO NOTHING`, id, role); err != nil {
			return err
		}
	}
	return nil
}

// SetJITRoles makes the roles of those who will join just in time exactly these.
func (tx *Tx) SetJITRoles(id guestlist.OrganizationID, roles ...guestlist.OrganizationRoleID) error {
	if err := tx.run("DELETE FROM organization_jit_roles WHERE organization_id = $1", id); err != nil {
		return err
	}
	return tx.AddJITRoles(id, roles...)
}

// RemoveJITRole takes a role from those who will join just in time; ErrNotFound
// if they do not get it.
func (tx *Tx) RemoveJITRole(id guestlist.OrganizationID, role guestlist.OrganizationRoleID) error {
	return changed(tx.exec("DELETE FROM organization_jit_roles WHERE organization_id = $1 AND role_id = $2", id, role))
}

// JITConnectors lists the enterprise connectors that lead into an organization,
// the oldest first, and counts them.
func (tx *Tx) JITConnectors(id guestlist.OrganizationID, p Page) ([]guestlist.SSOConnector, int, error) {
	return page(tx, tx.scanSSOConnector, ssoConnectorColumns,
		"sso_connectors WHERE id IN (SELECT connector_id FROM organization_jit_connectors WHERE organization_id = $1)",
		"created_at, id", []any{id}, p)
}

// AddJITConnectors lets whoever signs in by an enterprise connector for the
// first time into an organization; an unknown one gives ErrForeignKey.
func (tx *Tx) AddJITConnectors(id guestlist.OrganizationID, connectors ...guestlist.ConnectorID) error {
	for _, connector := range connectors {
		if err := tx.run(`INSERT INTO organization_jit_connectors (organization_id, connector_id) VALUES ($1, $2)
			ON CONFLICT (organization_id, connector_id) DO NOTHING`, id, connector); err != nil {
			return err
		}
	}
	return nil
}

// SetJITConnectors makes the enterprise connectors of an organization exactly
// these.
func (tx *Tx) SetJITConnectors(id guestlist.OrganizationID, connectors ...guestlist.ConnectorID) error {
	if err := tx.run("DELETE FROM organization_jit_connectors WHERE organization_id = $1", id); err != nil {
		return err
	}
	return tx.AddJITConnectors(id, connectors...)
}

// RemoveJITConnector takes an enterprise connector from an organization;
// ErrNotFound if it has it not.
func (tx *Tx) RemoveJITConnector(id guestlist.OrganizationID, connector guestlist.ConnectorID) error {
	return changed(tx.exec("DELETE FROM organization_jit_connectors WHERE organization_id = $1 AND connector_id = $2", id, connector))
}

// JITOrganizations returns the organizations that somebody joins just in time
// who proved an address (of one of their domains), or came by an enterprise
// connector; either may be "".
func (tx *Tx) JITOrganizations(email string, connector guestlist.ConnectorID) ([]guestlist.OrganizationID, error) {
	key := guestlist.EmailKey(email)
	domain := key[strings.LastIndexByte(key, '@')+1:]
	return collect(tx, func(sc scanner) (guestlist.OrganizationID, error) {
		var id guestlist.OrganizationID
		err := sc.Scan(&id)
		return id, err
	}, jitOrganizations, domain, connector)
}

const jitOrganizations = `SELECT organization_id FROM organization_jit_domains WHERE domain_key = $1
	UNION SELECT organization_id FROM organization_jit_connectors WHERE connector_id = $2 ORDER BY organization_id`
