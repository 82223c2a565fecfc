package invite

import (
	"time"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
)

// InvitationOrder is what an invitation is issued for.
type InvitationOrder struct {
	Kind  guestlist.InvitationKind // "" is personal
	Email string                   // of a personal one, or
	Phone string                   // in international digits
	Name  string
	Terms guestlist.InvitationTerms
	Own   guestlist.InvitationOwn
	// Locale is the language of its mail (BCP 47); "" for the fallback.
	Locale string
	// Seats of a shared one, 1 to MaxInvitationSeats.
	Seats int
	// NotBefore is when it begins to be good, nil for now. Its mail goes out then.
	NotBefore *guestlist.Time
	// ExpiresAt is when it ends; nil leaves it to Terms.TTL.
	ExpiresAt *guestlist.Time
	// Send queues the mail; otherwise the link is shown to the caller.
	Send bool

	ParentID   guestlist.InvitationID // by which the inviter came in
	CampaignID guestlist.CampaignID
}

// Issued is an invitation with the secrets that may be shown now: Code is that
// of its link (see Link), empty if the mail alone carries it, and Typed what
// people type for a shared one.
type Issued struct {
	guestlist.Invitation
	Code  guestlist.InvitationSecret
	Typed guestlist.InvitationSecret
}

// IssueInvitation writes a new invitation. It is refused with
// invitation.invalid_recipient, .self_invitation, .invalid_terms,
// .invalid_expiry, .invalid_landing, .invalid_text, .unknown_reference,
// .grants_not_allowed, .too_many, .too_many_open and .too_many_sends; an address that the
// blocklist excludes with the blocklist's codes; and, if another personal one of
// the same recipient and organizations is open, with
// entity.unique_integrity_violation, whose data names it.
func (h Host) IssueInvitation(tx *store.Tx, o InvitationOrder) (Issued, error) {
	i, err := h.invitation(tx, o)
	if err != nil {
		return Issued{}, err
	}
	if err := h.count(tx, i, o.Send); err != nil {
		return Issued{}, err
	}
	issued := Issued{}
	if i.Kind == guestlist.InvitationShared {
		issued.Typed = guestlist.InvitationSecret(crypt.TypableCode(guestlist.InvitationCodeGroups, guestlist.InvitationCodeGroup))
	} else if err := makeRoom(tx, i, ""); err != nil {
		return Issued{}, err
	}
	if err := mayOpen(tx, i.Inviter); err != nil {
		return Issued{}, err
	}
	if err := tx.InsertInvitation(i, string(issued.Typed)); err != nil {
		return Issued{}, err
	}
	issued.Invitation = i
	if !o.Send {
		issued.Code = tx.InvitationCode(i)
	}
	return issued, Emit(tx, guestlist.EventInvitationCreated, i)
}

// invitation makes an invitation of an order, or says what is wrong with it.
func (h Host) invitation(tx *store.Tx, o InvitationOrder) (guestlist.Invitation, error) {
	i := guestlist.Invitation{
		TenantID: guestlist.TenantID, ID: guestlist.InvitationID(crypt.OrderedID(tx.Now)), Kind: o.Kind, Status: guestlist.InvitationPending,
		Name: o.Name, Inviter: h.Inviter, ParentID: o.ParentID, CampaignID: o.CampaignID, Own: o.Own, Locale: o.Locale,
		Seats: o.Seats, Generation: 1, Copied: !o.Send, Delivery: guestlist.InvitationNone, NotBefore: o.NotBefore,
		CreatedAt: tx.Now, UpdatedAt: tx.Now,
	}
	if i.Kind == "" {
		i.Kind = guestlist.InvitationPersonal
	}
	if err := h.addressee(tx, &i, o); err != nil {
		return i, err
	}
	if !CheckText(i.Name, maxName, false) {
		return i, errText.WithArgs(map[string]any{"max": maxName})
	}
	if err := first(checkLocale(i.Locale), checkOwn(i.Own)); err != nil {
		return i, err
	}
	if err := setTime(tx, &i, &o.Terms, o.ExpiresAt); err != nil {
		return i, err
	}
	var err error
	if i.InvitationTerms, err = h.CheckTerms(tx, i.Kind, o.Terms); err != nil {
		return i, err
	}
	if i.Binding == guestlist.BindDomain && i.RecipientPhone != "" && len(i.AllowedDomains) == 0 {
		return i, errTerms.Saying("Name the domains whose addresses may accept.")
	}
	start := startOf(i, tx.Now)
	i.ExpiresAt = start.Add(time.Duration(i.TTL) * time.Second)
	if o.ExpiresAt != nil {
		i.ExpiresAt = *o.ExpiresAt
	}
	if i.Status = i.StatusAt(tx.Now); o.Send {
		i.SendAt, i.Delivery = &start, guestlist.InvitationQueued
	}
	return i, nil
}

// maxName is the longest name of an invitation, in characters.
const maxName = 128

// startOf is when an invitation begins to be good, now or later.
func startOf(i guestlist.Invitation, now guestlist.Time) guestlist.Time {
	if i.NotBefore != nil {
		return max(now, *i.NotBefore)
	}
	return now
}

// setTime holds start and end against the clock. An end that was given sets how
// long the invitation is good again when it is sent once more.
func setTime(tx *store.Tx, i *guestlist.Invitation, t *guestlist.InvitationTerms, ends *guestlist.Time) error {
	rules, err := Settings(tx)
	if err != nil {
		return err
	}
	longest := time.Duration(rules.MaxExpiresIn) * time.Second
	if i.NotBefore != nil && *i.NotBefore <= tx.Now {
		i.NotBefore = nil
	}
	start := startOf(*i, tx.Now)
	if start.Sub(tx.Now) > longest {
		return errExpiry(rules)
	}
	if ends == nil {
		return nil
	}
	if ends.Sub(start) < guestlist.MinInvitationTTL || ends.Sub(start) > longest {
		return errExpiry(rules)
	}
	t.TTL = int(ends.Sub(start) / time.Second)
	return nil
}

// addressee fills in for whom an invitation is.
func (h Host) addressee(tx *store.Tx, i *guestlist.Invitation, o InvitationOrder) error {
	switch {
	case i.Kind == guestlist.InvitationShared:
		if o.Email != "" || o.Phone != "" {
			return errRecipient
		}
		if o.Seats < 1 || o.Seats > guestlist.MaxInvitationSeats {
			return errTerms.Saying("A shared invitation has 1 to %d seats.", guestlist.MaxInvitationSeats)
		}
		return nil
	case i.Kind != guestlist.InvitationPersonal, o.Email != "" && o.Phone != "", o.Email == "" && o.Phone == "":
		return errRecipient
	case o.Seats > 1:
		return errTerms.Saying("A personal invitation has one seat.")
	}
	i.Seats = 1
	if o.Phone != "" {
		if i.RecipientPhone = o.Phone; !guestlist.IsPhone(o.Phone) {
			return errRecipient
		}
		return h.notOneself(tx, *i)
	}
	var err error
	if i.RecipientEmail, err = CheckEmail(o.Email); err != nil {
		return err
	}
	exp, err := tx.SignInExperience()
	if err != nil {
		return err
	}
	known := guestlist.MailDomains{ASCII: ASCIIDomain, Disposable: h.Disposable}
	if err := exp.EmailBlocklistPolicy.Refusal(i.RecipientEmail, known); err != nil {
		return err
	}
	return h.notOneself(tx, *i)
}

// notOneself refuses users who invite themselves.
func (h Host) notOneself(tx *store.Tx, i guestlist.Invitation) error {
	if h.Inviter.Type != guestlist.InviterUser {
		return nil
	}
	u, err := tx.User(guestlist.UserID(h.Inviter.ID))
	if err != nil {
		return orGone(err)
	}
	email, phone := u.PrimaryEmail, u.PrimaryPhone
	if email != nil && i.RecipientEmail != "" && guestlist.EmailKey(*email) == guestlist.EmailKey(i.RecipientEmail) ||
		phone != nil && i.RecipientPhone != "" && *phone == i.RecipientPhone {
		return errSelf
	}
	return nil
}

// makeRoom refuses an invitation whose recipient has another open one of the
// same organizations, and puts an overdue one out of the way.
func makeRoom(tx *store.Tx, i guestlist.Invitation, except guestlist.InvitationID) error {
	other, found, err := orOpen(tx.PendingInvitationOf(i.Recipient().Key(), i.Grants.OrganizationsKey()))
	if err != nil || !found || other.ID == except {
		return err
	}
	ended, err := tx.ExpireInvitation(other.ID)
	if err != nil {
		return err
	}
	if !ended {
		return errTaken.With(map[string]any{"invitationId": other.ID})
	}
	return Emit(tx, guestlist.EventInvitationExpired, other)
}

// What is counted to bound how much is sent.
const (
	counterInviter   = "invitations-by|"
	counterAll       = "invitations|"
	counterRecipient = "invitations-to|"
	day              = 24 * time.Hour
)

var (
	// ErrTooMany says that too many invitations were issued, by this host today
	// or by all in this hour.
	ErrTooMany = guestlist.Refuse(guestlist.KindTooMany, "invitation.too_many")
	// ErrTooManySends says that the recipient was sent enough for a day.
	ErrTooManySends = guestlist.Refuse(guestlist.KindTooMany, "invitation.too_many_sends")
)

// count bounds invitations that are issued one by one.
func (h Host) count(tx *store.Tx, i guestlist.Invitation, send bool) error {
	inviter := counterInviter + string(h.Inviter.Type) + "|" + h.Inviter.ID
	if err := hit(tx, inviter, day, guestlist.MaxInvitationsPerInviterDay, ErrTooMany); err != nil {
		return err
	}
	if err := hit(tx, counterAll, time.Hour, guestlist.MaxInvitationsPerHour, ErrTooMany); err != nil || !send {
		return err
	}
	return CountSend(tx, i)
}

// CountSend counts a mail to the recipient of an invitation, and refuses it with
// ErrTooManySends if they had enough for a day, over all their invitations. The
// mails of campaigns and reminders are counted when they are due, see
// writer.limit.
func CountSend(tx *store.Tx, i guestlist.Invitation) error {
	return hit(tx, counterOf(i), day, guestlist.MaxInvitationSendsPerDay, ErrTooManySends)
}

// counterOf names what is counted of mails to a recipient.
func counterOf(i guestlist.Invitation) string { return counterRecipient + i.Recipient().Key() }

func hit(tx *store.Tx, name string, window time.Duration, most int, refusal *guestlist.Error) error {
	l, err := tx.Hit(name, tx.Now.Add(window))
	if err == nil && l.Hits > most {
		return refusal.Until(l.WindowEnds.Sub(tx.Now))
	}
	return err
}
