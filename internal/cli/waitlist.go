package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"

	"guestlist"
	"guestlist/client"
)

// waitlistGroup is all about those who ask to come in.
type waitlistGroup struct {
	Remote remote `embed:""`

	List    waitlistListCmd    `cmd:"" help:"List who waits, the first of the list first."`
	Approve waitlistApproveCmd `cmd:"" help:"Let people in who wait: each gets an invitation."`
	Reject  waitlistRejectCmd  `cmd:"" help:"Say no to people who wait."`
	Promote waitlistPromoteCmd `cmd:"" help:"Let the first of the list in, at once or in waves."`
}

// AfterApply tells the commands where to ask.
func (g *waitlistGroup) AfterApply(kctx *kong.Context) error {
	kctx.Bind(&g.Remote)
	return nil
}

type waitlistListCmd struct {
	Status string `enum:"unconfirmed,requested,approved,rejected" default:"requested" help:"unconfirmed, requested, approved or rejected."`
	paging `embed:""`
}

// Run lists requests.
func (c waitlistListCmd) Run(ctx context.Context, term terminal, settings *Settings, at *remote) error {
	return at.withAPI(ctx, term, settings, false, func(api *client.Client) error {
		return printPages(term, c.paging, []string{"ID", "EMAIL", "NAME", "SCORE", "BROUGHT", "SINCE"},
			func(page int) ([]guestlist.RegistrationRequest, client.Answer, error) {
				return api.Requests(ctx, guestlist.RequestStatus(c.Status), page, maxPage)
			},
			func(r guestlist.RegistrationRequest) []string {
				return []string{string(r.ID), r.Email, r.Name, strconv.Itoa(r.Score), strconv.Itoa(r.Referrals), day(r.CreatedAt)}
			})
	})
}

// requestID finds a request by its id or by the address of who asked.
func requestID(ctx context.Context, api *client.Client, who string) (guestlist.RequestID, error) {
	if !strings.Contains(who, "@") {
		return guestlist.RequestID(who), nil
	}
	rows, err := api.RequestsOf(ctx, who)
	if err != nil {
		return "", err
	}
	if len(rows) == 0 {
		return "", refuse("cli.no_such_request", plain(who)+" did not ask to come in", "guestlist waitlist list shows who did")
	}
	return rows[0].ID, nil
}

type waitlistApproveCmd struct {
	Who []string `arg:"" help:"Ids or addresses."`
}

// Run lets people in.
func (c waitlistApproveCmd) Run(ctx context.Context, term terminal, settings *Settings, at *remote) error {
	return decide(ctx, term, settings, at, c.Who, func(api *client.Client, id guestlist.RequestID) (guestlist.RegistrationRequest, error) {
		return api.Approve(ctx, id)
	})
}

type waitlistRejectCmd struct {
	Who    []string `arg:"" help:"Ids or addresses."`
	Reason string   `placeholder:"TEXT" help:"Why, for the record."`
}

// Run says no.
func (c waitlistRejectCmd) Run(ctx context.Context, term terminal, settings *Settings, at *remote) error {
	return decide(ctx, term, settings, at, c.Who, func(api *client.Client, id guestlist.RequestID) (guestlist.RegistrationRequest, error) {
		return api.Reject(ctx, id, c.Reason)
	})
}

func decide(ctx context.Context, term terminal, settings *Settings, at *remote, who []string,
	judge func(*client.Client, guestlist.RequestID) (guestlist.RegistrationRequest, error),
) error {
	return at.withAPI(ctx, term, settings, false, func(api *client.Client) error {
		for _, one := range who {
			id, err := requestID(ctx, api, one)
			if err != nil {
				return err
			}
			r, err := judge(api, id)
			if err != nil {
				return naming(one, err)
			}
			printRequest(term, r)
		}
		return nil
	})
}

func printRequest(term terminal, r guestlist.RegistrationRequest) {
	fmt.Fprintf(term.out, "%s  %s", plain(r.Email), r.Status)
	if r.InvitationID != "" {
		fmt.Fprintf(term.out, "  invitation %s", r.InvitationID)
	}
	fmt.Fprintln(term.out)
}

type waitlistPromoteCmd struct {
	Count    int     `arg:"" name:"n" help:"How many of the list, 1 to 1000."`
	Wave     int     `placeholder:"N" help:"How many come in together. Without it all do."`
	Interval lasting `placeholder:"DURATION" help:"How long after each other the waves come in, 1m to 1d. Without it an hour."`
	JSON     bool    `name:"json" help:"Print the answer as JSON."`
}

// Run lets the first of the list in.
func (c waitlistPromoteCmd) Run(ctx context.Context, term terminal, settings *Settings, at *remote) error {
	if c.Count < 1 || c.Count > guestlist.MaxPromotion || c.Wave < 0 {
		return refuse("cli.bad_count", fmt.Sprintf("so many cannot come in: %d", c.Count), fmt.Sprintf("give a number from 1 to %d", guestlist.MaxPromotion))
	}
	return at.withAPI(ctx, term, settings, false, func(api *client.Client) error {
		done, err := api.Promote(ctx, c.Count, c.Wave, int(c.Interval))
		if err != nil {
			return err
		}
		if c.JSON {
			return json.NewEncoder(term.out).Encode(done)
		}
		for _, r := range done.Approved {
			printRequest(term, r)
		}
		for _, r := range done.Refused {
			fmt.Fprintf(term.out, "%s  stays: %s\n", plain(r.Email), r.Code)
		}
		fmt.Fprintf(term.out, "%d approved, %d stay on the list\n", len(done.Approved), len(done.Refused))
		return nil
	})
}
