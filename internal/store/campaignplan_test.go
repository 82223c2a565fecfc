package store

// PlansOfCampaigns returns how the engine finds what is due of campaigns, and the
// invitations of imports, by name.
func (tx *Tx) PlansOfCampaigns() (map[string]string, error) {
	among, values := " IN (SELECT value FROM json_each($1))", any(`["x"]`)
	if tx.s.dialect.name == postgresDialect.name {
		among, values = " = ANY($1::text[])", []string{"x"}
	}
	plans := map[string]string{}
	for name, q := range map[string]struct {
		query string
		args  []any
	}{
		"the lanes that are due":    {lanesDue, []any{tx.Now}},
		"what is due of a lane":     {"SELECT " + invitationColumns + " FROM invitations WHERE " + invitationsDue, []any{"", tx.Now, 10}},
		"the next of a campaign":    {"SELECT id, status, delivery" + ofCampaignAfter, []any{"c1", "", 10}},
		"who is in the way of rows": {standingInvitations + among, []any{values}},
		"rows that were inserted":   {"SELECT id FROM invitations WHERE id" + among, []any{values}},
		"rows of a batch":           {importedBetween, []any{"c1", "a", "b"}},
	} {
		plan, err := tx.explain(q.query, q.args)
		if err != nil {
			return nil, err
		}
		plans[name] = plan
	}
	return plans, nil
}

// PlanMail has a mail of every fifth of the invitations that FillInvitations
// wrote due.
func (tx *Tx) PlanMail() error {
	if err := tx.run("UPDATE invitations SET send_at = created_at WHERE id LIKE '%5'"); err != nil {
		return err
	}
	return tx.run("ANALYZE")
}
