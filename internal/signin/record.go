package signin

import (
	"slices"

	"guestlist"
)

// RecordType is the kind of a verification.
type RecordType string

// The record types that this version makes. The second factors join them
// later: nothing but the places that make and use a record knows its type, and
// what only some types hold is a struct of its own, as Outside is. A factor is
// verified for the user whom the interaction identified, so its record will name
// them and prove nothing of anybody else; Identify refuses what it does not
// know, and Next asks for a factor as it asks for a missing address.
const (
	RecordPassword            RecordType = "Password"
	RecordEmailCode           RecordType = "EmailVerificationCode"
	RecordPhoneCode           RecordType = "PhoneVerificationCode"
	RecordOneTimeToken        RecordType = "OneTimeToken"
	RecordNewPasswordIdentity RecordType = "NewPasswordIdentity"
	RecordSocial              RecordType = "Social"
	RecordSSO                 RecordType = "EnterpriseSso"
)

// Record is one verification of an interaction. At most one of each type is
// held; a new one replaces the old.
type Record struct {
	ID         string               `json:"id"` // 21 characters
	Type       RecordType           `json:"type"`
	Identifier guestlist.Identifier `json:"identifier"`
	Verified   bool                 `json:"verified"`

	Template guestlist.TemplateType `json:"template,omitempty"` // of a code
	Untold   bool                   `json:"untold,omitempty"`   // the guest did not name the address

	TokenID      guestlist.OneTimeTokenID      `json:"tokenId,omitempty"`
	TokenContext guestlist.OneTimeTokenContext `json:"tokenContext"`
	// InvitationID is set where the token was the link of an invitation.
	InvitationID guestlist.InvitationID `json:"invitationId,omitempty"`
	// Hosted says that a hosted page verified the token, where a scanner may
	// have pressed the button; Confirmed that the guest typed the address.
	Hosted    bool `json:"hosted,omitempty"`
	Confirmed bool `json:"confirmed,omitempty"`

	Digest *guestlist.PasswordDigest `json:"digest,omitempty"` // of a NewPasswordIdentity
	Mark   string                    `json:"mark,omitempty"`   // of the password that was typed; see passwordMark

	Outside *Outside `json:"outside,omitempty"` // of Social and EnterpriseSso
}

// Public returns the record as the wire shows it.
func (r Record) Public() map[string]any {
	if r.Outside != nil {
		return r.Outside.public(r)
	}
	m := map[string]any{"id": r.ID, "type": r.Type, "identifier": r.Identifier, "verified": r.Verified}
	switch r.Type {
	case RecordNewPasswordIdentity: // it proves nothing
		delete(m, "verified")
	case RecordEmailCode, RecordPhoneCode:
		m["templateType"] = r.Template
		if r.Untold && !r.Verified {
			m["identifier"] = guestlist.Identifier{Type: r.Identifier.Type, Value: Masked(r.Identifier)}
		}
	case RecordOneTimeToken:
		m["oneTimeTokenContext"] = r.TokenContext
	default: // the others show no more
	}
	return m
}

// provesAddress reports whether a verified record of this type proves that
// the guest reads what is sent to its identifier.
func (r Record) provesAddress() bool {
	return r.Verified && (r.Type == RecordEmailCode || r.Type == RecordPhoneCode || r.Type == RecordOneTimeToken)
}

// record returns the record with an id.
func (i *Interaction) record(id string) (Record, bool) {
	for _, r := range i.Records {
		if r.ID == id {
			return r, true
		}
	}
	return Record{}, false
}

// ofType returns the record of a type.
func (i *Interaction) ofType(t RecordType) (Record, bool) {
	for _, r := range i.Records {
		if r.Type == t {
			return r, true
		}
	}
	return Record{}, false
}

// putRecord adds a record as the latest, replacing the one of its type.
func (i *Interaction) putRecord(r Record) {
	kept := make([]Record, 0, len(i.Records)+1)
	for _, old := range i.Records {
		if old.Type != r.Type {
			kept = append(kept, old)
		}
	}
	i.Records = append(kept, r)
}

// dropRecord forgets the record of a type.
func (i *Interaction) dropRecord(t RecordType) {
	i.Records = slices.DeleteFunc(slices.Clone(i.Records), func(r Record) bool { return r.Type == t })
}

// replaceRecord changes a record where it stands.
func (i *Interaction) replaceRecord(r Record) {
	for n := range i.Records {
		if i.Records[n].ID == r.ID {
			i.Records[n] = r
		}
	}
}

// heldToken returns the verified one-time token record, if there is one.
func (i *Interaction) heldToken() (Record, bool) {
	r, ok := i.ofType(RecordOneTimeToken)
	return r, ok && r.Verified
}

// skipsCaptcha reports whether nothing more has to show that the guest is
// human: who holds a link, or was recognised by an outside provider, was asked
// elsewhere. The code of a shared invitation may be in everybody's hands.
func (i *Interaction) skipsCaptcha() bool {
	if i.Invite != nil && i.Invite.Personal {
		return true
	}
	for _, r := range i.Records {
		if r.Verified && (r.Type == RecordOneTimeToken || r.Outside != nil) {
			return true
		}
	}
	return false
}
