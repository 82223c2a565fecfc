package store

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"guestlist"
)

// FilledInvitation is the nth of the invitations that FillInvitations writes at
// a time, of every state, sort and origin.
func FilledInvitation(n int, now guestlist.Time) guestlist.Invitation {
	i := guestlist.Invitation{
		ID: guestlist.InvitationID(fmt.Sprintf("%021d", n)), Kind: guestlist.InvitationPersonal, Status: guestlist.InvitationAccepted,
		Inviter:         guestlist.Inviter{Type: guestlist.InviterUser, ID: fmt.Sprint("u", n%97), Authority: guestlist.AuthorityHost},
		InvitationTerms: guestlist.InvitationTerms{ApplicationID: guestlist.ApplicationID(fmt.Sprint("a", n%5))},
		Delivery:        guestlist.InvitationSent, ExpiresAt: now + guestlist.Time(n+1),
	}
	switch n % 10 {
	case 0, 1:
		i.Status = guestlist.InvitationPending
		if n%3 == 0 {
			i.ExpiresAt = now - guestlist.Time(n)
		} else if n%7 == 0 {
			later := now + 1
			i.NotBefore = &later
		}
	case 2:
		i.Status = guestlist.InvitationRevoked
	case 3:
		i.Status = guestlist.InvitationExpired
		i.ExpiresAt = now - guestlist.Time(n)
	}
	if n%1000 == 500 {
		i.Kind = guestlist.InvitationShared
	} else {
		i.RecipientEmail = fmt.Sprintf("guest%d@example.com", n)
	}
	if n%20000 < 10000 {
		i.CampaignID = guestlist.CampaignID(fmt.Sprint("c", n%3))
	}
	if n%50 == 0 {
		i.Delivery = guestlist.InvitationBounced
	}
	return i
}

// FillInvitations writes many of them and lets the engine count them.
func (tx *Tx) FillInvitations(n int) error {
	terms, err := tx.PutInvitationTerms(guestlist.InvitationTerms{})
	if err != nil {
		return err
	}
	rows := make([][]any, n)
	for at := range n {
		i := FilledInvitation(at, tx.Now)
		key := ""
		if i.RecipientEmail != "" {
			key = i.Recipient().Key()
		}
		rows[at] = []any{
			i.ID, i.Kind, i.Status, i.RecipientEmail, key, i.Inviter.ID, i.CampaignID, i.ApplicationID, terms, i.Delivery, i.NotBefore, i.ExpiresAt,
		}
	}
	if err := tx.insertRows(`INSERT INTO invitations (id, kind, status, name, recipient, recipient_key, organizations_key, inviter_type,
			inviter_id, authority, parent_id, campaign_id, application_id, terms_id, own, locale, generation, copied, seats, taken,
			delivery, delivery_error, message_id, sends, visits, accepted_by, end_reason, not_before, expires_at, created_at, updated_at) VALUES `,
		"($, $, $, '', $, $, '', 'user', $, 'host', '', $, $, $, '', '', 1, FALSE, 1, 0, $, '', '', 0, 0, '', '', $, $, 0, 0)",
		"", nil, rows); err != nil {
		return err
	}
	acts := make([][]any, n/10)
	for at := range acts {
		acts[at] = []any{fmt.Sprint("act", at), fmt.Sprintf("%021d", at/3), at}
	}
	if err := tx.insertRows("INSERT INTO invitation_acts (id, invitation_id, kind, actor, detail, created_at) VALUES ",
		"($, $, 'Resent', '', '', $)", "", nil, acts); err != nil {
		return err
	}
	tx.tally(tallyInvitations, int64(n))
	if err := tx.Refill("0017_invitation_lots"); err != nil {
		return err
	}
	return tx.run("ANALYZE")
}

// RenewImport puts the end of imported invitations off.
func (tx *Tx) RenewImport() error {
	return tx.run("UPDATE invitations SET expires_at = $1 WHERE campaign_id <> ''", tx.Now.Add(time.Hour))
}

// Refill does again what a migration filled in.
func (tx *Tx) Refill(migration string) error {
	text, err := migrations.ReadFile("migrations/" + migration + ".sql")
	if err != nil {
		return err
	}
	for statement := range strings.SplitSeq(string(text), ";") {
		if _, insert, ok := strings.Cut(statement, "INSERT INTO"); ok {
			if err := tx.run("INSERT INTO" + insert); err != nil {
				return err
			}
		}
	}
	return nil
}

// Derived is what is kept of invitations beside their rows: where they lie, and
// the counts that do not name a campaign. Empty removes it.
func (tx *Tx) Derived(empty bool) (map[string]string, error) {
	all := map[string]string{}
	for query, table := range map[string]string{
		"SELECT kind || ' ' || value || ' ' || campaign_id, first_id || last_id FROM invitation_lots":   "invitation_lots",
		"SELECT name, CAST(SUM(delta) AS TEXT) FROM tallies WHERE " + derivedTallies + " GROUP BY name": "tallies WHERE " + derivedTallies,
	} {
		if err := tx.rows(func(sc scanner) error {
			var name, value string
			err := sc.Scan(&name, &value)
			if value != "0" {
				all[name] = value
			}
			return err
		}, query); err != nil {
			return nil, err
		}
		if empty {
			if err := tx.run("DELETE FROM " + table); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

const derivedTallies = "(name LIKE 'invitation-day%' OR name LIKE 'invitations.open%')"

// PlanOfInvitations returns how the engine would find the invitations of a
// filter, with how it would find where to stop.
func (tx *Tx) PlanOfInvitations(f InvitationFilter) (string, error) {
	sources, _, err := tx.invitationSources(f)
	var plans []string
	explain := func(query string, args []any) {
		plan, err2 := tx.explain(query, args)
		plans = append(plans, query, plan)
		if err == nil {
			err = err2
		}
	}
	for _, s := range sources {
		explain("SELECT "+invitationColumns+" FROM invitations"+s.where.text+s.order()+" LIMIT 20", s.where.args)
		if strings.Count(s.where.text, " id >") > 1 || strings.Count(s.where.text, " id <") > 1 {
			return "", errors.New("SQLite reads from one of two bounds to the other: " + s.where.text)
		}
		own := s.own(f.Before, "")
		explain("SELECT id FROM invitations"+own.text+" ORDER BY id DESC LIMIT 1 OFFSET 9999", own.args)
	}
	return strings.Join(plans, "\n"), err
}

// PlansOfInvitations returns how the engine finds single invitations and those
// that are due, as one text.
func (tx *Tx) PlansOfInvitations() (string, error) {
	const columns = "SELECT " + invitationColumns + " FROM invitations WHERE "
	var plans []string
	for _, q := range []struct {
		query string
		args  []any
	}{
		{columns + "id = $1", []any{"x"}},
		{columns + "code_hash = $1", []any{"x"}},
		{columns + "recipient_key = $1 AND organizations_key = $2 AND status = 'pending' AND kind = 'personal'", []any{"x", ""}},
		{overdueInvitations, []any{tx.Now, 10}},
		{invitationActs, []any{"x", 10}},
		{latestRedemption, []any{"x"}},
		{lotsOfKey, []any{lotOfInviter, "x", afterInvitations, 10}},
		{"SELECT identity FROM redemptions WHERE invitation_id = $1 AND user_id = $2", []any{"x", "y"}},
	} {
		plan, err := tx.explain(q.query, q.args)
		if err != nil {
			return "", err
		}
		plans = append(plans, plan)
	}
	return strings.Join(plans, "\n"), nil
}
