package store

import (
	"context"
	"fmt"
	"strings"

	"guestlist"
)

// PlanOfUsers returns how the engine would find the users of a filter: the
// page and, unless the count needs no look at users, the count.
func (tx *Tx) PlanOfUsers(f UserFilter) (string, error) {
	where, args, err := tx.userConditions(f)
	if err != nil {
		return "", err
	}
	order := newestFirst
	if len(f.Search.Matches) > 0 && f.isNarrow() {
		order = "+" + newestFirst
	}
	if c, err := tx.candidates(f); err != nil {
		return "", err
	} else if c != nil {
		s, err := tx.newest(c, c.total)
		if err != nil {
			return "", err
		}
		if where, args, err = tx.among(s, where, args); err != nil {
			return "", err
		}
		order = "+" + newestFirst
		tx.unusual = true
		defer func() { tx.unusual = false }()
	}
	plan, err := tx.explain("SELECT "+userColumns+" FROM users"+where+" ORDER BY "+order+" LIMIT 20", args)
	if err != nil || where == "" {
		return plan, err
	}
	count, err := tx.explain("SELECT COUNT(*) FROM users"+where, args)
	return plan + "\n" + count, err
}

// IndexUsersOf is IndexUsers with blocks of a size.
func (s *Store) IndexUsersOf(ctx context.Context, users, changes int) error {
	for {
		if more, err := s.indexUsers(ctx, blockSizes{users, changes}); err != nil || !more {
			return err
		}
	}
}

// PlansOfBlocks returns how the engine looks grams, blocks and their parts up.
func (tx *Tx) PlansOfBlocks() (string, error) {
	parts, err := tx.listArg([]int64{100, 200, 300})
	if err != nil {
		return "", err
	}
	var all []string
	for query, args := range map[string][]any{
		"SELECT gram, block, members FROM user_grams WHERE gram IN ($1, $2)":                                            {"ab", "bc"},
		"SELECT part, ids FROM user_block_parts WHERE " + fmt.Sprintf(tx.s.dialect.oneOf, "part", 1):                    {parts},
		"SELECT id FROM users WHERE (created_at, id) > ($1, $2) AND created_at <= $3 ORDER BY created_at, id LIMIT 100": {int64(1), "x", int64(5)},
	} {
		plan, err := tx.explain(query, args)
		if err != nil {
			return "", err
		}
		all = append(all, plan)
	}
	return strings.Join(all, "\n"), nil
}

// PlanOfRole returns how the engine would list who has a role.
func (tx *Tx) PlanOfRole() (string, error) {
	return tx.explain(usersOfRole+" LIMIT 20", []any{"role"})
}

// HasRoleRows counts who has a role row by row.
func (tx *Tx) HasRoleRows(id guestlist.RoleID) (n int, err error) {
	return n, tx.row("SELECT COUNT(*) FROM user_roles WHERE role_id = $1", []any{id}, &n)
}

// PlanOfDomain returns how the engine would find the enterprise connectors of a
// domain.
func (tx *Tx) PlanOfDomain(domain string) (string, error) {
	return tx.explain(ssoConnectorsOfDomain, []any{domain})
}

// PlanOfSSOConnectors returns how the engine would read a page of enterprise
// connectors, and find the identities of one.
func (tx *Tx) PlanOfSSOConnectors() (string, error) {
	list, err := tx.explain("SELECT "+ssoConnectorColumns+" FROM sso_connectors ORDER BY created_at, id LIMIT 20", nil)
	if err != nil {
		return "", err
	}
	identities, err := tx.explain("DELETE FROM sso_identities WHERE sso_connector_id = $1", []any{"sso000000500"})
	return list + "\n" + identities, err
}

// FillSSOConnectors writes many enterprise connectors with a domain each, "d0"
// and so on below example, and an identity each, and lets the engine count them.
func (tx *Tx) FillSSOConnectors(n int) error {
	connectors, domains := make([][]any, n), make([][]any, n)
	for i := range n {
		id := fmt.Sprintf("sso%09d", i)
		connectors[i] = []any{id, "name of " + id, tx.s.key.SealString(sealSSOConnector, "{}"), i}
		domains[i] = []any{fmt.Sprintf("d%d.example", i), id}
	}
	if err := tx.insertRows("INSERT INTO sso_connectors ("+ssoConnectorColumns+") VALUES ", "($, 'OIDC', $, $, '[]', '{}', FALSE, FALSE, $)", "", nil, connectors); err != nil {
		return err
	}
	if err := tx.insertRows("INSERT INTO sso_connector_domains (domain, connector_id) VALUES ", "($, $)", "", nil, domains); err != nil {
		return err
	}
	if err := tx.run(`INSERT INTO users (id, custom_data, profile, logto_config, password_is_temporary, password_is_expired, is_suspended, created_at, updated_at)
		VALUES ('u', '{}', '{}', '{}', FALSE, FALSE, FALSE, 0, 0)`); err != nil {
		return err
	}
	if err := tx.run(`INSERT INTO sso_identities (id, user_id, sso_connector_id, issuer, identity_id, created_at)
		SELECT id, 'u', id, id, id, 0 FROM sso_connectors`); err != nil {
		return err
	}
	return tx.run("ANALYZE")
}

// TextsOf returns a column as it stands in the database.
func (tx *Tx) TextsOf(table, column string) ([]string, error) {
	return collect(tx, func(sc scanner) (string, error) {
		var text string
		err := sc.Scan(&text)
		return text, err
	}, "SELECT "+column+" FROM "+table)
}

func (tx *Tx) explain(query string, args []any) (string, error) {
	if tx.s.dialect.name == sqliteDialect.name {
		return collectLines(tx, "EXPLAIN QUERY PLAN "+query, args, func(sc scanner) (string, error) {
			var id, parent, unused int
			var detail string
			err := sc.Scan(&id, &parent, &unused, &detail)
			return detail, err
		})
	}
	return collectLines(tx, "EXPLAIN "+query, args, func(sc scanner) (string, error) {
		var line string
		err := sc.Scan(&line)
		return line, err
	})
}

func collectLines(tx *Tx, query string, args []any, scan func(scanner) (string, error)) (string, error) {
	lines, err := collect(tx, scan, query, args...)
	return strings.Join(lines, "\n"), err
}

// PlansOfOutside returns how the engine finds outside identities and answers of
// SAML providers.
func (tx *Tx) PlansOfOutside() (string, error) {
	var all []string
	for query, args := range map[string][]any{
		otherHolder:                        {"t", "s", "u", "i"},
		holderOf:                           {"t", "s", "i"},
		"SELECT identity" + answerOfHandle: {"h", "i", "r", int64(0)},
	} {
		plan, err := tx.explain(query, args)
		if err != nil {
			return "", err
		}
		all = append(all, plan)
	}
	return strings.Join(all, "\n"), nil
}

// FillLogs writes many lines of the audit log, a millisecond apart and the first
// of them alone of its key, and lets the engine count them.
func (tx *Tx) FillLogs(n int) error {
	rows := make([][]any, n)
	for i := range n {
		key := "Interaction.SignIn.Submit"
		if i == 0 {
			key = "Interaction.Register.Submit"
		}
		rows[i] = []any{fmt.Sprintf("log%09d", i), key, "{}", fmt.Sprintf("u%d", i%1000), "app", i, i%100 == 0}
	}
	if err := tx.insertRows("INSERT INTO logs (id, key, payload, user_id, application_id, created_at, failed) VALUES ",
		"($, $, $, $, $, $, $)", "", nil, rows); err != nil {
		return err
	}
	return tx.run("ANALYZE")
}

// PlanOfLogs returns how the engine would find lines of the audit log, but for
// those that are found key by key: then how it finds those of one.
func (tx *Tx) PlanOfLogs(f LogFilter) (string, error) {
	if f.isOfKeys() {
		f.Prefix, f.Key = "", f.Prefix+".Submit"
	}
	src := f.source()
	return tx.explain("SELECT "+logColumns+" FROM "+src.text+newestLines+" LIMIT 20", src.args)
}

// Analyze lets the engine count.
func (tx *Tx) Analyze() error { return tx.run("ANALYZE") }
