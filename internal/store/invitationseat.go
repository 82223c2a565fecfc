package store

import (
	"errors"

	"guestlist"
)

// Seat is what is written of a seat that somebody takes.
type Seat struct {
	UserID guestlist.UserID
	// Identity is what the guest was known by: an address or "connector:subject".
	Identity string
	IsNew    bool // the account was made by it
}

// TakeSeat takes a seat of an invitation for a user, by the link of a
// generation, and reports whether it could: state, seats, start, end and
// generation stand in the condition of one statement, so that N seats admit N
// guests, whoever comes at once. A user who has a seat already is refused as
// entity.unique_integrity_violation.
func (tx *Tx) TakeSeat(id guestlist.InvitationID, generation int, s Seat) (bool, error) {
	var c counted
	var from guestlist.Time
	err := tx.row(`UPDATE invitations SET taken = taken + 1, accepted_at = $3, accepted_by = $4, updated_at = $3,
			status = CASE WHEN taken + 1 >= seats THEN 'accepted' ELSE status END,
			send_at = CASE WHEN taken + 1 >= seats THEN NULL ELSE send_at END
		WHERE id = $1 AND generation = $2 AND status = 'pending' AND taken < seats AND expires_at > $3
			AND (not_before IS NULL OR not_before <= $3)
		RETURNING `+countedColumns+`, COALESCE(sent_at, created_at)`,
		[]any{id, generation, tx.Now, s.UserID}, &c.campaign, &c.inviter.Type, &c.inviter.ID, &c.status, &from)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := tx.run(`INSERT INTO redemptions (invitation_id, user_id, identity, is_new, campaign_id, took, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`, id, s.UserID, s.Identity, s.IsNew, c.campaign,
		max(0, int64(tx.Now-from)), tx.Now); err != nil {
		return false, err
	}
	tx.countInvitation(StageAccepted, c.campaign, 1)
	if c.status == guestlist.InvitationAccepted {
		tx.countOpen(c.inviter, -1)
	}
	return true, nil
}

// Redemption returns the seat that a user took of an invitation; ErrNotFound if
// they took none.
func (tx *Tx) Redemption(id guestlist.InvitationID, user guestlist.UserID) (guestlist.Redemption, error) {
	r := guestlist.Redemption{InvitationID: id, UserID: user}
	return r, tx.row("SELECT identity, is_new, created_at FROM redemptions WHERE invitation_id = $1 AND user_id = $2",
		[]any{id, user}, &r.Identity, &r.IsNew, &r.CreatedAt)
}

// HasSeat reports whether a user took a seat of an invitation.
func (tx *Tx) HasSeat(id guestlist.InvitationID, user guestlist.UserID) (bool, error) {
	_, err := tx.Redemption(id, user)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// MarkInvitationOpened counts a visit of the page of an invitation, and reports
// whether it was the first. Machines open links too: nothing may depend on it.
func (tx *Tx) MarkInvitationOpened(id guestlist.InvitationID) (first bool, err error) {
	var visits int
	var campaign guestlist.CampaignID
	err = tx.row(`UPDATE invitations SET visits = visits + 1, opened_at = COALESCE(opened_at, $2) WHERE id = $1
		RETURNING visits, campaign_id`, []any{id, tx.Now}, &visits, &campaign)
	if err != nil || visits > 1 {
		return false, err
	}
	tx.countInvitation(StageOpened, campaign, 1)
	return true, nil
}

// MarkInvitationStarted writes down when an interaction took an invitation up
// for the first time. Nothing may depend on it either.
func (tx *Tx) MarkInvitationStarted(id guestlist.InvitationID) error {
	var campaign guestlist.CampaignID
	err := tx.row("UPDATE invitations SET started_at = $2 WHERE id = $1 AND started_at IS NULL RETURNING campaign_id",
		[]any{id, tx.Now}, &campaign)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err == nil {
		tx.countInvitation(StageStarted, campaign, 1)
	}
	return err
}

// LatestRedemption returns the invitation of which a user took a seat last;
// ErrNotFound if there is none.
func (tx *Tx) LatestRedemption(user guestlist.UserID) (guestlist.InvitationID, error) {
	var id guestlist.InvitationID
	return id, tx.row(latestRedemption, []any{user}, &id)
}

const latestRedemption = "SELECT invitation_id FROM redemptions WHERE user_id = $1 ORDER BY created_at DESC LIMIT 1"
