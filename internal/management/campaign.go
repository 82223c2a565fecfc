package management

import (
	"encoding/json"
	"net/http"

	"guestlist"
	"guestlist/internal/invite"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

const tableCampaigns = "invitation_campaigns"

func (a *API) campaignRoutes() []route {
	const read, write = guestlist.ScopeInvitationsRead, guestlist.ScopeInvitationsWrite
	const one = "/api/invitation-campaigns/{id}"
	return []route{
		raw(http.MethodPost, "/api/invitations/batch",
			"Invite any number of people from NDJSON or CSV, as a campaign; with dryRun=true a verdict per row, and nothing changes; repeatable under an Idempotency-Key",
			"application/json", a.importInvitations).with201().takes(write),
		get("/api/invitation-campaigns", "List campaigns, the newest first", a.listCampaigns).takes(read),
		post("/api/invitation-campaigns", "Make a campaign, whose rows come later", a.createCampaign).with201().takes(write),
		get(one, "Get how a campaign stands", a.getCampaign).takes(read),
		patch(one, "Change a campaign: all of it before it is started, and then its name, waves and digest", a.changeCampaign).takes(write),
		remove(one, "Forget a campaign that was not started or is over; its invitations stay", a.deleteCampaign).takes(write),
		raw(http.MethodPost, one+"/preview", "Say what would become of each row that was uploaded; changes nothing",
			contentTypeNDJSON, a.previewCampaign).takes(write),
		post(one+"/start", "Make invitations of the rows, whoever waits, and send them in waves", a.startCampaign).takes(write),
		post(one+"/pause", "Stop a campaign until it is resumed", a.pauseCampaign).takes(write),
		post(one+"/resume", "Let a paused campaign go on", a.resumeCampaign).takes(write),
		post(one+"/cancel", "End a campaign; what it never sent is revoked, and with revoke what is still open", a.cancelCampaign).takes(write),
		get(one+"/report", "Get how the guests of a campaign stand", a.reportCampaign).takes(read),
		raw(http.MethodGet, one+"/report.csv", "Get how the guests of a campaign stand, as CSV", contentTypeCSV, a.reportCampaignCSV).takes(read),
		raw(http.MethodGet, one+"/rows.csv", "Download what became of each row, as CSV", contentTypeCSV, a.reportRows).takes(read),
	}
}

// campaignChoices is what a host chooses of a campaign.
type campaignChoices struct {
	Name    string          `json:"name,omitempty" check:"max=128"`
	Terms   invitationTerms `json:"terms,omitempty"`
	Mapping []string        `json:"mapping,omitempty" check:"max=200,each.max=256"`
	Waves   campaignWaves   `json:"waves,omitempty"`
	Locale  string          `json:"locale,omitempty" check:"max=35"`
	Digest  string          `json:"digest,omitempty" check:"enum=daily|weekly,orEmpty"`
}

type campaignWaves struct {
	Size     int            `json:"size,omitempty" check:"min=0,max=1000000"`
	Interval int            `json:"interval,omitempty" check:"min=0,max=2592000"`
	StartAt  guestlist.Time `json:"startAt,omitempty" check:"min=0"`
	TimeZone string         `json:"timeZone,omitempty" check:"max=64"`
	FromHour int            `json:"fromHour,omitempty" check:"min=0,max=23"`
	ToHour   int            `json:"toHour,omitempty" check:"min=0,max=24"`
}

// campaign returns a campaign of choices. Custom data and profile of its terms
// are everybody's, so they stay with the terms.
func (in campaignChoices) campaign() guestlist.Campaign {
	c := guestlist.Campaign{
		Name: in.Name, Mapping: in.Mapping, Waves: guestlist.CampaignWaves(in.Waves), Locale: in.Locale, Digest: in.Digest,
	}
	var own guestlist.InvitationOwn
	c.Terms, own = in.Terms.terms()
	c.Terms.Grants.CustomData, c.Terms.Grants.Profile = own.CustomData, own.Profile
	return c
}

type campaignID struct {
	ID guestlist.CampaignID `path:"id"`
}

func (a *API) listCampaigns(c *call, in struct {
	Paging web.Paging `paging:"required"`
},
) (list[guestlist.Campaign], error) {
	var l list[guestlist.Campaign]
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		rows, total, err := tx.Campaigns(c.window())
		l.Total = total
		for _, row := range rows {
			l.Rows = append(l.Rows, row.Campaign)
		}
		return err
	})
	return l, err
}

func (a *API) createCampaign(c *call, in struct{ Body campaignChoices }) (guestlist.Campaign, error) {
	var made store.Campaign
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		var err error
		if made, err = c.host().NewCampaign(tx, in.Body.campaign()); err != nil {
			return err
		}
		if err := checkMapping(made); err != nil {
			return err
		}
		return tx.InsertCampaign(made, "")
	})
	return made.Campaign, err
}

// checkMapping holds a mapping against the columns of a file, if both are there.
func checkMapping(c store.Campaign) error {
	if c.Format == formatNDJSON || len(c.Mapping) == 0 {
		return nil
	}
	inv := web.Invalid{}
	if c.Format != "" && !inv.Check(len(c.Mapping) == len(c.Columns), "mapping", "custom", "As many as the file has columns are needed") {
		return inv.Err()
	}
	_, err := newCSVRows(',', c.Mapping)
	return err
}

func (a *API) getCampaign(c *call, in campaignID) (guestlist.Campaign, error) {
	var row store.Campaign
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		row, err = tx.Campaign(in.ID)
		return orNoID(err, tableCampaigns, in.ID)
	})
	return row.Campaign, err
}

// campaignChange is what of a campaign is to be changed.
type campaignChange struct {
	Name    *string          `json:"name,omitempty" check:"min=1,max=128"`
	Terms   *invitationTerms `json:"terms,omitempty"`
	Mapping *[]string        `json:"mapping,omitempty" check:"max=200,each.max=256"`
	Waves   *campaignWaves   `json:"waves,omitempty"`
	Locale  *string          `json:"locale,omitempty" check:"max=35"`
	Digest  *string          `json:"digest,omitempty" check:"enum=daily|weekly,orEmpty"`
}

func (in campaignChange) apply(c *store.Campaign) error {
	if in.Terms != nil || in.Mapping != nil || in.Locale != nil {
		switch c.State {
		case guestlist.CampaignDraft, guestlist.CampaignUploading, guestlist.CampaignUploaded:
		default:
			return invite.ErrCampaignStarted
		}
	}
	set(&c.Name, in.Name)
	set(&c.Mapping, in.Mapping)
	set(&c.Locale, in.Locale)
	set(&c.Digest, in.Digest)
	if in.Waves != nil {
		c.Waves = guestlist.CampaignWaves(*in.Waves)
	}
	if in.Terms != nil {
		c.Terms = campaignChoices{Terms: *in.Terms}.campaign().Terms
	}
	return checkMapping(*c)
}

func (a *API) changeCampaign(c *call, in struct {
	ID   guestlist.CampaignID `path:"id"`
	Body campaignChange
},
) (guestlist.Campaign, error) {
	return a.onCampaign(c, in.ID, func(tx *store.Tx, row *store.Campaign) error {
		if row.FinishedAt != nil {
			return invite.ErrCampaignState
		}
		if err := in.Body.apply(row); err != nil {
			return err
		}
		if err := c.host().CheckCampaign(tx, row); err != nil {
			return err
		}
		return tx.UpdateCampaign(*row)
	})
}

// onCampaign does something with a campaign that nobody else changes meanwhile.
func (a *API) onCampaign(c *call, id guestlist.CampaignID, do func(*store.Tx, *store.Campaign) error) (guestlist.Campaign, error) {
	var row store.Campaign
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		var err error
		if row, err = tx.CampaignForUpdate(id); err != nil {
			return orNoID(err, tableCampaigns, id)
		}
		return do(tx, &row)
	})
	return row.Campaign, err
}

func (a *API) deleteCampaign(c *call, in campaignID) (none, error) {
	_, err := a.onCampaign(c, in.ID, func(tx *store.Tx, row *store.Campaign) error {
		switch row.State {
		case guestlist.CampaignImporting, guestlist.CampaignSending, guestlist.CampaignPaused, guestlist.CampaignFailed:
			return invite.ErrCampaignState // cancel it: its invitations would wait for ever
		default:
		}
		return tx.DeleteCampaign(in.ID)
	})
	return none{}, err
}

func (a *API) startCampaign(c *call, in campaignID) (guestlist.Campaign, error) {
	return a.onCampaign(c, in.ID, func(tx *store.Tx, row *store.Campaign) error { return startRows(tx, c, row) })
}

// startRows begins the import of a campaign, on behalf of its inviter and by the
// rights of who starts it.
func startRows(tx *store.Tx, c *call, row *store.Campaign) error {
	if row.State == guestlist.CampaignUploaded {
		if _, err := parserOf(*row); err != nil {
			return err
		}
		if err := c.host().CheckCampaign(tx, row); err != nil {
			return err
		}
	}
	return invite.StartCampaign(tx, row)
}

func (a *API) pauseCampaign(c *call, in campaignID) (guestlist.Campaign, error) {
	return a.onCampaign(c, in.ID, invite.PauseCampaign)
}

func (a *API) resumeCampaign(c *call, in campaignID) (guestlist.Campaign, error) {
	return a.onCampaign(c, in.ID, invite.ResumeCampaign)
}

func (a *API) cancelCampaign(c *call, in struct {
	ID   guestlist.CampaignID `path:"id"`
	Body struct {
		Revoke bool `json:"revoke,omitempty"` // what is still open too
	}
},
) (guestlist.Campaign, error) {
	return a.onCampaign(c, in.ID, func(tx *store.Tx, row *store.Campaign) error {
		return c.host().CancelCampaign(tx, row, in.Body.Revoke)
	})
}

// campaignQuery reads choices from the query of a request that has another body:
// name, mapping (names with commas between), terms and waves (JSON), locale,
// digest.
func campaignQuery(get func(string) string) (campaignChoices, error) {
	object := map[string]json.RawMessage{}
	for _, name := range []string{"name", "locale", "digest"} {
		if text := get(name); text != "" {
			quoted, err := json.Marshal(text)
			if err != nil {
				return campaignChoices{}, err
			}
			object[name] = quoted
		}
	}
	for _, name := range []string{"terms", "waves"} {
		if text := get(name); text != "" {
			if !json.Valid([]byte(text)) {
				inv := web.Invalid{What: "query"}
				inv.Check(false, name, "custom", "Expected a JSON object")
				return campaignChoices{}, inv.Err()
			}
			object[name] = json.RawMessage(text)
		}
	}
	if text := get("mapping"); text != "" {
		names, err := csvFields([]byte(text))
		if err != nil {
			return campaignChoices{}, err
		}
		if object["mapping"], err = json.Marshal(names); err != nil {
			return campaignChoices{}, err
		}
	}
	text, err := json.Marshal(object)
	if err != nil {
		return campaignChoices{}, err
	}
	var choices campaignChoices
	return choices, fill(campaignChoicesSchema, text, &choices)
}
