package store

import (
	"fmt"
	"strings"

	"guestlist"
)

// FillOrganizations writes many organizations with a domain and a member each,
// and invitations into them, and lets the engine count them.
func (tx *Tx) FillOrganizations(n int) error {
	organizations, domains, members := make([][]any, n), make([][]any, n), make([][]any, n)
	for i := range n {
		id := fmt.Sprintf("org%04d", i)
		organizations[i] = []any{id, "name of " + id}
		domains[i] = []any{id, fmt.Sprintf("d%d.example", i), fmt.Sprintf("d%d.example", i)}
		members[i] = []any{id, fmt.Sprintf("user%08d", i)}
	}
	for _, w := range []struct {
		insert, values string
		rows           [][]any
	}{
		{`INSERT INTO organizations (id, name, custom_data, is_mfa_required, color, branding, created_at) VALUES `, "($, $, '{}', FALSE, '{}', '{}', 0)", organizations},
		{"INSERT INTO organization_jit_domains (organization_id, domain_key, domain) VALUES ", "($, $, $)", domains},
	} {
		if err := tx.insertRows(w.insert, w.values, "", nil, w.rows); err != nil {
			return err
		}
	}
	users := make([][]any, n)
	for i := range n {
		users[i] = []any{fmt.Sprintf("user%08d", i)}
	}
	if err := tx.insertRows(`INSERT INTO users (id, custom_data, profile, logto_config, password_is_temporary, password_is_expired, is_suspended, created_at, updated_at) VALUES `,
		"($, '{}', '{}', '{}', FALSE, FALSE, FALSE, 0, 0)", "", nil, users); err != nil {
		return err
	}
	if err := tx.insertRows("INSERT INTO organization_users (organization_id, user_id, created_at) VALUES ", "($, $, 0)", "", nil, members); err != nil {
		return err
	}
	if err := tx.FillInvitations(n); err != nil {
		return err
	}
	if err := tx.run("UPDATE invitations SET organizations_key = 'org' || substr(id, 18) WHERE kind = 'personal'"); err != nil {
		return err
	}
	return tx.run("ANALYZE")
}

// PlansOfOrganizations returns how the engine finds what is asked for while
// somebody waits: the organizations of a user and of an address, and the
// invitations into one.
func (tx *Tx) PlansOfOrganizations() (string, error) {
	type asked struct {
		query string
		args  []any
	}
	all := []asked{
		{organizationsOfUser, []any{"user00000500"}},
		{memberships + " WHERE ur.user_id = $1 ORDER BY ur.organization_id, r.name, r.id", []any{"user00000500"}},
		{jitOrganizations, []any{"d500.example", ""}},
		{"SELECT COUNT(*) FROM organization_users WHERE organization_id = $1 AND user_id = $2", []any{"org0500", "user00000500"}},
	}
	for _, f := range []OrganizationInvitationFilter{
		{Organization: "org0500"}, {Inviter: "u50"}, {Invitee: "guest500@example.com"},
		{Organization: guestlist.OrganizationID("org0500"), Invitee: "guest500@example.com"},
	} {
		for _, c := range f.where() {
			all = append(all, asked{"SELECT " + invitationColumns + " FROM invitations" + c.text + " ORDER BY id DESC LIMIT 20", c.args})
		}
	}
	var plans []string
	for _, a := range all {
		plan, err := tx.explain(a.query, a.args)
		if err != nil {
			return "", err
		}
		plans = append(plans, plan)
	}
	return strings.Join(plans, "\n"), nil
}
