package store

import (
	"guestlist"
)

// The purposes of the secrets in this file: what a caller names a request by is
// theirs.
const (
	hashCampaignKey     = "invitation.campaign.key"
	hashCampaignContent = "invitation.campaign.content"
)

// Campaign is a campaign with how far it is worked off, which is nobody's
// business but that of who works.
type Campaign struct {
	guestlist.Campaign
	TermsID guestlist.InvitationTermID
	Part    int // the next part of the rows to be worked off
	// SentTo and SettledTo are the invitations up to which first mails were handed
	// over, and up to which it is known what became of them.
	SentTo, SettledTo guestlist.InvitationID
	// Separator is between the fields of a CSV file.
	Separator string
	WaveLeft  int // mails of the wave under way that are still to be handed over
	DigestAt  *guestlist.Time
	// Upload names the request that uploads the rows. Another one takes over by
	// putting its own name here.
	Upload string
	// Content is what CampaignContent gave for the rows; "" before they are there.
	Content   string
	ExpiresAt *guestlist.Time // of a file that nobody starts
}

// campaignChoices is the column choices.
type campaignChoices struct {
	Format  string                  `json:"format"`
	Between string                  `json:"separator,omitempty"`
	Mapping []string                `json:"mapping"`
	Waves   guestlist.CampaignWaves `json:"waves"`
	Locale  string                  `json:"locale,omitempty"`
	Digest  string                  `json:"digest,omitempty"`
}

const campaignColumns = `id, name, state, inviter, terms_id, (SELECT body FROM invitation_terms WHERE invitation_terms.id = terms_id),
	columns, choices, total, done, verdicts, part, sent_to, settled_to, waves_sent, wave_left, next_wave_at, digest_at,
	content, upload, error, created_at, started_at, finished_at, expires_at`

func scanCampaign(sc scanner) (Campaign, error) {
	c := Campaign{Campaign: guestlist.Campaign{TenantID: guestlist.TenantID}}
	var inviter, terms, columns, choices, verdicts string
	if err := sc.Scan(&c.ID, &c.Name, &c.State, &inviter, &c.TermsID, &terms, &columns, &choices, &c.Total, &c.Done, &verdicts,
		&c.Part, &c.SentTo, &c.SettledTo, &c.WavesSent, &c.WaveLeft, &c.NextWaveAt, &c.DigestAt, &c.Content, &c.Upload,
		&c.Error, &c.CreatedAt, &c.StartedAt, &c.FinishedAt, &c.ExpiresAt); err != nil {
		return c, err
	}
	var choice campaignChoices
	for _, column := range []struct {
		text string
		into any
	}{{inviter, &c.Inviter}, {terms, &c.Terms}, {columns, &c.Columns}, {choices, &choice}, {verdicts, &c.Verdicts}} {
		if err := fromJSON(column.text, column.into); err != nil {
			return c, err
		}
	}
	c.Format, c.Separator, c.Mapping, c.Waves = choice.Format, choice.Between, choice.Mapping, choice.Waves
	c.Locale, c.Digest = choice.Locale, choice.Digest
	return c, nil
}

// texts are the JSON columns of a campaign.
func (c Campaign) texts() (inviter, columns, choices, verdicts string, err error) {
	if inviter, err = jsonText(c.Inviter); err != nil {
		return
	}
	if columns, err = jsonText(orNone(c.Columns)); err != nil {
		return
	}
	if verdicts, err = jsonText(c.Verdicts); err != nil {
		return
	}
	choices, err = jsonText(campaignChoices{c.Format, c.Separator, orNone(c.Mapping), c.Waves, c.Locale, c.Digest})
	return
}

// orNone writes no list as an empty one.
func orNone[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// InsertCampaign writes a new campaign. key is the Idempotency-Key of its caller
// together with who that is, "" for none; one that is there already is
// entity.unique_integrity_violation.
func (tx *Tx) InsertCampaign(c Campaign, key string) error {
	terms, err := tx.PutInvitationTerms(c.Terms)
	if err != nil {
		return err
	}
	inviter, columns, choices, verdicts, err := c.texts()
	if err != nil {
		return err
	}
	var hashed *string
	if key != "" {
		h := tx.s.key.Hash(hashCampaignKey, key)
		hashed = &h
	}
	return tx.run(`INSERT INTO invitation_campaigns (id, name, state, inviter, terms_id, columns, choices, total, done, verdicts, part,
			offset_in, sent_to, settled_to, waves_sent, wave_left, next_wave_at, digest_at, idempotency_key, content, upload, error,
			created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, $8, 0, 0, '', '', 0, 0, NULL, NULL, $9, '', $10, '', $11, $12)`,
		c.ID, c.Name, c.State, inviter, terms, columns, choices, verdicts, hashed, c.Upload, tx.Now, c.ExpiresAt)
}

// UpdateCampaign writes how a campaign stands.
func (tx *Tx) UpdateCampaign(c Campaign) error {
	terms, err := tx.PutInvitationTerms(c.Terms)
	if err != nil {
		return err
	}
	inviter, columns, choices, verdicts, err := c.texts()
	if err != nil {
		return err
	}
	return changed(tx.exec(`UPDATE invitation_campaigns SET name = $2, state = $3, terms_id = $4, columns = $5, choices = $6, total = $7,
			done = $8, verdicts = $9, part = $10, sent_to = $11, settled_to = $12, waves_sent = $13, wave_left = $14,
			next_wave_at = $15, digest_at = $16, content = $17, upload = $18, error = $19, started_at = $20, finished_at = $21,
			expires_at = $22, inviter = $23
		WHERE id = $1`,
		c.ID, c.Name, c.State, terms, columns, choices, c.Total, c.Done, verdicts, c.Part, c.SentTo, c.SettledTo, c.WavesSent,
		c.WaveLeft, c.NextWaveAt, c.DigestAt, c.Content, c.Upload, storable(c.Error, maxMessageError), c.StartedAt, c.FinishedAt,
		c.ExpiresAt, inviter))
}

// Campaign returns a campaign; ErrNotFound if there is none.
func (tx *Tx) Campaign(id guestlist.CampaignID) (Campaign, error) {
	return one(tx, scanCampaign, "SELECT "+campaignColumns+" FROM invitation_campaigns WHERE id = $1", id)
}

// CampaignForUpdate is Campaign for a caller that will write it back.
func (tx *Tx) CampaignForUpdate(id guestlist.CampaignID) (Campaign, error) {
	if tx.s.dialect.forUpdate != "" { // not with the terms, which others share
		var one int
		if err := tx.row("SELECT 1 FROM invitation_campaigns WHERE id = $1"+tx.s.dialect.forUpdate, []any{id}, &one); err != nil {
			return Campaign{}, err
		}
	}
	return tx.Campaign(id)
}

// CampaignByKey returns the campaign that was made under an Idempotency-Key, and
// locks it; ErrNotFound if there is none.
func (tx *Tx) CampaignByKey(key string) (Campaign, error) {
	var id guestlist.CampaignID
	if err := tx.row("SELECT id FROM invitation_campaigns WHERE idempotency_key = $1",
		[]any{tx.s.key.Hash(hashCampaignKey, key)}, &id); err != nil {
		return Campaign{}, err
	}
	return tx.CampaignForUpdate(id)
}

// CampaignContent returns what tells one upload from another: a keyed hash of a
// digest of its bytes, so that the row says nothing of the file.
func (s *Store) CampaignContent(digest string) string { return s.key.Hash(hashCampaignContent, digest) }

// Campaigns lists campaigns, the newest first, and how many there are.
func (tx *Tx) Campaigns(p Page) ([]Campaign, int, error) {
	return page(tx, scanCampaign, campaignColumns, "invitation_campaigns", "created_at DESC, id DESC", nil, p)
}

// DeleteCampaign removes a campaign with its rows and verdicts; ErrNotFound if
// there is none. Its invitations stay.
func (tx *Tx) DeleteCampaign(id guestlist.CampaignID) error {
	return changed(tx.exec("DELETE FROM invitation_campaigns WHERE id = $1", id))
}

// StaleCampaigns returns up to limit campaigns whose file was not started in
// time.
func (tx *Tx) StaleCampaigns(limit int) ([]guestlist.CampaignID, error) {
	return collect(tx, scanCampaignID, "SELECT id FROM invitation_campaigns WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2", tx.Now, limit)
}

func scanCampaignID(sc scanner) (guestlist.CampaignID, error) {
	var id guestlist.CampaignID
	err := sc.Scan(&id)
	return id, err
}
