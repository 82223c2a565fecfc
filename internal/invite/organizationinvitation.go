package invite

import (
	"errors"
	"time"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
)

// OrganizationOrder is what an invitation into one organization is issued for,
// in the words of the contract. Its organization, roles and end were found good
// by the caller.
type OrganizationOrder struct {
	OrganizationID guestlist.OrganizationID
	RoleIDs        []guestlist.OrganizationRoleID
	Email          string
	ExpiresAt      guestlist.Time
}

// InviteToOrganization writes an invitation into one organization. Its mail is
// the caller's to queue, by OrganizationMail. It is refused as IssueInvitation
// is, but for its end; if the recipient has an open one into the same
// organization alone, as entity.unique_integrity_violation.
func (h Host) InviteToOrganization(tx *store.Tx, o OrganizationOrder) (guestlist.Invitation, error) {
	i := guestlist.Invitation{
		TenantID: guestlist.TenantID, ID: guestlist.InvitationID(crypt.OrderedID(tx.Now)), Kind: guestlist.InvitationPersonal,
		Status: guestlist.InvitationPending, Inviter: h.Inviter, Generation: 1, Delivery: guestlist.InvitationNone,
		ExpiresAt: o.ExpiresAt, CreatedAt: tx.Now, UpdatedAt: tx.Now,
		InvitationTerms: guestlist.InvitationTerms{
			Landing: guestlist.LandingHosted, Binding: guestlist.BindExact,
			TTL: int(max(guestlist.MinInvitationTTL, o.ExpiresAt.Sub(tx.Now)) / time.Second),
			Grants: guestlist.InvitationGrants{
				Organizations: []guestlist.InvitationOrganization{{ID: o.OrganizationID, RoleIDs: o.RoleIDs}},
			},
		},
	}
	if err := h.addressee(tx, &i, InvitationOrder{Email: o.Email}); err != nil {
		return i, err
	}
	if guestlist.EmailKey(i.RecipientEmail) == guestlist.EmailKey(o.Email) {
		i.RecipientEmail = o.Email // as it was given, letter by letter
	}
	if err := h.CheckGrants(tx, i.Grants); err != nil {
		return i, err
	}
	if err := h.count(tx, i, false); err != nil {
		return i, err
	}
	if err := makeRoom(tx, i, ""); err != nil {
		return i, err
	}
	if err := mayOpen(tx, i.Inviter); err != nil {
		return i, err
	}
	if err := tx.InsertInvitation(i, ""); err != nil {
		return i, err
	}
	return i, Emit(tx, guestlist.EventInvitationCreated, i)
}

// ErrMessageRateLimited is what the contract calls ErrTooManySends.
var ErrMessageRateLimited = guestlist.Refuse(guestlist.KindTooMany, "request.message_rate_limited")

// OrganizationMail queues the mail of an invitation into an organization. payload
// is what its template may name besides organization and inviter; without a link
// of the caller's it gets the invitation's own. ErrMessageRateLimited says that
// the recipient was sent enough for a day.
func OrganizationMail(tx *store.Tx, endpoint string, i guestlist.Invitation, payload map[string]any) error {
	if err := CountSend(tx, i); errors.Is(err, ErrTooManySends) {
		return ErrMessageRateLimited.Because(err)
	} else if err != nil {
		return err
	}
	organization, err := tx.Organization(i.Grants.Organizations[0].ID)
	if err != nil {
		return err
	}
	words := map[string]any{
		"organization": map[string]any{"id": organization.ID, "name": organization.Name, "branding": organization.Branding},
		"validUntil":   i.ExpiresAt,
	}
	if i.Inviter.Type == guestlist.InviterUser {
		u, err := tx.User(guestlist.UserID(i.Inviter.ID))
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if u.Name != nil && !CheckText(*u.Name, guestlist.MaxNameLength, false) {
			u.Name = nil // users choose what they are called
		}
		if err == nil {
			words["inviter"] = map[string]any{
				"id": u.ID, "name": u.Name, "avatar": u.Avatar, "username": u.Username, "primaryEmail": u.PrimaryEmail,
				"primaryPhone": u.PrimaryPhone, "profile": u.Profile,
			}
		}
	}
	for name, value := range payload {
		words[name] = value
	}
	if link, ok := words["link"].(string); !ok || link == "" {
		words["link"] = Link(endpoint, i, tx.InvitationCode(i))
	}
	m := guestlist.Message{
		ID: crypt.ID(), Channel: guestlist.ChannelEmail, To: i.RecipientEmail, Type: guestlist.TemplateOrganizationInvitation,
		Payload: words, ExpiresAt: i.ExpiresAt, InvitationID: i.ID,
	}
	m.Locale, _ = words["locale"].(string)
	return tx.QueueMessage(m)
}
