package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"guestlist"
	"guestlist/client"
)

// campaignGroup is all about campaigns that are there.
type campaignGroup struct {
	Remote remote `embed:""`

	List   campaignListCmd   `cmd:"" help:"List campaigns, the newest first."`
	Show   campaignShowCmd   `cmd:"" help:"Show how a campaign stands."`
	Pause  campaignPauseCmd  `cmd:"" help:"Stop sending until it is resumed; links that were sent stay good."`
	Resume campaignResumeCmd `cmd:"" help:"Let a paused campaign go on, or one whose import failed."`
	Cancel campaignCancelCmd `cmd:"" help:"End a campaign: what was not sent never is."`
	Report campaignReportCmd `cmd:"" help:"Show how far its guests came."`
}

// AfterApply tells the commands where to ask.
func (g *campaignGroup) AfterApply(kctx *kong.Context) error {
	kctx.Bind(&g.Remote)
	return nil
}

type campaignListCmd struct {
	paging `embed:""`
}

// Run lists campaigns.
func (c campaignListCmd) Run(ctx context.Context, term terminal, settings *Settings, at *remote) error {
	return at.withAPI(ctx, term, settings, false, func(api *client.Client) error {
		return printPages(term, c.paging, []string{"ID", "NAME", "STATE", "ROWS", "DONE", "CREATED"},
			func(page int) ([]guestlist.Campaign, client.Answer, error) { return api.Campaigns(ctx, page, maxPage) },
			func(row guestlist.Campaign) []string {
				return []string{string(row.ID), row.Name, string(row.State), strconv.Itoa(row.Total), strconv.Itoa(row.Done), day(row.CreatedAt)}
			})
	})
}

// oneCampaign is the argument of commands about one.
type oneCampaign struct {
	ID   string `arg:"" help:"Id of the campaign."`
	JSON bool   `name:"json" help:"Print the answer as JSON."`
}

// do does something with the campaign, and tells how it stands then.
func (c oneCampaign) do(ctx context.Context, term terminal, settings *Settings, at *remote,
	what func(api *client.Client, id guestlist.CampaignID) (guestlist.Campaign, error),
) error {
	return at.withAPI(ctx, term, settings, false, func(api *client.Client) error {
		now, err := what(api, guestlist.CampaignID(c.ID))
		if err != nil {
			return err
		}
		return c.tell(term, now)
	})
}

func (c oneCampaign) tell(term terminal, now guestlist.Campaign) error {
	if c.JSON {
		return json.NewEncoder(term.out).Encode(now)
	}
	fmt.Fprintf(term.out, "id        %s\nname      %s\nstate     %s\nrows      %d, of which %d are done\n", now.ID, plain(now.Name), now.State, now.Total, now.Done)
	if now.Error != "" {
		fmt.Fprintf(term.out, "trouble   %s\n", plain(now.Error))
	}
	if now.NextWaveAt != nil {
		fmt.Fprintf(term.out, "next mail %s\n", day(*now.NextWaveAt))
	}
	printVerdicts(term, now.Verdicts)
	return nil
}

// printVerdicts prints how many rows have which verdict, in the order of their
// list.
func printVerdicts(term terminal, verdicts map[string]int) {
	for _, v := range guestlist.RowVerdicts() {
		if n := verdicts[string(v)]; n > 0 {
			fmt.Fprintf(term.out, "%9d %s\n", n, strings.ReplaceAll(string(v), "_", " "))
		}
	}
}

type campaignShowCmd struct {
	oneCampaign `embed:""`
}

// Run shows a campaign.
func (c campaignShowCmd) Run(ctx context.Context, term terminal, settings *Settings, at *remote) error {
	return c.do(ctx, term, settings, at, func(api *client.Client, id guestlist.CampaignID) (guestlist.Campaign, error) {
		return api.GetCampaign(ctx, id)
	})
}

type campaignPauseCmd struct {
	oneCampaign `embed:""`
}

// Run pauses a campaign.
func (c campaignPauseCmd) Run(ctx context.Context, term terminal, settings *Settings, at *remote) error {
	return c.do(ctx, term, settings, at, func(api *client.Client, id guestlist.CampaignID) (guestlist.Campaign, error) {
		return api.TellCampaign(ctx, id, client.PauseCampaign)
	})
}

type campaignResumeCmd struct {
	oneCampaign `embed:""`
}

// Run lets a campaign go on.
func (c campaignResumeCmd) Run(ctx context.Context, term terminal, settings *Settings, at *remote) error {
	return c.do(ctx, term, settings, at, func(api *client.Client, id guestlist.CampaignID) (guestlist.Campaign, error) {
		now, err := api.GetCampaign(ctx, id)
		if err != nil {
			return now, err
		}
		verb := client.ResumeCampaign
		if now.State == guestlist.CampaignFailed || now.State == guestlist.CampaignUploaded {
			verb = client.StartCampaign
		}
		return api.TellCampaign(ctx, id, verb)
	})
}

type campaignCancelCmd struct {
	oneCampaign `embed:""`
	Revoke      bool `help:"Take back too what was sent and is still open."`
}

// Run ends a campaign.
func (c campaignCancelCmd) Run(ctx context.Context, term terminal, settings *Settings, at *remote) error {
	return c.do(ctx, term, settings, at, func(api *client.Client, id guestlist.CampaignID) (guestlist.Campaign, error) {
		return api.CancelCampaign(ctx, id, c.Revoke)
	})
}

type campaignReportCmd struct {
	oneCampaign `embed:""`
	CSV         bool   `name:"csv" help:"Print it as CSV."`
	Rows        string `placeholder:"FILE" help:"Write what became of each row to a CSV file."`
}

// Run reports.
func (c campaignReportCmd) Run(ctx context.Context, term terminal, settings *Settings, at *remote) error {
	return at.withAPI(ctx, term, settings, false, func(api *client.Client) error {
		id := guestlist.CampaignID(c.ID)
		if c.Rows != "" {
			if err := writeRows(ctx, api, id, c.Rows); err != nil {
				return err
			}
		}
		if c.CSV {
			return api.CampaignTable(ctx, id, false, term.out)
		}
		r, err := api.CampaignReport(ctx, id)
		if err != nil {
			return err
		}
		if c.JSON {
			return json.NewEncoder(term.out).Encode(r)
		}
		for _, line := range []struct {
			what string
			n    int
		}{
			{"imported", r.Imported}, {"still to be sent", r.Queued}, {"sent", r.Sent}, {"delivered", r.Delivered}, {"bounced", r.Bounced},
			{"opened", r.Opened}, {"started", r.Started}, {"accepted", r.Accepted}, {"declined", r.Declined}, {"revoked", r.Revoked},
			{"expired", r.Expired},
		} {
			fmt.Fprintf(term.out, "%9d %s\n", line.n, line.what)
		}
		if r.MedianToAccept != nil {
			fmt.Fprintf(term.out, "half of those who accepted did so within %s\n", time.Duration(*r.MedianToAccept)*time.Second)
		}
		return nil
	})
}

// writeRows writes what became of each row of a campaign. A file of before is
// replaced once the new one is whole.
func writeRows(ctx context.Context, api *client.Client, id guestlist.CampaignID, path string) error {
	return replaceFile(path, func(f *os.File) error { return api.CampaignTable(ctx, id, true, f) })
}

// replaceFile writes a file beside its place, and puts it there when it is
// whole. It holds addresses, so nobody else may read it.
func replaceFile(path string, write func(*os.File) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".guestlist-*")
	if err != nil {
		return unwritable(path, err)
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone after the rename
	if err := write(f); err != nil {
		_ = f.Close() // the first failure counts
		return err
	}
	if err := f.Close(); err != nil {
		return unwritable(path, err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return unwritable(path, err)
	}
	return nil
}

func unwritable(path string, err error) error {
	return &guestlist.Error{
		Kind: guestlist.KindUnavailable, Code: "cli.cannot_write", Message: "cannot write " + plain(path), Err: err, Hint: "choose another file",
	}
}
