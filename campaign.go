package guestlist

import "time"

// Campaign is a batch of invitations made from one import and sent in waves.
// Its JSON is that of /api/invitation-campaigns.
type Campaign struct {
	TenantID string        `json:"tenantId"`
	ID       CampaignID    `json:"id"`
	Name     string        `json:"name"`
	State    CampaignState `json:"state"`
	Inviter  Inviter       `json:"inviter"`

	Terms InvitationTerms `json:"terms"`
	// Format is that of its rows: csv, ndjson, or "" before there are any.
	Format  string        `json:"format"`
	Columns []string      `json:"columns"` // the header of the file; of NDJSON the members of its first line
	Mapping []string      `json:"mapping"` // for each column what it is of an invitation; "" leaves it out
	Waves   CampaignWaves `json:"waves"`
	Locale  string        `json:"locale,omitempty"` // of those that have none of their own
	// Digest is how often the inviter is told what happened: "", daily or weekly.
	Digest string `json:"digest,omitempty"`

	Total    int            `json:"total"`    // rows of the file
	Done     int            `json:"done"`     // rows that have a verdict
	Verdicts map[string]int `json:"verdicts"` // how many rows have which: see RowVerdict
	Error    string         `json:"error,omitempty"`

	WavesSent  int   `json:"wavesSent"`
	NextWaveAt *Time `json:"nextWaveAt"` // nil: nothing is to be sent now
	CreatedAt  Time  `json:"createdAt"`
	StartedAt  *Time `json:"startedAt"`  // sending began
	FinishedAt *Time `json:"finishedAt"` // nothing is left to be sent
}

// CampaignState is how a campaign stands.
type CampaignState string

// The states of a campaign, in their order. Paused and cancelled ones send
// nothing; what was sent stays good, unless it is revoked. One that imports sends
// nothing either: there is no half campaign. What a cancelled one never sent is
// revoked, since nobody holds its links.
const (
	CampaignDraft     CampaignState = "draft" // has no rows yet
	CampaignUploading CampaignState = "uploading"
	CampaignUploaded  CampaignState = "uploaded" // waits to be started
	CampaignImporting CampaignState = "importing"
	CampaignSending   CampaignState = "sending"
	CampaignPaused    CampaignState = "paused"
	CampaignFinished  CampaignState = "finished"
	CampaignCancelled CampaignState = "cancelled"
	CampaignFailed    CampaignState = "failed" // of an import; it can be started again
)

// CampaignWaves say when the mails of a campaign go out. The zero value sends
// everything at once.
type CampaignWaves struct {
	Size     int    `json:"size,omitempty"`     // mails of one wave; 0: all
	Interval int    `json:"interval,omitempty"` // seconds between waves
	StartAt  Time   `json:"startAt,omitempty"`  // of the first
	TimeZone string `json:"timeZone,omitempty"` // IANA name, for the hours; "" is UTC
	FromHour int    `json:"fromHour,omitempty"` // waves leave between these hours of the day there
	ToHour   int    `json:"toHour,omitempty"`   // 0 with FromHour 0: at any hour
}

// RowVerdict is what became, or would become, of one row of an import.
type RowVerdict string

// The verdicts. New and ExistingUser rows become invitations.
const (
	RowNew            RowVerdict = "new"
	RowExistingUser   RowVerdict = "existing_user"   // invited to accept what is granted
	RowAlreadyPending RowVerdict = "already_pending" // has an open invitation of these organizations
	RowDuplicate      RowVerdict = "duplicate"       // of an earlier row of this import
	RowInvalid        RowVerdict = "invalid"
	RowSuppressed     RowVerdict = "suppressed" // the address takes no more mail
	RowBlocked        RowVerdict = "blocked"    // by the rules for addresses
	RowOverQuota      RowVerdict = "over_quota"
)

// RowVerdicts lists them.
func RowVerdicts() []RowVerdict {
	return []RowVerdict{
		RowNew, RowExistingUser, RowAlreadyPending, RowDuplicate, RowInvalid, RowSuppressed, RowBlocked, RowOverQuota,
	}
}

// Issues reports whether a row of this verdict becomes an invitation.
func (v RowVerdict) Issues() bool { return v == RowNew || v == RowExistingUser }

// RowReport is what became of one row, for reports and for answers that come
// while a file is read.
type RowReport struct {
	Line      int          `json:"line"` // of the file, from 1; a header counts
	Verdict   RowVerdict   `json:"verdict"`
	Recipient string       `json:"recipient,omitempty"`
	ID        InvitationID `json:"invitationId,omitempty"` // if it became one
	Code      string       `json:"code,omitempty"`         // of the refusal of an invalid row
	Message   string       `json:"message,omitempty"`
	Field     string       `json:"field,omitempty"` // the column or member that is wrong
	Err       error        `json:"-"`               // the refusal itself, before it has words
}

// InvitationAction is something done to every invitation of a filter, by a job:
// it survives whoever asked for it. Its JSON is that of /api/invitations/actions.
type InvitationAction struct {
	TenantID string                `json:"tenantId"`
	ID       InvitationActionID    `json:"id"`
	Action   InvitationVerb        `json:"action"`
	State    InvitationActionState `json:"state"`
	Filter   JSONObject            `json:"filter"`
	// ExpiresIn is how long those that are sent again or extended stay good from
	// then on, in seconds; 0 for what their terms say.
	ExpiresIn int    `json:"expiresIn,omitempty"`
	Reason    string `json:"reason,omitempty"` // of a revocation
	// Expected is how many invitations passed the filter when it was started; 0
	// where they were too many to be counted.
	Expected  int    `json:"expected"`
	Done      int    `json:"done"` // invitations that were looked at
	Changed   int    `json:"changed"`
	Error     string `json:"error,omitempty"`
	CreatedAt Time   `json:"createdAt"`
	// FinishedAt is when every invitation was looked at.
	FinishedAt *Time `json:"finishedAt"`
}

// InvitationActionID is the id of an InvitationAction.
type InvitationActionID string

// InvitationVerb is what an action does.
type InvitationVerb string

// The verbs. What is final is left as it is.
const (
	ActionResend InvitationVerb = "resend" // with a new link
	ActionRevoke InvitationVerb = "revoke"
	ActionExtend InvitationVerb = "extend"
	ActionDelete InvitationVerb = "delete"
)

// InvitationActionState is how an action stands.
type InvitationActionState string

// The states of an action.
const (
	ActionRunning   InvitationActionState = "running"
	ActionFinished  InvitationActionState = "finished"
	ActionCancelled InvitationActionState = "cancelled"
	ActionFailed    InvitationActionState = "failed"
)

// CampaignReport is how the guests of a campaign stand.
type CampaignReport struct {
	Imported  int `json:"imported"`
	Queued    int `json:"queued"` // still to be sent
	Sent      int `json:"sent"`
	Delivered int `json:"delivered"`
	Bounced   int `json:"bounced"` // bounced, complained, suppressed and failed
	Opened    int `json:"opened"`
	Started   int `json:"started"`
	Accepted  int `json:"accepted"`
	Declined  int `json:"declined"`
	Revoked   int `json:"revoked"`
	Expired   int `json:"expired"`
	// MedianToAccept is the median time from the first mail to acceptance, in
	// seconds; nil while nobody has accepted.
	MedianToAccept *int `json:"medianSecondsToAccept"`
}

// Limits of campaigns.
const (
	MaxCampaignRows      = 10_000_000
	MaxCampaignColumns   = 200
	MaxCampaignWave      = 1_000_000
	MinCampaignInterval  = time.Minute
	MaxCampaignInterval  = 30 * 24 * time.Hour
	KeepUploadedCampaign = 24 * time.Hour // a file that nobody starts is forgotten
	// UnsentInvitationTTL is how long an invitation stays open that waits for its
	// campaign; when it is sent its terms say how long from then.
	UnsentInvitationTTL = 365 * 24 * time.Hour
)

// CampaignEvent is an event about a campaign: its payload has event, createdAt
// (ISO 8601), campaignId, data (the campaign) and report.
func CampaignEvent(key string, c Campaign, report CampaignReport, now Time) (Event, error) {
	return eventAbout(key, c, now, map[string]any{"campaignId": c.ID, "report": report})
}

// CampaignRun is the payload of JobImportCampaign.
type CampaignRun struct {
	ID CampaignID `json:"id"`
}

// InvitationActionRun is the payload of JobInvitationAction.
type InvitationActionRun struct {
	ID InvitationActionID `json:"id"`
}
