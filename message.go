package guestlist

import (
	"log/slog"
	"slices"
)

// TemplateType says what a message is about; it chooses the template. The
// values are those of the wire contract.
type TemplateType string

// The template types.
const (
	TemplateSignIn                   TemplateType = "SignIn"
	TemplateRegister                 TemplateType = "Register"
	TemplateForgotPassword           TemplateType = "ForgotPassword"
	TemplateOrganizationInvitation   TemplateType = "OrganizationInvitation"
	TemplateGeneric                  TemplateType = "Generic"
	TemplateUserPermissionValidation TemplateType = "UserPermissionValidation"
	TemplateBindNewIdentifier        TemplateType = "BindNewIdentifier"
	TemplateMfaVerification          TemplateType = "MfaVerification"
	TemplateBindMfa                  TemplateType = "BindMfa"
)

// The template types that are ours: they are about invitations.
const (
	TemplateInvitation           TemplateType = "Invitation"
	TemplateInvitationReminder   TemplateType = "InvitationReminder"
	TemplateInvitationExpired    TemplateType = "InvitationExpired"
	TemplateWaitlistConfirmation TemplateType = "WaitlistConfirmation"
	TemplateWaitlistApproved     TemplateType = "WaitlistApproved"   // an invitation to somebody who asked for it
	TemplateInvitationAccepted   TemplateType = "InvitationAccepted" // to the inviter
	TemplateInvitationDigest     TemplateType = "InvitationDigest"   // to the inviter
)

// The template types, ours too, that tell the owner of an account what was
// changed of it, at the address that was known before.
const (
	TemplateEmailChanged    TemplateType = "EmailChanged"
	TemplatePhoneChanged    TemplateType = "PhoneChanged"
	TemplatePasswordChanged TemplateType = "PasswordChanged"
)

// TemplateTypes lists every template type in the order of the wire contract's
// enumeration, for error messages and forms, and then ours.
func TemplateTypes() []TemplateType {
	return []TemplateType{
		TemplateSignIn, TemplateRegister, TemplateForgotPassword, TemplateOrganizationInvitation,
		TemplateGeneric, TemplateUserPermissionValidation, TemplateBindNewIdentifier,
		TemplateMfaVerification, TemplateBindMfa,
		TemplateInvitation, TemplateInvitationReminder, TemplateInvitationExpired, TemplateWaitlistConfirmation,
		TemplateWaitlistApproved, TemplateInvitationAccepted, TemplateInvitationDigest,
		TemplateEmailChanged, TemplatePhoneChanged, TemplatePasswordChanged,
	}
}

// Valid reports whether t is one of TemplateTypes.
func (t TemplateType) Valid() bool { return slices.Contains(TemplateTypes(), t) }

// HasLink reports whether messages of a type carry a link and no code.
func (t TemplateType) HasLink() bool {
	return t == TemplateOrganizationInvitation || t.isInvitation() || t.IsNotice()
}

// IsNotice reports whether a type tells of a change that was made, and not of
// something that its reader is to do.
func (t TemplateType) IsNotice() bool {
	return t == TemplateEmailChanged || t == TemplatePhoneChanged || t == TemplatePasswordChanged
}

// isInvitation reports whether a type is one of ours.
func (t TemplateType) isInvitation() bool {
	switch t {
	case TemplateInvitation, TemplateInvitationReminder, TemplateInvitationExpired, TemplateWaitlistConfirmation,
		TemplateWaitlistApproved, TemplateInvitationAccepted, TemplateInvitationDigest:
		return true
	default: // of the wire
		return false
	}
}

// MaxLangTag is the longest language tag (BCP 47) that is taken, in bytes
// (RFC 5646 §4.4.1).
const MaxLangTag = 35

// Channel is the way a message travels.
type Channel string

// The channels.
const (
	ChannelEmail Channel = "email"
	ChannelSMS   Channel = "sms"
)

// Message is one message to one person, before it has words. Its JSON is what
// waits in the job queue. Payload usually carries a code or a link, so a
// Message is a secret: keep it sealed at rest; it hides its payload in logs.
type Message struct {
	// ID stays the same over every attempt to deliver the message, so that a
	// receiver can recognise a repetition.
	ID      string       `json:"id"`
	Channel Channel      `json:"channel"`
	To      string       `json:"to"` // an e-mail address, or a phone number in digits without "+"
	Type    TemplateType `json:"type"`
	Locale  string       `json:"locale,omitempty"` // BCP 47 tag, "" for the fallback language
	// Payload feeds the placeholders: code, link, application, organization,
	// user, inviter, locale, uiLocales and whatever the caller adds. The built-in
	// words of invitations also know message (the inviter's own words),
	// validUntil (a Time), guest, campaign, and the figures sent, opened, accepted
	// and bounced.
	Payload map[string]any `json:"payload,omitempty"`
	IP      string         `json:"ip,omitempty"` // of the person who caused it, for the sender's abuse checks
	// ExpiresAt is when the message is no use any more, because its code or
	// link has expired: it is not sent then. Zero means never.
	ExpiresAt Time   `json:"expiresAt,omitempty"`
	UserID    UserID `json:"userId,omitempty"` // whom it concerns, "" while there is no account
	// InvitationID is the invitation that it is about, whose delivery it decides.
	InvitationID InvitationID `json:"invitationId,omitempty"`
	// ValidFor is how long the link is good from the moment at which the message
	// is sent, in seconds; 0 where ExpiresAt says all.
	ValidFor int `json:"validFor,omitempty"`
	// Unsubscribe is the address where its reader ends further ones of the kind,
	// by one POST (RFC 8058 §3.1); "" for mail that somebody waits for.
	Unsubscribe string `json:"unsubscribe,omitempty"`
}

// LogValue keeps the recipient and the payload out of logs.
func (m Message) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", m.ID), slog.String("channel", string(m.Channel)), slog.String("type", string(m.Type)))
}

// String keeps the recipient and the payload out of formatted errors.
func (m Message) String() string {
	return "message " + m.ID + " (" + string(m.Channel) + ", " + string(m.Type) + ")"
}

// GoString keeps them out of %#v too.
func (m Message) GoString() string { return m.String() }

// EmailTemplate is one row of the tenant's own e-mail templates, unique by
// (LanguageTag, TemplateType). Its JSON is the wire format.
type EmailTemplate struct {
	TenantID     string               `json:"tenantId"`
	ID           TemplateID           `json:"id"`
	LanguageTag  string               `json:"languageTag"`
	TemplateType TemplateType         `json:"templateType"`
	Details      EmailTemplateDetails `json:"details"`
	CreatedAt    Time                 `json:"createdAt"`
}

// EmailTemplateDetails is the part of a template that its author writes. All
// of Subject, Content, ReplyTo and SendFrom may hold placeholders such as
// {{ application.name }}.
type EmailTemplateDetails struct {
	Subject     string `json:"subject"`
	Content     string `json:"content"`
	ContentType string `json:"contentType,omitempty"` // "text/html" (what "" means) or "text/plain"
	ReplyTo     string `json:"replyTo,omitempty"`
	SendFrom    string `json:"sendFrom,omitempty"`
}
