package store

import (
	"fmt"

	"guestlist"
)

// FillRequests writes many requests, of every state, half of them brought by
// one of the others, and lets the engine count them.
func (tx *Tx) FillRequests(n int) error {
	rows := make([][]any, n)
	for at := range n {
		status, confirmed, forget, hash := guestlist.RequestRequested, any(at), any(nil), any(nil)
		switch at % 10 {
		case 0:
			status, confirmed, forget, hash = guestlist.RequestUnconfirmed, nil, at, fmt.Sprint("hash", at)
		case 1:
			status = guestlist.RequestApproved
		}
		referrer := ""
		if at%2 == 1 {
			referrer = fmt.Sprintf("r%09d", at%50*2)
		}
		email := fmt.Sprintf("guest%d@example.com", at)
		rows[at] = []any{
			fmt.Sprintf("r%09d", at), status, email, email, email, at % 100, referrer, fmt.Sprint("code", at), hash, at, confirmed, forget,
		}
	}
	if err := tx.insertRows(`INSERT INTO registration_requests (id, kind, status, email, email_key, person_key, name, locale, application_id,
			score, referrer_id, referrals, referral_code, confirm_hash, confirm_until, invitation_id, decided_by, reason, created_at, confirmed_at, forget_at) VALUES `,
		"($, 'waitlist', $, $, $, $, '', '', '', $, $, 0, $, $, 0, '', '', '', $, $, $)", "", nil, rows); err != nil {
		return err
	}
	return tx.run("ANALYZE")
}

// FillReferrals writes many invitations, a tenth of them by one host and a tenth
// by users with some each, and who came in by them.
func (tx *Tx) FillReferrals(n int) error {
	if err := tx.FillInvitations(n); err != nil {
		return err
	}
	for _, query := range []string{
		"UPDATE invitations SET inviter_id = 'host', campaign_id = '' WHERE id LIKE '%1'",
		"UPDATE invitations SET inviter_id = 'user' || substr(id, 16, 5), campaign_id = '', authority = 'referral' WHERE id LIKE '%7'",
		"UPDATE invitations SET inviter_id = 'host' WHERE id LIKE '%17'",
		`INSERT INTO redemptions (invitation_id, user_id, identity, is_new, campaign_id, took, created_at)
			SELECT id, 'in' || id, '', TRUE, '', 0, 0 FROM invitations WHERE status = 'accepted'`,
		"ANALYZE",
	} {
		if err := tx.run(query); err != nil {
			return err
		}
	}
	return nil
}

// Plan is how the engine would answer a query.
type Plan struct {
	Query, Text string
	Ordered     bool // rows come in order from an index: nothing is sorted
}

// PlansOfRequests returns how the engine finds and ranks requests, and how it
// sweeps them.
func (tx *Tx) PlansOfRequests() ([]Plan, error) {
	const one = "SELECT " + requestColumns + " FROM registration_requests WHERE "
	return tx.plans([]planned{
		{one + "email_key = $1", []any{"x"}, false},
		{one + "id = $1", []any{"x"}, false},
		{one + "referral_code = $1", []any{"x"}, false},
		{requestByToken, []any{"x", 1}, false},
		{countReferral, []any{"r000000003", 10}, false},
		{requestsInOrder + " LIMIT 20", []any{guestlist.RequestRequested}, true},
		{requestsInOrder + " LIMIT 20", []any{guestlist.RequestUnconfirmed}, true},
		{"SELECT 1 FROM " + requestsOf + " LIMIT 20", []any{guestlist.RequestRejected}, false},
		{"SELECT " + requestColumns + " FROM " + requestsByReferrer + " ORDER BY " + firstBroughtFirst + " LIMIT 20", []any{"r000000002"}, true},
		{"SELECT COUNT(*) FROM " + requestsByReferrer, []any{"r000000002"}, false},
		{"SELECT 1 FROM " + requestsHigher + " LIMIT 1000", []any{98}, false},
		{"SELECT 1 FROM " + requestsEarlier + " LIMIT 1000", []any{98, 1000}, false},
		{"SELECT id FROM registration_requests WHERE forget_at <= $1 LIMIT 1000", []any{1000}, false},
	})
}

// PlansOfReferrals returns how the engine finds users' own invitations and who
// came by them.
func (tx *Tx) PlansOfReferrals() ([]Plan, error) {
	return tx.plans([]planned{
		{"SELECT 1 FROM " + usedReferrals + " LIMIT 5", []any{"host", tx.Now}, false},
		{"SELECT " + invitationColumns + " FROM " + referrals + " ORDER BY id DESC LIMIT 20", []any{"host"}, true},
		{"SELECT COUNT(*) FROM " + referrals, []any{"host"}, false},
		{openReferrals, []any{"host", 20}, false},
		{invitationOf, []any{"in000000000000000000007"}, false},
		{tx.s.dialect.invitedBy(), []any{"user00012", 20}, false},
		{"SELECT COALESCE(MAX(quota), 0) FROM role_invitation_quotas WHERE role_id IN (SELECT role_id FROM user_roles WHERE user_id = $1)", []any{"x"}, false},
	})
}

type planned struct {
	query   string
	args    []any
	ordered bool
}

func (tx *Tx) plans(all []planned) ([]Plan, error) {
	out := make([]Plan, len(all))
	for i, p := range all {
		text, err := tx.explain(p.query, p.args)
		if err != nil {
			return nil, err
		}
		out[i] = Plan{Query: p.query, Text: text, Ordered: p.ordered}
	}
	return out, nil
}
