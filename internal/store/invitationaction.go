package store

import (
	"guestlist"
)

// InvitationAction is an action with what only those who work it off know.
type InvitationAction struct {
	guestlist.InvitationAction
	Choices  guestlist.JSONObject
	Inviter  guestlist.Inviter // on whose behalf
	Position string            // the invitation that was looked at last
}

const actionColumns = "id, action, state, filter, choices, inviter, expected, done, changed, position, error, created_at, finished_at"

func scanInvitationAction(sc scanner) (InvitationAction, error) {
	a := InvitationAction{InvitationAction: guestlist.InvitationAction{TenantID: guestlist.TenantID}}
	var filter, choices, inviter string
	if err := sc.Scan(&a.ID, &a.Action, &a.State, &filter, &choices, &inviter, &a.Expected, &a.Done, &a.Changed, &a.Position, &a.Error,
		&a.CreatedAt, &a.FinishedAt); err != nil {
		return a, err
	}
	a.Filter, a.Choices = guestlist.JSONObject(filter), guestlist.JSONObject(choices)
	var shown struct {
		ExpiresIn int    `json:"expiresIn"`
		Reason    string `json:"reason"`
	}
	if err := fromJSON(choices, &shown); err != nil {
		return a, err
	}
	a.ExpiresIn, a.Reason = shown.ExpiresIn, shown.Reason
	return a, fromJSON(inviter, &a.Inviter)
}

// InsertInvitationAction writes a new action.
func (tx *Tx) InsertInvitationAction(a InvitationAction) error {
	inviter, err := jsonText(a.Inviter)
	if err != nil {
		return err
	}
	return tx.run("INSERT INTO invitation_actions ("+actionColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, '', '', $8, NULL)",
		a.ID, a.Action, a.State, string(a.Filter), string(a.Choices), inviter, a.Expected, tx.Now)
}

// UpdateInvitationAction writes how an action stands.
func (tx *Tx) UpdateInvitationAction(a InvitationAction) error {
	return changed(tx.exec(`UPDATE invitation_actions SET state = $2, done = $3, changed = $4, position = $5, error = $6, finished_at = $7
		WHERE id = $1`, a.ID, a.State, a.Done, a.Changed, a.Position, storable(a.Error, maxMessageError), a.FinishedAt))
}

// InvitationAction returns an action; ErrNotFound if there is none.
func (tx *Tx) InvitationAction(id guestlist.InvitationActionID) (InvitationAction, error) {
	return one(tx, scanInvitationAction, "SELECT "+actionColumns+" FROM invitation_actions WHERE id = $1", id)
}

// InvitationActionForUpdate is InvitationAction for a caller that will write it
// back.
func (tx *Tx) InvitationActionForUpdate(id guestlist.InvitationActionID) (InvitationAction, error) {
	return one(tx, scanInvitationAction, "SELECT "+actionColumns+" FROM invitation_actions WHERE id = $1"+tx.s.dialect.forUpdate, id)
}

// InvitationActions lists actions, the newest first, and how many there are.
func (tx *Tx) InvitationActions(p Page) ([]InvitationAction, int, error) {
	return page(tx, scanInvitationAction, actionColumns, "invitation_actions", "created_at DESC, id DESC", nil, p)
}

// SettleInvitations counts first mails of a campaign that will never be.
func (tx *Tx) SettleInvitations(campaign guestlist.CampaignID, n int64) {
	tx.countInvitation(StageSettled, campaign, n)
}

// HasWork says that something is to be done soon after the commit, beside what
// was emitted or enqueued.
func (tx *Tx) HasWork() { tx.hasWork = true }
