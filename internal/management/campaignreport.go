package management

import (
	"encoding/json"
	"strconv"

	"guestlist"
	"guestlist/internal/invite"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

func (a *API) reportCampaign(c *call, in campaignID) (guestlist.CampaignReport, error) {
	var report guestlist.CampaignReport
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		row, err := tx.Campaign(in.ID)
		if err != nil {
			return orNoID(err, tableCampaigns, in.ID)
		}
		report, err = invite.Report(tx, row)
		return err
	})
	return report, err
}

// reportCampaignCSV is reportCampaign as a table of one row.
func (a *API) reportCampaignCSV(c *call) error {
	id, err := inPath[guestlist.CampaignID](c)
	if err != nil {
		return err
	}
	row, err := a.getCampaign(c, campaignID{id})
	if err != nil {
		return err
	}
	r, err := a.reportCampaign(c, campaignID{id})
	if err != nil {
		return err
	}
	median := ""
	if r.MedianToAccept != nil {
		median = strconv.Itoa(*r.MedianToAccept)
	}
	answer := newCSVAnswer(c, "campaign-report.csv")
	answer.row("campaignId", "name", "state", "imported", "queued", "sent", "delivered", "bounced", "opened", "started", "accepted",
		"declined", "revoked", "expired", "medianSecondsToAccept")
	cells := []string{string(row.ID), row.Name, string(row.State)}
	for _, n := range []int{
		r.Imported, r.Queued, r.Sent, r.Delivered, r.Bounced, r.Opened, r.Started, r.Accepted, r.Declined, r.Revoked, r.Expired,
	} {
		cells = append(cells, strconv.Itoa(n))
	}
	answer.row(append(cells, median)...)
	answer.flush()
	return nil
}

// reportRows streams what became of each row of a campaign.
func (a *API) reportRows(c *call) error {
	query, err := web.Query(c.r)
	if err != nil {
		return err
	}
	id, err := inPath[guestlist.CampaignID](c)
	if err != nil {
		return err
	}
	if _, err := a.getCampaign(c, campaignID{id}); err != nil {
		return err
	}
	only := guestlist.RowVerdict(query.Get("verdict"))
	words := func(err error) string {
		_, env := a.Describe(c.r, err)
		return env.Message
	}
	answer := newCSVAnswer(c, "campaign-rows.csv")
	answer.row("line", "verdict", "recipient", "invitationId", "code", "field", "message")
	return answer.verdicts(func(tx *store.Tx, after int) (number int, rows [][]string, err error) {
		number, text, err := tx.CampaignSpool(id).NextVerdicts(after)
		if err != nil {
			return 0, nil, err
		}
		var kept invite.Verdicts
		if err := json.Unmarshal([]byte(text), &kept); err != nil {
			return 0, nil, err
		}
		reports, err := kept.Reports(tx, id, words)
		for _, r := range reports {
			if only == "" || r.Verdict == only {
				rows = append(rows, []string{strconv.Itoa(r.Line), string(r.Verdict), r.Recipient, string(r.ID), r.Code, r.Field, r.Message})
			}
		}
		return number, rows, err
	})
}
