package management

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

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
	id, err := c.campaignInPath()
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

// campaignInPath is the id in the path of a route that reads it itself.
func (c *call) campaignInPath() (guestlist.CampaignID, error) {
	id := guestlist.CampaignID(c.r.PathValue("id"))
	if !utf8.ValidString(string(id)) || strings.ContainsRune(string(id), 0) {
		return "", errLineText
	}
	return id, nil
}

// reportRows streams what became of each row of a campaign.
func (a *API) reportRows(c *call) error {
	query, err := web.Query(c.r)
	if err != nil {
		return err
	}
	id, err := c.campaignInPath()
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
	if !answer.row("line", "verdict", "recipient", "invitationId", "code", "field", "message") {
		return nil // the reader went away
	}
	for number := -1; ; {
		var rows []guestlist.RowReport
		err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
			var text string
			var err error
			if number, text, err = tx.NextCampaignVerdicts(id, number); err != nil {
				return err
			}
			var kept invite.Verdicts
			if err := json.Unmarshal([]byte(text), &kept); err != nil {
				return err
			}
			rows, err = kept.Reports(tx, id, words)
			return err
		})
		if err != nil {
			answer.flush()
			return broken(err)
		}
		for _, r := range rows {
			if only != "" && r.Verdict != only {
				continue
			}
			if !answer.row(strconv.Itoa(r.Line), string(r.Verdict), r.Recipient, string(r.ID), r.Code, r.Field, r.Message) {
				return nil
			}
		}
		if !answer.flush() {
			return nil
		}
	}
}
