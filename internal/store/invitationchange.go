package store

import (
	"errors"

	"guestlist"
)

// UpdateInvitation writes what may change of a pending invitation: terms, own
// gifts, name, locale, start and end, and reports whether it was pending. Its
// links stay good.
func (tx *Tx) UpdateInvitation(i guestlist.Invitation) (bool, error) {
	terms, err := tx.PutInvitationTerms(i.InvitationTerms)
	if err != nil {
		return false, err
	}
	own, err := ownText(i.Own)
	if err != nil {
		return false, err
	}
	n, err := tx.exec(`UPDATE invitations SET name = $2, organizations_key = $3, application_id = $4, terms_id = $5, own = $6, locale = $7,
			not_before = $8, expires_at = $9, send_at = $10, updated_at = $11
		WHERE id = $1 AND status = 'pending'`,
		i.ID, i.Name, i.Grants.OrganizationsKey(), i.ApplicationID, terms, own, i.Locale, i.NotBefore, i.ExpiresAt, i.SendAt, tx.Now)
	return n == 1, err
}

// Rotation is what changes with a new link.
type Rotation struct {
	ExpiresAt guestlist.Time
	SendAt    *guestlist.Time // of its mail; nil: none, the caller shows the link
	Copied    bool            // the link leaves otherwise than by mail
}

// RotateInvitation gives a pending or expired invitation a new link, which makes
// the earlier ones worthless, and a new end; an expired one is open again. It
// reports whether it could. Another open one of the same recipient and
// organizations is entity.unique_integrity_violation.
func (tx *Tx) RotateInvitation(id guestlist.InvitationID, r Rotation) (bool, error) {
	delivery := guestlist.InvitationNone
	if r.SendAt != nil {
		delivery = guestlist.InvitationQueued
	}
	for _, was := range openOrExpired {
		c, done, err := tx.changeState(`UPDATE invitations SET generation = generation + 1, status = 'pending', expires_at = $2, send_at = $3,
				copied = $4, delivery = $5, delivery_error = '', message_id = '', ended_at = NULL, end_reason = '', updated_at = $6
			WHERE id = $1 AND status = $7`, id, r.ExpiresAt, r.SendAt, r.Copied, delivery, tx.Now, was)
		if done && was == guestlist.InvitationExpired {
			tx.countOpen(c.inviter, 1)
		}
		if done || err != nil {
			return done, err
		}
	}
	return false, nil
}

// openOrExpired are the states that are stored of what can be sent again or
// taken back. One statement says one of them, so that it is known which it was.
var openOrExpired = []guestlist.InvitationStatus{guestlist.InvitationPending, guestlist.InvitationExpired}

// counted is what has to be known of an invitation to count it.
type counted struct {
	campaign guestlist.CampaignID
	inviter  guestlist.Inviter
	status   guestlist.InvitationStatus // as it is stored
}

// countedColumns are those of scanCounted.
const countedColumns = "campaign_id, inviter_type, inviter_id, status"

func scanCounted(sc scanner) (counted, error) {
	var c counted
	err := sc.Scan(&c.campaign, &c.inviter.Type, &c.inviter.ID, &c.status)
	return c, err
}

// changeState runs a statement that changes the state of one invitation, and
// reports whether there was one in the state that it asks for.
func (tx *Tx) changeState(statement string, args ...any) (c counted, done bool, err error) {
	c, err = one(tx, scanCounted, statement+" RETURNING "+countedColumns, args...)
	if errors.Is(err, ErrNotFound) {
		return c, false, nil
	}
	return c, err == nil, err
}

// RevokeInvitation takes an invitation back that nobody accepted or declined,
// and reports whether this call was the one that did. What a shared one let in
// stays in.
func (tx *Tx) RevokeInvitation(id guestlist.InvitationID, reason string) (bool, error) {
	for _, was := range openOrExpired {
		if done, err := tx.endInvitation(`UPDATE invitations SET status = 'revoked', ended_at = $2, end_reason = $3, send_at = NULL, updated_at = $2
			WHERE id = $1 AND status = $4`, StageRevoked, was, id, tx.Now, reason, was); err != nil || done {
			return done, err
		}
	}
	return false, nil
}

// DeclineInvitation writes down that the recipient of a personal invitation does
// not want it, and reports whether it was open until then.
func (tx *Tx) DeclineInvitation(id guestlist.InvitationID) (bool, error) {
	return tx.endInvitation(`UPDATE invitations SET status = 'declined', ended_at = $2, send_at = NULL, updated_at = $2
		WHERE id = $1 AND status = 'pending' AND kind = 'personal' AND expires_at > $2 AND (not_before IS NULL OR not_before <= $2)`,
		StageDeclined, guestlist.InvitationPending, id, tx.Now)
}

// ExpireInvitation writes down that a pending invitation is overdue, and reports
// whether it was: its recipient can be invited anew.
func (tx *Tx) ExpireInvitation(id guestlist.InvitationID) (bool, error) {
	return tx.endInvitation(`UPDATE invitations SET status = 'expired', ended_at = expires_at, send_at = NULL, updated_at = $2
		WHERE id = $1 AND status = 'pending' AND expires_at <= $2`, StageExpired, guestlist.InvitationPending, id, tx.Now)
}

// endInvitation runs a statement that ends one invitation that was in a state,
// and counts it.
func (tx *Tx) endInvitation(statement string, stage InvitationStage, was guestlist.InvitationStatus, args ...any) (bool, error) {
	c, done, err := tx.changeState(statement, args...)
	if done {
		tx.countEnded(c, stage, was)
	}
	return done, err
}

// countEnded counts an invitation that ended.
func (tx *Tx) countEnded(c counted, stage InvitationStage, was guestlist.InvitationStatus) {
	tx.countInvitation(stage, c.campaign, 1)
	if was == guestlist.InvitationPending {
		tx.countOpen(c.inviter, -1)
	}
}

// ExpireInvitations writes down of up to limit overdue invitations that they
// are, those that ended first first, and returns them.
func (tx *Tx) ExpireInvitations(limit int) ([]guestlist.Invitation, error) {
	ids, err := collect(tx, func(sc scanner) (guestlist.InvitationID, error) {
		var id guestlist.InvitationID
		err := sc.Scan(&id)
		return id, err
	}, `WITH overdue AS MATERIALIZED (`+overdueInvitations+tx.s.dialect.skipLocked+`)
		UPDATE invitations SET status = 'expired', ended_at = expires_at, send_at = NULL, updated_at = $1
		WHERE id IN (SELECT id FROM overdue) AND status = 'pending' RETURNING id`, tx.Now, limit)
	if err != nil {
		return nil, err
	}
	list, err := tx.InvitationsOf(ids)
	for _, i := range list {
		tx.countEnded(counted{campaign: i.CampaignID, inviter: i.Inviter}, StageExpired, guestlist.InvitationPending)
	}
	return list, err
}

const overdueInvitations = "SELECT id FROM invitations WHERE status = 'pending' AND expires_at <= $1 ORDER BY expires_at, id LIMIT $2"

// DeleteInvitation removes an invitation with its timeline and redemptions;
// ErrNotFound if there is none. Users that came of it stay, and so do the counts
// of what it was.
func (tx *Tx) DeleteInvitation(id guestlist.InvitationID) error {
	c, err := one(tx, scanCounted, "DELETE FROM invitations WHERE id = $1 RETURNING "+countedColumns, id)
	if err != nil {
		return err
	}
	tx.tally(tallyInvitations, -1)
	if c.status == guestlist.InvitationPending {
		tx.countOpen(c.inviter, -1)
	}
	return nil
}

// StopReminders writes down that the recipient of an invitation wants no more
// reminders, and takes back the next one. A mail that is still to bring the link
// goes out.
func (tx *Tx) StopReminders(i guestlist.Invitation) error {
	i.Own.NoReminders = true
	own, err := jsonText(i.Own)
	if err != nil {
		return err
	}
	return changed(tx.exec(`UPDATE invitations SET own = $2, send_at = CASE WHEN delivery = 'queued' THEN send_at END, updated_at = $3
		WHERE id = $1`, i.ID, own, tx.Now))
}
