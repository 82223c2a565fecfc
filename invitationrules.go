package guestlist

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
)

// The refusals of invitations, in the order in which they are checked.
// Administrators see them; guests are told no more than that a link does not
// serve.
var (
	ErrInvitationNotFound  = Refuse(KindNotFound, "invitation.not_found")
	ErrInvitationRevoked   = Refuse(KindInvalid, "invitation.revoked")
	ErrInvitationDeclined  = Refuse(KindInvalid, "invitation.declined")
	ErrInvitationAccepted  = Refuse(KindInvalid, "invitation.accepted")
	ErrInvitationExpired   = Refuse(KindInvalid, "invitation.expired")
	ErrInvitationNotYet    = Refuse(KindInvalid, "invitation.not_yet")
	ErrInvitationExhausted = Refuse(KindInvalid, "invitation.exhausted")
	ErrInviterGone         = Refuse(KindInvalid, "invitation.inviter_gone") // suspended, deleted, or without the right

	ErrWrongIdentity        = Refuse(KindForbidden, "invitation.wrong_identity")
	ErrInvitationNeedsProof = Refuse(KindUnprocessable, "invitation.needs_proof")   // a code to the mailbox
	ErrInvitationConfirm    = Refuse(KindUnprocessable, "invitation.needs_confirm") // as somebody else than the recipient
)

// StatusAt returns the state as it is to be shown at now.
func (i Invitation) StatusAt(now Time) InvitationStatus {
	switch {
	case i.Status != InvitationPending && i.Status != InvitationScheduled:
		return i.Status
	case i.ExpiresAt <= now:
		return InvitationExpired
	case i.NotBefore != nil && *i.NotBefore > now:
		return InvitationScheduled
	}
	return InvitationPending
}

// Refusal returns why an invitation lets nobody in at now, or nil. It is asked
// for the page; the statement that takes a seat has the same conditions.
func (i Invitation) Refusal(now Time) error {
	switch i.StatusAt(now) {
	case InvitationRevoked:
		return ErrInvitationRevoked
	case InvitationDeclined:
		return ErrInvitationDeclined
	case InvitationAccepted:
		if i.Kind == InvitationShared {
			return ErrInvitationExhausted
		}
		return ErrInvitationAccepted
	case InvitationExpired:
		return ErrInvitationExpired
	case InvitationScheduled:
		return ErrInvitationNotYet
	case InvitationPending:
	}
	if i.Taken >= i.Seats {
		return ErrInvitationExhausted
	}
	return nil
}

// Admits is Refusal and AdmitsAs: why an invitation does not let a guest in at
// now, or nil.
func (i Invitation) Admits(a Arrival, now Time) error {
	if err := i.Refusal(now); err != nil {
		return err
	}
	return i.AdmitsAs(a)
}

// Recipient is whom a personal invitation is for; the zero Identifier for a
// shared one.
func (i Invitation) Recipient() Identifier {
	switch {
	case i.RecipientEmail != "":
		return Identifier{Type: IdentifierEmail, Value: i.RecipientEmail}
	case i.RecipientPhone != "":
		return Identifier{Type: IdentifierPhone, Value: i.RecipientPhone}
	}
	return Identifier{}
}

// Gives returns all that acceptance gives: the terms with what this invitation
// alone gives. Members of Own win.
func (i Invitation) Gives() (InvitationGrants, error) {
	g := i.Grants
	if i.Own.Profile != nil {
		g.Profile = i.Own.Profile
	}
	var err error
	if len(i.Own.CustomData) > 0 {
		g.CustomData, err = MergeObjects(g.CustomData, i.Own.CustomData)
	}
	return g, err
}

// Arrival is how a guest stands before an invitation: as whom they would come
// in, and what of it is proved.
type Arrival struct {
	// Proved are the addresses that the account has, or will have, and that are
	// proved: in this interaction by a code, by the invitation's own link where
	// only the mailbox had it, or by a provider that may vouch for them; or
	// earlier, by the holder of the account. What the link proves of an address
	// that is not the account's counts for nothing: it would let somebody accept
	// as whom they were not invited.
	Proved []Identifier
	// Connector is the social target or enterprise connector by which the guest
	// came; "" for none. Subject is who they are there. An address that it gave and
	// may not vouch for is no part of it: it counts for nothing.
	Connector string
	Subject   string
	// FreshProof says that the recipient's address was proved by a code in this
	// interaction, which is what strict invitations ask.
	FreshProof bool
	// Confirmed says that the guest was shown both addresses and chose to accept
	// as the other one.
	Confirmed bool
}

// AdmitsAs decides whether a guest may accept an invitation as who they are. It
// is the decision table of acceptance, and its only copy: nil lets them in;
// ErrInvitationNeedsProof asks for a code to the recipient (or, for a shared
// one, to any address that would do), ErrInvitationConfirm for their word, and
// ErrWrongIdentity is final for this identity, whatever else is missing.
func (i Invitation) AdmitsAs(a Arrival) error {
	err := i.admitsIdentity(a)
	if i.Strict && i.Kind == InvitationPersonal && !a.FreshProof && !errors.Is(err, ErrWrongIdentity) {
		return ErrInvitationNeedsProof
	}
	return err
}

func (i Invitation) admitsIdentity(a Arrival) error {
	switch i.Binding {
	case BindDomain:
		return i.admitsDomain(a)
	case BindConnector:
		return i.admitsConnector(a)
	case BindAny:
		return i.admitsAny(a)
	case BindExact:
	}
	return i.admitsExact(a)
}

// admitsExact wants the recipient's own address proved. A shared invitation has
// no recipient: any proved address will do, of its domains if it names some.
func (i Invitation) admitsExact(a Arrival) error {
	if i.Kind == InvitationShared {
		return i.admitsDomain(a)
	}
	if a.proves(i.Recipient()) {
		return nil
	}
	return unproved(a, func(email string) bool { return EmailKey(email) == EmailKey(i.RecipientEmail) })
}

// Domains are those that an invitation is bound to, if it is bound to any: where
// it names none, the recipient's.
func (i Invitation) Domains() []string {
	if len(i.AllowedDomains) == 0 && i.RecipientEmail != "" {
		return []string{emailDomain(i.RecipientEmail)}
	}
	return i.AllowedDomains
}

// InDomains reports whether an address is of one of some domains; where there are
// none, every address is.
func InDomains(email string, domains []string) bool {
	return len(domains) == 0 || slices.Contains(domains, emailDomain(email))
}

// admitsDomain wants a proved address of the invitation's domains.
func (i Invitation) admitsDomain(a Arrival) error {
	domains := i.Domains()
	fits := func(email string) bool { return InDomains(email, domains) }
	for _, id := range a.Proved {
		if id.Type == IdentifierEmail && fits(id.Value) || id.Type == IdentifierPhone && len(domains) == 0 {
			return nil
		}
	}
	return unproved(a, fits)
}

// admitsConnector wants one of the connectors; who the provider says they are
// is enough, unless domains are named too.
func (i Invitation) admitsConnector(a Arrival) error {
	if a.Connector == "" || len(i.AllowedConnectors) > 0 && !slices.Contains(i.AllowedConnectors, a.Connector) {
		return ErrWrongIdentity
	}
	if len(i.AllowedDomains) > 0 {
		return i.admitsDomain(a)
	}
	return nil
}

// admitsAny wants some proved address, and the guest's word where it is not the
// recipient's.
func (i Invitation) admitsAny(a Arrival) error {
	if len(a.Proved) == 0 {
		return ErrInvitationNeedsProof
	}
	if i.Kind == InvitationShared || a.proves(i.Recipient()) || a.Confirmed {
		return nil
	}
	return ErrInvitationConfirm
}

func (a Arrival) proves(id Identifier) bool {
	return slices.ContainsFunc(a.Proved, func(p Identifier) bool { return p.Key() == id.Key() })
}

// unproved tells a guest who has still to prove an address from one who proved
// that they are somebody else. A provider's unproved word counts for neither.
func unproved(a Arrival, fits func(email string) bool) error {
	for _, id := range a.Proved {
		if id.Type == IdentifierEmail && !fits(id.Value) {
			return ErrWrongIdentity
		}
	}
	return ErrInvitationNeedsProof
}

// emailDomain is the part after the last @, folded.
func emailDomain(email string) string {
	key := EmailKey(email)
	return key[strings.LastIndexByte(key, '@')+1:]
}

// MergeObjects writes the members of change over those of base, one level deep.
// Both are JSON objects or empty; anything else is an error.
func MergeObjects(base, change JSONObject) (JSONObject, error) {
	members := map[string]json.RawMessage{}
	for _, object := range []JSONObject{base, change} {
		if len(object) == 0 {
			continue
		}
		if err := json.Unmarshal(object, &members); err != nil {
			return nil, err
		}
	}
	return json.Marshal(members)
}

// FoldInvitationCode returns the code of a shared invitation as it is compared,
// whatever somebody typed of case, hyphens and spaces, and of letters that
// look like digits (the alphabet is Crockford's base 32). False: it cannot be
// one.
func FoldInvitationCode(typed string) (string, bool) {
	if len(typed) > MaxTypedInvitationCode {
		return "", false
	}
	var b strings.Builder
	for _, r := range strings.ToUpper(typed) {
		switch {
		case r == '-' || r == ' ':
		case r == 'O':
			b.WriteByte('0')
		case r == 'I' || r == 'L':
			b.WriteByte('1')
		case r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' && r != 'U':
			b.WriteRune(r)
		default:
			return "", false
		}
	}
	return b.String(), b.Len() == InvitationCodeGroups*InvitationCodeGroup
}
