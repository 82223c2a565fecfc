package store

import (
	"fmt"
	"slices"

	"guestlist"
)

// CampaignsDue returns up to limit campaigns whose next mails may go out now,
// those that wait longest first.
func (tx *Tx) CampaignsDue(limit int) ([]guestlist.CampaignID, error) {
	return collect(tx, scanCampaignID, campaignsDue, tx.Now, limit)
}

const campaignsDue = `SELECT id FROM invitation_campaigns WHERE next_wave_at IS NOT NULL AND next_wave_at <= $1 AND state = 'sending'
	ORDER BY next_wave_at, id LIMIT $2`

// LanesDue returns the campaigns that have mails of their own time to be sent
// now, reminders above all; "" is the lane of the invitations without one.
// Campaigns that are paused or cancelled are stepped over, whatever waits in
// them. It takes time by the number of lanes, not of invitations.
func (tx *Tx) LanesDue() ([]guestlist.CampaignID, error) {
	return collect(tx, scanCampaignID, lanesDue, tx.Now)
}

const lanesDue = `WITH RECURSIVE lanes (campaign) AS (
			SELECT MIN(campaign_id) FROM invitations WHERE send_at IS NOT NULL
			UNION ALL
			SELECT (SELECT MIN(i.campaign_id) FROM invitations i WHERE i.send_at IS NOT NULL AND i.campaign_id > lanes.campaign)
			FROM lanes WHERE lanes.campaign IS NOT NULL)
		SELECT campaign FROM (
			SELECT lanes.campaign AS campaign, (SELECT MIN(i.send_at) FROM invitations i
				WHERE i.send_at IS NOT NULL AND i.campaign_id = lanes.campaign) AS due
			FROM lanes WHERE lanes.campaign IS NOT NULL) found
		WHERE due <= $1 AND NOT EXISTS (SELECT 1 FROM invitation_campaigns c
			WHERE c.id = found.campaign AND c.state IN ('importing', 'paused', 'cancelled'))
		ORDER BY campaign`

// InvitationsDue returns up to limit invitations of a lane whose next mail is
// due, those that wait longest first, and holds them until the transaction ends.
// Others skip them.
func (tx *Tx) InvitationsDue(lane guestlist.CampaignID, limit int) ([]guestlist.Invitation, error) {
	return collect(tx, tx.scanInvitation, "SELECT "+invitationColumns+" FROM invitations WHERE "+invitationsDue+tx.s.dialect.skipLocked,
		lane, tx.Now, limit)
}

const invitationsDue = "send_at IS NOT NULL AND campaign_id = $1 AND send_at <= $2 ORDER BY send_at, id LIMIT $3"

// WaitingInvitations returns up to limit invitations of a campaign that wait for
// its turn, in the order of the file, behind one of them; and up to which it
// looked: "" if there are no more. Those of them that ended meanwhile, or were
// sent otherwise, are left out.
func (tx *Tx) WaitingInvitations(campaign guestlist.CampaignID, after guestlist.InvitationID, limit int) (list []guestlist.Invitation, to guestlist.InvitationID, err error) {
	all, err := collect(tx, tx.scanInvitation, "SELECT "+invitationColumns+ofCampaignAfter, campaign, after, limit)
	if err != nil || len(all) == 0 {
		return nil, "", err
	}
	list = slices.DeleteFunc(slices.Clone(all), func(i guestlist.Invitation) bool { return !waits(i) })
	if skipped := len(all) - len(list); skipped > 0 {
		settled := 0
		for _, i := range all {
			if i.Sends == 0 && !waits(i) && i.SendAt == nil { // its first mail will never be
				settled++
			}
		}
		tx.countInvitation(StageSettled, campaign, int64(settled))
	}
	if len(all) < limit {
		return list, "", nil
	}
	return list, all[len(all)-1].ID, nil
}

// CampaignGoesOn reports whether a campaign has invitations behind one of them.
func (tx *Tx) CampaignGoesOn(campaign guestlist.CampaignID, after guestlist.InvitationID) (bool, error) {
	n, err := tx.countRows("invitations WHERE campaign_id = $1 AND campaign_id <> '' AND id > $2", []any{campaign, after}, 1)
	return n > 0, err
}

const ofCampaignAfter = " FROM invitations WHERE campaign_id = $1 AND campaign_id <> '' AND id > $2 ORDER BY id LIMIT $3"

// waits reports whether an invitation waits for its campaign.
func waits(i guestlist.Invitation) bool {
	return isOpen(i) && i.Delivery == guestlist.InvitationQueued && i.Sends == 0 && i.SendAt == nil
}

// HandedOver is what becomes of an invitation whose mail is handed to the
// senders.
type HandedOver struct {
	Message   guestlist.Message
	SendAt    *guestlist.Time // of the mail after it; nil: none
	ExpiresAt guestlist.Time
	// Reminder says that the state of delivery stays what it is until there is
	// news.
	Reminder bool
}

// HandOver writes messages of invitations, the jobs that send them, and onto the
// invitations that it did: with few statements, however many they are.
func (tx *Tx) HandOver(list []HandedOver) error {
	if len(list) == 0 {
		return nil
	}
	type change struct {
		sendAt, expiresAt guestlist.Time
		reminder          bool
	}
	groups := map[change][]any{}
	var order []change
	messages, jobs := make([][]any, len(list)), make([]guestlist.Job, len(list))
	for at, h := range list {
		m := h.Message
		c := change{expiresAt: h.ExpiresAt, reminder: h.Reminder}
		if h.SendAt != nil {
			c.sendAt = *h.SendAt
		}
		if groups[c] == nil {
			order = append(order, c)
		}
		groups[c] = append(groups[c], m.InvitationID)
		var err error
		if jobs[at], err = messageJob(m); err != nil {
			return err
		}
		messages[at] = []any{
			m.ID, string(m.Channel), m.To, string(m.Type), string(MessageQueued), m.UserID, tx.Now, tx.Now, m.InvitationID,
		}
	}
	for _, c := range order {
		if err := tx.handOver(c.sendAt, c.expiresAt, c.reminder, groups[c]); err != nil {
			return err
		}
	}
	if err := tx.insertRows("INSERT INTO messages ("+messageColumns+") VALUES ", "($, $, $, $, $, 0, '', $, '', 0, $, $, $)",
		" ON CONFLICT DO NOTHING", nil, messages); err != nil {
		return err
	}
	return tx.Enqueue(jobs...)
}

// handOver changes invitations whose mails are handed over. The id of a message
// is made of that of the invitation and the number of the mail, see
// InvitationMessageID.
func (tx *Tx) handOver(sendAt, expiresAt guestlist.Time, reminder bool, ids []any) error {
	var next *guestlist.Time
	if sendAt != 0 {
		next = &sendAt
	}
	delivery := "'queued'"
	if reminder {
		delivery = "delivery"
	}
	for len(ids) > 0 {
		n := min(len(ids), handOverRows)
		args := []any{next, expiresAt, tx.Now}
		for at := range handOverRows { // one text, which stays prepared
			args = append(args, ids[min(at, n-1)])
		}
		if err := tx.run(`UPDATE invitations SET send_at = $1, expires_at = $2, updated_at = $3, sends = sends + 1,
				message_id = id || '.' || (sends + 1), delivery = `+delivery+`, delivery_error = ''
			WHERE id IN (`+placeholders(4, handOverRows)+")", args...); err != nil {
			return err
		}
		ids = ids[n:]
	}
	return nil
}

// handOverRows is how many invitations one statement changes.
const handOverRows = 64

// InvitationMessageID names a mail of an invitation, counted from 1.
func InvitationMessageID(id guestlist.InvitationID, number int) string {
	return fmt.Sprintf("%s.%d", id, number)
}

// UnplanInvitations takes the next mail of invitations back: for those whose time
// has come and who shall get none.
func (tx *Tx) UnplanInvitations(ids []guestlist.InvitationID) error {
	for _, id := range ids {
		if err := tx.run("UPDATE invitations SET send_at = NULL, updated_at = $2 WHERE id = $1", id, tx.Now); err != nil {
			return err
		}
	}
	return nil
}

// PostponeInvitations puts the next mail of invitations off, each until its time.
func (tx *Tx) PostponeInvitations(until map[guestlist.InvitationID]guestlist.Time) error {
	for id, at := range until {
		if err := tx.run("UPDATE invitations SET send_at = $2, updated_at = $3 WHERE id = $1", id, at, tx.Now); err != nil {
			return err
		}
	}
	return nil
}

// MessagesWaiting returns how many messages of invitations wait for their
// senders on a channel, counted up to most.
func (tx *Tx) MessagesWaiting(channel guestlist.Channel, most int) (int, error) {
	return tx.countRows("jobs WHERE finished_at IS NULL AND lane = $1",
		[]any{laneOf(guestlist.Job{Kind: guestlist.JobSendMessage, Lane: messageLane(channel, true)})}, most)
}

// SettleCampaign looks on from where it is known what became of a campaign's
// first mails, over up to limit invitations, and returns up to which it is
// known now; done says that it is known of all.
func (tx *Tx) SettleCampaign(campaign guestlist.CampaignID, after guestlist.InvitationID, limit int) (to guestlist.InvitationID, done bool, err error) {
	to = after
	n, open := 0, false
	err = tx.rows(func(sc scanner) error {
		var id guestlist.InvitationID
		var status guestlist.InvitationStatus
		var delivery guestlist.InvitationDelivery
		if err := sc.Scan(&id, &status, &delivery); err != nil {
			return err
		}
		n++
		open = open || status == guestlist.InvitationPending &&
			(delivery == guestlist.InvitationQueued || delivery == guestlist.InvitationDeferred)
		if !open {
			to = id
		}
		return nil
	}, "SELECT id, status, delivery"+ofCampaignAfter, campaign, after, limit)
	return to, err == nil && !open && n < limit, err
}

// CampaignsUnsettled returns up to limit campaigns all of whose mails were
// handed over, and of which it is not known what became of all of them.
func (tx *Tx) CampaignsUnsettled(limit int) ([]guestlist.CampaignID, error) {
	return collect(tx, scanCampaignID, `SELECT id FROM invitation_campaigns WHERE state = 'sending' AND next_wave_at IS NULL
		ORDER BY id LIMIT $1`, limit)
}

// CampaignsToDigest returns up to limit campaigns whose inviter is to be told
// now how they stand.
func (tx *Tx) CampaignsToDigest(limit int) ([]guestlist.CampaignID, error) {
	return collect(tx, scanCampaignID, `SELECT id FROM invitation_campaigns WHERE digest_at IS NOT NULL AND digest_at <= $1
		ORDER BY digest_at LIMIT $2`, tx.Now, limit)
}

// MedianToAccept returns the median time from the first mail of a campaign's
// invitations to their acceptance, in milliseconds; ErrNotFound while nobody has
// accepted.
func (tx *Tx) MedianToAccept(campaign guestlist.CampaignID) (int64, error) {
	var n int
	if err := tx.row("SELECT COUNT(*) FROM redemptions WHERE campaign_id = $1 AND campaign_id <> ''", []any{campaign}, &n); err != nil {
		return 0, err
	}
	var took int64
	err := tx.row(tookOfCampaign, []any{campaign, max(0, n-1) / 2}, &took)
	return took, err
}

const tookOfCampaign = "SELECT took FROM redemptions WHERE campaign_id = $1 AND campaign_id <> '' ORDER BY took LIMIT 1 OFFSET $2"
