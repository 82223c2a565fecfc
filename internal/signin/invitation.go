package signin

import (
	"errors"
	"slices"
	"strings"
	"time"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/invite"
	"guestlist/internal/store"
)

// Held is the invitation that a guest set out to accept in an interaction. It
// proves nothing: what does is a record, as for everybody else. It is no lock
// either; the interaction that finishes first has the seat.
type Held struct {
	ID guestlist.InvitationID `json:"id"`
	// Generation is that of the link: a new link makes this one worthless, even
	// for who has opened it.
	Generation int `json:"generation"`
	// Personal says that it is for one recipient.
	Personal bool `json:"personal,omitempty"`
	// Agreed says that the guest agreed to the terms.
	Agreed bool `json:"agreed,omitempty"`
	// ConfirmedAs is the address as whom the guest wants to accept what is for
	// somebody else.
	ConfirmedAs string `json:"confirmedAs,omitempty"`
}

// ConfirmInvitation says that the guest was shown for whom the invitation is,
// and wants to accept it as somebody else: with an address that is proved.
type ConfirmInvitation struct{ As string }

// The refusals of accepting that are not the invitation's own.
var (
	errNoInvitation = guestlist.Refuse(guestlist.KindInvalid, "invitation.none_held")
	// ErrInvitationTerms asks for the guest's consent to the terms.
	ErrInvitationTerms = guestlist.Refuse(guestlist.KindUnprocessable, "invitation.needs_terms")
)

func (ConfirmInvitation) logKey() string { return "Interaction.{event}.Invitation.Confirm" }

func (a ConfirmInvitation) prepare(*run) error {
	if a.As == "" || len(a.As) > guestlist.MaxEmailLength {
		return errInvalidInput
	}
	return nil
}

func (a ConfirmInvitation) apply(_ *store.Tx, r *run) error {
	if r.i.Invite == nil {
		return errNoInvitation
	}
	held := *r.i.Invite
	held.ConfirmedAs = a.As
	r.i.Invite = &held
	return nil
}

// takeUp is VerifyOneTimeToken for the code of an invitation. A link that only a
// mail carried proves that its guest reads the recipient's mailbox, and makes a
// record as a one-time token does. One that others may have seen proves nothing:
// who claims an address with it is told what is missing.
func (a VerifyOneTimeToken) takeUp(tx *store.Tx, r *run) error {
	if r.i.Event == guestlist.EventForgotPassword {
		return guestlist.ErrTokenEventMismatch // an invitation is no way to recover a password
	}
	i, err := invite.Open(tx, a.Token)
	if err != nil {
		r.lost = i
		return err
	}
	to := i.Recipient()
	if refused, err := a.compare(tx, r, i); err != nil {
		return err
	} else if refused != nil {
		return r.refuse(refused)
	}
	r.i.Invite, r.inv = &Held{ID: i.ID, Generation: i.Generation, Personal: i.Kind == guestlist.InvitationPersonal, Agreed: a.Agreed}, &i
	if r.i.OneTimeToken == "" { // the pages that follow ask what it is of
		r.i.OneTimeToken = a.Token
	}
	r.i.dropRecord(RecordOneTimeToken)
	if err := tx.MarkInvitationStarted(i.ID); err != nil {
		return err
	}
	if !provesMailbox(i) {
		if a.Email != "" && !a.Hosted && i.Kind == guestlist.InvitationPersonal {
			return r.keep(guestlist.ErrInvitationNeedsProof)
		}
		return nil
	}
	record := Record{
		ID: crypt.ID(), Type: RecordOneTimeToken, Verified: true, Identifier: to, InvitationID: i.ID,
		Hosted: a.Hosted || a.Email == "", Confirmed: a.Typed != "",
	}
	r.i.putRecord(record)
	r.step.VerificationID = record.ID
	return nil
}

// compare holds the address that came with a code, or was typed, against the
// recipient's, and counts the misses: whoever has a link that others may have
// seen is not to find out by guesses whose it is.
func (a VerifyOneTimeToken) compare(tx *store.Tx, r *run, i guestlist.Invitation) (refused, err error) {
	if i.Kind != guestlist.InvitationPersonal {
		return nil, nil
	}
	key := i.Recipient().Key()
	is := func(address string) bool {
		id := guestlist.Identifier{Type: i.Recipient().Type, Value: address}
		if written, err := invite.CheckEmail(address); err == nil && id.Type == guestlist.IdentifierEmail && id.Key() != key {
			id.Value = written // as its owner writes a domain that is kept in ASCII
		}
		return id.Key() == key
	}
	switch {
	case a.Email == "" && a.Typed == "":
		return nil, nil
	case a.Email != "" && !is(a.Email), a.Typed != "" && !is(a.Typed):
		return a.missed(tx, r, string(i.ID))
	}
	misses, err := tx.Limit(confirmationCounter(string(i.ID), r.from))
	if err == nil && misses.Hits >= maxConfirmations {
		refused = blockedFor(misses.WindowEnds.Sub(tx.Now))
	}
	return refused, err
}

// provesMailbox reports whether who holds the link of an invitation reads the
// recipient's messages.
func provesMailbox(i guestlist.Invitation) bool {
	return i.Kind == guestlist.InvitationPersonal && !i.Copied && !i.Strict
}

// provedBefore reports whether a user has proved an address to us before. Then
// the link of an invitation, which lives for days and is passed on by people who
// mean well, does not let its holder into the account: a fresh code does.
func provedBefore(u guestlist.User, address guestlist.Identifier) bool {
	if address.Type == guestlist.IdentifierPhone {
		return u.PhoneVerifiedAt != nil
	}
	return u.EmailVerifiedAt != nil
}

// loadInvitation reads the invitation that is held, as it is now.
func (r *run) loadInvitation(tx *store.Tx) error {
	r.inv = nil
	if r.i.Invite == nil {
		return nil
	}
	i, err := tx.Invitation(r.i.Invite.ID)
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && i.Generation != r.i.Invite.Generation:
		return nil
	case err != nil:
		return err
	}
	r.inv = &i
	return nil
}

// arrival is as whom a guest would accept, with these addresses of their
// account, all of them proved.
func (r *run) arrival(l *Link, proved ...guestlist.Identifier) guestlist.Arrival {
	a := guestlist.Arrival{Proved: proved}
	if l != nil {
		a.Connector, a.Subject = l.Target, l.Subject
		if a.Connector == "" {
			a.Connector = string(l.ConnectorID)
		}
	}
	if r.inv == nil || r.i.Invite == nil {
		return a
	}
	to, as := r.inv.Recipient().Key(), r.i.Invite.ConfirmedAs
	for _, record := range r.i.Records {
		code := record.Type == RecordEmailCode || record.Type == RecordPhoneCode
		a.FreshProof = a.FreshProof || code && record.Verified && record.Identifier.Key() == to
	}
	a.Confirmed = as != "" && slices.ContainsFunc(proved, func(id guestlist.Identifier) bool {
		return id.Key() == guestlist.Identifier{Type: id.Type, Value: as}.Key()
	})
	return a
}

// arrivalOf is the arrival of a new account with a profile, in which every
// address is proved.
func (r *run) arrivalOf(p Profile) guestlist.Arrival {
	l := p.Social
	if l == nil {
		l = p.SSO
	}
	return r.arrival(l, addresses(p.Email, p.Phone)...)
}

// arrivalOfUser is that of a user with what is staged: of the addresses count
// those that were proved, now or earlier.
func (r *run) arrivalOfUser(u guestlist.User) guestlist.Arrival {
	proved := addresses(r.i.Profile.Email, r.i.Profile.Phone)
	if u.PrimaryEmail != nil && (u.EmailVerifiedAt != nil || r.provesEmail(u)) {
		proved = append(proved, addresses(*u.PrimaryEmail, "")...)
	}
	if u.PrimaryPhone != nil && (u.PhoneVerifiedAt != nil || r.provesPhone(u)) {
		proved = append(proved, addresses("", *u.PrimaryPhone)...)
	}
	l := r.i.Profile.Social
	if r.i.Via != nil {
		l = &r.i.Via.Link
	}
	return r.arrival(l, proved...)
}

// soFar is the arrival with everything that this interaction proves, for steps
// that lead to an account which is not known yet. Whoever finishes is asked
// again, with the account's own addresses.
func (r *run) soFar() guestlist.Arrival {
	var proved []guestlist.Identifier
	var l *Link
	for _, record := range r.i.Records {
		if record.provesAddress() {
			proved = append(proved, record.Identifier)
		}
		if record.Verified && record.Outside != nil {
			v := r.dir.vouch(record.way(), *record.Outside)
			proved = append(proved, addresses(v.email, v.phone)...)
			l, _ = r.link(record) // an identity that was read once can be written
		}
	}
	return r.arrival(l, proved...)
}

func addresses(email, phone string) (list []guestlist.Identifier) {
	if email != "" {
		list = append(list, guestlist.Identifier{Type: guestlist.IdentifierEmail, Value: email})
	}
	if phone != "" {
		list = append(list, guestlist.Identifier{Type: guestlist.IdentifierPhone, Value: phone})
	}
	return list
}

// wouldAdmit reports whether the invitation that is held would let in who proves
// an address: then a code to it is worth sending.
func (r *run) wouldAdmit(id guestlist.Identifier) bool {
	if r.inv == nil || r.inv.Refusal(r.now) != nil {
		return false
	}
	a := r.arrival(nil, id)
	a.FreshProof, a.Confirmed = id.Key() == r.inv.Recipient().Key(), true
	if r.inv.Binding == guestlist.BindConnector { // the provider was asked, or will be
		return true
	}
	return r.inv.AdmitsAs(a) == nil
}

// isRecipient reports whether an address is the one to which the invitation that
// is held was sent: a code to it serves, whatever the settings offer.
func (r *run) isRecipient(id guestlist.Identifier) bool {
	return r.inv != nil && r.inv.Kind == guestlist.InvitationPersonal && id.Key() == r.inv.Recipient().Key()
}

// asks reports whether the invitation that is held asks for a step.
func (r *run) asks(step guestlist.InvitationStep) bool {
	return r.inv != nil && slices.Contains(r.inv.RequiredSteps, step)
}

// mayAccept refuses to finish with an invitation that does not admit the guest.
// One that this very user accepted before is let go of.
func (r *run) mayAccept(tx *store.Tx, acct *account) error {
	if r.i.Invite == nil || r.i.Event == guestlist.EventForgotPassword {
		return nil
	}
	if acct.exists {
		if again, err := tx.HasSeat(r.i.Invite.ID, acct.user.ID); err != nil {
			return err
		} else if again {
			r.accepted, r.inv = r.i.Invite.ID, nil
			return nil
		}
	}
	i, err := invite.OpenID(tx, r.i.Invite.ID, r.i.Invite.Generation)
	if err != nil {
		r.lost = i
		return err
	}
	r.inv = &i
	if record, ok := r.i.heldToken(); ok && record.InvitationID != "" && !provesMailbox(i) {
		return guestlist.ErrInvitationNeedsProof // its link was shown to others meanwhile
	}
	if err := i.AdmitsAs(r.arriving(acct)); err != nil {
		return err
	}
	if r.asks(guestlist.StepTerms) && !r.i.Invite.Agreed {
		return ErrInvitationTerms
	}
	return nil
}

func (r *run) arriving(acct *account) guestlist.Arrival {
	if r.i.New {
		return r.arrivalOf(r.i.Profile)
	}
	return r.arrivalOfUser(acct.user)
}

// accept takes the seat for a user whose row exists.
func (r *run) accept(tx *store.Tx, acct *account, u guestlist.User) error {
	if r.inv == nil || r.i.Invite == nil {
		return nil
	}
	i, err := invite.Accept(tx, *r.inv, invite.Guest{UserID: u.ID, Arrival: r.arriving(acct), IsNew: r.i.New})
	if err != nil {
		return err
	}
	r.inv = &i
	r.accepted, r.took = r.inv.ID, r.inv.ID
	if err := r.tellInviter(tx, u); err != nil {
		return err
	}
	if err := r.joinGranted(tx, u.ID, r.inv.Grants.Organizations); err != nil {
		return err
	}
	return r.logInvitation(tx, guestlist.EventInvitationAccepted, r.inv.ID, u.ID)
}

// tellInviter tells who invited somebody by name that they came. Campaigns have
// a digest instead.
func (r *run) tellInviter(tx *store.Tx, u guestlist.User) error {
	i := *r.inv
	if i.CampaignID != "" || i.Kind != guestlist.InvitationPersonal || i.Inviter.Type != guestlist.InviterUser || i.Inviter.ID == string(u.ID) {
		return nil
	}
	if sends, err := tx.CanSend(guestlist.ChannelEmail); err != nil || !sends {
		return err
	}
	inviter, err := tx.User(guestlist.UserID(i.Inviter.ID))
	if errors.Is(err, store.ErrNotFound) || err == nil && inviter.PrimaryEmail == nil {
		return nil
	}
	if err != nil {
		return err
	}
	link := r.d.Endpoint + PathAccount + "/invitations"
	if i.Inviter.Authority.IsHost() {
		link = r.d.Endpoint + "/console/invitations/" + string(i.ID)
	}
	guest := map[string]any{"name": i.Name, "email": i.Recipient().Value}
	if u.Name != nil && invite.CheckText(*u.Name, guestlist.MaxNameLength, false) { // guests choose what they are called
		guest["name"] = *u.Name
	}
	payload := map[string]any{"guest": guest, "link": link}
	app, err := applicationInfo(tx, i.ApplicationID)
	if err != nil {
		return err
	}
	if app != nil {
		payload["application"] = map[string]any{"id": app["id"], "name": app["name"]}
	}
	return tx.QueueMessage(guestlist.Message{
		ID: string(i.ID) + ".accepted", Channel: guestlist.ChannelEmail, To: *inviter.PrimaryEmail, Type: guestlist.TemplateInvitationAccepted,
		Locale: inviter.Profile.Locale, Payload: payload, UserID: inviter.ID,
	})
}

// fill writes into a user what the invitation gives of data.
func (r *run) fill(u *guestlist.User) (bool, error) {
	if r.inv == nil || r.i.Invite == nil || r.i.Event == guestlist.EventForgotPassword {
		return false, nil
	}
	return invite.Fill(*r.inv, u)
}

func (r *run) logInvitation(tx *store.Tx, key string, id guestlist.InvitationID, user guestlist.UserID) error {
	entry := r.i.logEntry(key, r.from)
	entry.UserID, entry.Extra["invitationId"] = user, id
	return tx.Log(entry)
}

// How many refusals of one invitation are told within an hour. Guests may try as
// often as they like; hooks and the timeline need not hear of each.
const (
	maxRefusals    = 20
	refusalWindow  = time.Hour
	counterRefusal = "invitation-refusals|"
)

// tellRefusal tells hooks, the timeline and the audit log that an invitation was
// refused, with the reason that its guest is not told.
func (r *run) tellRefusal(tx *store.Tx, refused error) error {
	i := r.lost
	if i.ID == "" && r.inv != nil {
		i = *r.inv
	}
	code := guestlist.CodeOf(refused)
	if i.ID == "" || !strings.HasPrefix(code, "invitation.") || isQuestion(refused) {
		return nil
	}
	if l, err := tx.Hit(counterRefusal+string(i.ID), tx.Now.Add(refusalWindow)); err != nil || l.Hits > maxRefusals {
		return err
	}
	if err := tx.AddInvitationAct(i.ID, guestlist.InvitationAct{Kind: "RedemptionRefused", Detail: code}); err != nil {
		return err
	}
	entry := r.i.logEntry(guestlist.EventInvitationRedemptionRefused, r.from)
	entry.Failed, entry.Error, entry.Extra["invitationId"] = true, code, i.ID
	if err := tx.Log(entry); err != nil {
		return err
	}
	return tx.EmitInvitation(guestlist.EventInvitationRedemptionRefused, i, map[string]any{"reason": code})
}

// isQuestion reports whether a refusal asks the guest for something, and is no
// end.
func isQuestion(refused error) bool {
	return errors.Is(refused, guestlist.ErrInvitationNeedsProof) || errors.Is(refused, guestlist.ErrInvitationConfirm) ||
		errors.Is(refused, ErrInvitationTerms)
}
