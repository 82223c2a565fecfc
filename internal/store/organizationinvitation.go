package store

import (
	"cmp"
	"fmt"
	"slices"

	"guestlist"
)

// OrganizationInvitationFilter narrows the invitations into single
// organizations; zero members match everything. Those of an inviter are the ones
// that were issued one by one.
type OrganizationInvitationFilter struct {
	Organization guestlist.OrganizationID
	Inviter      guestlist.UserID
	Invitee      string // an address, in any letter case
}

// ofOneOrganization is the condition of guestlist.Invitation.OfOrganization,
// with that of the index of organizations.
const ofOneOrganization = "kind = 'personal' AND organizations_key <> '' AND organizations_key NOT LIKE '%,%' AND recipient_key LIKE 'email:%'"

// where returns the conditions of a filter: more than one where no single index
// has all rows, which then exclude each other.
func (f OrganizationInvitationFilter) where() []conditions {
	c := conditions{text: " WHERE " + ofOneOrganization}
	if f.Organization != "" {
		c.and("organizations_key = $%d", string(f.Organization))
	}
	if f.Inviter != "" {
		c.text += " AND campaign_id = '' AND inviter_type = 'user'"
		c.and("inviter_id = $%d", string(f.Inviter))
	}
	if f.Invitee == "" {
		return []conditions{c}
	}
	c.and("recipient_key = $%d", guestlist.Identifier{Type: guestlist.IdentifierEmail, Value: f.Invitee}.Key())
	open, ended := c, c
	open.text += " AND status = 'pending'"
	ended.text += " AND status <> 'pending'"
	return []conditions{open, ended}
}

// OrganizationInvitations lists invitations into single organizations, the
// newest first, and how many there are in all, counted no further than most+1.
// p.Limit must not be 0.
func (tx *Tx) OrganizationInvitations(f OrganizationInvitationFilter, p Page, most int) ([]guestlist.Invitation, int, error) {
	list, total := []guestlist.Invitation{}, 0
	for _, c := range f.where() {
		some, err := collect(tx, tx.scanInvitation, "SELECT "+invitationColumns+" FROM invitations"+c.text+
			fmt.Sprintf(" ORDER BY id DESC LIMIT $%d", len(c.args)+1), with(c.args, p.Offset+p.Limit)...)
		if err != nil {
			return nil, 0, err
		}
		if list = append(list, some...); total > most {
			continue
		}
		n, err := tx.countRows("invitations"+c.text, c.args, limitOf(most, total))
		if err != nil {
			return nil, 0, err
		}
		total += n
	}
	slices.SortFunc(list, func(a, b guestlist.Invitation) int { return cmp.Compare(b.ID, a.ID) })
	list = list[min(p.Offset, len(list)):]
	return list[:min(p.Limit, len(list))], total, nil
}

// RevokeInvitationsInto takes back what is open of the invitations into an
// organization alone, as when it goes.
func (tx *Tx) RevokeInvitationsInto(id guestlist.OrganizationID, reason string) error {
	return tx.rows(func(sc scanner) error {
		c, err := scanCounted(sc)
		if err == nil {
			tx.countEnded(c, StageRevoked, guestlist.InvitationPending)
		}
		return err
	}, `UPDATE invitations SET status = 'revoked', ended_at = $2, end_reason = $3, send_at = NULL, updated_at = $2
		WHERE organizations_key = $1 AND organizations_key <> '' AND status = 'pending' RETURNING `+countedColumns, id, tx.Now, reason)
}
