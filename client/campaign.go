package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"guestlist"
)

// Import is a file of people to be invited.
type Import struct {
	Rows        io.Reader
	ContentType string // text/csv or application/x-ndjson
	// Key is the Idempotency-Key: the same rows under the same key make one
	// campaign, however often they are sent. "" for none.
	Key string

	Name   string
	Locale string   // of those that have none of their own
	Map    []string // column=member for columns that are not called as we call them
	Terms  any      // as POST /api/invitations has them, nil for none
	Waves  guestlist.CampaignWaves
}

// Query is what an import says beside its rows.
func (i Import) Query() (url.Values, error) {
	q := url.Values{}
	for name, value := range map[string]string{"name": i.Name, "locale": i.Locale} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if len(i.Map) > 0 {
		q["map"] = i.Map
	}
	if i.Waves != (guestlist.CampaignWaves{}) {
		text, err := json.Marshal(i.Waves)
		if err != nil {
			return nil, err
		}
		q.Set("waves", string(text))
	}
	if i.Terms != nil {
		text, err := json.Marshal(i.Terms)
		if err != nil {
			return nil, err
		}
		q.Set("terms", string(text))
	}
	return q, nil
}

// ImportInvitations uploads rows and starts a campaign of them. It returns when
// the rows are there; invitations are made of them afterwards.
func (c *Client) ImportInvitations(ctx context.Context, i Import) (guestlist.Campaign, error) {
	var made guestlist.Campaign
	q, err := i.Query()
	if err != nil {
		return made, err
	}
	_, err = c.Send(ctx, Call{
		Method: http.MethodPost, Path: "/invitations/batch", Query: q, Body: i.Rows, ContentType: i.ContentType, Key: i.Key, Out: &made,
	})
	return made, err
}

// maxForecastLine bounds a line of a forecast, in bytes.
const maxForecastLine = 1 << 20

// errForecast says that a forecast has no end.
var errForecast = errors.New("client: the answer of the dry run broke off")

// ForeseeImport says of every row what would become of it, and changes nothing.
// each is called while rows still travel. The counts are those of all rows.
func (c *Client) ForeseeImport(ctx context.Context, i Import, each func(guestlist.RowReport) error) (map[string]int, error) {
	q, err := i.Query()
	if err != nil {
		return nil, err
	}
	q.Set("dryRun", "true")
	res, err := c.Open(ctx, Call{Method: http.MethodPost, Path: "/invitations/batch", Query: q, Body: i.Rows, ContentType: i.ContentType})
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, maxForecastLine)
	for lines.Scan() {
		var line struct {
			guestlist.RowReport
			Done     *bool          `json:"done"`
			Verdicts map[string]int `json:"verdicts"`
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return nil, fmt.Errorf("client: a line of the dry run: %w", err)
		}
		switch {
		case line.Done == nil:
			if err := each(line.RowReport); err != nil {
				return nil, err
			}
		case *line.Done:
			return line.Verdicts, nil
		default:
			return nil, &guestlist.Error{Kind: guestlist.KindUnprocessable, Code: line.Code, Message: line.Message}
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("client: the answer of the dry run: %w", err)
	}
	return nil, errForecast
}

// Campaigns reads a page of campaigns, from 1, the newest first.
func (c *Client) Campaigns(ctx context.Context, page, pageSize int) ([]guestlist.Campaign, Answer, error) {
	var rows []guestlist.Campaign
	a, err := c.List(ctx, "/invitation-campaigns", nil, page, pageSize, &rows)
	return rows, a, err
}

func campaignPath(id guestlist.CampaignID) string {
	return "/invitation-campaigns/" + escape(string(id))
}

// GetCampaign reads a campaign.
func (c *Client) GetCampaign(ctx context.Context, id guestlist.CampaignID) (guestlist.Campaign, error) {
	var got guestlist.Campaign
	_, err := c.Get(ctx, campaignPath(id), &got)
	return got, err
}

// CampaignReport reads how the guests of a campaign stand.
func (c *Client) CampaignReport(ctx context.Context, id guestlist.CampaignID) (guestlist.CampaignReport, error) {
	var r guestlist.CampaignReport
	_, err := c.Get(ctx, campaignPath(id)+"/report", &r)
	return r, err
}

// CampaignTable copies a table of a campaign as CSV: its report, or with rows
// what became of each row.
func (c *Client) CampaignTable(ctx context.Context, id guestlist.CampaignID, rows bool, to io.Writer) error {
	path := campaignPath(id) + "/report.csv"
	if rows {
		path = campaignPath(id) + "/rows.csv"
	}
	res, err := c.Open(ctx, Call{Path: path})
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if _, err := io.Copy(to, res.Body); err != nil {
		return fmt.Errorf("client: %s: %w", path, err)
	}
	return nil
}

// The verbs on campaigns.
const (
	StartCampaign  = "start" // again, where its import failed
	PauseCampaign  = "pause"
	ResumeCampaign = "resume"
)

// TellCampaign does one of the verbs.
func (c *Client) TellCampaign(ctx context.Context, id guestlist.CampaignID, verb string) (guestlist.Campaign, error) {
	var now guestlist.Campaign
	err := c.Do(ctx, http.MethodPost, campaignPath(id)+"/"+Segment(verb), map[string]any{}, &now)
	return now, err
}

// CancelCampaign ends a campaign; with revoke what is open is taken back too.
func (c *Client) CancelCampaign(ctx context.Context, id guestlist.CampaignID, revoke bool) (guestlist.Campaign, error) {
	var now guestlist.Campaign
	err := c.Do(ctx, http.MethodPost, campaignPath(id)+"/cancel", map[string]any{"revoke": revoke}, &now)
	return now, err
}
