package invite

import (
	"time"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
)

// The refusals of who runs campaigns.
var (
	ErrCampaignStarted    = guestlist.Refuse(guestlist.KindConflict, "invitation_campaign.started")
	ErrCampaignIncomplete = guestlist.Refuse(guestlist.KindConflict, "invitation_campaign.incomplete")
	ErrCampaignState      = guestlist.Refuse(guestlist.KindConflict, "invitation_campaign.wrong_state")
	errCampaignChoice     = guestlist.Refuse(guestlist.KindUnprocessable, "invitation_campaign.invalid")
)

// maxCampaignName is the longest name of a campaign, in characters.
const maxCampaignName = 128

// NewCampaign makes a draft of a campaign of a host, all of it checked; it is not
// written yet. name is for hosts.
func (h Host) NewCampaign(tx *store.Tx, c guestlist.Campaign) (store.Campaign, error) {
	made := store.Campaign{Campaign: c}
	made.ID, made.State, made.Inviter = guestlist.CampaignID(crypt.OrderedID(tx.Now)), guestlist.CampaignDraft, h.Inviter
	made.TenantID, made.Verdicts, made.CreatedAt = guestlist.TenantID, map[string]int{}, tx.Now
	ends := tx.Now.Add(guestlist.KeepUploadedCampaign)
	made.ExpiresAt = &ends
	return made, h.CheckCampaign(tx, &made)
}

// HandsOn notes that a host has had a hand in a campaign, in its terms or its
// rows. Its invitations are issued later, by the rights of its inviter; but who
// has not all of them gives none away by somebody else's campaign.
func (h Host) HandsOn(c *store.Campaign) {
	if c.Inviter.Authority == guestlist.AuthorityHost && !h.has(guestlist.ScopeAll) {
		c.Inviter.Authority = guestlist.AuthorityNarrow
	}
}

// CheckCampaign holds what a host chose for a campaign against the rules, and
// completes its terms.
func (h Host) CheckCampaign(tx *store.Tx, c *store.Campaign) error {
	h.HandsOn(c)
	if c.Name == "" || !CheckText(c.Name, maxCampaignName, false) {
		return errText.WithArgs(map[string]any{"max": maxCampaignName})
	}
	if err := first(checkLocale(c.Locale), CheckWaves(c.Waves, tx.Now)); err != nil {
		return err
	}
	if c.Digest != "" && c.Digest != DigestDaily && c.Digest != DigestWeekly {
		return errCampaignChoice.Saying("A digest comes daily or weekly.")
	}
	var err error
	c.Terms, err = h.CheckTerms(tx, guestlist.InvitationPersonal, c.Terms)
	return err
}

// Place is what hosts have in common who act later, in a job: what no row says.
type Place struct {
	BuiltIn    map[guestlist.ApplicationID]guestlist.Application
	TargetOf   func(guestlist.Connector) string
	Disposable map[string]bool
}

// Host returns somebody who invites, with the rights that they have now; who may
// not invite any more is guestlist.ErrInviterGone.
func (p Place) Host(tx *store.Tx, who guestlist.Inviter) (Host, error) {
	h, err := HostOf(tx, guestlist.Invitation{Inviter: who})
	h.BuiltIn, h.TargetOf, h.Disposable = p.BuiltIn, p.TargetOf, p.Disposable
	return h, err
}

// How often the inviter is told how a campaign stands.
const (
	DigestDaily  = "daily"
	DigestWeekly = "weekly"
)

// digestEvery is the time between two digests.
func digestEvery(digest string) time.Duration {
	if digest == DigestWeekly {
		return 7 * day
	}
	return day
}

// StartCampaign hands the rows of a campaign to the importer, if they are there.
// One that failed goes on where it was.
func StartCampaign(tx *store.Tx, c *store.Campaign) error {
	switch c.State {
	case guestlist.CampaignDraft, guestlist.CampaignUploading:
		return ErrCampaignIncomplete
	case guestlist.CampaignUploaded, guestlist.CampaignFailed:
	default:
		return ErrCampaignStarted
	}
	c.State, c.Error, c.ExpiresAt = guestlist.CampaignImporting, "", nil
	if err := tx.UpdateCampaign(*c); err != nil {
		return err
	}
	return enqueueRun(tx, c.ID)
}

// PauseCampaign stops a campaign that imports or sends, until it is resumed.
// What was handed to the senders goes out.
func PauseCampaign(tx *store.Tx, c *store.Campaign) error {
	if c.State != guestlist.CampaignImporting && c.State != guestlist.CampaignSending {
		return ErrCampaignState
	}
	c.State = guestlist.CampaignPaused
	return tx.UpdateCampaign(*c)
}

// ResumeCampaign lets a paused campaign go on: with its import, or with its next
// wave, which leaves no earlier than it would have.
func ResumeCampaign(tx *store.Tx, c *store.Campaign) error {
	if c.State != guestlist.CampaignPaused {
		return ErrCampaignState
	}
	if c.StartedAt == nil {
		c.State = guestlist.CampaignImporting
		if err := tx.UpdateCampaign(*c); err != nil {
			return err
		}
		return enqueueRun(tx, c.ID)
	}
	c.State = guestlist.CampaignSending
	tx.HasWork()
	return tx.UpdateCampaign(*c)
}

// CancelCampaign ends a campaign: nothing more is sent. What it never sent is
// revoked, since nobody holds the links and nobody could be invited anew; with
// revoke the rest that is open too.
func (h Host) CancelCampaign(tx *store.Tx, c *store.Campaign, revoke bool) error {
	switch c.State {
	case guestlist.CampaignFinished:
		if !revoke {
			return ErrCampaignState
		}
	case guestlist.CampaignCancelled:
		return ErrCampaignState
	default: // goes on, or waits
	}
	now := tx.Now
	c.State, c.FinishedAt, c.NextWaveAt, c.WaveLeft, c.DigestAt, c.ExpiresAt = guestlist.CampaignCancelled, &now, nil, 0, nil, nil
	if err := tx.CampaignSpool(c.ID).DropAllLines(); err != nil {
		return err
	}
	if err := tx.UpdateCampaign(*c); err != nil {
		return err
	}
	which := ActionFilter{InvitationChoice: guestlist.InvitationChoice{CampaignID: c.ID}, Unsent: !revoke}
	_, err := h.StartAction(tx, guestlist.ActionRevoke, which, ActionChoices{Reason: reasonCancelled})
	return err
}

// reasonCancelled is why invitations of a cancelled campaign were revoked.
const reasonCancelled = "campaign_cancelled"

// FinishImport is the end of an import: the first wave gets its time.
func FinishImport(tx *store.Tx, c *store.Campaign) {
	now := tx.Now
	first := NextWave(c.Waves, max(now, c.Waves.StartAt))
	c.State, c.StartedAt, c.NextWaveAt, c.WaveLeft, c.ExpiresAt = guestlist.CampaignSending, &now, &first, 0, nil
	if c.Digest != "" {
		at := max(now, c.Waves.StartAt).Add(digestEvery(c.Digest))
		c.DigestAt = &at
	}
	tx.HasWork()
}

// Report is how the guests of a campaign stand: sums of few rows, however many
// guests there are.
func Report(tx *store.Tx, c store.Campaign) (guestlist.CampaignReport, error) {
	var r guestlist.CampaignReport
	counts, err := tx.InvitationCounts(c.ID)
	if err != nil {
		return r, err
	}
	sums := map[store.InvitationStage]int{}
	for _, n := range counts {
		sums[n.Stage] += n.N
	}
	r = guestlist.CampaignReport{
		Imported: sums[store.StageIssued], Sent: sums[store.StageSent], Delivered: sums[store.StageDelivered],
		Bounced: sums[store.StageFailed], Opened: sums[store.StageOpened], Started: sums[store.StageStarted],
		Accepted: sums[store.StageAccepted], Declined: sums[store.StageDeclined], Revoked: sums[store.StageRevoked],
		Expired: sums[store.StageExpired],
	}
	if c.FinishedAt == nil {
		r.Queued = max(0, r.Imported-sums[store.StageSettled])
	}
	if r.Accepted > 0 {
		took, err := tx.MedianToAccept(c.ID)
		if found, err := orNone(err); err != nil || !found {
			return r, err
		}
		seconds := int(took / 1000)
		r.MedianToAccept = &seconds
	}
	return r, nil
}
