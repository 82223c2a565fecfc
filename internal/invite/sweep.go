package invite

import (
	"context"
	"errors"
	"time"

	"guestlist"
	"guestlist/internal/store"
)

// Keeper does what has to be done for invitations every now and then: it writes
// down which are over, which campaigns are through, and forgets files that
// nobody started; and it tells inviters how their campaigns stand.
type Keeper struct {
	Endpoint string // public base URL without a slash at its end
}

// The measures of the keeper.
const (
	expireBatch = 500
	settleBatch = 2000
	keepBatch   = 20
)

// Run does it; it is a task of job.Periodic.
func (k *Keeper) Run(ctx context.Context, st *store.Store) error {
	return errors.Join(
		k.repeat(ctx, st, k.expire),
		k.repeat(ctx, st, k.settle),
		k.repeat(ctx, st, k.forget),
		k.repeat(ctx, st, k.digest),
	)
}

// repeat runs a batch of work until there is no more, or no more time.
func (k *Keeper) repeat(ctx context.Context, st *store.Store, batch func(*store.Tx) (bool, error)) error {
	for more := true; more && ctx.Err() == nil; {
		if err := st.Update(ctx, func(tx *store.Tx) error {
			var err error
			more, err = batch(tx)
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}

// expire writes down that overdue invitations are, and tells hooks.
func (k *Keeper) expire(tx *store.Tx) (bool, error) {
	list, err := tx.ExpireInvitations(expireBatch)
	if err != nil || len(list) == 0 {
		return false, err
	}
	for _, i := range list {
		if err := k.tellExpired(tx, i); err != nil {
			return false, err
		}
	}
	return len(list) == expireBatch, tx.EmitInvitations(guestlist.EventInvitationExpired, list)
}

// tellExpired tells a recipient that their invitation ran out, where its terms
// say so: the old link leads to where they can ask for a fresh one. Who never
// got the link by mail, or wants to hear no more, is not told.
func (k *Keeper) tellExpired(tx *store.Tx, i guestlist.Invitation) error {
	if !i.TellExpired || i.SentAt == nil || i.Copied || i.Own.NoReminders || i.RecipientEmail == "" || i.Sends >= guestlist.MaxInvitationSends {
		return nil
	}
	code := string(tx.InvitationCode(i))
	payload := map[string]any{"link": k.Endpoint + LinkPath + code}
	if i.ApplicationID != "" && !i.ApplicationID.IsBuiltIn() {
		app, err := tx.Application(i.ApplicationID)
		if found, err := orNone(err); err != nil {
			return err
		} else if found {
			payload["application"] = map[string]any{"id": app.ID, "name": app.Name}
		}
	}
	return tx.QueueMessage(guestlist.Message{
		ID: string(i.ID) + ".expired", Channel: guestlist.ChannelEmail, To: i.RecipientEmail, Type: guestlist.TemplateInvitationExpired,
		Locale: i.Locale, Payload: payload, Unsubscribe: k.Endpoint + LinkPath + code + ReminderPath,
	})
}

// settle looks whether campaigns are through, all of whose mails were handed
// over.
func (k *Keeper) settle(tx *store.Tx) (bool, error) {
	ids, err := tx.CampaignsUnsettled(keepBatch)
	if err != nil {
		return false, err
	}
	again := false
	for _, id := range ids {
		c, err := tx.CampaignForUpdate(id)
		if found, err := orNone(err); err != nil || !found {
			return false, err
		}
		if c.State != guestlist.CampaignSending || c.NextWaveAt != nil {
			continue
		}
		to, done, err := tx.SettleCampaign(id, c.SettledTo, settleBatch)
		if err != nil {
			return false, err
		}
		if to == c.SettledTo && !done {
			continue
		}
		c.SettledTo = to
		if done {
			now := tx.Now
			c.State, c.FinishedAt = guestlist.CampaignFinished, &now
			if err := completed(tx, c); err != nil {
				return false, err
			}
		}
		again = again || !done
		if err := tx.UpdateCampaign(c); err != nil {
			return false, err
		}
	}
	return again, nil
}

// completed tells hooks and the audit log that nothing is left to be sent.
func completed(tx *store.Tx, c store.Campaign) error {
	report, err := Report(tx, c)
	if err != nil {
		return err
	}
	line := guestlist.LogEntry{Key: guestlist.EventCampaignCompleted, Extra: map[string]any{"campaignId": c.ID, "report": report}}
	if err := tx.Log(by(line, c.Inviter)); err != nil {
		return err
	}
	e, err := guestlist.CampaignEvent(guestlist.EventCampaignCompleted, c.Campaign, report, tx.Now)
	if err != nil {
		return err
	}
	return tx.Emit(e)
}

// forget removes campaigns whose file nobody started.
func (k *Keeper) forget(tx *store.Tx) (bool, error) {
	ids, err := tx.StaleCampaigns(keepBatch)
	for _, id := range ids {
		if err := tx.DeleteCampaign(id); err != nil && !errors.Is(err, store.ErrNotFound) {
			return false, err
		}
	}
	return len(ids) == keepBatch, err
}

// digest tells inviters how their campaigns stand. It ends once everything
// about a campaign is known.
func (k *Keeper) digest(tx *store.Tx) (bool, error) {
	ids, err := tx.CampaignsToDigest(keepBatch)
	if err != nil {
		return false, err
	}
	for _, id := range ids {
		c, err := tx.CampaignForUpdate(id)
		if found, err := orNone(err); err != nil || !found {
			return false, err
		}
		if err := k.tell(tx, &c); err != nil {
			return false, err
		}
		if err := tx.UpdateCampaign(c); err != nil {
			return false, err
		}
	}
	return len(ids) == keepBatch, nil
}

func (k *Keeper) tell(tx *store.Tx, c *store.Campaign) error {
	report, err := Report(tx, *c)
	if err != nil {
		return err
	}
	at := *c.DigestAt
	next := at.Add(digestEvery(c.Digest))
	if next <= tx.Now {
		next = tx.Now.Add(digestEvery(c.Digest))
	}
	open := report.Imported - report.Accepted - report.Declined - report.Revoked - report.Expired
	if c.DigestAt = &next; c.FinishedAt != nil && open <= 0 {
		c.DigestAt = nil
	}
	if c.Inviter.Type != guestlist.InviterUser {
		return nil // a machine reads the report itself
	}
	u, err := tx.User(guestlist.UserID(c.Inviter.ID))
	if found, err := orNone(err); err != nil || !found || u.PrimaryEmail == nil || u.IsSuspended {
		return err
	}
	return tx.QueueMessage(guestlist.Message{
		ID: string(c.ID) + "." + at.Std().Format(time.DateOnly), Channel: guestlist.ChannelEmail, To: *u.PrimaryEmail,
		Type: guestlist.TemplateInvitationDigest, UserID: u.ID, Payload: map[string]any{
			"campaign": c.Name, "sent": report.Sent, "opened": report.Opened, "accepted": report.Accepted, "bounced": report.Bounced,
			"link": k.Endpoint + "/console/campaigns/" + string(c.ID),
		},
	})
}
