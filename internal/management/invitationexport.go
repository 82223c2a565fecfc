package management

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"guestlist"
	"guestlist/internal/store"
)

func (a *API) invitationExportRoutes() []route {
	return []route{
		rawGet("/api/invitations/export", "Download invitations as CSV, the newest first; chosen as in their list, or by id",
			contentTypeCSV, a.exportInvitations).takes(guestlist.ScopeInvitationsRead),
	}
}

// maxExportIDs is how many invitations can be chosen by id: addresses have an
// end.
const maxExportIDs = 100

// exportQuery says which invitations are wanted. Ids, if there are any, are all
// that is meant.
type exportQuery struct {
	IDs []guestlist.InvitationID `query:"id" check:"format=id,max=21"`
	invitationChoice
}

// exportInvitations streams the invitations that pass a filter. Links and codes
// stay here.
func (a *API) exportInvitations(c *call, in exportQuery) error {
	if len(in.IDs) > maxExportIDs {
		return errInput(guestlist.KindInvalid, "Name at most "+strconv.Itoa(maxExportIDs)+" ids.")
	}
	f := in.filter()
	rows, next, err := a.nextInvitations(c, in.IDs, f)
	if err != nil {
		return err
	}
	answer := newCSVAnswer(c, "invitations.csv")
	if !answer.row(invitationColumns...) {
		return nil
	}
	for {
		for _, i := range rows {
			if !answer.row(exportedInvitation(i)...) {
				return nil // the reader went away
			}
		}
		if !answer.flush() || next == "" {
			return nil
		}
		f.Before = next
		if rows, next, err = a.nextInvitations(c, nil, f); err != nil {
			return broken(err)
		}
	}
}

// nextInvitations reads the next ones, and where the rest begins: "" if there is
// none.
func (a *API) nextInvitations(c *call, ids []guestlist.InvitationID, f store.InvitationFilter) (rows []guestlist.Invitation, next guestlist.InvitationID, err error) {
	err = a.Store.View(c.ctx(), func(tx *store.Tx) error {
		if len(ids) == 0 {
			rows, next, err = tx.Invitations(f, store.Page{Limit: exportBatch})
			return err
		}
		rows = nil
		for _, id := range ids {
			i, err := tx.Invitation(id)
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			rows = append(rows, i)
		}
		return nil
	})
	return rows, next, err
}

// invitationColumns are those of the file. What the file of a campaign has too
// is called the same there.
var invitationColumns = []string{
	"id", "kind", "status", "email", "phone", "name", "locale", "applicationId", "roleIds", "organizationIds", "campaignId",
	"inviterType", "inviterId", "delivery", "deliveryError", "sends", "seats", "seatsTaken", "createdAt", "notBefore", "sentAt", "deliveredAt",
	"openedAt", "startedAt", "acceptedAt", "acceptedUserId", "endedAt", "endReason", "expiresAt", "message", "customData",
}

func exportedInvitation(i guestlist.Invitation) []string {
	moment := func(t *guestlist.Time) string {
		if t == nil {
			return ""
		}
		return t.Std().UTC().Format(time.RFC3339)
	}
	by := ""
	if i.AcceptedBy != nil {
		by = string(*i.AcceptedBy)
	}
	var roles, orgs []string
	for _, id := range i.Grants.RoleIDs {
		roles = append(roles, string(id))
	}
	for _, o := range i.Grants.Organizations {
		orgs = append(orgs, string(o.ID))
	}
	custom := ""
	if g, err := i.Gives(); err == nil && len(g.CustomData) > 0 && json.Valid(g.CustomData) {
		custom = string(g.CustomData)
	}
	return []string{
		string(i.ID), string(i.Kind), string(i.Status), i.RecipientEmail, i.RecipientPhone, i.Name, i.Locale, string(i.ApplicationID),
		strings.Join(roles, ","), strings.Join(orgs, ","), string(i.CampaignID),
		string(i.Inviter.Type), i.Inviter.ID, string(i.Delivery), i.DeliveryError, strconv.Itoa(i.Sends), strconv.Itoa(i.Seats), strconv.Itoa(i.Taken),
		moment(&i.CreatedAt), moment(i.NotBefore), moment(i.SentAt), moment(i.DeliveredAt),
		moment(i.OpenedAt), moment(i.StartedAt), moment(i.AcceptedAt), by, moment(i.EndedAt), i.EndReason, moment(&i.ExpiresAt), i.Message, custom,
	}
}
