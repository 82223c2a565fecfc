// Package guestlist holds the words of the product: the people, invitations,
// applications and rules that every other room speaks of. Guestlist is an
// identity server with a closed door: nobody gets in who is not on the list.
//
// It promises plain types whose JSON is the wire format, and pure rules: the
// same input gives the same answer, without clock, network, database or
// randomness. Where a rule needs the time it takes it as a value.
//
// It refuses to know how anything is stored, sent, hashed or rendered, and it
// imports the standard library only.
package guestlist

import "time"

// TenantID is the value of the tenantId member in wire objects. Guestlist
// serves one tenant per process; Logto's clients expect the member.
const TenantID = "default"

// ManagementAPI is the resource indicator (RFC 8707) of the management API.
// It is a constant of the wire contract, not an address.
const ManagementAPI = "https://default.logto.app/api"

// ScopeAll is the scope of ManagementAPI that permits everything.
const ScopeAll = "all"

// The narrower scopes of ManagementAPI, which are ours. Each route says which
// of them open it; ScopeAll opens every one.
const (
	ScopeRead             = "read"              // all that is no secret
	ScopeInvitationsRead  = "invitations:read"  // invitations, campaigns, requests
	ScopeInvitationsWrite = "invitations:write" // to issue, change and take them back
)

// ManagementScopes lists the scopes of ManagementAPI.
func ManagementScopes() []string {
	return []string{ScopeAll, ScopeRead, ScopeInvitationsRead, ScopeInvitationsWrite}
}

// MaxPeriod is the longest time that anybody may choose for how long something
// is good or waits: a leap year.
const (
	MaxPeriodDays = 366
	MaxPeriod     = MaxPeriodDays * 24 * time.Hour
)

// Time is an instant in milliseconds since the Unix epoch, the unit of the
// wire format and of every time column.
type Time int64

// TimeOf converts a time.Time to a Time, dropping what is below a millisecond.
func TimeOf(t time.Time) Time { return Time(t.UnixMilli()) }

// Std converts t to a time.Time in UTC.
func (t Time) Std() time.Time { return time.UnixMilli(int64(t)).UTC() }

// Add returns t moved by d.
func (t Time) Add(d time.Duration) Time { return t + Time(d.Milliseconds()) }

// Sub returns the duration from u to t.
func (t Time) Sub(u Time) time.Duration { return time.Duration(t-u) * time.Millisecond }

// ISO returns the time as webhook bodies have it: ISO 8601 in UTC, with
// milliseconds.
func (t Time) ISO() string { return t.Std().Format("2006-01-02T15:04:05.000Z") }

// Unix returns t in whole seconds since the epoch, the unit of JWT claims
// (RFC 7519 §2, NumericDate).
func (t Time) Unix() int64 { return int64(t) / 1000 }

// The identifiers. Each kind of row has its own type, so that the compiler
// refuses the id of one kind where another is meant.
type (
	UserID         string
	ApplicationID  string
	RoleID         string
	ResourceID     string
	ScopeID        string
	HookID         string
	ConnectorID    string
	OneTimeTokenID string
	InteractionID  string
	SessionID      string
	GrantID        string
	LogID          string
	TemplateID     string
	JobID          string
	KeyID          string
	ProfileFieldID string
)

// The lengths of generated ids, in characters of [0-9a-z].
const (
	IDLength      = 21 // most rows
	ShortIDLength = 12 // users, connectors
)
