package invite

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"guestlist"
	"guestlist/internal/store"
)

// The kinds of InvitationAct that hosts cause, beside those that the columns of
// an invitation tell.
const (
	ActResent  = "Resent"
	ActCopied  = "Copied" // a new link was shown instead of sent
	ActChanged = "Changed"
	ActRevoked = "Revoked"

	ActRemindersStopped = "RemindersStopped" // by the recipient
)

// errSends says that an invitation was mailed as often as one may be.
var errSends = guestlist.Refuse(guestlist.KindUnprocessable, "invitation.sends_exhausted")

// open returns an invitation that is open, or the refusal that says why not: its
// state. Those that it allows beside are open, too.
func open(tx *store.Tx, id guestlist.InvitationID, allowed ...guestlist.InvitationStatus) (guestlist.Invitation, error) {
	i, err := tx.InvitationForUpdate(id)
	if err != nil {
		return i, err
	}
	for _, status := range append(allowed, guestlist.InvitationScheduled) {
		if i.Status == status {
			return i, nil
		}
	}
	return i, i.Refusal(tx.Now)
}

// InvitationChange is what is to be changed of an invitation; nil members stay.
type InvitationChange struct {
	Name      *string
	Message   *string
	Locale    *string
	Grants    *guestlist.InvitationGrants
	Own       *guestlist.InvitationOwn
	ExpiresAt *guestlist.Time
	ExpiresIn *int // seconds from now, or from its start; ExpiresAt wins
}

// parts names what changes, for the timeline.
func (c InvitationChange) parts() string {
	var parts []string
	for _, p := range []struct {
		is   bool
		name string
	}{
		{c.Name != nil, "name"},
		{c.Message != nil, "message"},
		{c.Locale != nil, "locale"},
		{c.Grants != nil || c.Own != nil, "grants"},
		{c.ExpiresAt != nil || c.ExpiresIn != nil, "expiry"},
	} {
		if p.is {
			parts = append(parts, p.name)
		}
	}
	return strings.Join(parts, ", ")
}

// ChangeInvitation changes a pending or scheduled invitation. Its link stays
// good. Any other is refused by its state, and a change as when an invitation
// is issued.
func (h Host) ChangeInvitation(tx *store.Tx, id guestlist.InvitationID, c InvitationChange) (guestlist.Invitation, error) {
	i, err := open(tx, id, guestlist.InvitationPending)
	if err != nil {
		return i, err
	}
	set(&i.Name, c.Name)
	set(&i.Message, c.Message)
	set(&i.Locale, c.Locale)
	set(&i.Grants, c.Grants)
	if c.Own != nil { // what it is given; its fixed end and what its recipient asked for are no grants
		i.Own.CustomData, i.Own.Profile = c.Own.CustomData, c.Own.Profile
	}
	if !CheckText(i.Name, maxName, false) {
		return i, errText.WithArgs(map[string]any{"max": maxName})
	}
	if err := first(checkLocale(i.Locale), checkOwn(i.Own), setEnd(tx, &i, c)); err != nil {
		return i, err
	}
	if i.InvitationTerms, err = h.CheckTerms(tx, i.Kind, i.InvitationTerms); err != nil {
		return i, err
	}
	if i.Kind == guestlist.InvitationPersonal {
		if err := makeRoom(tx, i, i.ID); err != nil {
			return i, err
		}
	}
	if ok, err := tx.UpdateInvitation(i); err != nil || !ok {
		return i, first(err, guestlist.ErrInvitationNotFound)
	}
	if err := tx.AddInvitationAct(id, guestlist.InvitationAct{Kind: ActChanged, By: h.name(), Detail: c.parts()}); err != nil {
		return i, err
	}
	return tx.Invitation(id)
}

// setEnd sets a new end, within the limit from now or from the start.
func setEnd(tx *store.Tx, i *guestlist.Invitation, c InvitationChange) error {
	ends := c.ExpiresAt
	if ends == nil && c.ExpiresIn != nil {
		at := startOf(*i, tx.Now).Add(time.Duration(*c.ExpiresIn) * time.Second)
		ends = &at
	}
	if ends == nil {
		return nil
	}
	i.ExpiresAt = *ends
	if i.Own.ExpiresAt != nil { // the end that it has whenever it is sent
		i.Own.ExpiresAt = ends
	}
	unchanged := i.InvitationTerms // it is good as long as before once it is sent again
	return setTime(tx, i, &unchanged, ends)
}

func set[T any](to *T, given *T) {
	if given != nil {
		*to = *given
	}
}

// Resend gives a pending, scheduled or expired invitation a new link, and as much
// time again as it had. The links of before are worthless. With send the mail is
// queued; otherwise the link is returned, and proves less. An invitation has
// MaxInvitationSends mails, and a recipient MaxInvitationSendsPerDay a day.
func (h Host) Resend(tx *store.Tx, id guestlist.InvitationID, send bool) (Issued, error) {
	i, err := open(tx, id, guestlist.InvitationPending, guestlist.InvitationExpired)
	if err != nil {
		return Issued{}, err
	}
	// What it gives is looked at again: who sends it anew answers for it.
	if err := h.MayGive(tx, i.Grants); err != nil {
		return Issued{}, err
	}
	act := ActCopied
	if send {
		if i.Kind == guestlist.InvitationShared {
			return Issued{}, errRecipient
		}
		if i.Sends >= guestlist.MaxInvitationSends {
			return Issued{}, errSends
		}
		if err := CountSend(tx, i); err != nil {
			return Issued{}, err
		}
		act = ActResent
	}
	if err := Renew(tx, i, send); err != nil {
		return Issued{}, err
	}
	if err := tx.AddInvitationAct(id, guestlist.InvitationAct{Kind: act, By: h.name()}); err != nil {
		return Issued{}, err
	}
	again, err := tx.Invitation(id)
	issued := Issued{Invitation: again}
	if !send {
		issued.Code = tx.InvitationCode(again)
	}
	return issued, err
}

// Renew gives an invitation, pending or expired, a new link and as much time
// again as it had, from now or from its start. It is the one place where that
// happens. Another open invitation in its place, or too many of others, is refused
// as when it is issued.
func Renew(tx *store.Tx, i guestlist.Invitation, send bool) error {
	if i.Kind == guestlist.InvitationPersonal {
		if err := makeRoom(tx, i, i.ID); err != nil {
			return err
		}
	}
	if i.Status == guestlist.InvitationExpired {
		if err := mayOpen(tx, i.Inviter); err != nil {
			return err
		}
	}
	start := startOf(i, tx.Now)
	r := store.Rotation{ExpiresAt: start.Add(time.Duration(i.TTL) * time.Second), Copied: !send}
	if send {
		r.SendAt = &start
	}
	ok, err := tx.RotateInvitation(i.ID, r)
	if err == nil && !ok {
		err = guestlist.ErrInvitationNotFound
	}
	return err
}

// RevokeInvitation takes an invitation back: its links are worthless, and what is
// still to be mailed is not. One that was accepted, declined or taken back is
// refused by its state.
func (h Host) RevokeInvitation(tx *store.Tx, id guestlist.InvitationID, reason string) (guestlist.Invitation, error) {
	i, err := open(tx, id, guestlist.InvitationPending, guestlist.InvitationExpired)
	if err != nil {
		return i, err
	}
	if _, err := tx.RevokeInvitation(id, reason); err != nil {
		return i, err
	}
	if err := tx.AddInvitationAct(id, guestlist.InvitationAct{Kind: ActRevoked, By: h.name(), Detail: reason}); err != nil {
		return i, err
	}
	if i, err = tx.Invitation(id); err != nil {
		return i, err
	}
	return i, Emit(tx, guestlist.EventInvitationRevoked, i)
}

// DeleteInvitation removes an invitation, whatever its state, and all that is
// known of it but that it was removed; store.ErrNotFound if there is none.
func (h Host) DeleteInvitation(tx *store.Tx, id guestlist.InvitationID) error {
	if err := tx.DeleteInvitation(id); err != nil {
		return err
	}
	line := guestlist.LogEntry{Key: "Invitation.Deleted", Extra: map[string]any{"invitationId": id}}
	return tx.Log(by(line, h.Inviter))
}

// Timeline is what happened to an invitation, the oldest first: what its columns
// tell, and the acts beside.
func Timeline(tx *store.Tx, i guestlist.Invitation) ([]guestlist.InvitationAct, error) {
	acts, err := tx.InvitationActs(i.ID)
	if err != nil {
		return nil, err
	}
	mails, err := tx.InvitationMessages(i.ID)
	if err != nil {
		return nil, err
	}
	for _, m := range mails {
		if kind := mailActs[m.Status]; kind != "" {
			acts = append(acts, guestlist.InvitationAct{Kind: kind, At: m.UpdatedAt, Detail: m.LastError})
		}
	}
	told := map[string]bool{}
	for _, a := range acts {
		told[a.Kind] = true
	}
	for _, a := range columnsTell(i) {
		if !told[a.Kind] {
			acts = append(acts, a)
		}
	}
	slices.SortStableFunc(acts, func(a, b guestlist.InvitationAct) int { return cmp.Compare(a.At, b.At) })
	return acts, nil
}

// mailActs are what became of a mail, in the timeline. Each mail has a line of
// its own as long as messages are kept; then the row tells of the latest.
var mailActs = map[store.MessageStatus]string{
	store.MessageDeferred: "Deferred", store.MessageSent: "Sent", store.MessageDelivered: "Delivered",
	store.MessageFailed: "DeliveryFailed", store.MessageBounced: "DeliveryFailed", store.MessageComplained: "DeliveryFailed",
	store.MessageWithheld: "DeliveryFailed",
}

// columnsTell are the lines of the timeline that stand in the row itself.
func columnsTell(i guestlist.Invitation) []guestlist.InvitationAct {
	var line []guestlist.InvitationAct
	add := func(kind string, at *guestlist.Time, by, detail string) {
		if at != nil {
			line = append(line, guestlist.InvitationAct{Kind: kind, At: *at, By: by, Detail: detail})
		}
	}
	accepted, ended := "", ""
	if i.AcceptedBy != nil {
		accepted = string(*i.AcceptedBy)
	}
	add("Created", &i.CreatedAt, i.Inviter.ID, "")
	add("Sent", i.SentAt, "", "")
	add("Delivered", i.DeliveredAt, "", "")
	add("Opened", i.OpenedAt, "", "")
	add("Started", i.StartedAt, "", "")
	add("Accepted", i.AcceptedAt, accepted, "")
	switch i.Status {
	case guestlist.InvitationDeclined:
		ended = "Declined"
	case guestlist.InvitationRevoked:
		ended = ActRevoked
	case guestlist.InvitationExpired:
		ended = "Expired"
		if i.EndedAt == nil {
			i.EndedAt = &i.ExpiresAt
		}
	case guestlist.InvitationScheduled, guestlist.InvitationPending, guestlist.InvitationAccepted:
		return line
	}
	add(ended, i.EndedAt, "", i.EndReason)
	return line
}
