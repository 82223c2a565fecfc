package store

import (
	"crypto/subtle"
	"errors"
	"slices"
	"strconv"
	"strings"

	"guestlist"
	"guestlist/internal/crypt"
)

// The purposes of the secrets in this file.
const (
	hashInvitation     = "invitation"
	hashInvitationCode = "invitation.code"
	sealInvitationCode = "invitation.code.copy"
	derivedTerms       = "invitation.terms"
	firstGeneration    = 1 // of a new one
)

// invitationColumns are those of scanInvitation. The terms are read by their
// key for each row: joined, they would tempt an engine to read all of them.
const invitationColumns = `id, kind, status, name, recipient, recipient_key, inviter_type, inviter_id, authority, parent_id,
	campaign_id, (SELECT body FROM invitation_terms WHERE invitation_terms.id = invitations.terms_id), own, locale, generation,
	copied, seats, taken, delivery, delivery_error, sends, send_at, visits, opened_at, sent_at, delivered_at, started_at,
	accepted_at, accepted_by, ended_at, end_reason, not_before, expires_at, created_at, updated_at`

// scanInvitation reads an invitation with its state as it is at tx.Now.
func (tx *Tx) scanInvitation(sc scanner) (guestlist.Invitation, error) {
	i := guestlist.Invitation{TenantID: guestlist.TenantID}
	var recipient, key, terms, own string
	var by guestlist.UserID
	if err := sc.Scan(&i.ID, &i.Kind, &i.Status, &i.Name, &recipient, &key, &i.Inviter.Type, &i.Inviter.ID, &i.Inviter.Authority,
		&i.ParentID, &i.CampaignID, &terms, &own, &i.Locale, &i.Generation, &i.Copied, &i.Seats, &i.Taken, &i.Delivery,
		&i.DeliveryError, &i.Sends, &i.SendAt, &i.Visits, &i.OpenedAt, &i.SentAt, &i.DeliveredAt, &i.StartedAt, &i.AcceptedAt, &by,
		&i.EndedAt, &i.EndReason, &i.NotBefore, &i.ExpiresAt, &i.CreatedAt, &i.UpdatedAt); err != nil {
		return i, err
	}
	if strings.HasPrefix(key, string(guestlist.IdentifierPhone)+":") {
		i.RecipientPhone = recipient
	} else {
		i.RecipientEmail = recipient
	}
	if by != "" {
		i.AcceptedBy = &by
	}
	i.Status = i.StatusAt(tx.Now)
	if own != "" {
		if err := fromJSON(own, &i.Own); err != nil {
			return i, err
		}
	}
	return i, fromJSON(terms, &i.InvitationTerms)
}

// InsertInvitation writes a pending invitation; sharedCode is what people type
// for a shared one, "" for none, and is kept as a keyed hash and as a sealed
// copy. Its generation is 1, whatever i says. An open personal invitation of the
// same recipient and organizations is refused as entity.unique_integrity_violation,
// even one that is overdue: see ExpireInvitation.
func (tx *Tx) InsertInvitation(i guestlist.Invitation, sharedCode string) error {
	terms, err := tx.PutInvitationTerms(i.InvitationTerms)
	if err != nil {
		return err
	}
	own, err := ownText(i.Own)
	if err != nil {
		return err
	}
	key := ""
	if i.Kind == guestlist.InvitationPersonal {
		key = i.Recipient().Key()
	}
	var hash, sealed *string
	if sharedCode != "" {
		folded, _ := guestlist.FoldInvitationCode(sharedCode)
		hashed, copied := tx.s.key.Hash(hashInvitationCode, folded), tx.s.key.SealString(sealInvitationCode, sharedCode)
		hash, sealed = &hashed, &copied
	}
	if i.Delivery == "" {
		i.Delivery = guestlist.InvitationNone
	}
	if err := tx.run(`INSERT INTO invitations (id, kind, status, name, recipient, recipient_key, organizations_key, inviter_type,
			inviter_id, authority, parent_id, campaign_id, application_id, terms_id, own, locale, generation, copied, code_hash,
			code_sealed, seats, taken, delivery, delivery_error, message_id, sends, send_at, visits, accepted_by, end_reason, not_before,
			expires_at, created_at, updated_at)
		VALUES ($1, $2, 'pending', $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, 0, $21, '', '', 0,
			$22, 0, '', '', $23, $24, $25, $25)`,
		i.ID, i.Kind, i.Name, i.Recipient().Value, key, i.Grants.OrganizationsKey(), i.Inviter.Type, i.Inviter.ID, i.Inviter.Authority,
		i.ParentID, i.CampaignID, i.ApplicationID, terms, own, i.Locale, firstGeneration, i.Copied, hash, sealed, i.Seats,
		i.Delivery, i.SendAt, i.NotBefore, i.ExpiresAt, i.CreatedAt); err != nil {
		return err
	}
	tx.countIssued(i.CampaignID, i.Inviter, 1)
	l := lots{}
	l.add(i.ID, i.Inviter, i.ApplicationID)
	return tx.widenLots(i.CampaignID, l)
}

// countIssued counts new invitations of an inviter.
func (tx *Tx) countIssued(campaign guestlist.CampaignID, by guestlist.Inviter, n int64) {
	tx.tally(tallyInvitations, n)
	tx.countOpen(by, n)
	tx.countInvitation(StageIssued, campaign, n)
}

// ownText is the column own.
func ownText(own guestlist.InvitationOwn) (string, error) {
	if own.IsZero() {
		return "", nil
	}
	return jsonText(own)
}

// PutInvitationTerms writes terms and returns their id, which is derived from
// what they say: the same terms are one row, however often they are written.
func (tx *Tx) PutInvitationTerms(t guestlist.InvitationTerms) (guestlist.InvitationTermID, error) {
	body, err := jsonText(t)
	if err != nil {
		return "", err
	}
	id := guestlist.InvitationTermID(crypt.DerivedID(tx.s.key, derivedTerms, body))
	return id, tx.run("INSERT INTO invitation_terms (id, body, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", id, body, tx.Now)
}

// InvitationCode returns the code of an invitation's link, 64 characters: its
// id, and a keyed hash of id and generation (docs/adr/0020-invitations.md). It
// is the secret itself, computed anew whenever it is needed; whoever mails or
// shows it must not keep it.
func (tx *Tx) InvitationCode(i guestlist.Invitation) guestlist.InvitationSecret {
	return guestlist.InvitationSecret(string(i.ID) + tx.s.key.Hash(hashInvitation, string(i.ID)+"."+strconv.Itoa(i.Generation)))
}

// Invitation returns an invitation by id; ErrNotFound if unknown.
func (tx *Tx) Invitation(id guestlist.InvitationID) (guestlist.Invitation, error) {
	return one(tx, tx.scanInvitation, "SELECT "+invitationColumns+" FROM invitations WHERE id = $1", id)
}

// InvitationsOf returns the invitations of many ids, in their order; those that
// are not there are left out.
func (tx *Tx) InvitationsOf(ids []guestlist.InvitationID) ([]guestlist.Invitation, error) {
	values := make([]any, len(ids))
	for at, id := range ids {
		values[at] = id
	}
	list := make([]guestlist.Invitation, 0, len(ids))
	err := tx.rowsIn(func(sc scanner) error {
		i, err := tx.scanInvitation(sc)
		list = append(list, i)
		return err
	}, "SELECT "+invitationColumns+" FROM invitations WHERE id IN", values)
	slices.SortFunc(list, func(a, b guestlist.Invitation) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return list, err
}

// InvitationForUpdate is Invitation for a caller that will change it: nobody
// else does before the transaction ends.
func (tx *Tx) InvitationForUpdate(id guestlist.InvitationID) (guestlist.Invitation, error) {
	if tx.s.dialect.forUpdate != "" { // not with the terms, which thousands share
		var one int
		if err := tx.row("SELECT 1 FROM invitations WHERE id = $1"+tx.s.dialect.forUpdate, []any{id}, &one); err != nil {
			return guestlist.Invitation{}, err
		}
	}
	return tx.Invitation(id)
}

// InvitationByCode finds an invitation by the code of its link, whatever state
// it is in. One of an earlier generation is ErrNotFound, as is any other that
// is not exactly right.
func (tx *Tx) InvitationByCode(code string) (guestlist.Invitation, error) {
	found := guestlist.Invitation{ID: guestlist.InvitationID(code[:min(len(code), guestlist.IDLength)])}
	if strings.ContainsFunc(string(found.ID), func(r rune) bool { return r <= ' ' || r > '~' }) {
		found.ID = "" // nobody's, and not every engine would look for it
	}
	// The row is read once the code is known to be right: until then whoever shows
	// one that is altered, invented or no code at all costs the same time.
	err := tx.row("SELECT generation FROM invitations WHERE id = $1", []any{found.ID}, &found.Generation)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return guestlist.Invitation{}, err
	}
	right := subtle.ConstantTimeCompare([]byte(tx.InvitationCode(found)), []byte(code)) == 1
	if err != nil || !right {
		return guestlist.Invitation{}, ErrNotFound
	}
	i, err := tx.Invitation(found.ID)
	if err == nil && i.Generation != found.Generation {
		return guestlist.Invitation{}, ErrNotFound // it got a new link meanwhile
	}
	return i, err
}

// InvitationBySharedCode finds a shared invitation by what somebody typed,
// whatever state it is in; ErrNotFound if there is none. Callers count the
// attempts.
func (tx *Tx) InvitationBySharedCode(typed string) (guestlist.Invitation, error) {
	folded, ok := guestlist.FoldInvitationCode(typed)
	if !ok {
		return guestlist.Invitation{}, ErrNotFound
	}
	return one(tx, tx.scanInvitation, "SELECT "+invitationColumns+" FROM invitations WHERE code_hash = $1",
		tx.s.key.Hash(hashInvitationCode, folded))
}

// SharedCode returns what people type for a shared invitation, for hosts; ""
// for a personal one.
func (tx *Tx) SharedCode(id guestlist.InvitationID) (guestlist.InvitationSecret, error) {
	var sealed *string
	if err := tx.row("SELECT code_sealed FROM invitations WHERE id = $1", []any{id}, &sealed); err != nil || sealed == nil {
		return "", err
	}
	code, err := tx.s.key.OpenString(sealInvitationCode, *sealed)
	return guestlist.InvitationSecret(code), err
}

// PendingInvitationOf returns the personal invitation that is in the way of
// another one for a recipient (Identifier.Key) and a set of organizations
// (InvitationGrants.OrganizationsKey), even if it is overdue; ErrNotFound if
// there is none.
func (tx *Tx) PendingInvitationOf(recipientKey, organizationsKey string) (guestlist.Invitation, error) {
	return one(tx, tx.scanInvitation, "SELECT "+invitationColumns+` FROM invitations
		WHERE recipient_key = $1 AND organizations_key = $2 AND status = 'pending' AND kind = 'personal'`, recipientKey, organizationsKey)
}
