package store

import (
	"guestlist"
	"guestlist/internal/crypt"
)

// MaxInvitationActs is how many lines of a timeline are read, the latest ones.
const MaxInvitationActs = 200

// maxActDetail bounds what is kept of a reason, in bytes.
const maxActDetail = 1024

// AddInvitationAct writes a line of an invitation's timeline, at tx.Now. What
// its columns tell (made, sent, opened, accepted) needs none.
func (tx *Tx) AddInvitationAct(id guestlist.InvitationID, a guestlist.InvitationAct) error {
	return tx.run("INSERT INTO invitation_acts (id, invitation_id, kind, actor, detail, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
		crypt.OrderedID(tx.Now), id, a.Kind, a.By, storable(a.Detail, maxActDetail), tx.Now)
}

// InvitationActs returns the latest lines of an invitation's timeline, the oldest
// of them first.
func (tx *Tx) InvitationActs(id guestlist.InvitationID) ([]guestlist.InvitationAct, error) {
	return collect(tx, func(sc scanner) (guestlist.InvitationAct, error) {
		var a guestlist.InvitationAct
		err := sc.Scan(&a.Kind, &a.By, &a.Detail, &a.At)
		return a, err
	}, `SELECT kind, actor, detail, created_at FROM (`+invitationActs+`) AS latest ORDER BY created_at, id`, id, MaxInvitationActs)
}

const invitationActs = `SELECT id, kind, actor, detail, created_at FROM invitation_acts WHERE invitation_id = $1
	ORDER BY created_at DESC, id DESC LIMIT $2`
