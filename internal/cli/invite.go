package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"text/tabwriter"

	"github.com/alecthomas/kong"

	"guestlist"
	"guestlist/client"
)

// inviteGroup is all about invitations. Whatever is no other command invites.
type inviteGroup struct {
	Remote remote `embed:""`

	Send   inviteCmd       `cmd:"" default:"withargs" name:"send" help:"Invite somebody. The word send may be left out: guestlist invite EMAIL."`
	List   inviteListCmd   `cmd:"" help:"List invitations, the newest first."`
	Show   inviteShowCmd   `cmd:"" help:"Show an invitation with what happened to it."`
	Resend inviteResendCmd `cmd:"" help:"Send invitations again with a new link; the old one is worthless then."`
	Revoke inviteRevokeCmd `cmd:"" help:"Take invitations back."`
	Import inviteImportCmd `cmd:"" help:"Invite everybody of a CSV or NDJSON file, as a campaign. Interrupted, the same command goes on."`
}

// AfterApply tells the commands where to ask.
func (g *inviteGroup) AfterApply(kctx *kong.Context) error {
	kctx.Bind(&g.Remote)
	return nil
}

// terms are what invitations give and say.
type terms struct {
	Message     string   `placeholder:"TEXT" help:"Words of yours in the mail, plain text without links."`
	Application string   `placeholder:"ID" help:"Application that the guest is led to."`
	Role        []string `placeholder:"ROLE" help:"Name or id of a role that acceptance gives. May be given several times."`
	ExpiresIn   lasting  `placeholder:"DURATION" help:"How long it stays good: 36h, 7d, 2w."`
	Locale      string   `placeholder:"TAG" help:"Language of the mail, e.g. de."`
}

// grants returns what acceptance gives, nil for nothing.
func (t terms) grants(ctx context.Context, api *client.Client) (*guestlist.InvitationGrants, error) {
	if len(t.Role) == 0 {
		return nil, nil
	}
	ids, err := roleIDs(ctx, api, t.Role)
	return &guestlist.InvitationGrants{RoleIDs: ids}, err
}

type inviteCmd struct {
	Email string `arg:"" help:"Address to invite."`
	Name  string `placeholder:"NAME" help:"The guest's name."`
	terms `embed:""`
	Send  bool `default:"true" negatable:"" help:"Send the mail; --no-send prints the link instead, this once."`
	JSON  bool `name:"json" help:"Print the invitation as JSON."`
}

// Run invites, and prints the id, and with --no-send the link.
func (c inviteCmd) Run(ctx context.Context, term terminal, settings *Settings, at *remote) error {
	return at.withAPI(ctx, term, settings, false, func(api *client.Client) error {
		grants, err := c.grants(ctx, api)
		if err != nil {
			return err
		}
		i, err := api.Invite(ctx, client.NewInvitation{
			Email: c.Email, Name: c.Name, Message: c.Message, Locale: c.Locale, ApplicationID: guestlist.ApplicationID(c.Application),
			Grants: grants, ExpiresIn: int(c.ExpiresIn), Send: &c.Send,
		})
		if err != nil {
			return err
		}
		return printLink(term, i, c.JSON)
	})
}

// printLink prints an invitation with its link, which nothing shows again.
func printLink(term terminal, i client.Invitation, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(term.out).Encode(i)
	}
	fmt.Fprintf(term.out, "id       %s\n", i.ID)
	if i.Status == guestlist.InvitationPending || i.Status == guestlist.InvitationScheduled {
		fmt.Fprintf(term.out, "expires  %s\n", day(i.ExpiresAt))
	}
	if i.Link != "" {
		fmt.Fprintf(term.out, "link     %s\n", i.Link)
	}
	return nil
}

// maxPage is how many rows one call reads.
const maxPage = 100

// paging bounds what a list prints.
type paging struct {
	Limit int  `default:"100" placeholder:"N" help:"How many to list at most; 0 lists all."`
	JSON  bool `name:"json" help:"Print one JSON object a line."`
}

// next is how many rows to read when so many were printed.
func (p paging) next(printed int) (size int) {
	if p.Limit <= 0 {
		return maxPage
	}
	return min(maxPage, p.Limit-printed)
}

// table prints rows as JSON or in columns.
type table struct {
	json *json.Encoder
	tabs *tabwriter.Writer
	rows int
}

func newTable(term terminal, asJSON bool, heads ...string) *table {
	if asJSON {
		return &table{json: json.NewEncoder(term.out)}
	}
	t := &table{tabs: tabwriter.NewWriter(term.out, 0, 4, 2, ' ', 0)}
	t.cells(heads...)
	return t
}

func (t *table) cells(cells ...string) {
	for i, cell := range cells {
		if cell = plain(cell); cell == "" {
			cell = "-"
		}
		if i > 0 {
			fmt.Fprint(t.tabs, "\t")
		}
		fmt.Fprint(t.tabs, cell)
	}
	fmt.Fprintln(t.tabs)
}

func (t *table) row(row any, cells ...string) error {
	t.rows++
	if t.json != nil {
		return t.json.Encode(row)
	}
	t.cells(cells...)
	return nil
}

// end writes what is left, and how many rows there are where not all were shown.
func (t *table) end(term terminal, a client.Answer) error {
	if t.json != nil {
		return nil
	}
	if err := t.tabs.Flush(); err != nil {
		return err
	}
	if a.Total > t.rows {
		more := ""
		if a.Capped {
			more = "more than "
		}
		fmt.Fprintf(term.err, "%d of %s%d; --limit 0 lists all\n", t.rows, more, a.Total)
	}
	return nil
}

// printPages prints a list that is read by the numbers of its pages.
func printPages[T any](term terminal, p paging, heads []string, read func(page int) ([]T, client.Answer, error), cells func(T) []string) error {
	t := newTable(term, p.JSON, heads...)
	for page := 1; ; page++ {
		rows, a, err := read(page)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if p.Limit > 0 && t.rows == p.Limit {
				return t.end(term, a)
			}
			if err := t.row(row, cells(row)...); err != nil {
				return err
			}
		}
		if len(rows) < maxPage {
			return t.end(term, a)
		}
	}
}

type inviteListCmd struct {
	Status      string `enum:",scheduled,pending,accepted,declined,revoked,expired" default:"" help:"scheduled, pending, accepted, declined, revoked or expired."`
	Delivery    string `enum:",none,queued,sent,delivered,deferred,bounced,complained,suppressed,failed" default:"" help:"What became of the mail: none, queued, sent, delivered, deferred, bounced, complained, suppressed or failed."`
	Campaign    string `placeholder:"ID" help:"Of this campaign."`
	Application string `placeholder:"ID" help:"Into this application."`
	Email       string `placeholder:"TEXT" help:"To addresses that begin so."`
	paging      `embed:""`
}

// Run lists invitations.
func (c inviteListCmd) Run(ctx context.Context, term terminal, settings *Settings, at *remote) error {
	q := url.Values{}
	for name, value := range map[string]string{
		"status": c.Status, "delivery": c.Delivery, "campaignId": c.Campaign, "applicationId": c.Application, "email": c.Email,
	} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return at.withAPI(ctx, term, settings, false, func(api *client.Client) error {
		t := newTable(term, c.JSON, "ID", "RECIPIENT", "STATUS", "MAIL", "EXPIRES")
		var first client.Answer
		for next, size := "", c.next(0); size > 0; size = c.next(t.rows) {
			rows, a, err := api.Invitations(ctx, q, next, size)
			if err != nil {
				return err
			}
			if next == "" {
				first = a
			}
			for _, i := range rows {
				if err := t.row(i, string(i.ID), recipient(i), string(i.Status), string(i.Delivery), day(i.ExpiresAt)); err != nil {
					return err
				}
			}
			if next = a.Next; next == "" {
				break
			}
		}
		return t.end(term, first)
	})
}

// recipient is whom an invitation is for, in a cell.
func recipient(i client.Invitation) string {
	switch {
	case i.Kind == guestlist.InvitationShared:
		return fmt.Sprintf("%s (%d of %d seats)", i.Name, i.Taken, i.Seats)
	case i.RecipientEmail != "":
		return i.RecipientEmail
	}
	return i.RecipientPhone
}

type inviteShowCmd struct {
	ID   string `arg:"" help:"Id of the invitation."`
	JSON bool   `name:"json" help:"Print it as JSON."`
}

// Run shows an invitation.
func (c inviteShowCmd) Run(ctx context.Context, term terminal, settings *Settings, at *remote) error {
	return at.withAPI(ctx, term, settings, false, func(api *client.Client) error {
		i, err := api.GetInvitation(ctx, guestlist.InvitationID(c.ID))
		if err != nil {
			return err
		}
		if c.JSON {
			return json.NewEncoder(term.out).Encode(i)
		}
		for _, line := range [][2]string{
			{"recipient", recipient(i)}, {"name", i.Name}, {"status", string(i.Status)}, {"mail", string(i.Delivery)},
			{"trouble", i.DeliveryError}, {"mails", strconv.Itoa(i.Sends)}, {"campaign", string(i.CampaignID)},
			{"application", string(i.ApplicationID)}, {"message", i.Message}, {"expires", day(i.ExpiresAt)},
		} {
			if line[1] != "" {
				fmt.Fprintf(term.out, "%-12s %s\n", line[0], plain(line[1]))
			}
		}
		for _, act := range i.Timeline {
			fmt.Fprintf(term.out, "%s  %s", day(act.At), plain(act.Kind))
			if act.Detail != "" {
				fmt.Fprintf(term.out, "  %s", plain(act.Detail))
			}
			fmt.Fprintln(term.out)
		}
		return nil
	})
}

type inviteResendCmd struct {
	ID   []string `arg:"" help:"Ids of the invitations."`
	Send bool     `default:"true" negatable:"" help:"Send the mail; --no-send prints the new link instead, this once."`
}

// Run sends invitations again.
func (c inviteResendCmd) Run(ctx context.Context, term terminal, settings *Settings, at *remote) error {
	return at.withAPI(ctx, term, settings, false, func(api *client.Client) error {
		for _, id := range c.ID {
			i, err := api.Resend(ctx, guestlist.InvitationID(id), c.Send)
			if err != nil {
				return naming(id, err)
			}
			if err := printLink(term, i, false); err != nil {
				return err
			}
		}
		return nil
	})
}

type inviteRevokeCmd struct {
	ID     []string `arg:"" help:"Ids of the invitations."`
	Reason string   `placeholder:"TEXT" help:"Why, for the record."`
}

// Run takes invitations back.
func (c inviteRevokeCmd) Run(ctx context.Context, term terminal, settings *Settings, at *remote) error {
	return at.withAPI(ctx, term, settings, false, func(api *client.Client) error {
		for _, id := range c.ID {
			i, err := api.Revoke(ctx, guestlist.InvitationID(id), c.Reason)
			if err != nil {
				return naming(id, err)
			}
			fmt.Fprintf(term.out, "%s  %s\n", i.ID, i.Status)
		}
		return nil
	})
}

// naming says of which of several things an error is.
func naming(id string, err error) error {
	var e *guestlist.Error
	if errors.As(err, &e) {
		said := *e
		said.Message = id + ": " + said.Message
		return &said
	}
	return fmt.Errorf("%s: %w", id, err)
}
