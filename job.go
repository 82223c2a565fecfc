package guestlist

import "encoding/json"

// Job is work for later, written in the transaction that causes it.
type Job struct {
	Kind string // decides the handler, e.g. "message.send"
	// Lane groups jobs that share a fate, e.g. one webhook endpoint, so that
	// a slow lane does not hold up the others. Empty means the kind.
	Lane string
	// DedupeKey, when not empty, makes a second job with the same key a no-op
	// while the first one exists.
	DedupeKey string
	// Payload is sealed at rest, since it may carry codes.
	Payload json.RawMessage
	RunAt   Time // zero: now
	// MaxAttempts is how often it is tried before it is given up; 0 means
	// DefaultJobAttempts.
	MaxAttempts int
}

// DefaultJobAttempts is how often a job is tried unless it says otherwise.
const DefaultJobAttempts = 12

// The kinds of jobs.
const (
	JobSendMessage = "message.send" // payload: a Message
	JobDeliverHook = "hook.deliver" // payload: notify's own
	JobDeleteUser  = "user.delete"  // payload: a UserDeletion
	JobImportUsers = "user.import"  // payload: a UserImportRun

	JobImportCampaign   = "invitation.import" // payload: a CampaignRun
	JobInvitationAction = "invitation.action" // payload: an InvitationActionRun
	JobFreshLink        = "invitation.fresh"  // payload: signin's own
)
