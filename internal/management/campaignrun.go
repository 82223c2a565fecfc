package management

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"guestlist"
	"guestlist/internal/connector"
	"guestlist/internal/invite"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

// place is what hosts have in common who act in a job.
func (a *API) place() invite.Place {
	p := invite.Place{BuiltIn: a.BuiltIn, TargetOf: connector.TargetOf}
	if a.Desk != nil {
		p.Disposable = a.Desk.Disposable
	}
	return p
}

// ImportCampaignOn runs a job of the kind guestlist.JobImportCampaign: it works
// rows off until there are none, or time is short; more says that it wants to be
// called again. The invitations of a part are written in one transaction with
// their verdicts and with how far the campaign is: whatever dies when, every row
// is done once.
func (a *API) ImportCampaignOn(ctx context.Context, payload json.RawMessage) (more bool, err error) {
	var run guestlist.CampaignRun
	if err := json.Unmarshal(payload, &run); err != nil {
		return false, err
	}
	var row store.Campaign
	var host invite.Host
	err = a.Store.View(ctx, func(tx *store.Tx) error {
		var err error
		if row, err = tx.Campaign(run.ID); err != nil || row.State != guestlist.CampaignImporting {
			return err
		}
		host, err = a.place().Host(tx, row.Inviter)
		return err
	})
	if found, err := has(err); err != nil || !found || row.State != guestlist.CampaignImporting {
		return false, err
	}
	parser, err := parserOf(row)
	if err != nil {
		return false, err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	w := &campaignWork{api: a, id: row.ID, parser: parser, importer: &invite.Importer{}, host: host}
	for p := range w.read(ctx, row.Part) {
		if ends, ok := ctx.Deadline(); ok && time.Until(ends) < importMargin {
			return true, nil
		}
		if p.err != nil {
			return false, p.err
		}
		more, err := w.write(ctx, p)
		if err != nil {
			return false, err
		}
		if w.survey(ctx, len(p.rows), !more); !more {
			return false, nil
		}
	}
	return false, ctx.Err()
}

// surveyFrom is how many rows of an import make a difference to how the engine
// had best look for them.
const surveyFrom = store.InvitationWindow

// survey lets the engine count when an import has doubled what it wrote, and at
// its end. Without it lists are slower for a while, and nothing is wrong.
func (w *campaignWork) survey(ctx context.Context, rows int, last bool) {
	w.written += rows
	if w.written < surveyFrom || w.written < 2*w.surveyed && !last {
		return
	}
	w.surveyed = w.written
	if err := w.api.Store.SurveyInvitations(ctx); err != nil && ctx.Err() == nil {
		w.api.Log.WarnContext(ctx, "the database could not count invitations", "campaign", w.id, "error", err)
	}
}

// campaignWork is one run of the import of a campaign.
type campaignWork struct {
	api      *API
	id       guestlist.CampaignID
	parser   rowParser
	importer *invite.Importer
	host     invite.Host // as it was at the beginning
	tried    bool        // to write, without being told that it was

	written, surveyed int // rows of this run, and of them when they were counted last
}

// campaignRows is a part of the rows; the one after the last has none.
type campaignRows struct {
	number int
	rows   []invite.ImportRow
	ready  invite.Prepared // the rows, if they are to be written
	last   bool
	err    error
}

// read reads the parts one by one, a part ahead of who writes them.
func (w *campaignWork) read(ctx context.Context, from int) <-chan campaignRows {
	parts := make(chan campaignRows) // one is ready while another is written
	go func() {
		defer close(parts)
		for number := from; ; number++ {
			p := w.part(ctx, number)
			if p.err == nil && !p.last {
				p.err = w.api.Store.View(ctx, func(tx *store.Tx) error {
					var err error
					p.ready, err = (&invite.Importer{Host: w.host}).Prepare(tx, p.rows)
					return err
				})
			}
			select {
			case parts <- p:
			case <-ctx.Done():
				return
			}
			if p.last || p.err != nil {
				return
			}
		}
	}()
	return parts
}

func (w *campaignWork) part(ctx context.Context, number int) campaignRows {
	p := campaignRows{number: number}
	var text string
	p.err = w.api.Store.View(ctx, func(tx *store.Tx) error {
		var err error
		text, err = tx.CampaignSpool(w.id).Lines(number)
		return err
	})
	if p.err != nil {
		return p
	}
	if p.last = text == ""; !p.last {
		p.rows, p.err = readRows(w.parser, text)
	}
	return p
}

// write makes the invitations of a part, and says how far the campaign is then.
// Where somebody else did it meanwhile, or the campaign pauses, nothing happens
// and nothing more is to be done here.
func (w *campaignWork) write(ctx context.Context, p campaignRows) (more bool, err error) {
	err = w.api.Store.Update(ctx, func(tx *store.Tx) error {
		more = false
		c, err := tx.CampaignForUpdate(w.id)
		if found, err := has(err); err != nil || !found || c.State != guestlist.CampaignImporting || c.Part != p.number {
			return err
		}
		if p.last {
			invite.FinishImport(tx, &c)
			if err := tx.Log(guestlist.LogEntry{
				Key: "Action.InvitationCampaigns.Import", Extra: map[string]any{"campaignId": c.ID, "rows": c.Done, "verdicts": c.Verdicts},
			}); err != nil {
				return err
			}
			return tx.UpdateCampaign(c)
		}
		if w.importer.Host, err = w.api.place().Host(tx, c.Inviter); err != nil {
			return err
		}
		if w.importer.Campaign = c; w.tried {
			w.importer.Forget() // what was remembered was perhaps undone
		}
		w.tried = true
		kept, err := w.importer.Issue(tx, p.ready)
		if err != nil {
			return err
		}
		text, err := json.Marshal(kept)
		if err != nil {
			return err
		}
		spool := tx.CampaignSpool(w.id)
		if err := errors.Join(spool.PutVerdicts(p.number, string(text)), spool.DropLines(p.number)); err != nil {
			return err
		}
		kept.Count(c.Verdicts)
		c.Done += len(p.rows)
		c.Part++
		more = true
		return tx.UpdateCampaign(c)
	})
	if err == nil {
		w.tried = false
	}
	return more, err
}

// FailCampaign notes that the import of a campaign was given up. It can be
// started again, and goes on where it was.
func (a *API) FailCampaign(ctx context.Context, payload json.RawMessage, because error) error {
	var run guestlist.CampaignRun
	if err := json.Unmarshal(payload, &run); err != nil {
		return err
	}
	return a.Store.Update(ctx, func(tx *store.Tx) error {
		c, err := tx.CampaignForUpdate(run.ID)
		if found, err := has(err); err != nil || !found || c.State != guestlist.CampaignImporting {
			return err
		}
		c.State, c.Error = guestlist.CampaignFailed, guestlist.CodeOf(because)
		return tx.UpdateCampaign(c)
	})
}

// previewCampaign streams what would become of the rows that were uploaded.
func (a *API) previewCampaign(c *call) error {
	// It takes nothing from the body; one out of shape is a mistake of the caller's.
	if err := web.ReadJSON(c.w, c.r, new(rawObject)); err != nil {
		return err
	}
	id, err := inPath[guestlist.CampaignID](c)
	if err != nil {
		return err
	}
	var row store.Campaign
	if err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		row, err = tx.Campaign(id)
		return orNoID(err, tableCampaigns, id)
	}); err != nil {
		return err
	}
	switch row.State {
	case guestlist.CampaignUploaded:
	case guestlist.CampaignDraft, guestlist.CampaignUploading:
		return invite.ErrCampaignIncomplete
	default:
		return invite.ErrCampaignStarted
	}
	parser, err := parserOf(row)
	if err != nil {
		return err
	}
	w := &campaignWork{api: a, id: id, parser: parser}
	number := -1
	c.status = http.StatusOK
	return newForecast(c, row).run(func() ([]invite.ImportRow, error) {
		number++
		p := w.part(c.ctx(), number)
		if p.last {
			return nil, io.EOF
		}
		return p.rows, p.err
	})
}
