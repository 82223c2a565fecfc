package invite

import (
	"errors"

	"guestlist"
	"guestlist/internal/store"
)

// ApproveRequest lets somebody in who waits: it issues an invitation by the
// waitlist's terms, in the name of the host, and mails it at a time. Errors are
// those of IssueInvitation, and ErrRequestDecided.
func (h Host) ApproveRequest(tx *store.Tx, id guestlist.RequestID, at guestlist.Time) (guestlist.RegistrationRequest, error) {
	r, err := tx.Request(id)
	if errors.Is(err, store.ErrNotFound) {
		return r, ErrNoSuchRequest
	}
	if err != nil {
		return r, err
	}
	if r.Status != guestlist.RequestRequested {
		return r, ErrRequestDecided
	}
	settings, err := tx.WaitlistSettings()
	if err != nil {
		return r, err
	}
	o := InvitationOrder{Email: r.Email, Name: r.Name, Locale: r.Locale, Terms: settings.Terms, Send: true}
	if o.Terms.ApplicationID == "" {
		o.Terms.ApplicationID = r.ApplicationID
	}
	if at > tx.Now {
		o.NotBefore = &at
	}
	issued, err := h.IssueInvitation(tx, o)
	if err != nil {
		return r, err
	}
	r.Status, r.InvitationID, r.DecidedBy, r.DecidedAt = guestlist.RequestApproved, issued.ID, h.Inviter.ID, &tx.Now
	return r, h.decide(tx, r, guestlist.EventRequestApproved, "Approve")
}

// RejectRequest says no to somebody who waits. They are told nothing: whoever
// wants to write to them knows the reason best.
func (h Host) RejectRequest(tx *store.Tx, id guestlist.RequestID, reason string) (guestlist.RegistrationRequest, error) {
	r, err := tx.Request(id)
	if errors.Is(err, store.ErrNotFound) {
		return r, ErrNoSuchRequest
	}
	if err != nil {
		return r, err
	}
	r.Status, r.DecidedBy, r.DecidedAt, r.Reason = guestlist.RequestRejected, h.Inviter.ID, &tx.Now, reason
	return r, h.decide(tx, r, guestlist.EventRequestRejected, "Reject")
}

func (h Host) decide(tx *store.Tx, r guestlist.RegistrationRequest, event, act string) error {
	won, err := tx.DecideRequest(r)
	if err == nil && !won {
		err = ErrRequestDecided
	}
	if err != nil {
		return err
	}
	entry := guestlist.LogEntry{
		Key: "RegistrationRequest." + act, ApplicationID: r.ApplicationID,
		Extra: map[string]any{"requestId": r.ID, "invitationId": r.InvitationID, "decidedBy": r.DecidedBy},
	}
	if err := tx.Log(entry); err != nil {
		return err
	}
	return EmitRequest(tx, event, r)
}
